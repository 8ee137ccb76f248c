"""What the venogram tells of the selected stenosis, and how far the IVUS differs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from viewer.qt import theme
from viewer.qt.labels import section_title, show_if
from viewer.session.session import Session
from viewer.session.venogram_card import VenogramCard, venogram_card


class VenographyPanel(QWidget):
    """Name and figure side by side; hidden while nothing was measured."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.card: VenogramCard | None = None
        self.setAccessibleName("Venogram measurement")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addWidget(section_title("Venogram measurement"))
        self._on = theme.label("", theme.caption(), "low", wrap=True)
        column.addWidget(self._on)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        self._warnings = theme.label("", theme.caption(), "warn", wrap=True)
        column.addWidget(self._warnings)
        if session.figures is not None:
            session.figures.changed.connect(self.refresh)
        self.refresh()

    @property
    def anything(self) -> bool:
        """Whether the selected segment was measured."""
        return self.card is not None

    def refresh(self) -> None:
        """Follow the session's figures and selection."""
        card = venogram_card(self._session)
        show_if(self, card is not None)
        if card == self.card:
            return
        self.card = card
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        if card is None:
            return
        self._on.setText(f"On {card.run}; edges across the centerline")
        for row, line in enumerate((*card.lines, *card.beside)):
            for column, (text, tone) in enumerate(((line.name, "low"), (line.text, ""))):
                label = theme.label(text, theme.small(), tone)
                label.setToolTip(line.tip)
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                self._grid.addWidget(label, row, column, side)
        self._warnings.setText("\n".join(card.warnings))
        show_if(self._warnings, bool(card.warnings))
