"""Cine by elapsed time: which frame is due now, at the frames' own times.

Pure: the time is always given, in seconds of any steady clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from viewer.errors import ViewerError

MIN_SPEED = 0.1
MAX_SPEED = 4.0
STALL_S = 1.0
"""A tick later than this after its due time (machine asleep, dialog open) is no playing time."""

MOST_STRIDE = 8
"""Look-ahead never leaves out more than that: what is shown would be a jump."""

_EPSILON_S = 1e-9


def frame_durations_s(times_s: Sequence[float]) -> npt.NDArray[np.float64]:
    """How long each frame is on screen: until the next begins, the last one the median.

    Raises
    ------
    ViewerError
        The times are not finite, run backwards, or never advance.
    """
    steps = np.diff(np.asarray(times_s, np.float64))
    if not np.isfinite(steps).all() or (steps < 0).any() or steps.sum() <= 0:
        raise ViewerError(
            "The frame times in the header can't be played",
            "Give a rate in frames per second.",
            "times not finite, not ascending or all equal",
        )
    ordered = np.sort(steps)  # np.median would import numpy.ma: 17 ms before the first picture
    middle = float(ordered[(steps.size - 1) // 2] + ordered[steps.size // 2]) / 2.0
    return np.append(steps, middle if middle > 0 else float(steps[steps > 0].min()))


class CineClock:
    """Elapsed time → frame.

    Parameters
    ----------
    times_s : sequence of float or None
        Start of each frame, s after the first (Frame Time, Frame Time Vector or cine rate of the
        header); None when unknown.
    frames : int
        Frames of the image set.
    rate_hz : float or None
        The reader's own rate; overrides `times_s`.
    trim : (int, int) or None
        First and last 0-based frame the header wants played (`ImageSet.trim`); the loop until
        another is set.
    sweep : bool
        Forth and back, each end shown once a turn (`ImageSet.sweep`), not round and round.
    """

    def __init__(
        self,
        times_s: Sequence[float] | None,
        frames: int,
        rate_hz: float | None = None,
        *,
        trim: tuple[int, int] | None = None,
        sweep: bool = False,
    ) -> None:
        self._times_s = None if times_s is None else tuple(times_s)
        self._frames = frames
        self._rate_hz = rate_hz
        self._loop = (0, max(frames - 1, 0))
        self._sweep = sweep
        self._direction = 1
        self._speed = 1.0
        self._order = np.zeros(0, np.intp)
        self._ends_s = np.zeros(0)
        self._at_s = 0.0  # place inside the loop, in the frames' own time
        self._now_s: float | None = None  # last tick; None while paused
        self._frame = 0
        self._told = 0  # last frame returned to be shown
        self._unseen = False
        self._shown_s: deque[float] = deque()
        self.skipped = 0
        """Frames that were due and never shown since `start`."""
        if trim is not None and trim[0] != trim[1]:  # one frame alone can't be played
            self.set_loop(*trim)
        self.home_loop = self._loop
        """The loop the header wants: all frames, or those between its trims."""

    # What is played -------------------------------------------------------------------

    @property
    def why_not_playable(self) -> str:
        """What keeps it from playing, for people; empty when it can play."""
        try:
            self._durations_s()
        except ViewerError as problem:
            return str(problem)
        return ""

    @property
    def rate_hz(self) -> float | None:
        """Mean frames per second of the loop at the present speed; None when not playable."""
        if self.why_not_playable:
            return None
        lasts_s = self._durations_s()[self._played()]
        return float(lasts_s.size / lasts_s.sum() * self._speed)

    @property
    def rate_is_override(self) -> bool:
        """Whether the rate is the reader's, not the header's."""
        return self._rate_hz is not None

    def set_rate(self, rate_hz: float | None) -> None:
        """Play at the reader's rate, or (None) at the frames' own times again."""
        if rate_hz is not None and not (np.isfinite(rate_hz) and rate_hz > 0):
            raise ValueError(f"not a frame rate: {rate_hz}")
        self._rate_hz = rate_hz
        self._lay_out()

    @property
    def loop(self) -> tuple[int, int]:
        """First and last frame of the loop, 0-based, both included."""
        return self._loop

    def set_loop(self, first: int, last: int) -> None:
        """Play between these frames; outside 0..frames-1 they are brought inside."""
        top = max(self._frames - 1, 0)
        low, high = sorted((first, last))
        self._loop = (min(max(low, 0), top), min(max(high, 0), top))
        self._lay_out()

    @property
    def direction(self) -> int:
        """+1 forwards, -1 backwards."""
        return self._direction

    @direction.setter
    def direction(self, direction: int) -> None:
        self._direction = -1 if direction < 0 else 1
        self._lay_out()

    @property
    def sweep(self) -> bool:
        """Whether it plays forth and back."""
        return self._sweep

    @sweep.setter
    def sweep(self, sweep: bool) -> None:
        self._sweep = sweep
        self._lay_out()

    @property
    def travel(self) -> int:
        """+1 or -1: which way the frames run now; sweeping turns it at the ends of the loop."""
        if not self._sweep or self._now_s is None or self._order.size < 2:
            return self._direction
        place = min(self._place(), self._order.size - 1)
        after = self._order[(place + 1) % self._order.size]
        return 1 if after > self._order[place] else -1

    @property
    def speed(self) -> float:
        """Factor on the frames' own time, 0.1-4."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = min(max(float(speed), MIN_SPEED), MAX_SPEED)

    # Playing --------------------------------------------------------------------------

    def stride(self, now_s: float) -> int:
        """Frames due for each one that is really shown; the look-ahead need bring no more.

        1 when nothing is skipped, or it is not known yet.
        """
        if not self.skipped or self._now_s is None:
            return 1
        shown_hz = self.measured_rate_hz(now_s)
        if shown_hz is None:
            return MOST_STRIDE
        due_hz = self._ends_s.size / float(self._ends_s[-1]) * self._speed
        return max(1, min(round(due_hz / shown_hz), MOST_STRIDE))

    @property
    def playing(self) -> bool:
        """Whether time passes."""
        return self._now_s is not None

    @property
    def frame(self) -> int:
        """The frame that was due at the last tick."""
        return self._frame

    def start(self, now_s: float, frame: int) -> int:
        """Play from `frame`, or from the start of the loop when it lies outside.

        Returns
        -------
        int
            The frame to be on screen from now on.

        Raises
        ------
        ViewerError
            Not playable; says why and what to do.
        """
        self._durations_s()
        self._frame = frame
        self._now_s = now_s
        self._lay_out()
        self._shown_s.clear()
        self.skipped = 0
        self._unseen = False
        self._told = self._frame
        return self._frame

    def pause(self) -> None:
        """Let no time pass."""
        self._now_s = None
        self._shown_s.clear()

    def tick(self, now_s: float) -> int | None:
        """The frame to show when it is another than before, None otherwise and while paused."""
        if self._now_s is None:
            return None
        due_s = self._due_s()
        passed_s = max(0.0, (due_s if now_s > due_s + STALL_S else now_s) - self._now_s)
        self._now_s = max(now_s, self._now_s)
        before = self._place()
        turns, self._at_s = divmod(self._at_s + passed_s * self._speed, float(self._ends_s[-1]))
        place = self._place()
        if place == self._order.size:
            turns, place, self._at_s = turns + 1, 0, 0.0
        self._frame = int(self._order[place])
        steps = int(turns) * self._order.size + place - before
        if self._frame == self._told and (steps <= 0 or self._order.size == 1):
            return None
        self.skipped += max(0, steps - 1) + self._unseen
        self._unseen = True
        self._told = self._frame
        return self._frame

    def next_due_s(self, now_s: float) -> float | None:
        """When to tick next: `now_s` when a frame is overdue; None while paused."""
        return None if self._now_s is None else max(now_s, self._due_s())

    def frame_shown(self, now_s: float) -> None:
        """Note that the frame of the last tick is on screen; the measured rate counts these."""
        self._unseen = False
        self._shown_s.append(now_s)

    def measured_rate_hz(self, now_s: float) -> float | None:
        """Frames per second really shown over the last second; None for fewer than two.

        At slow rates the last two frames shown count, whenever they were; the rate falls when
        frames stop coming.
        """
        shown_s = self._shown_s
        while len(shown_s) > 2 and shown_s[0] < now_s - 1.0:
            shown_s.popleft()
        if len(shown_s) < 2 or shown_s[-1] <= shown_s[0]:
            return None
        span_s = shown_s[-1] - shown_s[0]
        waiting_s = now_s - shown_s[-1]
        if waiting_s > max(1.0, 2 * span_s / (len(shown_s) - 1)):
            span_s += waiting_s
        return (len(shown_s) - 1) / span_s

    # ----------------------------------------------------------------------------------

    def _durations_s(self) -> npt.NDArray[np.float64]:
        if self._frames < 2:
            raise ViewerError("There is only one frame", "Nothing can be played.")
        if self._rate_hz is not None:
            return np.full(self._frames, 1.0 / self._rate_hz)
        if self._times_s is None:
            raise ViewerError(
                "The header does not say how fast these frames were taken",
                "Give a rate in frames per second.",
            )
        if len(self._times_s) != self._frames:
            raise ViewerError(
                f"The header times {len(self._times_s)} of {self._frames} frames",
                "Give a rate in frames per second.",
            )
        return frame_durations_s(self._times_s)

    def _lay_out(self) -> None:
        """Lay out the loop in the order of playing; the present frame starts anew."""
        if self._now_s is None:
            return
        order = self._played()
        durations_s = self._durations_s()
        due = durations_s[order] > 0  # a frame that lasts no time is never due
        if due.any():
            order = order[due]
            lasts_s = durations_s[order]
        else:
            lasts_s = np.full(order.size, float(durations_s.mean()))
        self._order = order
        self._ends_s = np.cumsum(lasts_s)
        way = np.flatnonzero(np.diff(order) * self._direction < 0)
        forth = order[: int(way[0]) + 1] if way.size else order
        onwards = np.flatnonzero((forth - self._frame) * self._direction >= 0)
        at = int(onwards[0]) if onwards.size else 0
        self._frame = int(order[at])
        self._at_s = float(self._ends_s[at] - lasts_s[at])

    def _played(self) -> npt.NDArray[np.intp]:
        """The frames of one turn in the order of playing (PS3.3 C.7.6.5, 0018,1244).

        Round and round 1..n; sweeping 1..n, n-1..2.
        """
        first, last = self._loop
        forth = np.arange(first, last + 1)[:: self._direction]
        return np.concatenate([forth, forth[-2:0:-1]]) if self._sweep else forth

    def _place(self) -> int:
        return int(np.searchsorted(self._ends_s, self._at_s + _EPSILON_S, side="right"))

    def _due_s(self) -> float:
        """When the frame after the present one is due; in the past when it is overdue."""
        place = min(self._place(), self._ends_s.size - 1)
        left_s = max(0.0, float(self._ends_s[place]) - self._at_s)
        return (self._now_s or 0.0) + left_s / self._speed
