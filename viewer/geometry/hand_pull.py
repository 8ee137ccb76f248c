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

MOST_PARTS = 24
"""Most pieces a gap between two landmarks is cut into."""


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
