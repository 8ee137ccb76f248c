"""Seeing: frames, window, zoom, pan, maximise, scrubbers."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from window_samples import ALT, CTRL, MIDDLE, RIGHT, SHIFT, Desk

Key = Qt.Key
PANES = ["venogram", "ivus"]


def test_a_case_opens_with_both_panes_and_the_long_view(new_desk, sample) -> None:
    desk = new_desk(*sample.files)
    assert desk.window.pages.currentIndex() == 1
    for pane in (desk.venogram, desk.ivus):
        assert pane.is_settled
        assert pane.message() == ""
        seen = desk.picture(pane.view)
        assert seen.std() > 10
    long_view = desk.canvas.long_view
    assert long_view.complete
    assert not long_view.bad.any()
    assert desk.notices == []


def test_every_frame_shown_is_the_frame_of_the_file(desk: Desk) -> None:
    """Where nothing is drawn over it, the pane shows the decoded values, not a neighbour's."""
    shown = {}
    for frame in (0, 7, 30):
        desk.session.set_pullback_frame(frame)
        desk.settle()
        pixels = desk.application.loader.nearest_cached(desk.session.pullback.uid, frame)
        assert pixels[0] == frame
        expected = desk.session.rendered(desk.session.pullback, pixels[1])
        shown[frame] = expected[64, 30:98]
        line = desk.venogram  # silence: the venogram stays as it is
        assert line.is_settled
        x, y = desk.screen(desk.ivus, (70.0, 90.0)).toTuple()
        seen = desk.picture(desk.ivus.view)[round(y), round(x)]
        around = expected[88:93, 68:73]
        assert int(around.min()) - 2 <= seen.mean() <= int(around.max()) + 2
    assert (shown[0] != shown[30]).any()


@pytest.mark.parametrize("name", PANES)
def test_the_wheel_turns_frames(desk: Desk, name: str) -> None:
    pane = getattr(desk, name)
    which = PANES.index(name)
    desk.session.set_run_frame(1)
    desk.wheel(pane.view.viewport(), -1)
    assert desk.frames()[which] == (2 if name == "venogram" else 1)
    desk.wheel(pane.view.viewport(), -1, modifiers=SHIFT)
    assert desk.frames()[which] == 11
    desk.wheel(pane.view.viewport(), 1)
    assert desk.frames()[which] == 10


@pytest.mark.parametrize("name", PANES)
def test_ctrl_wheel_zooms_at_the_pointer(desk: Desk, name: str) -> None:
    pane = getattr(desk, name)
    before, frames = pane.view.zoom, desk.frames()
    for at in (QPointF(120, 90), QPointF(260, 200)):
        point = pane.view.to_image(at)
        desk.wheel(pane.view.viewport(), 2, at, CTRL)
        assert pane.view.to_image(at) == pytest.approx(point, abs=0.05)
    assert pane.view.zoom == pytest.approx(before * 1.15**4, rel=0.01)
    assert desk.frames() == frames
    desk.key(Key.Key_F) if pane is desk.ivus else (desk.focus(pane), desk.key(Key.Key_F))
    assert pane.view.zoom == pytest.approx(before, rel=0.01)


@pytest.mark.parametrize("name", PANES)
def test_right_drag_zooms_where_it_began(desk: Desk, name: str) -> None:
    pane, start = getattr(desk, name), QPointF(150, 150)
    point, before = pane.view.to_image(start), pane.view.zoom
    desk.drag_on(pane.view.viewport(), [start, QPointF(150, 110)], RIGHT)
    assert pane.view.zoom > 1.3 * before
    assert pane.view.to_image(start) == pytest.approx(point, abs=0.05)
    desk.drag_on(pane.view.viewport(), [start, QPointF(150, 190)], RIGHT)
    assert pane.view.zoom == pytest.approx(before, rel=0.05)


@pytest.mark.parametrize("name", PANES)
def test_middle_drag_pans(desk: Desk, name: str) -> None:
    pane, start, end = getattr(desk, name), QPointF(150, 150), QPointF(190, 120)
    point = pane.view.to_image(start)
    desk.drag_on(pane.view.viewport(), [start, end], MIDDLE)
    assert pane.view.to_image(end) == pytest.approx(point, abs=0.05)


def test_space_drag_pans_and_plays_nothing(desk: Desk) -> None:
    pane, start, end = desk.ivus, QPointF(150, 150), QPointF(180, 170)
    point, window = pane.view.to_image(start), desk.session.displays.of(pane._item.uid)
    QTest.keyPress(pane.view, Key.Key_Space)
    desk.drag_on(pane.view.viewport(), [start, end])
    QTest.keyRelease(pane.view, Key.Key_Space)
    assert pane.view.to_image(end) == pytest.approx(point, abs=0.05)
    assert not pane.playing
    assert desk.session.displays.of(pane._item.uid) == window


def test_space_plays_and_pauses_also_after_a_drag(desk: Desk) -> None:
    desk.drag_on(desk.ivus.view.viewport(), [QPointF(50, 60), QPointF(90, 70)])
    desk.key(Key.Key_Space)
    assert desk.ivus.playing
    desk.key(Key.Key_Space)
    assert not desk.ivus.playing


@pytest.mark.parametrize("name", PANES)
def test_left_drag_windows_and_r_takes_it_back(desk: Desk, name: str) -> None:
    pane = getattr(desk, name)
    desk.focus(pane)
    item, displays = pane.current_item(), desk.session.displays
    before, picture = displays.window(item), desk.picture(pane.view)
    frames = desk.frames()
    desk.drag_on(pane.view.viewport(), [QPointF(40, 40), QPointF(100, 40)])
    wider = displays.window(item)
    assert wider.width > before.width
    assert wider.center == pytest.approx(before.center, rel=0.02)
    desk.drag_on(pane.view.viewport(), [QPointF(40, 40), QPointF(40, 90)])
    assert displays.window(item).center > wider.center
    assert desk.frames() == frames
    desk.key(Key.Key_R)
    assert displays.window(item) == before
    desk.settle()
    assert np.array_equal(desk.picture(pane.view), picture)


@pytest.mark.parametrize("name", PANES)
def test_i_inverts_and_inverts_back(desk: Desk, name: str) -> None:
    pane = getattr(desk, name)
    desk.focus(pane)
    before = desk.picture(pane.view)
    desk.key(Key.Key_I)
    middle = desk.picture(pane.view)
    assert abs(float(middle.mean()) - float(before.mean())) > 10
    desk.key(Key.Key_I)
    assert np.array_equal(desk.picture(pane.view), before)


@pytest.mark.parametrize("name", PANES)
def test_double_click_and_f11_maximise_and_restore(desk: Desk, name: str) -> None:
    pane, other = getattr(desk, name), getattr(desk, PANES[1 - PANES.index(name)])
    corner, before = pane.view.to_image(QPointF(30, 150)), desk.frames()
    desk.double_click(pane, corner)
    assert desk.frames() == before  # its first click went elsewhere
    assert pane.isVisible()
    assert not other.isVisible()
    assert not desk.canvas.isVisible()
    assert pane.width() > 0.9 * desk.window.width()
    desk.double_click(pane, pane.view.to_image(QPointF(30, 150)))
    assert other.isVisible()
    assert desk.canvas.isVisible()
    desk.focus(pane)
    desk.key(Key.Key_F11)
    assert not other.isVisible()
    desk.key(Key.Key_F11)
    assert other.isVisible()


def test_escape_restores_a_maximised_view(desk: Desk) -> None:
    desk.key(Key.Key_F11)
    assert not desk.venogram.isVisible()
    desk.key(Key.Key_Escape)
    assert desk.venogram.isVisible()


@pytest.mark.parametrize("name", PANES)
def test_a_scrubber_goes_where_it_is_dragged(desk: Desk, name: str) -> None:
    pane, which = getattr(desk, name), PANES.index(name)
    scrubber = pane.cine.scrubber
    last = pane.current_item().frames - 1
    middle = scrubber.height() / 2
    half, end = QPointF(scrubber.width() / 2, middle), QPointF(scrubber.width() + 30, middle)
    desk.drag_on(scrubber, [QPointF(1, middle), half])
    assert desk.frames()[which] == pytest.approx(last / 2, abs=1)
    desk.drag_on(scrubber, [half, end])
    assert desk.frames()[which] == last
    desk.settle()
    assert pane.cine.place.text().startswith(f"{last + 1} / {last + 1} ")


def test_step_buttons_of_the_bar_step(desk: Desk) -> None:
    before = desk.frames()
    desk.ivus.cine._on.click()
    assert desk.frames() == (before[0], before[1] + 1)
    desk.venogram.cine._back.click()
    assert desk.frames() == (before[0] - 1, before[1] + 1)


def test_alt_wheel_turns_the_cut(desk: Desk) -> None:
    before, frames = desk.window.along.cut_angle_deg, desk.frames()
    old = desk.picture(desk.canvas)
    desk.wheel(desk.ivus.view.viewport(), 1, modifiers=ALT)
    assert abs(desk.window.along.cut_angle_deg - before) == pytest.approx(5.0)
    assert desk.ivus.cut_angle_deg == desk.window.along.cut_angle_deg
    assert (desk.picture(desk.canvas) != old).any()
    desk.wheel(desk.canvas, -1, modifiers=ALT)
    assert desk.window.along.cut_angle_deg == before
    assert desk.ivus.cut_angle_deg == before
    assert desk.frames() == frames


def test_wheel_and_drag_on_the_long_view_move_the_pullback(desk: Desk) -> None:
    desk.wheel(desk.canvas, -1)
    assert desk.frames()[1] == 1
    desk.wheel(desk.canvas, -1, modifiers=SHIFT)
    assert desk.frames()[1] == 11
    desk.drag_long(20, 45, "graph")
    assert desk.frames()[1] == pytest.approx(45, abs=1)


def test_two_buttons_at_once_end_in_no_half_done_drag(desk: Desk) -> None:
    """The right button pressed while the left one drags a landmark does not leave it open."""
    view = desk.venogram.view.viewport()
    mark = desk.session.vessel.landmarks[1]
    at = desk.screen(desk.venogram, mark.point_px)
    desk.drag_on(view, [at, at + QPointF(0, 6)], release=False)
    assert desk.session.in_gesture
    desk.drag_on(view, [at, at], RIGHT)
    desk.let_go(view, at + QPointF(0, 6))
    assert not desk.session.in_gesture


def test_zoom_is_kept_when_a_frame_can_not_be_shown(desk: Desk) -> None:
    view = desk.ivus.view
    desk.wheel(view.viewport(), 3, QPointF(100, 100), CTRL)
    zoom = view.zoom
    pixels = np.zeros((128, 128), np.uint8)
    view.set_pixels(None)
    view.set_pixels(pixels)
    assert view.zoom == pytest.approx(zoom, rel=1e-3)
