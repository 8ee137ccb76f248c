"""A pullback looked through once: its frames reduced, and what they say about the pull."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.errors import UnreadableError
from viewer.geometry.pull_evidence import LumenSizes, Motion
from viewer.imaging.longitudinal import PolarGrid, polar_reduce
from viewer.imaging.lumen_profile import ANGLES, RADII, lumen_profile, ring_down_end
from viewer.imaging.pull_motion import pull_motion
from viewer.imaging.pull_turns import Turned, pull_turns

logger = logging.getLogger(__name__)

U8 = npt.NDArray[np.uint8]
Frames = npt.NDArray[np.intp]
Pixels = np.ndarray[Any, np.dtype[Any]]

MOST_FRAMES = 1500
"""Frames looked at for movement: of 3,000 at 30 a second every second one, 0.6 mm apart."""

MOST_SLOW_FRAMES = 160
"""The same where decoding one takes 20 ms and more."""

SLOW_DECODERS = ("jpeg2k", "jpeg2000", "openjpeg", "jpegls", "jpegxl", "av")

MOST_LUMENS = 450
"""Frames whose lumen is looked for: every half millimetre of 200 mm."""

BATCH = 16
"""Frames a thread takes at once: fewer hand-overs."""


@dataclass(frozen=True, eq=False)
class Looked:
    """Reduced frames of a pullback.

    Attributes
    ----------
    frames : ndarray of int, shape (n,)
        0-based, rising.
    stack : ndarray of uint8, shape (n, angles, radii)
    """

    frames: Frames
    stack: U8


def frames_to_look_at(total: int, decoder: str = "") -> Frames:
    """Evenly spread frames, as many as can be decoded in about a second."""
    slow = any(name in decoder.lower() for name in SLOW_DECODERS)
    most = MOST_SLOW_FRAMES if slow else MOST_FRAMES
    return np.arange(0, total, max(1, -(-total // most)), dtype=np.intp)


def look_through(
    frames: Frames,
    read: Callable[[int], Pixels],
    grid: PolarGrid,
    to_grey: Callable[[Pixels], Pixels] | None = None,
) -> Looked:
    """Read and reduce frames on as many threads as there are cores.

    Parameters
    ----------
    read : callable
        0-based frame → stored values; asked from several threads.
    to_grey : callable, optional
        See `imaging.longitudinal.polar_reduce`.

    Raises
    ------
    UnreadableError
        Hardly any frame can be read.
    """
    stack = np.zeros((len(frames), *grid.shape), np.uint8)
    good = np.zeros(len(frames), np.bool_)

    def take(start: int) -> None:
        for at in range(start, min(start + BATCH, len(frames))):
            try:
                stack[at] = polar_reduce(read(int(frames[at])), grid, to_grey)
                good[at] = True
            except (UnreadableError, ValueError) as error:
                logger.info("frame %d is left out of the look: %s", frames[at], error)

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(take, range(0, len(frames), BATCH)))
    if good.sum() < min(2, len(frames)):
        raise UnreadableError("The pullback's frames can't be read", "Ask for the files again.")
    return Looked(frames[good], stack[good])


def lumen_of(looked: Looked, radius_mm: float | None) -> LumenSizes:
    """Rough sizes of the lumen along the pullback.

    Parameters
    ----------
    radius_mm : float or None
        Depth of the polar pictures.
    """
    step = max(1, -(-len(looked.frames) // MOST_LUMENS))
    found = lumen_profile(looked.stack[::step], looked.frames[::step], radius_mm)
    sizes = np.column_stack((found.diameter_mm, found.widths_mm))
    return LumenSizes(found.frames, sizes, found.confidence, found.border)


def motion_of(
    looked: Looked,
    total: int,
    times_s: npt.NDArray[np.float64],
    radius_mm: float | None,
    lumen: LumenSizes | None = None,
) -> Motion | None:
    """When the catheter stood, and how fast it went; None where too few frames tell.

    Parameters
    ----------
    total : int
        Frames of the pullback.
    times_s : ndarray, shape (total,)
        When each was taken; frame numbers when that is not known count as 1/30 s.
    lumen : LumenSizes, optional
        Keeps the blood's speckle out of it.
    """
    frames = looked.frames
    if len(frames) < 12:
        return None
    angles, radii = looked.stack.shape[1:]
    if angles % ANGLES or radii % RADII:
        raise ValueError(f"a polar picture of {angles} x {radii} does not fit")
    first = ring_down_end(looked.stack, radius_mm)
    border = None
    if lumen is not None and lumen.border is not None:
        share = (frames[:, None] - lumen.frames[None, :] >= 0).sum(axis=1) - 1
        border = lumen.border[np.clip(share, 0, len(lumen.frames) - 1)]
    seen = pull_motion(looked.stack, times_s[frames], first, border)
    turns = pull_turns(looked.stack, times_s[frames], first)
    at = np.arange(total)
    stillness = np.interp(at, frames, seen.stillness)
    speed = None if seen.speed is None else np.interp(at, frames, seen.speed)
    back, same = _gone_back(turns, frames, total)
    return Motion(stillness, seen.still_trust, speed, seen.trust, back, same)


def _gone_back(
    turns: tuple[Turned, ...], frames: Frames, total: int
) -> tuple[tuple[tuple[int, int], ...], npt.NDArray[np.float64] | None]:
    """Stretches gone back and forth, and the frame whose place each frame shows."""
    if not turns:
        return (), None
    same = np.arange(total, dtype=np.float64)
    spans = []
    for turn in turns:
        first, back, last = (int(frames[at]) for at in (turn.first, turn.back, turn.last))
        deepest = float(np.interp(turn.deepest, np.arange(len(frames)), frames))
        within = np.arange(first, last + 1)
        same[within] = np.interp(within, [first, back, last], [first, deepest, first])
        spans.append((first, last))
    return tuple(spans), same
