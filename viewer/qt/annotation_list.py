"""The list of what was marked: segments, and the landmarks as one row."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from viewer.model.annotation import AnySegment
from viewer.qt import theme, tokens
from viewer.session import stretches
from viewer.session.figure_cards import row_figure
from viewer.session.session import Session
from viewer.session.state import Selection, Workspace

ROW = Qt.ItemDataRole.UserRole
_EYE_WIDTH = 36
_MOST_ROWS = 9
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row: `id` is a segment's, or "landmarks"."""

    id: str
    icon: str
    name: str
    detail: str
    figure: str
    hidden: bool = False
    has_eye: bool = True


def rows_of(session: Session) -> tuple[ListRow, ...]:
    """What the list shows."""
    rows = [_segment_row(session, segment) for segment in session.review.segments]
    marks = session.vessel.landmarks
    if marks:
        names = ", ".join(mark.name for mark in marks)
        count = str(len(marks))
        rows.append(
            ListRow("landmarks", "caval.landmark", "Landmarks", names, count, has_eye=False)
        )
    return tuple(rows)


def _segment_row(session: Session, segment: AnySegment) -> ListRow:
    figure = row_figure(session, segment)
    if not figure:
        number, rest = stretches.length_text(stretches.stretch_of(session, segment))
        figure = f"{number} {rest}".strip()
    return ListRow(
        segment.id,
        theme.segment_icon(segment.kind),
        segment.name,
        stretches.row_detail(session, segment),
        figure,
        segment.hidden,
    )


class _Delegate(QStyledItemDelegate):
    """Draws one row of 42 px."""

    eye_clicked = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are as high."""
        return QSize(80, tokens.LIST_ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw glyph, name, detail, figure, eye."""
        row: ListRow = index.data(ROW)
        box = QRectF(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(box, QColor(tokens.SELECTED))
            painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), QColor(tokens.ACCENT))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(tokens.RAISED))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.5 if row.hidden else 1.0)
        icon = QRectF(box.left() + 14, box.center().y() - 8, 16, 16)
        theme.draw_icon(painter, icon, row.icon)
        figure_right = box.right() - (_EYE_WIDTH + 2 if row.has_eye else 14)
        painter.setFont(theme.small(600))
        painter.setPen(QColor(tokens.TEXT_HI if chosen else tokens.TEXT_MID))
        figure_width = theme.text_width(row.figure, theme.small(600))
        painter.drawText(QRectF(box.left(), box.top(), figure_right - box.left(), box.height()),
                         _RIGHT, row.figure)  # fmt: skip
        width = figure_right - figure_width - 12 - (box.left() + 41)
        _line(painter, QRectF(box.left() + 41, box.top() + 4, width, 18), row.name, 13, 500,
              tokens.TEXT_HI)  # fmt: skip
        _line(painter, QRectF(box.left() + 41, box.top() + 22, width, 15), row.detail, 11, 400,
              tokens.TEXT_MID if chosen else tokens.TEXT_LOW)  # fmt: skip
        painter.setOpacity(1.0)
        if row.has_eye:
            eye = QRectF(box.right() - 29, box.center().y() - 8, 16, 16)
            name = "ph.eye-slash" if row.hidden else "ph.eye"
            theme.draw_icon(painter, eye, name, tokens.TEXT_MID)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: object, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """A click on the eye."""
        row: ListRow = index.data(ROW)
        if isinstance(event, QMouseEvent) and row.has_eye:
            box = QRectF(option.rect)
            if event.position().x() >= box.right() - _EYE_WIDTH:
                if event.type() == QEvent.Type.MouseButtonRelease:
                    self.eye_clicked.emit(row.id)
                return True
        return False


def _line(painter: QPainter, box: QRectF, text: str, size: int, weight: int, color: str) -> None:
    font = theme.font(size, weight)
    painter.setFont(font)
    painter.setPen(QColor(color))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    painter.drawText(box, _LEFT, shown)


class AnnotationList(QListWidget):
    """Up and Down choose, Enter jumps, Delete deletes, H or the eye hides."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: tuple[ListRow, ...] = ()
        self.setAccessibleName("Annotations")
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        delegate = _Delegate(self)
        delegate.eye_clicked.connect(session.segments.toggle_hidden)
        self.setItemDelegate(delegate)
        self.currentItemChanged.connect(self._choose)
        self.itemClicked.connect(self._click)
        self.itemActivated.connect(self._jump)
        self.customContextMenuRequested.connect(self._open_menu)
        if session.figures is not None:
            session.figures.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Follow the review and the selection."""
        now = rows_of(self._session)
        self.blockSignals(True)
        if now != self._rows:
            if [row.id for row in now] != [row.id for row in self._rows]:
                self.clear()
                for _row in now:
                    self.addItem(QListWidgetItem())
                self.setFixedHeight(min(len(now), _MOST_ROWS) * tokens.LIST_ROW_HEIGHT)
            for n, row in enumerate(now):
                item = self.item(n)
                item.setData(ROW, row)
                spoken = f"{row.name}, {row.detail}, {row.figure}"
                item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
                item.setToolTip(f"{row.name}\n{row.detail}")
            self._rows = now
        chosen = self._session.selection
        wanted = next(
            (n for n, row in enumerate(now) if chosen.kind == "segment" and row.id == chosen.id), -1
        )
        self.setCurrentRow(wanted)
        if wanted < 0:
            self.clearSelection()
        self.blockSignals(False)

    @property
    def count_text(self) -> str:
        """How much is marked: "2 segments · 4 landmarks"."""
        segments = len(self._session.review.segments)
        marks = len(self._session.vessel.landmarks)
        return (
            f"{segments} segment{'' if segments == 1 else 's'} · "
            f"{marks} landmark{'' if marks == 1 else 's'}"
        )

    def _id_of(self, item: QListWidgetItem | None) -> str:
        return item.data(ROW).id if item is not None else ""

    def _choose(self, item: QListWidgetItem | None) -> None:
        found = self._id_of(item)
        if found and found != "landmarks":
            self._session.select(Selection("segment", found))

    def _click(self, item: QListWidgetItem) -> None:
        self._jump(item)

    def _jump(self, item: QListWidgetItem) -> None:
        found = self._id_of(item)
        if found == "landmarks":
            self._session.set_workspace(Workspace.ALIGN)
        elif found:
            self._session.segments.jump_to(found)

    def menu_for(self, segment_id: str) -> QMenu:
        """The menu of a segment."""
        session, menu = self._session, QMenu(self)
        segment = session.review.segment(segment_id)
        if segment is not None:
            edits = session.segments
            menu.addAction("Go to it", lambda: edits.jump_to(segment_id))
            menu.addAction("Duplicate", lambda: edits.duplicate(segment_id))
            word = "Show" if segment.hidden else "Hide"
            menu.addAction(word, lambda: edits.toggle_hidden(segment_id))
            menu.addSeparator()
            menu.addAction("Delete", lambda: edits.delete(segment_id))
        return menu

    def _open_menu(self, where: QPoint) -> None:
        menu = self.menu_for(self._id_of(self.itemAt(where)))
        if not menu.isEmpty():
            menu.exec(self.viewport().mapToGlobal(where))
        menu.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter jumps, Delete deletes, H hides."""
        found = self._id_of(self.currentItem())
        edits = self._session.segments
        if found and found != "landmarks":
            if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                edits.delete(found)
                return
            if event.key() == Qt.Key.Key_H:
                edits.toggle_hidden(found)
                return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem():
            self._jump(self.currentItem())
            return
        super().keyPressEvent(event)
