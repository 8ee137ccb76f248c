"""How two readers agree: a table, and a Bland-Altman plot whose points lead to their frames."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.graph_axes import say, ticks
from viewer.qt.labels import push_button
from viewer.session.reader_comparison import SOURCE, ComparedFigure, ReaderComparison
from viewer.session.session import Session

HEADINGS = ("Figure", "n", "Bias (95 %)", "Limits of agreement", "ICC(2,1) (95 %)", "Trend")
HIT_PX = 10.0


class BlandAltman(QWidget):
    """Difference over mean, with bias, limits and their 95 % intervals; a click goes there."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._shown: ComparedFigure | None = None
        self._points = np.empty((0, 2))
        self.setMinimumSize(420, 280)
        self.setAccessibleName("Bland-Altman plot")

    def show_figure(self, figure: ComparedFigure | None) -> None:
        """Draw the points of a figure."""
        self._shown = figure
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(tokens.PANEL))
        figure = self._shown
        box = QRectF(64, 16, self.width() - 84, self.height() - 64)
        self._points = np.empty((0, 2))
        if figure is None or isinstance(figure.found, str):
            say(painter, box, "" if figure is None else str(figure.found))
            return
        found = figure.found
        reach = [*found.low_interval, *found.high_interval, *found.difference.tolist()]
        low, high = min(reach), max(reach)
        pad = max(0.08 * (high - low), 1e-6)
        low, high = low - pad, high + pad
        left, right = float(found.mean.min()), float(found.mean.max())
        wide = max(0.05 * (right - left), 1e-6)
        left, right = left - wide, right + wide

        def x_of(value: float) -> float:
            return float(box.left() + (value - left) / (right - left) * box.width())

        def y_of(value: float) -> float:
            return float(box.bottom() - (value - low) / (high - low) * box.height())

        self._paint_axes(painter, box, (left, right), (low, high), found.unit)
        for level, interval, word in (
            (found.bias, found.bias_interval, "bias"),
            (found.limits[0], found.low_interval, "lower limit"),
            (found.limits[1], found.high_interval, "upper limit"),
        ):
            band = QColor(tokens.ACCENT)
            band.setAlphaF(0.14)
            top, bottom = y_of(interval[1]), y_of(interval[0])
            painter.fillRect(QRectF(box.left(), top, box.width(), bottom - top), band)
            solid = word == "bias"
            style = Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DashLine
            painter.setPen(QPen(QColor(tokens.ACCENT), 1.4, style))
            painter.drawLine(QLineF(box.left(), y_of(level), box.right(), y_of(level)))
            painter.setFont(theme.font(10.5))
            painter.setPen(QColor(tokens.TEXT_MID))
            spot = QRectF(box.left() + 4, y_of(level) - 15, box.width() - 8, 14)
            painter.drawText(spot, Qt.AlignmentFlag.AlignRight, f"{word} {level:+.2f}")
        points = [(x_of(m), y_of(d)) for m, d in zip(found.mean, found.difference, strict=True)]
        self._points = np.array(points)
        painter.setPen(QPen(QColor(tokens.CANVAS), 0.8))
        painter.setBrush(QColor(tokens.LUMEN))
        for x, y in points:
            painter.drawEllipse(QPointF(x, y), 3.2, 3.2)

    def _paint_axes(
        self,
        painter: QPainter,
        box: QRectF,
        xs: tuple[float, float],
        ys: tuple[float, float],
        unit: str,
    ) -> None:
        painter.setFont(theme.font(11))
        for value in ticks(*ys, 6):
            y = box.bottom() - (value - ys[0]) / (ys[1] - ys[0]) * box.height()
            painter.setPen(QPen(QColor(tokens.LINE), 1.0))
            painter.drawLine(QLineF(box.left(), y, box.right(), y))
            painter.setPen(QColor(tokens.TEXT_LOW))
            spot = QRectF(0, y - 8, box.left() - 8, 16)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(spot, align, f"{value:g}")
        for value in ticks(*xs, 7):
            x = box.left() + (value - xs[0]) / (xs[1] - xs[0]) * box.width()
            spot = QRectF(x - 30, box.bottom() + 4, 60, 16)
            painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, f"{value:g}")
        foot = QRectF(box.left(), box.bottom() + 22, box.width(), 16)
        words = f"mean of both, {unit} · up: first less second, {unit}"
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, words)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Go to the frame of the point under the pointer."""
        if self._shown is None or not len(self._points):
            return
        at = event.position()
        away = [math.hypot(x - at.x(), y - at.y()) for x, y in self._points]
        nearest = int(np.argmin(away))
        if away[nearest] <= HIT_PX:
            self.chosen.emit(int(self._shown.frames[nearest]))


class AgreementDialog(QDialog):
    """Stays open beside the window; a row shows its plot."""

    save_asked = Signal(object, object)

    def __init__(self, session: Session, compared: ReaderComparison, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self.compared = session, compared
        self.setWindowTitle(f"Agreement of {compared.first} and {compared.second}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(980, 640)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        words = f"{compared.first} (first) against {compared.second} (second)"
        column.addWidget(theme.label(words, theme.font(15, 600)))
        self.table = self._make_table()
        column.addWidget(self.table)
        self.plot = BlandAltman()
        self.plot.chosen.connect(self._go)
        column.addWidget(self.plot, 1)
        column.addWidget(theme.label(SOURCE, theme.caption(), "low", wrap=True))
        row = QHBoxLayout()
        self.save = push_button("Save table and plot…", "ph.export", is_small=False)
        self.save.clicked.connect(lambda: self.save_asked.emit(compared, self.plot.grab()))
        self.shut = push_button("Close", is_small=False)
        self.shut.clicked.connect(self.close)
        row.addWidget(theme.label("Not for diagnostic use", theme.small(600), "warn"))
        row.addStretch(1)
        row.addWidget(self.save)
        row.addWidget(self.shut)
        column.addLayout(row)
        self.table.selectRow(0)

    def _make_table(self) -> QTableWidget:
        rows = self.compared.figures
        table = QTableWidget(len(rows), len(HEADINGS), self)
        table.setHorizontalHeaderLabels(list(HEADINGS))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        table.setAccessibleName("Agreement by figure")
        for n, figure in enumerate(rows):
            for k, text in enumerate(figure.cells):
                table.setItem(n, k, QTableWidgetItem(text))
        head = table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.setMaximumHeight(220)
        table.itemSelectionChanged.connect(self._show_row)
        return table

    def _show_row(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self.compared.figures):
            self.plot.show_figure(self.compared.figures[row])

    def _go(self, frame: int) -> None:
        figure = self.compared.figures[self.table.currentRow()]
        self._session.show_frame(figure.pullback_uid, frame)
