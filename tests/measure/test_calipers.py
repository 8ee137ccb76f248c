from __future__ import annotations

import math

import pytest

from viewer.measure.calipers import caliper_length, ellipse_area, ellipse_diameters, measured
from viewer.measure.quantity import Quantity
from viewer.model.annotation import Caliper, Ellipse
from viewer.model.calibration import UNCALIBRATED, Calibration, CalibrationSource

SCALE = Calibration(
    0.2, CalibrationSource.ULTRASOUND_REGION, 0.02, "inside region 1", (0, 0, 99, 99)
)
CALIPER = Caliper("c", "1.2", 3, (10.0, 20.0), (40.0, 60.0))
ELLIPSE = Ellipse("e", "1.2", 3, (50.0, 50.0), (20.0, 10.0), 30.0)


def test_a_caliper_in_mm_and_px() -> None:
    length = caliper_length(CALIPER, SCALE)
    assert (length.value, length.unit) == (pytest.approx(10.0), "mm")
    assert length.sigma == pytest.approx(0.2)
    assert "ultrasound region" in length.source
    assert "inside region 1" in length.source
    bare = caliper_length(CALIPER, UNCALIBRATED)
    assert (bare.value, bare.unit, bare.sigma) == (pytest.approx(50.0), "px", None)
    assert bare.source == "no mm scale on this image"


def test_an_end_outside_the_scales_region_leaves_px() -> None:
    beyond = Caliper("c", "1.2", 3, (10.0, 20.0), (10.0, 120.0))
    assert caliper_length(beyond, SCALE) == Quantity(
        100.0, "px", None, "outside the part of the image its mm scale holds for"
    )


def test_an_ellipses_area_counts_the_scales_error_twice() -> None:
    area = ellipse_area(ELLIPSE, SCALE)
    assert area.value == pytest.approx(math.pi * 4.0 * 2.0)
    assert area.unit == "mm²"
    assert area.sigma == pytest.approx(0.04 * area.value)
    assert ellipse_area(ELLIPSE, UNCALIBRATED).value == pytest.approx(math.pi * 200.0)
    assert measured(ELLIPSE, SCALE) == area
    assert measured(CALIPER, SCALE) == caliper_length(CALIPER, SCALE)


def test_an_ellipses_diameters_smaller_first() -> None:
    small, large = ellipse_diameters(ELLIPSE, SCALE)
    assert (small.value, large.value) == (pytest.approx(4.0), pytest.approx(8.0))
    assert [q.unit for q in ellipse_diameters(ELLIPSE, UNCALIBRATED)] == ["px", "px"]


@pytest.mark.parametrize(("angle", "unit"), [(0.0, "px²"), (90.0, "mm²"), (45.0, "px²")])
def test_all_of_an_ellipse_must_lie_in_the_region(angle: float, unit: str) -> None:
    edge = Ellipse("e", "1.2", 3, (85.0, 50.0), (20.0, 10.0), angle)
    assert ellipse_area(edge, SCALE).unit == unit


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(27.4, "mm", 3.1), "27 ± 3 mm"),
        (Quantity(8.44, "mm", 0.31), "8.4 ± 0.3 mm"),
        (Quantity(8.44, "mm"), "8.4 mm"),
        (Quantity(41.3, "px", 4.0), "41 px"),
        (Quantity(120.0, "frames"), "120 frames"),
        (Quantity(1.0, "frames"), "1 frame"),
    ],
)
def test_numbers_as_they_are_written(quantity: Quantity, text: str) -> None:
    assert quantity.text == text
