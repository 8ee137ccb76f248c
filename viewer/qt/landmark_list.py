"""The list of landmarks with how far each lies from where the others put it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from viewer.qt import theme, tokens
from viewer.session import facts
from viewer.session.facts import LandmarkFact
from viewer.session.session import Session
from viewer.session.state import Selection

_ROW = Qt.ItemDataRole.UserRole
_HEIGHT = 48
_MOST = 9
_BAR_WIDTH = 64.0
_FULL = 10.0
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class _Look:
    color: str
    icon: str


def look_of(row: LandmarkFact) -> _Look:
    """Green where the others agree, amber beyond, with an icon at an alarm; grey in px."""
    if row.error is None or row.unit != "mm":
        return _Look(tokens.TEXT_LOW, "")
    if row.tone == "alarm":
        return _Look(tokens.WARN, "ph.warning-fill")
    return _Look(tokens.WARN if row.tone else tokens.OK, "")


class _Delegate(QStyledItemDelegate):
    """Draws one landmark of 48 px."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are as high."""
        return QSize(80, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw pin, name, frame and place, left-out error."""
        row: LandmarkFact = index.data(_ROW)
        box = QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(tokens.LANDMARK_BACK))
            bar = QRectF(box.left(), box.top(), 3, box.height())
            painter.fillRect(bar, QColor(tokens.LANDMARK))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(tokens.RAISED))
        painter.fillRect(QRectF(box.left() + 16, box.bottom() - 1, box.width() - 32, 1),
                         QColor(tokens.LINE))  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        icon = QRectF(box.left() + 14, box.center().y() - 8, 16, 16)
        theme.draw_icon(painter, icon, "caval.landmark")
        whole = box.width() - 41 - 16
        beside = whole - _BAR_WIDTH - 20
        for text, top, size, weight, color, width in (
            (row.name, 6, 13, 500, tokens.TEXT_HI, whole if row.error is None else beside),
            (row.detail, 25, 11, 400, tokens.TEXT_LOW, beside),
        ):
            font = theme.font(size, weight)
            painter.setFont(font)
            painter.setPen(QColor(color))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width))
            painter.drawText(QRectF(box.left() + 41, box.top() + top, width, 17), _LEFT, shown)
        self._paint_error(painter, box, row)
        painter.restore()

    def _paint_error(self, painter: QPainter, box: QRectF, row: LandmarkFact) -> None:
        right = box.right() - 16
        if row.error is None:
            painter.setFont(theme.font(11))
            painter.setPen(QColor(tokens.TEXT_LOW))
            painter.drawText(QRectF(right - 90, box.top() + 25, 90, 17), _RIGHT, "end anchor")
            return
        look = look_of(row)
        middle, top = right - _BAR_WIDTH / 2, box.top() + 9
        per_unit = _BAR_WIDTH / 2 / _FULL * (1.0 if row.unit == "mm" else 0.3)
        pen = QPen(QColor(tokens.INPUT), 1)
        pen.setDashPattern([2, 2])
        painter.setPen(pen)
        if row.unit == "mm":
            for side in (-1, 1):
                x = middle + side * facts.ERROR_WARN_MM * per_unit
                painter.drawLine(QPointF(x, top - 3), QPointF(x, top + 11))
        painter.setPen(QPen(QColor(tokens.TEXT_LOW), 1))
        painter.drawLine(QPointF(middle, top - 3), QPointF(middle, top + 11))
        length = max(-_BAR_WIDTH / 2, min(_BAR_WIDTH / 2, row.error * per_unit))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.color))
        bar = QRectF(min(middle, middle + length), top, max(2.0, abs(length)), 8)
        painter.drawRoundedRect(bar, 2, 2)
        text = f"{row.error:+.1f} mm" if row.unit == "mm" else f"{row.error:+.0f} px"
        text = text.replace("-", "−")
        font = theme.small(600)
        painter.setFont(font)
        painter.setPen(QColor(tokens.TEXT_HI))
        painter.drawText(QRectF(right - 90, box.top() + 25, 90, 17), _RIGHT, text)
        if look.icon:
            left = right - theme.text_width(text, font) - 19
            theme.draw_icon(painter, QRectF(left, box.top() + 26, 14, 14), look.icon, look.color)


class LandmarkList(QListWidget):
    """Up and Down choose, Enter jumps, Delete deletes."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: tuple[LandmarkFact, ...] = ()
        self.setAccessibleName("Landmarks")
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Delegate(self))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.itemClicked.connect(self._jump)
        self.itemActivated.connect(self._jump)
        self.currentItemChanged.connect(self._choose)

    def refresh(self) -> None:
        """Follow the tie and the selection."""
        rows = facts.landmark_facts(self._session)
        self.blockSignals(True)
        if rows != self._rows:
            if [row.id for row in rows] != [row.id for row in self._rows]:
                self.clear()
                for _row in rows:
                    self.addItem(QListWidgetItem())
                self.setFixedHeight(min(len(rows), _MOST) * _HEIGHT)
            for n, row in enumerate(rows):
                item = self.item(n)
                item.setData(_ROW, row)
                item.setToolTip(row.tip)
                spoken = f"{row.name}, {row.detail}, {row.tip}"
                item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            self._rows = rows
        chosen = self._session.selection
        wanted = next(
            (n for n, row in enumerate(rows) if chosen.kind == "landmark" and row.id == chosen.id),
            -1,
        )
        self.setCurrentRow(wanted)
        if wanted < 0:
            self.clearSelection()
        self.blockSignals(False)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._session.select(Selection("landmark", item.data(_ROW).id))

    def _jump(self, item: QListWidgetItem) -> None:
        row: LandmarkFact = item.data(_ROW)
        self._session.set_pullback_frame(row.frame)
        self._session.select(Selection("landmark", row.id))

    def _open_menu(self, where: QPoint) -> None:
        item = self.itemAt(where)
        if item is None:
            return
        menu, row = QMenu(self), item.data(_ROW)
        vessel, frame = self._session.vessel, self._session.cursor.pullback_frame
        menu.addAction("Go to it", lambda: self._jump(item))
        here = menu.addAction(
            f"Tie to frame {frame + 1}", lambda: vessel.set_landmark_frame(row.id, frame)
        )
        here.setEnabled(frame != row.frame)
        menu.addSeparator()
        menu.addAction("Delete", lambda: vessel.remove_landmark(row.id))
        menu.exec(self.viewport().mapToGlobal(where))
        menu.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete and Enter act on the chosen landmark."""
        item = self.currentItem()
        if item is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._session.vessel.remove_landmark(item.data(_ROW).id)
        elif item is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._jump(item)
        else:
            super().keyPressEvent(event)
