"""Compare on the built-in thrombosis: two phases side by side at one place of the vein."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from window_samples import Desk, WrittenSample, read_sample

from viewer.phantom.cases import write_case
from viewer.session.state import Workspace

Key = Qt.Key


@pytest.fixture(scope="module")
def thrombosis(tmp_path_factory: pytest.TempPathFactory) -> WrittenSample:
    written = write_case("lysis", tmp_path_factory.mktemp("lysis"))
    return read_sample(written.files, written.truth)


@pytest.fixture(scope="module")
def compared(
    qapp: QApplication, thrombosis: WrittenSample, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAVAL_HOME", str(tmp_path_factory.mktemp("compare-home")))
        desk = Desk(qapp, (1600, 950))
        desk.open(*thrombosis.files)
        desk.show_example(thrombosis)
        work = desk.session.figures
        desk.wait(lambda: work.figures is not None and not work.stale, "for figures")
        desk.session.set_workspace(Workspace.COMPARE)
        desk.settle()
        yield desk
        desk.close()


def start_over(desk: Desk) -> None:
    compare = desk.session.compare
    compare.choose(0, "Initial")
    compare.choose(1, "Completion")
    desk.settle()


def test_the_first_and_the_last_phase_are_shown_in_four_panes(compared: Desk) -> None:
    stage = compared.window.compare
    start_over(compared)
    titles = [button.step.title for button in stage.strip.buttons]
    assert titles == [
        "Initial", "Lysis check", "Thrombectomy 1", "Thrombectomy 2", "Stent 1", "Completion",
    ]  # fmt: skip
    shown = compared.session.compare.shown
    assert [step.title for step in shown] == ["Initial", "Completion"]
    uids = [pane.current_item().uid for pane in stage.panes]
    assert uids == [shown[0].run_uid, shown[0].pullback_uid,
                    shown[1].run_uid, shown[1].pullback_uid]  # fmt: skip
    assert not compared.window.stage.isVisible()
    assert not compared.window.inspector.isVisible()


def test_moving_one_side_moves_the_other_to_the_same_place(
    compared: Desk, thrombosis: WrittenSample
) -> None:
    start_over(compared)
    compare, (before, after) = compared.session.compare, compared.session.compare.sides
    own = compared.session.cursor
    moves: list[float] = []
    compare.moved.connect(lambda: moves.append(compare.place))
    before.set_pullback_frame(200)
    assert len(moves) == 1
    pulls = {p["sop_instance_uid"]: p for p in thrombosis.truth["pullbacks"]}
    shown = compare.shown
    files = [
        next(p for p in pulls.values() if p["file"] == copy.pullback.paths[0].name)
        for copy in (before, after)
    ]
    places = [
        files[n]["s_mm"][copy.cursor.pullback_frame] for n, copy in enumerate((before, after))
    ]
    assert abs(places[0] - places[1]) < 2 * (compare.sigma(0) + compare.sigma(1))
    after.set_pullback_frame(40)
    assert compare.place == pytest.approx(
        compared.session.figures.figures.places[shown[1].pullback_uid].along[40]
    )
    assert compared.session.cursor == own


def test_a_click_along_the_vein_moves_both_and_nothing_can_be_changed(compared: Desk) -> None:
    start_over(compared)
    session, stage = compared.session, compared.window.compare
    review = session.review
    along = stage.along
    along.grab()
    frames = [copy.cursor.pullback_frame for copy in session.compare.sides]
    compared.drag_on(along, [QPointF(along.width() * 0.8, along.height() - 40)])
    assert [copy.cursor.pullback_frame for copy in session.compare.sides] != frames
    copy = session.compare.sides[0]
    copy.segments.delete(review.segments[0].id)
    assert copy.review is session.review is review
    copy.begin("Move")
    copy.preview(review.without_segment(review.segments[0].id))
    assert copy.review is review


def test_swap_and_choose_by_keys_and_mouse(compared: Desk) -> None:
    start_over(compared)
    compare, strip = compared.session.compare, compared.window.compare.strip
    compared.do("compare.swap")
    assert [step.title for step in compare.shown] == ["Completion", "Initial"]
    button = next(b for b in strip.buttons if b.step.title == "Thrombectomy 2")
    compared.drag_on(button, [QPointF(20, 20)])
    assert compare.shown[1].title == "Thrombectomy 2"
    compared.drag_on(button, [QPointF(20, 20)], modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert compare.shown[0].title == "Thrombectomy 2"
    assert compare.shown[1].title == "Completion"


def test_flow_before_and_after_is_the_truth(compared: Desk, thrombosis: WrittenSample) -> None:
    start_over(compared)
    for side, file in ((0, "pullback-1.dcm"), (1, "pullback-3.dcm")):
        truth = next(p for p in thrombosis.truth["pullbacks"] if p["file"] == file)
        flow = compared.session.compare.flow(side)
        area = np.asarray(truth["flow_area_mm2"])[flow.frames]
        calm = np.abs(np.gradient(area)) < 3.0
        assert np.median(np.abs(flow.area - area)[calm]) < 4.0
        closed = np.asarray(truth["clot_fraction"])[flow.frames] >= 1.0
        if closed.sum() > 10:
            assert np.median(flow.area[closed]) < 1.0


def test_clot_by_phase_and_stent_are_told(compared: Desk, thrombosis: WrittenSample) -> None:
    start_over(compared)
    stage = compared.window.compare
    stage.clot.refresh()
    bars = stage.clot.graph.bars
    volumes = [bar.volume_ml for bar in bars]
    assert len(bars) == len(thrombosis.truth["phases"])
    assert volumes[0] > volumes[3] > volumes[-1] > 0
    lanes = stage.clot.lanes.lanes
    assert [lane.label for lane in lanes] == [bar.label for bar in bars]
    first = thrombosis.truth["phases"][1]["clots"]
    assert len(lanes[1].spans) == len(first)
    assert "2 thrombectomy passes" in stage.clot.text
    assert "residual clot" in stage.clot.text
    assert "Marder" in bars[0].tip
    assert stage.stent.graph.course.nominal_mm2 == pytest.approx(np.pi * 64, rel=1e-6)
    assert stage.stent.figures[0].text.startswith("9")
    assert not stage.grab().isNull()


def test_a_phase_without_pullback_says_so_and_review_comes_back(compared: Desk) -> None:
    start_over(compared)
    compared.session.compare.choose(1, "Lysis check")
    compared.settle()
    stage = compared.window.compare
    assert stage.panes[3].current_item() is None
    assert stage.panes[3].empty.isVisible()
    assert compared.session.compare.flow(1) is None
    compared.session.set_workspace(Workspace.REVIEW)
    compared.settle()
    assert compared.window.stage.isVisible()
    assert compared.window.tools.isVisible()
    assert not stage.isVisible()
    compared.session.set_workspace(Workspace.COMPARE)
    compared.settle()


def test_one_phase_alone_can_not_be_compared(desk: Desk) -> None:
    action = desk.window.actions_by_id["workspace.compare"]
    assert not action.isEnabled()
    assert "two phases" in action.toolTip()
