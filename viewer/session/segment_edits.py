"""Verbs on segments: stretches of vessel marked as stenosis, clot or stent."""

from __future__ import annotations

from dataclasses import replace
from operator import is_
from typing import TYPE_CHECKING

from viewer.measure.extents import Stretch
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import (
    SEGMENT_TYPES,
    AnySegment,
    CenterlineExtent,
    Extent,
    FrameExtent,
    SegmentKind,
    Stent,
)
from viewer.model.vessel import PointPx
from viewer.session import stretches
from viewer.session.cursor_moves import clamped
from viewer.session.identity import new_id
from viewer.session.state import Edge, Selection

if TYPE_CHECKING:
    from viewer.session.session import Session


SHORTEST_PX = 1.0
"""Ends of a segment on a venogram keep this far apart along the vein."""


class SegmentEdits:
    """Segment verbs of a session; where a segment lies on either view.

    An edge is named by the view it is moved on: its start is the lower frame on the pullback, the
    lower arc on the centerline. These are different ends when the pullback runs to the centre.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._drawn = ""
        self._known: dict[str, tuple[tuple[object, ...], Stretch | None]] = {}

    # -- where it lies ------------------------------------------------------------------------
    def stretch(self, segment: AnySegment) -> Stretch | None:
        """Where a segment lies on the shown views and how long it is."""
        session = self._session
        review = session.review
        basis = (segment, session.position, session.cursor.run_uid, session.cursor.pullback_uid,
                 session.case, review.centerlines, review.rates)  # fmt: skip
        known = self._known.get(segment.id)
        if known is not None and all(map(is_, known[0], basis)):
            return known[1]
        found = stretches.stretch_of(session, segment)
        if len(self._known) > 2 * len(review.segments) + 8:
            self._known.clear()
        self._known[segment.id] = basis, found
        return found

    def frames_of(self, segment: AnySegment) -> tuple[int, int] | None:
        """First and last frame on the shown pullback; None when it can't be told."""
        extent = segment.extent
        if isinstance(extent, FrameExtent):
            shown = extent.pullback_uid == self._session.cursor.pullback_uid
            return (extent.first, extent.last) if shown else None
        stretch = self.stretch(segment)
        return stretch.frames if stretch is not None else None

    def selected_frames(self) -> tuple[int, int, str] | None:
        """First and last frame and name of the selected segment on the shown pullback."""
        chosen = self._session.selection
        segment = self._session.review.segment(chosen.id) if chosen.kind == "segment" else None
        frames = self.frames_of(segment) if segment is not None else None
        return None if segment is None or frames is None else (*frames, segment.name)

    def arcs_of(self, segment: AnySegment) -> tuple[float, float] | None:
        """Start and end on the shown run's centerline, arc length px; None when untold."""
        if not stretches.is_shown(self._session, segment):
            return None
        stretch = self.stretch(segment)
        return stretch.arc_px if stretch is not None else None

    def is_solid(self, segment: AnySegment) -> bool:
        """Whether its place on the other view lies between landmarks, not beyond them."""
        stretch = self.stretch(segment)
        return stretch is not None and stretch.solid

    def is_sure_on(self, segment: AnySegment, view: str) -> bool:
        """Whether it is drawn solid on a view ("run", "pullback"): marked there, or well placed.

        A planned stent is not there yet.
        """
        if isinstance(segment, Stent) and segment.planned:
            return False
        return segment.extent.on == view or self.is_solid(segment)

    def length_text(self, segment: AnySegment) -> str:
        """Its length and half its 90 % band, e.g. "27 ± 3 mm"; frames when nothing is tied."""
        stretch = self.stretch(segment)
        return stretch.length.band_text if stretch is not None else "not on these images"

    # -- drawing ------------------------------------------------------------------------------
    def draw_frames(self, kind: SegmentKind, first: int, last: int) -> None:
        """Draw, inside a gesture begun by the first call, over pullback frames."""
        session = self._session
        if session.pullback is not None:
            top = session.pullback.frames - 1
            low, high = sorted((max(0, min(first, top)), max(0, min(last, top))))
            self._draw(kind, FrameExtent(session.pullback.uid, low, high))

    def draw_points(self, kind: SegmentKind, start_px: PointPx, end_px: PointPx) -> None:
        """Draw, inside a gesture begun by the first call, along the run's centerline."""
        session = self._session
        line, curve = session.current_centerline, session.current_polyline
        if line is None or curve is None or session.run is None:
            return
        arcs = sorted(float(curve.project(point)[0]) for point in (start_px, end_px))
        ends = [(float(x), float(y)) for x, y in (curve.at(arc) for arc in arcs)]
        self._draw(kind, CenterlineExtent(session.run.uid, line.id, ends[0], ends[1]))

    def _draw(self, kind: SegmentKind, extent: Extent) -> None:
        session = self._session
        if not self._drawn:
            session.begin(f"Draw {kind.value}")
            self._drawn = new_id()
        if not session.in_gesture:
            return  # Esc gave the stroke up; the mouse still moves
        segment = session.review.segment(self._drawn)
        if segment is None:
            segment = self.made(kind, extent, self._drawn)
        segment = replace(segment, extent=extent)
        vein, side = self._vein_at(segment)
        session.preview(session.review.with_segment(replace(segment, vein=vein, side=side)))

    def made(self, kind: SegmentKind, extent: Extent, segment_id: str = "") -> AnySegment:
        """A segment that is not yet in the review, with a free name and its vein."""
        own_id, name = segment_id or new_id(), self._free_name(kind)
        segment = SEGMENT_TYPES[kind](id=own_id, name=name, extent=extent)
        vein, side = self._vein_at(segment)
        return replace(segment, vein=vein, side=side)

    def finish_drawing(self) -> None:
        """Commit the segment that was drawn; a mere click draws nothing."""
        session = self._session
        segment, self._drawn = session.review.segment(self._drawn), ""
        if segment is None or not session.in_gesture:
            return
        if self._is_point(segment.extent):
            session.abort()
            return
        session.commit(f"{segment.name} added")
        session.select(Selection("segment", segment.id))

    def _is_point(self, extent: Extent) -> bool:
        if isinstance(extent, FrameExtent):
            return extent.first == extent.last
        (x0, y0), (x1, y1) = extent.start_px, extent.end_px
        return abs(x1 - x0) + abs(y1 - y0) < 2.0

    def _free_name(self, kind: SegmentKind) -> str:
        used = {segment.name for segment in self._session.review.segments}
        numbers = (f"{kind.value.capitalize()} {n}" for n in range(1, 10_000))
        return next(name for name in numbers if name not in used)

    def _vein_at(self, segment: AnySegment) -> tuple[VeinSegment, Side]:
        arcs = self.arcs_of(segment)
        vein = self._session.vein_at((arcs[0] + arcs[1]) / 2.0) if arcs else VeinSegment.UNSET
        side = self._session.side if vein is not VeinSegment.IVC else Side.NONE
        return vein, side

    # -- editing ------------------------------------------------------------------------------
    def across(self, edge: Edge) -> Edge:
        """The same end of a segment as it is named on the other view."""
        position = self._session.position_map
        if position is None or position.direction > 0:
            return edge
        return "end" if edge == "start" else "start"

    def move_edge_to_frame(self, segment_id: str, edge: Edge, frame: int) -> None:
        """Preview an edge at a pullback frame, inside a gesture."""
        session = self._session
        segment, pullback = session.review.segment(segment_id), session.pullback
        if segment is None or pullback is None:
            return
        frame, position = clamped(frame, pullback.frames), session.position_map
        if not isinstance(segment.extent, FrameExtent):
            if position is not None:
                arc_px = float(position.arc_px[frame])
                self._move_point(segment, segment.extent, self.across(edge), arc_px)
        elif segment.extent.pullback_uid == pullback.uid:
            self._preview(segment, _with_frame(segment.extent, edge, frame))

    def move_edge_to_arc(self, segment_id: str, edge: Edge, arc_px: float) -> None:
        """Preview an edge at a place on the shown centerline, inside a gesture."""
        session = self._session
        segment, position = session.review.segment(segment_id), session.position_map
        if segment is None:
            return
        extent = segment.extent
        if not isinstance(extent, FrameExtent):
            self._move_point(segment, extent, edge, arc_px)
        elif position is not None and extent.pullback_uid == session.cursor.pullback_uid:
            own = self.across(edge)
            near = extent.first if own == "start" else extent.last
            self._preview(segment, _with_frame(extent, own, position.frame_at(arc_px, near)))

    def _move_point(
        self, segment: AnySegment, extent: CenterlineExtent, edge: Edge, arc_px: float
    ) -> None:
        """One end elsewhere on the shown centerline; the other stays the very point it was."""
        line, curve = self._session.current_centerline, self._session.current_polyline
        arcs = self.arcs_of(segment)
        if arcs is None or line is None or curve is None:
            return
        if edge == "start":
            arc_px = min(arc_px, arcs[1] - SHORTEST_PX)
        else:
            arc_px = max(arc_px, arcs[0] + SHORTEST_PX)
        if not 0.0 <= arc_px <= curve.length_px:
            arc_px = 0.0 if edge == "start" else curve.length_px
        x, y = curve.at(arc_px)
        turned = curve.project(extent.start_px)[0] > curve.project(extent.end_px)[0]
        end = "start_px" if (edge == "start") is not turned else "end_px"
        moved = {"centerline_id": line.id, end: (float(x), float(y))}
        self._preview(segment, replace(extent, **moved))  # type: ignore[arg-type]  # as its fields

    def _preview(self, segment: AnySegment, extent: Extent) -> None:
        moved = replace(segment, extent=extent)
        self._session.preview(self._session.review.with_segment(moved))

    def nudge_edge(self, segment_id: str, edge: Edge, frames: int) -> None:
        """Move an edge by whole frames, as one step of undo."""
        session = self._session
        segment = session.review.segment(segment_id)
        now = self.frames_of(segment) if segment is not None else None
        if now is None or session.pullback is None:
            return
        target = (now[0] if edge == "start" else now[1]) + frames
        session.begin("Move edge")
        self.move_edge_to_frame(segment_id, edge, max(0, min(target, session.pullback.frames - 1)))
        session.commit()

    def update(self, segment_id: str, **fields: object) -> None:
        """Set properties of a segment, as one step of undo."""
        session = self._session
        segment = session.review.segment(segment_id)
        if segment is None:
            return
        changed = replace(segment, **fields)  # type: ignore[arg-type]  # names come from one table
        if changed != segment:
            session.edit(f"Edit {segment.name}", session.review.with_segment(changed))

    def delete(self, segment_id: str) -> None:
        """Delete a segment."""
        session = self._session
        segment = session.review.segment(segment_id)
        if segment is not None:
            review = session.review.without_segment(segment_id)
            session.edit(f"Delete {segment.name}", review, f"{segment.name} deleted")
            session.select(session.selection)

    def duplicate(self, segment_id: str) -> None:
        """Make a copy beside a segment, with its own name."""
        session = self._session
        segment = session.review.segment(segment_id)
        if segment is not None:
            kind = SegmentKind(segment.kind)
            copy = replace(segment, id=new_id(), name=self._free_name(kind))
            session.edit(
                f"Duplicate {segment.name}",
                session.review.with_segment(copy),
                f"{copy.name} is a copy of {segment.name}",
            )
            session.select(Selection("segment", copy.id))

    def toggle_hidden(self, segment_id: str) -> None:
        """Show or hide a segment on the images."""
        segment = self._session.review.segment(segment_id)
        if segment is not None:
            self.update(segment_id, hidden=not segment.hidden)

    def jump_to(self, segment_id: str) -> None:
        """Select a segment and go to its middle, on whichever views can show it."""
        session = self._session
        segment = session.review.segment(segment_id)
        if segment is None:
            return
        if isinstance(segment.extent, FrameExtent):
            extent = segment.extent
            session.show_frame(extent.pullback_uid, (extent.first + extent.last) // 2)
            session.select(Selection("segment", segment_id))
            return
        session.show_images_of(segment)
        frames = self.frames_of(segment)
        if frames is not None:
            session.set_pullback_frame((frames[0] + frames[1]) // 2)
        session.select(Selection("segment", segment_id))

    def step(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) segment in the list."""
        segments = self._session.review.segments
        if segments:
            ids = [segment.id for segment in segments]
            here = (
                ids.index(self._session.selection.id)
                if (self._session.selection.id in ids)
                else (-1 if step > 0 else 0)
            )
            self.jump_to(ids[(here + step) % len(ids)])


def _with_frame(extent: FrameExtent, edge: Edge, frame: int) -> FrameExtent:
    if edge == "start":
        return replace(extent, first=min(frame, extent.last))
    return replace(extent, last=max(frame, extent.first))
