"""The process of the window: its one QApplication, its log, its event loop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QApplication

from viewer import paths
from viewer.app.application import Application
from viewer.qt.main_thread import collect_garbage_after

GARBAGE_AFTER_MS = 2000


def run(
    wanted: Sequence[Path], demo: str = "", watch: Callable[[Application], object] | None = None
) -> int:
    """Open the window on paths, on a built-in case, or on the start page; ends with it.

    `watch` is given the application before anything is opened (measurements).
    """
    start_log()
    application = Application(qt_application())
    if watch is not None:
        watch(application)
    application.show()
    if wanted:
        application.open(wanted)
    elif demo:
        application.opener.open_demo(demo)
    collect_garbage_after(application.window, GARBAGE_AFTER_MS)
    code = application.qt.exec()
    application.close()
    return int(code)


def qt_application() -> QApplication:
    """The one QApplication of the process."""
    there = QApplication.instance()
    if isinstance(there, QApplication):
        return there
    made = QApplication(["caval"])
    made.setApplicationName("Caval")
    return made


def start_log() -> None:
    """Write the log into the program's own folder, a little at a time, never patient data."""
    from logging.handlers import RotatingFileHandler

    try:
        paths.log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(paths.log_file(), maxBytes=1 << 20, backupCount=2)
    except OSError:
        logging.getLogger("viewer").warning("no log can be written")
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("viewer").addHandler(handler)
    logging.getLogger("viewer").setLevel(logging.INFO)
