"""Narrowings the lumen's area suggests: accept or reject each."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from viewer.qt import theme
from viewer.qt.labels import clear_layout, push_button, section_title, show_if, tool_button
from viewer.session.session import Session


class SuggestionPanel(QWidget):
    """A row for each suggestion, deepest first; hidden while there is none."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[object, ...] = ()
        self.setAccessibleName("Suggested narrowings")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addWidget(section_title("Suggested narrowings"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        column.addLayout(self._rows)
        if session.figures is not None:
            session.figures.changed.connect(self.refresh)
        self.refresh()

    @property
    def anything(self) -> bool:
        """Whether there is a suggestion."""
        return bool(self._shown)

    def refresh(self) -> None:
        """Follow the session's figures."""
        work = self._session.figures
        figures = work.figures if work is not None and work.wanted else None
        now = figures.suggested if figures is not None else ()
        show_if(self, bool(now))
        if now == self._shown:
            return
        self._shown = now
        clear_layout(self._rows)
        for candidate in now:
            words = f"Frames {candidate.first + 1}–{candidate.last + 1}"
            go = push_button(words, tip=f"{candidate.depth.source}\nGo to the narrowest frame")
            go.clicked.connect(partial(self._session.set_pullback_frame, candidate.frame))
            depth = theme.label(f"{candidate.depth.value:.0f} % area under its surroundings",
                                theme.caption(), "low", wrap=True)  # fmt: skip
            accept = tool_button("ph.check", "Mark it as a stenosis")
            reject = tool_button("ph.x", "No narrowing; don't suggest it again")
            accept.clicked.connect(partial(self._session.references.take, candidate))
            reject.clicked.connect(partial(self._session.references.reject, candidate))
            row = QHBoxLayout()
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(go)
            row.addWidget(depth, 1)
            row.addWidget(accept)
            row.addWidget(reject)
            holder = QWidget()
            holder.setLayout(row)
            self._rows.addWidget(holder)
