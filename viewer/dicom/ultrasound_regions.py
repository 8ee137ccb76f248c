"""The scale of ultrasound and IVUS frames: Sequence of Ultrasound Regions (PS3.3 C.8.5.5).

A region counts when it is two-dimensional, both its units are cm and both deltas agree. Relative
standard uncertainty 2 %: scanners assume 1540 m/s, blood is near 1570-1590 m/s (general knowledge,
to be checked), and calipers of scanners are specified to about that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer.dicom.calibration_tags import BY_HAND, Found, not_square, pair, square
from viewer.dicom.header import Header
from viewer.model.calibration import UNCALIBRATED, Calibration, CalibrationSource

UNCERTAINTY = 0.02
SPACING_UNCERTAINTY = 0.05
TWO_DIMENSIONAL = 1
TISSUE, COLOUR_FLOW = 1, 2
CENTIMETRES = 3
MM_PER_CM = 10.0
DEEPEST_MM = 350.0
"""Deeper than any usual ultrasound image (general knowledge, only used to warn)."""


@dataclass(frozen=True, slots=True)
class Region:
    """One two-dimensional region: bounds in px (x0, y0, x1, y1), (row, column) spacing in mm."""

    number: int
    bounds_px: tuple[float, float, float, float]
    spacing_mm: tuple[float, float]
    tissue: bool

    @property
    def area_px(self) -> float:
        """Pixels inside."""
        x0, y0, x1, y1 = self.bounds_px
        return (x1 - x0 + 1) * (y1 - y0 + 1)


def ultrasound_calibration(header: Header, rows: int, columns: int) -> Found:
    """Scale of an ultrasound image, or px and the reason.

    Of several regions that count the tissue region with the largest area is taken; the scale holds
    inside its bounds only.
    """
    complaints: list[str] = []
    regions = image_regions(header, rows, columns, complaints)
    squares = [region for region in regions if square(region.spacing_mm)]
    if squares:
        return _from_region(squares, complaints)
    if regions:
        best = _largest(regions)
        complaints.append(not_square(f"Ultrasound region {best.number}", best.spacing_mm))
        return UNCALIBRATED, tuple(complaints)
    return _from_pixel_spacing(header, complaints)


def region_aspect(header: Header, rows: int, columns: int) -> float | None:
    """Pixel height / width by the image's own region, None without one."""
    regions = image_regions(header, rows, columns, [])
    if not regions:
        return None
    height, width = _largest(regions).spacing_mm
    return height / width


def image_regions(header: Header, rows: int, columns: int, complaints: list[str]) -> list[Region]:
    """The regions that count; what is wrong with the others goes to `complaints`."""
    found: list[Region] = []
    for number, item in enumerate(header.items("SequenceOfUltrasoundRegions"), 1):
        if item.integer("RegionSpatialFormat") != TWO_DIMENSIONAL:
            continue
        if item.integer("RegionDataType") not in (TISSUE, COLOUR_FLOW):
            continue
        units = {item.integer("PhysicalUnitsXDirection"), item.integer("PhysicalUnitsYDirection")}
        if units != {CENTIMETRES}:
            complaints.append(f"Ultrasound region {number} is not in cm; not used.")
            continue
        bounds = _bounds(item, rows, columns)
        if bounds is None:
            complaints.append(f"Ultrasound region {number} lies outside the image; not used.")
            continue
        across, down = item.number("PhysicalDeltaX"), item.number("PhysicalDeltaY")
        spacing = (abs(down or 0.0) * MM_PER_CM, abs(across or 0.0) * MM_PER_CM)
        if not all(1e-4 <= value <= 100.0 for value in spacing):
            complaints.append(f"Ultrasound region {number} has no usable pixel size; not used.")
            continue
        found.append(Region(number, bounds, spacing, item.integer("RegionDataType") == TISSUE))
    return found


def _bounds(item: Header, rows: int, columns: int) -> tuple[float, float, float, float] | None:
    """Inclusive bounds clipped to the image, corners in any order; None when nothing is left."""
    xs = [item.integer("RegionLocationMinX0"), item.integer("RegionLocationMaxX1")]
    ys = [item.integer("RegionLocationMinY0"), item.integer("RegionLocationMaxY1")]
    known_xs = sorted(x for x in xs if x is not None)
    known_ys = sorted(y for y in ys if y is not None)
    if len(known_xs) < 2 or len(known_ys) < 2:
        return None
    x0, x1 = max(known_xs[0], 0), min(known_xs[1], columns - 1)
    y0, y1 = max(known_ys[0], 0), min(known_ys[1], rows - 1)
    if x1 <= x0 or y1 <= y0:
        return None
    return float(x0), float(y0), float(x1), float(y1)


def _largest(regions: list[Region]) -> Region:
    return max(regions, key=lambda region: (region.tissue, region.area_px))


def _from_region(regions: list[Region], complaints: list[str]) -> Found:
    best = _largest(regions)
    mm_per_px = math.sqrt(best.spacing_mm[0] * best.spacing_mm[1])
    others = [r for r in regions if abs(r.spacing_mm[0] / best.spacing_mm[0] - 1.0) > 0.01]
    if others:
        complaints.append(
            f"{len(others) + 1} ultrasound regions have different scales; lengths in mm are given "
            f"inside region {best.number} only."
        )
    depth_mm = best.spacing_mm[0] * (best.bounds_px[3] - best.bounds_px[1] + 1)
    if depth_mm > DEEPEST_MM:
        complaints.append(
            f"By its scale the image shows {depth_mm / MM_PER_CM:.0f} cm of depth, which is "
            "unlikely; check it on a known length."
        )
    where = f"inside region {best.number}"
    calibration = Calibration(
        mm_per_px, CalibrationSource.ULTRASOUND_REGION, UNCERTAINTY, where, best.bounds_px
    )
    return calibration, tuple(complaints)


def _from_pixel_spacing(header: Header, complaints: list[str]) -> Found:
    spacing = pair(header, "PixelSpacing")
    if spacing is None:
        if not complaints:
            complaints.append(f"No scale in the header: {BY_HAND}.")
        else:
            complaints.append(f"{BY_HAND[0].upper()}{BY_HAND[1:]}.")
        return UNCALIBRATED, tuple(complaints)
    if not square(spacing):
        return UNCALIBRATED, (*complaints, not_square("Pixel Spacing", spacing))
    mm_per_px = math.sqrt(spacing[0] * spacing[1])
    calibration = Calibration(
        mm_per_px, CalibrationSource.PIXEL_SPACING, SPACING_UNCERTAINTY, "the whole image, unproven"
    )
    return calibration, tuple(complaints)
