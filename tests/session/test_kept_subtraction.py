"""How a run is subtracted stays in the review, can be taken back, and follows the header."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from session_samples import SmallCase

from viewer.dicom.frames import open_frames
from viewer.imaging.local_shift import QuickWarp
from viewer.model.study import Run, Window
from viewer.model.subtraction import HeaderMask, MaskOperation, Remask, ShiftMode
from viewer.session.contrast_views import ContrastViews
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.subtracted_views import header_text
from viewer.store import review_file

PATIENCE_S = 30.0


class Desk:
    """A session with its contrast views; `until` plays the main thread."""

    def __init__(self, case: SmallCase, run: Run | None = None) -> None:
        self.inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self.loader = FrameLoader(open_frames, self.inbox.put, 1 << 28, 2)
        self.session = Session()
        self.contrast = ContrastViews(self.session, self.loader)
        shown = case.case.runs[0] if run is None else run
        sets = tuple(shown if s.uid == shown.uid else s for s in case.case.image_sets)
        self.case = replace(case.case, image_sets=sets)
        self.session.open_case(self.case, None)
        self.session.show(shown.uid)
        self.run = shown
        self.parts = self.contrast.subtractions

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            try:
                self.inbox.get(timeout=0.05)()
            except queue.Empty:
                continue

    def settle(self) -> None:
        self.until(lambda: not self.parts.is_working(self.run))

    def shown(self, index: int) -> np.ndarray:
        pixels = open_frames(self.run).frame(index)
        self.until(lambda: self.parts.render(self.run, index, pixels) is not None)
        self.settle()
        picture = self.parts.render(self.run, index, pixels)
        assert picture is not None
        return picture


@pytest.fixture
def new_desk(small_case: SmallCase) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(run: Run | None = None) -> Desk:
        made.append(Desk(small_case, run))
        return made[-1]

    yield make
    for desk in made:
        desk.loader.close()


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    return new_desk()


def test_a_review_that_is_opened_again_shows_the_same_picture(
    new_desk: Callable[..., Desk],
) -> None:
    desk = new_desk()
    run, parts = desk.run, desk.parts
    parts.toggle(run)
    parts.set_mask(run, (0,))
    parts.remask_here(run, 6)
    parts.nudge_shift(run, 0.4, -0.3)
    parts.set_landmarking(run, 0.25)
    parts.set_edges(run, 0.8)
    parts.set_window(run, Window(-0.1, 0.7, "LINEAR_EXACT"))
    parts.toggle_inverted(run)
    desk.settle()
    before = [desk.shown(index) for index in (3, 8)]
    review = review_file.load(review_file.dump(desk.session.review), "x.caval.json")
    kept = review.subtraction_of(run.uid)
    assert kept is not None
    assert (kept.mask_frames, kept.remasks) == ((0,), (Remask(6, (6,)),))
    assert (kept.shift_mode, kept.shift_px) == (ShiftMode.MANUAL, (0.4, -0.3))

    again = new_desk()
    again.session.open_case(again.case, review)
    again.session.show(run.uid)
    assert again.parts.of(run.uid) == parts.of(run.uid)
    for picture, index in zip(before, (3, 8), strict=True):
        assert np.array_equal(again.shown(index), picture)


def test_settings_are_steps_of_undo_and_looking_is_not(desk: Desk) -> None:
    session, parts, run = desk.session, desk.parts, desk.run
    parts.toggle(run)
    parts.set_window(run, Window(0.0, 2.0, "LINEAR_EXACT"))
    assert not session.history.can_undo
    assert session.review.empty
    parts.set_mask(run, (1,))
    parts.set_landmarking(run, 0.5)
    assert session.history.labels == ("Change mask", "Change landmarking")
    parts.toggle_inverted(run)
    session.undo()
    now = parts.of(run.uid)
    assert (now.landmarking, now.mask_frames, now.on, now.inverted) == (0.0, (1,), True, True)
    session.undo()
    assert parts.of(run.uid).mask_frames is None
    assert parts.of(run.uid).on
    session.redo()
    assert parts.of(run.uid).mask_frames == (1,)
    desk.settle()
    assert parts.mask_frames(run, 4) == (1,)


def test_presses_of_arrow_keys_are_one_step(desk: Desk) -> None:
    session, parts, run, contrast = desk.session, desk.parts, desk.run, desk.contrast
    contrast.toggle_shifting(run)
    for _ in range(5):
        parts.nudge_shift(run, 0.1, 0.0)
    assert session.history.labels == ("Move mask",)
    assert parts.shift(run, 0) == (0.5, 0.0)
    contrast.end_shifting()
    contrast.toggle_shifting(run)
    parts.nudge_shift(run, 0.0, 0.1)
    assert session.history.labels == ("Move mask", "Move mask")
    session.undo()
    assert parts.shift(run, 0) == (0.5, 0.0)
    session.undo()
    assert parts.shift(run, 0) == (0.0, 0.0)
    assert parts.of(run.uid).shift_mode is ShiftMode.HEADER


def test_a_stretch_goes_back_to_the_mask_before(desk: Desk) -> None:
    parts, run = desk.parts, desk.run
    parts.toggle(run)
    parts.remask_here(run, 8)
    parts.remask_here(run, 5)
    assert [item.first for item in parts.of(run.uid).remasks] == [5, 8]
    parts.end_remask(run, 6)
    assert [item.first for item in parts.of(run.uid).remasks] == [8]


def test_mask_frames_that_are_not_in_the_run_are_left_out(desk: Desk) -> None:
    from viewer.model.subtraction import RunSubtraction

    run = desk.run
    kept = RunSubtraction(run.uid, mask_frames=(1, 99), remasks=(Remask(3, (500,)),))
    desk.session.edit("Test", desk.session.review.with_subtraction(kept))
    assert desk.parts.of(run.uid).mask_frames == (1,)
    assert desk.parts.of(run.uid).remasks == ()


def test_local_movement_is_found_off_the_main_thread_and_drawn(desk: Desk) -> None:
    parts, run = desk.parts, desk.run
    parts.set_shift_mode(run, ShiftMode.LOCAL)
    parts.toggle(run)
    desk.until(lambda: parts.is_ready(run, 9))
    first = parts.state(run, 9)
    desk.settle()
    assert parts.state(run, 9) != first
    local = desk.shown(9).astype(float)
    parts.set_shift_mode(run, ShiftMode.AUTO)
    desk.settle()
    rigid = desk.shown(9).astype(float)
    assert not np.array_equal(local, rigid)
    assert np.abs(local - rigid).mean() < 30  # the same picture, the anatomy a little better gone


def test_a_third_mask_is_made_ready_to_be_laid_on_off_the_main_thread(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers: list[threading.Thread] = []

    def noted(mask: np.ndarray) -> QuickWarp:
        makers.append(threading.current_thread())
        return QuickWarp(mask)

    monkeypatch.setattr("viewer.session.mask_maker.QuickWarp", noted)
    parts, run = desk.parts, desk.run
    parts.set_shift_mode(run, ShiftMode.LOCAL)
    parts.toggle(run)
    for first in (5, 8):
        parts.remask_here(run, first)
    desk.settle()
    for index in (0, 6, 9, 0, 6, 9):
        desk.shown(index)
        desk.until(lambda index=index: parts.state(run, index)[4])
    local = desk.shown(9)
    assert len(makers) >= 3
    assert threading.main_thread() not in makers
    parts.set_shift_mode(run, ShiftMode.AUTO)
    desk.settle()
    assert not np.array_equal(desk.shown(9), local)


def test_the_header_shift_is_where_the_hand_begins(
    new_desk: Callable[..., Desk], small_case: SmallCase
) -> None:
    run = small_case.case.runs[0]
    moved = HeaderMask(frames=(0, 1), shift_px=(0.5, -1.0))
    desk = new_desk(replace(run, masks=(moved,)))
    desk.parts.toggle(desk.run)
    desk.settle()
    assert desk.parts.shift(desk.run, 4) == (0.5, -1.0)
    desk.parts.nudge_shift(desk.run, 0.1, 0.0, frame=4)
    assert desk.parts.shift(desk.run, 4) == (0.6, -1.0)
    desk.contrast.reset_shift(desk.run)
    assert desk.parts.shift(desk.run, 4) == (0.5, -1.0)


def test_ranges_of_the_header_have_their_own_masks(
    new_desk: Callable[..., Desk], small_case: SmallCase
) -> None:
    run = small_case.case.runs[0]
    masks = (
        HeaderMask(frames=(0, 1), ranges=((2, 5),)),
        HeaderMask(frames=(6,), ranges=((6, run.frames - 1),), contrast_frames=2),
    )
    desk = new_desk(replace(run, masks=masks))
    desk.parts.toggle(desk.run)
    desk.settle()
    assert header_text(desk.run) == "1–2 and 1 more"
    assert desk.parts.mask_frames(desk.run, 4) == (0, 1)
    assert desk.parts.mask_frames(desk.run, 7) == (6,)
    source = open_frames(desk.run)
    desk.parts.set_window(desk.run, Window(0.0, 1.0, "LINEAR_EXACT"))
    desk.shown(8)
    desk.until(lambda: desk.parts.state(desk.run, 8)[-1])
    seen = desk.shown(8).astype(float)
    logs = [np.log(np.maximum(source.frame(i), 1).astype(float)) for i in (6, 8, 9)]
    mean = np.log((np.exp(logs[1]) + np.exp(logs[2])) / 2)
    expected = np.clip(127.5 + 255 * (mean - logs[0]), 0, 255)
    assert np.abs(seen - expected).max() <= 1.0


def test_intervals_take_an_earlier_frame_for_each(
    new_desk: Callable[..., Desk], small_case: SmallCase
) -> None:
    run = small_case.case.runs[0]
    interval = HeaderMask(MaskOperation.INTERVAL, tid_offset=2)
    desk = new_desk(replace(run, mask_frames=(), masks=(interval,)))
    desk.parts.toggle(desk.run)
    assert header_text(desk.run) == "2 frames earlier"
    desk.settle()
    desk.parts.set_window(desk.run, Window(0.0, 1.0, "LINEAR_EXACT"))
    source = open_frames(desk.run)
    for index in (7, 3, 9):
        seen = desk.shown(index).astype(float)
        logs = [np.log(np.maximum(source.frame(i), 1).astype(float)) for i in (index, index - 2)]
        assert np.abs(seen - np.clip(127.5 + 255 * (logs[0] - logs[1]), 0, 255)).max() <= 1.0
        assert desk.parts.mask_frames(desk.run, index) == (index - 2,)
