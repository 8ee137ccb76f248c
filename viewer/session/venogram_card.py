"""The venogram's measurement of the selected segment in words, and what is drawn of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.measure.quantity import Quantity
from viewer.session.vein_widths import beside_ivus

if TYPE_CHECKING:
    from viewer.session.session import Session

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VenogramLine:
    """One figure: name, value with ±, source."""

    name: str
    text: str
    tip: str


@dataclass(frozen=True, slots=True)
class VenogramCard:
    """What the panel shows; `warnings` say what it does not tell."""

    run: str
    lines: tuple[VenogramLine, ...]
    beside: tuple[VenogramLine, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class MeasuredEdges:
    """What is drawn on the run, px.

    Attributes
    ----------
    left_px, right_px : ndarray, shape (n, 2)
        The vein's edges along the segment; NaN where not seen.
    least_px : ndarray, shape (2, 2), or None
        Both edges at the narrowest place.
    sides_px : tuple of ndarray, shape (m, 2)
        Edges of the stretches the reference rests on, left then right of each.
    text : str
        Smallest width, for the label.
    """

    left_px: Points
    right_px: Points
    least_px: Points | None
    sides_px: tuple[Points, ...]
    text: str


def venogram_card(session: Session) -> VenogramCard | None:
    """Of the selected stenosis; None for anything else, or while nothing was measured."""
    work, chosen = session.figures, session.selection
    figures = work.figures if work is not None else None
    one = figures.review.of(chosen.id) if figures is not None and chosen.kind == "segment" else None
    if one is None or one.venogram is None:
        return None
    told = one.venogram
    rows: tuple[tuple[str, Quantity | None], ...] = (
        ("Smallest width", told.min_width),
        ("Reference width", told.reference),
        ("Diameter stenosis", told.percent_diameter),
        ("Area by density", told.percent_area_density),
        ("Length on view", told.length),
    )
    lines = tuple(VenogramLine(n, q.text, f"{q.source}\n{q.on}") for n, q in rows if q is not None)
    beside = tuple(
        VenogramLine(f"IVUS {name} less it", off.text, off.source)
        for name, off in beside_ivus(one.stenosis, told)
    )
    on = next((q.on for _, q in rows if q is not None), "")
    return VenogramCard(on, lines, beside, told.warnings)


def measured_edges(session: Session) -> MeasuredEdges | None:
    """Edges along the selected stenosis on the shown run; None while they are not known."""
    work, chosen, line = session.figures, session.selection, session.current_centerline
    figures = work.figures if work is not None else None
    segment = session.review.segment(chosen.id) if chosen.kind == "segment" else None
    if figures is None or segment is None or line is None or line.run_uid != session.cursor.run_uid:
        return None
    one = figures.review.of(segment.id)
    arcs = session.segments.arcs_of(segment)
    profile = session.vessel_profile(line.run_uid, line.id)
    if one is None or one.venogram is None or arcs is None or profile is None:
        return None
    told = one.venogram
    scale = session.calibration(session.run).mm_per_px if session.run is not None else None
    factor = scale if scale is not None else 1.0
    arc = profile.arc_px
    inside = (arc >= min(arcs)) & (arc <= max(arcs))
    least = None
    if told.at is not None:
        k = int(np.argmin(np.abs(arc * factor - told.at)))
        least = np.stack((profile.left_px[k], profile.right_px[k]))
    sides = []
    for start, end in told.reference_sides:
        here = (arc * factor >= start - 1e-6) & (arc * factor <= end + 1e-6)
        sides += [profile.left_px[here], profile.right_px[here]]
    text = told.min_width.text if told.min_width is not None else ""
    return MeasuredEdges(
        profile.left_px[inside], profile.right_px[inside], least, tuple(sides), text
    )
