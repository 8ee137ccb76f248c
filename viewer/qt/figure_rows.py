"""Rows of the figures panel: a name and what is said, a frame to go to, a bar beside others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.fields import LABEL_WIDTH
from viewer.qt.labels import ClickRow, clear_layout, push_button
from viewer.session.figure_lines import Line, Place

GoTo = Callable[[str, int], None]
"""Shows a frame of a pullback; an empty uid is the shown one."""


class Lines(QWidget):
    """Names and texts below one another; those with a frame lead to it."""

    def __init__(self, go_to: GoTo) -> None:
        super().__init__()
        self._go_to = go_to
        self._shown: tuple[Line, ...] = ()
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(4)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._shown

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        now = tuple(lines)
        if now != self._shown:
            self._shown = now
            clear_layout(self._rows)
            for line in now:
                self._rows.addWidget(self._row(line))
        self.setVisible(bool(now))

    def _row(self, line: Line) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        name = theme.label(line.name, theme.small(), "low", wrap=True)
        name.setFixedWidth(LABEL_WIDTH)
        row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
        if line.frame is None:
            text = theme.label(line.text, theme.small(), wrap=True)
            theme.set_tone(text, line.tone)
            text.setToolTip(line.tip)
            row.addWidget(text, 1)
        else:
            frame, uid = line.frame, line.uid
            link = push_button(line.text, look="link", tip=line.tip or "Go to this frame")
            link.clicked.connect(lambda *_: self._go_to(uid, frame))
            row.addWidget(link, 0)
            row.addStretch(1)
        return holder


class _Bar(QWidget):
    """A share of the widest, as a bar of the colour of what was measured."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self.setFixedHeight(6)

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(100, 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        color = tokens.STENT if self._place.is_stent else tokens.STENOSIS
        for share, ink in ((1.0, tokens.RAISED), (self._place.share, color)):
            painter.setBrush(QColor(ink))
            box = QRectF(0, 0, max(3.0, self.width() * share), self.height())
            painter.drawRoundedRect(box, 3, 3)


class Places(QWidget):
    """The same place in other phases: name, frame, area, bar; a click goes there."""

    def __init__(self, go_to: GoTo) -> None:
        super().__init__()
        self._go_to = go_to
        self._shown: tuple[Place, ...] = ()
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(8)

    def show_places(self, places: tuple[Place, ...]) -> None:
        """Show other places."""
        if places != self._shown:
            self._shown = places
            clear_layout(self._rows)
            for place in places:
                self._rows.addWidget(self._row(place))

    def _row(self, place: Place) -> QWidget:
        row = ClickRow()
        row.setToolTip(f"Go there\n{place.tip}")
        row.setCursor(Qt.CursorShape.PointingHandCursor)
        row.setAccessibleName(f"{place.title}, {place.detail}, {place.area}")
        row.clicked.connect(lambda: self._go_to(place.uid, place.frame))
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(theme.label(place.title, theme.small(500)))
        line.addWidget(theme.label(place.detail, theme.caption(), "low"), 1)
        line.addWidget(theme.label(place.area, theme.small(600)))
        column.addLayout(line)
        column.addWidget(_Bar(place))
        return row
