"""How long a pixel is, who says so, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CalibrationSource(StrEnum):
    """Where the scale of an image comes from."""

    NONE = "none"
    ULTRASOUND_REGION = "ultrasound region"
    PIXEL_SPACING = "pixel spacing"
    FIDUCIAL = "pixel spacing, fiducial"
    GEOMETRY = "pixel spacing, geometry"
    MAGNIFICATION_FACTOR = "imager spacing / estimated magnification"
    SID_SOD = "imager spacing x SOD/SID"
    ENHANCED_ISOCENTER = "object pixel spacing in center of beam"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scale of square pixels, in the patient.

    Attributes
    ----------
    mm_per_px : float or None
        Millimetres per pixel in the patient; None when unknown: lengths are then in px.
    source : CalibrationSource
        Where the figure comes from.
    uncertainty : float or None
        Relative standard uncertainty (0.07 is 7 %); None when `mm_per_px` is None.
    validity : str
        Where the scale holds, for people ("at the isocentre", "inside region 1").
    region_px : tuple of float or None
        (x0, y0, x1, y1) inclusive pixel bounds inside which it holds; None is the whole image.
    """

    mm_per_px: float | None = None
    source: CalibrationSource = CalibrationSource.NONE
    uncertainty: float | None = None
    validity: str = ""
    region_px: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.mm_per_px is not None and not 1e-4 <= self.mm_per_px <= 100.0:
            raise ValueError(f"mm per px out of range: {self.mm_per_px}")

    @property
    def known(self) -> bool:
        """Whether lengths can be given in mm."""
        return self.mm_per_px is not None

    def holds_at(self, *points: tuple[float, float]) -> bool:
        """Whether every (x, y) px point lies where this scale is valid."""
        if self.mm_per_px is None:
            return False
        if self.region_px is None:
            return True
        x0, y0, x1, y1 = self.region_px
        return all(x0 <= x <= x1 and y0 <= y <= y1 for x, y in points)


UNCALIBRATED = Calibration()
