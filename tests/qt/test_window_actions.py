"""The table of actions as the window has it, and what the keyboard does."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit, QMenu
from window_samples import CTRL, SHIFT, Desk

from viewer.qt import commands
from viewer.session.actions import ACTIONS, BY_ID
from viewer.session.state import AxisKind, Layers, Selection, Tool, Workspace

Key = Qt.Key


def test_every_action_has_shortcut_tooltip_and_menu_entry(desk: Desk) -> None:
    actions = desk.window.actions_by_id
    root = desk.window.top_bar.menu_button.menu()
    listed = [entry for menu in root.findChildren(QMenu) for entry in menu.actions()]
    assert set(actions) == set(BY_ID)
    for spec in ACTIONS:
        action = actions[spec.id]
        assert not action.shortcut().isEmpty(), spec.id
        assert spec.tip in action.toolTip(), spec.id
        assert spec.shortcuts[0] in action.toolTip(), spec.id
        assert listed.count(action) == 1, spec.id


def test_no_shortcut_stands_twice_or_is_unreadable() -> None:
    every = [QKeySequence(keys) for spec in ACTIONS for keys in spec.shortcuts]
    assert all(sequence.count() == 1 for sequence in every)
    counted = Counter(sequence.toString() for sequence in every)
    assert [keys for keys, count in counted.items() if count > 1] == []


def test_every_action_is_bound(desk: Desk) -> None:
    bound = {**commands.session_verbs(desk.session), **desk.window.verbs()}
    files = {spec.id for spec in ACTIONS if spec.id.split(".")[0] in ("file", "help")}
    assert set(BY_ID) - set(bound) == files  # bound by the application
    for action in desk.window.actions_by_id.values():
        assert action.receivers("2triggered(bool)") >= 1, action.objectName()


def test_images_opened_take_the_focus_so_keys_act_at_once(new_desk, sample) -> None:
    desk = new_desk()
    desk.open(*sample.files)
    assert desk.qt.focusWidget() is desk.ivus.view
    desk.key(Key.Key_Right)
    assert desk.frames()[1] == 1


@pytest.mark.parametrize(
    ("key", "modifiers", "lands"),
    [
        (Key.Key_Right, None, 21),
        (Key.Key_Left, None, 19),
        (Key.Key_Period, None, 21),
        (Key.Key_Comma, None, 19),
        (Key.Key_Right, SHIFT, 30),
        (Key.Key_Left, SHIFT, 10),
        (Key.Key_Greater, None, 30),
        (Key.Key_Less, None, 10),
        (Key.Key_Home, None, 0),
        (Key.Key_End, None, 59),
    ],
)
def test_keys_step_the_active_view(desk: Desk, key, modifiers, lands: int) -> None:
    desk.session.set_pullback_frame(20)
    run_frame = desk.frames()[0]
    desk.key(key, modifiers or Qt.KeyboardModifier.NoModifier)
    assert desk.frames() == (run_frame, lands)


def test_frames_stop_at_both_ends(desk: Desk) -> None:
    desk.focus(desk.venogram)
    desk.session.set_run_frame(0)
    desk.key(Key.Key_Left, SHIFT)
    assert desk.frames()[0] == 0
    desk.key(Key.Key_End)
    desk.key(Key.Key_Right)
    assert desk.frames()[0] == 11


def test_keys_go_to_the_view_with_the_focus(desk: Desk) -> None:
    desk.focus(desk.venogram)
    assert desk.window.active_pane is desk.venogram
    before = desk.frames()
    desk.key(Key.Key_Right)
    assert desk.frames() == (before[0] + 1, before[1])
    desk.canvas.setFocus()
    desk.canvas.focused.emit()
    desk.key(Key.Key_Right)
    assert desk.frames() == (before[0] + 1, before[1] + 1)


def test_single_letters_act_only_while_the_stage_has_the_focus(desk: Desk) -> None:
    session = desk.session
    desk.key(Key.Key_S)
    assert session.tool is Tool.STENOSIS
    desk.key(Key.Key_Escape)
    assert session.tool is Tool.SELECT
    desk.window.tools.setFocus()
    desk.window.top_bar.menu_button.setFocus()
    before = desk.frames()
    for key in (Key.Key_S, Key.Key_Right, Key.Key_I, Key.Key_Delete):
        desk.key(key)
    assert session.tool is Tool.SELECT
    assert desk.frames() == before
    assert not session.displays.of(session.cursor.pullback_uid).inverted


def test_letters_typed_into_a_field_stay_there(desk: Desk) -> None:
    session = desk.session
    desk.do("workspace.align")
    fields = [f for f in desk.window.strip.findChildren(QLineEdit) if f.isVisibleTo(desk.window)]
    assert fields
    fields[0].setFocus()
    fields[0].clear()
    desk.key("s")
    desk.key("v")
    assert fields[0].text() == "sv"
    assert session.tool is Tool.LANDMARK
    desk.key(Key.Key_Z, CTRL)
    assert len(session.review.segments) == 1  # undo in the field, not of the review


@pytest.mark.parametrize(
    ("key", "modifiers", "tool"),
    [
        (Key.Key_B, None, Tool.CENTERLINE),
        (Key.Key_L, None, Tool.LANDMARK),
        (Key.Key_S, None, Tool.STENOSIS),
        (Key.Key_C, None, Tool.CLOT),
        (Key.Key_T, None, Tool.STENT),
        (Key.Key_M, None, Tool.CALIPER),
        (Key.Key_M, SHIFT, Tool.ELLIPSE),
        (Key.Key_K, None, Tool.CALIBRATE),
    ],
)
def test_a_letter_arms_its_tool_and_the_switch_stays_on(desk: Desk, key, modifiers, tool) -> None:
    for _ in range(2):  # the second press changes nothing
        desk.key(key, modifiers or Qt.KeyboardModifier.NoModifier)
        assert desk.session.tool is tool
        action = desk.window.actions_by_id[f"tool.{tool.value}"]
        assert action.isChecked()
    desk.key(Key.Key_Escape)
    assert desk.session.tool is Tool.SELECT
    desk.key(Key.Key_V)
    assert desk.window.actions_by_id["tool.select"].isChecked()


def test_switches_of_one_choice_stay_on_when_chosen_again(desk: Desk) -> None:
    actions = desk.window.actions_by_id
    desk.key(Key.Key_2, CTRL)
    desk.key(Key.Key_2, CTRL)
    assert desk.session.axis is AxisKind.FRAMES
    assert actions["axis.frames"].isChecked()
    assert not actions["axis.vein"].isChecked()
    desk.key(Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert desk.session.workspace is Workspace.REVIEW
    assert actions["workspace.review"].isChecked()


def test_unusable_tools_are_grey_and_say_the_present_reason(bare_desk: Desk) -> None:
    landmark = bare_desk.window.actions_by_id["tool.landmark"]
    assert not landmark.isEnabled()
    assert "needs a centerline" in landmark.toolTip()
    clot = bare_desk.window.actions_by_id["tool.clot"]
    assert clot.isEnabled()
    assert "needs" not in clot.toolTip()


def test_a_key_that_can_do_nothing_now_says_why(bare_desk: Desk) -> None:
    bare_desk.key(Key.Key_K, Qt.KeyboardModifier.ShiftModifier)
    toast = bare_desk.window.toast
    assert toast.isVisible()
    assert toast.text == "Use calibration on other runs needs a run calibrated by hand."
    toast.hide()
    bare_desk.key(Key.Key_M)
    assert not toast.isVisible()
    bare_desk.key(Key.Key_Escape)


def test_layers_cycle_and_link_toggles(desk: Desk) -> None:
    desk.key(Key.Key_O)
    assert desk.session.layers is Layers.NO_TEXT
    desk.key(Key.Key_O)
    assert desk.session.layers is Layers.IMAGES_ONLY
    desk.key(Key.Key_O)
    assert desk.session.layers is Layers.ALL
    desk.key(Key.Key_L, CTRL)
    assert not desk.session.linked
    assert not desk.window.actions_by_id["view.link"].isChecked()


def test_brackets_and_n_jump_to_landmarks_and_segments(desk: Desk) -> None:
    session = desk.session
    frames = sorted(mark.frame for mark in session.vessel.landmarks)
    desk.key(Key.Key_BracketRight)
    assert desk.frames()[1] == frames[0]
    desk.key(Key.Key_BracketRight)
    assert desk.frames()[1] == frames[1]
    desk.key(Key.Key_BracketLeft)
    assert desk.frames()[1] == frames[0]
    desk.key(Key.Key_N)
    segment = session.review.segments[0]
    first, last = session.segments.frames_of(segment)
    assert session.selection == Selection("segment", segment.id)
    assert first <= desk.frames()[1] <= last


def test_key_frames_toggle_and_can_be_undone(desk: Desk) -> None:
    session = desk.session
    desk.key(Key.Key_G)
    assert [mark.frame for mark in session.review.bookmarks] == [0]
    desk.key(Key.Key_G)
    assert session.review.bookmarks == ()
    desk.key(Key.Key_Z, CTRL)
    assert len(session.review.bookmarks) == 1


def test_f6_walks_through_the_regions_and_back(desk: Desk) -> None:
    seen = []
    for _ in range(7):
        desk.key(Key.Key_F6)
        seen.append(desk.qt.focusWidget())
    assert len(set(seen)) == 7
    desk.key(Key.Key_F6, SHIFT)
    assert desk.qt.focusWidget() is seen[-2]


def test_f9_shows_and_hides_the_inspector(desk: Desk) -> None:
    shown = desk.window.inspector.isVisible()
    desk.key(Key.Key_F9)
    assert desk.window.inspector.isVisible() is not shown
    desk.key(Key.Key_F9)
    assert desk.window.inspector.isVisible() is shown
