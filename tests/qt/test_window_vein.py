"""Tying together: the vein's course and the landmarks, by mouse and keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from window_samples import CTRL, Desk, WrittenSample

from viewer.geometry.position_map import PositionMap
from viewer.session.state import Selection, Tool

Key = Qt.Key


def draw_vein(desk: Desk, sample: WrittenSample, count: int = 8) -> None:
    """Click by click as it stands: following the vein has tests of its own."""
    desk.session.tracing.set_snap(False)
    desk.focus(desk.venogram)
    desk.key(Key.Key_B)
    for knot in sample.knots(count):
        desk.click(desk.venogram, knot)
    desk.key(Key.Key_Escape)


def place_landmark(desk: Desk, frame: int, point: tuple[float, float]) -> None:
    """Frame on the pullback, click on the venogram, Enter."""
    desk.session.set_pullback_frame(frame)
    desk.click(desk.venogram, point)
    desk.key(Key.Key_Return)


def test_a_centerline_is_clicked_and_each_click_undone(bare_desk: Desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    knots = sample.knots(6)
    draw_vein(desk, sample, 6)
    line = session.current_centerline
    assert len(line.knots_px) == 6
    assert np.allclose(line.knots_px, knots, atol=0.6)
    assert session.tool is Tool.SELECT
    assert desk.window.inspector is not None
    for left in (5, 4, 3):
        desk.key(Key.Key_Z, CTRL)
        assert len(session.current_centerline.knots_px) == left
    desk.key(Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert len(session.current_centerline.knots_px) == 4
    for _ in range(4):
        desk.key(Key.Key_Z, CTRL)
    assert session.current_centerline is None
    assert not session.history.can_undo


def test_a_double_click_while_drawing_adds_one_point_and_maximises_nothing(
    bare_desk: Desk, sample
) -> None:
    desk = bare_desk
    desk.session.tracing.set_snap(False)
    desk.focus(desk.venogram)
    desk.key(Key.Key_B)
    desk.double_click(desk.venogram, sample.knots()[0])
    assert len(desk.session.current_centerline.knots_px) == 1
    assert desk.ivus.isVisible()


def test_clicks_on_the_curve_insert_and_far_ones_extend(bare_desk: Desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    draw_vein(desk, sample, 5)
    x, y = session.current_polyline.at(session.current_polyline.length_px * 0.4)
    desk.key(Key.Key_B)
    desk.click(desk.venogram, (float(x), float(y)))
    knots = session.current_centerline.knots_px
    assert len(knots) == 6
    arcs = [float(session.current_polyline.project(k)[0]) for k in knots]
    assert arcs == sorted(arcs)
    beyond = (knots[-1][0] + 6.0, knots[-1][1] + 14.0)
    desk.click(desk.venogram, beyond)
    assert session.current_centerline.knots_px[-1] == pytest.approx(beyond, abs=0.6)


def test_a_knot_is_dragged_as_one_step(bare_desk: Desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    draw_vein(desk, sample, 5)
    desk.key(Key.Key_B)
    before = session.current_centerline
    old, new = before.knots_px[2], (before.knots_px[2][0] + 12.0, before.knots_px[2][1] + 5.0)
    desk.drag(desk.venogram, old, new)
    assert session.current_centerline.knots_px[2] == pytest.approx(new, abs=1.0)
    assert len(session.current_centerline.knots_px) == 5
    desk.key(Key.Key_Z, CTRL)
    assert session.current_centerline == before


def test_escape_gives_a_knot_drag_up(bare_desk: Desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    draw_vein(desk, sample, 5)
    desk.key(Key.Key_B)
    before, steps = session.review, len(session.history._steps)
    old = session.current_centerline.knots_px[2]
    new = (old[0] + 12.0, old[1])
    desk.drag(desk.venogram, old, new, release=False)
    assert session.review != before
    desk.key(Key.Key_Escape)
    desk.let_go(desk.venogram.view.viewport(), desk.screen(desk.venogram, new))
    assert session.review == before
    assert len(session.history._steps) == steps
    assert session.tool is Tool.CENTERLINE  # the first Esc ends the stroke only


def test_delete_takes_one_knot_out_not_the_whole_vein(bare_desk: Desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    draw_vein(desk, sample, 5)
    desk.key(Key.Key_B)
    knots = session.current_centerline.knots_px
    desk.click(desk.venogram, knots[2])
    desk.key(Key.Key_Delete)
    assert session.current_centerline.knots_px == knots[:2] + knots[3:]
    desk.key(Key.Key_Delete)  # goes on with the one before
    assert session.current_centerline.knots_px == knots[:1] + knots[3:]
    desk.key(Key.Key_Z, CTRL)
    desk.key(Key.Key_Z, CTRL)
    assert session.current_centerline.knots_px == knots


def test_align_from_nothing_to_linked_views(bare_desk: Desk, sample) -> None:
    """Alt+2, vein, then frame, click, Enter for each landmark: the views are tied."""
    desk, session = bare_desk, bare_desk.session
    desk.key(Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert session.tool is Tool.CENTERLINE
    for knot in sample.knots(8):
        desk.click(desk.venogram, knot)
    desk.key(Key.Key_L)
    assert session.tool is Tool.LANDMARK
    assert desk.window.strip.isVisible()
    marks = [m for m in sample.landmarks() if m[1] > 0][:4]
    for _, frame, point in marks:
        place_landmark(desk, frame, point)
    assert [m.frame for m in session.vessel.landmarks] == sorted(m[1] for m in marks)
    assert isinstance(session.position, PositionMap)
    names = [m.name for m in session.vessel.landmarks]
    assert len(set(names)) == len(names)
    desk.key(Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert session.tool is Tool.SELECT
    assert not desk.window.strip.isVisible()
    desk.key(Key.Key_Z, CTRL)
    assert len(session.vessel.landmarks) == len(marks) - 1


def test_a_pending_landmark_keeps_its_label_where_it_is(desk: Desk) -> None:
    desk.key(Key.Key_L)
    point = tuple(desk.session.current_polyline.at(desk.session.current_polyline.length_px * 0.6))
    desk.click(desk.venogram, (float(point[0]), float(point[1])))
    first = desk.picture(desk.venogram.view)
    for _ in range(3):
        desk.venogram.repaint_layers()
        desk.qt.processEvents()
    assert np.array_equal(desk.picture(desk.venogram.view), first)
    desk.key(Key.Key_Escape)
    assert desk.session.vessel.pending.point_px is None
    assert desk.session.tool is Tool.LANDMARK


def test_a_landmark_in_the_wrong_order_is_told_and_not_added(desk: Desk) -> None:
    session = desk.session
    marks, curve = session.vessel.landmarks, session.current_polyline
    desk.key(Key.Key_L)
    first, second = (float(curve.project(mark.point_px)[0]) for mark in marks[:2])
    x, y = curve.at((first + second) / 2)
    place_landmark(desk, marks[2].frame + 2, (float(x), float(y)))
    assert session.vessel.landmarks == marks
    assert not session.history.can_undo
    assert desk.said("can't be added here")
    assert "can't be added here" in desk.window.toast.text
    assert desk.window.toast.isVisible()


def test_a_landmark_is_dragged_and_everything_follows_but_the_segment(desk: Desk) -> None:
    session = desk.session
    mark, segment = session.vessel.landmarks[1], session.review.segments[0]
    curve = session.current_polyline
    arc = float(curve.project(mark.point_px)[0])
    x, y = curve.at(arc + 6.0)
    before = session.position_map
    desk.drag(desk.venogram, mark.point_px, (float(x), float(y)))
    moved = session.vessel.landmark(mark.id)
    assert float(curve.project(moved.point_px)[0]) == pytest.approx(arc + 6.0, abs=1.5)
    assert moved.frame == mark.frame
    after = session.position_map
    assert after.arc_px[mark.frame] - before.arc_px[mark.frame] == pytest.approx(6.0, abs=1.5)
    assert session.review.segments[0].extent == segment.extent
    assert "moved" in desk.window.toast.text
    desk.key(Key.Key_Z, CTRL)
    assert session.vessel.landmark(mark.id) == mark
    assert session.position_map.arc_px[mark.frame] == before.arc_px[mark.frame]


def test_a_click_on_a_landmark_shows_its_frame(desk: Desk) -> None:
    for mark in desk.session.vessel.landmarks:
        desk.click(desk.venogram, mark.point_px)
        assert desk.frames()[1] == mark.frame


def test_a_landmark_is_selected_and_deleted_and_the_toast_brings_it_back(desk: Desk) -> None:
    session, toast = desk.session, desk.window.toast
    mark = session.vessel.landmarks[2]
    desk.click(desk.venogram, mark.point_px)
    assert session.selection == Selection("landmark", mark.id)
    desk.key(Key.Key_Delete)
    assert session.vessel.landmark(mark.id) is None
    assert toast.isVisible()
    assert "deleted" in toast.text
    toast.undo.click()
    assert session.vessel.landmark(mark.id) == mark


def test_delete_all_landmarks_is_one_step(desk: Desk) -> None:
    session = desk.session
    count = len(session.vessel.landmarks)
    desk.do("vessel.clear_landmarks")
    assert session.vessel.landmarks == ()
    desk.settle()
    position = session.position_map  # by the profile alone, and it says so
    assert position is not None
    assert any("No landmark yet" in text for text in position.problems)
    desk.key(Key.Key_Z, CTRL)
    assert len(session.vessel.landmarks) == count


def test_a_landmark_outside_the_view_is_pointed_to(desk: Desk) -> None:
    view = desk.venogram.view
    mark = desk.session.vessel.landmarks[0]
    plain = desk.picture(view)
    at = desk.screen(desk.venogram, desk.session.vessel.landmarks[-1].point_px)
    desk.wheel(view.viewport(), 12, QPointF(at), CTRL)
    assert not view.rect().contains(desk.screen(desk.venogram, mark.point_px).toPoint())
    assert (desk.picture(view) != plain).any()
    desk.key(Key.Key_F)
