"""A rough size of the lumen at every frame of a pullback, from its polar stack.

Made to recognise a vein's profile along its length, not to measure one frame: the border is a
closed path between the dark lumen and the first bright wall around it. It bridges side branches,
stays out of the arteries behind the wall and knows nothing of trabeculae or clot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

ANGLES, RADII = 36, 48
"""The border is looked for every 10 degrees, at 48 depths."""

DIRECTIONS = 12
"""Widths are taken every 15 degrees of half a turn."""

SMOOTHED_FRAMES = 5
"""Blood speckles anew on every frame: the mean of a few is even, while the wall stays."""

WALL_MM = 0.8
"""Bright tissue a ray may cross before what lies behind no longer counts as lumen; a vein's wall
with its gleam is about 1 mm thick on these pictures."""

STEPS = 4
"""Most depths that the border may jump from one direction to the next."""

BEND_COST = 0.05
EDGE_SHIFT = 1.25
"""Where the step of grey at depth k lies, in depths: found on synthetic pictures."""

EDGE_GAIN = 1.0
"""Of a jump of one depth, and of a full step from blood to wall, in mm of dark lumen."""

NOMINAL_FIELD_MM = 50.0
"""Field of the picture when the pullback has no scale: venous catheters show up to 60 mm."""


@dataclass(frozen=True, eq=False)
class LumenProfile:
    """Rough lumen of some frames of a pullback.

    Attributes
    ----------
    frames : ndarray of int, shape (n,)
        0-based frames that were looked at, rising.
    diameter_mm : ndarray, shape (n,)
        Of the circle of equal area.
    widths_mm : ndarray, shape (n, DIRECTIONS)
        Extent of the lumen along directions 0, 15, ... 165 degrees of the image (+x towards +y).
    confidence : ndarray, shape (n,)
        0 to 1: how clearly dark and bright part at the border.
    border : ndarray of float64, shape (n, ANGLES)
        Depth of the border in each direction, a share of the polar picture's depth.
    """

    frames: npt.NDArray[np.intp]
    diameter_mm: Values
    widths_mm: Values
    confidence: Values
    border: Values


def lumen_profile(stack: U8, frames: npt.NDArray[np.intp], radius_mm: float | None) -> LumenProfile:
    """The lumen of every frame of a polar stack (`imaging.longitudinal.polar_reduce`).

    Parameters
    ----------
    stack : ndarray of uint8, shape (n, angles, radii)
        `angles` a multiple of 36 and `radii` of 48.
    frames : ndarray, shape (n,)
        Which frames of the pullback they are.
    radius_mm : float or None
        Depth of the polar picture; without a scale a usual field stands in, so that sizes are
        right up to a factor.
    """
    depth_mm = (radius_mm or NOMINAL_FIELD_MM / 2) / RADII
    level = _calm(stack)
    first, blood, tissue = _levels(level, depth_mm)
    grey = (level - blood) / max(tissue - blood, 1.0)
    score, edge = _scores(grey, first, depth_mm)
    border = _closed_path(score, first)
    radii = np.asarray((border + EDGE_SHIFT) * depth_mm, np.float64)
    rows, columns = np.ogrid[: len(radii), :ANGLES]
    contrast = np.clip(edge[rows, columns, border], 0.0, 1.0)
    area, widths = _sizes(radii)
    return LumenProfile(
        np.asarray(frames, np.intp),
        2.0 * np.sqrt(area / np.pi),
        widths,
        np.clip(1.6 * contrast.mean(axis=1), 0.0, 1.0).astype(np.float64),
        radii / (depth_mm * RADII),
    )


def ring_down_end(stack: U8, radius_mm: float | None) -> int:
    """First of the stack's radii outside catheter and ring-down."""
    depth_mm = (radius_mm or NOMINAL_FIELD_MM / 2) / RADII
    step = max(1, len(stack) // 100)
    first, _, _ = _levels(_calm(stack[::step]), depth_mm)
    return int(first * (stack.shape[2] // RADII))


def _calm(stack: U8) -> Map:
    """Grey of (n, ANGLES, RADII) cells, evened over a few frames."""
    n, angles, radii = stack.shape
    cells = stack.reshape(n, ANGLES, angles // ANGLES, RADII, radii // RADII)
    coarse = cells.mean(axis=(2, 4), dtype=np.float32)
    reach = SMOOTHED_FRAMES // 2
    padded = np.concatenate((coarse[:1].repeat(reach, 0), coarse, coarse[-1:].repeat(reach, 0)))
    total = np.cumsum(np.concatenate((np.zeros_like(coarse[:1]), padded)), axis=0)
    return np.asarray((total[SMOOTHED_FRAMES:] - total[:-SMOOTHED_FRAMES]) / SMOOTHED_FRAMES)


def _levels(level: Map, depth_mm: float) -> tuple[int, float, float]:
    """First depth outside catheter and ring-down, grey of blood, grey of tissue.

    The ring-down is what stays bright at every angle of nearly every frame.
    """
    sample = level[:: max(1, len(level) // 200)]
    always = np.percentile(sample, 15, axis=(0, 1))
    near = max(4, int(9.0 / depth_mm))
    dark = float(np.min(always[:near]))
    # beyond the darkest place around the catheter the ring-down has ended; step back to where
    # it falls to within a tenth of the way
    outer = np.percentile(sample, 85)
    bright = np.flatnonzero(always[:near] > dark + 0.18 * max(float(outer) - dark, 1.0))
    least = int(np.ceil(1.3 / depth_mm))
    first = max(least, int(bright[-1]) + 1 if len(bright) else least)
    first = min(first, int(5.0 / depth_mm))
    blood = float(np.percentile(sample[:, :, first : first + max(2, int(2.0 / depth_mm))], 25))
    tissue = float(np.median(np.percentile(sample[:, :, first:], 85, axis=2)))
    return first, blood, tissue


def _scores(grey: Map, first: int, depth_mm: float) -> tuple[Map, Map]:
    """How well a border at each depth fits, in mm of lumen, and the step of grey there."""
    middle = np.float32(0.42)
    bright = np.maximum(grey - middle, 0.0)
    bright[:, :, :first] = 0.0
    crossed = np.cumsum(bright, axis=2) * np.float32(depth_mm)
    seen = 1.0 / (1.0 + np.exp(np.clip((crossed - 0.5 * WALL_MM) / (0.15 * WALL_MM), -30, 30)))
    gain = np.clip(middle - grey, -1.2, 0.35)
    gain = np.where(gain > 0, gain * seen, gain) * np.float32(depth_mm)
    gain[:, :, :first] = 0.0
    inside = np.cumsum(gain, axis=2)
    reach = max(1, round(1.2 / depth_mm))
    total = np.cumsum(np.pad(grey, ((0, 0), (0, 0), (reach + 1, reach)), mode="edge"), axis=2)
    after = total[:, :, 2 * reach + 1 :] - total[:, :, reach + 1 : -reach]
    before = total[:, :, reach + 1 : -reach] - total[:, :, 1 : -2 * reach]
    edge = np.asarray((after - before) / reach, np.float32)
    score = inside + np.float32(EDGE_GAIN) * np.clip(edge, -0.5, 1.0) * seen
    return np.asarray(score, np.float32), edge


def _closed_path(score: Map, first: int) -> npt.NDArray[np.intp]:
    """Best closed path over the angles, shape (n, ANGLES): Viterbi, twice around."""
    score = score[:, :, max(first - 1, 0) :]
    n, _, depths = score.shape
    best = score[:, 0].copy()
    trace = np.zeros((2 * ANGLES, n, depths), np.int8)
    jumps = range(-STEPS, STEPS + 1)
    for step in range(1, 2 * ANGLES):
        padded = np.pad(best, ((0, 0), (STEPS, STEPS)), constant_values=-1e9)
        top = np.full_like(best, -np.inf)
        for jump in jumps:
            trial = padded[:, STEPS + jump : STEPS + jump + depths] - np.float32(
                BEND_COST * jump * jump
            )
            better = trial > top
            top[better] = trial[better]
            trace[step][better] = jump
        best = top + score[:, step % ANGLES]
    at = np.argmax(best, axis=1)
    path = np.zeros((n, 2 * ANGLES), np.intp)
    rows = np.arange(n)
    for step in range(2 * ANGLES - 1, -1, -1):
        path[:, step] = at
        at = at + trace[step, rows, at]
    half = ANGLES // 2
    middle = path[:, half : half + ANGLES]
    return np.asarray(np.roll(middle, half, axis=1) + max(first - 1, 0))


def _sizes(radii_mm: Values) -> tuple[Values, Values]:
    """Area and widths of polar outlines, shapes (n,) and (n, DIRECTIONS)."""
    turn = 2 * np.pi / ANGLES
    area = 0.5 * np.sin(turn) * (radii_mm * np.roll(radii_mm, -1, axis=1)).sum(axis=1)
    angle = (np.arange(ANGLES) + 0.5) * turn
    x, y = radii_mm * np.cos(angle), radii_mm * np.sin(angle)
    widths = []
    for direction in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
        along = x * np.cos(direction) + y * np.sin(direction)
        widths.append(np.ptp(along, axis=1))
    return np.asarray(area, np.float64), np.stack(widths, axis=1).astype(np.float64)
