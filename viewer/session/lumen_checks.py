"""Borders of the shown pullback that should be looked at first: stretches, reasons, how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.model.contour import Contour, ContourKind, ContourStatus

if TYPE_CHECKING:
    from viewer.session.session import Session

SURE = 0.7
"""An automatic border at least this sure, with nothing said against it, need not be looked at."""

UNSURE = "the search is not sure"


@dataclass(frozen=True, slots=True)
class ContourCount:
    """How many contours of a kind a pullback has, by who stands behind them."""

    auto: int
    edited: int
    accepted: int
    to_check: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.auto + self.edited + self.accepted

    @property
    def text(self) -> str:
        """In a line: "91 auto, 2 edited, 12 accepted"."""
        parts = ((self.auto, "auto"), (self.edited, "edited"), (self.accepted, "accepted"))
        return ", ".join(f"{n} {word}" for n, word in parts if n) or "none"


@dataclass(frozen=True, slots=True)
class CheckStretch:
    """Neighbouring frames whose automatic borders should be looked at for one reason.

    Attributes
    ----------
    first, last : int
        0-based, both included.
    frame : int
        The least sure of them.
    confidence : float or None
        There, 0 to 1.
    reason : str
        For people.
    """

    first: int
    last: int
    frame: int
    confidence: float | None
    reason: str

    @property
    def where(self) -> str:
        """1-based: "Frame 12" or "Frames 12–15"."""
        if self.first == self.last:
            return f"Frame {self.first + 1}"
        return f"Frames {self.first + 1}–{self.last + 1}"

    @property
    def how_sure(self) -> str:
        """As in "31 % sure"; empty where no confidence is known."""
        return "" if self.confidence is None else f"{100 * self.confidence:.0f} % sure"


@dataclass(frozen=True, slots=True)
class LumenChecks:
    """What is known of one kind of border on one pullback.

    Attributes
    ----------
    to_check : tuple of Contour
        Doubtful ones, the least sure first.
    stretches : tuple of CheckStretch
        The same frames joined, the least sure first.
    """

    count: ContourCount
    to_check: tuple[Contour, ...]
    stretches: tuple[CheckStretch, ...]


class LumenCheckList:
    """Works out the checks of the session's review, and keeps the last: asked at every scrub."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._contours: object = None
        self._kept: dict[tuple[str, ContourKind], LumenChecks] = {}

    def of(self, kind: ContourKind = ContourKind.LUMEN) -> LumenChecks:
        """Of one kind of border on the shown pullback."""
        review, uid = self._session.review, self._session.cursor.pullback_uid or ""
        if review.contours is not self._contours:
            self._contours = review.contours
            self._kept.clear()
        if (uid, kind) not in self._kept:
            self._kept[uid, kind] = checks_of(review.contours_of(uid, kind))
        return self._kept[uid, kind]


def doubtful(contour: Contour) -> bool:
    """Whether an automatic contour should be looked at."""
    if contour.fixed:
        return False
    return bool(contour.note) or (contour.confidence is not None and contour.confidence < SURE)


def checks_of(contours: tuple[Contour, ...]) -> LumenChecks:
    """Counts, doubtful contours and their stretches, of contours of one kind by frame."""
    by = [one.status for one in contours]
    doubts = [one for one in contours if doubtful(one)]
    count = ContourCount(
        by.count(ContourStatus.AUTO),
        by.count(ContourStatus.EDITED),
        by.count(ContourStatus.ACCEPTED),
        len(doubts),
    )
    runs: list[list[Contour]] = []
    for one in doubts:
        goes_on = runs and one.frame == runs[-1][-1].frame + 1 and one.note == runs[-1][-1].note
        if goes_on:
            runs[-1].append(one)
        else:
            runs.append([one])
    stretches = sorted(map(_stretch, runs), key=lambda s: (_of_one(s.confidence), s.first))
    return LumenChecks(count, tuple(sorted(doubts, key=_sureness)), tuple(stretches))


def _stretch(run: list[Contour]) -> CheckStretch:
    worst = min(run, key=_sureness)
    first, last = run[0].frame, run[-1].frame
    return CheckStretch(first, last, worst.frame, worst.confidence, worst.note or UNSURE)


def _sureness(contour: Contour) -> tuple[float, int]:
    return _of_one(contour.confidence), contour.frame


def _of_one(confidence: float | None) -> float:
    return 1.0 if confidence is None else confidence
