"""The bar at the top: whose case, which workspace, undo, find, export, who reads."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.chips import Chip, draw_key_cap, key_cap_width, shortcut_text
from viewer.qt.labels import ElidedLabel, tool_button
from viewer.session import facts
from viewer.session.actions import BY_ID
from viewer.session.session import Session

LEFT_WIDTH = 234


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


class TopBar(QWidget):
    """The bar over everything, 48 px (40 when compact)."""

    reader_change_requested = Signal(str)
    home_requested = Signal()

    def __init__(self, session: Session, actions: dict[str, QAction]) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Top bar")
        self.setFixedHeight(tokens.TOP_BAR_HEIGHT)
        self.switch = WorkspaceSwitch(
            [action for name, action in actions.items() if name.startswith("workspace.")]
        )
        self.find_field = FindField(actions["help.palette"])
        self.reader = ReaderBadge(session.reader)
        self.reader.change_requested.connect(self.reader_change_requested)
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 0, 12, 0)
        grid.setHorizontalSpacing(12)
        grid.addLayout(self._left(), 0, 0)
        grid.addWidget(self.switch, 0, 1, Qt.AlignmentFlag.AlignCenter)
        grid.addLayout(self._right(actions), 0, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(2, 1)
        session.case_changed.connect(self.refresh)
        session.review_changed.connect(self._follow_reader)
        self.refresh()

    def _left(self) -> QHBoxLayout:
        self._name = theme.label("Caval", theme.title())
        brand = _Brand(self._name)
        brand.clicked.connect(self.home_requested)
        self._brand = brand
        self._title = ElidedLabel("", theme.body(600))
        self._chip = Chip()
        self._detail = ElidedLabel("", theme.small(), tokens.TEXT_LOW)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self._title)
        first.addWidget(self._chip)
        first.addStretch(1)
        text = QVBoxLayout()
        text.setContentsMargins(0, 0, 0, 0)
        text.setSpacing(0)
        text.addStretch(1)
        text.addLayout(first)
        text.addWidget(self._detail)
        text.addStretch(1)
        self.menu_button = tool_button("ph.list", "Menu")
        self.menu_button.setToolTip("Every command, by menu  (F10)")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.menu_button)
        row.addSpacing(4)
        row.addWidget(brand)
        row.addLayout(text, 1)
        return row

    def set_menu(self, menu: QMenu) -> None:
        """Give the menu button its menu."""
        self.menu_button.setMenu(menu)

    def _right(self, actions: dict[str, QAction]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(_icon_button(actions["edit.undo"], "ph.arrow-u-up-left"))
        row.addWidget(_icon_button(actions["edit.redo"], "ph.arrow-u-up-right"))
        row.addSpacing(4)
        row.addWidget(self.find_field)
        row.addSpacing(4)
        row.addWidget(_export_button(actions["file.export"]))
        row.addWidget(_icon_button(actions["help.shortcuts"], "ph.question"))
        row.addWidget(self.reader)
        return row

    def refresh(self) -> None:
        """Show whose case is open."""
        case = facts.case_title(self._session)
        self._title.set_text(case.title)
        self._detail.set_text(case.detail)
        self._chip.show_as(case.chip, "neutral")
        self._chip.setToolTip("The images say that names and identity were removed")

    def _follow_reader(self) -> None:
        self.reader.set_reader(self._session.review.reader or self._session.reader)

    def set_compact(self, compact: bool) -> None:
        """40 px and a short find field for small screens."""
        self.setFixedHeight(tokens.TOP_BAR_HEIGHT_COMPACT if compact else tokens.TOP_BAR_HEIGHT)
        self.find_field.set_compact(compact)
        self._brand.setFixedWidth(92 if compact else LEFT_WIDTH - 42)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, QColor(tokens.APP))


class _Brand(QWidget):
    """The logo and the name; a click goes to the start page."""

    clicked = Signal()

    def __init__(self, name: QWidget) -> None:
        super().__init__()
        self.setFixedWidth(LEFT_WIDTH - 42)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Logo())
        row.addWidget(name)
        row.addStretch(1)
        self.setToolTip("Start page")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click that ends inside."""
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


def _icon_button(action: QAction, icon: str) -> QToolButton:
    """A square button that follows an action's state, with its own icon."""
    button = QToolButton()
    button.setIcon(theme.icon(icon, size=18))
    button.setIconSize(QSize(18, 18))
    button.setFixedSize(32, 32)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(BY_ID[action.objectName()].text)
    _follow(button, action)
    return button


def _export_button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setText(" Export")
    button.setIcon(theme.icon("ph.export", tokens.TEXT_HI))
    button.setFont(theme.body(500))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setFixedHeight(32)
    button.setProperty("raised", True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName("Export")
    _follow(button, action)
    return button


def _follow(button: QToolButton, action: QAction) -> None:
    button.clicked.connect(action.trigger)

    def follow() -> None:
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    action.changed.connect(follow)
    follow()
