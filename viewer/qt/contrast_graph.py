"""Two graphs of contrast: density over time at places, and arrival along the vein."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from viewer.qt import paint, theme, tokens
from viewer.qt.contrast_marks import curve_color
from viewer.qt.focus_ring import RINGED
from viewer.session.contrast_curves import ContrastCurves, CurveReading
from viewer.session.contrast_views import ContrastViews
from viewer.session.session import Session

LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 50.0, 14.0, 24.0, 24.0
LABEL_GAP_PX = 46.0


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round values inside a range, at most about `most` of them."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    raw = span / max(1, most)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next((m * size for m in (1, 2, 5, 10) if m * size >= raw), 10 * size)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


class Graph(QWidget):
    """Axes and how values map onto them; subclasses draw."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setMinimumSize(180, 100)
        self._x = (0.0, 1.0)
        self._y = (0.0, 1.0)

    @property
    def area(self) -> QRectF:
        """Where curves are drawn."""
        room = QRectF(self.rect())
        return room.adjusted(LEFT_PX, TOP_PX, -RIGHT_PX, -BOTTOM_PX)

    def x_of(self, value: float) -> float:
        """Screen x of a value."""
        low, high = self._x
        return self.area.left() + (value - low) / (high - low) * self.area.width()

    def y_of(self, value: float) -> float:
        """Screen y of a value."""
        low, high = self._y
        return self.area.bottom() - (value - low) / (high - low) * self.area.height()

    def _places(self, xs: Sequence[float], ys: NDArray[np.float64]) -> QPolygonF:
        known = np.isfinite(ys)
        points = zip(np.asarray(xs)[known].tolist(), ys[known].tolist(), strict=True)
        return QPolygonF([QPointF(self.x_of(x), self.y_of(y)) for x, y in points])

    def _axes(self, painter: QPainter, title: str, unit: str) -> None:
        area = self.area
        painter.setFont(theme.font(11))
        for y in ticks(*self._y, max(2, int(area.height() / 34))):
            line = QLineF(area.left(), self.y_of(y), area.right(), self.y_of(y))
            painter.setPen(QPen(QColor(tokens.LINE), 1.0))
            painter.drawLine(line)
            painter.setPen(QColor(tokens.TEXT_LOW))
            box = QRectF(0, line.y1() - 8, LEFT_PX - 8, 16)
            words = f"{y:g}" if abs(y) > 1e-12 else "0"
            painter.drawText(box, _RIGHT, words.replace("-", "−"))
        marks = ticks(*self._x, max(2, int(area.width() / 70)))
        for n, x in enumerate(marks):
            painter.setPen(QPen(QColor(tokens.LINE2), 1.0))
            painter.drawLine(QLineF(self.x_of(x), area.bottom(), self.x_of(x), area.bottom() + 4))
            painter.setPen(QColor(tokens.TEXT_LOW))
            words = f"{x:.6g}".replace("-", "−")
            if n == len(marks) - 1:
                words += f" {unit}"
            box = QRectF(self.x_of(x) - 40, area.bottom() + 5, 80, 16)
            box.moveRight(min(box.right(), self.width() - 1.0))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.setPen(QPen(QColor(tokens.LINE2), 1.0))
        painter.drawLine(QLineF(area.left(), area.bottom(), area.right(), area.bottom()))
        paint.draw_line(painter, area.left(), 15.0, [(title, tokens.TEXT_MID, False)], 11)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class DensityGraph(Graph):
    """Density over time at each point; the white line is the shown frame and can be dragged."""

    def __init__(
        self,
        session: Session,
        contrast: ContrastViews,
        curves: ContrastCurves,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Contrast over time", parent)
        self._session, self._contrast, self._curves = session, contrast, curves
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def refresh(self) -> None:
        """Take the ranges from what was read, and draw."""
        reading = self._curves.reading
        if reading is not None and len(reading.axis) > 1:
            self._x = (reading.axis[0], reading.axis[-1])
            shown = self._shown(reading)
            known = np.concatenate([values for _, values in shown]) if shown else np.zeros(1)
            known = known[np.isfinite(known)]
            low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
            room = max(high - min(low, 0.0), 1e-6)
            self._y = (min(low, 0.0) - 0.03 * room, high + 0.12 * room)
        self.update()

    def _shown(self, reading: CurveReading) -> list[tuple[int, NDArray[np.float64]]]:
        """Number and density of each curve; 0 is the run's own, drawn when there is no point."""
        curves = [(point.number, point.density) for point in reading.points]
        if curves:
            return curves
        run = self._session.run
        whole = self._contrast.run_curve(run) if run is not None else None
        if whole is None or whole[0] != reading.frames:
            return []
        return [(0, whole[1])]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, curves, arrival and peak marks, the shown frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        reading = self._curves.reading
        note = self._curves.note()
        if reading is None or len(reading.axis) < 2:
            _say(painter, QRectF(self.rect()), note)
            return
        title = "Density, ln(mask / frame)" if reading.unit == "ln" else "Density, grey levels"
        if reading.axis_unit == "frames":
            title += " · frame times unknown"
        self._axes(painter, title, reading.axis_unit)
        for number, density in self._shown(reading):
            color = QColor(curve_color(number)) if number else QColor(tokens.TEXT_LOW)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color, 1.8))
            painter.drawPolyline(self._places(reading.axis, density))
            if not number:
                words = [("whole run · place points with Q", tokens.TEXT_LOW, False)]
                width = paint.text_width(words, 11)
                paint.draw_line(painter, self.area.right() - width, 15.0, words, 11)
        self._paint_marks(painter, reading)
        self._paint_now(painter, reading)

    def _paint_marks(self, painter: QPainter, reading: CurveReading) -> None:
        """A triangle on the axis where contrast arrives, a numbered disc at the peak."""
        taken: list[QRectF] = []
        for point in reading.points:
            color = QColor(curve_color(point.number))
            told, base = point.told, self.area.bottom()
            if told.arrival_s is not None:
                x = self.x_of(told.arrival_s)
                if told.arrival_sd_s is not None:
                    half = self.x_of(told.arrival_s + told.arrival_sd_s) - x
                    painter.setPen(QPen(color, 2.0))
                    painter.drawLine(QLineF(x - half, base, x + half, base))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color)
                tip = [QPointF(x, base - 1), QPointF(x - 5, base - 10), QPointF(x + 5, base - 10)]
                painter.drawPolygon(QPolygonF(tip))
            if told.peak is None or told.peak_s is None:
                continue
            at = QPointF(self.x_of(told.peak_s), self.y_of(told.peak))
            painter.setPen(QPen(color, 1.6))
            painter.setBrush(QColor(tokens.PANEL))
            painter.drawEllipse(at, 3.5, 3.5)
            box = QRectF(at.x() - 8, at.y() - 22, 16, 16)
            while any(box.intersects(other) for other in taken):
                box.translate(18, 0)
            taken.append(QRectF(box))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(box.center(), 7.0, 7.0)
            painter.setPen(QColor(tokens.CANVAS))
            painter.setFont(theme.font(10.5, 600))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(point.number))

    def _paint_now(self, painter: QPainter, reading: CurveReading) -> None:
        x = self.now_x()
        if x is None:
            return
        frame = self._session.cursor.run_frame
        area = self.area
        painter.setPen(QPen(QColor(tokens.POSITION), 1.4))
        painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
        words = f"{frame + 1}"
        if reading.axis_unit == "s":
            words += f" · {reading.axis[reading.frames.index(frame)]:.2f} s"
        line = [(words, tokens.TEXT_HI, True)]
        paint.flag(painter, QPointF(x + 6, area.top() + 10), line, bounds=QRectF(self.rect()))

    def now_x(self) -> float | None:
        """Screen x of the shown frame; None when it is not of the range."""
        reading, frame = self._curves.reading, self._session.cursor.run_frame
        if reading is None or frame not in reading.frames:
            return None
        return self.x_of(reading.axis[reading.frames.index(frame)])

    def _go(self, x: float) -> None:
        reading = self._curves.reading
        if reading is not None and len(reading.axis) > 1:
            away = [abs(self.x_of(value) - x) for value in reading.axis]
            self._session.set_run_frame(reading.frames[int(np.argmin(away))])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the frame there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the line of the shown frame."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())


class ArrivalGraph(Graph):
    """When contrast arrives, against the place along the vein; unusual stretches are flagged."""

    def __init__(self, session: Session, curves: ContrastCurves) -> None:
        super().__init__("Contrast arrival along the vein")
        self._session, self._curves = session, curves
        self.setMouseTracking(True)

    def refresh(self) -> None:
        """Take the ranges from what was read, and draw."""
        reading = self._curves.reading
        if reading is not None and reading.profile is not None and reading.profile.arc.size:
            arc, when = reading.places, reading.profile.arrival_s
            self._x = (float(arc.min()) - 1e-3, float(arc.max()) + 1e-3)
            known = when[np.isfinite(when)]
            low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
            room = max(high - low, 0.2)
            self._y = (low - 0.15 * room, high + 0.2 * room)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Arrival ± one standard deviation of every stretch."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        reading = self._curves.reading
        if reading is None:
            return
        if reading.profile is None:
            _say(painter, QRectF(self.rect()), "Arrival along the vein needs a centerline (B).")
            return
        profile = reading.profile
        self._axes(
            painter, f"Arrival, {reading.axis_unit}, every {reading.step_text}", profile.unit
        )
        painter.setPen(QPen(QColor(tokens.LINE2), 1.4))
        painter.drawPolyline(self._places(reading.places.tolist(), profile.arrival_s))
        for n, (arc, when) in enumerate(
            zip(reading.places.tolist(), profile.arrival_s.tolist(), strict=True)
        ):
            flagged = bool(reading.flags[n])
            color = QColor(tokens.WARN if flagged else tokens.TEXT_HI)
            x = self.x_of(arc)
            if not math.isfinite(when):
                painter.setPen(QPen(QColor(tokens.WARN if flagged else tokens.LINE2), 1.4))
                y = self.area.bottom() - 6
                painter.drawLine(QLineF(x - 3, y - 3, x + 3, y + 3))
                painter.drawLine(QLineF(x - 3, y + 3, x + 3, y - 3))
                continue
            sd = float(profile.sd_s[n])
            painter.setPen(QPen(color, 1.2))
            painter.drawLine(QLineF(x, self.y_of(when - sd), x, self.y_of(when + sd)))
            painter.setBrush(color)
            painter.drawEllipse(QPointF(x, self.y_of(when)), 3.0, 3.0)
            if flagged:
                box = QRectF(x - 7, self.y_of(when + sd) - 18, 14, 14)
                theme.draw_icon(painter, box, "ph.warning-fill", tokens.WARN)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell about the stretch under the pointer."""
        reading = self._curves.reading
        if reading is None or reading.profile is None or not reading.profile.arc.size:
            self.setToolTip("")
            return
        away = [abs(self.x_of(arc) - event.position().x()) for arc in reading.places.tolist()]
        self.setToolTip(" · ".join(part for part in reading.stretch(int(np.argmin(away))) if part))


def _say(painter: QPainter, box: QRectF, text: str) -> None:
    painter.setFont(theme.font(12))
    painter.setPen(QColor(tokens.TEXT_LOW))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(box.adjusted(12, 4, -12, -4), flags, text)
