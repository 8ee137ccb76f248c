"""Curves that never turn back: what a catheter pulled one way does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def pchip(x: Values, y: Values, at: Values) -> Values:
    """Monotone piecewise cubic through (x, y), at `at` (kept inside x's range).

    Parameters
    ----------
    x : ndarray, shape (n,), n >= 2
        Strictly rising.
    y : ndarray, shape (n,)
    at : ndarray, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    Notes
    -----
    Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300-304, with the end slopes of
    Moler's *Numerical Computing with MATLAB*, as SciPy's ``PchipInterpolator``; written out
    here because importing SciPy costs a second of the program's start.
    """
    at = np.clip(at, x[0], x[-1])
    step = np.diff(x)
    slope = np.diff(y) / step
    if len(x) == 2:
        return np.asarray(y[0] + slope[0] * (at - x[0]))
    rise = _slopes(step, slope)
    which = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(step) - 1)
    h = step[which]
    t = (at - x[which]) / h
    # Hermite form written as chord + bend, exact at both ends
    out, into, chord = rise[which], rise[which + 1], slope[which]
    bend = (1 - t) * (out - chord) - t * (into - chord)
    return np.asarray(y[which] + h * t * (chord + (1 - t) * bend))


def _slopes(step: Values, slope: Values) -> Values:
    """Derivative at each knot: weighted harmonic mean, zero at a turn."""
    before, after = slope[:-1], slope[1:]
    w1 = 2 * step[1:] + step[:-1]
    w2 = step[1:] + 2 * step[:-1]
    same = before * after > 0
    safe_before, safe_after = np.where(same, before, 1.0), np.where(same, after, 1.0)
    inner = np.where(same, (w1 + w2) / (w1 / safe_before + w2 / safe_after), 0.0)
    first = _end_slope(step[0], step[1], slope[0], slope[1])
    last = _end_slope(step[-1], step[-2], slope[-1], slope[-2])
    return np.concatenate(([first], inner, [last]))


def _end_slope(h0: float, h1: float, slope0: float, slope1: float) -> float:
    estimate = ((2 * h0 + h1) * slope0 - h0 * slope1) / (h0 + h1)
    if estimate * slope0 <= 0:
        return 0.0
    if slope0 * slope1 <= 0 and abs(estimate) > 3 * abs(slope0):
        return float(3 * slope0)
    return float(estimate)


def pool_reversals(y: Values) -> Values:
    """The nearest non-falling sequence to `y` (pool adjacent violators), shape (n,)."""
    blocks: list[tuple[float, int]] = []
    for value in y:
        total, count = float(value), 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            more, size = blocks.pop()
            total, count = total + more, count + size
        blocks.append((total, count))
    return np.repeat([t / c for t, c in blocks], [c for _, c in blocks])
