"""When a pullback's first frame was taken on the clock of a fluoroscopy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

HEADER_SD_S = 0.6
"""± of the difference of two acquisition times when a station writes whole seconds."""

FINE_HEADER_SD_S = 0.2
"""The same when both write parts of a second: what clocks of one room differ by, at least."""

SEARCH_S = 2.5
STEP_S = 0.05

ARC_SD_MM = 2.0
"""± of a landmark against the transducer: both clicks."""

INDEPENDENT_S = 1.5
"""Time over which differences of two speeds are one."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Seconds from the fluoroscopy's first frame to the pullback's, and where that is from.

    Attributes
    ----------
    seconds : float
    source : str
    sigma_s : float
        ± of it; 0 where a reader set it.
    """

    seconds: float
    source: str
    sigma_s: float = 0.0


def header_sd(fluoroscopy: datetime, pullback: datetime) -> float:
    """± (s) of the offset that two acquisition times give."""
    fine = bool(fluoroscopy.microsecond) and bool(pullback.microsecond)
    return FINE_HEADER_SD_S if fine else HEADER_SD_S


def clock_offset(
    header_s: float | None,
    path: tuple[Values, Values],
    pull: tuple[Values, Values],
    landmarks: tuple[Values, Values],
    mm: float,
    header_sd_s: float = HEADER_SD_S,
) -> Offset:
    """The offset that header, speeds and landmarks agree on best.

    Parameters
    ----------
    header_s : float or None
        From the acquisition times; None when one is not known.
    path : (ndarray, ndarray)
        Fluoroscopy times, s after its first frame, and places of the transducer.
    pull : (ndarray, ndarray)
        Pullback times, s after its first frame, and travel as its pictures tell it (any scale).
    landmarks : (ndarray, ndarray)
        Times on the pullback, and places, of landmarks.
    mm : float
        What 1 mm is in the unit of places.
    header_sd_s : float
        ± of `header_s`.
    """
    if header_s is None:
        late, early = path[0][-1] - 1.0, path[0][0] - pull[0][-1] + 1.0
        tried = np.arange(early, max(late, early + STEP_S), STEP_S)
        cost = np.zeros(len(tried))
    else:
        tried = header_s + np.arange(-SEARCH_S, SEARCH_S + STEP_S / 2, STEP_S)
        cost = ((tried - header_s) / header_sd_s) ** 2
    if not len(tried):
        return Offset(header_s or 0.0, "acquisition times", header_sd_s)
    even = pull[0], pull[0]
    misfit = np.array([_misfit(offset, path, pull) for offset in tried])
    plain = np.array([_misfit(offset, path, even) for offset in tried])
    usable = np.isfinite(misfit)
    if usable.any():
        weight = max(float(path[0][-1] - path[0][0]) / INDEPENDENT_S, 1.0)
        floor = (0.5 * mm) ** 2
        told = np.log(misfit + floor)
        if header_s is not None:
            # a straighter piece of the path fits any travel better: only what travel tells beyond
            # an even pull over the same piece speaks for an offset
            told -= np.log(plain + floor)
        cost = cost + np.where(usable, weight * told, weight * 20.0)
    for time, place in zip(*landmarks, strict=True):
        there = np.interp(time + tried, path[0], path[1])
        cost = cost + np.minimum(((there - place) / (ARC_SD_MM * mm)) ** 2, 16.0)
    best = float(tried[int(np.argmin(cost))])
    likely = np.exp(-0.5 * (cost - cost.min()))
    sigma = float(np.sqrt(likely @ (tried - best) ** 2 / likely.sum()))
    if header_s is None:
        return Offset(best, "movement seen on both (no acquisition times)", sigma)
    if abs(best - header_s) < 2 * STEP_S:
        return Offset(header_s, "acquisition times", sigma)
    moved = f"acquisition times, set {best - header_s:+.1f} s by the movement on both"
    return Offset(best, moved, sigma)


def _misfit(offset: float, path: tuple[Values, Values], pull: tuple[Values, Values]) -> float:
    """Variance of places about a parabola through travel, where both clocks overlap.

    A parabola, because a vein that leans out of the picture is foreshortened less and less.
    """
    since = path[0] - offset
    both = (since >= pull[0][0]) & (since <= pull[0][-1])
    if both.sum() < max(8, 0.5 * min(len(path[0]), len(pull[0]))):
        return float("nan")
    travel = np.interp(since[both], pull[0], pull[1])
    reach = float(np.ptp(travel))
    if reach <= 0:
        return float("nan")
    ways = np.vander((travel - travel.mean()) / reach, 3)
    place = path[1][both]
    left = place - ways @ np.linalg.lstsq(ways, place, rcond=None)[0]
    return float(left @ left) / len(left)
