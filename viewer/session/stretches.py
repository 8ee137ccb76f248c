"""Where a segment begins and ends, and how long it is, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.measure import extents
from viewer.measure.extents import Stretch
from viewer.model.anatomy import VeinSegment, vein_label
from viewer.model.annotation import AnySegment, CenterlineExtent, FrameExtent
from viewer.model.vessel import Centerline
from viewer.session.contents import image_title
from viewer.session.state import Edge

if TYPE_CHECKING:
    from viewer.session.session import Session


SAME_VEIN = 1 / 16
"""A curve drawn anew within this share of the image's width of a segment is of the same vein."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a segment: place on the axis along the vein, 0-based pullback frame."""

    edge: Edge
    place: float | None = None
    frame: int | None = None


def stretch_of(session: Session, segment: AnySegment) -> Stretch | None:
    """The extent of a segment and its length; None when its centerline is gone."""
    extent, case = segment.extent, session.case
    if isinstance(extent, FrameExtent):
        pullback, run = case.pullback(extent.pullback_uid), session.run
        line = session.current_polyline
    else:
        pullback, run = session.pullback, case.run(extent.run_uid)
        line = session.polyline(centerline_of(session, extent))
    return extents.stretch_of(
        extent,
        session.position_map if is_shown(session, segment) else None,
        line,
        session.calibration(run),
        pullback,
        session.timing(pullback).times_s if pullback is not None else None,
    )


def ends_of(session: Session, segment: AnySegment) -> tuple[End, End]:
    """Both ends on the views that are shown, the central one first."""
    stretch, extent = stretch_of(session, segment), segment.extent
    if stretch is None or not is_shown(session, segment):
        return End("start"), End("end")
    axis, position = session.placing.vein_axis, session.position_map
    frames: tuple[int | None, int | None] = stretch.frames or (None, None)
    arcs = stretch.arc
    if isinstance(extent, FrameExtent):
        frames = extent.first, extent.last
        if position is not None and extent.last < len(position):
            arcs = float(position.arc[extent.first]), float(position.arc[extent.last])
    elif position is not None and stretch.frames is not None and position.direction < 0:
        frames = frames[1], frames[0]
    places = (None, None) if axis is None or arcs is None else tuple(map(axis.position, arcs))
    ends = End("start", places[0], frames[0]), End("end", places[1], frames[1])
    order = [end.place if end.place is not None else end.frame or 0 for end in ends]
    return (ends[1], ends[0]) if order[0] > order[1] else ends


def is_shown(session: Session, segment: AnySegment) -> bool:
    """Whether the run or pullback it was drawn on is shown."""
    extent, cursor = segment.extent, session.cursor
    if isinstance(extent, FrameExtent):
        return extent.pullback_uid == cursor.pullback_uid
    line = session.current_centerline
    return line is not None and centerline_of(session, extent) == line


def centerline_of(session: Session, extent: CenterlineExtent) -> Centerline | None:
    """The centerline a segment was drawn along; when that is gone, one drawn there since."""
    own = session.review.centerline(extent.centerline_id)
    run = session.case.run(extent.run_uid)
    if own is not None or run is None:
        return own
    shown = session.current_centerline
    lines = session.review.centerlines_of(run.uid)
    for line in (shown, *lines) if shown in lines else lines:
        curve = session.polyline(line)
        ends = (extent.start_px, extent.end_px)
        if curve and all(curve.project(end)[1] <= run.columns * SAME_VEIN for end in ends):
            return line
    return None


def length_text(stretch: Stretch | None) -> tuple[str, str]:
    """Figure and the rest of a length: ("27", "± 3 mm"); ("", "") when it can't be told.

    ± is half the 90 % band, as of every place along the vein.
    """
    if stretch is None:
        return "", ""
    length = stretch.length
    if length.unit == "frames" and stretch.pull_length is not None:
        length = stretch.pull_length
    number, rest = length.band_text.split(" ", 1)
    return number, rest


def extent_text(session: Session, segment: AnySegment) -> str:
    """Start and end: "4–31 mm", else "frames 210–300", else which images they are on."""
    low, high = ends_of(session, segment)
    if low.place is not None and high.place is not None:
        axis = session.placing.vein_axis
        return f"{_whole(low.place)}–{_whole(high.place)} {axis.unit if axis else ''}".strip()
    if low.frame is not None and high.frame is not None:
        return f"frames {low.frame + 1}–{high.frame + 1}"
    extent = segment.extent
    uid = extent.pullback_uid if isinstance(extent, FrameExtent) else extent.run_uid
    item = session.case.find(uid)
    return f"on {image_title(item)}" if item is not None else "images not open"


def _whole(value: float) -> str:
    """Whole units with a true minus sign, so that "−12–3" reads."""
    return f"{round(value)}".replace("-", "−")


def row_detail(session: Session, segment: AnySegment) -> str:
    """The second line of a segment in a list: vein and extent."""
    where = extent_text(session, segment)
    if segment.vein is VeinSegment.UNSET:
        return where
    return f"{vein_label(segment.vein, segment.side)} · {where}"


def where_text(session: Session, segment: AnySegment) -> str:
    """Vein, extent and what it is counted from, as one phrase."""
    axis, (low, _) = session.placing.vein_axis, ends_of(session, segment)
    origin = f" from the {axis.zero_name}" if axis is not None and low.place is not None else ""
    return f"{vein_label(segment.vein, segment.side)}, {extent_text(session, segment)}{origin}"


def set_edge_frame(session: Session, segment_id: str, edge: Edge, frame: int) -> None:
    """Put an edge of a segment at a 0-based pullback frame, as one step of undo."""
    segment, pullback = session.review.segment(segment_id), session.pullback
    if segment is None or pullback is None:
        return
    session.begin(f"Move edge of {segment.name}")
    frame = max(0, min(frame, pullback.frames - 1))
    on_pullback = isinstance(segment.extent, FrameExtent)
    named = edge if on_pullback else session.segments.across(edge)
    session.segments.move_edge_to_frame(segment_id, named, frame)
    session.commit()


def set_edge_place(session: Session, segment_id: str, edge: Edge, place: float) -> None:
    """Put an edge of a segment at a place on the axis along the vein, as one step of undo."""
    segment, axis = session.review.segment(segment_id), session.placing.vein_axis
    if segment is None or axis is None:
        return
    arc, position = axis.arc(place), session.position_map
    if position is not None:
        arc = float(position.to_px(arc))
    else:
        arc /= session.calibration(session.run).mm_per_px or 1.0
    session.begin(f"Move edge of {segment.name}")
    on_pullback = isinstance(segment.extent, FrameExtent)
    named = session.segments.across(edge) if on_pullback else edge
    session.segments.move_edge_to_arc(segment_id, named, arc)
    session.commit()
