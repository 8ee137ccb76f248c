"""Chips: short words on a tinted ground, drawn by lists and standing alone as widgets."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.qt import theme, tokens

HEIGHT = 18
_PADDING = 6.0
_ICON = 12.0
_GAP = 4.0

TONES: dict[str, tuple[str, str]] = {
    "neutral": (tokens.RAISED, tokens.TEXT_MID),
    "ok": (tokens.OK_BACK, "#7FE3A5"),
    "warn": (tokens.WARN_BACK, tokens.WARN),
    "error": (tokens.ERROR_BACK, tokens.ERROR),
    "accent": (tokens.ACCENT_BACK, "#B9BEFF"),
    "xa": (tokens.XA_BACK, tokens.XA_TEXT),
    "ivus": (tokens.IVUS_BACK, tokens.IVUS_TEXT),
    "landmark": (tokens.WARN_BACK, tokens.LANDMARK),
}
"""Ground and text of each tone."""


@dataclass(frozen=True, slots=True)
class ChipLook:
    """What a chip says and how: `tone` is a key of `TONES`, `icon` a name or ""."""

    text: str
    tone: str = "neutral"
    icon: str = ""


def chip_width(look: ChipLook) -> float:
    """Width of a chip, logical px."""
    icon = _ICON + (_GAP if look.text else 0.0) if look.icon else 0.0
    return theme.text_width(look.text, theme.tag()) + 2 * _PADDING + icon


def draw_chip(painter: QPainter, x: float, y: float, look: ChipLook) -> float:
    """Draw a chip with its top left corner at (x, y); the width it took is returned."""
    ground, ink = TONES[look.tone]
    width = chip_width(look)
    box = QRectF(x, y, width, HEIGHT)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(box, tokens.RADIUS_TAG, tokens.RADIUS_TAG)
    left = x + _PADDING
    if look.icon:
        theme.draw_icon(painter, QRectF(left, y + 3, _ICON, _ICON), look.icon, ink)
        left += _ICON + _GAP
    painter.setFont(theme.tag())
    painter.setPen(QColor(ink))
    text_box = QRectF(left, y, box.right() - left, HEIGHT)
    painter.drawText(
        text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, look.text
    )
    return width


class Chip(QWidget):
    """One chip as a widget."""

    def __init__(self, text: str = "", tone: str = "neutral", icon: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._look = ChipLook("")
        self.show_as(text, tone, icon)

    def show_as(self, text: str, tone: str = "neutral", icon: str = "") -> None:
        """Change what it says; a chip without words or icon hides itself."""
        look = ChipLook(text, tone, icon)
        if look != self._look:
            self._look = look
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()
        if not (text or icon):
            self.hide()
        elif self.parentWidget() is not None:
            self.show()
        else:
            self.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)

    @property
    def text(self) -> str:
        """The words on it."""
        return self._look.text

    def sizeHint(self) -> QSize:
        """Room for what it says."""
        return QSize(round(chip_width(self._look) + 0.5), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        draw_chip(painter, 0.0, 0.0, self._look)


def draw_key_cap(painter: QPainter, box: QRectF, text: str, ink: str = tokens.TEXT_MID) -> None:
    """Draw a key as printed on a keyboard's cap."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(tokens.LINE2), 1))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setPen(QPen(QColor(tokens.LINE2), 1))
    foot = box.bottom() - 1.5
    painter.drawLine(QPointF(box.left() + 4, foot), QPointF(box.right() - 4, foot))
    painter.setPen(QColor(ink))
    painter.setFont(key_cap_font())
    painter.drawText(box.adjusted(0, 0, 0, -1), Qt.AlignmentFlag.AlignCenter, text)


def key_cap_font() -> QFont:
    """The font of a key's cap."""
    return theme.font(11, 500)


def key_cap_width(text: str) -> float:
    """Width of a key's cap, logical px."""
    return max(20.0, theme.text_width(text, key_cap_font()) + 12.0)


class KeyCap(QWidget):
    """A key as a widget."""

    def __init__(self, text: str, ink: str = tokens.TEXT_MID) -> None:
        super().__init__()
        self._text, self._ink = text, ink
        self.setFixedSize(round(key_cap_width(text) + 0.5), 20)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        draw_key_cap(painter, QRectF(self.rect()), self._text, self._ink)


def shortcut_text(keys: str) -> str:
    """A portable key sequence as shown to people: "Ctrl+K" is "Ctrl K"."""
    if keys in ("+", "-"):
        return keys
    words = {"Escape": "Esc", "Return": "Enter", "Delete": "Del", "Left": "←", "Right": "→"}
    return " ".join(words.get(part, part) for part in keys.split("+") if part)
