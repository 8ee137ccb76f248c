"""The graph of both profiles along the vein: its width on the venogram, the lumen on the IVUS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
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
from viewer.session.matched_profiles import ProfileReading, profile_reading, why_none
from viewer.session.session import Session

LEFT_PX, RIGHT_PX, MARKS_PX, AXIS_PX = 58.0, 22.0, 44.0, 24.0
VEIN_INK = "#7FA6D6"
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Values = NDArray[np.float64]


class ProfileGraph(QWidget):
    """Width over the place along the vein; a click shows the frame that lies there."""

    focused = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.reading: ProfileReading | None = None
        self.shows = {"vein": True, "lumen": True}
        self._still: QPixmap | None = None
        self.setAccessibleName("Matched profiles")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)
        self.setMinimumSize(240, 120)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def refresh(self) -> None:
        """Read the session again."""
        self.reading = profile_reading(self._session)
        self._still = None
        self.update()

    def show_curve(self, name: str, on: bool) -> None:
        """Draw a curve, or not."""
        self.shows[name] = on
        self._still = None
        self.update()

    # -- geometry -----------------------------------------------------------------------------
    @property
    def area(self) -> QRectF:
        """Where widths are drawn."""
        width = max(10.0, self.width() - LEFT_PX - RIGHT_PX)
        height = max(20.0, self.height() - MARKS_PX - AXIS_PX)
        return QRectF(LEFT_PX, MARKS_PX, width, height)

    def x_of(self, place: float) -> float:
        """Screen x of a place along the vein."""
        if self.reading is None:
            return LEFT_PX
        low, high = self.reading.reach
        return LEFT_PX + (place - low) / max(high - low, 1e-9) * self.area.width()

    def place_of(self, x: float) -> float:
        """The place along the vein at a screen x."""
        if self.reading is None:
            return 0.0
        low, high = self.reading.reach
        return low + (x - LEFT_PX) / self.area.width() * (high - low)

    # -- painting -----------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        """The kept picture of what stands still, then the shown frame."""
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
        if reading is None or reading.widest <= 0:
            say(painter, QRectF(self.rect()).adjusted(40, 0, -40, 0), why_none(self._session))
        else:
            top = round_up(reading.widest * 1.08)
            self._paint_axes(painter, reading, top)
            self._paint_widths(painter, reading, top)
            self._paint_marks(painter)
            painter.setFont(theme.font(11))
            painter.setPen(QColor(tokens.TEXT_MID))
            painter.drawText(QRectF(LEFT_PX, 24, self.area.width(), 16), _LEFT, reading.words)
        painter.end()
        return still

    def _paint_axes(self, painter: QPainter, reading: ProfileReading, top: float) -> None:
        area = self.area
        painter.setFont(theme.font(11))
        for value in ticks(0.0, top, max(2, int(area.height() / 36))):
            y = area.bottom() - value / top * area.height()
            painter.setPen(QPen(QColor(tokens.LINE), 1))
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
            painter.setPen(QColor(tokens.TEXT_LOW))
            painter.drawText(QRectF(0, y - 8, LEFT_PX - 8, 16), _RIGHT, f"{value:g}")
        painter.drawText(QRectF(0, area.top() - 24, LEFT_PX - 8, 16), _RIGHT, reading.unit)
        low, high = reading.reach
        for value in ticks(low, high, max(2, int(area.width() / 90))):
            x = self.x_of(value)
            painter.setPen(QPen(QColor(tokens.LINE2), 1))
            painter.drawLine(QLineF(x, area.bottom(), x, area.bottom() + 4))
            painter.setPen(QColor(tokens.TEXT_LOW))
            box = QRectF(x - 40, area.bottom() + 5, 80, 15)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:g} {reading.unit}")

    def _paint_widths(self, painter: QPainter, reading: ProfileReading, top: float) -> None:
        area = self.area
        painter.setBrush(theme.color(VEIN_INK, 0.18))
        veins = self._curves(reading.vein_places, reading.vein, top)
        for curve in veins if self.shows["vein"] else []:
            filled = QPolygonF(curve)
            filled.append(QPointF(curve.last().x(), area.bottom()))
            filled.append(QPointF(curve.first().x(), area.bottom()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawPolygon(filled)
            painter.setPen(QPen(QColor(VEIN_INK), 2.0))
            painter.drawPolyline(curve)
        painter.setPen(QPen(QColor(tokens.POSITION), 1.4))
        lumens = self._curves(reading.lumen_places, reading.lumen, top)
        for curve in lumens if self.shows["lumen"] else []:
            painter.drawPolyline(curve)

    def _curves(self, places: Values, widths: Values, top: float) -> list[QPolygonF]:
        """The known stretches of a profile."""
        area, found = self.area, []
        known = np.isfinite(widths)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(np.int8), [0]))))
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if last - first < 2:
                continue
            low, high = self.reading.reach if self.reading is not None else (0.0, 1.0)
            share = (places[first:last] - low) / max(high - low, 1e-9)
            xs = area.left() + share * area.width()
            ys = area.bottom() - np.minimum(widths[first:last] / top, 1.0) * area.height()
            found.append(paint.polygon(np.column_stack((xs, ys))))
        return found

    def _paint_marks(self, painter: QPainter) -> None:
        session, curve = self._session, self._session.current_polyline
        if curve is None:
            return
        for mark in session.vessel.landmarks:
            place = session.placing.place_of_arc(float(curve.project(mark.point_px)[0]))
            if place is None:
                continue
            x = self.x_of(place)
            painter.setPen(dotted(tokens.LANDMARK, 1.0, 0.75))
            painter.drawLine(QLineF(x, 20, x, self.area.bottom()))
            paint.diamond(painter, QPointF(x, 12), 5.5, mark.id == session.selection.id)

    def _paint_now(self, painter: QPainter) -> None:
        """The shown frame's place and the 90 % band around it."""
        session, area, reading = self._session, self.area, self.reading
        axis, position = session.placing.vein_axis, session.position_map
        if reading is None or axis is None or position is None:
            return
        frame = min(session.cursor.pullback_frame, len(position) - 1)
        band = session.placing.band(frame)
        painter.setClipRect(QRectF(area.left(), 0, area.width(), self.height()))
        if band is not None:
            left, right = self.x_of(band[0]), self.x_of(band[1])
            box = QRectF(left, area.top(), right - left, area.height())
            painter.fillRect(box, theme.color(tokens.POSITION, 0.14))
        x = self.x_of(float(axis.position(float(position.arc[frame]))))
        painter.setPen(QPen(QColor(tokens.POSITION), 1.6))
        painter.drawLine(QLineF(x, area.top() - 4, x, area.bottom()))
        painter.setClipping(False)

    # -- pointer ------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the frame that lies there."""
        if event.button() == Qt.MouseButton.LeftButton and self.reading is not None:
            self.focused.emit()
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the line of the shown frame."""
        if event.buttons() & Qt.MouseButton.LeftButton and self.reading is not None:
            self._go(event.position().x())

    def _go(self, x: float) -> None:
        session = self._session
        axis, position = session.placing.vein_axis, session.position_map
        if axis is not None and position is not None:
            arc_px = float(position.to_px(axis.arc(self.place_of(x))))
            now = session.cursor.pullback_frame
            session.set_pullback_frame(position.frame_at(arc_px, near=now))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """1 frame a notch, 10 with Shift."""
        delta = event.angleDelta()
        steps = -(delta.y() or delta.x()) / 120
        by = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        now = self._session.cursor.pullback_frame
        self._session.set_pullback_frame(now + round(steps) * by)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw everything for the new size."""
        super().resizeEvent(event)
        self._still = None
