"""Clocks of a pull: what runs on with the frames as the catheter is expected to move."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.pull_evidence import Motion

Values = NDArray[np.float64]

CREEP = 0.01
"""Share of the mean speed a catheter is given while it stands still, so that time never stops."""

SLOWEST, QUICKEST = 0.1, 4.0
"""Limits of the speed seen in the pictures, against its mean."""

HAND_SD = 0.35
"""A hand's speed varies by 30 % (domain.md: 1.14 ± 0.34 mm/s, Wahle 1998), and some 15 % are added
in quadrature for uneven foreshortening."""

HAND_MEMORY_MM = 15.0

MOVING_SD, MOVING_MEMORY_MM = 0.27, 18.0
"""The same with the pauses left out, as bands on synthetic pullbacks ask for."""

IMAGE_SD, IMAGE_MEMORY_MM = 0.06, 15.0
"""What is left of it against the speed seen in the pictures, where speckle belongs to the tissue:
0.6 mm median and 3 mm at most over 250 mm, measured on synthetic pullbacks."""

ROUGH_SD = 0.16
"""The same where the speckle tells only about how fast it goes; the landmarks and the profile
choose between both."""

ROUGH_CHANCE = 0.35
"""Chance of that, before anything is seen."""

VIEW_SD, VIEW_MEMORY_MM = 0.17, 30.0
"""Added on one view alone: veins leave the picture's plane by up to 30-45° here and there
(domain.md: 13-29 % foreshortening), evenly over some centimetres."""

UNSEEN_PAUSE = 0.012
"""Chance of a pause in a step where the pictures can't show pauses: two or three in 200 mm."""


@dataclass(frozen=True, eq=False)
class Clock:
    """One way to see how a pull ran.

    Attributes
    ----------
    name : str
        ``time``, ``moving time`` (pauses left out) or ``image speed``.
    run : ndarray, shape (n,)
        Rising from 0: seconds (or frames) as this clock counts them.
    speed_sd, memory_mm : float
        How unevenly the catheter still moves against it.
    pause_chance : float
        Of pauses this clock does not know.
    chance : float
        That this clock is the best, before anything else is seen.
    """

    name: str
    run: Values
    speed_sd: float
    memory_mm: float
    pause_chance: float
    chance: float


def pull_clocks(
    time: Values, motion: Motion | None, true_length: bool = False
) -> tuple[Clock, ...]:
    """The clocks worth trying, chances adding to 1.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Seconds or frame numbers, rising.
    true_length : bool
        Places are counted in space and not on one picture: nothing is foreshortened.
    """
    onward = _onward(len(time), motion)
    step = np.diff(time)
    plain = Clock("time", _run(onward, step), HAND_SD, HAND_MEMORY_MM, UNSEEN_PAUSE, 1.0)
    if motion is None or (motion.still_trust <= 0.0 and motion.speed is None):
        return (plain,)
    active = np.clip(1.0 - motion.stillness, CREEP, 1.0) * onward
    moving = Clock("moving time", _run(active, step), MOVING_SD, MOVING_MEMORY_MM, 0.0, 1.0)
    trust = motion.still_trust
    if motion.speed is None or motion.speed_trust <= 0.0:
        return (replace(moving, chance=trust), replace(plain, chance=1.0 - trust))
    run = _run(np.clip(motion.speed, SLOWEST, QUICKEST) * active, step)
    seen = motion.speed_trust
    rest = 1.0 - seen
    return (
        _seen(run, IMAGE_SD, true_length, seen * (1.0 - ROUGH_CHANCE)),
        _seen(run, ROUGH_SD, true_length, seen * ROUGH_CHANCE),
        replace(moving, chance=rest * trust),
        replace(plain, chance=rest * (1.0 - trust)),
    )


def best_clock(time: Values, motion: Motion | None) -> Clock:
    """The clock that is believed most; an image speed's count is set to the seconds it moved."""
    clock = max(pull_clocks(time, motion), key=lambda item: item.chance)
    moved = 1.0 - motion.stillness if motion is not None else np.ones(len(time))
    if clock.name != "image speed":
        return clock
    seconds = float(_run(np.clip(moved, CREEP, 1.0), np.diff(time))[-1])
    return replace(clock, run=clock.run * (seconds / float(clock.run[-1])))


def _onward(frames: int, motion: Motion | None) -> Values:
    """1 at each frame but where the catheter went back and forth: that brings it nowhere."""
    onward = np.ones(frames)
    for first, last in motion.backwards if motion is not None else ():
        onward[first : last + 1] = CREEP
    return onward


def _seen(run: Values, speed_sd: float, true_length: bool, chance: float) -> Clock:
    """A clock that runs as the pictures show."""
    memory = IMAGE_MEMORY_MM
    if not true_length:
        both = np.array([speed_sd**2, VIEW_SD**2])
        memory = float(both @ np.array([IMAGE_MEMORY_MM, VIEW_MEMORY_MM]) / both.sum())
        speed_sd = float(np.sqrt(both.sum()))
    return Clock("image speed", run, speed_sd, memory, 0.0, chance)


def _run(rate: Values, step: Values) -> Values:
    """Integral of a rate over time by trapezia, from 0."""
    return np.concatenate(([0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * step)))
