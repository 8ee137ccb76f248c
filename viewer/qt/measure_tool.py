"""The gesture of drawing and reshaping calipers and ellipses, shared by both panes."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from viewer.model.vessel import PointPx
from viewer.qt.measure_overlay import MeasureOverlay, reshaped
from viewer.qt.vein_overlays import Hit
from viewer.session.session import Session
from viewer.session.state import Selection, Tool


class MeasureTool:
    """Turns presses and drags of one pane into session verbs."""

    def __init__(self, session: Session, overlay: MeasureOverlay) -> None:
        self._session = session
        self._overlay = overlay
        self._from: tuple[str, int, PointPx] | None = None
        self._grip: Hit | None = None

    @property
    def active(self) -> bool:
        """Whether a measurement is being drawn or reshaped."""
        return self._from is not None or self._grip is not None

    def press(self, image_uid: str, frame: int, point_px: PointPx, at: QPointF) -> bool:
        """Start: reshape what is under the pointer, else draw anew."""
        if not self.grab(at):
            self._from = (image_uid, frame, point_px)
        return True

    def grab(self, at: QPointF) -> bool:
        """Take hold of a handle under the pointer."""
        hit = self._overlay.hit(at)
        if hit is None:
            return False
        self._grip = hit
        self._session.select(Selection("measurement", hit.id))
        self._session.begin("Change measurement")
        return True

    def drag(self, point_px: PointPx) -> None:
        """Follow the pointer."""
        session = self._session
        if self._grip is not None:
            item = session.review.measurement(self._grip.id)
            if item is not None and session.in_gesture:
                session.measures.change(reshaped(item, self._grip.part, point_px))
        elif self._from is not None:
            uid, frame, start_px = self._from
            draw = (
                session.measures.draw_caliper
                if session.tool is Tool.CALIPER
                else session.measures.draw_ellipse
            )
            draw(uid, frame, start_px, point_px)

    def release(self) -> None:
        """Commit."""
        if self._grip is not None:
            self._session.commit()
        else:
            self._session.measures.finish_drawing()
        self._grip = self._from = None
