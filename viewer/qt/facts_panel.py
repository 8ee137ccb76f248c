"""How it was measured: scales, ±, frame times, each with its source."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from viewer.qt import theme
from viewer.qt.fields import LABEL_WIDTH
from viewer.qt.labels import section_title, show_if
from viewer.session.facts import Fact, how_measured
from viewer.session.session import Session

_MOST = 8


class FactsPanel(QWidget):
    """Name and text side by side, more in each tooltip."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._facts: tuple[Fact, ...] = ()
        self.setAccessibleName("How it was measured")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(section_title("How it was measured"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        self._lines: list[tuple[QLabel, QLabel]] = []
        for row in range(_MOST):
            name = theme.label("", theme.small(), "low")
            text = theme.label("", theme.small(), wrap=True)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, row, 1)
            self._lines.append((name, text))
        self.refresh()

    def refresh(self) -> None:
        """Follow the session."""
        now = how_measured(self._session)
        if now != self._facts or not now:
            self._facts = now
            for n, (name, text) in enumerate(self._lines):
                fact = now[n] if n < len(now) else Fact("", "")
                name.setText(fact.name)
                text.setText(fact.text)
                theme.set_tone(text, fact.tone)
                for label in (name, text):
                    label.setToolTip(fact.tip)
                    show_if(label, bool(fact.text))
        show_if(self, bool(now))

    @property
    def texts(self) -> dict[str, str]:
        """What is shown, by name."""
        return {fact.name: fact.text for fact in self._facts}
