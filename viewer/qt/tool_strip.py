"""The column of tools: one armed at a time; what can't be used is grey and says why."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.session.actions import BY_ID, tooltip
from viewer.session.session import Session

_PREFIX = "tool."
_GREY = "#566273"
_COLORS = {"tool.landmark": tokens.LANDMARK, "tool.centerline": tokens.TEXT_HI}


class ToolButton(QAbstractButton):
    """Icon over label; filled while armed."""

    def __init__(self, action_id: str, action: QAction, session: Session) -> None:
        super().__init__()
        self._row = BY_ID[action_id]
        self._action, self._session = action, session
        self.setText(self._row.text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(f"{self._row.text} tool")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._compact = False
        self.clicked.connect(self._arm)
        self.set_compact(False)
        self.refresh()

    def _arm(self) -> None:
        self._action.trigger()
        self.refresh()

    def refresh(self) -> None:
        """Follow the session: armed or not, usable or why not."""
        why = self._row.why_not(self._session)
        armed = self._row.id == f"{_PREFIX}{self._session.tool.value}"
        self.setEnabled(not why)
        self.setChecked(armed)
        tip = tooltip(self._row, self._session)
        if tip != self.toolTip():
            self.setToolTip(tip)
            self.setAccessibleDescription(tip)

    def set_compact(self, compact: bool) -> None:
        """Icon only, 44 px."""
        self._compact = compact
        self.setFixedSize(QSize(36, 36) if compact else QSize(56, 54))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        armed, usable = self.isChecked(), self.isEnabled()
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if armed:
            painter.setPen(QPen(QColor("#6169DE"), 1))
            painter.setBrush(QColor("#2A2F63"))
            painter.drawRoundedRect(box, tokens.RADIUS_BUTTON, tokens.RADIUS_BUTTON)
        elif usable and (self.underMouse() or self.isDown()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.HOVER))
            painter.drawRoundedRect(box, tokens.RADIUS_BUTTON, tokens.RADIUS_BUTTON)
        ink = _COLORS.get(self._row.id, tokens.TEXT_HI if armed else tokens.TEXT_MID)
        size, top = 20.0, 8.0
        place = QRectF((self.width() - size) / 2, top, size, size)
        if not usable and self._row.icon.startswith("caval."):
            painter.setOpacity(0.35)
        theme.draw_icon(painter, place, self._row.icon, ink if usable else _GREY)
        painter.setOpacity(1.0)
        if not self._compact:
            painter.setFont(theme.font(10.5, 500 if armed else 400))
            tone = tokens.TEXT_HI if armed else tokens.TEXT_MID if usable else "#5D6979"
            painter.setPen(QColor(tone))
            foot = QRectF(-4, 32, self.width() + 8, 16)
            painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, self.text())


ELSEWHERE = ("tool.rotation",)
"""Tools with a button in the header of the one pane they are for."""


class ToolStrip(QWidget):
    """The tools of the actions table, in its groups."""

    def __init__(self, session: Session, actions: dict[str, QAction]) -> None:
        super().__init__()
        theme.panel(self)
        self.setAccessibleName("Tools")
        self.setFixedWidth(tokens.TOOLS_WIDTH)
        self.buttons: dict[str, ToolButton] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 8, 0, 8)
        self._column.setSpacing(2)
        group = 0
        for action_id, action in actions.items():
            if not action_id.startswith(_PREFIX) or action_id in ELSEWHERE:
                continue
            if BY_ID[action_id].group != group:
                group = BY_ID[action_id].group
                self._add_rule()
            button = ToolButton(action_id, action, session)
            self.buttons[action_id] = button
            self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(1)
        for signal in (session.case_changed, session.tool_changed, session.review_changed):
            signal.connect(self.refresh)

    def _add_rule(self) -> None:
        line = theme.rule()
        line.setFixedWidth(38)
        self._column.addSpacing(5)
        self._column.addWidget(line, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addSpacing(5)

    def refresh(self) -> None:
        """Follow the session."""
        for button in self.buttons.values():
            button.refresh()

    def set_compact(self, compact: bool) -> None:
        """Icons only, 44 px wide."""
        self.setFixedWidth(tokens.TOOLS_WIDTH_COMPACT if compact else tokens.TOOLS_WIDTH)
        for button in self.buttons.values():
            button.set_compact(compact)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move between the tools."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step = steps.get(Qt.Key(event.key()))
        buttons = [button for button in self.buttons.values() if button.isEnabled()]
        here = next((n for n, button in enumerate(buttons) if button.hasFocus()), None)
        if step is None or here is None:
            super().keyPressEvent(event)
            return
        reason = Qt.FocusReason.TabFocusReason
        buttons[(here + step) % len(buttons)].setFocus(reason)
