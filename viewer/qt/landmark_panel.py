"""The inspector of the Align workspace: landmarks, what to place next, how good the tie is."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from viewer.model.anatomy import EVENT_NAMES, LANDMARK_KINDS
from viewer.model.coregistration import Landmark
from viewer.qt import theme, tokens
from viewer.qt.fields import HEIGHT, Number, field_row
from viewer.qt.labels import Figure, IconView, push_button, section_title, show_if
from viewer.qt.landmark_list import LandmarkList
from viewer.session import facts
from viewer.session.session import Session
from viewer.session.state import Tool
from viewer.session.tie_words import quality_notes, suggestion


class LandmarkName(QComboBox):
    """The usual landmarks, or a name of the reader's own."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditable(True)
        self.setFont(theme.small())
        self.setFixedHeight(HEIGHT)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName("Landmark name")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for kind in LANDMARK_KINDS:
            self.addItem(theme.icon("caval.landmark"), kind.name)
        self.insertSeparator(self.count())
        for event in EVENT_NAMES:
            self.addItem(theme.icon("caval.landmark"), event)
        edit = self.lineEdit()
        if edit is not None:
            edit.setFont(theme.small())
            edit.setAccessibleName("Landmark name")

    def show_value(self, name: str) -> None:
        """Show a name without telling anyone."""
        edit = self.lineEdit()
        if edit is not None and edit.hasFocus() and edit.isModified():
            return
        if name != self.currentText():
            with QSignalBlocker(self):
                self.setCurrentIndex(self.findText(name))
                self.setEditText(name)
            if edit is not None:
                edit.setCursorPosition(0)


class LandmarkPanel(QWidget):
    """List, fields of the selected landmark, the next one to place."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._id = ""
        self.setAccessibleName("Landmarks")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._add_list()
        self._add_fields()
        self._add_next()
        self.refresh()

    def _add_list(self) -> None:
        heading = QHBoxLayout()
        heading.setContentsMargins(16, 8, 16, 6)
        heading.addWidget(theme.label("Landmark", theme.caption(), "low"))
        heading.addStretch(1)
        heading.addWidget(theme.label("Left-out error (dashes ± 5 mm)", theme.caption(), "low"))
        self._column.addLayout(heading)
        self.list = LandmarkList(self._session)
        self._column.addWidget(self.list)
        self._empty = theme.label(
            "No landmark yet. Arm the Landmark tool (L), choose an IVUS frame that shows a place "
            "both images have, and click it on the vein.",
            theme.small(), "mid", wrap=True,
        )  # fmt: skip
        self._empty.setContentsMargins(16, 4, 16, 12)
        self._column.addWidget(self._empty)

    def _add_fields(self) -> None:
        self.fields = QWidget()
        column = QVBoxLayout(self.fields)
        column.setContentsMargins(16, 12, 16, 8)
        column.setSpacing(6)
        self.name = LandmarkName()
        self.name.activated.connect(self._rename)
        edit = self.name.lineEdit()
        if edit is not None:
            edit.editingFinished.connect(self._rename)
        self.frame = Number("Frame", "", 1, 1)
        self.frame.entered.connect(self._set_frame)
        self.here = push_button("Use shown frame", tip="Tie it to the IVUS frame that is shown")
        self.here.clicked.connect(self._use_shown)
        column.addWidget(field_row("Name", self.name, width=48))
        column.addWidget(field_row("Frame", self.frame, self.here, width=48))
        self._column.addWidget(self.fields)

    def _add_next(self) -> None:
        self._next = QWidget()
        column = QVBoxLayout(self._next)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(section_title("Suggested next"))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(IconView("ph.crosshair", tokens.LANDMARK), 0, Qt.AlignmentFlag.AlignTop)
        text = QVBoxLayout()
        text.setSpacing(2)
        self._next_title = theme.label("", theme.small(500), wrap=True)
        self._next_text = theme.label("", theme.caption(), "low", wrap=True)
        text.addWidget(self._next_title)
        text.addWidget(self._next_text)
        row.addLayout(text, 1)
        go = push_button("Go", tip="Show the frame where a landmark helps most")
        go.clicked.connect(self._go)
        row.addWidget(go, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(row)
        self._column.addWidget(theme.rule())
        self._column.addWidget(self._next)

    # -- showing ------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Follow the tie and the selection."""
        session = self._session
        self.list.refresh()
        marks = session.vessel.landmarks
        show_if(self.list, bool(marks))
        show_if(self._empty, not marks)
        chosen = session.selection
        mark = session.vessel.landmark(chosen.id) if chosen.kind == "landmark" else None
        show_if(self.fields, mark is not None)
        if mark is not None:
            self._show(mark)
        found = suggestion(session)
        show_if(self._next, found is not None)
        if found is not None:
            self._next_title.setText(found.title)
            self._next_text.setText(found.text)

    def _show(self, mark: Landmark) -> None:
        self._id = mark.id
        self.name.show_value(mark.name)
        pullback = self._session.pullback
        self.frame.set_limits(1, pullback.frames if pullback is not None else 1)
        self.frame.show_value(mark.frame + 1)

    # -- changing -----------------------------------------------------------------------------
    def _rename(self) -> None:
        self._session.vessel.rename_landmark(self._id, self.name.currentText())

    def _set_frame(self, value: object) -> None:
        if isinstance(value, float):
            self._session.vessel.set_landmark_frame(self._id, int(value) - 1)
        mark = self._session.vessel.landmark(self._id)
        if mark is not None:
            self._show(mark)

    def _use_shown(self) -> None:
        self._session.vessel.set_landmark_frame(self._id, self._session.cursor.pullback_frame)

    def _go(self) -> None:
        found = suggestion(self._session)
        if found is not None:
            self._session.set_pullback_frame(found.frame)
            self._session.arm(Tool.LANDMARK)


class QualityPanel(QWidget):
    """± between the landmarks, and what a reader should look at."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setAccessibleName("Sync quality")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(section_title("Sync quality"))
        row = QHBoxLayout()
        row.setSpacing(20)
        self.typical, self.worst = Figure("Typical"), Figure("Worst")
        for figure in (self.typical, self.worst):
            figure.setToolTip("± is half the 90 % band: 9 of 10 such places lie inside it")
        self.count = Figure("Anchors")
        for figure in (self.typical, self.worst, self.count):
            row.addWidget(figure)
        row.addStretch(1)
        column.addLayout(row)
        self._lines = [_NoteLine() for _ in range(8)]
        for line in self._lines:
            column.addWidget(line)
        self.refresh()

    def refresh(self) -> None:
        """Follow the tie."""
        session = self._session
        quality = facts.tie_quality(session)
        for figure, value in (
            (self.typical, quality.typical if quality else None),
            (self.worst, quality.worst if quality else None),
        ):
            digits = 1 if quality and quality.unit == "mm" else 0
            unit = quality.unit if quality else ""
            figure.set_value("" if value is None else f"± {value:.{digits}f}", unit)
        self.count.set_value(str(len(session.vessel.landmarks)), "")
        notes = list(quality_notes(session))
        if session.pulls is not None and session.pulls.status:
            notes.insert(0, ("busy", session.pulls.status))
        for n, line in enumerate(self._lines):
            line.show_note(*(notes[n] if n < len(notes) else ("", "")))


class _NoteLine(QWidget):
    """An icon and a sentence."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self._icon = IconView("")
        self._text = theme.label("", theme.small(), "mid", wrap=True)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)

    def show_note(self, tone: str, text: str) -> None:
        """Change it; no text hides it."""
        looks = {
            "warn": ("ph.warning-fill", tokens.WARN),
            "ok": ("ph.check-circle-fill", tokens.OK),
            "info": ("ph.info", tokens.TEXT_MID),
            "busy": ("ph.spinner-gap", tokens.ACCENT),
        }
        self._icon.show_as(*looks.get(tone, ("", tokens.TEXT_MID)))
        self._text.setText(text)
        show_if(self, bool(text))
