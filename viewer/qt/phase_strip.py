"""The steps of the procedure in a row; which is shown before and which after."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.chips import ChipLook, chip_width, draw_chip
from viewer.qt.labels import tool_button
from viewer.session.compare import PhaseStep
from viewer.session.session import Session

HEIGHT = 60
SIDE_COLORS = (tokens.TEXT_HI, tokens.LUMEN)
SIDE_WORDS = ("Before", "After")
SIDE_LETTERS = ("A", "B")


class PhaseButton(QWidget):
    """One step; a click shows it after, Shift+click or the right button before."""

    chosen = Signal(int)

    def __init__(self, number: int, step: PhaseStep) -> None:
        super().__init__()
        self._number, self.step, self._side = number, step, -1
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setMinimumWidth(96)
        self.setToolTip(f"{step.title}\nClick: show it after. Shift+click: show it before.")

    def show_side(self, side: int) -> None:
        """0 is before, 1 after, -1 neither."""
        self._side = side
        word = f", {SIDE_WORDS[side].lower()}" if side >= 0 else ""
        self.setAccessibleName(f"{self.step.title}{word}")
        self.update()

    def sizeHint(self) -> QSize:
        """Room for title and badges."""
        return QSize(170, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side, box = self._side, QRectF(self.rect())
        if side >= 0:
            ground = QColor("#1D2842" if side == 0 else "#123A30")
            painter.fillRect(box, ground)
            painter.fillRect(QRectF(0, 0, box.width(), 3), QColor(SIDE_COLORS[side]))
        elif self.underMouse():
            painter.fillRect(box, QColor(tokens.HOVER))
        disc = QRectF(12, 16, 24, 24)
        color = QColor(SIDE_COLORS[side]) if side >= 0 else QColor(tokens.TEXT_LOW)
        painter.setPen(QPen(color, 1.4))
        painter.setBrush(color if side >= 0 else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(disc)
        painter.setFont(theme.font(12, 600))
        painter.setPen(QColor(tokens.APP) if side >= 0 else color)
        letter = SIDE_LETTERS[side] if side >= 0 else str(self._number)
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, letter)
        self._paint_words(painter, box)
        painter.fillRect(QRectF(box.right() - 1, 8, 1, box.height() - 16), QColor(tokens.LINE))
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.ACCENT), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(2, 2, -2, -2))

    def _paint_words(self, painter: QPainter, box: QRectF) -> None:
        left, room = 44.0, box.width() - 52
        title = painter.fontMetrics()
        painter.setFont(theme.font(13, 600))
        painter.setPen(QColor(tokens.TEXT_HI))
        title = painter.fontMetrics()
        words = title.elidedText(self.step.title, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(QRectF(left, 10, room, 18), words)
        x = left
        painter.setFont(theme.caption())
        painter.setPen(QColor(tokens.TEXT_LOW))
        if self.step.time:
            painter.drawText(QRectF(x, 32, 44, 16), self.step.time)
            x += 40
        for uid, badge, tone in (
            (self.step.run_uid, "XA", "xa"),
            (self.step.pullback_uid, "IVUS", "ivus"),
        ):
            if uid is not None:
                look = ChipLook(badge, tone)
                draw_chip(painter, x, 31, look)
                x += chip_width(look) + 4

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose it."""
        if self.rect().contains(event.position().toPoint()):
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.chosen.emit(0 if shift or event.button() == Qt.MouseButton.RightButton else 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows it after, with Shift before."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.chosen.emit(0 if shift else 1)
        else:
            super().keyPressEvent(event)


class PhaseStrip(QWidget):
    """All steps in order, and a button that exchanges both sides."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self._steps: tuple[PhaseStep, ...] = ()
        self.setAccessibleName("Phases of the procedure")
        self.setFixedHeight(HEIGHT)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 8, 0)
        self._row.setSpacing(0)
        self.swap = tool_button("ph.arrows-left-right", "Swap before and after  (X)")
        self.swap.clicked.connect(session.compare.swap)
        self._row.addWidget(self.swap)
        self.buttons: list[PhaseButton] = []
        session.compare.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Follow what is compared."""
        compare = self._session.compare
        steps = compare.steps()
        if steps != self._steps:
            self._steps = steps
            for button in self.buttons:
                self._row.removeWidget(button)
                button.hide()
                button.deleteLater()
            self.buttons = [PhaseButton(n, step) for n, step in enumerate(steps, start=1)]
            for place, button in enumerate(self.buttons):
                title = button.step.title
                button.chosen.connect(lambda side, title=title: compare.choose(side, title))
                self._row.insertWidget(place, button, 1)
        shown = compare.shown
        titles = [step.title for step in shown] if shown is not None else []
        for button in self.buttons:
            title = button.step.title
            button.show_side(titles.index(title) if title in titles else -1)
