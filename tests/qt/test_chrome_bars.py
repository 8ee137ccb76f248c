from __future__ import annotations

from collections.abc import Iterator

import pytest
from chrome_samples import a_pullback, a_run, a_session, q_actions
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from viewer.qt import theme
from viewer.qt.align_strip import AlignStrip
from viewer.qt.inspector import Inspector
from viewer.qt.series_rail import SeriesRail
from viewer.qt.status_bar import StatusBar
from viewer.qt.tool_strip import ToolStrip
from viewer.qt.top_bar import TopBar
from viewer.session.session import Session
from viewer.session.state import Tool, Workspace


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> None:
    theme.apply(qapp)


@pytest.fixture
def owner() -> Iterator[QObject]:
    made = QObject()
    yield made
    made.deleteLater()


def shown(widget: QWidget, qtbot: QtBot) -> None:
    qtbot.addWidget(widget)
    widget.show()


# -- tools ------------------------------------------------------------------------------------
def test_tools_that_can_not_be_used_are_grey_and_say_why(qtbot: QtBot, owner: QObject) -> None:
    session = Session()
    strip = ToolStrip(session, q_actions(session, owner))
    shown(strip, qtbot)
    stenosis = strip.buttons["tool.stenosis"]
    assert not stenosis.isEnabled()
    assert "Stenosis needs an IVUS pullback or a centerline" in stenosis.toolTip()
    session.add_images((a_pullback(),))
    assert stenosis.isEnabled()
    assert "needs" not in stenosis.toolTip()
    assert "Landmark needs a venogram" in strip.buttons["tool.landmark"].toolTip()


def test_one_tool_is_armed_at_a_time(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    strip = ToolStrip(session, q_actions(session, owner))
    shown(strip, qtbot)
    QTest.mouseClick(strip.buttons["tool.clot"], Qt.MouseButton.LeftButton)
    assert session.tool is Tool.CLOT
    session.arm(Tool.STENT)
    armed = [action_id for action_id, button in strip.buttons.items() if button.isChecked()]
    assert armed == ["tool.stent"]


def test_clicking_the_armed_tool_keeps_it_shown_as_armed(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    strip = ToolStrip(session, q_actions(session, owner))
    shown(strip, qtbot)
    for _ in range(2):
        QTest.mouseClick(strip.buttons["tool.clot"], Qt.MouseButton.LeftButton)
        assert strip.buttons["tool.clot"].isChecked() == (session.tool is Tool.CLOT)


def test_compact_tools_are_icons_of_44_px(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    strip = ToolStrip(session, q_actions(session, owner))
    shown(strip, qtbot)
    strip.set_compact(True)
    assert strip.width() == 44
    assert all(28 <= button.height() <= 44 for button in strip.buttons.values())


# -- top bar ----------------------------------------------------------------------------------
def test_the_bar_names_the_case_and_switches_workspaces(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    bar = TopBar(session, q_actions(session, owner))
    shown(bar, qtbot)
    names = {button.text(): button for button in bar.switch.buttons}
    assert list(names) == ["Review", "Align", "Compare"]
    QTest.mouseClick(names["Align"], Qt.MouseButton.LeftButton)
    assert session.workspace is Workspace.ALIGN
    assert names["Align"].isChecked()
    assert not names["Review"].isChecked()


def test_undo_in_the_bar_follows_the_history(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    bar = TopBar(session, q_actions(session, owner))
    shown(bar, qtbot)
    undo = next(b for b in bar.findChildren(QAbstractButton) if b.accessibleName() == "Undo")
    assert not undo.isEnabled()
    session.segments.delete("s1")
    assert undo.isEnabled()
    QTest.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert session.review.segment("s1") is not None


def test_the_badge_shows_initials_and_asks_for_another_reader(
    qtbot: QtBot, owner: QObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = a_session()
    bar = TopBar(session, q_actions(session, owner))
    shown(bar, qtbot)
    assert bar.reader.initials == "RA"
    monkeypatch.setattr(
        "viewer.qt.top_bar_parts.QInputDialog.getText", lambda *_, **__: ("Bea Cole", True)
    )
    with qtbot.waitSignal(bar.reader_change_requested) as told:
        bar.reader.ask()
    assert told.args == ["Bea Cole"]


# -- status -----------------------------------------------------------------------------------
def test_status_says_how_sure_the_link_is(qtbot: QtBot) -> None:
    session = a_session()
    bar = StatusBar(session)
    shown(bar, qtbot)
    assert bar.link.text == "Linked: IVUS leads"
    assert bar.anchors.text == "3 anchors"
    near = bar.here.text
    session.set_pullback_frame(140)
    assert bar.here.text != near
    assert " mm worst" in bar.here.text
    session.vessel.remove_landmark("m1")
    assert bar.undo.text == "Undo: delete landmark"
    session.add_images((a_run("second", 9),))
    session.show("second")
    assert bar.link.text == "Not linked: no centerline"
    assert bar.here.text == ""


def test_status_tells_saved_unsaved_and_why_not(qtbot: QtBot) -> None:
    bar = StatusBar(a_session())
    shown(bar, qtbot)
    bar.set_saved("14:32:08", 0)
    assert bar.saved.text == "Saved 14:32:08"
    bar.set_saved("14:32:08", 2)
    assert bar.saved.text == "Unsaved changes"
    bar.set_saved("14:32:08", 2, "The disk is full.")
    assert bar.saved.text == "Not saved"
    assert bar.saved.toolTip() == "The disk is full."


def test_compact_status_keeps_what_must_stay(qtbot: QtBot) -> None:
    bar = StatusBar(a_session())
    shown(bar, qtbot)
    bar.set_cache(10, 248, 5 << 20, 512 << 20)
    assert bar.cache.text == "Cache 10 / 248 frames · 5 MB of 512"
    bar.set_saved("14:32:08", 0)
    bar.set_compact(True)
    bar.set_cache(11, 248, 5 << 20, 512 << 20)
    assert [i.isVisible() for i in (bar.cache, bar.undo, bar.anchors)] == [False] * 3
    assert bar.here.isVisible()
    assert bar.saved.isVisible()
    assert bar.warning.isVisible()
    assert bar.warning.text == "Not for diagnostic use"


def test_issues_are_counted_and_clicked(qtbot: QtBot) -> None:
    bar = StatusBar(a_session())
    shown(bar, qtbot)
    bar.set_issues(3)
    assert bar.issues.text == "3 issues"
    with qtbot.waitSignal(bar.issues_clicked):
        QTest.mouseClick(bar.issues, Qt.MouseButton.LeftButton)
    bar.set_issues(0)
    assert not bar.issues.isVisible()


# -- align strip ------------------------------------------------------------------------------
def test_the_strip_predicts_judges_and_adds(qtbot: QtBot) -> None:
    session = a_session()
    session.arm(Tool.LANDMARK)
    strip = AlignStrip(session)
    shown(strip, qtbot)
    session.set_pullback_frame(130)
    assert strip.text.startswith("Predicted ")
    assert not strip.add.isEnabled()
    session.vessel.place_pending((500.0, 640.0))
    assert "the predicted" in strip.text or "neighbours" in strip.text
    strip.name.setEditText("Saphenofemoral junction")
    strip.name.activated.emit(0)
    QTest.mouseClick(strip.add, Qt.MouseButton.LeftButton)
    added = session.vessel.landmarks[2]
    assert (added.name, added.frame) == ("Saphenofemoral junction", 130)


def test_skip_forgets_the_place(qtbot: QtBot) -> None:
    session = a_session()
    session.arm(Tool.LANDMARK)
    strip = AlignStrip(session)
    shown(strip, qtbot)
    session.vessel.place_pending((500.0, 640.0))
    QTest.mouseClick(strip.skip, Qt.MouseButton.LeftButton)
    assert session.vessel.pending.point_px is None
    assert not strip.skip.isEnabled()


# -- all of them ------------------------------------------------------------------------------
def test_every_control_has_a_name_and_room_for_a_finger(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    actions = q_actions(session, owner)
    host = QWidget()
    parts = [TopBar(session, actions), ToolStrip(session, actions), SeriesRail(session)]
    parts += [Inspector(session), AlignStrip(session)]
    for part in parts:
        part.setParent(host)
    shown(host, qtbot)
    buttons = [b for b in host.findChildren(QAbstractButton) if b.isVisibleTo(host)]
    assert len(buttons) > 20
    assert [b for b in buttons if not (b.accessibleName() or b.text())] == []
    small = [(b.accessibleName(), b.size()) for b in buttons if min(b.height(), b.width()) < 28]
    assert small == []


def test_no_part_opens_a_window_of_its_own(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    actions = q_actions(session, owner)
    parts = [TopBar(session, actions), ToolStrip(session, actions), SeriesRail(session)]
    parts += [Inspector(session), AlignStrip(session), StatusBar(session)]
    session.measures.toggle_bookmark("run", 7)
    session.set_workspace(Workspace.ALIGN)
    session.select(session.selection)
    windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    for part in parts:
        qtbot.addWidget(part)
    assert windows == []
