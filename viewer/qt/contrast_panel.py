"""The panel "Contrast over time": curves, arrival along the vein, and what they tell in numbers."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QColor, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.model.contrast import MOST_POINTS
from viewer.qt import theme, tokens
from viewer.qt.contrast_graph import ArrivalGraph, DensityGraph
from viewer.qt.contrast_marks import curve_color
from viewer.qt.fields import Choice, Number
from viewer.qt.labels import ElidedLabel, show_if, tool_button
from viewer.session.contrast_curves import ContrastCurves, CurveReading
from viewer.session.contrast_views import ContrastViews
from viewer.session.contrast_words import profile_line, row_of, transit_lines
from viewer.session.session import Session
from viewer.session.state import Selection

NARROW_PX = 1000
TABLE_PX = 372


class ContrastPanel(QWidget):
    """Header, two graphs and a table; reads only while it is shown."""

    def __init__(
        self,
        session: Session,
        contrast: ContrastViews,
        actions: Mapping[str, QAction],
        tabs: QWidget,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        theme.panel(self)
        self.setAccessibleName("Contrast over time")
        self._session, self._contrast = session, contrast
        self.curves = ContrastCurves(session, contrast)
        self.density = DensityGraph(session, contrast, self.curves, self)
        self.arrival = ArrivalGraph(session, self.curves)
        self.table = _table()
        self._verdict = ElidedLabel("", theme.small(600))
        self._basis = ElidedLabel("", theme.caption(), tokens.TEXT_MID)
        self._front = ElidedLabel("", theme.caption(), tokens.TEXT_MID)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header(tabs, actions))
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 12, 6)
        row.setSpacing(8)
        row.addWidget(self.density, 5)
        row.addWidget(self.arrival, 3)
        row.addWidget(self._numbers())
        column.addLayout(row, 1)
        self.curves.changed.connect(self.refresh)
        session.cursor_changed.connect(self._on_cursor)
        session.selection_changed.connect(self._on_selection)
        contrast.changed.connect(self._on_contrast)

    # -- build --------------------------------------------------------------------------------
    def _header(self, tabs: QWidget, actions: Mapping[str, QAction]) -> QWidget:
        header = QWidget(self)
        header.setFixedHeight(tokens.HEADER_HEIGHT)
        row = QHBoxLayout(header)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(6)
        row.addWidget(tabs)
        self._source = ElidedLabel("", theme.small(), tokens.TEXT_LOW)
        row.addWidget(self._source, 1)
        row.addWidget(theme.label("Frames", theme.small(), "low"))
        self.first, self.last = (Number(f"{end} frame", "", 1, 9999) for end in ("First", "Last"))
        for field in (self.first, self.last):
            field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            field.setFixedSize(62, 26)
            field.entered.connect(self._set_range)
            row.addWidget(field)
        self.first.setToolTip("First frame of the peak and of contrast over time  (Ctrl+[)")
        self.last.setToolTip("Last frame of the peak and of contrast over time  (Ctrl+])")
        row.addSpacing(8)
        self._transit_name = theme.label("Transit", theme.small(), "low")
        row.addWidget(self._transit_name)
        numbers = [(str(n), n) for n in range(1, MOST_POINTS + 1)]
        self.start, self.end = (Choice(f"Transit {way} point", numbers) for way in ("from", "to"))
        for choice in (self.start, self.end):
            choice.setFixedSize(54, 26)
            choice.chosen.connect(self._choose)
            choice.setToolTip("The two points between which the transit is measured")
            row.addWidget(choice)
        clear = tool_button("ph.trash", "Delete contrast points")
        act = actions["contrast.clear_points"]
        clear.clicked.connect(act.trigger)
        clear.setToolTip(act.toolTip())
        act.changed.connect(lambda: clear.setEnabled(act.isEnabled()))
        clear.setEnabled(act.isEnabled())
        row.addWidget(clear)
        return header

    def _numbers(self) -> QWidget:
        side = QWidget(self)
        side.setFixedWidth(TABLE_PX)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.table, 1)
        for line in (self._verdict, self._basis, self._front):
            column.addWidget(line)
        self.table.itemSelectionChanged.connect(self._on_row)
        return side

    # -- what it follows ----------------------------------------------------------------------
    def showEvent(self, event: QShowEvent) -> None:
        """Read while it is seen."""
        super().showEvent(event)
        self.curves.show(True)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the images alone."""
        super().hideEvent(event)
        self.curves.show(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow panels leave words out."""
        super().resizeEvent(event)
        show_if(self._transit_name, self.width() >= NARROW_PX)

    def _on_cursor(self, *_: object) -> None:
        if self.isVisible():
            self.density.update()

    def _on_contrast(self, _uid: str) -> None:
        if self.isVisible():
            self._show_range()

    def refresh(self, *_: object) -> None:
        """Show what was read."""
        if not self.isVisible():
            return
        reading = self.curves.reading
        self._show_range()
        self.density.refresh()
        self.arrival.refresh()
        self._source.set_text(reading.source if reading is not None else "")
        between = reading.between if reading is not None else ()
        for choice, number in zip((self.start, self.end), between or (None, None), strict=True):
            choice.show_value(number)
            choice.setEnabled(bool(between))
        verdict, basis = transit_lines(reading) if reading is not None else ("", "")
        if between and reading is not None and reading.transit is not None:
            verdict = f"{between[0]} → {between[1]}:  {verdict}"
        self._verdict.set_text(verdict)
        self._basis.set_text(basis)
        front = profile_line(reading) if reading is not None else ""
        unusual = reading is not None and any(reading.flags)
        self._front.set_text(front, tokens.WARN if unusual else tokens.TEXT_MID)
        for line in (self._verdict, self._basis, self._front):
            show_if(line, bool(line.text))
        self._fill(reading)

    def _show_range(self) -> None:
        run = self._session.run
        for field in (self.first, self.last):
            field.setEnabled(run is not None and run.frames > 1)
        if run is not None:
            first, last = self._contrast.frame_range(run)
            self.first.set_limits(1, run.frames)
            self.last.set_limits(1, run.frames)
            self.first.show_value(first + 1)
            self.last.show_value(last + 1)

    def _fill(self, reading: CurveReading | None) -> None:
        table = self.table
        table.blockSignals(True)
        unit = reading.axis_unit if reading is not None else "s"
        points = reading.points if reading is not None else ()
        stretches = not points and reading is not None and reading.profile is not None
        table.setHorizontalHeaderLabels(
            ["", "Place", "Arrival", "Note"]
            if stretches
            else ["", f"Arrival, {unit}", f"Peak, {unit}", "Washout"]
        )
        if stretches and reading is not None:
            rows = [("", *reading.stretch(n)) for n in range(len(reading.flags))]
            colors = [tokens.WARN if flag else tokens.TEXT_HI for flag in reading.flags]
        else:
            rows = [row_of(point, unit) for point in points]
            colors = [curve_color(point.number) for point in points]
        table.setRowCount(len(rows))
        for n, (texts, color) in enumerate(zip(rows, colors, strict=True)):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setForeground(QColor(color if column == 0 or stretches else tokens.TEXT_HI))
                item.setFont(theme.small(600 if column == 0 else 400))
                item.setToolTip(text)
                table.setItem(n, column, item)
        table.blockSignals(False)
        self._on_selection()

    # -- what people do -----------------------------------------------------------------------
    def _set_range(self, *_: object) -> None:
        run = self._session.run
        if run is not None:
            first, last = int(self.first.value()) - 1, int(self.last.value()) - 1
            if self.sender() is self.last:
                first = min(first, last)
            self._contrast.set_range(run, first, max(first, last))
            self._show_range()

    def _choose(self, *_: object) -> None:
        start, end = self.start.currentIndex() + 1, self.end.currentIndex() + 1
        self.curves.choose(start, end)

    def _on_row(self) -> None:
        reading, row = self.curves.reading, self.table.currentRow()
        if reading is not None and 0 <= row < len(reading.points):
            self._session.select(Selection("contrast", reading.points[row].id))

    def _on_selection(self, *_: object) -> None:
        reading, chosen = self.curves.reading, self._session.selection
        ids = [point.id for point in reading.points] if reading is not None else []
        self.table.blockSignals(True)
        if chosen.kind == "contrast" and chosen.id in ids:
            self.table.selectRow(ids.index(chosen.id))
        else:
            self.table.clearSelection()
        self.table.blockSignals(False)


def _table() -> QTableWidget:
    table = QTableWidget(0, 4)
    table.setAccessibleName("Contrast over time, numbers")
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(22)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    header = table.horizontalHeader()
    header.setFont(theme.caption())
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    for column, width in enumerate((28, 104, 92)):
        table.setColumnWidth(column, width)
    header.setStretchLastSection(True)
    return table
