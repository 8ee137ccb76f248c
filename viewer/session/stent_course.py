"""A stent's border along the stent, with its key figures in words, for the newest phase shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viewer.measure.quantity import Quantity
from viewer.model.annotation import FrameExtent, Stent

if TYPE_CHECKING:
    from viewer.session.session import Session


@dataclass(frozen=True, eq=False)
class StentCourse:
    """Area along a stent.

    Attributes
    ----------
    places, area : ndarray, shape (n,)
        mm along the vein, rising; mm².
    nominal_mm2 : float or None
        Of the circle of the diameter on its label.
    keys : tuple of (number, unit, tip)
        Expansion, smallest area, flattest aspect.
    """

    name: str
    places: NDArray[np.float64]
    area: NDArray[np.float64]
    nominal_mm2: float | None
    keys: tuple[tuple[str, str, str], ...]


def stent_course(session: Session) -> StentCourse | None:
    """Of the first stent drawn on a pullback that is compared; the one after comes first."""
    work, shown = session.figures, session.compare.shown
    figures = work.figures if work is not None else None
    if figures is None or shown is None:
        return None
    for step in reversed(shown):
        for one in figures.review.segments:
            segment = one.segment
            extent = segment.extent
            if not isinstance(segment, Stent) or not isinstance(extent, FrameExtent):
                continue
            curve = figures.review.curves.get(extent.pullback_uid, {}).get("stent")
            there = figures.places.get(extent.pullback_uid)
            if extent.pullback_uid != step.pullback_uid or curve is None or there is None:
                continue
            here = curve.inside(extent.first, extent.last)
            if one.stent is None or curve.unit != "mm" or len(here) < 2:
                continue
            places = there.along[curve.frames[here]]
            order = np.argsort(places, kind="stable")
            size = segment.nominal_diameter_mm
            expansion = one.stent.expansion_nominal or one.stent.expansion_reference
            return StentCourse(
                segment.name,
                places[order],
                curve.area[here][order],
                None if size is None else float(np.pi * size**2 / 4),
                tuple(_words(q) for q in (expansion, one.stent.min_area, one.stent.aspect)),
            )
    return None


def _words(quantity: Quantity | None) -> tuple[str, str, str]:
    if quantity is None:
        return "", "", "Not known"
    if quantity.unit == "min / max":
        return f"{quantity.value:.2f}", "", quantity.source
    number, _, unit = quantity.text.partition(" ")
    return number, unit, quantity.source
