"""Rows of the tables for everything a review says, not only for what is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from viewer.geometry.position_map import PositionMap
from viewer.measure.extents import Stretch
from viewer.model.annotation import AnySegment, Bookmark, Clot, FrameExtent, Stenosis, Stent
from viewer.model.coregistration import Coregistration
from viewer.report.tables import (
    KeyFrameRow,
    LandmarkRow,
    MeasurementRow,
    PositionRow,
    Row,
    SegmentRow,
)
from viewer.session import facts
from viewer.session.border_rows import contour_rows, lumen_rows, width_rows
from viewer.session.contents import image_title
from viewer.session.contrast_rows import contrast_rows
from viewer.session.figure_rows import figure_rows
from viewer.session.tied_pairs import (
    FramePlace,
    Pair,
    pair_for,
    pair_of_pullback,
    pairs_of,
    stretch_on,
)

if TYPE_CHECKING:
    from viewer.session.session import Session

NOT_OPEN = "the images were not found"
LINE_GONE = "the centerline it was drawn on is gone"


def tables_of(session: Session) -> dict[str, list[Row]]:
    """Rows of every table of `report.tables`, by file name."""
    pairs = pairs_of(session)
    return {
        "segments.csv": list(segment_rows(session, pairs)),
        "landmarks.csv": list(landmark_rows(session, pairs)),
        "measurements.csv": list(measurement_rows(session)),
        "positions.csv": list(position_rows(session, pairs)),
        "key-frames.csv": list(key_frame_rows(session, pairs)),
        "contrast.csv": list(contrast_rows(session)),
        "figures.csv": list(figure_rows(session)),
        "lumen.csv": list(lumen_rows(session, pairs)),
        "contours.csv": list(contour_rows(session)),
        "vein-widths.csv": list(width_rows(session, pairs)),
    }


# -- segments ---------------------------------------------------------------------------------
def segment_rows(session: Session, pairs: Iterable[Pair]) -> Iterable[SegmentRow]:
    """One row a segment, each by the pair that ties the image it was drawn on."""
    known = tuple(pairs)
    for segment in session.review.segments:
        yield _segment_row(session, segment, pair_for(session, known, segment))


class _Place(TypedDict, total=False):
    start_mm: float | None
    end_mm: float | None
    start_sigma_mm: float | None
    end_sigma_mm: float | None
    start_px: float | None
    end_px: float | None
    start_sigma_px: float | None
    end_sigma_px: float | None


NOWHERE: _Place = {"start_mm": None, "end_mm": None}


class _Kind(TypedDict, total=False):
    cause: str
    clot_age: str
    clot_age_scheme: str
    clot_age_basis: str
    occlusion: str
    stent_product: str
    stent_nominal_diameter_mm: float | None
    stent_nominal_length_mm: float | None


def _segment_row(session: Session, segment: AnySegment, pair: Pair | None) -> SegmentRow:
    extent, stretch = segment.extent, stretch_on(session, segment, pair)
    frames = stretch.frames if stretch is not None else None
    pulled = stretch.pull_length if stretch is not None else None
    place = _place(segment, stretch, pair) if pair is not None and stretch is not None else NOWHERE
    placed = place.get("start_px") is not None
    projected = placed and frames is not None and pair is not None and pair.position is not None
    return SegmentRow(
        name=segment.name,
        kind=segment.kind,
        vein=segment.vein.value,
        side=segment.side.value,
        drawn_on=extent.on,
        first_frame_1based=frames[0] + 1 if frames is not None else None,
        last_frame_1based=frames[1] + 1 if frames is not None else None,
        position_zero=pair.axis.zero_name if pair is not None and placed else "",
        length_value=stretch.length.value if stretch is not None else None,
        length_unit=stretch.length.unit if stretch is not None else "",
        length_sigma=stretch.length.sigma if stretch is not None else None,
        length_source=stretch.length.source if stretch is not None else LINE_GONE,
        pull_length_mm=pulled.value if pulled is not None else None,
        pull_length_sigma_mm=pulled.sigma if pulled is not None else None,
        place_extrapolated=not stretch.solid if projected and stretch is not None else None,
        confidence=segment.confidence.value,
        note=segment.note,
        hidden=segment.hidden,
        segment_id=segment.id,
        image_uid=extent.pullback_uid if isinstance(extent, FrameExtent) else extent.run_uid,
        run_uid=pair.run.uid if pair is not None and placed else "",
        pullback_uid=pair.pullback.uid if projected and pair and pair.pullback else "",
        **place,
        **_kind(segment),
    )


def _place(segment: AnySegment, stretch: Stretch, pair: Pair) -> _Place:
    """Both ends along the vein, the central one first; their ± when the tie places them."""
    extent = segment.extent
    if isinstance(extent, FrameExtent):
        ends = [pair.frame(extent.first), pair.frame(extent.last)]
        placed = sorted((end for end in ends if end is not None), key=lambda end: end.px)
        if len(placed) < 2:
            return NOWHERE
        return {
            "start_mm": placed[0].mm,
            "end_mm": placed[1].mm,
            "start_sigma_mm": placed[0].sigma_mm,
            "end_sigma_mm": placed[1].sigma_mm,
            "start_px": placed[0].px,
            "end_px": placed[1].px,
            "start_sigma_px": placed[0].sigma_px,
            "end_sigma_px": placed[1].sigma_px,
        }
    if stretch.arc_px is None:
        return NOWHERE
    start, end = sorted(stretch.arc_px, key=pair.place_px)
    return {
        "start_mm": pair.place_mm(start),
        "end_mm": pair.place_mm(end),
        "start_px": pair.place_px(start),
        "end_px": pair.place_px(end),
    }


def _kind(segment: AnySegment) -> _Kind:
    """What only segments of its kind have."""
    if isinstance(segment, Stenosis):
        return {"cause": segment.cause.value}
    if isinstance(segment, Stent):
        return {
            "stent_product": segment.product,
            "stent_nominal_diameter_mm": segment.nominal_diameter_mm,
            "stent_nominal_length_mm": segment.nominal_length_mm,
        }
    return _clot(segment)


def _clot(segment: Clot) -> _Kind:
    """An age is never given without its scheme and its basis."""
    return {
        "clot_age": segment.age.value,
        "clot_age_scheme": segment.age_scheme if segment.age.value else "",
        "clot_age_basis": segment.age_basis.value,
        "occlusion": segment.occlusion.value,
    }


# -- landmarks --------------------------------------------------------------------------------
def landmark_rows(session: Session, pairs: Iterable[Pair]) -> Iterable[LandmarkRow]:
    """One row a landmark of every tie, also of those whose images are not open."""
    by_uids = {(p.run.uid, p.pullback.uid): p for p in pairs if p.pullback is not None}
    for tie in session.review.coregistrations:
        yield from _landmarks(tie, by_uids.get((tie.run_uid, tie.pullback_uid)))


def _landmarks(tie: Coregistration, pair: Pair | None) -> Iterable[LandmarkRow]:
    position = pair.position if pair is not None else None
    residuals = {r.landmark_id: r for r in position.residuals} if position is not None else {}
    in_mm = pair is not None and pair.unit == "mm"
    for mark in tie.landmarks:
        arc_px = float(pair.curve.project(mark.point_px)[0]) if pair is not None else None
        residual = residuals.get(mark.id)
        error = residual.value if residual is not None else None
        expected = residual.expected if residual is not None else None
        yield LandmarkRow(
            name=mark.name,
            frame_1based=mark.frame + 1,
            x_px=mark.point_px[0],
            y_px=mark.point_px[1],
            position_mm=pair.place_mm(arc_px) if pair and arc_px is not None else None,
            position_px=pair.place_px(arc_px) if pair and arc_px is not None else None,
            left_out_error_mm=error if in_mm else None,
            left_out_error_px=None if in_mm else error,
            expected_sigma_mm=expected if in_mm else None,
            expected_sigma_px=None if in_mm else expected,
            position_zero=pair.axis.zero_name if pair is not None else "",
            source="placed by the reader",
            run_uid=tie.run_uid,
            pullback_uid=tie.pullback_uid,
        )


# -- positions --------------------------------------------------------------------------------
def position_rows(session: Session, pairs: Iterable[Pair]) -> Iterable[PositionRow]:
    """One row a frame of every pullback that is tied to a run."""
    for pair in pairs:
        position, pullback = pair.position, pair.pullback
        if position is None or pullback is None:
            continue
        times_s = session.timing(pullback).times_s
        for frame in range(len(position)):
            place = pair.frame(frame)
            if place is not None:
                time_s = times_s[frame] if times_s is not None else None
                yield _position_row(frame, time_s, place, pair, position, pullback.uid)


def _position_row(
    frame: int,
    time_s: float | None,
    place: FramePlace,
    pair: Pair,
    position: PositionMap,
    pullback_uid: str,
) -> PositionRow:
    return PositionRow(
        frame_1based=frame + 1,
        frame_0based=frame,
        time_s=time_s,
        arc_mm=place.arc_mm,
        arc_px=place.arc_px,
        position_mm=place.mm,
        position_sigma_mm=place.sigma_mm,
        position_px=place.px,
        position_sigma_px=place.sigma_px,
        position_zero=pair.axis.zero_name,
        x_px=place.point_px[0],
        y_px=place.point_px[1],
        extrapolated=not place.solid,
        beyond_centerline=not place.inside,
        vein=place.vein,
        source=position.explanation,
        uncertainty_source=position.uncertainty_source,
        run_uid=pair.run.uid,
        pullback_uid=pullback_uid,
    )


# -- measurements, key frames -----------------------------------------------------------------
def measurement_rows(session: Session) -> Iterable[MeasurementRow]:
    """One row a caliper or ellipse; in px where no scale holds or the image is not open."""
    for item in session.review.measurements:
        value = facts.measurement_value(session, item)
        is_open = session.case.find(item.image_uid) is not None
        yield MeasurementRow(
            kind=item.kind,
            image=_image_name(session, item.image_uid),
            frame_1based=item.frame + 1,
            value=value.value,
            unit=value.unit,
            sigma=value.sigma,
            source=value.source if is_open else NOT_OPEN,
            measurement_id=item.id,
            image_uid=item.image_uid,
        )


def key_frame_rows(session: Session, pairs: Iterable[Pair]) -> Iterable[KeyFrameRow]:
    """One row a starred frame."""
    known = tuple(pairs)
    for mark in session.review.bookmarks:
        yield _key_frame_row(session, mark, pair_of_pullback(known, mark.image_uid))


def _key_frame_row(session: Session, mark: Bookmark, pair: Pair | None) -> KeyFrameRow:
    item = session.case.find(mark.image_uid)
    times_s = session.timing(item).times_s if item is not None else None
    place = pair.frame(mark.frame) if pair is not None else None
    return KeyFrameRow(
        image=_image_name(session, mark.image_uid),
        frame_1based=mark.frame + 1,
        frame_0based=mark.frame,
        time_s=times_s[mark.frame] if times_s and mark.frame < len(times_s) else None,
        position_mm=place.mm if place else None,
        position_sigma_mm=place.sigma_mm if place else None,
        position_px=place.px if place else None,
        position_sigma_px=place.sigma_px if place else None,
        position_zero=pair.axis.zero_name if pair and place else "",
        extrapolated=not place.solid if place else None,
        vein=place.vein if place else "",
        note=mark.text,
        bookmark_id=mark.id,
        image_uid=mark.image_uid,
        run_uid=pair.run.uid if pair and place else "",
    )


def _image_name(session: Session, uid: str) -> str:
    """What an image is called, also when only the review knows it."""
    item = session.case.find(uid)
    if item is not None:
        return image_title(item)
    known = next((ref for ref in session.review.images if ref.uid == uid), None)
    return (known.description or known.role) if known is not None else ""
