"""The words at the end of a cine bar: frame, of how many, and its time."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.qt import paint


class Place(QWidget):
    """Frame, of how many, and its time. Drawn: rich text and its layout cost 0.5 ms a frame."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._line: tuple[paint.Text, ...] = ()

    def set_line(self, line: tuple[paint.Text, ...]) -> None:
        """Show these pieces of text."""
        if line != self._line:
            self._line = line
            self.update()

    def text(self) -> str:
        """What it says."""
        return "".join(text for text, _, _ in self._line)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pieces, half way up."""
        with QPainter(self) as painter:
            paint.draw_line(painter, 0.0, self.height() / 2 + 12 * 0.36, self._line, 12)
