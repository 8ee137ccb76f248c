"""Figures of a segment in words, for a panel: what each is, against what, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.measure.quantity import Quantity
from viewer.measure.stenosis import Comparison
from viewer.model.annotation import Against, Clot, FrameExtent, Stenosis, Stent

if TYPE_CHECKING:
    from viewer.session.figure_work import Figures
    from viewer.session.review_figures import SegmentFigures
    from viewer.session.session import Session

AGAINST_NAMES = {
    Against.NORMATIVE: "Normal minimum",
    Against.LOCAL: "Local",
    Against.INTERPOLATED: "Local, interpolated",
    Against.CONTRALATERAL: "Other side",
}


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure with a caption; the tip tells source, what it was measured on, who accepted it."""

    caption: str
    number: str
    unit: str
    tip: str


@dataclass(frozen=True, slots=True)
class AgainstRow:
    """One reference beside the others.

    Attributes
    ----------
    primary : bool
        The one its reader tells the narrowing by.
    detail : str
        "200 mm² · 16.0 mm", or why there is none.
    """

    against: Against
    name: str
    detail: str
    area: str
    diameter: str
    primary: bool
    usable: bool
    tip: str


@dataclass(frozen=True, slots=True)
class Line:
    """A name and what is said; `frame` is a frame of the shown pullback it leads to."""

    name: str
    text: str
    tip: str = ""
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a panel shows of one segment's figures.

    Attributes
    ----------
    fact : str
        What is usual in healthy people, beside the percentages; with its source.
    warnings : tuple of str
    unchecked : (int, int) or None
        First and last frame of its stretch when borders there wait to be accepted.
    """

    keys: tuple[KeyFigure, ...]
    lines: tuple[Line, ...]
    against: tuple[AgainstRow, ...]
    fact: str
    warnings: tuple[str, ...]
    unchecked: tuple[int, int] | None
    open_borders: int


def card_of(session: Session, figures: Figures, segment_id: str) -> Card | None:
    """The card of a segment; None for one that was made after the figures."""
    one = figures.review.of(segment_id)
    if one is None:
        return None
    if isinstance(one.segment, Stenosis):
        keys, lines = _stenosis_keys(one), tuple(_stenosis_lines(one))
    elif isinstance(one.segment, Clot):
        keys, lines = _clot_keys(one), tuple(_clot_lines(one))
    else:
        keys, lines = _stent_keys(one), tuple(_stent_lines(one))
    stretch, count = _unchecked(session, one)
    return Card(
        keys, lines, _against(one), _fact(one), _warnings(one), stretch if count else None, count
    )


# -- stenosis -----------------------------------------------------------------------------------
def _stenosis_keys(one: SegmentFigures) -> tuple[KeyFigure, ...]:
    told = one.stenosis
    return (
        _key("Minimum lumen area", None if told is None else told.area),
        _key("Min ⌀ there", None if told is None else told.min_diameter),
    )


def _stenosis_lines(one: SegmentFigures) -> Iterator[Line]:
    told = one.stenosis
    if told is not None and told.frame is not None:
        yield Line("MLA frame", f"{told.frame + 1}", "Go to the narrowest frame", told.frame)
    if told is not None and told.aspect is not None:
        shape = f"aspect {told.aspect.value:.2f}"
        if one.compression is not None:
            shape += f", pressed {one.compression.pattern.value}"
        yield Line("Shape", shape, told.aspect.source)
    if one.compression is not None and one.compression.ap is not None:
        across = one.compression.lateral
        wide = f" x {across.text} side to side" if across is not None else ""
        yield Line("Widths", f"{one.compression.ap.text} front to back{wide}")
    yield from _plan_lines(one)


def _plan_lines(one: SegmentFigures) -> Iterator[Line]:
    plan = one.plan
    if plan is None:
        return
    if plan.why_not:
        yield Line("Stent plan", plan.why_not)
    for name, zone in (("Lands centrally", plan.central), ("Lands peripherally", plan.peripheral)):
        if zone is not None:
            where = f"{zone.start_mm:.0f} to {zone.end_mm:.0f} mm, {zone.diameter.text}"
            yield Line(name, where, zone.healthy_from, zone.frames[0])
    size = [q.text for q in (plan.diameter, plan.length) if q is not None]
    if size:
        source = "; ".join(q.source for q in (plan.diameter, plan.length) if q is not None)
        yield Line("Size suggested", " x ".join(size), source)
    for warning in plan.warnings:
        yield Line("Plan, note", warning)


def _against(one: SegmentFigures) -> tuple[AgainstRow, ...]:
    if one.stenosis is None or not isinstance(one.segment, Stenosis):
        return ()
    return tuple(_row(c, one.segment.against) for c in one.stenosis.comparisons)


def _row(item: Comparison, chosen: Against) -> AgainstRow:
    reference = item.reference
    if reference is None:
        detail = item.why_not
    else:
        size = reference.min_diameter or reference.equivalent_diameter
        frames = ", ".join(f"{frame + 1}" for frame in reference.frames[:4])
        parts = [replace(reference.area, sigma=None).text, replace(size, sigma=None).text]
        parts += [f"f {frames}"] if frames else []
        parts += ["proposed"] if reference.frames and not reference.chosen else []
        detail = " · ".join(parts)
    told = [item.reference.label] if item.reference is not None else []
    told += [*(reference.warnings if reference is not None else ()), *item.over]
    return AgainstRow(
        item.against,
        AGAINST_NAMES[item.against],
        detail,
        _percent(item.percent_area),
        _percent(item.percent_diameter),
        item.against is chosen,
        reference is not None,
        "\n".join(told) or item.why_not,
    )


def _percent(quantity: Quantity | None) -> str:
    if quantity is None:
        return "–"
    sigma = "" if quantity.sigma is None else f" ± {quantity.sigma:.0f}"
    return f"{quantity.value:.0f}{sigma} %"


def _fact(one: SegmentFigures) -> str:
    if one.stenosis is None:
        return ""
    norm = next((item.norm for item in one.stenosis.comparisons if item.norm), "")
    return f"Beside it: {norm}. No cut-off is applied." if norm else ""


# -- clot ---------------------------------------------------------------------------------------
def _clot_keys(one: SegmentFigures) -> tuple[KeyFigure, ...]:
    clot = one.clot
    if clot is None:
        return (_key("Volume", None), _key("Lumen filled", None))
    volume = clot.volume
    if volume is not None and volume.unit == "mm³":
        sigma = None if volume.sigma is None else volume.sigma / 1000
        volume = replace(volume, value=volume.value / 1000, unit="mL", sigma=sigma)
    fraction = clot.fraction
    if fraction is not None and not fraction.unit.startswith("%"):
        sigma = None if fraction.sigma is None else 100 * fraction.sigma
        fraction = replace(fraction, value=100 * fraction.value, unit="%", sigma=sigma)
    return _key("Volume", volume), _key("Lumen filled", fraction)


def _clot_lines(one: SegmentFigures) -> Iterator[Line]:
    if one.clot is None or one.course is None:
        return
    yield Line("Filled by", one.course.fraction_from.value)
    if one.course.area_from:
        yield Line("Vein's area", one.course.area_from)
    cells = [cell for cell in one.clot.cells if cell.fraction is not None]
    if cells:
        shares = " ".join(f"{100 * (cell.fraction or 0):.0f}" for cell in cells)
        yield Line("% a cm", shares, "Share of the lumen filled, cm by cm from the centre")


# -- stent --------------------------------------------------------------------------------------
def _stent_keys(one: SegmentFigures) -> tuple[KeyFigure, ...]:
    stent = one.stent
    expansion = None
    if stent is not None:
        expansion = stent.expansion_nominal or stent.expansion_reference
    return (
        _key("Minimum stent area", None if stent is None else stent.min_area),
        _key("Expansion", expansion),
    )


def _stent_lines(one: SegmentFigures) -> Iterator[Line]:
    stent = one.stent
    if stent is not None:
        if stent.frame is not None:
            yield Line("Narrowest at", f"{stent.frame + 1}", "Go to that frame", stent.frame)
        rows = (
            ("Expansion, nominal", stent.expansion_nominal),
            ("Expansion, reference", stent.expansion_reference),
            ("Flattest aspect", stent.aspect),
            ("Min ⌀ / nominal", stent.over_nominal),
            ("In-stent tissue", stent.restenosis),
        )
        for name, quantity in rows:
            if quantity is not None:
                yield Line(name, quantity.text, quantity.source)
    for covered in one.coverage:
        ends = (("centrally", covered.uncovered_central),
                ("peripherally", covered.uncovered_peripheral))  # fmt: skip
        bare = [f"{end.text} {where}" for where, end in ends if end.value > 0]
        text = f"uncovered {' and '.join(bare)}" if bare else "covered on both ends"
        yield Line(covered.lesion, text, covered.uncovered_central.source)
    for overlap in one.overlaps:
        yield Line(f"With {overlap.other}", f"overlap {overlap.length.text}", overlap.warning)


# -- shared -------------------------------------------------------------------------------------
def _key(caption: str, quantity: Quantity | None) -> KeyFigure:
    if quantity is None:
        return KeyFigure(caption, "", "", "Not known yet")
    number, _, unit = quantity.text.partition(" ")
    tip = [quantity.source, quantity.on]
    tip += [f"accepted by {quantity.accepted_by}"] if quantity.accepted_by else ["not accepted"]
    return KeyFigure(caption, number, unit, "\n".join(word for word in tip if word))


def _warnings(one: SegmentFigures) -> tuple[str, ...]:
    told = list(one.warnings)
    told += one.stenosis.warnings if one.stenosis is not None else ()
    told += one.clot.warnings if one.clot is not None else ()
    told += one.stent.warnings if one.stent is not None else ()
    if one.edges is not None:
        told += [w for covered in one.coverage for w in covered.warnings]
        told += [o.warning for o in one.overlaps if o.warning]
    return tuple(dict.fromkeys(told))


def _unchecked(session: Session, one: SegmentFigures) -> tuple[tuple[int, int] | None, int]:
    """The stretch of frames a segment covers, and how many borders of it nobody accepted."""
    extent = one.segment.extent
    frames = session.segments.frames_of(one.segment)
    uid = session.cursor.pullback_uid
    if isinstance(extent, FrameExtent) and extent.pullback_uid != uid:
        return None, 0
    if frames is None or uid is None or isinstance(one.segment, Clot | Stent):
        return None, 0
    waiting = [
        contour
        for contour in session.review.contours_of(uid)
        if frames[0] <= contour.frame <= frames[1] and not contour.fixed
    ]
    return frames, len(waiting)
