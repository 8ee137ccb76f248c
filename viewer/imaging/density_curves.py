"""How much contrast passes places over time: curves, arrival, transit, speed of the front.

Every time and speed comes with its standard deviation: from the spacing of the frames (a time
known to lie between two frames d apart has d / sqrt(12)), from the noise of the curve (noise
divided by its slope where half of the peak is crossed), and from the unknown shape of the rise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.imaging.opacification import HALF, LOW, LOW_NOISE, MAD_TO_SD, front

Floats = npt.NDArray[np.float64]

SURE = 5.0
"""Standard deviations of noise a curve must rise by to be taken for contrast."""

PEAK_NOISE = 4.0
"""Standard deviations below the greatest value within which values are of the peak."""

UNSURE_Z = NormalDist().inv_cdf(0.1)
"""Of a few values the noise is taken at its upper limit, exceeded with a chance of one in ten."""

SHAPE = 0.104
"""Standard deviation of the front over the time from it to half of the peak, for the shape of the
rise: evenly from 1.00 to 1.44 about `opacification.AHEAD`, 0.22 / sqrt(3) / 1.22."""

ARC_STEP_MM = 10.0
"""Arrival along a vein is told every centimetre."""


class DiscSampler:
    """Means over discs, frame by frame.

    Parameters
    ----------
    points_px : array_like (n, 2)
        (x, y), origin at the centre of the top-left pixel.
    radius_px : float
        A pixel counts when its centre is not farther away; the nearest always does.
    rows, columns : int
        Shape of the frames; what lies outside does not count.
    """

    def __init__(self, points_px: npt.ArrayLike, radius_px: float, rows: int, columns: int) -> None:
        points = np.asarray(points_px, np.float64).reshape(-1, 2)
        if radius_px < 0:
            raise ValueError("a disc's radius can't be negative")
        reach = int(np.ceil(radius_px))
        side = np.arange(-reach, reach + 1)
        nearest = np.floor(points + 0.5).astype(np.intp)
        x = nearest[:, 0, None, None] + side[None, None, :]
        y = nearest[:, 1, None, None] + side[None, :, None]
        far = np.hypot(x - points[:, 0, None, None], y - points[:, 1, None, None])
        count = (far <= radius_px) | ((side[None, None, :] == 0) & (side[None, :, None] == 0))
        count &= (x >= 0) & (y >= 0) & (x < columns) & (y < rows)
        cells = side.size**2
        self._flat = np.where(count, y * columns + x, 0).reshape(len(points), cells)
        self._weight = count.reshape(len(points), cells).astype(np.float64)
        self._pixels = self._weight.sum(axis=1)
        self._shape = (rows, columns)

    def sample(self, values: npt.NDArray[Any]) -> Floats:
        """Mean of a frame in each disc, float64 (n,); NaN for a disc outside the image.

        Raises
        ------
        ValueError
            The frame has another shape.
        """
        if values.shape != self._shape:
            raise ValueError(f"frame {values.shape} is not {self._shape}")
        taken = np.take(values.reshape(-1), self._flat).astype(np.float64)
        total = (taken * self._weight).sum(axis=1)
        return np.where(self._pixels > 0, total / np.maximum(self._pixels, 1.0), np.nan)


@dataclass(frozen=True, slots=True)
class WashIn:
    """What one curve tells; None is unknown, times are s after the run's first frame.

    Attributes
    ----------
    peak, peak_s : float or None
        Greatest density (the middle of the values that noise can't tell from it) and its time;
        None when no contrast passes.
    arrival_s, arrival_sd_s : float or None
        When contrast begins to rise (`opacification.front`), ± one standard deviation; None when
        it was there from the start, or a quarter of the peak is within the noise.
    half_s : float or None
        When half of the peak is first reached and kept to the next frame.
    washout_half_s : float or None
        From the peak to half of it; None when it is not reached before the run ends (stagnation).
    residual_percent : float or None
        Density of the last frame, % of the peak.
    """

    peak: float | None = None
    peak_s: float | None = None
    arrival_s: float | None = None
    arrival_sd_s: float | None = None
    half_s: float | None = None
    washout_half_s: float | None = None
    residual_percent: float | None = None


def curve_noise(density: npt.ArrayLike) -> float:
    """Standard deviation of a curve's noise, from its second differences (slopes cancel).

    The lower quartile of their sizes / (0.3186 x sqrt(6)): a quarter of normal noise is smaller
    than 0.3186 standard deviations, and the quietest part of a short run is not yet its wash-in.
    0 for fewer than four values.
    """
    values = np.asarray(density, np.float64)
    if values.size < 4:
        return 0.0
    bends = np.abs(np.diff(values, 2))
    return float(np.percentile(bends, 25.0) / (0.3186 * np.sqrt(6.0)))


def wash_in(times_s: Sequence[float] | Floats, density: npt.ArrayLike) -> WashIn:
    """What a time-density curve tells.

    Parameters
    ----------
    times_s : array_like (n,)
        The frames' own times, rising.
    density : array_like (n,)
        Amount of contrast (`ContrastScale.density`); NaN (a frame that can't be read) is left out.

    Returns
    -------
    WashIn
        All unknown when the curve does not rise by `SURE` x its noise.
    """
    times, curve = np.asarray(times_s, np.float64), np.asarray(density, np.float64)
    known = np.isfinite(curve)
    times, curve = times[known], curve[known]
    if curve.size < 2:
        return WashIn()
    noise, top = curve_noise(curve), int(np.argmax(curve))
    # the greatest of many noisy values is too great: the middle of those it can't be told from
    peak = float(np.median(curve[curve >= curve[top] - PEAK_NOISE * noise]))
    if peak <= SURE * noise or peak <= 0.0:
        return WashIn()
    half = _rise(times, curve, top, HALF * peak)
    clear = half is not None and LOW * peak > LOW_NOISE * _noise_before(
        times, curve, half[0], noise
    )
    low = _rise(times, curve, top, LOW * peak) if clear else None
    arrival = spread = None
    if half is not None and low is not None:
        when, slope, step = half
        arrival = float(front(low[0], when, step))
        shape = SHAPE * (when - arrival)
        spread = float(np.linalg.norm((step / np.sqrt(12.0), noise / slope, shape)))
    return WashIn(
        peak=peak,
        peak_s=float(times[top]),
        arrival_s=arrival,
        arrival_sd_s=spread,
        half_s=half[0] if half is not None else None,
        washout_half_s=_fall(times, curve, top, 0.5 * peak),
        residual_percent=float(100.0 * curve[-1] / peak),
    )


def _noise_before(times: Floats, curve: Floats, half_s: float, noise: float) -> float:
    """Noise of the values well before half of the peak; of a short run's curve its own is more.

    Few values tell it badly: not their standard deviation s counts, but its upper limit.

    Source: s sqrt(k / chi2_k), k = n - 1, chi2_k exceeded with a chance of 90 %, by Wilson and
    Hilferty 1931: k (1 - 2 / 9k + z sqrt(2 / 9k))^3; of two values it is on the safe side.
    """
    before = curve[: max(0, int(np.searchsorted(times, half_s)) - 2)]
    if before.size < 2:
        return noise
    free = before.size - 1
    share = 2.0 / (9.0 * free)
    widening = float(np.power(1.0 - share + UNSURE_Z * np.sqrt(share), -1.5))
    return min(noise, widening * float(np.std(before, ddof=1)))


def _rise(
    times: Floats, curve: Floats, top: int, level: float
) -> tuple[float, float, float] | None:
    """Where a level is reached for good: time, slope there, spacing of the frames."""
    high = curve >= level
    kept = high.copy()
    kept[:-1] &= high[1:]
    kept[top] = True
    first = int(np.argmax(kept))
    if first == 0:
        return None
    step = times[first] - times[first - 1]
    climb = curve[first] - curve[first - 1]
    when = times[first - 1] + (level - curve[first - 1]) / climb * step
    return float(when), float(climb / step), float(step)


def _fall(times: Floats, curve: Floats, top: int, level: float) -> float | None:
    """Time from the peak until a level is met, s; None when the run ends before."""
    low = np.flatnonzero(curve[top:] <= level)
    if low.size == 0:
        return None
    last = top + int(low[0])
    drop = curve[last - 1] - curve[last]
    share = (curve[last - 1] - level) / drop
    return float(times[last - 1] + share * (times[last] - times[last - 1]) - times[top])


@dataclass(frozen=True, slots=True)
class Transit:
    """How contrast goes from one place to another, ± one standard deviation.

    Attributes
    ----------
    seconds, seconds_sd : float
        Arrival at the second place less arrival at the first; negative when it comes there first.
    distance : float
        Between the places along the vein, in `unit`.
    speed, speed_sd : float or None
        Of the front, `unit`/s; None when the time is within two standard deviations of zero:
        the frames are too far apart to tell.
    unit : str
        "mm" or "px".
    """

    seconds: float
    seconds_sd: float
    distance: float
    speed: float | None
    speed_sd: float | None
    unit: str


def transit(
    start: WashIn,
    end: WashIn,
    distance_px: float,
    mm_per_px: float | None = None,
    scale_uncertainty: float | None = None,
) -> Transit | None:
    """Transit from one place to another; None when contrast's arrival is unknown at one of them.

    Parameters
    ----------
    distance_px : float
        Along the vein.
    mm_per_px : float or None
        Scale; None gives px.
    scale_uncertainty : float or None
        Relative standard uncertainty of the scale.
    """
    if start.arrival_s is None or end.arrival_s is None:
        return None
    seconds = end.arrival_s - start.arrival_s
    spread = float(np.hypot(start.arrival_sd_s or 0.0, end.arrival_sd_s or 0.0))
    distance = float(abs(distance_px) * (mm_per_px or 1.0))
    speed = speed_sd = None
    if abs(seconds) > 2.0 * spread and distance > 0:
        speed = distance / abs(seconds)
        relative = np.hypot(spread / seconds, (scale_uncertainty or 0.0) if mm_per_px else 0.0)
        speed_sd = float(speed * relative)
    return Transit(seconds, spread, distance, speed, speed_sd, "mm" if mm_per_px else "px")


@dataclass(frozen=True)
class ArrivalProfile:
    """When contrast arrives along a vein.

    Attributes
    ----------
    arc : ndarray, float64 (n,)
        Middle of each stretch along the vein, in `unit`.
    arrival_s, sd_s : ndarray, float64 (n,)
        Median of the arrivals on the stretch and its standard deviation; NaN unknown.
    speed, speed_sd : float or None
        Of the front over the whole length, `unit`/s: the median of the slopes between all pairs
        of stretches (Theil-Sen). None when their spread reaches zero.
    slowest_speed, slowest_arc : float or None
        The least speed from one stretch to the one after next, and where: contrast waits there.
    unit : str
        "mm" or "px".
    """

    arc: Floats
    arrival_s: Floats
    sd_s: Floats
    speed: float | None
    speed_sd: float | None
    slowest_speed: float | None
    slowest_arc: float | None
    unit: str


def arrival_profile(
    arc_px: npt.ArrayLike,
    curves: Sequence[WashIn],
    mm_per_px: float | None = None,
    scale_uncertainty: float | None = None,
    step: float = ARC_STEP_MM,
) -> ArrivalProfile:
    """Arrival of contrast along a vein, every `step` (mm, or px without a scale).

    Parameters
    ----------
    arc_px : array_like (n,)
        Where along the vein each curve was taken, px, rising.
    curves : sequence of WashIn, (n,)
    """
    if step <= 0:
        raise ValueError("the step along a vein must be greater than zero")
    arc = np.asarray(arc_px, np.float64) * (mm_per_px or 1.0)
    when = np.array([np.nan if c.arrival_s is None else c.arrival_s for c in curves])
    sd = np.array([np.nan if c.arrival_sd_s is None else c.arrival_sd_s for c in curves])
    stretch = np.floor(arc / step).astype(np.intp)
    middles, arrivals, spreads = [], [], []
    for number in range(int(stretch.max(initial=-1)) + 1):
        here = (stretch == number) & np.isfinite(when)
        middles.append((number + 0.5) * step if not here.any() else float(arc[here].mean()))
        arrivals.append(float(np.median(when[here])) if here.any() else np.nan)
        # neighbouring curves share frames: their spacing does not average out
        spreads.append(float(np.median(sd[here])) if here.any() else np.nan)
    places, times = np.array(middles), np.array(arrivals)
    speed, speed_sd = _front_speed(places, times, (scale_uncertainty or 0.0) if mm_per_px else 0.0)
    slowest, slowest_at = _slowest(places, times, np.array(spreads))
    unit = "mm" if mm_per_px else "px"
    return ArrivalProfile(
        places, times, np.array(spreads), speed, speed_sd, slowest, slowest_at, unit
    )


def _front_speed(
    arc: Floats, arrival_s: Floats, scale_uncertainty: float
) -> tuple[float | None, float | None]:
    known = np.isfinite(arrival_s)
    arc, when = arc[known], arrival_s[known]
    if arc.size < 3:
        return None, None
    first, second = np.triu_indices(arc.size, 1)
    paces = (when[second] - when[first]) / (arc[second] - arc[first])
    pace = float(np.median(paces))
    rest = when - pace * arc
    noise = MAD_TO_SD * float(np.median(np.abs(rest - np.median(rest))))
    pace_sd = noise / float(np.sqrt(((arc - arc.mean()) ** 2).sum()))
    if abs(pace) <= 2.0 * pace_sd or pace == 0.0:
        return None, None
    speed = 1.0 / abs(pace)
    return speed, float(speed * np.hypot(pace_sd / pace, scale_uncertainty))


def _slowest(arc: Floats, arrival_s: Floats, sd_s: Floats) -> tuple[float | None, float | None]:
    """Least speed between stretches two apart whose times differ by two standard deviations."""
    if arc.size < 3:
        return None, None
    seconds = np.abs(arrival_s[2:] - arrival_s[:-2])
    told = seconds > 2.0 * np.hypot(sd_s[2:], sd_s[:-2])
    if not told.any():
        return None, None
    speeds = np.full(seconds.shape, np.inf)
    np.divide(arc[2:] - arc[:-2], seconds, out=speeds, where=told)
    place = int(np.argmin(speeds))
    return float(speeds[place]), float(arc[place + 1])


@dataclass(frozen=True, slots=True)
class OffVein:
    """Contrast beside the vein: branches, collaterals, and whatever else darkens.

    Attributes
    ----------
    area_px2 : float
        Area where contrast passes beside the corridor.
    share_percent : float
        Of all area where contrast passes.
    delay_s : float or None
        Median arrival there less median arrival in the corridor.
    """

    area_px2: float
    share_percent: float
    delay_s: float | None


def off_vein(
    arrival_s: npt.NDArray[np.float32],
    opacified: npt.NDArray[np.bool_],
    line_px: npt.ArrayLike,
    corridor_px: float,
) -> OffVein:
    """Contrast farther than `corridor_px` from the line through a vein.

    Parameters
    ----------
    arrival_s : ndarray (rows, columns)
        See `Opacification.arrival_s`.
    opacified : ndarray, bool (rows, columns)
    line_px : array_like (n, 2)
        (x, y) points of the centerline, at most a pixel or so apart.
    """
    from scipy.ndimage import distance_transform_edt

    rows, columns = opacified.shape
    x, y = np.floor(np.asarray(line_px, np.float64) + 0.5).astype(np.intp).T
    inside = (x >= 0) & (y >= 0) & (x < columns) & (y < rows)
    if not inside.any():
        raise ValueError("the line lies outside the image")
    away = np.ones(opacified.shape, bool)
    away[y[inside], x[inside]] = False
    beside = opacified & (distance_transform_edt(away) > corridor_px)
    within = opacified & ~beside
    late = arrival_s[beside & np.isfinite(arrival_s)]
    early = arrival_s[within & np.isfinite(arrival_s)]
    delay = float(np.median(late) - np.median(early)) if late.size and early.size else None
    area, whole = float(beside.sum()), float(opacified.sum())
    return OffVein(area, 100.0 * area / whole if whole else 0.0, delay)
