"""Clot from phase to phase in words and bars: volume, scores, clearance, patency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.measure.clearance import Clearance, LimbClot
from viewer.measure.clot_scores import Patency
from viewer.measure.quantity import Quantity
from viewer.model.anatomy import Side

if TYPE_CHECKING:
    from viewer.session.figure_work import Figures


@dataclass(frozen=True, slots=True)
class ClotBar:
    """One phase.

    Attributes
    ----------
    volume_ml, sigma_ml : float or None
        None where not known.
    share : float or None
        Percent of the first phase with clot.
    by_ivus : bool
        Its images hold a pullback; else it is estimated from a venogram.
    tip : str
        Scores with their source.
    """

    label: str
    volume_ml: float | None
    sigma_ml: float | None
    share: float | None
    by_ivus: bool
    tip: str


@dataclass(frozen=True, slots=True)
class ClotExtents:
    """Where clot lies in one phase: (start, end, share of the lumen or None), mm along the vein."""

    label: str
    spans: tuple[tuple[float, float, float | None], ...]


@dataclass(frozen=True, slots=True)
class ClearanceRow:
    """One figure of the last phase against the first."""

    scope: str
    what: str
    before: str
    after: str
    cleared: str
    grade: str
    tip: str


@dataclass(frozen=True, slots=True)
class ClotStory:
    """Everything about clot in a procedure, for one limb.

    Attributes
    ----------
    patency : tuple of (vein, before, after)
    residual : bool
        Clot is left after the last phase.
    """

    limb: str
    bars: tuple[ClotBar, ...]
    extents: tuple[ClotExtents, ...]
    rows: tuple[ClearanceRow, ...]
    patency: tuple[tuple[str, str, str], ...]
    passes: int
    residual: bool
    compared: str


def clot_story(figures: Figures) -> ClotStory | None:
    """The story of the limb with clot; None while no phase was looked through for clot."""
    review = figures.review
    assessed = [phase for phase in review.phases if phase.assessed]
    sides = [limb.side for phase in assessed for limb in review.limbs.get(phase.label, ())]
    if not assessed or not sides:
        return None
    side = max(set(sides), key=sides.count)
    bars: list[ClotBar] = []
    first: float | None = None
    for phase in assessed:
        limb = next((one for one in review.limbs.get(phase.label, ()) if one.side is side), None)
        volume = None if limb is None or limb.volume is None else limb.volume.value / 1000
        if volume is None and not any(b.clot_mm.value > 0 for b in phase.burdens):
            volume = 0.0
        first = volume if first is None and volume else first
        sigma = None
        if limb is not None and limb.volume is not None and limb.volume.sigma is not None:
            sigma = limb.volume.sigma / 1000
        share = 100 * volume / first if volume is not None and first else None
        pulled = "IVUS" in phase.label or any("pull" in name.lower() for name in phase.images)
        bars.append(ClotBar(phase.label, volume, sigma, share, pulled, _scores(limb)))
    last = review.clearances[-1] if review.clearances else None
    return ClotStory(
        {Side.LEFT: "left limb", Side.RIGHT: "right limb"}.get(side, "limb"),
        tuple(bars),
        tuple(_extents(figures, phase.label) for phase in assessed),
        _rows(last) if last is not None else (),
        _patency(last) if last is not None else (),
        review.passes,
        any(figure.residual for figure in last.figures) if last is not None else False,
        f"{last.before} → {last.after}" if last is not None else "",
    )


def _extents(figures: Figures, label: str) -> ClotExtents:
    spans = []
    for one in figures.review.segments:
        if one.course is None or one.span_mm is None or one.phase is None:
            continue
        own = f"{one.phase.value} {one.number}" if one.number else one.phase.value
        if own == label:
            share = one.clot.fraction if one.clot is not None else None
            spans.append((*one.span_mm, None if share is None else _part(share)))
    return ClotExtents(label, tuple(sorted(spans)))


def _part(share: Quantity) -> float:
    """A fraction occluded as a share from 0 to 1, whether told in percent or not."""
    return share.value / 100 if share.unit.startswith("%") else share.value


def _patency(clearance: Clearance) -> tuple[tuple[str, str, str], ...]:
    """Veins that either phase shows, before and after."""
    return tuple(
        (change.vein, change.before.value, change.after.value)
        for change in clearance.patency
        if {change.before, change.after} != {Patency.UNKNOWN}
    )


def _scores(limb: LimbClot | None) -> str:
    if limb is None:
        return "nothing of the limb was assessed"
    told = []
    for score in (limb.marder, limb.marder_proximal, limb.svs):
        points = "not known" if score.points is None else f"{score.points.value:.1f}"
        source = "" if score.points is None else f" ({score.points.source})"
        told.append(f"{score.name}: {points} of {score.most:.0f}{source}")
    return "\n".join(told)


def _rows(clearance: Clearance) -> tuple[ClearanceRow, ...]:
    found = []
    for figure in clearance.figures:
        if "limb" not in figure.scope:
            continue
        percent = figure.percent
        if percent is None:
            cleared = "–"
        else:
            sigma = "" if percent.sigma is None else f" ± {percent.sigma:.0f}"
            cleared = f"{percent.value:.0f}{sigma} %"
        found.append(
            ClearanceRow(
                figure.scope,
                figure.of,
                "–" if figure.before is None else figure.before.text,
                "–" if figure.after is None else figure.after.text,
                cleared,
                f"grade {figure.grade}" if figure.grade else "",
                figure.why_not or (percent.source if percent is not None else ""),
            )
        )
    return tuple(found)
