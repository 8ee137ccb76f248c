"""How narrow a stretch is: its narrowest frame, against every reference, side by side.

% area = 100·(1 - A/R), A the area of the narrowest frame, R the reference's. % diameter the same
of the smallest diameter: against the reference's smallest diameter where it was measured, against
the circle of the same area for a norm; beside it that of the circles of equal area. 50 % by area
is 29 % by diameter only where both are round, so neither is ever given without its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.measure.along_vein import VeinStretch, vein_at
from viewer.measure.lumen_curve import LumenCurve, frames_in_words
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues
from viewer.model.anatomy import Side, VeinSegment, vein_label
from viewer.model.annotation import Against

PROPOSED_WITHIN_MM = 20.0
"""A proposed reference lies this near the lesion."""

PROPOSED_WITHIN_FRAMES = 60
"""The same where positions are not known."""

ALONE_SHARE = 0.15
"""A narrowest frame this much under its neighbours' median is to be looked at."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a percentage rests on.

    Attributes
    ----------
    area, equivalent_diameter : Quantity
    min_diameter : Quantity or None
        None where the frames have none; a norm's is its circle.
    frames : tuple of int
        0-based, on the pullback `area.on` names; none for a norm.
    chosen : bool
        By the reader; False for a proposal, and for a norm.
    same_pullback : bool
        The scale's ± cancels.
    """

    against: Against
    label: str
    area: Quantity
    equivalent_diameter: Quantity
    min_diameter: Quantity | None
    frames: tuple[int, ...]
    chosen: bool
    same_pullback: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """One reference and what it makes of the narrowing.

    Attributes
    ----------
    reference : Reference or None
        None with `why_not` in words.
    percent_area, percent_diameter, percent_equivalent_diameter : Quantity or None
    norm : str
        What is usual in healthy people here, to be shown beside it; empty when not known.
    over : tuple of str
        Cut-offs it passes, with their source.
    """

    against: Against
    reference: Reference | None
    percent_area: Quantity | None = None
    percent_diameter: Quantity | None = None
    percent_equivalent_diameter: Quantity | None = None
    norm: str = ""
    over: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class StenosisFigures:
    """What is told of one narrowing.

    Attributes
    ----------
    frame : int or None
        The narrowest, 0-based; None when no frame of the segment has a contour.
    smallest_diameter : Quantity or None
        The smallest of the whole segment, which may lie on another frame.
    missing : tuple of int
        Frames of the segment without a contour.
    """

    frame: int | None
    area: Quantity | None
    min_diameter: Quantity | None
    max_diameter: Quantity | None
    aspect: Quantity | None
    smallest_diameter: Quantity | None
    comparisons: tuple[Comparison, ...]
    missing: tuple[int, ...]
    warnings: tuple[str, ...]


def stenosis_figures(
    curve: LumenCurve,
    first: int,
    last: int,
    values: ReferenceValues,
    vein: VeinSegment = VeinSegment.UNSET,
    side: Side = Side.NONE,
    chosen: Sequence[int] = (),
    contralateral: tuple[LumenCurve, Sequence[int]] | None = None,
    veins: Sequence[VeinStretch] = (),
    avoid: Sequence[tuple[int, int]] = (),
) -> StenosisFigures:
    """Measure a narrowing on frames `first`..`last` of a pullback.

    Parameters
    ----------
    vein, side : VeinSegment, Side
        For the norm; UNSET is looked up in `veins` at the narrowest frame.
    chosen : sequence of int
        The reader's local reference frames; without any, frames are proposed.
    contralateral : (LumenCurve, sequence of int), optional
        The other side's pullback and its reference frames.
    avoid : sequence of (first, last)
        Other marked stretches, where no reference is proposed.
    """
    missing = curve.missing(first, last)
    index = narrowest(curve, first, last)
    if index is None:
        told = f"no contour on {frames_in_words(missing)}: draw or find the lumen there"
        return StenosisFigures(None, None, None, None, None, None, (), missing, (told,))
    if vein is VeinSegment.UNSET and curve.along is not None:
        vein = vein_at(veins, float(curve.along[index]))
    diameters = (curve.diameter_at(index, values, "min"), curve.diameter_at(index, values, "max"))
    lesion = (first, last)
    local = _local(curve, index, lesion, tuple(chosen), veins, avoid)
    compared = (
        _normative(curve, index, values, vein, side),
        *(
            one if isinstance(one, Comparison) else _compared(curve, index, one, values, vein, side)
            for one in local
        ),
        _other_side(curve, index, values, contralateral, vein, side),
    )
    return StenosisFigures(
        int(curve.frames[index]),
        curve.area_at(index, values),
        *diameters,
        _aspect(curve, index),
        _smallest_diameter(curve, first, last, values),
        compared,
        missing,
        _warnings(curve, index, missing),
    )


def narrowest(curve: LumenCurve, first: int, last: int) -> int | None:
    """Index of the frame with the smallest area in a stretch; the first of several."""
    here = curve.inside(first, last)
    return int(here[np.argmin(curve.area[here])]) if len(here) else None


def _smallest_diameter(
    curve: LumenCurve, first: int, last: int, values: ReferenceValues
) -> Quantity | None:
    here = curve.inside(first, last)
    here = here[np.isfinite(curve.min_diameter[here])]
    if not len(here):
        return None
    return curve.diameter_at(int(here[np.argmin(curve.min_diameter[here])]), values, "min")


def _aspect(curve: LumenCurve, index: int) -> Quantity | None:
    value = float(curve.aspect[index])
    if not np.isfinite(value):
        return None
    source = "smallest over largest diameter"
    return Quantity(value, "min / max", None, source, curve.name(index), curve.who([index]))


def _warnings(curve: LumenCurve, index: int, missing: tuple[int, ...]) -> tuple[str, ...]:
    told = []
    if missing:
        told.append(f"no contour on {frames_in_words(missing)}: it may be narrower there")
    here, around = float(curve.area[index]), float(curve.smooth_area()[index])
    if here < (1 - ALONE_SHARE) * around:
        told.append(
            f"frame {int(curve.frames[index]) + 1} stands alone: its neighbours' median is "
            f"{around:.0f} {curve.unit}²; check its contour"
        )
    if curve.unit == "px":
        told.append("no mm scale holds for all of it: px, and nothing against norms in mm²")
    return tuple(told)


# -- references ---------------------------------------------------------------------------------
def _normative(
    curve: LumenCurve, index: int, values: ReferenceValues, vein: VeinSegment, side: Side
) -> Comparison:
    against = Against.NORMATIVE
    entry = values.for_vein("normal_area", vein, side)
    if vein is VeinSegment.UNSET:
        return Comparison(against, None, why_not="the vein is not set")
    if entry is None:
        return Comparison(against, None, why_not=f"no norm is known for {vein_label(vein, side)}")
    if curve.unit == "px":
        return Comparison(against, None, why_not="no mm scale: areas can't be held against mm²")
    circle = Quantity(2.0 * float(np.sqrt(entry.value / np.pi)), "mm", None, "circle of the norm")
    area = Quantity(entry.value, entry.unit, None, entry.note)
    label = f"normative {vein.value}: {entry.value:g} mm², {entry.note}"
    made = Reference(against, label, area, circle, circle, (), False, False)
    return _compared(curve, index, made, values, vein, side)


def _local(
    curve: LumenCurve,
    index: int,
    lesion: tuple[int, int],
    chosen: tuple[int, ...],
    veins: Sequence[VeinStretch],
    avoid: Sequence[tuple[int, int]],
) -> tuple[Reference | Comparison, Reference | Comparison]:
    """The mean of both sides, and what lies between them at the narrowest place."""
    frames = chosen or propose_references(curve, lesion, veins, avoid)
    known = [k for k in (curve.index_of(frame) for frame in frames) if k is not None]
    told = _about_frames(curve, index, lesion, frames, veins)
    if not known:
        why = told[0] if told else "no frame beside the lesion has a contour"
        return _no(Against.LOCAL, why), _no(Against.INTERPOLATED, why)
    sides = [k for k in known if k < index], [k for k in known if k >= index]
    mean = _of_frames(curve, sides, None, bool(chosen), told)
    if not sides[0] or not sides[1]:
        return mean, _no(Against.INTERPOLATED, "it needs a reference frame on either side")
    return mean, _of_frames(curve, sides, index, bool(chosen), told)


def _no(against: Against, why: str) -> Comparison:
    return Comparison(against, None, why_not=why)


def _of_frames(
    curve: LumenCurve,
    sides: tuple[list[int], list[int]],
    at: int | None,
    chosen: bool,
    told: tuple[str, ...],
) -> Reference:
    """Mean of the sides' means; with `at`, on the line between them at that frame."""
    where = curve.frames.astype(np.float64) if curve.along is None else curve.along
    groups = [np.array(side) for side in sides if side]
    weights = np.full(len(groups), 1.0 / len(groups))
    if at is not None:
        a, b = (float(where[group].mean()) for group in groups)
        share = 0.5 if a == b else float(np.clip((where[at] - a) / (b - a), 0.0, 1.0))
        weights = np.array([1.0 - share, share])
    frames = tuple(int(curve.frames[k]) for group in groups for k in group)
    words = frames_in_words(frames)
    how = "interpolated between" if at is not None else "mean of" if len(frames) > 1 else "on"
    label = f"local, {how} {words}{'' if chosen else ' (proposed, not chosen)'}"
    picked = [int(k) for group in groups for k in group]
    by, on = curve.who(picked), f"{curve.what}, {curve.on}, {words}"

    def mix(figures: NDArray[np.float64]) -> float:
        means = [float(figures[group].mean()) for group in groups]
        return float(np.dot(weights, means))

    area = mix(curve.area)
    smallest = mix(curve.min_diameter)
    circle = 2.0 * float(np.sqrt(area / np.pi))
    return Reference(
        Against.INTERPOLATED if at is not None else Against.LOCAL,
        label,
        Quantity(area, f"{curve.unit}²", None, label, on, by),
        Quantity(circle, curve.unit, None, "circle of the reference's area", on, by),
        Quantity(smallest, curve.unit, None, label, on, by) if np.isfinite(smallest) else None,
        frames,
        chosen,
        True,
        told,
    )


def _about_frames(
    curve: LumenCurve,
    index: int,
    lesion: tuple[int, int],
    frames: Sequence[int],
    veins: Sequence[VeinStretch],
) -> tuple[str, ...]:
    """What is wrong with reference frames."""
    told = []
    within = [frame for frame in frames if lesion[0] <= frame <= lesion[1]]
    if within:
        told.append(f"reference {frames_in_words(within)} lies inside the lesion")
    bare = [frame for frame in frames if curve.index_of(frame) is None]
    if bare:
        told.append(f"reference {frames_in_words(bare)} has no contour")
    if curve.along is not None and veins:
        own = vein_at(veins, float(curve.along[index]))
        for frame in frames:
            at = curve.index_of(frame)
            vein = own if at is None else vein_at(veins, float(curve.along[at]))
            if vein is not own and own is not VeinSegment.UNSET and vein is not VeinSegment.UNSET:
                told.append(f"reference frame {frame + 1} lies in another vein ({vein.value})")
    return tuple(told)


def propose_references(
    curve: LumenCurve,
    lesion: tuple[int, int],
    veins: Sequence[VeinStretch] = (),
    avoid: Sequence[tuple[int, int]] = (),
) -> tuple[int, ...]:
    """A frame on either side of a lesion: where the smoothed area is largest near it.

    In the lesion's own vein where that is known; not inside another marked stretch.
    """
    here = curve.inside(*lesion)
    if not len(here):
        return ()
    free = np.isfinite(curve.area)
    for first, last in (lesion, *avoid):
        free &= (curve.frames < first) | (curve.frames > last)
    if curve.along is None:
        low, high = float(lesion[0]), float(lesion[1])
        where, reach = curve.frames.astype(np.float64), float(PROPOSED_WITHIN_FRAMES)
    else:
        where, reach = curve.along, PROPOSED_WITHIN_MM
        low, high = float(where[here].min()), float(where[here].max())
        own = _vein_of(veins, where, narrowest(curve, *lesion))
        if own is not None:
            free &= (where >= own.start) & (where < own.end)
    smooth = np.where(free, curve.smooth_area(), np.nan)
    found = []
    for side in ((where < low) & (where >= low - reach), (where > high) & (where <= high + reach)):
        candidates = np.flatnonzero(side & np.isfinite(smooth))
        if len(candidates):
            found.append(int(curve.frames[candidates[np.argmax(smooth[candidates])]]))
    return tuple(sorted(found))


def _vein_of(
    veins: Sequence[VeinStretch], where: NDArray[np.float64], index: int | None
) -> VeinStretch | None:
    if index is None:
        return None
    at = float(where[index])
    return next(
        (v for v in veins if v.start <= at < v.end and v.vein is not VeinSegment.UNSET), None
    )


def _other_side(
    curve: LumenCurve,
    index: int,
    values: ReferenceValues,
    contralateral: tuple[LumenCurve, Sequence[int]] | None,
    vein: VeinSegment,
    side: Side,
) -> Comparison:
    if contralateral is None:
        return _no(Against.CONTRALATERAL, "no reference frame on the other side's pullback")
    other, frames = contralateral
    known = [k for k in (other.index_of(frame) for frame in frames) if k is not None]
    if not known:
        return _no(Against.CONTRALATERAL, "its reference frames have no contour")
    if "px" in (curve.unit, other.unit):
        return _no(Against.CONTRALATERAL, "both pullbacks need a mm scale")
    bare = [frame for frame in frames if other.index_of(frame) is None]
    told = (f"reference {frames_in_words(bare)} has no contour",) if bare else ()
    label = f"contralateral, {other.on}, {frames_in_words([int(other.frames[k]) for k in known])}"
    at = np.array(known)
    area, by = float(other.area[at].mean()), other.who(known)
    share = other.area_share(values)
    sigma = None if share is None else share * area
    smallest = float(other.min_diameter[at].mean())
    circle = 2.0 * float(np.sqrt(area / np.pi))
    made = Reference(
        Against.CONTRALATERAL,
        label,
        Quantity(area, "mm²", sigma, label, label, by),
        Quantity(circle, "mm", None, "circle of the reference's area", label, by),
        Quantity(smallest, "mm", None, label, label, by) if np.isfinite(smallest) else None,
        tuple(int(other.frames[k]) for k in known),
        True,
        False,
        told,
    )
    return _compared(curve, index, made, values, vein, side)


# -- percentages --------------------------------------------------------------------------------
def _compared(
    curve: LumenCurve,
    index: int,
    reference: Reference,
    values: ReferenceValues,
    vein: VeinSegment,
    side: Side,
) -> Comparison:
    on = f"{curve.name(index)} against {reference.label}"
    by = _both(curve.who([index]), reference)
    share = _area_sigma(curve, reference, values)
    area = _percent(float(curve.area[index]), reference.area.value, share, "area", on, by)
    smallest = float(curve.min_diameter[index])
    diameter = None
    if reference.min_diameter is not None and np.isfinite(smallest):
        spread = _diameter_sigma(curve, smallest, reference, values)
        size = reference.min_diameter.value
        diameter = _percent(smallest, size, spread, "diameter, smallest", on, by)
    circle = float(curve.equivalent_diameter[index])
    half = None if share is None else share / 2
    size = reference.equivalent_diameter.value
    round_one = _percent(circle, size, half, "diameter, circle of equal area", on, by)
    usual = values.for_vein("healthy_stenosis", vein, side)
    norm = ""
    if usual is not None:
        norm = f"healthy {vein_label(vein, side)}: {usual.value:g} {usual.unit}, {usual.note}"
    return Comparison(
        reference.against, reference, area, diameter, round_one, norm, _over(area, diameter, values)
    )


def _percent(
    size: float, reference: float, share: float | None, what: str, on: str, by: str
) -> Quantity | None:
    """100·(1 - size/reference); `share` is the relative ± of the ratio."""
    if not reference > 0:
        return None
    ratio = size / reference
    sigma = None if share is None else 100.0 * ratio * share
    unit = "% area" if what == "area" else "% diameter"
    return Quantity(100.0 * (1.0 - ratio), unit, sigma, f"100 x (1 - {what} / reference)", on, by)


def _area_sigma(curve: LumenCurve, reference: Reference, values: ReferenceValues) -> float | None:
    """Relative ± of a ratio of areas: on one pullback the scale cancels."""
    border = values.number("border.area_share")
    if reference.same_pullback:
        return float(np.sqrt(2.0)) * border
    own = curve.area_share(values)
    if own is None:
        return None
    if reference.against is Against.NORMATIVE:
        return own
    other = reference.area.sigma
    return None if other is None else float(np.hypot(own, other / reference.area.value))


def _diameter_sigma(
    curve: LumenCurve, size: float, reference: Reference, values: ReferenceValues
) -> float | None:
    if curve.unit == "px" or reference.min_diameter is None or size <= 0:
        return None
    border = values.number("border.diameter_sigma")
    own = border / size
    other = 0.0 if reference.against is Against.NORMATIVE else border / reference.min_diameter.value
    if reference.same_pullback:
        return float(np.hypot(own, other))
    if curve.scale_share is None:
        return None
    return float(np.sqrt(own**2 + other**2 + curve.scale_share**2))


def _both(by: str, reference: Reference) -> str:
    """Who accepted a narrowing and its reference; empty when one was not accepted."""
    if not reference.frames or by == reference.area.accepted_by:
        return by
    other = reference.area.accepted_by
    return f"{by}, {other}" if by and other else ""


def _over(
    area: Quantity | None, diameter: Quantity | None, values: ReferenceValues
) -> tuple[str, ...]:
    found = []
    for figure, entry in ((area, values["cut_off.area"]), (diameter, values["cut_off.diameter"])):
        if figure is not None and figure.value >= entry.value:
            found.append(f"{entry.value:g} {entry.unit} or more: {entry.note}")
    return tuple(found)
