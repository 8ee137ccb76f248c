"""Verbs on calipers, ellipses and key frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.model.annotation import Bookmark, Caliper, Ellipse, Measurement
from viewer.model.vessel import PointPx
from viewer.session.identity import new_id
from viewer.session.state import Selection

if TYPE_CHECKING:
    from viewer.session.session import Session

SMALLEST_PX = 2.0
"""What is drawn shorter or thinner than this was a click."""
_THIN_PX = 0.25


class MeasureEdits:
    """Measurement and key frame verbs of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._drawn = ""

    def of_frame(self, image_uid: str | None, frame: int) -> tuple[Measurement, ...]:
        """The measurements drawn on one frame."""
        return tuple(
            m
            for m in self._session.review.measurements
            if m.image_uid == image_uid and m.frame == frame
        )

    def draw_caliper(self, image_uid: str, frame: int, start_px: PointPx, end_px: PointPx) -> None:
        """Draw a distance, inside a gesture begun by the first call."""
        self._begin("Measure length")
        self._preview(Caliper(self._drawn, image_uid, frame, start_px, end_px))

    def draw_ellipse(self, image_uid: str, frame: int, corner_px: PointPx, to_px: PointPx) -> None:
        """Draw an ellipse inscribed in the box of two corners, inside a gesture."""
        (x0, y0), (x1, y1) = corner_px, to_px
        axes = (max(_THIN_PX, abs(x1 - x0) / 2), max(_THIN_PX, abs(y1 - y0) / 2))
        self._begin("Measure area")
        center = ((x0 + x1) / 2, (y0 + y1) / 2)
        self._preview(Ellipse(self._drawn, image_uid, frame, center, axes))

    def finish_drawing(self) -> None:
        """Commit what was drawn; a mere click draws nothing."""
        session = self._session
        drawn, self._drawn = session.review.measurement(self._drawn), ""
        if drawn is None or not session.in_gesture:
            return
        if _extent_px(drawn) < SMALLEST_PX:
            session.abort()
            return
        word = "Length" if isinstance(drawn, Caliper) else "Area"
        session.commit(f"{word} measured on frame {drawn.frame + 1}")
        session.select(Selection("measurement", drawn.id))

    def change(self, measurement: Measurement) -> None:
        """Preview a measurement's new shape, inside a gesture."""
        self._preview(measurement)

    def delete(self, measurement_id: str) -> None:
        """Delete a caliper or an ellipse."""
        session = self._session
        found = session.review.measurement(measurement_id)
        if found is not None:
            review = session.review.without_measurement(measurement_id)
            word = "Caliper" if isinstance(found, Caliper) else "Ellipse"
            session.edit(f"Delete {word.lower()}", review, f"{word} deleted")
            session.select(session.selection)

    def jump_to(self, measurement_id: str) -> None:
        """Show the frame a measurement was made on, and select it."""
        session = self._session
        found = session.review.measurement(measurement_id)
        if found is not None:
            session.show_frame(found.image_uid, found.frame)
            session.select(Selection("measurement", found.id))

    def toggle_bookmark(self, image_uid: str, frame: int) -> None:
        """Make a frame a key frame, or an ordinary one again."""
        session = self._session
        for mark in session.review.bookmarks:
            if (mark.image_uid, mark.frame) == (image_uid, frame):
                review = session.review.without_bookmark(mark.id)
                session.edit("Remove key frame", review, f"Frame {frame + 1} is no key frame now")
                session.select(session.selection)
                return
        mark = Bookmark(new_id(), image_uid, frame)
        review = session.review.with_bookmark(mark)
        session.edit("Add key frame", review, f"Frame {frame + 1} is a key frame now")

    def _begin(self, label: str) -> None:
        if not self._drawn:
            self._session.begin(label)
            self._drawn = new_id()

    def _preview(self, measurement: Measurement) -> None:
        self._session.preview(self._session.review.with_measurement(measurement))


def _extent_px(measurement: Measurement) -> float:
    if isinstance(measurement, Ellipse):
        return min(measurement.semi_axes_px) * 2
    (x0, y0), (x1, y1) = measurement.start_px, measurement.end_px
    return float(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)


def moved_caliper(caliper: Caliper, end: str, point_px: PointPx) -> Caliper:
    """A caliper with its "start" or "end" elsewhere."""
    if end == "start":
        return replace(caliper, start_px=point_px)
    return replace(caliper, end_px=point_px)
