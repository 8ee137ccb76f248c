from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from viewer.geometry.clock_offset import (
    FINE_HEADER_SD_S,
    HEADER_SD_S,
    clock_offset,
    header_sd,
)

NONE = (np.empty(0), np.empty(0))


def pull(offset: float) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Places on a fluoroscopy, and travel on a pullback that begins `offset` s later."""
    times = np.arange(0.0, 25.0, 1 / 15)
    speed = np.where((times > 8) & (times < 10.5), 0.0, 9 + 4 * np.sin(times))
    travel = np.cumsum(speed) / 15
    seen = np.arange(0.0, 28.0, 0.2)
    since = np.clip(seen - offset, times[0], times[-1])
    places = 12.0 + 0.9 * np.interp(since, times, travel)
    places += 0.4 * np.random.default_rng(1).normal(size=len(seen))
    return (seen, places), (times, travel)


@pytest.mark.parametrize("true", [0.4, 1.6, 2.3])
def test_the_movement_on_both_sets_clocks_that_show_whole_seconds(true: float) -> None:
    path, travel = pull(true)
    found = clock_offset(float(round(true)), path, travel, NONE, 1.0)
    assert found.seconds == pytest.approx(true, abs=0.2)


def test_without_acquisition_times_the_movement_alone_tells() -> None:
    path, travel = pull(1.5)
    found = clock_offset(None, path, travel, NONE, 1.0)
    assert found.seconds == pytest.approx(1.5, abs=0.3)
    assert "no acquisition times" in found.source


def test_landmarks_help_where_the_speed_is_even() -> None:
    seen = np.arange(0.0, 30.0, 0.2)
    path = (seen, 5.0 + 8.0 * seen)
    travel = (np.arange(0.0, 20.0, 0.1), np.arange(0.0, 20.0, 0.1))
    marks = (np.array([4.0, 12.0]), 5.0 + 8.0 * (np.array([4.0, 12.0]) + 3.7))
    assert clock_offset(3.0, path, travel, marks, 1.0).seconds == pytest.approx(3.7, abs=0.25)


def test_clocks_that_agree_are_left_alone() -> None:
    path, travel = pull(1.0)
    found = clock_offset(1.0, path, travel, NONE, 1.0)
    assert found.seconds == pytest.approx(1.0, abs=0.15)
    assert found.source.startswith("acquisition times")


@pytest.mark.parametrize("begins", [0.6, 1.4])
def test_a_clock_that_knows_only_time_does_not_move_the_header(begins: float) -> None:
    (seen, places), (times, _) = pull(begins)
    found = clock_offset(begins, (seen, places), (times, times), NONE, 1.0, FINE_HEADER_SD_S)
    assert found.seconds == begins
    assert found.sigma_s == pytest.approx(FINE_HEADER_SD_S, rel=0.05)


def test_the_offset_is_surer_with_movement_and_landmarks() -> None:
    path, travel = pull(1.4)
    moved = clock_offset(1.0, path, travel, NONE, 1.0)
    assert moved.sigma_s < 0.5 * HEADER_SD_S
    assert abs(moved.seconds - 1.4) < 3 * moved.sigma_s
    places = np.interp(np.array([5.0, 15.0]) + 1.4, *path)
    even = clock_offset(1.0, path, (travel[0], travel[0]), (np.array([5.0, 15.0]), places), 1.0)
    assert even.sigma_s < HEADER_SD_S


def test_times_with_parts_of_a_second_are_surer() -> None:
    whole, fine = datetime(2024, 5, 1, 9, 30, 5), datetime(2024, 5, 1, 9, 30, 6, 250_000)
    assert header_sd(fine, fine) == FINE_HEADER_SD_S
    assert header_sd(whole, fine) == header_sd(fine, whole) == HEADER_SD_S
