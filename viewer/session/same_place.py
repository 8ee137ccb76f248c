"""The same place of the vein on the other pullbacks: how wide it is there, phase by phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from viewer.measure.lumen_curve import LumenCurve
from viewer.measure.quantity import Quantity
from viewer.model.case import Phase
from viewer.model.study import Pullback
from viewer.session.contents import image_title
from viewer.session.figure_lines import Place, tip_of
from viewer.session.vein_places import VeinView, vein_views, view_of_image

if TYPE_CHECKING:
    from viewer.session.review_figures import ReviewFigures, SegmentFigures
    from viewer.session.session import Session


def same_places(session: Session, figures: ReviewFigures) -> Mapping[str, tuple[Place, ...]]:
    """Narrowest accepted lumen, or stent, of every pullback over each segment, by its id.

    Only where two pullbacks or more show its stretch on one axis; in the order of the procedure.
    """
    views = vein_views(session)
    phases = session.phases
    pullbacks = [
        (item, view)
        for item in session.case.pullbacks
        if (view := view_of_image(views, item.uid)) is not None
    ]
    pullbacks.sort(key=lambda pair: list(Phase).index(phases[pair[0].uid]))
    names = {
        item.uid: f"{phases[item.uid].value} {session.phase_number(item.uid) or ''}".strip()
        for item, _ in pullbacks
    }
    return {one.segment.id: _places(names, figures, one, pullbacks) for one in figures.segments}


def _places(
    names: Mapping[str, str],
    figures: ReviewFigures,
    one: SegmentFigures,
    pullbacks: Sequence[tuple[Pullback, VeinView]],
) -> tuple[Place, ...]:
    if one.span_mm is None:
        return ()
    found: list[tuple[Pullback, Quantity, int, bool]] = []
    for pullback, view in pullbacks:
        curves = figures.curves.get(pullback.uid, {})
        if view.zero != one.zero:
            continue
        stented = "stent" in curves and _narrowest(curves["stent"], one.span_mm) is not None
        curve = curves.get("stent" if stented else "lumen")
        at = None if curve is None else _narrowest(curve, one.span_mm)
        if curve is not None and at is not None and curve.unit == "mm":
            least = curve.area_at(at, figures.values)
            found.append((pullback, least, int(curve.frames[at]), stented))
    if len(found) < 2:
        return ()
    widest = max(least.value for _, least, *_ in found)
    return tuple(
        Place(
            names[pullback.uid],
            f"f {frame + 1}" + (" · stent area" if stented else ""),
            least.text,
            least.value / widest if widest > 0 else 0.0,
            pullback.uid,
            frame,
            stented,
            f"{image_title(pullback)}\n{tip_of(least)}",
        )
        for pullback, least, frame, stented in found
    )


def _narrowest(curve: LumenCurve, span_mm: tuple[float, float]) -> int | None:
    """Index of the smallest area on a stretch of the vein."""
    if curve.along is None:
        return None
    here = np.flatnonzero(
        (curve.along >= span_mm[0]) & (curve.along <= span_mm[1]) & np.isfinite(curve.area)
    )
    return int(here[np.argmin(curve.area[here])]) if len(here) else None
