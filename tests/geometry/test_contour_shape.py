"""Outlines reshaped by hand, against shapes whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.geometry.contour_shape import (
    HANDLES,
    bent,
    between,
    evenly,
    handles,
    nearest_on,
    pushed,
    redrawn,
)

TURN = np.linspace(0.0, 2 * np.pi, 64, endpoint=False)
CIRCLE = np.column_stack((100 + 40 * np.cos(TURN), 100 + 40 * np.sin(TURN)))


def area(points: np.ndarray) -> float:
    x, y = points.T
    return abs(float(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum()))


def radii(points: np.ndarray) -> np.ndarray:
    return np.hypot(*(points - 100.0).T)


def test_even_points_keep_the_shape() -> None:
    uneven = CIRCLE[[0, 1, 2, 3, 20, 21, 40, 50, 60]]
    made = evenly(uneven, 64)
    sides = np.hypot(*np.diff(np.vstack((made, made[:1])), axis=0).T)
    assert sides.max() < 1.3 * np.median(sides)
    assert area(made) == pytest.approx(area(uneven), rel=0.02)
    assert len(handles(64)) == HANDLES


@given(st.integers(0, 63), st.floats(-20, 30))
def test_a_bent_point_goes_where_it_is_dragged_and_the_far_side_stays(at: int, out: float) -> None:
    target = 100.0 + (CIRCLE[at] - 100.0) * (40.0 + out) / 40.0
    made = bent(CIRCLE, at, target)
    assert np.allclose(made[at], target)
    far = (at + 32) % 64
    assert np.allclose(made[far], CIRCLE[far], atol=1e-6)


def test_a_brush_inside_pushes_out_and_outside_pushes_in() -> None:
    outward = pushed(CIRCLE, (130.0, 100.0), 15.0)
    assert outward[0] == pytest.approx((145.0, 100.0))
    inward = pushed(CIRCLE, (150.0, 100.0), 15.0)
    assert inward[0] == pytest.approx((135.0, 100.0))
    assert area(inward) < area(CIRCLE) < area(outward)
    assert np.array_equal(outward[32], CIRCLE[32])


@pytest.mark.parametrize("backwards", [False, True])
def test_an_arc_beside_a_stroke_is_replaced_whichever_way_it_is_drawn(backwards: bool) -> None:
    turn = np.linspace(-np.pi / 3, np.pi / 3, 30)
    bulge = 40 + 12 * np.cos(1.5 * turn)
    stroke = np.column_stack((100 + bulge * np.cos(turn), 100 + bulge * np.sin(turn)))
    made = redrawn(CIRCLE, stroke[::-1] if backwards else stroke)
    assert radii(made).max() == pytest.approx(52.0, abs=0.5)
    left = made[made[:, 0] < 90]
    assert np.allclose(radii(left), 40.0, atol=0.3)


def test_a_stroke_that_closes_is_a_whole_outline() -> None:
    stroke = np.vstack((CIRCLE, CIRCLE[:1]))
    assert area(redrawn(None, stroke)) == pytest.approx(area(CIRCLE), rel=0.01)
    larger = 100 + (stroke - 100) * 1.5
    assert area(redrawn(CIRCLE, larger)) == pytest.approx(2.25 * area(CIRCLE), rel=0.01)


@given(st.floats(0, 1), st.integers(0, 63), st.booleans())
def test_between_two_circles_lies_a_circle(share: float, start: int, other_way: bool) -> None:
    large = np.roll(100 + (CIRCLE - 100) * 1.5, start, axis=0)
    made = between(CIRCLE, large[::-1] if other_way else large, share)
    assert np.allclose(radii(made), 40 * (1 + 0.5 * share), atol=0.15)


def test_the_nearest_place_lies_on_the_outline() -> None:
    assert np.allclose(
        radii(nearest_on(CIRCLE, np.array([[200.0, 100.0], [100, 110]]))), 40, atol=0.1
    )
