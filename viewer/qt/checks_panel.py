"""Frames whose lumen borders should be looked at first: where, how sure, why."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.labels import ElidedLabel, push_button, section_title, show_if, tool_button
from viewer.session.lumen_checks import CheckStretch
from viewer.session.session import Session

ROWS = 6


class _Row(QWidget):
    """One stretch: a button that goes there, how sure, why."""

    def __init__(self) -> None:
        super().__init__()
        self.go: QPushButton = push_button("", tip="Go to the frame it is least sure of")
        self.sure = ElidedLabel("", theme.small(), tokens.TEXT_MID)
        self.why = ElidedLabel("", theme.caption(), tokens.TEXT_LOW)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.sure)
        words.addWidget(self.why)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.go.setFixedWidth(132)
        row.addWidget(self.go)
        row.addLayout(words, 1)


class ChecksPanel(QWidget):
    """The least sure stretches, what is left beyond them; hidden while nothing is to check."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[CheckStretch, ...] = ()
        self.setAccessibleName("Frames to check first")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        heading = QHBoxLayout()
        heading.addWidget(section_title("Frames to check first"))
        heading.addStretch(1)
        self.previous = tool_button("ph.caret-left", "Previous frame to check  (Shift+U)")
        self.next = tool_button("ph.caret-right", "Next frame to check  (U)")
        self.previous.clicked.connect(partial(self._step, -1))
        self.next.clicked.connect(partial(self._step, 1))
        heading.addWidget(self.previous)
        heading.addWidget(self.next)
        column.addLayout(heading)
        self.rows = [_Row() for _ in range(ROWS)]
        for place, row in enumerate(self.rows):
            row.go.clicked.connect(partial(self._go, place))
            column.addWidget(row)
        self.more = theme.label("", theme.caption(), "low", wrap=True)
        column.addWidget(self.more)
        self.refresh()

    @property
    def anything(self) -> bool:
        """Whether a frame is to check."""
        return bool(self._shown)

    def refresh(self) -> None:
        """Follow the session."""
        checks = self._session.lumen.checks()
        now = checks.stretches
        show_if(self, bool(now))
        if now == self._shown:
            return
        self._shown = now
        for row, stretch in zip(self.rows, now, strict=False):
            row.go.setText(stretch.where)
            row.sure.set_text(stretch.how_sure or "not sure")
            row.why.set_text(stretch.reason[0].upper() + stretch.reason[1:])
        for place, row in enumerate(self.rows):
            show_if(row, place < len(now))
        rest = len(now) - ROWS
        show_if(self.more, rest > 0)
        self.more.setText(
            f"{checks.count.to_check} frames in {len(now)} stretches, the least sure first"
        )

    def _go(self, place: int, *_: object) -> None:
        if place < len(self._shown):
            self._session.set_pullback_frame(self._shown[place].frame)

    def _step(self, step: int, *_: object) -> None:
        self._session.lumen.step_to_check(step)
