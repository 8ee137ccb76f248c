"""Whether a catheter went back for a while, from a pullback's own pictures.

A catheter that goes back sees the same vein again, in reverse, and once more when it goes on: a
moment after a turn looks like the moment as long before it, and unlike the turn itself. A pause
looks like its own middle, so it is no turn. Only places left and seen again at both turns count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

CELLS = 24
"""Angles and depths of the cells that are compared."""

BLOCK_S = 0.1
"""Pictures are evened over so long: 0.9 mm of usual travel, speckle is still the place's own."""

SLOW_S = 4.0
"""What changes more slowly than this is left out: it is alike over centimetres."""

LONGEST_S = 5.0
"""Longest way back that is looked for: 45 mm at a usual speed."""

SHORTEST_S = 0.6
"""Shortest: 5 mm at a usual speed."""

BEAT_S = 1.0
"""A place must look unlike all of the turn's surroundings over so long: a heart that beats shows
the same picture again, before and after any moment."""

PACES = (0.5, 0.7, 1.0, 1.4, 2.0)
"""Speed before a turn against the speed after it."""

ALIKE = 0.38
"""How much more alike the places seen again are than each is to the turn, on average.

What that finds, on made pulls whose pictures are alike over 3 mm, going back at 6 and 10 mm/s: all
ways back of 8 mm and more, half of those of 6 mm, none of 5 mm or less, and no false alarm. At 0.30
half of those of 5 mm are found, at 0.25 all, but one and two of eight pulls that never went back
are then told to have done so: a way back of 5 mm or less is left to the ± of the position.
"""


@dataclass(frozen=True, slots=True)
class Turned:
    """A stretch on which the catheter went back and came forward again.

    Attributes
    ----------
    first, back, last : int
        Sampled frames: where it turned back, where it turned forward, where it passed `first`.
    deepest : float
        Earlier sampled frame whose place it reached.
    """

    first: int
    back: int
    last: int
    deepest: float


def pull_turns(stack: U8, times_s: Values, first_depth: int) -> tuple[Turned, ...]:
    """Stretches on which the catheter went back, in order, none overlapping.

    Parameters
    ----------
    stack : ndarray of uint8, shape (n, angles, radii)
        Sampled frames in order; angles and radii multiples of 24.
    times_s : ndarray, shape (n,)
    first_depth : int
        First of the radii outside the catheter's ring-down.
    """
    n = len(stack)
    dt = float(np.median(np.diff(times_s))) if n > 1 else 1.0
    width = max(1, round(BLOCK_S / dt))
    block_s = width * dt
    if n < 12 * width or block_s > SHORTEST_S / 2:
        return ()
    alike = _alike(stack, width, max(3, round(SLOW_S / block_s)), first_depth)
    reach = min(round(LONGEST_S / block_s), len(alike) // 3)
    least = max(3, round(SHORTEST_S / block_s))
    if reach < least:
        return ()
    told = np.stack([_mirrored(alike, pace, reach, round(BEAT_S / block_s)) for pace in PACES])
    found = _pairs(told, least, reach)
    return tuple(_turned(one, width, n) for one in found)


def _alike(stack: U8, width: int, slow: int, first_depth: int) -> Map:
    """Likeness (-1 to 1) of every two blocks of frames, shape (m, m)."""
    n, angles, radii = stack.shape
    cells = stack.reshape(n, CELLS, angles // CELLS, CELLS, radii // CELLS)
    level = cells.mean(axis=(2, 4), dtype=np.float32)
    first = min(max(1, round(first_depth * CELLS / radii)), CELLS - 4)
    level = level[:, :, first:].reshape(n, -1)
    m = n // width
    blocks = level[: m * width].reshape(m, width, -1).mean(axis=1)
    blocks -= blocks.mean(axis=1, keepdims=True)
    half = min(slow, m) // 2
    total = np.cumsum(np.pad(blocks, ((half + 1, half), (0, 0)), mode="edge"), axis=0)
    blocks = blocks - (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)
    blocks /= np.maximum(np.linalg.norm(blocks, axis=1, keepdims=True), 1e-6)
    return np.asarray(blocks @ blocks.T, np.float32)


def _mirrored(alike: Map, pace: float, reach: int, beat: int) -> Map:
    """How much more the k-th block after each turn looks like its mirror than like the turn.

    The turn is the best of what surrounds it up to `beat` blocks, a third of the way at most.
    Shape (blocks, reach), k from 1; NaN beyond the pullback.
    """
    m = len(alike)
    turn = np.arange(m)
    out = np.full((m, reach), np.nan, np.float32)
    for k in range(1, reach + 1):
        early, late = turn - round(pace * k), turn + k
        good = np.flatnonzero((early >= 1) & (late < m - 1))
        if not len(good):
            break
        e, t, r = early[good], late[good], turn[good]
        again = np.maximum.reduce([alike[t, e + j] for j in (-1, 0, 1)])
        near = min(k // 3, beat)
        turned = np.maximum.reduce(
            [alike[r + j, at] for j in range(-near, near + 1) for at in (e, t)]
        )
        out[good, k - 1] = again - turned
    return out


def _pairs(told: Map, least: int, reach: int) -> list[tuple[int, int, float, float]]:
    """Turns that go together: (back at, forward at, pace of either), in blocks."""
    total = np.cumsum(np.nan_to_num(told, nan=-1.0), axis=2, dtype=np.float64)
    total /= np.arange(1, reach + 1)
    best, pace = total.max(axis=0), total.argmax(axis=0)
    found = []
    for k in range(least, reach + 1):
        # seen again over k blocks after turning back, and over as many before turning forward
        here = best[: len(best) - k, k - 1]
        there = _before(told, k)
        both = np.minimum(here, there[k:])
        found += [
            (float(both[at]) * np.sqrt(k), int(at), int(at) + k)
            for at in np.flatnonzero(both >= ALIKE)
        ]
    found.sort(reverse=True)
    kept: list[tuple[int, int, float, float]] = []
    for _, first, back in found:
        k = back - first
        one = PACES[int(pace[first, k - 1])]
        other = PACES[_pace_before(told, k)[back]]
        end = back + round(k / other)
        if all(end < a or first > b + round((b - a) / p) for a, b, _, p in kept):
            kept.append((first, back, one, other))
    return sorted(kept)


def _shares(told: Map, k: int) -> Map:
    """Mean over the blocks that mirror the k before each turn, shape (paces, blocks)."""
    rows = []
    for one, pace in zip(told, PACES, strict=True):
        count = min(max(1, round(k / pace)), one.shape[1])
        rows.append(np.nan_to_num(one[:, :count], nan=-1.0).mean(axis=1))
    return np.stack(rows)


def _before(told: Map, k: int) -> Map:
    return np.asarray(_shares(told, k).max(axis=0))


def _pace_before(told: Map, k: int) -> npt.NDArray[np.intp]:
    return np.asarray(_shares(told, k).argmax(axis=0))


def _turned(pair: tuple[int, int, float, float], width: int, n: int) -> Turned:
    first, back, one, other = pair
    middle = width / 2
    last = back + (back - first) / other
    return Turned(
        min(round(first * width + middle), n - 1),
        min(round(back * width + middle), n - 1),
        min(round(last * width + middle), n - 1),
        max(0.0, (first - one * (back - first)) * width + middle),
    )
