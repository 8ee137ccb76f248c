"""The graph along the vein as a table: read, copied, and gone to by frame."""

from __future__ import annotations

from bisect import bisect_left

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QHBoxLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme
from viewer.qt.labels import push_button
from viewer.session.lumen_table import LumenTable, lumen_table
from viewer.session.session import Session

_Index = QModelIndex | QPersistentModelIndex
_EMPTY = LumenTable((), (), ())


class _Model(QAbstractTableModel):
    """The rows of a table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = _EMPTY

    def show_table(self, table: LumenTable) -> None:
        """Other rows."""
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own form
        """How many frames."""
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own form
        """How many figures."""
        return 0 if parent.isValid() else len(self.table.heads)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text, figures to the right."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.table.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """What a column is, with its unit."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.table.heads[section]
        return None


class LumenTableDialog(QDialog):
    """Stays beside the window and follows it; a row leads to its frame."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._follows = True
        self.setWindowTitle("Lumen along the vein")
        self.resize(980, 520)
        self._note = theme.label("", theme.caption(), "mid", wrap=True)
        self.view = QTableView()
        self._model = _Model()
        self.view.setModel(self._model)
        self.view.verticalHeader().hide()
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setAccessibleName("Lumen along the vein, frame by frame")
        self.view.selectionModel().currentRowChanged.connect(self._go)
        self.copy = push_button("Copy all", "ph.copy", tip="As a spreadsheet takes it")
        self.copy.clicked.connect(self._copy)
        close = push_button("Close")
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addWidget(self._note, 1)
        foot.addWidget(self.copy)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.addWidget(self.view, 1)
        column.addLayout(foot)
        if session.figures is not None:
            session.figures.changed.connect(self.refresh)

    @property
    def table(self) -> LumenTable:
        """What is shown."""
        return self._model.table

    def refresh(self) -> None:
        """Follow the session; nothing is made while it is hidden."""
        if not self.isVisible():
            return
        made = lumen_table(self._session) or _EMPTY
        if made != self._model.table:
            self._model.show_table(made)
            self.view.resizeColumnsToContents()
            self._show_current()
        work = self._session.figures
        waiting = work is not None and work.stale
        told = "Smoothed by a running median; ± after a position is half the 90 % band."
        self._note.setText(
            "Measuring…" if waiting else told if made.rows else "No lumen border yet"
        )

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up, at the shown frame."""
        self.refresh()
        self._show_current()

    def _show_current(self) -> None:
        """The row of the shown frame, or the next one; it leads nowhere."""
        frames = self.table.frames
        if frames:
            row = min(bisect_left(frames, self._session.cursor.pullback_frame), len(frames) - 1)
            self._follows = False
            self.view.selectRow(row)
            self.view.setCurrentIndex(self._model.index(row, 0))
            self._follows = True

    def _go(self, now: QModelIndex, _before: QModelIndex) -> None:
        if self._follows and 0 <= now.row() < len(self.table.frames):
            self._session.set_pullback_frame(self.table.frames[now.row()])

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.table.as_text)
        self._session.notify(f"{len(self.table.rows)} rows copied", about="table")
