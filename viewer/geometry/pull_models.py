"""The two ways a pullback is placed: rate x time held to landmarks, or a curve through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.landmark_order import Anchors
from viewer.geometry.monotone import pchip
from viewer.geometry.speed_models import FLAT_OFFSET, SpeedModel, Travel

Values = NDArray[np.float64]

NOMINAL_PX_MM = 0.3
"""mm a pixel of a venogram is worth when nobody says (a 300 mm field on 1024 px); used for the
± and for tolerances on runs without a scale, never for a position or a length."""

HAND_SPEED_SD = 0.35
"""A hand's speed varies by 30 % (domain.md: 1.14 ± 0.34 mm/s, Wahle 1998); with 15 % for uneven
foreshortening in quadrature this is 34 %, rounded up for pauses."""

HAND_MEMORY_MM = 15.0
"""With this memory a simulated 30 % gives, over 200 mm, median errors of 5.8 mm between two ends,
1.3 mm with landmarks every 50 mm and 0.55 mm every 25 mm: domain.md's 4.7-6.7, 1.3-1.4, 0.5-0.7."""

VIEW_SPEED_SD = 0.12
VIEW_MEMORY_MM = 40.0
"""Foreshortening along a vein that leaves the picture's plane by up to 30-45° here and there
(domain.md: 13-29 %), changing over some 40 mm."""

MOTOR_SCALE_SD = 0.12
"""± of a motor's rate on the picture: lengths of motorised systems err by 9-19 % (domain.md)."""

HAND_SCALE_SD = 0.5
"""± of a mean speed the landmarks themselves give: wide, so that they decide."""

START_MM = 10.0
"""± of 'the pullback starts at the first point of the centerline', when no landmark says."""

ODD_RATE = (0.65, 1.3)
"""Ratio of the rate on the picture to the motor's that can still be foreshortening and
magnification; outside it frame times, scale or landmarks are wrong."""

ODD_RATE_TRAVEL_MM = 20.0
"""Over less travel than this the clicks' own error makes any ratio."""


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


def fit_landmarks(
    anchors: Anchors, clock: tuple[Values, bool], unit: str, click: float
) -> Fit | Unfit:
    """A hand pullback: monotone curve through the landmarks, mean speed outside them."""
    count = len(anchors.frames)
    if count < 2:
        one = "The pullback has one landmark" if count else "The pullback has no landmarks yet"
        more = "one more" if count else "two"
        return Unfit(
            f"{one}; a hand pullback needs at least two",
            f"Add {more} (L): a place that both the IVUS and the venogram show.",
        )
    travelled = float(anchors.arcs[-1] - anchors.arcs[0])
    if travelled <= click:
        return Unfit(
            "The landmarks lie at the same place of the vein",
            "Add a landmark elsewhere: the pullback's speed can't be told from one place.",
        )
    time, seconds = clock
    at = time[anchors.frames]
    u = (time - at[0]) * (travelled / (at[-1] - at[0]))
    at_u = u[anchors.frames]
    memory = HAND_MEMORY_MM if unit == "mm" else HAND_MEMORY_MM / NOMINAL_PX_MM
    model = SpeedModel(HAND_SPEED_SD, memory, False, HAND_SCALE_SD, click)
    travel = Travel(model, at_u, anchors.arcs).calibrated()

    def mean(where: Values) -> Values:
        curve = pchip(at_u, anchors.arcs, where)
        outside = (where < at_u[0]) | (where > at_u[-1])
        if outside.any():
            out = where[outside]
            ends = travel.mean(np.clip(out, at_u[0], at_u[-1]))
            curve[outside] += travel.mean(out) - ends
        return curve

    def leave_out(index: int) -> Fit | None:
        if not 0 < index < count - 1:
            return None
        fit = fit_landmarks(anchors.without(index), clock, unit, click)
        return fit if isinstance(fit, Fit) else None

    over = "frame times" if seconds else "frame numbers (frame times unknown)"
    return Fit(
        "landmarks",
        u,
        mean,
        travel,
        (u >= at_u[0]) & (u <= at_u[-1]),
        leave_out,
        f"Monotone curve (PCHIP) through {count} landmarks over {over}; "
        "outside them at the speed the landmarks suggest.",
        _hand_source(model, travel, unit, click),
    )


def fit_constant(
    anchors: Anchors,
    clock: tuple[Values, bool],
    unit: str,
    click: float,
    rate_mm_s: float | None,
    span: tuple[int, int],
    length: tuple[float, float],
    uncertainty: float | None,
) -> Fit | Unfit:
    """A steady pull: rate x time between two frames, still outside them, held to landmarks.

    Parameters
    ----------
    rate_mm_s : float or None
        None lets two or more landmarks give it.
    span : tuple of int
        0-based frames between which the catheter moves.
    length : tuple of float
        Arc length at the first and the last point of the centerline.
    uncertainty : float or None
        Relative ± of the run's scale.
    """
    time, seconds = clock
    moving = np.clip(time, time[span[0]], time[span[1]]) - time[span[0]]
    count = len(anchors.frames)
    known = rate_mm_s is not None and seconds and unit == "mm"
    if known and rate_mm_s is not None:
        u = moving * rate_mm_s
        odd = _odd_ratio(anchors, u) is not None
        scale_sd = HAND_SCALE_SD if odd else float(np.hypot(MOTOR_SCALE_SD, uncertainty or 0.0))
    else:
        free = _rate_from_landmarks(anchors, moving, click)
        if isinstance(free, Unfit):
            return _why_unfit(rate_mm_s, seconds, unit) if count < 2 else free
        u = moving * free
        scale_sd = HAND_SCALE_SD
    shift = 0.0
    offset_sd = FLAT_OFFSET
    if count == 0:
        shift = length[0] if anchors.direction > 0 else -length[1]
        offset_sd = START_MM
    memory = VIEW_MEMORY_MM if unit == "mm" else VIEW_MEMORY_MM / NOMINAL_PX_MM
    model = SpeedModel(VIEW_SPEED_SD, memory, True, scale_sd, click, offset_sd)
    travel = Travel(model, u[anchors.frames], anchors.arcs).calibrated()

    def leave_out(index: int) -> Fit | None:
        if count < (2 if known else 3):
            return None
        rest = anchors.without(index)
        fit = fit_constant(rest, clock, unit, click, rate_mm_s, span, length, uncertainty)
        return fit if isinstance(fit, Fit) else None

    return Fit(
        "constant",
        u,
        lambda where: shift + travel.mean(where),
        travel,
        np.full(len(u), count > 0),
        leave_out,
        _constant_explanation(rate_mm_s if known else None, span, count),
        _constant_source(model, travel, unit, count),
        _constant_problems(anchors, u, span, rate_mm_s if known else None),
    )


def _rate_from_landmarks(anchors: Anchors, moving: Values, click: float) -> float | Unfit:
    """Travel per unit of `moving` by least squares, from two or more landmarks."""
    hint = "Add a landmark elsewhere, or choose the model through landmarks."
    if len(anchors.frames) < 2 or anchors.arcs[-1] - anchors.arcs[0] <= click:
        return Unfit("The landmarks lie at the same place of the vein", hint)
    x = moving[anchors.frames]
    x = x - x.mean()
    if not x.any():
        return Unfit("The landmarks lie where the catheter stands still", hint)
    return float(x @ anchors.arcs / (x @ x))


def _why_unfit(rate_mm_s: float | None, seconds: bool, unit: str) -> Unfit:
    two = "or add two landmarks (L)."
    if rate_mm_s is None:
        return Unfit("The pullback's rate is unknown", f"Give the pullback rate in mm/s, {two}")
    if not seconds:
        return Unfit("The pullback's frame times are unknown", f"Set its frame rate, {two}")
    if unit == "px":
        return Unfit("The run has no mm scale", f"Calibrate it, {two}")
    return Unfit("The pull can't be placed on the vein", "Add two landmarks (L).")


def _constant_problems(
    anchors: Anchors, u: Values, span: tuple[int, int], rate_mm_s: float | None
) -> tuple[str, ...]:
    problems = []
    if not len(anchors.frames):
        problems.append(
            "No landmark yet: the pullback is taken to start at the end of the centerline. "
            "Add a landmark to make sure."
        )
    still = [int(f) for f in anchors.frames if not span[0] <= f <= span[1]]
    if still:
        problems.append(
            f"The landmark on frame {still[0] + 1} lies where the motor stands still (it pulls "
            f"from frame {span[0] + 1} to {span[1] + 1})."
        )
    ratio = _odd_ratio(anchors, u) if rate_mm_s is not None else None
    if ratio is not None and rate_mm_s is not None:
        problems.append(
            f"The landmarks put the pull at {ratio * rate_mm_s:.1f} mm/s on the venogram, "
            f"its rate is {rate_mm_s:g} mm/s: check the frame times, the scale and the "
            "landmarks."
        )
    return tuple(problems)


def _odd_ratio(anchors: Anchors, u: Values) -> float | None:
    """Speed on the picture / motor's rate where no foreshortening explains it, else None."""
    at = u[anchors.frames]
    if len(at) < 2 or at[-1] - at[0] <= ODD_RATE_TRAVEL_MM:
        return None
    ratio = float((anchors.arcs[-1] - anchors.arcs[0]) / (at[-1] - at[0]))
    return None if ODD_RATE[0] <= ratio <= ODD_RATE[1] else ratio


def _constant_explanation(rate_mm_s: float | None, span: tuple[int, int], count: int) -> str:
    pull = f"{rate_mm_s:g} mm/s" if rate_mm_s is not None else "a rate the landmarks give"
    held = {0: "from the end of the centerline", 1: "held to 1 landmark"}.get(
        count, f"held to {count} landmarks"
    )
    return f"Steady pull: {pull} x time from frame {span[0] + 1} to {span[1] + 1}, {held}."


def _hand_source(model: SpeedModel, travel: Travel, unit: str, click: float) -> str:
    grown = travel.model.speed_sd > model.speed_sd
    speed = (
        f"speed varies by {travel.model.speed_sd:.0%}"
        f"{' (as these landmarks show)' if grown else ''} over {model.memory:.0f} {unit}"
    )
    return (
        f"1 sigma; {speed} (integrated Ornstein-Uhlenbeck bridge between landmarks, set to the "
        f"errors of simulated hand pullbacks: 30 % variation, Wahle 1998) + landmark "
        f"{click:.1f} {unit}"
    )


def _constant_source(model: SpeedModel, travel: Travel, unit: str, count: int) -> str:
    anchor = (
        f"landmark {model.click:.1f} {unit}" if count else f"start of the pull {START_MM:.0f} mm"
    )
    return (
        f"1 sigma; rate on the picture {model.scale_sd:.0%}, foreshortening changing by "
        f"{travel.model.speed_sd:.0%} over {model.memory:.0f} {unit} (Gaussian process held to "
        f"the landmarks) + {anchor}"
    )
