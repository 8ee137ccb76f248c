"""Decoded frames kept in memory, bounded in bytes; the least needed one leaves first.

Not thread-safe: the frame loader holds its lock around every call.
"""

from __future__ import annotations

import logging
import mmap
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)

Frame = np.ndarray[Any, np.dtype[Any]]
"""Grey stored values (rows, columns) or RGB uint8 (rows, columns, 3); read-only."""

ON_SCREEN = -1.0
"""Need of a frame somebody waits for; 0 is where a view stands, n is n steps ahead of it."""

MOST_FOR_ALL = 2**30
"""Most the whole program takes by itself: a quarter of the machine's memory, never more than this.
A person may give more."""
FOR_THE_PROGRAM = 448 * 2**20
"""What of it is not for images: Python, Qt and the libraries (about 190 MB once all have been
used, measured), and room to decode, subtract and draw in."""
MAX_DEFAULT_BUDGET = MOST_FOR_ALL - FOR_THE_PROGRAM
"""576 MiB; a run of 150 x 1024² and a pullback of 2000 x 512², 840 MB decoded, then stay below
900 MB with the program when both have been played."""
LEAST_BUDGET = 64 * 2**20
"""Two panes of 1024² need some tens of frames to run smoothly."""
LEAST_APART = 2**16
"""Smaller frames share the allocator's areas: the system counts areas too."""
_OUTSIDE = 1e15  # above every distance: a frame outside all visible loops leaves first


def default_budget_bytes() -> int:
    """For all images: a quarter of the machine's memory, 1 GiB at most, less the program's own."""
    total = memory_bytes()
    mine = min(total // 4, MOST_FOR_ALL) if total else MOST_FOR_ALL // 2
    return max(LEAST_BUDGET, mine - FOR_THE_PROGRAM)


def budget_range_bytes() -> tuple[int, int]:
    """Least and most a person may give: 64 MiB, and half of the machine's memory."""
    most = (memory_bytes() or 4 * MAX_DEFAULT_BUDGET) // 2
    return LEAST_BUDGET, max(LEAST_BUDGET, most)


def apart(pixels: Frame) -> Frame:
    """The frame in memory of its own, which goes back to the system when it is let go of.

    Thousands of frames that come and go in the allocator's own areas leave holes there: 130 MB
    more than the budget were resident after playing 2,150 frames (measured), with this none.
    """
    if pixels.nbytes < LEAST_APART:
        return pixels
    try:
        room = mmap.mmap(-1, pixels.nbytes)
    except OSError:  # no more areas to be had: the frame stays where it is
        logger.info("no memory area for a frame of its own")
        return pixels
    copy = np.frombuffer(room, pixels.dtype).reshape(pixels.shape)
    copy[...] = pixels
    copy.setflags(write=False)
    return copy


def memory_bytes() -> int:
    """Memory of the machine; 0 where the system does not say."""
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
        return 0
    return max(0, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


@dataclass(frozen=True, slots=True)
class CacheState:
    """How full the cache is.

    Attributes
    ----------
    bytes : int
        Of decoded frames and of what is set aside beside them (long view, masks, peaks).
    budget_bytes : int
        Most that `bytes` may be.
    frames : int
        Decoded frames held.
    """

    bytes: int
    budget_bytes: int
    frames: int


class _Shelf:
    """The frames of one image set."""

    def __init__(self, frames: int) -> None:
        self.pixels: dict[int, Frame] = {}
        self.stamp = np.zeros(frames, np.int64)  # when last used; 0: not held
        self.need = np.full(frames, np.inf)
        self.frame_bytes = 0

    def expendable(self) -> npt.NDArray[np.float64]:
        """How gladly each frame is given up: -1 not held, else its need, oldest outsiders first."""
        worth = np.where(np.isinf(self.need), _OUTSIDE - self.stamp, self.need)
        return np.where(self.stamp > 0, worth, -1.0)


class FrameCache:
    """Frames by (image set uid, 0-based index), never more than `budget_bytes` in all.

    Frames outside every visible loop leave first, least recently used ahead; inside the loops the
    frame that will be shown last leaves first, and only for one that will be shown sooner.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget = max(0, int(budget_bytes))
        self._bytes = 0
        self._aside: dict[str, int] = {}
        self._clock = 0
        self._shelves: dict[str, _Shelf] = {}

    @property
    def state(self) -> CacheState:
        """Bytes and frames held."""
        frames = sum(len(shelf.pixels) for shelf in self._shelves.values())
        return CacheState(self._bytes + self._aside_bytes, self._budget, frames)

    @property
    def _aside_bytes(self) -> int:
        return sum(self._aside.values())

    def set_budget(self, budget_bytes: int) -> None:
        """Another bound; what is too much leaves at once, least needed ahead."""
        self._budget = max(0, int(budget_bytes))
        self._make_fit()

    def set_aside(self, name: str, nbytes: int) -> None:
        """Count other image memory in; frames give way to it. 0 bytes: it is gone."""
        self._aside.pop(name, None)
        if nbytes > 0:
            self._aside[name] = nbytes
        self._make_fit()

    def _make_fit(self) -> None:
        if self._bytes + self._aside_bytes <= self._budget:
            return
        victims = self._victims(0, -1.0)
        if victims is None:  # what is set aside is too much by itself
            victims = [(shelf, n) for shelf in self._shelves.values() for n in shelf.pixels]
        for shelf, index in victims:
            self._drop(shelf, index)

    def open_shelf(self, uid: str, frames: int) -> None:
        """Make room for the frames of an image set; nothing happens when it is known already."""
        if uid not in self._shelves:
            self._shelves[uid] = _Shelf(frames)

    def get(self, uid: str, index: int) -> Frame | None:
        """The frame, marked as used just now."""
        shelf = self._shelves.get(uid)
        pixels = shelf.pixels.get(index) if shelf else None
        if shelf is not None and pixels is not None:
            self._clock += 1
            shelf.stamp[index] = self._clock
        return pixels

    def peek(self, uid: str, index: int) -> Frame | None:
        """The frame, without any mark."""
        shelf = self._shelves.get(uid)
        return shelf.pixels.get(index) if shelf else None

    def mask(self, uid: str) -> npt.NDArray[np.bool_]:
        """Which frames are held, bool (frames,); empty for an image set never asked for."""
        shelf = self._shelves.get(uid)
        return np.zeros(0, bool) if shelf is None else shelf.stamp > 0

    def nearest(self, uid: str, index: int) -> tuple[int, Frame] | None:
        """The held frame nearest to `index`, the earlier of two equally near."""
        held = np.flatnonzero(self.mask(uid))
        if held.size == 0:
            return None
        found = int(held[np.argmin(np.abs(held - index))])
        return found, self._shelves[uid].pixels[found]

    def need(self, uid: str, index: int) -> float:
        """Steps until the frame is shown, infinite outside every visible loop."""
        shelf = self._shelves.get(uid)
        return float(shelf.need[index]) if shelf else float("inf")

    def set_need(self, uid: str, need: npt.NDArray[np.float64] | None) -> None:
        """State how soon each frame will be shown, float64 (frames,); None: no view is on it."""
        self._shelves[uid].need[:] = np.inf if need is None else need

    def most_wanted(self, uid: str, skip: Collection[int]) -> tuple[float, int] | None:
        """(need, index) of the missing frame that will be shown soonest, not one of `skip`."""
        shelf = self._shelves[uid]
        missing = np.where(shelf.stamp > 0, np.inf, shelf.need)
        if skip:
            missing[list(skip)] = np.inf
        index = int(np.argmin(missing)) if missing.size else 0
        need = float(missing[index]) if missing.size else np.inf
        return (need, index) if np.isfinite(need) else None

    def would_take(self, uid: str, need: float) -> bool:
        """Whether one more frame of that set, needed so soon, would be let in."""
        return self._victims(self._shelves[uid].frame_bytes, need) is not None

    def put(self, uid: str, index: int, pixels: Frame, need: float) -> bool:
        """Keep a frame, giving up less needed ones; False when all held are needed sooner.

        `need` infinite means: only if there is room, nothing is given up for it.
        """
        shelf = self._shelves[uid]
        shelf.frame_bytes = pixels.nbytes
        if index in shelf.pixels:
            return True
        victims = self._victims(pixels.nbytes, need)
        if victims is None:
            return False
        for where, which in victims:
            self._drop(where, which)
        self._clock += 1
        shelf.stamp[index] = self._clock
        shelf.pixels[index] = pixels
        self._bytes += pixels.nbytes
        return True

    def forget(self, uid: str) -> None:
        """Let go of an image set's frames."""
        shelf = self._shelves.pop(uid, None)
        if shelf is not None:
            self._bytes -= sum(pixels.nbytes for pixels in shelf.pixels.values())

    def clear(self) -> None:
        """Let go of everything."""
        self._shelves.clear()
        self._aside.clear()
        self._bytes = 0

    def _victims(self, nbytes: int, need: float) -> list[tuple[_Shelf, int]] | None:
        """Frames to give up so that `nbytes` fit, None when they can't without harm."""
        room = self._budget - self._aside_bytes
        excess = self._bytes + nbytes - room
        if excess <= 0:
            return []
        if nbytes > room or np.isinf(need):
            return None
        rows = [(shelf, shelf.expendable()) for shelf in self._shelves.values() if shelf.pixels]
        victims: list[tuple[_Shelf, int]] = []
        while excess > 0:
            picks = [(float(worth.max()), shelf, worth) for shelf, worth in rows]
            best, shelf, worth = max(picks, key=lambda pick: pick[0])
            if best <= need:
                return None
            index = int(worth.argmax())
            worth[index] = -1.0
            excess -= shelf.pixels[index].nbytes
            victims.append((shelf, index))
        return victims

    def _drop(self, shelf: _Shelf, index: int) -> None:
        self._bytes -= shelf.pixels.pop(index).nbytes
        shelf.stamp[index] = 0
