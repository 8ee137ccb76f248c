"""The table of actions: one shortcut each, words that read, reasons that are true."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby

import pytest
from session_samples import draw_frames, draw_vein, pullback, run, session_of, tied_session

from viewer.model.annotation import SegmentKind
from viewer.session.actions import ACTIONS, BY_ID, MENUS, tooltip
from viewer.session.session import Session
from viewer.session.state import AxisKind, Selection, Tool, Workspace

UI_KEYS = {
    "Space": "cine.toggle", "V": "tool.select", "L": "tool.landmark", "S": "tool.stenosis",
    "C": "tool.clot", "T": "tool.stent", "M": "tool.caliper", "Escape": "edit.cancel",
    "Return": "edit.accept", "Enter": "edit.accept", "Delete": "edit.delete",
    "Left": "frame.previous", "Right": "frame.next", ",": "frame.previous", ".": "frame.next",
    "Shift+Left": "frame.back10", "Shift+Right": "frame.on10", "Home": "frame.first",
    "End": "frame.last", "[": "landmark.previous", "]": "landmark.next", "N": "segment.next",
    "Shift+N": "segment.previous", "I": "view.invert", "R": "view.reset", "F": "view.fit",
    "G": "bookmark.toggle", "O": "view.layers", "Ctrl+Z": "edit.undo",
    "Ctrl+Shift+Z": "edit.redo", "Ctrl+K": "help.palette", "?": "help.shortcuts",
    "Alt+1": "workspace.review", "Alt+2": "workspace.align", "F6": "window.next_region",
    "Shift+F6": "window.previous_region", "F9": "window.inspector", "Ctrl+S": "file.save",
    "Ctrl+E": "file.export",
}  # fmt: skip
"""The interaction table of the window's specification."""


def test_ids_and_shortcuts_are_used_once():
    assert len(BY_ID) == len(ACTIONS)
    keys = Counter(key for action in ACTIONS for key in action.shortcuts)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_action_has_menu_shortcut_tip_and_icon():
    for action in ACTIONS:
        assert action.menu in MENUS, action.id
        assert action.shortcuts, action.id
        assert action.tip, action.id
        assert not action.tip.endswith("."), action.id
        assert not action.text[0].islower(), action.id
        assert re.fullmatch(r"(ph|caval)\.[a-z-]+", action.icon), action.id
        assert re.fullmatch(r"[a-z]+\.[a-z_0-9]+", action.id), action.id


def test_rows_stand_in_the_order_of_their_menus_and_groups():
    for menu in MENUS:
        groups = [action.group for action in ACTIONS if action.menu == menu]
        assert groups == sorted(groups), menu  # each group makes one block of the menu
    sections = list(dict.fromkeys(action.menu for action in ACTIONS))
    assert [menu for menu, _ in groupby(action.menu for action in ACTIONS)] == sections


def test_the_keys_are_those_of_the_specification():
    bound = {key: action.id for action in ACTIONS for key in action.shortcuts}
    assert {key: bound.get(key) for key in UI_KEYS} == UI_KEYS


@pytest.mark.parametrize(
    ("action_id", "single"),
    [("tool.stenosis", True), ("cine.toggle", True), ("help.shortcuts", True),
     ("edit.undo", False), ("window.next_region", False), ("view.maximise", False),
     ("window.previous_region", False), ("workspace.align", False), ("view.fit", True)],
)  # fmt: skip
def test_single_letters_act_only_on_images(action_id: str, single: bool):
    assert BY_ID[action_id].single_letter is single


def test_every_tool_workspace_and_axis_has_its_action():
    for value, prefix in ((Tool, "tool"), (Workspace, "workspace"), (AxisKind, "axis")):
        for one in value:
            assert BY_ID[f"{prefix}.{one.value}"].checkable


def test_nothing_is_open_and_what_can_run_says_so():
    session = Session()
    can = {action.id for action in ACTIONS if not action.why_not(session)}
    assert {"file.open", "file.demo", "file.quit", "help.palette", "tool.select"} <= can
    for action_id in ("edit.undo", "edit.redo", "tool.landmark", "cine.toggle", "edit.delete",
                      "tool.stenosis", "file.save", "segment.next", "vessel.reverse"):  # fmt: skip
        assert BY_ID[action_id].why_not(session), action_id


def why(session: Session, action_id: str) -> str:
    return BY_ID[action_id].why_not(session)


def test_reasons_follow_the_session():
    session = session_of(run())
    assert why(session, "tool.landmark") == "needs an IVUS pullback"
    assert "IVUS pullback or a centerline" in why(session, "tool.clot")
    assert why(session, "tool.caliper") == ""
    draw_vein(session)
    assert why(session, "tool.clot") == ""
    assert why(session, "edit.undo") == ""
    session.add_images((pullback(),))
    assert why(session, "tool.landmark") == ""
    assert why(session, "landmark.next") == "needs a landmark"
    full = tied_session()
    assert why(full, "landmark.next") == ""
    assert why(full, "edit.duplicate") == "needs a selected segment"
    draw_frames(full, 3, 9)
    assert why(full, "edit.duplicate") == ""
    assert why(full, "edit.delete") == ""
    full.select(Selection())
    assert why(full, "edit.delete") == "needs something selected"
    only_pullback = session_of(pullback())
    assert why(only_pullback, "tool.centerline") == "needs a venogram"
    assert why(only_pullback, "tool.landmark") == "needs a venogram"
    assert why(only_pullback, f"tool.{SegmentKind.STENT.value}") == ""


def test_tooltips_read_as_sentences():
    session = Session()
    assert tooltip(BY_ID["edit.undo"], session).splitlines() == [
        "Take the last change back  (Ctrl+Z)", "Undo has nothing to take back."
    ]  # fmt: skip
    assert tooltip(BY_ID["file.export"], session).endswith("\nExport needs images.")
    assert tooltip(BY_ID["tool.landmark"], session).endswith("Landmark needs an IVUS pullback.")
    assert "\n" not in tooltip(BY_ID["file.open"], session)
    for action in ACTIONS:
        reason = action.why_not(session)
        assert not reason or reason.startswith(("needs ", "has nothing ")), action.id
