"""A narrowing against every reference, side by side, and the frames it is held against."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.labels import clear_layout, push_button, section_title, show_if, tool_button
from viewer.session.figure_lines import AgainstRow, HeldFrame


class AgainstTable(QWidget):
    """A row for each reference: % of area and of smallest diameter; the radio picks the primary."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 6, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._shown: tuple[AgainstRow, ...] = ()
        self.radios: list[QRadioButton] = []

    def show_rows(self, rows: tuple[AgainstRow, ...]) -> None:
        """Show other references."""
        show_if(self, bool(rows))
        if rows == self._shown:
            return
        self._shown, self.radios = rows, []
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if rows:
            self._grid.addWidget(section_title("Stenosis against"), 0, 0, 1, 2)
        for column, word in ((2, "by area"), (3, "by min ⌀")) if rows else ():
            made = theme.label(word, theme.caption(), "low")
            made.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(made, 0, column)
        for n, row in enumerate(rows, start=1):
            self._add(n, row)

    def _add(self, n: int, row: AgainstRow) -> None:
        radio = QRadioButton()
        radio.setAccessibleName(f"Tell by: {row.name}")
        radio.setToolTip("Tell the narrowing by this reference first; all stay shown")
        radio.setChecked(row.primary)
        radio.setEnabled(row.usable)
        radio.clicked.connect(lambda *_: self.chosen.emit(row.against))
        self.radios.append(radio)
        cell = QWidget()
        words = QVBoxLayout(cell)
        words.setContentsMargins(0, 4, 0, 0)
        words.setSpacing(0)
        words.addWidget(theme.label(row.name, theme.small(500)))
        words.addWidget(theme.label(row.detail, theme.caption(), "low", wrap=True))
        if row.warning:
            wrong = theme.label(row.warning, theme.caption(), wrap=True)
            theme.set_tone(wrong, "warn")
            words.addWidget(wrong)
        cell.setToolTip(row.tip)
        self._grid.addWidget(radio, n, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(cell, n, 1)
        for column, text in ((2, row.area), (3, row.diameter)):
            label = QLabel(text)
            label.setFont(theme.small(600 if row.primary else 400))
            label.setStyleSheet(f"color:{tokens.TEXT_HI if row.usable else tokens.TEXT_LOW};")
            label.setContentsMargins(0, 4, 0, 0)
            label.setToolTip(row.tip)
            top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
            self._grid.addWidget(label, n, column, top)


class HeldFrames(QWidget):
    """The reader's reference frames: go to one, remove one."""

    go_to = Signal(object)
    removed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[HeldFrame, ...] = ()
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(2)

    def show_frames(self, frames: tuple[HeldFrame, ...]) -> None:
        """Show other frames."""
        show_if(self, bool(frames))
        if frames == self._shown:
            return
        self._shown = frames
        clear_layout(self._rows)
        for one in frames:
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
            link = push_button(one.text, look="link", tip="Go to this reference frame")
            link.clicked.connect(partial(self._go, one))
            row.addWidget(link)
            warning = theme.label(one.warning, theme.caption(), wrap=True)
            theme.set_tone(warning, "warn")
            row.addWidget(warning, 1)
            remove = tool_button("ph.x", f"Remove reference {one.text.lower()}", 24)
            remove.clicked.connect(partial(self._remove, one))
            row.addWidget(remove)
            self._rows.addWidget(holder)

    def _go(self, one: HeldFrame, *_: object) -> None:
        self.go_to.emit(one.reference)

    def _remove(self, one: HeldFrame, *_: object) -> None:
        self.removed.emit(one.reference)
