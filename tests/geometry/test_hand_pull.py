from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.geometry.hand_pull import HAND_MEMORY_MM, guided_knots
from viewer.geometry.monotone import pchip
from viewer.geometry.speed_models import SpeedModel, Travel

MODEL = SpeedModel(0.35, HAND_MEMORY_MM, False, 0.5, 1.0)

gaps = st.lists(st.tuples(st.floats(0.2, 150.0), st.floats(0.0, 150.0)), min_size=2, max_size=8)


@settings(deadline=None)
@given(gaps)
def test_knots_between_landmarks_never_fall_nor_leave_their_landmarks(
    pairs: list[tuple[float, float]],
) -> None:
    at_u, arcs = np.cumsum(np.array(pairs), axis=0).T
    u, y = guided_knots(Travel(MODEL, at_u, arcs).calibrated(), at_u, arcs)
    assert (np.diff(u) > 0).all()
    assert (np.diff(y) >= 0).all()
    where = np.searchsorted(u, at_u - 1e-9)
    np.testing.assert_allclose(u[where], at_u)
    np.testing.assert_allclose(y[where], arcs, atol=1e-9)


def test_near_landmarks_need_no_knots_between() -> None:
    at_u = arcs = np.array([0.0, 10.0, 20.0])
    u, _ = guided_knots(Travel(MODEL, at_u, arcs), at_u, arcs)
    np.testing.assert_allclose(u, at_u)


def test_in_a_wide_gap_the_curve_stays_nearer_to_the_gaps_own_speed() -> None:
    at_u, arcs = np.array([0.0, 110.0, 220.0]), np.array([0.0, 150.0, 220.0])
    knots = guided_knots(Travel(MODEL, at_u, arcs).calibrated(), at_u, arcs)
    where = np.linspace(0.0, 220.0, 441)
    chord = np.interp(where, at_u, arcs)
    alone, guided = (
        np.abs(pchip(*points, where) - chord).max() for points in ((at_u, arcs), knots)
    )
    assert guided < 0.6 * alone
