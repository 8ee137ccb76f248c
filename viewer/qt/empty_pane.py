"""What a pane shows while it has no image: what is missing, why it helps, and how to add it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.labels import push_button

TEXT_WIDTH = 340


class _Rings(QWidget):
    """A quiet drawing of a cross-section."""

    def sizeHint(self) -> QSize:
        """Square."""
        return QSize(150, 150)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dashed rings around a lumen."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(self.width() / 2, self.height() / 2)
        reach = min(self.width(), self.height()) / 2 - 4
        for share, style in ((1.0, Qt.PenStyle.DashLine), (0.66, Qt.PenStyle.DashLine)):
            painter.setPen(QPen(QColor(tokens.LINE2), 1.4, style))
            painter.drawEllipse(middle, reach * share, reach * share)
        painter.setPen(QPen(QColor(tokens.INPUT), 1.8))
        outline = [
            middle
            + QPointF(math.cos(a), math.sin(a)) * reach * (0.36 + 0.04 * math.cos(3 * a + 0.6))
            for a in (math.radians(step) for step in range(0, 361, 6))
        ]
        painter.drawPolyline(outline)
        painter.drawEllipse(middle + QPointF(-4, 3), reach * 0.1, reach * 0.1)


class EmptyPane(QWidget):
    """Title, a sentence, and a button that adds images."""

    add_asked = Signal()
    held_asked = Signal()

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        palette = self.palette()
        palette.setColor(self.backgroundRole(), QColor(tokens.CANVAS))
        self.setPalette(palette)
        self.setMinimumSize(240, 200)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(_Rings(), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(12)
        heading = theme.label(title, theme.title(), wrap=True)
        words = theme.label(text, theme.body(), "mid", wrap=True)
        for label in (heading, words):
            label.setFixedWidth(TEXT_WIDTH)
            label.setMinimumHeight(label.heightForWidth(TEXT_WIDTH))
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        self.add = push_button("Add images", "ph.folder-open", "primary", tip="Add images (Ctrl O)")
        self.add.clicked.connect(self.add_asked)
        self.held = push_button("", "ph.identification-card", tip="Held: maybe another patient's")
        self.held.clicked.connect(self.held_asked)
        self.held.hide()
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.held, 0, Qt.AlignmentFlag.AlignHCenter)
        hint = theme.label("or drop files here", theme.small(), "low")
        column.addWidget(hint, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def show_held(self, count: int) -> None:
        """Offer a look at image series that were held, maybe of another patient."""
        self.held.setText(f"Review {count} held series")
        self.held.setVisible(count > 0)
