"""What is said of a calibration by hand: prompts, the result, what it rests on, where it holds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer.measure.calibrating import USUAL_SOD_MM
from viewer.model.calibration import CalibrationSource
from viewer.model.reader_calibration import CalibrationMethod, ReaderCalibration
from viewer.model.study import ImageSet, Run
from viewer.model.vessel import PointPx

FIRST = {
    CalibrationMethod.CATHETER: "Click beside the catheter",
    CalibrationMethod.MARKERS: "Click the first mark, on a frame before contrast",
    CalibrationMethod.DISTANCE: "Click one end of the known distance",
}
SECOND = {
    CalibrationMethod.CATHETER: "Click beyond its other edge, straight across",
    CalibrationMethod.MARKERS: "Click the last mark",
    CalibrationMethod.DISTANCE: "Click the other end",
}
SIZE = {
    CalibrationMethod.CATHETER: "Enter the catheter's size in French",
    CalibrationMethod.MARKERS: "Enter the distance between two marks in mm",
    CalibrationMethod.DISTANCE: "Enter the distance in mm",
}
MEASURING = "Measuring…"
FILLED_WITH = "Say what the catheter was filled with"
"""Contrast that is not declared reads up to a quarter too wide: the lumen is taken for the tube."""
HOW_TO_CALIBRATE = (
    "calibrate on a marker catheter, on a catheter of known size or on a known distance"
)
HOW_TO_CALIBRATE_ULTRASOUND = "calibrate on a known distance, such as the ticks of its scale"
ESTIMATES = (CalibrationSource.MAGNIFICATION_FACTOR, CalibrationSource.SID_SOD)
"""Scales for the plane of the isocentre."""
DEPTH_EXAMPLE_MM = 50.0


@dataclass(frozen=True, slots=True)
class CalibrationState:
    """A calibration under way, as it is shown.

    Attributes
    ----------
    prompt : str
        What to do next.
    text : str
        The result, e.g. "0.253 mm/px ± 3 %"; empty until there is one.
    detail : str
        What it rests on and where it holds; several lines.
    problem : str
        Why there is no result though all was given; what to do about it.
    warning : str
        What makes the result doubtful.
    clicks_px, found_px : tuple of PointPx
        What was clicked; the marks or edges that were found.
    basis : str
        What it rests on in a few words, e.g. "15 marks, residual 0.02 mm".
    measuring : bool
        Whether a newer result is on its way.
    unanswered : str
        What has to be said before the result can be used.
    """

    prompt: str
    text: str = ""
    detail: str = ""
    problem: str = ""
    warning: str = ""
    clicks_px: tuple[PointPx, ...] = ()
    found_px: tuple[PointPx, ...] = ()
    basis: str = ""
    measuring: bool = False
    unanswered: str = ""

    @property
    def can_accept(self) -> bool:
        """Whether there is a result to accept."""
        return bool(self.text) and not self.measuring and not self.unanswered


def prompt_for(method: CalibrationMethod, clicks: int, size: float | None) -> str:
    """What to do next, as long as there is no result."""
    if clicks < 2:
        return (FIRST if not clicks else SECOND)[method]
    return SIZE[method] if size is None else "Click again, or choose another way"


def validity(method: CalibrationMethod, foreshortened: float) -> str:
    """Where a scale holds, for people."""
    if method is CalibrationMethod.DISTANCE:
        return "at the depth of what was measured, in the plane of the image"
    if method is CalibrationMethod.CATHETER:
        return "at the depth of the catheter"
    if foreshortened > 0:
        return (
            "at the depth of the catheter where it runs in the plane of the image "
            f"(elsewhere it looks up to {100 * foreshortened:.0f} % shorter)"
        )
    return "at the depth of the catheter"


def detail(made: ReaderCalibration, source: str) -> str:
    """Where it holds, how well the marks fit and what the ± consists of; several lines."""
    where = f"Holds {made.validity}" if made.validity else ""
    rest = f"Residual {made.residual_px:.2f} px" if made.residual_px is not None else ""
    return "\n".join(line for line in (where, rest, f"± from {source}") if line)


def basis(made: ReaderCalibration) -> str:
    """What it rests on in a few words."""
    if made.method is CalibrationMethod.MARKERS:
        rest = made.residual_px
        tail = f", residual {rest * made.mm_per_px:.2f} mm" if rest is not None else ""
        return f"{len(made.points_px)} marks{tail}"
    (x0, y0), (x1, y1) = made.points_px[0], made.points_px[-1]
    length_px = math.hypot(x1 - x0, y1 - y0)
    if made.method is CalibrationMethod.CATHETER:
        unsaid = "" if made.filling else "; say what it was filled with"
        return f"{made.entered:g} F, {length_px:.1f} px wide{unsaid}"
    return f"{made.entered:g} mm, {length_px:.1f} px long"


def scale_words(made: ReaderCalibration) -> str:
    """The scale with its ±."""
    digits = 3 if made.mm_per_px >= 0.05 else 4
    return f"{made.mm_per_px:.{digits}f} mm/px ± {100 * made.uncertainty:.1f} %"


def doubt(made: ReaderCalibration, own: float | None, far_off: float) -> str:
    """What to say when the file's own scale is far off; empty when it is not."""
    if own is None or abs(own / made.mm_per_px - 1) <= far_off:
        return ""
    return (
        f"The file's own scale is {own:.3f} mm/px, {100 * abs(own / made.mm_per_px - 1):.0f} % "
        "off. Check the size you entered and what you clicked."
    )


def estimate_lines(item: ImageSet) -> tuple[str, ...]:
    """How an X-ray scale was worked out, for which plane, and what another plane would change."""
    if not isinstance(item, Run) or item.calibration.source not in ESTIMATES:
        return ()
    lines = []
    if item.sid_mm and item.sod_mm and item.imager_spacing_mm:
        lines.append(
            f"Detector pixels of {item.imager_spacing_mm[1]:.3g} mm; detector {item.sid_mm:g} mm, "
            f"isocentre {item.sod_mm:g} mm from the source"
        )
    share = DEPTH_EXAMPLE_MM / (item.sod_mm or USUAL_SOD_MM)
    lines.append(
        f"It is for the isocentre's plane, not for the vein's: {DEPTH_EXAMPLE_MM:g} mm nearer to "
        f"the detector or the source it is {share:.0%} off".replace("%", " %")
    )
    if item.table_height_mm is not None:
        lines.append(
            f"The table height ({item.table_height_mm:g} mm) is not used: its zero differs "
            "between vendors"
        )
    lines.append("A calibration by hand (K) at the vein's depth is surer")
    return tuple(lines)
