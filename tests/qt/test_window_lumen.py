"""Borders of the IVUS frames by mouse and keys: found, bent, redrawn, accepted, undone."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from window_samples import CTRL, Desk, WrittenSample

from viewer.model.contour import Contour, ContourKind, ContourStatus
from viewer.session.lumen_edits import LumenWay
from viewer.session.state import Tool

Key = Qt.Key
FRAME = 12


def truth_of(sample: WrittenSample, frame: int) -> np.ndarray:
    return np.reshape(sample.truth["pullbacks"][0]["contours_px"][frame], (-1, 2))


def area(points: np.ndarray) -> float:
    x, y = np.asarray(points).T
    return abs(float(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum()))


def armed(desk: Desk, frame: int = FRAME) -> None:
    desk.session.set_pullback_frame(frame)
    desk.settle()
    desk.key(Key.Key_E)
    assert desk.session.tool is Tool.LUMEN
    assert desk.window.lumen_strip.isVisible()


def draw_truth(desk: Desk, sample: WrittenSample, frame: int = FRAME) -> None:
    ring = truth_of(sample, frame)
    places = [tuple(p) for p in (*ring, ring[0])]
    desk.drag(desk.ivus, *places)


def quiet(desk: Desk) -> None:
    desk.wait(lambda: not desk.session.lumen_work._doing, "for neighbours")


def test_a_border_is_drawn_from_nothing_bent_accepted_and_undone(bare_desk, sample) -> None:
    desk, edits = bare_desk, bare_desk.session.lumen
    armed(desk)
    assert edits.current is None
    draw_truth(desk, sample)
    quiet(desk)
    drawn = edits.current
    assert drawn.status is ContourStatus.EDITED
    assert drawn.by == desk.session.reader
    assert area(drawn.points_px) == pytest.approx(area(truth_of(sample, FRAME)), rel=0.05)
    assert "mm²" in desk.ivus._lumen_overlay.figure_lines()[0][1][0]
    outline = edits.outline(drawn)
    middle = outline.mean(axis=0)
    out = outline[0] + (outline[0] - middle) * 0.5
    desk.drag(desk.ivus, tuple(outline[0]), tuple(out))
    quiet(desk)
    assert area(edits.current.points_px) > area(drawn.points_px)
    desk.key(Key.Key_Return)
    assert edits.current.status is ContourStatus.ACCEPTED
    assert not desk.window.lumen_strip.accept.isEnabled()
    for _ in range(2):
        desk.key(Key.Key_Z, CTRL)
    assert np.array_equal(edits.current.points_px, drawn.points_px)
    desk.key(Key.Key_Z, CTRL)
    assert edits.current is None


def test_an_arc_is_redrawn_and_a_brush_pushes(bare_desk, sample) -> None:
    desk, edits = bare_desk, bare_desk.session.lumen
    armed(desk)
    draw_truth(desk, sample)
    quiet(desk)
    before, outline = area(edits.current.points_px), edits.outline(edits.current)
    middle = outline.mean(axis=0)
    edits.set_way(LumenWay.ARC)
    arc = middle + (outline[4:20] - middle) * (1 + 0.4 * np.sin(np.linspace(0, np.pi, 16)))[:, None]
    desk.drag(desk.ivus, *[tuple(p) for p in arc])
    quiet(desk)
    larger = area(edits.current.points_px)
    assert larger > before
    edits.set_way(LumenWay.BRUSH)
    rim = edits.outline(edits.current)[40]
    away = (rim - middle) / np.hypot(*(rim - middle))
    outside, inside = rim + away * 12, rim - away * 3
    desk.drag(desk.ivus, tuple(outside), tuple(inside))
    quiet(desk)
    assert area(edits.current.points_px) < larger


def test_found_on_all_frames_edits_stay_and_neighbours_follow(bare_desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    edits, work = session.lumen, session.lumen_work
    armed(desk)
    draw_truth(desk, sample)
    quiet(desk)
    mine = edits.current
    desk.window.lumen_strip.find_all.click()
    assert "Finding the lumen" in work.status
    assert "Cancel" in desk.window.status.search.text
    desk.wait(lambda: not work.status, "for the search")
    frames = session.pullback.frames
    assert edits.count().total >= 0.9 * frames
    assert edits.current == mine
    errors = [
        abs(area(one.points_px) / area(truth_of(sample, one.frame)) - 1)
        for one in edits.of_pullback()
    ]
    assert np.median(errors) < 0.10
    near = session.review.contour(session.pullback.uid, FRAME + 1)
    outline = edits.outline(mine)
    middle = outline.mean(axis=0)
    grown = tuple(outline[0] + (outline[0] - middle) * 0.6)
    desk.drag(desk.ivus, tuple(outline[0]), grown)
    quiet(desk)
    after = session.review.contour(session.pullback.uid, FRAME + 1)
    assert after.points != near.points
    assert after.status is ContourStatus.AUTO
    desk.key(Key.Key_Z, CTRL)
    assert session.review.contour(session.pullback.uid, FRAME + 1) == near
    assert edits.current == mine


def test_a_search_is_ended_and_nothing_is_left(bare_desk) -> None:
    desk, work = bare_desk, bare_desk.session.lumen_work
    work.find()
    desk.window.status.search.clicked.emit()
    assert not work.status
    desk.pump()
    assert not desk.session.review.contours


def test_other_borders_start_from_the_lumen_and_are_filled_between(bare_desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    edits, strip = session.lumen, desk.window.lumen_strip
    for frame in (FRAME, FRAME + 4):
        session.set_pullback_frame(frame)
        desk.settle()
        if session.tool is not Tool.LUMEN:
            desk.key(Key.Key_E)
        edits.set_kind(ContourKind.LUMEN)
        draw_truth(desk, sample, frame)
        quiet(desk)
        edits.set_kind(ContourKind.VESSEL)
        strip.copy.click()
        assert edits.current.kind is ContourKind.VESSEL
    strip.fill.click()
    vessel = session.review.contours_of(session.pullback.uid, ContourKind.VESSEL)
    assert [one.frame for one in vessel] == list(range(FRAME, FRAME + 5))
    assert [one.status for one in vessel[1:-1]] == [ContourStatus.AUTO] * 3
    edits.set_kind(ContourKind.LUMEN)


def test_what_encloses_nothing_is_refused_in_words(bare_desk) -> None:
    desk, edits = bare_desk, bare_desk.session.lumen
    armed(desk)
    desk.drag(desk.ivus, (60.0, 60.0), (80.0, 60.0), (100.0, 60.0), (80.0, 60.0))
    assert edits.current is None
    assert any("encloses nothing" in notice.text for notice in desk.notices)


def test_frames_to_check_are_stepped_through(bare_desk) -> None:
    desk, session = bare_desk, bare_desk.session
    session.lumen_work.find()
    desk.wait(lambda: not session.lumen_work.status, "for the search")
    doubts = sorted(one.frame for one in session.lumen.to_check())
    armed(desk, 0)
    desk.key(Key.Key_U)
    assert session.cursor.pullback_frame in doubts or not doubts
    desk.key(Key.Key_Return, CTRL)
    assert session.lumen.count().accepted == session.lumen.count().total - len(doubts)


def test_frames_to_check_stand_in_the_inspector_and_on_the_slider(bare_desk, sample) -> None:
    desk, session = bare_desk, bare_desk.session
    uid = session.pullback.uid
    doubts = {
        4: (0.2, "a side branch opens here"),
        5: (0.3, "a side branch opens here"),
        9: (0.5, ""),
    }
    made = [
        Contour.of(uid, k, truth_of(sample, k), confidence=doubts.get(k, (0.95, ""))[0],
                   note=doubts.get(k, (0.95, ""))[1])
        for k in range(12)
    ]  # fmt: skip
    session.edit("Find lumen", session.review.with_contours(*made))
    desk.settle()
    panel, scrubber = desk.window.inspector.checks, desk.ivus.cine.scrubber
    assert panel.isVisibleTo(desk.window.inspector)
    assert [row.go.text() for row in panel.rows[:2]] == ["Frames 5–6", "Frame 10"]
    assert panel.rows[0].why.text == "A side branch opens here"
    assert not panel.rows[2].isVisibleTo(panel)
    assert sorted(scrubber._checks) == [(4, 5), (9, 9)]
    panel.rows[1].go.click()
    assert session.cursor.pullback_frame == 9
    desk.key(Key.Key_E)
    desk.key(Key.Key_Return)
    assert [row.isVisibleTo(panel) for row in panel.rows[:2]] == [True, False]
    assert sorted(scrubber._checks) == [(4, 5)]
    session.lumen.accept_stretch(0, 11)
    assert not panel.isVisibleTo(desk.window.inspector)
    assert scrubber._checks == ()
