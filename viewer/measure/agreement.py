"""Agreement of two readers, or of one reader twice, on the same frames.

Bland and Altman, Lancet 1986;1:307: bias and limits of agreement, bias ± 1.96 SD; 95 % intervals of
the bias by Student's t and of the limits with standard error sqrt(3 SD² / n). Intraclass
correlation ICC(2,1): two-way random effects, absolute agreement, single measurement (Shrout and
Fleiss, Psychol Bull 1979;86:420), its 95 % interval after McGraw and Wong, Psychol Methods
1996;1:30.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]
Interval = tuple[float, float]

LEAST_PAIRS = 3
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Agreement:
    """How two series of the same things agree.

    Attributes
    ----------
    n : int
        Pairs where both are known.
    bias, sd : float
        Mean and standard deviation of first - second, in the unit of the figures.
    limits : (float, float)
        Limits of agreement.
    bias_interval, low_interval, high_interval : (float, float)
        95 % confidence intervals of the bias and of either limit.
    icc : float or None
        ICC(2,1); None where nothing varies.
    trend : float or None
        Slope of difference over mean; None where the means do not vary.
    mean, difference : ndarray, shape (n,)
        The points of the plot.
    """

    n: int
    unit: str
    bias: float
    sd: float
    limits: Interval
    bias_interval: Interval
    low_interval: Interval
    high_interval: Interval
    icc: float | None
    icc_interval: Interval | None
    trend: float | None
    mean: Values
    difference: Values


def agreement(first: ArrayLike, second: ArrayLike, unit: str) -> Agreement | str:
    """Compare paired figures.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        NaN where a reader has none; those pairs are left out.

    Returns
    -------
    Agreement or str
        Words where there is too little to compare.

    Raises
    ------
    ValueError
        They are not of the same length.
    """
    a, b = (np.asarray(one, np.float64).ravel() for one in (first, second))
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} figures can't be paired with {len(b)}")
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    n = len(a)
    if n < LEAST_PAIRS:
        return f"{n} pairs of figures: agreement needs at least {LEAST_PAIRS}"
    from scipy import stats

    difference, mean = a - b, 0.5 * (a + b)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1))
    limits = bias - 1.96 * sd, bias + 1.96 * sd
    around_bias = t * sd / float(np.sqrt(n))
    around_limit = t * sd * float(np.sqrt(3.0 / n))
    found = icc_2_1(np.stack([a, b], axis=1))
    spread = float(((mean - mean.mean()) ** 2).sum())
    trend = None
    if spread > 0:
        trend = float(((mean - mean.mean()) * (difference - bias)).sum()) / spread
    return Agreement(
        n,
        unit,
        bias,
        sd,
        limits,
        (bias - around_bias, bias + around_bias),
        (limits[0] - around_limit, limits[0] + around_limit),
        (limits[1] - around_limit, limits[1] + around_limit),
        None if found is None else found[0],
        None if found is None else found[1],
        trend,
        mean,
        difference,
    )


WIDEST_F = 1e9
"""An F beyond it comes from next to no degrees of freedom: the interval says nothing."""


def icc_2_1(figures: Values) -> tuple[float, Interval | None] | None:
    """ICC(2,1) and its 95 % interval; None where nothing varies.

    Parameters
    ----------
    figures : ndarray, shape (n, k)
        n things measured by k readers.
    """
    from scipy import stats

    n, k = figures.shape
    grand = figures.mean()
    rows = k * ((figures.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((figures.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    whole = ((figures - grand) ** 2).sum()
    rest = whole - rows * (n - 1) - columns * (k - 1)
    error = max(0.0, rest) / ((n - 1) * (k - 1))
    size = 1e-12 * max(1.0, float(whole))
    bottom = rows + (k - 1) * error + k * (columns - error) / n
    if whole <= size or bottom <= 0:
        return None
    icc = float((rows - error) / bottom)
    if error <= size:  # the readers differ by a constant at most: F has no end
        return icc, None
    f_columns = columns / error
    v = _degrees(icc, f_columns, n, k)
    if v <= 0 or not np.isfinite(v):
        return icc, None
    share = 0.5 + CONFIDENCE / 2
    above = float(stats.f.ppf(share, n - 1, v))
    below = float(stats.f.ppf(share, v, n - 1))
    if not max(above, below) < WIDEST_F:
        return icc, None
    mixed = k * columns + (k * n - k - n) * error
    bottoms = above * mixed + n * rows, mixed + n * below * rows
    if min(bottoms) <= 0:  # disagreement beyond what the interval was made for
        return icc, None
    low = n * (rows - above * error) / bottoms[0]
    high = n * (below * rows - error) / bottoms[1]
    return icc, (float(low), float(high))


def _degrees(icc: float, f_columns: float, n: int, k: int) -> float:
    """Degrees of freedom of the interval (McGraw and Wong 1996, table 7)."""
    a = k * icc * f_columns
    b = n * (1 + (k - 1) * icc) - k * icc
    top = (k - 1) * (n - 1) * (a + b) ** 2
    bottom = (n - 1) * a**2 + b**2
    return float(top / bottom) if bottom > 0 else float("nan")
