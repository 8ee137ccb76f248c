"""How much each place of a picture looks like a vein of 4 to 25 mm, on a reduced grid.

Source: second derivatives over several scales, Sato et al., Medical Image Analysis 2, 1998,
143-168; responses normalised by scale squared, Lindeberg, Int. J. Computer Vision 30, 1998, 117.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.log_domain import Image
from viewer.imaging.vein_picture import VeinPicture

VEIN_RADII_MM = (2.0, 12.5)
"""Half widths of veins from the knee to the cava that are looked for."""

SCALES = 6
SIGMA_PER_RADIUS = 0.6
"""Scale at which the projection of a round vessel answers most, over its radius (computed for
the profile sqrt(r^2 - x^2))."""

LARGEST_GRID = 340
"""Rows or columns of the reduced grid at most: a path over it is found in 40 ms."""

FINEST_MM, COARSEST_PX = 1.0, 0.75
"""Grid steps are near to `FINEST_MM`; no scale is below `COARSEST_PX` steps."""

OFF_VEIN = 8.0
"""Cost of a step outside over one inside: a gap of 25 mm is crossed rather than gone round by a
collateral of 200 mm, and a bend is never cut."""

CREST_MM = 5.0
"""A place counts by its share of the best answer so near: paths keep to the middle in bends."""

NOISE_TIMES = 4.0
STRONG_SHARE = 0.06
"""An answer this many times its median, or this share of the strongest, counts as half a vein."""


@dataclass(frozen=True, eq=False)
class VesselMap:
    """Vesselness and the cost of going through each place.

    Attributes
    ----------
    vesselness : ndarray, float32 (grid rows, grid columns)
        From 0 to 1.
    cost : ndarray, float64 (grid rows, grid columns)
        From 1 inside a vein to 1 + `OFF_VEIN`.
    step_px : int
        Image pixels a grid step; grid place g lies at pixel g * step_px + (step_px - 1) / 2.
    """

    vesselness: Image
    cost: NDArray[np.float64]
    step_px: int

    def to_grid(self, point_px: tuple[float, float]) -> tuple[int, int]:
        """(row, column) of the grid place nearest to an (x, y) px point."""
        rows, columns = self.cost.shape
        column, row = (round((v - (self.step_px - 1) / 2) / self.step_px) for v in point_px)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)

    def to_px(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """(x, y) px of grid (row, column) places, shape (n, 2)."""
        middle = (self.step_px - 1) / 2
        return np.asarray(places[:, ::-1] * float(self.step_px) + middle, np.float64)


def grid_step_px(shape: tuple[int, ...], mm_per_px: float) -> int:
    """Image pixels a grid step."""
    fine = max(1, int(FINEST_MM / mm_per_px))
    return max(fine if fine < 5 else 4, -(-max(shape[:2]) // LARGEST_GRID))


def vessel_map(picture: VeinPicture) -> VesselMap:
    """Vesselness of a picture and the cost of paths through it."""
    step = grid_step_px(picture.density.shape, picture.mm_per_px)
    small = _reduced(picture.density, step)
    answer = _ridges(small, picture.mm_per_px * step)
    if picture.hidden is not None:
        answer[_reduced(picture.hidden.astype(np.float32), step) > 0] = 0.0
    typical = max(
        NOISE_TIMES * float(np.median(answer)), STRONG_SHARE * float(np.percentile(answer, 99.5))
    )
    vesselness = answer / (answer + np.float32(max(typical, 1e-12)))
    vesselness = np.asarray(vesselness * _crest(answer, picture.mm_per_px * step), np.float32)
    cost = 1.0 + OFF_VEIN * np.square(1.0 - vesselness.astype(np.float64))
    return VesselMap(vesselness, cost, step)


def _crest(answer: Image, step_mm: float) -> Image:
    """How near to the middle of its vein each place lies: its answer over the best nearby."""
    from scipy.ndimage import maximum_filter

    near = 2 * max(1, round(CREST_MM / step_mm)) + 1
    best = maximum_filter(answer, size=near, mode="nearest")
    return np.asarray(answer / np.maximum(best, np.float32(1e-12)), np.float32)


def _reduced(image: Image, step: int) -> Image:
    """Means over step x step px; a rest at the far edges is repeated to a whole block."""
    rows, columns = image.shape
    more = ((0, -rows % step), (0, -columns % step))
    whole = np.pad(image, more, mode="edge")
    blocks = whole.reshape(whole.shape[0] // step, step, whole.shape[1] // step, step)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _ridges(image: Image, step_mm: float) -> Image:
    """Strongest normalised ridge answer over the scales, float32, 0 where there is none."""
    from scipy.ndimage import gaussian_filter

    best = np.zeros_like(image)
    for radius_mm in np.geomspace(*VEIN_RADII_MM, SCALES):
        sigma = max(SIGMA_PER_RADIUS * radius_mm / step_mm, COARSEST_PX)
        smooth = gaussian_filter(image, sigma, mode="nearest", truncate=3.0)
        down, right = np.gradient(smooth)
        yy, yx = np.gradient(down)
        xx = np.gradient(right, axis=1)
        mean, half = (xx + yy) / 2, np.sqrt(np.square((xx - yy) / 2) + np.square(yx))
        across, along = mean - half, mean + half
        answer = -across - np.abs(along) * np.float32(0.5)
        np.maximum(best, np.float32(sigma**2) * answer, out=best)
    return best
