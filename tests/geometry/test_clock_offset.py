from __future__ import annotations

import numpy as np
import pytest

from viewer.geometry.clock_offset import clock_offset

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
