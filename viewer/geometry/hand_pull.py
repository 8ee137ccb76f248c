"""A pull by hand: a monotone curve through landmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.landmark_order import Anchors
from viewer.geometry.monotone import pchip, pool_reversals
from viewer.geometry.pull_models import FREE_SCALE_SD, NOMINAL_PX_MM, Fit, Unfit
from viewer.geometry.speed_models import SpeedModel, Travel

Values = NDArray[np.float64]

HAND_SPEED_SD = 0.35
"""A hand's speed varies by 30 % (domain.md: 1.14 ± 0.34 mm/s, Wahle 1998); with 15 % for uneven
foreshortening in quadrature this is 34 %, rounded up for pauses."""

HAND_MEMORY_MM = 15.0
"""With this memory a simulated 30 % gives, over 200 mm, median errors of 5.8 mm between two ends,
1.3 mm with landmarks every 50 mm and 0.55 mm every 25 mm: domain.md's 4.7-6.7, 1.3-1.4, 0.5-0.7."""

USUAL_MM_S = (3.0, 16.0)
"""Mean speeds of pulls by hand, with a margin (4-14 mm/s)."""

ONE_SPEED_SD = 0.4
"""± of the mean speed nobody told: half to twice as fast at the 90 % band's ends."""

ONE_SOLID_MM = 15.0
"""Away from a single landmark places farther than this are drawn hollow."""

MOST_PARTS = 24
"""Most pieces a gap between two landmarks is cut into."""


def fit_landmarks(
    anchors: Anchors, clock: tuple[Values, bool], unit: str, click: float, length: float = 0.0
) -> Fit | Unfit:
    """A hand pullback: monotone curve through the landmarks, mean speed outside them.

    Parameters
    ----------
    length : float
        Of the centerline: what a pull with a single landmark is taken to cover; 0 unknown.
    """
    count = len(anchors.frames)
    if count == 1 and length > 0:
        return _fit_one(anchors, clock, unit, click, length)
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
    model = SpeedModel(HAND_SPEED_SD, memory, False, FREE_SCALE_SD, click)
    travel = Travel(model, at_u, anchors.arcs).calibrated()

    knots = guided_knots(travel, at_u, anchors.arcs)

    def mean(where: Values) -> Values:
        curve = pchip(*knots, where)
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
        f"Monotone curve (PCHIP) through {count} landmarks over {over}, settling to each "
        "gap's mean speed between them; outside them at the speed the landmarks suggest.",
        _hand_source(model, travel, unit, click),
    )


def _fit_one(
    anchors: Anchors, clock: tuple[Values, bool], unit: str, click: float, length: float
) -> Fit:
    """An even pull through one landmark, as fast as covers the centerline, and unsure of it."""
    time, seconds = clock
    speed = length / float(time[-1] - time[0])
    if seconds and unit == "mm":
        speed = float(np.clip(speed, *USUAL_MM_S))
    u = (time - time[anchors.frames[0]]) * speed
    memory = HAND_MEMORY_MM if unit == "mm" else HAND_MEMORY_MM / NOMINAL_PX_MM
    model = SpeedModel(HAND_SPEED_SD, memory, False, ONE_SPEED_SD, click)
    travel = Travel(model, u[anchors.frames], anchors.arcs)
    told = f"{speed:.1f} {unit}/s" if seconds else f"{speed:.2f} {unit} a frame"
    return Fit(
        "landmarks",
        u,
        travel.mean,
        travel,
        np.abs(u) <= ONE_SOLID_MM * (1.0 if unit == "mm" else 1.0 / NOMINAL_PX_MM),
        lambda index: None,
        f"Even pull through the one landmark at {told}, as if it covered the centerline.",
        f"1 sigma; mean speed {ONE_SPEED_SD:.0%}, varying by {HAND_SPEED_SD:.0%} over "
        f"{model.memory:.0f} {unit} + landmark {click:.1f} {unit}",
        ("One landmark fixes one place, not the speed: positions away from it are a guess. "
         "Add one far from it (L).",),
    )  # fmt: skip


def guided_knots(travel: Travel, at_u: Values, arcs: Values) -> tuple[Values, Values]:
    """The landmarks, and about one knot a memory between them where `travel` expects the catheter.

    Two landmarks far apart say nothing about the speed halfway between them; a curve through
    them alone would carry the bend at one into the middle of the gap. The knots let it settle to
    the gap's own mean speed. They stay between their landmarks and never fall.

    Returns
    -------
    tuple of ndarray, each shape (m,), m >= n
        Expected travel, strictly rising, and forward arc, never falling, at each knot.
    """
    parts = np.clip(np.ceil(np.diff(at_u) / travel.model.memory), 1, MOST_PARTS).astype(np.int64)
    stops = np.concatenate(([0], np.cumsum(parts)))
    u = np.interp(np.arange(stops[-1] + 1), stops, at_u)
    expected = travel.mean(u)
    misfit = np.interp(u, at_u, arcs - expected[stops])
    gap = np.repeat(np.arange(len(parts)), parts)
    inner = np.clip((expected + misfit)[:-1], arcs[gap], arcs[gap + 1])
    level = pool_reversals(np.append(inner, arcs[-1]))
    level[stops] = arcs
    return u, level


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
