"""Which place of a centerline on one view is which place of it on the other.

Both are sampled at even steps; a monotone path through all pairs is found by dynamic programming.
A pair costs what their epipolar planes lie apart; a step on one view alone costs too, since it
means that the vein runs straight at the other view: what decides where the vein runs along its
epipolar plane and planes can't. The path may begin and end anywhere on the border of the table,
because neither centerline need be drawn as far as the other.

Source: H. Sakoe, S. Chiba, IEEE Trans. ASSP 26, 1978, 43-49 (open-ended time warping).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

GAP_MM = 3.0
"""Planes this far apart are one standard deviation: clicks, and a patient who breathes."""

UNMATCHED = 4.0
"""Cost of a step that is left out at an end, as much as planes two deviations apart."""

FORBIDDEN = 50.0
ANCHOR_SLACK = 2.0
"""Samples by which the path may miss an anchor."""

_MOVES = (
    (1, 1, 0.0),
    (2, 1, 0.15),
    (1, 2, 0.15),
    (3, 1, 0.6),
    (1, 3, 0.6),
    (1, 0, 1.5),
    (0, 1, 1.5),
)
"""Steps on the first and on the second view, and what such unevenness costs."""


@dataclass(frozen=True, eq=False)
class Match:
    """Paired places, in order.

    Attributes
    ----------
    first, second : ndarray of int, shape (k,)
        Indices of the samples.
    cost : float
        Mean cost a step over both lines, ends left out included.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    cost: float


def match(
    first_mm: Values, second_mm: Values, anchors: Sequence[tuple[float, float]] = ()
) -> Match:
    """Pair the samples of two lines by the heights of their epipolar planes.

    Parameters
    ----------
    first_mm, second_mm : ndarray, shapes (n,) and (m,)
        Heights of the samples' planes; both lines in the same direction, steps about as long.
    anchors : sequence of (float, float)
        Samples that are one place: the path passes by them.
    """
    n, m = len(first_mm), len(second_mm)
    apart = ((first_mm[:, None] - second_mm[None, :]) / GAP_MM) ** 2
    apart = np.minimum(apart, FORBIDDEN)
    for at_first, at_second in anchors:
        before = np.arange(n)[:, None] - at_first
        after = np.arange(m)[None, :] - at_second
        wrong = (np.minimum(np.abs(before), np.abs(after)) > ANCHOR_SLACK) & (before * after < 0)
        apart[wrong] = FORBIDDEN
    best = np.full((n, m), np.inf)
    came = np.zeros((n, m), dtype=np.int8)
    best[:, 0] = UNMATCHED * np.arange(n) / 2
    best[0, :] = UNMATCHED * np.arange(m) / 2
    best[:, 0] += apart[:, 0]
    best[0, 1:] += apart[0, 1:]
    came[:, 0] = came[0, :] = -1
    for diagonal in range(2, n + m - 1):
        rows = np.arange(max(1, diagonal - m + 1), min(n - 1, diagonal - 1) + 1)
        columns = diagonal - rows
        for k, (di, dj, uneven) in enumerate(_MOVES):
            fits = (rows >= di) & (columns >= dj)
            i, j = rows[fits], columns[fits]
            steps = (di + dj) / 2
            cost = best[i - di, j - dj] + steps * apart[i, j] + uneven
            better = cost < best[i, j]
            best[i[better], j[better]] = cost[better]
            came[i[better], j[better]] = k
    return _traced(best, came)


def _traced(best: Values, came: NDArray[np.int8]) -> Match:
    n, m = best.shape
    ends = best.copy()
    ends[:-1, :-1] = np.inf
    ends[:, -1] += UNMATCHED * np.arange(n - 1, -1, -1) / 2
    ends[-1, :-1] += UNMATCHED * np.arange(m - 1, 0, -1) / 2
    i, j = (int(k) for k in np.unravel_index(int(np.argmin(ends)), ends.shape))
    cost = float(ends[i, j]) / ((n + m) / 2)
    pairs = [(i, j)]
    while came[i, j] >= 0:
        di, dj, _ = _MOVES[came[i, j]]
        i, j = i - di, j - dj
        pairs.append((i, j))
    first, second = np.array(pairs[::-1], dtype=np.int64).T
    return Match(first, second, cost)
