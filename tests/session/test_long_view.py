"""The long view's builder: coarse first, each frame once, re-timed columns, honest gaps."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.dicom.frames import open_frames
from viewer.errors import UnreadableError
from viewer.imaging.longitudinal import PolarGrid, cut, polar_reduce
from viewer.model.calibration import Calibration, CalibrationSource
from viewer.model.study import FrameSpan, Patient, PixelFormat, Pullback, Role
from viewer.session.frame_loader import FrameLoader
from viewer.session.long_view import COARSE_STEP, LongView, polar_grid_for, visiting_order

SIDE = 32
PATIENCE_S = 30.0


def pullback(frames: int = 100) -> Pullback:
    return Pullback(
        uid="1.3",
        series_uid="1",
        study_uid="1",
        patient=Patient(),
        modality="IVUS",
        role=Role.PULLBACK,
        description="",
        series_number=None,
        acquired_at=None,
        spans=(FrameSpan(Path("x"), 0, frames, "1.3"),),
        frames=frames,
        frames_declared=frames,
        rows=SIDE,
        columns=SIDE,
    )


class Source:
    def __init__(self, bad: frozenset[int] = frozenset(), dtype: type = np.uint8) -> None:
        self.bad = bad
        self.dtype = dtype
        self.decoded: list[int] = []
        self.gate = threading.Semaphore(10**6)

    def frame(self, index: int) -> np.ndarray:
        assert self.gate.acquire(timeout=PATIENCE_S)
        self.decoded.append(index)
        if index in self.bad:
            raise UnreadableError("damaged")
        return np.full((SIDE, SIDE), index % 200 + 10, self.dtype)

    def pixels(self, flat_px: np.ndarray) -> None:
        return None

    def overlay(self, index: int) -> None:
        return None

    def close(self) -> None:
        self.gate.release(10)


class Bench:
    def __init__(self, source: Source, budget: int, workers: int = 2) -> None:
        self.source = source
        self.inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self.loader = FrameLoader(lambda _: source, self.inbox.put, budget, workers)
        self.ends: list[UnreadableError | None] = []

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            try:
                self.inbox.get(timeout=0.005)()
            except queue.Empty:
                continue

    def build(self, view: LongView) -> None:
        view.start(finished=self.ends.append)
        self.until(lambda: bool(self.ends))


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(source: Source | None = None, budget: int = 10**7, workers: int = 2) -> Bench:
        made.append(Bench(source or Source(), budget, workers))
        return made[-1]

    yield make
    for one in made:
        one.source.gate.release(10**6)
        one.loader.close()


@given(st.integers(0, 600), st.sampled_from([1, 2, 8, 16]))
def test_every_frame_once_and_coarse_first(frames, step):
    order = visiting_order(frames, step)
    assert sorted(order) == list(range(frames))
    assert order[: len(range(0, frames, step))] == list(range(0, frames, step))


def test_stack_holds_each_frame_reduced(bench):
    desk = bench()
    view = LongView(desk.loader, pullback())
    assert not view.complete
    desk.build(view)
    assert desk.ends == [None]
    assert view.complete
    assert view.done.all()
    assert not view.bad.any()
    assert Counter(desk.source.decoded).most_common(1)[0][1] == 1
    whole = np.stack([polar_reduce(_frame(i), view.grid) for i in range(100)])
    np.testing.assert_array_equal(view.stack, whole)
    columns = np.array([3, 3, 99, 0])
    np.testing.assert_array_equal(view.image(40.0, columns), cut(whole, 40.0, columns))


class Uncompressed(Source):
    """Frames whose pixels may be read one by one."""

    def pixels(self, flat_px: np.ndarray) -> np.ndarray:
        return np.stack([_frame(index).ravel()[flat_px] for index in range(100)])


@pytest.mark.parametrize("angle_deg", [-90.0, 42.5])
def test_a_cut_of_uncompressed_frames_is_there_before_the_frames(bench, angle_deg):
    source = Uncompressed()
    source.gate = threading.Semaphore(1)
    desk = bench(source, workers=1)
    view = LongView(desk.loader, pullback())
    view.start(finished=desk.ends.append, angle_deg=angle_deg)
    desk.until(lambda: view.shows_all(angle_deg))
    assert view.done.sum() == 1
    whole = np.stack([polar_reduce(_frame(i), view.grid) for i in range(100)])
    shown = view.image(angle_deg, np.arange(100))
    np.testing.assert_array_equal(shown, cut(whole, angle_deg, np.arange(100)))
    assert not view.shows_all(angle_deg + 90.0)
    source.gate.release(200)
    desk.until(lambda: bool(desk.ends))
    np.testing.assert_array_equal(view.stack, whole)


def _frame(index: int) -> np.ndarray:
    return np.full((SIDE, SIDE), index % 200 + 10, np.uint8)


def test_whole_length_shows_after_the_coarse_pass(bench):
    source = Source()
    source.gate = threading.Semaphore(7)
    desk = bench(source, workers=1)
    view = LongView(desk.loader, pullback())
    assert not view.image(0.0, [0, 50, 99]).any()
    view.start(visible=(40, 44), finished=desk.ends.append)
    desk.until(lambda: int(view.done.sum()) == 7)
    assert np.flatnonzero(view.done).tolist() == list(range(0, 100, COARSE_STEP))
    row = view.image(0.0, [0, 7, 9, 99])[0]
    np.testing.assert_array_equal(row, [10, 10, 26, 106])  # the nearest frame stands in
    source.gate.release(5)
    desk.until(lambda: int(view.done.sum()) == 12)
    assert view.done[40:45].all()  # then what is in sight
    source.gate.release(10**3)
    desk.until(lambda: bool(desk.ends))
    assert view.complete


def test_cancel_keeps_what_is_in_and_start_goes_on(bench):
    source = Source()
    source.gate = threading.Semaphore(10)
    desk = bench(source, workers=1)
    view = LongView(desk.loader, pullback())
    view.start(finished=desk.ends.append)
    desk.until(lambda: int(view.done.sum()) == 10)
    view.cancel()
    source.gate.release(10**3)
    told: list[tuple[int, int]] = []
    view.start(progress=lambda n, of: told.append((n, of)), finished=desk.ends.append)
    desk.until(lambda: bool(desk.ends))
    assert desk.ends == [None]
    assert view.complete
    assert told[-1] == (100, 100)
    assert len(source.decoded) <= 102


def test_unreadable_frames_are_black_and_named(bench):
    desk = bench(Source(bad=frozenset({20, 21})))
    view = LongView(desk.loader, pullback())
    desk.build(view)
    assert desk.ends == [None]
    assert view.complete
    assert np.flatnonzero(view.bad).tolist() == [20, 21]
    image = view.image(10.0, [19, 20, 21, 22])
    assert (image.max(axis=0) > 0).tolist() == [True, False, False, True]


def test_columns_outside_the_pullback_are_black(bench):
    desk = bench()
    view = LongView(desk.loader, pullback())
    desk.build(view)
    image = view.image(10.0, [-1, 0, 99, 100])
    assert image.shape == (2 * view.grid.radii, 4)
    assert (image.max(axis=0) > 0).tolist() == [False, True, True, False]


def test_the_readers_cached_frames_stay(bench):
    frame_bytes = SIDE * SIDE
    stack_bytes = LongView(bench().loader, pullback()).stack.nbytes
    desk = bench(budget=10 * frame_bytes + stack_bytes)
    other = replace(pullback(), uid="venogram")
    for index in range(10):
        got: list[object] = []
        desk.loader.request("venogram", other, index, got.append)
        desk.until(lambda got=got: bool(got))
    desk.build(LongView(desk.loader, pullback()))
    assert desk.loader.cached_mask("venogram")[:10].all()
    assert desk.loader.state.bytes == 10 * frame_bytes + stack_bytes


def test_its_memory_counts_until_it_is_closed(bench):
    desk = bench(budget=10**7)
    view = LongView(desk.loader, pullback())
    desk.build(view)
    with_view = desk.loader.state.bytes
    view.close()
    assert with_view - desk.loader.state.bytes == view.stack.nbytes > 0


def test_cached_frames_are_not_decoded_again(bench):
    desk = bench()
    desk.loader.set_travel("ivus", pullback(), 0, 99, 1)
    desk.until(lambda: bool(desk.loader.cached_mask("1.3").all()))
    desk.build(LongView(desk.loader, pullback()))
    assert len(desk.source.decoded) == 100


def test_wide_frames_pass_the_way_to_grey_made_once(bench):
    made: list[int] = []

    def way(frame: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        made.append(int(frame[0, 0]))
        return lambda values: (255 - values).astype(np.uint8)

    desk = bench(Source(dtype=np.int16))
    view = LongView(desk.loader, pullback(), to_grey=way)
    desk.build(view)
    assert len(made) == 1
    assert (view.stack[5] == 240).all()


def test_frames_of_another_size_are_left_out(bench):
    desk = bench()
    view = LongView(desk.loader, replace(pullback(), rows=SIDE + 1))
    desk.build(view)
    assert view.bad.all()
    assert desk.ends == [None]


def test_source_that_does_not_open_ends_it_with_a_reason():
    refusal = UnreadableError("IM_0042 couldn't be read")

    def refuse(_: object) -> Source:
        raise refusal

    inbox: queue.Queue[Callable[[], None]] = queue.Queue()
    loader = FrameLoader(refuse, inbox.put, 1000)
    view = LongView(loader, pullback())
    ends: list[UnreadableError | None] = []
    view.start(finished=ends.append)
    while not ends:
        inbox.get(timeout=PATIENCE_S)()
    loader.close()
    assert ends == [refusal]
    assert view.error is refusal
    assert not view.complete


def test_grid_is_around_the_region_the_header_names():
    whole = polar_grid_for(pullback())
    assert (whole.center_px, whole.radius_px) == ((15.5, 15.5), 16.0)
    region = Calibration(0.1, CalibrationSource.ULTRASOUND_REGION, 0.02, "", (4.0, 0.0, 23.0, 29.0))
    assert polar_grid_for(replace(pullback(), calibration=region)) == PolarGrid(
        SIDE, SIDE, (13.5, 14.5), 10.0
    )
    sliver = replace(region, region_px=(4.0, 0.0, 5.0, 1.0))
    assert polar_grid_for(replace(pullback(), calibration=sliver)) == whole
    tall = replace(pullback(), pixels=PixelFormat(aspect=2.0))
    assert polar_grid_for(tall).aspect == 2.0


def test_real_pullback(shared_data):
    """Colour JPEG, 100 frames of 500 x 500: every frame in, neighbours alike."""
    path = shared_data / "ivus" / "ivus_large_vessel_100f.dcm"
    images = replace(pullback(), spans=(FrameSpan(path, 0, 100, "1.3"),), rows=500, columns=500)
    inbox: queue.Queue[Callable[[], None]] = queue.Queue()
    loader = FrameLoader(open_frames, inbox.put, 0)
    view = LongView(loader, images)
    ends: list[UnreadableError | None] = []
    view.start(finished=ends.append)
    while not ends:
        inbox.get(timeout=PATIENCE_S)()
    loader.close()
    assert ends == [None]
    assert view.done.all()
    image = view.image(270.0, np.arange(100))
    assert image.shape == (192, 100)
    assert image.std() > 10
    jumps = np.abs(np.diff(image.astype(float), axis=1)).mean()
    shuffled = image[:, np.random.default_rng(0).permutation(100)].astype(float)
    assert jumps < 0.9 * np.abs(np.diff(shuffled, axis=1)).mean()
