"""Verbs on the vein's course and on the landmarks that tie a pullback to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import Unlinked
from viewer.model.anatomy import LANDMARK_KINDS
from viewer.model.coregistration import FASTEST_PULL_MM_S, Coregistration, Landmark, SyncMode
from viewer.model.vessel import PointPx
from viewer.session.centerline_edits import CenterlineEdits
from viewer.session.cursor_moves import clamped
from viewer.session.identity import new_id
from viewer.session.placing import half_band
from viewer.session.state import PendingLandmark, Selection, Severity

if TYPE_CHECKING:
    from viewer.session.session import Session


class VesselEdits(CenterlineEdits):
    """Centerline and landmark verbs of a session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.pending = PendingLandmark()

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
        if rate_mm_s is not None and not 0.0 < rate_mm_s <= FASTEST_PULL_MM_S:
            self._warn(
                f"{rate_mm_s:g} mm/s can't be a pullback's rate",
                f"Give a rate above 0 and up to {FASTEST_PULL_MM_S:g} mm/s.",
            )
            return
        self._change_tie("Set pullback rate", replace(self.current_tie(), rate_mm_s=rate_mm_s))

    def set_central_first(self, central_first: bool | None) -> None:
        """Say whether frame 1 is the central end; None lets the landmarks decide."""
        tie = replace(self.current_tie(), central_first=central_first)
        self._change_tie("Set pullback direction", tie)

    def _change_tie(self, label: str, tie: Coregistration, notice: str = "") -> None:
        if self._can_tie() and tie != self.current_tie():
            session = self._session
            session.edit(label, session.review.with_coregistration(self._stored(tie)), notice)

    def tie_pullback(self) -> None:
        """Tie the shown pullback to the centerline being drawn instead of another of the run."""
        line = self.target
        if line is not None:
            tie = replace(self.current_tie(), centerline_id=line.id)
            self._change_tie("Tie pullback", tie, f"The pullback runs along “{line.name}” now")

    def _can_tie(self) -> bool:
        """Whether there is a vein and a pullback to tie to it; says so when there isn't."""
        if self._session.current_polyline is None:
            self._warn(
                "The vein has no centerline yet",
                "Draw it on the venogram first (B), from the centre outwards.",
            )
            return False
        if self._session.pullback is None:
            self._warn("There is no IVUS pullback to tie to the vein", "Add its images first.")
            return False
        return True

    def _warn(self, text: str, hint: str) -> None:
        self._session.notify(text, hint, Severity.WARNING, about="tie")

    # -- landmarks ----------------------------------------------------------------------------
    @property
    def landmarks(self) -> tuple[Landmark, ...]:
        """The landmarks of the shown pair, in frame order."""
        return self.current_tie().landmarks

    def landmark(self, landmark_id: str) -> Landmark | None:
        """The landmark of that id on the shown pair."""
        return next((m for m in self.landmarks if m.id == landmark_id), None)

    def free_name(self) -> str:
        """The first usual landmark not placed yet that may lie at the shown frame.

        Usual landmarks keep the body's order: those between the names placed before and after.
        """
        rank = {kind.name: place for place, kind in enumerate(LANDMARK_KINDS)}
        frame = self._session.cursor.pullback_frame
        known = [(mark.frame, rank[mark.name]) for mark in self.landmarks if mark.name in rank]
        outward = not known or known[0][1] <= known[-1][1]
        early = [place for at, place in known if at <= frame]
        late = [place for at, place in known if at > frame]
        lower, upper = (early, late) if outward else (late, early)
        low, high = max(lower, default=-1), min(upper, default=len(rank))
        used = {mark.name for mark in self.landmarks}
        between = [kind.name for kind in LANDMARK_KINDS[2:] if low < rank[kind.name] < high]
        usual = [kind.name for kind in LANDMARK_KINDS[2:]] if not known else []
        numbered = (f"Landmark {n}" for n in range(1, 1000))
        return next(name for name in (*between, *usual, *numbered) if name not in used)

    def name_pending(self, name: str) -> None:
        """Name the landmark that is being placed."""
        self._set_pending(replace(self.pending, name=name.strip()))

    def place_pending(self, point_px: PointPx) -> None:
        """Put the landmark that is being placed on the nearest point of the vein."""
        line = self._session.current_polyline
        if line is None:
            self._warn(
                "Landmarks sit on the vein's centerline",
                "Draw it on the venogram first (B), from the centre outwards.",
            )
            return
        name = self.pending.name or self.free_name()
        self._set_pending(PendingLandmark(name, _on_vein(line, point_px)))

    def pending_remark(self) -> str:
        """How the place being chosen agrees with where the other landmarks put this frame."""
        session, point_px = self._session, self.pending.point_px
        line, position = session.current_polyline, session.position_map
        if point_px is None or line is None or position is None:
            return ""
        frame, unit = session.cursor.pullback_frame, position.unit
        place = float(position.to_unit(float(line.project(point_px)[0])))
        gap, half = abs(place - float(position.arc[frame])), half_band(position, frame)
        if gap <= half:
            return f"{gap:.0f} {unit} from the prediction, within its ± {half:.0f} {unit}."
        return (
            f"This is {gap:.0f} {unit} from where the neighbours put it (± {half:.0f} {unit}). "
            "Add anyway, or check the frame."
        )

    def accept_pending(self) -> bool:
        """Add the landmark at the shown pullback frame; False when its order can't be right."""
        session, pending = self._session, self.pending
        line = session.current_polyline
        if pending.point_px is None or not self._can_tie() or line is None:
            return False
        name = pending.name or self.free_name()
        place = _on_vein(line, pending.point_px)
        mark = Landmark(new_id(), name, session.cursor.pullback_frame, place)
        tie = self.current_tie().with_landmark(mark)
        conflict = self._conflict(tie, mark.id)
        if conflict:
            self._warn(f"{mark.name} can't be added here", conflict)
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
        line, mark = self._session.current_polyline, self.landmark(landmark_id)
        if line is not None and mark is not None:
            self._preview(replace(mark, point_px=_on_vein(line, point_px)))

    def move_landmark_to_frame(self, landmark_id: str, frame: int) -> None:
        """Preview a landmark at another pullback frame, inside a gesture.

        A frame that would put it on the wrong side of its neighbours is not taken.
        """
        mark, pullback = self.landmark(landmark_id), self._session.pullback
        if mark is not None and pullback is not None:
            self._preview(replace(mark, frame=clamped(frame, pullback.frames)))

    def _preview(self, moved: Landmark) -> None:
        session, tie = self._session, self.current_tie().with_landmark(moved)
        if session.in_gesture and not self._conflict(tie, moved.id):
            session.preview(session.review.with_coregistration(tie))

    def set_landmark_frame(self, landmark_id: str, frame: int) -> None:
        """Tie a landmark to another pullback frame."""
        mark, pullback = self.landmark(landmark_id), self._session.pullback
        if mark is None or pullback is None:
            return
        frame = clamped(frame, pullback.frames)
        tie = self.current_tie().with_landmark(replace(mark, frame=frame))
        conflict = self._conflict(tie, mark.id)
        if conflict:
            self._warn(f"{mark.name} can't be at frame {frame + 1}", conflict)
            return
        self._change_tie("Move landmark", tie, f"{mark.name} is at frame {frame + 1} now")

    def rename_landmark(self, landmark_id: str, name: str) -> None:
        """Give a landmark another name."""
        mark = self.landmark(landmark_id)
        if mark is not None and name.strip():
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

    def keep_end_landmarks(self) -> None:
        """Delete every landmark between the first and the last, as one step."""
        tie = self.current_tie()
        if len(tie.landmarks) > 2:
            count = len(tie.landmarks) - 2
            ends = (tie.landmarks[0], tie.landmarks[-1])
            told = f"{count} landmark{'' if count == 1 else 's'} between the ends deleted"
            self._change_tie("Reset to ends", replace(tie, landmarks=ends), told)
            self._session.select(self._session.selection)

    def step_landmark(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) landmark's frame."""
        session = self._session
        frame = session.cursor.pullback_frame
        marks = [m for m in self.landmarks if (m.frame - frame) * step > 0]
        if marks:
            mark = min(marks, key=lambda m: abs(m.frame - frame))
            self.go_to_landmark(mark.id)

    def go_to_landmark(self, landmark_id: str) -> None:
        """Select a landmark and show its pullback frame."""
        mark = self.landmark(landmark_id)
        if mark is not None:
            self._session.set_pullback_frame(mark.frame)
            self._session.select(Selection("landmark", mark.id))

    def _conflict(self, tie: Coregistration, landmark_id: str) -> str:
        """Why this landmark can't be right beside the others, empty when it can.

        What is wrong with others, or was wrong before, is no reason to refuse it.
        """
        session = self._session
        if len(tie.landmarks) < 2:
            return ""
        trial = session.position_for(session.run, session.pullback, tie)
        if not isinstance(trial, Unlinked):
            return ""
        now = session.position
        known = isinstance(now, Unlinked) and now.reason == trial.reason
        if landmark_id in trial.landmark_ids or not (trial.landmark_ids or known):
            return f"{trial.reason}. {trial.hint}".strip()
        return ""


def _on_vein(line: Polyline, point_px: PointPx) -> PointPx:
    x, y = line.at(float(line.project(point_px)[0]))
    return float(x), float(y)
