"""A ring around the control that has the keyboard's focus: 2 px accent, 2 px dark gap."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QFocusFrame, QWidget

from viewer.qt import tokens

RINGED = "focusRing"
"""Property of other widgets that want the ring, e.g. a canvas."""


class _Frame(QFocusFrame):
    """Drawn over the control it surrounds."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        widget = self.widget()
        inside = isinstance(widget, QAbstractItemView) or widget.property(RINGED)
        edge = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if not inside:
            painter.setPen(QPen(QColor(tokens.APP), 2))
            painter.drawRoundedRect(edge.adjusted(2, 2, -2, -2), 6, 6)
        painter.setPen(QPen(QColor(tokens.ACCENT), 2))
        painter.drawRoundedRect(edge, 7, 7)


class FocusRing(QObject):
    """Moves one frame to whatever button, list or canvas the keyboard has reached."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName("focus-ring")
        self._frame: _Frame | None = None
        app.focusChanged.connect(self._follow)

    def _follow(self, old: QWidget | None, now: QWidget | None) -> None:
        by_keyboard = now is not None and now.window().testAttribute(
            Qt.WidgetAttribute.WA_KeyboardFocusChange
        )
        ringed = isinstance(now, QAbstractButton | QAbstractItemView) or (
            now is not None and now.property(RINGED)
        )
        if now is None or not by_keyboard or not ringed:
            if self._frame is not None:
                self._frame.deleteLater()
                self._frame = None
            return
        if self._frame is None:
            self._frame = _Frame(now)
            self._frame.destroyed.connect(self._forget)
        self._frame.setWidget(now)

    def _forget(self) -> None:
        self._frame = None
