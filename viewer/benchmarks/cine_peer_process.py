"""Two pyqtgraph ImageViews that hold the whole arrays, playing by their own timers."""

from __future__ import annotations

import sys
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from viewer.benchmarks.heartbeat import Heartbeat
from viewer.benchmarks.scrub_peer_process import SIZES, whole
from viewer.benchmarks.self_report import resident_bytes, tell


def counting(path: str, skipped: list[int]) -> Any:
    """An ImageView on a file that notes the frames it leaves out, and begins anew at the end."""
    view: Any = pg.ImageView()
    view.setImage(whole(path), axes={"t": 0, "y": 1, "x": 2})

    def jump(n: int) -> None:
        skipped.append(max(0, n - 1))
        view.setCurrentIndex((view.currentIndex + n) % view.nframes())

    view.jumpFrames = jump
    return view


def main(seconds: float, files: list[str]) -> None:
    """Play both at 30 frames a second."""
    pg.setConfigOptions(imageAxisOrder="row-major")
    qt = QApplication([])
    skipped: list[int] = []
    views = [counting(path, skipped) for path in files]
    for view, size in zip(views, SIZES, strict=True):
        view.resize(*size)
        view.show()
    qt.processEvents()
    for view in views:
        view.setCurrentIndex(0)
        view.play(30)
    beat = Heartbeat()
    QTimer.singleShot(int(1000 * seconds), qt.quit)
    qt.exec()
    tell(
        skipped=sum(skipped),
        main_thread=beat.thread_share,
        longest_ms=beat.longest_ms,
        resident=resident_bytes(),
    )


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
