"""Verbs that calibrate an image set by hand: on a catheter, on a marker catheter, on a distance."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.errors import ViewerError
from viewer.measure.calibrating import ScaleFound, by_catheter, by_distance, by_marks
from viewer.model.reader_calibration import CalibrationMethod, Filling, ReaderCalibration
from viewer.model.study import ImageSet, Run
from viewer.model.vessel import PointPx
from viewer.session import calibration_words as words
from viewer.session.calibration_carry import CalibrationCarry
from viewer.session.calibration_words import CalibrationState
from viewer.session.calibration_work import CalibrationWork, Found
from viewer.session.state import Severity, Tool

if TYPE_CHECKING:
    from viewer.session.frame_loader import FrameLoader
    from viewer.session.session import Session

__all__ = ["CalibrateEdits", "CalibrationState", "can_calibrate", "methods_on"]

Clicks = tuple[PointPx, ...]
Pixels = NDArray[np.generic]

DEFAULT_SIZE = {
    CalibrationMethod.CATHETER: None,
    CalibrationMethod.MARKERS: 10.0,
    CalibrationMethod.DISTANCE: None,
}
"""What is taken as known before the reader says; marks of marker catheters are 1 cm apart."""
SQUARE_WITHIN = 0.01
FAR_OFF = 0.2
"""A scale this much off the header's own is worth a second look."""


class CalibrateEdits:
    """Calibration verbs of a session. `session.pending_changed` tells that `state` changed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.carry = CalibrationCarry(session)
        self._work: CalibrationWork | None = None
        self.stroke = 0
        self._forget()
        session.tool_changed.connect(self._follow_tool)
        session.cursor_changed.connect(self._follow_images)

    def work_on(self, loader: FrameLoader) -> None:
        """Find marks and edges on the loader's workers; without it that is done at once."""
        self._work = CalibrationWork(loader)

    def _forget(self) -> None:
        self._drop_result()
        self.image_uid = ""
        self.method = CalibrationMethod.MARKERS
        self.frame = 0
        self.size: float | None = None
        self.filling = Filling.UNKNOWN
        self._clicks: Clicks = ()
        self._pixels: Pixels | None = None
        self._past: list[tuple[int, Clicks, Pixels | None]] = []
        self._future: list[tuple[int, Clicks, Pixels | None]] = []
        self._moving = False
        self.stroke += 1

    def _drop_result(self) -> None:
        """What was measured holds no more; what is being measured is not wanted any more."""
        self._result: Found | None = None
        self._problem = ""
        self.measuring = False
        if self._work is not None:
            self._work.cancel()

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

    def arm_on(self, item: ImageSet) -> None:
        """Arm the tool on one of the shown image sets."""
        self._session.arm(Tool.CALIBRATE)
        if self.image_uid != item.uid:
            self.begin_on(item)

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

    # -- clicks -------------------------------------------------------------------------------
    def add_point(
        self, frame: int, point_px: PointPx, pixels: Pixels, *, settled: bool = True
    ) -> None:
        """Click a point of a 0-based frame; `pixels` are the frame's stored values.

        Points of another frame begin anew. A third click on a catheter or a distance does too;
        along a marker catheter each further click goes on along it.
        """
        if not self.active:
            return
        self._step(settled)
        full = len(self._clicks) >= 2 and self.method is not CalibrationMethod.MARKERS
        if frame != self.frame or full:
            self._clicks = ()
        self.frame, self._pixels = frame, pixels
        self._clicks = (*self._clicks, point_px)
        self._measure()

    def move_point(self, index: int, point_px: PointPx, *, settled: bool = True) -> None:
        """Move a click; the whole drag up to where it is `settled` is one step to take back."""
        if not 0 <= index < len(self._clicks):
            return
        self._step(settled)
        clicks = list(self._clicks)
        clicks[index] = point_px
        self._clicks = tuple(clicks)
        self._measure(goes_on=True)

    def remove_last_point(self) -> None:
        """Take the last click away."""
        if self._clicks:
            self._remember()
            self._clicks = self._clicks[:-1]
            self._measure()

    def settle(self) -> None:
        """The button is up: what follows is a step of its own."""
        self._moving = False

    def _step(self, settled: bool) -> None:
        """Remember what was clicked before a step; a drag is one step, points it sets included."""
        if not self._moving:
            self._remember()
        self._moving = not settled

    def _remember(self) -> None:
        self._past.append((self.frame, self._clicks, self._pixels))
        self._future.clear()

    @property
    def can_undo(self) -> bool:
        """Whether a click can be taken back."""
        return self.active and bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether a click that was taken back can be made again."""
        return self.active and bool(self._future)

    def undo(self) -> bool:
        """Take the last click, drag or removal back, on the frame where it was made."""
        return self._travel(self._past, self._future)

    def redo(self) -> bool:
        """Make it again."""
        return self._travel(self._future, self._past)

    def _travel(
        self,
        source: list[tuple[int, Clicks, Pixels | None]],
        target: list[tuple[int, Clicks, Pixels | None]],
    ) -> bool:
        if not self.active or not source:
            return False
        target.append((self.frame, self._clicks, self._pixels))
        self.frame, self._clicks, self._pixels = source.pop()
        self._end_stroke()
        if self._clicks:
            self._session.show_frame(self.image_uid, self.frame)
        self._measure()
        return True

    def cancel_stroke(self) -> bool:
        """First Esc: a drag goes back to where it began, else the clicks go; False without any."""
        if self._moving:
            return self._travel(self._past, [])
        if not self._clicks:
            return False
        self._remember()
        self._clicks = ()
        self._end_stroke()
        self._measure()
        return True

    def _end_stroke(self) -> None:
        self._moving = False
        self.stroke += 1

    # -- what is known ------------------------------------------------------------------------
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
        if self._result is None or self.measuring or self._unanswered:
            return False
        made, _ = self._result
        session = self._session
        self._forget()
        review = session.review.with_calibration(made)
        notice = f"Calibrated: {words.scale_words(made)}, by {made.method.value}"
        self.carry.offered_uid = made.image_uid
        session.edit("Calibrate", review, notice)
        session.pending_changed.emit()
        if session.tool is Tool.CALIBRATE:
            session.arm(Tool.SELECT)
        return True

    @property
    def _unanswered(self) -> str:
        """What the reader has yet to say: on a filled catheter other edges are looked for."""
        asks = self.method is CalibrationMethod.CATHETER and self.filling is Filling.UNKNOWN
        return words.FILLED_WITH if asks else ""

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
            ask = words.prompt_for(self.method, len(clicks), self.size)
            prompt = words.MEASURING if self.measuring else ask
            return CalibrationState(
                prompt, problem=self._problem, clicks_px=clicks, measuring=self.measuring
            )
        made, source = self._result
        item = self._session.case.find(self.image_uid)
        own = item.calibration.mm_per_px if item is not None else None
        ask = self._unanswered or "Enter accepts, Esc begins anew"
        return CalibrationState(
            words.MEASURING if self.measuring else ask,
            words.scale_words(made),
            words.detail(made, source),
            warning=words.doubt(made, own, FAR_OFF),
            clicks_px=clicks,
            found_px=made.points_px if self.method is not CalibrationMethod.DISTANCE else (),
            basis=words.basis(made),
            measuring=self.measuring,
            unanswered=self._unanswered,
        )

    # -- measuring ----------------------------------------------------------------------------
    def _measure(self, *, goes_on: bool = False) -> None:
        """Measure what was clicked, when enough was; in a drag the last result stays meanwhile."""
        if not goes_on:
            self._drop_result()
        item, size = self._session.case.find(self.image_uid), self.size
        if item is None or len(self._clicks) < 2 or size is None:
            self._drop_result()
        elif self._work is not None and self.method is not CalibrationMethod.DISTANCE:
            self.measuring = True
            measure = partial(self._measured, item, size, self._clicks)
            self._work.ask(item, self.frame, measure, self._take)
        elif self._pixels is None:
            self._problem = "The frame is not there yet. Click again once it is shown."
        else:
            try:
                self._result = self._measured(item, size, self._clicks, self._pixels)
                self._problem = ""
            except ViewerError as error:
                self._take(error, False)
                return
        self._session.pending_changed.emit()

    def _take(self, found: Found | ViewerError, newer: bool) -> None:
        """What a worker found; `newer` when what was clicked has moved on since."""
        self.measuring = newer
        if isinstance(found, ViewerError):
            self._result, self._problem = None, f"{found.what}. {found.hint}"
        else:
            self._result, self._problem = found, ""
        self._session.pending_changed.emit()

    def _measured(self, item: ImageSet, size: float, clicks: Clicks, pixels: Pixels) -> Found:
        """The calibration these clicks make; runs on a worker, and changes nothing."""
        sod_mm = item.sod_mm if isinstance(item, Run) else None
        points, residual_px, short = clicks, None, 0.0
        if self.method is CalibrationMethod.DISTANCE:
            found = by_distance(clicks[0], clicks[1], size, sod_mm)
        elif self.method is CalibrationMethod.CATHETER:
            found, points = self._across_catheter(item, size, clicks, pixels)
        else:
            from viewer.imaging.marker_catheter import find_marks

            marks = find_marks(_shadow(item, pixels), clicks)
            fit = by_marks(marks.arc_px, marks.numbers, size, sod_mm)
            found, points = fit.scale, marks.points_px
            residual_px, short = fit.residual_px, fit.foreshortened
        made = ReaderCalibration(
            image_uid=item.uid,
            method=self.method,
            points_px=points,
            frame=self.frame,
            entered=size,
            mm_per_px=found.mm_per_px,
            uncertainty=found.uncertainty,
            filling=self.filling,
            residual_px=residual_px,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            validity=words.validity(self.method, short),
        )
        return made, found.source

    def _across_catheter(
        self, item: ImageSet, french: float, clicks: Clicks, pixels: Pixels
    ) -> tuple[ScaleFound, Clicks]:
        from viewer.imaging.catheter_width import catheter_width

        filled = self.filling is Filling.CONTRAST
        width = catheter_width(_shadow(item, pixels), clicks[0], clicks[1], filled=filled)
        sod_mm = item.sod_mm if isinstance(item, Run) else None
        return by_catheter(width.width_px, width.sigma_px, french, sod_mm), width.edges_px


def _shadow(item: ImageSet, pixels: Pixels) -> NDArray[np.float64]:
    from viewer.imaging.shadow import shadow_of

    return shadow_of(pixels, item.pixels)


def can_calibrate(item: ImageSet) -> bool:
    """Whether one scale can hold in both directions of an image."""
    return abs(item.pixels.aspect - 1.0) <= SQUARE_WITHIN


def methods_on(item: ImageSet | None) -> tuple[CalibrationMethod, ...]:
    """The ways an image set can be calibrated in, the usual one first."""
    if isinstance(item, Run):
        return (CalibrationMethod.MARKERS, CalibrationMethod.CATHETER, CalibrationMethod.DISTANCE)
    return (CalibrationMethod.DISTANCE,)
