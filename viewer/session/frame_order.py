"""Frames that come from several workers, handed on one at a time and in the order asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from viewer.errors import UnreadableError
from viewer.session.frame_cache import Frame


class FrameOrder:
    """Holds what comes early, which is no more than there are workers, until its turn.

    Parameters
    ----------
    order : sequence of int
        Frames, each once.
    take : callable
        ``take(index, pixels or UnreadableError)``; on a worker, one call at a time.
    """

    def __init__(
        self, order: Sequence[int], take: Callable[[int, Frame | UnreadableError], None]
    ) -> None:
        self._order, self._take = tuple(order), take
        self._next = 0
        self._early: dict[int, Frame | UnreadableError] = {}
        self._lock = threading.Lock()

    def visit(self, index: int, read: Frame | UnreadableError) -> None:
        """A frame came; see `viewer.session.background.Visit`."""
        with self._lock:
            self._early[index] = read
            while self._next < len(self._order) and self._order[self._next] in self._early:
                due = self._order[self._next]
                self._next += 1
                self._take(due, self._early.pop(due))
