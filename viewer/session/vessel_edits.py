"""Verbs on the vein's course and on the landmarks that tie a pullback to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from viewer.geometry.position_map import PositionMap, position_map
from viewer.model.anatomy import LANDMARK_KINDS
from viewer.model.coregistration import Coregistration, Landmark, SyncMode
from viewer.model.vessel import Centerline, PointPx
from viewer.session.identity import new_id
from viewer.session.state import PendingLandmark, Selection, Severity

if TYPE_CHECKING:
    from viewer.session.session import Session

ON_CURVE_PX = 12.0
"""A click this near to the drawn curve adds a knot inside it, farther away at its nearer end."""


class VesselEdits:
    """Centerline and landmark verbs of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.pending = PendingLandmark()

    # -- centerline ---------------------------------------------------------------------------
    def add_knot(self, point_px: PointPx, on_curve_px: float = ON_CURVE_PX) -> None:
        """Add a click to the centerline of the shown run; the first click starts it."""
        session = self._session
        run = session.run
        if run is None:
            return
        line = session.current_centerline
        if line is None:
            line = Centerline(new_id(), run.uid, (), session.cursor.run_frame, "Vein")
        where = self._knot_place(line, point_px, on_curve_px)
        session.edit(
            "Add centerline point", session.review.with_centerline(line.with_knot(point_px, where))
        )
        session.select(Selection("centerline", line.id))

    def _knot_place(self, line: Centerline, point_px: PointPx, on_curve_px: float) -> int:
        curve = self._session.polyline(line)
        if curve is None:
            return len(line.knots_px)
        arc_px, distance_px = curve.project(point_px)
        if distance_px <= on_curve_px and 0.0 < arc_px < curve.length_px:
            knot_arcs = [float(curve.project(knot)[0]) for knot in line.knots_px]
            return int(np.searchsorted(knot_arcs, arc_px))
        to_first = np.hypot(*np.subtract(point_px, line.knots_px[0]))
        to_last = np.hypot(*np.subtract(point_px, line.knots_px[-1]))
        return 0 if to_first < to_last else len(line.knots_px)

    def move_knot(self, index: int, point_px: PointPx) -> None:
        """Preview a knot elsewhere, inside a gesture."""
        line = self._session.current_centerline
        if line is not None and 0 <= index < len(line.knots_px):
            moved = line.with_moved_knot(index, point_px)
            self._session.preview(self._session.review.with_centerline(moved))

    def remove_knot(self, index: int) -> None:
        """Take one knot out; the last one takes the centerline with it."""
        session = self._session
        line = session.current_centerline
        if line is None or not 0 <= index < len(line.knots_px):
            return
        if len(line.knots_px) == 1:
            self.remove_centerline()
            return
        review = session.review.with_centerline(line.without_knot(index))
        session.edit("Remove centerline point", review)

    def remove_centerline(self) -> None:
        """Delete the shown run's centerline and the landmarks on it."""
        session = self._session
        line = session.current_centerline
        if line is not None:
            review = session.review.without_centerline(line.id)
            session.edit("Delete centerline", review, "Centerline and its landmarks deleted")
            session.select(session.selection)

    def reverse_centerline(self) -> None:
        """Swap the central and the peripheral end."""
        session = self._session
        line = session.current_centerline
        if line is not None:
            turned = replace(line, knots_px=line.knots_px[::-1])
            session.edit("Swap ends of the vein", session.review.with_centerline(turned))

    # -- the tie ------------------------------------------------------------------------------
    def current_tie(self) -> Coregistration:
        """What ties the shown pullback to the shown run; an empty tie when nothing does yet."""
        cursor = self._session.cursor
        return self.tie_for(cursor.run_uid or "", cursor.pullback_uid or "")

    def tie_for(self, run_uid: str, pullback_uid: str) -> Coregistration:
        """What ties a pullback to a run; an empty tie when nothing does yet."""
        session = self._session
        tie = session.review.coregistration(run_uid, pullback_uid)
        if tie is not None:
            return tie
        line = session.centerline_for(run_uid, pullback_uid)
        return Coregistration("new", run_uid, pullback_uid, line.id if line else "")

    def _stored(self, tie: Coregistration) -> Coregistration:
        return replace(tie, id=new_id()) if tie.id == "new" else tie

    def set_mode(self, mode: SyncMode) -> None:
        """Choose the position model."""
        self._change_tie("Change position model", replace(self.current_tie(), mode=mode))

    def set_rate(self, rate_mm_s: float | None) -> None:
        """Set the pull rate the reader knows of, mm/s; None takes it back."""
        self._change_tie("Set pullback rate", replace(self.current_tie(), rate_mm_s=rate_mm_s))

    def set_central_first(self, central_first: bool | None) -> None:
        """Say whether frame 1 is the central end; None lets the landmarks decide."""
        tie = replace(self.current_tie(), central_first=central_first)
        self._change_tie("Set pullback direction", tie)

    def _change_tie(self, label: str, tie: Coregistration, notice: str = "") -> None:
        session = self._session
        if session.current_centerline is None:
            session.notify(
                "The vein has no centerline yet",
                "Draw it on the venogram first (B), from the centre outwards.",
                Severity.WARNING,
                about="tie",
            )
            return
        session.edit(label, session.review.with_coregistration(self._stored(tie)), notice)

    # -- landmarks ----------------------------------------------------------------------------
    @property
    def landmarks(self) -> tuple[Landmark, ...]:
        """The landmarks of the shown pair, in frame order."""
        return self.current_tie().landmarks

    def landmark(self, landmark_id: str) -> Landmark | None:
        """The landmark of that id on the shown pair."""
        return next((m for m in self.landmarks if m.id == landmark_id), None)

    def free_name(self) -> str:
        """The first usual landmark that is not placed yet, in the order along the vein."""
        used = {mark.name for mark in self.landmarks}
        usual = [kind.name for kind in LANDMARK_KINDS[2:]]
        numbered = (f"Landmark {n}" for n in range(1, 1000))
        return next(name for name in (*usual, *numbered) if name not in used)

    def name_pending(self, name: str) -> None:
        """Name the landmark that is being placed."""
        self._set_pending(replace(self.pending, name=name))

    def place_pending(self, point_px: PointPx) -> None:
        """Put the landmark that is being placed on the nearest point of the vein."""
        session = self._session
        line = session.current_polyline
        if line is None:
            session.notify(
                "Landmarks sit on the vein's centerline",
                "Draw it on the venogram first (B), from the centre outwards.",
                Severity.WARNING,
                about="tie",
            )
            return
        on_vein = line.at(float(line.project(point_px)[0]))
        name = self.pending.name or self.free_name()
        place = (float(on_vein[0]), float(on_vein[1]))
        self._set_pending(replace(self.pending, name=name, point_px=place))

    def accept_pending(self) -> bool:
        """Add the landmark at the shown pullback frame; False when its order can't be right."""
        session = self._session
        pending = self.pending
        if pending.point_px is None or session.pullback is None:
            return False
        mark = Landmark(new_id(), pending.name, session.cursor.pullback_frame, pending.point_px)
        tie = self.current_tie().with_landmark(mark)
        conflict = self._conflict(tie)
        if conflict:
            session.notify(
                f"{mark.name} can't be added here", conflict, Severity.WARNING, about="tie"
            )
            return False
        self._change_tie("Add landmark", tie, f"{mark.name} added at frame {mark.frame + 1}")
        self.forget_pending()
        session.select(Selection("landmark", mark.id))
        return True

    def forget_pending(self) -> None:
        """Give up the landmark that is being placed."""
        self._set_pending(PendingLandmark())

    def _set_pending(self, pending: PendingLandmark) -> None:
        if pending != self.pending:
            self.pending = pending
            self._session.pending_changed.emit()

    def move_landmark(self, landmark_id: str, point_px: PointPx) -> None:
        """Preview a landmark at the point of the vein nearest to `point_px`, inside a gesture.

        A place that would put it on the wrong side of its neighbours is not taken.
        """
        session = self._session
        line, mark = session.current_polyline, self.landmark(landmark_id)
        if line is None or mark is None:
            return
        on_vein = line.at(float(line.project(point_px)[0]))
        moved = replace(mark, point_px=(float(on_vein[0]), float(on_vein[1])))
        tie = self.current_tie().with_landmark(moved)
        if not self._conflict(tie):
            session.preview(session.review.with_coregistration(tie))

    def set_landmark_frame(self, landmark_id: str, frame: int) -> None:
        """Tie a landmark to another pullback frame."""
        session = self._session
        mark = self.landmark(landmark_id)
        if mark is None or session.pullback is None:
            return
        frame = max(0, min(frame, session.pullback.frames - 1))
        tie = self.current_tie().with_landmark(replace(mark, frame=frame))
        conflict = self._conflict(tie)
        if conflict:
            session.notify(
                f"{mark.name} can't be at frame {frame + 1}",
                conflict,
                Severity.WARNING,
                about="tie",
            )
            return
        self._change_tie("Move landmark", tie, f"{mark.name} is at frame {frame + 1} now")

    def rename_landmark(self, landmark_id: str, name: str) -> None:
        """Give a landmark another name."""
        mark = self.landmark(landmark_id)
        if mark is not None and name.strip() and name != mark.name:
            tie = self.current_tie().with_landmark(replace(mark, name=name.strip()))
            self._change_tie("Rename landmark", tie)

    def remove_landmark(self, landmark_id: str) -> None:
        """Delete a landmark."""
        mark = self.landmark(landmark_id)
        if mark is not None:
            tie = self.current_tie().without_landmark(landmark_id)
            self._change_tie("Delete landmark", tie, f"{mark.name} deleted")
            self._session.select(self._session.selection)

    def remove_landmarks(self) -> None:
        """Delete every landmark of the shown pair, as one step."""
        tie = self.current_tie()
        if tie.landmarks:
            count = len(tie.landmarks)
            self._change_tie(
                "Delete landmarks", replace(tie, landmarks=()), f"{count} landmarks deleted"
            )
            self._session.select(self._session.selection)

    def step_landmark(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) landmark's frame."""
        session = self._session
        frame = session.cursor.pullback_frame
        marks = [m for m in self.landmarks if (m.frame - frame) * step > 0]
        if marks:
            mark = min(marks, key=lambda m: abs(m.frame - frame))
            session.set_pullback_frame(mark.frame)
            session.select(Selection("landmark", mark.id))

    def _conflict(self, tie: Coregistration) -> str:
        """Why these landmarks can't all be right, empty when they can."""
        session = self._session
        line, pullback, run = session.current_polyline, session.pullback, session.run
        if line is None or pullback is None or run is None or len(tie.landmarks) < 2:
            return ""
        scale, times_s = run.calibration, session.timing(pullback).times_s
        trial = position_map(line, scale.mm_per_px, scale.uncertainty, pullback, times_s, tie)
        return "" if isinstance(trial, PositionMap) else f"{trial.reason} {trial.hint}".strip()
