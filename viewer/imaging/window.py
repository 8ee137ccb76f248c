"""Stored values to what is shown: one table per window, looked up per pixel.

Changing the window makes a new table (under a millisecond) and never decodes again.
Source: PS3.3 C.11.1 (Modality LUT), C.11.2 (VOI LUT, windows), C.7.6.3.1.2 (MONOCHROME1).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from viewer.model.study import LookupTable, PixelFormat, Window

BLOCK_PIXELS = 65536
"""Pixels looked up at once: indices and result stay in the processor's cache."""

LOW_PERCENT, HIGH_PERCENT = 0.5, 99.5
"""Percentiles an automatic window spans."""

WIDE_ENTRIES = 65536
"""Entries of a table for values of more than 16 bits."""


class WideLut(np.ndarray[Any, np.dtype[np.uint8]]):
    """A table for values of more than 16 bits: entry k stands for `first` + k * `step`."""

    first: float
    step: float


def display_lut(
    pixels: PixelFormat,
    dtype: DTypeLike,
    window: Window | None,
    *,
    invert: bool = False,
    voi_lut: LookupTable | None = None,
) -> NDArray[np.uint8]:
    """The table `apply_display` looks stored values up in.

    Parameters
    ----------
    pixels : PixelFormat
        Says how stored values become modality values; MONOCHROME1 is shown inverted.
    dtype : dtype
        Of the frames.
    window : Window or None
        In modality units; None shows the whole range that can be stored.
    invert : bool
        Show negative.
    voi_lut : LookupTable or None
        Used instead of the window.

    Returns
    -------
    ndarray
        uint8 grey levels. Unsigned: entry v is stored value v, 2**bits stored entries. Signed:
        entry v & (2**bits allocated - 1). Beyond 16 bits, and floating point: a `WideLut`.
    """
    kind = np.dtype(dtype)
    negative = invert != (pixels.photometric == "MONOCHROME1")
    if kind.itemsize > 2 or kind.kind == "f":
        return _wide_lut(pixels, kind, window, voi_lut, negative)
    if pixels.samples == 3 or pixels.photometric == "PALETTE COLOR":
        levels = np.arange(256, dtype=np.float64)
    else:
        values = _modality_values(pixels, kind.str)
        levels = _levels(values, pixels, window, voi_lut)
    return _grey(levels, negative)


def apply_display(frame: NDArray[Any], lut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Look a frame up in the table of `display_lut`.

    Parameters
    ----------
    frame : ndarray
        (rows, columns) stored values, or (rows, columns, 3) uint8 RGB.
    lut : ndarray
        From `display_lut` for the frame's dtype.

    Returns
    -------
    ndarray
        Same shape, uint8. Colour takes no window: it comes back as it is (not copied), or as its
        negative when the table is one.
    """
    if frame.ndim == 3:
        return frame if int(lut[0]) <= int(lut[-1]) else np.invert(frame)
    if isinstance(lut, WideLut):
        place = np.rint((frame - lut.first) / lut.step)
        index = np.clip(np.nan_to_num(place), 0, lut.size - 1).astype(np.intp)
        return np.asarray(np.take(lut.view(np.ndarray), index), np.uint8)
    if frame.dtype.kind == "i":
        frame = frame.view(f"u{frame.dtype.itemsize}")
    if frame.dtype == np.uint8 and lut.size == 256:  # twice as fast as numpy's take
        looked_up = bytearray(np.ascontiguousarray(frame)).translate(lut.tobytes())
        return np.frombuffer(looked_up, np.uint8).reshape(frame.shape)
    out = np.empty(frame.shape, np.uint8)
    source, target = np.ascontiguousarray(frame).reshape(-1), out.reshape(-1)
    for start in range(0, source.size, BLOCK_PIXELS):
        part = slice(start, start + BLOCK_PIXELS)
        np.take(lut, source[part], out=target[part], mode="clip")
    return out


def auto_window(pixels: PixelFormat, frame: NDArray[Any]) -> Window:
    """The header's first preset, else one that spans nearly all of a frame's values.

    Parameters
    ----------
    frame : ndarray
        (rows, columns) stored values or (rows, columns, 3) RGB.

    Returns
    -------
    Window
        In modality units.
    """
    usable = next((w for w in pixels.windows if w.width > 0), None)
    if usable is not None:
        return usable
    if frame.ndim == 3:
        return Window(127.5, 255.0, "LINEAR_EXACT")
    step = max(1, int((frame.size / BLOCK_PIXELS) ** 0.5))
    sample = to_modality(pixels, frame[::step, ::step]).astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return Window(0.5, 1.0, "LINEAR_EXACT")
    low, high = np.percentile(sample, (LOW_PERCENT, HIGH_PERCENT)).tolist()
    if high <= low:
        low, high = low - 0.5, low + 0.5
    return Window((low + high) / 2.0, high - low, "LINEAR_EXACT", "automatic")


def to_modality(pixels: PixelFormat, stored: NDArray[Any]) -> NDArray[Any]:
    """Modality values of stored values (PS3.3 C.11.1): by table, else slope and intercept.

    Returns
    -------
    ndarray
        Same shape; the array itself when there is nothing to do, else float64.
    """
    if pixels.modality_lut is not None and pixels.modality_lut.values:
        return _through_table(stored, pixels.modality_lut)
    if pixels.rescale is not None:
        slope, intercept = pixels.rescale
        return np.asarray(stored * float(slope) + float(intercept))
    return stored


def _through_table(values: NDArray[Any], table: LookupTable) -> NDArray[np.float64]:
    """What a table makes of values; those before or behind it take its first or last entry."""
    entries = _entries(table)
    index = np.clip(np.floor(values).astype(np.int64) - table.first, 0, entries.size - 1)
    return np.asarray(entries[index])


@lru_cache(maxsize=8)
def _entries(table: LookupTable) -> NDArray[np.float64]:
    return np.array(table.values, dtype=np.float64)


@lru_cache(maxsize=16)
def _modality_values(pixels: PixelFormat, kind: str) -> NDArray[np.float64]:
    """Modality value of every entry of a table for frames of type `kind`."""
    dtype = np.dtype(kind)
    bits = 8 * dtype.itemsize
    if dtype.kind == "i":
        stored = np.arange(1 << bits).astype(f"u{dtype.itemsize}").view(dtype)
    else:
        stored = np.arange(1 << min(bits, max(1, pixels.bits_stored)))
    values = to_modality(pixels, stored).astype(np.float64)
    values.flags.writeable = False
    return values


def _levels(
    values: NDArray[np.float64],
    pixels: PixelFormat,
    window: Window | None,
    voi_lut: LookupTable | None,
) -> NDArray[np.float64]:
    """Grey levels 0..255 of modality values."""
    if voi_lut is not None and voi_lut.values:
        top = float((1 << voi_lut.bits) - 1)
        return _through_table(values, voi_lut) * (255.0 / top)
    return windowed(values, window or full_window(pixels))


def windowed(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Grey levels 0..255 a window gives to values (PS3.3 C.11.2.1.2.1, C.11.2.1.3).

    Notes
    -----
    LINEAR: ((x - (c - 0.5)) / (w - 1) + 0.5) * 255; LINEAR_EXACT: ((x - c) / w + 0.5) * 255;
    both kept within 0..255, a width that leaves no ramp is a threshold.
    SIGMOID: 255 / (1 + exp(-4 (x - c) / w)).
    """
    center, width = window.center, window.width
    if window.function == "SIGMOID" and width > 0:
        slope = np.clip(-4.0 * (values - center) / width, -700.0, 700.0)
        return np.asarray(255.0 / (1.0 + np.exp(slope)))
    if window.function != "LINEAR_EXACT":
        center, width = center - 0.5, width - 1.0
    if width <= 0:
        return np.where(values > center, 255.0, 0.0)
    return np.clip(((values - center) / width + 0.5) * 255.0, 0.0, 255.0)


def full_window(pixels: PixelFormat) -> Window:
    """The window over everything that can be stored, in modality units."""
    low, high = stored_range(pixels)
    ends = to_modality(pixels, np.array([low, high])).astype(np.float64).tolist()
    if pixels.modality_lut is not None and pixels.modality_lut.values:
        ends = [min(pixels.modality_lut.values), max(pixels.modality_lut.values)]
    low, high = min(ends), max(ends)
    return Window((low + high) / 2.0, max(high - low, 1e-6), "LINEAR_EXACT", "full range")


def stored_range(pixels: PixelFormat) -> tuple[int, int]:
    """Smallest and largest value that can be stored."""
    if pixels.signed:
        return -(1 << (pixels.bits_stored - 1)), (1 << (pixels.bits_stored - 1)) - 1
    return 0, (1 << pixels.bits_stored) - 1


def _grey(levels: NDArray[np.float64], negative: bool) -> NDArray[np.uint8]:
    grey = np.rint(levels).astype(np.uint8)
    return np.invert(grey) if negative else grey


def _wide_lut(
    pixels: PixelFormat,
    kind: np.dtype[Any],
    window: Window | None,
    voi_lut: LookupTable | None,
    negative: bool,
) -> WideLut:
    """A table over the stored values between which the window's ramp lies."""
    if window is None and kind.kind != "f" and voi_lut is None:
        low, high = (float(v) for v in stored_range(pixels))
    else:
        window = window or Window(0.5, 1.0, "LINEAR_EXACT")
        reach = window.width * (2.0 if window.function == "SIGMOID" else 0.5) + 1.0
        slope, intercept = pixels.rescale or (1.0, 0.0)
        ends = [(window.center + side * reach - intercept) / slope for side in (-1.0, 1.0)]
        low, high = min(ends), max(ends)
    step = (high - low) / (WIDE_ENTRIES - 1)
    stored = low + step * np.arange(WIDE_ENTRIES)
    levels = _levels(to_modality(pixels, stored).astype(np.float64), pixels, window, voi_lut)
    table = _grey(levels, negative).view(WideLut)
    table.first, table.step = low, step
    return table
