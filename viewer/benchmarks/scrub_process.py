"""The real window on a tied case: each key press timed until everything that moves is painted."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from viewer.app import Application, qt_application
from viewer.benchmarks.marked_review import marked
from viewer.benchmarks.self_report import tell
from viewer.errors import UnreadableError
from viewer.model.study import Pullback, Run
from viewer.session.autosave import Autosave
from viewer.session.session import Session

SIZE = (1920, 1080)
PATIENCE_S = 60.0
WARM_UP = 20


class Painted(QObject):
    """Counts the widgets that have painted since it was last cleared."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._wanted = set(widgets)
        self.missing: set[QObject] = set()
        for widget in widgets:
            widget.installEventFilter(self)

    def clear(self) -> None:
        """Wait for all of them again."""
        self.missing = set(self._wanted)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take note of paint events."""
        if event.type() == QEvent.Type.Paint:
            self.missing.discard(watched)
        return False


def scrub(files: list[str], steps: int) -> list[float]:
    """Milliseconds of each step: half of them forwards, half back."""
    application = Application(qt_application(), remembers=False)
    window = application.window
    try:
        window.resize(*SIZE)
        window.show()
        window.activateWindow()
        _open(application, files)
        first = _stand(application, steps // 2 + WARM_UP)
        view = window.ivus.view
        view.setFocus()
        painted = Painted(view.viewport(), window.venogram.view.viewport(), window.along.canvas)
        keys = [Qt.Key.Key_Right] * (steps // 2 + WARM_UP) + [Qt.Key.Key_Left] * (steps // 2)
        times_ms = [_step(application, painted, key) for key in keys]
        frame = application.session.cursor.pullback_frame
        if frame != first + WARM_UP:
            raise UnreadableError(f"the keys moved from frame {first} to {frame}")
    finally:
        application.close()
    return times_ms[WARM_UP:]


def _open(application: Application, files: list[str]) -> None:
    opened: list[bool] = []
    application.on_opened = lambda: opened.append(True)
    application.open([Path(name) for name in files])
    _work(application, lambda: bool(opened))
    session = application.session
    run, pullback = _shown(session)
    session.edit("Measure", marked(session.review, run, pullback))
    if session.position_map is None:
        raise UnreadableError("the measured case is not tied together")


def _shown(session: Session) -> tuple[Run, Pullback]:
    run, pullback = session.run, session.pullback
    if run is None or pullback is None:
        raise UnreadableError("the measured files are not a run and a pullback")
    return run, pullback


def _stand(application: Application, ahead: int) -> int:
    """Go to the middle; wait until the frames ahead are decoded and all is saved."""
    session, loader = application.session, application.loader
    _, pullback = _shown(session)
    first = max(0, pullback.frames // 2 - ahead)
    session.set_pullback_frame(first)
    wanted = slice(first, min(pullback.frames, first + ahead + 1))
    _work(application, lambda: application.is_complete)
    if session.pulls is not None:
        pulls = session.pulls
        _work(application, lambda: pulls.is_final and not pulls.busy)
    _work(application, lambda: bool(loader.cached_mask(pullback.uid)[wanted].all()))
    application.reviews.save()
    _work(application, lambda: application.autosave is None or _saved(application.autosave))
    return first


def _saved(autosave: Autosave) -> bool:
    return not autosave.state.unsaved_changes


def _step(application: Application, painted: Painted, key: Qt.Key) -> float:
    painted.clear()
    begun = time.perf_counter()
    QTest.keyClick(application.window.ivus.view, key)
    while painted.missing:
        application.qt.processEvents()
        if time.perf_counter() - begun > PATIENCE_S:
            raise UnreadableError("a step was never painted")
    return 1000.0 * (time.perf_counter() - begun)


def _work(application: Application, ready: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not ready():
        application.qt.processEvents()
        time.sleep(0.002)
        if time.monotonic() > until:
            raise UnreadableError("the window did not get ready")
    application.qt.processEvents()


if __name__ == "__main__":
    tell(steps_ms=scrub(sys.argv[2:], int(sys.argv[1])))
