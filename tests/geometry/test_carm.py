"""The C-arm's geometry, against the phantom's own and the standard's words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.geometry.carm import (
    MissingGeometry,
    Projection,
    angle_between_deg,
    projection_of,
    view_name,
)
from viewer.geometry.epipolar import gaps_mm, guidance_line, planes_of, triangulate
from viewer.model.study import Patient, Role, Run
from viewer.phantom.carm import CArm


def run(**more: object) -> Run:
    known = {
        "primary_angle_deg": 0.0,
        "secondary_angle_deg": 0.0,
        "sid_mm": 1100.0,
        "sod_mm": 750.0,
        "imager_spacing_mm": (0.3, 0.3),
    }
    return Run(
        "1.9", "1.2", "1.3", Patient(), "XA", Role.VENOGRAM, "", 1, None, (), 10, 10, 800, 1000,
        **(known | more),  # type: ignore[arg-type]
    )  # fmt: skip


def projection(primary: float = 0.0, secondary: float = 0.0) -> Projection:
    found = projection_of(run(primary_angle_deg=primary, secondary_angle_deg=secondary))
    assert isinstance(found, Projection)
    return found


ANGLES = st.floats(-90, 90)
NEAR = st.tuples(*[st.floats(-120, 120)] * 3)


@given(ANGLES, st.floats(-45, 45), NEAR)
def test_projects_as_the_phantom_does(
    primary: float, secondary: float, place: tuple[float, float, float]
) -> None:
    arm = CArm(1150.0, 790.0, 0.28, 901, primary, secondary)
    turned = run(primary_angle_deg=primary, secondary_angle_deg=secondary, sid_mm=1150.0)
    square = replace(turned, sod_mm=790.0, imager_spacing_mm=(0.28, 0.28), rows=901, columns=901)
    view = projection_of(square)
    assert isinstance(view, Projection)
    np.testing.assert_allclose(view.project(place), arm.project(np.array(place)), atol=1e-7)


def test_left_is_right_on_the_image_and_the_feet_are_down() -> None:
    view = projection()
    x, y = view.project([10.0, 0.0, -20.0])
    assert (x, y) == pytest.approx((499.5 + 10 / 0.3 * 1100 / 750, 399.5 + 20 / 0.3 * 1100 / 750))
    # what is nearer to the source is larger: the source is behind the patient
    assert view.project([10.0, 100.0, 0.0])[0] > view.project([10.0, -100.0, 0.0])[0]


def test_lao_brings_the_detector_to_the_left_and_cranial_to_the_head() -> None:
    assert projection(90.0).towards_detector == pytest.approx([1, 0, 0], abs=1e-12)
    assert projection(-90.0).towards_detector == pytest.approx([-1, 0, 0], abs=1e-12)
    assert projection(0.0, 30.0).towards_detector[2] == pytest.approx(0.5)


def test_an_image_that_the_header_says_is_turned_is_turned() -> None:
    plain = projection_of(run(orientation=("L", "F")))
    mirrored = projection_of(run(orientation=("R", "F")))
    upside_down = projection_of(run(orientation=("L", "H")))
    assert isinstance(plain, Projection)
    assert isinstance(mirrored, Projection)
    assert isinstance(upside_down, Projection)
    x, y = plain.project([10.0, 0.0, 5.0])
    assert mirrored.project([10.0, 0.0, 5.0]) == pytest.approx((999 - x, y))
    assert upside_down.project([10.0, 0.0, 5.0]) == pytest.approx((x, 799 - y))


def test_pixels_that_are_not_square_are_kept_apart() -> None:
    view = projection_of(run(imager_spacing_mm=(0.4, 0.2)))
    assert isinstance(view, Projection)
    away = view.project([1.0, 0.0, -1.0]) - view.project([0.0, 0.0, 0.0])
    assert away[0] == pytest.approx(2 * away[1])


@given(ANGLES, st.floats(-30, 30), NEAR)
def test_rays_lead_back(
    primary: float, secondary: float, place: tuple[float, float, float]
) -> None:
    view = projection(primary, secondary).shifted((3.0, -4.0, 5.0))
    ray = view.directions(view.project(place))
    off = np.cross(np.asarray(place) - view.source_mm, ray)
    assert np.linalg.norm(off) < 1e-8


@given(NEAR, st.floats(20, 90), st.floats(-25, 25))
def test_two_rays_meet_where_the_point_is(
    place: tuple[float, float, float], apart: float, tilt: float
) -> None:
    a, b = projection(-10.0), projection(apart - 10.0, tilt).shifted((8.0, -3.0, 11.0))
    a_px, b_px = a.project(place), b.project(place)
    assert abs(float(gaps_mm(a, b, a_px, b_px))) < 1e-7
    np.testing.assert_allclose(triangulate(a, b, a_px, b_px), place, atol=1e-6)
    planes = planes_of(a, b)
    heights = planes.heights(a, a_px), planes.heights(b, b_px)
    assert float(heights[0]) == pytest.approx(float(heights[1]), abs=1e-7)


def test_the_guidance_line_passes_the_point_and_stays_on_the_image() -> None:
    a, b = projection(), projection(35.0, 10.0)
    place = np.array([20.0, -30.0, 40.0])
    line = guidance_line(a, tuple(a.project(place).tolist()), b, (1000, 800))
    assert line is not None
    (x0, y0), (x1, y1) = line
    for x, y in line:
        assert -1e-6 <= x <= 999 + 1e-6
        assert -1e-6 <= y <= 799 + 1e-6
    along = np.array([x1 - x0, y1 - y0])
    to = b.project(place) - [x0, y0]
    assert abs(along[0] * to[1] - along[1] * to[0]) / np.linalg.norm(along) < 1e-6


def test_no_guidance_line_where_it_would_miss_the_image() -> None:
    assert guidance_line(projection(), (500.0, -4000.0), projection(30.0), (1000, 800)) is None


def test_what_is_missing_is_named() -> None:
    bare = run(primary_angle_deg=None, sid_mm=None, imager_spacing_mm=None)
    found = projection_of(bare)
    assert isinstance(found, MissingGeometry)
    assert found.text == (
        "the C-arm angles, the distance source to detector (SID) and the detector's pixel spacing"
    )
    assert isinstance(projection_of(run(sod_mm=1200.0)), MissingGeometry)


@pytest.mark.parametrize(
    ("primary", "secondary", "name"),
    [
        (0.0, 0.2, "AP"),
        (30.0, 0.0, "LAO 30°"),
        (-20.4, 10.0, "RAO 20° CRA 10°"),
        (0, -15, "CAU 15°"),
    ],
)
def test_views_are_called_as_people_call_them(primary: float, secondary: float, name: str) -> None:
    assert view_name(projection(primary, secondary)) == name


def test_opposite_views_are_no_two_views() -> None:
    assert angle_between_deg(projection(-90.0), projection(90.0)) == pytest.approx(0.0, abs=1e-6)
    assert angle_between_deg(projection(-20.0), projection(25.0)) == pytest.approx(45.0)
