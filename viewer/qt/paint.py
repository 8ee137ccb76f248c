"""Strokes and labels shared by everything drawn over images, in screen pixels.

Lines get a dark halo and text a scrim, so that both stay legible on any image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
)

from viewer.qt import theme, tokens
from viewer.qt.icons import draw_icon
from viewer.qt.label_room import clear_of

HALO = QColor(0, 0, 0, 153)
HANDLE_PX = 8.0
HIT_PX = 10.0
PADDING_PX = 6.0

Text = tuple[str, str, bool]
"""A piece of a line: text, colour, bold."""


def font(size_px: int = 12, bold: bool = False) -> QFont:
    """The window's font at a size, figures all of one width."""
    return theme.font(size_px, 600 if bold else 400)


def polygon(points: NDArray[np.float64]) -> QPolygonF:
    """Screen points (n, 2) for a painter."""
    return QPolygonF([QPointF(x, y) for x, y in points.tolist()])


def stroke(
    painter: QPainter,
    points: NDArray[np.float64],
    color: str,
    width: float = 1.4,
    style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    closed: bool = False,
) -> None:
    """Draw a line through screen points (n, 2) with its halo."""
    shape = polygon(points)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    draw = painter.drawPolygon if closed else painter.drawPolyline
    for pen in (QPen(HALO, width + 2.0), QPen(QColor(color), width, style)):
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        draw(shape)


def handle(painter: QPainter, at: QPointF, color: str, filled: bool = False) -> None:
    """Draw a square handle."""
    half = HANDLE_PX / 2
    rect = QRectF(at.x() - half, at.y() - half, HANDLE_PX, HANDLE_PX)
    painter.setPen(QPen(QColor(tokens.CANVAS), 3.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect)
    painter.setPen(QPen(QColor(color), 1.5))
    painter.setBrush(QColor(color if filled else tokens.CANVAS))
    painter.drawRect(rect)


def diamond(painter: QPainter, at: QPointF, radius: float = 7.0, hollow: bool = False) -> None:
    """Draw a landmark."""
    r = radius
    shape = QPolygonF(
        [
            QPointF(at.x(), at.y() - r),
            QPointF(at.x() + r, at.y()),
            QPointF(at.x(), at.y() + r),
            QPointF(at.x() - r, at.y()),
        ]
    )
    painter.setPen(QPen(HALO, 3.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(shape)
    painter.setPen(QPen(QColor(tokens.LANDMARK), 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush if hollow else QColor(tokens.LANDMARK))
    painter.drawPolygon(shape)


def scrim(painter: QPainter, rect: QRectF, border: str = "") -> None:
    """Draw the dark ground of a label."""
    path = QPainterPath()
    path.addRoundedRect(rect, 5.0, 5.0)
    painter.fillPath(path, QColor(*tokens.SCRIM))
    if border:
        painter.setPen(QPen(QColor(border), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)


@lru_cache(maxsize=16)
def _metrics(size_px: int, bold: bool) -> QFontMetricsF:
    return QFontMetricsF(font(size_px, bold))


@lru_cache(maxsize=2048)
def _piece_width(text: str, size_px: int, bold: bool) -> float:
    return _metrics(size_px, bold).horizontalAdvance(text)


def text_width(line: Sequence[Text], size_px: int = 12) -> float:
    """Width of one line of pieces, px."""
    return sum(_piece_width(text, size_px, bold) for text, _, bold in line)


def draw_line(painter: QPainter, x: float, y: float, line: Sequence[Text], size_px: int) -> None:
    """Draw a line of pieces from `x`, on the base line `y`."""
    for text, color, bold in line:
        painter.setFont(font(size_px, bold))
        painter.setPen(QColor(color))
        painter.drawText(QPointF(x, y), text)
        x += _piece_width(text, size_px, bold)


def blank(width: float, height: float, ratio: float) -> QPixmap:
    """A transparent picture of logical px to draw on and to keep."""
    made = QPixmap(math.ceil(width * ratio), math.ceil(height * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    return made


def put(painter: QPainter, x: float, y: float, picture: QPixmap) -> None:
    """Draw a kept picture on whole device pixels, so that it stays sharp."""
    ratio = picture.devicePixelRatio()
    painter.drawPixmap(QPointF(round(x * ratio) / ratio, round(y * ratio) / ratio), picture)


def text_block(
    painter: QPainter,
    corner: QPointF,
    lines: Sequence[Sequence[Text]],
    *,
    right: bool = False,
    bottom: bool = False,
    size_px: int = 12,
) -> QRectF:
    """Draw lines on a scrim with one corner at `corner`; gives back what it covers."""
    shown = tuple(tuple(line) for line in lines if any(text for text, _, _ in line))
    if not shown:
        return QRectF()
    width, height = _block_size(shown, size_px)
    x = corner.x() - (width if right else 0.0)
    y = corner.y() - (height if bottom else 0.0)
    put(painter, x, y, _block(shown, right, size_px, painter.device().devicePixelRatioF()))
    return QRectF(x, y, width, height)


def _block_size(lines: tuple[tuple[Text, ...], ...], size_px: int) -> tuple[float, float]:
    width = max(text_width(line, size_px) for line in lines) + 2 * PADDING_PX + 2
    return width, (size_px + 5.0) * len(lines) + 2 * PADDING_PX - 3


@lru_cache(maxsize=64)
def _block(lines: tuple[tuple[Text, ...], ...], right: bool, size_px: int, ratio: float) -> QPixmap:
    """The picture of a block of text; most of them stay the same from frame to frame."""
    width, height = _block_size(lines, size_px)
    picture = blank(width, height, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    scrim(painter, QRectF(0, 0, width, height))
    for row, line in enumerate(lines):
        baseline = PADDING_PX + size_px - 1 + row * (size_px + 5.0)
        at = width - PADDING_PX - text_width(line, size_px) if right else PADDING_PX + 1
        draw_line(painter, at, baseline, line, size_px)
    painter.end()
    return picture


def flag(
    painter: QPainter,
    at: QPointF,
    line: Sequence[Text],
    *,
    icon: str = "",
    border: str = "",
    left: bool = False,
    bounds: QRectF | None = None,
    avoid: list[QRectF] | None = None,
) -> QRectF:
    """Draw a one-line label beside a point, inside `bounds` and off the rects in `avoid`.

    Its own rect is added to `avoid`.
    """
    size = 12
    room = 20.0 if icon else 0.0
    width = text_width(line, size) + room + 2 * PADDING_PX + 2
    height = size + 11.0
    x = at.x() - width if left else at.x()
    rect = QRectF(x, at.y() - height / 2, width, height)
    if bounds is not None:
        rect.moveLeft(max(bounds.left() + 2, min(rect.left(), bounds.right() - width - 2)))
        rect.moveTop(max(bounds.top() + 2, min(rect.top(), bounds.bottom() - height - 2)))
    if avoid is not None:
        rect = clear_of(rect, avoid, bounds)
        avoid.append(rect)
        if not rect.adjusted(-40, -20, 40, 20).contains(at):
            _lead(painter, at, rect)
    scrim(painter, rect, border)
    if icon:
        square = QRectF(rect.left() + PADDING_PX, rect.center().y() - 7, 14, 14)
        draw_icon(painter, square, icon)
    baseline = rect.center().y() + size * 0.36
    draw_line(painter, rect.left() + PADDING_PX + 1 + room, baseline, line, size)
    return rect


def _lead(painter: QPainter, at: QPointF, rect: QRectF) -> None:
    """A thin line from a label that stands aside to what it names."""
    edge = QPointF(
        max(rect.left(), min(at.x(), rect.right())), max(rect.top(), min(at.y(), rect.bottom()))
    )
    for pen in (QPen(HALO, 2.4), QPen(QColor(tokens.TEXT_LOW), 1.0)):
        painter.setPen(pen)
        painter.drawLine(at, edge)
