"""What the strips of armed tools share: the pill with the tool's name, and when they are narrow."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.qt import theme, tokens
from viewer.qt.chips import draw_key_cap, key_cap_width

NARROW = 980
"""Strips below this width, px, leave the names of the fields out."""


class ToolPill(QWidget):
    """Says that a tool is armed, and how to end it."""

    def __init__(self, word: str, icon: str, tip: str) -> None:
        super().__init__()
        self._word, self._icon = word, icon
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{word} armed. Escape ends it.")
        self.setToolTip(tip)

    def sizeHint(self) -> QSize:
        """Room for icon, word and key."""
        words = theme.text_width(self._word, theme.small(600))
        return QSize(round(words + key_cap_width("Esc")) + 34 + 10 + 8, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#6169DE"), 1))
        painter.setBrush(QColor("#2A2F63"))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, tokens.RADIUS_BUTTON, tokens.RADIUS_BUTTON)
        theme.draw_icon(painter, QRectF(12, 8, 16, 16), self._icon, tokens.TEXT_HI)
        painter.setFont(theme.small(600))
        painter.setPen(QColor(tokens.TEXT_HI))
        painter.drawText(QRectF(34, 0, 120, 32), Qt.AlignmentFlag.AlignVCenter, self._word)
        width = key_cap_width("Esc")
        draw_key_cap(painter, QRectF(self.width() - width - 8, 6, width, 20), "Esc", "#B9BEFF")
