"""Where the edges of stents lie: over lesions, over other stents, in the cava."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.geometry.position_map import CLICK_MM
from viewer.measure.extents import Stretch
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues
from viewer.measure.stent import Coverage, Overlap, Span, coverage, into_ivc, overlap
from viewer.model.annotation import AnySegment, FrameExtent, Stent
from viewer.session.vein_places import VeinView, view_for

if TYPE_CHECKING:
    from viewer.session.session import Session


@dataclass(frozen=True, slots=True)
class StentEdges:
    """Edges of one stent; without positions along the vein there are none."""

    coverage: tuple[Coverage, ...]
    overlaps: tuple[Overlap, ...]
    into_ivc: Quantity | None


def stent_edges(
    session: Session,
    views: Sequence[VeinView],
    segment: Stent,
    view: VeinView | None,
    stretch: Stretch | None,
    values: ReferenceValues,
) -> StentEdges | None:
    """How a stent lies over the lesions it meets and the other stents, and in the cava.

    A lesion under several stents that touch is covered by all of them together.
    """
    own = None if view is None else span_of(segment, view, stretch)
    if view is None or own is None:
        return None
    lesions: list[Span] = []
    stents: list[Span] = []
    for other in session.review.segments:
        where, there = view_for(session, views, other)
        if other.id == segment.id or where is None or where.zero != view.zero:
            continue
        if isinstance(other, Stent) and other.planned and not segment.planned:
            continue  # what is not there covers nothing
        span = span_of(other, where, there)
        if span is not None:
            (stents if isinstance(other, Stent) else lesions).append(span)
    met = [one for one in lesions if one.start_mm < own.end_mm and one.end_mm > own.start_mm]
    near = [one for one in stents if overlap(own, one, values).length.value >= 0]
    confluence = view.landmarks_mm.get("confluence")
    return StentEdges(
        tuple(coverage([own, *near], one) for one in met),
        tuple(overlap(own, one, values) for one in stents),
        None if confluence is None else into_ivc(own, confluence, CLICK_MM),
    )


def span_of(segment: AnySegment, view: VeinView, stretch: Stretch | None) -> Span | None:
    """A segment on the axis of its view, with the ± of its ends."""
    ends = view.span_mm(stretch)
    if ends is None:
        return None
    sigmas: tuple[float | None, float | None] = (0.0, 0.0)  # drawn on the run itself
    position = view.pair.position
    if isinstance(segment.extent, FrameExtent) and position is not None:
        frames = segment.extent.first, segment.extent.last
        order = sorted(frames, key=lambda frame: view.axis.position(float(position.arc[frame])))
        sigmas = float(position.sigma[order[0]]), float(position.sigma[order[1]])
    return Span(segment.id, segment.name, *ends, *sigmas)
