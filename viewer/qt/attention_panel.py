"""Cards for what needs attention: what happened, what it means, what to do."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from viewer.qt import theme, tokens
from viewer.qt.chips import Chip
from viewer.qt.labels import IconView, clear_layout, push_button, show_if, tool_button
from viewer.session.attention import Attention, Issue
from viewer.session.session import Session
from viewer.session.state import Severity

_ICONS = {
    "held": "ph.warning-octagon-fill",
    "mixed": "ph.identification-card",
    "skipped": "ph.file-x-fill",
    "missing": "ph.file-dashed-fill",
    "image": "ph.warning-fill",
    "notice": "ph.warning-fill",
}


class IssueCard(QWidget):
    """One issue: coloured edge, icon, severity in a word, text, buttons."""

    pressed = Signal(str)

    def __init__(self, issue: Issue) -> None:
        super().__init__()
        self.issue = issue
        wrong = issue.severity is Severity.ERROR
        self._color = tokens.ERROR if wrong else tokens.WARN
        word = "Error" if wrong else "Warning"
        self.setAccessibleName(f"{word}: {issue.title}. {issue.text}")
        column = QVBoxLayout(self)
        column.setContentsMargins(17, 12, 12, 12)
        column.setSpacing(8)
        heading = QHBoxLayout()
        heading.setSpacing(8)
        icon = IconView(_ICONS[issue.kind], self._color, 18)
        heading.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        heading.addWidget(theme.label(issue.title, theme.body(600), wrap=True), 1)
        chip = Chip(word, "error" if wrong else "warn")
        heading.addWidget(chip, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(heading)
        if issue.text:
            column.addWidget(theme.label(issue.text, theme.small(), "mid", wrap=True))
        self._detail = theme.label(issue.detail, theme.caption(), "low", wrap=True)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        show_if(self._detail, issue.kind == "held")
        column.addWidget(self._detail)
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout()
        grid.setSpacing(8)
        grid.setColumnStretch(2, 1)
        for n, (name, look) in enumerate(self._verbs()):
            button = push_button(name, "", look)
            button.clicked.connect(lambda _on=False, verb=name: self._press(verb))
            self.buttons[name] = button
            grid.addWidget(button, n // 2, n % 2)
        column.addLayout(grid)

    def _verbs(self) -> list[tuple[str, str]]:
        if self.issue.kind == "held":
            return [("Leave them out", "primary"), ("Make a new case", ""), ("Add anyway…", "flat")]
        if self.issue.kind == "mixed":
            return []  # it stays for as long as it is so
        if self.issue.kind == "missing":
            return [("Add images", ""), ("Dismiss", "flat")]
        details = [("Details", "")] if self.issue.detail else []
        return [*details, ("Dismiss", "flat")]

    def _press(self, verb: str) -> None:
        if verb == "Details":
            self._detail.setVisible(self._detail.isHidden())
        else:
            self.pressed.emit(verb)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card and its coloured edge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(box, tokens.RADIUS_CARD, tokens.RADIUS_CARD)
        painter.fillPath(shape, QColor(tokens.RAISED))
        painter.setClipPath(shape)
        painter.fillRect(QRectF(0, 0, 4, self.height()), QColor(self._color))
        painter.setClipping(False)
        painter.setPen(QPen(QColor(tokens.LINE2), 1))
        painter.drawPath(shape)


class AttentionPanel(QWidget):
    """How many things need attention and a card for each; gone when there are none."""

    leave_out_requested = Signal()
    new_case_requested = Signal()
    add_anyway_requested = Signal()
    add_requested = Signal()
    count_changed = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.attention = Attention(session)
        self._keys: set[str] = set()
        self.setAccessibleName("Needs attention")
        self._title = theme.label("", theme.body(600))
        self._icon = IconView("ph.warning-fill", tokens.WARN)
        self._fold = tool_button("ph.caret-up", "Show or hide what needs attention")
        self._fold.clicked.connect(self.toggle)
        heading = QHBoxLayout()
        heading.setContentsMargins(16, 6, 8, 6)
        heading.setSpacing(8)
        heading.addWidget(self._icon)
        heading.addWidget(self._title, 1)
        heading.addWidget(self._fold)
        self._cards = QVBoxLayout()
        self._cards.setContentsMargins(12, 0, 12, 12)
        self._cards.setSpacing(8)
        self._body = QWidget()
        self._body.setLayout(self._cards)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(heading)
        column.addWidget(self._body)
        column.addWidget(theme.rule())
        self.attention.changed.connect(self.refresh)
        self.refresh()

    @property
    def cards(self) -> list[IssueCard]:
        """The cards that are shown."""
        found = (self._cards.itemAt(n) for n in range(self._cards.count()))
        widgets = (item.widget() for item in found if item is not None)
        return [widget for widget in widgets if isinstance(widget, IssueCard)]

    def toggle(self) -> None:
        """Open or shut."""
        self.set_open(self._body.isHidden())

    def set_open(self, is_open: bool) -> None:
        """Show the cards, or only how many there are."""
        show_if(self._body, is_open)
        self._fold.setIcon(theme.icon("ph.caret-up" if is_open else "ph.caret-down"))

    def refresh(self) -> None:
        """Show the issues; a new one opens the panel."""
        issues = self.attention.issues
        clear_layout(self._cards)
        for issue in issues:
            card = IssueCard(issue)
            card.pressed.connect(lambda verb, of=issue: self._act(verb, of))
            self._cards.addWidget(card)
        count = len(issues)
        self._title.setText(f"{count} thing{' needs' if count == 1 else 's need'} attention")
        wrong = any(issue.severity is Severity.ERROR for issue in issues)
        color = tokens.ERROR if wrong else tokens.WARN
        self._icon.show_as("ph.warning-octagon-fill" if wrong else "ph.warning-fill", color)
        keys = {issue.key for issue in issues}
        if keys - self._keys:
            self.set_open(True)
        self._keys = keys
        show_if(self, bool(issues))
        self.count_changed.emit(count)

    def _act(self, verb: str, issue: Issue) -> None:
        signals = {
            "Leave them out": self.leave_out_requested,
            "Make a new case": self.new_case_requested,
            "Add anyway…": self.add_anyway_requested,
            "Add images": self.add_requested,
        }
        if verb in signals:
            signals[verb].emit()
        else:
            self.attention.close(issue.key)
