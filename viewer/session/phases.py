"""Which phase of the procedure an image set belongs to, guessed from words, order and times.

A guess only: a reader's own word (`Review.phase_of`) always wins.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from viewer.model.case import Case, Phase
from viewer.model.study import ImageSet, Pullback, Run

FOLLOW_UP_DAYS = 14
"""Images taken this long after the first are follow-up: lysis and its checks end in days."""

_WORDS: tuple[tuple[Phase, str], ...] = (
    (Phase.FOLLOW_UP, r"follow.?up|surveillance|\d+ ?(months?|weeks?)\b|\bfu\b"),
    (Phase.POSTDILATION, r"post.?dil"),
    (Phase.PREDILATION, r"pre.?dil"),
    (Phase.THROMBECTOMY, r"thrombectomy|aspirat|angiojet|clottriever|penumbra|indigo"),
    (Phase.LYSIS_CHECK, r"lysis|lytic|\btpa\b|\bekos\b"),
    (Phase.ACCESS, r"\baccess\b|puncture|sheath|navigation"),
)
_COMPLETION = re.compile(r"completion|\bfinal\b|after stent|post.?stent|\bpost\b|\bresult\b")
_INITIAL = re.compile(r"initial|diagnostic|baseline|\bpre\b|before|before stent|pre.?stent")
_STENT = re.compile(r"\bstent(ing|s)?\b|deploy")
_BALLOON = re.compile(r"balloon|angioplasty|\bpta\b|dilat")
_TREATMENTS = (
    Phase.LYSIS_CHECK, Phase.THROMBECTOMY, Phase.PREDILATION, Phase.STENT, Phase.POSTDILATION
)  # fmt: skip


def guess_phases(case: Case) -> dict[str, Phase]:
    """A phase for every image set of a case, by uid.

    Words in the descriptions come first; without any, a venogram or pullback is the initial one
    until something was treated and the completion one after that.
    """
    ordered = sorted(case.image_sets, key=_moment)
    first = next((day for item in ordered if (day := _day(item)) is not None), None)
    found: dict[str, Phase] = {}
    seen: set[Phase] = set()
    for item in ordered:
        phase = _by_words(item, seen)
        if phase is None and _later(first, _day(item)):
            phase = Phase.FOLLOW_UP
        phase = phase or _by_order(item, seen)
        found[item.uid] = phase
        seen.add(phase)
    return {item.uid: found[item.uid] for item in case.image_sets}


_NUMBER = re.compile(r"(?:pass|stent|thrombectomy|run)\D{0,3}(\d{1,2})\b")
NUMBERED = (Phase.THROMBECTOMY, Phase.STENT)


def guess_numbers(case: Case, phases: dict[str, Phase]) -> dict[str, int]:
    """Which pass or stent each image set shows, by uid: its words, else the order of the runs.

    A pullback belongs to the pass or stent before it; sets of other phases get 0.
    """
    found: dict[str, int] = {item.uid: 0 for item in case.image_sets}
    last: dict[Phase, int] = {}
    for item in sorted(case.image_sets, key=_moment):
        phase = phases.get(item.uid)
        if phase not in NUMBERED:
            continue
        words = f"{item.description} {item.phase_hint}".lower().replace("_", " ")
        said = _NUMBER.search(words)
        before = last.get(phase, 0)
        number = before if isinstance(item, Pullback) and before else before + 1
        found[item.uid] = last[phase] = int(said[1]) if said else number
    return found


def _by_words(item: ImageSet, seen: set[Phase]) -> Phase | None:
    if not isinstance(item, Run | Pullback):
        return None
    words = f"{item.description} {item.phase_hint}".lower().replace("_", " ")
    for phase, pattern in _WORDS:
        if re.search(pattern, words):
            return phase
    done, start = _whole(item)
    if _COMPLETION.search(words):
        return done
    if _INITIAL.search(words):
        return start
    if isinstance(item, Run) and _BALLOON.search(words):
        return Phase.POSTDILATION if Phase.STENT in seen else Phase.PREDILATION
    if isinstance(item, Run) and _STENT.search(words):
        return Phase.STENT
    return None


def _by_order(item: ImageSet, seen: set[Phase]) -> Phase:
    if not isinstance(item, Run | Pullback):
        return Phase.OTHER
    done, start = _whole(item)
    return done if seen.intersection(_TREATMENTS) else start


def _whole(item: Run | Pullback) -> tuple[Phase, Phase]:
    """Completion and initial phase of a kind of images."""
    if isinstance(item, Pullback):
        return Phase.COMPLETION_IVUS, Phase.INITIAL_IVUS
    return Phase.COMPLETION_VENOGRAM, Phase.INITIAL_VENOGRAM


def _moment(item: ImageSet) -> tuple[bool, datetime]:
    """Sorts sets without a time last, each in the order of the case."""
    when = item.acquired_at
    return (when is None, when.replace(tzinfo=None) if when else datetime.min)


def _day(item: ImageSet) -> date | None:
    if item.acquired_at is not None:
        return item.acquired_at.date()
    try:
        return datetime.strptime(item.study_date.replace("-", "")[:8], "%Y%m%d").date()
    except ValueError:
        return None


def _later(first: date | None, day: date | None) -> bool:
    return first is not None and day is not None and (day - first).days >= FOLLOW_UP_DAYS
