"""The matched profiles in Align, and the list of veins in the inspector."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from window_samples import Desk

from viewer.model.coregistration import SyncMode
from viewer.qt.speed_pane import SpeedPane
from viewer.session.matched_profiles import why_none
from viewer.session.state import Tool


@pytest.fixture
def align(desk: Desk) -> Iterator[Desk]:
    desk.do("workspace.align")
    desk.settle()
    yield desk
    desk.session.arm(Tool.SELECT)
    desk.do("workspace.review")
    desk.settle()


def pane(desk: Desk) -> SpeedPane:
    made = desk.window.align.speed
    assert made is not None
    return made


def shown_profiles(desk: Desk) -> SpeedPane:
    made = pane(desk)
    made.tabs["profiles"].click()
    desk.settle()
    return made


def test_both_profiles_lie_over_each_other_along_the_vein(align: Desk) -> None:
    graph = shown_profiles(align).profiles
    reading = graph.reading
    assert reading is not None
    assert reading.unit == "mm"
    vein = reading.vein[np.isfinite(reading.vein)]
    assert 4.0 < np.median(vein) < 30.0
    assert 0.6 < np.nanmedian(reading.lumen) / np.median(vein) < 1.7
    assert (np.diff(reading.vein_places) >= 0).all()
    assert reading.words.endswith(".")
    pane(align).tabs["speed"].click()
    assert pane(align).stack.currentWidget() is pane(align).graph


def test_a_click_on_the_profiles_shows_the_frame_that_lies_there(align: Desk) -> None:
    graph = shown_profiles(align).profiles
    session = align.session
    session.set_pullback_frame(2)
    assert graph.reading is not None
    wanted = int(graph.reading.frames[len(graph.reading.frames) // 2])
    x = graph.x_of(float(graph.reading.lumen_places[len(graph.reading.frames) // 2]))
    QTest.mouseClick(graph, Qt.MouseButton.LeftButton, pos=QPoint(round(x), 90))
    assert abs(session.cursor.pullback_frame - wanted) <= 1
    pane(align).tabs["speed"].click()


def test_hiding_a_profile_changes_the_picture(align: Desk) -> None:
    made = shown_profiles(align)
    before = made.profiles.grab().toImage()
    made.matched["lumen"].click()
    assert made.profiles.grab().toImage() != before
    made.matched["lumen"].click()
    assert made.profiles.grab().toImage() == before
    made.tabs["speed"].click()


def test_without_profiles_it_says_why(align: Desk) -> None:
    graph = shown_profiles(align).profiles
    align.session.vessel.set_mode(SyncMode.LANDMARKS)
    align.settle()
    graph.refresh()
    assert graph.reading is None
    assert "landmarks alone" in why_none(align.session)
    assert not graph.grab().isNull()
    align.session.vessel.set_mode(SyncMode.TRACKED)
    assert "the fluoroscopy" in why_none(align.session)
    pane(align).tabs["speed"].click()


def test_veins_are_chosen_named_tied_and_deleted_in_the_list(desk: Desk) -> None:
    session, panel = desk.session, desk.window.inspector.veins
    session.tracing.set_snap(False)
    first = session.vessel.lines[0]
    assert panel.isVisible()
    panel.another.click()
    for point in ((40.0, 60.0), (60.0, 90.0)):
        session.vessel.add_knot(point)
    desk.settle()
    assert len(panel.rows) == 2
    second = session.vessel.lines[1]
    assert session.vessel.target == second
    row = panel.rows[first.id]
    QTest.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(60, 12))
    assert session.vessel.target == first
    menu = panel.menu_for(second.id)
    assert session.vessel.target == second
    names = next(action.menu() for action in menu.actions() if action.text() == "Name")
    next(action for action in names.actions() if action.text() == "Right").trigger()
    assert session.vessel.lines[1].name == "Right"
    panel.rows[second.id].link.click()
    assert session.current_centerline.id == second.id
    assert panel.rows[second.id].link.isChecked()
    assert not panel.rows[first.id].link.isChecked()
    panel.rows[first.id].link.click()
    assert session.current_centerline.id == first.id
    menu = panel.menu_for(second.id)
    next(action for action in menu.actions() if action.text() == "Delete").trigger()
    assert [line.id for line in session.vessel.lines] == [first.id]
    assert list(panel.rows) == [first.id]
    session.arm(Tool.SELECT)
