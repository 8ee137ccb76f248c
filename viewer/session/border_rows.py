"""Rows of the tables of borders and widths: every frame's figures, every point, every width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from viewer.measure.lumen import figures_of, scale_of
from viewer.model.contour import Contour, ContourKind
from viewer.model.study import Pullback
from viewer.report.tables import ContourPointRow, LumenRow, VeinWidthRow
from viewer.session.contents import image_title
from viewer.session.tied_pairs import Pair, pair_of_pullback

if TYPE_CHECKING:
    from viewer.session.session import Session


def lumen_rows(session: Session, pairs: Sequence[Pair]) -> Iterator[LumenRow]:
    """Figures of every border of every pullback, by kind and frame."""
    for pullback in session.case.pullbacks:
        pair = pair_of_pullback(pairs, pullback.uid)
        for kind in ContourKind:
            contours = session.review.contours_of(pullback.uid, kind)
            yield from _of_kind(session, pullback, pair, contours)


def _of_kind(
    session: Session, pullback: Pullback, pair: Pair | None, contours: Sequence[Contour]
) -> Iterator[LumenRow]:
    calibration, aspect = session.calibration(pullback), pullback.pixels.aspect
    for contour in contours:
        points = contour.points_px
        one = figures_of(points[None], aspect)
        mm = scale_of(points, calibration)
        place = pair.frame(contour.frame) if pair is not None else None
        area, around = float(one.area_px2[0]), float(one.perimeter_px[0])
        least, most = float(one.min_diameter_px[0]), float(one.max_diameter_px[0])
        across = float(one.equivalent_diameter_px[0])
        share = calibration.uncertainty if mm is not None else None
        yield LumenRow(
            pullback=image_title(pullback),
            border=contour.kind.value,
            frame_1based=contour.frame + 1,
            position_mm=None if place is None else place.mm,
            position_sigma_mm=None if place is None else place.sigma_mm,
            area_mm2=None if mm is None else area * mm**2,
            min_diameter_mm=None if mm is None else least * mm,
            max_diameter_mm=None if mm is None else most * mm,
            equivalent_diameter_mm=None if mm is None else across * mm,
            perimeter_mm=None if mm is None else around * mm,
            area_px2=area,
            min_diameter_px=least,
            max_diameter_px=most,
            equivalent_diameter_px=across,
            perimeter_px=around,
            aspect_ratio=float(one.aspect[0]),
            eccentricity_ratio=float(one.eccentricity[0]),
            scale_sigma_percent=None if share is None else 100 * share,
            status=contour.status.value,
            by=contour.by,
            at=contour.at,
            confidence_ratio=contour.confidence,
            note=contour.note,
            pullback_uid=pullback.uid,
        )


def contour_rows(session: Session) -> Iterator[ContourPointRow]:
    """Every point of every border, (x, y) px, the centre of the top-left pixel at 0."""
    for contour in session.review.contours:
        for n, (x, y) in enumerate(contour.points_px.tolist()):
            yield ContourPointRow(
                border=contour.kind.value,
                frame_1based=contour.frame + 1,
                point=n,
                x_px=x,
                y_px=y,
                pullback_uid=contour.pullback_uid,
            )


def width_rows(session: Session, pairs: Sequence[Pair]) -> Iterator[VeinWidthRow]:
    """Widths along every vein whose edges were measured."""
    seen: set[str] = set()
    for pair in pairs:
        profile = session.vessel_profile(pair.run.uid, pair.centerline.id)
        if profile is None or pair.centerline.id in seen:
            continue
        seen.add(pair.centerline.id)
        mm = pair.mm_per_px
        for k, arc in enumerate(profile.arc_px.tolist()):
            width = float(profile.diameter_px[k])
            known = bool(np.isfinite(width))
            yield VeinWidthRow(
                run=image_title(pair.run),
                vein=pair.vein_at(arc),
                arc_px=arc,
                position_mm=pair.place_mm(arc),
                width_px=width if known else None,
                width_mm=width * mm if known and mm is not None else None,
                confidence_ratio=float(profile.confidence[k]),
                contrast_ratio=float(profile.contrast[k]),
                run_uid=pair.run.uid,
            )
