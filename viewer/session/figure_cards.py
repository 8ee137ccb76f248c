"""Figures of a segment in words, for a panel: what each is, against what, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viewer.measure.stenosis import Comparison
from viewer.model.annotation import (
    Against,
    AnySegment,
    Clot,
    FrameExtent,
    ReferenceFrame,
    Stenosis,
    Stent,
)
from viewer.session import clot_cards, stent_cards
from viewer.session.contents import image_title
from viewer.session.figure_lines import (
    AgainstRow,
    HeldFrame,
    KeyFigure,
    Line,
    Place,
    key,
    percent,
    tip_of,
)
from viewer.session.stent_cards import Planned

if TYPE_CHECKING:
    from viewer.session.clot_cards import Shares
    from viewer.session.figure_work import Figures
    from viewer.session.review_figures import SegmentFigures
    from viewer.session.session import Session

NOTABLE_MM = 0.2
"""A smaller diameter elsewhere in a lesion is told when it differs by more than this."""

AGAINST_NAMES = {
    Against.NORMATIVE: "Normal minimum",
    Against.LOCAL: "Local",
    Against.INTERPOLATED: "Local, interpolated",
    Against.CONTRALATERAL: "Other side",
}


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a panel shows of one segment's figures.

    Attributes
    ----------
    shape : tuple of Line
        MLA frame and shape of a stenosis; where the others have their narrowest.
    lines : tuple of Line
        What else was measured.
    held : tuple of HeldFrame
        Reference frames its reader chose.
    proposed : (str, tuple of int) or None
        Pullback and frames the program proposes instead, to be kept.
    plan : Planned or None
        A stent that could be planned over a stenosis.
    shares : Shares or None
        How full a clot is, cm by cm.
    places : tuple of Place
        The same place on other pullbacks.
    fact : str
        What is usual in healthy people, beside the percentages; with its source.
    unchecked : (int, int) or None
        First and last frame of its stretch when borders there wait to be accepted.
    """

    keys: tuple[KeyFigure, ...]
    shape: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()
    against: tuple[AgainstRow, ...] = ()
    held: tuple[HeldFrame, ...] = ()
    proposed: tuple[str, tuple[int, ...]] | None = None
    plan: Planned | None = None
    shares: Shares | None = None
    places: tuple[Place, ...] = ()
    fact: str = ""
    warnings: tuple[str, ...] = ()
    unchecked: tuple[int, int] | None = None
    open_borders: int = 0


def card_of(session: Session, figures: Figures, segment_id: str) -> Card | None:
    """The card of a segment; None for one that was made after the figures."""
    one = figures.review.of(segment_id)
    if one is None:
        return None
    stretch, count = _unchecked(session, one)
    shared = Card(
        (),
        places=() if isinstance(one.segment, Clot) else figures.same.get(segment_id, ()),
        held=_held(session, one),
        warnings=_warnings(one),
        unchecked=stretch if count else None,
        open_borders=count,
    )
    if isinstance(one.segment, Clot):
        lines = tuple(clot_cards.lines(one, figures.review))
        shares = clot_cards.shares(one)
        return replace(shared, keys=clot_cards.keys(one), lines=lines, shares=shares)
    if isinstance(one.segment, Stent):
        lines = tuple(stent_cards.lines(one))
        return replace(shared, keys=stent_cards.keys(one), lines=lines)
    return replace(
        shared,
        keys=_keys(one),
        shape=tuple(_shape(session, one)),
        against=_against(one),
        proposed=_proposed(session, one),
        plan=stent_cards.planned(one),
        fact=_fact(one),
    )


def row_figure(session: Session, segment: AnySegment) -> str:
    """What a list says of a segment: its smallest area, else its length; empty until known.

    A dot row stands for an area that is being measured anew.
    """
    work = session.figures
    figures = work.figures if work is not None else None
    one = figures.review.of(segment.id) if figures is not None else None
    if work is None or one is None:
        return ""
    area = one.stenosis.area if one.stenosis is not None else None
    area = one.stent.min_area if one.stent is not None else area
    if area is not None:
        return "…" if work.stale else area.text
    return "" if one.stretch is None or work.stale else one.stretch.length.band_text


# -- stenosis -----------------------------------------------------------------------------------
def _keys(one: SegmentFigures) -> tuple[KeyFigure, ...]:
    told, why = one.stenosis, "; ".join(one.warnings)
    return (
        key("Min lumen area", None if told is None else told.area, why),
        key("Min ⌀", None if told is None else told.min_diameter, why),
    )


def _shape(session: Session, one: SegmentFigures) -> Iterator[Line]:
    told, extent = one.stenosis, one.segment.extent
    if told is None or told.frame is None:
        return
    uid = extent.pullback_uid if isinstance(extent, FrameExtent) else ""
    at = f"{told.frame + 1}"
    if not uid or uid == session.cursor.pullback_uid:
        place = session.placing.text(told.frame)
        at += f" · {place}" if session.position_map is not None else ""
    yield Line("MLA frame", at, "Go to the narrowest frame", told.frame, uid)
    if told.aspect is not None:
        yield Line("Shape", *_shape_words(one, told.aspect.value))
    least, there = told.smallest_diameter, told.min_diameter
    if least is not None and there is not None and least.value < there.value - NOTABLE_MM:
        yield Line("Smallest ⌀", f"{least.text}, elsewhere in it", tip_of(least))


def _shape_words(one: SegmentFigures, aspect: float) -> tuple[str, str]:
    """Aspect and, once the pullback's rotation is known, from where it is pressed."""
    pressed = one.compression
    if pressed is None:
        return f"aspect {aspect:.2f}", "smallest over largest diameter"
    text, tip = f"aspect {aspect:.2f}, {pressed.pattern.value}", tip_of(pressed.aspect)
    if pressed.ap is None or pressed.lateral is None:
        flat = f"aspect {aspect:.2f} · direction unknown: rotation not set"
        return flat, f"{tip}\nSet the pullback's rotation to learn where it is pressed from"
    return text, f"{tip}\n{pressed.ap.text} front to back, {pressed.lateral.text} side to side"


def _against(one: SegmentFigures) -> tuple[AgainstRow, ...]:
    if one.stenosis is None or not isinstance(one.segment, Stenosis):
        return ()
    return tuple(_row(c, one.segment.against) for c in one.stenosis.comparisons)


def _row(item: Comparison, chosen: Against) -> AgainstRow:
    reference, name, wrong = item.reference, AGAINST_NAMES[item.against], ""
    if reference is None:
        apart = item.against is Against.CONTRALATERAL
        detail = "no frame of it is chosen" if apart else item.why_not
    else:
        size = reference.min_diameter or reference.equivalent_diameter
        frames = ", ".join(f"{frame + 1}" for frame in reference.frames[:4])
        parts = [replace(reference.area, sigma=None).text, replace(size, sigma=None).text]
        parts += [f"f {frames}"] if frames else []
        parts += ["proposed"] if reference.frames and not reference.chosen else []
        detail, wrong = " · ".join(parts), "; ".join(reference.warnings)
    told = [reference.label] if reference is not None else [item.why_not]
    told += [tip_of(q) for q in (item.percent_area, item.percent_diameter) if q is not None][:1]
    return AgainstRow(
        item.against,
        name,
        detail,
        percent(item.percent_area),
        percent(item.percent_diameter),
        item.against is chosen,
        reference is not None,
        "\n".join([*told, *item.over]),
        wrong,
    )


def _fact(one: SegmentFigures) -> str:
    if one.stenosis is None:
        return ""
    norm = next((item.norm for item in one.stenosis.comparisons if item.norm), "")
    return f"Published, {norm}. No cut-off is applied." if norm else ""


def _held(session: Session, one: SegmentFigures) -> tuple[HeldFrame, ...]:
    """The reader's reference frames, those inside the lesion with a word."""
    segment = one.segment
    if not isinstance(segment, Stenosis | Stent):
        return ()
    return tuple(
        HeldFrame(ref, _frame_words(session, segment, ref), _wrong(segment, ref))
        for ref in segment.references
    )


def _frame_words(session: Session, segment: Stenosis | Stent, reference: ReferenceFrame) -> str:
    extent = segment.extent
    words = f"Frame {reference.frame + 1}"
    if isinstance(extent, FrameExtent) and reference.pullback_uid != extent.pullback_uid:
        item = session.case.find(reference.pullback_uid)
        words += f", {image_title(item)}" if item is not None else ", images not open"
    return words


def _wrong(segment: Stenosis | Stent, reference: ReferenceFrame) -> str:
    extent = segment.extent
    if not isinstance(extent, FrameExtent) or reference.pullback_uid != extent.pullback_uid:
        return ""
    inside = extent.first <= reference.frame <= extent.last
    return "lies inside the marked stretch" if inside else ""


def _proposed(session: Session, one: SegmentFigures) -> tuple[str, tuple[int, ...]] | None:
    """Frames on both sides that are proposed and nobody chose."""
    extent, uid = one.segment.extent, session.cursor.pullback_uid
    uid = extent.pullback_uid if isinstance(extent, FrameExtent) else uid
    for item in one.stenosis.comparisons if one.stenosis is not None else ():
        reference = item.reference
        if item.against is Against.LOCAL and reference is not None and uid is not None:
            return (uid, reference.frames) if not reference.chosen else None
    return None


# -- shared -------------------------------------------------------------------------------------
def _warnings(one: SegmentFigures) -> tuple[str, ...]:
    planned = isinstance(one.segment, Stent) and one.segment.planned
    told = list(one.warnings)
    told += one.stenosis.warnings if one.stenosis is not None else ()
    told += one.clot.warnings if one.clot is not None else ()
    told += one.stent.warnings if one.stent is not None and not planned else ()
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
