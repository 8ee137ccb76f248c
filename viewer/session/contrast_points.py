"""Verbs on the places of a run whose contrast is followed over time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.model.contrast import MOST_POINTS, ContrastPoint
from viewer.model.study import ImageSet
from viewer.model.vessel import PointPx
from viewer.session.identity import new_id
from viewer.session.state import Selection, Severity

if TYPE_CHECKING:
    from viewer.session.session import Session


class ContrastPointEdits:
    """Contrast point verbs of a session; every one is a step that can be taken back."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def shown(self) -> tuple[ContrastPoint, ...]:
        """The points of the shown run, by number."""
        return self._session.review.contrast_points_of(self._session.cursor.run_uid)

    def point(self, point_id: str) -> ContrastPoint | None:
        """The point of that id."""
        return next((p for p in self._session.review.contrast_points if p.id == point_id), None)

    def add(self, point_px: PointPx) -> ContrastPoint | None:
        """Place another point on the shown run; says so when it has as many as can be told apart.

        It takes the lowest number that is free.
        """
        session, run = self._session, self._session.run
        if run is None:
            return None
        free = set(range(1, MOST_POINTS + 1)) - {p.number for p in self.shown}
        if not free:
            session.notify(
                f"A run has at most {MOST_POINTS} contrast points",
                "Drag one elsewhere, or delete one.",
                Severity.INFO,
                about="contrast",
            )
            return None
        point = ContrastPoint(new_id(), run.uid, min(free), kept_inside(point_px, run))
        review = session.review.with_contrast_point(point)
        session.edit("Place contrast point", review, f"Contrast point {point.number} placed")
        session.select(Selection("contrast", point.id))
        return point

    def move(self, point_id: str, point_px: PointPx) -> None:
        """Preview a point elsewhere, inside a gesture."""
        session, point = self._session, self.point(point_id)
        run = session.case.run(point.run_uid) if point is not None else None
        if point is not None and run is not None:
            moved = replace(point, point_px=kept_inside(point_px, run))
            session.preview(session.review.with_contrast_point(moved))

    def delete(self, point_id: str) -> None:
        """Delete one point; the others keep their numbers."""
        session, point = self._session, self.point(point_id)
        if point is not None:
            review = session.review.without_contrast_points(point_id)
            session.edit("Delete contrast point", review, f"Contrast point {point.number} deleted")
            session.select(session.selection)

    def clear(self) -> None:
        """Delete every point of the shown run, as one step."""
        session, points = self._session, self.shown
        if points:
            review = session.review.without_contrast_points(*(p.id for p in points))
            session.edit("Delete contrast points", review, f"{len(points)} contrast points deleted")
            session.select(session.selection)


def kept_inside(point_px: PointPx, image: ImageSet) -> PointPx:
    """The point, or the nearest one on the image."""
    x, y = point_px
    return (min(max(float(x), 0.0), image.columns - 1.0), min(max(float(y), 0.0), image.rows - 1.0))
