"""Every figure of the review, worked out on a worker and kept while what it rests on holds."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from viewer.errors import UnreadableError, ViewerError
from viewer.geometry.position_map import PositionMap
from viewer.measure.narrowings import Candidate
from viewer.measure.references import reference_values
from viewer.session.exporting import second_session
from viewer.session.figure_lines import Place
from viewer.session.frame_cache import Frame
from viewer.session.lumen_graph import LumenGraph, NarrowMark, NormLine, narrow_marks, norm_lines
from viewer.session.lumen_graph import lumen_graph as graph_of
from viewer.session.review_figures import ReviewFigures, review_figures, suggested_narrowings
from viewer.session.same_place import same_places
from viewer.session.shared_axis import FramePlaces, RunCourse, vein_courses

if TYPE_CHECKING:
    from viewer.measure.references import ReferenceValues
    from viewer.session.frame_loader import FrameLoader
    from viewer.session.session import Session

_log = logging.getLogger(__name__)

_KIND = "figures"


@dataclass(frozen=True, eq=False)
class Figures:
    """What was worked out of one state of the review.

    Attributes
    ----------
    suggested : tuple of Candidate
        Narrowings of the shown pullback nobody marked or rejected.
    places : mapping of str to FramePlaces
        Where the frames of each tied pullback lie, by its uid.
    courses : mapping of str to RunCourse
        Where each mm of the vein lies on each run, by its uid.
    same : mapping of segment id to tuple of Place
        The same stretch on every pullback that shows it.
    """

    review: ReviewFigures
    graph: LumenGraph | None
    norms: tuple[NormLine, ...]
    marks: tuple[NarrowMark, ...]
    suggested: tuple[Candidate, ...]
    places: Mapping[str, FramePlaces]
    courses: Mapping[str, RunCourse]
    same: Mapping[str, tuple[Place, ...]]


class FigureWork:
    """The figures of one session, for panels and graphs.

    Attributes
    ----------
    changed : Signal()
        Figures came, or those that are shown are out of date.
    """

    changed = Signal()

    def __init__(self, session: Session, loader: FrameLoader) -> None:
        self._session, self._loader = session, loader
        self._made: Figures | None = None
        self._of: tuple[object, ...] = ()
        self._doing: tuple[object, ...] | None = None
        self.problem = ""
        self._asked = False
        for signal in (session.case_changed, session.review_changed, session.link_changed):
            signal.connect(self._on_change)
        session.committed.connect(self._on_change)
        session.profile_changed.connect(self._on_change)
        session.cursor_changed.connect(self._on_cursor)

    # -- what is known --------------------------------------------------------------------------
    @property
    def figures(self) -> Figures | None:
        """The newest figures; out of date while `stale`. Asked for once, they are kept true."""
        if not self._asked:
            self._asked = True
            self._start()
        return self._made

    @property
    def wanted(self) -> bool:
        """Whether there is anything to measure."""
        review = self._session.review
        return bool(review.segments or review.contours)

    @property
    def stale(self) -> bool:
        """Whether newer figures are on their way."""
        return self._doing is not None or (self._asked and self._of != self._key())

    @property
    def values(self) -> ReferenceValues:
        """Norms and cut-offs in force; the site's own in place of the program's."""
        return reference_values()

    # -- working out ----------------------------------------------------------------------------
    def _key(self) -> tuple[object, ...]:
        session = self._session
        review = session.review
        position = session.position_map
        return (
            session.cursor.pullback_uid, session.cursor.run_uid, len(session.case.image_sets),
            id(position), self._widths(), review.segments, review.contours, review.phases,
            review.clot_checked,
            review.calibrations, review.centerlines, review.coregistrations, review.rotations,
            review.measurements, review.rejected_narrowings, review.rates,
        )  # fmt: skip

    def _widths(self) -> int:
        """Which measured widths of the shown vein figures rest on."""
        line = self._session.current_centerline
        if line is None or line.run_uid != self._session.cursor.run_uid:
            return 0
        return id(self._session.vessel_profile(line.run_uid, line.id))

    def _on_cursor(self, *_: object) -> None:
        shown = (self._session.cursor.pullback_uid, self._session.cursor.run_uid)
        if self._of[:2] != shown:
            self._on_change()

    def _on_change(self, *_: object) -> None:
        if self._asked and not self._session.in_gesture:
            self._start()

    def _start(self) -> None:
        session, key = self._session, self._key()
        item = session.pullback or session.run
        if self._doing is not None or key == self._of:
            return
        if item is None or not self.wanted:
            self._take(key, None, "")
            return
        other = second_session(session)
        other.cursor = session.cursor
        position = session.position_map
        if isinstance(position, PositionMap) and session.run and session.pullback:
            other.placed[session.run.uid, session.pullback.uid] = position
        line = session.current_centerline
        profile = session.vessel_profile(line.run_uid, line.id) if line is not None else None
        if line is not None and profile is not None:
            other.profiles[line.run_uid, line.id] = profile
        answers: list[Figures | ViewerError] = []
        self._doing = key

        def visit(_: int, _pixels: Frame | UnreadableError) -> None:
            try:
                answers.append(_worked_out(other))
            except ViewerError as error:
                answers.append(error)

        def finished(error: UnreadableError | None) -> None:
            self._doing = None
            answer = answers[0] if answers else error
            if isinstance(answer, Figures):
                self._take(key, answer, "")
            else:
                _log.warning("figures could not be worked out: %s", answer)
                self._take(key, None, str(answer or ""))
            self._on_change()

        frame = session.cursor.pullback_frame if session.pullback else session.cursor.run_frame
        self._loader.submit_background(_KIND, item, (frame,), visit, finished=finished)
        self.changed.emit()

    def _take(self, key: tuple[object, ...], made: Figures | None, problem: str) -> None:
        self._of, self._made, self.problem = key, made, problem
        self.changed.emit()


def _worked_out(session: Session) -> Figures:
    values = reference_values()
    review = review_figures(session, values)
    pullback = session.pullback
    return Figures(
        review,
        graph_of(session),
        norm_lines(session, values),
        narrow_marks(session, review),
        suggested_narrowings(session, pullback, values) if pullback is not None else (),
        *vein_courses(session),
        same_places(session, review),
    )
