"""Turning the IVUS by mouse and keys; the long view, overlays and pictures follow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from window_samples import CTRL, SHIFT, Desk, WrittenSample

from viewer.model.rotation import Seen, SeenFrom, Towards
from viewer.qt.frame_view import FrameView
from viewer.qt.picture_panes import PicturePanes
from viewer.session.exporting import second_session
from viewer.session.long_view import polar_grid_for
from viewer.session.state import Layers, Tool

Key = Qt.Key


def crossing(sample: WrittenSample) -> tuple[int, tuple[float, float], tuple[float, float]]:
    """Frame where the artery lies closest, the vein's middle and the artery's there, px."""
    pullback = sample.truth["pullbacks"][0]
    found = []
    for frame, ellipse in enumerate(pullback["artery"]["ellipse_px"]):
        if ellipse is not None:
            middle = np.reshape(pullback["contours_px"][frame], (-1, 2)).mean(axis=0)
            found.append((math.dist(middle, ellipse[:2]), frame, tuple(middle), tuple(ellipse[:2])))
    return min(found)[1:]


def arm(desk: Desk, frame: int) -> None:
    desk.session.set_pullback_frame(frame)
    desk.settle()
    desk.key(Key.Key_Y)
    desk.settle()
    assert desk.session.tool is Tool.ROTATION


def off_deg(turn_deg: float, truth_deg: float) -> float:
    """How far a turn is from taking the true rotation back."""
    return abs((turn_deg + truth_deg + 180.0) % 360.0 - 180.0)


def test_from_the_artery_the_pane_shows_anatomy_within_a_few_degrees(bare_desk, sample) -> None:
    desk, rotation = bare_desk, bare_desk.session.rotation
    frame, vein, artery = crossing(sample)
    arm(desk, frame)
    desk.drag(desk.ivus, vein, artery)
    truth = sample.truth["pullbacks"][0]["rotation_deg"][frame]
    assert off_deg(rotation.turn_at(frame), truth) < 5.0
    assert desk.ivus.view.turn_deg == pytest.approx(rotation.turn_at(frame))
    screen = desk.screen(desk.ivus, artery) - desk.screen(desk.ivus, vein)
    assert abs(screen.x()) < 1e-6
    assert screen.y() < 0
    assert desk.session.review.rotations[0].marks[0].seen is Seen.ARTERY


def test_a_quarter_turned_picture_is_set_upright_with_its_drift(bare_desk, sample) -> None:
    """Arrows along the truth's own anterior, on two frames: every frame between is right."""
    desk, rotation = bare_desk, bare_desk.session.rotation
    truth = np.array(sample.truth["pullbacks"][0]["rotation_deg"])
    x, y = rotation.center_px(desk.session.pullback)
    for frame in (8, 24):
        arm(desk, frame)
        at = math.radians(truth[frame] - 90.0)
        desk.drag(desk.ivus, (x, y), (x + 40 * math.cos(at), y + 40 * math.sin(at)))
    between = np.arange(8, 25)
    even = np.interp(between, [8, 24], truth[[8, 24]])
    np.testing.assert_allclose(rotation.turns_deg(between), -even, atol=1e-6)
    assert "2 marks" in desk.window.rotation_strip.text
    assert "Drift" in desk.window.rotation_strip.text


def test_a_click_turns_it_and_undo_and_remove_take_it_back(bare_desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    frame, _, artery = crossing(sample)
    strip = desk.window.rotation_strip
    assert not strip.isVisible()
    arm(desk, frame)
    assert strip.isVisible()
    assert "artery" in strip.text
    desk.click(desk.ivus, artery)
    turn = desk.ivus.view.turn_deg
    assert turn != 0.0
    assert desk.said("artery in front lies anterior")
    assert desk.window.along._cut.text() == "Cut A–P"
    desk.key(Key.Key_Escape)
    assert session.tool is Tool.SELECT
    assert not strip.isVisible()
    desk.key(Key.Key_Z, CTRL)
    assert desk.ivus.view.turn_deg == 0.0
    assert desk.window.along._cut.text() == "Cut 90°"
    desk.key(Key.Key_Z, CTRL | SHIFT)
    assert desk.ivus.view.turn_deg == turn
    desk.key(Key.Key_Y, SHIFT)
    assert session.rotation.seen_from is SeenFrom.HEAD
    assert desk.window.actions_by_id["rotation.seen_from"].isChecked()
    desk.key(Key.Key_Y, CTRL | SHIFT)
    assert desk.ivus.view.turn_deg == 0.0
    assert not desk.window.actions_by_id["rotation.remove"].isEnabled()


def test_the_strip_says_what_was_clicked_and_where_it_lies(bare_desk) -> None:
    desk, session = bare_desk, bare_desk.session
    arm(desk, 5)
    strip = desk.window.rotation_strip
    strip.seen.chosen.emit(Seen.BRANCH)
    strip.towards.chosen.emit(Towards.LEFT)
    x, y = session.rotation.center_px(session.pullback)
    desk.click(desk.ivus, (x, y + 30.0))
    (mark,) = session.review.rotations[0].marks
    assert (mark.seen, mark.towards, mark.frame) == (Seen.BRANCH, Towards.LEFT, 5)
    branch = desk.screen(desk.ivus, (x, y + 30.0)) - desk.screen(desk.ivus, (x, y))
    assert branch.x() > 0  # the patient's left is to the right, seen from the feet
    assert abs(branch.y()) < 1e-6
    strip.remove.click()
    assert session.rotation.current is None


def test_escape_drops_an_arrow_that_is_being_drawn(bare_desk) -> None:
    desk = bare_desk
    arm(desk, 5)
    desk.drag(desk.ivus, (100.0, 100.0), (140.0, 90.0), release=False)
    desk.key(Key.Key_Escape)
    at = desk.screen(desk.ivus, (140.0, 90.0))
    desk.let_go(desk.ivus.view.viewport(), at)
    assert desk.session.rotation.current is None


def test_letters_stand_at_the_edges_only_once_it_is_set(bare_desk) -> None:
    desk = bare_desk
    desk.session.set_pullback_frame(30)
    desk.settle()
    before = desk.picture(desk.ivus.view)
    desk.session.rotation.set_arrow((127.0, 20.0), (127.0, 120.0))  # already upright: no turn
    desk.settle()
    after = desk.picture(desk.ivus.view)
    assert desk.ivus.view.turn_deg == pytest.approx(0.0)
    changed = np.abs(after.astype(int) - before).max(axis=2) > 60
    h = changed.shape[0]
    assert changed[h // 2 - 12 : h // 2 + 12, :30].any()  # R
    assert changed[h // 2 - 12 : h // 2 + 12, -30:].any()  # L
    desk.session.cycle_layers()
    assert desk.session.layers is Layers.NO_TEXT


def test_a_caliper_drawn_on_the_turned_pane_lies_where_the_mouse_was(bare_desk) -> None:
    desk, session = bare_desk, bare_desk.session
    session.rotation.set_arrow((170.0, 130.0), (90.0, 90.0))
    desk.settle()
    desk.key(Key.Key_M)
    desk.drag(desk.ivus, (100.0, 90.0), (140.0, 150.0))
    (item,) = session.review.measurements
    assert item.start_px == pytest.approx((100.0, 90.0), abs=0.3)
    assert item.end_px == pytest.approx((140.0, 150.0), abs=0.3)
    desk.key(Key.Key_Escape)
    desk.drag(desk.ivus, (140.0, 150.0), (110.0, 160.0))  # takes hold of its end
    (item,) = session.review.measurements
    assert item.end_px == pytest.approx((110.0, 160.0), abs=1.0)


def test_the_long_view_is_cut_where_the_turned_pane_says(bare_desk) -> None:
    desk, session = bare_desk, bare_desk.session
    view = desk.canvas.long_view
    columns = np.arange(60)[:, None]
    plain = view.retimed(-90.0, columns, session.rotation.turns_deg(np.arange(60)))
    np.testing.assert_array_equal(plain, view.image(-90.0, columns[:, 0]))
    session.rotation.set_arrow((200.0, 100.0), (100.0, 100.0))  # anterior is to the right
    turned = view.retimed(-90.0, columns, session.rotation.turns_deg(np.arange(60)))
    np.testing.assert_array_equal(turned, view.image(0.0, columns[:, 0]))
    session.set_pullback_frame(59)
    session.rotation.set_arrow((100.0, 200.0), (100.0, 100.0))  # and downwards at the end
    drifting = view.retimed(-90.0, columns, session.rotation.turns_deg(np.arange(60)))
    np.testing.assert_allclose(drifting[:, 0], view.image(0.0, [0])[:, 0], atol=1)
    np.testing.assert_allclose(drifting[:, 59], view.image(90.0, [59])[:, 0], atol=1)


def test_exported_pictures_are_turned_as_the_pane_is(bare_desk) -> None:
    desk, session = bare_desk, bare_desk.session
    session.rotation.set_arrow((170.0, 130.0), (90.0, 90.0))
    session.set_pullback_frame(20)
    desk.settle()
    panes = PicturePanes(second_session(session), desk.application.loader, desk.window)
    try:
        assert panes._panes["ivus"].view.turn_deg == pytest.approx(desk.ivus.view.turn_deg)
    finally:
        panes.close()


def test_the_header_button_arms_it(desk: Desk) -> None:
    desk.settle()
    desk.wait(lambda: len(desk.ivus.header.children()) > 6, "for the header's buttons")
    names = {b.accessibleName(): b for b in desk.ivus.header.findChildren(object)
             if hasattr(b, "accessibleName")}  # fmt: skip
    names["Set rotation, IVUS pullback"].click()
    assert desk.session.tool is Tool.ROTATION
    assert names["Set rotation, IVUS pullback"].isChecked()
    desk.key(Key.Key_Escape)
    assert not names["Set rotation, IVUS pullback"].isChecked()


# -- the view's coordinates -------------------------------------------------------------------
@settings(deadline=None, max_examples=60)
@given(
    st.floats(-720.0, 720.0),
    st.floats(0.3, 3.0),
    st.floats(-50.0, 300.0),
    st.floats(-50.0, 300.0),
    st.floats(0.3, 4.0),
)
def test_screen_and_image_points_are_each_others_inverse(turn, aspect, x, y, zoom) -> None:
    assert QApplication.instance() is not None
    view = FrameView("test")
    view.resize(400, 300)
    view.set_pixels(np.zeros((120, 200), np.uint8), aspect)
    view.set_turn(turn, (90.0, 55.0, 50.0))
    view.zoom_by(zoom, QPointF(30.0, 200.0))
    view.pan_by(QPointF(13.0, -21.0))
    at = view.point_to_screen((x, y))
    assert view.to_image(at) == pytest.approx((x, y), abs=1e-6)
    (many,) = view.to_screen(np.array([[x, y]]))
    assert many == pytest.approx((at.x(), at.y()), abs=1e-6)
    # a turn keeps lengths: pixels are square on the screen whatever their aspect
    side = view.to_screen(np.array([[x, y], [x + 10.0, y], [x, y + 10.0 / aspect]]))
    across, down = np.hypot(*(side[1] - side[0])), np.hypot(*(side[2] - side[0]))
    assert across == pytest.approx(down)
    assert across == pytest.approx(10.0 * view.zoom)
    view.deleteLater()


def test_pan_and_zoom_follow_the_mouse_on_a_turned_view(bare_desk) -> None:
    desk, view = bare_desk, bare_desk.ivus.view
    desk.session.rotation.set_arrow((170.0, 130.0), (90.0, 90.0))
    desk.settle()
    there = view.to_image(QPointF(120.0, 80.0))
    view.zoom_by(1.7, QPointF(120.0, 80.0))
    assert view.to_image(QPointF(120.0, 80.0)) == pytest.approx(there)
    view.pan_by(QPointF(15.0, -40.0))
    assert view.to_image(QPointF(135.0, 40.0)) == pytest.approx(there)
    view.fit()


def test_fitting_a_turned_image_shows_its_round_field(bare_desk) -> None:
    desk, view = bare_desk, bare_desk.ivus.view
    desk.session.rotation.set_arrow((170.0, 130.0), (90.0, 90.0))
    desk.settle()
    grid = polar_grid_for(desk.session.pullback)
    x, y = view.to_screen(np.array([grid.center_px]))[0]
    assert (x, y) == pytest.approx((view.width() / 2, view.height() / 2))
    assert grid.radius_px * view.zoom == pytest.approx(min(view.width(), view.height()) / 2)
