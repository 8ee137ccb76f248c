"""Palettes: what colour a stored value stands for (PS3.3 C.7.6.3.1.5, C.7.9.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.header import Header

_CHANNELS = ("Red", "Green", "Blue")


class PaletteError(Exception):
    """A palette is missing or makes no sense; the message is a reason in words."""


def read_palette(header: Header) -> tuple[NDArray[np.uint8], int]:
    """The palette of an image and the stored value its first entry stands for.

    Returns
    -------
    table : ndarray
        (n, 3) uint8, RGB; 16-bit tables are brought to 8 bits by their high byte.
    first : int
        Stored value of entry 0.

    Raises
    ------
    PaletteError
        A palette is missing or makes no sense.
    """
    channels = []
    first = 0
    for channel in _CHANNELS:
        plain = f"{channel}PaletteColorLookupTableData"
        segmented = f"Segmented{plain}"
        shape = [int(v) for v in header.numbers(f"{channel}PaletteColorLookupTableDescriptor")]
        if len(shape) != 3:
            raise PaletteError("its colour palette is not described")
        count, first, bits = shape[0] & 0xFFFF or 65536, shape[1], shape[2]
        if segmented in header:
            words = _segmented(header, segmented, bits, count)
        else:
            words = _entries(header, plain, bits, count)
        if words.size == 0:
            raise PaletteError("its colour palette is empty")
        words = np.pad(words[:count], (0, max(0, count - words.size)), mode="edge")
        channels.append(words)
    if len({words.size for words in channels}) > 1:
        raise PaletteError("its colour palette has more of one colour than of another")
    table = np.stack(channels, axis=1)
    # a 16-bit table whose entries all fit in 8 bits was meant as 8 bits
    return (table >> 8 if table.max() > 255 else table).astype(np.uint8), first


def _entries(header: Header, keyword: str, bits: int, count: int) -> NDArray[np.uint16]:
    """Entries of one table; 8-bit entries may stand one a byte or one a word."""
    value = header.raw(keyword)
    words = np.array(header.numbers(keyword), dtype=np.uint16)
    if bits == 8 and count and len(value) < 2 * count:
        return np.stack([words & 0xFF, words >> 8], axis=1).ravel()
    return words


def _segmented(header: Header, keyword: str, bits: int, count: int) -> NDArray[np.uint16]:
    """A segmented table written out; segments of 8 bits stand one a byte (C.7.9.2), or a word."""
    value = header.raw(keyword)
    if bits == 8 and value:
        try:
            return expand_segments(list(value), count)
        except PaletteError:
            if len(value) % 2:
                raise
    return expand_segments([int(v) for v in header.numbers(keyword)], count)


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
    PaletteError
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
            raise PaletteError("its colour palette is damaged")
        done += 1
