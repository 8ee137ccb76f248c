"""Lengths and areas that were measured, as a list."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.model.annotation import Caliper
from viewer.qt import theme, tokens
from viewer.qt.labels import section_title, show_if
from viewer.session import facts
from viewer.session.session import Session
from viewer.session.state import Selection

_ROW = Qt.ItemDataRole.UserRole
_HEIGHT = 30
_MOST = 6
Index = QModelIndex | QPersistentModelIndex
Line = tuple[str, str, str, str, str]
"""id, icon, figure, place, tooltip."""


class _Delegate(QStyledItemDelegate):
    """Icon, place, figure."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are as high."""
        return QSize(80, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one measurement."""
        _id, icon, figure, place, _tip = index.data(_ROW)
        box = QRectF(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(box, QColor(tokens.SELECTED))
            painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), QColor(tokens.ACCENT))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(tokens.RAISED))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = box.center().y()
        theme.draw_icon(painter, QRectF(box.left() + 16, middle - 7, 14, 14), icon)
        painter.setFont(theme.small(600))
        painter.setPen(QColor(tokens.TEXT_HI))
        vertical = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box.adjusted(0, 0, -16, 0), Qt.AlignmentFlag.AlignRight | vertical, figure)
        room = int(box.width() - 41 - 28 - theme.text_width(figure, theme.small(600)))
        painter.setFont(theme.small())
        painter.setPen(QColor(tokens.TEXT_MID))
        shown = painter.fontMetrics().elidedText(place, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(box.adjusted(41, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | vertical, shown)
        painter.restore()


class _List(QListWidget):
    """Delete deletes, Enter jumps."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setAccessibleName("Measurements")
        self.setMouseTracking(True)
        self.setItemDelegate(_Delegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.itemClicked.connect(self._jump)
        self.itemActivated.connect(self._jump)
        self.currentItemChanged.connect(self._choose)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._session.select(Selection("measurement", item.data(_ROW)[0]))

    def _jump(self, item: QListWidgetItem) -> None:
        self._session.measures.jump_to(item.data(_ROW)[0])

    def _open_menu(self, where: QPoint) -> None:
        item = self.itemAt(where)
        if item is None:
            return
        menu, found = QMenu(self), item.data(_ROW)[0]
        menu.addAction("Go to it", lambda: self._session.measures.jump_to(found))
        menu.addAction("Delete", lambda: self._session.measures.delete(found))
        menu.exec(self.viewport().mapToGlobal(where))
        menu.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete and Enter act on the chosen row."""
        item = self.currentItem()
        if item is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._session.measures.delete(item.data(_ROW)[0])
        elif item is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._jump(item)
        else:
            super().keyPressEvent(event)


class MeasurementPanel(QWidget):
    """The list and its heading; gone while nothing is measured."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lines: list[Line] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 12)
        column.setSpacing(6)
        title = section_title("Measurements")
        title.setContentsMargins(16, 0, 16, 0)
        column.addWidget(title)
        self.list = _List(session)
        column.addWidget(self.list)
        self.refresh()

    def refresh(self) -> None:
        """Follow the review and the selection."""
        session = self._session
        lines: list[Line] = []
        for found in session.review.measurements:
            value = facts.measurement_value(session, found)
            icon = "ph.ruler" if isinstance(found, Caliper) else "ph.circle"
            place = facts.measurement_place(session, found)
            lines.append((found.id, icon, value.text, place, f"{value.text}\n{value.source}"))
        self.list.blockSignals(True)
        if lines != self._lines:
            self._lines = lines
            self.list.clear()
            for line in lines:
                item = QListWidgetItem()
                item.setData(_ROW, line)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{line[2]}, {line[3]}")
                item.setToolTip(line[4])
                self.list.addItem(item)
            self.list.setFixedHeight(min(len(lines), _MOST) * _HEIGHT)
        chosen = session.selection
        wanted = next(
            (n for n, line in enumerate(lines)
             if chosen.kind == "measurement" and line[0] == chosen.id), -1
        )  # fmt: skip
        self.list.setCurrentRow(wanted)
        if wanted < 0:
            self.list.clearSelection()
        self.list.blockSignals(False)
        show_if(self, bool(lines))
