"""Both edges of a vein along its course, to a fraction of a pixel, and how sure they are.

The picture is straightened along the course; on each side an edge is followed along the vein as
the path of the steepest fall of density outwards (dynamic programming, Sonka et al., IEEE Trans.
Medical Imaging 14, 1995, 151-161), never beyond a place where density has risen again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.vein_picture import VeinPicture

Floats = NDArray[np.float64]

REACH_MM = 17.0
"""How far to each side is looked: beyond the wall of the widest vein, 12.5 mm, seen off-centre."""

LEAST_RADIUS_MM = 0.8
ROW_MM = 1.0
"""Step along the vein."""

ALONG_MM, ACROSS_MM = 1.5, 0.45
"""Standard deviations of the smoothing of the straightened picture."""

BLUR_PX = 1.3
"""Standard deviation of the blur of the picture itself: 3 x 3 px means, the detector (about 0.8
px) and the sampling between pixels."""

STEEPEST = 2
"""Lateral samples an edge may move by from row to row."""

BEND_COST = 0.02
RISE_COST = 1.2
LEFT_COST = 0.35
FAR_COST = 0.15
"""Of leaving the row before by a sample, of density that rose again on the way, of density left
1 mm beyond (an edge between two streams inside a vein leaves much), and of the whole reach;
against a fall by the vein's whole contrast within 1 mm, which is worth about 0.5."""

HALF_SURE = 3.0
"""Contrast over noise at which an edge is as likely wrong as right."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of a vein along its course.

    Attributes
    ----------
    left_px, right_px : ndarray, float64 (n,)
        Distances from the course to the edges, px: to the left (-normal) negative.
    contrast : ndarray, float64 (n,)
        Density inside less outside.
    presence : ndarray, float64 (n,)
        From 0 to 1: whether contrast is there at all.
    confidence : ndarray, float64 (n,)
        From 0 to 1: of both edges.
    """

    left_px: Floats
    right_px: Floats
    contrast: Floats
    presence: Floats
    confidence: Floats

    @property
    def diameter_px(self) -> Floats:
        """Distance between the edges, px."""
        return np.asarray(self.right_px - self.left_px)

    @property
    def middle_px(self) -> Floats:
        """How far the middle lies to the right of the course, px."""
        return np.asarray((self.right_px + self.left_px) / 2)


def straightened(picture: VeinPicture, points_px: Floats, normal: Floats) -> tuple[Floats, Floats]:
    """Density across a course, (n, m), and the m distances from it, px.

    Parameters
    ----------
    points_px, normal : ndarray (n, 2)
        Places `ROW_MM` apart and unit normals.
    """
    from scipy.ndimage import map_coordinates

    step_px = max(1.0, 0.25 / picture.mm_per_px)
    count = int(REACH_MM / picture.mm_per_px / step_px)
    offsets = np.asarray(np.arange(-count, count + 1) * step_px, np.float64)
    at = points_px[:, None, :] + offsets[None, :, None] * normal[:, None, :]
    values = map_coordinates(
        picture.density, [at[..., 1], at[..., 0]], order=1, mode="nearest", output=np.float64
    )
    return np.asarray(values, np.float64), offsets


def find_edges(picture: VeinPicture, points_px: Floats, normal: Floats) -> Edges:
    """Edges of the vein along a course of places `ROW_MM` apart with unit normals, (n, 2) each."""
    from scipy.ndimage import gaussian_filter

    raw, offsets = straightened(picture, points_px, normal)
    step_px = float(offsets[1] - offsets[0])
    step_mm = step_px * picture.mm_per_px
    density = gaussian_filter(raw, (ALONG_MM / ROW_MM, ACROSS_MM / step_mm), mode="nearest")
    count = len(offsets) // 2
    sides = np.stack((density[:, count::-1], density[:, count:]))  # (2, n, out from the course)
    inside = density[:, count - round(1.5 / step_mm) : count + round(1.5 / step_mm) + 1].max(axis=1)
    outside = np.minimum(*np.percentile(sides, 25, axis=2))
    contrast = np.maximum(inside - outside, 0.0)
    noise = _noise(raw, density)
    typical = max(float(np.median(contrast)), 1e-9)
    whole = np.maximum(contrast, max(0.15 * typical, 2 * noise, 1e-9))[None, :, None]
    slope = np.diff(sides, axis=2) / step_mm
    fall = np.maximum(-slope, 0.0) / whole
    rise = np.cumsum(np.maximum(slope, 0.0), axis=2) * step_mm / whole
    far = np.arange(1, count + 1) / count
    beyond = np.minimum(np.arange(count) + 1 + round(1.0 / step_mm), count)
    left = np.clip((sides[:, :, beyond] - outside[None, :, None]) / whole, 0.0, 1.0)
    score = fall - RISE_COST * np.maximum(rise - 0.1, 0.0) - FAR_COST * far - LEFT_COST * left
    score[:, :, : max(1, int(LEAST_RADIUS_MM / step_mm))] = -10.0
    place = _follow(score)
    out = _between(fall, place, np.arange(len(points_px)))  # between samples k and k + 1: k + 0.5
    radius_px = (out + 0.5) * step_px + _drawn_in_px(picture.mm_per_px)
    strength = np.take_along_axis(fall, place[:, :, None], axis=2)[:, :, 0].min(axis=0)
    sure = contrast / (contrast + HALF_SURE * noise + 0.08 * typical)
    confidence = sure * np.clip(strength / 0.15, 0.0, 1.0)
    return Edges(-radius_px[0], radius_px[1], contrast, sure, confidence)


def _drawn_in_px(mm_per_px: float) -> float:
    """How far inside the wall the steepest fall of a blurred vein lies, px.

    The wall of a round or oval vein falls like a square root; blurred with standard deviation s,
    its steepest place lies 0.765 s inside (computed), whatever the vein's width.
    """
    return float(0.765 * np.hypot(ACROSS_MM / mm_per_px, BLUR_PX))


def _noise(raw: Floats, smooth: Floats) -> float:
    """Standard deviation of the smoothed straightened picture by its noise."""
    return float(np.median(np.abs(raw - smooth))) * 1.4826 / 3.0


def _follow(score: Floats) -> NDArray[np.int64]:
    """For each side (2, n, m) the column of each row on the path of the highest sum, (2, n)."""
    sides, rows, columns = score.shape
    moves = np.arange(-STEEPEST, STEEPEST + 1)
    cost = BEND_COST * np.square(moves).astype(np.float64)
    came = np.zeros((sides, rows, columns), np.int8)
    best = score[:, 0].copy()
    padded = np.full((sides, columns + 2 * STEEPEST), -np.inf)
    for row in range(1, rows):
        padded[:, STEEPEST:-STEEPEST] = best
        options = np.lib.stride_tricks.sliding_window_view(padded, len(moves), axis=1) - cost
        choice = options.argmax(axis=2)
        came[:, row] = choice - STEEPEST
        best = np.take_along_axis(options, choice[..., None], axis=2)[..., 0] + score[:, row]
    path = np.empty((sides, rows), np.int64)
    path[:, -1] = best.argmax(axis=1)
    side = np.arange(sides)
    for row in range(rows - 1, 0, -1):
        path[:, row - 1] = path[:, row] + came[side, row, path[:, row]]
    return path


def _between(values: Floats, place: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
    """Columns of the tops near to `place`, between samples (parabola), (2, n)."""
    last = values.shape[2] - 1
    side = np.arange(values.shape[0])[:, None]
    before = values[side, rows, np.maximum(place - 1, 0)]
    here = values[side, rows, place]
    after = values[side, rows, np.minimum(place + 1, last)]
    bend = before - 2 * here + after
    with np.errstate(divide="ignore", invalid="ignore"):
        by = np.where(bend < -1e-12, 0.5 * (before - after) / bend, 0.0)
    return np.asarray(place + np.clip(by, -0.5, 0.5))
