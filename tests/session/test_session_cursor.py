"""The one position: clamped, told once, never echoed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_samples import (
    Heard,
    curve_of,
    draw_frames,
    point_at,
    pullback,
    run,
    session_of,
    tie,
    tied_session,
)

from viewer.session.session import Session
from viewer.session.state import Cursor


@pytest.mark.parametrize(("asked", "shown"), [(-5, 0), (0, 0), (99, 99), (100, 99), (10**9, 99)])
def test_frames_are_clamped(asked: int, shown: int):
    session = session_of(run(frames=100), pullback(frames=100))
    session.set_pullback_frame(50)
    session.set_run_frame(50)
    session.set_pullback_frame(asked)
    session.set_run_frame(asked)
    assert session.cursor == Cursor("run", shown, "pull", shown)


def test_a_move_is_told_once_and_no_move_is_not():
    session = session_of(run(), pullback())
    heard = Heard(session)
    session.set_pullback_frame(10)
    assert heard.take() == {"cursor_changed": 1}
    session.set_pullback_frame(10)
    session.set_pullback_frame(10)
    session.show("pull")
    session.show("run")
    session.show("nowhere")
    session.show_frame("pull", 10)
    assert heard.take() == {}
    session.set_pullback_frame(99)
    heard.take()
    session.set_pullback_frame(120)
    assert heard.take() == {}


def test_another_image_set_comes_in_one_move():
    session = session_of(run(), pullback("p"), pullback("q"))
    heard = Heard(session)
    moves: list[Cursor] = []
    session.cursor_changed.connect(moves.append)
    session.show_frame("q", 42)
    assert moves == [Cursor("run", 28, "q", 42)]
    assert heard.take() == {"cursor_changed": 1, "link_changed": 1}
    session.show("p")
    assert session.cursor.pullback_frame == 0
    assert heard.take() == {"cursor_changed": 1, "link_changed": 1}


def test_a_segment_of_another_pullback_is_reached_in_one_move():
    session = session_of(run(), pullback("p"), pullback("q"))
    session.show("q")
    segment = draw_frames(session, 20, 40)
    session.show("p")
    heard = Heard(session)
    session.segments.jump_to(segment)
    assert session.cursor.pullback_uid == "q"
    assert session.cursor.pullback_frame == 30
    assert heard.take()["cursor_changed"] == 1


def followers(session: Session) -> None:
    """Views that call the same verbs from what they hear, as panes do."""

    def venogram(cursor: Cursor) -> None:
        position = session.position_map
        if position is not None:
            session.go_to_arc(float(position.arc_px[cursor.pullback_frame]))

    def ivus(cursor: Cursor) -> None:
        session.set_pullback_frame(cursor.pullback_frame)

    def long_view(cursor: Cursor) -> None:
        position = session.position_map
        if position is not None:
            x, y = position.points_px[cursor.pullback_frame]
            session.go_to_run_point((float(x), float(y)))

    for view in (venogram, ivus, long_view):
        session.cursor_changed.connect(view)


@pytest.mark.parametrize("backwards", [False, True])
def test_views_that_follow_never_echo(backwards: bool):
    session = tied_session(backwards=backwards)
    followers(session)
    heard = Heard(session)
    for frame in [*range(10, 91), 50, 12, 88]:
        moved = session.cursor.pullback_frame != frame
        session.set_pullback_frame(frame)
        assert session.cursor.pullback_frame == frame
        assert heard.take() == ({"cursor_changed": 1} if moved else {})


def test_a_pause_of_the_catheter_does_not_pull_the_cursor_about():
    """Where several frames lie at one place, following views leave the frame alone."""
    session = session_of(run(), pullback())
    line = tie(session)
    curve = curve_of(line)
    assert session.vessel.landmark("none") is None
    for number, frame in enumerate((60, 70)):
        session.set_pullback_frame(frame)
        session.vessel.name_pending(f"Pause {number}")
        x, y = curve.at(0.6 * curve.length_px)
        session.vessel.place_pending((float(x), float(y)))
        assert session.vessel.accept_pending()
    followers(session)
    for frame in range(58, 73):
        session.set_pullback_frame(frame)
        assert session.cursor.pullback_frame == frame


@settings(max_examples=60)
@given(share=st.floats(0.12, 0.88), off=st.floats(-30.0, 30.0))
def test_a_click_on_the_venogram_comes_back_within_its_uncertainty(share: float, off: float):
    session = TIED
    curve = curve_of(session)
    arc = share * curve.length_px
    at = curve.at(arc) + off * curve.normal(arc)
    session.go_to_run_point((float(at[0]), float(at[1])))
    position = session.position_map
    assert position is not None
    frame = session.cursor.pullback_frame
    clicked = float(curve.project((float(at[0]), float(at[1])))[0])
    step = float(np.abs(np.diff(position.arc_px)).max())
    gap = abs(float(position.arc_px[frame]) - clicked)
    assert gap <= min(float(position.sigma_px[frame]), step / 2 + 1e-6)


TIED = tied_session()


def test_unlinked_views_move_alone():
    session = tied_session()
    session.set_pullback_frame(20)
    heard = Heard(session)
    session.set_linked(False)
    assert heard.take() == {"link_changed": 1}
    session.set_linked(False)
    session.go_to_run_point(point_at(session, 0.8))
    assert heard.take() == {}
    assert session.cursor.pullback_frame == 20
    session.set_linked(True)
    session.go_to_run_point(point_at(session, 0.8))
    assert session.cursor.pullback_frame > 60


def test_without_landmarks_a_click_moves_nothing_and_says_why_not_in_the_state():
    session = session_of(run(), pullback())
    session.vessel.add_knot((500.0, 100.0))
    session.vessel.add_knot((500.0, 900.0))
    heard = Heard(session)
    session.go_to_run_point((500.0, 400.0))
    assert heard.take() == {}
    assert "at least two" in session.position.reason


def test_switches_of_the_window_are_told_once():
    from viewer.session.state import AxisKind, Layers, Tool, Workspace

    session = session_of(run(), pullback())
    heard = Heard(session)
    for _ in range(2):
        session.arm(Tool.STENOSIS)
        session.set_workspace(Workspace.ALIGN)
        session.set_axis(AxisKind.TIME)
    assert heard.take() == {"tool_changed": 1, "workspace_changed": 1, "axis_changed": 1}
    seen = []
    for _ in range(3):
        session.cycle_layers()
        seen.append(session.layers)
    assert seen == [Layers.NO_TEXT, Layers.IMAGES_ONLY, Layers.ALL]
    assert heard.take() == {"layers_changed": 3}
