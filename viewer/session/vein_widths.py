"""Widths of the veins on the runs, as measurements of narrowings take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from viewer.measure.extents import Stretch
from viewer.measure.quantity import Quantity
from viewer.measure.venography import VenogramFigures, Widths, disagreement, venogram_figures
from viewer.model.annotation import CenterlineExtent
from viewer.session.contents import image_title

if TYPE_CHECKING:
    from viewer.measure.stenosis import StenosisFigures
    from viewer.session.session import Session
    from viewer.session.vein_places import VeinView


def widths_of(session: Session, view: VeinView) -> Widths | None:
    """Widths along the vein of a view; None while they are not measured."""
    run, line = view.pair.run, view.pair.centerline
    profile = session.vessel_profile(run.uid, line.id)
    if profile is None:
        return None
    scale = view.pair.mm_per_px
    calibration = session.calibration(run)
    factor = scale if scale is not None else 1.0
    return Widths(
        profile.arc_px * factor,
        profile.diameter_px * factor,
        profile.contrast,
        "mm" if scale is not None else "px",
        calibration.uncertainty,
        image_title(run),
        run.frames > 1,
        factor,
    )


def on_venogram(
    session: Session, view: VeinView | None, segment_id: str, stretch: Stretch | None
) -> VenogramFigures | None:
    """A segment measured on the run its vein is drawn on; None without edges there."""
    if view is None or stretch is None or stretch.arc_px is None:
        return None
    widths = widths_of(session, view)
    if widths is None:
        return None
    factor = view.pair.mm_per_px or 1.0
    lesion = stretch.arc_px[0] * factor, stretch.arc_px[1] * factor
    avoid = []
    for other in session.review.segments:
        extent = other.extent
        if other.id == segment_id or not isinstance(extent, CenterlineExtent):
            continue
        if extent.centerline_id == view.pair.centerline.id:
            ends = [view.pair.curve.project(p)[0] for p in (extent.start_px, extent.end_px)]
            avoid.append((min(ends) * factor, max(ends) * factor))
    return venogram_figures(widths, lesion, avoid, _lost(session, view, stretch.arc_px))


def beside_ivus(
    ivus: StenosisFigures | None, venogram: VenogramFigures | None
) -> tuple[tuple[str, Quantity], ...]:
    """IVUS less venogram of the smallest width: against the smallest and largest diameter."""
    if ivus is None or venogram is None or venogram.min_width is None:
        return ()
    rows = (("min ⌀", ivus.min_diameter), ("max ⌀", ivus.max_diameter))
    found = ((name, disagreement(q, venogram.min_width)) for name, q in rows if q is not None)
    return tuple((name, off) for name, off in found if off is not None)


def _lost(session: Session, view: VeinView, arc_px: tuple[float, float]) -> float | None:
    """Largest share of its length the view loses over a stretch, where two views know it."""
    line, scale = view.pair.centerline, view.pair.mm_per_px
    if scale is None or session.two_views.in_force(line) is None:
        return None
    true_mm = session.two_views.true_mm(line, view.pair.curve)
    if true_mm is None:
        return None
    at = view.pair.curve.arc_px
    here = (at[:-1] >= arc_px[0]) & (at[1:] <= arc_px[1])
    if not here.any():
        return None
    shown = np.diff(at)[here] * scale / np.maximum(np.diff(np.asarray(true_mm))[here], 1e-9)
    return float(np.clip(1.0 - shown.min(), 0.0, 1.0))
