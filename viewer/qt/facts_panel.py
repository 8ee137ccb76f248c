"""How it was measured: scales, ±, frame times, each with its source."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.qt import theme
from viewer.qt.fields import LABEL_WIDTH
from viewer.qt.labels import push_button, section_title, show_if
from viewer.session.facts import Fact, how_measured
from viewer.session.session import Session

_MOST = 10


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
        self.buttons: list[QPushButton] = []
        for row in range(_MOST):
            name = theme.label("", theme.small(), "low")
            text = theme.label("", theme.small(), wrap=True)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            button = push_button("Calibrate", tip="Set the scale by hand  (K)")
            button.clicked.connect(partial(self._calibrate, row))
            cell = QVBoxLayout()
            cell.setSpacing(4)
            cell.addWidget(text)
            cell.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addLayout(cell, row, 1)
            self._lines.append((name, text))
            self.buttons.append(button)
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
                show_if(self.buttons[n], bool(fact.calibrates))
        show_if(self, bool(now))

    def _calibrate(self, row: int, *_: object) -> None:
        """Arm the tool on the image set without a scale."""
        item = self._session.case.find(self._facts[row].calibrates)
        if item is not None:
            self._session.calibrating.arm_on(item)

    @property
    def texts(self) -> dict[str, str]:
        """What is shown, by name."""
        return {fact.name: fact.text for fact in self._facts}
