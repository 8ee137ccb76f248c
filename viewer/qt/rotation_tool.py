"""Saying on an IVUS frame where anterior is: the gesture, and the arrows drawn of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from viewer.model.vessel import PointPx
from viewer.qt import label_room, paint, tokens
from viewer.qt.frame_view import FrameView
from viewer.session.session import Session
from viewer.session.state import Layers, Tool

HEAD_PX = 9.0
"""Length of an arrow's barbs, screen px."""


class RotationOverlay:
    """Draws the arrow of the shown frame while the tool is armed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.drawn: tuple[PointPx, PointPx] | None = None

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw the arrow that is being dragged, else the frame's own."""
        session = self._session
        if session.tool is not Tool.ROTATION or not view.has_image:
            return
        rotation, frame = session.rotation.current, session.cursor.pullback_frame
        mark = rotation.mark_on(frame) if rotation is not None else None
        saying = session.rotation.saying
        towards, arrow = saying.towards, self.drawn
        if arrow is None and mark is not None:
            towards, arrow = mark.towards, (mark.from_px, mark.to_px)
        if arrow is None:
            return
        ends = view.to_screen(np.array(arrow))
        style = Qt.PenStyle.DashLine if self.drawn is not None else Qt.PenStyle.SolidLine
        paint.stroke(painter, ends, tokens.LANDMARK, 2.0, style)
        paint.stroke(painter, _barbs(ends), tokens.LANDMARK, 2.0)
        if session.layers is Layers.ALL:
            inside = QRectF(view.rect())
            at = QPointF(ends[1, 0] + 12, ends[1, 1])
            line = [(towards.word, tokens.TEXT_HI, True)]
            avoid = label_room.corners(inside)
            paint.flag(painter, at, line, border=tokens.LANDMARK, bounds=inside, avoid=avoid)


def _barbs(ends: np.ndarray) -> np.ndarray:
    """The head of an arrow between two screen points, shape (3, 2)."""
    along = ends[1] - ends[0]
    along = along / max(1e-9, float(np.hypot(*along))) * HEAD_PX
    aside = np.array([-along[1], along[0]]) * 0.5
    return np.array([ends[1] - along + aside, ends[1], ends[1] - along - aside])


class RotationTool:
    """A click says where something lies from the catheter; a drag draws the arrow itself."""

    def __init__(self, session: Session, overlay: RotationOverlay) -> None:
        self._session = session
        self._overlay = overlay
        self._from: PointPx | None = None

    @property
    def armed(self) -> bool:
        """Whether the tool is armed."""
        return self._session.tool is Tool.ROTATION

    @property
    def active(self) -> bool:
        """Whether a press is under way."""
        return self._from is not None

    def press(self, point_px: PointPx) -> None:
        """Where an arrow would begin."""
        self._from = point_px

    def drag(self, point_px: PointPx) -> None:
        """Show the arrow; the image turns when the mouse lets go."""
        if self._from is not None:
            self._overlay.drawn = (self._from, point_px)

    def release(self, point_px: PointPx) -> None:
        """Set it: a drag from where it began, a click from the catheter."""
        start, drawn = self._from, self._overlay.drawn
        self.forget()
        if start is not None and self.armed:
            self._session.rotation.set_arrow(point_px, start if drawn is not None else None)

    def forget(self) -> None:
        """Drop the arrow that is being drawn; whether there was one."""
        self._from = self._overlay.drawn = None
