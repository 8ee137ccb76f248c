"""A steady pull: rate x time between two frames, held to landmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.landmark_order import Anchors
from viewer.geometry.pull_models import FREE_SCALE_SD, NOMINAL_PX_MM, Fit, Unfit
from viewer.geometry.speed_models import FLAT_OFFSET, SpeedModel, Travel

Values = NDArray[np.float64]

VIEW_SPEED_SD = 0.15
VIEW_MEMORY_MM = 25.0
"""Foreshortening along a vein that leaves the picture's plane by up to 30-45° here and there
(domain.md: 13-29 %), changing over some 25-50 mm (Matern 3/2 with 25 mm)."""

MOTOR_SCALE_SD = 0.12
"""± of a motor's rate, a share of it: lengths of motorised systems err by 9-19 % (domain.md)."""

START_MM = 10.0
"""± of 'the pullback starts at the first point of the centerline', when no landmark says."""

ODD_RATE = (0.65, 1.3)
"""Ratio of the rate on the picture to the motor's that can still be foreshortening and
magnification; outside it frame times, scale or landmarks are wrong."""

ODD_RATE_TRAVEL_MM = 20.0
"""Over less travel than this the clicks' own error makes any ratio."""


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
        scale_sd = FREE_SCALE_SD if odd else float(np.hypot(MOTOR_SCALE_SD, uncertainty or 0.0))
    else:
        free = _rate_from_landmarks(anchors, moving, click)
        if isinstance(free, Unfit):
            return _why_unfit(rate_mm_s, seconds, unit) if count < 2 else free
        u = moving * free
        scale_sd = FREE_SCALE_SD
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


def _constant_source(model: SpeedModel, travel: Travel, unit: str, count: int) -> str:
    anchor = (
        f"landmark {model.click:.1f} {unit}" if count else f"start of the pull {START_MM:.0f} mm"
    )
    return (
        f"1 sigma; rate on the picture {model.scale_sd:.0%}, foreshortening changing by "
        f"{travel.model.speed_sd:.0%} over {model.memory:.0f} {unit} (Gaussian process held to "
        f"the landmarks) + {anchor}"
    )
