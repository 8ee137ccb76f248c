"""The long view of a pullback: each frame along a line through the catheter's centre.

Each frame is reduced once to a small polar picture; turning the cut then needs no frame again.
"""

from __future__ import annotations

from collections.abc import Callable
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
        colours = np.take(frame.reshape(-1, frame.shape[2]), flat, axis=0)
        values = ((colours[..., :3] @ _GREY) >> 8).astype(np.uint8)
    else:
        values = np.take(frame.reshape(-1), flat)
    if to_grey is not None:
        values = to_grey(values)
    if values.dtype != np.uint8:
        raise ValueError(f"a {values.dtype} frame needs a way to grey")
    if out is not None:
        values = np.where(out, np.uint8(0), values)
    n = flat.shape[0]
    if n == 1:
        return values.reshape(grid.shape).astype(np.uint8, copy=False)
    total = values.sum(axis=0, dtype=np.uint32)
    means: U8 = ((total + n // 2) // n).astype(np.uint8).reshape(grid.shape)
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
