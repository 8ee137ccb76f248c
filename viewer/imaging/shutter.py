"""Display shutters: which pixels are meant to be seen (PS3.3 C.7.6.11)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from viewer.model.study import Shutter


def shutter_mask(shutter: Shutter | None, rows: int, columns: int) -> NDArray[np.bool_] | None:
    """Where the image is to be seen.

    Parameters
    ----------
    shutter : Shutter or None
        Its shapes, px; a pixel is seen when its centre lies in (or on) all of them.

    Returns
    -------
    ndarray or None
        (rows, columns) bool, True where seen. None when nothing is covered, and when everything
        would be: such a shutter is a mistake of the header.
    """
    if shutter is None:
        return None
    y = np.arange(rows)[:, None]
    x = np.arange(columns)[None, :]
    seen = np.ones((rows, columns), bool)
    if shutter.rectangle is not None:
        left, upper, right, lower = shutter.rectangle
        seen &= (x >= left) & (x <= right) & (y >= upper) & (y <= lower)
    if shutter.circle is not None:
        center_x, center_y, radius = shutter.circle
        seen &= (x - center_x) ** 2 + (y - center_y) ** 2 <= radius**2
    if len(shutter.polygon) >= 3:
        seen &= _inside(shutter.polygon, rows, columns)
    return None if seen.all() or not seen.any() else seen


def _inside(polygon: tuple[tuple[float, float], ...], rows: int, columns: int) -> NDArray[np.bool_]:
    """Pixel centres inside a closed polygon, by the even-odd rule along rows."""
    x = np.arange(columns)[None, :]
    inside = np.zeros((rows, columns), bool)
    for (x0, y0), (x1, y1) in pairwise((*polygon, polygon[0])):
        if y0 == y1:
            continue
        top, bottom = sorted((y0, y1))
        first, last = max(0, int(np.ceil(top))), min(rows, int(np.ceil(bottom)))
        if last <= first:
            continue
        y = np.arange(first, last)[:, None]
        crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        inside[first:last] ^= x >= crossing
    return inside
