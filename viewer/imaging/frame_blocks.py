"""Work over many frames in blocks, on two threads, that can be watched and called off."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


class SearchCancelledError(Exception):
    """The search was called off; nothing it found is kept."""


class Teller:
    """Progress out, cancel in; used by several threads."""

    def __init__(self, total: int, progress: Progress | None, cancelled: Cancelled | None) -> None:
        self._total, self._done = max(total, 1), 0.0
        self._progress, self._cancelled = progress, cancelled
        self._lock = threading.Lock()

    def ask(self) -> None:
        """Raise when the search is called off."""
        if self._cancelled is not None and self._cancelled():
            raise SearchCancelledError

    def tell(self, frames: float) -> None:
        """So many more frames are done."""
        with self._lock:
            self._done += frames
            if self._progress is not None:
                self._progress(min(self._done / self._total, 1.0))


def in_threads(work: Callable[[int], None], starts: range) -> None:
    """Run blocks on two threads; the first trouble ends it."""
    if len(starts) < 2:
        for start in starts:
            work(start)
        return
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        tasks = [pool.submit(work, start) for start in starts]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
