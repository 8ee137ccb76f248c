"""Which frames lie in each column of a re-timed long view, and how sure their places are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_FRAMES = 6
"""Frames averaged in one column: where the catheter rests, more would only cost time."""

CLEAR_MM = 3.0
"""Half a 90 % band up to which a column is shown at full strength."""

FAINT_MM = 15.0
"""Half a 90 % band from which a column is as faint as it gets: about the width of a vein."""

FAINTEST = 0.55
"""Share of a column's brightness that is taken away at most."""


def columns_of(
    places: NDArray[np.float64], low: float, high: float, count: int
) -> NDArray[np.intp]:
    """Frames of each of `count` even columns over the stretch `low`..`high` of an axis.

    Parameters
    ----------
    places : ndarray, shape (n,)
        Place of every frame, rising or falling, never turning; n >= 1.

    Returns
    -------
    ndarray of int, shape (count, k)
        0-based frames, k from 1 to `MOST_FRAMES`. A column with several frames has them spread
        evenly over its row (their mean is what it shows); one without has the nearest, repeated.
    """
    falls = places[-1] < places[0]
    rising = places[::-1] if falls else places
    edges = low + np.arange(count + 1) / count * (high - low)
    edges[-1] = np.nextafter(max(edges[-1], high), np.inf)
    starts = np.searchsorted(rising, edges)
    inside = np.diff(starts)
    k = int(np.clip(inside.max(initial=1), 1, MOST_FRAMES))
    spread = starts[:-1, None] + ((2 * np.arange(k) + 1) * inside[:, None]) // (2 * k)
    nearest = _nearest(rising, (edges[:-1] + edges[1:]) / 2)
    found = np.where(inside[:, None] > 0, spread, nearest[:, None])
    return np.asarray(len(places) - 1 - found if falls else found, dtype=np.intp)


def _nearest(rising: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.intp]:
    after = np.clip(np.searchsorted(rising, wanted), 0, len(rising) - 1)
    before = np.maximum(after - 1, 0)
    closer = wanted - rising[before] < rising[after] - wanted
    return np.where(closer, before, after)


def faintness(half_band_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of brightness to take away for places known to ± so many mm (90 %), same shape."""
    share = (half_band_mm - CLEAR_MM) / (FAINT_MM - CLEAR_MM)
    return np.asarray(FAINTEST * np.clip(share, 0.0, 1.0))


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
