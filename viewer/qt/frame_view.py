"""One image with zoom and pan, and layers drawn over it in screen pixels.

(0, 0) is the centre of the top-left pixel, so the image begins half a pixel before it.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
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


class FrameView(QWidget):
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
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image: QImage | None = None
        self._still: QPixmap | None = None
        self._drawn: QTransform | None = None
        self._shape: tuple[int, int] = (0, 0)
        self._aspect = 1.0
        self._zoom = 1.0
        self._turn_deg = 0.0
        self._field: tuple[float, float, float] | None = None
        self._middle = QPointF()
        self.layers: list[Layer] = []
        self.claims_drag = False
        self._press: QPointF | None = None
        self._last: QPointF | None = None
        self._button = self._held = Qt.MouseButton.NoButton
        self._moved = False
        self._space_down = False
        self._fitted = True

    def viewport(self) -> QWidget:
        """What is painted on and gets the pointer: the whole widget."""
        return self

    # -- pixels -------------------------------------------------------------------------------
    def set_pixels(self, pixels: NDArray[np.uint8] | None, aspect: float = 1.0) -> None:
        """Show a frame: uint8, (rows, columns) or (rows, columns, 3); None shows nothing.

        `aspect` is the height of a pixel over its width.
        """
        self._still = self._drawn = None
        if pixels is None:
            self._image = None
            self.update()
            return
        self._image = _to_image(pixels)
        shape = pixels.shape[:2]
        if shape != self._shape or aspect != self._aspect:
            self._shape = (int(shape[0]), int(shape[1]))
            self._aspect = aspect
            self.fit()
        self.update()

    @property
    def has_image(self) -> bool:
        """Whether a frame is shown."""
        return self._image is not None

    def fit(self) -> None:
        """Fit the whole image into the view; of a turned one, its round field."""
        rows, columns = self._shape
        if rows and columns:
            self._fitted = True
            if self._field is not None:
                x, y, radius = self._field
                self._zoom = max(1e-6, min(self.width(), self.height()) / (2 * radius))
                self._middle = QPointF(x, y)
            else:
                across, down = self.width() / columns, self.height() / rows / self._aspect
                self._zoom = max(1e-6, min(across, down))
                self._middle = QPointF((columns - 1) / 2, (rows - 1) / 2)
            self.update()
            self.view_changed.emit()

    def set_turn(self, turn_deg: float, field: tuple[float, float, float] | None = None) -> None:
        """Show the image turned clockwise; all overlays and gestures stay in image pixels.

        `field` is (x, y, radius) of the round part that counts, px along x; a turned image is
        fitted by it, so that its size does not change with the angle. None shows it as it is.
        """
        if (turn_deg, field) == (self._turn_deg, self._field):
            return
        refit = field != self._field and self._fitted
        self._turn_deg, self._field = turn_deg, field
        self._still = self._drawn = None
        if refit:
            self.fit()
        else:
            self.view_changed.emit()
            self.update()

    @property
    def turn_deg(self) -> float:
        """By how much the image is turned clockwise, deg."""
        return self._turn_deg

    # -- coordinates --------------------------------------------------------------------------
    def _transform(self) -> QTransform:
        across, down = self._zoom, self._zoom * self._aspect
        cos, sin = self._cos_sin()
        m11, m12, m21, m22 = cos * across, sin * across, -sin * down, cos * down
        x, y = self._middle.x(), self._middle.y()
        dx = self.width() / 2 - x * m11 - y * m21
        dy = self.height() / 2 - x * m12 - y * m22
        return QTransform(m11, m12, m21, m22, dx, dy)

    def _cos_sin(self) -> tuple[float, float]:
        """Of the turn; exact for quarter turns, above all for none."""
        quarter, rest = divmod(self._turn_deg, 90.0)
        if rest:
            angle = math.radians(self._turn_deg)
            return math.cos(angle), math.sin(angle)
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarter) % 4]

    def to_screen(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Image points (n, 2) to screen points (n, 2), logical px of this widget."""
        t = self._transform()
        if not self._turn_deg:
            return np.asarray(points_px * (t.m11(), t.m22()) + (t.dx(), t.dy()), dtype=np.float64)
        turned = np.array([[t.m11(), t.m12()], [t.m21(), t.m22()]])
        return np.asarray(points_px @ turned + (t.dx(), t.dy()), dtype=np.float64)

    def point_to_screen(self, point_px: tuple[float, float]) -> QPointF:
        """One image point on the screen."""
        return self._transform().map(QPointF(*point_px))

    def to_image(self, position: QPointF) -> tuple[float, float]:
        """A screen position in image px."""
        t = self._transform()
        x, y = position.x() - t.dx(), position.y() - t.dy()
        if not self._turn_deg:
            return x / t.m11(), y / t.m22()
        cos, sin = self._cos_sin()
        across, down = self._zoom, self._zoom * self._aspect
        return (cos * x + sin * y) / across, (cos * y - sin * x) / down

    @property
    def zoom(self) -> float:
        """Screen px per image px, along the image's x."""
        return self._zoom

    # -- zoom and pan -------------------------------------------------------------------------
    def zoom_by(self, factor: float, at: QPointF) -> None:
        """Zoom, keeping the image point under `at` where it is."""
        target = self._zoom * factor
        if self.has_image and ZOOM_RANGE[0] <= target <= ZOOM_RANGE[1]:
            self._fitted = False
            fixed = QPointF(*self.to_image(at))
            self._zoom = target
            self._middle = fixed + (self._middle - fixed) / factor
            self.view_changed.emit()
            self.update()

    def pan_by(self, delta: QPointF) -> None:
        """Move the image by screen px."""
        if self.has_image:
            self._fitted = False
            moved, still = self.to_image(delta), self.to_image(QPointF())
            self._middle -= QPointF(moved[0] - still[0], moved[1] - still[1])
            self.view_changed.emit()
            self.update()

    # -- painting -----------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image, and the layers over it in screen pixels."""
        transform = self._transform()
        if self._drawn == transform and self._still is None:
            self._still = self._paint_still(transform)
        with QPainter(self) as painter:
            if self._drawn == transform and self._still is not None:
                painter.drawPixmap(0, 0, self._still)
            else:
                self._paint_image(painter, transform)
                self._drawn, self._still = transform, None
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            for layer in self.layers:
                painter.save()
                layer.paint(painter, self)
                painter.restore()

    def _paint_image(self, painter: QPainter, transform: QTransform) -> None:
        """The image where the transform has it, black around it."""
        if self._image is None:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
            return
        rows, columns = self._shape
        if self._turn_deg:
            self._paint_turned(painter, transform)
            return
        place = transform.mapRect(QRectF(-0.5, -0.5, columns, rows))
        inside = place.toAlignedRect().adjusted(1, 1, -1, -1)
        painter.setClipRegion(QRegion(self.rect()).subtracted(QRegion(inside)))
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(place, self._image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)

    def _paint_turned(self, painter: QPainter, transform: QTransform) -> None:
        """The turned image on black."""
        if self._image is None:
            return
        rows, columns = self._shape
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.save()
        painter.setTransform(transform, True)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(QRectF(-0.5, -0.5, columns, rows), self._image)
        painter.restore()

    def _paint_still(self, transform: QTransform) -> QPixmap:
        """The image as it lies on the screen: layers move over it without scaling it again."""
        ratio = self.devicePixelRatioF()
        still = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        still.setDevicePixelRatio(ratio)
        with QPainter(still) as painter:
            self._paint_image(painter, transform)
        return still

    # -- events -------------------------------------------------------------------------------
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a fitted image fitted."""
        super().resizeEvent(event)
        self._still = self._drawn = None
        if self._fitted:
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
            self._press = self._last = None  # its end is no click
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
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Another view is active now."""
        super().focusOutEvent(event)
        self._space_down = False
        self.update()


def _to_image(pixels: NDArray[np.uint8]) -> QImage:
    """A picture of its own, 32 bits a pixel: Qt scales those twice as fast as 8-bit grey."""
    rows, columns = pixels.shape[:2]
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    solid = np.ascontiguousarray(pixels)
    image = QImage(solid.data, columns, rows, solid.strides[0], form)
    return image.convertToFormat(QImage.Format.Format_RGB32)
