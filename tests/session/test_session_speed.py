"""What dragging and scrubbing cost in the session, without any view: the best of many."""

from __future__ import annotations

import time

import pytest
from session_samples import (
    draw_along,
    draw_frames,
    draw_vein,
    place,
    point_at,
    pullback,
    run,
    session_of,
)

from viewer.model.anatomy import LANDMARK_KINDS
from viewer.session.session import Session

KNOTS = ((500.0, 60.0), (540.0, 200.0), (500.0, 350.0), (520.0, 520.0), (480.0, 640.0),
         (530.0, 760.0), (560.0, 980.0))  # fmt: skip


@pytest.fixture(scope="module")
def long_case() -> Session:
    """930 frames, 6 landmarks, 20 segments on a vein across the whole image."""
    session = session_of(run(), pullback(frames=930))
    draw_vein(session, KNOTS)
    for number, kind in enumerate(LANDMARK_KINDS[1:7]):
        assert place(session, 60 + number * 160, 0.06 + number * 0.17, kind.name)
    for number in range(10):
        draw_frames(session, 30 + number * 80, 80 + number * 80)
        draw_along(session, 0.05 + number * 0.085, 0.12 + number * 0.085)
    return session


def repaint(session: Session) -> None:
    """What the views ask of every segment."""
    for segment in session.review.segments:
        session.segments.frames_of(segment)
        session.segments.arcs_of(segment)
        session.segments.is_solid(segment)
        session.segments.length_text(segment)


def test_dragging_a_landmark(long_case: Session):
    mark = long_case.vessel.landmarks[2]
    long_case.begin("Move landmark")
    taken = []
    for step in range(40):
        to = point_at(long_case, 0.36 + 0.08 * step / 40)
        started = time.perf_counter()
        long_case.vessel.move_landmark(mark.id, to)
        repaint(long_case)
        taken.append(time.perf_counter() - started)
    assert long_case.vessel.landmark(mark.id) != mark
    long_case.abort()
    assert min(taken) < 8e-3


def test_scrubbing(long_case: Session):
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        for frame in range(0, 930, 3):
            long_case.set_pullback_frame(frame)
        taken.append((time.perf_counter() - started) / 310)
    assert min(taken) < 0.2e-3


def test_painting_again_what_has_not_changed(long_case: Session):
    repaint(long_case)
    taken = []
    for _ in range(20):
        started = time.perf_counter()
        repaint(long_case)
        taken.append(time.perf_counter() - started)
    assert min(taken) < 1.5e-3
