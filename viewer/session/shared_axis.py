"""Where frames and runs lie on the axis all phases share: mm from the iliac confluence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.session.vein_places import VeinView, vein_views

if TYPE_CHECKING:
    from viewer.session.session import Session

Values = NDArray[np.float64]

STEP_PX = 2.0


@dataclass(frozen=True, eq=False)
class FramePlaces:
    """Places of a pullback's frames, shape (frames,): mm, peripheral positive, and one sigma."""

    zero: str
    along: Values
    sigma: Values

    def frame_at(self, place: float) -> int:
        """The frame nearest to a place."""
        return int(np.argmin(np.abs(self.along - place)))


@dataclass(frozen=True, eq=False)
class RunCourse:
    """Places along the vein on a run, rising, and where each is seen, shapes (n,) and (n, 2) px."""

    zero: str
    places: Values
    points_px: Values

    def point_at(self, place: float) -> tuple[Values, Values] | None:
        """Where a place is seen, and the vein's direction there (unit); None beyond the ends."""
        if not self.places[0] <= place <= self.places[-1]:
            return None
        at = np.array([np.interp(place, self.places, column) for column in self.points_px.T])
        near = int(np.clip(np.searchsorted(self.places, place), 1, len(self.places) - 1))
        along = self.points_px[near] - self.points_px[near - 1]
        return at, along / max(float(np.hypot(*along)), 1e-9)


def vein_courses(
    session: Session,
) -> tuple[Mapping[str, FramePlaces], Mapping[str, RunCourse]]:
    """Places of the frames of every tied pullback, and courses of the vein on every run."""
    places: dict[str, FramePlaces] = {}
    courses: dict[str, RunCourse] = {}
    for view in vein_views(session):
        pullback, along = view.pair.pullback, view.along()
        if pullback is not None and along is not None and pullback.uid not in places:
            places[pullback.uid] = FramePlaces(view.zero, *along)
        if view.in_mm and view.pair.run.uid not in courses:
            courses[view.pair.run.uid] = _course(view)
    return places, courses


def _course(view: VeinView) -> RunCourse:
    curve, position = view.pair.curve, view.pair.position
    arc_px = np.linspace(0.0, curve.length_px, max(2, int(curve.length_px / STEP_PX)))
    scale = view.pair.mm_per_px or 1.0
    arc = position.to_unit(arc_px) if position is not None else arc_px * scale
    at = np.asarray(view.axis.outward * (arc - view.axis.zero))
    points = curve.at(arc_px)
    if at[-1] < at[0]:
        at, points = at[::-1], points[::-1]
    return RunCourse(view.zero, at, points)
