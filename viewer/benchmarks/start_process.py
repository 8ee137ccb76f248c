"""The window on files, as it is, watched: says when both images were painted, and its memory."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer

from viewer.benchmarks.self_report import most_resident_bytes, resident_bytes, tell

if TYPE_CHECKING:
    from viewer import app
    from viewer.qt.image_pane import ImagePane


class FirstPaint(QObject):
    """Notes when each pane has painted its frame."""

    def __init__(self, application: app.Application, visit_all: bool) -> None:
        super().__init__()
        self._application = application
        self._visit_all = visit_all
        self._left: dict[QObject, ImagePane] = {}
        window = application.window
        for pane in (window.venogram, window.ivus):
            self._left[pane.view.viewport()] = pane
            pane.view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A paint event comes by; it has been painted once the event loop goes on."""
        if event.type() == QEvent.Type.Paint:
            pane = self._left.get(watched)
            if pane is not None and pane.view.has_image and pane.is_settled:
                del self._left[watched]
                if not self._left:
                    QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        at_s, resident = time.perf_counter(), resident_bytes()
        first = {"painted_s": at_s, "resident": resident}
        if not self._visit_all:
            tell(**first)
            self._application.window.close()
            return
        Visit(self._application, first)


class Visit(QObject):
    """Shows every frame of both, one after another, and waits for the long view."""

    def __init__(self, application: app.Application, first: dict[str, float]) -> None:
        super().__init__(application.window)
        self._application = application
        self._first = first
        window = application.window
        self._left = [
            (pane, iter(range(item.frames)))
            for pane in (window.ivus, window.venogram)
            if (item := pane.current_item()) is not None
        ]
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)
        self._timer.start(0)

    def _go_on(self) -> None:
        if self._left:
            pane, frames = self._left[0]
            if pane.is_settled:
                frame = next(frames, None)
                if frame is None:
                    self._left.pop(0)
                else:
                    pane.go_to(frame)
        elif self._application.is_complete:
            self._timer.stop()
            tell(**self._first, resident_all=resident_bytes(), most_resident=most_resident_bytes())
            self._application.window.close()


def watch(files: list[str], visit_all: bool) -> int:
    """Open the window on files, as `caval open` does once it has read its arguments."""
    gc.disable()  # as `caval open` does
    from viewer import app

    watchers: list[FirstPaint] = []
    return app.run(
        [Path(name) for name in files],
        watch=lambda application: watchers.append(FirstPaint(application, visit_all)),
    )


if __name__ == "__main__":
    every = sys.argv[1] == "all"
    sys.exit(watch(sys.argv[2:], every))
