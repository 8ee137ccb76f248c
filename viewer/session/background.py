"""Jobs that visit many frames when nobody waits for one: the long view, thumbnails."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UnreadableError
from viewer.model.study import ImageSet
from viewer.session.frame_cache import Frame


class FrameSource(Protocol):
    """What the loader needs of an opened image set; `frame` is called from several threads."""

    def frame(self, index: int, /) -> Frame:
        """Decoded frame `index`; raises UnreadableError for a bad one."""

    def overlay(self, index: int, /) -> NDArray[np.bool_] | None:
        """The header's overlay planes at a frame, bool (rows, columns); None without any."""

    def pixels(self, flat_px: NDArray[np.intp], /) -> Frame | None:
        """The same pixels of every frame, or None where frames must be read whole."""

    def close(self) -> None:
        """Give up the files."""


Visit = Callable[[int, Frame | UnreadableError], None]
"""Called on a worker for each frame, several at once; must be quick and thread-safe."""

Finished = Callable[[UnreadableError | None], None]
"""Called once on the main thread: None when every frame was visited."""

Progress = Callable[[int, int], None]
"""Called on the main thread with (frames visited, frames in all)."""


Prepare = Callable[[FrameSource], None]
"""Called once on a worker with the source of the frames, before most were visited."""


class BackgroundJob:
    """Frames of one image set still to visit; the loader holds its lock around every call."""

    def __init__(
        self,
        key: str,
        image_set: ImageSet,
        order: Sequence[int],
        visit: Visit,
        finished: Finished,
        progress: Progress | None,
        prepare: Prepare | None = None,
    ) -> None:
        self.key = key
        self.image_set = image_set
        self.visit = visit
        self.finished = finished
        self.progress = progress
        self.prepare = prepare
        self.total = len(order)
        self.visited = 0
        self.told_at_s = float("-inf")
        self.cancelled = False
        self.error: UnreadableError | None = None
        self._queue = deque(order)

    @property
    def left(self) -> int:
        """Frames not visited yet, those being visited included."""
        return self.total - self.visited

    @property
    def over(self) -> bool:
        """Whether there is nothing more to visit and nothing being visited."""
        return self.visited >= self.total

    def take(self, busy: Collection[int]) -> int | None:
        """The next frame to visit, not one of `busy`; None when there is none just now."""
        for place, index in enumerate(self._queue):
            if index not in busy:
                del self._queue[place]
                return index
        return None

    def bring_forward(self, first: Sequence[int]) -> None:
        """Visit these next, those of them that are still to come."""
        waiting = set(self._queue)
        ahead = [index for index in dict.fromkeys(first) if index in waiting]
        chosen = set(ahead)
        self._queue = deque(ahead + [index for index in self._queue if index not in chosen])

    def fail(self, error: UnreadableError) -> None:
        """Give up: nothing more can be read."""
        self.error = error
        self.visited += len(self._queue)
        self._queue.clear()
