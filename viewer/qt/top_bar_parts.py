"""The parts of the top bar: logo, workspace switch, find field, reader's badge."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.chips import draw_key_cap, key_cap_width, shortcut_text
from viewer.session.actions import BY_ID


class Logo(QWidget):
    """Two veins that meet; a green drop where they do."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(20, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(tokens.TEXT_HI), 3.3)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(QPointF(3.6, 3.4), QPointF(8.0, 9.2))
        painter.drawLine(QPointF(16.4, 3.4), QPointF(12.0, 9.2))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawLine(QPointF(10, 16.4), QPointF(10, 22.4))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.LUMEN))
        painter.drawEllipse(QPointF(10, 12.4), 2.3, 2.3)


class WorkspaceSwitch(QWidget):
    """The workspaces side by side, the current one filled."""

    def __init__(self, actions: list[QAction]) -> None:
        super().__init__()
        self.setAccessibleName("Workspace")
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        self.buttons = [_SegmentButton(action) for action in actions]
        for button in self.buttons:
            row.addWidget(button)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.LINE), 1))
        painter.setBrush(QColor(tokens.APP))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)


class _SegmentButton(QAbstractButton):
    """One workspace of the switch."""

    def __init__(self, action: QAction) -> None:
        super().__init__()
        self._action = action
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFont(theme.body(500))
        self._row = BY_ID[str(action.objectName())]
        keys = shortcut_text(self._row.shortcuts[0]) if self._row.shortcuts else ""
        self.setText(self._row.text)
        self.setToolTip(f"{self._row.tip}  ({keys})" if keys else self._row.tip)
        self.setAccessibleName(f"{self._row.text} workspace")
        self.clicked.connect(self._go)
        action.changed.connect(self._follow)
        self._follow()

    def _go(self) -> None:
        self._action.trigger()
        self._follow()

    def _follow(self) -> None:
        self.setChecked(self._action.isChecked())
        self.setEnabled(self._action.isEnabled())

    def sizeHint(self) -> QSize:
        """Room for what it says."""
        return QSize(round(theme.text_width(self.text(), self.font())) + 48, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        on = self.isChecked()
        if on or self.underMouse():
            painter.setPen(QPen(QColor("#3A427E" if on else tokens.RAISED), 1))
            painter.setBrush(QColor("#2B3560" if on else tokens.RAISED))
            painter.drawRoundedRect(box, 6, 6)
        ink = tokens.TEXT_HI if on else tokens.TEXT_MID
        middle = self.height() / 2
        theme.draw_icon(
            painter, QRectF(13, middle - 8, 16, 16), self._row.icon, "#DADDFF" if on else ink
        )
        painter.setPen(QColor(ink))
        painter.setFont(self.font())
        painter.drawText(box.adjusted(36, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        if on:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.ACCENT))
            painter.drawRoundedRect(QRectF(8, self.height() - 2, self.width() - 16, 2), 1, 1)


class FindField(QAbstractButton):
    """Looks like a field, opens the command palette."""

    def __init__(self, action: QAction) -> None:
        super().__init__()
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setText("Find a command")
        self.setAccessibleName("Find a command")
        self.setToolTip("Find and run any command  (Ctrl K)")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.clicked.connect(action.trigger)
        self._compact = False

    def set_compact(self, compact: bool) -> None:
        """Only the magnifying glass, or the whole field."""
        self._compact = compact
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for what it says."""
        return QSize(32 if self._compact else 210, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = tokens.TEXT_LOW if self.underMouse() else tokens.LINE2
        painter.setPen(QPen(QColor(edge), 1))
        painter.setBrush(QColor(tokens.APP))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, tokens.RADIUS_BUTTON, tokens.RADIUS_BUTTON)
        theme.draw_icon(painter, QRectF(9, 8, 16, 16), "ph.magnifying-glass", tokens.TEXT_MID)
        if self._compact:
            return
        painter.setFont(theme.body())
        painter.setPen(QColor(tokens.TEXT_LOW))
        painter.drawText(box.adjusted(30, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        width = key_cap_width("Ctrl K")
        draw_key_cap(painter, QRectF(self.width() - width - 8, 6, width, 20), "Ctrl K")


class ReaderBadge(QToolButton):
    """The reader's initials; its menu changes the name."""

    change_requested = Signal(str)

    def __init__(self, reader: str) -> None:
        super().__init__()
        self.setFixedSize(32, 32)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self._who = menu.addAction("")
        self._who.setEnabled(False)
        menu.addAction("Change reader…", self.ask)
        self.setMenu(menu)
        self._reader = ""
        self.set_reader(reader)

    def set_reader(self, reader: str) -> None:
        """Show another reader's initials."""
        self._reader = reader
        self._who.setText(f"Reading as {reader}")
        self.setToolTip(f"Reading as {reader}")
        self.setAccessibleName(f"Reader: {reader}")
        self.update()

    @property
    def initials(self) -> str:
        """Two letters at most."""
        return "".join(word[0] for word in self._reader.split())[:2].upper() or "?"

    def ask(self) -> None:
        """Ask for another name."""
        name, agreed = QInputDialog.getText(
            self, "Change reader", "Name or initials, kept with every review:", text=self._reader
        )
        if agreed and name.strip() and name.strip() != self._reader:
            self.change_requested.emit(name.strip())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#3F4C74" if self.underMouse() else "#323E62"))
        painter.drawEllipse(QRectF(self.rect()).adjusted(2, 2, -2, -2))
        painter.setPen(QColor(tokens.TEXT_HI))
        painter.setFont(theme.font(11, 600))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.initials)
