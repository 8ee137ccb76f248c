"""What every panel is built from: one elided line, figures, headings, buttons."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.qt import theme, tokens


class ElidedLabel(QWidget):
    """One line of text that ends in "…" where it does not fit; the whole is its tooltip then."""

    def __init__(
        self,
        text: str = "",
        font: QFont | None = None,
        color: str = tokens.TEXT_HI,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__()
        self._font = font if font is not None else theme.body()
        self._color, self._mode, self._text = color, mode, ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str, color: str | None = None) -> None:
        """Change the text, and its colour."""
        if color is not None and color != self._color:
            self._color = color
            self.update()
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Room for what it says."""
        metrics = QFontMetrics(self._font)
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """A few letters and the dots."""
        metrics = QFontMetrics(self._font)
        return QSize(min(24, metrics.horizontalAdvance(self._text)), metrics.height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        shown = QFontMetrics(self._font).elidedText(self._text, self._mode, self.width())
        self.setToolTip(self._text if shown != self._text else "")
        painter = QPainter(self)
        painter.setFont(self._font)
        painter.setPen(QColor(self._color))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), left, shown)


class IconView(QWidget):
    """An icon that is not a button."""

    def __init__(self, name: str, color: str = tokens.TEXT_MID, size: int = 16) -> None:
        super().__init__()
        self._name, self._color = name, color
        self.setFixedSize(size, size)

    def show_as(self, name: str, color: str = tokens.TEXT_MID) -> None:
        """Another icon, or another colour."""
        if (name, color) != (self._name, self._color):
            self._name, self._color = name, color
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        if self._name:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            theme.draw_icon(painter, QRectF(self.rect()), self._name, self._color)


class Figure(QWidget):
    """A figure with its unit, its ± and a caption below: "27 ± 3 mm / Length"."""

    def __init__(self, caption: str, *, key: bool = False) -> None:
        super().__init__()
        self._number = theme.label("–", theme.font(26, 600) if key else theme.value())
        self._unit = theme.label("", theme.small(), "low")
        self._caption = theme.label(caption, theme.caption(), "low")
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self._number, 0, Qt.AlignmentFlag.AlignBottom)
        line.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBottom)
        self._unit.setContentsMargins(0, 0, 0, 4 if key else 3)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self._caption)
        self._name = caption

    def set_value(self, number: str, unit: str = "", caption: str | None = None) -> None:
        """Change the figure; an empty number reads "unknown"."""
        self._number.setText(number or "–")
        self._unit.setText(unit if number else "unknown")
        if caption is not None:
            self._caption.setText(caption)
            self._name = caption
        self.setAccessibleName(f"{self._name}: {number or 'unknown'} {unit}".strip())

    @property
    def text(self) -> str:
        """Figure and unit."""
        return f"{self._number.text()} {self._unit.text()}".strip()


def section_title(text: str) -> QLabel:
    """A section's heading: small, spaced capitals."""
    made = theme.label(text.upper(), None, "low")
    font = QFont(theme.font(11, 600))
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.6)
    made.setFont(font)
    made.setAccessibleName(text)
    return made


def tool_button(icon: str, name: str, size: int = 28) -> QToolButton:
    """A square button with an icon only; `name` is its tooltip and its accessible name."""
    made = QToolButton()
    made.setIcon(theme.icon(icon))
    made.setFixedSize(size, size)
    made.setToolTip(name)
    made.setAccessibleName(name)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def push_button(
    text: str, icon: str = "", look: str = "", *, is_small: bool = True, tip: str = ""
) -> QPushButton:
    """A button with words; `look` is "", "primary", "flat", "danger" or "warn"."""
    made = QPushButton(f" {text}" if icon else text)
    made.setFont(theme.small(500) if is_small else theme.body(500))
    if icon:
        made.setIcon(theme.icon(icon, "#FFFFFF" if look == "primary" else tokens.TEXT_MID))
    for name in look.split():
        made.setProperty(name, True)
    if look == "danger":
        made.setProperty("flat", True)
        if icon:
            made.setIcon(theme.icon(icon, tokens.ERROR))
    if is_small:
        made.setProperty("small", True)
    made.setAccessibleName(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


class ClickRow(QFrame):
    """A frame that can be clicked."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A left click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()
        else:
            super().mousePressEvent(event)


def clear_layout(layout: QVBoxLayout | QHBoxLayout) -> None:
    """Take everything out of a layout and let go of the widgets."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def show_if(widget: QWidget, wanted: bool) -> None:
    """Show or hide a widget; one that has no parent yet is left to be shown with its parent."""
    if wanted and widget.parentWidget() is None:
        widget.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
    else:
        widget.setVisible(wanted)
