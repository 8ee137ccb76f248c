"""Grey values of cleaned IVUS frames along rays: around the catheter, or around an ellipse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]


def sample(stack: U8, x: Map, y: Map) -> Map:
    """Grey between pixels, by two straight interpolations.

    Parameters
    ----------
    stack : ndarray of uint8, shape (n, rows, columns)
    x, y : ndarray, shape (...) or (n, ...)
        Where, px: the same places on every frame, or places of each frame's own.

    Returns
    -------
    ndarray of float32, shape (n, ...)
        Beyond the image its nearest pixel.
    """
    n, rows, columns = stack.shape
    x = np.clip(x, 0.0, columns - 1.001).astype(np.float32)
    y = np.clip(y, 0.0, rows - 1.001).astype(np.float32)
    column, row = x.astype(np.int32), y.astype(np.int32)
    x -= column
    y -= row
    at = row.astype(np.int64) * columns + column
    if at.ndim == 3:
        at += (np.arange(n, dtype=np.int64) * (rows * columns))[:, None, None]
        axis = 0
    else:
        axis = 1
    flat: npt.NDArray[np.uint8] = stack.reshape(-1 if axis == 0 else (n, rows * columns))

    def line(offset: int) -> Map:
        left = np.take(flat, at + offset, axis=axis).astype(np.float32)
        right = np.take(flat, at + (offset + 1), axis=axis).astype(np.float32)
        right -= left
        right *= x
        left += right
        return np.asarray(left, np.float32)

    upper, lower = line(0), line(columns)
    lower -= upper
    lower *= y
    upper += lower
    return upper


def smoothed(values: Map, weights: Sequence[float], axis: int, around: bool) -> Map:
    """Weighted mean along an axis; `around` joins its ends, else the end values go on.

    Parameters
    ----------
    weights : sequence of float
        An odd number, symmetric.
    """
    share = np.asarray(weights, np.float32) / np.float32(sum(weights))
    half, size = len(share) // 2, values.shape[axis]
    out = values * share[half]
    at = np.arange(size)
    for k in range(1, half + 1):
        low, high = at - k, at + k
        if around:
            low, high = low % size, high % size
        else:
            low, high = np.clip(low, 0, size - 1), np.clip(high, 0, size - 1)
        both = np.take(values, low, axis=axis)
        both += np.take(values, high, axis=axis)
        both *= share[half + k]
        out += both
    return np.asarray(out, np.float32)


@dataclass(frozen=True, eq=False)
class Rays:
    """Rays around ellipses: a flat vein becomes round, and its border a level path.

    Attributes
    ----------
    center : ndarray, shape (n, 2)
    reach : ndarray, shape (n, angles, 2)
        From the centre to the ellipse, at even angles of the circle it is the picture of.
    aspect : float
        Height of a pixel divided by its width.
    """

    center: Map
    reach: Map
    aspect: float

    def points(self, depth: Map) -> Map:
        """(x, y) at `depth` of (n, angles) or (depths,): 1 is on the ellipse."""
        if depth.ndim == 1:
            spread = self.reach[:, :, None, :] * depth[None, None, :, None]
            return np.asarray(self.center[:, None, None, :] + spread, np.float32)
        return np.asarray(self.center[:, None, :] + self.reach * depth[..., None], np.float32)

    @property
    def length(self) -> Map:
        """Of the rays to the ellipse, columns, shape (n, angles)."""
        rise = self.reach[..., 1] * np.float32(self.aspect)
        return np.asarray(np.hypot(self.reach[..., 0], rise), np.float32)

    def depths_of(self, outlines: Map, extra: Map) -> tuple[Map, Map]:
        """Where outlines cross the rays.

        Parameters
        ----------
        outlines : ndarray, shape (n, points, 2)
            Closed, around the centres.
        extra : ndarray, shape (n, points)
            Something known at the points, carried over.
        """
        n, angles = self.reach.shape[:2]
        turn = 2 * np.pi * np.arange(angles) / angles
        depth = np.empty((n, angles), np.float32)
        carried = np.empty((n, angles), np.float32)
        quarter = angles // 4
        basis = np.stack((self.reach[:, 0], self.reach[:, quarter]), axis=2)  # n, xy, axes
        inverse = np.linalg.inv(basis.astype(np.float64))
        round_ = np.einsum("nij,npj->npi", inverse, outlines - self.center[:, None, :])
        angle = np.mod(np.arctan2(round_[..., 1], round_[..., 0]), 2 * np.pi)
        far = np.hypot(round_[..., 0], round_[..., 1])
        for k in range(n):
            order = np.argsort(angle[k], kind="stable")
            depth[k] = np.interp(turn, angle[k][order], far[k][order], period=2 * np.pi)
            carried[k] = np.interp(turn, angle[k][order], extra[k][order], period=2 * np.pi)
        return depth, carried


def rays_from(center: Values, moments: Values, angles: int, aspect: float, least_px: float) -> Rays:
    """Rays around ellipses given by their centre (n, 2) and second moments (n, 3): xx, xy, yy."""
    matrix = moments[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
    size, axes = np.linalg.eigh(matrix)
    half = np.maximum(2.0 * np.sqrt(np.maximum(size, 0.0)), least_px)
    half[:, 0] = np.maximum(half[:, 0], 0.18 * half[:, 1])
    to_ellipse = np.einsum("nij,nj,nkj->nik", axes, half, axes)
    turn = 2 * np.pi * np.arange(angles) / angles
    circle = np.stack((np.cos(turn), np.sin(turn)), axis=1)
    reach = np.einsum("nik,ak->nai", to_ellipse, circle)
    return Rays(center.astype(np.float32), reach.astype(np.float32), aspect)


def outline_moments(outlines: Map) -> tuple[Values, Values]:
    """Centroid (n, 2) and second moments about it (n, 3: xx, xy, yy) of the areas inside.

    Source: Green's theorem on polygons (Steger 1996, "On the calculation of moments of polygons").
    """
    x, y = outlines[..., 0].astype(np.float64), outlines[..., 1].astype(np.float64)
    x0, y0 = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    x, y = x - x0, y - y0
    nx, ny = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    cross = x * ny - nx * y
    area = cross.sum(axis=1) / 2
    area = np.where(np.abs(area) < 1e-6, 1e-6, area)
    cx = ((x + nx) * cross).sum(axis=1) / (6 * area)
    cy = ((y + ny) * cross).sum(axis=1) / (6 * area)
    xx = ((x * x + x * nx + nx * nx) * cross).sum(axis=1) / (12 * area) - cx * cx
    yy = ((y * y + y * ny + ny * ny) * cross).sum(axis=1) / (12 * area) - cy * cy
    mixed = x * ny + 2 * x * y + 2 * nx * ny + nx * y
    xy = (mixed * cross).sum(axis=1) / (24 * area) - cx * cy
    return np.stack((cx + x0[:, 0], cy + y0[:, 0]), axis=1), np.stack((xx, xy, yy), axis=1)
