"""Which frames a view will show next: the order of the look-ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Travel:
    """How a view moves through an image set.

    Attributes
    ----------
    frames : int
        Frames of the image set.
    first, last : int
        The visible loop, 0-based, both included.
    direction : int
        +1 forwards, -1 backwards (both wrap at the end of the loop), 0 standing: both sides.
    step : int
        Frames from one shown to the next (2 when a fast cine shows every second one).
    """

    uid: str
    frames: int
    first: int
    last: int
    direction: int
    step: int

    def distances(self, at: int) -> npt.NDArray[np.float64]:
        """Steps until each frame is shown by a view standing on frame `at`.

        Returns
        -------
        ndarray, float64 (frames,)
            0 for `at`, infinite outside the loop. Frames between the steps come after all
            frames on them.
        """
        need = np.full(self.frames, np.inf)
        at = min(max(at, self.first), self.last)
        loop = np.arange(self.first, self.last + 1)
        if self.direction == 0:
            away = loop - at
            need[self.first : self.last + 1] = np.where(away > 0, 2 * away - 1, -2 * away)
            return need
        length = loop.size
        ahead = ((loop - at) * (1 if self.direction > 0 else -1)) % length
        on_step = ahead % self.step == 0
        need[self.first : self.last + 1] = np.where(on_step, ahead // self.step, length + ahead)
        return need


def travel_within(
    uid: str, frames: int, first: int, last: int, direction: int, step: int
) -> Travel:
    """A travel with its loop brought inside 0..frames-1 and a step of at least one."""
    low = min(max(min(first, last), 0), max(frames - 1, 0))
    high = min(max(first, last, low), max(frames - 1, 0))
    sign = (direction > 0) - (direction < 0)
    return Travel(uid, frames, low, high, sign, max(1, abs(step)))
