"""Cheapest closed paths around many polar pictures at once, by dynamic programming.

A path takes one depth at every angle and comes back to where it began: the angles are run through
with a part of a turn before and after, and the whole turn between is kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
Depths = npt.NDArray[np.intp]


def closed_path(cost: Map, bend: float, jump: int, lead: float = 0.4) -> Depths:
    """Depths of the cheapest smooth closed paths.

    Parameters
    ----------
    cost : ndarray of float32, shape (n, angles, depths)
        Of running through that depth at that angle.
    bend : float
        Cost of a step of one depth from one angle to the next; grows with the step's square.
    jump : int
        Most depths a step may take.
    lead : float
        Part of a turn run through before and after the turn that is kept.

    Returns
    -------
    ndarray of int, shape (n, angles)
    """
    n, angles, depths = cost.shape
    reach = max(1, round(angles * lead))
    order = np.arange(-reach, angles + reach) % angles
    steps = np.arange(-jump, jump + 1)
    toll = (bend * steps.astype(np.float32) ** 2).astype(np.float32)
    lanes = np.ascontiguousarray(cost.transpose(1, 0, 2))
    total = np.full((len(order), n, depths + 2 * jump), np.inf, np.float32)
    inner = slice(jump, jump + depths)
    total[0, :, inner] = lanes[order[0]]
    best, other = np.empty((n, depths), np.float32), np.empty((n, depths), np.float32)
    for k in range(1, len(order)):
        before = total[k - 1]
        np.add(before[:, inner], toll[jump], out=best)
        for step in range(1, jump + 1):
            for start in (jump - step, jump + step):
                np.add(before[:, start : start + depths], toll[jump + step], out=other)
                np.minimum(best, other, out=best)
        np.add(best, lanes[order[k]], out=total[k, :, inner])
    return _back(total, toll, jump, reach, angles)


def _back(total: Map, toll: Map, jump: int, reach: int, angles: int) -> Depths:
    """The kept turn of the cheapest paths through sums of cost (angles, n, padded depths)."""
    n = total.shape[1]
    rows = np.arange(n)[:, None]
    steps = np.arange(2 * jump + 1)
    path = np.empty((n, angles), np.intp)
    at = np.argmin(total[-1], axis=1) - jump
    for k in range(len(total) - 2, reach - 1, -1):
        near = total[k][rows, at[:, None] + steps] + toll
        at = at + np.argmin(near, axis=1) - jump
        if k < reach + angles:
            path[:, k - reach] = at
    return path


def closed_path_steep(cost: Map, climb: float, lead: float = 0.4) -> Depths:
    """As `closed_path`, for paths that may climb any height: a step costs `climb` a depth."""
    n, angles, depths = cost.shape
    reach = max(1, round(angles * lead))
    order = np.arange(-reach, angles + reach) % angles
    lanes = np.ascontiguousarray(cost.transpose(1, 0, 2))
    slope = np.arange(depths, dtype=np.float32) * np.float32(climb)
    total = np.empty((len(order), n, depths), np.float32)
    total[0] = lanes[order[0]]
    for k in range(1, len(order)):
        before = total[k - 1]
        up = np.minimum.accumulate(before - slope, axis=1) + slope
        down = np.minimum.accumulate((before + slope)[:, ::-1], axis=1)[:, ::-1] - slope
        np.add(np.minimum(up, down), lanes[order[k]], out=total[k])
    path = np.empty((n, angles), np.intp)
    at = np.argmin(total[-1], axis=1)
    depth = np.arange(depths)
    for k in range(len(order) - 2, reach - 1, -1):
        toll = np.abs(depth[None, :] - at[:, None]).astype(np.float32) * np.float32(climb)
        at = np.argmin(total[k] + toll, axis=1)
        if k < reach + angles:
            path[:, k - reach] = at
    return path


def between_depths(cost: Map, path: Depths) -> Map:
    """Paths at a fraction of a depth: the lowest point of a parabola through three costs.

    Parameters
    ----------
    cost : ndarray, shape (n, angles, depths)
    path : ndarray of int, shape (n, angles)

    Returns
    -------
    ndarray of float32, shape (n, angles)
        At most half a depth off `path`.
    """
    depths = cost.shape[2]
    at = np.clip(path, 1, depths - 2)[..., None]
    low, here, high = (
        np.take_along_axis(cost, at + k, axis=2)[..., 0].astype(np.float32) for k in (-1, 0, 1)
    )
    curve = low - 2 * here + high
    shift = np.where(curve > 1e-6, 0.5 * (low - high) / np.maximum(curve, 1e-6), 0.0)
    inner = (path > 0) & (path < depths - 1)
    return np.asarray(path + np.where(inner, np.clip(shift, -0.5, 0.5), 0.0), np.float32)
