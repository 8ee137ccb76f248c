"""Every pullback that is tied to a run, seen at once: what the tables and pictures rest on.

The window shows one pair; an export speaks of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap
from viewer.measure import extents
from viewer.measure.along_vein import VeinAxis, VeinStretch, vein_at, vein_axis, veins_along
from viewer.measure.extents import Stretch
from viewer.model.annotation import AnySegment, FrameExtent
from viewer.model.coregistration import Landmark
from viewer.model.study import Pullback, Run
from viewer.model.vessel import Centerline

if TYPE_CHECKING:
    from viewer.session.session import Session


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where one frame of a pullback lies.

    Attributes
    ----------
    arc_mm, arc_px : float
        Length along the centerline from its first point; mm is None on a run without a scale.
    mm, px : float
        The same from the zero of the vein's axis, peripheral positive, with one standard
        deviation in `sigma_mm`, `sigma_px`.
    point_px : tuple of float
        (x, y) on the run.
    solid, inside : bool
        Not extrapolated; on the centerline, not beyond its end.
    vein : str
        Short name, empty when not told.
    """

    arc_mm: float | None
    arc_px: float
    mm: float | None
    sigma_mm: float | None
    px: float
    sigma_px: float
    point_px: tuple[float, float]
    solid: bool
    inside: bool
    vein: str


@dataclass(frozen=True, eq=False)
class Pair:
    """A run with a centerline, and the pullback tied to it.

    Attributes
    ----------
    pullback : Pullback or None
        None for a run whose vein is drawn and that no open pullback is tied to.
    position : PositionMap or None
        None while the landmarks don't tell where the frames lie.
    axis : VeinAxis
        Positions along the vein, from the iliac confluence when it is known.
    zero_px : float
        Arc length of the axis' zero, px.
    mm_per_px : float or None
        Scale of the run, the reader's before the header's.
    """

    run: Run
    centerline: Centerline
    curve: Polyline
    pullback: Pullback | None
    landmarks: tuple[Landmark, ...]
    position: PositionMap | None
    axis: VeinAxis
    zero_px: float
    mm_per_px: float | None
    _veins: tuple[VeinStretch, ...] = field(repr=False)

    @property
    def unit(self) -> str:
        """Unit of positions along the vein, mm or px."""
        return self.axis.unit

    def place_px(self, arc_px: float) -> float:
        """Position along the vein of an arc length, px from the zero, peripheral positive."""
        return self.axis.outward * (arc_px - self.zero_px)

    def place_mm(self, arc_px: float) -> float | None:
        """The same in mm; None on a run without a scale."""
        return self._place(arc_px) if self.unit == "mm" else None

    def vein_at(self, arc_px: float) -> str:
        """Short name of the vein at an arc length, e.g. "CIV"; empty when not told."""
        return vein_at(self._veins, self._place(arc_px)).value

    def frame(self, frame: int) -> FramePlace | None:
        """Where a 0-based frame of the pullback lies; None when that can't be told."""
        position = self.position
        if position is None or not 0 <= frame < len(position):
            return None
        in_mm, arc_px = self.unit == "mm", float(position.arc_px[frame])
        x_px, y_px = position.points_px[frame].tolist()
        return FramePlace(
            arc_mm=float(position.arc[frame]) if in_mm else None,
            arc_px=arc_px,
            mm=self.place_mm(arc_px),
            sigma_mm=float(position.sigma[frame]) if in_mm else None,
            px=self.place_px(arc_px),
            sigma_px=float(position.sigma_px[frame]),
            point_px=(x_px, y_px),
            solid=bool(position.solid[frame]),
            inside=bool(position.inside[frame]),
            vein=self.vein_at(arc_px),
        )

    def _place(self, arc_px: float) -> float:
        if self.position is not None:
            return self.axis.position(float(self.position.to_unit(arc_px)))
        return self.axis.position(arc_px * (self.mm_per_px or 1.0))


def pairs_of(session: Session) -> tuple[Pair, ...]:
    """Every pair the review ties together and whose run is open, the shown one first.

    A shown pullback that nothing ties is paired with the shown run, as the window does.
    """
    review, cursor = session.review, session.cursor
    shown = (cursor.run_uid, cursor.pullback_uid)
    tied: list[tuple[str | None, str | None]] = [
        (tie.run_uid, tie.pullback_uid) for tie in review.coregistrations
    ]
    if shown in tied or all(pullback_uid != cursor.pullback_uid for _, pullback_uid in tied):
        tied.insert(0, shown)
    found = (_pair(session, *uids) for uids in dict.fromkeys(tied))
    return tuple(pair for pair in found if pair is not None)


def _pair(session: Session, run_uid: str | None, pullback_uid: str | None) -> Pair | None:
    line = session.centerline_for(run_uid, pullback_uid)
    return None if line is None else _pair_on(session, line, session.case.pullback(pullback_uid))


def _pair_on(session: Session, line: Centerline, pullback: Pullback | None) -> Pair | None:
    run, curve = session.case.run(line.run_uid), session.polyline(line)
    if run is None or curve is None:
        return None
    marks: tuple[Landmark, ...] = ()
    position = None
    if pullback is not None:
        marks = session.vessel.tie_for(run.uid, pullback.uid).landmarks
        found = session.position_for(run, pullback)
        position = found if isinstance(found, PositionMap) else None
    scale = session.calibration(run).mm_per_px
    axis = vein_axis(curve, marks, position, scale)
    zero_px = axis.zero / (scale or 1.0) if position is None else float(position.to_px(axis.zero))
    veins = veins_along(curve, marks, axis, position, scale)
    return Pair(run, line, curve, pullback, marks, position, axis, zero_px, scale, veins)


def pair_for(session: Session, pairs: Iterable[Pair], segment: AnySegment) -> Pair | None:
    """The pair that tells where a segment lies: of those it was drawn on, one with positions."""
    extent = segment.extent
    if isinstance(extent, FrameExtent):
        own = [pair for pair in pairs if pair.pullback and pair.pullback.uid == extent.pullback_uid]
        return next((pair for pair in own if pair.position is not None), None)
    own = [pair for pair in pairs if pair.centerline.id == extent.centerline_id]
    best = next((pair for pair in own if pair.position is not None), next(iter(own), None))
    line = session.review.centerline(extent.centerline_id)
    return _pair_on(session, line, None) if best is None and line is not None else best


def pair_of_pullback(pairs: Iterable[Pair], pullback_uid: str) -> Pair | None:
    """The first pair that places the frames of a pullback."""
    return next(
        (
            pair
            for pair in pairs
            if pair.pullback is not None
            and pair.pullback.uid == pullback_uid
            and pair.position is not None
        ),
        None,
    )


def stretch_on(session: Session, segment: AnySegment, pair: Pair | None) -> Stretch | None:
    """Extent and length of a segment by a pair; None when drawn on a vein that is gone."""
    extent, case = segment.extent, session.case
    if isinstance(extent, FrameExtent):
        line, pullback = None, case.pullback(extent.pullback_uid)
        run = pair.run if pair is not None else None
    else:
        line = session.polyline(session.review.centerline(extent.centerline_id))
        pullback, run = None, case.run(extent.run_uid)
    return extents.stretch_of(
        extent,
        pair.position if pair is not None else None,
        line,
        session.calibration(run),
        pullback,
        session.timing(pullback).times_s if pullback is not None else None,
    )
