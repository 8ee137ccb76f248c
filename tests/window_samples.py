"""The real window on a small synthetic case, driven by mouse and keyboard events."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from viewer.app import Application
from viewer.model.review import Review
from viewer.qt.image_pane import ImagePane
from viewer.session.example_review import example_review
from viewer.session.session import Session
from viewer.session.state import AxisKind, Layers, Notice, Tool, Workspace

LEFT = Qt.MouseButton.LeftButton
RIGHT = Qt.MouseButton.RightButton
MIDDLE = Qt.MouseButton.MiddleButton
NO_KEYS = Qt.KeyboardModifier.NoModifier
SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
PATIENCE_S = 30.0
Point = tuple[float, float]


@dataclass(frozen=True)
class WrittenSample:
    """The files of the small synthetic case and their truth."""

    files: tuple[Path, ...]
    truth_path: Path
    truth: dict[str, Any]

    @property
    def folder(self) -> Path:
        return self.truth_path.parent

    def knots(self, count: int = 8) -> list[Point]:
        """Places along the true vein on the first run, from the centre outwards, px."""
        line = np.asarray(self.truth["runs"][0]["centerline"]["xy_px"])
        wanted = np.linspace(0, len(line) - 1, count).astype(int)
        return [(float(x), float(y)) for x, y in line[wanted]]

    def landmarks(self) -> list[tuple[str, int, Point]]:
        """Name, frame and place on the first run of the landmarks both images show."""
        run, pullback = self.truth["runs"][0]["file"], self.truth["pullbacks"][0]["file"]
        return [
            (mark["label"], int(mark["frame"][pullback]), tuple(mark["xy_px"][run]))
            for mark in self.truth["landmarks"]
            if pullback in mark["frame"]
        ]


def read_sample(files: Iterable[Path], truth: Path) -> WrittenSample:
    return WrittenSample(tuple(files), truth, json.loads(truth.read_text("utf-8")))


class Desk:
    """One opened window and a person at it."""

    def __init__(self, qt: QApplication, size: tuple[int, int] = (1500, 900)) -> None:
        self.qt = qt
        self.application = Application(qt)
        self.notices: list[Notice] = []
        self._closed = False
        self.application.session.noticed.connect(self._note)
        self.window.resize(*size)
        self.window.show()
        self.window.activateWindow()
        self.settle()

    def _note(self, notice: Notice) -> None:
        self.notices.append(notice)

    @property
    def window(self) -> Any:
        return self.application.window

    @property
    def session(self) -> Session:
        return self.application.session

    @property
    def venogram(self) -> ImagePane:
        pane: ImagePane = self.window.venogram
        return pane

    @property
    def ivus(self) -> ImagePane:
        pane: ImagePane = self.window.ivus
        return pane

    @property
    def canvas(self) -> Any:
        return self.window.along.canvas

    # -- opening and waiting ------------------------------------------------------------------
    def wait(self, ready: Callable[[], object], what: str = "") -> None:
        """Let the window work until `ready()`."""
        until = time.monotonic() + PATIENCE_S
        while not ready():
            self.qt.processEvents()
            time.sleep(0.001)
            assert time.monotonic() < until, f"waited too long {what}"
        self.qt.processEvents()

    def pump(self) -> None:
        """Let events work: layouts first, then what is painted after them."""
        self.qt.processEvents()
        self.qt.processEvents()

    def settle(self) -> None:
        """Wait until everything that is asked for is on the screen."""
        self.qt.processEvents()
        self.wait(lambda: self.application.is_complete, "for the window to settle")

    def after(self, act: Callable[[], object]) -> None:
        """Do something that opens files, and wait until they are open."""
        done: list[bool] = []
        self.application.on_opened = lambda: done.append(True)
        act()
        self.wait(lambda: done, "for files to open")
        self.application.on_opened = None
        self.settle()

    def open(self, *paths: Path) -> None:
        self.after(lambda: self.application.open(paths))

    def show_example(self, sample: WrittenSample) -> None:
        """Put the truth's centerline, landmarks and stenosis into the open review, in one step."""
        session = self.session
        review = example_review(session.review, sample.truth_path, session.case.image_sets)
        session.edit("Example", review)
        self.settle()

    def start_over(self, review: Review) -> None:
        """The same case with another review, and the window as it was when it was opened."""
        session = self.session
        for pane in (self.venogram, self.ivus):
            pane.pause()
            pane.set_speed(1.0)
        if self.window._maximised is not None:
            self.window.maximise(self.window._maximised)
        session.open_case(session.case, review)
        session.set_workspace(Workspace.REVIEW)
        session.set_linked(True)
        session.set_axis(AxisKind.VEIN)
        while session.layers is not Layers.ALL:
            session.cycle_layers()
        for pane in (self.venogram, self.ivus):
            pane.view.fit()
        self.window.toast.hide()
        self.notices.clear()
        self.settle()
        self.focus(self.ivus)

    def close(self) -> None:
        """End the window as its own close button does."""
        if self._closed:
            return
        self._closed = True
        self.window.close()
        self.qt.processEvents()
        self.qt.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    # -- keyboard -----------------------------------------------------------------------------
    def focus(self, pane: ImagePane) -> None:
        self.window.activateWindow()
        pane.view.setFocus()
        self.qt.processEvents()

    def key(self, key: Qt.Key | str, modifiers: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Press and release a key where the focus is."""
        target = self.qt.focusWidget() or self.window
        QTest.keyClick(target, key, modifiers)
        self.pump()

    def do(self, action_id: str) -> None:
        self.window.actions_by_id[action_id].trigger()
        self.pump()

    # -- mouse --------------------------------------------------------------------------------
    def mouse(
        self,
        widget: QWidget,
        kind: QEvent.Type,
        at: QPointF,
        button: Qt.MouseButton = LEFT,
        held: Qt.MouseButton = Qt.MouseButton.NoButton,
        modifiers: Qt.KeyboardModifier = NO_KEYS,
    ) -> None:
        everywhere = QPointF(widget.mapToGlobal(at.toPoint()))
        self.qt.sendEvent(widget, QMouseEvent(kind, at, everywhere, button, held, modifiers))
        self.pump()

    def drag_on(
        self,
        widget: QWidget,
        places: list[QPointF],
        button: Qt.MouseButton = LEFT,
        modifiers: Qt.KeyboardModifier = NO_KEYS,
        *,
        release: bool = True,
    ) -> None:
        """Press at the first place, move through the others, let go at the last."""
        none = Qt.MouseButton.NoButton
        self.mouse(widget, QEvent.Type.MouseButtonPress, places[0], button, button, modifiers)
        for start, end in pairwise(places):
            for share in (0.25, 0.5, 0.75, 1.0):
                at = start + (end - start) * share
                self.mouse(widget, QEvent.Type.MouseMove, at, none, button, modifiers)
        if release:
            self.let_go(widget, places[-1], button, modifiers)

    def let_go(
        self,
        widget: QWidget,
        at: QPointF,
        button: Qt.MouseButton = LEFT,
        modifiers: Qt.KeyboardModifier = NO_KEYS,
    ) -> None:
        none = Qt.MouseButton.NoButton
        self.mouse(widget, QEvent.Type.MouseButtonRelease, at, button, none, modifiers)

    def screen(self, pane: ImagePane, point: Point) -> QPointF:
        """Where an image point is on a pane's viewport."""
        return pane.view.point_to_screen(point)

    def click(self, pane: ImagePane, point: Point) -> None:
        """Click an image point."""
        self.drag_on(pane.view.viewport(), [self.screen(pane, point)])

    def drag(self, pane: ImagePane, *points: Point, release: bool = True) -> None:
        """Left-drag through image points."""
        at = [self.screen(pane, point) for point in points]
        self.drag_on(pane.view.viewport(), at, release=release)

    def double_click(self, pane: ImagePane, point: Point) -> None:
        view, at = pane.view.viewport(), self.screen(pane, point)
        self.drag_on(view, [at])
        self.mouse(view, QEvent.Type.MouseButtonDblClick, at, LEFT, LEFT)
        self.let_go(view, at)

    def wheel(
        self,
        widget: QWidget,
        notches: float,
        at: QPointF | None = None,
        modifiers: Qt.KeyboardModifier = NO_KEYS,
    ) -> None:
        """Turn the wheel; away from the person is positive."""
        at = at or QPointF(widget.rect().center())
        delta = QPoint(0, round(120 * notches))
        if modifiers & ALT:  # Qt hands Alt+wheel on as a turn sideways
            delta = QPoint(delta.y(), 0)
        event = QWheelEvent(
            at,
            QPointF(widget.mapToGlobal(at.toPoint())),
            QPoint(),
            delta,
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        self.qt.sendEvent(widget, event)
        self.pump()

    def long_place(self, frame: int, row: str = "graph") -> QPointF:
        """A place on the long view's row at a frame."""
        x = self.canvas.x_of_frame(frame)
        return QPointF(x, getattr(self.canvas._rows, row).center().y())

    def drag_long(self, first: int, last: int, row: str = "long_view", **more: Any) -> None:
        """Left-drag along the long view between two frames."""
        places = [self.long_place(first, row), self.long_place(last, row)]
        self.drag_on(self.canvas, places, **more)

    # -- what is seen -------------------------------------------------------------------------
    def picture(self, widget: QWidget) -> NDArray[np.uint8]:
        """A widget as it is painted now, uint8 (rows, columns, 3)."""
        return pixels_of(widget)

    def frames(self) -> tuple[int, int]:
        """0-based frames of run and pullback."""
        return self.session.cursor.run_frame, self.session.cursor.pullback_frame

    def said(self, words: str) -> bool:
        """Whether a notice with these words was given."""
        return any(words in f"{note.text} {note.hint}" for note in self.notices)


def other_patient(source: Path, out: Path) -> Path:
    """A copy of a file that says it is of another patient."""
    data = pydicom.dcmread(source)
    data.PatientID, data.PatientName = "OTHER", "Other^Person"
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(data, keyword, generate_uid())
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.save_as(out)
    return out


def broken_frame(source: Path, out: Path, frame: int) -> Path:
    """A copy of a compressed file with the bytes of one frame overwritten."""
    data = pydicom.dcmread(source)
    frames = list(generate_frames(data.PixelData, number_of_frames=int(data.NumberOfFrames)))
    frames[frame] = b"\xff\xd8" + bytes(len(frames[frame]) - 2)
    data.PixelData = encapsulate(frames)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        setattr(data, keyword, generate_uid())
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.save_as(out)
    return out


def native_run(out: Path, frames: int, whole: int, *, overlay: bool = False) -> Path:
    """An uncompressed XA run of 128 x 128 whose file ends after `whole` frames and a half.

    With `overlay` the header draws a square over columns and rows 40 to 59.
    """
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
    data.SOPInstanceUID, data.StudyInstanceUID, data.SeriesInstanceUID = (
        generate_uid() for _ in range(3)
    )
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.Modality, data.PatientID, data.SamplesPerPixel = "XA", "P1", 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.NumberOfFrames, data.FrameTime, data.Rows, data.Columns = frames, 66.7, 128, 128
    data.FrameIncrementPointer = 0x00181063
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    ramp = np.tile(np.arange(128, dtype=np.uint8), (128, 1))
    pixels = np.stack([ramp + frame for frame in range(frames)]).astype(np.uint8)
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OB"
    if overlay:
        square = np.zeros((128, 128), np.uint8)
        square[40:60, 40:60] = 1
        data.add_new(0x60000010, "US", 128)
        data.add_new(0x60000011, "US", 128)
        data.add_new(0x60000040, "CS", "G")
        data.add_new(0x60000050, "SS", [1, 1])
        data.add_new(0x60000100, "US", 1)
        data.add_new(0x60000102, "US", 0)
        data.add_new(0x60003000, "OB", np.packbits(square, bitorder="little").tobytes())
    data.save_as(out, enforce_file_format=True)
    if whole < frames:
        missing = round((frames - whole - 0.5) * 128 * 128)
        out.write_bytes(out.read_bytes()[:-missing])
    return out


def pixels_of(widget: QWidget) -> NDArray[np.uint8]:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


__all__ = ["ALT", "CTRL", "LEFT", "MIDDLE", "RIGHT", "SHIFT", "Desk", "Tool", "WrittenSample"]
