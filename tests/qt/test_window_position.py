"""Playing, and the position that one view owns and the others follow."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from window_samples import CTRL, SHIFT, Desk, WrittenSample

from viewer.session.state import Selection

Key = Qt.Key


class Ticker:
    """A clock the test turns, in place of the machine's."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def ticker(monkeypatch: pytest.MonkeyPatch) -> Ticker:
    made = Ticker()
    monkeypatch.setattr("viewer.qt.pane_cine.time", made)
    return made


def test_cine_follows_elapsed_time_and_counts_what_it_skipped(desk: Desk, ticker: Ticker) -> None:
    rate_hz = 1.0 / np.median(np.diff(desk.session.pullback.timing.times_s))
    desk.key(Key.Key_Space)
    desk.ivus._timer.stop()
    assert desk.frames()[1] == 0
    for due in (1, 2, 3):
        ticker.now_s += 1.0 / rate_hz + 1e-6
        desk.ivus._tick()
        desk.settle()
        assert desk.frames()[1] == due
    assert desk.ivus._clock.skipped == 0
    ticker.now_s += 0.9  # late, as a slow machine is
    before = desk.frames()[1]
    desk.ivus._tick()
    desk.settle()
    passed = desk.frames()[1] - before
    assert passed == pytest.approx(0.9 * rate_hz, abs=1)
    assert desk.ivus._clock.skipped == passed - 1
    desk.key(Key.Key_Space)
    assert not desk.ivus.playing


def test_cine_runs_by_itself_and_in_step_with_the_clock(desk: Desk) -> None:
    desk.ivus.set_speed(4.0)
    rate_hz = desk.ivus._clock.rate_hz
    began = time.monotonic()
    desk.key(Key.Key_Space)
    desk.wait(lambda: desk.frames()[1] >= 3, "for cine")
    assert desk.frames()[1] <= (time.monotonic() - began) * rate_hz + 1  # never ahead of time
    assert desk.ivus._timer.interval() <= 1000 / rate_hz  # looks often enough to miss none
    assert " fps · 4×" in desk.ivus.cine.rate.text()
    desk.key(Key.Key_Right)  # a step pauses
    assert not desk.ivus.playing


def test_both_panes_play_on_their_own(desk: Desk) -> None:
    desk.focus(desk.venogram)
    desk.key(Key.Key_Space)
    assert desk.venogram.playing
    assert not desk.ivus.playing
    desk.ivus.cine.play.click()
    assert desk.ivus.playing
    desk.venogram.cine.play.click()
    assert (desk.venogram.playing, desk.ivus.playing) == (False, True)


@pytest.mark.parametrize("how", ["home", "scrubber", "long view", "venogram"])
def test_going_elsewhere_while_playing_stays_there(desk: Desk, how: str) -> None:
    desk.session.set_pullback_frame(10)
    desk.key(Key.Key_Space)
    assert desk.ivus.playing
    if how == "home":
        desk.key(Key.Key_Home)
        wanted = 0
    elif how == "scrubber":
        scrubber = desk.ivus.cine.scrubber
        desk.drag_on(scrubber, [QPointF(scrubber.width(), 10)])
        wanted = 59
    elif how == "long view":
        desk.drag_on(desk.canvas, [desk.long_place(50)])
        wanted = desk.frames()[1]
        assert wanted == pytest.approx(50, abs=1)
    else:
        mark = desk.session.vessel.landmarks[-1]
        desk.click(desk.venogram, tuple(np.add(mark.point_px, (30.0, 0.0))))
        wanted = desk.frames()[1]
        assert wanted > 20
    desk.ivus._tick()
    assert desk.frames()[1] == wanted
    assert not desk.ivus.playing


def test_a_looped_segment_plays_only_its_frames(desk: Desk, ticker: Ticker) -> None:
    session = desk.session
    segment = session.review.segments[0]
    first, last = session.segments.frames_of(segment)
    session.select(Selection("segment", segment.id))
    desk.key(Key.Key_L, SHIFT)
    assert desk.window.actions_by_id["cine.loop_segment"].isChecked()
    desk.key(Key.Key_Space)
    desk.ivus._timer.stop()
    seen = set()
    for _ in range(3 * (last - first + 1)):
        ticker.now_s += 0.4
        desk.ivus._tick()
        desk.qt.processEvents()
        seen.add(desk.frames()[1])
    assert min(seen) == first
    assert max(seen) == last
    desk.key(Key.Key_Space)
    desk.key(Key.Key_L, SHIFT)
    assert not desk.ivus.loops_part
    assert not desk.window.actions_by_id["cine.loop_segment"].isChecked()


def test_another_rate_while_playing_pauses_and_shows_the_new_rate(desk: Desk) -> None:
    desk.key(Key.Key_Space)
    desk.session.set_rate(desk.session.pullback.uid, 12.5)
    assert not desk.ivus.playing
    assert desk.ivus.cine.rate.text() == "12.5 fps"
    desk.do("edit.undo")
    assert desk.ivus.cine.rate.text() != "12.5 fps"


def test_the_marker_lies_on_the_true_vein_at_every_frame(desk: Desk, sample: WrittenSample) -> None:
    """Within the stated ±: the median frame within one ± of where it really was."""
    position = desk.session.position_map
    run = sample.truth["runs"][0]["file"]
    true = np.asarray(sample.truth["pullbacks"][0]["xy_px"][run])
    off_px = np.hypot(*(position.points_px - true).T)
    assert np.median(off_px / np.maximum(position.sigma_px, 1.0)) < 1.0
    for frame in (5, 25, 50):
        desk.session.set_pullback_frame(frame)
        desk.settle()
        marker, _ = next(
            item for item in desk.venogram._overlay._moving if item[1].kind == "position"
        )
        x, y = desk.venogram.view.to_image(marker)
        assert (x, y) == pytest.approx(tuple(position.points_px[frame]), abs=0.01)


def test_a_click_on_the_vein_shows_the_frame_taken_there(desk: Desk) -> None:
    position = desk.session.position_map
    for frame in (14, 30, 45):
        desk.click(desk.venogram, tuple(position.points_px[frame]))
        here = desk.frames()[1]
        assert position.arc_px[here] == pytest.approx(position.arc_px[frame], abs=1.0)


def test_the_marker_is_dragged_and_the_pullback_follows(desk: Desk) -> None:
    session, position = desk.session, desk.session.position_map
    session.set_pullback_frame(20)
    desk.settle()
    start, end = tuple(position.points_px[20]), tuple(position.points_px[45])
    run_frame, window = desk.frames()[0], session.displays.of(session.run.uid)
    desk.drag(desk.venogram, start, end)
    assert position.arc_px[desk.frames()[1]] == pytest.approx(position.arc_px[45], abs=2.0)
    assert desk.frames()[0] == run_frame
    assert session.displays.of(session.run.uid) == window
    assert session.review.segments
    assert not session.history.can_undo  # moving about is no change


def test_one_move_is_one_signal_and_nothing_echoes(desk: Desk) -> None:
    moves, reviews = [], []
    desk.session.cursor_changed.connect(moves.append)
    desk.session.review_changed.connect(reviews.append)
    desk.key(Key.Key_Right)
    assert len(moves) == 1
    desk.click(desk.venogram, tuple(desk.session.position_map.points_px[40]))
    assert len(moves) == 2
    desk.wheel(desk.venogram.view.viewport(), -1)
    assert len(moves) == 3
    desk.click(desk.venogram, tuple(desk.session.position_map.points_px[40]))
    desk.settle()
    assert len(moves) == 3  # already there
    assert reviews == []
    desk.session.cursor_changed.disconnect(moves.append)
    desk.session.review_changed.disconnect(reviews.append)


def test_unlinked_views_do_not_follow(desk: Desk) -> None:
    desk.key(Key.Key_L, CTRL)
    desk.click(desk.venogram, tuple(desk.session.position_map.points_px[40]))
    assert desk.frames()[1] == 0
    desk.settle()
    kinds = {hit.kind for _, hit in desk.venogram._overlay._moving}
    assert "position" not in kinds


def test_the_long_view_and_the_numbers_follow_the_position(desk: Desk) -> None:
    before = desk.picture(desk.canvas)
    x = desk.canvas.x_of_frame(40)
    desk.session.set_pullback_frame(40)
    desk.settle()
    changed = (desk.picture(desk.canvas) != before).any(axis=2)
    graph = desk.canvas._rows.graph
    columns = np.flatnonzero(changed[int(graph.top()) : int(graph.bottom())].any(axis=0))
    assert np.abs(columns - x).min() <= 2
    assert "mm ±" in desk.session.placing.text(40)
