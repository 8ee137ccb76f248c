"""The real window playing both panes: the run less its mask and shifted, the pullback beside it."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from viewer.app import Application, qt_application
from viewer.benchmarks.heartbeat import Heartbeat
from viewer.benchmarks.marked_review import marked
from viewer.benchmarks.self_report import most_resident_bytes, resident_bytes, tell
from viewer.errors import UnreadableError
from viewer.model.study import Run

SIZE = (1920, 1080)
PATIENCE_S = 120.0


def play(files: list[str], seconds: float) -> dict[str, object]:
    """Play for so long; what was shown, skipped and taken."""
    application = Application(qt_application(), remembers=False)
    window = application.window
    try:
        window.resize(*SIZE)
        window.show()
        _open(application, files)
        return _played(application, seconds)
    finally:
        application.close()


def _open(application: Application, files: list[str]) -> None:
    opened: list[bool] = []
    application.on_opened = lambda: opened.append(True)
    application.open([Path(name) for name in files])
    _work(lambda: bool(opened))
    session, contrast = application.session, application.window.venogram.contrast
    run, pullback = session.run, session.pullback
    if run is None or pullback is None:
        raise UnreadableError("the measured files are not a run and a pullback")
    session.edit("Measure", marked(session.review, run, pullback))
    _subtract(application, run)
    _work(lambda: contrast.subtractions.is_ready(run, run.frames // 2))
    _work(lambda: application.is_complete and not contrast.is_busy(run))


def _subtract(application: Application, run: Run) -> None:
    from viewer.session.subtraction import ShiftMode

    contrast = application.window.venogram.contrast
    contrast.subtractions.set_mask(run, (0, 1))
    contrast.subtractions.set_shift_mode(run, ShiftMode.AUTO)
    contrast.toggle_subtraction(run)


def _played(application: Application, seconds: float) -> dict[str, object]:
    window = application.window
    panes = (window.venogram, window.ivus)
    shown = dict.fromkeys(panes, 0)
    for pane in panes:
        pane.painted_frame.connect(lambda _, pane=pane: shown.__setitem__(pane, shown[pane] + 1))
    window.pane_verbs.play_both()
    beat = Heartbeat()
    until_s = time.perf_counter() + seconds
    _work(lambda: time.perf_counter() >= until_s, seconds + PATIENCE_S)
    for pane in panes:
        if not pane.playing:
            raise UnreadableError("a pane stopped playing")
    answer: dict[str, object] = {
        "skipped": sum(pane.skipped for pane in panes),
        "shown": list(shown.values()),
        "main_thread": beat.thread_share,
        "process": beat.process_share,
        "longest_ms": beat.longest_ms,
        "resident": resident_bytes(),
        "most_resident": most_resident_bytes(),
        "image_bytes": application.loader.state.bytes,
        "budget_bytes": application.loader.state.budget_bytes,
    }
    return answer


def _work(ready: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Let the event loop sleep and work by itself, as it does for people, until `ready`."""
    until_s = time.perf_counter() + patience_s
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if ready() or time.perf_counter() > until_s else None)
    timer.start(20)
    loop.exec()
    timer.stop()
    if not ready():
        raise UnreadableError("the window did not get ready")


if __name__ == "__main__":
    gc.disable()  # as `caval open` does
    tell(**play(sys.argv[2:], float(sys.argv[1])))
