"""The bar at the top: whose case, which workspace, undo, find, export, who reads."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.chips import Chip
from viewer.qt.labels import ElidedLabel, tool_button
from viewer.qt.top_bar_parts import FindField, Logo, ReaderBadge, WorkspaceSwitch
from viewer.session import facts
from viewer.session.actions import BY_ID
from viewer.session.session import Session

LEFT_WIDTH = 234


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
