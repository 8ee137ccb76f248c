"""What the window paints, compared pixel by pixel with what is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from window_samples import CTRL, Desk

from viewer.model.annotation import Caliper, FrameExtent, Stent
from viewer.qt import tokens
from viewer.session.state import Layers, Selection

Key = Qt.Key
Picture = NDArray[np.uint8]


def rgb(color: str) -> NDArray[np.int_]:
    found = QColor(color)
    return np.array([found.red(), found.green(), found.blue()])


def near_color(picture: Picture, color: str, within: int = 40) -> NDArray[np.bool_]:
    """Which pixels have nearly that colour."""
    off = np.abs(picture.astype(int) - rgb(color)).max(axis=2)
    return np.asarray(off <= within)


def changed(before: Picture, after: Picture) -> NDArray[np.float64]:
    """Places that differ, (n, 2) as x, y."""
    rows, columns = np.nonzero((before.astype(int) != after).any(axis=2))
    return np.column_stack((columns, rows)).astype(float)


def show_frame(desk: Desk, frame: int) -> None:
    desk.session.set_pullback_frame(frame)
    desk.settle()


def marker_pixels(desk: Desk) -> tuple[Picture, Picture]:
    """The venogram with and without what shows the position."""
    with_marker = desk.picture(desk.venogram.view)
    desk.session.set_linked(False)
    desk.pump()
    without = desk.picture(desk.venogram.view)
    desk.session.set_linked(True)
    desk.pump()
    return with_marker, without


@pytest.mark.parametrize("zoomed", [False, True])
def test_the_marker_is_painted_on_the_true_place(desk: Desk, sample, zoomed: bool) -> None:
    """Where a landmark ties a frame to its true place the disc is painted there, within 2 px."""
    session, view = desk.session, desk.venogram.view
    run = sample.truth["runs"][0]["file"]
    true = [tuple(point) for point in sample.truth["pullbacks"][0]["xy_px"][run]]
    tie = session.vessel.current_tie()
    marks = tuple(replace(mark, point_px=true[mark.frame]) for mark in tie.landmarks)
    session.edit("True", session.review.with_coregistration(replace(tie, landmarks=marks)))
    for mark in marks:
        view.fit()
        show_frame(desk, mark.frame)
        if zoomed:
            at = desk.screen(desk.venogram, true[mark.frame])
            desk.wheel(view.viewport(), 3, QPointF(at.x() + 25, at.y() + 10), CTRL)
        expected = np.array(desk.screen(desk.venogram, true[mark.frame]).toTuple())
        picture, without = marker_pixels(desk)
        points = changed(without, picture)
        columns, rows = points.astype(int).T
        white = points[near_color(picture, tokens.POSITION)[rows, columns]]
        disc = white[np.hypot(*(white + 0.5 - expected).T) < 6]
        assert len(disc) > 40
        assert np.hypot(*(disc.mean(axis=0) + 0.5 - expected)) <= 2.0


def test_the_marker_is_hollow_beyond_the_landmarks(desk: Desk) -> None:
    position = desk.session.position_map
    solid = np.flatnonzero(position.solid)
    guessed = np.flatnonzero(~position.solid)
    assert solid.size
    assert guessed.size
    for frame, is_hollow in ((int(solid[len(solid) // 2]), False), (int(guessed[0]), True)):
        show_frame(desk, frame)
        at = desk.screen(desk.venogram, tuple(position.points_px[frame]))
        picture = desk.picture(desk.venogram.view)
        x, y = int(at.x()), int(at.y())
        middle = picture[y - 1 : y + 2, x - 1 : x + 2].mean()
        assert bool(middle < 60) is is_hollow
        box = picture[y - 6 : y + 7, x - 6 : x + 7]
        radius = np.hypot(*np.mgrid[-6:7, -6:7])
        ring = box[(radius > 4.7) & (radius < 6.3)]
        assert bool(ring.mean() > 100) is is_hollow


def test_the_band_grows_away_from_the_landmarks(desk: Desk) -> None:
    position = desk.session.position_map
    frames = [mark.frame for mark in desk.session.vessel.landmarks]
    between = (frames[1] + frames[2]) // 2
    assert position.sigma_px[between] > position.sigma_px[frames[1]]
    counts = []
    for frame in (frames[1], between):
        show_frame(desk, frame)
        counts.append(len(changed(*marker_pixels(desk))))
    assert counts[1] > counts[0]


@pytest.mark.parametrize("name", ["venogram", "ivus"])
def test_images_only_paints_the_image_and_nothing_else(desk: Desk, name: str) -> None:
    pane, session = getattr(desk, name), desk.session
    uid, frame = pane.current_item().uid, pane.current_frame()
    session.edit("x", session.review.with_measurement(Caliper("c", uid, frame, (9, 9), (60, 60))))
    desk.settle()
    everything = desk.picture(pane.view)
    desk.key(Key.Key_O)
    desk.key(Key.Key_O)
    assert session.layers is Layers.IMAGES_ONLY
    shown = desk.picture(pane.view)
    layers, pane.view.layers = pane.view.layers, []
    bare = desk.picture(pane.view)
    pane.view.layers = layers
    assert np.array_equal(shown, bare)
    assert (shown != everything).any()


def test_the_image_itself_is_painted_value_for_value(desk: Desk) -> None:
    """At the middle of the pixels of a smooth stretch the screen has the frame's own grey."""
    session, view = desk.session, desk.ivus.view
    while session.layers is not Layers.IMAGES_ONLY:
        session.cycle_layers()
    for frame in (3, 40):
        show_frame(desk, frame)
        _, stored = desk.application.loader.nearest_cached(session.pullback.uid, frame)
        values = session.rendered(session.pullback, stored)
        desk.wheel(view.viewport(), 12, desk.screen(desk.ivus, (64.0, 64.0)), CTRL)
        picture = desk.picture(view)
        columns, rows = np.meshgrid(np.arange(60, 69), np.arange(60, 69))
        points = np.column_stack((columns.ravel(), rows.ravel())).astype(float)
        at = np.floor(view.to_screen(points)).astype(int)
        seen = picture[at[:, 1], at[:, 0], 0].astype(int)
        true = values[rows.ravel(), columns.ravel()].astype(int)
        assert np.abs(seen - true).max() <= 12
        assert np.corrcoef(seen, true)[0, 1] > 0.99
        view.fit()


def test_no_text_keeps_marks_and_drops_words(desk: Desk) -> None:
    show_frame(desk, 30)
    everything = desk.picture(desk.venogram.view)
    desk.key(Key.Key_O)
    no_text = desk.picture(desk.venogram.view)
    assert (everything[8:40, 8:120] != no_text[8:40, 8:120]).any()
    marks = [desk.screen(desk.venogram, m.point_px) for m in desk.session.vessel.landmarks]
    for at in marks:
        x, y = round(at.x()), round(at.y())
        patch = no_text[y - 3 : y + 4, x - 3 : x + 4]
        assert near_color(patch, tokens.LANDMARK).sum() > 15


def test_landmarks_are_diamonds_of_their_colour_on_both_views(desk: Desk) -> None:
    show_frame(desk, 0)
    picture, canvas = desk.picture(desk.venogram.view), desk.picture(desk.canvas)
    row = desk.canvas._rows.veins.center().y()
    for mark in desk.session.vessel.landmarks:
        at = desk.screen(desk.venogram, mark.point_px)
        assert near_color(picture, tokens.LANDMARK)[round(at.y()), round(at.x())]
        x = desk.canvas.x_of_frame(mark.frame)
        assert near_color(canvas, tokens.LANDMARK)[round(row), round(x)]


def test_a_stent_is_painted_beside_its_stretch_of_vein_and_nowhere_else(desk: Desk) -> None:
    session = desk.session
    session.cycle_layers()  # without words
    show_frame(desk, 5)
    curve = session.current_polyline
    before, before_long = desk.picture(desk.venogram.view), desk.picture(desk.canvas)
    stent = Stent(id="stent", name="Stent 1", extent=FrameExtent(session.pullback.uid, 30, 42))
    session.edit("Stent", session.review.with_segment(stent))
    session.select(Selection())
    desk.settle()
    after = desk.picture(desk.venogram.view)
    points = changed(before, after)
    assert len(points) > 100
    low, high = session.segments.arcs_of(stent)
    image = np.array([desk.venogram.view.to_image(QPointF(x, y)) for x, y in points + 0.5])
    arcs, away = np.array([curve.project((x, y)) for x, y in image]).T
    zoom = desk.venogram.view.zoom
    assert arcs.min() > low - 8 / zoom
    assert arcs.max() < high + 8 / zoom
    inside = away * zoom < 10  # over the lumen only the caps at both ends
    assert np.minimum(arcs - low, high - arcs)[inside].max() * zoom < 6
    assert inside.mean() < 0.2
    columns, rows = points.astype(int).T
    assert near_color(after, tokens.STENT, 60)[rows, columns].sum() > 30
    after_long = desk.picture(desk.canvas)
    rows = desk.canvas._rows
    top, bottom = int(rows.long_view.top()) + 2, int(rows.long_view.bottom()) - 2
    columns = np.flatnonzero((before_long != after_long).any(axis=2)[top:bottom].any(axis=0))
    ends = sorted(desk.canvas.x_of_frame(frame) for frame in (30, 42))
    assert columns.min() == pytest.approx(ends[0], abs=3)
    assert columns.max() == pytest.approx(ends[1], abs=3)


def test_a_caliper_is_painted_from_end_to_end(desk: Desk) -> None:
    show_frame(desk, 20)
    before = desk.picture(desk.ivus.view)
    uid = desk.session.pullback.uid
    caliper = Caliper("c", uid, 20, (40.0, 100.0), (90.0, 100.0))
    desk.session.edit("Caliper", desk.session.review.with_measurement(caliper))
    desk.settle()
    after = desk.picture(desk.ivus.view)
    left, right = (desk.screen(desk.ivus, end) for end in (caliper.start_px, caliper.end_px))
    line = near_color(after, tokens.POSITION, 60)[round(left.y()) - 1 : round(left.y()) + 2]
    columns = np.flatnonzero(line.any(axis=0))
    inside = columns[(columns > left.x()) & (columns < right.x())]
    assert len(inside) > 0.9 * (right.x() - left.x()) - 10
    points = changed(before, after)
    assert points[:, 0].min() > left.x() - 10
    assert np.abs(points[:, 1] - left.y()).max() < 24


def test_the_scale_bar_is_as_long_as_it_says(desk: Desk) -> None:
    for pane in (desk.venogram, desk.ivus):
        picture = desk.picture(pane.view)
        corner = picture[-50:, -180:]
        white = near_color(corner, tokens.TEXT_HI, 90)
        lengths = [_longest(row) for row in white]
        scale = pane.current_item().calibration.mm_per_px
        bar_mm = max(lengths) / pane.view.zoom * scale
        assert min(abs(bar_mm - nice) / nice for nice in (1, 2, 5, 10, 20, 50)) < 0.05


def _longest(row: NDArray[np.bool_]) -> int:
    best = run = 0
    for value in row.tolist():
        run = run + 1 if value else 0
        best = max(best, run)
    return best


def test_the_cursor_line_stands_at_the_frame(desk: Desk) -> None:
    for frame in (12, 33, 55):
        show_frame(desk, frame)
        picture = desk.picture(desk.canvas)
        row = round(desk.canvas._rows.lanes.bottom()) + 2
        columns = np.flatnonzero(near_color(picture, tokens.POSITION, 60)[row])
        assert np.abs(columns - desk.canvas.x_of_frame(frame)).min() <= 1.5


def test_real_images_are_painted(new_desk, shared_data: Path) -> None:
    """Every real run and pullback settles with something on the screen and no message."""
    desk = new_desk(shared_data / "xa", shared_data / "ivus")
    desk.session.accept_held()  # of several persons
    case = desk.session.case
    items = [*case.runs, *case.pullbacks]
    assert len(case.runs) >= 3
    assert len(case.pullbacks) == 3
    for item in items:
        desk.session.show(item.uid)
        pane = desk.venogram if item in case.runs else desk.ivus
        desk.wait(lambda pane=pane: pane.is_settled)
        assert pane.message() == ""
        picture = desk.picture(pane.view)
        assert picture.std() > 8, item.description
        corners = [pane.view.point_to_screen(p) for p in ((0, 0), (item.columns, item.rows))]
        wide, high = corners[1].x() - corners[0].x(), corners[1].y() - corners[0].y()
        aspect = item.pixels.aspect
        assert high / wide == pytest.approx(item.rows * aspect / item.columns, rel=0.01)
