"""Palettes: what colour a stored value stands for (PS3.3 C.7.6.3.1.5, C.7.9.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.pixel_elements import BrokenHeaderError, PixelElements

_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103)
_TABLES = (0x00281201, 0x00281202, 0x00281203)
_SEGMENTED = (0x00281221, 0x00281222, 0x00281223)
PALETTE_TAGS = frozenset(_DESCRIPTORS + _TABLES + _SEGMENTED)


def read_palette(elements: PixelElements) -> tuple[NDArray[np.uint8], int]:
    """The palette of an image and the stored value its first entry stands for.

    Returns
    -------
    table : ndarray
        (n, 3) uint8, RGB; 16-bit tables are brought to 8 bits by their high byte.
    first : int
        Stored value of entry 0.

    Raises
    ------
    BrokenHeaderError
        A palette is missing or makes no sense.
    """
    channels = []
    first = 0
    for descriptor, plain, segmented in zip(_DESCRIPTORS, _TABLES, _SEGMENTED, strict=True):
        shape = elements.integers(descriptor)
        if len(shape) != 3:
            raise BrokenHeaderError("its colour palette is not described")
        count, first, bits = shape[0] & 0xFFFF or 65536, shape[1], shape[2]
        if segmented in elements.values:
            words = expand_segments(_entries(elements, segmented, bits, 0).tolist(), count)
        else:
            words = _entries(elements, plain, bits, count)
        if words.size == 0:
            raise BrokenHeaderError("its colour palette is empty")
        words = np.pad(words[:count], (0, max(0, count - words.size)), mode="edge")
        channels.append(words)
    table = np.stack(channels, axis=1)
    # a 16-bit table whose entries all fit in 8 bits was meant as 8 bits
    return (table >> 8 if table.max() > 255 else table).astype(np.uint8), first


def _entries(elements: PixelElements, tag: int, bits: int, count: int) -> NDArray[np.uint16]:
    """Entries of one table; 8-bit entries may stand one a byte or one a word."""
    value = elements.values.get(tag, b"")
    if bits == 8 and (count == 0 or len(value) < 2 * count):
        data = np.frombuffer(value, np.uint8)
        if not elements.little and elements.found[tag].vr == b"OW":
            data = data[: data.size // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
        return data.astype(np.uint16)
    words = np.frombuffer(value[: len(value) // 2 * 2], "<u2" if elements.little else ">u2")
    return words.astype(np.uint16)


def expand_segments(words: list[int], limit: int) -> NDArray[np.uint16]:
    """A segmented palette written out (PS3.3 C.7.9.2): discrete, linear, indirect segments.

    Parameters
    ----------
    words : list of int
        The segmented data.
    limit : int
        Entries the palette has; nothing beyond is made.

    Raises
    ------
    BrokenHeaderError
        A segment is of no known kind or goes beyond the data.
    """
    out: list[int] = []
    _expand(words, 0, len(words), None, out, limit)
    return np.array(out[:limit], np.uint16)


def _expand(
    words: list[int], pos: int, end: int, segments: int | None, out: list[int], limit: int
) -> None:
    """Append what the segments from `pos` stand for; at most `segments` of them."""
    done = 0
    while pos + 2 < end + 1 and len(out) < limit and (segments is None or done < segments):
        kind, length = words[pos], words[pos + 1] if pos + 1 < end else 0
        if kind == 0 and pos + 2 + length <= end:
            out.extend(words[pos + 2 : pos + 2 + length])
            pos += 2 + length
        elif kind == 1 and out and pos + 3 <= end:
            start, stop = out[-1], words[pos + 2]
            out.extend(round(start + (stop - start) * k / length) for k in range(1, length + 1))
            pos += 3
        elif kind == 2 and segments is None and pos + 4 <= end:
            at = words[pos + 2] | words[pos + 3] << 16
            _expand(words, at, end, length, out, limit)
            pos += 4
        elif kind == 0 and length == 0:
            return
        else:
            raise BrokenHeaderError("its colour palette is damaged")
        done += 1
