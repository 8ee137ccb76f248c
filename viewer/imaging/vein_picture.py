"""The picture a vein is traced on: amount of contrast at each pixel, high inside the vein.

From the peak of a run (mask taken away, whole vein filled), from one frame less its mask, or from
one frame alone, where bones stay in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.log_domain import Image, LogDomain
from viewer.imaging.opacification import DENSEST, ContrastScale, Opacification, box_mean
from viewer.model.study import PixelFormat

FIELD_MM = 260.0
"""Field of view taken for granted, in the patient, where nothing tells the size of a pixel: a
detector of 30-40 cm at a magnification of 1.3-1.5. It only sets which widths are looked for."""

LEAST_OPACIFIED, MOST_OPACIFIED = 0.002, 0.3
"""Share of the image that contrast passes in a run whose peak shows veins. More than the upper
one is a table or a heart that moved; less than the lower one is no injection."""

FIELD_GRID = 256
DARK_SHARE, LEAST_HIDDEN = 0.06, 0.005
"""Below this share of the bright parts' value, and joined to the image's edge, a pixel lies behind
the collimator; less than the latter share of the image is none."""

MOVED_NOISE, MOST_MOVED = 4.0, 0.35
"""A mask no longer fits when more than this share of the image differs by so many standard
deviations of noise: a heart or a table moved."""


@dataclass(frozen=True, eq=False)
class VeinPicture:
    """Where contrast is.

    Attributes
    ----------
    density : ndarray, float32 (rows, columns)
        Rises with contrast: natural logarithms, or grey levels of runs that are not linear.
    mm_per_px : float
        In the patient; `FIELD_MM` over the image when unknown.
    text : str
        What it was made from, for people.
    hidden : ndarray, bool (rows, columns), or None
        What lies behind the collimator; `density` goes on evenly there.
    """

    density: Image
    mm_per_px: float
    text: str
    hidden: NDArray[np.bool_] | None = None

    @classmethod
    def of_frame(
        cls, pixels: PixelFormat, stored: NDArray[Any], mm_per_px: float | None
    ) -> VeinPicture:
        """From one frame's stored values (rows, columns) alone."""
        domain = LogDomain.of(pixels)
        values = domain.of_frame(stored)
        hidden = behind_collimator(values, domain.logarithm)
        density = np.negative(values, out=values)
        if hidden is not None:
            density = _even(density, hidden)
        return cls(density, _scale(stored, mm_per_px), "one frame", hidden)

    @classmethod
    def of_difference(cls, difference: NDArray[Any], mm_per_px: float | None) -> VeinPicture:
        """From subtracted values (rows, columns), contrast negative."""
        density = np.negative(np.asarray(difference, np.float32))
        return cls(density, _scale(difference, mm_per_px), "one frame less its mask")

    @classmethod
    def of_peak(
        cls, found: Opacification, scale: ContrastScale, mm_per_px: float | None
    ) -> VeinPicture:
        """From the most contrast each pixel ever had.

        For linear runs ln(1 + depth / peak) is the logarithm of baseline over peak.
        """
        density = found.depth.astype(np.float32)
        if scale.by_ratio:
            base = np.maximum(box_mean(found.peak), np.float32(1.0))
            ratio = np.clip(density / base, 0.0, DENSEST - 1.0)
            density = np.asarray(np.log1p(ratio), np.float32)
        return cls(density, _scale(found.depth, mm_per_px), "peak opacification")


def peak_shows_veins(found: Opacification) -> bool:
    """Whether a run's peak shows an injection, and the table stood still."""
    share = float(found.opacified.mean())
    return LEAST_OPACIFIED <= share <= MOST_OPACIFIED


def behind_collimator(values: Image, logarithm: bool) -> NDArray[np.bool_] | None:
    """Which pixels hardly any beam reached, from the image's edge inwards; None when few do.

    Parameters
    ----------
    values : ndarray, float32 (rows, columns)
        Rising with intensity: logarithms or grey levels (`LogDomain.of_frame`).
    """
    from scipy.ndimage import binary_dilation, label

    step = max(1, max(values.shape) // FIELD_GRID)
    few = values[::step, ::step]
    bright, least = float(np.percentile(few, 90)), float(few.min())
    limit = bright - float(np.log(1 / DARK_SHARE))
    if not logarithm:
        limit = least + DARK_SHARE * (bright - least)
    dark = np.pad(few < limit, 1, constant_values=True)
    parts, _count = label(dark)
    outside = (parts == parts[0, 0])[1:-1, 1:-1]
    if float(outside.mean()) < LEAST_HIDDEN:
        return None
    wide = binary_dilation(outside, iterations=2)
    rows, columns = values.shape
    return np.asarray(np.repeat(np.repeat(wide, step, 0), step, 1)[:rows, :columns])


def _even(density: Image, hidden: NDArray[np.bool_]) -> Image:
    """The density with what is hidden made equal to the nearest that is not."""
    from scipy.ndimage import distance_transform_edt

    step = max(1, max(density.shape) // FIELD_GRID)
    few = density[::step, ::step]
    down, right = distance_transform_edt(
        hidden[::step, ::step], return_distances=False, return_indices=True
    )
    rows, columns = density.shape
    filled = np.repeat(np.repeat(few[down, right], step, 0), step, 1)[:rows, :columns]
    return np.asarray(np.where(hidden, filled, density), np.float32)


def difference_shows_veins(difference: NDArray[Any]) -> bool:
    """Whether little else than contrast differs from the mask: nothing big moved since."""
    whole = np.asarray(difference, np.float32)
    steps = np.abs(np.diff(whole[::2], axis=1))
    noise = 1.4826 * float(np.median(steps)) / np.sqrt(2.0)
    few = whole[::2, ::2] - np.median(whole[::2, ::2])
    return float((np.abs(few) > MOVED_NOISE * noise).mean()) <= MOST_MOVED


def _scale(image: NDArray[Any], mm_per_px: float | None) -> float:
    return mm_per_px if mm_per_px is not None else FIELD_MM / max(image.shape[:2])
