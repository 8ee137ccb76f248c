"""Figures of a clot in words, and how full it is cm by cm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.measure.clot import FractionFrom
from viewer.measure.quantity import Quantity
from viewer.model.anatomy import vein_label
from viewer.session.figure_lines import KeyFigure, Line, key, line, tip_of

if TYPE_CHECKING:
    from viewer.measure.clot_scores import Score
    from viewer.session.review_figures import ReviewFigures, SegmentFigures

ML = 1000.0
"""mm³ in a millilitre."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How full a clot is, in pieces of a cm from its central end.

    Attributes
    ----------
    ends_mm : tuple of (float, float)
        Positions of each piece along the vein.
    filled : tuple of float or None
        0 to 1; None where it is not known.
    by_hand : bool
        Whether a reader gives them; False while borders tell.
    source : str
    """

    ends_mm: tuple[tuple[float, float], ...]
    filled: tuple[float | None, ...]
    by_hand: bool
    source: str


def keys(one: SegmentFigures) -> tuple[KeyFigure, ...]:
    """Volume and how much of the lumen is filled."""
    clot, why = one.clot, "; ".join(one.warnings)
    if clot is None:
        return key("Volume", None, why), key("Lumen filled", None, why)
    filled = None if clot.fraction is None else replace(clot.fraction, unit="%")
    return key("Volume", millilitres(clot.volume), why), key("Lumen filled", filled, why)


def millilitres(volume: Quantity | None) -> Quantity | None:
    """A volume in mm³ as people say it."""
    if volume is None or volume.unit != "mm³":
        return volume
    sigma = None if volume.sigma is None else volume.sigma / ML
    return replace(volume, value=volume.value / ML, unit="mL", sigma=sigma)


def lines(one: SegmentFigures, figures: ReviewFigures) -> Iterator[Line]:
    """What shares, volume and scores rest on."""
    if one.clot is None or one.course is None:
        return
    yield Line("Filled by", one.course.fraction_from.value)
    if one.course.area_from:
        yield Line("Vein's area", one.course.area_from)
    phase = next(
        (p for p in figures.phases if (p.phase, p.number) == (one.phase, one.number)), None
    )
    limbs = figures.limbs.get(phase.label, ()) if phase is not None else ()
    own = {(vein, one.side) for vein in one.course.veins}
    for burden in phase.burdens if phase is not None else ():
        if (burden.seen.vein, burden.seen.side) in own and burden.filled_mm is not None:
            text = f"{burden.filled_mm.value:.0f} mm filled · {burden.patency.value}"
            name = vein_label(burden.seen.vein, burden.seen.side)
            yield Line(
                name, text, f"All clot of the phase in this vein\n{tip_of(burden.filled_mm)}"
            )
    for limb in limbs:
        if limb.side is one.side:
            yield _score("Marder, limb", limb.marder)
            yield _score("SVS/ISCVS, limb", limb.svs)


def _score(name: str, score: Score) -> Line:
    """A limb's score in the phase, and what each group of veins adds to it."""
    parts = [
        f"{group.name.replace('_', ' ')} {group.points.value:.1f} of {group.most:g}"
        for group in score.groups
        if group.points is not None
    ]
    lacking = ", ".join(group.replace("_", " ") for group in score.unknown)
    tip = "\n".join([*parts, f"not assessed: {lacking}"] if lacking else parts)
    if score.points is None:
        return Line(name, "not assessed", tip)
    made = line(name, score.points)
    return replace(made, text=f"{made.text} of {score.most:g}", tip=f"{tip}\n{made.tip}")


def shares(one: SegmentFigures) -> Shares | None:
    """Pieces of a cm, the central one first; None while its place in mm is not known."""
    if one.clot is None or one.course is None:
        return None
    cells, told = one.clot.cells, one.course.fraction_from
    return Shares(
        tuple((cell.start_mm, cell.end_mm) for cell in cells),
        tuple(cell.fraction for cell in cells),
        told is not FractionFrom.CONTOURS,
        told.value,
    )
