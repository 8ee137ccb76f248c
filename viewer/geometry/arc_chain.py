"""Where a catheter is along a vein, step by step: a hidden Markov chain over place and speed.

Travel is cut into steps of equal expected length. The state is the place on a grid and how far
the catheter moved in the step, in whole cells of the grid: the mean is `CELLS_A_STEP`, 0 is a
pause, and there is no way back. The speed remembers itself over some millimetres, as in
`speed_models` (an Ornstein-Uhlenbeck process, here without negative speeds). What is seen at a
step is a likelihood of place and movement together, so that a landmark between two steps and the
*change* of a vessel's width from step to step both have their exact form.

Forward-backward and the sampling of paths are Rabiner's (Proc. IEEE 77, 1989, 257-286), a step
at a time, in numpy over the whole grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CELLS_A_STEP = 4
"""Grid cells in a step at the expected speed."""

FASTEST = 12
"""Most cells in a step: three times the expected speed."""

PATHS = 160
"""Paths drawn for the ± of distances: their own error is 6 % of it."""

PATHS_SEED = 20240


@dataclass(frozen=True, slots=True)
class SpeedPrior:
    """What is believed of the speed along the chain.

    Attributes
    ----------
    speed_sd : float
        Standard deviation of the speed, a share of its mean.
    memory : float
        Travel over which a deviation lasts, in the unit of the chain.
    pause_chance : float
        Share of steps in which a pause begins that nothing has announced; 0 where the pictures
        show the pauses and the steps leave them out.
    mm : float
        What 1 mm is in the unit of the chain.
    """

    speed_sd: float
    memory: float
    pause_chance: float = 0.0
    mm: float = 1.0

    def transition(self, step: float) -> Values:
        """Chances of each speed after each, shape (FASTEST + 1, FASTEST + 1), rows sum to 1."""
        cells = np.arange(FASTEST + 1, dtype=np.float64)
        keep = np.exp(-step / self.memory)
        mean = CELLS_A_STEP * (1 - keep) + keep * cells
        spread = CELLS_A_STEP * self.speed_sd * np.sqrt(1 - keep**2)
        spread = float(np.hypot(spread, 0.30))
        chance = np.exp(-0.5 * ((cells[None, :] - mean[:, None]) / spread) ** 2)
        chance /= chance.sum(axis=1, keepdims=True)
        if self.pause_chance:
            stays = np.zeros_like(chance)
            stays[:, 0] = self.pause_chance
            chance = (1 - self.pause_chance) * chance + stays
            resume = np.exp(-step / (PAUSE_LASTS_MM * self.mm))
            chance[0] = (1 - resume) * self.start
            chance[0, 0] += resume
        return np.asarray(chance)

    @property
    def start(self) -> Values:
        """Chances of each speed when nothing is known, shape (FASTEST + 1,)."""
        cells = np.arange(FASTEST + 1, dtype=np.float64)
        spread = max(CELLS_A_STEP * self.speed_sd, 0.5)
        chance = np.exp(-0.5 * ((cells - CELLS_A_STEP) / spread) ** 2)
        return np.asarray(chance / chance.sum())


PAUSE_LASTS_MM = 18.0
"""Expected travel missed in one unannounced pause: two seconds at 9 mm/s."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Places along the vein and steps of expected travel.

    Attributes
    ----------
    first : float
        Place of cell 0.
    cell : float
        Width of a cell.
    cells, steps : int
        How many cells; how many steps follow the start.
    u0 : float
        Expected travel at the start of the chain.
    """

    first: float
    cell: float
    cells: int
    u0: float
    steps: int

    @property
    def step(self) -> float:
        """Expected travel of one step."""
        return self.cell * CELLS_A_STEP

    @cached_property
    def places(self) -> Values:
        """Place of each cell, shape (cells,)."""
        return np.asarray(self.first + self.cell * np.arange(self.cells), np.float64)

    @cached_property
    def u(self) -> Values:
        """Expected travel at the start and after each step, shape (steps + 1,)."""
        return np.asarray(self.u0 + self.step * np.arange(self.steps + 1), np.float64)


@dataclass(frozen=True, eq=False)
class ChainFit:
    """The chain after everything was seen.

    Attributes
    ----------
    mean, sigma, low, high : ndarray, shape (steps + 1,)
        Expected place, its standard deviation, and the 5th and 95th percentile.
    log_evidence : float
        How likely all that was seen is under this chain, natural logarithm.
    paths : ndarray, shape (PATHS, steps + 1)
        Drawn at random from what is possible: for everything that joins two places.
    """

    mean: Values
    sigma: Values
    low: Values
    high: Values
    log_evidence: float
    paths: Values


def run_chain(
    grid: Grid, prior: SpeedPrior, start: Values, seen: NDArray[np.float32], draw: bool = True
) -> ChainFit | None:
    """Forward-backward over a chain.

    Parameters
    ----------
    start : ndarray, shape (cells,)
        Chance of each place at the start.
    seen : ndarray of float32, shape (steps, FASTEST + 1, cells)
        Likelihood of what was seen at each step, for movement in cells and place reached.
    draw : bool
        Whether paths are drawn; without them `paths` is empty.

    Returns
    -------
    ChainFit or None
        None when what was seen can't come from this chain.
    """
    change = prior.transition(grid.step)
    forward = _forward(grid, prior, change, start, seen)
    if forward is None:
        return None
    alpha, log_evidence = forward
    place = _places_seen(grid, change, alpha, seen)
    places = grid.places
    mean = place @ places
    sigma = np.sqrt(np.maximum(place @ places**2 - mean**2, 0.0) + grid.cell**2 / 12)
    low, high = _percentiles(place, places, grid.cell)
    paths = _draw(grid, change, alpha) if draw else np.empty((0, grid.steps + 1))
    return ChainFit(mean, sigma, low, high, log_evidence, paths)


def _forward(
    grid: Grid, prior: SpeedPrior, change: Values, start: Values, seen: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float] | None:
    """Chances given the past, (steps + 1, speeds, cells), and the log of all likelihoods."""
    alpha = np.zeros((grid.steps + 1, FASTEST + 1, grid.cells), np.float32)
    alpha[0] = (prior.start[:, None] * (start / start.sum())).astype(np.float32)
    turned = np.ascontiguousarray(change.T, np.float32)
    log_evidence = 0.0
    for t in range(grid.steps):
        moved = turned @ alpha[t]
        now = alpha[t + 1]
        for k in range(FASTEST + 1):
            now[k, k:] = moved[k, : grid.cells - k]
        now *= seen[t]
        total = float(now.sum())
        if not total > 0:
            return None
        now /= np.float32(total)
        log_evidence += float(np.log(total))
    return alpha, log_evidence


def _places_seen(
    grid: Grid, change: Values, alpha: NDArray[np.float32], seen: NDArray[np.float32]
) -> Values:
    """Chance of each place given everything, (steps + 1, cells)."""
    place = np.empty((grid.steps + 1, grid.cells))
    beta = np.ones((FASTEST + 1, grid.cells), np.float32)
    forth = np.ascontiguousarray(change, np.float32)
    back = np.zeros_like(beta)
    for t in range(grid.steps, -1, -1):
        here = (alpha[t] * beta).sum(axis=0)
        place[t] = here / here.sum()
        if t == 0:
            break
        told = seen[t - 1] * beta
        back[:] = 0.0
        for k in range(FASTEST + 1):
            back[k, : grid.cells - k] = told[k, k:]
        beta = forth @ back
        beta /= max(float(beta.max()), 1e-30)
    return place


def _percentiles(place: Values, places: Values, cell: float) -> tuple[Values, Values]:
    """5th and 95th percentile of each row, inside cells by straight lines."""
    rising = np.cumsum(place, axis=1)
    edges = places + cell / 2
    ends = []
    for share in (0.05, 0.95):
        at = np.argmax(rising >= share, axis=1)
        rows = np.arange(len(place))
        here = place[rows, at]
        over = (rising[rows, at] - share) / np.where(here > 0, here, 1.0)
        ends.append(edges[at] - np.clip(over, 0.0, 1.0) * cell)
    return ends[0], ends[1]


def _draw(grid: Grid, change: Values, alpha: NDArray[np.float32]) -> Values:
    """Paths drawn backwards, shape (PATHS, steps + 1)."""
    rng = np.random.default_rng(PATHS_SEED)
    last = alpha[-1].astype(np.float64).ravel()
    state = rng.choice(last.size, PATHS, p=last / last.sum())
    speed, cell = np.divmod(state, grid.cells)
    paths = np.empty((PATHS, grid.steps + 1))
    paths[:, -1] = grid.places[cell]
    for t in range(grid.steps - 1, -1, -1):
        cell = cell - speed
        chance = alpha[t][:, cell] * change[:, speed]
        rising = np.cumsum(chance, axis=0)
        pick = rng.random(PATHS) * rising[-1]
        speed = (rising < pick).sum(axis=0).clip(0, FASTEST)
        paths[:, t] = grid.places[cell]
    return paths
