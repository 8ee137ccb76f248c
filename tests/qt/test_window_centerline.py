"""Following the vein between clicks, with the mouse, on the small synthetic case."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from window_samples import CTRL, Desk, WrittenSample

from viewer.geometry.polyline import Polyline
from viewer.model.vessel import CourseBy
from viewer.session.state import Tool

Key, ALT = Qt.Key, Qt.KeyboardModifier.AltModifier
TRACED, SPLINE = CourseBy.TRACED, CourseBy.SPLINE


@pytest.fixture
def drawing(bare_desk: Desk) -> Desk:
    """The vein tool armed, and the picture it follows the vein on ready."""
    desk = bare_desk
    desk.session.tracing.set_snap(True)
    desk.session.tracing.show_edges(False)
    desk.focus(desk.venogram)
    desk.key(Key.Key_B)
    desk.wait(lambda: desk.session.tracing.tracer(desk.session.run), "for the vein's picture")
    return desk


def ends(sample: WrittenSample) -> list[tuple[float, float]]:
    knots = sample.knots(12)
    return [(knots[1][0] + 1.0, knots[1][1] - 1.0), (knots[-2][0] - 1.0, knots[-2][1] + 0.5)]


def move(desk: Desk, point: tuple[float, float]) -> None:
    view, none = desk.venogram.view.viewport(), Qt.MouseButton.NoButton
    desk.mouse(view, QEvent.Type.MouseMove, desk.screen(desk.venogram, point), none)


def traced(desk: Desk) -> bool:
    line = desk.session.vessel.target
    return line is not None and not line.wanted


def off_mm(desk: Desk, sample: WrittenSample, points: np.ndarray) -> np.ndarray:
    truth = Polyline.from_points(sample.truth["runs"][0]["centerline"]["xy_px"])
    scale = desk.session.calibration(desk.session.run).mm_per_px
    assert truth is not None
    assert scale is not None
    return np.array([truth.project((x, y))[1] for x, y in points.tolist()]) * scale


def draw_two(desk: Desk, sample: WrittenSample) -> None:
    for point in ends(sample):
        desk.click(desk.venogram, point)
    desk.wait(lambda: traced(desk), "for the vein to be followed")


def test_two_clicks_follow_the_vein_and_one_undo_takes_a_click_back(
    drawing: Desk, sample: WrittenSample
) -> None:
    session = drawing.session
    draw_two(drawing, sample)
    line = session.current_centerline
    assert [course.by for course in line.courses] == [TRACED]
    curve = session.current_polyline
    away = off_mm(drawing, sample, curve.at(np.arange(0, curve.length_px, 2.0)))
    assert away.mean() < 0.6
    assert np.percentile(away, 95) < 2.0
    drawing.key(Key.Key_Z, CTRL)
    assert len(session.current_centerline.knots_px) == 1
    drawing.key(Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    drawing.wait(lambda: traced(drawing), "for the vein to be followed again")
    assert session.current_centerline == line


def test_the_live_path_follows_the_mouse_and_leaves_no_trace(
    drawing: Desk, sample: WrittenSample
) -> None:
    session, (start, end) = drawing.session, ends(sample)
    drawing.click(drawing.venogram, start)
    review = session.review

    move(drawing, end)  # the mouse stands still then: the path comes by itself
    drawing.wait(lambda: session.tracing.live is not None, "for the live path")
    live = session.tracing.live
    away = off_mm(drawing, sample, live.points_px[5:])
    assert np.percentile(away, 95) < 2.5
    assert session.review == review
    drawing.key(Key.Key_Escape)
    assert session.tracing.live is None
    assert session.tool is Tool.SELECT
    assert session.review == review


def test_alt_leaves_a_click_where_it_is(drawing: Desk, sample: WrittenSample) -> None:
    start, end = ends(sample)
    drawing.click(drawing.venogram, start)
    view, at = drawing.venogram.view.viewport(), drawing.screen(drawing.venogram, end)
    drawing.drag_on(view, [at], modifiers=ALT)
    line = drawing.session.current_centerline
    assert line.courses == ()
    assert line.knots_px[-1] == pytest.approx(end, abs=0.7)


def test_a_dragged_knot_has_both_pieces_followed_anew(drawing: Desk, sample: WrittenSample) -> None:
    session, knots = drawing.session, sample.knots(12)
    for point in (knots[1], knots[6], knots[-2]):
        drawing.click(drawing.venogram, point)
    drawing.wait(lambda: traced(drawing), "for the vein to be followed")
    before, steps = session.current_centerline, len(session.history.labels)
    old = before.knots_px[1]
    drawing.drag(drawing.venogram, old, (old[0] + 8.0, old[1] + 4.0))
    drawing.wait(lambda: traced(drawing), "for both pieces")
    line = session.current_centerline
    assert [course.by for course in line.courses] == [TRACED, TRACED]
    assert np.allclose(line.knots_px[::2], before.knots_px[::2], atol=1.0)
    assert off_mm(drawing, sample, np.array([line.knots_px[1]]))[0] < 2.0
    assert len(session.history.labels) == steps + 1
    drawing.key(Key.Key_Z, CTRL)
    assert session.current_centerline == before


def test_a_double_click_ends_the_vein(drawing: Desk, sample: WrittenSample) -> None:
    start, end = ends(sample)
    drawing.click(drawing.venogram, start)
    drawing.double_click(drawing.venogram, end)
    assert drawing.session.tool is Tool.SELECT
    assert len(drawing.session.current_centerline.knots_px) == 2
    assert drawing.ivus.isVisible()


def test_enter_ends_the_vein_only_once_it_is_one(drawing: Desk, sample: WrittenSample) -> None:
    start, end = ends(sample)
    drawing.click(drawing.venogram, start)
    drawing.key(Key.Key_Return)
    assert drawing.session.tool is Tool.CENTERLINE
    drawing.click(drawing.venogram, end)
    drawing.key(Key.Key_Return)
    assert drawing.session.tool is Tool.SELECT


def test_clicks_beyond_the_image_are_explained(drawing: Desk, sample: WrittenSample) -> None:
    drawing.session.vessel.add_knot((-40.0, 20.0))
    assert drawing.session.current_centerline is None
    assert drawing.said("beyond the image")


def test_another_vein_and_tying_the_pullback_to_it(drawing: Desk, sample: WrittenSample) -> None:
    session, vessel = drawing.session, drawing.session.vessel
    draw_two(drawing, sample)
    first = session.current_centerline
    drawing.do("vessel.new")
    drawing.click(drawing.venogram, (60.0, 90.0))
    drawing.click(drawing.venogram, (80.0, 150.0))
    drawing.wait(lambda: traced(drawing), "for the other vein")
    assert len(vessel.lines) == 2
    second = vessel.target
    assert second.id != first.id
    assert session.current_centerline.id == first.id
    drawing.do("vessel.tie")
    assert session.current_centerline.id == second.id
    drawing.key(Key.Key_Z, CTRL)
    assert session.current_centerline.id == first.id


def test_edges_and_widths_come_when_they_are_asked_for(
    drawing: Desk, sample: WrittenSample
) -> None:
    session = drawing.session
    draw_two(drawing, sample)
    line = session.current_centerline
    plain = drawing.picture(drawing.venogram.view.viewport())
    drawing.do("vessel.edges")
    drawing.wait(lambda: session.vessel_profile(line.run_uid, line.id), "for the widths")
    profile = session.vessel_profile(line.run_uid, line.id)
    known = np.isfinite(profile.diameter_px)
    assert known.mean() > 0.7
    scale = session.calibration(session.run).mm_per_px
    assert 5 < np.median(profile.diameter_px[known]) * scale < 25
    drawing.pump()
    assert (drawing.picture(drawing.venogram.view.viewport()) != plain).any()
    drawing.do("vessel.edges")
    assert session.vessel_profile(line.run_uid, "gone") is None


def test_no_other_run_of_these_angles_is_told(drawing: Desk, sample: WrittenSample) -> None:
    draw_two(drawing, sample)
    drawing.do("vessel.copy")
    assert drawing.said("C-arm angles")
    assert len(drawing.session.review.centerlines) == 1


def test_snapping_is_switched(drawing: Desk, sample: WrittenSample) -> None:
    drawing.do("vessel.snap")
    for point in ends(sample):
        drawing.click(drawing.venogram, point)
    assert drawing.session.current_centerline.courses == ()
    drawing.do("vessel.snap")
    assert drawing.session.tracing.snap


def test_what_was_traced_is_in_the_review(drawing: Desk, sample: WrittenSample) -> None:
    from viewer.store.review_file import dump, load

    draw_two(drawing, sample)
    data = dump(drawing.session.review)
    assert load(data, "review") == drawing.session.review
    course = json.loads(data)["centerlines"][0]["courses"][0]
    assert course["by"] == "traced"
    assert len(json.dumps(course)) < 4000


def test_the_vein_gets_its_name(drawing: Desk, sample: WrittenSample) -> None:
    draw_two(drawing, sample)
    for action, name in (("left", "Left"), ("right", "Right"), ("cava", "IVC")):
        drawing.do(f"vessel.{action}")
        assert drawing.session.current_centerline.name == name
    drawing.key(Key.Key_Z, CTRL)
    assert drawing.session.current_centerline.name == "Right"


def test_a_copied_vein_says_so_until_it_is_accepted(drawing: Desk, sample: WrittenSample) -> None:
    from dataclasses import replace

    session = drawing.session
    draw_two(drawing, sample)
    line = replace(session.current_centerline, unchecked=True)
    session.edit("Copy", session.review.with_centerline(line))
    drawing.pump()
    before = drawing.picture(drawing.venogram.view.viewport())
    drawing.do("vessel.accept")
    drawing.pump()
    assert not session.current_centerline.unchecked
    assert (drawing.picture(drawing.venogram.view.viewport()) != before).any()
