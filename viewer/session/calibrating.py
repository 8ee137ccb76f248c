"""Verbs that calibrate an image set by hand: on a catheter, on a marker catheter, on a distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.errors import ViewerError
from viewer.measure.calibrating import (
    MarksFound,
    ScaleFound,
    by_catheter,
    by_distance,
    by_marks,
)
from viewer.model.reader_calibration import CalibrationMethod, Filling, ReaderCalibration
from viewer.model.study import ImageSet, Run
from viewer.model.vessel import PointPx
from viewer.session.state import Severity, Tool

if TYPE_CHECKING:
    from viewer.session.session import Session

DEFAULT_SIZE = {
    CalibrationMethod.CATHETER: None,
    CalibrationMethod.MARKERS: 10.0,
    CalibrationMethod.DISTANCE: None,
}
"""What is taken as known before the reader says; marks of marker catheters are 1 cm apart."""
SQUARE_WITHIN = 0.01
FAR_OFF = 0.2
"""A scale this much off the header's own is worth a second look."""

_FIRST = {
    CalibrationMethod.CATHETER: "Click beside the catheter",
    CalibrationMethod.MARKERS: "Click the first mark, on a frame before contrast",
    CalibrationMethod.DISTANCE: "Click one end of the known distance",
}
_SECOND = {
    CalibrationMethod.CATHETER: "Click beyond its other edge, straight across",
    CalibrationMethod.MARKERS: "Click the last mark",
    CalibrationMethod.DISTANCE: "Click the other end",
}
_SIZE = {
    CalibrationMethod.CATHETER: "Enter the catheter's size in French",
    CalibrationMethod.MARKERS: "Enter the distance between two marks in mm",
    CalibrationMethod.DISTANCE: "Enter the distance in mm",
}


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
    """

    prompt: str
    text: str = ""
    detail: str = ""
    problem: str = ""
    warning: str = ""
    clicks_px: tuple[PointPx, ...] = ()
    found_px: tuple[PointPx, ...] = ()
    basis: str = ""

    @property
    def can_accept(self) -> bool:
        """Whether there is a result to accept."""
        return bool(self.text)


class CalibrateEdits:
    """Calibration verbs of a session. `session.pending_changed` tells that `state` changed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._forget()
        session.tool_changed.connect(self._follow_tool)
        session.cursor_changed.connect(self._follow_images)

    def _forget(self) -> None:
        self.image_uid = ""
        self.method = CalibrationMethod.MARKERS
        self.frame = 0
        self.size: float | None = None
        self.filling = Filling.UNKNOWN
        self._clicks: tuple[PointPx, ...] = ()
        self._pixels: NDArray[np.generic] | None = None
        self._result: tuple[ReaderCalibration, str] | None = None
        self._problem = ""

    @property
    def active(self) -> bool:
        """Whether a calibration is under way."""
        return bool(self.image_uid)

    @property
    def first_target(self) -> ImageSet | None:
        """What the tool begins on: the run, else the pullback, as far as they can be calibrated."""
        shown = (self._session.run, self._session.pullback)
        return next((item for item in shown if item is not None and can_calibrate(item)), None)

    @property
    def methods(self) -> tuple[CalibrationMethod, ...]:
        """The ways that are open: on ultrasound only a known distance."""
        return methods_on(self._session.case.find(self.image_uid))

    def begin_on(self, item: ImageSet) -> bool:
        """Start on an image set in the way that is usual for it."""
        return self.begin(item.uid, methods_on(item)[0])

    def set_method(self, method: CalibrationMethod) -> None:
        """Go on with another way, from the first click."""
        if self.active and method is not self.method and method in self.methods:
            self.begin(self.image_uid, method)

    def _follow_tool(self, tool: Tool) -> None:
        """Armed: begin on the run, else on the pullback. Another tool: give up."""
        if tool is not Tool.CALIBRATE:
            self.cancel()
        elif not self.active:
            item = self.first_target
            if item is not None:
                self.begin_on(item)

    def _follow_images(self, *_: object) -> None:
        """With other images shown, begin anew on those."""
        session = self._session
        if self.active and self.image_uid not in (
            session.cursor.run_uid, session.cursor.pullback_uid,
        ):  # fmt: skip
            self._forget()
            self._follow_tool(session.tool)

    def begin(self, image_uid: str, method: CalibrationMethod) -> bool:
        """Start calibrating an image set; False, and a notice, when it can't be."""
        session = self._session
        item = session.case.find(image_uid)
        if item is None:
            return False
        if not can_calibrate(item):
            session.notify(
                "This image can't be calibrated by hand",
                "Its pixels are not square; one scale would be wrong in one direction.",
                Severity.WARNING,
                about="calibration",
            )
            return False
        self._forget()
        self.image_uid, self.method, self.size = image_uid, method, DEFAULT_SIZE[method]
        session.pending_changed.emit()
        return True

    def add_point(self, frame: int, point_px: PointPx, pixels: NDArray[np.generic]) -> None:
        """Click a point of a 0-based frame; `pixels` are the frame's stored values.

        Points of another frame begin anew. A third click on a catheter or a distance does too;
        along a marker catheter each further click goes on along it.
        """
        if not self.active:
            return
        full = len(self._clicks) >= 2 and self.method is not CalibrationMethod.MARKERS
        if frame != self.frame or full:
            self._clicks = ()
        self.frame, self._pixels = frame, pixels
        self._clicks = (*self._clicks, point_px)
        self._measure()

    def move_point(self, index: int, point_px: PointPx, *, settled: bool = True) -> None:
        """Move a click; what takes longer is measured once it is `settled`."""
        if 0 <= index < len(self._clicks):
            clicks = list(self._clicks)
            clicks[index] = point_px
            self._clicks = tuple(clicks)
            if settled or self.method is not CalibrationMethod.MARKERS:
                self._measure()
            else:
                self._result, self._problem = None, ""
                self._session.pending_changed.emit()

    def remove_last_point(self) -> None:
        """Take the last click back."""
        if self._clicks:
            self._clicks = self._clicks[:-1]
            self._measure()

    def set_size(self, size: float | None) -> None:
        """What is known: French of the catheter, mm between marks, mm of the distance."""
        if self.active and size != self.size:
            self.size = size
            self._measure()

    def set_filling(self, filling: Filling) -> None:
        """What the catheter was filled with; kept with the calibration."""
        if self.active and filling is not self.filling:
            self.filling = filling
            self._measure()

    def accept(self) -> bool:
        """Let the result hold for every length on the image set, as one step of undo."""
        if self._result is None:
            return False
        made, _ = self._result
        session = self._session
        self._forget()
        review = session.review.with_calibration(made)
        notice = f"Calibrated: {_scale_text(made)}, by {made.method.value}"
        session.edit("Calibrate", review, notice)
        session.pending_changed.emit()
        if session.tool is Tool.CALIBRATE:
            session.arm(Tool.SELECT)
        return True

    def cancel(self) -> None:
        """Give the calibration that is under way up."""
        if self.active:
            self._forget()
            self._session.pending_changed.emit()

    def remove(self, image_uid: str) -> None:
        """Back to the header's scale, or to px, as one step of undo."""
        session = self._session
        if session.review.calibration_of(image_uid) is not None:
            review = session.review.without_calibration(image_uid)
            session.edit("Remove calibration", review, "Calibration by hand removed")

    @property
    def state(self) -> CalibrationState | None:
        """What is shown of the calibration under way; None when there is none."""
        if not self.active:
            return None
        clicks = self._clicks
        if self._result is None:
            return CalibrationState(self._prompt(), problem=self._problem, clicks_px=clicks)
        made, source = self._result
        where = f"Holds {made.validity}" if made.validity else ""
        rest = f"Residual {made.residual_px:.2f} px" if made.residual_px is not None else ""
        detail = "\n".join(line for line in (where, rest, f"± from {source}") if line)
        found = made.points_px if self.method is not CalibrationMethod.DISTANCE else ()
        return CalibrationState(
            "Enter accepts, Esc gives up",
            _scale_text(made),
            detail,
            warning=self._doubt(made),
            clicks_px=clicks,
            found_px=found,
            basis=_basis(made),
        )

    # ----------------------------------------------------------------------------------
    def _prompt(self) -> str:
        if len(self._clicks) < 2:
            return (_FIRST if not self._clicks else _SECOND)[self.method]
        return _SIZE[self.method] if self.size is None else "Click again, or choose another way"

    def _measure(self) -> None:
        """Measure what was clicked, when enough was."""
        self._result, self._problem = None, ""
        item = self._session.case.find(self.image_uid)
        if item is not None and len(self._clicks) >= 2 and self.size is not None:
            try:
                self._result = self._measured(item, self.size)
            except ViewerError as error:
                self._problem = f"{error.what}. {error.hint}"
        self._session.pending_changed.emit()

    def _measured(self, item: ImageSet, size: float) -> tuple[ReaderCalibration, str]:
        sod_mm = item.sod_mm if isinstance(item, Run) else None
        points, residual_px, short = self._clicks, None, 0.0
        if self.method is CalibrationMethod.DISTANCE:
            found = by_distance(points[0], points[1], size, sod_mm)
        elif self.method is CalibrationMethod.CATHETER:
            found, points = self._across_catheter(item, size, sod_mm)
        else:
            marks, points = self._along_marks(item, size, sod_mm)
            found, residual_px, short = marks.scale, marks.residual_px, marks.foreshortened
        made = ReaderCalibration(
            image_uid=self.image_uid,
            method=self.method,
            points_px=points,
            frame=self.frame,
            entered=size,
            mm_per_px=found.mm_per_px,
            uncertainty=found.uncertainty,
            filling=self.filling,
            residual_px=residual_px,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            validity=_validity(self.method, short),
        )
        return made, found.source

    def _across_catheter(
        self, item: ImageSet, french: float, sod_mm: float | None
    ) -> tuple[ScaleFound, tuple[PointPx, ...]]:
        from viewer.imaging.catheter_width import catheter_width

        width = catheter_width(self._shadow(item), self._clicks[0], self._clicks[1])
        return by_catheter(width.width_px, width.sigma_px, french, sod_mm), width.edges_px

    def _along_marks(
        self, item: ImageSet, spacing_mm: float, sod_mm: float | None
    ) -> tuple[MarksFound, tuple[PointPx, ...]]:
        from viewer.imaging.marker_catheter import find_marks

        marks = find_marks(self._shadow(item), self._clicks)
        return by_marks(marks.arc_px, marks.numbers, spacing_mm, sod_mm), marks.points_px

    def _shadow(self, item: ImageSet) -> NDArray[np.float64]:
        from viewer.imaging.shadow import shadow_of

        if self._pixels is None:
            raise ViewerError("The frame is not there yet", "Click again once it is shown.")
        return shadow_of(self._pixels, item.pixels)

    def _doubt(self, made: ReaderCalibration) -> str:
        item = self._session.case.find(self.image_uid)
        own = item.calibration.mm_per_px if item is not None else None
        if own is None or abs(own / made.mm_per_px - 1) <= FAR_OFF:
            return ""
        return (
            f"The file's own scale is {own:.3f} mm/px, {100 * abs(own / made.mm_per_px - 1):.0f} % "
            "off. Check the size you entered and what you clicked."
        )


def _validity(method: CalibrationMethod, foreshortened: float) -> str:
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


def can_calibrate(item: ImageSet) -> bool:
    """Whether one scale can hold in both directions of an image."""
    return abs(item.pixels.aspect - 1.0) <= SQUARE_WITHIN


def methods_on(item: ImageSet | None) -> tuple[CalibrationMethod, ...]:
    """The ways an image set can be calibrated in, the usual one first."""
    if isinstance(item, Run):
        return (CalibrationMethod.MARKERS, CalibrationMethod.CATHETER, CalibrationMethod.DISTANCE)
    return (CalibrationMethod.DISTANCE,)


def _basis(made: ReaderCalibration) -> str:
    if made.method is CalibrationMethod.MARKERS:
        rest = made.residual_px
        tail = f", residual {rest * made.mm_per_px:.2f} mm" if rest is not None else ""
        return f"{len(made.points_px)} marks{tail}"
    (x0, y0), (x1, y1) = made.points_px[0], made.points_px[-1]
    length_px = math.hypot(x1 - x0, y1 - y0)
    if made.method is CalibrationMethod.CATHETER:
        return f"{made.entered:g} F, {length_px:.1f} px wide"
    return f"{made.entered:g} mm, {length_px:.1f} px long"


def _scale_text(made: ReaderCalibration) -> str:
    digits = 3 if made.mm_per_px >= 0.05 else 4
    return f"{made.mm_per_px:.{digits}f} mm/px ± {100 * made.uncertainty:.1f} %"
