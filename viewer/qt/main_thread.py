"""Run a function on the main thread, soon, from any thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


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
