"""A stent after it was placed: expansion, compression, restenosis, and what it covers.

Three figures that are not mixed: expansion (smallest stent area against the nominal circle and
against a reference), compression (smallest over largest diameter; smallest diameter over nominal),
restenosis (stent less lumen on one frame).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from viewer.measure.lumen_curve import LumenCurve, frames_in_words
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues


@dataclass(frozen=True, slots=True)
class StentFigures:
    """What is told of a stent; None where it is not known.

    Attributes
    ----------
    frame : int or None
        Of the smallest stent area, 0-based.
    expansion_nominal, expansion_reference : Quantity or None
        % of the nominal circle's area, % of a reference lumen's area.
    aspect, over_nominal : Quantity or None
        Flattest frame: smallest over largest diameter; smallest diameter over the nominal.
    restenosis : Quantity or None
        Largest share of the stent's area that is not lumen, % area.
    missing : tuple of int
        Frames without a stent contour.
    """

    frame: int | None
    min_area: Quantity | None
    expansion_nominal: Quantity | None
    expansion_reference: Quantity | None
    aspect: Quantity | None
    over_nominal: Quantity | None
    restenosis: Quantity | None
    missing: tuple[int, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A named stretch of one vein's axis, mm, with the ± of its ends."""

    id: str
    name: str
    start_mm: float
    end_mm: float
    start_sigma: float | None = None
    end_sigma: float | None = None

    def __post_init__(self) -> None:
        if self.end_mm < self.start_mm:
            raise ValueError("a span starts at its central end")


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a stent lies over one lesion; mm.

    Attributes
    ----------
    uncovered_central, uncovered_peripheral : Quantity
        Of the lesion beyond either edge of the stent; 0 where it is covered.
    margin_central, margin_peripheral : Quantity
        From the lesion's edge to the stent's, positive where the stent reaches beyond it.
    """

    lesion: str
    uncovered_central: Quantity
    uncovered_peripheral: Quantity
    margin_central: Quantity
    margin_peripheral: Quantity
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two stents: mm they share, negative for a gap."""

    other: str
    length: Quantity
    warning: str = ""


# -- contours -----------------------------------------------------------------------------------
def stent_figures(
    first: int,
    last: int,
    values: ReferenceValues,
    stent: LumenCurve | None,
    lumen: LumenCurve | None = None,
    nominal_mm: float | None = None,
    reference: Quantity | None = None,
) -> StentFigures:
    """Measure a stent on frames `first`..`last` of a pullback.

    Parameters
    ----------
    stent, lumen : LumenCurve or None
        Stent contours (struts) and lumen contours, apart.
    nominal_mm : float or None
        Diameter on its label.
    reference : Quantity or None
        Area of the lumen it is held against, mm².
    """
    whole = tuple(range(first, last + 1))
    here = stent.inside(first, last) if stent is not None else np.empty(0, np.intp)
    if stent is None or not len(here):
        told = f"no stent contour on {frames_in_words(whole)}"
        return StentFigures(None, None, None, None, None, None, None, whole, (told,))
    narrow = int(here[np.argmin(stent.area[here])])
    least = stent.area_at(narrow, values)
    missing = stent.missing(first, last)
    made = StentFigures(
        int(stent.frames[narrow]),
        least,
        _expansion_nominal(stent, least, nominal_mm),
        _expansion_reference(stent, least, reference),
        _flattest(stent, here, values),
        _over_nominal(stent, here, nominal_mm, values),
        _restenosis(stent, lumen, first, last, values),
        missing,
        (),
    )
    return _with_warnings(made, stent, values, lumen is not None)


def _expansion_nominal(
    stent: LumenCurve, least: Quantity, nominal_mm: float | None
) -> Quantity | None:
    if not nominal_mm or stent.unit != "mm":
        return None
    source = f"smallest stent area / circle of {nominal_mm:g} mm"
    return _share_of(least, float(np.pi / 4 * nominal_mm**2), 0.0, "% of nominal area", source)


def _expansion_reference(
    stent: LumenCurve, least: Quantity, reference: Quantity | None
) -> Quantity | None:
    if reference is None or reference.unit != f"{stent.unit}²" or reference.value <= 0:
        return None
    source = f"smallest stent area / {reference.source}"
    spread = None if reference.sigma is None else reference.sigma / reference.value
    made = _share_of(least, reference.value, spread or 0.0, "% of reference area", source)
    if spread is None:
        return Quantity(made.value, made.unit, None, made.source, made.on, made.accepted_by)
    return made


def _share_of(part: Quantity, whole: float, spread: float, unit: str, source: str) -> Quantity:
    value = 100.0 * part.value / whole
    sigma = None
    if part.sigma is not None:
        sigma = value * float(np.hypot(part.sigma / part.value, spread))
    return Quantity(value, unit, sigma, source, part.on, part.accepted_by)


def _flattest(
    stent: LumenCurve, here: np.ndarray[tuple[int], np.dtype[np.intp]], values: ReferenceValues
) -> Quantity | None:
    aspect = stent.aspect[here]
    if not np.isfinite(aspect).any():
        return None
    k = int(here[np.nanargmin(aspect)])
    entry = values["stent.compression"]
    source = f"flattest frame; compressed below {entry.value:g}: {entry.note}"
    return Quantity(
        float(stent.aspect[k]), "min / max", None, source, stent.name(k), stent.who([k])
    )


def _over_nominal(
    stent: LumenCurve,
    here: np.ndarray[tuple[int], np.dtype[np.intp]],
    nominal_mm: float | None,
    values: ReferenceValues,
) -> Quantity | None:
    if not nominal_mm or stent.unit != "mm" or not np.isfinite(stent.min_diameter[here]).any():
        return None
    k = int(here[np.nanargmin(stent.min_diameter[here])])
    least = stent.diameter_at(k, values, "min")
    if least is None:
        return None
    source = f"smallest diameter / nominal {nominal_mm:g} mm"
    sigma = None if least.sigma is None else least.sigma / nominal_mm
    return Quantity(
        least.value / nominal_mm, "min / nominal", sigma, source, least.on, least.accepted_by
    )


def _restenosis(
    stent: LumenCurve, lumen: LumenCurve | None, first: int, last: int, values: ReferenceValues
) -> Quantity | None:
    if lumen is None or lumen.unit != stent.unit:
        return None
    own, inner = stent.part(stent.inside(first, last)), lumen.part(lumen.inside(first, last))
    _, a, b = np.intersect1d(own.frames, inner.frames, return_indices=True)
    if not len(a):
        return None
    share = 1.0 - inner.area[b] / own.area[a]
    worst = int(np.argmax(share))
    left = 1.0 - float(share[worst])
    sigma = 100.0 * left * float(np.sqrt(2.0)) * values.number("border.area_share")
    k, m = int(a[worst]), int(b[worst])
    by = own.who([k]) if own.who([k]) == inner.who([m]) else ""
    source = "100 x (stent - lumen) / stent, worst frame; a lumen outside the struts counts as 0"
    value = max(0.0, 100.0 * float(share[worst]))
    return Quantity(value, "% area", sigma, source, own.name(k), by)


def _with_warnings(
    made: StentFigures, stent: LumenCurve, values: ReferenceValues, has_lumen: bool
) -> StentFigures:
    told = []
    if made.missing:
        told.append(f"no stent contour on {frames_in_words(made.missing)}")
    if stent.unit == "px":
        told.append("no mm scale holds for all of it: px, and nothing against its label")
    if not has_lumen:
        told.append("no lumen contours: restenosis is not told")
    low, flat, narrow = (
        values[key] for key in ("stent.expansion", "stent.compression", "stent.restenosis")
    )
    if made.expansion_nominal is not None and made.expansion_nominal.value < low.value:
        told.append(f"under {low.value:g} {low.unit}: {low.note}")
    if made.aspect is not None and made.aspect.value < flat.value:
        told.append(f"compressed: flatter than {flat.value:g} ({flat.note})")
    if made.restenosis is not None and made.restenosis.value >= narrow.value:
        told.append(f"{narrow.value:g} {narrow.unit} or more is not lumen: {narrow.note}")
    return StentFigures(
        made.frame,
        made.min_area,
        made.expansion_nominal,
        made.expansion_reference,
        made.aspect,
        made.over_nominal,
        made.restenosis,
        made.missing,
        tuple(told),
    )


# -- edges --------------------------------------------------------------------------------------
def coverage(stents: Sequence[Span], lesion: Span) -> Coverage:
    """How stents that lie over one another cover a lesion: by the outermost of their edges.

    Raises
    ------
    ValueError
        There is no stent.
    """
    if not stents:
        raise ValueError("coverage needs a stent")
    central = min(stents, key=lambda s: s.start_mm)
    peripheral = max(stents, key=lambda s: s.end_mm)
    first = _apart(lesion.start_mm - central.start_mm, lesion.start_sigma, central.start_sigma)
    last = _apart(peripheral.end_mm - lesion.end_mm, peripheral.end_sigma, lesion.end_sigma)
    size = lesion.end_mm - lesion.start_mm
    told = []
    for margin, where in ((first, "central"), (last, "peripheral")):
        if margin.value < 0:
            told.append(
                f"{min(-margin.value, size):.0f} mm of {lesion.name} are bare {where} of it"
            )
    return Coverage(lesion.name, _bare(first, size), _bare(last, size), first, last, tuple(told))


def _bare(margin: Quantity, size: float) -> Quantity:
    value = min(max(0.0, -margin.value), size)
    return Quantity(value, "mm", margin.sigma, "lesion beyond the stent's edge", margin.on)


def overlap(stent: Span, other: Span, values: ReferenceValues) -> Overlap:
    """How far two stents lie in one another."""
    inner = min(stent.end_mm, other.end_mm) - max(stent.start_mm, other.start_mm)
    central, peripheral = sorted((stent, other), key=lambda s: (s.start_mm, s.end_mm))
    length = _apart(inner, central.end_sigma, peripheral.start_sigma)
    entry, told = values["stent.overlap"], ""
    if inner < 0:
        told = f"a gap of {-inner:.0f} mm to {other.name}"
    elif inner < 0.5 * entry.value:
        told = f"overlap with {other.name} under half of {entry.value:g} mm ({entry.note})"
    return Overlap(other.name, length, told)


def into_ivc(stent: Span, confluence_mm: float, sigma: float | None = None) -> Quantity:
    """How far a stent reaches central of the iliac confluence; 0 where it does not."""
    reach = _apart(confluence_mm - stent.start_mm, sigma, stent.start_sigma)
    source = "stent central of the iliac confluence"
    return Quantity(max(0.0, reach.value), "mm", reach.sigma, source, reach.on)


def _apart(value: float, one: float | None, other: float | None) -> Quantity:
    sigma = None if one is None or other is None else float(np.hypot(one, other))
    return Quantity(value, "mm", sigma, "along the vein; ± of both ends")
