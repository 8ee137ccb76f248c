"""What a segment is, in hue, glyph and pattern."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap

from viewer.model.annotation import SegmentKind
from viewer.qt import tokens

_PATTERN = 8


def segment_color(kind: SegmentKind | str) -> QColor:
    """The hue that says what a segment is."""
    return QColor(tokens.SEGMENT_COLORS[SegmentKind(kind)])


def segment_icon(kind: SegmentKind | str) -> str:
    """The name of a segment kind's glyph, for `icon` and `draw_icon`."""
    return f"caval.{SegmentKind(kind).value}"


@lru_cache(maxsize=16)
def segment_brush(kind: SegmentKind | str, scale: float = 1.0, alpha: float = 1.0) -> QBrush:
    """The 8 px pattern of a segment kind: 45° hatch, dots or lattice, on a clear ground.

    `scale` is the device pixel ratio the brush is painted at.
    """
    size = round(_PATTERN * scale)
    tile = QPixmap(size, size)
    tile.fill(Qt.GlobalColor.transparent)
    ink = segment_color(kind)
    ink.setAlphaF(alpha)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / _PATTERN, size / _PATTERN)
    _draw_pattern(painter, SegmentKind(kind), ink)
    painter.end()
    tile.setDevicePixelRatio(scale)
    return QBrush(tile)


def _draw_pattern(painter: QPainter, kind: SegmentKind, ink: QColor) -> None:
    end = _PATTERN
    if kind is SegmentKind.CLOT:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        for x, y in ((2.0, 2.0), (6.0, 6.0)):
            painter.drawEllipse(QRectF(x - 1.2, y - 1.2, 2.4, 2.4))
        return
    painter.setPen(QPen(ink, 2.0 if kind is SegmentKind.STENOSIS else 1.2))
    for shift in (-end, 0, end):
        painter.drawLine(shift, end, shift + end, 0)
        if kind is SegmentKind.STENT:
            painter.drawLine(shift, 0, shift + end, end)
