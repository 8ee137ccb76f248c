"""A narrowing on the venogram: smallest width, reference, per cent by width and by density.

Widths are those of both edges across the centerline. The reference is a straight line through the
widths of the vein on both sides of the lesion, read off at the narrowest place, as in quantitative
angiography (Reiber et al., IEEE Trans Med Imaging 3, 1984, 131-141, there by a polynomial). The
second estimate is densitometric: the amount of contrast across the vein, against that of the
reference taken as round, is its area whatever its shape, as long as it is filled evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from viewer.measure.lumen_curve import running_quantile
from viewer.measure.quantity import Quantity

Values = NDArray[np.float64]

SMOOTH_MM = 3.0
"""Widths are medians over so much of the vein: one bad edge is no narrowing."""

SIDE_MM = 30.0
"""How far beside the lesion the reference is looked for."""

LEAST_SIDE_MM = 5.0
"""Of known widths a side must have to be used."""

LEAST_SHARE = 0.6
"""Share of the lesion whose widths must be known."""

NOMINAL_PX_MM = 0.3
"""What 1 px is worth in lengths of the rules above on a run without a scale; never in a figure."""

VIRTUS_SD_MM = 1.7
"""IVUS less venogram: 0.2 ± 1.7 mm on average (VIRTUS; domain facts of the project)."""

HALF_WIDTH_PX = 0.5
"""Edge of a vein found between pixels: never better known than so."""


@dataclass(frozen=True, eq=False)
class Widths:
    """A vein's widths along its course on a run.

    Attributes
    ----------
    arc : ndarray, shape (n,)
        Along the centerline, rising, in `unit`.
    width, contrast : ndarray, shape (n,)
        In `unit`, NaN not known; mean density inside less outside, any unit.
    unit : str
        mm, or px on a run without a scale.
    scale_share : float or None
        Relative ± of the scale.
    on : str
        The run, for people.
    subtracted : bool
        Background is taken off, so that density means contrast.
    px : float
        A pixel in `unit`.
    """

    arc: Values
    width: Values
    contrast: Values
    unit: Literal["mm", "px"]
    scale_share: float | None
    on: str
    subtracted: bool
    px: float


@dataclass(frozen=True, eq=False)
class VenogramFigures:
    """What a venogram tells of a narrowing; None where it does not.

    Attributes
    ----------
    at : float or None
        Arc length of the narrowest place, in the widths' unit.
    reference_sides : tuple of (float, float)
        Stretches the reference rests on.
    """

    at: float | None
    min_width: Quantity | None
    reference: Quantity | None
    percent_diameter: Quantity | None
    percent_area_density: Quantity | None
    length: Quantity | None
    reference_sides: tuple[tuple[float, float], ...]
    warnings: tuple[str, ...]


def venogram_figures(
    widths: Widths,
    lesion: tuple[float, float],
    avoid: Sequence[tuple[float, float]] = (),
    foreshortened: float | None = None,
) -> VenogramFigures:
    """Measure a stretch of a vein on its venogram.

    Parameters
    ----------
    lesion : (float, float)
        From and to along the centerline, in the widths' unit.
    avoid : sequence of (float, float)
        Other marked stretches: no reference there.
    foreshortened : float or None
        Largest share of its length this view loses there, 0 to 1; None where one view alone.
    """
    low, high = sorted(lesion)
    mm = 1.0 if widths.unit == "mm" else 1.0 / NOMINAL_PX_MM
    calm = running_quantile(widths.arc, widths.width, SMOOTH_MM * mm / 2, 0.5)
    inside = (widths.arc >= low) & (widths.arc <= high)
    known = inside & np.isfinite(calm)
    length = _length(widths, high - low)
    told = list(_about_length(foreshortened))
    if inside.sum() < 2 or known.sum() < LEAST_SHARE * inside.sum():
        told.append("the vein's edges can't be seen along most of it: no width is told")
        return VenogramFigures(None, None, None, None, None, length, (), tuple(told))
    least = int(np.flatnonzero(known)[np.argmin(calm[known])])
    noise = _noise(widths, calm)
    smallest = _width(widths, float(calm[least]), noise, "median of the edges' distance over 3 mm")
    sides = _sides(widths, calm, (low, high), avoid, mm)
    if not sides:
        told.append("no vein with clear edges beside it: no reference and no per cent")
        return VenogramFigures(
            float(widths.arc[least]), smallest, None, None, None, length, (), tuple(told)
        )
    if len(sides) == 1:
        told.append("the reference rests on one side of the lesion only")
    size, spread = _interpolated(widths, calm, sides, float(widths.arc[least]))
    reference = _width(
        widths, size, float(np.hypot(noise, spread)), "line through the widths beside the lesion"
    )
    told += [] if widths.unit == "mm" else ["no mm scale: px"]
    return VenogramFigures(
        float(widths.arc[least]),
        smallest,
        reference,
        _percent(widths, float(calm[least]), size, noise, spread),
        _by_density(widths, calm, least, sides, size),
        length,
        tuple((float(widths.arc[a]), float(widths.arc[b])) for a, b in _ends(sides)),
        tuple(told),
    )


def disagreement(ivus: Quantity, venogram: Quantity) -> Quantity | None:
    """IVUS less venogram of the same diameter, mm; None unless both are in mm."""
    if ivus.unit != "mm" or venogram.unit != "mm":
        return None
    sigma = None
    if ivus.sigma is not None and venogram.sigma is not None:
        sigma = float(np.hypot(ivus.sigma, venogram.sigma))
    source = (
        f"IVUS less venogram; 0.2 ± {VIRTUS_SD_MM} mm on average in VIRTUS, more where the vein is "
        "flat or foreshortened"
    )
    return Quantity(ivus.value - venogram.value, "mm", sigma, source)


def _noise(widths: Widths, calm: Values) -> float:
    """± of one width, from how widths scatter about their median (1.4826 MAD)."""
    off = widths.width - calm
    off = off[np.isfinite(off)]
    scatter = 1.4826 * float(np.median(np.abs(off))) if len(off) else 0.0
    return max(scatter, HALF_WIDTH_PX * widths.px)


def _width(widths: Widths, value: float, noise: float, how: str) -> Quantity:
    sigma = None
    if widths.unit == "px":
        sigma = noise
    elif widths.scale_share is not None:
        sigma = float(np.hypot(noise, widths.scale_share * value))
    source = f"{how}; ± of edges and scale"
    return Quantity(value, widths.unit, sigma, source, widths.on)


def _length(widths: Widths, value: float) -> Quantity:
    share = widths.scale_share
    sigma = None if share is None or widths.unit == "px" else share * value
    return Quantity(value, widths.unit, sigma, "along the centerline on this view", widths.on)


def _about_length(foreshortened: float | None) -> tuple[str, ...]:
    if foreshortened is None:
        return ("one view: lengths may be 6 / 13 / 29 % short at 20 / 30 / 45° out of plane",)
    if foreshortened > 0.20:
        return (f"this view loses {foreshortened:.0%} of the length here: trust widths only",)
    return ()


def _sides(
    widths: Widths,
    calm: Values,
    lesion: tuple[float, float],
    avoid: Sequence[tuple[float, float]],
    mm: float,
) -> list[NDArray[np.intp]]:
    """Indices of known widths on either side that are long enough to be a reference."""
    free = np.isfinite(calm)
    for start, end in avoid:
        free &= (widths.arc < min(start, end)) | (widths.arc > max(start, end))
    arc, (low, high) = widths.arc, lesion
    found = []
    reach = SIDE_MM * mm
    for beside in ((arc < low) & (arc >= low - reach), (arc > high) & (arc <= high + reach)):
        here = np.flatnonzero(free & beside)
        if len(here) >= 2 and float(np.ptp(arc[here])) >= LEAST_SIDE_MM * mm:
            found.append(here)
    return found


def _ends(sides: Sequence[NDArray[np.intp]]) -> list[tuple[int, int]]:
    return [(int(side[0]), int(side[-1])) for side in sides]


def _interpolated(
    widths: Widths, calm: Values, sides: Sequence[NDArray[np.intp]], at: float
) -> tuple[float, float]:
    """Reference width at a place, and its ±: a line by both sides' medians, else one's median."""
    middles = [float(widths.arc[side].mean()) for side in sides]
    sizes = [float(np.median(calm[side])) for side in sides]
    scatter = [1.4826 * float(np.median(np.abs(calm[s] - np.median(calm[s])))) for s in sides]
    if len(sides) == 1:
        return sizes[0], scatter[0]
    share = float(np.clip((at - middles[0]) / (middles[1] - middles[0]), 0.0, 1.0))
    size = sizes[0] * (1 - share) + sizes[1] * share
    return size, float(np.hypot(scatter[0] * (1 - share), scatter[1] * share))


def _percent(
    widths: Widths, least: float, size: float, noise: float, spread: float
) -> Quantity | None:
    if not size > 0:
        return None
    ratio = least / size
    sigma = 100 * ratio * float(np.hypot(noise / max(least, 1e-9), spread / size))
    source = "100 x (1 - smallest width / interpolated reference); the scale cancels"
    return Quantity(100 * (1 - ratio), "% diameter", sigma, source, widths.on)


def _by_density(
    widths: Widths, calm: Values, least: int, sides: Sequence[NDArray[np.intp]], size: float
) -> Quantity | None:
    """% area from the amount of contrast across the vein, the reference taken as round."""
    amount = running_quantile(
        widths.arc, widths.contrast * widths.width, SMOOTH_MM * max(1.0, widths.px) / 2, 0.5
    )
    beside = np.concatenate(sides)
    normal = amount[beside] / np.maximum(calm[beside], 1e-9) ** 2
    normal = normal[np.isfinite(normal) & (normal > 0)]
    if not widths.subtracted or not len(normal) or not np.isfinite(amount[least]):
        return None
    per_area = float(np.median(normal))
    scatter = 1.4826 * float(np.median(np.abs(normal / per_area - 1)))
    ratio = float(amount[least]) / (per_area * size**2)
    source = (
        "densitometry: contrast across the vein against that of the reference, taken as round and "
        "evenly filled; background subtracted"
    )
    return Quantity(100 * (1 - ratio), "% area", 100 * abs(ratio) * scatter, source, widths.on)
