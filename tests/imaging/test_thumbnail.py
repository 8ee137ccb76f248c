"""Thumbnails: size, proportion, averaging."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.imaging.thumbnail import thumbnail, thumbnail_frame


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 400),
    columns=st.integers(1, 400),
    longest=st.integers(8, 192),
    aspect=st.sampled_from([0.5, 1.0, 1.4]),
)
def test_size_and_proportion(rows, columns, longest, aspect):
    picture = thumbnail(np.full((rows, columns), 77, np.uint8), longest_px=longest, aspect=aspect)
    height, width = picture.shape
    assert max(height, width) <= longest
    assert height <= rows
    assert width <= columns
    assert (picture == 77).all()
    if min(height, width) > 8:
        assert height / width == pytest.approx(rows * aspect / columns, rel=0.15)


def test_boxes_are_averaged_and_the_mean_is_kept():
    frame = np.random.default_rng(3).integers(0, 256, (512, 512), np.uint8)
    picture = thumbnail(frame, longest_px=128)
    expected = frame.reshape(128, 4, 128, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(picture, expected, atol=0.51)


def test_colour_stays_colour():
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[..., 1] = 250
    picture = thumbnail(frame, longest_px=50)
    assert picture.shape == (25, 50, 3)
    assert (picture == [0, 250, 0]).all()


def test_wide_values_pass_the_given_way_to_grey():
    frame = np.full((64, 64), -500, np.int16)
    picture = thumbnail(frame, lambda v: (v + 700).astype(np.uint8), longest_px=16)
    assert (picture == 200).all()
    with pytest.raises(ValueError, match="way to grey"):
        thumbnail(frame, longest_px=16)


def test_small_frame_is_never_enlarged_and_the_result_is_its_own():
    frame = np.zeros((5, 9), np.uint8)
    picture = thumbnail(frame)
    assert picture.shape == (5, 9)
    assert not np.shares_memory(picture, frame)
    assert not picture.flags.writeable


def test_empty_frame_is_refused():
    with pytest.raises(ValueError, match="empty"):
        thumbnail(np.zeros((0, 9), np.uint8))


@pytest.mark.parametrize(("frames", "chosen"), [(0, 0), (1, 0), (2, 1), (10, 6), (96, 57)])
def test_frame_that_stands_for_a_set(frames, chosen):
    assert thumbnail_frame(frames) == chosen
