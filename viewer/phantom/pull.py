"""Where the catheter's tip is at every frame of a pullback.

A hand pull speeds up, slows down and stops (Wahle 1998: asked for 1 mm/s, measured 1.14 ± 0.34);
here 4 to 14 mm/s with two surges and one pause. A motorised pull stands still, runs at an even
speed between its start and stop frame, and stands still again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.phantom.curves import Floats

MARGIN_MM = 2.0


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull.

    Attributes
    ----------
    s_mm : ndarray, shape (frames,)
        Arc length on the pulled path at every frame, never decreasing.
    rate_hz : float
        Frames per second.
    speed_mm_s : float or None
        Of the motor; None for a pull by hand.
    start_frame, stop_frame : int or None
        0-based frames between which the motor runs; None for a pull by hand.
    """

    s_mm: Floats
    rate_hz: float
    speed_mm_s: float | None = None
    start_frame: int | None = None
    stop_frame: int | None = None

    @property
    def frames(self) -> int:
        """How many frames."""
        return len(self.s_mm)

    @property
    def times_s(self) -> Floats:
        """Time of each frame after the first, s."""
        return np.arange(self.frames) / self.rate_hz


def hand_pull(path_length_mm: float, frames: int, rate_hz: float, seed: int) -> Pull:
    """A pull by hand over the whole path, most central frame first."""
    rng = np.random.default_rng([seed, 41])
    part = np.linspace(0.0, 1.0, frames)
    waves = sum(
        rng.uniform(0.6, 1.0) / k**0.5 * np.sin(2 * np.pi * (k * 1.7 * part + rng.random()))
        for k in range(1, 8)
    )
    waves = np.asarray(waves) / np.std(waves)
    speed = 8.4 * np.exp(0.24 * waves)
    for middle, gain in ((rng.uniform(0.34, 0.42), 0.45), (rng.uniform(0.82, 0.90), 0.40)):
        speed *= 1.0 + gain * np.exp(-(((part - middle) / 0.022) ** 2))
    pause = rng.uniform(0.58, 0.66)
    speed *= 1.0 - 0.985 * np.exp(-(((part - pause) / 0.022) ** 4))
    moved = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]))])
    way = path_length_mm - 2 * MARGIN_MM
    return Pull(MARGIN_MM + way * moved / moved[-1], rate_hz)


def motor_pull(path_length_mm: float, speed_mm_s: float, rate_hz: float, wait_frames: int) -> Pull:
    """A motorised pull over the whole path, with `wait_frames` before and after it."""
    way = path_length_mm - 2 * MARGIN_MM
    running = int(way / speed_mm_s * rate_hz)
    moving = MARGIN_MM + np.arange(running + 1) * speed_mm_s / rate_hz
    s = np.concatenate([np.full(wait_frames, moving[0]), moving, np.full(wait_frames, moving[-1])])
    return Pull(s, rate_hz, speed_mm_s, wait_frames, wait_frames + running)
