"""Lengths and areas drawn on one frame."""

from __future__ import annotations

import math

from viewer.measure.quantity import Quantity
from viewer.model.annotation import Caliper, Ellipse, Measurement
from viewer.model.calibration import Calibration

NO_SCALE = "no mm scale on this image"
OUTSIDE = "outside the part of the image its mm scale holds for"


def caliper_length(caliper: Caliper, calibration: Calibration) -> Quantity:
    """Distance between the ends of a caliper: mm where the scale holds at both, else px."""
    length_px = math.dist(caliper.start_px, caliper.end_px)
    if not calibration.holds_at(caliper.start_px, caliper.end_px):
        return Quantity(length_px, "px", None, _why_px(calibration))
    return _in_mm(length_px, calibration, 1)


def ellipse_area(ellipse: Ellipse, calibration: Calibration) -> Quantity:
    """Area of an ellipse: mm² where the scale holds at all of it, else px²."""
    a, b = ellipse.semi_axes_px
    area_px2 = math.pi * a * b
    if not calibration.holds_at(*_corners(ellipse)):
        return Quantity(area_px2, "px²", None, _why_px(calibration))
    return _in_mm(area_px2, calibration, 2)


def ellipse_diameters(ellipse: Ellipse, calibration: Calibration) -> tuple[Quantity, Quantity]:
    """The smaller and the larger full axis of an ellipse, mm or px as its area."""
    small, large = sorted(ellipse.semi_axes_px)
    if not calibration.holds_at(*_corners(ellipse)):
        why = _why_px(calibration)
        return Quantity(2 * small, "px", None, why), Quantity(2 * large, "px", None, why)
    return _in_mm(2 * small, calibration, 1), _in_mm(2 * large, calibration, 1)


def measured(measurement: Measurement, calibration: Calibration) -> Quantity:
    """The number of any measurement: a caliper's length, an ellipse's area."""
    if isinstance(measurement, Caliper):
        return caliper_length(measurement, calibration)
    return ellipse_area(measurement, calibration)


def _in_mm(size_px: float, calibration: Calibration, power: int) -> Quantity:
    """A length (power 1) or area (power 2): a relative ± of the scale counts `power` times."""
    if calibration.mm_per_px is None:
        raise ValueError("a size in mm needs a scale")
    value = size_px * calibration.mm_per_px**power
    share = calibration.uncertainty
    sigma = None if share is None else power * share * value
    where = f", {calibration.validity}" if calibration.validity else ""
    unit = "mm" if power == 1 else "mm²"
    return Quantity(value, unit, sigma, f"{calibration.source.value}{where}")


def _why_px(calibration: Calibration) -> str:
    return OUTSIDE if calibration.known else NO_SCALE


def _corners(ellipse: Ellipse) -> tuple[tuple[float, float], ...]:
    """Corners of the upright box around an ellipse."""
    (x, y), (a, b) = ellipse.center_px, ellipse.semi_axes_px
    cos, sin = math.cos(math.radians(ellipse.angle_deg)), math.sin(math.radians(ellipse.angle_deg))
    half_x, half_y = math.hypot(a * cos, b * sin), math.hypot(a * sin, b * cos)
    return tuple((x + i * half_x, y + j * half_y) for i in (-1, 1) for j in (-1, 1))
