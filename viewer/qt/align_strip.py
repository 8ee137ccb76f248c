"""The strip over the images while the Landmark tool is armed: what to do, and what it would do."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from viewer.qt import theme, tokens
from viewer.qt.chips import draw_key_cap, key_cap_width
from viewer.qt.labels import IconView, push_button
from viewer.qt.landmark_panel import LandmarkName
from viewer.session import facts
from viewer.session.session import Session

_HOW = "pick a frame, click the vein"
WIDE = 1240
"""Strips at least this wide, px, say how in the pill as well."""


class ArmedPill(QWidget):
    """Says that the Landmark tool is armed, and how to end it."""

    def __init__(self) -> None:
        super().__init__()
        self._first, self._rest = "Landmark armed", _HOW
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{self._first}: {_HOW}. Escape ends it.")
        self.setToolTip(f"{_HOW[0].upper()}{_HOW[1:]}; Esc ends it")

    def set_short(self, short: bool) -> None:
        """Leave out how it is done."""
        rest = "" if short else _HOW
        if rest != self._rest:
            self._rest = rest
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Room for icon, words and key."""
        words = theme.text_width(self._first, theme.small(600))
        words += theme.text_width(self._rest, theme.small()) + 8 if self._rest else 0
        return QSize(round(words + key_cap_width("Esc")) + 12 + 22 + 10 + 8, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#B59F2A"), 1))
        painter.setBrush(QColor("#35301A"))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, tokens.RADIUS_BUTTON, tokens.RADIUS_BUTTON)
        theme.draw_icon(painter, QRectF(12, 9, 14, 14), "caval.landmark")
        left, middle = 34.0, Qt.AlignmentFlag.AlignVCenter
        for text, font in ((self._first, theme.small(600)), (self._rest, theme.small())):
            painter.setFont(font)
            painter.setPen(QColor("#FFF3B0" if font is theme.small(600) else "#E5DAA0"))
            width = theme.text_width(text, font)
            painter.drawText(QRectF(left, 0, width + 4, 32), middle, text)
            left += width + 8
        width = key_cap_width("Esc")
        draw_key_cap(painter, QRectF(self.width() - width - 8, 6, width, 20), "Esc", "#E5DAA0")


class KeyButton(QPushButton):
    """A primary button that shows its key."""

    def __init__(self, text: str, key: str) -> None:
        super().__init__(f"  {text}")
        self._key = key
        self.setFont(theme.body(500))
        self.setProperty("primary", True)
        self.setIcon(theme.icon("ph.check", "#FFFFFF"))
        self.setAccessibleName(text)
        self.setToolTip(f"{text}  ({key})")
        self.setFixedHeight(32)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setStyleSheet("text-align: left;")

    def sizeHint(self) -> QSize:
        """Room for the words and the key."""
        words = theme.text_width(self.text(), self.font())
        return QSize(round(words + key_cap_width(self._key)) + 12 + 20 + 10 + 10, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button, then the key's cap."""
        super().paintEvent(event)
        painter = QPainter(self)
        if not self.isEnabled():
            painter.setOpacity(0.5)
        width = key_cap_width(self._key)
        box = QRectF(self.width() - width - 10, 6, width, 20)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#B9BEFF"), 1))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(theme.font(11, 500))
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._key)


class AlignStrip(QWidget):
    """52 px: pill, name, where it is seen, what it means, Skip and Add landmark."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Landmark being placed")
        self.setFixedHeight(tokens.TASK_STRIP_HEIGHT)
        self.name = LandmarkName()
        self.name.setFixedHeight(32)
        self.name.setMinimumWidth(190)
        self.name.setMaximumWidth(260)
        self.name.activated.connect(self._rename)
        edit = self.name.lineEdit()
        if edit is not None:
            edit.textEdited.connect(self._rename)
        self._icon = IconView("ph.info")
        self._text = theme.label("", theme.small(), "mid", wrap=True)
        self.skip = push_button("Skip", tip="Forget the place that was clicked", is_small=False)
        self.skip.setFixedHeight(32)
        self.skip.clicked.connect(session.vessel.forget_pending)
        self.add = KeyButton("Add landmark", "Enter")
        self.add.clicked.connect(session.vessel.accept_pending)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        self.pill = ArmedPill()
        row.addWidget(self.pill)
        row.addSpacing(4)
        row.addWidget(theme.label("Name", theme.small(), "low"))
        row.addWidget(self.name, 1)
        row.addSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._text, 2)
        row.addWidget(self.skip)
        row.addWidget(self.add)
        for signal in (
            session.pending_changed, session.review_changed, session.tool_changed,
            session.case_changed, session.link_changed, session.cursor_changed,
        ):  # fmt: skip
            signal.connect(self._follow)
        self.refresh()

    @property
    def text(self) -> str:
        """What the strip says about the landmark being placed."""
        return self._text.text()

    def _follow(self) -> None:
        if self.isVisible():
            self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow strips leave the pill's second half out."""
        super().resizeEvent(event)
        self.pill.set_short(self.width() < WIDE)

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    def refresh(self) -> None:
        """Follow the session."""
        session = self._session
        pending = session.vessel.pending
        self.name.show_value(pending.name or session.vessel.free_name())
        placed = pending.point_px is not None
        text, tone = facts.pending_text(session)
        if text != self._text.text():
            self._text.setText(text)
        looks = {
            "ok": ("ph.check-circle", tokens.OK),
            "warn": ("ph.warning-fill", tokens.WARN),
        }
        self._icon.show_as(*looks.get(tone, ("ph.info", tokens.TEXT_MID)))
        self.add.setEnabled(placed)
        self.skip.setEnabled(placed)

    def _rename(self) -> None:
        self._session.vessel.name_pending(self.name.currentText().strip())
