"""A mask laid onto a frame place by place, for bowel and breathing that no one shift undoes.

Lucas and Kanade's step with a wide neighbourhood, iterated on reduced pictures from a rigid
start: each place moves as its surroundings say, what differs beyond movement (contrast) has no say
(Tukey's biweight), and where nothing is to be seen the rigid shift stays.
"""

from __future__ import annotations

import numpy as np

from viewer.imaging.mask_shift import BLOCK_ROWS, TUKEY, Image, Shift, halved, shifted, softened

REDUCED_PX = 256
"""Longest side of the pictures the movement is found on."""

NEIGHBOURHOOD = 1 / 14
"""Standard deviation of a neighbourhood, as a share of the field: bowel loops move as a whole."""

STEPS = 6

GRID = 33
"""Points along each side at which a movement is kept: closer than it can differ."""

FINE = 4
"""Places a pixel is divided into when a mask is laid on quickly; a power of two."""

FARTHEST_PX = 12.0
"""Most a place moves against the rigid shift, px of the frame at 1024 columns."""

STIFFNESS = 0.15
"""How much of the field's mean structure a place needs to move as it sees fit."""


class LocalFit:
    """Lays one mask onto frames; any number of threads may ask at once.

    Parameters
    ----------
    mask : ndarray, float32 (rows, columns)
        In the domain of subtraction.
    """

    def __init__(self, mask: Image) -> None:
        self._mask = mask
        self._small = softened(_reduced(mask))
        self._scale = mask.shape[1] / self._small.shape[1]

    def laid(self, frame: Image, start: Shift) -> Image:
        """The mask as it fits a frame.

        Parameters
        ----------
        frame : ndarray, float32 (rows, columns)
            In the domain of subtraction.
        start : tuple of float
            The rigid (dx, dy) shift of the mask that fits best, px.
        """
        dx, dy = self.movement(frame, start)
        return self._moved(dx, dy)

    def movement(self, frame: Image, start: Shift) -> tuple[Image, Image]:
        """Movement of each place to the right and down, px of the frame, on the reduced grid."""
        from scipy import ndimage

        picture = softened(_reduced(frame))
        rows, columns = picture.shape
        sigma = NEIGHBOURHOOD * max(rows, columns)
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        box = 2 * round(sigma * np.sqrt(6.0) / 2) + 1
        first = (start[0] / self._scale, start[1] / self._scale)
        dx = np.full(picture.shape, first[0], np.float32)
        dy = np.full(picture.shape, first[1], np.float32)
        limit = FARTHEST_PX / 1024 * columns

        def around(values: Image) -> Image:
            found: Image = values
            for _ in range(2):  # a box twice is near enough to a Gaussian, whatever its width
                found = ndimage.uniform_filter(found, box, mode="nearest")
            return found

        for _ in range(STEPS):
            laid = ndimage.map_coordinates(self._small, (y - dy, x - dx), order=1, mode="nearest")
            rest = picture - laid
            rest -= around(rest)
            gy, gx = (np.asarray(g, np.float32) for g in np.gradient(laid))
            spread = 1.4826 * float(np.median(np.abs(rest))) or 1e-6
            weight = np.square(np.maximum(1.0 - np.square(rest / (TUKEY * spread)), 0.0))
            xx, xy, yy = (around(weight * p) for p in (gx * gx, gx * gy, gy * gy))
            bx, by = around(weight * gx * rest), around(weight * gy * rest)
            stiff = STIFFNESS * float(np.mean(xx + yy)) / 2
            determinant = (xx + stiff) * (yy + stiff) - xy * xy
            dx -= ((yy + stiff) * bx - xy * by) / determinant
            dy -= ((xx + stiff) * by - xy * bx) / determinant
            np.clip(dx, first[0] - limit, first[0] + limit, out=dx)
            np.clip(dy, first[1] - limit, first[1] + limit, out=dy)
        return dx * np.float32(self._scale), dy * np.float32(self._scale)

    def _moved(self, dx: Image, dy: Image) -> Image:
        from scipy import ndimage

        rows, columns = self._mask.shape
        scale = self._scale
        y = (np.arange(rows, dtype=np.float32) + 0.5) / scale - 0.5
        x = (np.arange(columns, dtype=np.float32) + 0.5) / scale - 0.5
        grid = np.meshgrid(y, x, indexing="ij")
        full_x, full_y = (
            ndimage.map_coordinates(field, grid, order=1, mode="nearest") for field in (dx, dy)
        )
        across = np.arange(columns, dtype=np.float32)[None, :] - full_x
        down = np.arange(rows, dtype=np.float32)[:, None] - full_y
        moved: Image = ndimage.map_coordinates(
            self._mask, (down, across), order=3, mode="nearest", output=np.float32
        )
        return moved


class QuickWarp:
    """A mask laid on place by place in a few milliseconds, to a quarter of a pixel.

    The mask is kept at its 16 quarter-pixel places; laying it on looks each pixel up in one of
    them. Not for several threads at once.

    Parameters
    ----------
    mask : ndarray, float32 (rows, columns)
        In the domain of subtraction.
    """

    def __init__(self, mask: Image) -> None:
        rows, columns = mask.shape
        low, high = float(mask.min()), float(mask.max())
        self._step = np.float32(max(high - low, 1e-6) / 65535.0)
        self._zero = np.float32(low + 32768.0 * float(self._step))
        self._fine = np.empty((FINE * rows, FINE * columns), np.int16)
        for place in range(FINE * FINE):
            down, right = divmod(place, FINE)
            moved = shifted(mask, -right / FINE, -down / FINE)
            levels = np.rint((moved - self._zero) / self._step)
            self._fine[down::FINE, right::FINE] = np.clip(levels, -32768, 32767)
        self._down, self._across = _spread_out(rows), _spread_out(columns)

    def laid(self, dx_px: Image, dy_px: Image) -> Image:
        """The mask moved to the right and down by px known on a grid (see `on_grid`)."""
        height, width = self._fine.shape
        rows, columns = height // FINE, width // FINE
        out: Image = np.empty((rows, columns), np.float32)
        flat = self._fine.reshape(-1)
        right_px, down_px = (-FINE * d @ self._across.T for d in (dx_px, dy_px))
        x = np.arange(0, width, FINE, dtype=np.float32) + np.float32(0.5)
        y = np.arange(0, height, FINE, dtype=np.float32) + np.float32(0.5)
        for first in range(0, rows, BLOCK_ROWS):
            part = slice(first, first + BLOCK_ROWS)
            right, down = self._down[part] @ right_px, self._down[part] @ down_px
            right += x
            down += y[part, None]
            np.clip(right, 0, width - 1, out=right)
            np.clip(down, 0, height - 1, out=down)
            at = down.astype(np.int32)
            at *= width
            at += right.astype(np.int32)
            taken = out[part]
            np.multiply(flat.take(at), self._step, out=taken)
            taken += self._zero
        return out


def on_grid(movement_px: Image) -> Image:
    """A movement known everywhere, (rows, columns), on `GRID` x `GRID` points from edge to edge."""
    rows, columns = (
        np.rint(np.linspace(0, n - 1, GRID)).astype(np.intp) for n in movement_px.shape
    )
    return np.ascontiguousarray(movement_px[np.ix_(rows, columns)])


def _spread_out(size: int) -> Image:
    """Weights that interpolate `size` places between `GRID` points, (size, GRID)."""
    place = np.linspace(0.0, GRID - 1.0, size)
    return np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(GRID))).astype(np.float32)


def _reduced(image: Image) -> Image:
    while max(image.shape) > REDUCED_PX and min(image.shape) >= 8:
        image = halved(image)
    return image
