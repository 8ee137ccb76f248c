"""How the whole image brightened or darkened on a frame, told by what no contrast reaches.

Exposure control, the tube's ramp and a drifting detector change every pixel alike; without taking
that off, it would pass for contrast that comes or goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SIDE = 24
"""Blocks along each side of the image whose means stand for it."""

LEAST_BLOCKS = 100
"""Blocks with a signal below which nothing is told."""

COLLIMATED_SHARE = 0.05
"""Share of the bright blocks' value below which a block lies behind the collimator."""

ROUNDS, KEPT_SD = 8, 2.0
"""Rounds of leaving out what contrast reached, and how far beyond the rest it lies, in MADs."""

SURE, LEAST_SHARE = 5.0, 5e-4
"""A drift is taken off when it is this many standard errors and this share of the signal."""

LARGEST = 3.0
"""Factor of exposure beyond which frames are not of one kind, and nothing is taken off."""

MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Drift:
    """On this frame a value v without contrast reads gain x v + offset."""

    gain: float = 1.0
    offset: float = 0.0

    @property
    def none(self) -> bool:
        """Whether there is nothing to take off."""
        return self.gain == 1.0 and self.offset == 0.0

    def removed(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values as they would read without the drift."""
        return values if self.none else (values - self.offset) / self.gain


NO_DRIFT = Drift()


def block_means(values: npt.NDArray[Any]) -> Floats:
    """Means over a grid of blocks, at most `SIDE` a side, float64, flat (blocks,)."""
    rows, columns = values.shape
    top = np.unique(np.linspace(0, rows, min(SIDE, rows) + 1)[:-1].astype(np.intp))
    left = np.unique(np.linspace(0, columns, min(SIDE, columns) + 1)[:-1].astype(np.intp))
    sums = np.add.reduceat(np.add.reduceat(values, left, axis=1, dtype=np.float64), top, axis=0)
    counts = np.diff(np.append(top, rows))[:, None] * np.diff(np.append(left, columns))
    return np.asarray(sums / counts).ravel()


def find_drift(now: Floats, before: Floats, *, by_ratio: bool, offset_only: bool = False) -> Drift:
    """The drift between two sets of block means, of which some may be darkened by contrast.

    Parameters
    ----------
    now, before : ndarray (blocks,)
        Of a frame, and without contrast.
    by_ratio : bool
        Values are intensities: a drift is a factor.
    offset_only : bool
        Values are differences: a drift is an offset.

    Notes
    -----
    Blocks that lie beyond `KEPT_SD` median absolute deviations from the rest are left out, round by
    round; the middle of what stays is the drift. Values that are no intensities (inverted,
    or of an unknown relation) get a straight line: gain and offset.
    """
    seen = np.isfinite(now) & np.isfinite(before)
    if by_ratio:
        seen &= (now > 0) & (before > COLLIMATED_SHARE * np.percentile(before, 95))
    if int(seen.sum()) < LEAST_BLOCKS:
        return NO_DRIFT
    now, before = now[seen], before[seen]
    if by_ratio:
        middle, error, _ = _middle(np.log(now / before))
        sure = max(SURE * error, LEAST_SHARE) < abs(middle) < np.log(LARGEST)
        return Drift(gain=float(np.exp(middle))) if sure else NO_DRIFT
    middle, error, kept = _middle(now - before)
    if offset_only:
        return Drift(offset=middle) if abs(middle) > max(SURE * error, 1e-9) else NO_DRIFT
    return _line(now, before, kept)


def _middle(values: Floats) -> tuple[float, float, npt.NDArray[np.bool_]]:
    """The middle of the values most agree on, its standard error, and which those are."""
    kept = np.ones(values.size, bool)
    middle = float(np.median(values))
    spread = 0.0
    for _ in range(ROUNDS):
        spread = MAD_TO_SD * float(np.median(np.abs(values[kept] - middle)))
        inside = np.abs(values - middle) <= KEPT_SD * spread
        if int(inside.sum()) < LEAST_BLOCKS // 2 or bool((inside == kept).all()):
            break
        kept, middle = inside, float(np.median(values[inside]))
    return middle, 1.2533 * spread / float(np.sqrt(kept.sum())), kept


def _line(now: Floats, before: Floats, kept: npt.NDArray[np.bool_]) -> Drift:
    """Gain and offset by least squares, blocks far from the line left out round by round."""
    gain, offset, error = 1.0, 0.0, np.inf
    for _ in range(ROUNDS):
        x, y = before[kept], now[kept]
        spread_x = float(((x - x.mean()) ** 2).sum())
        if kept.sum() < LEAST_BLOCKS // 2 or spread_x <= 0:
            break
        gain = float(((x - x.mean()) * (y - y.mean())).sum() / spread_x)
        offset = float(y.mean() - gain * x.mean())
        rest = now - gain * before - offset
        sd = MAD_TO_SD * float(np.median(np.abs(rest[kept])))
        error = sd / float(np.sqrt(kept.sum()))
        inside = np.abs(rest) <= 2.5 * sd
        if bool((inside == kept).all()):
            break
        kept = inside
    level = float(np.median(before))
    change = abs((gain - 1.0) * level + offset)
    sure = change > max(SURE * error, LEAST_SHARE * abs(level)) and 1 / LARGEST < gain < LARGEST
    return Drift(gain, offset) if sure else NO_DRIFT
