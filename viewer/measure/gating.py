"""Phase gating: one frame a breath or beat, all at the same moment of it.

The lumen's area swings with breathing and pulse while a motor pulls evenly. The strongest regular
swing is found in the spectrum of the logarithmic area less its slow course; its phase is that of
the analytic signal (Gabor, J IEE 93, 1946, 429-457) around that frequency. The frame of
each cycle at which the lumen is largest is kept, as gated acquisition would have taken it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.measure.lumen_curve import running_quantile

Values = NDArray[np.float64]

SLOWEST_HZ, FASTEST_HZ = 0.12, 2.5
"""Between 7 breaths and 150 beats a minute."""

SLOW_COURSE_S = 9.0
"""What lasts longer is the vein's own course along the pull."""

LEAST_CYCLES = 5
LEAST_SHARE = 0.30
"""Share of the swings' power that must lie within a fifth of one frequency: else nothing is
regular enough to gate by."""

WITHIN = 0.35
"""The phase is taken of what lies within this share of the frequency."""


@dataclass(frozen=True, eq=False)
class Gate:
    """One frame of each cycle.

    Attributes
    ----------
    frames : ndarray of int64, shape (n,)
        0-based, rising: where the lumen is largest in each cycle.
    rate_hz : float
        Cycles a second.
    share : float
        Of the swings' power that is regular, 0 to 1.
    """

    frames: NDArray[np.int64]
    rate_hz: float
    share: float

    @property
    def text(self) -> str:
        """``gated at 66 a minute, 41 frames``."""
        return f"gated at {60 * self.rate_hz:.0f} a minute, {len(self.frames)} frames"


def gate_of(frames: NDArray[np.int64], area: Values, times_s: Sequence[float]) -> Gate | str:
    """The gate of a pullback by its lumen.

    Parameters
    ----------
    frames : ndarray, shape (n,)
        0-based frames with an area, rising.
    area : ndarray, shape (n,)
        > 0, any unit.
    times_s : sequence of float
        When each frame of the pullback was taken.

    Returns
    -------
    Gate or str
        Words where nothing is regular enough, or too little is known.
    """
    known = np.isfinite(area) & (area > 0)
    at = np.asarray(times_s, np.float64)[frames[known]]
    if len(at) < 16 or at[-1] - at[0] < LEAST_CYCLES / FASTEST_HZ:
        return "too few frames have a border to gate by"
    step = float(np.median(np.diff(at)))
    if step <= 0 or 1.0 / step < 2.2 * SLOWEST_HZ:
        return "the frames lie too far apart in time to gate by"
    time = np.arange(at[0], at[-1] + step / 2, step)
    level = np.interp(time, at, np.log(area[known]))
    swing = level - running_quantile(time, level, SLOW_COURSE_S / 2, 0.5)
    swing = swing - swing.mean()
    found = _strongest(swing, step)
    if found is None:
        return "no regular breathing or pulse is seen in the lumen"
    rate, share = found
    if rate * (time[-1] - time[0]) < LEAST_CYCLES:
        return "fewer than five breaths or beats are seen"
    turns = _turns(swing, step, rate)
    whole = np.floor(turns)
    starts = np.flatnonzero(np.diff(whole) > 0) + 1
    moments = time[starts]
    nearest = np.abs(at[None, :] - moments[:, None]).argmin(axis=1)
    kept = np.unique(frames[known][nearest])
    return Gate(kept.astype(np.int64), rate, share)


def _strongest(swing: Values, step: float) -> tuple[float, float] | None:
    """Frequency of the strongest swing, and the share of power near it."""
    size = len(swing)
    power = np.abs(np.fft.rfft(swing * np.hanning(size), 4 * size)) ** 2
    rates = np.fft.rfftfreq(4 * size, step)
    band = (rates >= SLOWEST_HZ) & (rates <= min(FASTEST_HZ, 0.45 / step))
    if not band.any() or not power[band].sum() > 0:
        return None
    best = float(rates[band][np.argmax(power[band])])
    near = band & (np.abs(rates - best) <= 0.2 * best)
    share = float(power[near].sum() / power[band].sum())
    return (best, share) if share >= LEAST_SHARE else None


def _turns(swing: Values, step: float, rate: float) -> Values:
    """Phase of the swing around a frequency, in whole cycles; 0 where it is largest."""
    rates = np.fft.fftfreq(len(swing), step)
    keep = (rates > 0) & (np.abs(rates - rate) <= WITHIN * rate)
    analytic = np.fft.ifft(np.where(keep, 2 * np.fft.fft(swing), 0.0))
    return np.asarray(np.unwrap(np.angle(analytic)) / (2 * np.pi))
