"""The long view of a pullback: each frame along a line through the catheter's centre.

Each frame is reduced once to a small polar picture; turning the cut then needs no frame again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = np.ndarray[Any, np.dtype[Any]]
U8 = npt.NDArray[np.uint8]

ANGLES = 72
"""Every 5 degrees: the step by which the cut is turned meets sampled directions exactly."""

RADII = 96

_GREY = np.array([77, 150, 29], np.uint32)  # ITU-R BT.601 luma (0.299, 0.587, 0.114) x 256


@dataclass(frozen=True)
class PolarGrid:
    """Where a frame is sampled.

    Attributes
    ----------
    rows, columns : int
        Shape of the frames.
    center_px : tuple of float
        (x, y) of the catheter's centre, px, origin at the centre of the top-left pixel.
    radius_px : float
        Length of the sampled rays, in columns.
    angles, radii : int
        Directions (even, spread over 360 degrees from +x towards +y, clockwise on screen) and
        samples a ray; sample k covers radii k..k+1 times `radius_px / radii`.
    aspect : float
        Height of a pixel divided by its width.
    """

    rows: int
    columns: int
    center_px: tuple[float, float]
    radius_px: float
    angles: int = ANGLES
    radii: int = RADII
    aspect: float = 1.0

    def __post_init__(self) -> None:
        if self.angles < 2 or self.angles % 2 or self.radii < 1 or self.radius_px <= 0:
            raise ValueError("a polar grid needs an even number of angles, radii and a radius")

    @classmethod
    def centered(cls, rows: int, columns: int, aspect: float = 1.0) -> PolarGrid:
        """Around the centre of the image, as far as its nearer edge."""
        center = ((columns - 1) / 2, (rows - 1) / 2)
        return cls(rows, columns, center, min(columns, rows * aspect) / 2, aspect=aspect)

    @property
    def shape(self) -> tuple[int, int]:
        """(angles, radii) of a reduced frame."""
        return self.angles, self.radii

    @cached_property
    def _samples(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_] | None]:
        """Flat pixel indices (n, angles * radii), n at most 1 px apart along a ray; what is out."""
        bin_px = self.radius_px / self.radii
        n = max(1, int(np.ceil(bin_px)))
        radius = (np.arange(self.radii) + (np.arange(n)[:, None, None] + 0.5) / n) * bin_px
        angle = 2 * np.pi * np.arange(self.angles)[:, None] / self.angles
        # floor(v + 0.5), not rint: rounding halves to even would read every second pixel only
        x = np.floor(self.center_px[0] + radius * np.cos(angle) + 0.5).astype(np.intp)
        y = self.center_px[1] + radius * np.sin(angle) / self.aspect
        y = np.floor(y + 0.5).astype(np.intp)
        out = (x < 0) | (y < 0) | (x >= self.columns) | (y >= self.rows)
        flat = np.where(out, 0, y * self.columns + x).reshape(n, -1)
        return flat, (out.reshape(n, -1) if out.any() else None)


def polar_reduce(
    frame: Pixels, grid: PolarGrid, to_grey: Callable[[Pixels], Pixels] | None = None
) -> U8:
    """A frame as a small polar picture.

    Parameters
    ----------
    frame : ndarray, (rows, columns) or RGB (rows, columns, 3)
        Stored values; colour as uint8.
    to_grey : callable, optional
        Stored values (any shape) → uint8 of the same shape; needed for grey frames that are not
        uint8, or whose values must pass a lookup table.

    Returns
    -------
    ndarray, uint8 (angles, radii)
        Mean along each piece of a ray; 0 outside the image.

    Raises
    ------
    ValueError
        The frame has another shape than the grid, or no way to grey is known.
    """
    if frame.shape[:2] != (grid.rows, grid.columns):
        raise ValueError(f"frame {frame.shape} does not fit a {grid.rows} x {grid.columns} grid")
    flat, out = grid._samples
    if frame.ndim == 3:
        values = _luma(np.take(frame.reshape(-1, frame.shape[2]), flat, axis=0))
    else:
        values = np.take(frame.reshape(-1), flat)
    return _mean_of(values[None], out, to_grey).reshape(grid.shape)


def polar_rays(
    read: Callable[[npt.NDArray[np.intp]], Pixels | None],
    grid: PolarGrid,
    directions: Sequence[int],
    to_grey: Callable[[Pixels], Pixels] | None = None,
) -> U8 | None:
    """Some rays of every frame, where single pixels can be read without decoding frames.

    Parameters
    ----------
    read : callable
        Flat pixel indices (n,) -> values (frames, n) or RGB (frames, n, 3); None when they can't
        be read so.
    directions : sequence of int
        Indices of the grid's angles.

    Returns
    -------
    ndarray, uint8 (frames, directions, radii), or None
        As `polar_reduce` makes them.
    """
    flat, out = grid._samples
    which = np.concatenate([d * grid.radii + np.arange(grid.radii) for d in directions])
    values = read(flat[:, which].ravel())
    if values is None:
        return None
    if values.ndim == 3:
        values = _luma(values)
    values = values.reshape(len(values), flat.shape[0], which.size)
    rays = _mean_of(values, None if out is None else out[:, which], to_grey)
    return rays.reshape(len(rays), len(directions), grid.radii)


def _luma(colours: Pixels) -> U8:
    """Grey of RGB (..., 3)."""
    grey: U8 = ((colours[..., :3] @ _GREY) >> 8).astype(np.uint8)
    return grey


def _mean_of(
    values: Pixels,
    out: npt.NDArray[np.bool_] | None,
    to_grey: Callable[[Pixels], Pixels] | None,
) -> U8:
    """Samples (frames, n, pieces) to grey, 0 where `out` (n, pieces), mean over n."""
    if to_grey is not None:
        values = to_grey(values)
    if values.dtype != np.uint8:
        raise ValueError(f"a {values.dtype} frame needs a way to grey")
    if out is not None:
        values = np.where(out, np.uint8(0), values)
    n = values.shape[1]
    if n == 1:
        return values[:, 0].astype(np.uint8, copy=False)
    total = values.sum(axis=1, dtype=np.uint32)
    means: U8 = ((total + n // 2) // n).astype(np.uint8)
    return means


def cut(stack: U8, angle_deg: float, frames: npt.NDArray[np.intp] | None = None) -> U8:
    """The long view at one angle.

    Parameters
    ----------
    stack : ndarray, uint8 (n, angles, radii)
        Reduced frames; `angles` even.
    angle_deg : float
        Direction of the top half, from +x towards +y (clockwise on screen); the bottom half is
        opposite. Between sampled directions the two nearest are blended.
    frames : ndarray of int, optional
        Frame of each column, 0-based; all frames in order without it.

    Returns
    -------
    ndarray, uint8 (2 * radii, columns)
        Row 0 is the outer end of the top half, the catheter lies between the two middle rows.
    """
    n_angles, n_radii = stack.shape[1:]
    turn = (angle_deg / 360.0 * n_angles) % n_angles
    low = int(turn + 1e-6)
    weight = round((turn - low) * 256)
    top, bottom = (_rays(stack, low + h, weight, frames) for h in (0, n_angles // 2))
    image = np.empty((2 * n_radii, top.shape[0]), np.uint8)
    image[:n_radii] = top.T[::-1]
    image[n_radii:] = bottom.T
    return image


def directions_of(angle_deg: float, n_angles: int) -> tuple[int, ...]:
    """Which sampled directions a cut at `angle_deg` is made of: two, or four between them."""
    turn = (angle_deg / 360.0 * n_angles) % n_angles
    low = int(turn + 1e-6)
    steps = (0, 1) if round((turn - low) * 256) > 0 else (0,)
    return tuple((low + half + step) % n_angles for half in (0, n_angles // 2) for step in steps)


def cut_turned(stack: U8, angles_deg: npt.NDArray[np.float64], frames: npt.NDArray[np.intp]) -> U8:
    """The long view with an angle of its own for every column: a catheter that turned.

    Parameters
    ----------
    stack : ndarray, uint8 (n, angles, radii)
        As for `cut`.
    angles_deg : ndarray, shape (columns,)
        Direction of the top half in each column, from +x towards +y.
    frames : ndarray of int, shape (columns,)
        Frame of each column, 0-based.

    Returns
    -------
    ndarray, uint8 (2 * radii, columns)
        As `cut` makes it.
    """
    n_angles, n_radii = stack.shape[1:]
    turn = np.asarray(angles_deg, np.float64) / 360.0 * n_angles % n_angles
    low = (turn + 1e-6).astype(np.intp)
    weight = np.round((turn - low) * 256).astype(np.int32).clip(0, 256)[:, None]
    image = np.empty((2 * n_radii, len(low)), np.uint8)
    for half, rows, step in (
        (0, slice(None, n_radii), -1),
        (n_angles // 2, slice(n_radii, None), 1),
    ):
        rays = stack[frames, (low + half) % n_angles] * (256 - weight)
        rays += stack[frames, (low + half + 1) % n_angles] * weight
        image[rows] = (rays >> 8).astype(np.uint8).T[::step]
    return image


def _rays(stack: U8, index: int, weight: int, frames: npt.NDArray[np.intp] | None) -> U8:
    """Rays (columns, radii) between direction `index` and the next, weight 0..256 of the next."""
    n_angles = stack.shape[1]
    which = slice(None) if frames is None else frames
    rays = stack[which, index % n_angles]
    if weight <= 0:
        return rays
    following = stack[which, (index + 1) % n_angles]
    blend = rays.astype(np.uint16) * np.uint16(256 - weight)
    blend += following.astype(np.uint16) * np.uint16(weight)
    return (blend >> 8).astype(np.uint8)
