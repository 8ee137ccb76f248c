"""Where the cursor goes when images come, change or are gone."""

from __future__ import annotations

from viewer.model.case import Case
from viewer.model.review import Review
from viewer.model.study import Pullback, Run
from viewer.session.state import Cursor

WELL_FILLED = 0.6
"""Share of a run after which contrast usually fills the vein: the frame a run is shown at."""


def first_cursor(case: Case, review: Review, now: Cursor) -> Cursor:
    """`now` with a run and a pullback in place of those that are not here.

    A pair that is tied goes first, then a run with a centerline, then the order of the case.
    """
    run, pullback = case.run(now.run_uid), case.pullback(now.pullback_uid)
    ties = [
        tie
        for tie in review.coregistrations
        if case.run(tie.run_uid) is not None
        and case.pullback(tie.pullback_uid) is not None
        and (run is None or run.uid == tie.run_uid)
        and (pullback is None or pullback.uid == tie.pullback_uid)
    ]
    best = max(ties, key=lambda tie: len(tie.landmarks), default=None)
    drawn = [line.run_uid for line in review.centerlines if case.run(line.run_uid) is not None]
    wanted = [best.run_uid] if best is not None else drawn
    run = run or case.run(next(iter(wanted), None)) or next(iter(case.runs), None)
    pullback = pullback or case.pullback(best.pullback_uid if best is not None else None)
    pullback = pullback or next(iter(case.pullbacks), None)
    return with_pullback(with_run(now, run), pullback)


def with_run(cursor: Cursor, run: Run | None, frame: int | None = None) -> Cursor:
    """The cursor on a run: at `frame`, else where it was, or well filled when it is another."""
    if run is None:
        return Cursor(None, 0, cursor.pullback_uid, cursor.pullback_frame)
    if frame is None:
        same = run.uid == cursor.run_uid
        frame = cursor.run_frame if same else int(run.frames * WELL_FILLED)
    here = clamped(frame, run.frames)
    return Cursor(run.uid, here, cursor.pullback_uid, cursor.pullback_frame)


def with_pullback(cursor: Cursor, pullback: Pullback | None, frame: int | None = None) -> Cursor:
    """The cursor on a pullback: at `frame`, else where it was, or at 0 when it is another."""
    if pullback is None:
        return Cursor(cursor.run_uid, cursor.run_frame)
    if frame is None:
        frame = cursor.pullback_frame if pullback.uid == cursor.pullback_uid else 0
    here = clamped(frame, pullback.frames)
    return Cursor(cursor.run_uid, cursor.run_frame, pullback.uid, here)


def back_at(case: Case, now: Cursor, place: Cursor) -> Cursor:
    """`now` moved to an earlier place, as far as its images are still here."""
    run, pullback = case.run(place.run_uid), case.pullback(place.pullback_uid)
    if run is not None:
        now = with_run(now, run, place.run_frame)
    if pullback is not None:
        now = with_pullback(now, pullback, place.pullback_frame)
    return now


def clamped(frame: int, frames: int) -> int:
    """`frame` within 0..frames-1; 0 when there is none."""
    return max(0, min(int(frame), frames - 1))
