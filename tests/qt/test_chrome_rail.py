from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from chrome_samples import BERTA, a_run, a_session
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from viewer.model.case import Phase
from viewer.model.study import Skipped
from viewer.qt import theme
from viewer.qt.rail_delegate import CONTENT, PICTURE
from viewer.qt.series_rail import SeriesRail
from viewer.session.contents import Row
from viewer.session.session import Session


@pytest.fixture
def session() -> Session:
    return a_session(a_run("second", 10))


@pytest.fixture
def rail(session: Session, qtbot: QtBot, qapp: QApplication) -> SeriesRail:
    theme.apply(qapp)
    made = SeriesRail(session)
    qtbot.addWidget(made)
    made.resize(236, 900)
    made.show()
    return made


def items(rail: SeriesRail) -> dict[str, QTreeWidgetItem]:
    root = rail.tree.invisibleRootItem()
    found = {}
    for n in range(root.childCount()):
        group = root.child(n)
        found[group.data(0, CONTENT).title] = group
        for k in range(group.childCount()):
            found[group.child(k).data(0, CONTENT).uid] = group.child(k)
    return found


def row(rail: SeriesRail, uid: str) -> Row:
    content = items(rail)[uid].data(0, CONTENT)
    assert isinstance(content, Row)
    return content


def click(rail: SeriesRail, key: str) -> None:
    place = rail.tree.visualItemRect(items(rail)[key]).center()
    QTest.mouseClick(rail.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_rows_stand_in_their_phases(rail: SeriesRail) -> None:
    assert list(items(rail)) == ["Initial venogram", "run", "second", "Initial IVUS", "pull"]
    assert row(rail, "run").current
    assert not row(rail, "second").current


def test_a_click_shows_the_series(rail: SeriesRail, session: Session) -> None:
    click(rail, "second")
    assert session.cursor.run_uid == "second"
    assert row(rail, "second").current
    assert not row(rail, "run").current


def test_up_down_enter_show_the_series(rail: SeriesRail, session: Session) -> None:
    rail.tree.setFocus()
    rail.tree.setCurrentItem(items(rail)["run"])
    QTest.keyClick(rail.tree, Qt.Key.Key_Down)
    QTest.keyClick(rail.tree, Qt.Key.Key_Return)
    assert session.cursor.run_uid == "second"


def test_a_heading_shuts_its_group_and_stays_shut(rail: SeriesRail, session: Session) -> None:
    click(rail, "Initial venogram")
    assert not items(rail)["Initial venogram"].isExpanded()
    session.add_images((a_run("third", 20),))
    assert not items(rail)["Initial venogram"].isExpanded()


def test_a_row_dropped_on_another_phase_goes_there_and_undo_brings_it_back(
    rail: SeriesRail, session: Session
) -> None:
    session.set_phase("second", Phase.COMPLETION_VENOGRAM)
    rail.tree.setCurrentItem(items(rail)["second"])
    where = QPointF(rail.tree.visualItemRect(items(rail)["run"]).center())
    drop = QDropEvent(
        where, Qt.DropAction.MoveAction, QMimeData(), Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    rail.tree.dropEvent(drop)
    assert session.phases["second"] is Phase.INITIAL_VENOGRAM
    assert items(rail)["second"].parent().data(0, CONTENT).phase is Phase.INITIAL_VENOGRAM
    session.undo()
    assert items(rail)["second"].parent().data(0, CONTENT).phase is Phase.COMPLETION_VENOGRAM


def test_the_menu_of_a_row_changes_its_phase(rail: SeriesRail, session: Session) -> None:
    menu = rail.menu_for(row(rail, "run"))
    phases = next(action.menu() for action in menu.actions() if action.text() == "Phase")
    chosen = {action.text(): action for action in phases.actions()}
    assert chosen["Initial venogram"].isChecked()
    chosen["Access"].trigger()
    assert session.phases["run"] is Phase.ACCESS
    menu.deleteLater()


def test_held_series_can_be_left_out_taken_or_moved(
    rail: SeriesRail, session: Session, qtbot: QtBot
) -> None:
    session.add_images((a_run("other", patient=BERTA),), (Skipped(Path("IM_9"), "empty file"),))
    assert row(rail, "other").tags[0].text == "Held"
    assert row(rail, "IM_9").tags[0].text == "Couldn't be read"
    menu = rail.menu_for(row(rail, "other"))
    for action, signal in zip(
        menu.actions(),
        (rail.leave_out_requested, rail.new_case_requested, rail.add_anyway_requested),
        strict=True,
    ):
        with qtbot.waitSignal(signal):
            action.trigger()
    click(rail, "other")
    assert session.cursor.run_uid == "run"
    menu.deleteLater()


def test_stars_and_thumbnails_arrive_later(rail: SeriesRail, session: Session) -> None:
    session.measures.toggle_bookmark("second", 4)
    assert [tag.text for tag in row(rail, "second").tags] == ["1"]
    assert items(rail)["second"].data(0, PICTURE) is None
    rail.set_thumbnail("second", np.zeros((40, 60), np.uint8))
    assert items(rail)["second"].data(0, PICTURE).height() == 104
    session.add_images((a_run("third", 20),))
    assert items(rail)["second"].data(0, PICTURE) is not None


def test_a_colour_thumbnail_keeps_its_colours(rail: SeriesRail) -> None:
    red = np.zeros((30, 30, 3), np.uint8)
    red[..., 0] = 200
    rail.set_thumbnail("run", red)
    assert items(rail)["run"].data(0, PICTURE).toImage().pixelColor(50, 50).red() == 200


def test_a_key_image_jumps_and_delete_takes_it_out(rail: SeriesRail, session: Session) -> None:
    strip = rail.key_images
    strip.list.setCurrentRow(0)
    strip.list.itemClicked.emit(strip.list.item(0))
    assert session.cursor.pullback_frame == 55
    wanted: list[tuple[str, int]] = []
    rail.key_picture_wanted.connect(lambda uid, frame: wanted.append((uid, frame)))
    session.measures.toggle_bookmark("run", 7)
    session.measures.toggle_bookmark("run", 8)
    assert wanted == [("pull", 55), ("run", 7), ("run", 8)]
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Delete)
    assert len(session.review.bookmarks) == 2


def test_files_dropped_on_the_zone_are_told(rail: SeriesRail, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/somewhere/IM_1"), QUrl("https://example.org/x")])
    drop = QDropEvent(
        QPointF(QPoint(20, 20)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    with qtbot.waitSignal(rail.files_dropped) as told:
        rail.drop_zone.dropEvent(drop)
    assert told.args == [[Path("/somewhere/IM_1")]]
    with qtbot.waitSignal(rail.add_requested):
        QTest.keyClick(rail.drop_zone, Qt.Key.Key_Return)


def test_compact_is_52_wide_and_rows_stay_inside(rail: SeriesRail) -> None:
    rail.set_compact(True)
    QApplication.processEvents()
    assert rail.width() == 52
    assert rail.tree.visualItemRect(items(rail)["run"]).right() <= 52
    assert not rail.key_images.isVisible()
    rail.set_compact(False)
    QApplication.processEvents()
    assert rail.tree.visualItemRect(items(rail)["run"]).width() > 200


def test_scrubbing_does_not_touch_the_rail(
    rail: SeriesRail, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(rail, "refresh", lambda: asked.append(1))
    for frame in range(20):
        session.set_pullback_frame(frame)
    assert asked == []
