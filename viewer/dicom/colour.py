"""Colour as stored to RGB (PS3.3 C.7.6.3.1.2)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def ybr_full_to_rgb(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """YBR_FULL to RGB.

    Parameters
    ----------
    frame : ndarray
        (rows, columns, 3) uint8: Y, Cb, Cr.

    Returns
    -------
    ndarray
        (rows, columns, 3) uint8, each channel rounded to the nearest and kept within 0..255.

    Notes
    -----
    The inverse of PS3.3 C.7.6.3.1.2: R = Y + 1.402 Cr', G = Y - 0.344136 Cb' - 0.714136 Cr',
    B = Y + 1.772 Cb', with Cb' = Cb - 128 and Cr' = Cr - 128.
    """
    red, green, blue = _chroma_tables()
    luma = frame[..., 0].astype(np.int16)
    cb, cr = frame[..., 1], frame[..., 2]
    out = np.empty(frame.shape, np.uint8)
    np.clip(luma + red[cr], 0, 255, out=out[..., 0], casting="unsafe")
    pair = cb.astype(np.uint16)
    pair <<= 8
    pair |= cr
    np.clip(luma + green[pair], 0, 255, out=out[..., 1], casting="unsafe")
    np.clip(luma + blue[cb], 0, 255, out=out[..., 2], casting="unsafe")
    return out


@cache
def _chroma_tables() -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]:
    """What chroma adds to red (by Cr), green (by Cb << 8 | Cr) and blue (by Cb)."""
    chroma = np.arange(256) - 128.0
    green = -0.344136 * chroma[:, None] - 0.714136 * chroma[None, :]

    def rounded(values: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
        return np.asarray(np.floor(values + 0.5), dtype=np.int16)

    return rounded(1.402 * chroma), rounded(green).ravel(), rounded(1.772 * chroma)


def partial_to_full(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """YBR_PARTIAL (Y 16..235, chroma 16..240, ITU-R BT.601) to YBR_FULL, same shape."""
    values = np.arange(256, dtype=np.float64)
    luma = np.clip(np.rint((values - 16.0) * 255.0 / 219.0), 0, 255).astype(np.uint8)
    chroma = np.clip(np.rint((values - 128.0) * 255.0 / 224.0 + 128.0), 0, 255).astype(np.uint8)
    out = np.empty_like(frame)
    out[..., 0] = luma[frame[..., 0]]
    out[..., 1:] = chroma[frame[..., 1:]]
    return out


def widen_422(data: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """Native 4:2:2 (Y1 Y2 Cb Cr for each two pixels) to one Y, Cb, Cr a pixel.

    Parameters
    ----------
    data : ndarray
        (rows * columns * 2,) uint8; `columns` is even.

    Returns
    -------
    ndarray
        (rows, columns, 3) uint8; chroma of a pair stands for both its pixels.
    """
    pairs = data.reshape(rows, columns // 2, 4)
    out = np.empty((rows, columns, 3), np.uint8)
    out[:, 0::2, 0], out[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    out[:, 0::2, 1:] = pairs[..., 2:]
    out[:, 1::2, 1:] = pairs[..., 2:]
    return out


def to_eight_bits(frame: NDArray[np.generic], bits_stored: int) -> NDArray[np.uint8]:
    """Colour samples of more than 8 bits by their high byte; same shape, uint8."""
    if frame.dtype == np.uint8:
        return frame.view(np.uint8)
    words = frame.view(np.uint16) if frame.dtype.itemsize == 2 else frame.astype(np.uint32)
    return (words >> max(0, bits_stored - 8)).astype(np.uint8)


def through_palette(
    stored: NDArray[np.generic], table: NDArray[np.uint8], first: int
) -> NDArray[np.uint8]:
    """Stored values to RGB; values outside the palette take its nearest end.

    Parameters
    ----------
    stored : ndarray
        (rows, columns) integers.
    table : ndarray
        (n, 3) uint8, of values `first`, `first` + 1, ...

    Returns
    -------
    ndarray
        (rows, columns, 3) uint8.
    """
    index = stored.astype(np.int64)
    if first:
        index -= first
    return np.take(table, index, axis=0, mode="clip")
