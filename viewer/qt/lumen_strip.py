"""The strip over the images while borders are edited: which, how, what is to check, accept."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from viewer.model.contour import ContourKind, ContourStatus
from viewer.qt import theme, tokens
from viewer.qt.fields import Choice
from viewer.qt.labels import ElidedLabel, push_button, show_if, tool_button
from viewer.qt.tool_pill import ToolPill
from viewer.session.lumen_edits import LumenWay
from viewer.session.session import Session
from viewer.session.state import Tool

HOW = {
    LumenWay.POINTS: "Drag the border; it snaps to the edge. Shift: fine, Alt: no snap",
    LumenWay.ARC: "Draw along the edge; the arc beside it is replaced",
    LumenWay.BRUSH: "Push the border with the round brush, from inside or outside",
}
FIRST = "Drag around it on the frame, or find it on all frames"
KIND_NAMES = {
    ContourKind.LUMEN: "Lumen",
    ContourKind.VESSEL: "Vessel wall",
    ContourKind.STENT: "Stent",
    ContourKind.FLOW: "Flow (clot-free)",
}


class LumenStrip(QWidget):
    """52 px: pill, kind, way, what to do, find, to check, accept, done."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Borders on the IVUS frames")
        self.setFixedHeight(tokens.TASK_STRIP_HEIGHT)
        self.kind = Choice("Which border", [(KIND_NAMES[kind], kind) for kind in ContourKind])
        self.way = Choice("What a drag does", [(w.value.capitalize(), w) for w in LumenWay])
        for field, width in ((self.kind, 138), (self.way, 164)):
            field.setFixedSize(width, 32)
        self.kind.chosen.connect(self._set_kind)
        self.way.chosen.connect(self._set_way)
        self._first = ElidedLabel("", theme.small(600))
        self._second = ElidedLabel("", theme.caption(), tokens.TEXT_MID)
        self.find_all = push_button("Find all", "ph.magic-wand", is_small=False)
        self.find_all.setToolTip(
            "Find the lumen on every frame; what you edited or accepted stays  (Ctrl+Alt+E)"
        )
        self.fill = push_button("Fill between", "ph.arrows-in-line-horizontal", is_small=False)
        self.fill.setToolTip("Fill frames between drawn ones by what lies between them")
        self.copy = push_button("Start from lumen", "ph.copy", is_small=False)
        self.previous = tool_button("ph.caret-left", "Previous border to check  (Shift+U)")
        self.next = tool_button("ph.caret-right", "Next border to check  (U)")
        self.accept = push_button("Accept", "ph.check", "primary", is_small=False)
        self.accept.setToolTip("Stand behind the border of this frame  (Enter)")
        self.more = push_button("", "ph.checks", is_small=False)
        self.done = push_button("Done", is_small=False)
        self.done.setToolTip("Back to Select  (Esc)")
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(ToolPill("Lumen", "ph.polygon", "Edits borders on the IVUS; Esc ends it"))
        row.addWidget(self.kind)
        row.addWidget(self.way)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        for label in (self._first, self._second):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            words.addWidget(label)
        words.addStretch(1)
        row.addLayout(words, 1)
        buttons = (self.find_all, self.copy, self.fill, self.previous, self.next, self.more)
        for button in (*buttons, self.accept, self.done):
            button.setFixedHeight(32)
            row.addWidget(button)

    def _connect(self) -> None:
        session, edits = self._session, self._session.lumen
        self.find_all.clicked.connect(self._find)
        self.fill.clicked.connect(edits.fill_between)
        self.copy.clicked.connect(edits.start_from_lumen)
        self.previous.clicked.connect(partial(edits.step_to_check, -1))
        self.next.clicked.connect(partial(edits.step_to_check, 1))
        self.accept.clicked.connect(edits.accept)
        self.more.clicked.connect(self._accept_more)
        self.done.clicked.connect(lambda: session.arm(Tool.SELECT))
        for signal in (
            session.pending_changed, session.tool_changed, session.case_changed,
            session.review_changed, session.cursor_changed, session.selection_changed,
        ):  # fmt: skip
            signal.connect(self._follow)
        if session.lumen_work is not None:
            session.lumen_work.changed.connect(self._follow)

    @property
    def text(self) -> str:
        """What it says about the borders, and what to do next."""
        return f"{self._first.text} · {self._second.text}".strip(" ·")

    def _follow(self, *_: object) -> None:
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    def refresh(self) -> None:
        """Follow the session."""
        edits, work = self._session.lumen, self._session.lumen_work
        self.kind.show_value(edits.kind)
        self.way.show_value(edits.way)
        count, contour = edits.count(), edits.current
        is_lumen, searching = edits.kind is ContourKind.LUMEN, bool(work and work.status)
        self._first.set_text(
            f"{KIND_NAMES[edits.kind]}: {count.text}" if count.total else "No borders yet"
        )
        doing = HOW[edits.way] if contour is not None else FIRST
        self._second.set_text(f"{count.to_check} to check · {doing}" if count.to_check else doing)
        for widget in (self._first, self._second):
            widget.setToolTip(f"{self._first.text}\n{HOW[edits.way]}")
        show_if(self.find_all, is_lumen)
        show_if(self.copy, not is_lumen)
        show_if(self.fill, not is_lumen)
        self.find_all.setEnabled(not searching)
        self.find_all.setText("Finding…" if searching else "Find all")
        for button in (self.previous, self.next):
            button.setEnabled(count.to_check > 0)
        self.accept.setEnabled(contour is not None and contour.status is not ContourStatus.ACCEPTED)
        self._show_more(count.auto + count.edited)

    def _show_more(self, left: int) -> None:
        """What can be accepted at once: the selected segment's frames, else what is sure."""
        stretch = self._session.segments.selected_frames()
        text = f"Accept in {stretch[2]}" if stretch is not None else "Accept all sure"
        self.more.setText(text)
        self.more.setToolTip(
            f"Stand behind every border of frames {stretch[0] + 1}–{stretch[1] + 1}"
            if stretch is not None
            else "Stand behind every border that nothing speaks against  (Ctrl+Enter)"
        )
        self.more.setEnabled(left > 0)

    def _accept_more(self) -> None:
        stretch = self._session.segments.selected_frames()
        if stretch is not None:
            self._session.lumen.accept_stretch(*stretch)
        else:
            self._session.lumen.accept_sure()

    def _find(self) -> None:
        if self._session.lumen_work is not None:
            self._session.lumen_work.find()

    def _set_kind(self, value: object) -> None:
        if isinstance(value, ContourKind):
            self._session.lumen.set_kind(value)

    def _set_way(self, value: object) -> None:
        if isinstance(value, LumenWay):
            self._session.lumen.set_way(value)
