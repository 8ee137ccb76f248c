"""A mask laid onto a frame place by place, for bowel and breathing that no one shift undoes.

Lucas and Kanade's step with a wide neighbourhood, iterated on reduced pictures from a rigid
start: each place moves as its surroundings say, what differs beyond movement (contrast) has no say
(Tukey's biweight), and where nothing is to be seen the rigid shift stays.
"""

from __future__ import annotations

import numpy as np

from viewer.imaging.mask_shift import TUKEY, Image, Shift, halved, softened

REDUCED_PX = 256
"""Longest side of the pictures the movement is found on."""

NEIGHBOURHOOD = 1 / 14
"""Standard deviation of a neighbourhood, as a share of the field: bowel loops move as a whole."""

STEPS = 6

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


def _reduced(image: Image) -> Image:
    while max(image.shape) > REDUCED_PX and min(image.shape) >= 8:
        image = halved(image)
    return image
