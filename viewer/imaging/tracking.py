"""The IVUS transducer followed along a vein on a fluoroscopy stored during the pullback.

Each frame is straightened along the centerline and freed of what stays (the median over time).
What is left is compared with a small dark blob, or with the transducer itself where a reader
marked it; the way that fits best, never turning back and never faster than a hand pulls, is found
with forward-backward over places along the vein, which also says how sure each place is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.polyline import Polyline

Floats = NDArray[np.float64]
Map = NDArray[np.float32]

ROW_MM, REACH_MM = 0.6, 11.0
"""Step along and across the vein, and how far across: a catheter lies anywhere in the lumen."""

BLOB_MM = 1.1
"""Half length of the blob where no mark says what the transducer looks like."""

PATCH_MM = (3.6, 2.4)
"""Half extent, along and across, of the picture taken at a mark."""

FASTEST_MM_S = 40.0
"""No hand pulls faster."""

MOST_Z = 9.0
"""A place that stands out by more than this is certain; more would let one frame rule all."""

LEAST_Z = 3.0
"""How far the way found must stand out on average to be believed."""

MARK_ROWS = 2.0
SPOT_ERROR_MM = 0.6
"""± of a place that is seen clearly: half the transducer's length."""

LOST_Z = 2.5
"""A frame on which the place does not stand out by this much is not used."""


@dataclass(frozen=True, eq=False)
class Tracked:
    """The transducer's way.

    Attributes
    ----------
    frames : ndarray of int, shape (m,)
        Which of the straightened frames show it, rising.
    arc_px, sigma_px : ndarray, shape (m,)
        Along the centerline, and its ±.
    distinct : float
        How far the way stands out, in standard deviations of the background.
    """

    frames: NDArray[np.intp]
    arc_px: Floats
    sigma_px: Floats
    distinct: float


class Straightener:
    """Frames laid straight along a centerline, shape (rows, across)."""

    def __init__(self, course: Polyline, mm_per_px: float, shape: tuple[int, int]) -> None:
        self.mm_per_px = mm_per_px
        step = ROW_MM / mm_per_px
        count = max(8, int(course.length_px / step) + 1)
        self.arc_px = np.linspace(0.0, course.length_px, count)
        half = int(REACH_MM / ROW_MM)
        across = np.arange(-half, half + 1) * step
        points, normal = course.at(self.arc_px), course.normal(self.arc_px)
        self.x = points[:, :1] + normal[:, :1] * across
        self.y = points[:, 1:] + normal[:, 1:] * across
        height, width = shape
        self.x = np.clip(self.x, 0, width - 1.001)
        self.y = np.clip(self.y, 0, height - 1.001)

    def of(self, density: NDArray[np.floating]) -> Map:
        """A frame's density along the vein by bilinear interpolation, (rows, across)."""
        x0, y0 = self.x.astype(np.intp), self.y.astype(np.intp)
        fx, fy = self.x - x0, self.y - y0
        upper = density[y0, x0] * (1 - fx) + density[y0, x0 + 1] * fx
        lower = density[y0 + 1, x0] * (1 - fx) + density[y0 + 1, x0 + 1] * fx
        return np.asarray(upper * (1 - fy) + lower * fy, np.float32)


def track(
    strips: Map,
    times_s: Floats,
    arc_px: Floats,
    marks: Sequence[tuple[int, tuple[int, int]]] = (),
    toward: int = 0,
) -> Tracked | None:
    """Follow the transducer.

    Parameters
    ----------
    strips : ndarray of float32, shape (frames, rows, across)
        Density (dark is more) along the vein, from a `Straightener`.
    times_s : ndarray, shape (frames,)
        Rising.
    arc_px : ndarray, shape (rows,)
    marks : sequence of (frame, (row, column))
        Where a reader saw it.
    toward : int
        +1 when it moves towards rising arc, -1 falling, 0 unknown: both are tried.

    Returns
    -------
    Tracked or None
        None when nothing that moves along the vein stands out.
    """
    if len(strips) < 4:
        return None
    moved: Map = np.asarray(strips - np.median(strips, axis=0), np.float32)
    moved -= np.median(moved, axis=(1, 2), keepdims=True).astype(np.float32)
    standing = _standing_out(moved, _template(moved, marks))
    ways = []
    for direction in (toward,) if toward else (1, -1):
        turned = standing if direction > 0 else standing[:, ::-1]
        pins = [(f, row if direction > 0 else standing.shape[1] - 1 - row) for f, (row, _) in marks]
        mean, sigma, gain = _follow(turned, times_s, pins)
        ways.append((gain, mean if direction > 0 else standing.shape[1] - 1 - mean, sigma))
    _, rows, sigma = max(ways, key=lambda way: way[0])
    return _seen(standing, rows, sigma, arc_px)


def _template(moved: Map, marks: Sequence[tuple[int, tuple[int, int]]]) -> Map:
    """What is looked for, sum 0 and energy 1."""
    along, across = (int(np.ceil(half / ROW_MM)) for half in PATCH_MM)
    pieces = []
    for frame, (row, column) in marks:
        rows = np.clip(np.arange(row - along, row + along + 1), 0, moved.shape[1] - 1)
        columns = np.clip(np.arange(column - across, column + across + 1), 0, moved.shape[2] - 1)
        pieces.append(moved[frame][np.ix_(rows, columns)])
    y, x = np.mgrid[-along : along + 1, -across : across + 1] * ROW_MM
    blob = np.exp(-0.5 * ((y / BLOB_MM) ** 2 + (x / (0.7 * BLOB_MM)) ** 2))
    found = blob if not pieces else np.mean(pieces, axis=0) * (0.35 + 0.65 * blob)
    found = found - found.mean()
    return np.asarray(found / max(float(np.sqrt((found**2).sum())), 1e-9), np.float32)


def _standing_out(moved: Map, template: Map) -> Map:
    """By how many standard deviations each row stands out on each frame, (frames, rows)."""
    from scipy.signal import fftconvolve

    kernel = template[::-1, ::-1][None]
    fits = fftconvolve(moved, kernel, mode="same", axes=(1, 2))
    spread = 1.4826 * np.median(np.abs(fits - np.median(fits)), axis=(1, 2), keepdims=True)
    best = (fits / np.maximum(spread, 1e-9)).max(axis=2)
    return np.asarray(best - np.median(best, axis=1, keepdims=True), np.float32)


def _follow(
    standing: Map, times_s: Floats, pins: Sequence[tuple[int, int]]
) -> tuple[Floats, Floats, float]:
    """Mean and ± of the row at each frame, and how well the whole way fits (a log)."""
    count, rows = standing.shape
    like = np.exp(np.clip(standing, -1.0, MOST_Z).astype(np.float64))
    at = np.arange(rows)
    for frame, row in pins:
        like[frame] *= np.exp(-0.5 * ((at - row) / MARK_ROWS) ** 2) * np.exp(MOST_Z)
    reach = [
        int(np.clip(np.ceil(FASTEST_MM_S * dt / ROW_MM), 1, rows - 1)) for dt in np.diff(times_s)
    ]
    forth = np.empty_like(like)
    forth[0] = like[0] / like[0].sum()
    gain = float(np.log(like[0].mean()))
    for t in range(1, count):
        forth[t] = _ahead(forth[t - 1], reach[t - 1]) * like[t]
        total = forth[t].sum()
        forth[t] /= total
        gain += float(np.log(total))
    chance = np.empty_like(like)
    back = np.ones(rows)
    for t in range(count - 1, -1, -1):
        chance[t] = forth[t] * back
        chance[t] /= chance[t].sum()
        if t:
            back = _ahead((back * like[t])[::-1], reach[t - 1])[::-1]
            back = back / back.max()
    mean = np.asarray(chance @ at, np.float64)
    return mean, np.sqrt(np.maximum(chance @ at**2 - mean**2, 0.0)), gain


def _ahead(chance: Floats, reach: int) -> Floats:
    """Moved by 0 to `reach` rows, each as likely."""
    total = np.concatenate((np.zeros(reach + 1), np.cumsum(chance)))
    return np.asarray((total[reach + 1 :] - total[: -reach - 1]) / (reach + 1) + 1e-12)


def _seen(standing: Map, rows: Floats, sigma: Floats, arc_px: Floats) -> Tracked | None:
    nearest = np.clip(np.rint(rows).astype(np.intp), 0, standing.shape[1] - 1)
    near = np.clip(nearest[:, None] + np.arange(-1, 2), 0, standing.shape[1] - 1)
    height = np.take_along_axis(standing, near, axis=1).max(axis=1)
    good = np.flatnonzero(height >= LOST_Z)
    distinct = float(np.median(height))
    if len(good) < 3 or distinct < LEAST_Z:
        return None
    step = float(arc_px[1] - arc_px[0])
    arc = np.interp(rows[good], np.arange(len(arc_px)), arc_px)
    return Tracked(good, arc, np.hypot(sigma[good] * step, SPOT_ERROR_MM / ROW_MM * step), distinct)
