"""Drawn on the venogram for the tie: where the transducer was seen on the fluoroscopy."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPen

from viewer.qt import paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.session.session import Session
from viewer.session.state import Layers, Workspace

MARK_PX = 9.0


class TransducerWay:
    """Places of the transducer as dots along the vein, marks of the reader as rings."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw dots on the run that carries the centerline, rings on the fluoroscopy."""
        session = self._session
        if session.layers is Layers.IMAGES_ONLY or not view.has_image or session.pulls is None:
            return
        way = session.pulls.fluoro.way_px
        if way is not None and session.workspace is Workspace.ALIGN:
            painter.setPen(QPen(QColor(tokens.CANVAS), 0.8))
            painter.setBrush(QColor(tokens.ACCENT))
            for x, y in view.to_screen(way).tolist():
                painter.drawEllipse(QPointF(x, y), 2.6, 2.6)
        for mark in session.pulls.fluoro.marks_here:
            at = view.point_to_screen(mark.point_px)
            painter.setPen(QPen(QColor(tokens.ACCENT), 2.0))
            painter.setBrush(QColor(0, 0, 0, 0))
            painter.drawEllipse(at, MARK_PX, MARK_PX)
            if session.layers is Layers.ALL:
                words = [(f"Transducer · frame {mark.frame + 1}", tokens.TEXT_HI, False)]
                paint.flag(painter, QPointF(at.x() + 14, at.y()), words)
