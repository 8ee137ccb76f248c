"""Playing forth and back, both panes at once, between the file's trims; and the cache's size."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from window_samples import CTRL, SHIFT, Desk

from viewer.session import settings
from viewer.session.frame_cache import budget_range_bytes

Key = Qt.Key
ALT = Qt.KeyboardModifier.AltModifier
MB = 2**20


def frames_played(desk: Desk, pane, turns: int) -> list[int]:
    """The frames a pane goes through at top speed, until it turned so often."""
    seen: list[int] = []
    pane.painted_frame.connect(seen.append)
    pane.set_speed(4.0)
    desk.key(Key.Key_Space)

    def ways() -> list[int]:
        steps = [b - a for a, b in pairwise(seen) if a != b]
        return [a for a, b in pairwise(steps) if (a > 0) != (b > 0)]

    desk.wait(lambda: len(ways()) >= turns, "for the pane to turn")
    desk.key(Key.Key_Space)
    pane.painted_frame.disconnect(seen.append)
    return seen


def test_sweep_plays_forth_and_back(bare_desk: Desk) -> None:
    desk, pane = bare_desk, bare_desk.venogram
    desk.focus(pane)
    desk.key(Key.Key_S, SHIFT)
    assert pane.sweeps
    assert not desk.ivus.sweeps
    assert desk.window.actions_by_id["cine.sweep"].isChecked()
    assert pane.cine.sweep.isChecked()
    assert "sweep" in pane.cine.rate.text()
    seen = frames_played(desk, pane, 2)
    back = [(a, b) for a, b in pairwise(seen) if b < a]
    assert all(a - b < 6 for a, b in back)  # steps back, no jump to the start
    desk.focus(desk.ivus)
    desk.window.set_active(desk.ivus)
    assert not desk.window.actions_by_id["cine.sweep"].isChecked()
    pane.cine.sweep.trigger()
    assert not pane.sweeps


def test_shift_space_plays_and_pauses_both_panes(bare_desk: Desk) -> None:
    desk = bare_desk
    before = desk.frames()
    desk.key(Key.Key_Space, SHIFT)
    assert desk.venogram.playing
    assert desk.ivus.playing
    desk.wait(lambda: all(a != b for a, b in zip(desk.frames(), before, strict=True)))
    desk.key(Key.Key_Space, SHIFT)
    assert not desk.venogram.playing
    assert not desk.ivus.playing
    desk.venogram.play()
    desk.key(Key.Key_Space, SHIFT)  # one plays: both pause
    assert not desk.venogram.playing
    assert not desk.ivus.playing


def test_a_file_s_trims_are_played_and_told(new_desk, sample) -> None:
    desk = new_desk(*sample.files)
    session, pane = desk.session, desk.venogram
    trimmed = replace(session.run, trim=(3, 7), sweep=True)
    sets = [trimmed if item.uid == trimmed.uid else item for item in session.case.image_sets]
    session.open_case(type(session.case)().with_sets(*sets), None)
    desk.settle()
    pane._clock = None
    pane.cine.rate.setToolTip("")
    pane._show_rate()
    assert "frames 4–8" in pane.cine.rate.toolTip()
    assert pane.sweeps
    assert not pane.loops_part
    session.set_run_frame(5)
    desk.focus(pane)
    seen = frames_played(desk, pane, 2)
    assert set(seen[2:]) <= {3, 4, 5, 6, 7}


def test_the_cache_size_holds_at_once_and_is_kept(new_desk, sample, monkeypatch) -> None:
    desk = new_desk(*sample.files)
    application, asked = desk.application, []
    before_mb = application.settings.cache_budget_bytes // MB
    low, high = budget_range_bytes()

    def answer(parent, title, text, value, lowest, highest, step):
        asked.append((text, value, lowest, highest))
        return 80, True

    monkeypatch.setattr("viewer.qt.file_dialogs.QInputDialog.getInt", answer)
    desk.key(Key.Key_M, CTRL | SHIFT)
    ((text, value, lowest, highest),) = asked
    assert (lowest, highest) == (low // MB, high // MB)
    assert value == max(lowest, min(before_mb, highest))
    assert "decoded frames among them" in text
    assert application.loader.state.budget_bytes == 80 * MB
    assert settings.load_settings().cache_budget_bytes == 80 * MB
    assert desk.said("80 MB")


def test_a_dialog_that_is_cancelled_changes_no_cache(desk: Desk, monkeypatch) -> None:
    before = desk.application.loader.state.budget_bytes
    monkeypatch.setattr("viewer.qt.file_dialogs.QInputDialog.getInt", lambda *_: (64, False))
    desk.do("window.cache")
    assert desk.application.loader.state.budget_bytes == before


def test_marks_loop_a_part_by_key(new_desk, sample) -> None:
    desk = new_desk(*sample.files)
    pane, session = desk.venogram, desk.session
    desk.focus(pane)
    session.set_run_frame(3)
    desk.key(Key.Key_BracketLeft, ALT)
    session.set_run_frame(7)
    desk.key(Key.Key_BracketRight, ALT)
    assert pane._clock.loop == (3, 7)
    assert pane.loops_part
    assert pane.cine.scrubber._loop == (3, 7)
    assert not desk.ivus.loops_part
    seen = frames_played(desk, pane, 2)
    assert set(seen) <= set(range(3, 8))
    session.set_run_frame(9)  # beyond the end: the loop runs from here to the last frame
    desk.key(Key.Key_BracketLeft, ALT)
    assert pane._clock.loop == (9, session.run.frames - 1)
    desk.key(Key.Key_Backslash, ALT)
    assert not pane.loops_part
    assert pane.cine.scrubber._loop is None


def test_marks_are_dragged_and_set_by_the_slider_s_menu(new_desk, sample) -> None:
    desk = new_desk(*sample.files)
    pane = desk.ivus
    scrubber = pane.cine.scrubber
    pane.set_loop(4, 20)
    before = pane.current_frame()
    top = scrubber.height() // 2 - 8

    def drag(start: int, end: int) -> None:
        a, b = (QPoint(round(scrubber._x_of(frame)), top) for frame in (start, end))
        QTest.mousePress(scrubber, Qt.MouseButton.LeftButton, pos=a)
        move = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(b), scrubber.mapToGlobal(QPointF(b)),
            Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        desk.application.qt.sendEvent(scrubber, move)
        QTest.mouseRelease(scrubber, Qt.MouseButton.LeftButton, pos=b)

    drag(4, 10)
    assert pane._clock.loop == (10, 20)
    drag(20, 14)
    assert pane._clock.loop == (10, 14)
    drag(10, 18)  # never across the other end
    assert pane._clock.loop == (13, 14)
    assert pane.current_frame() == before
    at = QPoint(round(scrubber._x_of(6)), top)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, scrubber.mapToGlobal(at))
    desk.application.qt.sendEvent(scrubber, event)
    menu = scrubber.findChild(QMenu)
    words = [action.text() for action in menu.actions()]
    assert words == ["Loop from frame 7", "Loop up to frame 7", "Play all frames"]
    menu.actions()[0].trigger()
    assert pane._clock.loop == (6, 14)
    menu.actions()[2].trigger()
    menu.close()
    assert not pane.loops_part


def test_look_ahead_keeps_to_the_loop_that_is_marked(new_desk, sample) -> None:
    desk = new_desk(*sample.files)
    travels: list[tuple[int, ...]] = []
    loader = desk.application.loader
    real = loader.set_travel

    def note(view, item, first, last, direction, step=1):
        travels.append((first, last, direction, step))
        real(view, item, first, last, direction, step)

    loader.set_travel = note
    desk.venogram.set_loop(2, 6)
    assert travels[-1] == (2, 6, 0, 1)
    desk.venogram.play()
    assert travels[-1] == (2, 6, 1, 1)
    desk.venogram.pause()
    assert travels[-1] == (2, 6, 0, 1)
    desk.venogram.end_loop()
    assert travels[-1] == (0, desk.session.run.frames - 1, 0, 1)
