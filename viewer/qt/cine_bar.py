"""The bar under a pane: play, step, rate, scrubber with what is loaded and what is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from viewer.qt import theme, tokens
from viewer.qt.cine_place import Place
from viewer.qt.icons import icon
from viewer.session.frame_words import frames_words, stretches_of

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
GRIP_PX = 7.0
EDGE_HIT_PX = 6.0
Mark = tuple[int, int, str, str]
"""A segment on the groove: first and last frame, colour, id."""
_ZEROS = str.maketrans("123456789", "000000000")


class Scrubber(QWidget):
    """A slider over frames; drags go to `moved`, with Shift or an armed tool to `stretched`."""

    moved = Signal(int)
    stretch_begun = Signal(int)
    stretched = Signal(int)
    stretch_ended = Signal()
    edge_taken = Signal(str, str)
    edge_moved = Signal(int)
    edge_let_go = Signal()
    loop_moved = Signal(int, int)
    loop_ended = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setMinimumSize(60, 28)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self._frames = 0
        self._frame = 0
        self._cached: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self._bad: tuple[int, ...] = ()
        self._marks: tuple[Mark, ...] = ()
        self._points: tuple[int, ...] = ()
        self._checks: tuple[tuple[int, int], ...] = ()
        self._curve: tuple[tuple[int, ...], NDArray[np.float64]] = ((), np.zeros(0))
        self.draws_segments = False
        self._stretching = self._on_edge = False
        self._loop: tuple[int, int] | None = None
        self._loop_grip = ""
        self._still: QPixmap | None = None  # everything but the grip, kept while it holds

    def _draw_anew(self) -> None:
        self._still = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw for the new room."""
        self._draw_anew()

    def set_frames(self, frames: int) -> None:
        """How many frames there are."""
        self._frames = frames
        self._draw_anew()

    def set_frame(self, frame: int) -> None:
        """The 0-based frame that is shown."""
        if frame != self._frame:
            self._frame = frame
            self.update()

    def set_cached(self, cached: NDArray[np.bool_]) -> None:
        """Which frames are decoded, bool (frames,)."""
        if not np.array_equal(cached, self._cached):
            self._cached = cached
            self._draw_anew()

    def set_bad(self, frames: tuple[int, ...]) -> None:
        """Frames (0-based) that can't be read: red on the groove, and named in its tip."""
        if frames != self._bad:
            self._bad = frames
            self.setToolTip(f"Can't be read: {frames_words(frames)}" if frames else "")
            self._draw_anew()

    def set_marks(self, stretches: tuple[Mark, ...], points: tuple[int, ...]) -> None:
        """Stretches and key frames drawn on the groove."""
        if (stretches, points) != (self._marks, self._points):
            self._marks, self._points = stretches, points
            self._draw_anew()

    def set_checks(self, stretches: tuple[tuple[int, int], ...]) -> None:
        """First and last frames whose borders should be looked at, dashed above the groove."""
        if stretches != self._checks:
            self._checks = stretches
            self._draw_anew()

    def set_curve(self, frames: Sequence[int], density: Sequence[float] | NDArray[Any]) -> None:
        """The run's contrast over its frames, drawn thinly over the groove; empty for none."""
        values = np.asarray(density, np.float64)
        if tuple(frames) != self._curve[0] or not np.array_equal(values, self._curve[1]):
            self._curve = (tuple(frames), values)
            self._draw_anew()

    def _draw_curve(self, painter: QPainter, groove: float) -> None:
        frames, values = self._curve
        top = float(values.max(initial=0.0))
        if len(frames) < 2 or top <= 0.0 or frames[-1] >= self._frames:
            return
        room = groove - 4.0
        heights = np.clip(values / top, 0.0, 1.0) * (room - 2.0)
        line = [
            QPointF(self._x_of(frame), room - height)
            for frame, height in zip(frames, heights.tolist(), strict=True)
        ]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.TEXT_LOW), 1.2))
        painter.drawPolyline(QPolygonF(line))

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """First and last 0-based frame that are played, None when it is not a part only."""
        if loop != self._loop:
            self._loop = loop
            self._draw_anew()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(240, 28)

    def _x_of(self, frame: float) -> float:
        room = self.width() - 2 * GRIP_PX
        return GRIP_PX + room * frame / max(1, self._frames - 1)

    def _frame_at(self, x: float) -> int:
        room = max(1.0, self.width() - 2 * GRIP_PX)
        frame = round((x - GRIP_PX) / room * (self._frames - 1))
        return max(0, min(frame, self._frames - 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Groove, loaded ranges and marks as kept, and the grip."""
        ratio = self.devicePixelRatioF()
        if self._still is None or self._still.devicePixelRatio() != ratio:
            self._still = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(Qt.GlobalColor.transparent)
            still = QPainter(self._still)
            still.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_still(still)
            still.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        if self._frames:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.POSITION))
            painter.drawEllipse(QPointF(self._x_of(self._frame), self.height() / 2), 6, 6)

    def _draw_still(self, painter: QPainter) -> None:
        middle = self.height() / 2
        groove = QRectF(GRIP_PX, middle - 2, self.width() - 2 * GRIP_PX, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.LINE2))
        painter.drawRoundedRect(groove, 2, 2)
        if not self._frames:
            return
        self._draw_curve(painter, middle)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.FILL))
        for first, last in _stretches(self._cached):
            left, right = self._x_of(first), self._x_of(last)
            painter.drawRect(QRectF(left, middle - 2, max(1.0, right - left), 4))
        painter.setBrush(QColor(tokens.ERROR))
        half = 0.5 * max(2.0, self._x_of(1) - self._x_of(0))
        for first, last in stretches_of(self._bad):
            left, right = self._x_of(first) - half, self._x_of(last) + half
            painter.drawRect(QRectF(left, middle - 4, right - left, 8))
        for first, last, color, _ in self._marks:
            painter.setBrush(QColor(color))
            left, right = self._x_of(first), self._x_of(last)
            painter.drawRect(QRectF(left, middle + 4, max(2.0, right - left), 3))
            for x in (left, right):
                painter.drawRect(QRectF(x - 1.0, middle + 2, 2.0, 9))
        painter.setBrush(QColor(tokens.LUMEN))
        for first, last in self._checks:
            left, right = self._x_of(first) - half, self._x_of(last) + half
            painter.drawRect(QRectF(left, middle - 6, right - left, 2))
        self._draw_loop(painter, middle)
        painter.setBrush(QColor(tokens.WARN))
        for point in self._points:
            painter.drawEllipse(QPointF(self._x_of(point), middle - 7), 2.2, 2.2)

    def _draw_loop(self, painter: QPainter, middle: float) -> None:
        """Brackets above the groove around the frames that are played."""
        if self._loop is None:
            return
        painter.setBrush(QColor(tokens.ACCENT))
        left, right = (self._x_of(frame) for frame in self._loop)
        painter.drawRect(QRectF(left, middle - 2, max(1.0, right - left), 4))
        for x, inwards in ((left, 1), (right, -1)):
            painter.drawRect(QRectF(x - 1.0, middle - 12, 2.0, 15))
            painter.drawRect(QRectF(min(x, x + 5 * inwards), middle - 12, 5.0, 2.0))

    def _loop_grip_at(self, at: QPointF) -> str:
        """Which bracket of the loop is under the pointer: above the groove, within a few px."""
        if self._loop is None or at.y() > self.height() / 2 - 2:
            return ""
        away = [abs(self._x_of(frame) - at.x()) for frame in self._loop]
        if min(away) > EDGE_HIT_PX:
            return ""
        return "start" if away[0] <= away[1] and away[0] <= EDGE_HIT_PX else "end"

    def _move_loop(self, frame: int) -> None:
        if self._loop is None:
            return
        first, last = self._loop
        if self._loop_grip == "start":
            self.loop_moved.emit(min(frame, last - 1), last)
        else:
            self.loop_moved.emit(first, max(frame, first + 1))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Start or end the loop at the frame under the pointer, or play all again."""
        if self._frames < 2:
            return
        frame = self._frame_at(event.pos().x())
        first, last = self._loop or (0, self._frames - 1)
        menu = QMenu(self)
        start = menu.addAction(f"Loop from frame {frame + 1}")
        start.setEnabled(frame < self._frames - 1)
        end_at = last if last > frame else self._frames - 1
        start.triggered.connect(lambda: self.loop_moved.emit(frame, end_at))
        end = menu.addAction(f"Loop up to frame {frame + 1}")
        end.setEnabled(frame > 0)
        start_at = first if first < frame else 0
        end.triggered.connect(lambda: self.loop_moved.emit(start_at, frame))
        whole = menu.addAction("Play all frames")
        whole.setEnabled(self._loop is not None)
        whole.triggered.connect(self.loop_ended)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _edge_at(self, at: QPointF) -> tuple[str, str] | None:
        """Segment and edge under the pointer: below the groove, within a few px."""
        if at.y() < self.height() / 2 + 2:
            return None
        near = [
            (abs(self._x_of(frame) - at.x()), mark[3], part)
            for mark in self._marks
            for frame, part in ((mark[0], "start"), (mark[1], "end"))
        ]
        near = [item for item in near if item[0] <= EDGE_HIT_PX]
        return min(near)[1:] if near else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there, take hold of a segment's edge, or start marking a stretch."""
        if event.button() != Qt.MouseButton.LeftButton or not self._frames:
            return
        frame = self._frame_at(event.position().x())
        self._loop_grip = self._loop_grip_at(event.position())
        if self._loop_grip:
            return
        edge = None if self.draws_segments else self._edge_at(event.position())
        if edge is not None:
            self._on_edge = True
            self.edge_taken.emit(*edge)
            return
        if self.draws_segments:
            self._stretching = True
            self.stretch_begun.emit(frame)
        else:
            self.moved.emit(frame)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, stretch, or move an edge."""
        if not event.buttons() & Qt.MouseButton.LeftButton or not self._frames:
            over = not self.draws_segments and self._edge_at(event.position()) is not None
            over = over or bool(self._loop_grip_at(event.position()))
            shape = Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            return
        frame = self._frame_at(event.position().x())
        if self._loop_grip:
            self._move_loop(frame)
            return
        if self._on_edge:
            self.edge_moved.emit(frame)
            return
        (self.stretched if self._stretching else self.moved).emit(frame)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End marking a stretch, or moving an edge."""
        self._loop_grip = ""
        if self._on_edge:
            self._on_edge = False
            self.edge_let_go.emit()
        if self._stretching:
            self._stretching = False
            self.stretch_ended.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave keys to the pane's actions."""
        event.ignore()


def _stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    if not mask.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


class CineBar(QWidget):
    """Play, step, rate and scrubber of one pane."""

    play_asked = Signal()
    step_asked = Signal(int)
    ends_asked = Signal(bool)
    speed_asked = Signal(float)
    rate_asked = Signal()
    sweep_asked = Signal(bool)

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(40)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 12, 4)
        row.setSpacing(4)
        self._back = self._button("ph.skip-back", f"Step back, {what}", lambda: self._step(-1))
        self.play = self._button("ph.play", f"Play or pause, {what}", self.play_asked.emit)
        self._on = self._button("ph.skip-forward", f"Step on, {what}", lambda: self._step(1))
        self.rate = QToolButton(self)
        self.rate.setAccessibleName(f"Speed, {what}")
        self.rate.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.rate.setMinimumHeight(28)
        self.rate.setMenu(self._speed_menu())
        self.scrubber = Scrubber(f"Frame, {what}", self)
        self.place = Place(self)
        self._widest = (0, 0)
        for widget in (self._back, self.play, self._on, self.rate):
            row.addWidget(widget)
        self._row = row
        row.addSpacing(6)
        row.addWidget(self.scrubber, 1)
        row.addSpacing(6)
        row.addWidget(self.place)
        self.set_playing(False)
        self.set_way(False, None)

    def _button(self, glyph: str, name: str, act: object) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(glyph, tokens.TEXT_HI, 16))
        button.setFixedSize(30, 30)
        button.setAutoRaise(True)
        button.setAccessibleName(name)
        button.setToolTip(name.split(",")[0])
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(act)
        return button

    def add_button(
        self, glyph: str, name: str, act: object, *, checkable: bool = False
    ) -> QToolButton:
        """Add an icon button at the right end."""
        button = self._button(glyph, name, act)
        button.setIcon(icon(glyph, tokens.TEXT_MID, 16, on_color=tokens.ACCENT))
        button.setCheckable(checkable)
        self._row.addWidget(button)
        return button

    def _step(self, step: int) -> None:
        self.step_asked.emit(step)

    def _speed_menu(self) -> QMenu:
        menu = QMenu(self)
        for speed in SPEEDS:
            entry = menu.addAction(f"{speed:g} ×")
            entry.triggered.connect(lambda _=False, s=speed: self.speed_asked.emit(s))
        menu.addSeparator()
        self.sweep = menu.addAction("Sweep: forth and back")
        self.sweep.setCheckable(True)
        self.sweep.triggered.connect(self.sweep_asked)
        menu.addSeparator()
        menu.addAction("Set frame rate…").triggered.connect(self._ask_rate)
        return menu

    def _ask_rate(self) -> None:
        self.rate_asked.emit()

    def set_playing(self, playing: bool) -> None:
        """Show play or pause."""
        self.play.setIcon(icon("ph.pause" if playing else "ph.play", tokens.TEXT_HI, 18))

    def set_way(self, sweeps: bool, trim: tuple[int, int] | None) -> None:
        """Forth and back or not, and the 0-based frames the file wants played, if not all."""
        self.sweep.setChecked(sweeps)
        tip = "Playing speed; the rate that is shown is the rate that is played"
        if trim is not None:
            tip += f"\nThe file wants frames {trim[0] + 1}–{trim[1] + 1} played; the others stay"
            tip += " within reach of the slider and the keys"
        if tip != self.rate.toolTip():
            self.rate.setToolTip(tip)

    def set_rate_text(self, text: str) -> None:
        """The rate as played, or "rate unknown"."""
        if text != self.rate.text():
            self.rate.setText(text)
            room = max(self.rate.minimumWidth(), self.rate.sizeHint().width())
            self.rate.setMinimumWidth(room)  # never narrower again: the scrubber stands still

    def set_place(self, frame: int, frames: int, time_text: str) -> None:
        """Frame (0-based), of how many, and its time."""
        room = time_text and time_text.translate(_ZEROS).rjust(8, "0")  # 0000.00 s
        widest = (frames, len(room))
        if widest > self._widest:
            self._widest = widest
            words = f"{frames} / {frames}  {room} "
            self.place.setFixedWidth(QFontMetrics(theme.font(12, 600)).horizontalAdvance(words))
        self.place.set_line(
            (
                (f"{frame + 1}", tokens.TEXT_HI, True),
                (f" / {frames}", tokens.TEXT_LOW, False),
                (f"  {time_text}", tokens.TEXT_MID, False),
            )
        )
