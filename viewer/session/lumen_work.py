"""Finding borders for a person: on every frame when asked, around an edit by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from viewer.dicom.frames import open_frames
from viewer.errors import UnreadableError, ViewerError
from viewer.geometry.contour_shape import nearest_on
from viewer.model.contour import Contour, ContourKind, Points
from viewer.model.study import ImageSet, Pullback
from viewer.session.frame_cache import Frame
from viewer.session.lumen_edits import EDIT
from viewer.session.lumen_search import LumenSearch, contours_from, finder_for
from viewer.session.state import Severity

if TYPE_CHECKING:
    from viewer.imaging.lumen import LumenFinder
    from viewer.session.background import FrameSource
    from viewer.session.frame_loader import FrameLoader
    from viewer.session.session import Session

_log = logging.getLogger(__name__)

MOVED_PX = 1.0
"""Points that an edit moved by more are led to the edge; the rest stays as it was."""

SNAP_SHARE = 0.02
"""An edge farther from where the reader drew, a share of the frame's width, is not theirs."""

AROUND = "lumen around an edit"


class LumenWork:
    """Searches of one session; borders a person stands behind are never touched.

    Attributes
    ----------
    changed : Signal()
        A search began, went on or ended.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        loader: FrameLoader,
        open_source: Callable[[ImageSet], FrameSource] = open_frames,
    ) -> None:
        self._session, self._loader, self._open_source = session, loader, open_source
        self._search: LumenSearch | None = None
        self._share, self._of = 0.0, ""
        self._finders: dict[str, tuple[LumenFinder, FrameSource]] = {}
        self._edits: list[tuple[Pullback, int, Points | None, bool]] = []
        self._doing = False
        session.case_changed.connect(self._on_case)
        session.committed.connect(self._go_on)

    # -- every frame ----------------------------------------------------------------------------
    @property
    def status(self) -> str:
        """What is under way, for people; empty when nothing is."""
        if self._search is None:
            return ""
        pullback = self._session.case.pullback(self._of)
        frames = pullback.frames if pullback is not None else 0
        return f"Finding the lumen, {self._share * frames:.0f} of {frames} frames"

    def find(self) -> None:
        """Find the lumen on every frame of the shown pullback, as one step of undo."""
        session, pullback = self._session, self._session.pullback
        if pullback is None or self._search is not None:
            return
        fixed = self._fixed(pullback)
        self._share, self._of = 0.0, pullback.uid
        self._search = LumenSearch(
            pullback,
            fixed,
            self._loader.post,
            self._tell,
            lambda answer: self._take(pullback, answer),
        )
        session.notify("Finding the lumen on every frame; you can go on meanwhile", about="lumen")
        self.changed.emit()

    def cancel(self) -> None:
        """End the search; what was there stays."""
        if self._search is not None:
            self._search.cancel()
            self._search = None
            self._session.notify("The search for the lumen was ended", about="lumen")
            self.changed.emit()

    def close(self) -> None:
        """End everything and let go of the files."""
        if self._search is not None:
            self._search.cancel()
            self._search = None
        self._loader.cancel_background(AROUND)
        for _, source in self._finders.values():
            source.close()
        self._finders.clear()
        self._edits.clear()

    def _tell(self, share: float) -> None:
        self._share = share
        self.changed.emit()

    def _take(self, pullback: Pullback, answer: Sequence[Contour] | ViewerError) -> None:
        self._search = None
        session = self._session
        if isinstance(answer, ViewerError):
            session.notify(answer.what, answer.hint, Severity.WARNING, about="lumen")
        elif not answer:
            session.notify(
                "No lumen was found on any frame",
                "Draw it by hand: drag around it on the IVUS.",
                Severity.WARNING,
                about="lumen",
            )
        else:
            fixed = self._fixed(pullback)
            free = [one for one in answer if one.frame not in fixed]
            review = session.review.with_contours(*free)
            session.edit("Find lumen", review, f"Lumen found on {len(free)} frames")
        self.changed.emit()

    def _fixed(self, pullback: Pullback) -> dict[int, Points]:
        own = self._session.review.contours_of(pullback.uid, ContourKind.LUMEN)
        return {one.frame: one.points_px for one in own if one.fixed}

    # -- around an edit -------------------------------------------------------------------------
    def follow_edit(
        self, pullback: Pullback, frame: int, before: Points | None, snap: bool
    ) -> None:
        """After an edit: lead what was moved to the edge, and take automatic neighbours along."""
        self._edits = [edit for edit in self._edits if edit[:2] != (pullback, frame)]
        self._edits.append((pullback, frame, before, snap))
        self._go_on()

    def _go_on(self, *_: object) -> None:
        """Begin the newest edit that waits, unless a drag or a search is under way."""
        if self._doing or not self._edits or self._session.in_gesture:
            return
        pullback, frame, before, snap = self._edits.pop()
        fixed = self._fixed(pullback)
        if frame not in fixed:
            return
        own = self._session.review.contours_of(pullback.uid, ContourKind.LUMEN)
        known = {one.frame: one.points_px for one in own if not one.fixed}
        drawn = fixed[frame]
        answers: list[tuple[Points, tuple[Contour, ...]]] = []
        self._doing = True

        def visit(_: int, _pixels: Frame | UnreadableError) -> None:
            finder = self._finder(pullback)
            fixed[frame] = _led(finder, frame, before, drawn, pullback) if snap else drawn
            neighbours: tuple[Contour, ...] = ()
            if known:
                kept = {k: points.astype(np.float32) for k, points in fixed.items()}
                near = {k: points.astype(np.float32) for k, points in known.items()}
                neighbours = contours_from(finder.around(frame, kept, near), pullback.uid)
            answers.append((fixed[frame], neighbours))

        def finished(error: UnreadableError | None) -> None:
            self._doing = False
            if error is not None:
                _log.warning("neighbours of an edited border were not looked at: %s", error)
            for points, neighbours in answers:
                self._put(pullback, frame, (drawn, points), neighbours)
            self._go_on()

        self._loader.submit_background(AROUND, pullback, (frame,), visit, finished=finished)

    def _put(
        self,
        pullback: Pullback,
        frame: int,
        drawn_and_led: tuple[Points, Points],
        neighbours: Sequence[Contour],
    ) -> None:
        """Add what was found to the edit's own step, where nothing has changed meanwhile."""
        session = self._session
        now = session.review.contour(pullback.uid, frame)
        drawn, led = drawn_and_led
        if session.in_gesture or now is None or not np.array_equal(now.points_px, drawn):
            return
        fixed = self._fixed(pullback)
        fresh = [one for one in neighbours if one.frame not in fixed]
        moved = now.moved_to(led, now.by, now.at)
        session.edit_on(
            EDIT.format(ContourKind.LUMEN.value), session.review.with_contours(moved, *fresh)
        )

    def _finder(self, pullback: Pullback) -> LumenFinder:
        """What was learned of a pullback's picture; made on a worker, kept for one pullback."""
        known = self._finders.get(pullback.uid)
        if known is not None:
            return known[0]
        source = self._open_source(pullback)
        try:
            finder = finder_for(pullback, source)
        except ViewerError:
            source.close()
            raise
        for _, old in self._finders.values():
            old.close()
        self._finders = {pullback.uid: (finder, source)}
        return finder

    def _on_case(self) -> None:
        uids = {item.uid for item in self._session.case.pullbacks}
        if self._search is not None and self._of not in uids:
            self._search.cancel()
            self._search = None
            self.changed.emit()
        for uid in [uid for uid in self._finders if uid not in uids]:
            self._finders.pop(uid)[1].close()
        self._edits = [edit for edit in self._edits if edit[0].uid in uids]


def _led(
    finder: LumenFinder, frame: int, before: Points | None, drawn: Points, pullback: Pullback
) -> Points:
    """What a reader moved, led to the edge near it; the rest as it is."""
    edge = finder.snapped(frame, drawn.astype(np.float32)).astype(np.float64)
    on_edge = nearest_on(edge, drawn)
    near = np.hypot(*(on_edge - drawn).T) <= SNAP_SHARE * pullback.columns
    if before is not None:
        near &= np.hypot(*(nearest_on(before, drawn) - drawn).T) > MOVED_PX
    return np.where(near[:, None], on_edge, drawn)
