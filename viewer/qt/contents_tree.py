"""The tree of a case's contents: groups by phase, rows that can be dragged to another phase."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem

from viewer.model.case import Phase
from viewer.qt.rail_delegate import CONTENT, OPEN
from viewer.session.contents import Group, Row


class ContentsTree(QTreeWidget):
    """Groups and rows; a row dragged to another phase goes there."""

    phase_dropped = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setUniformRowHeights(False)
        self.setMinimumWidth(1)
        self.header().setMinimumSectionSize(16)
        self.header().setStretchLastSection(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDropIndicatorShown(False)
        self.setAccessibleName("Case contents")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.itemExpanded.connect(self._note_open)
        self.itemCollapsed.connect(self._note_open)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The one column is as wide as the list."""
        super().resizeEvent(event)
        self.setColumnWidth(0, self.viewport().width())

    def _note_open(self, item: QTreeWidgetItem) -> None:
        item.setData(0, OPEN, item.isExpanded())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Own rows only; files go to the window."""
        if event.source() is self:
            super().dragEnterEvent(event)
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """A row may go to any other phase."""
        if event.source() is self and self._phase_at(event.position().toPoint()) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell the phase; the tree is built again from the session."""
        phase = self._phase_at(event.position().toPoint())
        item = self.currentItem()
        row = item.data(0, CONTENT) if item is not None else None
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        if phase is not None and isinstance(row, Row):
            self.phase_dropped.emit(row.uid, phase)

    def _phase_at(self, where: QPoint) -> Phase | None:
        item = self.itemAt(where)
        top = item.parent() if item is not None and item.parent() is not None else item
        group = top.data(0, CONTENT) if top is not None else None
        return group.phase if isinstance(group, Group) else None
