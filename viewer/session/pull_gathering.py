"""Positions of every tied pair by all evidence, without a window: for tables, pictures, figures.

The same workers' steps as beside the window are taken, one pair after the other, and waited for.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from viewer.dicom.frames import open_frames
from viewer.errors import ViewerError
from viewer.geometry.position_map import PositionMap, Unlinked
from viewer.session.contrast_views import ContrastViews
from viewer.session.frame_loader import FrameLoader
from viewer.session.long_view import LongView
from viewer.session.pull_work import PullWork
from viewer.session.session import Session
from viewer.session.vein_tracing import VeinTracing

if TYPE_CHECKING:
    from viewer.model.study import ImageSet
    from viewer.session.background import FrameSource

_log = logging.getLogger(__name__)

BUDGET_BYTES = 128 << 20
PATIENCE_S = 180.0
"""A pair that takes longer is left to its landmarks."""

TURN_S = 0.05


def gather_positions(
    session: Session, open_source: Callable[[ImageSet], FrameSource] = open_frames
) -> None:
    """Place the frames of every pair of a session that has no window, and have it keep them.

    Parameters
    ----------
    session : Session
        Its `placed` is filled; its review must not change afterwards.
    open_source : callable
        Gives the frames of an image set.
    """
    wanted = [
        (tie.run_uid, tie.pullback_uid)
        for tie in session.review.coregistrations
        if _needs_pictures(session, tie.run_uid, tie.pullback_uid)
    ]
    if not wanted:
        return
    bench = _Bench(session, open_source)
    try:
        for run_uid, pullback_uid in wanted:
            found = bench.position(run_uid, pullback_uid)
            if found is not None:
                session.placed[run_uid, pullback_uid] = found
            bench.keep_profile(session, run_uid, pullback_uid)
    finally:
        bench.close()


def _needs_pictures(session: Session, run_uid: str, pullback_uid: str) -> bool:
    basis = session.basis_for(session.case.run(run_uid), session.case.pullback(pullback_uid))
    return basis is not None and not basis.steady


class _Bench:
    """A session of its own with workers whose answers are taken in by whoever waits."""

    def __init__(self, session: Session, open_source: Callable[[ImageSet], FrameSource]) -> None:
        self._posts: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._session = Session(session.reader)
        self._loader = FrameLoader(open_source, self._posts.put, BUDGET_BYTES)
        contrast = ContrastViews(self._session, self._loader)
        self._session.tracing = VeinTracing(self._session, self._loader, contrast)
        self._session.pulls = self._pulls = PullWork(self._session, self._loader)
        self._session.open_case(session.case, session.review)
        self._view: LongView | None = None

    def position(self, run_uid: str, pullback_uid: str) -> PositionMap | Unlinked | None:
        """Where the frames lie; None when that took too long."""
        session = self._session
        session.show(run_uid)
        session.show(pullback_uid)
        self._look_through()
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = session.position
            if not self._pulls.busy and self._pulls.is_final:
                return found
            try:
                self._posts.get(timeout=TURN_S)()
            except queue.Empty:
                continue
        _log.warning("positions of a pullback took too long; its landmarks alone place it")
        return None

    def keep_profile(self, session: Session, run_uid: str, pullback_uid: str) -> None:
        """Hand over the vein's widths that were measured on the way."""
        line = self._session.centerline_for(run_uid, pullback_uid)
        found = self._session.vessel_profile(run_uid, line.id) if line is not None else None
        if line is not None and found is not None:
            session.profiles[run_uid, line.id] = found

    def _look_through(self) -> None:
        """Reduce the pullback's frames, which all evidence of its pictures rests on."""
        pullback = self._session.pullback
        if pullback is None or (self._view is not None and self._view.pullback is pullback):
            return
        if self._view is not None:
            self._view.close()
        view = LongView(self._loader, pullback, to_grey=self._session.displays.grey_maker(pullback))
        self._view = view

        def finished(error: ViewerError | None) -> None:
            if error is not None:
                _log.warning("the pullback can't be looked through: %s", error)
            self._pulls.take_stack(view)

        view.start(finished=finished)

    def close(self) -> None:
        """End the workers."""
        if self._view is not None:
            self._view.close()
        self._loader.close()
