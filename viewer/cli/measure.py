"""``caval measure REVIEW [--images PATH]``: every number a review's marks and contours tell."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from viewer.cli import EXIT_DONE, EXIT_PARTLY, complain, existing_path, print_json
from viewer.errors import UnreadableError

if TYPE_CHECKING:
    from viewer.measure.agreement import Agreement
    from viewer.measure.clearance import PhaseClot
    from viewer.session.review_figures import ReviewFigures, SegmentFigures
    from viewer.session.session import Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("review", type=existing_path, metavar="REVIEW", help="a *.caval.json file")
    parser.add_argument(
        "--images",
        nargs="+",
        action="extend",
        default=[],
        type=existing_path,
        metavar="PATH",
        help="where the review's images are, when the library doesn't know",
    )
    parser.add_argument(
        "--references",
        type=existing_path,
        metavar="TOML",
        help="your site's norms and cut-offs, in place of those in the data folder",
    )
    parser.add_argument(
        "--against",
        type=existing_path,
        metavar="REVIEW",
        help="another review of the same pullbacks: agreement of the two",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from viewer.cli.export import open_review, tell_missing
    from viewer.measure.references import reference_values
    from viewer.session.pull_gathering import gather_positions
    from viewer.session.review_figures import review_figures

    values = reference_values(args.references)
    session, skipped = open_review(args.review, args.images)
    if session.review.segments:
        gather_positions(session)
    figures = review_figures(session, values)
    answer = answer_of(figures)
    if args.against is not None:
        other, _ = open_review(args.against, args.images)
        answer["agreement"] = _agreements(figures, review_figures(other, values), session)
    if args.json:
        print_json(answer)
    else:
        _tell(figures, answer)
    missing = session.missing_images()
    tell_missing(missing, skipped)
    return EXIT_PARTLY if missing else EXIT_DONE


def answer_of(figures: ReviewFigures) -> dict[str, Any]:
    """The JSON object of the verb: fields may be added, none renamed or dropped."""
    segments = [_segment(one) for one in figures.segments]
    return {
        "segments": segments,
        "clot": {
            "segments": [one for one in segments if one["kind"] == "clot"],
            "limbs": [
                {"phase": phase, **plain(limb)}
                for phase, limbs in figures.limbs.items()
                for limb in limbs
            ],
            "clearance": plain(figures.clearances),
            "passes": figures.passes,
            "residual": _residual(figures),
        },
        "stents": [one for one in segments if one["kind"] == "stent"],
        "phases": [_phase(phase, figures) for phase in figures.phases],
    }


def _segment(one: SegmentFigures) -> dict[str, Any]:
    segment, stretch = one.segment, one.stretch
    told: dict[str, Any] = {
        "id": segment.id,
        "name": segment.name,
        "kind": segment.kind,
        "vein": segment.vein.value or None,
        "side": one.side.value or None,
        "phase": one.phase.value if one.phase is not None else None,
        "number": one.number,
        "frames": list(stretch.frames) if stretch is not None and stretch.frames else None,
        "start_mm": None if one.span_mm is None else one.span_mm[0],
        "end_mm": None if one.span_mm is None else one.span_mm[1],
        "position_zero": one.zero or None,
        "length": None if stretch is None else plain(stretch.length),
        "pull_length": None if stretch is None else plain(stretch.pull_length),
        "warnings": list(one.warnings),
    }
    if segment.kind == "stenosis":
        from viewer.session.vein_widths import beside_ivus

        told |= {
            "cause": segment.cause.value or None,
            "stenosis": plain(one.stenosis),
            "compression": plain(one.compression),
            "stent_plan": plain(one.plan),
            "venogram": plain(one.venogram),
            "ivus_less_venogram": dict(plain(beside_ivus(one.stenosis, one.venogram))),
        }
    elif segment.kind == "clot":
        told |= {
            "age": segment.age.value or None,
            "age_scheme": segment.age_scheme if segment.age.value else None,
            "age_basis": segment.age_basis.value or None,
            "occlusion": segment.occlusion.value or None,
            "clot": plain(one.clot),
        }
    else:
        told |= {
            "product": segment.product or None,
            "planned": segment.planned,
            "nominal_diameter_mm": segment.nominal_diameter_mm,
            "nominal_length_mm": segment.nominal_length_mm,
            "stent": plain(one.stent),
            "coverage": plain(one.coverage),
            "overlaps": plain(one.overlaps),
            "into_ivc": None if one.edges is None else plain(one.edges.into_ivc),
        }
    return told


def _phase(phase: PhaseClot, figures: ReviewFigures) -> dict[str, Any]:
    cleared = next((c for c in figures.clearances if c.after == phase.label), None)
    return {
        "phase": phase.phase.value,
        "number": phase.number,
        "label": phase.label,
        "images": list(phase.images),
        "assessed": phase.assessed,
        "extents": [
            {"segment": one.segment.id, "start_mm": one.span_mm[0], "end_mm": one.span_mm[1]}
            for one in figures.segments
            if one.course is not None
            and one.span_mm is not None
            and (one.phase, one.number) == (phase.phase, phase.number)
        ],
        "veins": plain(phase.burdens) if phase.assessed else None,
        "limbs": plain(figures.limbs.get(phase.label)),
        "clearance": plain(cleared),
    }


def _residual(figures: ReviewFigures) -> bool | None:
    """Whether clot is left in the last phase that was assessed; None without one."""
    last = next((phase for phase in reversed(figures.phases) if phase.assessed), None)
    return None if last is None else any(b.clot_mm.value > 0 for b in last.burdens)


def plain(value: Any) -> Any:
    """What JSON can hold: dataclasses by field, quantities in full, unknown numbers as null."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        told = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        if "accepted_by" in told and "unit" in told:
            told["measured_on"] = told.pop("on") or None
            told["accepted_by"] = told["accepted_by"] or None
        return told
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return [plain(item) for item in value]


# -- agreement ----------------------------------------------------------------------------------
def _agreements(one: ReviewFigures, other: ReviewFigures, session: Session) -> list[dict[str, Any]]:
    """Areas and diameters of the frames both reviews outlined, pullback by pullback."""
    from viewer.session.reader_agreement import agreements

    found = agreements(one, other)
    if not found:
        raise UnreadableError(
            "the two reviews share no pullback with outlines of the same kind",
            "give two reviews of the same pullback",
        )
    names = {pullback.uid: pullback.description for pullback in session.case.pullbacks}
    return [
        {
            "pullback": names.get(row.uid, "") or row.uid,
            "contour": row.contour,
            "figure": row.figure,
            **_agreement(row.found),
        }
        for row in found
    ]


def _agreement(result: Agreement | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {"why_not": result}
    told: dict[str, Any] = plain(result)
    return told


# -- words --------------------------------------------------------------------------------------
def _tell(figures: ReviewFigures, answer: Mapping[str, Any]) -> None:
    for one in figures.segments:
        length = one.stretch.length.text if one.stretch is not None else "length not known"
        print(f"{one.segment.name} ({one.segment.kind}): {length}")
        for line in (*_lines(one), *one.warnings):
            print(f"  {line}")
    for clearance in figures.clearances:
        print(f"{clearance.before} to {clearance.after}")
        for cleared in clearance.figures:
            if cleared.percent is None:
                print(f"  {cleared.scope}, {cleared.of}: not known ({cleared.why_not})")
            else:
                grade = f"grade {cleared.grade}" + (", clot left" if cleared.residual else "")
                print(f"  {cleared.scope}, {cleared.of}: {cleared.percent.text}, {grade}")
    for row in answer.get("agreement", ()):
        print(f"{row['pullback']}, {row['contour']} {row['figure']}: {_agreement_words(row)}")
    if not figures.segments:
        complain("the review has no segments: nothing to measure")


def _agreement_words(row: Mapping[str, Any]) -> str:
    if "why_not" in row:
        return str(row["why_not"])
    low, high = row["limits"]
    icc = "not known" if row["icc"] is None else f"{row['icc']:.3f}"
    unit = row["unit"]
    return (
        f"bias {row['bias']:.2f} {unit}, limits {low:.2f} to {high:.2f} {unit}, "
        f"ICC(2,1) {icc}, {row['n']} frames"
    )


def _lines(one: SegmentFigures) -> list[str]:
    if one.stenosis is not None:
        return _stenosis_lines(one)
    if one.clot is not None:
        known = [q.text for q in (one.clot.fraction, one.clot.volume) if q is not None]
        return [*known, *one.clot.warnings]
    if one.stent is not None:
        made = one.stent
        parts = (made.min_area, made.expansion_nominal, made.aspect, made.restenosis)
        return [*(q.text for q in parts if q is not None), *made.warnings]
    return []


def _stenosis_lines(one: SegmentFigures) -> list[str]:
    figures = one.stenosis
    if figures is None or figures.area is None or figures.frame is None:
        return list(figures.warnings) if figures is not None else []
    lines = [f"narrowest: {figures.area.text}, frame {figures.frame + 1}"]
    for comparison in figures.comparisons:
        if comparison.percent_area is None or comparison.reference is None:
            lines.append(f"{comparison.against}: not known ({comparison.why_not})")
            continue
        parts = [comparison.percent_area.text]
        if comparison.percent_diameter is not None:
            parts.append(comparison.percent_diameter.text)
        lines.append(f"{', '.join(parts)}: {comparison.reference.label}")
        more = (comparison.norm, *comparison.over, *comparison.reference.warnings)
        lines += [f"  {word}" for word in more if word]
    if one.compression is not None:
        lines.append(f"pressed: {one.compression.pattern}")
    return [*lines, *figures.warnings]
