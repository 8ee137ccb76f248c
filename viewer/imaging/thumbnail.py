"""Small pictures of image sets for the rail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = np.ndarray[Any, np.dtype[Any]]

THUMBNAIL_PX = 96
"""Longest side in logical px; pictures are made for screens of twice that density."""

DENSITY = 2


def thumbnail_frame(frames: int) -> int:
    """The frame that stands for an image set: at 60 % of it, when contrast fills the vein.

    Of the runs of a venogram the first frames are masks without contrast and the last ones
    wash out; without decoding any, a little after the middle is the best guess.
    """
    return min(max(frames - 1, 0), (frames * 3) // 5)


def thumbnail(
    frame: Pixels,
    to_grey: Callable[[Pixels], Pixels] | None = None,
    longest_px: int = THUMBNAIL_PX * DENSITY,
    aspect: float = 1.0,
) -> npt.NDArray[np.uint8]:
    """A frame made small by averaging.

    Parameters
    ----------
    frame : ndarray, (rows, columns) or RGB uint8 (rows, columns, 3)
        Stored values.
    to_grey : callable, optional
        Stored values → uint8, for grey frames; without it they must be uint8.
    longest_px : int
        Longest side of the result; a smaller frame is never enlarged.
    aspect : float
        Height of a pixel divided by its width; the result has square pixels.

    Returns
    -------
    ndarray, uint8 (h, w) or (h, w, 3)
        Contiguous, read-only.

    Raises
    ------
    ValueError
        The frame is empty, or not uint8 without `to_grey`.
    """
    rows, columns = frame.shape[:2]
    if rows == 0 or columns == 0:
        raise ValueError("an empty frame has no thumbnail")
    scale = min(1.0, 1.0 / aspect, longest_px / max(columns, rows * aspect))
    height = min(rows, max(1, round(rows * aspect * scale)))
    width = min(columns, max(1, round(columns * scale)))
    small = _averaged(frame, height, width)
    if frame.ndim == 2 and to_grey is not None:
        small = to_grey(small)
    if small.dtype != np.uint8:
        raise ValueError(f"a {small.dtype} frame needs a way to grey")
    picture = np.ascontiguousarray(small, np.uint8)
    picture.setflags(write=False)
    return picture


def _averaged(frame: Pixels, height: int, width: int) -> Pixels:
    """Means over height x width boxes of about the same size, in the frame's own dtype."""
    rows, columns = frame.shape[:2]
    if (height, width) == (rows, columns):
        return frame.copy()
    top = np.arange(height) * rows // height
    left = np.arange(width) * columns // width
    sums = np.add.reduceat(frame, top, axis=0, dtype=np.int64)
    sums = np.add.reduceat(sums, left, axis=1)
    counts = np.diff(np.append(top, rows))[:, None] * np.diff(np.append(left, columns))
    if frame.ndim == 3:
        counts = counts[..., None]
    means: Pixels = np.rint(sums / counts).astype(frame.dtype)
    return means
