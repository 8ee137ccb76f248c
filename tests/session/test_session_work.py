"""What dragging and scrubbing make the session compute, without any view: work is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

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
from viewer.session import curves, stretches
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


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch, long_case: Session) -> Counter[str]:
    """How often each costly computation was made since the views last painted."""
    made: Counter[str] = Counter()

    def count(module: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(module, name)

        def counted(*given: Any, **named: Any) -> Any:
            made[name] += 1
            return real(*given, **named)

        monkeypatch.setattr(module, name, counted)

    for module, name in (
        (curves, "spline_through"),
        (curves, "position_map"),
        (stretches, "stretch_of"),
    ):
        count(module, name)
    repaint(long_case)
    made.clear()
    return made


def test_a_dragged_landmark_makes_one_map_and_each_stretch_once(
    long_case: Session, work: Counter[str]
):
    mark, count = long_case.vessel.landmarks[2], len(long_case.review.segments)
    assert count == 20
    long_case.begin("Move landmark")
    for step in range(1, 41):
        work.clear()
        long_case.vessel.move_landmark(mark.id, point_at(long_case, 0.36 + 0.08 * step / 40))
        repaint(long_case)
        assert work == {"position_map": 1, "stretch_of": count}
    assert long_case.vessel.landmark(mark.id) != mark
    long_case.abort()


def test_scrubbing_computes_nothing_anew(long_case: Session, work: Counter[str]):
    for frame in range(0, 930, 3):
        long_case.set_pullback_frame(frame)
        assert long_case.position_map is not None
    assert long_case.cursor.pullback_frame == 927
    assert not work


def test_painting_again_what_has_not_changed_computes_nothing(
    long_case: Session, work: Counter[str]
):
    for _ in range(20):
        repaint(long_case)
    assert not work
