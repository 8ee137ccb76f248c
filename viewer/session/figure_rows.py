"""Rows of ``figures.csv``: every derived number of a review, one a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.measure.clearance import Clearance, LimbClot, PhaseClot
from viewer.measure.quantity import Quantity
from viewer.measure.stenosis import StenosisFigures
from viewer.report.tables import FigureRow
from viewer.session.review_figures import ReviewFigures, SegmentFigures, review_figures
from viewer.session.vein_widths import beside_ivus

if TYPE_CHECKING:
    from viewer.session.session import Session

Named = tuple[str, Quantity | None, str, str]
"""Figure, its number, what it is held against, a remark."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """What rows are of."""

    subject: str
    kind: str
    vein: str = ""
    side: str = ""
    phase: str = ""
    segment_id: str = ""

    def row(self, figure: Named) -> FigureRow:
        name, number, reference, remark = figure
        return FigureRow(
            subject=self.subject,
            kind=self.kind,
            vein=self.vein,
            side=self.side,
            phase=self.phase,
            figure=name,
            value=None if number is None else number.value,
            unit="" if number is None else number.unit,
            sigma=None if number is None else number.sigma,
            reference=reference,
            measured_on="" if number is None else number.on,
            source="" if number is None else number.source,
            accepted_by="" if number is None else number.accepted_by,
            remark=remark,
            segment_id=self.segment_id,
        )


def figure_rows(session: Session) -> Iterator[FigureRow]:
    """Figures of every segment, of clot by phase, vein and limb, and what was cleared."""
    if session.review.segments or session.review.clot_checked:
        yield from rows_of(review_figures(session))


def rows_of(figures: ReviewFigures) -> Iterator[FigureRow]:
    """The same of figures that are at hand."""
    for one in figures.segments:
        subject = _subject(one)
        for named in (*_of_segment(one), *_remarks(one)):
            yield subject.row(named)
    for phase in figures.phases:
        yield from _phase_rows(phase, figures.limbs.get(phase.label, ()))
    for clearance in figures.clearances:
        yield from _clearance_rows(clearance)
    if figures.phases:
        count = Quantity(float(figures.passes), "passes", None, "thrombectomy phases")
        yield _Subject("procedure", "clearance").row(("thrombectomy passes", count, "", ""))


def _subject(one: SegmentFigures) -> _Subject:
    segment, phase = one.segment, one.phase
    label = "" if phase is None else f"{phase.value} {one.number or ''}".strip()
    return _Subject(
        segment.name, segment.kind, segment.vein.value, one.side.value, label, segment.id
    )


def _of_segment(one: SegmentFigures) -> Iterator[Named]:
    if one.stretch is not None:
        yield "length", one.stretch.length, "", ""
    if one.stenosis is not None:
        yield from _stenosis(one.stenosis)
    if one.compression is not None:
        pressed = one.compression
        yield "front-to-back diameter", pressed.ap, "", f"pressed: {pressed.pattern}"
        yield "side-to-side diameter", pressed.lateral, "", f"pressed: {pressed.pattern}"
    if one.venogram is not None:
        yield from _venogram(one)
    if one.clot is not None:
        yield "fraction occluded", one.clot.fraction, "", ""
        yield "volume", one.clot.volume, "", ""
        for cell in one.clot.cells:
            share = None
            if cell.fraction is not None:
                share = Quantity(100.0 * cell.fraction, "% of the lumen", None, "mean of the cm")
            place = f"{cell.start_mm:.0f} to {cell.end_mm:.0f} mm from the {one.zero}"
            yield "fraction occluded, cm by cm", share, "", place
    yield from _stent(one)


def _venogram(one: SegmentFigures) -> Iterator[Named]:
    told = one.venogram
    if told is None:
        return
    remark = "; ".join(told.warnings)
    yield "venogram: smallest width", told.min_width, "", remark
    yield "venogram: reference width", told.reference, "interpolated", ""
    yield "venogram: diameter stenosis", told.percent_diameter, "interpolated", ""
    yield "venogram: area stenosis by density", told.percent_area_density, "interpolated", ""
    yield "venogram: length", told.length, "", ""
    for name, off in beside_ivus(one.stenosis, told):
        yield f"IVUS {name} less venogram width", off, "", ""


def _stenosis(figures: StenosisFigures) -> Iterator[Named]:
    yield "minimum lumen area", figures.area, "", ""
    yield "smallest diameter there", figures.min_diameter, "", ""
    yield "largest diameter there", figures.max_diameter, "", ""
    yield "aspect there", figures.aspect, "", ""
    yield "smallest diameter of all", figures.smallest_diameter, "", ""
    for one in figures.comparisons:
        reference = one.reference
        held = one.against if reference is None else reference.label
        said = (*one.over, *(() if reference is None else reference.warnings))
        remark = one.why_not or "; ".join(word for word in (one.norm, *said) if word)
        yield "area stenosis", one.percent_area, held, remark
        if reference is not None:
            yield "reference area", reference.area, held, ""
            yield "diameter stenosis", one.percent_diameter, held, ""
            yield "diameter stenosis, equal circles", one.percent_equivalent_diameter, held, ""


def _stent(one: SegmentFigures) -> Iterator[Named]:
    made = one.stent
    if made is not None:
        yield "minimum stent area", made.min_area, "", ""
        yield "expansion against nominal", made.expansion_nominal, "nominal diameter", ""
        yield "expansion against reference", made.expansion_reference, "reference frames", ""
        yield "compression, flattest frame", made.aspect, "", ""
        yield "compression against nominal", made.over_nominal, "nominal diameter", ""
        yield "in-stent restenosis", made.restenosis, "stent contour", ""
    for cover in one.coverage:
        yield "uncovered, central", cover.uncovered_central, cover.lesion, ""
        yield "uncovered, peripheral", cover.uncovered_peripheral, cover.lesion, ""
    for lap in one.overlaps:
        yield "overlap", lap.length, lap.other, lap.warning
    if one.edges is not None and one.edges.into_ivc is not None:
        yield "extension into the IVC", one.edges.into_ivc, "iliac confluence", ""


def _remarks(one: SegmentFigures) -> Iterator[Named]:
    told = [*one.warnings]
    for figures in (one.stenosis, one.clot, one.stent):
        told += figures.warnings if figures is not None else ()
    for remark in told:
        yield "remark", None, "", remark


def _phase_rows(phase: PhaseClot, limbs: Iterable[LimbClot]) -> Iterator[FigureRow]:
    for burden in phase.burdens:
        subject = _Subject(
            burden.label,
            "clot by vein",
            burden.seen.vein.value,
            burden.seen.side.value,
            phase.label,
        )
        for named in (
            ("length with clot", burden.clot_mm, "", burden.patency.value),
            ("filled length", burden.filled_mm, "", ""),
            ("occluded length", burden.occlusive_mm, "", ""),
            ("volume", burden.volume, "", ""),
        ):
            yield subject.row(named)
    for limb in limbs:
        subject = _Subject(
            f"{limb.side.value} limb".strip(), "clot by limb", "", limb.side.value, phase.label
        )
        yield subject.row(("volume", limb.volume, "", ""))
        yield subject.row(("length with clot", limb.length, "", ""))
        for score in (limb.marder, limb.marder_proximal, limb.svs):
            lacking = ", ".join(name.replace("_", " ") for name in score.unknown)
            remark = f"not assessed: {lacking}" if lacking else ""
            held = f"of {score.most:g} points"
            yield subject.row((score.name, score.points, held, remark))


def _clearance_rows(clearance: Clearance) -> Iterator[FigureRow]:
    for cleared in clearance.figures:
        subject = _Subject(cleared.scope, "clearance", phase=clearance.after)
        words = [cleared.why_not, f"grade {cleared.grade}" if cleared.grade else ""]
        words.append("clot left" if cleared.residual else "")
        remark = "; ".join(word for word in words if word)
        named = (f"cleared, {cleared.of}", cleared.percent, clearance.before, remark)
        yield subject.row(named)
    for change in clearance.patency:
        subject = _Subject(change.vein, "patency", phase=clearance.after)
        row = subject.row(("patency", None, clearance.before, ""))
        yield replace(row, remark=f"{change.before} before, {change.after} after")
