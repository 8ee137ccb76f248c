"""Run a function on the main thread: soon, from any thread; or once there is time for it."""

from __future__ import annotations

import gc
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

LOOK_AGAIN_MS = 25


class MainThread(QObject):
    """Posts functions to the thread it was made on; after `close` they are dropped."""

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open = True
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, function: Callable[[], None]) -> None:
        """Run `function` on the main thread; never waits for it."""
        if self._open:
            self._posted.emit(function)

    def close(self) -> None:
        """Drop what is still waiting."""
        self._open = False

    @Slot(object)
    def _run(self, function: Callable[[], None]) -> None:
        if self._open:
            function()


def when_idle(owner: QObject, busy: Callable[[], bool], act: Callable[[], object]) -> None:
    """Run `act` from the event loop once `busy()` says no; never when `owner` is gone by then."""

    def look() -> None:
        if busy():
            QTimer.singleShot(LOOK_AGAIN_MS, owner, look)
        else:
            act()

    QTimer.singleShot(0, owner, look)


def collect_garbage_after(owner: QObject, after_ms: int) -> None:
    """Look for garbage again then, but not among all that was made until then: it stays.

    Each look at a hundred thousand objects would be a stutter of 20 ms while scrubbing.
    """

    def again() -> None:
        gc.enable()
        gc.freeze()

    QTimer.singleShot(after_ms, owner, again)
