"""The Align workspace: where things stand, speeds and ±, what a landmark would bring."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPointF, Qt
from window_samples import CTRL, Desk, WrittenSample

from viewer.geometry.position_map import PositionMap
from viewer.model.coregistration import SyncMode
from viewer.qt.speed_graph import SpeedGraph
from viewer.session.state import Tool, Workspace
from viewer.session.tie_words import MODEL_NAMES, MODEL_TEXTS, suggestion

Key = Qt.Key


@pytest.fixture
def align(desk: Desk) -> Iterator[Desk]:
    """The example case in Align, and back to Review afterwards."""
    desk.do("workspace.align")
    desk.settle()
    yield desk
    desk.session.arm(Tool.SELECT)
    desk.do("workspace.review")
    desk.settle()


def graph(desk: Desk) -> SpeedGraph:
    made = desk.window.align.speed
    assert made is not None
    return made.graph


def left_of(widget, other) -> bool:
    origin = QPointF(0, 0)
    return widget.mapToGlobal(origin).x() < other.mapToGlobal(origin).x()


def test_align_puts_the_pullback_left_and_review_puts_it_back(desk: Desk) -> None:
    session, window = desk.session, desk.window
    session.set_pullback_frame(31)
    desk.venogram.view.zoom_by(2.0, QPointF(100, 100))
    zoom, chosen = desk.venogram.view.zoom, session.selection
    shares = window.images.sizes()
    assert left_of(desk.venogram, desk.ivus)
    desk.key(Key.Key_2, Qt.KeyboardModifier.AltModifier)
    desk.settle()
    assert session.workspace is Workspace.ALIGN
    assert left_of(desk.ivus, desk.venogram)
    assert window.align.speed.isVisible()
    assert window.align.strip.isVisible()
    assert not window.below.isVisible()
    assert not window.tools.isVisible()
    assert not desk.ivus.cine.isVisible()
    assert session.cursor.pullback_frame == 31
    assert desk.venogram.view.zoom == pytest.approx(zoom)
    desk.key(Key.Key_1, Qt.KeyboardModifier.AltModifier)
    desk.settle()
    assert left_of(desk.venogram, desk.ivus)
    assert window.below.isVisible()
    assert desk.ivus.cine.isVisible()
    assert window.images.sizes() == shares
    assert desk.venogram.view.zoom == pytest.approx(zoom)
    assert (session.cursor.pullback_frame, session.selection) == (31, chosen)


def test_each_workspace_keeps_its_own_splitters(align: Desk) -> None:
    window = align.window
    window.images.setSizes([500, 300])
    wide = window.images.sizes()
    align.do("workspace.review")
    window.images.setSizes([200, 600])
    kept = window.splitter_state()
    assert {"images", "split", "align images", "align split"} <= set(kept)
    align.do("workspace.align")
    align.pump()
    assert window.images.sizes() == wide
    window.images.setSizes([100, 700])
    align.do("workspace.review")
    window.restore_splitters(kept)
    align.do("workspace.align")
    align.pump()
    assert window.images.sizes() == wide


def test_the_strip_shows_frames_around_and_goes_there(align: Desk) -> None:
    session, strip = align.session, align.window.align.strip
    session.set_pullback_frame(25)
    assert strip.frames() == [None, 5, 15, 25, 35, 45, 55]
    uid = session.cursor.pullback_uid
    align.wait(lambda: (uid, 45) in strip._pictures, "for a small picture")
    align.drag_on(strip, [strip.box(5).center()])
    assert session.cursor.pullback_frame == 45
    assert strip.frames()[6] is None
    align.drag_on(strip, [strip.box(6).center()])  # beyond the last frame: nothing there
    assert session.cursor.pullback_frame == 45


def test_speeds_stand_on_a_time_axis_and_the_line_can_be_dragged(align: Desk) -> None:
    session, shown = align.session, graph(align)
    reading = shown.reading
    assert reading is not None
    assert reading.x_unit == "s"
    assert reading.unit == "mm/s"
    marks = session.vessel.landmarks
    assert [mark.frame for mark in reading.marks] == [mark.frame for mark in marks]
    assert len(reading.steps) == len(marks) - 1
    line, position = session.current_polyline, session.position_map
    first, last, speed = reading.steps[0]
    arcs = position.to_unit([float(line.project(m.point_px)[0]) for m in marks[:2]])
    assert speed == pytest.approx(abs(arcs[1] - arcs[0]) / (reading.x[last] - reading.x[first]))
    height = shown.speed_area.center().y()
    align.drag_on(shown, [QPointF(shown.x_of(10), height), QPointF(shown.x_of(40), height)])
    assert session.cursor.pullback_frame == 40
    align.drag_on(shown, [QPointF(shown.x_of(marks[1].frame), 14.0)])
    assert session.selection.id == marks[1].id
    assert session.cursor.pullback_frame == marks[1].frame


def test_hiding_a_curve_changes_the_picture(align: Desk) -> None:
    shown = graph(align)
    before = align.picture(shown)
    align.window.align.speed.legend["anchors"].click()
    align.pump()
    assert (align.picture(shown) != before).any()
    align.window.align.speed.legend["anchors"].click()


def test_what_the_pending_landmark_would_bring_is_drawn_before_it_is_added(
    align: Desk, sample: WrittenSample
) -> None:
    session, shown = align.session, graph(align)
    removed = session.vessel.landmarks[1]
    session.vessel.remove_landmark(removed.id)
    align.settle()
    session.arm(Tool.LANDMARK)
    session.set_pullback_frame(removed.frame)
    align.click(align.venogram, removed.point_px)
    align.wait(lambda: shown.reading.before is not None, "for what it would bring")
    reading = shown.reading
    assert reading.marks[1].id == "pending"
    here = removed.frame
    assert reading.half_band[here] < reading.before[here]
    assert "moves the path by" in align.window.strip.text
    align.key(Key.Key_Return)
    align.settle()
    assert len(session.vessel.landmarks) == 3 or session.vessel.landmarks[1].frame == here
    assert graph(align).reading.before is None


def test_go_shows_where_a_landmark_helps_and_arms_the_tool(align: Desk) -> None:
    session, panel = align.session, align.window.inspector.landmarks
    session.arm(Tool.SELECT)
    found = suggestion(session)
    assert found is not None
    assert panel._next_title.text() == found.title
    panel._go()
    assert session.cursor.pullback_frame == found.frame
    assert session.tool is Tool.LANDMARK


def test_reset_to_ends_is_one_step(align: Desk) -> None:
    session = align.session
    marks = session.vessel.landmarks
    align.window.inspector.clear.click()
    assert session.vessel.landmarks == (marks[0], marks[-1])
    align.key(Key.Key_Z, CTRL)
    assert session.vessel.landmarks == marks
    align.settle()


def test_every_model_is_named_and_explained_in_a_sentence(align: Desk) -> None:
    session, speed = align.session, align.window.align.speed
    assert set(MODEL_NAMES) == set(MODEL_TEXTS) == set(SyncMode)
    for row, mode in enumerate(MODEL_NAMES):
        speed.mode.setCurrentIndex(row)
        speed.mode.activated.emit(row)
        assert session.vessel.current_tie().mode is mode
        assert align.window.inspector.mapping.mode.currentText() == MODEL_NAMES[mode]
        assert MODEL_TEXTS[mode].endswith(".")
    align.settle()


def test_without_landmarks_the_profile_places_the_frames_and_says_so(align: Desk) -> None:
    session = align.session
    session.vessel.remove_landmarks()
    align.settle()
    position = session.position
    assert isinstance(position, PositionMap)
    assert position.profiles is not None
    assert any("No landmark yet" in text for text in position.problems)
    assert "all evidence" in align.window.status.model.text
    assert graph(align).reading.used is not None


def test_a_motor_asks_for_evidence_only_between_landmarks(align: Desk) -> None:
    session = align.session
    session.vessel.set_rate(5.0)
    align.settle()
    position = session.position_map
    assert position is not None
    assert position.mode == "constant"
    assert session.pulls is not None
    assert session.pulls.position(session.basis_for(session.run, session.pullback)) is position
    session.vessel.remove_landmarks()
    align.settle()
    assert session.pulls.position(session.basis_for(session.run, session.pullback)) is None


def test_during_a_drag_the_position_follows_at_once_and_settles_after_it(align: Desk) -> None:
    session = align.session
    mark = session.vessel.landmarks[1]
    settled = session.position_map
    session.begin("Move landmark")
    session.vessel.move_landmark_to_frame(mark.id, mark.frame + 2)
    moving = session.position_map
    assert moving is not None
    assert moving is not settled
    assert not session.pulls.busy or session.in_gesture
    session.commit("moved")
    align.settle()
    now = session.position_map
    assert now is not None
    assert now.mode == settled.mode
    assert now.explanation.split(":")[0] == settled.explanation.split(":")[0]


def test_a_landmark_that_runs_backwards_is_explained_and_not_added(align: Desk) -> None:
    session = align.session
    marks = session.vessel.landmarks
    session.arm(Tool.LANDMARK)
    session.set_pullback_frame((marks[0].frame + marks[1].frame) // 2)
    session.vessel.place_pending(marks[-1].point_px)
    assert not session.vessel.accept_pending()
    assert session.vessel.landmarks == marks
    assert any("backwards" in notice.hint for notice in align.notices)
