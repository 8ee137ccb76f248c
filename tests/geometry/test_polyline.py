from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from viewer.geometry.polyline import MOST_POINTS, Polyline, spline_through

coordinate = st.floats(0.0, 1023.0, allow_nan=False)
knots = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=12, unique=True)


def circle(count: int, radius: float = 200.0) -> list[tuple[float, float]]:
    angles = np.linspace(0.0, np.pi, count)
    return [(500 + radius * np.cos(a), 500 + radius * np.sin(a)) for a in angles]


def curve_through(points: list[tuple[float, float]]) -> Polyline:
    curve = spline_through(points)
    assert curve is not None
    return curve


@pytest.mark.parametrize("clicks", [[], [(3.0, 4.0)], [(3.0, 4.0), (3.0, 4.0)]])
def test_fewer_than_two_places_make_no_curve(clicks: list[tuple[float, float]]) -> None:
    assert spline_through(clicks) is None


def test_two_clicks_make_a_straight_line() -> None:
    curve = curve_through([(10.0, 20.0), (40.0, 60.0)])
    assert curve.length_px == pytest.approx(50.0)
    np.testing.assert_allclose(curve.at(25.0), (25.0, 40.0))
    np.testing.assert_allclose(curve.tangent([0.0, 25.0, 50.0]), [(0.6, 0.8)] * 3)
    np.testing.assert_allclose(curve.normal(25.0), (-0.8, 0.6), atol=1e-12)
    assert curve.project((25.0 - 4.0, 40.0 + 3.0)) == pytest.approx((25.0, 5.0))


def test_a_half_circle_of_nine_clicks_is_right_to_a_fifth_of_a_pixel() -> None:
    curve = curve_through(circle(9))
    radius = np.hypot(*(curve.points_px - 500).T)
    assert np.abs(radius - 200).max() < 0.25
    assert curve.length_px == pytest.approx(np.pi * 200, rel=1e-3)


@given(knots)
def test_the_curve_passes_every_click_in_order_and_is_dense(
    clicks: list[tuple[float, float]],
) -> None:
    steps = np.hypot(*np.diff(np.array(clicks), axis=0).T)
    assume(steps.min() > 0.01)
    curve = curve_through(clicks)
    assert np.diff(curve.arc_px).max() <= 0.5 + 1e-9
    at = 0
    for click in clicks:
        gaps = np.hypot(*(curve.points_px[at:] - click).T)
        hits = np.flatnonzero(gaps < 1e-4)
        assert hits.size, f"the curve misses {click} or meets it out of order"
        at += int(hits[0])


@given(knots)
def test_turned_clicks_give_the_turned_curve(clicks: list[tuple[float, float]]) -> None:
    steps = np.hypot(*np.diff(np.array(clicks), axis=0).T)
    assume(steps.min() > 0.01)
    forth, back = curve_through(clicks), curve_through(clicks[::-1])
    assert back.length_px == pytest.approx(forth.length_px, rel=1e-6)
    share = np.linspace(0, 1, 20)
    np.testing.assert_allclose(
        forth.at(share * forth.length_px), back.at((1 - share) * back.length_px), atol=0.05
    )


def test_uneven_clicks_make_no_loop_and_no_overshoot() -> None:
    curve = curve_through([(0.0, 0.0), (200.0, 0.0), (203.0, 2.0), (206.0, 0.0), (400.0, 0.0)])
    assert (np.diff(curve.points_px[:, 0]) > 0).all()
    assert curve.points_px[:, 1].max() < 4.0
    assert curve.points_px[:, 1].min() > -4.0


@given(st.floats(-50.0, 700.0))
def test_a_point_of_the_curve_projects_onto_itself(arc: float) -> None:
    curve = curve_through(circle(9))
    found, off = curve.project(tuple(curve.at(arc)))
    assert off < 1e-6
    assert found == pytest.approx(np.clip(arc, 0, curve.length_px), abs=1e-4)


def test_beyond_the_ends_the_end_is_given() -> None:
    curve = curve_through([(0.0, 0.0), (100.0, 0.0)])
    np.testing.assert_allclose(curve.at([-5.0, 105.0]), [(0.0, 0.0), (100.0, 0.0)])


def test_a_slice_starts_and_ends_where_asked() -> None:
    curve = curve_through(circle(9))
    part = curve.slice(120.25, 60.5)
    np.testing.assert_allclose(part[0], curve.at(60.5))
    np.testing.assert_allclose(part[-1], curve.at(120.25))
    assert np.hypot(*np.diff(part, axis=0).T).sum() == pytest.approx(59.75, abs=0.01)


def test_points_given_as_they_are_stay_as_they_are() -> None:
    curve = Polyline.from_points([(0, 0), (3, 4), (3, 4), (3, 10)])
    assert curve is not None
    np.testing.assert_array_equal(curve.points_px, [(0, 0), (3, 4), (3, 10)])
    np.testing.assert_array_equal(curve.arc_px, [0, 5, 11])


@pytest.mark.parametrize("bad", [[(0.0, float("nan")), (1.0, 1.0)], [(0.0, 1.0, 2.0)] * 2])
def test_points_that_are_no_points_are_refused(bad: list[tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="curve"):
        Polyline.from_points(bad)


def test_clicks_however_far_apart_make_a_curve_of_bounded_size() -> None:
    curve = spline_through([(0.0, 0.0), (1e6, 0.0), (-1e6, 1e6), (5.0, 5.0)])
    assert curve is not None
    assert len(curve.points_px) <= MOST_POINTS + 4
    for click in ((1e6, 0.0), (-1e6, 1e6)):
        assert curve.project(click)[1] < 1e-3


def test_twenty_clicks_make_no_more_points_than_a_smooth_curve_needs() -> None:
    clicks = [(100 + 30 * np.sin(i / 3), 50.0 + 40 * i) for i in range(20)]
    curve = curve_through(clicks)
    assert np.diff(curve.arc_px).max() <= 0.5 + 1e-9
    assert len(curve.points_px) <= 2 * curve.length_px / 0.5  # each costs time in a drag
