"""Two views in the window: the vein in space, guidance lines, colours, true length."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from window_samples import CTRL, Desk, WrittenSample

from viewer.qt.path_picture import PathPicture
from viewer.qt.two_view_overlays import lost_color, paint_legend
from viewer.qt.two_views_panel import TwoViewsPanel
from viewer.session.path_scene import Orbit

Key = Qt.Key


def pair_up(desk: Desk, sample: WrittenSample) -> None:
    """The vein drawn on both runs of the case, by the truth beside it."""
    session = desk.session
    session.tracing.set_snap(False)
    for run in sample.truth["runs"]:
        session.show(run["sop_instance_uid"])
        for knot in run["centerline"]["xy_px"][::16]:
            session.vessel.add_knot((knot[0], knot[1]))
    desk.wait(lambda: session.two_views.made and not session.two_views.working, "for the path")
    desk.focus(desk.venogram)


def panel_of(desk: Desk) -> TwoViewsPanel:
    """The panel, opened by its key."""
    desk.focus(desk.venogram)
    desk.key(Key.Key_3)
    panel = desk.window.inspector.space
    assert isinstance(panel, TwoViewsPanel)
    assert panel.isVisible()
    return panel


@pytest.fixture
def paired(bare_desk: Desk, sample: WrittenSample) -> Desk:
    pair_up(bare_desk, sample)
    return bare_desk


def test_a_key_shows_the_vein_in_space_and_again_hides_it(paired: Desk) -> None:
    panel = panel_of(paired)
    assert panel.length.text().startswith("True length 2")
    assert list(panel.buttons) == ["AP", "Lateral", "View 1", "View 2"]
    assert paired.window.actions_by_id["views.space"].isChecked()
    paired.key(Key.Key_3)
    assert not panel.isVisible()


def test_on_a_small_screen_the_inspector_comes_with_it(paired: Desk) -> None:
    paired.window.toggle_inspector()
    assert not paired.window.inspector.isVisible()
    panel_of(paired)
    assert paired.window.inspector.isVisible()


def test_without_the_second_centerline_it_says_what_is_missing(
    bare_desk: Desk, sample: WrittenSample
) -> None:
    panel = panel_of(bare_desk)
    assert panel.missing.text() == "No path yet: needs a centerline on this run."
    assert not panel.view.isVisible()
    assert not bare_desk.window.actions_by_id["views.true_length"].isEnabled()
    bare_desk.key(Key.Key_3)


def test_true_length_is_used_told_and_undone(paired: Desk) -> None:
    session, status = paired.session, paired.window.status
    paired.key(Key.Key_T, CTRL)
    assert len(session.review.true_lengths) == 1
    assert status.length.text.startswith("True length 2")
    assert status.length.text.endswith("AP + LAO 30°")
    assert paired.window.actions_by_id["views.true_length"].isChecked()
    paired.key(Key.Key_Z, CTRL)
    assert session.review.true_lengths == ()
    assert status.length.text == ""


def test_the_banner_s_button_uses_true_length(paired: Desk, sample: WrittenSample) -> None:
    session = paired.session
    session.show(sample.truth["runs"][0]["sop_instance_uid"])
    for name, frame, point in sample.landmarks()[:2]:
        session.set_pullback_frame(frame)
        session.vessel.name_pending(name)
        session.vessel.place_pending(point)
        session.vessel.accept_pending()
    venogram = paired.window.venogram
    assert "shortens" in venogram._advice.what
    venogram.banner.action_clicked.emit()
    assert len(paired.session.review.true_lengths) == 1


def test_a_click_on_one_view_is_a_line_on_the_other(paired: Desk) -> None:
    session = paired.session
    panel_of(paired)
    first = session.cursor.run_uid
    paired.click(paired.venogram, (120.0, 90.0))
    assert session.two_views.place == pytest.approx((120.0, 90.0), abs=0.6)
    paired.key(Key.Key_J)
    assert session.cursor.run_uid != first
    assert any(guide.label.startswith("from ") for guide in session.two_views.guides())
    before = picture(paired)
    session.two_views.clear()
    session.two_views.changed.emit()
    assert (before != picture(paired)).any()
    paired.key(Key.Key_3)


def test_foreshortening_colours_the_vein(paired: Desk) -> None:
    before = picture(paired)
    paired.key(Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert paired.session.two_views.colours
    after = picture(paired)
    assert (before != after).any(axis=2).sum() > 300
    paired.key(Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert (picture(paired) == before).all()


def test_the_picture_turns_with_a_drag_and_goes_back_with_a_double_click(paired: Desk) -> None:
    panel = panel_of(paired)
    view = panel.view
    drag(view, QPointF(100, 100), QPointF(160, 80))
    assert view.orbit.primary_deg == pytest.approx(-30.0)
    assert view.orbit.secondary_deg == pytest.approx(-10.0)
    send(view, QEvent.Type.MouseButtonDblClick, QPointF(100, 100))
    assert view.orbit == Orbit()
    panel.buttons["View 2"].click()
    assert view.orbit == Orbit(30.0, 0.0)
    paired.key(Key.Key_3)


def test_the_second_view_is_chosen_by_hand(paired: Desk) -> None:
    panel = panel_of(paired)
    assert panel.choice is not None
    assert panel.choice.count() == 1
    partner = paired.session.two_views.partner
    assert partner is not None
    panel.choice.chosen.emit(partner.run.uid)
    assert panel.choice.currentIndex() == 0
    panel.other.click()
    assert paired.session.cursor.run_uid == partner.run.uid
    paired.key(Key.Key_3)


def test_colours_of_the_scale_go_from_nothing_to_much() -> None:
    assert lost_color(-5).name() == lost_color(0).name()
    assert lost_color(20).name().upper() == "#FFC247"
    assert lost_color(95).name() == lost_color(40).name()
    image = QImage(140, 200, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    paint_legend(painter, QPointF(20, 40))
    painter.end()
    assert image.pixelColor(24, 44) != image.pixelColor(24, 150)


def picture(desk: Desk) -> np.ndarray:
    """The venogram as it is on the screen, (rows, columns, 4)."""
    desk.window.venogram.view.viewport().repaint()
    grabbed = desk.window.venogram.view.viewport().grab().toImage()
    image = grabbed.convertToFormat(QImage.Format.Format_RGB32)
    bits = np.frombuffer(image.constBits(), np.uint8)
    return bits.reshape(image.height(), image.width(), 4).copy()


def send(view: PathPicture, kind: QEvent.Type, at: QPointF) -> None:
    button = Qt.MouseButton.LeftButton
    event = QMouseEvent(
        kind, at, view.mapToGlobal(at), button, button, Qt.KeyboardModifier.NoModifier
    )
    handler = {
        QEvent.Type.MouseButtonPress: view.mousePressEvent,
        QEvent.Type.MouseMove: view.mouseMoveEvent,
        QEvent.Type.MouseButtonRelease: view.mouseReleaseEvent,
        QEvent.Type.MouseButtonDblClick: view.mouseDoubleClickEvent,
    }[kind]
    handler(event)


def drag(view: PathPicture, start: QPointF, end: QPointF) -> None:
    send(view, QEvent.Type.MouseButtonPress, start)
    send(view, QEvent.Type.MouseMove, end)
    send(view, QEvent.Type.MouseButtonRelease, end)
