"""Which clock, and which size of the lumen, explain a pull, and how much each is believed.

Every pair of a clock and a size, and every clock without the profile, is an explanation. Each is
weighed by how likely it makes what was seen (Bayesian model averaging; Hoeting et al., Statistical
Science 14, 1999, 382-417): a profile that fits no better than by chance loses its weight to the
landmarks alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.arc_chain import ChainFit, Grid, SpeedPrior, run_chain
from viewer.geometry.chain_view import Pins, Sizes, grid_for, pinned, sizes_along, vein_along
from viewer.geometry.profile_match import (
    ERROR_MEMORY_MM,
    SizeModel,
    refined,
    size_likelihood,
    start_likelihood,
    unrelated,
)
from viewer.geometry.pull_clock import Clock

Values = NDArray[np.float64]

COARSE_STEPS, FINE_STEPS = 60, 110
TRIED = 7
"""Sizes of the lumen that are looked at closely, beside the diameter of equal area."""

KEPT = 3
"""Explanations that are worked out finely."""

LEAST_WEIGHT = 0.03
FIRST_SPREAD = 0.12
"""Difference (logarithmic) between lumen and vein before it is measured: 12 %."""

PROFILE_CHANCE = 0.7
"""Chance that a vein's profile tells anything, before it is compared."""


@dataclass(frozen=True, eq=False)
class Pace:
    """A clock set to the vein.

    Attributes
    ----------
    u : ndarray, shape (n,)
        Expected travel at each frame, in the unit of the vein.
    log_chance : float
        Before anything is seen.
    """

    clock: Clock
    u: Values
    log_chance: float


@dataclass(frozen=True, eq=False)
class Match:
    """A size of the lumen that follows the vein: its column, and how."""

    column: int
    model: SizeModel
    null: SizeModel


@dataclass(frozen=True, eq=False)
class Idea:
    """A pace with or without the profile, and the logarithm of its weight."""

    pace: Pace
    match: Match | None
    log_weight: float


@dataclass(frozen=True, eq=False)
class Seen:
    """What all explanations must explain.

    Attributes
    ----------
    start : float
        Where the centerline begins, in the pull's direction.
    mm : float
        What 1 mm is in the unit of places.
    """

    pins: Pins
    sizes: Sizes | None
    start: float
    mm: float


@dataclass(frozen=True, eq=False)
class _View:
    """One pace on one grid, with what the pins say there."""

    grid: Grid
    prior: SpeedPrior
    first: Values
    seen: NDArray[np.float32]
    lumen: Values
    vein: Values

    def run(self, match: Match | None, follow: bool = True, draw: bool = False) -> ChainFit | None:
        """The chain with the sizes of `match`; without `follow` as if they had no link."""
        if match is None:
            return run_chain(self.grid, self.prior, self.first, self.seen, draw)
        model = match.model if follow else match.null
        size = self.lumen[:, match.column]
        first = self.first * start_likelihood(size[0], self.vein, model, match.null)
        seen = size_likelihood(self.grid, size, self.vein, model, match.null)
        seen *= self.seen
        return run_chain(self.grid, self.prior, first, seen, draw)


def ideas(paces: tuple[Pace, ...], seen: Seen) -> tuple[Idea, ...]:
    """The explanations worth working out, the most likely first; weights as logarithms."""
    views = [_view(pace, seen, COARSE_STEPS) for pace in paces]
    alone = [view.run(None) for view in views]
    found: list[Idea] = []
    bare = 1.0 - PROFILE_CHANCE if seen.sizes is not None else 1.0
    for pace, fit in zip(paces, alone, strict=True):
        if fit is not None:
            weight = pace.log_chance + fit.log_evidence + np.log(bare)
            found.append(Idea(pace, None, float(weight)))
    if not found or seen.sizes is None:
        return _likely(found)
    best = max(found, key=lambda idea: idea.log_weight)
    index = paces.index(best.pace)
    lead = alone[index]
    matches = [] if lead is None else _matches(views[index], lead, seen)
    share = np.log(PROFILE_CHANCE / views[index].lumen.shape[1])
    for pace, view, fit in zip(paces, views, alone, strict=True):
        for match in matches if fit is not None else ():
            follows, free = view.run(match), view.run(match, follow=False)
            if fit is None or follows is None or free is None:
                continue
            gain = follows.log_evidence - free.log_evidence
            weight = pace.log_chance + fit.log_evidence + share + gain
            found.append(Idea(pace, match, float(weight)))
    return _likely(found)


def worked_out(
    idea: Idea, seen: Seen, steps: int = FINE_STEPS, draw: bool = True
) -> tuple[Grid, ChainFit] | None:
    """An explanation on a grid of so many steps."""
    view = _view(idea.pace, seen, steps)
    fit = view.run(idea.match, draw=draw)
    return None if fit is None else (view.grid, fit)


def _likely(found: list[Idea]) -> tuple[Idea, ...]:
    found.sort(key=lambda idea: -idea.log_weight)
    least = found[0].log_weight + np.log(LEAST_WEIGHT) if found else 0.0
    return tuple(idea for idea in found[:KEPT] if idea.log_weight >= least)


def _view(pace: Pace, seen: Seen, steps: int) -> _View:
    grid = grid_for(pace.u, seen.pins, seen.start, steps, seen.mm)
    clock = pace.clock
    prior = SpeedPrior(clock.speed_sd, clock.memory_mm * seen.mm, clock.pause_chance, seen.mm)
    first, told = pinned(grid, pace.u, seen.pins, seen.start, seen.mm)
    if seen.sizes is None:
        return _View(grid, prior, first, told, np.empty((0, 0)), np.empty(0))
    lumen, vein = sizes_along(grid, pace.u, seen.sizes), vein_along(grid, seen.sizes)
    return _View(grid, prior, first, told, lumen, vein)


def _matches(view: _View, lead: ChainFit, seen: Seen) -> list[Match]:
    """The two sizes of the lumen that follow the vein best."""
    known = np.isfinite(view.vein)
    if known.sum() < 8:
        return []
    expected = _expected(view, lead.mean)
    at = np.isfinite(expected) & np.isfinite(view.lumen).all(axis=1)
    if at.sum() < 8:
        return []
    likeness = [_correlation(column[at], expected[at]) for column in view.lumen.T]
    order = [0, *(int(c) for c in np.argsort(likeness)[::-1] if c != 0)][: TRIED + 1]
    memory = ERROR_MEMORY_MM * seen.mm
    scored: list[tuple[float, Match]] = []
    for column in order:
        size = view.lumen[:, column]
        offset = float(np.median(size[at]) - np.median(expected[at]))
        null = unrelated(size, memory)
        match = Match(column, SizeModel(1.0, offset, FIRST_SPREAD, memory), null)
        fit = view.run(match)
        if fit is None:
            continue
        better = refined(match.model, size, _expected(view, fit.mean))
        match = Match(column, better, null)
        fit, free = view.run(match), view.run(match, follow=False)
        if fit is not None and free is not None:
            scored.append((fit.log_evidence - free.log_evidence, match))
    scored.sort(key=lambda item: -item[0])
    return [match for _, match in scored[:2]]


def _expected(view: _View, places: Values) -> Values:
    return np.asarray(np.interp(places, view.grid.places, view.vein))


def _correlation(a: Values, b: Values) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
