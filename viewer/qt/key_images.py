"""The strip of key frames below the list of contents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens
from viewer.qt.labels import show_if
from viewer.qt.thumbnails import draw_thumbnail, pixmap_of
from viewer.session.contents import badge
from viewer.session.session import Session
from viewer.session.state import Selection

_EDGE, _GAP = 66, 5
_PICTURE = Qt.ItemDataRole.UserRole + 1
_ID = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


class _Delegate(QStyledItemDelegate):
    """A thumbnail with its frame number."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A square and the gap beside it."""
        return QSize(_EDGE + _GAP, _EDGE + _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one key image."""
        corner = option.rect.topLeft()
        box = QRectF(corner.x(), corner.y(), _EDGE, _EDGE)
        draw_thumbnail(painter, box, index.data(_PICTURE), "ph.star")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        width = theme.text_width(text, theme.tag()) + 10
        label = QRectF(box.left() + 3, box.bottom() - 19, width, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*tokens.SCRIM))
        painter.drawRoundedRect(label, 3, 3)
        painter.setPen(QColor(tokens.TEXT_HI))
        painter.setFont(theme.tag())
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
        state: QStyle.StateFlag = option.state
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            chosen = bool(state & QStyle.StateFlag.State_Selected)
            painter.setPen(QPen(QColor(tokens.ACCENT if chosen else tokens.INPUT), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 4, 4)


class KeyImages(QWidget):
    """Key frames with thumbnails; a click jumps, Delete takes one out.

    `wanted` asks for the thumbnail of (image uid, 0-based frame).
    """

    wanted = Signal(str, int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._pictures: dict[tuple[str, int], QPixmap] = {}
        self._asked: set[tuple[str, int]] = set()
        self._shown: tuple[object, ...] = ()
        self._count = theme.label("", theme.small(), "low")
        heading = QHBoxLayout()
        heading.setContentsMargins(12, 0, 12, 0)
        heading.addWidget(theme.label("Key images", theme.body(500)))
        heading.addStretch(1)
        heading.addWidget(self._count)
        self.list = QListWidget()
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setGridSize(QSize(_EDGE + _GAP, _EDGE + _GAP))
        self.list.setMovement(QListWidget.Movement.Static)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setAccessibleName("Key images")
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._jump)
        self.list.itemActivated.connect(self._jump)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 8)
        column.setSpacing(8)
        column.addLayout(heading)
        inset = QHBoxLayout()
        inset.setContentsMargins(12, 0, 0, 0)
        inset.addWidget(self.list)
        column.addLayout(inset)
        session.review_changed.connect(self.refresh)
        session.case_changed.connect(self.refresh)
        self.refresh()
        self._asked.clear()  # nobody could listen yet

    def refresh(self) -> None:
        """Follow the review's key frames."""
        marks = self._session.review.bookmarks
        shown: tuple[object, ...] = (marks, self._session.case.image_sets)
        if shown == self._shown:
            return
        self._shown = shown
        current = self.list.currentItem()
        kept = current.data(_ID) if current is not None else ""
        self.list.clear()
        for mark in marks:
            item = self._session.case.find(mark.image_uid)
            label = f"{badge(item)} {mark.frame + 1}" if item is not None else f"{mark.frame + 1}"
            if item is not None and badge(item) == "IVUS":
                label = str(mark.frame + 1)
            row = QListWidgetItem(label)
            row.setData(_ID, mark.id)
            key = (mark.image_uid, mark.frame)
            row.setData(_PICTURE, self._pictures.get(key))
            row.setToolTip(mark.text or "Go to this key frame; Delete takes it out")
            self.list.addItem(row)
            if mark.id == kept:
                self.list.setCurrentItem(row)
            if item is not None and key not in self._pictures and key not in self._asked:
                self._asked.add(key)
                self.wanted.emit(*key)
        self._count.setText(str(len(marks)))
        rows = 2 if len(marks) > 3 else 1
        policy = Qt.ScrollBarPolicy
        self.list.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if len(marks) > 6 else policy.ScrollBarAlwaysOff
        )
        self.list.setFixedHeight(rows * (_EDGE + _GAP))
        show_if(self, bool(marks))

    def set_picture(self, uid: str, frame: int, shown: NDArray[np.uint8]) -> None:
        """Give the thumbnail of a frame, shown values."""
        self._pictures[(uid, frame)] = pixmap_of(shown)
        for n, mark in enumerate(self._session.review.bookmarks):
            if (mark.image_uid, mark.frame) == (uid, frame) and n < self.list.count():
                self.list.item(n).setData(_PICTURE, self._pictures[(uid, frame)])

    def _jump(self, row: QListWidgetItem) -> None:
        mark = next((b for b in self._session.review.bookmarks if b.id == row.data(_ID)), None)
        if mark is not None:
            self._session.show_frame(mark.image_uid, mark.frame)
            self._session.select(Selection("bookmark", mark.id))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the chosen key frame out."""
        row = self.list.currentItem()
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and row is not None:
            for mark in self._session.review.bookmarks:
                if mark.id == row.data(_ID):
                    self._session.measures.toggle_bookmark(mark.image_uid, mark.frame)
                    return
        super().keyPressEvent(event)
