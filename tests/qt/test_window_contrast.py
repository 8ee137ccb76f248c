"""Contrast over time in the window: points, curves, arrival along the vein, range, cine bar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from window_samples import CTRL, LEFT, SHIFT, Desk

from viewer.session.contrast_views import Peak
from viewer.session.state import Selection, Tool

Key = Qt.Key


@pytest.fixture
def curve_desk(bare_desk: Desk) -> Desk:
    """The window on the bare case, its venogram in focus, along the vein in front."""
    run, contrast = bare_desk.session.run, bare_desk.window.contrast
    bare_desk.window.below.show_vein()
    contrast.show_peak(run, Peak.OFF, lambda: None)
    contrast.set_range(run)
    bare_desk.focus(bare_desk.venogram)
    bare_desk.settle()
    return bare_desk


def on_screen(desk: Desk, point: tuple[float, float]) -> QPoint:
    return desk.venogram.view.point_to_screen(point).toPoint()


def place(desk: Desk, *points: tuple[float, float]) -> None:
    """Arm the tool and click these places of the run."""
    if desk.session.tool is not Tool.CONTRAST:
        desk.key(Key.Key_Q)
    for point in points:
        QTest.mouseClick(desk.venogram.view.viewport(), LEFT, pos=on_screen(desk, point))
    desk.pump()


def read(desk: Desk, points: int):
    """What the panel tells, once that many points are read."""
    curves = desk.window.below.contrast.curves
    desk.wait(
        lambda: (
            curves.reading is not None
            and len(curves.reading.points) == points
            and curves.done is None
        ),
        "for the curves",
    )
    return curves.reading


def cells(desk: Desk) -> list[list[str]]:
    table = desk.window.below.contrast.table
    return [
        [table.item(row, column).text() for column in range(4)] for row in range(table.rowCount())
    ]


def inner_knots(sample) -> list[tuple[float, float]]:
    return [p for p in sample.knots(24) if 20 < p[0] < 236 and 20 < p[1] < 236]


def test_q_shows_the_panel_and_clicks_place_points_with_curves(curve_desk: Desk, sample) -> None:
    desk, knots = curve_desk, inner_knots(sample)
    place(desk, knots[2], knots[-3], (24.0, 128.0))
    assert desk.window.below.shows_contrast
    assert desk.window.actions_by_id["panel.contrast"].isChecked()
    told = read(desk, 3)
    vein, far, beside = told.points
    assert [p.number for p in told.points] == [1, 2, 3]
    assert told.axis_unit == "s"
    truth = np.interp(
        [knots[2][1], knots[-3][1]],
        *zip(
            *sorted(
                zip(
                    np.array(sample.truth["runs"][0]["centerline"]["xy_px"])[:, 1].tolist(),
                    sample.truth["runs"][0]["contrast"]["arrival_s"],
                    strict=True,
                )
            ),
            strict=True,
        ),
    )
    for point, when in zip((vein, far), truth, strict=True):
        assert abs(point.told.arrival_s - when) < 2 * point.told.arrival_sd_s < 0.4
    assert beside.told.peak is None
    rows = cells(desk)
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert "±" in rows[0][1]
    assert rows[2][1] == "none"
    assert told.between == (1, 3)
    assert "point 3 has no contrast" in told.why_not
    desk.window.below.contrast.start.chosen.emit(1)
    desk.window.below.contrast.curves.choose(1, 2)
    told = desk.window.below.contrast.curves.reading
    assert told.transit is not None
    seconds = far.told.arrival_s - vein.told.arrival_s
    assert told.transit.seconds == pytest.approx(seconds)
    assert told.transit.unit == "mm"


def test_points_are_dragged_deleted_and_taken_back(curve_desk: Desk, sample) -> None:
    desk, knots = curve_desk, inner_knots(sample)
    place(desk, knots[4])
    first = read(desk, 1).points[0]
    view = desk.venogram.view.viewport()
    start, end = on_screen(desk, knots[4]), on_screen(desk, (30.0, 120.0))
    QTest.mousePress(view, LEFT, pos=start)
    desk.move_pressed(view, end) if hasattr(desk, "move_pressed") else QTest.mouseMove(view, end)
    desk.pump()
    QTest.mouseRelease(view, LEFT, pos=end)
    desk.pump()
    session = desk.session
    assert session.selection == Selection("contrast", first.id)
    desk.key(Key.Key_Delete)
    assert session.contrast_points.shown == ()
    session.undo()
    assert [p.number for p in session.contrast_points.shown] == [1]
    desk.key(Key.Key_Escape)
    assert session.tool is Tool.SELECT
    assert session.review.contrast_points_of(session.run.uid)
    while session.history.can_undo:
        session.undo()
    assert session.contrast_points.shown == ()


def test_a_seventh_point_is_refused_and_numbers_are_reused(curve_desk: Desk, sample) -> None:
    desk, session = curve_desk, curve_desk.session
    places = inner_knots(sample)[2:9]
    for point in places:
        session.contrast_points.add(point)
    assert [p.number for p in session.contrast_points.shown] == [1, 2, 3, 4, 5, 6]
    assert desk.said("at most 6 contrast points")
    session.contrast_points.delete(session.contrast_points.shown[2].id)
    assert session.contrast_points.add(places[6]).number == 3
    desk.key(Key.Key_Q, CTRL | SHIFT)
    assert session.contrast_points.shown == ()


def test_arrival_along_the_vein_follows_the_truth(desk: Desk, sample) -> None:
    desk.focus(desk.venogram)
    desk.key(Key.Key_Q, SHIFT)
    told = read(desk, 0)
    profile = told.profile
    assert profile.unit == "mm"
    assert np.isfinite(profile.arrival_s).mean() > 0.8
    # contrast runs from the leg to the heart: later at the central end
    known = np.isfinite(profile.arrival_s)
    assert profile.arrival_s[known][0] > profile.arrival_s[known][-1]
    truth = sample.truth["runs"][0]["contrast"]["arrival_s"]
    spread = abs(truth[0] - truth[-1])
    seen = profile.arrival_s[known][0] - profile.arrival_s[known][-1]
    assert seen == pytest.approx(spread, rel=0.25)
    panel = desk.window.below.contrast
    assert panel.table.rowCount() == len(told.flags)
    assert "mm" in cells(desk)[0][1]
    assert np.ptp(desk.picture(panel.arrival)) > 100
    desk.key(Key.Key_Q, SHIFT)
    assert not desk.window.below.shows_contrast


def test_the_line_of_the_shown_frame_is_dragged(curve_desk: Desk, sample) -> None:
    desk = curve_desk
    place(desk, inner_knots(sample)[4])
    told = read(desk, 1)
    desk.pump()
    graph = desk.window.below.contrast.density
    at = QPoint(round(graph.x_of(told.axis[2])), graph.height() // 2)
    QTest.mouseClick(graph, LEFT, pos=at)
    assert desk.session.cursor.run_frame == 2
    assert graph.now_x() == pytest.approx(graph.x_of(told.axis[2]))
    desk.session.set_run_frame(7)
    assert graph.now_x() == pytest.approx(graph.x_of(told.axis[7]))


def test_the_range_is_typed_or_set_from_the_shown_frame(curve_desk: Desk, sample) -> None:
    desk, contrast, run = curve_desk, curve_desk.window.contrast, curve_desk.session.run
    desk.session.set_run_frame(3)
    desk.window.actions_by_id["contrast.first"].trigger()
    desk.session.set_run_frame(9)
    desk.window.actions_by_id["contrast.last"].trigger()
    assert contrast.frame_range(run) == (3, 9)
    desk.key(Key.Key_P)
    desk.settle()
    assert contrast.peak_text(run) == "Peak opacification · frames 4–10"
    place(desk, inner_knots(sample)[4])
    assert read(desk, 1).frames == tuple(range(3, 10))
    panel = desk.window.below.contrast
    assert (panel.first.value(), panel.last.value()) == (4, 10)
    panel.last.setValue(12)
    panel.last.editingFinished.emit()
    assert contrast.frame_range(run) == (3, 11)
    desk.venogram.set_loop(2, 6)
    desk.window.actions_by_id["contrast.loop"].trigger()
    assert contrast.frame_range(run) == (2, 6)
    desk.venogram.end_loop()
    desk.window.actions_by_id["contrast.whole"].trigger()
    assert contrast.frame_range(run) == (0, run.frames - 1)


def test_the_cine_bar_carries_the_runs_own_curve(curve_desk: Desk) -> None:
    desk = curve_desk
    desk.key(Key.Key_P)
    desk.settle()
    desk.wait(lambda: desk.window.contrast.run_curve(desk.session.run) is not None)
    frames, density = desk.window.contrast.run_curve(desk.session.run)
    assert desk.venogram.cine.scrubber._curve[0] == frames == tuple(range(desk.session.run.frames))
    scrubber = desk.venogram.cine.scrubber
    with_curve = desk.picture(scrubber)
    scrubber.set_curve((), ())
    desk.pump()
    assert not np.array_equal(desk.picture(scrubber), with_curve)
    scrubber.set_curve(frames, density)


def test_a_subtracted_run_is_followed_with_its_shift(curve_desk: Desk, sample) -> None:
    desk, contrast, run = curve_desk, curve_desk.window.contrast, curve_desk.session.run
    place(desk, inner_knots(sample)[4])
    plain = read(desk, 1)
    assert plain.source.startswith("frames as taken")
    desk.key(Key.Key_D)
    desk.settle()
    curves = desk.window.below.contrast.curves
    desk.wait(lambda: curves.reading and curves.reading.source.startswith("subtracted"))
    dsa = curves.reading
    assert dsa.unit == "ln"
    assert dsa.points[0].told.arrival_s == pytest.approx(plain.points[0].told.arrival_s, abs=0.1)
    before = contrast.followed(run)
    contrast.subtractions.nudge_shift(run, 3.0, 0.0)
    desk.wait(lambda: contrast.followed(run) not in (None, before))
    moved = contrast.followed(run)
    assert moved.wanted.laid[0][1] == (3.0, 0.0)
    assert not np.array_equal(moved.found.peak, before.found.peak)
    contrast.subtractions.nudge_shift(run, -3.0, 0.0)
    desk.key(Key.Key_D)
    desk.settle()


def test_work_is_told_and_can_be_ended(curve_desk: Desk, sample) -> None:
    desk, status = curve_desk, curve_desk.window.status
    status.set_work("Following contrast 40 %")
    assert status.work.text == "Following contrast 40 % · Cancel"
    place(desk, inner_knots(sample)[4])
    status.work.clicked.emit()
    curves = desk.window.below.contrast.curves
    assert curves.done is None
    assert "Stopped" in curves.note() or curves.reading is not None
    status.set_work("")
    assert not status.work.isVisible()


def test_without_frame_times_the_axis_counts_frames(
    new_desk: Callable[..., Desk], sample, tmp_path: Path
) -> None:
    data = pydicom.dcmread(sample.files[0])
    for keyword in ("FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate"):
        if keyword in data:
            del data[keyword]
    path = tmp_path / "untimed.dcm"
    data.save_as(path)
    desk = new_desk(path)
    desk.focus(desk.venogram)
    place(desk, inner_knots(sample)[4])
    told = read(desk, 1)
    assert told.axis_unit == "frames"
    assert "frame times unknown" in told.source
    header = desk.window.below.contrast.table.horizontalHeaderItem(1).text()
    assert header == "Arrival, frames"
    rate_hz = sample.truth["runs"][0]["rate_hz"]
    frames = told.points[0].told.arrival_s

    desk.session.set_rate(desk.session.run.uid, rate_hz)
    desk.wait(lambda: desk.window.below.contrast.curves.reading.axis_unit == "s")
    now = desk.window.below.contrast.curves.reading.points[0].told
    assert now.arrival_s == pytest.approx(frames / rate_hz)
