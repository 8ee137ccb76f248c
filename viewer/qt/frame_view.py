"""One image with zoom and pan, and layers drawn over it in screen pixels.

The only place that knows pyqtgraph's half pixel: `ImageItem` puts the corner of pixel (0, 0) at
the origin; here, as everywhere in Caval, (0, 0) is that pixel's centre.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

DRAG_STARTS_PX = 3.0
ZOOM_PER_NOTCH = 1.15
ZOOM_RANGE = (0.05, 60.0)


class Layer(Protocol):
    """Something drawn over the image."""

    def paint(self, painter: QPainter, view: FrameView) -> None:
        """Draw in screen pixels of `view`."""


class FrameView(pg.GraphicsView):
    """Paints one frame and reports gestures in image pixels."""

    stepped = Signal(int)
    windowed = Signal(float, float)
    pressed = Signal(float, float, object)
    dragged = Signal(float, float, object)
    released = Signal(float, float, object)
    hovered = Signal(float, float)
    clicked = Signal(float, float, object)
    maximise_asked = Signal()
    play_asked = Signal()
    turned = Signal(int)
    focused = Signal()
    view_changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, useOpenGL=False, background="#000000")
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        self.box = pg.ViewBox(
            lockAspect=1.0, invertY=True, enableMouse=False, enableMenu=False, defaultPadding=0.0
        )
        self.setCentralItem(self.box)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._image.setTransform(QTransform.fromTranslate(-0.5, -0.5))
        self.box.addItem(self._image)
        self._shape: tuple[int, int] = (0, 0)
        self._has_image = False
        self._aspect = 1.0
        self.layers: list[Layer] = []
        self.claims_drag = False
        self._press: QPointF | None = None
        self._last: QPointF | None = None
        self._button = self._held = Qt.MouseButton.NoButton
        self._moved = False
        self._space_down = False
        self._fitted = True

    # -- pixels -------------------------------------------------------------------------------
    def set_pixels(self, pixels: NDArray[np.uint8] | None, aspect: float = 1.0) -> None:
        """Show a frame: uint8, (rows, columns) or (rows, columns, 3); None shows nothing.

        `aspect` is the height of a pixel over its width.
        """
        if pixels is None:
            self._image.clear()
            self._has_image = False
            self.viewport().update()
            return
        self._has_image = True
        self._image.setImage(pixels, autoLevels=False, levels=None)
        shape = pixels.shape[:2]
        if shape != self._shape or aspect != self._aspect:
            self._shape = (int(shape[0]), int(shape[1]))
            self._aspect = aspect
            self.fit()
        self.viewport().update()

    @property
    def has_image(self) -> bool:
        """Whether a frame is shown."""
        return self._has_image

    def fit(self) -> None:
        """Fit the whole image into the view."""
        if self.has_image:
            self._fitted = True
            rows, columns = self._shape
            self.box.setAspectLocked(True, ratio=1.0 / self._aspect)
            self.box.setRange(QRectF(-0.5, -0.5, columns, rows), padding=0.0)
            self.view_changed.emit()

    # -- coordinates --------------------------------------------------------------------------
    def _transform(self) -> QTransform:
        self.box.updateMatrix()  # else it is only brought up to date by the next painting
        child: QTransform = self.box.childGroup.sceneTransform()
        return child * self.viewportTransform()

    def to_screen(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Image points (n, 2) to screen points (n, 2), logical px of this widget."""
        t = self._transform()
        matrix = np.array([[t.m11(), t.m12()], [t.m21(), t.m22()]])
        shift = np.array([t.dx(), t.dy()])
        return np.asarray(points_px @ matrix + shift, dtype=np.float64)

    def point_to_screen(self, point_px: tuple[float, float]) -> QPointF:
        """One image point on the screen."""
        return self._transform().map(QPointF(*point_px))

    def to_image(self, position: QPointF) -> tuple[float, float]:
        """A screen position in image px."""
        inverse, _ = self._transform().inverted()
        point = inverse.map(position)
        return point.x(), point.y()

    @property
    def zoom(self) -> float:
        """Screen px per image px, along x."""
        return float(abs(self._transform().m11()))

    # -- zoom and pan -------------------------------------------------------------------------
    def zoom_by(self, factor: float, at: QPointF) -> None:
        """Zoom, keeping the image point under `at` where it is."""
        target = self.zoom * factor
        if self.has_image and ZOOM_RANGE[0] <= target <= ZOOM_RANGE[1]:
            self._fitted = False
            self.box.scaleBy((1.0 / factor, 1.0 / factor), center=QPointF(*self.to_image(at)))
            self.view_changed.emit()
            self.viewport().update()

    def pan_by(self, delta: QPointF) -> None:
        """Move the image by screen px."""
        if self.has_image:
            self._fitted = False
            transform = self._transform()
            x, y = -delta.x() / transform.m11(), -delta.y() / transform.m22()
            self.box.translateBy(x=x, y=y)
            self.view_changed.emit()
            self.viewport().update()

    # -- painting -----------------------------------------------------------------------------
    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Draw the layers over the image, in screen pixels."""
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for layer in self.layers:
            painter.save()
            layer.paint(painter, self)
            painter.restore()
        painter.restore()

    # -- events -------------------------------------------------------------------------------
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a fitted image fitted."""
        super().resizeEvent(event)
        if getattr(self, "_fitted", False) and self.has_image:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Frames; with Ctrl zoom at the pointer; with Alt turn."""
        delta = event.angleDelta()
        notches = (delta.y() or delta.x()) / 120.0
        modifiers = event.modifiers()
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(ZOOM_PER_NOTCH**notches, event.position())
        else:
            steps = -int(np.sign(notches)) * max(1, round(abs(notches)))
            if modifiers & Qt.KeyboardModifier.AltModifier:
                self.turned.emit(-steps)
            else:
                fast = modifiers & Qt.KeyboardModifier.ShiftModifier
                self.stepped.emit(steps * (10 if fast else 1))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a gesture starts; another button pressed meanwhile changes nothing."""
        event.accept()
        if self._press is not None:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._press = self._last = event.position()
        self._button = self._held = event.button()
        self._moved = False
        if self._space_down and self._button == Qt.MouseButton.LeftButton:
            self._button = Qt.MouseButton.MiddleButton
        self.claims_drag = False
        if self._button == Qt.MouseButton.LeftButton:
            x, y = self.to_image(event.position())
            self.pressed.emit(x, y, event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag: edit when a view claimed it, else window; right zooms, middle pans."""
        here = event.position()
        x, y = self.to_image(here)
        if self._press is None or self._last is None:
            self.hovered.emit(x, y)
            return
        step, self._last = here - self._last, here
        travelled = here - self._press
        if abs(travelled.x()) + abs(travelled.y()) > DRAG_STARTS_PX:
            self._moved = True
        if not self._moved:
            return
        if self._button == Qt.MouseButton.LeftButton:
            if self.claims_drag:
                self.dragged.emit(x, y, event.modifiers())
            else:
                self.windowed.emit(step.x() / 300.0, step.y() / 300.0)
        elif self._button == Qt.MouseButton.RightButton:
            self.zoom_by(1.01 ** -step.y(), self._press)
        else:
            self.pan_by(step)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag, or click."""
        event.accept()
        if event.button() != self._held:
            return
        if self._press is not None and self._button == Qt.MouseButton.LeftButton:
            x, y = self.to_image(event.position())
            if not self._moved:
                self.clicked.emit(x, y, event.modifiers())
            self.released.emit(x, y, event.modifiers())
        self._press = self._last = None
        self.claims_drag = False
        self._moved = self._moved and self._space_down

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Maximise or restore."""
        self.mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.claims_drag:
            self.maximise_asked.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self.hovered.emit(float("nan"), float("nan"))
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep the space bar for Space+drag; a mere press still plays."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
            and not event.modifiers()
        ):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space arms panning while it is held."""
        if event.key() == Qt.Key.Key_Space:
            self._space_down = True
            event.accept()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space without a drag plays or pauses."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            if self._space_down and not self._moved:
                self.play_asked.emit()
            self._space_down = self._moved = False
            event.accept()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Become the active view."""
        super().focusInEvent(event)
        self._moved = False
        self.focused.emit()
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Another view is active now."""
        super().focusOutEvent(event)
        self._space_down = False
        self.viewport().update()
