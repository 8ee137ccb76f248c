"""Where a segment begins and ends, and how long it is, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viewer.measure import extents
from viewer.measure.extents import Stretch
from viewer.model.anatomy import VeinSegment, vein_label
from viewer.model.annotation import AnySegment, FrameExtent
from viewer.model.calibration import UNCALIBRATED

if TYPE_CHECKING:
    from viewer.session.session import Session

NOT_HERE = "not on these images"


def stretch_of(session: Session, segment: AnySegment) -> Stretch | None:
    """The extent of a segment and its length; None when its centerline is gone."""
    extent, case, cursor = segment.extent, session.case, session.cursor
    if isinstance(extent, FrameExtent):
        pullback, run = case.pullback(extent.pullback_uid), session.run
        shown = extent.pullback_uid == cursor.pullback_uid
        line = session.current_polyline
    else:
        pullback, run = session.pullback, case.run(extent.run_uid)
        centerline = session.review.centerline(extent.centerline_id)
        shown = extent.run_uid == cursor.run_uid and centerline == session.current_centerline
        line = session.polyline(centerline)
    return extents.stretch_of(
        extent,
        session.position_map if shown else None,
        line,
        run.calibration if run is not None else UNCALIBRATED,
        pullback,
        session.timing(pullback).times_s if pullback is not None else None,
    )


def places_of(session: Session, stretch: Stretch) -> tuple[float, float] | None:
    """Start and end from the axis' zero, in mm or px; None when they can't be told."""
    if stretch.arc is None or stretch.arc_px is None or stretch.arc_px[0] == stretch.arc_px[1]:
        return None
    factor = (stretch.arc[1] - stretch.arc[0]) / (stretch.arc_px[1] - stretch.arc_px[0])
    position = session.position_map
    zero_px = session.placing.zero_arc_px
    zero = float(position.to_unit(zero_px)) if position is not None else zero_px * factor
    return stretch.arc[0] - zero, stretch.arc[1] - zero


def length_text(stretch: Stretch | None) -> tuple[str, str]:
    """Figure and the rest of a length: ("27", "± 3 mm"); ("", "") when it can't be told."""
    if stretch is None:
        return "", ""
    length = stretch.length
    if length.unit == "frames" and stretch.pull_length is not None:
        length = stretch.pull_length
    number, rest = length.text.split(" ", 1)
    return number, rest


def extent_text(session: Session, stretch: Stretch | None) -> str:
    """Start and end: "4–31 mm", else "frames 210–300", else "not on these images"."""
    if stretch is None:
        return NOT_HERE
    places = places_of(session, stretch)
    if places is not None:
        unit = "px" if stretch.length.unit == "px" else "mm"
        return f"{_whole(places[0])}–{_whole(places[1])} {unit}"
    if stretch.frames is not None:
        return f"frames {stretch.frames[0] + 1}–{stretch.frames[1] + 1}"
    return NOT_HERE


def _whole(value: float) -> str:
    """Whole units with a true minus sign, so that "−12–3" reads."""
    return f"{round(value)}".replace("-", "−")


def row_detail(session: Session, segment: AnySegment) -> str:
    """The second line of a segment in a list: vein and extent."""
    where = extent_text(session, stretch_of(session, segment))
    if segment.vein is VeinSegment.UNSET:
        return where
    return f"{vein_label(segment.vein, segment.side)} · {where}"
