"""Where the images of every phase lie along the same vein: one axis for all that show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.steady_pull import MOTOR_SCALE_SD
from viewer.measure.along_vein import VeinAxis, VeinStretch, vein_axis, veins_along
from viewer.measure.extents import Stretch
from viewer.measure.same_geometry import why_other_geometry
from viewer.model.anatomy import landmark_kind
from viewer.model.annotation import AnySegment, FrameExtent
from viewer.model.coregistration import Landmark
from viewer.model.study import Pullback, Run
from viewer.session.tied_pairs import Pair, pair_for, pairs_of, stretch_on

if TYPE_CHECKING:
    from viewer.session.session import Session

OFF_VEIN_MM = 15.0
"""A landmark of another run that lies farther from this run's centerline is not borrowed."""


@dataclass(frozen=True, eq=False)
class VeinView:
    """A run with its vein, and its axis in mm from the iliac confluence where that is known.

    Attributes
    ----------
    landmarks_mm : mapping of str to float
        Positions of the usual landmarks by key; empty on a run without a scale.
    borrowed : bool
        Landmarks were taken over from a run of the same view.
    """

    pair: Pair
    axis: VeinAxis
    veins: tuple[VeinStretch, ...]
    landmarks_mm: dict[str, float]
    borrowed: bool

    @property
    def zero(self) -> str:
        """What positions count from; a centerline's own end is no place another run shares."""
        shared = "confluence" in self.landmarks_mm
        return self.axis.zero_name if shared else f"{self.axis.zero_name} {self.pair.centerline.id}"

    @property
    def in_mm(self) -> bool:
        """Whether positions are in mm."""
        return self.axis.unit == "mm"

    @property
    def reach_mm(self) -> tuple[float, float] | None:
        """What of the vein its images show: the pullback's way, else the centerline."""
        if not self.in_mm:
            return None
        position, scale = self.pair.position, self.pair.mm_per_px
        if position is not None:
            ends = [
                float(self.axis.position(arc)) for arc in (position.arc.min(), position.arc.max())
            ]
        else:
            length = self.pair.curve.length_px * (scale or 1.0)
            ends = [float(self.axis.position(arc)) for arc in (0.0, length)]
        return min(ends), max(ends)

    def along(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Position and its ± of every frame of the pullback, mm."""
        position = self.pair.position
        if position is None or not self.in_mm:
            return None
        return self.axis.outward * (position.arc - self.axis.zero), position.sigma

    def span_mm(self, stretch: Stretch | None) -> tuple[float, float] | None:
        """Ends of a segment on the axis, the central one first."""
        if stretch is None or stretch.arc is None or not self.in_mm:
            return None
        ends = sorted(self.axis.position(arc) for arc in stretch.arc)
        return ends[0], ends[1]


def vein_views(session: Session) -> tuple[VeinView, ...]:
    """A view of every pair, and of every segment's run that no pair holds."""
    pairs = list(pairs_of(session))
    known = {pair.centerline.id for pair in pairs}
    for segment in session.review.segments:
        pair = pair_for(session, pairs, segment)
        if pair is not None and pair.centerline.id not in known:
            known.add(pair.centerline.id)
            pairs.append(pair)
    return tuple(_view(session, pair, pairs) for pair in pairs)


def view_for(
    session: Session, views: Sequence[VeinView], segment: AnySegment
) -> tuple[VeinView | None, Stretch | None]:
    """The view that tells where a segment lies, and its extent there."""
    pairs = [view.pair for view in views]
    pair = pair_for(session, pairs, segment)
    view = next((one for one in views if one.pair is pair), None)
    return view, stretch_on(session, segment, pair)


def view_of_image(views: Iterable[VeinView], uid: str) -> VeinView | None:
    """The view that shows an image set: a pullback with positions, or a run."""
    for view in views:
        pullback = view.pair.pullback
        if pullback is not None and pullback.uid == uid and view.pair.position is not None:
            return view
    return next((view for view in views if view.pair.run.uid == uid), None)


def _view(session: Session, pair: Pair, pairs: Sequence[Pair]) -> VeinView:
    marks, borrowed = pair.landmarks or _own_marks(session, pair.run), False
    if not _usual(marks):
        marks = _borrowed(session, pair, pairs)
        borrowed = bool(marks)
    axis = vein_axis(pair.curve, marks, pair.position, pair.mm_per_px)
    veins = veins_along(pair.curve, marks, axis, pair.position, pair.mm_per_px)
    at: dict[str, float] = {}
    if axis.unit == "mm":
        for mark in marks:
            kind = landmark_kind(mark.name)
            if kind is not None:
                at[kind.key] = axis.position(_mm(pair, pair.curve.project(mark.point_px)[0]))
    return VeinView(pair, axis, veins, at, borrowed)


def _mm(pair: Pair, arc_px: float) -> float:
    if pair.position is not None:
        return float(pair.position.to_unit(arc_px))
    return arc_px * (pair.mm_per_px or 1.0)


def _usual(marks: Iterable[Landmark]) -> bool:
    return any(landmark_kind(mark.name) is not None for mark in marks)


def _own_marks(session: Session, run: Run) -> tuple[Landmark, ...]:
    """Landmarks of any pullback tied to the run: they are places on it."""
    ties = (tie for tie in session.review.coregistrations if tie.run_uid == run.uid)
    return next((tie.landmarks for tie in ties if tie.landmarks), ())


def _borrowed(session: Session, pair: Pair, pairs: Sequence[Pair]) -> tuple[Landmark, ...]:
    """Landmarks of a run taken with the C-arm and the table as on this one, near its vein."""
    for other in pairs:
        marks = other.landmarks or _own_marks(session, other.run)
        if other.run.uid == pair.run.uid or not _usual(marks):
            continue
        if why_other_geometry(other.run, pair.run):
            continue
        scale = pair.mm_per_px or 1.0
        near = [m for m in marks if pair.curve.project(m.point_px)[1] * scale <= OFF_VEIN_MM]
        if near:
            return tuple(near)
    return ()


def motor_along(
    session: Session, pullback: Pullback
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Positions of an untied motorised pullback by rate x time, mm from its start."""
    times_s = session.timing(pullback).times_s
    if not pullback.motorised or pullback.rate_mm_s is None or times_s is None:
        return None
    start = 0 if pullback.start_frame is None else pullback.start_frame
    stop = pullback.frames - 1 if pullback.stop_frame is None else pullback.stop_frame
    start, stop = (max(0, min(frame, pullback.frames - 1)) for frame in (start, stop))
    moved = np.clip(np.asarray(times_s), times_s[start], times_s[stop]) - times_s[start]
    along = pullback.rate_mm_s * moved
    return along, MOTOR_SCALE_SD * along


def first_is_peripheral(view: VeinView | None, segment: AnySegment) -> bool:
    """Whether a segment's start is its peripheral end."""
    if view is None:
        return False
    if isinstance(segment.extent, FrameExtent):
        position = view.pair.position
        return position is not None and position.direction * view.axis.outward < 0
    ends = [view.pair.curve.project(p)[0] for p in (segment.extent.start_px, segment.extent.end_px)]
    return (ends[1] - ends[0]) * view.axis.outward < 0
