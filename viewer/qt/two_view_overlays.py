"""On the venogram: lines that places of the other view lie on, and foreshortening as colour."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPen

from viewer.qt import paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.session.session import Session
from viewer.session.state import Layers

LEGEND = QRectF(0, 0, 10, 120)
LEFT_PX = 42.0
"""Beside the letter of the patient's side."""
MOST_PERCENT = tokens.LOST_COLORS[-1][0]


class TwoViewOverlay:
    """Draws what the second view adds to the shown run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw guidance lines, the place pointed at, and foreshortening."""
        session = self._session
        if session.layers is Layers.IMAGES_ONLY or not view.has_image:
            return
        if session.two_views.colours:
            self._paint_lost(painter, view)
        self._paint_guides(painter, view)
        place = session.two_views.place
        if place is not None and session.two_views.pointing:
            at = view.point_to_screen(place)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.ACCENT), 1.5))
            painter.drawEllipse(at, 6.0, 6.0)

    def _paint_guides(self, painter: QPainter, view: FrameView) -> None:
        if not self._session.two_views.pointing:
            return
        for guide in self._session.two_views.guides():
            start, end = view.point_to_screen(guide.start_px), view.point_to_screen(guide.end_px)
            ends = np.array([[start.x(), start.y()], [end.x(), end.y()]])
            if guide.landmark:
                paint.stroke(painter, ends, tokens.LANDMARK, 1.2, Qt.PenStyle.DashLine)
            else:
                paint.stroke(painter, ends, tokens.ACCENT, 1.8)
            if self._session.layers is Layers.ALL:
                self._paint_label(painter, view, start, end, guide.label)

    def _paint_label(
        self, painter: QPainter, view: FrameView, start: QPointF, end: QPointF, text: str
    ) -> None:
        """Near the line's right end, inside the view."""
        line = QLineF(start, end) if start.x() > end.x() else QLineF(end, start)
        bounds = QRectF(view.rect()).adjusted(150, 12, -12, -12)
        at = next(
            (point for n in range(2, 20) if bounds.contains(point := line.pointAt(n / 20))), None
        )
        if at is not None:
            paint.flag(
                painter, QPointF(at.x() - 12, at.y() - 16), [(text, tokens.TEXT_MID, False)],
                left=True, bounds=QRectF(view.rect()),
            )  # fmt: skip

    def _paint_lost(self, painter: QPainter, view: FrameView) -> None:
        found = self._session.two_views.foreshortening()
        if found is None:
            return
        curve, lost = found
        step = max(1, int(4 / max(view.zoom, 0.1)))
        points, percent = view.to_screen(curve.points_px[::step]), lost[::step]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        known = np.isfinite(percent)
        if known.sum() < 2:
            return
        for (x0, y0), (x1, y1), value in zip(
            points[:-1].tolist(), points[1:].tolist(), percent[:-1].tolist(), strict=True
        ):
            if math.isfinite(value):
                pen = QPen(lost_color(value), 4.5)
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))
        if self._session.layers is Layers.ALL:
            paint_legend(painter, QPointF(LEFT_PX, view.height() / 2 - LEGEND.height() / 2))


def lost_color(percent: float) -> QColor:
    """The colour of a share of length lost."""
    stops = tokens.LOST_COLORS
    value = min(max(percent, 0.0), stops[-1][0])
    for (low, dark), (high, light) in pairwise(stops):
        if value <= high:
            share = (value - low) / (high - low)
            a, b = QColor(dark), QColor(light)
            return QColor.fromRgbF(
                a.redF() + share * (b.redF() - a.redF()),
                a.greenF() + share * (b.greenF() - a.greenF()),
                a.blueF() + share * (b.blueF() - a.blueF()),
            )
    return QColor(stops[-1][1])


def paint_legend(painter: QPainter, at: QPointF) -> None:
    """The scale of colours with its figures, its ground included."""
    box = QRectF(at.x() - 8, at.y() - 28, 96, LEGEND.height() + 40)
    paint.scrim(painter, box)
    bar = LEGEND.translated(at)
    gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
    for percent, color in tokens.LOST_COLORS:
        gradient.setColorAt(percent / MOST_PERCENT, QColor(color))
    painter.fillRect(bar, gradient)
    painter.setFont(paint.font(12))
    painter.setPen(QColor(tokens.TEXT_HI))
    painter.drawText(QPointF(at.x(), at.y() - 10), "Length lost")
    painter.setPen(QColor(tokens.TEXT_MID))
    for percent, _ in tokens.LOST_COLORS:
        y = bar.bottom() - bar.height() * percent / MOST_PERCENT
        more = "≥ " if percent == MOST_PERCENT else ""
        painter.drawText(QPointF(bar.right() + 8, y + 4), f"{more}{percent:.0f} %")
