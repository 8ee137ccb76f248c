from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.geometry.monotone import pchip, pool_reversals

steps = st.lists(st.tuples(st.floats(0.1, 50.0), st.floats(0.0, 80.0)), min_size=2, max_size=10)


@settings(deadline=None)  # the first example imports SciPy
@given(steps)
def test_the_curve_is_scipys(pairs: list[tuple[float, float]]) -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    x, y = np.cumsum(np.array(pairs), axis=0).T
    at = np.linspace(x[0], x[-1], 200)
    np.testing.assert_allclose(
        pchip(x, y, at), interpolate.PchipInterpolator(x, y)(at), rtol=1e-9, atol=1e-9
    )


@given(steps)
def test_it_never_turns_back_and_meets_its_points(pairs: list[tuple[float, float]]) -> None:
    x, y = np.cumsum(np.array(pairs), axis=0).T
    np.testing.assert_allclose(pchip(x, y, x), y, atol=1e-9)
    assert (np.diff(pchip(x, y, np.linspace(x[0], x[-1], 300))) >= -1e-9).all()


def test_falling_points_work_too() -> None:
    x, y = np.array([0.0, 1.0, 4.0]), np.array([9.0, 3.0, 2.0])
    at = np.linspace(0, 4, 50)
    np.testing.assert_allclose(pchip(x, -y, at), -pchip(x, y, at))


def test_reversals_are_pooled_to_their_mean() -> None:
    np.testing.assert_allclose(
        pool_reversals(np.array([1.0, 5.0, 4.0, 4.5, 9.0])), [1.0, 4.5, 4.5, 4.5, 9.0]
    )


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_pooling_never_falls_and_keeps_the_mean(values: list[float]) -> None:
    pooled = pool_reversals(np.array(values))
    assert (np.diff(pooled) >= -1e-9).all()
    assert pooled.mean() == pytest.approx(np.mean(values), abs=1e-9)
