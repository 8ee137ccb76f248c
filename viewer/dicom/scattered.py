"""A few pixels of every uncompressed frame, without reading the frames.

The file is mapped for the moment of one reading only, after a look that it is still as long as
it was: a file that shrinks under a memory map ends the whole process.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.byte_source import DiskBytes
from viewer.dicom.decoders import Samples, Space
from viewer.dicom.pixel_header import PixelHeader


def can_scatter(header: PixelHeader) -> bool:
    """Whether single pixels lie at places of their own: whole bytes, on disk, by pixel."""
    by_pixel = header.samples == 1 or not (header.planar or header.is_422)
    return (
        isinstance(header.source, DiskBytes)
        and header.length is not None
        and by_pixel
        and not (header.is_packed or header.words_swapped)
    )


def scattered(header: PixelHeader, frames: int, flat_px: NDArray[np.intp]) -> Samples:
    """The same pixels of the first `frames` frames.

    Parameters
    ----------
    header : PixelHeader
        Of a file that `can_scatter`.
    flat_px : ndarray of int, shape (n,)
        Row * columns + column of each pixel.

    Returns
    -------
    tuple of ndarray, shape (frames, n) or (frames, n, 3), and Space
        As `frame_stores.NativeFrames.samples` gives whole frames.

    Raises
    ------
    OSError
        The file can't be mapped.
    """
    dtype = header.dtype.newbyteorder("<" if header.little else ">")
    size = header.rows * header.columns * header.samples
    with (
        header.source.open() as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as on_disk,
    ):
        values = _gathered(on_disk, header, dtype, (frames, size), flat_px)
    if header.samples == 1:
        return values, Space.STORED
    is_ybr = header.photometric.startswith("YBR_FULL")
    return values, Space.YBR if is_ybr else Space.RGB


def _gathered(
    data: mmap.mmap,
    header: PixelHeader,
    dtype: np.dtype[Any],
    shape: tuple[int, int],
    flat_px: NDArray[np.intp],
) -> NDArray[Any]:
    """The pixels, copied out, so that nothing points into the map any more."""
    stored = np.ndarray(shape, dtype, data, header.offset)
    if header.samples == 1:
        return np.take(stored, flat_px, axis=1).astype(header.dtype, copy=False)
    by_pixel = stored.reshape(shape[0], -1, header.samples)
    return np.take(by_pixel, flat_px, axis=1).astype(header.dtype, copy=False)
