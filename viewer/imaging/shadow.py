"""Stored values as the shadow they show: larger where more was absorbed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.log_domain import LogDomain
from viewer.model.study import PixelFormat

Shadow = NDArray[np.float64]


def shadow_of(pixels: NDArray[np.generic], form: PixelFormat) -> Shadow:
    """How much was absorbed, up to a constant and a factor.

    Parameters
    ----------
    pixels : ndarray, shape (rows, columns) or (rows, columns, 3)
        Stored values of one frame; colours are averaged.
    form : PixelFormat
        What the values mean (see `LogDomain`).

    Returns
    -------
    ndarray of float64, shape (rows, columns)
    """
    grey = pixels if pixels.ndim == 2 else np.asarray(pixels, np.float32).mean(axis=2)
    return -LogDomain.of(form).of_frame(grey).astype(np.float64)


def sampled(image: Shadow, points_px: Shadow) -> Shadow:
    """Values at points between the pixels, bilinear, edges held.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
    points_px : ndarray, shape (..., 2)
        (x, y) px.

    Returns
    -------
    ndarray of float64, shape (...)
    """
    rows, columns = image.shape
    x = np.clip(points_px[..., 0], 0, columns - 1)
    y = np.clip(points_px[..., 1], 0, rows - 1)
    x0 = np.minimum(x.astype(np.intp), max(columns - 2, 0))
    y0 = np.minimum(y.astype(np.intp), max(rows - 2, 0))
    x1, y1 = np.minimum(x0 + 1, columns - 1), np.minimum(y0 + 1, rows - 1)
    fx, fy = x - x0, y - y0
    upper = image[y0, x0] * (1 - fx) + image[y0, x1] * fx
    lower = image[y1, x0] * (1 - fx) + image[y1, x1] * fx
    return np.asarray(upper * (1 - fy) + lower * fy)
