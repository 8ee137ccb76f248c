"""What the ways of placing a pullback have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from viewer.geometry.fused_pull import Blend

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


class Spread(Protocol):
    """± of places and distances along a pull; `u` is travel as the model counts it."""

    def sigma(self, u: Values) -> Values:
        """± (1 sigma) of the place at travels `u`, shape (m,)."""

    def difference_sigma(self, u_a: float, u_b: float) -> float:
        """± of the distance between two travels; errors they share cancel."""


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
    band : (ndarray, ndarray) or None
        Ends of the 90 % band at each frame, forward arcs; None for 1.645 sigma on both sides.
    blend : Blend or None
        What a fused pull rests on.
    """

    mode: str
    u: Values
    mean: Callable[[Values], Values]
    travel: Spread
    solid: NDArray[np.bool_]
    leave_out: Callable[[int], Fit | None]
    explanation: str
    uncertainty_source: str
    problems: tuple[str, ...] = ()
    band: tuple[Values, Values] | None = None
    blend: Blend | None = None


def frame_clock(frames: int, times_s: Sequence[float] | None) -> tuple[tuple[Values, bool], str]:
    """((what grows with the frames, whether it is seconds), a sentence when times are odd)."""
    index = np.arange(frames, dtype=np.float64)
    if times_s is None:
        return (index, False), ""
    times = np.asarray(times_s, dtype=np.float64)
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        return (index, False), "The frame times do not rise; frames are taken as evenly spaced."
    return (times, True), ""
