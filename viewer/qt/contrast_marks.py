"""Contrast points over the venogram: numbered and coloured, to be placed, dragged and selected."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from viewer.model.vessel import PointPx
from viewer.qt import paint, theme, tokens
from viewer.qt.frame_view import FrameView
from viewer.session.session import Session
from viewer.session.state import Layers, Selection, Tool

BADGE_PX = 8.0
RING_PX = 6.0


def curve_color(number: int) -> str:
    """Colour of the point of a number, and of its curve."""
    return tokens.CURVES[(number - 1) % len(tokens.CURVES)]


class ContrastMarks:
    """Draws the points of the shown run while their panel is open or their tool is armed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shown = False
        self._at: dict[str, QPointF] = {}

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw a ring where density is read, and the number beside it."""
        self._at.clear()
        session = self._session
        wanted = self.shown or session.tool is Tool.CONTRAST
        if not wanted or session.layers is Layers.IMAGES_ONLY or not view.has_image:
            return
        for point in session.contrast_points.shown:
            at = view.point_to_screen(point.point_px)
            chosen = session.selection == Selection("contrast", point.id)
            self._at[point.id] = at
            self._paint_point(painter, at, point.number, chosen)

    def _paint_point(self, painter: QPainter, at: QPointF, number: int, chosen: bool) -> None:
        color = QColor(curve_color(number))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(paint.HALO, 4.0), QPen(color, 2.4 if chosen else 1.6)):
            painter.setPen(pen)
            painter.drawEllipse(at, RING_PX, RING_PX)
        middle = at + QPointF(RING_PX + BADGE_PX + 2, -RING_PX - 3)
        painter.setPen(QPen(QColor(tokens.POSITION) if chosen else paint.HALO, 1.6))
        painter.setBrush(color)
        painter.drawEllipse(middle, BADGE_PX, BADGE_PX)
        painter.setPen(QColor(tokens.CANVAS))
        painter.setFont(theme.font(11, 600))
        box = QRectF(middle.x() - 8, middle.y() - 8, 16, 16)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number))

    def hit(self, at: QPointF) -> str:
        """Id of the point under a screen position, "" when there is none."""
        near = [(math.hypot(p.x() - at.x(), p.y() - at.y()), one) for one, p in self._at.items()]
        near = [item for item in near if item[0] <= paint.HIT_PX + RING_PX]
        return min(near)[1] if near else ""


class ContrastTool:
    """Turns presses and drags of the venogram pane into verbs of the contrast points."""

    def __init__(self, session: Session, marks: ContrastMarks) -> None:
        self._session, self._marks = session, marks
        self._grip = ""
        self._from: PointPx | None = None

    @property
    def armed(self) -> bool:
        """Whether the tool is armed."""
        return self._session.tool is Tool.CONTRAST

    @property
    def active(self) -> bool:
        """Whether a point is being placed or moved."""
        return bool(self._grip) or self._from is not None

    def press(self, point_px: PointPx, at: QPointF) -> bool:
        """Take hold of a point, or get ready to place one; False when it is not for this tool."""
        hit = self._marks.hit(at)
        if hit and self._session.tool in (Tool.SELECT, Tool.CONTRAST):
            self._grip = hit
            self._session.select(Selection("contrast", hit))
            self._session.begin("Move contrast point")
            return True
        if self.armed:
            self._from = point_px
        return self.armed

    def drag(self, point_px: PointPx) -> None:
        """Move the point that was taken hold of."""
        if self._grip and self._session.in_gesture:
            self._session.contrast_points.move(self._grip, point_px)

    def release(self, point_px: PointPx) -> None:
        """Place the point, or leave the dragged one where it is."""
        if self._grip:
            point = self._session.contrast_points.point(self._grip)
            self._session.commit(f"Contrast point {point.number} moved" if point else "")
        elif self._from is not None:
            self._session.contrast_points.add(point_px)
        self._grip, self._from = "", None
