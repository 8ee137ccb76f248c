"""How long a frame takes to decode, frames in any order, on one thread and on two."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from viewer.benchmarks.child import middle
from viewer.benchmarks.decode_peer import NONE, PydicomPeer
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_case
from viewer.benchmarks.samples_encoded import sample_htj2k, sample_native

if TYPE_CHECKING:
    from viewer.dicom.frames import FrameSource
    from viewer.model.study import ImageSet

ROUNDS = 6
LEAST_S = 0.15
"""Each round decodes for so long: a shorter one measures the machine's moods."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One encoding that is measured: its name, its file, and what is to be reached."""

    name: str
    path: Path
    ratio_1: float | None = None
    ratio_2: float | None = None
    target_ms: float | None = None


def measure(scale: Scale, say: Say) -> list[Result]:
    """Decode frames in random order beside pydicom, in turns."""
    case = sample_case(scale, say)
    encodings = (
        Encoding("decode.jpeg_lossless_12_bit", case.run, 1 / 4, 1 / 7),
        Encoding("decode.jpeg_baseline_8_bit", case.pullback, 1 / 4),
        Encoding("decode.htj2k_12_bit", sample_htj2k(scale, say), target_ms=9.0),
    )
    results: list[Result] = []
    for encoding in encodings:
        say(f"{encoding.name}: {encoding.path.name}")
        results += _encoded(encoding, scale)
    say("decode.native")
    return [*results, _native(sample_native(scale, say))]


def _encoded(encoding: Encoding, scale: Scale) -> list[Result]:
    image_set, source = opened(encoding.path)
    frames = list(np.random.default_rng(1).permutation(image_set.frames))
    count = _frames_a_round(source, frames)
    one, two, theirs = [], [], []
    with PydicomPeer(encoding.path, scale.peer_python) as peer, ThreadPoolExecutor(2) as pool:
        for turn in range(ROUNDS):
            part = [int(frames[(turn * count + n) % len(frames)]) for n in range(count)]
            one.append(_ms(_in_turn, source.frame, part) / count)
            two.append(_ms(_on, pool, source.frame, part) / count)
            theirs += peer.times_ms(part[: max(2, count // 8)])
    source.close()
    rows = f"{image_set.rows} x {image_set.columns}, {ROUNDS} rounds of {count} random frames"
    note = rows if peer.name else f"{rows}; {NONE}"
    value = middle(theirs) if theirs else None
    first = Result(
        encoding.name,
        middle(one),
        "ms",
        peer.name,
        value,
        encoding.target_ms,
        note=f"{note}, one thread",
        target_ratio=encoding.ratio_1,
    )
    second = Result(
        f"{encoding.name}.two_threads",
        middle(two),
        "ms",
        peer.name,
        value,
        note=f"{note}, two threads; the peer on one",
        target_ratio=encoding.ratio_2,
    )
    return [first, second]


def _native(path: Path) -> Result:
    """A frame from a warm file, beside a copy of the same bytes in memory."""
    image_set, source = opened(path)
    held = source.frame(0).copy()
    frames = np.random.default_rng(2).integers(0, image_set.frames, 60)
    ours, theirs = [], []
    for number in frames:  # each into memory of its own: the copy pays for fresh pages too
        ours.append(_ms(source.frame, int(number)))
        theirs.append(_ms(held.copy))
    source.close()
    return Result(
        "decode.native",
        middle(ours),
        "ms",
        "numpy copy of the frame in memory",
        middle(theirs),
        note=f"{image_set.rows} x {image_set.columns} {held.dtype}, random frames, warm file",
        target_ratio=3.0,
    )


def opened(path: Path) -> tuple[ImageSet, FrameSource]:
    """The image set of a file and its frames, the first one decoded."""
    from viewer.dicom.frames import open_frames
    from viewer.dicom.index import index

    image_set = index([path]).image_sets[0]
    source = open_frames(image_set)
    source.frame(0)
    return image_set, source


def _frames_a_round(source: FrameSource, frames: Sequence[int]) -> int:
    ms = max(1e-3, _ms(source.frame, int(frames[0])))
    return int(min(len(frames), max(2, 1000.0 * LEAST_S / ms)))


def _in_turn(work: Callable[[int], object], frames: list[int]) -> None:
    for frame in frames:
        work(frame)


def _on(pool: ThreadPoolExecutor, work: Callable[[int], object], frames: list[int]) -> None:
    for _ in pool.map(work, frames):
        pass


def _ms(work: Callable[..., object], *given: object) -> float:
    begun = time.perf_counter()
    work(*given)
    return 1000.0 * (time.perf_counter() - begun)
