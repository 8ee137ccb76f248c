"""Clot by vein and by limb: length, volume, patency, Marder and SVS/ISCVS scores.

Marder of a vein: its weight x the share of the vein's length that is filled, each mm counted by
its fraction occluded (Marder 1977: points in proportion to the involvement). SVS/ISCVS of a vein:
0 none, 1 subsegmental and not occlusive, 2 subsegmental and occlusive, 3 occlusive throughout.
A vein nobody looked at has no score: unknown is not zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from viewer.measure.clot import ClotCourse, merged
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues
from viewer.model.anatomy import Side, VeinSegment, vein_label

MARDER_VEINS: dict[str, tuple[VeinSegment, ...]] = {
    "iliac": (VeinSegment.CIV, VeinSegment.EIV),
    "common_femoral": (VeinSegment.CFV,),
    "femoral": (VeinSegment.FV,),
    "popliteal": (VeinSegment.POPLITEAL,),
    "anterior_tibial": (VeinSegment.ANTERIOR_TIBIAL,),
    "posterior_tibial": (VeinSegment.POSTERIOR_TIBIAL,),
    "peroneal": (VeinSegment.PERONEAL,),
}
PROXIMAL = ("iliac", "common_femoral", "femoral", "popliteal")
"""The four of the 24-point version."""

SVS_VEINS: dict[str, tuple[VeinSegment, ...]] = {
    "inferior vena cava": (VeinSegment.IVC,),
    "iliac": MARDER_VEINS["iliac"],
    "common femoral": MARDER_VEINS["common_femoral"],
    "femoral": MARDER_VEINS["femoral"],
    "popliteal": MARDER_VEINS["popliteal"],
    "tibial": (
        VeinSegment.ANTERIOR_TIBIAL,
        VeinSegment.POSTERIOR_TIBIAL,
        VeinSegment.PERONEAL,
    ),
}
SEEN_SHARE = 0.8
"""Of a vein's length to be seen before it is called assessed."""


class Patency(StrEnum):
    """Whether blood can run through a vein."""

    OCCLUDED = "occluded"
    PARTIAL = "partial"
    PATENT = "patent"
    UNKNOWN = "not assessed"


@dataclass(frozen=True, slots=True)
class SeenVein:
    """A vein of the limb and how much of it the images of a phase show.

    Attributes
    ----------
    length_mm : float or None
        Of the whole vein.
    length_from : str
        Landmarks at both borders, or the usual length.
    seen_mm : float
    """

    vein: VeinSegment
    side: Side
    length_mm: float | None
    length_from: str
    seen_mm: float

    @property
    def assessed(self) -> bool:
        """Whether enough of it was seen to say that it has no clot elsewhere."""
        return self.length_mm is not None and self.seen_mm >= SEEN_SHARE * self.length_mm


@dataclass(frozen=True, slots=True)
class VeinBurden:
    """Clot in one vein in one phase.

    Attributes
    ----------
    seen : SeenVein
    clot_mm, filled_mm, occlusive_mm : Quantity or None
        Length with clot; that length weighed by the fraction occluded; length that is occluded.
    volume : Quantity or None
    """

    seen: SeenVein
    patency: Patency
    clot_mm: Quantity
    filled_mm: Quantity | None
    occlusive_mm: Quantity | None
    volume: Quantity | None

    @property
    def label(self) -> str:
        """``L CIV``."""
        return vein_label(self.seen.vein, self.seen.side)


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Points of one group of veins; None with `why_not`."""

    name: str
    points: Quantity | None
    most: float
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A score of a limb.

    Attributes
    ----------
    points : Quantity or None
        Sum over the groups that were assessed; None when none was.
    most : float
        The largest sum those groups could reach.
    """

    name: str
    points: Quantity | None
    most: float
    groups: tuple[GroupScore, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Groups that were not assessed."""
        return tuple(group.name for group in self.groups if group.points is None)


# -- by vein ------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Sums:
    clot: float = 0.0
    filled: float = 0.0
    occlusive: float = 0.0
    volume: float = 0.0
    filled_variance: float = 0.0
    volume_variance: float = 0.0
    unfilled: bool = False
    unsized: bool = False
    unsure: bool = False


def burdens(
    courses: Sequence[ClotCourse], seen: Sequence[SeenVein], values: ReferenceValues
) -> tuple[VeinBurden, ...]:
    """Clot of a phase by vein, in the order of `seen`; clots marked twice count once.

    Veins with clot that `seen` does not name are added with an unknown length.
    """
    sums: dict[tuple[VeinSegment, Side], _Sums] = defaultdict(_Sums)
    axes: dict[tuple[Side, str], list[ClotCourse]] = defaultdict(list)
    for course in courses:
        axes[(course.side, course.zero)].append(course)
    for group in axes.values():
        _add(sums, group, values)
    named = {(one.vein, one.side) for one in seen}
    more = [SeenVein(*key, None, "", sums[key].clot) for key in sums if key not in named]
    on = ", ".join(dict.fromkeys(course.on for course in courses if course.on))
    by = {course.accepted_by for course in courses}
    who = "" if "" in by else ", ".join(sorted(by))
    return tuple(
        _burden(one, sums[(one.vein, one.side)], values, on, who) for one in (*seen, *more)
    )


def _add(
    sums: dict[tuple[VeinSegment, Side], _Sums],
    courses: Sequence[ClotCourse],
    values: ReferenceValues,
) -> None:
    edges, owner, cell = merged(courses)
    occluded = values.number("svs.occlusive")
    share_of: dict[tuple[int, tuple[VeinSegment, Side]], list[float]] = defaultdict(
        lambda: [0.0, 0.0, 0.0]
    )
    for step, k, at in zip(np.diff(edges), owner, cell, strict=True):
        if k < 0:
            continue
        course = courses[k]
        vein = course.veins[at]
        key = vein, Side.NONE if vein is VeinSegment.IVC else course.side
        total, part = sums[key], share_of[(int(k), key)]
        fraction, area = float(course.fraction[at]), float(course.area[at])
        total.clot += step
        part[0] += step
        total.unfilled |= not np.isfinite(fraction)
        total.unsized |= not np.isfinite(area)
        if not np.isfinite(fraction):
            continue
        total.filled += step * fraction
        part[1] += step * fraction
        total.occlusive += step if fraction >= occluded else 0.0
        if np.isfinite(area):
            total.volume += step * fraction * area
            part[2] += step * fraction * area
    for (k, key), part in share_of.items():
        _spread(sums[key], courses[k], *part)


def _spread(total: _Sums, course: ClotCourse, clot: float, filled: float, volume: float) -> None:
    """Add a course's ± to a vein: errors of one course go together, courses are independent."""
    if course.length_sigma is None or course.fraction_sigma is None:
        total.unsure = True
        return
    length = float(course.steps.sum())
    stretch = course.length_sigma / length if length else 0.0
    total.filled_variance += (filled * stretch) ** 2 + (course.fraction_sigma * clot) ** 2
    share = course.area_share
    if share is None:
        total.unsure |= volume > 0
        return
    mean_area = volume / filled if filled else 0.0
    level = course.fraction_sigma * clot * mean_area
    total.volume_variance += (volume * stretch) ** 2 + (volume * share) ** 2 + level**2


def _burden(seen: SeenVein, sums: _Sums, values: ReferenceValues, on: str, by: str) -> VeinBurden:
    def mm(value: float, variance: float | None, source: str) -> Quantity:
        sigma = None if variance is None or sums.unsure else float(np.sqrt(variance))
        return Quantity(value, "mm", sigma, source, on, by)

    filled = occlusive = volume = None
    if not sums.unfilled:
        filled = mm(sums.filled, sums.filled_variance, "length x fraction occluded")
        occlusive = mm(sums.occlusive, None, f"filled {values.number('svs.occlusive'):.0%} or more")
        if not sums.unsized:
            sigma = None if sums.unsure else float(np.sqrt(sums.volume_variance))
            volume = Quantity(sums.volume, "mm³", sigma, "step x fraction x area", on, by)
    clot = mm(sums.clot, None, "length with clot")
    return VeinBurden(seen, _patency(seen, sums, values), clot, filled, occlusive, volume)


def _patency(seen: SeenVein, sums: _Sums, values: ReferenceValues) -> Patency:
    if sums.occlusive > 0:
        return Patency.OCCLUDED
    if sums.clot > 0:
        mean = sums.filled / sums.clot
        if sums.unfilled or mean >= values.number("patency.partial"):
            return Patency.PARTIAL
    return Patency.PATENT if seen.assessed else Patency.UNKNOWN


# -- by limb ------------------------------------------------------------------------------------
def limbs_of(found: Iterable[VeinBurden]) -> tuple[Side, ...]:
    """The sides clot or veins were seen on, left first."""
    sides = {burden.seen.side for burden in found if burden.seen.vein is not VeinSegment.IVC}
    return tuple(side for side in Side if side in sides)


def marder(
    found: Sequence[VeinBurden], side: Side, values: ReferenceValues, proximal: bool = False
) -> Score:
    """Marder score of a limb: of 40 points, of 24 with `proximal`."""
    names = PROXIMAL if proximal else tuple(MARDER_VEINS)
    groups = tuple(_marder_group(name, found, side, values) for name in names)
    return _sum("Marder, proximal veins" if proximal else "Marder", groups)


def _marder_group(
    name: str, found: Sequence[VeinBurden], side: Side, values: ReferenceValues
) -> GroupScore:
    weight = values[f"marder.{name}"]
    veins, why = _of_group(MARDER_VEINS[name], found, side)
    if why:
        return GroupScore(name, None, weight.value, why)
    length = sum(one.seen.length_mm or 0.0 for one in veins)
    filled = [one.filled_mm for one in veins if one.filled_mm is not None]
    if len(filled) < len(veins):
        return GroupScore(name, None, weight.value, "how full the vein is, is not known")
    share = min(1.0, sum(one.value for one in filled) / length)
    sigmas = [one.sigma for one in filled]
    sigma = None
    if all(one is not None for one in sigmas):
        sigma = weight.value * float(np.sqrt(sum((s or 0.0) ** 2 for s in sigmas))) / length
    sources = ", ".join(dict.fromkeys(one.seen.length_from for one in veins))
    source = f"{weight.value:g} points x share filled; {weight.note}; vein length: {sources}"
    return GroupScore(name, _points(weight.value * share, sigma, source, veins), weight.value)


def svs(found: Sequence[VeinBurden], side: Side, values: ReferenceValues) -> Score:
    """SVS/ISCVS thrombosis score of a limb, 0 to 3 a segment; the cava counts with either limb."""
    groups = tuple(_svs_group(name, found, side, values) for name in SVS_VEINS)
    return _sum("SVS/ISCVS", groups)


def _svs_group(
    name: str, found: Sequence[VeinBurden], side: Side, values: ReferenceValues
) -> GroupScore:
    veins, why = _of_group(SVS_VEINS[name], found, side)
    if why:
        return GroupScore(name, None, 3.0, why)
    entry = values["svs.throughout"]
    length = sum(one.seen.length_mm or 0.0 for one in veins)
    unknown = any(one.occlusive_mm is None for one in veins)
    if unknown:
        return GroupScore(name, None, 3.0, "how full the vein is, is not known")
    occlusive = sum(one.occlusive_mm.value for one in veins if one.occlusive_mm is not None)
    grade = 0.0
    if occlusive >= entry.value * length:
        grade = 3.0
    elif occlusive > 0:
        grade = 2.0
    elif any(one.patency is Patency.PARTIAL for one in veins):
        grade = 1.0
    return GroupScore(name, _points(grade, None, entry.note, veins), 3.0)


def _of_group(
    wanted: Sequence[VeinSegment], found: Sequence[VeinBurden], side: Side
) -> tuple[tuple[VeinBurden, ...], str]:
    """The veins of a group on a side; with a reason when they don't allow a score."""
    sides = {vein: Side.NONE if vein is VeinSegment.IVC else side for vein in wanted}
    veins = tuple(b for b in found if sides.get(b.seen.vein) is b.seen.side)
    lacking = [vein.value for vein in wanted if vein not in {b.seen.vein for b in veins}]
    if lacking:
        return veins, f"{', '.join(lacking)} not seen"
    short = [b for b in veins if not b.seen.assessed]
    if short:
        seen = short[0].seen
        whole = "an unknown length" if seen.length_mm is None else f"{seen.length_mm:.0f} mm"
        return veins, f"{seen.vein.value} seen over {seen.seen_mm:.0f} of {whole}"
    return veins, ""


def _points(
    value: float, sigma: float | None, source: str, veins: Sequence[VeinBurden]
) -> Quantity:
    on = ", ".join(dict.fromkeys(one.clot_mm.on for one in veins if one.clot_mm.on))
    by = {one.clot_mm.accepted_by for one in veins if one.clot_mm.value}
    who = "" if not by or "" in by else ", ".join(sorted(by))
    return Quantity(value, "points", sigma, source, on, who)


def _sum(name: str, groups: tuple[GroupScore, ...]) -> Score:
    known = [group for group in groups if group.points is not None]
    most = sum(group.most for group in known)
    if not known:
        return Score(name, None, 0.0, groups)
    points = [group.points for group in known if group.points is not None]
    sigmas = [one.sigma for one in points]
    sigma = None
    if all(one is not None for one in sigmas):
        sigma = float(np.sqrt(sum((one or 0.0) ** 2 for one in sigmas)))
    lacking = [group.name.replace("_", " ") for group in groups if group.points is None]
    source = f"{name}, of {most:g} points" + (f"; not: {', '.join(lacking)}" if lacking else "")
    on = ", ".join(dict.fromkeys(one.on for one in points if one.on))
    by = {one.accepted_by for one in points if one.value}
    who = "" if not by or "" in by else ", ".join(sorted(by))
    return Score(
        name, Quantity(sum(p.value for p in points), "points", sigma, source, on, who), most, groups
    )
