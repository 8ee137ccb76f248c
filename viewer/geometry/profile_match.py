"""How well the size of the lumen at a moment fits the width of the vein at a place.

Both are compared as logarithms, so that the scale of either does not matter. What is left between
them, a flat vein seen from another side, contrast that does not fill the lumen, a border found too
far out, lasts over some millimetres: it is taken as a first-order autoregressive process along the
vein with Student-t steps, so that one wrong stretch weighs as one error and not as one a frame.
A size that has nothing to do with the vein follows the same process alone; the evidence of both
tells whether, and how much, the profile is believed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.arc_chain import FASTEST, Grid

Values = NDArray[np.float64]

ERROR_MEMORY_MM = 40.0
"""Travel over which lumen and vein disagree in the same way: contrast, magnification and the angle
of view change slowly. What a level says then counts little and what a step says much: with less,
a vein that tapers evenly was pulled 3-5 mm along by a per cent of its width."""

FREEDOM = 5.0
"""Degrees of freedom of the errors' Student-t distribution: side branches and clot are outliers."""

T_PEAK = 0.3796
"""Height of the t distribution with 5 degrees of freedom at 0: G(3) / (G(5/2) sqrt(5 pi))."""

NOISE = 0.035
"""Error of a single size, logarithmic: 3.5 %, half a cell of the lumen's polar grid."""

LEAST_SPREAD, MOST_SPREAD = 0.05, 0.40


@dataclass(frozen=True, eq=False)
class SizeModel:
    """How log size on the pullback follows from log width on the venogram.

    Attributes
    ----------
    gain : float
        1 where the lumen follows the vein, 0 where it has nothing to do with it.
    offset, spread : float
        Mean and standard deviation of what is left.
    memory : float
        Travel over which it lasts.
    """

    gain: float
    offset: float
    spread: float
    memory: float


def unrelated(sizes: Values, memory: float) -> SizeModel:
    """The model of a size that has nothing to do with the vein."""
    spread = float(np.clip(np.nanstd(sizes), LEAST_SPREAD, 1.0))
    return SizeModel(0.0, float(np.nanmedian(sizes)), spread, 2.0 * memory)


def start_likelihood(first: float, vein: Values, model: SizeModel, null: SizeModel) -> Values:
    """Likelihood of the first size at each place, shape (cells,)."""
    if not np.isfinite(first):
        return np.ones(len(vein))
    seen = np.isfinite(vein)
    own = _student(first - model.offset - model.gain * np.where(seen, vein, 0.0), model.spread)
    none = _student(np.asarray(first - null.offset), null.spread)
    return np.asarray(np.where(seen, own, none))


def size_likelihood(
    grid: Grid, sizes: Values, vein: Values, model: SizeModel, null: SizeModel
) -> NDArray[np.float32]:
    """Likelihood of the step from one size to the next, for movement and place reached.

    Parameters
    ----------
    sizes : ndarray, shape (steps + 1,)
        Log sizes of the lumen at the start and after each step; NaN unknown: tells nothing.
    vein : ndarray, shape (cells,)
        Log width of the vein at each place; NaN where unknown: there `null` holds.

    Returns
    -------
    ndarray of float32, shape (steps, FASTEST + 1, cells)
    """
    seen = np.isfinite(vein)
    error = sizes[:, None] - model.offset - model.gain * np.where(seen, vein, 0.0)[None, :]
    error = error.astype(np.float32)
    alone = sizes - null.offset
    out = np.empty((grid.steps, FASTEST + 1, grid.cells), np.float32)
    for k in range(FASTEST + 1):
        keep, scale = _carried(model, k * grid.cell)
        keep0, scale0 = _carried(null, k * grid.cell)
        none = _student(alone[1:] - keep0 * alone[:-1], scale0).astype(np.float32)
        out[:, k, :] = none[:, None]
        if k >= grid.cells:
            continue
        step = error[1:, k:] - np.float32(keep) * error[:-1, : grid.cells - k]
        both = seen[k:] & seen[: grid.cells - k]
        own = _student(step, scale)
        out[:, k, k:] = np.where(both[None, :], own, out[:, k, k:])
    known = np.isfinite(sizes)
    for t in np.flatnonzero(known[1:] & ~known[:-1]):  # seen again: nothing is carried over
        out[t] = start_likelihood(float(sizes[t + 1]), vein, model, null)
    out[~known[1:]] = 1.0
    return out


def refined(model: SizeModel, sizes: Values, expected: Values) -> SizeModel:
    """`model` with the offset and spread that sizes show against the vein's width there.

    Parameters
    ----------
    expected : ndarray, shape (m,)
        Log width of the vein where the catheter is thought to have been; NaN unknown.
    """
    error = sizes - model.gain * expected
    error = error[np.isfinite(error)]
    if len(error) < 8:
        return model
    offset = float(np.median(error))
    spread = 1.4826 * float(np.median(np.abs(error - offset)))
    spread = float(np.clip(max(spread, 0.6 * float(np.std(error))), LEAST_SPREAD, MOST_SPREAD))
    return SizeModel(model.gain, offset, spread, model.memory)


def _carried(model: SizeModel, travel: float) -> tuple[float, float]:
    """How much of an error is left after some travel, and the scale of what is new."""
    keep = float(np.exp(-travel / model.memory))
    return keep, float(np.sqrt(model.spread**2 * (1 - keep**2) + 2 * NOISE**2))


def _student(error: Values | NDArray[np.float32], scale: float) -> Values:
    """Student-t density with 5 degrees of freedom."""
    ratio = error * error.dtype.type(1.0 / scale)
    one = error.dtype.type(1.0)
    base = one / (one + ratio * ratio * error.dtype.type(1.0 / FREEDOM))
    return np.asarray(base * base * base * error.dtype.type(T_PEAK / scale))
