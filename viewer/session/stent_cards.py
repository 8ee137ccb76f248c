"""Figures of a stent in words: what could be planned, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.measure.quantity import Quantity
from viewer.measure.stent_plan import StentPlan
from viewer.model.annotation import Stent
from viewer.session.figure_lines import KeyFigure, Line, key, line, tip_of

if TYPE_CHECKING:
    from viewer.session.review_figures import SegmentFigures


@dataclass(frozen=True, slots=True)
class Planned:
    """A stent over a stenosis, as it could be planned.

    Attributes
    ----------
    lines : tuple of Line
        Landing zones, size with its rule, what is to be minded.
    frames : (int, int) or None
        From landing zone to landing zone; None where one is missing.
    diameter_mm, length_mm : float or None
        To be ordered; the length is that of the whole chain of stents.
    """

    lines: tuple[Line, ...]
    frames: tuple[int, int] | None
    diameter_mm: float | None
    length_mm: float | None


# -- before -------------------------------------------------------------------------------------
def planned(one: SegmentFigures) -> Planned | None:
    """What the plan over a stenosis says."""
    plan = one.plan
    if plan is None:
        return None
    frames = None
    if plan.central is not None and plan.peripheral is not None:
        ends = (*plan.central.frames, *plan.peripheral.frames)
        frames = min(ends), max(ends)
    length = float(sum(plan.pieces_mm)) if len(plan.pieces_mm) == 1 else None
    diameter = None if plan.diameter is None else plan.diameter.value
    return Planned(tuple(_plan_lines(plan)), frames, diameter, length)


def _plan_lines(plan: StentPlan) -> Iterator[Line]:
    if plan.why_not:
        yield Line("Not known", plan.why_not)
    for name, zone in (("Lands centrally", plan.central), ("Lands peripherally", plan.peripheral)):
        if zone is not None:
            vein = f" {zone.vein.value}" if zone.vein.value else ""
            where = f"{zone.start_mm:.0f} to {zone.end_mm:.0f} mm{vein}".replace("-", "−")
            size = f"⌀ {zone.diameter.text}"
            tip = f"Healthy by {zone.healthy_from}\n{tip_of(zone.diameter)}"
            yield Line(name, f"{where} · {size}", tip, zone.frames[0])
    if plan.diameter is not None:
        yield Line("Diameter", f"{plan.diameter.value:g} mm", _rule(plan.diameter))
    if plan.length is not None:
        pieces = " + ".join(f"{piece:g}" for piece in plan.pieces_mm)
        text = f"{pieces} mm, for {plan.length.band_text}"
        yield Line("Length", text, _rule(plan.length))
    for warning in plan.warnings:
        yield Line("Mind", warning, tone="warn")


def _rule(quantity: Quantity) -> str:
    return f"Rule: {quantity.source}\nMeasured on {quantity.on}" if quantity.on else quantity.source


# -- after --------------------------------------------------------------------------------------
def keys(one: SegmentFigures) -> tuple[KeyFigure, ...]:
    """Smallest area and expansion; of a planned one its nominal size."""
    segment, stent = one.segment, one.stent
    if isinstance(segment, Stent) and segment.planned:
        size = segment.nominal_diameter_mm
        nominal = None if size is None else Quantity(size, "mm", None, "planned, not yet placed")
        return (key("Nominal ⌀", nominal),)
    why = "; ".join(one.warnings + (stent.warnings if stent is not None else ()))
    if stent is None:
        return key("Min stent area", None, why), key("Expansion", None, why)
    expansion = stent.expansion_nominal or stent.expansion_reference
    why_no = why or "Give its nominal diameter, or hold it against a frame"
    return key("Min stent area", stent.min_area, why), _share(expansion, why_no)


def _share(expansion: Quantity | None, why: str) -> KeyFigure:
    if expansion is None:
        return key("Expansion", None, why)
    made = key("Expansion", replace(expansion, unit="%"), why)
    return replace(made, caption=f"Expansion, {expansion.unit.removeprefix('% of ')}")


def lines(one: SegmentFigures) -> Iterator[Line]:
    """Expansion, compression and restenosis apart; then its edges."""
    stent, segment = one.stent, one.segment
    planned_only = isinstance(segment, Stent) and segment.planned
    if stent is not None and not planned_only:
        if stent.frame is not None:
            yield Line("Narrowest at", f"{stent.frame + 1}", "Go to that frame", stent.frame)
        for name, quantity in (
            ("Expansion", stent.expansion_nominal),
            ("Expansion", stent.expansion_reference),
            ("Compression", stent.aspect),
            ("Compression", stent.over_nominal),
            ("In-stent tissue", stent.restenosis),
        ):
            if quantity is not None:
                yield line(name, _two_digits(quantity))
    yield from _edges(one)


def _two_digits(quantity: Quantity) -> Quantity:
    """Ratios below 1 as percentages: their ± would round to nothing."""
    if quantity.unit not in ("min / max", "min / nominal"):
        return quantity
    sigma = None if quantity.sigma is None else 100 * quantity.sigma
    return replace(quantity, value=100 * quantity.value, unit=f"% {quantity.unit}", sigma=sigma)


def _edges(one: SegmentFigures) -> Iterator[Line]:
    for covered in one.coverage:
        ends = (("centrally", covered.uncovered_central),
                ("peripherally", covered.uncovered_peripheral))  # fmt: skip
        bare = [f"{end.band_text} {where}" for where, end in ends if end.value > 0]
        text = f"uncovered {' and '.join(bare)}" if bare else "covered on both ends"
        tone = "warn" if bare else ""
        yield Line(covered.lesion, text, tip_of(covered.uncovered_central), tone=tone)
    for lap in one.overlaps:
        tone = "warn" if lap.warning else ""
        word = "overlap" if lap.length.value >= 0 else "gap"
        size = replace(lap.length, value=abs(lap.length.value))
        yield Line(f"With {lap.other}", f"{word} {size.band_text}", lap.warning, tone=tone)
    into = one.edges.into_ivc if one.edges is not None else None
    if into is not None:
        reaches = into.value > 0
        text = into.band_text if reaches else "does not reach it"
        yield Line("Into the IVC", text, tip_of(into), tone="warn" if reaches else "")
