"""Clot along a vein: how much of the lumen it fills, its length, its volume, its age.

Volume = Σ step · fraction · area over short cells along the vein: the area is the vein's own
lumen (clot and flow together) from contours of a pullback at its re-timed positions, else an
estimate that says so. The fraction comes from contours (1 - flow / lumen), else from the reader's
hand, else from "occlusive" alone. What is not known stays None; it is never filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from viewer.measure.along_vein import VeinStretch, vein_at
from viewer.measure.lumen_curve import LumenCurve, Values
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValue, ReferenceValues
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import ClotAge, Occlusion

CELL_MM = 1.0
FILLED = "% of the lumen"
FARTHEST_CONTOUR_MM = 5.0
"""A contour speaks for no place farther away."""


class FractionFrom(StrEnum):
    """What a fraction occluded rests on."""

    CONTOURS = "contours: 1 - flow lumen / vein lumen"
    HAND = "by hand"
    KIND = "marked occlusive: taken as all of the lumen"
    UNKNOWN = "not known: give it by hand, or draw lumen and flow contours"


@dataclass(frozen=True, slots=True)
class AreaEstimate:
    """Areas of the vein where no contour tells: positions mm, areas mm², relative ±, words."""

    along: Values
    area: Values
    share: float
    source: str


@dataclass(frozen=True, eq=False)
class ClotCourse:
    """One clot segment in cells along the vein.

    Attributes
    ----------
    zero : str
        What positions count from; courses of one side and zero lie on one axis.
    edges : ndarray, shape (n + 1,)
        Ends of the cells, mm, rising.
    veins : tuple of VeinSegment, length n
    fraction, area : ndarray, shape (n,)
        Share of the lumen filled, 0 to 1; area of the vein, mm². NaN not known.
    fraction_sigma, area_share, length_sigma : float or None
        One standard deviation of the fraction, relative of the area, mm of the whole length.
    """

    clot_id: str
    side: Side
    zero: str
    edges: Values
    veins: tuple[VeinSegment, ...]
    fraction: Values
    area: Values
    fraction_from: FractionFrom
    area_from: str
    fraction_sigma: float | None = None
    area_share: float | None = None
    length_sigma: float | None = None
    on: str = ""
    accepted_by: str = ""

    @property
    def steps(self) -> Values:
        """Length of every cell, mm."""
        return np.diff(self.edges)


@dataclass(frozen=True, slots=True)
class CmCell:
    """One cm of a clot (the last may be shorter): positions mm and fraction occluded."""

    start_mm: float
    end_mm: float
    fraction: float | None


@dataclass(frozen=True, slots=True)
class ClotFigures:
    """Numbers of one clot segment; None where not known."""

    length: Quantity
    fraction: Quantity | None
    volume: Quantity | None
    cells: tuple[CmCell, ...]
    warnings: tuple[str, ...]


def clot_course(
    clot_id: str,
    span_mm: tuple[float, float],
    values: ReferenceValues,
    *,
    side: Side = Side.NONE,
    vein: VeinSegment = VeinSegment.UNSET,
    veins: Sequence[VeinStretch] = (),
    zero: str = "",
    occlusion: Occlusion = Occlusion.UNSET,
    by_hand: Sequence[float] = (),
    lumen: LumenCurve | None = None,
    flow: LumenCurve | None = None,
    estimate: AreaEstimate | None = None,
    length_sigma: float | None = None,
    on: str = "",
    accepted_by: str = "",
) -> ClotCourse:
    """Cut a clot into cells of a mm and say of each how full it is, and how large the vein.

    Parameters
    ----------
    span_mm : (float, float)
        Its ends along the vein, mm.
    veins : sequence of VeinStretch
        Which vein lies where; `vein` is taken where they don't tell.
    by_hand : sequence of float
        Fractions in equal parts from the central to the peripheral end.
    lumen, flow : LumenCurve
        Contours of the vein's lumen and of what is free of clot, mm, with positions.
    """
    low, high = sorted(span_mm)
    edges = _edges(low, high, [v.start for v in veins] + [v.end for v in veins])
    middle = 0.5 * (edges[1:] + edges[:-1])
    told = tuple(vein_at(veins, float(at)) for at in middle)
    named = tuple(vein if one is VeinSegment.UNSET else one for one in told)
    fraction, rests_on, sigma = _fraction(
        middle, (low, high), values, occlusion, by_hand, (lumen, flow)
    )
    area, area_from, share = _area(middle, values, lumen, estimate)
    return ClotCourse(
        clot_id, side, zero, edges, named, fraction, area, rests_on, area_from, sigma, share,
        length_sigma, on, accepted_by,
    )  # fmt: skip


def _edges(low: float, high: float, borders: Sequence[float]) -> Values:
    """Cells of `CELL_MM`, cut at the borders of veins too."""
    whole = np.arange(np.floor(low / CELL_MM) + 1, np.ceil(high / CELL_MM)) * CELL_MM
    cuts = [border for border in borders if low < border < high]
    return np.unique(np.concatenate([[low], whole[(whole > low) & (whole < high)], cuts, [high]]))


def _fraction(
    middle: Values,
    span: tuple[float, float],
    values: ReferenceValues,
    occlusion: Occlusion,
    by_hand: Sequence[float],
    contours: tuple[LumenCurve | None, LumenCurve | None],
) -> tuple[Values, FractionFrom, float | None]:
    lumen, flow = contours
    measured = np.full(len(middle), np.nan)
    if lumen is not None and flow is not None:
        measured = _filled(middle, lumen, flow)
    hand = np.full(len(middle), np.nan)
    source, sigma = FractionFrom.UNKNOWN, None
    if len(by_hand):
        share = (middle - span[0]) / max(span[1] - span[0], 1e-9)
        part = np.clip((share * len(by_hand)).astype(int), 0, len(by_hand) - 1)
        hand = np.clip(np.asarray(by_hand, np.float64), 0.0, 1.0)[part]
        source, sigma = FractionFrom.HAND, values.number("border.fraction_by_hand")
    elif occlusion is Occlusion.OCCLUSIVE:
        hand = np.ones(len(middle))
        source, sigma = FractionFrom.KIND, values.number("border.fraction_by_hand") / 2
    known = np.isfinite(measured)
    if len(middle) and known.mean() >= 0.5:
        source, sigma = FractionFrom.CONTOURS, values.number("border.fraction_by_contours")
    return np.where(known, measured, hand), source, sigma


def _filled(middle: Values, lumen: LumenCurve, flow: LumenCurve) -> Values:
    """Fraction filled at positions, by the nearest outlined frame.

    NaN where that frame has a lumen and no flow: an occluded lumen has none to draw, so the
    reader's hand speaks there, not a neighbour.
    """
    none = np.full(len(middle), np.nan)
    if lumen.along is None or lumen.unit != flow.unit or not len(lumen):
        return none
    share = np.full(len(lumen), np.nan)
    _, a, b = np.intersect1d(lumen.frames, flow.frames, return_indices=True)
    share[a] = np.clip(1.0 - flow.area[b] / lumen.area[a], 0.0, 1.0)
    order = np.argsort(lumen.along, kind="stable")
    places = lumen.along[order]
    after = np.clip(np.searchsorted(places, middle), 1, max(len(places) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(places) - 1)
    nearer = middle - places[before] <= places[after] - middle
    nearest = order[np.where(nearer, before, after)]
    near = np.abs(middle - lumen.along[nearest]) <= FARTHEST_CONTOUR_MM
    return np.where(near, share[nearest], none)


def _area(
    middle: Values,
    values: ReferenceValues,
    lumen: LumenCurve | None,
    estimate: AreaEstimate | None,
) -> tuple[Values, str, float | None]:
    area = np.full(len(middle), np.nan)
    source, share = "the vein's area is not known", None
    if lumen is not None and lumen.unit == "mm" and lumen.along is not None:
        area = _on_places(middle, lumen.along, lumen.smooth_area())
        if np.isfinite(area).any():
            source = f"areas of {lumen.what} contours, {lumen.on}, at re-timed positions"
            share = lumen.area_share(values)
    bare = ~np.isfinite(area)
    if bare.any() and estimate is not None:
        guess = _on_places(middle, estimate.along, estimate.area)
        used = bare & np.isfinite(guess)
        area = np.where(used, guess, area)
        if used.mean() >= 0.5:
            source, share = estimate.source, estimate.share
        elif used.any():
            source = f"{source}; {used.mean():.0%} of it: {estimate.source}"
    return area, source, share


def _on_places(middle: Values, along: Values, figures: Values) -> Values:
    """Figures at positions, linear between neighbours; NaN far from any."""
    good = np.isfinite(figures) & np.isfinite(along)
    if not good.any():
        return np.full(len(middle), np.nan)
    places, inverse = np.unique(along[good], return_inverse=True)  # a pause: one place
    mean = np.bincount(inverse, figures[good]) / np.bincount(inverse)
    near = np.searchsorted(places, middle)
    gap = np.minimum(
        np.abs(middle - places[np.clip(near - 1, 0, len(places) - 1)]),
        np.abs(middle - places[np.clip(near, 0, len(places) - 1)]),
    )
    values = np.interp(middle, places, mean)
    return np.where(gap <= FARTHEST_CONTOUR_MM, values, np.nan)


# -- figures ------------------------------------------------------------------------------------
def clot_figures(course: ClotCourse) -> ClotFigures:
    """Length, mean fraction, volume and fraction per cm of one clot."""
    steps, on, by = course.steps, course.on, course.accepted_by
    total = float(steps.sum())
    length = Quantity(total, "mm", course.length_sigma, "along the vein", on, by)
    bare = ~np.isfinite(course.fraction)
    told = []
    fraction = None
    if bare.any():
        told.append(f"fraction occluded {FractionFrom.UNKNOWN}")
    elif total > 0:
        mean = float((steps * course.fraction).sum() / total)
        sigma = None if course.fraction_sigma is None else 100.0 * course.fraction_sigma
        fraction = Quantity(100.0 * mean, FILLED, sigma, course.fraction_from, on, by)
    volume = None
    unsized = ~np.isfinite(course.area)
    if unsized.any():
        told.append(f"{float(steps[unsized].sum()):.0f} of {total:.0f} mm have no area: no volume")
    if fraction is not None and not unsized.any():
        value = float((steps * course.fraction * course.area).sum())
        sigma = volume_sigma(course, value, total)
        source = f"{course.area_from}; fraction: {course.fraction_from}"
        volume = Quantity(value, "mm³", sigma, source, on, by)
    return ClotFigures(length, fraction, volume, per_cm(course), tuple(told))


def volume_sigma(course: ClotCourse, volume: float, length: float) -> float | None:
    """± of a volume: area, length and fraction in quadrature; None when one is not known."""
    if course.area_share is None or course.length_sigma is None or course.fraction_sigma is None:
        return None
    parts = (
        course.area_share * volume,
        course.length_sigma / length * volume if length else 0.0,
        course.fraction_sigma * float((course.steps * course.area).sum()),
    )
    return float(np.sqrt(sum(part * part for part in parts)))


def per_cm(course: ClotCourse, cell_mm: float = 10.0) -> tuple[CmCell, ...]:
    """Mean fraction occluded in pieces of a cm from the central end."""
    low, high = float(course.edges[0]), float(course.edges[-1])
    cells = []
    for start in np.arange(low, high - 1e-9, cell_mm):
        end = min(float(start) + cell_mm, high)
        inner = np.clip(course.edges, start, end)
        part = np.diff(inner)
        held = part > 0
        known = bool(np.isfinite(course.fraction[held]).all())
        mean = float((part[held] * course.fraction[held]).sum() / part.sum()) if known else None
        cells.append(CmCell(float(start), end, mean))
    return tuple(cells)


def age_of(days: float, scheme: ReferenceValue) -> ClotAge:
    """The age a scheme gives to a clot so many days after its first symptom.

    Raises
    ------
    ValueError
        The days are negative or no number.
    """
    if not days >= 0:
        raise ValueError("days since the first symptom are a number from 0")
    acute, subacute = scheme.values
    if days <= acute:
        return ClotAge.ACUTE
    return ClotAge.SUBACUTE if days <= subacute else ClotAge.CHRONIC


def scheme_text(scheme: ReferenceValue) -> str:
    """A scheme as stored with an age: ``interventional: acute <= 14 d, subacute 15-28 d, ...``."""
    acute, subacute = scheme.values
    name = scheme.key.split(".", 1)[1]
    between = f"subacute {acute + 1:g}-{subacute:g} d"
    return f"{name}: acute <= {acute:g} d, {between}, chronic > {subacute:g} d"


def merged(courses: Sequence[ClotCourse]) -> tuple[Values, NDArray[np.intp], NDArray[np.intp]]:
    """Courses of one axis laid over each other, so that a clot marked twice counts once.

    Returns
    -------
    edges : ndarray, shape (n + 1,)
        Ends of the cells; between clots there are cells too.
    owner : ndarray of int, shape (n,)
        Index of the course that fills a cell most; -1 where there is none.
    cell : ndarray of int, shape (n,)
        Which cell of that course.
    """
    edges = np.unique(np.concatenate([course.edges for course in courses]))
    middle = 0.5 * (edges[1:] + edges[:-1])
    owner = np.full(len(middle), -1, np.intp)
    best = np.full(len(middle), -np.inf)
    at = np.zeros(len(middle), np.intp)
    for k, course in enumerate(courses):
        inside = (middle > course.edges[0]) & (middle < course.edges[-1])
        cell = np.clip(np.searchsorted(course.edges, middle) - 1, 0, len(course.fraction) - 1)
        # a fraction that is not known hides none that is, and is hidden by every other
        filled = np.where(np.isfinite(course.fraction[cell]), course.fraction[cell], -1.0)
        wins = inside & (filled > best)
        owner[wins], best[wins], at[wins] = k, filled[wins], cell[wins]
    return edges, owner, at
