"""The least a viewer can do: Qt, pydicom's header, one frame of each file decoded and painted."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from viewer.benchmarks.self_report import resident_bytes, tell


def first_frame(path: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The first frame in its header's window, uint8 (rows, columns)."""
    with Path(path).open("rb") as file:
        header = pydicom.dcmread(file, stop_before_pixels=True)
        file.seek(12, 1)  # tag, VR and length of Pixel Data
        stream = pydicom.encaps.get_frame(file, 0, number_of_frames=int(header.NumberOfFrames))
    pixels = imagecodecs.jpeg8_decode(stream)
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    low = float(header.WindowCenter) - float(header.WindowWidth) / 2
    share = (pixels.astype(np.float32) - low) / float(header.WindowWidth)
    return np.asarray(np.clip(share * 255.0, 0, 255), dtype=np.uint8)


class Pane(QWidget):
    """Paints one frame, fitted."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._pixels = first_frame(path)
        rows, columns = self._pixels.shape
        self._image = QImage(
            self._pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8
        )
        self.painted = False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), self._image)
        self.painted = True
        painter.end()
        QTimer.singleShot(0, finish)


def finish() -> None:
    """Say when both are painted, and end."""
    if panes and all(pane.painted for pane in panes):
        tell(painted_s=time.perf_counter(), resident=resident_bytes())
        panes.clear()
        QApplication.quit()


panes: list[Pane] = []

if __name__ == "__main__":
    qt = QApplication([])
    panes += [Pane(path) for path in sys.argv[1:]]
    window = QWidget()
    row = QHBoxLayout(window)
    for each in panes:
        row.addWidget(each)
    window.resize(1920, 1080)
    window.show()
    sys.exit(qt.exec())
