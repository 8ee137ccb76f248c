"""The axis people read a vein by: mm from the iliac confluence, and which vein is where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap
from viewer.model.anatomy import LANDMARK_KINDS, LandmarkKind, VeinSegment, landmark_kind
from viewer.model.coregistration import Landmark


@dataclass(frozen=True, slots=True)
class VeinAxis:
    """Positions along a vein, growing from centre to periphery.

    Attributes
    ----------
    zero : float
        Arc length of position 0, in `unit`.
    zero_name : str
        What lies there, for the axis' title.
    outward : int
        +1 when the centerline runs from centre to periphery, -1 when drawn the other way.
    unit : str
        mm or px.
    """

    zero: float
    zero_name: str
    outward: int
    unit: str

    def position(self, arc: float) -> float:
        """Position on the axis of an arc length, both in `unit`; works on arrays too."""
        return self.outward * (arc - self.zero)

    def arc(self, position: float) -> float:
        """Arc length of a position on the axis; works on arrays too."""
        return self.zero + self.outward * position


@dataclass(frozen=True, slots=True)
class VeinStretch:
    """Positions `start` < `end` on a `VeinAxis` that belong to one vein (UNSET: not told)."""

    start: float
    end: float
    vein: VeinSegment


def vein_axis(
    polyline: Polyline,
    landmarks: Sequence[Landmark],
    position: PositionMap | None = None,
    mm_per_px: float | None = None,
) -> VeinAxis:
    """Zero at the iliac confluence's landmark, else at the central end of the centerline.

    Parameters
    ----------
    position : PositionMap or None
        Gives unit and scale when the pullback is tied; else `mm_per_px` does.
    """
    unit = _unit(position, mm_per_px)
    known = _known(polyline, landmarks, position, mm_per_px)
    outward = _outward(known)
    for arc, kind in known:
        if kind.key == "confluence":
            return VeinAxis(arc, kind.name.lower(), outward, unit)
    end_px = 0.0 if outward > 0 else polyline.length_px
    return VeinAxis(
        _to_unit(end_px, position, mm_per_px), "central end of the centerline", outward, unit
    )


def veins_along(
    polyline: Polyline,
    landmarks: Sequence[Landmark],
    axis: VeinAxis,
    position: PositionMap | None = None,
    mm_per_px: float | None = None,
) -> tuple[VeinStretch, ...]:
    """Which vein lies where on the axis, from the landmarks at veins' borders.

    Between two borders that don't name the same vein (one landmark is missing) the stretch is
    UNSET: it is not guessed where one vein ends. Empty without a border.
    """
    known = _known(polyline, landmarks, position, mm_per_px)
    borders = sorted(
        (axis.position(arc), kind.borders) for arc, kind in known if kind.borders is not None
    )
    if not borders:
        return ()
    ends = sorted(
        axis.position(_to_unit(arc_px, position, mm_per_px)) for arc_px in (0.0, polyline.length_px)
    )
    low, high = min(ends[0], borders[0][0]), max(ends[1], borders[-1][0])
    stretches = [VeinStretch(low, borders[0][0], borders[0][1][0])]
    for (start, (_, after)), (end, (before, _)) in pairwise(borders):
        vein = after if after is before else VeinSegment.UNSET
        stretches.append(VeinStretch(start, end, vein))
    stretches.append(VeinStretch(borders[-1][0], high, borders[-1][1][1]))
    return tuple(stretch for stretch in stretches if stretch.end > stretch.start)


def vein_at(veins: Sequence[VeinStretch], position: float) -> VeinSegment:
    """The vein at a position on the axis, UNSET when not told."""
    inside = (s.vein for s in veins if s.start <= position < s.end)
    return next(inside, VeinSegment.UNSET)


def _known(
    polyline: Polyline,
    landmarks: Sequence[Landmark],
    position: PositionMap | None,
    mm_per_px: float | None,
) -> list[tuple[float, LandmarkKind]]:
    """(arc, kind) of the landmarks of a usual kind."""
    kinds = ((mark, landmark_kind(mark.name)) for mark in landmarks)
    return [
        (_to_unit(polyline.project(mark.point_px)[0], position, mm_per_px), kind)
        for mark, kind in kinds
        if kind is not None
    ]


def _outward(known: Sequence[tuple[float, LandmarkKind]]) -> int:
    """The way the usual landmarks run from centre to periphery; +1 when they don't tell."""
    rank = {kind.key: place for place, kind in enumerate(LANDMARK_KINDS)}
    ordered = [arc for arc, _ in sorted(known, key=lambda pair: rank[pair[1].key])]
    return -1 if len(ordered) >= 2 and ordered[-1] < ordered[0] else 1


def _unit(position: PositionMap | None, mm_per_px: float | None) -> str:
    if position is not None:
        return position.unit
    return "px" if mm_per_px is None else "mm"


def _to_unit(arc_px: float, position: PositionMap | None, mm_per_px: float | None) -> float:
    if position is not None:
        return float(position.to_unit(arc_px))
    return arc_px * (1.0 if mm_per_px is None else mm_per_px)
