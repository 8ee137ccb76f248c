"""Two pyqtgraph ImageViews that hold the whole arrays, stepped the same way."""

from __future__ import annotations

import sys
import time
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from viewer.benchmarks.self_report import resident_bytes, tell

SIZES = ((700, 556), (568, 556))
WARM_UP = 20


class Painted(QObject):
    """Which of some widgets have not painted yet."""

    def __init__(self, *widgets: QObject) -> None:
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


def whole(path: str) -> np.ndarray[Any, np.dtype[Any]]:
    """Every frame, (frames, rows, columns)."""
    data = pydicom.dcmread(path)
    frames = int(data.NumberOfFrames)
    pieces = pydicom.encaps.generate_frames(data.PixelData, number_of_frames=frames)
    return np.stack([imagecodecs.jpeg8_decode(piece) for piece in pieces])


def show(path: str, size: tuple[int, int]) -> pg.ImageView:
    """An ImageView on a whole file."""
    view = pg.ImageView()
    view.setImage(whole(path), axes={"t": 0, "y": 1, "x": 2})
    view.resize(*size)
    view.show()
    return view


def main(steps: int, files: list[str]) -> None:
    """Step the pullback; the run is painted again as well, as its marker moves in ours."""
    pg.setConfigOptions(imageAxisOrder="row-major")
    qt = QApplication([])
    begun = time.perf_counter()
    run, pullback = (show(path, size) for path, size in zip(files, SIZES, strict=True))
    qt.processEvents()
    loaded_s = time.perf_counter() - begun
    run_port, pullback_port = run.ui.graphicsView.viewport(), pullback.ui.graphicsView.viewport()
    painted = Painted(run_port, pullback_port)
    first = max(0, (pullback.nframes() - steps - WARM_UP) // 2)
    pullback.setCurrentIndex(first)
    qt.processEvents()
    times_ms = []
    for step in range(1, WARM_UP + steps + 1):
        painted.clear()
        begun = time.perf_counter()
        pullback.setCurrentIndex(first + step)
        run_port.update()
        while painted.missing:
            qt.processEvents()
        times_ms.append(1000.0 * (time.perf_counter() - begun))
    tell(steps_ms=times_ms[WARM_UP:], loaded_s=loaded_s, resident=resident_bytes())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
