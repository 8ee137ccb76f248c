"""Fields of the inspector: they tell what a person chose, never what the program set."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QWidget,
)

from viewer.qt import theme

LABEL_WIDTH = 78
HEIGHT = 28


class Choice(QComboBox):
    """A list to choose from; `chosen` only when a person did."""

    chosen = Signal(object)

    def __init__(self, name: str, options: Iterable[tuple[str, object]] = ()) -> None:
        super().__init__()
        self.setFont(theme.small())
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._values: list[object] = []  # Qt's item data would turn enumerations into plain text
        for text, value in options:
            self.addItem(text)
            self._values.append(value)
        self.activated.connect(lambda index: self.chosen.emit(self._values[index]))

    def set_options(self, options: Iterable[tuple[str, object]]) -> None:
        """Another list to choose from; nothing is chosen."""
        with QSignalBlocker(self):
            self.clear()
            self._values.clear()
            for text, value in options:
                self.addItem(text)
                self._values.append(value)
            self.setCurrentIndex(-1)

    def show_value(self, value: object) -> None:
        """Show a value without telling anyone."""
        index = self._values.index(value) if value in self._values else -1
        if index != self.currentIndex():
            with QSignalBlocker(self):
                self.setCurrentIndex(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls the panel, it does not choose."""
        event.ignore()


class Number(QDoubleSpinBox):
    """A number with its unit; empty when not known. `entered` only when a person did."""

    entered = Signal(object)

    def __init__(
        self, name: str, unit: str, low: float, high: float, digits: int = 0, step: float = 1.0
    ) -> None:
        super().__init__()
        self._unknown = low - step
        self.setFont(theme.small())
        self.setAccessibleName(name)
        self.setDecimals(digits)
        self.setRange(self._unknown, high)
        self.setSpecialValueText("–")
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setSuffix(f" {unit}" if unit else "")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.setFixedHeight(HEIGHT)
        self._shown: float | None = None
        self.show_value(None)
        self.editingFinished.connect(self._finish)

    def show_value(self, value: float | None) -> None:
        """Show a value, or that there is none, without telling anyone."""
        self._shown = value
        with QSignalBlocker(self):
            self.setValue(self._unknown if value is None else value)

    def set_unit(self, unit: str) -> None:
        """Another unit."""
        if self.suffix() != f" {unit}":
            with QSignalBlocker(self):
                self.setSuffix(f" {unit}")

    def set_limits(self, low: float, high: float) -> None:
        """Another range."""
        with QSignalBlocker(self):
            self._unknown = low - self.singleStep()
            self.setRange(self._unknown, high)
            self.show_value(self._shown)

    def _finish(self) -> None:
        now = None if self.value() <= self._unknown else self.value()
        before = None if self._shown is None else round(self._shown, self.decimals())
        if now != before:
            self._shown = now
            self.entered.emit(now)

    def stepBy(self, steps: int) -> None:
        """Up and Down change by a step and tell at once."""
        super().stepBy(steps)
        self._finish()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls the panel."""
        event.ignore()


class Words(QLineEdit):
    """One line of text; `entered` when a person leaves it or presses Enter."""

    entered = Signal(str)

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__()
        self.setFont(theme.small())
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        self.setFixedHeight(HEIGHT)
        self._shown = ""
        self.editingFinished.connect(self.finish)

    def show_value(self, text: str) -> None:
        """Show a text, unless a person is typing another."""
        if self.hasFocus() and self.isModified() and text == self._shown:
            return
        self._shown = text
        if text != self.text():
            self.setText(text)

    def finish(self) -> None:
        """Tell what was typed, if it differs."""
        if self.isModified() and self.text() != self._shown:
            self._shown = self.text()
            self.setModified(False)
            self.entered.emit(self._shown)


class Note(QPlainTextEdit):
    """Some lines of text; `entered` when a person leaves it or presses Ctrl+Enter."""

    entered = Signal(str)

    def __init__(self, name: str, hint: str) -> None:
        super().__init__()
        self.setFont(theme.small())
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        self.setTabChangesFocus(True)
        self.setFixedHeight(64)
        self._shown = ""

    def show_value(self, text: str) -> None:
        """Show a text, unless a person is typing another."""
        if self.hasFocus() and text == self._shown:
            return
        self._shown = text
        if text != self.toPlainText():
            self.setPlainText(text)

    def finish(self) -> None:
        """Tell what was typed, if it differs."""
        if self.toPlainText() != self._shown:
            self._shown = self.toPlainText()
            self.entered.emit(self._shown)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leaving is telling."""
        super().focusOutEvent(event)
        self.finish()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter is done."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.finish()
        else:
            super().keyPressEvent(event)


def field_row(name: str, *fields: QWidget, width: int = LABEL_WIDTH) -> QWidget:
    """A name and its field or fields side by side."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    label = theme.label(name, theme.small(), "low")
    label.setFixedWidth(width)
    tall = any(isinstance(field, QLabel | QPlainTextEdit) for field in fields)
    top = Qt.AlignmentFlag.AlignTop if tall else Qt.AlignmentFlag.AlignVCenter
    if any(isinstance(field, QPlainTextEdit) for field in fields):
        label.setContentsMargins(0, 6, 0, 0)
    line.addWidget(label, 0, top)
    for field in fields:
        line.addWidget(field, 1)
    if fields:
        label.setBuddy(fields[0])
    return row


def enum_options(kind: Iterable[object], unset: str = "Not set") -> list[tuple[str, object]]:
    """Options of an enumeration of words: capitalised, the empty one, first, called `unset`."""
    values = list(kind)
    named = [(str(value)[:1].upper() + str(value)[1:], value) for value in values if str(value)]
    empty: list[tuple[str, object]] = [(unset, value) for value in values if not str(value)]
    return [*empty, *named]
