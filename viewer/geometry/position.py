"""Where every frame of a pullback lies along a vein: the answer, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.geometry.arc_scale import ArcScale
from viewer.geometry.pull_models import Spread

Values = NDArray[np.float64]

SAME_ARC_PX = 1e-6

STILL_SHARE = 0.12
"""A catheter slower than this share of its median speed pauses."""

LEAST_PAUSE_S = 0.4

SPEED_OVER_S = 0.5
"""Time over which a speed is taken: less would show the steps of the model."""


DISAGREES_SIGMA = 3.0


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Why a pullback can't be placed on a run, and what to do; `landmark_ids` are to blame."""

    reason: str
    hint: str = ""
    landmark_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Residual:
    """How far a landmark lies from where the others put it (leave one out).

    Attributes
    ----------
    value : float or None
        Along the vein, in the map's unit, positive when the landmark is farther along the
        centerline than the others put it; None when they can't tell (an end of a hand pullback).
    expected : float or None
        ± (1 sigma) of that prediction.
    suggestion : str
        What may be mixed up, in words, where it disagrees by more than 3 sigma; else empty.
    """

    landmark_id: str
    name: str
    value: float | None
    expected: float | None
    suggestion: str = ""

    @property
    def disagrees(self) -> bool:
        """Whether it lies more than 3 sigma from where the others put it."""
        if self.value is None or self.expected is None:
            return False
        return abs(self.value) > DISAGREES_SIGMA * self.expected


@dataclass(frozen=True, eq=False)
class MatchedProfiles:
    """The lumen on the pullback and the vein on the venogram, laid over each other.

    Attributes
    ----------
    frames : ndarray, shape (m,)
        Of the pullback, 0-based, rising.
    lumen : ndarray, shape (m,)
        Size of the lumen there, scaled to the vein's width; `PositionMap.arc` places it.
    vein_arc_px, vein : ndarray, shape (k,)
        Width of the vein along the centerline, in the unit it came in; NaN unknown.
    shown_as : str
        Which size of the lumen follows the vein ("diameter of equal area", "width at 45°").
    chance : float
        How much the profile is believed, 0 to 1: what is left goes to the landmarks alone.
    """

    frames: NDArray[np.intp]
    lumen: Values
    vein_arc_px: Values
    vein: Values
    shown_as: str
    chance: float


@dataclass(frozen=True, eq=False)
class PositionMap:
    """Position of each of n frames along the centerline.

    Attributes
    ----------
    mode : str
        Which model was used: ``constant`` (rate x time), ``landmarks``, ``profile``, ``tracked``
        or ``auto`` (landmarks and profile fused).
    unit : str
        Unit of `arc`, `sigma` and the residuals: mm, or px on a run without a scale.
    arc_px, arc : ndarray of float64, shape (n,)
        Arc length along the centerline; runs on beyond its ends, where `inside` is False.
    sigma : ndarray of float64, shape (n,)
        One standard deviation of `arc`.
    low, high : ndarray of float64, shape (n,)
        Ends of the 90 % band of `arc`; not always even on both sides.
    solid : ndarray of bool, shape (n,)
        False where the position is extrapolated (drawn hollow).
    inside : ndarray of bool, shape (n,)
        False where the centerline has already ended.
    points_px : ndarray of float64, shape (n, 2)
        (x, y) on the run; the end of the centerline where `inside` is False.
    direction : int
        +1 when the arc grows with the frames, -1 when it falls.
    explanation, uncertainty_source : str
        Which model, and where its ± comes from, for people.
    residuals : tuple of Residual
        One a landmark, in frame order.
    problems : tuple of str
        What a reader should look at, in sentences.
    times_s : ndarray or None, shape (n,)
        Frame times, None where they are not known.
    profiles : MatchedProfiles or None
        What was compared, where a profile took part.
    backwards : tuple of (int, int)
        Stretches of frames on which the catheter went back and came forward again; everywhere
        else `arc` never turns.
    """

    mode: str
    unit: Literal["mm", "px"]
    arc_px: Values
    arc: Values
    sigma: Values
    low: Values
    high: Values
    solid: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    points_px: Values
    direction: int
    explanation: str
    uncertainty_source: str
    residuals: tuple[Residual, ...]
    problems: tuple[str, ...]
    _scale: ArcScale = field(repr=False)
    _travel: Spread = field(repr=False)
    _u: Values = field(repr=False)
    times_s: Values | None = None
    profiles: MatchedProfiles | None = None
    backwards: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.arc_px)

    def frame_at(self, arc_px: float, near: int | None = None) -> int:
        """The frame nearest to a place on the centerline.

        Parameters
        ----------
        arc_px : float
            Arc length along the centerline, px.
        near : int, optional
            Where the catheter paused there, the frame closest to this one; else the middle one.
        """
        wanted = self.direction * arc_px
        for begin, end in self.backwards:
            if near is not None and begin <= near <= end:
                gaps = np.abs(self._forward_px[begin : end + 1] - wanted)
                if self._forward_px[begin : end + 1].min() <= wanted <= self._forward_px[begin]:
                    there = np.flatnonzero(gaps <= gaps.min() + SAME_ARC_PX) + begin
                    return int(there[np.argmin(np.abs(there - near))])
        forward = np.maximum.accumulate(self._forward_px)
        after = min(int(np.searchsorted(forward, wanted)), len(forward) - 1)
        before = max(after - 1, 0)
        best = after if forward[after] - wanted < wanted - forward[before] else before
        first = int(np.searchsorted(forward, forward[best] - SAME_ARC_PX, side="left"))
        last = int(np.searchsorted(forward, forward[best] + SAME_ARC_PX, side="right")) - 1
        return (first + last) // 2 if near is None else min(max(near, first), last)

    def length_between(self, first: int, last: int) -> tuple[float, float]:
        """Distance along the vein between two frames and its ±, in `unit`.

        The ± is less than that of both positions when they are near: what shifts both cancels.
        """
        distance = abs(float(self.arc[last] - self.arc[first]))
        return distance, self._travel.difference_sigma(float(self._u[first]), float(self._u[last]))

    def to_unit(self, arc_px: ArrayLike) -> Values:
        """Arc length(s) in px as arc lengths in `unit`."""
        return self._scale.to_unit(arc_px)

    def to_px(self, arc: ArrayLike) -> Values:
        """Arc length(s) in `unit` as arc lengths in px."""
        return self._scale.to_px(arc)

    @cached_property
    def sigma_px(self) -> Values:
        """`sigma` as px along the centerline, shape (n,)."""
        high, low = self.to_px(self.arc + self.sigma), self.to_px(self.arc - self.sigma)
        return np.asarray((high - low) / 2)

    @property
    def centerline_span(self) -> tuple[float, float]:
        """Arc length at the first and the last point of the centerline, in `unit`."""
        return float(self._scale.arc[0]), float(self._scale.arc[-1])

    @cached_property
    def overhang(self) -> Values:
        """How far each frame lies beyond the nearer end of the centerline, in `unit`."""
        low, high = self.centerline_span
        return np.asarray(np.maximum(np.maximum(low - self.arc, self.arc - high), 0.0))

    @cached_property
    def _forward_px(self) -> Values:
        return self.direction * self.arc_px

    @cached_property
    def speed(self) -> Values | None:
        """Speed along the vein at each frame, `unit` a second, shape (n,); None without times."""
        if self.times_s is None or len(self) < 3:
            return None
        half = SPEED_OVER_S / 2
        early, late = self.times_s - half, self.times_s + half
        early, late = np.maximum(early, self.times_s[0]), np.minimum(late, self.times_s[-1])
        forward = self.direction * self.arc
        gone = np.interp(late, self.times_s, forward) - np.interp(early, self.times_s, forward)
        return np.asarray(np.maximum(gone, 0.0) / np.maximum(late - early, 1e-9))

    @cached_property
    def pauses(self) -> tuple[tuple[int, int], ...]:
        """First and last frame of every stretch without travel, in order."""
        forward = self.direction * self.arc
        time = np.arange(len(self), dtype=np.float64) if self.times_s is None else self.times_s
        rate = np.abs(np.diff(forward)) / np.diff(time)
        moving = rate[rate > 0]
        if not len(moving):
            return ()
        slow = np.concatenate(([False], rate < STILL_SHARE * np.median(moving), [False]))
        edges = np.flatnonzero(np.diff(slow.astype(np.int8)))
        least = LEAST_PAUSE_S if self.times_s is not None else 10.0
        spans = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        return tuple((a, b) for a, b in spans if time[b] - time[a] >= least)

    @property
    def typical_sigma(self) -> float:
        """Median ± (1 sigma) over the frames, `unit`."""
        return float(np.median(self.sigma))

    @property
    def widest(self) -> tuple[int, float]:
        """Where a next landmark would help most: frame, and its ± (1 sigma) in `unit`."""
        frame = int(np.argmax(self.high - self.low))
        return frame, float(self.sigma[frame])
