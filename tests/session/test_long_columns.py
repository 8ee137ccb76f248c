"""Columns of the re-timed long view: every place its own frames, pauses one column, ± fainter."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from viewer.session.long_columns import (
    CLEAR_MM,
    FAINT_MM,
    FAINTEST,
    MOST_FRAMES,
    columns_of,
    faintness,
    runs_of,
)

steps = st.lists(st.floats(0.0, 3.0), min_size=1, max_size=120)


def test_a_hand_pullback_is_as_long_as_the_vein_and_a_pause_one_column() -> None:
    fast, slow = np.arange(0.0, 50.0, 0.5), np.arange(50.0, 100.0, 0.1)
    places = np.concatenate((fast, np.full(400, 50.0), slow))
    columns = columns_of(places, 0.0, 100.0, 100)
    shown = np.abs(places[columns].mean(axis=1) - (np.arange(100) + 0.5))
    assert shown.max() <= 0.5
    resting = (columns >= 101) & (columns < 499)
    assert resting.any(axis=1).sum() == 1


def test_several_frames_of_a_column_are_spread_over_it() -> None:
    columns = columns_of(np.arange(600.0), -0.5, 599.5, 100)
    assert columns.shape == (100, MOST_FRAMES)
    assert sorted(columns[7]) == list(range(42, 48))
    assert columns[-1].max() == 599


def test_a_column_without_a_frame_has_the_nearest() -> None:
    columns = columns_of(np.array([0.0, 10.0]), 0.0, 10.0, 10)
    assert columns[:, 0].tolist() == [0] * 5 + [1] * 5


@given(steps, st.booleans(), st.integers(1, 90))
def test_columns_follow_the_axis_and_stay_within_the_pullback(steps, falls, count) -> None:
    places = np.cumsum(steps)
    low, high = float(places.min()), float(max(places.max(), places.min() + 1.0))
    columns = columns_of(-places if falls else places, *((-high, -low) if falls else (low, high)),
                         count)  # fmt: skip
    assert columns.shape[0] == count
    assert columns.min() >= 0
    assert columns.max() < len(places)
    order = np.diff(columns[:, 0])
    assert (order <= 0).all() if falls and len(places) > 1 else (order >= 0).all() or falls


@given(steps)
def test_each_column_shows_the_frame_nearest_to_it(steps) -> None:
    places = np.cumsum(steps)
    low, high = float(places.min()), float(places.max()) + 0.5
    columns = columns_of(places, low, high, 40)
    middles = low + (np.arange(40) + 0.5) / 40 * (high - low)
    best = np.abs(places[None, :] - middles[:, None]).min(axis=1)
    width = (high - low) / 40
    gaps = np.abs(places[columns] - middles[:, None]).max(axis=1)
    assert (gaps <= np.maximum(best, width / 2) + 1e-9).all()


def test_unsure_places_are_fainter_up_to_a_limit() -> None:
    faint = faintness(np.array([0.0, CLEAR_MM, (CLEAR_MM + FAINT_MM) / 2, FAINT_MM, 99.0]))
    np.testing.assert_allclose(faint, [0.0, 0.0, FAINTEST / 2, FAINTEST, FAINTEST])


def test_runs_of_flags() -> None:
    flags = np.array([True, True, False, True, False, False, True])
    assert runs_of(flags) == [(0, 1), (3, 3), (6, 6)]
    assert runs_of(np.zeros(3, bool)) == []
