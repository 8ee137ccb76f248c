"""Below the images of Align: how fast the pull went, what was compared, the model in force."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.model.coregistration import SyncMode
from viewer.model.study import Pullback, PullbackMode
from viewer.qt import theme, tokens
from viewer.qt.fields import Choice
from viewer.qt.labels import ElidedLabel, show_if
from viewer.qt.profile_graph import VEIN_INK, ProfileGraph
from viewer.qt.speed_graph import IMAGE_GREY, SpeedGraph
from viewer.session.session import Session
from viewer.session.tie_words import MODEL_NAMES, MODEL_TEXTS

DRAG_MS = 40
"""While a landmark is dragged, the graph follows this often."""

NARROW = 980


class LegendButton(QAbstractButton):
    """A curve's sample and name; a click hides the curve or shows it again."""

    def __init__(self, text: str, color: str, *, dashed: bool = False, width: float = 2.0) -> None:
        super().__init__()
        self._ink, self._dashed, self._width = color, dashed, width
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_words(text)

    def set_words(self, text: str) -> None:
        """Another name."""
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(f"Show {text}")
            self.setToolTip(f"Show or hide: {text}")
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Room for sample and name."""
        return QSize(round(theme.text_width(self.text(), theme.small())) + 48, 26)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked() and self.isEnabled()
        painter.setOpacity(1.0 if on else 0.45)
        painter.setPen(QPen(QColor(tokens.LINE2), 1))
        painter.setBrush(QColor(tokens.RAISED if on else tokens.PANEL))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 13, 13)
        pen = QPen(QColor(self._ink), self._width)
        if self._dashed:
            pen.setDashPattern([3, 2])
        painter.setPen(pen)
        middle = self.height() / 2
        painter.drawLine(12, round(middle), 26, round(middle))
        painter.setFont(theme.small())
        painter.setPen(QColor(tokens.TEXT_HI))
        box = QRectF(34, 0, self.width() - 36, self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.text())


class SpeedPane(QWidget):
    """Header with the model to choose, and the graph."""

    focused = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        theme.panel(self)
        self._session = session
        self.setAccessibleName("Pullback speed")
        self.graph = SpeedGraph(session)
        self.graph.focused.connect(self.focused)
        self.profiles = ProfileGraph(session)
        self.profiles.focused.connect(self.focused)
        self.tabs = {
            "speed": _tab("Pullback speed", "How fast the pull went, and the ± of places"),
            "profiles": _tab(
                "Matched profiles", "The vein's width on the venogram and the lumen on the IVUS"
            ),
        }
        self._subtitle = ElidedLabel("", theme.small(), tokens.TEXT_LOW)
        self.mode = Choice("Timing", [(name, mode) for mode, name in MODEL_NAMES.items()])
        for row, mode in enumerate(MODEL_NAMES):
            self.mode.setItemData(row, MODEL_TEXTS[mode], Qt.ItemDataRole.ToolTipRole)
        self.mode.setMinimumWidth(190)
        self.mode.chosen.connect(self._set_mode)
        self.legend = {
            "constant": LegendButton("Constant", tokens.TEXT_LOW, dashed=True, width=1.4),
            "anchors": LegendButton("From anchors", tokens.LANDMARK),
            "image": LegendButton("Image estimate", IMAGE_GREY, width=1.4),
            "used": LegendButton("In force", tokens.POSITION, width=1.6),
        }
        self.matched = {
            "vein": LegendButton("Venogram width", VEIN_INK),
            "lumen": LegendButton("IVUS lumen", tokens.POSITION, width=1.6),
        }
        for legend, graph in ((self.legend, self.graph), (self.matched, self.profiles)):
            for name, button in legend.items():
                button.toggled.connect(
                    lambda on, name=name, graph=graph: graph.show_curve(name, on)
                )
        self._soon = QTimer(self, singleShot=True, interval=DRAG_MS)
        self._soon.timeout.connect(self.refresh)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        header = QWidget()
        header.setFixedHeight(36)
        row = QHBoxLayout(header)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        group = QButtonGroup(self)
        for tab in self.tabs.values():
            group.addButton(tab)
            row.addWidget(tab)
        self.tabs["speed"].setChecked(True)
        self.tabs["profiles"].toggled.connect(self._show_profiles)
        row.addWidget(self._subtitle, 1)
        for button in (*self.legend.values(), *self.matched.values()):
            row.addWidget(button)
        self._timing = theme.label("Timing", theme.small(), "low")
        row.addWidget(self._timing)
        row.addWidget(self.mode)
        column.addWidget(header)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.graph)
        self.stack.addWidget(self.profiles)
        column.addWidget(self.stack, 1)

    def _connect(self) -> None:
        session = self._session
        for signal in (
            session.case_changed, session.link_changed, session.selection_changed,
            session.pending_changed,
        ):  # fmt: skip
            signal.connect(self._follow)
        session.review_changed.connect(self._follow_review)
        session.cursor_changed.connect(self._follow_cursor)
        if session.pulls is not None:
            session.pulls.changed.connect(self._follow)

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing is followed while hidden, so catch up."""
        self.refresh()

    @property
    def shows_profiles(self) -> bool:
        """Whether the profiles are in front."""
        return self.tabs["profiles"].isChecked()

    def _show_profiles(self, on: bool) -> None:
        self.stack.setCurrentWidget(self.profiles if on else self.graph)
        self._fit()
        self.refresh()

    def resizeEvent(self, event: object) -> None:
        """Narrow headers leave out what the graph's own axes say."""
        self._fit()

    def _fit(self) -> None:
        narrow, speed = self.width() < NARROW, not self.shows_profiles
        show_if(self._timing, not narrow)
        for button in self.legend.values():
            show_if(button, speed)
        show_if(self.legend["used"], speed and self.width() >= NARROW + 160)
        show_if(self.legend["image"], speed and not narrow)
        for button in self.matched.values():
            show_if(button, not speed)

    def _follow(self, *_: object) -> None:
        if self.isVisible():
            self.refresh()

    def _follow_review(self, *_: object) -> None:
        if not self._session.in_gesture:
            self._follow()
        elif self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _follow_cursor(self, *_: object) -> None:
        if not self.isVisible():
            return
        if self.shows_profiles:
            self.profiles.update()
        reading, pullback = self.graph.reading, self._session.pullback
        frames = pullback.frames if pullback is not None else 0
        same = reading is not None and len(reading.x) == frames
        if same and self._session.vessel.pending.point_px is None:
            self.graph.update()
        else:
            self.refresh()

    def refresh(self) -> None:
        """Follow the session."""
        session = self._session
        self.graph.refresh()
        if self.shows_profiles:
            self.profiles.refresh()
        reading, pullback = self.graph.reading, session.pullback
        self.mode.show_value(session.vessel.current_tie().mode)
        usable = pullback is not None and session.current_centerline is not None
        self.mode.setEnabled(usable)
        mode = session.vessel.current_tie().mode
        self.mode.setToolTip(
            MODEL_TEXTS[mode] if usable else "Needs an IVUS pullback and a centerline (B)"
        )
        self._subtitle.set_text(
            self._matched_words()
            if self.shows_profiles
            else _pull_words(pullback, self._estimate())
        )
        if reading is None:
            return
        constant = reading.constant
        words = f"Constant {constant:.1f} {reading.unit}" if constant is not None else "Constant"
        self.legend["constant"].set_words(words)
        self.legend["constant"].setEnabled(constant is not None)
        self.legend["anchors"].setEnabled(bool(reading.steps))
        self.legend["image"].setEnabled(reading.image is not None)
        self.legend["image"].set_words(
            "Image estimate" if reading.image is not None else "No image estimate"
        )
        self.legend["used"].setEnabled(reading.used is not None)

    def _matched_words(self) -> str:
        reading = self.profiles.reading
        return f"lumen shown as {reading.shown_as}, scaled to the vein" if reading else ""

    def _estimate(self) -> str:
        reading = self.graph.reading
        usual = reading.usual if reading is not None else None
        if reading is None or usual is None:
            return ""
        return f"estimated {usual[0]:.0f}–{usual[1]:.0f} {reading.unit}"

    def _set_mode(self, value: object) -> None:
        if isinstance(value, SyncMode):
            self._session.vessel.set_mode(value)


def _tab(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setFont(theme.font(13, 600))
    button.setFixedHeight(26)
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _pull_words(pullback: Pullback | None, estimate: str) -> str:
    if pullback is None:
        return ""
    how = "pull unknown" if pullback.mode is PullbackMode.UNKNOWN else pullback.mode.value
    rate = f"{pullback.rate_mm_s:g} mm/s in file" if pullback.rate_mm_s else "no rate in file"
    return " · ".join(part for part in (how, rate, estimate) if part)
