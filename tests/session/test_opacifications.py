"""Opacification of runs in the background: stages, cancelling, remembering, bad frames, curves."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from viewer.errors import UnreadableError
from viewer.imaging.opacification import ContrastScale, Opacifier
from viewer.imaging.window import apply_display, display_lut
from viewer.model.study import FrameSpan, FrameTiming, Patient, PixelFormat, Role, Run, Window
from viewer.session.displays import Displays
from viewer.session.frame_loader import FrameLoader
from viewer.session.frame_order import FrameOrder
from viewer.session.opacification import (
    KEPT_RESULTS,
    Opacifications,
    peak_picture,
    time_picture_of,
)

SIDE = 48
PATIENCE_S = 30.0
DENSITY = np.r_[np.zeros(5), 0.3, 0.9, 1.2, 1.2, 0.8, 0.4, 0.2]
FRAMES = len(DENSITY)
PIXELS = PixelFormat(bits_allocated=16, bits_stored=12, intensity_relationship="LIN")


def make_run(uid="1.2", masks=(0, 1, 2), timed=True, **more):
    times = FrameTiming(tuple((np.arange(FRAMES) / 4).tolist()), "Frame Time") if timed else None
    return Run(
        uid=uid,
        series_uid="1",
        study_uid="1",
        patient=Patient(),
        modality="XA",
        role=Role.VENOGRAM,
        description="",
        series_number=None,
        acquired_at=None,
        spans=(FrameSpan(Path("x"), 0, FRAMES, uid),),
        frames=FRAMES,
        frames_declared=FRAMES,
        rows=SIDE,
        columns=SIDE,
        timing=times or FrameTiming(),
        mask_frames=masks,
        **{"pixels": PIXELS, **more},
    )


def picture(index: int) -> np.ndarray:
    noise = np.random.default_rng(index).normal(0, 6, (SIDE, SIDE))
    frame = np.full((SIDE, SIDE), 2000.0) + noise
    frame[:, 10:22] *= np.exp(-DENSITY[index])
    return frame.astype(np.uint16)


class Source:
    def __init__(self, bad: frozenset[int]) -> None:
        self.bad = bad
        self.decoded: list[int] = []
        self.gate = threading.Semaphore(10**6)

    def frame(self, index: int) -> np.ndarray:
        assert self.gate.acquire(timeout=PATIENCE_S)
        self.decoded.append(index)
        if index in self.bad:
            raise UnreadableError("damaged")
        return picture(index)

    def pixels(self, flat_px: np.ndarray) -> None:
        return None

    def overlay(self, index: int) -> None:
        return None

    def close(self) -> None:
        self.gate.release(100)


class Desk:
    def __init__(self, bad: frozenset[int] = frozenset(), budget: int = 10**7) -> None:
        self.source = Source(bad)
        self.inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self.loader = FrameLoader(lambda _: self.source, self.inbox.put, budget, 2)
        self.told: list[str] = []
        self.all = Opacifications(self.loader, lambda item: item.timing)
        self.all.changed.connect(self.told.append)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            try:
                self.inbox.get(timeout=0.005)()
            except queue.Empty:
                continue

    def made(self, run: Run, **more):
        wanted = self.all.wanted(run, **more)
        self.all.make(run, wanted)
        self.until(lambda: self.all.making is None or self.all.making.error is not None)
        return self.all.result(wanted)


@pytest.fixture
def desk():
    open_desks: list[Desk] = []

    def make(*args, **more) -> Desk:
        open_desks.append(Desk(*args, **more))
        return open_desks[-1]

    yield make
    for one in open_desks:
        one.source.gate.release(10**6)
        one.loader.close()


def test_result_is_that_of_the_engine(desk):
    at = desk()
    made = at.made(make_run())
    direct = Opacifier(
        np.mean([picture(i).astype(float) for i in (0, 1, 2)], axis=0),
        ContrastScale.of(PIXELS),
        3,
    )
    for index in reversed(range(FRAMES)):
        direct.add(index, picture(index))
    expected = direct.result()
    assert (made.found.peak == expected.peak).all()
    assert (made.found.peak_frame == expected.peak_frame).all()
    np.testing.assert_array_equal(made.found.arrival_frame, expected.arrival_frame)
    np.testing.assert_array_equal(made.found.half_frame, expected.half_frame)
    assert made.mask_frames == (0, 1, 2)
    assert at.told[0] == at.told[-1] == "1.2"


def test_mask_frames_are_looked_for_when_the_header_names_none(desk):
    made = desk().made(make_run(masks=()))
    assert made.mask_frames
    assert max(made.mask_frames) < 5
    assert np.isfinite(made.found.arrival_frame[5:-5, 12:20]).all()
    chosen = desk().made(make_run(masks=()), mask_frames=(1, 3, 99))
    assert chosen.mask_frames == (1, 3)


def test_a_range_is_followed_alone_and_remembered(desk):
    at, run = desk(), make_run()
    made = at.made(run, first=4, last=6)
    assert (made.found.peak[:, 12:20] == picture(6)[:, 12:20]).mean() > 0.99
    decoded = len(at.source.decoded)
    assert at.all.make(run, made.wanted) is made
    assert len(at.source.decoded) == decoded
    for last in range(6, 6 + KEPT_RESULTS):
        at.made(run, last=last)
    assert at.all.result(made.wanted) is None
    at.all.forget(run.uid)
    assert at.all.result(at.all.wanted(run, last=8)) is None


def test_cancelled_work_never_reports(desk):
    at, run = desk(), make_run()
    at.source.gate = threading.Semaphore(2)
    wanted = at.all.wanted(run)
    assert at.all.make(run, wanted) is None
    assert at.all.making.wanted == wanted
    at.all.cancel()
    assert at.all.making is None
    told = len(at.told)
    at.source.gate.release(100)
    other = replace(run, uid="1.3")
    assert at.made(other) is not None
    assert at.all.result(wanted) is None
    assert set(at.told[told:]) == {"1.3"}


def test_unreadable_frames_are_left_out_and_named(desk):
    made = desk(frozenset({7, 11})).made(make_run())
    assert made.unreadable == (7, 11)
    assert (made.found.peak_frame[5:-5, 12:20] == 8).mean() > 0.99


@pytest.mark.parametrize("masks", [(0, 1, 2), ()])
def test_a_run_that_can_t_be_read_says_so(desk, masks):
    at = desk(frozenset(range(FRAMES)))
    assert at.made(make_run(masks=masks)) is None
    assert "read" in at.all.making.error.what


def test_a_colour_run_is_refused(desk):
    at = desk()
    assert at.made(make_run(pixels=PixelFormat(samples=3, photometric="RGB"))) is None
    assert "colour" in at.all.making.error.what
    assert at.source.decoded == []


def test_without_frame_times_there_is_a_peak_and_no_time(desk):
    at, run = desk(), make_run(timed=False)
    made = at.made(run)
    assert made.found.opacified.any()
    assert at.all.time_to_peak(run, made) is None
    assert at.all.arrival(run, made) is None


def test_curves_rise_with_the_contrast(desk):
    at, run = desk(), make_run()
    made = at.made(run)
    got: list = []
    at.all.order_curves(run, made, [(15, 20), (16, 30), (40, 20)], 3.0, got.append)
    at.until(lambda: bool(got))
    (curves,) = got
    assert curves.unit == "ln"
    np.testing.assert_allclose(curves.density[:, 0], DENSITY, atol=0.01)
    vein, _same, beside = curves.wash_ins()
    assert vein.half_s == pytest.approx((5 + 0.3 / 0.6) / 4, abs=0.02)
    assert 1.0 < vein.arrival_s < 1.25
    assert beside.arrival_s is None
    untimed = replace(curves, times_s=None)
    assert untimed.axis_unit == "frames"
    assert untimed.wash_ins()[0].arrival_s == pytest.approx(4 * vein.arrival_s)


def test_peak_picture_looks_as_the_frames_do(desk):
    at, displays = desk(), Displays()
    run = make_run()
    made = at.made(run)
    window = Window(1500.0, 1200.0)
    displays.set_window(run, window)
    peak = np.min([picture(i) for i in range(FRAMES)], axis=0)
    lut = display_lut(PIXELS, np.uint16, window)
    assert (peak_picture(displays, run, made) == apply_display(peak, lut)).all()
    displays.toggle_inverted(run)
    assert (peak_picture(displays, run, made) == 255 - apply_display(peak, lut)).all()
    grey = peak_picture(Displays(), run, made)
    assert grey.dtype == np.uint8
    assert int(grey.max()) - int(grey.min()) > 200


def test_subtracted_frames_are_followed_in_the_log_domain(desk):
    at, run, displays = desk(), make_run(), Displays()
    made = at.made(run, subtracted=True)
    assert made.wanted != at.all.wanted(run)
    logs = [np.log(picture(i).astype(float)) for i in range(FRAMES)]
    least = (np.min(logs, axis=0) - np.mean(logs[:3], axis=0)).astype(np.float32)
    np.testing.assert_allclose(made.found.peak, least, atol=1e-5)
    half_s = made.found.half_peak_s(run.timing.times_s)
    np.testing.assert_allclose(half_s[5:-5, 12:20], 1.375, atol=0.03)
    got: list = []
    at.all.order_curves(run, made, [(15, 20), (40, 20)], 3.0, got.append)
    at.until(lambda: bool(got))
    assert got[0].unit == "ln"
    np.testing.assert_allclose(got[0].density[:, 0], DENSITY, atol=0.01)
    grey = peak_picture(displays, run, made)
    assert int(grey[:, 12:20].max()) + 50 < int(np.median(grey[:, 30:]))
    displays.toggle_inverted(run)
    assert (peak_picture(displays, run, made) == 255 - grey).all()
    none = desk()
    flat = make_run(masks=())
    none.source.frame = lambda index: picture(0)
    assert none.made(flat, subtracted=True) is None
    assert "without contrast" in none.all.making.error.what


def test_time_picture_and_its_legend(desk):
    at, run = desk(), make_run()
    made = at.made(run)
    times = at.all.arrival(run, made)
    colours, entries = time_picture_of(times)
    assert colours.shape == (SIDE, SIDE, 3)
    assert entries[0][0] < np.nanmedian(times) < entries[-1][0]
    assert len({colour for _second, colour in entries}) == len(entries)
    assert (colours[:, 30:] == 0).mean() > 0.99
    assert time_picture_of(np.full((2, 2), np.nan, np.float32))[1] == ()


def test_frames_are_handed_on_in_order_from_any_number_of_threads():
    taken: list[int] = []
    order = list(range(60, 0, -1))
    frames = FrameOrder(order, lambda index, _read: taken.append(index))
    shuffled = np.random.default_rng(3).permutation(order).tolist()
    blank = np.zeros((1, 1), np.uint8)
    parts = [shuffled[k::3] for k in range(3)]
    threads = [
        threading.Thread(target=lambda part=part: [frames.visit(i, blank) for i in part])
        for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert taken == order


def test_results_count_as_image_memory_until_the_run_is_closed(desk):
    at = desk()
    run = make_run()
    made = at.made(run)
    with_result = at.loader.state.bytes
    at.all.forget(run.uid)
    assert with_result - at.loader.state.bytes >= 5 * made.found.peak.nbytes
