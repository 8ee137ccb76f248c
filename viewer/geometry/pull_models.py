"""What the ways of placing a pullback have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.speed_models import Travel

Values = NDArray[np.float64]

NOMINAL_PX_MM = 0.3
"""mm a pixel of a venogram is worth when nobody says (a 300 mm field on 1024 px); used for the
± and for tolerances on runs without a scale, never for a position or a length."""

FREE_SCALE_SD = 0.5
"""± of a mean speed the landmarks themselves give: wide, so that they decide."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a model can't be used, and what to do."""

    reason: str
    hint: str


@dataclass(frozen=True, eq=False)
class Fit:
    """A model held to its anchors; arcs are times the pullback's direction.

    Attributes
    ----------
    u : ndarray, shape (n,)
        Expected travel at each frame.
    mean : callable
        u -> forward arc, shape (m,) -> (m,).
    leave_out : callable
        index of an anchor -> the fit of the others, None when they don't suffice.
    """

    mode: str
    u: Values
    mean: Callable[[Values], Values]
    travel: Travel
    solid: NDArray[np.bool_]
    leave_out: Callable[[int], Fit | None]
    explanation: str
    uncertainty_source: str
    problems: tuple[str, ...] = ()


def frame_clock(frames: int, times_s: Sequence[float] | None) -> tuple[tuple[Values, bool], str]:
    """((what grows with the frames, whether it is seconds), a sentence when times are odd)."""
    index = np.arange(frames, dtype=np.float64)
    if times_s is None:
        return (index, False), ""
    times = np.asarray(times_s, dtype=np.float64)
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        return (index, False), "The frame times do not rise; frames are taken as evenly spaced."
    return (times, True), ""
