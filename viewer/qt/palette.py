"""Find a command by a few letters; see every shortcut."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.chips import KeyCap, draw_key_cap, key_cap_width, shortcut_text
from viewer.qt.labels import IconView, section_title, tool_button
from viewer.session.actions import ACTIONS, MENUS, Action
from viewer.session.command_search import search
from viewer.session.session import Session

_ACTION = Qt.ItemDataRole.UserRole
_WHY = Qt.ItemDataRole.UserRole + 1
_HEIGHT = 40
_SHOWN = 9
_VERTICAL = Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


class _Delegate(QStyledItemDelegate):
    """Icon, text, menu or why not, key."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are as high."""
        return QSize(100, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one command."""
        action: Action = index.data(_ACTION)
        why: str = index.data(_WHY)
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.SELECTED))
            painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 6, 6)
        painter.setOpacity(0.6 if why else 1.0)
        icon = action.icon or "ph.dot-outline"
        theme.draw_icon(painter, QRectF(box.left() + 12, box.center().y() - 8, 16, 16), icon)
        painter.setFont(theme.body(500))
        painter.setPen(QColor(tokens.TEXT_HI))
        left = box.left() + 40
        painter.drawText(box.adjusted(40, 0, 0, 0), _VERTICAL, action.text)
        left += theme.text_width(action.text, theme.body(500)) + 10
        right = box.right() - 12
        if action.shortcuts:
            keys = shortcut_text(action.shortcuts[0])
            width = key_cap_width(keys)
            draw_key_cap(painter, QRectF(right - width, box.center().y() - 10, width, 20), keys)
            right -= width + 12
        painter.setOpacity(1.0)
        painter.setFont(theme.small())
        painter.setPen(QColor(tokens.WARN if why else tokens.TEXT_LOW))
        room = max(0, int(right - left))
        shown = painter.fontMetrics().elidedText(
            why or action.tip, Qt.TextElideMode.ElideRight, room
        )
        painter.drawText(QRectF(left, box.top(), room, box.height()), _VERTICAL, shown)
        painter.restore()


class Palette(QDialog):
    """Type, choose with Up and Down, run with Enter; what can't run says why."""

    def __init__(
        self, session: Session, actions: Mapping[str, QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.FramelessWindowHint | Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session, self._actions = session, actions
        self.setAccessibleName("Find a command")
        self.setFixedWidth(620)
        self.query = QLineEdit()
        self.query.setFont(theme.title(400))
        self.query.setPlaceholderText("Find a command")
        self.query.setAccessibleName("Find a command")
        self.query.setProperty("bare", True)
        self.query.textChanged.connect(self.refresh)
        self.list = QListWidget()
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setStyleSheet("background: transparent;")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFixedHeight(_SHOWN * _HEIGHT)
        self.list.itemClicked.connect(self._run)
        self._none = theme.label("No command has these letters", theme.small(), "low")
        field = QHBoxLayout()
        field.setContentsMargins(8, 0, 4, 0)
        field.setSpacing(10)
        field.addWidget(IconView("ph.magnifying-glass", size=18))
        field.addWidget(self.query, 1)
        field.addWidget(KeyCap("Esc"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addLayout(field)
        column.addWidget(theme.rule())
        column.addWidget(self._none)
        column.addWidget(self.list)
        self.refresh()
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        """Take the keyboard, also where no window manager gives it."""
        super().showEvent(event)
        self.activateWindow()
        self.query.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self) -> None:
        parent = self.parentWidget()
        self.adjustSize()
        if parent is not None:
            window = parent.window()
            corner = window.mapToGlobal(window.rect().topLeft())
            self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 64)

    def refresh(self) -> None:
        """List what answers the letters so far; what can run comes first."""
        found = [a for a in search(self.query.text(), ACTIONS) if a.id in self._actions]
        if not self.query.text():
            found = sorted(found, key=lambda action: bool(action.why_not(self._session)))
        self.list.clear()
        for action in found:
            item = QListWidgetItem()
            why = action.why_not(self._session)
            item.setData(_ACTION, action)
            item.setData(_WHY, f"{action.text} {why}" if why else "")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{action.text}. {why or action.tip}")
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self._none.setHidden(bool(found))

    @property
    def texts(self) -> list[str]:
        """The commands listed, in order."""
        return [self.list.item(n).data(_ACTION).text for n in range(self.list.count())]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up, Down, Page and Enter act on the list while the field has the focus."""
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: _SHOWN,
            Qt.Key.Key_PageUp: -_SHOWN,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self.list.count():
            row = max(0, min(self.list.count() - 1, self.list.currentRow() + step))
            self.list.setCurrentRow(row)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self.list.currentItem()
            if item is not None:
                self._run(item)
        else:
            super().keyPressEvent(event)

    def _run(self, item: QListWidgetItem) -> None:
        if item.data(_WHY):
            return
        action = self._actions[item.data(_ACTION).id]
        self.accept()
        QTimer.singleShot(0, action, action.trigger)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.INPUT), 1))
        painter.setBrush(QColor(tokens.PANEL))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)


class ShortcutSheet(QDialog):
    """Every action with its keys, by menu."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Shortcuts")
        self.resize(1120, 720)
        columns = [QVBoxLayout() for _ in range(3)]
        loads = [0, 0, 0]
        for menu in sorted(MENUS, key=lambda name: -len(_rows(name))):
            shortest = loads.index(min(loads))
            columns[shortest].addWidget(_menu_block(menu, session))
            loads[shortest] += len(_rows(menu)) + 2
        inside = QWidget()
        across = QHBoxLayout(inside)
        across.setContentsMargins(24, 8, 24, 24)
        across.setSpacing(32)
        for column in columns:
            column.setSpacing(24)
            column.addStretch(1)
            across.addLayout(column, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        heading = QHBoxLayout()
        heading.setContentsMargins(24, 16, 16, 8)
        heading.addWidget(theme.label("Shortcuts", theme.value()))
        note = "Single letters act while an image or the graph along the vein has the focus."
        heading.addSpacing(12)
        heading.addWidget(theme.label(note, theme.small(), "low"), 1)
        close = tool_button("ph.x", "Close", 32)
        close.clicked.connect(self.accept)
        heading.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(heading)
        whole.addWidget(area, 1)


def _rows(menu: str) -> list[Action]:
    return [action for action in ACTIONS if action.menu == menu and action.shortcuts]


def _menu_block(menu: str, session: Session) -> QWidget:
    block = QWidget()
    grid = QGridLayout(block)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    grid.addWidget(section_title(menu), 0, 0)
    for n, action in enumerate(_rows(menu), start=1):
        name = theme.label(action.text, theme.body())
        name.setToolTip(action.tip)
        grid.addWidget(name, n, 0)
        caps = QHBoxLayout()
        caps.setSpacing(4)
        caps.addStretch(1)
        for keys in dict.fromkeys(map(shortcut_text, action.shortcuts)):
            cap = KeyCap(keys)
            cap.setAccessibleName(f"{action.text}: {keys}")
            caps.addWidget(cap)
        grid.addLayout(caps, n, 1)
    return block
