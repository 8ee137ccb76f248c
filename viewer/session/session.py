"""What is open now. One mutable object; every view reads it and calls its verbs.

gesture -> Session verb -> new frozen state -> one signal -> every view repaints. Setters return
when nothing changed, so views that follow each other never echo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap, Unlinked
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import AnySegment, FrameExtent
from viewer.model.calibration import UNCALIBRATED, Calibration
from viewer.model.case import Case, Phase
from viewer.model.coregistration import Coregistration, SyncMode
from viewer.model.reader_calibration import ReaderCalibration
from viewer.model.review import ImageReference, PhaseOf, RateOverride, Review
from viewer.model.study import FrameTiming, ImageSet, Pullback, Role, Run, Skipped
from viewer.model.vessel import Centerline
from viewer.session import cursor_moves
from viewer.session.calibrating import CalibrateEdits
from viewer.session.compare import Compare
from viewer.session.contrast_points import ContrastPointEdits
from viewer.session.curves import Curves
from viewer.session.lumen_edits import LumenEdits
from viewer.session.measure_edits import MeasureEdits
from viewer.session.phases import guess_numbers, guess_phases
from viewer.session.placing import Placing
from viewer.session.reference_edits import ReferenceEdits
from viewer.session.review_steps import ReviewSteps, new_review
from viewer.session.rotation_edits import RotationEdits
from viewer.session.segment_edits import SegmentEdits
from viewer.session.state import (
    Cursor,
    Selection,
    Severity,
    Tool,
)
from viewer.session.treatment_edits import TreatmentEdits
from viewer.session.two_views import TwoViews
from viewer.session.vessel_edits import VesselEdits

if TYPE_CHECKING:
    from viewer.imaging.vessel_profile import VesselProfile
    from viewer.session.figure_work import FigureWork
    from viewer.session.lumen_work import LumenWork
    from viewer.session.pull_work import Basis, PullWork
    from viewer.session.vein_tracing import VeinTracing

__all__ = ["Session", "new_review"]


class Session(ReviewSteps):
    """The state of one window and the verbs that change it.

    Parameters
    ----------
    reader : str
        Whose review is being written.
    """

    case_changed = Signal()
    cursor_changed = Signal(Cursor)
    selection_changed = Signal(Selection)
    tool_changed = Signal(Tool)
    pending_changed = Signal()
    profile_changed = Signal(str)

    def __init__(self, reader: str = "Reader A") -> None:
        super().__init__(new_review(reader))
        self.reader = reader
        self.case = Case()
        self.cursor = Cursor()
        self.selection = Selection()
        self.tool = Tool.SELECT
        self.tracing: VeinTracing | None = None
        self.pulls: PullWork | None = None
        self.lumen_work: LumenWork | None = None
        self.figures: FigureWork | None = None
        self.compare = Compare(self)
        self.placed: dict[tuple[str, str], PositionMap | Unlinked] = {}
        self.profiles: dict[tuple[str, str], VesselProfile] = {}
        self.vessel = VesselEdits(self)
        self.segments = SegmentEdits(self)
        self.measures = MeasureEdits(self)
        self.calibrating = CalibrateEdits(self)
        self.contrast_points = ContrastPointEdits(self)
        self.rotation = RotationEdits(self)
        self.lumen = LumenEdits(self)
        self.references = ReferenceEdits(self)
        self.treatments = TreatmentEdits(self)
        self.placing = Placing(self)
        self.two_views = TwoViews(self)
        self._curves = Curves()
        self._link_news = 0
        self._position: tuple[Review, Case, tuple[object, ...], PositionMap | Unlinked] | None = (
            None
        )
        for signal in (self.link_changed, self.profile_changed, self.two_views.changed):
            signal.connect(self._forget_position)

    # -- the case -----------------------------------------------------------------------------
    @property
    def run(self) -> Run | None:
        """The run that is shown."""
        return self.case.run(self.cursor.run_uid)

    @property
    def pullback(self) -> Pullback | None:
        """The pullback that is shown."""
        return self.case.pullback(self.cursor.pullback_uid)

    def open_case(self, case: Case, review: Review | None) -> None:
        """Put another case in place of the one that was open."""
        self.case = case = _as_reviewed(case, review)
        self._start(review or new_review(self.reader, case.title))
        self.selection = Selection()
        self.displays.clear()
        self._curves.clear()
        self.two_views.clear()
        self._refer_to_images()
        self.cursor = cursor_moves.first_cursor(case, self.review, Cursor())
        self.arm(Tool.SELECT)
        self.rotation.clear()
        self.calibrating.cancel()
        self.calibrating.carry.offered_uid = ""
        self.vessel.forget_pending()
        self.case_changed.emit()
        self.review_changed.emit(self.review)
        self.selection_changed.emit(self.selection)
        self.cursor_changed.emit(self.cursor)
        self.link_changed.emit()

    def add_images(self, sets: tuple[ImageSet, ...], skipped: tuple[Skipped, ...] = ()) -> None:
        """Add to the open case; another patient's images are held, and it says so."""
        before = len(self.case.held)
        fresh = tuple(item for item in skipped if item not in self.case.skipped)
        self._set_case(_as_reviewed(self.case.with_sets(*sets, skipped=fresh), self.review))
        held = len(self.case.held) - before
        if held:
            self.notify(
                f"{held} series may be from another patient",
                "They were held and are not part of this case. Leave them out, or add them "
                "with a reason, in the list of series.",
                Severity.ERROR,
                about="held",
            )

    def accept_held(self) -> None:
        """Take the held image sets into the case: the reader said they belong here."""
        self._set_case(self.case.with_held_accepted())

    def leave_out_held(self) -> None:
        """Forget the held image sets."""
        self._set_case(self.case.without_held())

    def missing_images(self) -> tuple[ImageReference, ...]:
        """What the review speaks of and is not among the open images."""
        return tuple(ref for ref in self.review.images if self.case.find(ref.uid) is None)

    def _set_case(self, case: Case) -> None:
        """The open case with more or fewer images; a drag that is under way goes on."""
        if case == self.case:
            return
        self.case = case
        cursor, was = self.cursor, self.review
        self._refer_to_images()
        self.cursor = cursor_moves.first_cursor(case, self.review, cursor)
        self.case_changed.emit()
        if self.review is not was:
            self.review_changed.emit(self.review)
            if not self.review.empty and not self.in_gesture:
                self.committed.emit(self.review, "Add images")
        self._announce_move(cursor)

    def _refer_to_images(self) -> None:
        known = {ref.uid: ref for ref in self.review.images}
        for item in self.case.image_sets:
            known[item.uid] = ImageReference(
                item.uid,
                item.series_uid,
                item.study_uid,
                item.role.value,
                item.description,
                item.frames,
            )
        images = tuple(known.values())
        if images != self.review.images:
            self._set_images(images)

    @property
    def phases(self) -> dict[str, Phase]:
        """Phase of every image set: the reader's word, else a guess from times and words."""
        guessed = guess_phases(self.case)
        return {uid: self.phase_of(uid, guess) or guess for uid, guess in guessed.items()}

    def phase_of(self, uid: str, guess: Phase | None = None) -> Phase | None:
        """The phase of one image set."""
        said = self.review.phase_of(uid)
        if said is not None:
            return said.phase
        return guess or guess_phases(self.case).get(uid)

    def phase_number(self, uid: str) -> int:
        """Which of its phase an image set shows (thrombectomy pass 2, stent 1); 0 unnumbered."""
        said = self.review.phase_of(uid)
        return said.number if said is not None else 0

    @property
    def phase_numbers(self) -> dict[str, int]:
        """Which pass or stent every image set shows: the reader's word, else a guess; 0: none."""
        guessed = guess_numbers(self.case, self.phases)
        return {uid: self.phase_number(uid) or guess for uid, guess in guessed.items()}

    def set_clot_checked(self, uid: str, checked: bool) -> None:
        """Say that an image set was looked through for clot: what is not marked is not there."""
        if checked != (uid in self.review.clot_checked):
            review = self.review.with_clot_checked(uid, checked)
            words = "No clot but what is marked" if checked else "Clot not yet looked for"
            self.edit("Look for clot", review, words)

    def set_phase(self, uid: str, phase: Phase, number: int = 0) -> None:
        """Say which phase an image set belongs to, and which pass or stent when there are more."""
        if (self.phase_of(uid), self.phase_number(uid)) != (phase, number):
            review = self.review.with_phase(PhaseOf(uid, phase, number))
            name = f"{phase.value} {number}" if number else phase.value
            self.edit("Change phase", review, f"Moved to {name}")

    # -- the cursor ---------------------------------------------------------------------------
    def show(self, uid: str) -> None:
        """Show a run in the venogram pane or a pullback in the IVUS pane."""
        self._show(uid, None)

    def show_only(self, run_uid: str | None, pullback_uid: str | None) -> None:
        """Show these, and nothing in a pane whose uid is None."""
        run, pullback = self.case.run(run_uid), self.case.pullback(pullback_uid)
        cursor = replace(self.cursor, run_uid=None, run_frame=0, pullback_uid=None,
                         pullback_frame=0)  # fmt: skip
        if run is not None:
            cursor = cursor_moves.with_run(cursor, run, self._seen_best(run))
        if pullback is not None:
            cursor = cursor_moves.with_pullback(cursor, pullback, None)
        self._move(cursor)

    def _seen_best(self, run: Run) -> int | None:
        """The frame of a run its vein was drawn on, where contrast shows it."""
        lines = self.review.centerlines_of(run.uid)
        return min(lines[0].frame, run.frames - 1) if lines else None

    def show_frame(self, uid: str, frame: int) -> None:
        """Show one 0-based frame of one image set, wherever it is shown."""
        self._show(uid, frame)

    def take_as(self, uid: str, role: Role) -> None:
        """Take an image set for a venogram or a pullback, whatever its header says; show it."""
        self._set_case(self.case.taken_as(uid, role))
        self.show(uid)

    def _show(self, uid: str, frame: int | None) -> None:
        item = self.case.find(uid)
        if item is not None and item.role in (Role.ULTRASOUND, Role.OTHER):
            self._set_case(self.case.taken_as(uid, Role.PULLBACK))
            item = self.case.find(uid)
        if isinstance(item, Run):
            self._move(cursor_moves.with_run(self.cursor, item, frame))
        elif isinstance(item, Pullback):
            self._move(cursor_moves.with_pullback(self.cursor, item, frame))

    def show_images_of(self, segment: AnySegment) -> None:
        """Show the run or pullback a segment was drawn on."""
        extent = segment.extent
        self.show(extent.pullback_uid if isinstance(extent, FrameExtent) else extent.run_uid)

    def set_run_frame(self, frame: int) -> None:
        """Show 0-based `frame` of the run, clamped to what there is."""
        if self.run is not None:
            here = cursor_moves.clamped(frame, self.run.frames)
            self._move(replace(self.cursor, run_frame=here))

    def set_pullback_frame(self, frame: int) -> None:
        """Show 0-based `frame` of the pullback, clamped: the one owner of the position."""
        if self.pullback is not None:
            here = cursor_moves.clamped(frame, self.pullback.frames)
            self._move(replace(self.cursor, pullback_frame=here))

    def go_to_arc(self, arc_px: float) -> None:
        """Show the pullback frame nearest to a place on the centerline."""
        position = self.position
        if self.linked and isinstance(position, PositionMap):
            self.set_pullback_frame(position.frame_at(arc_px, near=self.cursor.pullback_frame))

    def go_to_run_point(self, point_px: tuple[float, float]) -> None:
        """Show the pullback frame nearest to a point of the venogram."""
        line = self.current_polyline
        if line is not None:
            self.go_to_arc(float(line.project(point_px)[0]))

    def _move(self, cursor: Cursor) -> None:
        before, self.cursor = self.cursor, cursor
        self._announce_move(before)

    def _announce_move(self, before: Cursor) -> None:
        """Tell of the cursor's move; with other images shown, what was about the old ones goes."""
        now = self.cursor
        if now == before:
            return
        if now.run_uid != before.run_uid:
            self.vessel.forget_pending()
        self.cursor_changed.emit(now)
        if (now.run_uid, now.pullback_uid) != (before.run_uid, before.pullback_uid):
            self.select(self.selection)
            self.link_changed.emit()

    # -- what its steps need ------------------------------------------------------------------
    def _return_to(self, place: Cursor) -> None:
        self._move(cursor_moves.back_at(self.case, self.cursor, place))

    # -- position -----------------------------------------------------------------------------
    def polyline(self, centerline: Centerline | None) -> Polyline | None:
        """The smooth curve of a centerline; None below two knots. Kept until its knots change."""
        return None if centerline is None else self._curves.through(centerline.course_px)

    @property
    def current_centerline(self) -> Centerline | None:
        """The centerline the shown pullback is tied to, else the first of the shown run."""
        return self.centerline_for(self.cursor.run_uid, self.cursor.pullback_uid)

    def centerline_for(self, run_uid: str | None, pullback_uid: str | None) -> Centerline | None:
        """The centerline that pullback is tied to on that run, else the first of the run."""
        tie = self.review.coregistration(run_uid, pullback_uid)
        if tie is not None:
            return self.review.centerline(tie.centerline_id)
        return next(iter(self.review.centerlines_of(run_uid)), None)

    @property
    def current_polyline(self) -> Polyline | None:
        """The curve of the current centerline."""
        return self.polyline(self.current_centerline)

    def vessel_profile(self, run_uid: str, centerline_id: str) -> VesselProfile | None:
        """Edges and widths along a centerline, at places of its curve (`polyline`), px.

        None until they are made, which this asks for where there is a window to make them:
        `profile_changed` then tells the centerline's id.
        """
        run, line = self.case.run(run_uid), self.review.centerline(centerline_id)
        if (run_uid, centerline_id) in self.profiles:
            return self.profiles[run_uid, centerline_id]
        if self.tracing is None or run is None or line is None or line.run_uid != run_uid:
            return None
        return self.tracing.profile(run, line)

    @property
    def position(self) -> PositionMap | Unlinked:
        """Where every frame of the shown pullback lies on the shown run, or why that is unknown.

        Kept while nothing it rests on changes: views ask for it many times a frame.
        """
        cursor, pair = self.cursor, (self.cursor.run_uid or "", self.cursor.pullback_uid or "")
        now = (pair, self.in_gesture, self._link_news, id(self.pulls), id(self.placed.get(pair)))
        kept = self._position
        if kept is None or kept[0] is not self.review or kept[1] is not self.case or kept[2] != now:
            made = self.position_for(self.case.run(cursor.run_uid), self.pullback)
            self._position = kept = (self.review, self.case, now, made)
        return kept[3]

    def _forget_position(self, *_: object) -> None:
        self._link_news += 1

    def position_for(
        self, run: Run | None, pullback: Pullback | None, tie: Coregistration | None = None
    ) -> PositionMap | Unlinked:
        """Where every frame of a pullback lies on a run, or why that is unknown.

        `tie` stands in for what ties them in the review: what it would be like.
        """
        if pullback is None or run is None:
            gone = "venogram" if run is None else "IVUS pullback"
            return Unlinked(f"No {gone}", "Add images to link both views.")
        line = self.centerline_for(run.uid, pullback.uid)
        curve = self.polyline(line)
        if line is None or curve is None:
            return Unlinked("No centerline", "Draw the vein on the venogram (B), centre first.")
        basis = self.basis_for(run, pullback, tie)
        shown = (run.uid, pullback.uid) == (self.cursor.run_uid, self.cursor.pullback_uid)
        if tie is None and shown and basis is not None and self.pulls is not None:
            made = self.pulls.position(basis)
            if made is not None:
                return made
        if tie is None and (run.uid, pullback.uid) in self.placed:
            return self.placed[run.uid, pullback.uid]
        if tie is not None and tie.mode in (SyncMode.PROFILE, SyncMode.TRACKED):
            tie = replace(tie, mode=SyncMode.LANDMARKS)  # what it would be like at once
        tie = tie or self.vessel.tie_for(run.uid, pullback.uid)
        scale, times_s = self.calibration(run), self.timing(pullback).times_s
        true_mm = self.two_views.true_mm(line, curve)
        scale = self.two_views.scale_for(line, scale)
        return self._curves.position(curve, run, pullback, tie, scale, times_s, true_mm)

    def basis_for(
        self, run: Run | None, pullback: Pullback | None, tie: Coregistration | None = None
    ) -> Basis | None:
        """What the positions of a pullback on a run rest on; None without a centerline."""
        if run is None or pullback is None:
            return None
        line = self.centerline_for(run.uid, pullback.uid)
        curve = self.polyline(line)
        if line is None or curve is None:
            return None
        from viewer.session.pull_work import Basis

        return Basis(
            curve,
            run,
            pullback,
            tie or self.vessel.tie_for(run.uid, pullback.uid),
            self.two_views.scale_for(line, self.calibration(run)),
            self.timing(pullback).times_s,
            self.two_views.true_mm(line, curve),
        )

    @property
    def position_map(self) -> PositionMap | None:
        """The position map when the shown images are tied together, None when they are not."""
        position = self.position
        return position if isinstance(position, PositionMap) else None

    @property
    def side(self) -> Side:
        """The side of the body the shown images are of, as far as the headers tell."""
        return self.placing.side_from_text()

    def vein_at(self, arc_px: float) -> VeinSegment:
        """The vein at a place on the shown centerline."""
        return self.placing.vein_at(arc_px)

    def calibration(self, item: ImageSet | None) -> Calibration:
        """Scale of an image set: the reader's, else the header's; unknown without an image set."""
        if item is None:
            return UNCALIBRATED
        by_reader = self.review.calibration_of(item.uid)
        return item.calibration if by_reader is None else _scale_of(by_reader, item.calibration)

    def timing(self, item: ImageSet) -> FrameTiming:
        """Frame times of an image set: the reader's override, else the header's."""
        rate_hz = self.review.rate_of(item.uid)
        if rate_hz is None:
            return item.timing
        return _timing_at(rate_hz, item.frames)

    def set_rate(self, uid: str, rate_hz: float | None) -> None:
        """Override an image set's frame rate; None goes back to the header's."""
        if rate_hz == self.review.rate_of(uid):
            return
        if rate_hz is None:
            review = self.review.without_rate(uid)
        else:
            try:
                review = self.review.with_rate(RateOverride(uid, rate_hz))
            except ValueError:
                self.notify(
                    f"{rate_hz:g} frames a second can't be right",
                    "Give a rate from 0.01 to 1000.",
                    Severity.WARNING,
                    about="rate",
                )
                return
        told = "Back to the file's own frame times" if rate_hz is None else (
            f"Frame rate set to {rate_hz:g} frames/s; kept in the review"
        )  # fmt: skip
        self.edit("Set frame rate", review, told)

    # -- window state -------------------------------------------------------------------------
    def select(self, selection: Selection) -> None:
        """Select a mark, or nothing; what is gone can't stay selected."""
        if not self._exists(selection):
            selection = Selection()
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def _exists(self, selection: Selection) -> bool:
        review = self.review
        found: dict[str, Callable[[], object]] = {
            "segment": lambda: review.segment(selection.id),
            "measurement": lambda: review.measurement(selection.id),
            "centerline": lambda: review.centerline(selection.id),
            "knot": lambda: self.vessel.knot_of(selection) is not None,
            "landmark": lambda: self.vessel.landmark(selection.id),
            "contrast": lambda: self.contrast_points.point(selection.id),
            "bookmark": lambda: any(b.id == selection.id for b in review.bookmarks),
        }
        return selection.kind in found and bool(found[selection.kind]())

    def arm(self, tool: Tool) -> None:
        """Arm one tool; it stays armed until another is or Esc."""
        if tool != self.tool:
            self.abort()
            self.tool = tool
            if tool is not Tool.LANDMARK:
                self.vessel.forget_pending()
            self.tool_changed.emit(tool)


@lru_cache(maxsize=16)
def _scale_of(by_reader: ReaderCalibration, header: Calibration) -> Calibration:
    return by_reader.scale(header.region_px)


@lru_cache(maxsize=16)
def _timing_at(rate_hz: float, frames: int) -> FrameTiming:
    times_s = tuple((np.arange(frames) / rate_hz).tolist())
    return FrameTiming(times_s, "reader's override")


def _as_reviewed(case: Case, review: Review | None) -> Case:
    """The case with each image set as the reader took it before, held ones it speaks of too."""
    if review is not None:
        case = case.with_accepted(ref.uid for ref in review.images)
    for ref in review.images if review is not None else ():
        if ref.role in (Role.VENOGRAM, Role.PULLBACK):
            case = case.taken_as(ref.uid, Role(ref.role))
    return case
