"""Landmarks and profiles as what a chain over a pull sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.arc_chain import CELLS_A_STEP, FASTEST, Grid

Values = NDArray[np.float64]

STEP_MM = (1.5, 4.0)
"""Shortest and longest step: a third of a compression's flank must still be a step."""

MARGIN_MM = 6.0
OUTSIDE_SPEED = 1.8
"""Outside the landmarks a catheter is followed up to so many times its mean speed."""

FREE_START_MM = (15.0, 8.0)
"""Without landmarks a pull starts about this far inside, or outside, the centerline's first end."""

FREE_REACH = 1.6


@dataclass(frozen=True, eq=False)
class Pins:
    """Places known at some frames: landmarks, and what a fluoroscopy shows.

    Attributes
    ----------
    frames : ndarray, shape (p,)
        Frames, also between two; rising.
    places, sigma : ndarray, shape (p,)
        Along the vein times the direction, and its ±.
    """

    frames: Values
    places: Values
    sigma: Values


@dataclass(frozen=True, eq=False)
class Sizes:
    """Both profiles, as logarithms.

    Attributes
    ----------
    frames : ndarray, shape (m,)
    lumen : ndarray, shape (m, d)
        NaN unknown, over whole rows.
    places : ndarray, shape (k,)
        Along the vein times the direction, rising.
    vein : ndarray, shape (k,)
        NaN unknown.
    """

    frames: Values
    lumen: Values
    places: Values
    vein: Values


def grid_for(u: Values, pins: Pins, start: float, steps: int, mm: float) -> Grid:
    """Steps over the whole pull and places wherever it may have been.

    Parameters
    ----------
    u : ndarray, shape (n,)
        Expected travel at each frame, never falling.
    start : float
        Central or peripheral end of the centerline where the pull begins, for pulls without pins.
    steps : int
        How many steps are wished.
    mm : float
        What 1 mm is in the unit of `u`.
    """
    total = float(u[-1] - u[0])
    step = float(np.clip(total / steps, STEP_MM[0] * mm, max(STEP_MM[1] * mm, total / 250)))
    count = max(2, int(np.ceil(total / step)) + 1)
    if len(pins.frames):
        at = np.interp(pins.frames, np.arange(len(u)), u)
        low = float(pins.places[0] - OUTSIDE_SPEED * (at[0] - u[0]))
        high = float(pins.places[-1] + OUTSIDE_SPEED * (u[-1] - at[-1]))
        low, high = min(low, float(pins.places.min())), max(high, float(pins.places.max()))
    else:
        low, high = start - FREE_START_MM[1] * mm * 3, start + FREE_REACH * total
    cell = step / CELLS_A_STEP
    cells = int(np.ceil((high - low + 2 * MARGIN_MM * mm) / cell)) + 1
    return Grid(low - MARGIN_MM * mm, cell, cells, float(u[0]), count)


def pinned(
    grid: Grid, u: Values, pins: Pins, start: float, mm: float
) -> tuple[Values, NDArray[np.float32]]:
    """Chances at the start and likelihoods at the steps that pins alone give.

    Returns
    -------
    start : ndarray, shape (cells,)
    seen : ndarray of float32, shape (steps, FASTEST + 1, cells)
    """
    first = np.ones(grid.cells)
    seen = np.ones((grid.steps, FASTEST + 1, grid.cells), np.float32)
    if not len(pins.frames):
        inside, outside = FREE_START_MM
        away = (grid.places - start) / mm
        return np.exp(-np.where(away > 0, away / inside, -away / outside)), seen
    at = np.interp(pins.frames, np.arange(len(u)), u)
    travelled = np.arange(FASTEST + 1)[:, None] * grid.cell
    for where, place, sigma in zip(at, pins.places, pins.sigma, strict=True):
        steps = (where - grid.u0) / grid.step
        t = int(np.clip(np.ceil(steps - 1e-9), 0, grid.steps))
        spread = float(np.hypot(sigma, 0.5 * grid.cell))
        if t == 0:
            first *= _bell((grid.places - place) / spread)
        else:
            then = grid.places[None, :] - (t - steps) * travelled
            seen[t - 1] *= _bell((then - place) / spread).astype(np.float32)
    return first, seen


def sizes_along(grid: Grid, u: Values, sizes: Sizes) -> Values:
    """Log sizes of the lumen at the start and after each step, (steps + 1, d); NaN unknown."""
    at = np.interp(sizes.frames, np.arange(len(u)), u)
    where = grid.u[:, None] + (np.arange(5) - 2.0) / 5.0 * grid.step
    known = np.isfinite(sizes.lumen).all(axis=1)
    if not known.any():
        return np.full((grid.steps + 1, sizes.lumen.shape[1]), np.nan)
    columns = sizes.lumen[known].T
    along = np.stack([np.interp(where, at[known], one).mean(axis=1) for one in columns], axis=1)
    sure = np.interp(where, at, known.astype(np.float64)).mean(axis=1) > 0.5
    return np.where(sure[:, None], along, np.nan)


def vein_along(grid: Grid, sizes: Sizes) -> Values:
    """Log width of the vein at each place, shape (cells,); NaN where unknown."""
    inside = (grid.places >= sizes.places[0]) & (grid.places <= sizes.places[-1])
    return np.where(inside, np.interp(grid.places, sizes.places, sizes.vein), np.nan)


def _bell(z: Values) -> Values:
    return np.asarray(np.exp(-0.5 * np.minimum(z * z, 120.0)))
