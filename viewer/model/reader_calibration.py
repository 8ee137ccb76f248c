"""A scale a reader set by hand, with all it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from viewer.model.calibration import Calibration, CalibrationSource
from viewer.model.vessel import PointPx

FRENCH_MM = 1.0 / 3.0
"""Outer diameter of one French, mm: the definition of the Charrière scale."""


class CalibrationMethod(StrEnum):
    """What of known size was measured on the image."""

    CATHETER = "catheter"
    MARKERS = "marker catheter"
    DISTANCE = "known distance"

    @property
    def unit(self) -> str:
        """Unit of what the reader enters: F or mm."""
        return "F" if self is CalibrationMethod.CATHETER else "mm"


class Filling(StrEnum):
    """What a catheter was filled with when it was measured."""

    UNKNOWN = ""
    CONTRAST = "contrast"
    SALINE = "saline"
    AIR = "air"
    WIRE = "a wire"


@dataclass(frozen=True, slots=True)
class ReaderCalibration:
    """One image set's scale as its reader measured it; it takes the place of the header's.

    Attributes
    ----------
    points_px : tuple of PointPx
        Ends of the known distance or of the line across the catheter; every mark that was found.
    frame : int
        0-based frame it was measured on.
    entered : float
        The known size: French of a catheter, mm between two marks, mm of a distance.
    uncertainty : float
        Relative standard uncertainty of `mm_per_px`.
    residual_px : float or None
        Root mean square distance of the marks from an even spacing; None for other methods.
    made_at : str
        When, ISO 8601.
    validity : str
        Where it holds, for people.
    carried_from : str
        UID of the run of the same geometry whose frame and points these are; empty when they are
        this image set's own.
    """

    image_uid: str
    method: CalibrationMethod
    points_px: tuple[PointPx, ...]
    frame: int
    entered: float
    mm_per_px: float
    uncertainty: float
    filling: Filling = Filling.UNKNOWN
    residual_px: float | None = None
    made_at: str = ""
    validity: str = ""
    carried_from: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.entered) and self.entered > 0):
            raise ValueError(f"a known size of {self.entered} can't be")
        if not 1e-4 <= self.mm_per_px <= 100.0:
            raise ValueError(f"mm per px out of range: {self.mm_per_px}")
        if not 0 <= self.uncertainty <= 10.0:
            raise ValueError(f"a relative uncertainty of {self.uncertainty} can't be")

    def scale(self, region_px: tuple[float, float, float, float] | None = None) -> Calibration:
        """The scale, inside `region_px` when the header bounds where a scale holds."""
        where = f"by {self.method.value}"
        if self.validity:
            where += f", {self.validity}"
        return Calibration(
            self.mm_per_px, CalibrationSource.MANUAL, self.uncertainty, where, region_px
        )
