"""The strip over the images while the Calibrate tool is armed: what is known, and what it gives."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from viewer.model.reader_calibration import CalibrationMethod, Filling
from viewer.qt import theme, tokens
from viewer.qt.chips import Chip
from viewer.qt.fields import Choice, Number, enum_options
from viewer.qt.labels import ElidedLabel, IconView, push_button, show_if
from viewer.qt.tool_pill import NARROW, ToolPill
from viewer.session.calibrating import CalibrationState
from viewer.session.session import Session
from viewer.session.state import Tool

SIZES = {
    CalibrationMethod.MARKERS: ("Marks every", "mm", 1.0, 100.0, 0.5),
    CalibrationMethod.CATHETER: ("Size", "F", 2.0, 40.0, 0.5),
    CalibrationMethod.DISTANCE: ("Distance", "mm", 0.5, 1000.0, 0.5),
}
"""Name, unit, lowest, highest and step of what is known."""
METHOD_WORDS = {
    CalibrationMethod.MARKERS: "Marker catheter",
    CalibrationMethod.CATHETER: "Catheter of known size",
    CalibrationMethod.DISTANCE: "Known distance",
}


class KnownSize(Number):
    """The known size, told with every key; shown without needless zeros."""

    def __init__(self) -> None:
        super().__init__("Known size", "mm", 1.0, 1000.0, 2, 0.5)
        self.setLocale(QLocale.c())
        self.setKeyboardTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(96, 32)

    def textFromValue(self, value: float) -> str:
        """10.00 is 10, 8.50 is 8.5."""
        return f"{value:.2f}".rstrip("0").rstrip(".")

    @property
    def known(self) -> float | None:
        """What it says; None while it is empty."""
        return None if self.value() < self.minimum() + 1e-9 else self.value()


class CalibrateStrip(QWidget):
    """52 px: pill, which image, method, known size, the result, Cancel and Use."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Calibration")
        self.setFixedHeight(tokens.TASK_STRIP_HEIGHT)
        calibrating = session.calibrating
        self.image = Chip("XA", "xa")
        self.method = Choice("Method", [(text, way) for way, text in METHOD_WORDS.items()])
        self.method.setFixedSize(172, 32)
        self.method.chosen.connect(calibrating.set_method)
        self.size_name = theme.label("", theme.small(), "low")
        self.known = KnownSize()
        self.known.valueChanged.connect(lambda _: calibrating.set_size(self.known.known))
        self.filling_name = theme.label("Filled with", theme.small(), "low")
        self.filling = Choice("Catheter filled with", enum_options(Filling, "Choose…"))
        self.filling.setFixedSize(104, 32)
        self.filling.chosen.connect(calibrating.set_filling)
        self._icon = IconView("ph.info")
        self._first = ElidedLabel("", theme.small(600))
        self._second = ElidedLabel("", theme.caption(), tokens.TEXT_MID)
        self.give_up = push_button(
            "Cancel", tip="Leave the scale as it is  (Esc, twice after a click)", is_small=False
        )
        self.give_up.setFixedHeight(32)
        self.give_up.clicked.connect(lambda: session.arm(Tool.SELECT))
        self.use = push_button("Use", "ph.check", "primary", is_small=False)
        self.use.setToolTip("Let this scale hold for every length on the image  (Enter)")
        self.use.setFixedHeight(32)
        self.use.setMinimumWidth(76)
        self.use.clicked.connect(calibrating.accept)
        self._asked = False
        self._lay_out()
        for signal in (session.pending_changed, session.tool_changed, session.case_changed):
            signal.connect(self._follow)
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        tip = "Click on the image what is of known size; Esc takes the clicks away, then ends it"
        row.addWidget(ToolPill("Calibrate", "ph.frame-corners", tip))
        for widget in (
            self.image, self.method, self.size_name, self.known, self.filling_name, self.filling,
        ):  # fmt: skip
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
        row.addWidget(self.give_up)
        row.addWidget(self.use)

    @property
    def text(self) -> str:
        """What it says about the result, or what to do next."""
        return f"{self._first.text} · {self._second.text}".strip(" ·")

    def _follow(self, *_: object) -> None:
        if self.isVisible():
            self.refresh()

    def showEvent(self, event: object) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow strips leave the fields' names out."""
        super().resizeEvent(event)
        self._show_fields()

    def refresh(self) -> None:
        """Follow the session."""
        calibrating = self._session.calibrating
        state = calibrating.state
        if state is None:
            self.use.setEnabled(False)
            return
        is_run = len(calibrating.methods) > 1
        self.image.show_as("XA" if is_run else "IVUS", "xa" if is_run else "ivus")
        self.method.show_value(calibrating.method)
        self.method.setEnabled(is_run)
        self.method.setToolTip("" if is_run else "Ultrasound is calibrated on a known distance")
        self.filling.show_value(calibrating.filling)
        self._show_fields()
        self._show_result(state)
        asks = calibrating.size is None and len(state.clicks_px) >= 2
        if asks and not self._asked and self.isVisible():
            self.known.setFocus(Qt.FocusReason.OtherFocusReason)
            self.known.selectAll()
        self._asked = asks

    def _show_fields(self) -> None:
        calibrating, roomy = self._session.calibrating, self.width() >= NARROW
        name, unit, low, high, step = SIZES[calibrating.method]
        show_if(self.size_name, roomy)
        self.size_name.setText(name)
        self.known.setAccessibleName(f"{name}, {unit}")
        self.known.setToolTip(f"{name}, {unit}")
        self.known.setSingleStep(step)
        self.known.set_unit(unit)
        if (self.known.minimum(), self.known.maximum()) != (low - step, high):
            self.known.set_limits(low, high)
        if self.known.known != calibrating.size:
            self.known.show_value(calibrating.size)
        of_catheter = calibrating.method is CalibrationMethod.CATHETER
        show_if(self.filling_name, of_catheter and roomy)
        show_if(self.filling, of_catheter)

    def _show_result(self, state: CalibrationState) -> None:
        first, second, icon = state.prompt, "", ("ph.info", tokens.TEXT_MID)
        if state.can_accept:
            first, second, icon = state.text, state.basis, ("ph.check-circle", tokens.OK)
        elif state.unanswered:
            second, icon = "It decides which edges are measured", ("ph.warning-fill", tokens.WARN)
        if state.measuring:
            first, icon = (state.text or state.prompt), ("ph.spinner-gap", tokens.TEXT_MID)
        if state.warning:
            second, icon = state.warning, ("ph.warning-fill", tokens.WARN)
        if state.problem:
            first, _, second = state.problem.partition(". ")
            icon = ("ph.warning-fill", tokens.WARN)
        self._first.set_text(first)
        self._second.set_text(second)
        show_if(self._second, bool(second))
        self._icon.show_as(*icon)
        tip = "\n".join(part for part in (state.text, second, state.detail) if part)
        for widget in (self._icon, self._first, self._second):
            widget.setToolTip(tip)
        self.use.setEnabled(state.can_accept)
