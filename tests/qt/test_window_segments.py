"""Stenosis, clot and stent, calipers and ellipses: drawn, moved, deleted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from window_samples import CTRL, Desk

from viewer.model.annotation import Caliper, Clot, Ellipse, Stenosis, Stent
from viewer.session import facts
from viewer.session.state import Selection, Tool

Key = Qt.Key
KINDS = [(Key.Key_S, Stenosis), (Key.Key_C, Clot), (Key.Key_T, Stent)]


def on_curve(desk: Desk, share: float) -> tuple[float, float]:
    curve = desk.session.current_polyline
    x, y = curve.at(curve.length_px * share)
    return float(x), float(y)


@pytest.mark.parametrize(("key", "kind"), KINDS)
def test_a_segment_is_drawn_along_the_long_view(desk: Desk, key: Key, kind: type) -> None:
    session, count = desk.session, len(desk.session.review.segments)
    desk.key(key)
    desk.drag_long(34, 46)
    drawn = session.review.segments[-1]
    assert len(session.review.segments) == count + 1
    assert type(drawn) is kind
    assert (drawn.extent.first, drawn.extent.last) == pytest.approx((34, 46), abs=1)
    assert session.selection == Selection("segment", drawn.id)
    assert session.tool.segment_kind is not None  # it stays armed
    assert drawn.vein.value
    assert drawn.side.value == "left"
    desk.key(Key.Key_Z, CTRL)
    assert len(session.review.segments) == count


@pytest.mark.parametrize(("key", "kind"), KINDS)
def test_a_segment_is_drawn_on_the_pullbacks_scrubber(desk: Desk, key: Key, kind: type) -> None:
    scrubber = desk.ivus.cine.scrubber
    middle = scrubber.height() / 2
    desk.key(key)
    places = [QPointF(scrubber._x_of(frame), middle) for frame in (40, 28)]
    desk.drag_on(scrubber, places)
    drawn = desk.session.review.segments[-1]
    assert type(drawn) is kind
    assert (drawn.extent.first, drawn.extent.last) == (28, 40)


@pytest.mark.parametrize(("key", "kind"), KINDS)
def test_a_segment_is_drawn_along_the_venogram(desk: Desk, key: Key, kind: type) -> None:
    session = desk.session
    desk.focus(desk.venogram)
    desk.key(key)
    desk.drag(desk.venogram, on_curve(desk, 0.5), on_curve(desk, 0.7))
    drawn = session.review.segments[-1]
    assert type(drawn) is kind
    assert drawn.extent.on == "run"
    length = session.current_polyline.length_px
    assert session.segments.arcs_of(drawn) == pytest.approx((0.5 * length, 0.7 * length), abs=2.0)


def test_a_segment_is_seen_on_every_view(desk: Desk) -> None:
    """Drawn on the pullback, it is seen on both scrubber and long view and on the venogram."""
    desk.session.set_pullback_frame(5)
    desk.key(Key.Key_Escape)
    desk.settle()
    widgets = [desk.canvas, desk.venogram.view, desk.ivus.cine.scrubber]
    before = [desk.picture(widget) for widget in widgets]
    desk.key(Key.Key_C)
    desk.drag_long(30, 45)
    desk.key(Key.Key_Escape)
    desk.session.set_pullback_frame(5)
    desk.session.select(Selection())
    desk.settle()
    for widget, old in zip(widgets, before, strict=True):
        changed = (desk.picture(widget) != old).any(axis=2)
        assert changed.sum() > 20, widget.accessibleName()
    clot = desk.session.review.segments[-1]
    desk.session.set_pullback_frame(35)
    desk.settle()
    names = "".join(text for line in desk.ivus._segment_lines() for text, *_ in line)
    assert clot.name in names
    desk.session.set_pullback_frame(50)
    assert clot.name not in "".join(
        text for line in desk.ivus._segment_lines() for text, *_ in line
    )


def test_a_mere_click_draws_nothing(desk: Desk) -> None:
    session, review = desk.session, desk.session.review
    desk.key(Key.Key_S)
    desk.drag_on(desk.canvas, [desk.long_place(30, "long_view")])
    desk.click(desk.venogram, on_curve(desk, 0.5))
    scrubber = desk.ivus.cine.scrubber
    desk.drag_on(scrubber, [QPointF(scrubber._x_of(30), 10)])
    assert session.review == review
    assert not session.in_gesture
    assert not session.history.can_undo


@pytest.mark.parametrize("where", ["long view", "scrubber", "venogram"])
def test_escape_gives_the_stroke_up_and_returns_to_select_next(desk: Desk, where: str) -> None:
    session, review = desk.session, desk.session.review
    desk.key(Key.Key_S)
    if where == "long view":
        widget, end = desk.canvas, desk.long_place(45, "long_view")
        desk.drag_long(30, 45, release=False)
    elif where == "scrubber":
        widget = desk.ivus.cine.scrubber
        end = QPointF(widget._x_of(45), 10)
        desk.drag_on(widget, [QPointF(widget._x_of(30), 10), end], release=False)
    else:
        widget, end = desk.venogram.view.viewport(), desk.screen(desk.venogram, on_curve(desk, 0.7))
        desk.drag(desk.venogram, on_curve(desk, 0.5), on_curve(desk, 0.7), release=False)
    assert len(session.review.segments) == len(review.segments) + 1
    desk.key(Key.Key_Escape)
    assert session.review == review
    desk.let_go(widget, end)
    assert session.review == review
    assert session.tool is Tool.STENOSIS
    desk.key(Key.Key_Escape)
    assert session.tool is Tool.SELECT


@pytest.mark.parametrize("row", ["long_view", "lanes"])
def test_an_edge_is_dragged_on_the_long_view_as_one_step(desk: Desk, row: str) -> None:
    session = desk.session
    segment = session.review.segments[0]
    desk.drag_long(segment.extent.last, segment.extent.last + 8, row)
    moved = session.review.segments[0]
    assert moved.extent.first == segment.extent.first
    assert moved.extent.last == pytest.approx(segment.extent.last + 8, abs=1)
    assert "moved" in desk.window.toast.text
    desk.key(Key.Key_Z, CTRL)
    assert session.review.segments[0] == segment
    assert not session.history.can_undo


def test_an_edge_is_dragged_on_the_venogram(desk: Desk) -> None:
    session = desk.session
    segment = session.review.segments[0]
    position = session.position_map
    low, high = session.segments.arcs_of(segment)
    overlay = desk.venogram._overlay
    ends = [p for p, hit in overlay._handles if (hit.kind, hit.part) == ("edge", "end")]
    curve = session.current_polyline
    shift = desk.screen(desk.venogram, tuple(curve.at(high + 12))) - desk.screen(
        desk.venogram, tuple(curve.at(high))
    )
    start = ends[0]
    desk.drag_on(desk.venogram.view.viewport(), [start, start + shift])
    now_low, now_high = session.segments.arcs_of(session.review.segments[0])
    assert now_low == pytest.approx(low, abs=0.5)
    spacing = float(np.abs(np.diff(position.arc_px)).max())
    assert now_high == pytest.approx(high + 12, abs=spacing + 3)
    assert session.review.segments[0].extent.on == "pullback"
    assert session.selection == Selection("segment", segment.id)


def test_escape_gives_an_edge_drag_up(desk: Desk) -> None:
    session, review = desk.session, desk.session.review
    last = review.segments[0].extent.last
    desk.drag_long(last, last + 8, release=False)
    assert session.review != review
    desk.key(Key.Key_Escape)
    desk.let_go(desk.canvas, desk.long_place(last + 8))
    assert session.review == review
    assert not session.in_gesture


def test_properties_are_edited_in_the_inspector(desk: Desk) -> None:
    session = desk.session
    segment = session.review.segments[0]
    session.select(Selection("segment", segment.id))
    desk.settle()
    assert desk.window.inspector.isVisible()
    shown = desk.picture(desk.window.inspector)
    session.segments.update(segment.id, name="Seen on both")
    desk.settle()
    assert (desk.picture(desk.window.inspector) != shown).any()


def test_delete_and_the_toasts_undo(desk: Desk) -> None:
    session, toast = desk.session, desk.window.toast
    segment = session.review.segments[0]
    desk.key(Key.Key_N)
    assert session.selection.id == segment.id
    desk.key(Key.Key_Delete)
    assert session.review.segments == ()
    assert session.selection == Selection()
    assert toast.isVisible()
    assert segment.name in toast.text
    toast.undo.click()
    assert session.review.segments == (segment,)
    assert not toast.isVisible()


def test_duplicate_hide_and_show(desk: Desk) -> None:
    session = desk.session
    segment = session.review.segments[0]
    desk.key(Key.Key_N)
    desk.key(Key.Key_D, CTRL)
    copy = session.review.segments[1]
    assert copy.extent == segment.extent
    assert copy.id != segment.id
    assert copy.name != segment.name
    desk.key(Key.Key_H)
    assert session.review.segments[1].hidden
    desk.key(Key.Key_H)
    assert not session.review.segments[1].hidden
    desk.key(Key.Key_Z, CTRL)
    desk.key(Key.Key_Z, CTRL)
    desk.key(Key.Key_Z, CTRL)
    assert session.review.segments == (segment,)


def test_undo_returns_to_the_frame_where_it_happened(desk: Desk) -> None:
    desk.key(Key.Key_S)
    desk.drag_long(30, 45)
    desk.key(Key.Key_Escape)
    desk.key(Key.Key_Home)
    assert desk.frames()[1] == 0
    desk.key(Key.Key_Z, CTRL)
    assert desk.frames()[1] == 0  # where the stroke began from
    desk.key(Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert len(desk.session.review.segments) == 2


@pytest.mark.parametrize("name", ["venogram", "ivus"])
def test_a_caliper_is_drawn_measured_reshaped_and_deleted(desk: Desk, name: str) -> None:
    pane, session = getattr(desk, name), desk.session
    item = pane.current_item()
    desk.focus(pane)
    desk.key(Key.Key_M)
    start, end = (40.0, 100.0), (70.0, 60.0)
    desk.drag(pane, start, end)
    caliper = session.review.measurements[0]
    assert isinstance(caliper, Caliper)
    assert (caliper.image_uid, caliper.frame) == (item.uid, pane.current_frame())
    length_mm = 50.0 * item.calibration.mm_per_px
    value = facts.measurement_value(session, caliper)
    assert "mm" in value.text
    assert float(value.text.split()[0]) == pytest.approx(length_mm, rel=0.03)
    desk.drag(pane, end, (90.0, 100.0))
    moved = session.review.measurements[0]
    assert len(session.review.measurements) == 1
    assert moved.end_px == pytest.approx((90.0, 100.0), abs=0.6)
    assert moved.start_px == caliper.start_px
    desk.key(Key.Key_Escape)
    desk.key(Key.Key_Delete)
    assert session.review.measurements == ()
    for _ in range(2):
        desk.key(Key.Key_Z, CTRL)
    assert session.review.measurements == (caliper,)


@pytest.mark.parametrize("name", ["venogram", "ivus"])
def test_an_ellipse_is_drawn_measured_and_moved(desk: Desk, name: str) -> None:
    pane, session = getattr(desk, name), desk.session
    scale = pane.current_item().calibration.mm_per_px
    desk.focus(pane)
    desk.key(Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    desk.drag(pane, (40.0, 50.0), (80.0, 80.0))
    ellipse = session.review.measurements[0]
    assert isinstance(ellipse, Ellipse)
    assert ellipse.center_px == pytest.approx((60.0, 65.0), abs=0.6)
    area_mm2 = math.pi * 20 * 15 * scale**2
    value = facts.measurement_value(session, ellipse)
    assert "mm²" in value.text
    assert float(value.text.split()[0]) == pytest.approx(area_mm2, rel=0.06)
    desk.drag(pane, (60.0, 65.0), (70.0, 75.0))
    assert session.review.measurements[0].center_px == pytest.approx((70.0, 75.0), abs=0.8)
    assert session.review.measurements[0].semi_axes_px == ellipse.semi_axes_px


def test_a_measurement_shows_on_its_own_frame_only(desk: Desk) -> None:
    desk.key(Key.Key_M)
    before = desk.picture(desk.ivus.view)
    desk.drag(desk.ivus, (40.0, 100.0), (70.0, 60.0))
    desk.settle()
    assert (desk.picture(desk.ivus.view) != before).any()
    desk.key(Key.Key_Right)
    desk.settle()
    assert desk.ivus._measures._handles == []
    desk.key(Key.Key_Left)
    desk.settle()
    assert len(desk.ivus._measures._handles) == 2


def test_escape_while_measuring_leaves_nothing(desk: Desk) -> None:
    desk.key(Key.Key_M)
    desk.drag(desk.ivus, (40.0, 100.0), (70.0, 60.0), release=False)
    desk.key(Key.Key_Escape)
    desk.let_go(desk.ivus.view.viewport(), desk.screen(desk.ivus, (70.0, 60.0)))
    assert desk.session.review.measurements == ()
    assert desk.session.tool is Tool.CALIPER
    desk.drag(desk.ivus, (40.0, 100.0), (70.0, 60.0))
    assert len(desk.session.review.measurements) == 1


def test_lengths_are_px_where_the_header_gives_no_scale(new_desk, shared_data) -> None:
    desk = new_desk(shared_data / "xa" / "xa_coronary_96f_jpeg.dcm")
    desk.focus(desk.venogram)
    desk.key(Key.Key_M)
    desk.drag(desk.venogram, (100.0, 100.0), (130.0, 140.0))
    desk.key(Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    desk.drag(desk.venogram, (200.0, 200.0), (240.0, 230.0))
    length, area = (
        facts.measurement_value(desk.session, item).text
        for item in desk.session.review.measurements
    )
    assert "mm" not in length + area
    assert length.split()[0] == "50"
    assert length.endswith("px")
    assert "px²" in area
    assert "pixels" in desk.venogram.banner.text
    assert desk.venogram.banner.isVisible()


def test_an_edge_is_dragged_on_the_scrubber_as_one_step(desk: Desk) -> None:
    session, scrubber = desk.session, desk.ivus.cine.scrubber
    desk.key(Key.Key_C)
    middle = scrubber.height() / 2
    desk.drag_on(scrubber, [QPointF(scrubber._x_of(frame), middle) for frame in (44, 54)])
    desk.key(Key.Key_Escape)
    drawn = session.review.segments[-1]
    below = middle + 6
    desk.drag_on(scrubber, [QPointF(scrubber._x_of(frame), below) for frame in (54, 50)])
    moved = session.review.segment(drawn.id)
    assert moved is not None
    assert (moved.extent.first, moved.extent.last) == (44, 50)
    assert session.cursor.pullback_frame == 50
    assert session.selection == Selection("segment", drawn.id)
    desk.key(Key.Key_Z, CTRL)
    assert session.review.segment(drawn.id) == drawn


def test_above_the_groove_the_scrubber_only_scrubs(desk: Desk) -> None:
    session, scrubber = desk.session, desk.ivus.cine.scrubber
    desk.key(Key.Key_C)
    middle = scrubber.height() / 2
    desk.drag_on(scrubber, [QPointF(scrubber._x_of(frame), middle) for frame in (44, 54)])
    desk.key(Key.Key_Escape)
    review = session.review
    desk.drag_on(scrubber, [QPointF(scrubber._x_of(frame), 6) for frame in (54, 50)])
    assert session.review is review
    assert session.cursor.pullback_frame == 50
