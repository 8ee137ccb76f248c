"""How wide a catheter is on an image, finer than a pixel.

A narrow tube has no edge where its shadow is halfway: the half-height width of its shadow, a chord
2 sqrt(R² - x²), is 0.87 of its diameter, and blur moves the steepest place inwards. So both edges
are first found where the shadow is steepest, on each of several parallel profiles; these are
brought onto each other along the catheter's own direction; and the shadow of a blurred tube is
fitted to the mean profile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.errors import ViewerError
from viewer.imaging.shadow import Shadow, sampled
from viewer.model.vessel import PointPx

STEP_PX = 0.25
PROFILES = 21
HALF_LENGTH_PX = 10.0
"""Profiles are taken along this much of the catheter to either side of the line."""
SHORTEST_LINE_PX = 6.0
NARROWEST_PX = 2.5
STEEPEST_TILT = 0.6
CLEAR_TIMES = 8.0
"""How many standard errors of the mean profile a catheter's shadow has to be."""
MOST_FILLED = 4.0
"""A lumen with contrast absorbs up to this much more than its wall."""
BLUR_PX = 0.9
BLUR_WEIGHT = 0.05
"""Usual blur of a detector (standard deviation) and how firmly a fit is held to it."""
_HINT = "Draw a line straight across a sharp catheter, as far again beyond its edges."


@dataclass(frozen=True, slots=True)
class CatheterWidth:
    """Width of a catheter across its own direction.

    Attributes
    ----------
    width_px, sigma_px : float
        Outer width and its standard error, from the scatter between groups of profiles.
    edges_px : tuple of two (x, y)
        Where its edges cross the line that was drawn.
    profiles : int
        How many profiles it rests on.
    """

    width_px: float
    sigma_px: float
    edges_px: tuple[PointPx, PointPx]
    profiles: int


def catheter_width(
    shadow: Shadow, start_px: PointPx, end_px: PointPx, *, filled: bool = False
) -> CatheterWidth:
    """Measure the catheter that a line crosses.

    Parameters
    ----------
    shadow : ndarray, shape (rows, columns)
        See `shadow_of`; the catheter may be darker or brighter than what is around it.
    start_px, end_px : PointPx
        Ends of a line across it, beyond both edges.
    filled : bool
        Its lumen holds contrast, which absorbs more than its wall.

    Raises
    ------
    ViewerError
        No catheter can be told there; says what to do.
    """
    start, end = np.asarray(start_px, float), np.asarray(end_px, float)
    length = float(np.hypot(*(end - start)))
    if length < SHORTEST_LINE_PX:
        raise ViewerError("The line is too short to measure a catheter", _HINT)
    across = (end - start) / length
    along = np.array([-across[1], across[0]])
    u = np.arange(-length / 2, length / 2 + 1e-9, STEP_PX)
    offsets = np.linspace(-HALF_LENGTH_PX, HALF_LENGTH_PX, PROFILES)
    middle = (start + end) / 2
    points = middle + u[None, :, None] * across + offsets[:, None, None] * along
    rows, columns = shadow.shape
    inside = ((points >= 0) & (points <= (columns - 1, rows - 1))).all(axis=(1, 2))
    if inside.sum() < 5:
        raise ViewerError("The line is too near to the edge of the image", _HINT)
    profiles, offsets = sampled(shadow, points[inside]), offsets[inside]
    profiles *= _sign(profiles.mean(axis=0))
    tilt, centre, width, kept = _course(profiles, u, offsets)
    shifted = np.stack(
        [
            np.interp(u + tilt * offset, u, profile)
            for profile, offset in zip(profiles[kept], offsets[kept], strict=True)
        ]
    )
    mean = shifted.mean(axis=0)
    scatter = float(np.std(shifted - mean, axis=0).mean()) / math.sqrt(len(shifted))
    if float(np.ptp(mean)) < CLEAR_TIMES * scatter:
        raise ViewerError("No catheter stands out of the noise on that line", _HINT)
    lean = 1.0 / math.hypot(1.0, tilt)  # the line crosses it obliquely: it reads too wide
    chord, at = _tube(mean, u, centre, width, filled)
    groups = [_tube(shifted[k::3].mean(axis=0), u, at, chord, filled)[0] for k in range(3)]
    sigma = float(np.std(groups, ddof=1)) / math.sqrt(3.0)
    width = chord * lean
    if not NARROWEST_PX <= width <= 0.9 * length:
        raise ViewerError("No catheter with two edges was found on that line", _HINT)
    left, right = (middle + (at + side * chord / 2) * across for side in (-1, 1))
    edges = ((float(left[0]), float(left[1])), (float(right[0]), float(right[1])))
    return CatheterWidth(width, sigma * lean, edges, int(kept.sum()))


def _sign(profile: NDArray[np.float64]) -> float:
    """+1 when the middle absorbs more than the ends, else -1."""
    third = profile.size // 3
    ends = np.concatenate([profile[: third // 2 + 1], profile[-(third // 2 + 1) :]])
    middle = profile[third:-third]
    rise, fall = float(middle.max() - np.median(ends)), float(np.median(ends) - middle.min())
    return 1.0 if rise >= fall else -1.0


def _course(
    profiles: NDArray[np.float64], u: NDArray[np.float64], offsets: NDArray[np.float64]
) -> tuple[float, float, float, NDArray[np.bool_]]:
    """Tilt of the catheter against the profiles; centre and width at offset 0; profiles kept."""
    smooth = np.exp(-0.5 * (np.arange(-8, 9) * STEP_PX / 0.8) ** 2)
    smooth /= smooth.sum()
    mean = profiles.mean(axis=0)
    left, right = _steepest(mean, u, smooth, None)
    width = right - left
    if width < NARROWEST_PX / 2:
        raise ViewerError("No catheter with two edges was found on that line", _HINT)
    found = np.array([_steepest(profile, u, smooth, (left, right)) for profile in profiles])
    centres = found.mean(axis=1)
    kept = np.ones(offsets.size, bool)
    tilt, centre = 0.0, float(np.median(centres))
    for _ in range(3):
        tilt, centre = (float(c) for c in np.polyfit(offsets[kept], centres[kept], 1))
        off = np.abs(centres - (centre + tilt * offsets))
        kept = off <= max(1.0, 3.0 * float(np.median(off)))
    if kept.sum() < 5 or abs(tilt) > STEEPEST_TILT:
        raise ViewerError("The line does not cross one straight catheter", _HINT)
    return tilt, centre, float(np.median(np.diff(found[kept], axis=1))), kept


def _steepest(
    profile: NDArray[np.float64],
    u: NDArray[np.float64],
    smooth: NDArray[np.float64],
    near: tuple[float, float] | None,
) -> tuple[float, float]:
    """Where a profile rises and falls most steeply, near two places when they are known."""
    padded = np.pad(profile, smooth.size // 2, mode="edge")
    slope = np.gradient(np.convolve(padded, smooth, mode="valid"), STEP_PX)
    if near is None:
        rise = int(np.argmax(slope - 1e-6 * np.abs(u)))
        fall = rise + int(np.argmin(slope[rise:]))
        return float(u[rise]), float(u[fall])
    reach = max(1.5, 0.35 * (near[1] - near[0])) + STEEPEST_TILT * HALF_LENGTH_PX
    close = [np.abs(u - place) <= reach for place in near]
    rise = int(np.argmax(np.where(close[0], slope, -np.inf)))
    fall = int(np.argmin(np.where(close[1], slope, np.inf)))
    return float(u[rise]), float(u[fall])


def _tube(
    profile: NDArray[np.float64],
    u: NDArray[np.float64],
    centre: float,
    width: float,
    filled: bool,
) -> tuple[float, float]:
    """Outer width and centre of the blurred tube whose shadow fits a profile best.

    The tube is solid, or its lumen absorbs less than its wall by a share of 0..1. A lumen that
    absorbs more hides the wall: no image tells where that tube ends, which is one cause of the
    known bias. Its darkness and a background that changes in a straight line follow from each
    trial by least squares; the blur is held near that of a detector, which a narrow tube can't
    tell.
    """
    from scipy.optimize import least_squares

    fine = np.arange(-5.0, 5.0 + 1e-9, STEP_PX)
    target = (profile - profile.mean()) / max(float(np.ptp(profile)), 1e-12)
    flat = np.stack([np.ones(u.size), u], axis=1)

    def shape(radius: float, at: float) -> NDArray[np.float64]:
        """Chord through a disc, averaged over each step: the exact integral of a half circle."""
        edges = np.append(u - STEP_PX / 2, u[-1] + STEP_PX / 2)
        x = np.clip((edges - at) / radius, -1, 1)
        return np.asarray(np.diff(x * np.sqrt(1 - x**2) + np.arcsin(x)) * radius**2 / STEP_PX)

    def residuals(trial: NDArray[np.float64]) -> NDArray[np.float64]:
        radius, at, blur, share, emptied = trial
        kernel = np.exp(-0.5 * (fine / blur) ** 2)
        kernel /= kernel.sum()
        tube = shape(radius, at) - emptied * shape(radius * share, at)
        padded = np.pad(tube / radius, fine.size // 2, mode="edge")
        columns = np.column_stack([flat, np.convolve(padded, kernel, mode="valid")])
        amounts = np.linalg.lstsq(columns, target, rcond=None)[0]
        held = BLUR_WEIGHT * (blur - BLUR_PX) / 0.4
        return np.append(columns @ amounts - target, held)

    low = [0.4 * NARROWEST_PX, centre - 2.0, 0.3, 0.5, 0.0]
    high = [0.5 * float(u[-1] - u[0]), centre + 2.0, 2.5, 0.85, 1.0]
    starts = [(0.52 * width, 0.1), (0.52 * width, 0.9), (0.6 * width, 0.1)]
    if filled:
        low[4], high[3], high[4] = -MOST_FILLED, 0.9, 0.0
        starts = [(0.65 * width, -1.0), (0.75 * width, -2.0), (0.58 * width, -0.5)]
    fits = []
    for radius, emptied in starts:
        guess = [radius, centre, BLUR_PX, 0.66, emptied]
        first = np.clip(guess, np.add(low, 1e-3), np.subtract(high, 1e-3))
        fits.append(least_squares(residuals, first, bounds=(low, high), x_scale=[1, 1, 1, 1, 1]))
    best = min(fits, key=lambda fit: float(fit.cost))
    return 2.0 * float(best.x[0]), float(best.x[1])
