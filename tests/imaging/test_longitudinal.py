"""The long view's sampling: directions, averaging, colour, turning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.imaging.longitudinal import PolarGrid, cut, cut_turned, polar_reduce


def quarters(rows: int = 101, columns: int = 101) -> np.ndarray:
    """Right 40, below 80, left 120, above 160, split by the diagonals."""
    y, x = np.mgrid[:rows, :columns]
    dx, dy = x - (columns - 1) / 2, y - (rows - 1) / 2
    frame = np.where(np.abs(dx) >= np.abs(dy), np.where(dx > 0, 40, 120), np.where(dy > 0, 80, 160))
    return frame.astype(np.uint8)


def test_angles_run_clockwise_on_screen_from_the_right():
    polar = polar_reduce(quarters(), PolarGrid.centered(101, 101))
    assert polar.shape == (72, 96)
    assert polar.dtype == np.uint8
    assert [int(polar[a, 90]) for a in (0, 18, 36, 54)] == [40, 80, 120, 160]


def test_radius_grows_along_the_ray_and_a_ring_falls_into_its_bin():
    y, x = np.mgrid[:401, :401]
    radius = np.hypot(x - 200, y - 200)
    frame = np.where((radius > 99) & (radius < 101), 200, 0).astype(np.uint8)
    grid = PolarGrid(401, 401, (200.0, 200.0), 192.0, radii=96)
    polar = polar_reduce(frame, grid)
    assert set(np.argmax(polar, axis=1)) <= {49, 50}
    assert (polar[:, :48] == 0).all()
    assert (polar[:, 52:] == 0).all()


def test_a_bin_is_the_mean_of_what_it_covers():
    frame = np.zeros((401, 401), np.uint8)
    frame[:, ::2] = 200  # every second column
    grid = PolarGrid(401, 401, (200.0, 200.0), 192.0, angles=2, radii=24)
    np.testing.assert_allclose(polar_reduce(frame, grid)[0], 100, atol=26)


def test_outside_the_image_is_black():
    grid = PolarGrid(50, 50, (0.0, 0.0), 40.0)
    polar = polar_reduce(np.full((50, 50), 99, np.uint8), grid)
    assert polar[0, 50] == 99
    assert polar[36, 50] == 0
    assert polar[54, 50] == 0


def test_tall_pixels_are_sampled_in_true_proportion():
    y, x = np.mgrid[:101, :201]
    frame = ((x - 100) ** 2 + (2 * (y - 50)) ** 2 < 60**2).astype(np.uint8) * 200
    polar = polar_reduce(frame, PolarGrid.centered(101, 201, aspect=2.0))
    edges = (polar > 100).sum(axis=1)
    assert edges.max() - edges.min() <= 2


def test_colour_becomes_luma():
    colours = {(255, 0, 0): 76, (0, 255, 0): 149, (0, 0, 255): 29, (90, 90, 90): 90}
    grid = PolarGrid.centered(20, 20)
    for colour, grey in colours.items():
        frame = np.broadcast_to(np.array(colour, np.uint8), (20, 20, 3))
        assert abs(int(polar_reduce(frame, grid)[5, 40]) - grey) <= 1


def test_wide_values_pass_the_given_way_to_grey():
    frame = np.full((20, 20), 1000, np.int16)
    grid = PolarGrid.centered(20, 20)
    polar = polar_reduce(frame, grid, lambda values: (values // 10).astype(np.uint8))
    assert (polar == 100).all()
    with pytest.raises(ValueError, match="way to grey"):
        polar_reduce(frame, grid)


def test_frame_of_another_size_and_impossible_grids_are_refused():
    with pytest.raises(ValueError, match="does not fit"):
        polar_reduce(np.zeros((20, 21), np.uint8), PolarGrid.centered(20, 20))
    with pytest.raises(ValueError, match="even"):
        PolarGrid(20, 20, (10.0, 10.0), 10.0, angles=71)


def test_cut_has_its_angle_on_top_and_the_opposite_below():
    polar = polar_reduce(quarters(), PolarGrid.centered(101, 101))
    image = cut(np.stack([polar] * 7), 270.0)
    assert image.shape == (192, 7)
    assert (image[5] == 160).all()  # above the catheter
    assert (image[-6] == 80).all()
    np.testing.assert_array_equal(cut(np.stack([polar] * 7), 90.0), image[::-1])


@settings(max_examples=30, deadline=None)
@given(angle_deg=st.floats(-720, 720), seed=st.integers(0, 99))
def test_half_a_turn_mirrors_and_a_whole_turn_changes_nothing(angle_deg, seed):
    stack = np.random.default_rng(seed).integers(0, 256, (5, 8, 6), np.uint8)
    image = cut(stack, angle_deg).astype(int)
    assert np.abs(cut(stack, angle_deg + 180).astype(int) - image[::-1]).max() <= 2
    assert np.abs(cut(stack, angle_deg + 360).astype(int) - image).max() <= 2


def test_between_two_directions_they_are_blended():
    stack = np.zeros((3, 4, 2), np.uint8)
    stack[:, 1] = 200
    assert (cut(stack, 90.0)[:2] == 200).all()
    assert (cut(stack, 45.0)[:2] == 100).all()
    assert (cut(stack, 67.5)[:2] == 150).all()
    assert (cut(stack, -45.0)[:2] == 0).all()


def test_columns_follow_the_given_frames():
    stack = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((4, 8, 3), np.uint8)
    image = cut(stack, 0.0, np.array([3, 3, 0, 2]))
    assert image.shape == (6, 4)
    np.testing.assert_array_equal(image[0], [3, 3, 0, 2])


def test_a_cut_with_one_angle_for_all_columns_is_the_plain_cut():
    stack = np.random.default_rng(3).integers(0, 255, (20, 72, 12), dtype=np.uint8)
    frames = np.arange(20)
    for angle in (0.0, 40.0, 33.3, -171.2, 719.0):
        turned = cut_turned(stack, np.full(20, angle), frames)
        np.testing.assert_array_equal(turned, cut(stack, angle, frames))


def test_a_catheter_that_turned_gives_every_column_its_own_angle():
    stack = np.random.default_rng(4).integers(0, 255, (20, 72, 12), dtype=np.uint8)
    angles, frames = np.linspace(-100, 300, 20), np.arange(20)[::-1]
    turned = cut_turned(stack, angles, frames)
    for column, (angle, frame) in enumerate(zip(angles, frames, strict=True)):
        alone = cut(stack, float(angle), np.array([frame]))
        np.testing.assert_array_equal(turned[:, column], alone[:, 0])
