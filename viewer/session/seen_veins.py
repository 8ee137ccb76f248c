"""Which veins the images of a phase show, and how long each vein is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from viewer.measure.clot_scores import SeenVein
from viewer.measure.references import ReferenceValues
from viewer.model.anatomy import Side, VeinSegment
from viewer.session.vein_places import VeinView, view_of_image

if TYPE_CHECKING:
    from viewer.session.review_figures import SegmentFigures
    from viewer.session.session import Session

Key = tuple[VeinSegment, Side]
Lengths = Mapping[Key, tuple[float, str]]


def whole_lengths(
    views: Sequence[VeinView], segments: Sequence[SegmentFigures], values: ReferenceValues
) -> Lengths:
    """Length of every vein: between the landmarks at both of its ends, else the usual one."""
    found: dict[Key, tuple[float, str]] = {}
    side = _side_of(segments)
    tied_first = sorted(views, key=lambda view: (view.pair.position is None, view.borrowed))
    for view in tied_first:
        if not view.in_mm:
            continue
        for stretch in view.veins[1:-1]:  # the first and the last go on beyond the images
            key = _key(stretch.vein, side)
            if stretch.vein is not VeinSegment.UNSET and key not in found:
                found[key] = stretch.end - stretch.start, "landmarks at both ends"
    for vein in VeinSegment:
        entry = values.for_vein("vein_length", vein, side)
        if entry is not None and _key(vein, side) not in found:
            found[_key(vein, side)] = entry.value, f"usual, {entry.note}"
    return found


def seen_veins(
    session: Session,
    views: Sequence[VeinView],
    uids: set[str],
    clots: Sequence[SegmentFigures],
    lengths: Lengths,
    segments: Sequence[SegmentFigures],
) -> tuple[SeenVein, ...]:
    """Veins that the images of a phase show, and how much of each.

    On images whose landmarks don't tell the veins, those that clots are named for are seen whole;
    looked through for clot, every vein a clot of the review is named for is.
    """
    side = _side_of(segments)
    shown: dict[Key, float] = {}
    for uid in sorted(uids):
        looked = uid in session.review.clot_checked
        own = [one for one in clots if uid in _uids(one)]
        view = view_of_image(views, uid)
        if not looked and not own:
            continue
        if view is not None and view.veins and view.reach_mm is not None:
            _add(shown, view, side)
            continue
        named = own if not looked else [one for one in segments if one.clot or one in own]
        for one in named:
            key = _key(one.segment.vein, one.side)
            if one.segment.vein is not VeinSegment.UNSET and key in lengths:
                shown[key] = lengths[key][0]
    order = list(VeinSegment)
    keys = sorted(shown, key=lambda key: order.index(key[0]))
    return tuple(_seen(key, lengths.get(key), shown[key]) for key in keys)


def _seen(key: Key, length: tuple[float, str] | None, mm: float) -> SeenVein:
    size, source = length if length is not None else (None, "")
    return SeenVein(*key, size, source, mm)


def _add(shown: dict[Key, float], view: VeinView, side: Side) -> None:
    reach = view.reach_mm
    if reach is None:
        return
    for stretch in view.veins:
        part = min(stretch.end, reach[1]) - max(stretch.start, reach[0])
        if stretch.vein is not VeinSegment.UNSET and part > 0:
            key = _key(stretch.vein, side)
            shown[key] = max(shown.get(key, 0.0), part)


def _uids(one: SegmentFigures) -> tuple[str, ...]:
    extent = one.segment.extent
    return (extent.pullback_uid,) if extent.on == "pullback" else (extent.run_uid,)


def _key(vein: VeinSegment, side: Side) -> Key:
    return vein, Side.NONE if vein is VeinSegment.IVC else side


def _side_of(segments: Sequence[SegmentFigures]) -> Side:
    """The side the clots are on; the images of one procedure show one limb."""
    sides = [one.side for one in segments if one.segment.kind == "clot"]
    return sides[0] if sides else Side.NONE
