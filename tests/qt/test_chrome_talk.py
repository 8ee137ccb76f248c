from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from chrome_samples import a_session, q_actions
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from viewer.model.annotation import SegmentKind
from viewer.qt import notify, theme
from viewer.qt.chips import KeyCap
from viewer.qt.icons import icon
from viewer.qt.notify import Banner, Toast
from viewer.qt.palette import Palette, ShortcutSheet
from viewer.qt.start_page import RecentCase, StartPage, when_text
from viewer.session.actions import ACTIONS
from viewer.session.recovery import Recovery
from viewer.session.session import Session, new_review
from viewer.session.state import Notice, Severity, Tool


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> None:
    theme.apply(qapp)


@pytest.fixture
def owner() -> Iterator[QObject]:
    made = QObject()
    yield made
    made.deleteLater()


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.resize(900, 600)
    qtbot.addWidget(made)
    made.show()
    return made


# -- toast, banner ----------------------------------------------------------------------------
def test_a_toast_undoes(window: QWidget, qtbot: QtBot) -> None:
    toast = Toast(window)
    toast.show_notice(Notice("Stenosis 1 deleted", undoable=True))
    assert toast.isVisible()
    assert toast.undo.isVisible()
    with qtbot.waitSignal(toast.undo_asked):
        QTest.mouseClick(toast.undo, Qt.MouseButton.LeftButton)
    assert not toast.isVisible()
    toast.show_text("Saved")
    assert not toast.undo.isVisible()


def test_a_toast_goes_by_itself_but_not_under_the_pointer(
    window: QWidget, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "SHOWN_MS", 60)
    toast = Toast(window)
    toast.show_text("Saved")
    here = QPointF(1, 1)
    QApplication.sendEvent(toast, QEnterEvent(here, here, here))
    qtbot.wait(120)
    assert toast.isVisible()
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: not toast.isVisible(), timeout=30_000)


def test_a_toast_stays_inside_the_window(window: QWidget) -> None:
    toast = Toast(window)
    toast.show_notice(Notice("Long " * 60, "Longer " * 60, Severity.WARNING))
    for width in (900, 500):
        window.resize(width, 600)
        toast.reposition()
        assert window.rect().contains(toast.geometry())
        assert toast.geometry().left() == 16


def test_a_banner_says_acts_and_closes(window: QWidget, qtbot: QtBot) -> None:
    banner = Banner(window)
    assert not banner.isVisible()
    banner.show_message("No calibration.", "Lengths are in pixels.", "Calibrate")
    assert banner.isVisible()
    assert banner.text == "No calibration. Lengths are in pixels."
    with qtbot.waitSignal(banner.action_clicked):
        banner.action.click()
    banner.show_message("")
    assert not banner.isVisible()


# -- palette, shortcuts -----------------------------------------------------------------------
def palette_of(session: Session, owner: QObject, qtbot: QtBot) -> Palette:
    palette = Palette(session, q_actions(session, owner))
    palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(palette)
    palette.show()
    return palette


def test_letters_and_enter_run_a_command(qtbot: QtBot, owner: QObject) -> None:
    session = a_session()
    palette = palette_of(session, owner, qtbot)
    QTest.keyClicks(palette.query, "clot")
    assert palette.texts[0] == "Clot"
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.tool is Tool.CLOT, timeout=30_000)
    assert not palette.isVisible()


def test_what_can_not_run_says_why_and_does_not(qtbot: QtBot, owner: QObject) -> None:
    session = Session()
    palette = palette_of(session, owner, qtbot)
    QTest.keyClicks(palette.query, "landmark")
    row = palette.texts.index("Landmark")
    spoken = palette.list.item(row).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "needs a" in spoken
    palette.list.setCurrentRow(row)
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert palette.isVisible()
    assert session.tool is Tool.SELECT


def test_down_moves_while_typing_goes_on(qtbot: QtBot, owner: QObject) -> None:
    palette = palette_of(a_session(), owner, qtbot)
    QTest.keyClick(palette.query, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 1
    QTest.keyClicks(palette.query, "zzzz")
    assert palette.texts == []
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_the_sheet_has_every_shortcut(qtbot: QtBot) -> None:
    sheet = ShortcutSheet(a_session())
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(sheet)
    named = {cap.accessibleName().rsplit(": ", 1)[0] for cap in sheet.findChildren(KeyCap)}
    assert named >= {action.text for action in ACTIONS if action.shortcuts}


# -- start page -------------------------------------------------------------------------------
def test_recent_cases_open_with_click_and_enter(qtbot: QtBot, owner: QObject) -> None:
    page = StartPage(q_actions(Session(), owner))
    qtbot.addWidget(page)
    page.resize(1300, 700)
    page.show()
    assert not page.list.isVisible()
    now = datetime.now().astimezone()
    page.set_recent([RecentCase("Left iliac", "a.caval.json", Path("a.caval.json"), now, "RA")])
    assert page.list.isVisible()
    with qtbot.waitSignal(page.recent_chosen) as told:
        QTest.keyClick(page.list, Qt.Key.Key_Down)
        QTest.keyClick(page.list, Qt.Key.Key_Return)
    assert told.args == [Path("a.caval.json")]


def test_what_a_crash_left_can_be_kept_seen_or_given_up(qtbot: QtBot, owner: QObject) -> None:
    page = StartPage(q_actions(Session(), owner))
    qtbot.addWidget(page)
    page.show()
    lost = Recovery(
        new_review("RA", "Left iliac"), Path("a.caval.json"), None,
        tuple(f"Draw clot {n}" for n in range(14)), Path("journal"),
    )  # fmt: skip
    page.set_recoveries([lost])
    QApplication.processEvents()
    (card,) = page.recovery_cards
    assert "14 changes" in card.accessibleName()
    assert not card.changes.isVisible()
    card.compare.click()
    assert card.changes.isVisible()
    assert "Draw clot 13" in card.changes.text()
    with qtbot.waitSignal(page.recovery_kept) as kept:
        card.keep.click()
    assert kept.args == [lost]
    with qtbot.waitSignal(page.recovery_discarded):
        card.discard.click()
    page.set_recoveries([])
    assert page.recovery_cards == []


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=20), "Just now"),
        (timedelta(minutes=10), "10 min ago"),
        (timedelta(hours=3), "Today 10:00"),
        (timedelta(hours=20), "Yesterday 17:00"),
        (timedelta(days=4), "11 Nov"),
        (timedelta(days=400), "11 Oct 2024"),
        (timedelta(minutes=-5), "Today 13:05"),
    ],
)
def test_when_as_people_say_it(before: timedelta, text: str) -> None:
    now = datetime(2025, 11, 15, 13, 0)
    assert when_text(now - before, now) == text


# -- look -------------------------------------------------------------------------------------
def test_every_action_s_icon_can_be_drawn() -> None:
    for action in ACTIONS:
        if action.icon:
            image = icon(action.icon).pixmap(16, 16).toImage()
            inked = [image.pixelColor(x, y).alpha() for x in range(16) for y in range(16)]
            assert max(inked) > 100, action.icon


def test_patterns_differ_by_kind() -> None:
    images = [theme.segment_brush(kind).texture().toImage() for kind in SegmentKind]
    assert all(image.width() == 8 for image in images)
    assert images[0] != images[1] != images[2] != images[0]
    colours = {theme.segment_color(kind).name() for kind in SegmentKind}
    assert len(colours) == 3


def test_a_window_built_undressed_is_dressed_after(qapp: QApplication) -> None:
    sheet = qapp.styleSheet()
    with theme.undressed(qapp):
        assert qapp.styleSheet() == ""
    assert qapp.styleSheet() == sheet != ""
