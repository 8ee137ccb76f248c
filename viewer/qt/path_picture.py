"""The vein in space: a small picture to be turned with the mouse, drawn by Qt's own painter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.qt import paint, theme, tokens
from viewer.qt.two_view_overlays import lost_color
from viewer.session.path_scene import Disc, Orbit, PathScene, disc_of, scene_of
from viewer.session.session import Session

HEIGHT = 270
MARGIN_PX = 10.0
KEY_STEP_PX = 10.0
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
_BAR_MM = (10, 20, 50, 100)


class PathPicture(QWidget):
    """Drag turns it, a double-click resets it, arrow keys turn it in steps."""

    turned = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.orbit = Orbit()
        self._scene: PathScene | None = None
        self._disc: Disc | None = None
        self._from: QPointF | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName("Vein in space")
        self.setToolTip("Drag to turn, double-click to reset; arrow keys turn it too")
        session.cursor_changed.connect(self.follow_cursor)

    def sizeHint(self) -> QSize:
        """As wide as the inspector lets it be."""
        return QSize(300, HEIGHT)

    @property
    def scene(self) -> PathScene | None:
        """What is drawn."""
        return self._scene

    @property
    def disc(self) -> Disc | None:
        """The shown frame's disc."""
        return self._disc

    def refresh(self) -> None:
        """Follow the review."""
        self._scene = scene_of(self._session)
        self._disc = disc_of(self._session, self._scene) if self._scene is not None else None
        self.update()

    def follow_cursor(self, *_: object) -> None:
        """Move the disc."""
        if self._scene is not None and self.isVisible():
            self._disc = disc_of(self._session, self._scene)
            self.update()

    def see_from(self, orbit: Orbit) -> None:
        """Look from elsewhere."""
        if orbit != self.orbit:
            self.orbit = orbit
            self.turned.emit(orbit.name)
            self.update()

    # -- pointer and keys ---------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn."""
        if self._from is not None:
            moved = event.position() - self._from
            self._from = event.position()
            self.see_from(self.orbit.turned(moved.x(), moved.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._from = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to AP."""
        self._from = None
        self.see_from(Orbit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys turn, Home resets."""
        steps = {
            Qt.Key.Key_Left: (-KEY_STEP_PX, 0.0),
            Qt.Key.Key_Right: (KEY_STEP_PX, 0.0),
            Qt.Key.Key_Up: (0.0, -KEY_STEP_PX),
            Qt.Key.Key_Down: (0.0, KEY_STEP_PX),
        }
        key = Qt.Key(event.key())
        if key in steps:
            self.see_from(self.orbit.turned(*steps[key]))
        elif key is Qt.Key.Key_Home:
            self.see_from(Orbit())
        else:
            super().keyPressEvent(event)

    # -- painting -----------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the path, what lies on it, and where left, head and back are."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(tokens.CANVAS))
        scene = self._scene
        if scene is not None:
            self._paint_path(painter, scene)
            for stretch in scene.stretches:
                color = tokens.SEGMENT_COLORS[stretch.kind]
                paint.stroke(painter, self._screen(stretch.points_mm), color, 6.0)
            self._paint_disc(painter)
            self._paint_names(painter, scene)
            self._paint_bar(painter)
        self._paint_axes(painter)
        painter.setFont(theme.caption(600))
        painter.setPen(QColor(tokens.TEXT_MID))
        painter.drawText(QPointF(12, 20), self.orbit.name)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.ACCENT), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    @property
    def px_per_mm(self) -> float:
        """Scale of the picture: all of the vein fits however it is turned."""
        room = min(self.width(), self.height()) / 2 - MARGIN_PX
        return room / self._scene.radius_mm if self._scene is not None else 1.0

    def _screen(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        seen = self.orbit.seen(points_mm)[:, :2] * self.px_per_mm
        return np.asarray(seen + np.array([self.width() / 2, self.height() / 2]))

    def _paint_path(self, painter: QPainter, scene: PathScene) -> None:
        """Farther parts are thinner and darker."""
        points = self._screen(scene.points_mm)
        depth = self.orbit.seen(scene.points_mm)[:, 2] / scene.radius_mm
        colours = self._session.two_views.colours
        for k in np.argsort(depth[:-1]).tolist():
            near = float(np.clip((depth[k] + 1) / 2, 0, 1))
            color = lost_color(float(scene.lost_percent[k])) if colours else QColor(tokens.TEXT_HI)
            color = color.darker(round(100 + 110 * (1 - near)))
            pen = QPen(color, 2.0 + 2.5 * near)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(QPointF(*points[k].tolist()), QPointF(*points[k + 1].tolist()))

    def _paint_disc(self, painter: QPainter) -> None:
        if self._disc is None:
            return
        fill = QColor(tokens.POSITION)
        fill.setAlphaF(0.35)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor(tokens.POSITION), 1.8))
        painter.drawPolygon(paint.polygon(self._screen(self._disc.rim_mm)))
        painter.setBrush(QColor(tokens.POSITION))
        painter.setPen(QPen(QColor(tokens.CANVAS), 1.0))
        painter.drawEllipse(QPointF(*self._screen(self._disc.center_mm[None])[0].tolist()), 3, 3)

    def _paint_names(self, painter: QPainter, scene: PathScene) -> None:
        for _, point in scene.landmarks:
            at = self._screen(point[None])[0].tolist()
            paint.diamond(painter, QPointF(*at), 4.5)
        painter.setFont(theme.caption())
        painter.setPen(QColor(tokens.TEXT_LOW))
        ends = self._screen(scene.points_mm[[0, -1]])
        for (x, y), word in zip(ends.tolist(), ("central", "peripheral"), strict=True):
            box = QRectF(x + 10, y - 8, 90, 16)
            if box.right() > self.width():
                box.moveRight(x - 10)
                side = Qt.AlignmentFlag.AlignRight
            else:
                side = Qt.AlignmentFlag.AlignLeft
            painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, word)

    def _paint_axes(self, painter: QPainter) -> None:
        """Three axes in the corner; the end towards the onlooker is bright."""
        middle = QPointF(36, self.height() - 36)
        painter.setFont(theme.caption(600))
        ends = []
        for axis, letters in enumerate(_LETTERS):
            for sign, letter in zip((1.0, -1.0), letters, strict=True):
                unit = np.zeros(3)
                unit[axis] = sign
                right, down, near = self.orbit.seen(unit[None])[0].tolist()
                ends.append((near, right, down, letter))
        for near, right, down, letter in sorted(ends):
            color = QColor(tokens.TEXT_HI if near > -0.2 else tokens.TEXT_LOW)
            if abs(right) + abs(down) < 0.25 and near < 0:
                continue  # hidden behind its other end
            tip = QPointF(middle.x() + 18 * right, middle.y() + 18 * down)
            painter.setPen(QPen(color, 1.4))
            painter.drawLine(middle, tip)
            box = QRectF(middle.x() + 26 * right - 8, middle.y() + 26 * down - 8, 16, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)

    def _paint_bar(self, painter: QPainter) -> None:
        room = self.width() / 4
        length = max((mm for mm in _BAR_MM if mm * self.px_per_mm <= room), default=_BAR_MM[0])
        right, y = self.width() - 12.0, self.height() - 14.0
        left = right - length * self.px_per_mm
        painter.setPen(QPen(QColor(tokens.TEXT_MID), 1.5))
        for a, b in (
            (QPointF(left, y), QPointF(right, y)),
            (QPointF(left, y - 3), QPointF(left, y + 3)),
            (QPointF(right, y - 3), QPointF(right, y + 3)),
        ):
            painter.drawLine(a, b)
        painter.setFont(theme.caption())
        box = QRectF(right - 80, y - 20, 80, 14)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"{length} mm")
