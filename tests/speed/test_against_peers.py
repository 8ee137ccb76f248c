"""What a drag, a scrub and a save wait for, against plain work of the same size in the same run.

The processor's time is compared, not the clock's, and each limit is several times what is usual:
it tells work of another order, not a slower or a busier machine. What can be counted, is.
"""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import CubicSpline, PchipInterpolator

from viewer.benchmarks.decoding import opened
from viewer.benchmarks.result import Scale
from viewer.benchmarks.samples import sample_case
from viewer.benchmarks.samples_encoded import sample_native
from viewer.geometry.polyline import spline_through
from viewer.geometry.position_map import PositionMap, position_map
from viewer.imaging.log_domain import LogDomain
from viewer.imaging.longitudinal import cut
from viewer.imaging.mask_shift import ShiftEstimator
from viewer.imaging.subtraction import Look, Subtraction, average_mask
from viewer.imaging.window import apply_display, display_lut
from viewer.model.annotation import Bookmark, Caliper, FrameExtent, Stenosis
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.review import Review
from viewer.model.study import Patient, PixelFormat, Pullback, Role, Window
from viewer.session.autosave import Autosave
from viewer.store import review_file

TURNS = 12

TWELVE = PixelFormat(bits_allocated=16, bits_stored=12)


def times_of_peer(ours: Callable[[int], object], peer: Callable[[int], object]) -> float:
    """How many times the processor's time of the peer ours takes.

    The least of each, in turns: what else the machine does is not counted, or only adds.
    """
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS):
        for work, seconds in zip((ours, peer), taken, strict=True):
            begun = time.process_time()
            work(turn)
            seconds.append(time.process_time() - begun)
    return min(taken[0]) / min(taken[1])


def allocated(work: Callable[[], object]) -> int:
    """Bytes that work holds at most at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_curve_through_twenty_clicks() -> None:
    clicks = np.array([(100 + 30 * np.sin(i / 3), 50.0 + 40 * i) for i in range(20)])
    curve = spline_through([tuple(click) for click in clicks])
    assert curve is not None
    at = np.linspace(0, 19, len(curve.points_px))

    def peer(_turn: int) -> None:
        CubicSpline(np.arange(20), clicks)(at)

    ratio = times_of_peer(lambda _: spline_through([tuple(click) for click in clicks]), peer)
    assert ratio < 10


def test_position_of_three_thousand_frames() -> None:
    line = spline_through([(100.0, 50.0), (140.0, 300.0), (90.0, 560.0), (130.0, 900.0)])
    assert line is not None
    frames, arcs = [50 + 400 * i for i in range(8)], [100.0 * (i + 1) - 40 for i in range(8)]
    marks = tuple(
        Landmark(f"id{i}", f"mark {i}", frame, tuple(line.at(arc)))
        for i, (frame, arc) in enumerate(zip(frames, arcs, strict=True))
    )
    tie = Coregistration("c", "run", "1.2", "line", marks)
    pullback = Pullback(
        "1.2", "1.2.3", "1.2.4", Patient(), "IVUS", Role.PULLBACK, "", 1, None, (), 3000,
        3000, 512, 512,
    )  # fmt: skip
    times_s = tuple(k / 30.0 for k in range(3000))

    def ours(_turn: int) -> None:
        assert isinstance(position_map(line, 0.3, 0.07, pullback, times_s, tie), PositionMap)

    def peer(_turn: int) -> None:
        """Each landmark left out once, and all of them: the curve alone, without any ±."""
        for without in range(-1, 8):
            keep = [k for k in range(8) if k != without]
            line.at(PchipInterpolator(np.take(frames, keep), np.take(arcs, keep))(range(3000)))

    assert times_of_peer(ours, peer) < 10


def test_window_drag_over_a_large_frame() -> None:
    frame = np.random.default_rng(1).integers(0, 4096, (1024, 1024), dtype=np.uint16)

    def ours(turn: int) -> None:
        apply_display(frame, display_lut(TWELVE, frame.dtype, Window(2000 + turn, 1000)))

    def peer(turn: int) -> None:
        levels = (frame.astype(np.float32) - (1500 + turn)) * np.float32(0.255)
        np.clip(levels, 0, 255).astype(np.uint8)

    assert times_of_peer(ours, peer) < 5


def test_turning_the_long_view_of_2000_frames() -> None:
    stack = np.random.default_rng(1).integers(0, 256, (2000, 72, 96), np.uint8)

    def peer(turn: int) -> None:
        """The same two rays of each frame, blended with their neighbours in floating point."""
        rays = stack[:, [turn, turn + 36]].astype(np.float32) * np.float32(0.5)
        rays += stack[:, [turn + 1, turn + 37]] * np.float32(0.5)
        np.ascontiguousarray(rays.reshape(2000, -1).T).astype(np.uint8)

    assert times_of_peer(lambda turn: cut(stack, 33.0 + turn), peer) < 5


def test_subtraction_of_a_large_frame() -> None:
    smooth = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal((1024, 1024)), 8)
    frame = (1500 * np.exp(smooth / smooth.std() / 4)).clip(0, 4095).astype(np.uint16)
    domain = LogDomain.of(PixelFormat(bits_stored=12, intensity_relationship="LIN"))
    log = domain.of_frame(frame)
    mask, _ = average_mask([log], (0,))
    estimator, work = ShiftEstimator(mask.image), Subtraction(domain, mask)
    look = Look(Window(-0.2, 1.0, "LINEAR_EXACT"))

    def correlate(_turn: int) -> None:
        product = np.fft.rfft2(log) * np.conj(np.fft.rfft2(mask.image))
        np.argmax(np.fft.irfft2(product, log.shape))

    def show(turn: int) -> None:  # another shift each frame: the slow way
        work.show(frame, (0.01 * turn, 0.3), look)

    def plain(turn: int) -> None:
        laid = ndimage.shift(mask.image, (0.3, 0.01 * turn), order=1)
        rest = np.log(np.maximum(frame, 1).astype(np.float32)) - laid
        np.clip((rest + 0.7) * 255.0, 0, 255).astype(np.uint8)

    assert times_of_peer(lambda _: estimator.estimate(log), correlate) < 2
    assert times_of_peer(show, plain) < 3


def long_review() -> Review:
    found = tuple(
        Stenosis(id=f"s{i}", name=f"Stenosis {i}", extent=FrameExtent("p", i, i + 9))
        for i in range(300)
    )
    sizes = tuple(Caliper(f"m{i}", "p", i, (i / 3, i / 7), (i / 11, i / 13)) for i in range(500))
    return Review(id="r", reader="Reader A", segments=found, measurements=sizes)


def test_a_long_review_written_and_read() -> None:
    review = long_review()
    data = review_file.dump(review)
    plain = json.loads(data)
    assert review_file.load(data, "case.caval.json") == review
    writing = times_of_peer(
        lambda _: review_file.dump(review), lambda _: json.dumps(plain, indent=1)
    )
    reading = times_of_peer(
        lambda _: review_file.load(data, "case.caval.json"), lambda _: json.loads(data)
    )
    assert writing < 10
    assert reading < 60


def test_a_change_reaches_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = Review(id="7c9e6679-7425-40de-944b-e07fc1f90ae7", reader="Reader A")
    saver = Autosave(review, tmp_path / "a.caval.json", tmp_path, lambda _: None, period_s=3600.0)

    def change(turn: int) -> Review:
        return replace(review, bookmarks=(Bookmark(f"b{turn}", "run", turn),))

    def ours(turn: int) -> None:
        saver.changed(change(turn), "Add key frame")
        assert saver.flush(30.0)

    with ThreadPoolExecutor(1) as pool:
        path = tmp_path / "plain"

        def peer(turn: int) -> None:
            """The same text through a thread to the disk."""
            pool.submit(_write_through, path, review_file.dump(change(turn))).result()

        ratio = times_of_peer(ours, peer)
    syncs: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (syncs.append(handle), sync(handle))[1])
    ours(TURNS)
    written = len(syncs)
    assert saver.close()
    assert 1 <= written <= 2  # the journal, and its folder when it is new
    assert ratio < 25


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def test_a_frame_of_a_file_costs_what_its_codec_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale = Scale(tmp_path, run_frames=6, run_px=512, pullback_frames=6, pullback_px=256)
    _, source = opened(sample_case(scale, lambda _: None).run)
    decode = imagecodecs.jpeg8_decode
    decoded: list[int] = []

    def counted(data: Any, **options: Any) -> NDArray[Any]:
        decoded.append(len(data))
        return np.asarray(decode(data, **options))

    monkeypatch.setattr(imagecodecs, "jpeg8_decode", counted)
    for index in (3, 0, 5, 3):
        decoded.clear()
        most = allocated(lambda index=index: source.frame(index))
        assert len(decoded) == 1
        assert most < decoded[0] + 1.5 * source.frame(index).nbytes  # no copy, no other frame
    source.close()


def test_an_uncompressed_frame_is_read_in_a_few_copies(tmp_path: Path) -> None:
    scale = Scale(tmp_path, run_frames=8, run_px=1024)
    image_set, source = opened(sample_native(scale, lambda _: None))
    held = source.frame(0)
    assert allocated(lambda: source.frame(1)) < 1.5 * held.nbytes
    ratio = times_of_peer(lambda turn: source.frame(turn % image_set.frames), lambda _: held.copy())
    source.close()
    assert ratio < 30
