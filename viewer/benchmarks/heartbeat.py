"""Watches an event loop: how much of a core its thread takes, and how long it ever stood still."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 5


class Heartbeat(QObject):
    """Beats while the loop runs; a beat that comes late shows that something held it up.

    Make it on the thread that is watched. It takes about one hundredth of a core itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._begun_s = self._last_s = time.perf_counter()
        self._cpu_s = time.thread_time()
        self._process_s = time.process_time()
        self.longest_ms = 0.0
        self._timer.start(BEAT_MS)

    def _beat(self) -> None:
        now_s = time.perf_counter()
        self.longest_ms = max(self.longest_ms, 1000.0 * (now_s - self._last_s) - BEAT_MS)
        self._last_s = now_s

    @property
    def thread_share(self) -> float:
        """Processor time of this thread over the time that passed."""
        return (time.thread_time() - self._cpu_s) / (time.perf_counter() - self._begun_s)

    @property
    def process_share(self) -> float:
        """Processor time of all threads over the time that passed."""
        return (time.process_time() - self._process_s) / (time.perf_counter() - self._begun_s)
