"""What lies in the lanes along the vein: marked segments, and narrowings that are suggested."""

from __future__ import annotations

from collections.abc import Callable

from viewer.model.annotation import SegmentKind
from viewer.qt.longitudinal_paint import LaneBar
from viewer.session.session import Session

XOfFrame = Callable[[int], float | None]


def segment_bars(session: Session, x_of: XOfFrame) -> list[LaneBar]:
    """A bar for every segment the shown pullback shows; a planned or unsure one is not solid."""
    bars = []
    for segment in session.review.segments:
        frames = session.segments.frames_of(segment)
        ends = _ends(frames, x_of) if not segment.hidden else None
        if ends is not None:
            text = f"{segment.name} · {session.segments.length_text(segment)}"
            solid = session.segments.is_sure_on(segment, "pullback")
            chosen = session.selection.id == segment.id
            kind = SegmentKind(segment.kind)
            bars.append(LaneBar(segment.id, kind, *ends, text, solid, chosen))
    return bars


def ghost_bars(session: Session, x_of: XOfFrame) -> list[LaneBar]:
    """A ghost for every suggested narrowing of the shown pullback."""
    work = session.figures
    figures = work.figures if work is not None and work.wanted else None
    graph = figures.graph if figures is not None else None
    if figures is None or graph is None or graph.pullback_uid != session.cursor.pullback_uid:
        return []
    bars = []
    for one in figures.suggested:
        ends = _ends((one.first, one.last), x_of)
        if ends is not None:
            text = f"Suggested · {one.depth.value:.0f} % area"
            ghost = LaneBar("", SegmentKind.STENOSIS, *ends, text, False, False, ghost=True)
            bars.append(ghost)
    return bars


def _ends(frames: tuple[int, int] | None, x_of: XOfFrame) -> tuple[float, float] | None:
    if frames is None:
        return None
    first, last = x_of(frames[0]), x_of(frames[1])
    if first is None or last is None:
        return None
    return min(first, last), max(first, last)
