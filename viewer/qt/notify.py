"""The places that talk to a person: a toast at the bottom left, a banner over an image."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QEnterEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.labels import ElidedLabel, IconView, push_button, show_if, tool_button
from viewer.session.state import Notice, Severity

SHOWN_MS = 6000
_ICONS = {
    Severity.INFO: ("ph.check-circle", tokens.OK),
    Severity.WARNING: ("ph.warning-fill", tokens.WARN),
    Severity.ERROR: ("ph.warning-octagon-fill", tokens.ERROR),
}


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say something."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


class Toast(QWidget):
    """What has just happened, for 6 s, held while the pointer is on it; Undo when it can be undone.

    An error stays until it is closed. A newer text replaces the one that is shown.
    """

    undo_asked = Signal()

    def __init__(
        self, parent: QWidget, margin: int = 16, above: int = tokens.STATUS_HEIGHT
    ) -> None:
        super().__init__(parent)
        self._margin, self._above = margin, above
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self._stays = False
        self._icon = IconView("ph.check-circle", tokens.OK)
        self._text = theme.label("", theme.body())
        self._hint = theme.label("", theme.small(), "mid")
        self.undo = push_button("Undo", "", "flat", tip="Take it back  (Ctrl Z)")
        self.undo.setStyleSheet(f"color: {tokens.ACCENT};")
        self.undo.clicked.connect(self._undo)
        self._close = tool_button("ph.x", "Close")
        self._close.clicked.connect(self.hide)
        self._words = QVBoxLayout()
        self._words.setSpacing(0)
        self._words.addWidget(self._text)
        self._words.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addLayout(self._words, 1)
        row.addWidget(self.undo)
        row.addWidget(self._close)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def show_notice(self, notice: Notice) -> None:
        """Show a notice of the session."""
        self._show(notice.text, notice.hint, notice.severity, notice.undoable)

    def show_text(self, text: str, hint: str = "", *, undoable: bool = False) -> None:
        """Show a text."""
        self._show(text, hint, Severity.INFO, undoable)

    def _show(self, text: str, hint: str, severity: Severity, undoable: bool) -> None:
        self._icon.show_as(*_ICONS[severity])
        self._text.setText(text)
        self._hint.setText(hint)
        show_if(self._hint, bool(hint))
        show_if(self.undo, undoable)
        self.setAccessibleName(text)
        self.show()
        self.raise_()
        self.reposition()
        self._stays = severity is Severity.ERROR
        self._timer.stop()
        if not self._stays:
            self._timer.start()
        announce(self, f"{text}. {hint}" if hint else text)

    def reposition(self) -> None:
        """Back to the bottom left, after the window changed its size."""
        parent = self.parentWidget()
        if parent is None:
            return
        room = parent.width() - 2 * self._margin
        self.ensurePolished()
        for child in self.findChildren(QWidget):
            child.ensurePolished()  # the style sheet's fonts count in the size
        self._words.invalidate()  # else it keeps the size of the words before
        self.layout().invalidate()  # type: ignore[union-attr]
        wraps = self.layout().sizeHint().width() > min(room, 640)  # type: ignore[union-attr]
        for label in (self._text, self._hint):
            label.setWordWrap(wraps)
        self.setFixedWidth(min(room, 640)) if wraps else self.setFixedWidth(self.sizeHint().width())
        self.adjustSize()
        self.move(self._margin, parent.height() - self._above - self._margin - self.height())

    def _undo(self) -> None:
        self.hide()
        self.undo_asked.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Held while the pointer is here."""
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        """The six seconds begin again."""
        if self.isVisible() and not self._stays:
            self._timer.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.INPUT), 1))
        painter.setBrush(QColor(tokens.RAISED))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, tokens.RADIUS_CARD, tokens.RADIUS_CARD)


class Banner(QWidget):
    """A line under a pane's header about the image that is shown: what, and what to do."""

    action_clicked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = tokens.WARN
        self.setFixedHeight(36)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._icon = IconView("ph.warning-fill", tokens.WARN)
        self._what = ElidedLabel("", theme.small(600))
        self._more = ElidedLabel("", theme.small())
        self._more.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.action = push_button("", "", "warn")
        self.action.clicked.connect(self.action_clicked)
        self._close = tool_button("ph.x", "Close")
        self._close.clicked.connect(self._dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._what)
        row.addWidget(self._more, 1)
        row.addWidget(self.action)
        row.addWidget(self._close)
        self.hide()

    def show_message(
        self, what: str, more: str = "", action: str = "", severity: Severity = Severity.WARNING
    ) -> None:
        """Show a message, with a button when `action` names one; an empty one hides the banner."""
        icon, self._color = _ICONS[severity]
        if severity is Severity.INFO:
            icon, self._color = "ph.info", tokens.ACCENT
        self._icon.show_as(icon, self._color)
        self._what.set_text(what)
        self._more.set_text(more)
        self.setToolTip(f"{what} {more}".strip())
        self.action.setText(action)
        self.action.setAccessibleName(action)
        show_if(self.action, bool(action))
        self.setAccessibleName(f"{what} {more}".strip())
        show_if(self, bool(what))
        self.update()

    @property
    def text(self) -> str:
        """What it says."""
        return f"{self._what.text} {self._more.text}".strip()

    def _dismiss(self) -> None:
        self.hide()
        self.closed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground and the line below."""
        painter = QPainter(self)
        ground = {tokens.WARN: "#33280D", tokens.ERROR: "#38191F"}.get(self._color, "#1B2040")
        painter.fillRect(self.rect(), QColor(ground))
        edge = QPainterPath(QPointF(0, self.height() - 0.5))
        edge.lineTo(self.width(), self.height() - 0.5)
        line = QColor(self._color)
        line.setAlphaF(0.45)
        painter.setPen(QPen(line, 1))
        painter.drawPath(edge)
        painter.setPen(Qt.PenStyle.NoPen)
