"""Facts about the open case as people read them: figures with unit, ± and where they come from.

What is not known reads "unknown"; nothing is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.position_map import BAND, PositionMap, Residual, Unlinked
from viewer.measure.calipers import measured
from viewer.measure.quantity import Quantity
from viewer.model.annotation import Measurement
from viewer.model.calibration import Calibration, CalibrationSource
from viewer.model.reader_calibration import CalibrationMethod, ReaderCalibration
from viewer.model.study import ImageSet, Pullback, PullbackMode, Run
from viewer.session.calibrating import can_calibrate
from viewer.session.calibration_words import (
    HOW_TO_CALIBRATE,
    HOW_TO_CALIBRATE_ULTRASOUND,
    estimate_lines,
)
from viewer.session.contents import image_title
from viewer.session.contour_facts import contour_text
from viewer.session.placing import half_band

if TYPE_CHECKING:
    from viewer.session.session import Session

UNKNOWN = "unknown"
_SHORT = {
    CalibrationSource.ULTRASOUND_REGION: "US region",
    CalibrationSource.FIDUCIAL: "fiducial",
    CalibrationSource.GEOMETRY: "geometry",
    CalibrationSource.MAGNIFICATION_FACTOR: "magnification",
    CalibrationSource.SID_SOD: "SOD/SID",
    CalibrationSource.ENHANCED_ISOCENTER: "isocentre",
}


@dataclass(frozen=True, slots=True)
class CaseTitle:
    """Whose case is open: a title, one line of detail, a chip or ""."""

    title: str
    detail: str
    chip: str = ""


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether both views follow each other, in words."""

    linked: bool
    text: str
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of "how it was measured": `tip` says more, `tone` is "" or "warn".

    `calibrates` is the UID of the image set whose missing scale a reader can set; else "".
    """

    name: str
    text: str
    tip: str = ""
    tone: str = ""
    calibrates: str = ""


@dataclass(frozen=True, slots=True)
class TieQuality:
    """How good a tie is, in `unit`, and the largest gap of frames.

    ± is half the 90 % band: `typical` its median between the landmarks, `worst` the largest of
    all frames.
    """

    typical: float
    worst: float
    unit: str
    landmarks: int
    gap: tuple[int, int] | None


def case_title(session: Session) -> CaseTitle:
    """Whose case is open and what is in it."""
    case = session.case
    patient = case.patient
    if patient is None and session.review.images:
        count = len(session.review.images)
        return CaseTitle(session.review.title or "Review", f"{count} series, none of them found")
    if patient is None:
        return CaseTitle("No case open", "Add images, or drop files anywhere")
    name = ", ".join(part.title() for part in patient.name.split("^")[:2] if part)
    if name.lower() == patient.patient_id.lower():
        name = ""
    title = " · ".join(part for part in (name, patient.patient_id) if part)
    chip = "De-identified" if patient.identity_removed else ""
    count = len(case.image_sets)
    date = next((item.study_date for item in case.image_sets if item.study_date), "")
    held = f", {len(case.held)} held" if case.held else ""
    parts = [case.title, _date(date), f"{count} series{held}"]
    detail = " · ".join(part for part in parts if part and part != title)
    return CaseTitle(title or case.title or "No patient ID", detail, chip)


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def link_state(session: Session) -> LinkState:
    """Whether IVUS and venogram follow each other, and if not, why not."""
    position = session.position
    if isinstance(position, Unlinked):
        reason = f"{position.reason[0].lower()}{position.reason[1:]}" if position.reason else ""
        if reason.startswith("no iVUS"):
            reason = "no IVUS pullback"
        return LinkState(False, f"Not linked: {reason}", position.hint)
    if not session.linked:
        return LinkState(False, "Link off", "Both views move alone; Ctrl L links them again")
    return LinkState(True, "Linked: IVUS leads", position.explanation)


def sigma_here(session: Session) -> str:
    """± (half the 90 % band) of the position at this frame and the largest one of all frames."""
    position = session.position_map
    if position is None:
        return ""
    frame = session.cursor.pullback_frame
    if frame >= len(position):
        return ""
    worst, unit = _worst(position), position.unit
    return f"± {_round(half_band(position, frame), unit)} {unit} here · ± {worst} {unit} worst"


def _worst(position: PositionMap) -> str:
    return _round(float(_halves(position).max()), position.unit)


def _halves(position: PositionMap) -> NDArray[np.float64]:
    """Half the 90 % band of every frame, shape (n,)."""
    return np.asarray((position.high - position.low) / 2.0)


def _typical(position: PositionMap) -> float:
    """The median ± between the landmarks, of all frames when none lies there."""
    solid = position.solid if position.solid.any() else slice(None)
    return float(np.median(_halves(position)[solid]))


def _round(value: float, unit: str) -> str:
    return f"{value:.1f}" if unit == "mm" else f"{value:.0f}"


def tie_quality(session: Session) -> TieQuality | None:
    """± of the shown pair; None while it is not linked."""
    position = session.position_map
    if position is None:
        return None
    marks = session.vessel.landmarks
    return TieQuality(
        _typical(position),
        float(_halves(position).max()),
        position.unit,
        len(marks),
        largest_gap(session),
    )


def largest_gap(session: Session) -> tuple[int, int] | None:
    """The longest stretch of frames without a landmark, 0-based; None without a pullback."""
    pullback = session.pullback
    if pullback is None or pullback.frames < 3:
        return None
    frames = sorted({0, *(mark.frame for mark in session.vessel.landmarks), pullback.frames - 1})
    return max(pairwise(frames), key=lambda gap: gap[1] - gap[0])


# -- how it was measured ----------------------------------------------------------------------
def scale_text(calibration: Calibration, digits: int = 3) -> str:
    """A scale with its ± and source, e.g. "0.254 mm/px ± 3 % · manual"."""
    if calibration.mm_per_px is None:
        return f"{UNKNOWN}: lengths in px"
    sure = f" ± {calibration.uncertainty:.0%}" if calibration.uncertainty else ""
    return f"{calibration.mm_per_px:.{digits}f} mm/px{sure.replace('%', ' %')}"


def how_measured(session: Session) -> tuple[Fact, ...]:
    """Scales, position and frame times behind the figures that are shown."""
    facts: list[Fact] = []
    run, pullback = session.run, session.pullback
    borders, told = contour_text(session)
    if borders:
        facts.append(Fact("Contours", borders, told))
    if pullback is not None:
        facts.append(_scale_fact(session, "IVUS scale", pullback))
    if run is not None:
        facts.append(_scale_fact(session, "XA scale", run))
    if run is not None and pullback is not None:
        facts.append(_position_fact(session))
    length, how = session.two_views.status()
    if length:
        facts.append(Fact("Length", length[0].lower() + length[1:], how))
    facts += [
        _timing_fact(session, name, item)
        for name, item in (("IVUS timing", pullback), ("XA timing", run))
        if item is not None and item.frames > 1
    ]
    if pullback is not None:
        facts.append(_pull_fact(session, pullback))
    return tuple(facts)


def _scale_fact(session: Session, name: str, item: ImageSet) -> Fact:
    scale = session.calibration(item)
    if not scale.known:
        if not can_calibrate(item):
            tip = "Its pixels are not square: no one scale could hold. Lengths stay in pixels."
            return Fact(name, f"{UNKNOWN} · lengths in px", tip, "warn")
        how = HOW_TO_CALIBRATE if isinstance(item, Run) else HOW_TO_CALIBRATE_ULTRASOUND
        tip = f"The file gives no scale in the patient. Lengths stay in pixels until you {how}."
        text = f"{UNKNOWN} · lengths in px\n{how[0].upper()}{how[1:]}"
        return Fact(name, text, tip, "warn", item.uid)
    by_reader = session.review.calibration_of(item.uid)
    if by_reader is not None:
        tip = "\n".join((calibration_detail(by_reader), *header_scale(item, scale)))
        date = f", {by_reader.made_at[:10]}" if by_reader.made_at else ""
        where = f"\nHolds {by_reader.validity}" if by_reader.validity else ""
        text = f"{scale_text(scale)} · {by_reader.method.value}{date}{where}"
        return Fact(name, text, tip)
    detail = scale.source.value + (f", {scale.validity}" if scale.validity else "")
    where = f"\nHolds {scale.validity}" if scale.validity and isinstance(item, Run) else ""
    return Fact(
        name,
        f"{scale_text(scale)} · {_SHORT.get(scale.source, scale.source.value)}{where}",
        "\n".join((f"{detail} ({image_title(item)})", *estimate_lines(item))),
    )


def calibration_detail(made: ReaderCalibration) -> str:
    """What a scale set by hand rests on, in one line."""
    unit = made.method.unit
    size = f"{made.entered:g} {unit}"
    what = {
        CalibrationMethod.CATHETER: f"on a catheter of {size}",
        CalibrationMethod.MARKERS: f"on {len(made.points_px)} marks {size} apart",
        CalibrationMethod.DISTANCE: f"on a known distance of {size}",
    }[made.method]
    filled = f", filled with {made.filling.value}" if made.filling else ""
    rest = f", residual {made.residual_px:.2f} px" if made.residual_px is not None else ""
    date = f" on {made.made_at[:10]}" if made.made_at else ""
    where = f"; holds {made.validity}" if made.validity else ""
    of = " of the run it was made on" if made.carried_from else ""
    return f"Calibrated by hand{date} {what}{filled}, frame {made.frame + 1}{of}{rest}{where}"


def header_scale(item: ImageSet, scale: Calibration) -> tuple[str, ...]:
    """How far the header's own scale is from the one in force; nothing without one."""
    own = item.calibration.mm_per_px
    if own is None or scale.mm_per_px is None:
        return ()
    off = f"{100 * (own / scale.mm_per_px - 1):+.0f}".replace("-", "−")
    off = "the same" if off in ("+0", "−0") else f"{off} %"
    return (f"The file's own scale is {own:.3f} mm/px ({off}), {item.calibration.source.value}",)


def _position_fact(session: Session) -> Fact:
    position = session.position
    if isinstance(position, Unlinked):
        reason = link_state(session).text
        return Fact("Position", reason[0].lower() + reason[1:], position.hint, "warn")
    count = len(session.vessel.landmarks)
    anchors = f"{count} anchor{'' if count == 1 else 's'}"
    return Fact(
        "Position",
        f"± {_round(_typical(position), position.unit)} {position.unit} · {anchors}",
        f"{position.explanation}\n± (half the 90 % band): {position.uncertainty_source}",
    )


def rate_reasons(session: Session, item: ImageSet) -> tuple[str, ...]:
    """What the file says of its frame times that can't be used, and the times in force."""
    about = ("Frame Time", "Cine Rate", "Frame Rate", "frames were taken", "acquisition time")
    told = [text for text in item.warnings if any(word in text for word in about)]
    timing = session.timing(item)
    if timing.rate_hz is not None:
        told.append(f"In force now: {timing.rate_hz:.3g} frames/s, {timing.source}.")
    return tuple(told)


def _timing_fact(session: Session, name: str, item: ImageSet) -> Fact:
    timing = session.timing(item)
    if timing.rate_hz is None:
        told = " ".join(rate_reasons(session, item))
        tip = told or "The file does not say when each frame was taken."
        tip += " Set the rate with Ctrl R."
        return Fact(name, f"{UNKNOWN}", tip, "warn")
    return Fact(name, f"{timing.rate_hz:.3g} fps · {timing.source}", timing.source)


def _pull_fact(session: Session, pullback: Pullback) -> Fact:
    words = {PullbackMode.UNKNOWN: UNKNOWN, PullbackMode.MANUAL: "by hand"}
    mode = words.get(pullback.mode, pullback.mode.value)
    own = session.vessel.current_tie().rate_mm_s
    if own is not None:
        return Fact("Pull", f"{mode} · {own:g} mm/s by reader", "The rate this reader gave")
    rate = f" · {pullback.rate_mm_s:g} mm/s" if pullback.rate_mm_s else " · no rate in file"
    return Fact("Pull", f"{mode}{rate}", "IVUS Acquisition and Pullback Rate of the file")


# -- measurements -----------------------------------------------------------------------------
def measurement_value(session: Session, measurement: Measurement) -> Quantity:
    """A caliper's length or an ellipse's area; px where no scale holds."""
    item = session.case.find(measurement.image_uid)
    return measured(measurement, session.calibration(item))


def measurement_place(session: Session, measurement: Measurement) -> str:
    """Where a measurement was made: image and 1-based frame."""
    item = session.case.find(measurement.image_uid)
    name = image_title(item) if item is not None else "image not open"
    return f"{name} · frame {measurement.frame + 1}"


# -- landmarks --------------------------------------------------------------------------------
ERROR_WARN_MM = 5.0
"""A landmark farther than this from where its neighbours put it is shown in amber (ui.md)."""

ERROR_ALARM_MM = 8.0
"""Beyond this it carries a warning icon as well (ui.md)."""


@dataclass(frozen=True, slots=True)
class LandmarkFact:
    """One landmark of the shown pair; `error` is its left-out error in `unit`, None at an end.

    `tone` is "" where the error is no reason to look, "warn" beyond 5 mm when the others were
    surer than that, "alarm" beyond 8 mm and 3 sigma.
    """

    id: str
    name: str
    frame: int
    detail: str
    error: float | None
    unit: str
    tip: str
    tone: str = ""


def landmark_facts(session: Session) -> tuple[LandmarkFact, ...]:
    """The landmarks of the shown pair in frame order, with their left-out errors."""
    position, curve = session.position_map, session.current_polyline
    axis = session.placing.vein_axis
    residuals = {r.landmark_id: r for r in position.residuals} if position is not None else {}
    marks = session.vessel.landmarks
    ends = {mark.id for mark in marks if mark.frame in (marks[0].frame, marks[-1].frame)}
    found = []
    for mark in marks:
        detail = f"frame {mark.frame + 1}"
        if curve is not None and axis is not None and position is not None:
            arc = float(position.to_unit(float(curve.project(mark.point_px)[0])))
            place = f"{axis.position(arc):.0f}".replace("-", "−")
            detail += f" · {'0' if place == '−0' else place} {axis.unit}"
        left = residuals.get(mark.id)
        if left is not None and mark.id in ends and _tells_little(left):
            left = None
        unit = position.unit if position is not None else "mm"
        error = left.value if left is not None else None
        tip, tone = _error_tip(left, unit), _error_tone(left, unit)
        found.append(LandmarkFact(mark.id, mark.name, mark.frame, detail, error, unit, tip, tone))
    return tuple(found)


def _tells_little(left: Residual) -> bool:
    """An end that lies where the others, unsure as they are there, would let it lie."""
    return (left.expected or 0.0) > ERROR_WARN_MM and not left.disagrees


def _error_tip(left: Residual | None, unit: str) -> str:
    if left is None or left.value is None:
        return "An end anchor: the other landmarks can't tell where it should be"
    side = "farther along the vein" if left.value > 0 else "nearer to the start"
    told = f"{_round(abs(left.value), unit)} {unit} {side} than the other landmarks put it"
    if left.expected is not None:
        told += f" (± {_round(BAND * left.expected, unit)} {unit})"
    return f"{told}. {left.suggestion}" if left.suggestion else told


def _error_tone(left: Residual | None, unit: str) -> str:
    if left is None or left.value is None or unit != "mm":
        return ""
    off, expected = abs(left.value), left.expected or 0.0
    if off > ERROR_ALARM_MM and left.disagrees:
        return "alarm"
    return "warn" if off > max(ERROR_WARN_MM, BAND * expected) else ""


def pending_text(session: Session) -> tuple[str, str]:
    """What the landmark being placed means, and a tone: "", "ok" or "warn"."""
    if session.pullback is None or session.current_polyline is None:
        return "Landmarks need an IVUS pullback and a centerline on the venogram", "warn"
    position, curve = session.position_map, session.current_polyline
    frame, point_px = session.cursor.pullback_frame, session.vessel.pending.point_px
    if position is None or frame >= len(position):
        count = len(session.vessel.landmarks)
        if point_px is not None:
            return "Enter adds it. Two landmarks link a hand pullback to the vein.", ""
        return ("One more landmark links both views." if count == 1 else
                "Two landmarks link a hand pullback to the vein."), ""  # fmt: skip
    unit, half = position.unit, half_band(position, frame)
    sure = f"± {_round(half, unit)} {unit}"
    if point_px is None:
        return f"Predicted {session.placing.text(frame)}. Click the vein where you see it.", ""
    arc = float(position.to_unit(float(curve.project(point_px)[0])))
    off = abs(arc - float(position.arc[frame]))
    moved = f"{_round(off, unit)} {unit}"
    if off <= half:
        return f"This anchor moves the path by {moved} here, inside the predicted {sure}.", "ok"
    if off <= 1.5 * half:
        return f"This anchor moves the path by {moved} here, beyond the predicted {sure}.", "warn"
    return (
        f"This is {moved} from where the neighbours put it ({sure}). Add it if you are sure, or "
        "check the frame.",
        "warn",
    )
