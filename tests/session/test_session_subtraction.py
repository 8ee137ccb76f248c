"""Subtraction of a run in a session: masks on workers, frames drawn at once."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from session_samples import SmallCase

from viewer.dicom.frames import open_frames
from viewer.model.study import ImageSet, Run, Window
from viewer.session.frame_loader import FrameLoader
from viewer.session.subtraction import Dsa, ShiftMode, Subtractions

PATIENCE_S = 30.0


class Bench:
    """Subtractions with a loader of their own; `settle` plays the main thread."""

    def __init__(self) -> None:
        self.inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self.loader = FrameLoader(open_frames, self.inbox.put, 1 << 28, 2)
        self.subtractions = Subtractions(self.loader)
        self.told: list[str] = []
        self.subtractions.changed.connect(self.told.append)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            try:
                self.inbox.get(timeout=0.05)()
            except queue.Empty:
                continue

    def settle(self, run: ImageSet) -> None:
        self.until(lambda: not self.subtractions.status(run).rstrip("0123456789 of").endswith("…"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.loader.close()


@pytest.fixture
def run(small_case: SmallCase) -> Run:
    return small_case.case.runs[0]


def test_a_frame_is_drawn_once_its_mask_is_ready(bench: Bench, run: Run) -> None:
    subtractions = bench.subtractions
    pixels = open_frames(run).frame(8)
    assert subtractions.render(run, 8, pixels) is None
    assert subtractions.status(run) == ""
    subtractions.toggle(run)
    assert "mask…" in subtractions.status(run)
    assert subtractions.render(run, 8, pixels) is None
    bench.settle(run)
    assert set(bench.told) == {run.uid}
    assert subtractions.status(run) == "Mask 1-2"
    assert subtractions.mask_frames(run, 8) == run.mask_frames == (0, 1)
    shown = subtractions.render(run, 8, pixels)
    assert shown is not None
    assert (shown.shape, shown.dtype) == (pixels.shape, np.uint8)
    assert np.median(shown) > 150  # anatomy is gone, the background light
    assert np.percentile(shown, 1) < 60  # the vein dark
    subtractions.toggle(run)
    assert subtractions.render(run, 8, pixels) is None


def test_the_mask_can_be_found_from_the_run(bench: Bench, run: Run) -> None:
    bench.subtractions.set_mask(run, None, find=True)
    bench.subtractions.toggle(run)
    assert bench.subtractions.status(run).startswith("Looking for contrast")
    bench.settle(run)
    assert bench.subtractions.mask_frames(run, 5) == (0, 1)


def test_the_mask_is_fitted_to_every_frame(bench: Bench, run: Run, small_case: SmallCase) -> None:
    subtractions = bench.subtractions
    subtractions.set_shift_mode(run, ShiftMode.AUTO)
    subtractions.toggle(run)
    bench.settle(run)
    motion = np.array(small_case.truth["runs"][0]["motion_px"])
    motion -= motion[list(run.mask_frames)].mean(axis=0)
    found = np.array([subtractions.shift(run, i) for i in range(run.frames)])
    assert np.median(np.hypot(*(found - motion).T)) < 0.1
    before = subtractions.shift(run, 7)
    subtractions.nudge_shift(run, 0.1, -0.1, frame=7)
    assert subtractions.of(run.uid).shift_mode is ShiftMode.MANUAL
    after = np.subtract(subtractions.shift(run, 7), before)
    np.testing.assert_allclose(after, (0.1, -0.1), atol=1e-3)


def test_another_mask_from_a_frame_on(bench: Bench, run: Run) -> None:
    subtractions = bench.subtractions
    subtractions.toggle(run)
    subtractions.remask_here(run, 6)
    bench.settle(run)
    assert subtractions.mask_frames(run, 5) == (0, 1)
    assert subtractions.mask_frames(run, 6) == (6,)
    pixels = open_frames(run).frame(6)
    window = Window(0.0, 1.0, "LINEAR_EXACT")
    subtractions.set_window(run, window)
    shown = subtractions.render(run, 6, pixels)
    assert shown is not None
    assert set(np.unique(shown)) <= {127, 128}  # a frame less itself
    subtractions.set_mask(run, (0,))
    assert subtractions.of(run.uid).remasks == ()
    bench.settle(run)
    assert subtractions.mask_frames(run, 6) == (0,)


def test_looks_change_without_a_new_mask(bench: Bench, run: Run) -> None:
    subtractions = bench.subtractions
    subtractions.toggle(run)
    bench.settle(run)
    pixels = open_frames(run).frame(9)
    plain = subtractions.render(run, 9, pixels)
    assert plain is not None
    subtractions.toggle_inverted(run)
    white = subtractions.render(run, 9, pixels)
    assert white is not None
    assert np.abs(255 - white.astype(int) - plain).max() <= 1
    subtractions.set_landmarking(run, 3.0)
    assert subtractions.of(run.uid).landmarking == 1.0
    kept = subtractions.render(run, 9, pixels)
    assert kept is not None
    assert kept.std() > white.std()  # all of the anatomy is back
    subtractions.set_view_trace(run, True)
    trace = subtractions.render(run, 9, pixels)
    other = subtractions.render(run, 2, open_frames(run).frame(2))
    assert trace is not None
    assert other is not None
    assert (trace == other).all()
    before = subtractions.window(run)
    subtractions.adjust_window(run, 0.0, 1.0)
    after = subtractions.window(run)
    assert before is not None
    assert after is not None
    assert after.width == pytest.approx(2 * before.width)


def test_what_can_not_be_subtracted_says_why(bench: Bench, small_case: SmallCase) -> None:
    from dataclasses import replace

    single = replace(small_case.case.runs[0], frames=1)
    bench.subtractions.toggle(single)
    assert not bench.subtractions.of(single.uid).on
    assert "one frame only" in bench.subtractions.why_not(single)
    with pytest.raises(ValueError, match="not of a run"):
        bench.subtractions.set_mask(small_case.case.runs[0], (99,))


def test_nothing_is_told_after_it_was_cleared(bench: Bench, run: Run) -> None:
    bench.subtractions.toggle(run)
    bench.subtractions.clear()
    bench.told.clear()
    time.sleep(0.1)
    while not bench.inbox.empty():
        bench.inbox.get()()
    assert bench.told == []
    assert bench.subtractions.of(run.uid) == Dsa()
