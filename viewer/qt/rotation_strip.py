"""The strip over the images while rotation is set: what is clicked, where it lies, what is set."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from viewer.model.rotation import Seen, SeenFrom, Towards
from viewer.qt import theme, tokens
from viewer.qt.fields import Choice, enum_options
from viewer.qt.labels import ElidedLabel, IconView, push_button, show_if
from viewer.qt.tool_pill import NARROW, ToolPill
from viewer.session.session import Session
from viewer.session.state import Tool

HOW = {
    Seen.ARTERY: "Click the artery where it lies closest to the vein, or drag from the vein to it",
    Seen.BRANCH: "Click the side branch, or drag from the middle of the vein into it",
    Seen.ARROW: "Drag an arrow on the IVUS; it points where you say",
}
MORE = "A click is taken from the catheter, a drag from where it begins"


class RotationStrip(QWidget):
    """52 px: pill, what it is, where it lies, the side one looks from, the result, Remove, Done."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Rotation of the IVUS")
        self.setFixedHeight(tokens.TASK_STRIP_HEIGHT)
        self.seen = Choice("What is clicked", enum_options(Seen))
        self.towards = Choice(
            "Where it lies", [(towards.word.capitalize(), towards) for towards in Towards]
        )
        self.seen_from = Choice(
            "Seen from", [(f"Seen from the {side.value}", side) for side in SeenFrom]
        )
        self.seen_from.setToolTip(
            "Images are drawn as from the operator's end of the catheter: from the feet with a "
            "catheter from the leg, from the head with one from the neck"
        )
        for field, width in ((self.seen, 140), (self.towards, 104), (self.seen_from, 154)):
            field.setFixedSize(width, 32)
        self.seen.chosen.connect(self._say_seen)
        self.towards.chosen.connect(self._say_towards)
        self.seen_from.chosen.connect(self._say_side)
        self._lies = theme.label("lies", theme.small(), "low")
        self._icon = IconView("ph.info")
        self._first = ElidedLabel("", theme.small(600))
        self._second = ElidedLabel("", theme.caption(), tokens.TEXT_MID)
        self.remove = push_button("Remove", tip="Take this frame's mark away", is_small=False)
        self.remove.clicked.connect(self._remove)
        self.done = push_button("Done", "ph.check", "primary", is_small=False)
        self.done.setToolTip("Back to Select  (Esc)")
        self.done.clicked.connect(lambda: session.arm(Tool.SELECT))
        for button in (self.remove, self.done):
            button.setFixedHeight(32)
        self._lay_out()
        for signal in (
            session.pending_changed, session.tool_changed, session.case_changed,
            session.review_changed, session.cursor_changed,
        ):  # fmt: skip
            signal.connect(self._follow)
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(ToolPill("Rotation", "ph.arrows-clockwise", f"{MORE}; Esc ends it"))
        for widget in (self.seen, self._lies, self.towards, self.seen_from):
            row.addWidget(widget)
        row.addSpacing(4)
        row.addWidget(self._icon)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        for label in (self._first, self._second):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            words.addWidget(label)
        words.addStretch(1)
        row.addLayout(words, 1)
        row.addWidget(self.remove)
        row.addWidget(self.done)

    @property
    def text(self) -> str:
        """What it says about the rotation, or what to do next."""
        return f"{self._first.text} · {self._second.text}".strip(" ·")

    def _follow(self, *_: object) -> None:
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow strips leave a word out."""
        super().resizeEvent(event)
        show_if(self._lies, self.width() >= NARROW)

    def refresh(self) -> None:
        """Follow the session."""
        session, edits = self._session, self._session.rotation
        rotation, frame = edits.current, session.cursor.pullback_frame
        mark = rotation.mark_on(frame) if rotation is not None else None
        seen = mark.seen if mark is not None else edits.saying.seen
        towards = mark.towards if mark is not None else edits.saying.towards
        self.seen.show_value(seen)
        self.towards.show_value(towards)
        self.seen_from.show_value(edits.seen_from)
        self.remove.setEnabled(mark is not None)
        first, second = HOW[edits.saying.seen], MORE
        if rotation is not None:
            first = f"Anterior is up: {edits.text()}"
            second = edits.drift_text() or "Mark another frame where it turns on the way"
        self._icon.show_as(
            "ph.check-circle" if rotation is not None else "ph.info",
            tokens.OK if rotation is not None else tokens.TEXT_MID,
        )
        self._first.set_text(first)
        self._second.set_text(second)
        for widget in (self._icon, self._first, self._second):
            widget.setToolTip(f"{first}\n{second}\n{HOW[edits.saying.seen]}\n{MORE}")

    def _say_seen(self, value: object) -> None:
        if isinstance(value, Seen):
            self._session.rotation.say(seen=value)

    def _say_towards(self, value: object) -> None:
        if isinstance(value, Towards):
            self._session.rotation.say(towards=value)

    def _say_side(self, value: object) -> None:
        if isinstance(value, SeenFrom):
            self._session.rotation.set_seen_from(value)

    def _remove(self) -> None:
        self._session.rotation.remove_mark(self._session.cursor.pullback_frame)
