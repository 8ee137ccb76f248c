"""Stored values to grey levels: the standard's equations and presets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.imaging.window import (
    WideLut,
    apply_display,
    auto_window,
    display_lut,
    full_window,
    to_modality,
)
from viewer.model.study import LookupTable, PixelFormat, Window

EIGHT = PixelFormat()
TWELVE = PixelFormat(bits_allocated=16, bits_stored=12)
SIGNED = PixelFormat(bits_allocated=16, bits_stored=12, signed=True)


def _shown(pixels: PixelFormat, values: Any, dtype: str, window: Window | None, **how: Any) -> Any:
    lut = display_lut(pixels, dtype, window, **how)
    return apply_display(np.array([values], dtype=dtype), lut)[0].tolist()


def test_linear_is_the_standards_example() -> None:
    """PS3.3 C.11.2.1.2.1: c = 2048, w = 4096 shows 0 black and 4095 white."""
    assert _shown(TWELVE, [0, 4095], "u2", Window(2048, 4096)) == [0, 255]
    assert _shown(EIGHT, list(range(256)), "u1", Window(128, 256)) == list(range(256))


def test_linear_and_linear_exact_differ_by_half_a_value() -> None:
    values = [99, 100, 101, 102]
    linear = _shown(EIGHT, values, "u1", Window(101, 3))
    exact = _shown(EIGHT, values, "u1", Window(101, 2, "LINEAR_EXACT"))
    assert linear == [0, 64, 191, 255]
    assert exact == [0, 0, 128, 255]


def test_the_narrowest_window_is_a_threshold() -> None:
    assert _shown(EIGHT, [99, 100, 101], "u1", Window(100, 1)) == [0, 255, 255]


def test_sigmoid() -> None:
    shown = _shown(TWELVE, [0, 1500, 2000, 2500, 4095], "u2", Window(2000, 1000, "SIGMOID"))
    curve = [255 / (1 + np.exp(-4 * (x - 2000) / 1000)) for x in (0, 1500, 2000, 2500, 4095)]
    assert shown == np.rint(curve).astype(int).tolist()


def test_no_window_shows_everything_that_can_be_stored() -> None:
    assert _shown(TWELVE, [0, 4095], "u2", None) == [0, 255]
    assert _shown(SIGNED, [-2048, 2047], "i2", None) == [0, 255]
    one_bit = PixelFormat(bits_allocated=1, bits_stored=1)
    assert _shown(one_bit, [0, 1], "u1", None) == [0, 255]


def test_signed_values_are_looked_up_by_their_bits() -> None:
    window = Window(0, 2000, "LINEAR_EXACT")
    shown = _shown(SIGNED, [-2048, -500, 0, 500, 2047], "i2", window)
    assert shown == [0, 64, 128, 191, 255]
    shown = _shown(replace(EIGHT, signed=True), [-128, 0, 127], "i1", Window(0, 256))
    assert shown == [0, 128, 255]


def test_rescale_comes_before_the_window() -> None:
    pixels = replace(TWELVE, rescale=(2.0, -1000.0))
    shown = _shown(pixels, [0, 500, 1000], "u2", Window(0, 2000, "LINEAR_EXACT"))
    assert shown == [0, 128, 255]


def test_modality_table_comes_before_the_window_and_has_ends() -> None:
    table = LookupTable(first=10, bits=8, values=(0, 100, 200))
    pixels = replace(EIGHT, modality_lut=table)
    values = np.array([[0, 10, 11, 12, 200]], np.uint8)
    assert to_modality(pixels, values).tolist() == [[0, 0, 100, 200, 200]]
    assert _shown(pixels, values[0], "u1", Window(100, 200, "LINEAR_EXACT")) == [
        0,
        0,
        128,
        255,
        255,
    ]
    assert full_window(pixels).center == 100


def test_voi_table_takes_the_windows_place() -> None:
    table = LookupTable(first=-2, bits=12, values=(4095, 2048, 0))
    shown = _shown(SIGNED, [-100, -2, -1, 0, 5], "i2", Window(0, 1), voi_lut=table)
    assert shown == [255, 255, 128, 0, 0]


def test_monochrome1_and_invert_each_turn_the_greys_over() -> None:
    inverted = replace(EIGHT, photometric="MONOCHROME1")
    window = Window(128, 256)
    assert _shown(inverted, [0, 255], "u1", window) == [255, 0]
    assert _shown(EIGHT, [0, 255], "u1", window, invert=True) == [255, 0]
    assert _shown(inverted, [0, 255], "u1", window, invert=True) == [0, 255]


def test_colour_takes_no_window_but_can_be_inverted() -> None:
    colour = PixelFormat(samples=3, photometric="YBR_FULL_422")
    frame = np.random.default_rng(1).integers(0, 256, (4, 4, 3), np.uint8)
    plain = display_lut(colour, "u1", Window(10, 20))
    negative = display_lut(colour, "u1", None, invert=True)
    assert np.array_equal(apply_display(frame, plain), frame)
    assert np.array_equal(apply_display(frame, negative), 255 - frame)


@settings(max_examples=60, deadline=None)
@given(
    center=st.floats(-5000, 5000),
    width=st.floats(1, 9000),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    signed=st.booleans(),
    stored=st.integers(2, 16),
)
def test_greys_never_fall_and_every_value_has_one(
    center: float, width: float, function: str, signed: bool, stored: int
) -> None:
    pixels = PixelFormat(bits_allocated=16, bits_stored=stored, signed=signed)
    half = 1 << (stored - 1)
    values = np.arange(-half, half) if signed else np.arange(2 * half)
    frame = values.astype(np.int16 if signed else np.uint16).reshape(2, -1)
    lut = display_lut(pixels, frame.dtype, Window(center, width, function))
    shown = apply_display(frame, lut).ravel().astype(int)
    assert (np.diff(shown) >= 0).all()
    again = apply_display(frame, display_lut(pixels, frame.dtype, Window(center, width, function)))
    assert np.array_equal(shown, again.ravel())


@pytest.mark.parametrize("kind", ["u4", "i4", "f4", "f8"])
def test_values_of_more_than_16_bits_keep_the_windows_precision(kind: str) -> None:
    pixels = PixelFormat(bits_allocated=32, bits_stored=32, signed=kind == "i4")
    window = Window(1_000_000, 1000, "LINEAR_EXACT")
    lut = display_lut(pixels, kind, window)
    assert isinstance(lut, WideLut)
    values = np.array([[0, 999_500, 999_750, 1_000_000, 1_000_500, 2_000_000_000]], kind)
    shown = apply_display(values, lut)[0].astype(int)
    assert np.abs(shown - [0, 0, 64, 128, 255, 255]).max() <= 1
    assert apply_display(values, display_lut(pixels, kind, window, invert=True))[0, 0] == 255


def test_whole_range_of_32_bits() -> None:
    pixels = PixelFormat(bits_allocated=32, bits_stored=32)
    shown = _shown(pixels, [0, 2**31, 2**32 - 1], "u4", None)
    assert shown == [0, 128, 255]


def test_auto_window_is_the_headers_first() -> None:
    first = Window(300, 400, "SIGMOID", "vessel")
    pixels = replace(TWELVE, windows=(first, Window(1, 2)))
    assert auto_window(pixels, np.zeros((4, 4), np.uint16)) is first


def test_auto_window_passes_over_outliers() -> None:
    frame = np.tile(np.linspace(1000, 2000, 1024).astype(np.uint16), (1024, 1))
    frame[:10, :10] = 4095
    window = auto_window(replace(TWELVE, rescale=(2.0, -100.0)), frame)
    low, high = window.center - window.width / 2, window.center + window.width / 2
    assert low == pytest.approx(1900, abs=40)
    assert high == pytest.approx(3900, abs=40)


def test_auto_window_of_one_value_colour_and_nothing_finite() -> None:
    flat = auto_window(EIGHT, np.full((8, 8), 7, np.uint8))
    assert (flat.center, flat.width) == (7.0, 1.0)
    assert auto_window(EIGHT, np.zeros((2, 2, 3), np.uint8)).width == 255.0
    assert auto_window(EIGHT, np.full((2, 2), np.nan)).width > 0


def test_shape_of_any_memory_layout() -> None:
    frame = np.arange(64, dtype=np.uint8).reshape(8, 8)
    lut = display_lut(EIGHT, "u1", Window(128, 256))
    assert np.array_equal(apply_display(frame.T, lut), frame.T)
    assert apply_display(frame[:0], lut).shape == (0, 8)
