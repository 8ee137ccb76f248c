"""Every measurement in little: what it gives, not how fast this machine is."""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from viewer.benchmarks.child import ask
from viewer.benchmarks.decoding import opened
from viewer.benchmarks.result import Result, Scale
from viewer.benchmarks.run import MEASUREMENTS, measure
from viewer.benchmarks.samples import sample_case, sample_files
from viewer.benchmarks.samples_encoded import sample_large, sample_native_pullback
from viewer.errors import UnreadableError

DECODE = ("jpeg_lossless_12_bit", "jpeg_baseline_8_bit", "htj2k_12_bit")
GIVES = {
    "version": {"version"},
    "start": {"start.first_images", "start.memory", "start.memory_all_frames"},
    "scrub": {"scrub.median", "scrub.p95"},
    "index": {"index.one_process", "index.two_processes"},
    "decode": {f"decode.{name}{more}" for name in DECODE for more in ("", ".two_threads")}
    | {"decode.native"},
    "cold": {"cold.native", "cold.native.memory", "cold.jpeg", "cold.jpeg.memory"},
    "long_view": {"long_view.complete", "long_view.turn", "long_view.native"},
    "shift": {"shift.frames", "shift.residual"},
    "cine": {"cine.skipped", "cine.main_thread", "cine.longest_block"},
    "memory": {"memory.images", "memory.over_start"},
}
WITHOUT_PEER = {"start.memory_all_frames", "cold.native.memory", "cold.jpeg.memory"}
MAY_LACK_A_PEER = {"long_view.complete", "cold.jpeg", *GIVES["decode"]} - {"decode.native"}
"""pydicom decodes these only where another package helps it."""
MAY_BE_NOTHING = {"cine.skipped", "cine.longest_block", "memory.over_start"}


def quiet(text: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Scale:
    """The least that can be measured."""
    return Scale(
        tmp_path_factory.mktemp("bench"),
        repeats=1,
        run_frames=4,
        run_px=64,
        pullback_frames=60,
        pullback_px=64,
        steps=6,
        files=20,
        patience_s=60.0,
        cine_s=1.0,
        large_bytes=200_000,
    )


def test_every_measurement_is_tested() -> None:
    assert set(GIVES) == set(MEASUREMENTS)


@pytest.mark.parametrize("name", GIVES)
def test_measurement(name: str, little: Scale) -> None:
    results = measure([name], little, quiet)
    assert {result.name for result in results} == GIVES[name]
    for result in results:
        said = result.as_json()
        assert {"name", "value", "unit", "peer", "ratio", "target", "note"} <= set(said)
        assert math.isfinite(result.value)
        if result.name in MAY_BE_NOTHING:
            assert result.value >= 0
            assert result.peer
            continue
        assert result.value > 0
        if result.name in WITHOUT_PEER or (result.name in MAY_LACK_A_PEER and not result.peer):
            assert said["ratio"] is None
        else:
            assert result.peer
            assert result.ratio is not None
            assert 0 < result.ratio < math.inf


def test_ratio_and_target() -> None:
    quick = Result("a", 3.0, "ms", peer="b", peer_value=2.0, target=4.0)
    assert (quick.ratio, quick.reached) == (1.5, True)
    slow = Result("a", 3.0, "files/s", target=4.0, more_is_better=True)
    assert (slow.ratio, slow.reached, slow.as_json()["ratio"]) == (None, False, None)
    near = Result("a", 3.0, "ms", peer="b", peer_value=10.0, target_ratio=0.25)
    assert near.reached is False
    assert Result("a", 2.0, "ms", peer="b", peer_value=10.0, target_ratio=0.25).reached is True
    assert Result("a", 2.0, "ms", target_ratio=0.25).reached is None  # no peer here


def test_a_peer_that_cannot_decode_is_left_out(little: Scale, tmp_path: Path) -> None:
    mute = tmp_path / "python"
    mute.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    mute.chmod(0o755)
    without = replace(little, peer_python=str(mute))
    results = {result.name: result for result in measure(["decode"], without, quiet)}
    lossless = results["decode.jpeg_lossless_12_bit"]
    assert (lossless.peer, lossless.ratio, lossless.reached) == (None, None, None)
    assert "no peer" in lossless.note


def test_uncompressed_images_with_holes_are_read_as_black(little: Scale) -> None:
    for path in sample_large(little, quiet):
        image_set, source = opened(path)
        last = source.frame(image_set.frames - 1)
        source.close()
        assert image_set.frames_declared == image_set.frames
        assert not last.any()


def test_uncompressed_pullback_is_really_written(little: Scale) -> None:
    image_set, source = opened(sample_native_pullback(little, quiet))
    frames = [source.frame(i) for i in (0, image_set.frames - 1)]
    source.close()
    assert image_set.frames_declared == image_set.frames == little.pullback_frames
    assert (frames[0] == frames[1]).all()
    assert frames[1].std() > 1


def test_images_are_written_once_and_the_same_everywhere(little: Scale, tmp_path: Path) -> None:
    said: list[str] = []
    case = sample_case(little, said.append)
    before = case.run.stat().st_mtime_ns
    again = sample_case(little, said.append)
    assert again.run.stat().st_mtime_ns == before
    assert len(said) <= 1
    elsewhere = Scale(tmp_path, 1, little.run_frames, 64, little.pullback_frames, 64, 6, 20)
    other = sample_case(elsewhere, quiet)
    for one, two in ((case.run, other.run), (case.pullback, other.pullback)):
        assert _digest(one) == _digest(two)
    assert (tmp_path / "README.txt").is_file()


def test_images_are_a_run_a_pullback_and_series_of_single_frames(little: Scale) -> None:
    from viewer.dicom.frames import open_frames
    from viewer.dicom.index import index
    from viewer.model.study import Pullback, Run

    case = sample_case(little, quiet)
    run, pullback = index([case.run, case.pullback]).image_sets
    assert isinstance(run, Run)
    assert isinstance(pullback, Pullback)
    assert (run.frames, pullback.frames) == (little.run_frames, little.pullback_frames)
    assert run.calibration.known
    source = open_frames(run)
    first, second = source.frame(0), source.frame(1)
    source.close()
    assert first.dtype == np.uint16
    assert first.max() < 4096
    assert not np.array_equal(first, second)
    series = index([sample_files(little, quiet)]).image_sets
    assert sum(item.frames for item in series) == little.files
    assert len(series) == 10


def test_a_measured_process_that_fails_is_an_error() -> None:
    with pytest.raises(UnreadableError, match="ended with 3"):
        ask([sys.executable, "-c", "raise SystemExit(3)"], patience_s=60.0)


def test_a_measured_process_that_hangs_is_given_up() -> None:
    with pytest.raises(UnreadableError, match=r"took longer than 0\.5 s"):
        ask([sys.executable, "-c", "import time; time.sleep(600)"], patience_s=0.5)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
