"""What a narrowing is held against, and which suggested narrowings are taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.model.annotation import (
    Against,
    FrameExtent,
    ReferenceFrame,
    SegmentKind,
    Stenosis,
    Stent,
)
from viewer.session.state import Selection

if TYPE_CHECKING:
    from viewer.measure.narrowings import Candidate
    from viewer.session.session import Session


class ReferenceEdits:
    """Verbs on references of narrowings and stents. The session's own."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tell_by(self, segment_id: str, against: Against) -> None:
        """Tell a narrowing by another of its references; all stay shown."""
        segment = self._session.review.segment(segment_id)
        if isinstance(segment, Stenosis) and segment.against is not against:
            review = self._session.review.with_segment(replace(segment, against=against))
            self._session.edit("Choose reference", review, f"Told by the {against.value} reference")

    def add_shown_frame(self, segment_id: str) -> None:
        """Hold a segment against the shown frame, together with those chosen before."""
        session, cursor = self._session, self._session.cursor
        segment = session.review.segment(segment_id)
        if not isinstance(segment, Stenosis | Stent) or cursor.pullback_uid is None:
            return
        made = ReferenceFrame(cursor.pullback_uid, cursor.pullback_frame)
        if made in segment.references:
            session.notify(f"Frame {made.frame + 1} is a reference already", about="reference")
            return
        if session.review.contour(made.pullback_uid, made.frame) is None:
            session.notify(
                f"Frame {made.frame + 1} has no lumen border",
                "Draw it first (E), or choose another frame.",
                about="reference",
            )
            return
        changed = replace(segment, references=(*segment.references, made))
        notice = f"Held against frame {made.frame + 1}"
        extent = segment.extent
        if (
            isinstance(extent, FrameExtent)
            and extent.pullback_uid == made.pullback_uid
            and extent.first <= made.frame <= extent.last
        ):
            notice += "; it lies inside the marked stretch"
        session.edit("Choose reference", session.review.with_segment(changed), notice)

    def keep(self, segment_id: str, pullback_uid: str, frames: tuple[int, ...]) -> None:
        """Take frames that were proposed as the reader's own, beside those of other pullbacks."""
        segment = self._session.review.segment(segment_id)
        if isinstance(segment, Stenosis | Stent) and frames:
            others = tuple(r for r in segment.references if r.pullback_uid != pullback_uid)
            own = tuple(ReferenceFrame(pullback_uid, frame) for frame in frames)
            changed = replace(segment, references=(*others, *own))
            words = " and ".join(str(frame + 1) for frame in frames)
            review = self._session.review.with_segment(changed)
            self._session.edit("Choose reference", review, f"Held against frame {words}")

    def remove(self, segment_id: str, reference: ReferenceFrame) -> None:
        """No longer hold a segment against a frame."""
        segment = self._session.review.segment(segment_id)
        if isinstance(segment, Stenosis | Stent) and reference in segment.references:
            left = tuple(one for one in segment.references if one != reference)
            review = self._session.review.with_segment(replace(segment, references=left))
            told = f"Frame {reference.frame + 1} is no reference any more"
            self._session.edit("Remove reference", review, told)

    def clear(self, segment_id: str) -> None:
        """Back to references the program proposes."""
        segment = self._session.review.segment(segment_id)
        if isinstance(segment, Stenosis | Stent) and segment.references:
            review = self._session.review.with_segment(replace(segment, references=()))
            self._session.edit("Remove references", review, "References are proposed again")

    def take(self, candidate: Candidate) -> None:
        """Mark a suggested narrowing."""
        session, uid = self._session, self._session.cursor.pullback_uid
        if uid is None:
            return
        extent = FrameExtent(uid, candidate.first, candidate.last)
        made = session.segments.made(SegmentKind.STENOSIS, extent)
        session.edit("Mark stenosis", session.review.with_segment(made), f"{made.name} marked")
        session.select(Selection("segment", made.id))
        session.set_pullback_frame(candidate.frame)

    def reject(self, candidate: Candidate) -> None:
        """Say no to a suggested narrowing; it is not suggested again."""
        session, uid = self._session, self._session.cursor.pullback_uid
        if uid is not None:
            extent = FrameExtent(uid, candidate.first, candidate.last)
            review = session.review.with_rejected_narrowing(extent)
            session.edit("Reject suggestion", review, "Suggestion rejected")
