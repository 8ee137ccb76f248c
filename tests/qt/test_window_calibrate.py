"""Calibrating by mouse and keys: clicks, the known size, Enter; and every length follows."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_samples import CTRL, SHIFT, Desk, WrittenSample

from viewer.imaging import marker_catheter
from viewer.model.annotation import Caliper
from viewer.model.calibration import UNCALIBRATED, CalibrationSource
from viewer.model.reader_calibration import CalibrationMethod, Filling
from viewer.qt.facts_panel import FactsPanel
from viewer.session import facts
from viewer.session.state import Layers, Tool

Key = Qt.Key
Method = CalibrationMethod


def marks_of(sample: WrittenSample) -> list[tuple[float, float]]:
    return [(x, y) for x, y in sample.truth["runs"][0]["markers"]["xy_px"]]


def arm(desk: Desk, method: CalibrationMethod = Method.MARKERS) -> None:
    """K on the venogram, then the method as a person chooses it in the strip."""
    desk.session.set_run_frame(0)
    desk.settle()
    desk.focus(desk.venogram)
    desk.key(Key.Key_K)
    if method is not Method.MARKERS:
        choice = desk.window.calibrate_strip.method
        choice.setFocus()
        for _ in range(list(Method).index(method) if method is Method.DISTANCE else 1):
            QTest.keyClick(choice, Key.Key_Down)
        desk.pump()
    assert desk.session.calibrating.method is method


def type_size(desk: Desk, text: str) -> None:
    known = desk.window.calibrate_strip.known
    known.setFocus()
    known.selectAll()
    for letter in text:
        desk.key(letter)


def caliper_mm(desk: Desk) -> str:
    (item,) = desk.session.review.measurements
    return facts.measurement_value(desk.session, item).text


@pytest.fixture
def measured(bare_desk: Desk) -> Desk:
    """The window with a length of 100 px on the run."""
    session = bare_desk.session
    caliper = Caliper("c", session.run.uid, 0, (10.0, 10.0), (110.0, 10.0))
    session.edit("Measure", session.review.with_measurement(caliper))
    return bare_desk


def test_a_marker_catheter_gives_the_scale_and_undo_takes_it_back(measured, sample) -> None:
    desk, session, marks = measured, measured.session, marks_of(sample)
    before, header = caliper_mm(desk), session.calibration(session.run)
    arm(desk)
    strip = desk.window.calibrate_strip
    assert strip.isVisible()
    assert "first mark" in strip.text
    assert not strip.use.isEnabled()
    desk.click(desk.venogram, marks[0])
    assert "last mark" in strip.text
    desk.click(desk.venogram, marks[-1])
    desk.settle()
    assert "mm/px ±" in strip.text
    found = int(re.search(r"(\d+) marks, residual 0\.\d\d mm", strip.text)[1])
    assert len(marks) - 2 <= found <= len(marks)
    assert session.calibration(session.run) is header  # shown first, then accepted
    desk.key(Key.Key_Return)
    true_mm_per_px = sample.truth["runs"][0]["mm_per_px"]["vein_mean"]
    scale = session.calibration(session.run)
    assert scale.source is CalibrationSource.MANUAL
    assert scale.mm_per_px == pytest.approx(true_mm_per_px, rel=0.02)
    assert session.tool is Tool.SELECT
    assert not strip.isVisible()
    assert caliper_mm(desk) != before
    shown = desk.window.inspector.findChild(FactsPanel).texts["XA scale"]
    assert "marker catheter" in shown
    assert "Holds at the depth of the catheter" in shown
    desk.key(Key.Key_Z, CTRL)
    assert session.calibration(session.run) is header
    assert caliper_mm(desk) == before


def test_a_known_distance_is_dragged_typed_and_used(measured: Desk) -> None:
    desk, session = measured, measured.session
    arm(desk, Method.DISTANCE)
    desk.drag(desk.venogram, (50.0, 60.0), (150.0, 60.0))
    assert "Enter the distance" in desk.window.calibrate_strip.text
    assert desk.qt.focusWidget() is desk.window.calibrate_strip.known  # a number may follow at once
    type_size(desk, "40")
    assert desk.window.calibrate_strip.text.startswith("0.4")
    desk.key(Key.Key_Return)
    drawn = session.review.calibration_of(session.run.uid)
    length_px = np.linalg.norm(np.subtract(*drawn.points_px))
    assert length_px == pytest.approx(100.0, abs=3.0)
    assert drawn.mm_per_px == pytest.approx(40.0 / length_px)
    assert caliper_mm(desk).startswith(f"{drawn.mm_per_px * 100:.0f}"[:2])


def test_points_are_moved_and_taken_back(bare_desk: Desk) -> None:
    desk, calibrating = bare_desk, bare_desk.session.calibrating
    arm(desk, Method.DISTANCE)
    desk.click(desk.venogram, (50.0, 60.0))
    desk.click(desk.venogram, (150.0, 60.0))
    desk.drag(desk.venogram, (150.0, 60.0), (150.0, 100.0))
    assert calibrating.state.clicks_px[1] == pytest.approx((150.0, 100.0), abs=1.0)
    assert len(calibrating.state.clicks_px) == 2
    desk.focus(desk.venogram)
    desk.key(Key.Key_Backspace)
    assert len(calibrating.state.clicks_px) == 1
    assert calibrating.active


def test_escape_leaves_the_scale_as_it_was(bare_desk: Desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    before = session.review
    arm(desk)
    for mark in (marks_of(sample)[0], marks_of(sample)[-1]):
        desk.click(desk.venogram, mark)
    desk.key(Key.Key_Escape)
    assert session.tool is Tool.CALIBRATE
    assert session.calibrating.state.clicks_px == ()
    desk.key(Key.Key_Escape)
    assert session.tool is Tool.SELECT
    assert session.calibrating.state is None
    assert session.review == before
    assert not session.history.can_undo


def test_a_catheter_says_what_it_was_filled_with(bare_desk: Desk) -> None:
    desk, strip = bare_desk, bare_desk.window.calibrate_strip
    arm(desk)
    assert not strip.filling.isVisible()
    desk.key(Key.Key_Escape)
    arm(desk, Method.CATHETER)
    assert strip.filling.isVisible()
    assert strip.known.suffix() == " F"
    strip.filling.setFocus()
    QTest.keyClick(strip.filling, Key.Key_Down)
    assert desk.session.calibrating.filling is list(Filling)[1]
    type_size(desk, "8")
    assert desk.session.calibrating.size == 8.0


def test_what_was_clicked_and_found_is_drawn(bare_desk: Desk, sample) -> None:
    desk = bare_desk
    marks = marks_of(sample)
    arm(desk)
    desk.settle()
    desk.session.cycle_layers()  # no text: what is drawn over the marks only
    assert desk.session.layers is Layers.NO_TEXT
    middle = desk.screen(desk.venogram, marks[len(marks) // 2]).toPoint()
    around = (slice(middle.y() - 9, middle.y() + 10), slice(middle.x() - 9, middle.x() + 10))
    before = desk.picture(desk.venogram.view.viewport())[around].astype(int)
    desk.click(desk.venogram, marks[0])
    desk.click(desk.venogram, marks[-1])
    desk.settle()
    after = desk.picture(desk.venogram.view.viewport())[around].astype(int)
    green = (after[..., 1] - after[..., 0] > 60) & (before[..., 1] - before[..., 0] < 20)
    assert green.sum() > 10


def test_a_click_on_the_pullback_calibrates_that_on_a_distance(bare_desk: Desk) -> None:
    desk, session = bare_desk, bare_desk.session
    arm(desk)
    desk.drag(desk.ivus, (20.0, 40.0), (60.0, 40.0))
    assert session.calibrating.image_uid == session.pullback.uid
    assert session.calibrating.methods == (Method.DISTANCE,)
    assert not desk.window.calibrate_strip.method.isEnabled()
    type_size(desk, "10")
    desk.window.calibrate_strip.use.click()
    made = session.review.calibration_of(session.pullback.uid)
    assert made.mm_per_px == pytest.approx(0.25, rel=0.05)
    assert session.review.calibration_of(session.run.uid) is None


def test_a_calibration_is_removed_as_one_step(bare_desk: Desk) -> None:
    desk, session = bare_desk, bare_desk.session
    remove = desk.window.actions_by_id["calibrate.remove"]
    assert not remove.isEnabled()
    assert "needs a calibration by hand" in remove.toolTip()
    arm(desk, Method.DISTANCE)
    desk.drag(desk.venogram, (50.0, 60.0), (150.0, 60.0))
    type_size(desk, "40")
    desk.key(Key.Key_Return)
    desk.focus(desk.venogram)
    desk.key(Key.Key_K, CTRL | SHIFT)
    assert session.review.calibration_of(session.run.uid) is None
    assert session.calibration(session.run) is session.run.calibration
    desk.key(Key.Key_Z, CTRL)
    assert session.review.calibration_of(session.run.uid) is not None


def test_the_image_stays_where_it_is_when_the_vein_tool_is_armed(bare_desk: Desk) -> None:
    desk = bare_desk
    banner, view = desk.venogram.banner, desk.venogram.view
    assert banner.isVisible()
    assert banner.action.text().startswith("Vein")
    top = view.mapTo(desk.window, view.rect().topLeft()).y()
    desk.focus(desk.venogram)
    desk.key(Key.Key_B)
    assert banner.isVisible()
    assert not banner.action.isVisible()
    assert view.mapTo(desk.window, view.rect().topLeft()).y() == top
    desk.key(Key.Key_Escape)
    assert banner.action.isVisible()
    desk.key(Key.Key_K)  # its strip says what to do: one line above the image, not two
    assert desk.window.calibrate_strip.isVisible()
    assert not banner.isVisible()
    desk.key(Key.Key_Escape)
    assert banner.isVisible()


def test_a_real_run_without_a_scale_gets_one_from_its_banner(new_desk, shared_data: Path) -> None:
    desk = new_desk(shared_data / "xa")
    session = desk.session
    run = next(run for run in session.case.runs if not run.calibration.known)
    session.show(run.uid)
    desk.settle()
    banner = desk.venogram.banner
    assert banner.text == "No calibration. Lengths on this run are in pixels."
    assert banner.action.text() == "Calibrate  K"
    length = Caliper("c", run.uid, session.cursor.run_frame, (10.0, 10.0), (110.0, 10.0))
    session.edit("Measure", session.review.with_measurement(length))
    assert caliper_mm(desk).endswith("px")
    banner.action.click()
    desk.pump()
    assert session.tool is Tool.CALIBRATE
    desk.window.calibrate_strip.method.setCurrentIndex(2)
    desk.window.calibrate_strip.method.activated.emit(2)
    desk.drag(desk.venogram, (40.0, 40.0), (140.0, 40.0))
    type_size(desk, "30")
    desk.key(Key.Key_Return)
    assert session.calibration(run).mm_per_px == pytest.approx(0.3, rel=0.05)
    assert "mm" in caliper_mm(desk)
    assert not banner.isVisible()


def test_ctrl_z_takes_clicks_back_before_the_review(measured: Desk, sample) -> None:
    desk, session, marks = measured, measured.session, marks_of(sample)
    undo = desk.window.actions_by_id["edit.undo"]
    arm(desk)
    assert undo.text() == "Undo measure"
    for mark in (marks[0], marks[-1]):
        desk.click(desk.venogram, mark)
    desk.settle()
    assert undo.text() == "Undo click"
    desk.key(Key.Key_Z, CTRL)
    assert len(session.calibrating.state.clicks_px) == 1
    desk.key(Key.Key_Z, CTRL | SHIFT)
    desk.settle()
    assert "mm/px ±" in desk.window.calibrate_strip.text
    desk.key(Key.Key_Z, CTRL)
    desk.key(Key.Key_Z, CTRL)
    assert session.calibrating.state.clicks_px == ()
    assert len(session.review.measurements) == 1
    desk.key(Key.Key_Z, CTRL)
    assert session.review.measurements == ()
    assert session.tool is Tool.CALIBRATE


def test_escape_in_a_drag_lets_the_point_go(bare_desk: Desk) -> None:
    desk, calibrating = bare_desk, bare_desk.session.calibrating
    arm(desk, Method.DISTANCE)
    desk.click(desk.venogram, (50.0, 60.0))
    desk.click(desk.venogram, (150.0, 60.0))
    desk.focus(desk.venogram)
    desk.drag(desk.venogram, (150.0, 60.0), (150.0, 100.0), release=False)
    assert calibrating.state.clicks_px[1][1] > 80
    desk.key(Key.Key_Escape)
    desk.let_go(desk.venogram.view.viewport(), desk.screen(desk.venogram, (150.0, 120.0)))
    assert calibrating.state.clicks_px[1] == pytest.approx((150.0, 60.0), abs=2.0)
    assert len(calibrating.state.clicks_px) == 2


def test_marks_are_found_off_the_main_thread_and_stale_ones_dropped(
    bare_desk: Desk, sample, monkeypatch
) -> None:
    desk, calibrating, marks = bare_desk, bare_desk.session.calibrating, marks_of(sample)
    threads, gate = [], threading.Event()
    find = marker_catheter.find_marks

    def slow(*args):
        threads.append(threading.current_thread())
        gate.wait(20)
        return find(*args)

    monkeypatch.setattr(marker_catheter, "find_marks", slow)
    arm(desk)
    desk.click(desk.venogram, marks[0])
    desk.click(desk.venogram, marks[-1])
    desk.wait(lambda: threads)
    assert threads[0] is not threading.main_thread()
    assert "Measuring" in desk.window.calibrate_strip.text
    assert not desk.window.calibrate_strip.use.isEnabled()
    desk.key(Key.Key_Return)
    assert calibrating.active  # nothing to accept yet
    desk.key(Key.Key_Z, CTRL)
    gate.set()
    desk.wait(lambda: not calibrating.measuring)
    desk.pump()
    assert not calibrating.state.text  # the click it was measured for is gone
    desk.click(desk.venogram, marks[-1])
    desk.settle()
    assert calibrating.state.can_accept


def test_the_panel_says_how_to_calibrate_and_its_button_arms_the_tool(bare_desk: Desk) -> None:
    desk, session = bare_desk, bare_desk.session
    panel = desk.window.inspector.findChild(FactsPanel)
    assert not any(button.isVisible() for button in panel.buttons)
    case = session.case
    bare = tuple(replace(item, calibration=UNCALIBRATED) for item in case.image_sets)
    session.open_case(replace(case, image_sets=bare), None)
    desk.settle()
    assert "Calibrate on a marker catheter" in panel.texts["XA scale"]
    shown = [button for button in panel.buttons if button.isVisible()]
    assert len(shown) == 2
    shown[0].click()  # the pullback stands first
    desk.pump()
    assert session.tool is Tool.CALIBRATE
    assert session.calibrating.image_uid == session.pullback.uid
    session.arm(Tool.SELECT)
    shown[1].click()
    assert session.calibrating.image_uid == session.run.uid
    session.open_case(case, None)
    desk.settle()
