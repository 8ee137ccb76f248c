"""The stent after it was placed: expansion, smallest area, compression, and its area's course."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from viewer.model.annotation import SegmentKind
from viewer.qt import paint, theme, tokens
from viewer.qt.graph_axes import round_up
from viewer.qt.labels import Figure, section_title, show_if
from viewer.session.session import Session
from viewer.session.stent_course import StentCourse, stent_course

NONE_TEXT = "No stent is marked with its border on a pullback of these phases."


class StentGraph(QWidget):
    """Area along the stent against its nominal one."""

    def __init__(self) -> None:
        super().__init__()
        self.course: StentCourse | None = None
        self.setMinimumHeight(64)
        self.setAccessibleName("Stent area along the stent")

    def show_course(self, course: StentCourse | None) -> None:
        """Draw this."""
        self.course = course
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        course = self.course
        if course is None or len(course.places) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = QRectF(36, 6, self.width() - 44, self.height() - 26)
        tops = [float(course.area.max()), course.nominal_mm2 or 0.0]
        top = round_up(max(tops) * 1.05)
        low, high = float(course.places[0]), float(course.places[-1])
        xs = row.left() + (course.places - low) / max(high - low, 1e-9) * row.width()
        ys = row.bottom() - course.area / top * row.height()
        line = np.column_stack((xs, ys))
        foot = np.array([[xs[-1], row.bottom()], [xs[0], row.bottom()]])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.segment_brush(SegmentKind.STENT, alpha=0.45))
        painter.drawPolygon(paint.polygon(np.vstack((line, foot))))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.STENT), 1.8))
        painter.drawPolyline(paint.polygon(line))
        painter.setFont(theme.font(10.5))
        if course.nominal_mm2 is not None:
            y = row.bottom() - course.nominal_mm2 / top * row.height()
            painter.setPen(QPen(QColor(tokens.STENT), 1.0, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(row.left(), y, row.right(), y))
            painter.setPen(QColor(tokens.TEXT_MID))
            spot = QRectF(row.right() - 110, y - 15, 108, 14)
            painter.drawText(spot, Qt.AlignmentFlag.AlignRight, f"nominal {course.nominal_mm2:.0f}")
        least = int(np.argmin(course.area))
        painter.setPen(QPen(QColor(tokens.STENOSIS), 1.6))
        painter.setBrush(QColor(tokens.CANVAS))
        painter.drawEllipse(QPointF(xs[least], ys[least]), 4, 4)
        painter.setPen(QColor(tokens.TEXT_LOW))
        for share in (0.0, 1.0):
            box = QRectF(0, row.bottom() - share * row.height() - 7, 32, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"{top * share:.0f}")
        feet = QRectF(row.left(), row.bottom() + 4, row.width(), 14)
        painter.drawText(feet, Qt.AlignmentFlag.AlignLeft, f"central end, {low:.0f} mm")
        painter.drawText(feet, Qt.AlignmentFlag.AlignRight, f"peripheral end, {high:.0f} mm")


class StentCard(QWidget):
    """Three key figures and the graph."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Stent expansion")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 8)
        column.setSpacing(6)
        self._title = section_title("Stent expansion")
        column.addWidget(self._title)
        row = QHBoxLayout()
        row.setSpacing(24)
        self.figures = [Figure("Expansion at min stent area"), Figure("Min stent area"),
                        Figure("Aspect (compression)")]  # fmt: skip
        for figure in self.figures:
            row.addWidget(figure)
        row.addStretch(1)
        column.addLayout(row)
        self.graph = StentGraph()
        column.addWidget(self.graph, 1)
        self._none = theme.label(NONE_TEXT, theme.small(), "mid", wrap=True)
        column.addWidget(self._none)
        if session.figures is not None:
            session.figures.changed.connect(self._follow)
        session.compare.changed.connect(self._follow)

    def _follow(self) -> None:
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    def refresh(self) -> None:
        """Follow the figures."""
        course = stent_course(self._session)
        for widget in (*self.figures, self.graph):
            show_if(widget, course is not None)
        show_if(self._none, course is None)
        self.graph.show_course(course)
        if course is None:
            self._title.setText("STENT EXPANSION")
            return
        self._title.setText(f"STENT EXPANSION · {course.name.upper()}")
        for figure, (number, unit, tip) in zip(self.figures, course.keys, strict=True):
            figure.set_value(number, unit)
            figure.setToolTip(tip)
