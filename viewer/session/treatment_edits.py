"""Verbs on what was treated or is to be: how full a clot is, and a planned stent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from viewer.model.annotation import Clot, FrameExtent, SegmentKind, Stent
from viewer.session.state import Selection
from viewer.session.vein_places import first_is_peripheral, vein_views, view_for

if TYPE_CHECKING:
    from viewer.session.clot_cards import Shares
    from viewer.session.session import Session
    from viewer.session.stent_cards import Planned


class TreatmentEdits:
    """Each change is one step of undo; a drag over several bars is one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set_share(self, segment_id: str, shares: Shares, piece: int, filled: float) -> None:
        """Say how full one cm of a clot is, 0 to 1; inside a gesture it is only previewed.

        Pieces nobody said anything of yet take the same share.
        """
        session, segment = self._session, self._session.review.segment(segment_id)
        if not isinstance(segment, Clot) or not 0 <= piece < len(shares.filled):
            return
        filled = min(1.0, max(0.0, round(filled, 2)))
        own = self._central_first(segment)
        kept = own if len(own) == len(shares.filled) else shares.filled
        row = [filled if one is None else float(one) for one in kept]
        row[piece] = filled
        if self._is_turned(segment):
            row.reverse()
        changed = replace(segment, occluded=tuple(row))
        review = session.review.with_segment(changed)
        if session.in_gesture:
            session.preview(review)
        else:
            session.edit("Set how full a clot is", review, f"{segment.name}: {filled:.0%} filled")

    def _central_first(self, segment: Clot) -> tuple[float, ...]:
        return segment.occluded[::-1] if self._is_turned(segment) else segment.occluded

    def _is_turned(self, segment: Clot) -> bool:
        """Whether its extent starts at the peripheral end."""
        view, _ = view_for(self._session, vein_views(self._session), segment)
        return first_is_peripheral(view, segment)

    def accept_plan(self, stenosis_id: str, planned: Planned) -> None:
        """Mark the suggested stent as planned, over its landing zones."""
        session, lesion = self._session, self._session.review.segment(stenosis_id)
        frames = planned.frames
        if lesion is None or frames is None:
            return
        extent = lesion.extent
        uid = (
            extent.pullback_uid if isinstance(extent, FrameExtent) else session.cursor.pullback_uid
        )
        if uid is None:
            return
        made = session.segments.made(SegmentKind.STENT, FrameExtent(uid, *frames))
        if isinstance(made, Stent):
            stent = replace(
                made,
                planned=True,
                side=lesion.side,
                name=f"Planned {made.name[:1].lower()}{made.name[1:]}",
                nominal_diameter_mm=planned.diameter_mm,
                nominal_length_mm=planned.length_mm,
            )
            session.edit(
                "Plan stent", session.review.with_segment(stent), f"{stent.name} over {lesion.name}"
            )
            session.select(Selection("segment", stent.id))
