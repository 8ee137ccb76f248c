"""The graph of a pullback's speed over time, and of the ± of its places below it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from viewer.qt import paint, theme, tokens
from viewer.qt.focus_ring import RINGED
from viewer.qt.graph_axes import dotted, round_up, say, ticks
from viewer.session.pull_speed import TARGET_MM, SpeedReading, speed_reading
from viewer.session.session import Session
from viewer.session.state import Selection

LEFT_PX, RIGHT_PX, MARKS_PX, AXIS_PX, GAP_PX = 58.0, 22.0, 30.0, 22.0, 26.0
SPEED_SHARE = 0.62
"""Of the height that both graphs share."""

GRAB_PX = 7.0
WORDS_PX = 160.0
"""Room for the words beside the shown frame's line."""

IMAGE_GREY = "#9AA6B8"
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
Values = NDArray[np.float64]


class SpeedGraph(QWidget):
    """Speed and ± over time; the white line is the shown frame and can be dragged."""

    focused = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.reading: SpeedReading | None = None
        self.shows = {"constant": True, "anchors": True, "image": True, "used": True}
        self._still: QPixmap | None = None
        self.setAccessibleName("Pullback speed")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def refresh(self) -> None:
        """Read the session again."""
        self.reading = speed_reading(self._session)
        self._still = None
        self.update()

    def show_curve(self, name: str, on: bool) -> None:
        """Draw a curve, or not."""
        self.shows[name] = on
        self._still = None
        self.update()

    # -- geometry -----------------------------------------------------------------------------
    @property
    def speed_area(self) -> QRectF:
        """Where speeds are drawn."""
        return self._area(0.0, SPEED_SHARE)

    @property
    def band_area(self) -> QRectF:
        """Where ± is drawn."""
        return self._area(SPEED_SHARE, 1.0)

    def _area(self, first: float, last: float) -> QRectF:
        height = max(20.0, self.height() - MARKS_PX - AXIS_PX - GAP_PX)
        top = MARKS_PX + first * height + (GAP_PX if first else 0.0)
        width = self.width() - LEFT_PX - RIGHT_PX
        return QRectF(LEFT_PX, top, max(10.0, width), (last - first) * height)

    def x_of(self, frame: int) -> float:
        """Screen x of a 0-based frame."""
        reading = self.reading
        if reading is None:
            return LEFT_PX
        low, high = float(reading.x[0]), float(reading.x[-1])
        share = (float(reading.x[frame]) - low) / max(high - low, 1e-9)
        return LEFT_PX + share * self.speed_area.width()

    def frame_of(self, x: float) -> int:
        """The frame nearest to a screen x."""
        reading = self.reading
        if reading is None:
            return 0
        share = (x - LEFT_PX) / self.speed_area.width()
        low, high = float(reading.x[0]), float(reading.x[-1])
        return int(np.argmin(np.abs(reading.x - (low + share * (high - low)))))

    # -- painting -----------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """The kept picture of everything still, then the shown frame."""
        if self._still is None:
            self._still = self._paint_still()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_now(painter)

    def _paint_still(self) -> QPixmap:
        still = paint.blank(self.width(), self.height(), self.devicePixelRatioF())
        still.fill(QColor(tokens.APP))
        painter = QPainter(still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        reading = self.reading
        if reading is None:
            say(painter, QRectF(self.rect()), "No IVUS pullback: nothing to show yet.")
        else:
            top = round_up(max(reading.fastest * 1.08, 1e-6))
            self._paint_time(painter, reading)
            self._paint_stretches(painter, reading)
            self._paint_speed(painter, reading, top)
            self._paint_band(painter, reading)
            self._paint_marks(painter, reading)
        painter.end()
        return still

    def _paint_time(self, painter: QPainter, reading: SpeedReading) -> None:
        area, band = self.speed_area, self.band_area
        painter.setFont(theme.font(11))
        low, high = float(reading.x[0]), float(reading.x[-1])
        for value in ticks(low, high, max(2, int(area.width() / 90))):
            x = area.left() + (value - low) / max(high - low, 1e-9) * area.width()
            painter.setPen(QPen(QColor(tokens.LINE2), 1))
            painter.drawLine(QLineF(x, band.bottom(), x, band.bottom() + 4))
            painter.setPen(QColor(tokens.TEXT_LOW))
            unit = f" {reading.x_unit}" if reading.x_unit == "s" else ""
            box = QRectF(x - 40, band.bottom() + 5, 80, 15)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:g}{unit}")

    def _paint_axis(
        self, painter: QPainter, area: QRectF, top: float, unit: str, count: int
    ) -> None:
        painter.setFont(theme.font(11))
        for value in ticks(0.0, top, count):
            y = area.bottom() - value / top * area.height()
            painter.setPen(QPen(QColor(tokens.LINE), 1))
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
            painter.setPen(QColor(tokens.TEXT_LOW))
            painter.drawText(QRectF(0, y - 8, LEFT_PX - 8, 16), _RIGHT, f"{value:g}")
        painter.setPen(QColor(tokens.TEXT_LOW))
        painter.drawText(QRectF(0, area.top() - 20, LEFT_PX - 8, 16), _RIGHT, unit)

    def _paint_stretches(self, painter: QPainter, reading: SpeedReading) -> None:
        area = self.speed_area
        ink = QColor(tokens.INPUT)
        for item in reading.stretches:
            left, right = self.x_of(item.first), self.x_of(item.last)
            box = QRectF(left, area.top(), max(3.0, right - left), area.height())
            painter.fillRect(box, QBrush(ink, Qt.BrushStyle.BDiagPattern))
            painter.setFont(theme.font(11))
            width = theme.text_width(item.word, theme.font(11))
            word = QRectF(box.center().x() - width / 2 - 4, area.top() + 2, width + 8, 16)
            painter.fillRect(word, QColor(tokens.APP))
            painter.setPen(QColor(tokens.TEXT_MID))
            painter.drawText(word, Qt.AlignmentFlag.AlignCenter, item.word)

    def _paint_speed(self, painter: QPainter, reading: SpeedReading, top: float) -> None:
        area = self.speed_area
        if reading.used is None:
            why = "Speeds show once two landmarks link the pullback to the vein."
            say(painter, area, why)
            return
        self._paint_axis(painter, area, top, reading.unit, max(2, int(area.height() / 36)))

        def y(speed: float) -> float:
            return area.bottom() - min(speed / top, 1.06) * area.height()

        painter.setBrush(Qt.BrushStyle.NoBrush)
        if reading.image is not None and self.shows["image"]:
            painter.setPen(QPen(QColor(IMAGE_GREY), 1.2))
            painter.drawPolyline(self._curve(reading.image, area, top))
        if reading.constant is not None and self.shows["constant"]:
            pen = QPen(QColor(tokens.TEXT_LOW), 1.2)
            pen.setDashPattern([5, 4])
            painter.setPen(pen)
            level = y(reading.constant)
            painter.drawLine(QLineF(area.left(), level, area.right(), level))
        if self.shows["used"]:
            painter.setPen(QPen(QColor(tokens.POSITION), 1.4))
            painter.drawPolyline(self._curve(reading.used, area, top))
        if self.shows["anchors"] and reading.steps:
            painter.setPen(QPen(QColor(tokens.LANDMARK), 2.2))
            points: list[QPointF] = []
            for first, last, speed in reading.steps:
                points += [QPointF(self.x_of(first), y(speed)), QPointF(self.x_of(last), y(speed))]
            painter.drawPolyline(QPolygonF(points))

    def _paint_band(self, painter: QPainter, reading: SpeedReading) -> None:
        area = self.band_area
        if reading.half_band is None:
            return
        both = [reading.half_band] + ([reading.before] if reading.before is not None else [])
        top = max(float(np.max(curve)) for curve in both) * 1.15
        target = TARGET_MM if reading.length_unit == "mm" else None
        top = round_up(max(top, 1.3 * target if target else 1e-6))
        self._paint_axis(
            painter, area, top, f"± {reading.length_unit}", max(2, int(area.height() / 26))
        )
        curve = self._curve(reading.half_band, area, top)
        filled = QPolygonF(curve)
        filled.append(area.bottomRight())
        filled.append(area.bottomLeft())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(tokens.POSITION, 0.20))
        painter.drawPolygon(filled)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.POSITION), 1.6))
        painter.drawPolyline(curve)
        painter.setFont(theme.font(11))
        if reading.before is not None:
            painter.setPen(dotted(tokens.TEXT_HI, 1.3))
            painter.drawPolyline(self._curve(reading.before, area, top))
            at = int(np.argmax(reading.before - reading.half_band))
            level = area.bottom() - float(reading.before[at]) / top * area.height()
            box = QRectF(self.x_of(at) - 140, max(area.top() - 16, level - 17), 280, 15)
            painter.setPen(QColor(tokens.TEXT_MID))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "before this anchor")
        if target is not None:
            level = area.bottom() - target / top * area.height()
            painter.setPen(dotted(tokens.OK, 1.2))
            painter.drawLine(QLineF(area.left(), level, area.right(), level))

    def _paint_marks(self, painter: QPainter, reading: SpeedReading) -> None:
        chosen = self._session.selection.id
        right_of_last = -math.inf
        names: list[tuple[float, str, bool]] = []
        for mark in reading.marks:
            x = self.x_of(mark.frame)
            held = mark.id in (chosen, "pending")
            painter.setPen(dotted(tokens.LANDMARK, 1.0, 0.75))
            painter.drawLine(QLineF(x, MARKS_PX - 6, x, self.band_area.bottom()))
            paint.diamond(painter, QPointF(x, 14), 6.5 if held else 5.5, mark.id == "pending")
            names.append((x, mark.name, held))
        for n, (x, name, held) in enumerate(names):
            room = (names[n + 1][0] if n + 1 < len(names) else self.width() + 0.0) - x - 22
            font = theme.font(11, 600 if held else 500)
            painter.setFont(font)
            shown = painter.fontMetrics().elidedText(
                name, Qt.TextElideMode.ElideRight, max(0, int(room))
            )
            whole = theme.text_width(name, font)
            if shown != name and x - 12 - whole > right_of_last:  # at the edge: left of its mark
                painter.setPen(QColor(tokens.TEXT_HI))
                painter.drawText(QPointF(x - 12 - whole, 18), name)
                right_of_last = x + 8
            elif len(shown) > 3 and x + 12 > right_of_last:
                painter.setPen(QColor(tokens.TEXT_HI))
                painter.drawText(QPointF(x + 12, 18), shown)
                right_of_last = x + 12 + theme.text_width(shown, font)

    def _curve(self, values: Values, area: QRectF, top: float) -> QPolygonF:
        reading = self.reading
        if reading is None:
            return QPolygonF()
        step = max(1, len(values) // max(200, int(area.width())))
        low, high = float(reading.x[0]), float(reading.x[-1])
        xs = area.left() + (reading.x[::step] - low) / max(high - low, 1e-9) * area.width()
        ys = area.bottom() - np.minimum(values[::step] / top, 1.06) * area.height()
        return paint.polygon(np.column_stack((xs, ys)))

    def _paint_now(self, painter: QPainter) -> None:
        reading = self.reading
        if reading is None:
            return
        frame = min(self._session.cursor.pullback_frame, len(reading.x) - 1)
        x = self.x_of(frame)
        painter.setPen(QPen(QColor(tokens.POSITION), 1.6))
        painter.drawLine(QLineF(x, MARKS_PX - 2, x, self.band_area.bottom()))
        if reading.half_band is not None and reading.length_unit == "mm":
            self._paint_target(painter, x)
        if reading.used is None:
            return
        words = f"{reading.used[frame]:.1f} {reading.unit}"
        if reading.half_band is not None:
            digits = 1 if reading.length_unit == "mm" else 0
            words += f" · ± {reading.half_band[frame]:.{digits}f} {reading.length_unit}"
        width = paint.text_width([(words, tokens.TEXT_HI, True)], 11) + 12
        right = x + 6 + width > self.width() - 4
        box = QRectF(x - 6 - width if right else x + 6, self.band_area.top() - 21, width, 18)
        paint.scrim(painter, box)
        line = [(words, tokens.TEXT_HI, True)]
        paint.draw_line(painter, box.left() + 6, box.center().y() + 4, line, 11)

    def _paint_target(self, painter: QPainter, x: float) -> None:
        """What the dotted line is, at the end that the shown frame's words leave free."""
        area, words = self.band_area, f"dotted: target ± {TARGET_MM:g} mm"
        width = theme.text_width(words, theme.font(11)) + 4
        room = area.right() - width - WORDS_PX > x
        left = area.right() - width if room else area.left() + 4
        painter.setFont(theme.font(11))
        painter.setPen(QColor(tokens.OK))
        painter.drawText(QRectF(left, area.top() - 18, width, 15), _RIGHT, words)

    # -- pointer and keys ---------------------------------------------------------------------
    def mark_at(self, at: QPointF) -> str | None:
        """The id of the landmark whose diamond lies there."""
        if self.reading is None or at.y() > MARKS_PX:
            return None
        near = [(abs(self.x_of(mark.frame) - at.x()), mark.id) for mark in self.reading.marks]
        best = min(near, default=(math.inf, ""))
        return best[1] if best[0] <= GRAB_PX + 3 else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a landmark by its diamond, else show the frame there."""
        if event.button() != Qt.MouseButton.LeftButton or self.reading is None:
            return
        self.focused.emit()
        mark = self.mark_at(event.position())
        if mark is not None and mark != "pending":
            self._session.vessel.go_to_landmark(mark)
        else:
            self._session.set_pullback_frame(self.frame_of(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the line of the shown frame."""
        held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if held and self.reading is not None:
            self._session.set_pullback_frame(self.frame_of(event.position().x()))
        over = not held and self.mark_at(event.position()) is not None
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.SplitHCursor
        self.setCursor(shape)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """1 frame a notch, 10 with Shift."""
        delta = event.angleDelta()
        steps = -(delta.y() or delta.x()) / 120
        by = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        now = self._session.cursor.pullback_frame
        self._session.set_pullback_frame(now + round(steps) * by)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the chosen landmark out; other keys are the window's."""
        chosen: Selection = self._session.selection
        delete = event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if delete and chosen.kind == "landmark":
            self._session.vessel.remove_landmark(chosen.id)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw everything for the new size."""
        super().resizeEvent(event)
        self._still = None
