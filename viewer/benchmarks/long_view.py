"""The long view of a whole pullback: complete, turned, and of uncompressed frames."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from viewer.benchmarks.child import middle
from viewer.benchmarks.decode_peer import NONE, PydicomPeer
from viewer.benchmarks.decoding import opened
from viewer.benchmarks.result import Result, Say, Scale
from viewer.benchmarks.samples import sample_case
from viewer.benchmarks.samples_encoded import sample_native_pullback
from viewer.errors import UnreadableError
from viewer.session.frame_cache import default_budget_bytes
from viewer.session.frame_loader import FrameLoader
from viewer.session.long_view import DEFAULT_CUT_DEG, LongView

TARGET_S = 1.2
TARGET_TURN_MS = 30.0
TARGET_NATIVE_MS = 20.0
COLUMNS = 1500
PEER_FRAMES = 60
TURNS = 40


def measure(scale: Scale, say: Say) -> list[Result]:
    """Build the long view as the window does, on its loader's threads."""
    path = sample_case(scale, say).pullback
    frames = scale.pullback_frames
    say("long_view: building")
    built, firsts, decoded_s = [], [], []
    with PydicomPeer(path, scale.peer_python) as peer:
        for turn in range(min(5, scale.repeats)):
            view, seconds, first_s = _build(path, scale)
            built.append(seconds)
            firsts.append(first_s)
            some = range(turn, frames, max(1, frames // PEER_FRAMES))
            decoded_s += [ms * frames / 1000.0 for ms in peer.times_ms(some)]
        name = f"{peer.name}, all frames: extrapolated" if peer.name else None
    visible = f"every 16th column after {1000 * middle(firsts):.0f} ms"
    note = f"{frames} x {scale.pullback_px} px JPEG, median of {len(built)}; {visible}"
    complete = Result(
        "long_view.complete",
        middle(built),
        "s",
        name,
        middle(decoded_s) if decoded_s else None,
        TARGET_S,
        note=note if name else f"{note}; {NONE}",
    )
    say("long_view: turning, and uncompressed")
    return [complete, _turning(view), *_native(scale, say)]


def _build(
    path: Path, scale: Scale, angle_deg: float = DEFAULT_CUT_DEG
) -> tuple[LongView, float, float]:
    """The view, and seconds until it was complete and until its whole length was to be seen."""
    image_set, source = opened(path)
    source.close()
    inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    from viewer.dicom.frames import open_frames

    loader = FrameLoader(open_frames, inbox.put, default_budget_bytes())
    view = LongView(loader, image_set)
    coarse = list(range(0, image_set.frames, 16))
    ended: list[UnreadableError | None] = []
    coarse_s = 0.0
    begun = time.perf_counter()
    view.start(finished=ended.append, angle_deg=angle_deg)
    while not ended:
        if not coarse_s and (view.shows_all(angle_deg) or view.done[coarse].all()):
            coarse_s = time.perf_counter() - begun
        _next(inbox)
    seconds = time.perf_counter() - begun
    loader.close()
    if ended[0] is not None:
        raise ended[0]
    if seconds > scale.patience_s or not view.complete:
        raise UnreadableError("the long view was not completed")
    return view, seconds, coarse_s or seconds


def _next(inbox: queue.SimpleQueue[Callable[[], None]]) -> None:
    try:
        inbox.get(timeout=0.01)()
    except queue.Empty:
        return


def _turning(view: LongView) -> Result:
    columns = np.linspace(0, view.pullback.frames - 1, COLUMNS).astype(np.intp)
    ours, theirs = [], []
    for turn in range(TURNS):
        begun = time.perf_counter()
        view.image(33.0 + 7.0 * turn, columns)
        between = time.perf_counter()
        _blended(view.stack, turn, columns)
        ended = time.perf_counter()
        ours.append(1000.0 * (between - begun))
        theirs.append(1000.0 * (ended - between))
    return Result(
        "long_view.turn",
        middle(ours),
        "ms",
        "numpy: the same rays blended in floating point",
        middle(theirs),
        TARGET_TURN_MS,
        note=f"{COLUMNS} columns, median of {TURNS} angles between the sampled ones",
    )


def _blended(
    stack: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]],
    turn: int,
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> None:
    half = stack.shape[1] // 2
    which = np.array([turn, turn + half]) % stack.shape[1]
    after = (which + 1) % stack.shape[1]
    rays = stack[columns[:, None], which].astype(np.float32) * np.float32(0.5)
    rays += stack[columns[:, None], after] * np.float32(0.5)
    np.ascontiguousarray(rays.reshape(len(columns), -1).T).astype(np.uint8)


def _native(scale: Scale, say: Say) -> list[Result]:
    path = sample_native_pullback(scale, say)
    ours, upright, theirs, whole = [], [], [], []
    for _ in range(min(5, scale.repeats) + 1):
        view, all_s, shown_s = _build(path, scale, 0.0)
        if not view.shows_all(0.0):
            raise UnreadableError("the cut of uncompressed frames was not read at once")
        ours.append(1000.0 * shown_s)
        whole.append(1000.0 * all_s)
        upright.append(1000.0 * _build(path, scale)[2])
        theirs.append(1000.0 * _rows_s(path, scale))
    note = (
        f"{scale.pullback_frames} uncompressed frames, warm, until a level cut is whole; upright, "
        f"where every row is touched, {middle(upright[1:]):.0f} ms; all angles after "
        f"{middle(whole[1:]):.0f} ms"
    )
    return [
        Result(
            "long_view.native",
            middle(ours[1:]),
            "ms",
            "numpy: one row of each frame through a memory map",
            middle(theirs[1:]),
            TARGET_NATIVE_MS,
            note=note,
        )
    ]


def _rows_s(path: Path, scale: Scale) -> float:
    """Seconds for the middle row of each frame."""
    px, frames = scale.pullback_px, scale.pullback_frames
    begun = time.perf_counter()
    pixels = np.memmap(path, np.uint8, "r", path.stat().st_size - frames * px * px)
    pixels.reshape(frames, px, px)[:, px // 2].copy()
    return time.perf_counter() - begun
