"""What was measured of the selected segment: key values, references side by side, doubts."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from viewer.model.annotation import Stenosis, Stent
from viewer.qt import theme, tokens
from viewer.qt.labels import Figure, clear_layout, push_button, section_title, show_if
from viewer.session.figure_cards import AgainstRow, Card, Line, card_of
from viewer.session.session import Session

SITE_TIP = (
    "Norms and cut-offs come from the program's reference_values.toml, each with its source. "
    "A file of that name in the data folder replaces what your site does otherwise."
)


class FiguresPanel(QWidget):
    """Follows the session's figures; says when newer ones are on their way."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[str, Card | None, bool] | None = None
        self.card: Card | None = None
        self.setAccessibleName("Figures of the segment")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 4, 0, 8)
        self._column.setSpacing(6)
        self._add_heading()
        self._lines = QVBoxLayout()
        self._lines.setSpacing(4)
        self._column.addLayout(self._lines)
        self._against = QWidget()
        self._grid = QGridLayout(self._against)
        self._grid.setContentsMargins(0, 6, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._column.addWidget(self._against)
        self.radios: list[QRadioButton] = []
        self._add_foot()
        if session.figures is not None:
            session.figures.changed.connect(self._follow)

    def _add_heading(self) -> None:
        self._state = theme.label("", theme.caption(), "low")
        figures = QHBoxLayout()
        figures.setSpacing(20)
        self.keys = [Figure(""), Figure("")]
        for key in self.keys:
            figures.addWidget(key, 0, Qt.AlignmentFlag.AlignBottom)
        figures.addStretch(1)
        figures.addWidget(self._state, 0, Qt.AlignmentFlag.AlignBottom)
        self._column.addLayout(figures)

    def _add_foot(self) -> None:
        self._fact = theme.label("", theme.caption(), "mid", wrap=True)
        self._fact.setToolTip(SITE_TIP)
        self._warnings = theme.label("", theme.caption(), wrap=True)
        theme.set_tone(self._warnings, "warn")
        self.accept = push_button("", "ph.check", "primary")
        self.accept.clicked.connect(self._accept)
        self.use_frame = push_button("Hold against this frame", "ph.map-pin")
        self.use_frame.setToolTip("Take the shown IVUS frame as a reference")
        self.use_frame.clicked.connect(self._use_frame)
        self.propose = push_button("Propose again", "ph.arrow-counter-clockwise")
        self.propose.setToolTip("Drop the reference frames you chose")
        self.propose.clicked.connect(self._propose)
        for widget in (self._fact, self._warnings, self.accept):
            self._column.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(self.use_frame)
        row.addWidget(self.propose)
        row.addStretch(1)
        self._column.addLayout(row)

    # -- showing ------------------------------------------------------------------------------
    def _follow(self) -> None:
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    def refresh(self) -> None:
        """Follow the session."""
        session, work = self._session, self._session.figures
        chosen = session.selection
        segment = session.review.segment(chosen.id) if chosen.kind == "segment" else None
        if work is None or segment is None:
            return
        figures = work.figures
        card = card_of(session, figures, segment.id) if figures is not None else None
        now = (segment.id, card, work.stale)
        if now == self._shown:
            return
        self._shown, self.card = now, card
        self._state.setText("measuring…" if work.stale else work.problem)
        for n, figure in enumerate(self.keys):
            key = card.keys[n] if card is not None and n < len(card.keys) else None
            show_if(figure, key is not None)
            figure.set_value(*((key.number, key.unit, key.caption) if key else ("", "", "–")))
            figure.setToolTip(key.tip if key is not None else "")
        self._show_lines(card.lines if card is not None else ())
        self._show_against(card.against if card is not None else ())
        self._show_foot(card, segment)

    def _show_foot(self, card: Card | None, segment: object) -> None:
        self._fact.setText(card.fact if card is not None else "")
        show_if(self._fact, bool(self._fact.text()))
        self._warnings.setText("\n".join(card.warnings[:4]) if card is not None else "")
        show_if(self._warnings, bool(self._warnings.text()))
        count = card.open_borders if card is not None else 0
        self.accept.setText(f" Accept {count} unchecked border{'' if count == 1 else 's'} here")
        show_if(self.accept, count > 0)
        held = isinstance(segment, Stenosis | Stent)
        show_if(self.use_frame, held)
        show_if(self.propose, isinstance(segment, Stenosis | Stent) and bool(segment.references))

    def _show_lines(self, lines: tuple[Line, ...]) -> None:
        clear_layout(self._lines)
        for line in lines:
            row = QHBoxLayout()
            name = theme.label(line.name, theme.small(), "low")
            name.setFixedWidth(112)
            row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
            if line.frame is not None:
                button = push_button(line.text, tip=line.tip or "Go to this frame")
                button.clicked.connect(partial(self._session.set_pullback_frame, line.frame))
                row.addWidget(button, 0)
                row.addStretch(1)
            else:
                text = theme.label(line.text, theme.small(), wrap=True)
                text.setToolTip(line.tip)
                row.addWidget(text, 1)
            holder = QWidget()
            row.setContentsMargins(0, 0, 0, 0)
            holder.setLayout(row)
            self._lines.addWidget(holder)

    def _show_against(self, rows: tuple[AgainstRow, ...]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.radios = []
        show_if(self._against, bool(rows))
        if not rows:
            return
        self._grid.addWidget(section_title("Stenosis against"), 0, 0, 1, 2)
        for column, word in ((2, "by area"), (3, "by min ⌀")):
            self._grid.addWidget(theme.label(word, theme.caption(), "low"), 0, column)
        for n, row in enumerate(rows, start=1):
            self._add_row(n, row)

    def _add_row(self, n: int, row: AgainstRow) -> None:
        radio = QRadioButton()
        radio.setAccessibleName(f"Tell by: {row.name}")
        radio.setChecked(row.primary)
        radio.setEnabled(row.usable)
        radio.clicked.connect(partial(self._tell_by, row))
        self.radios.append(radio)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(theme.label(row.name, theme.small(500)))
        words.addWidget(theme.label(row.detail, theme.caption(), "low", wrap=True))
        cell = QWidget()
        words.setContentsMargins(0, 0, 0, 0)
        cell.setLayout(words)
        cell.setToolTip(row.tip)
        self._grid.addWidget(radio, n, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(cell, n, 1)
        for column, text in ((2, row.area), (3, row.diameter)):
            label = QLabel(text)
            label.setFont(theme.small(600 if row.primary else 400))
            label.setStyleSheet(f"color:{tokens.TEXT_HI if row.usable else tokens.TEXT_LOW};")
            top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
            self._grid.addWidget(label, n, column, top)

    # -- verbs --------------------------------------------------------------------------------
    def _tell_by(self, row: AgainstRow, *_: object) -> None:
        self._session.references.tell_by(self._session.selection.id, row.against)

    def _accept(self) -> None:
        if self.card is not None and self.card.unchecked is not None:
            segment = self._session.review.segment(self._session.selection.id)
            name = segment.name if segment is not None else ""
            self._session.lumen.accept_stretch(*self.card.unchecked, name)

    def _use_frame(self) -> None:
        self._session.references.add_shown_frame(self._session.selection.id)

    def _propose(self) -> None:
        self._session.references.clear(self._session.selection.id)
