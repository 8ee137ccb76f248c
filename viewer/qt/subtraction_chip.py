"""The chip in the venogram's header: subtraction on or off, its mask, shift and anatomy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QSpinBox,
    QToolButton,
    QWidget,
)

from viewer.model.study import Run
from viewer.qt import tokens
from viewer.qt.icons import icon
from viewer.session.contrast_views import ContrastViews
from viewer.session.session import Session
from viewer.session.subtracted_views import frames_text, header_text, px_text

NARROW_PX = 520
"""Below this width of the header the chip says no more than DSA."""

SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
"""Shares of the anatomy that can be kept in view; any other is asked for."""

EDGES = (("No edge enhancement", 0.0), ("Mild edges", 0.3), ("Strong edges", 0.8))


class SubtractionChip(QWidget):
    """A pill that says which mask is in force, and a menu beside it.

    Parameters
    ----------
    toggle : QAction
        Turns subtraction on and off.
    actions : mapping of str to QAction
        Entries of the menu that have a shortcut of their own.
    """

    def __init__(
        self,
        session: Session,
        contrast: ContrastViews,
        toggle: QAction,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._contrast = session, contrast
        self._toggle, self._actions = toggle, actions
        self.button, self.more = QToolButton(self), QToolButton(self)
        self._build()
        if parent is not None:
            parent.installEventFilter(self)
        toggle.changed.connect(self.refresh)
        contrast.changed.connect(self.refresh)
        session.cursor_changed.connect(self.refresh)
        self.refresh()

    def _build(self) -> None:
        button, more = self.button, self.more
        button.setProperty("pill", True)
        button.setCheckable(True)
        button.setIcon(icon("ph.circle-half", tokens.TEXT_MID, 14, on_color=tokens.ACCENT))
        button.setIconSize(QSize(14, 14))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName("Subtraction (DSA), Venogram")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self._turn)
        more.setIcon(icon("ph.caret-down", tokens.TEXT_MID, 12))
        more.setFixedSize(22, 28)
        more.setAccessibleName("Mask, shift and anatomy of the subtraction, Venogram")
        more.setToolTip("Mask, shift and anatomy of the subtraction")
        more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(more)
        self.menu.aboutToShow.connect(self.fill_menu)
        more.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(button)
        row.addWidget(more)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A narrow header leaves the mask frames to the corner of the image."""
        if event.type() == QEvent.Type.Resize:
            self.refresh()
        return bool(super().eventFilter(watched, event))

    def _turn(self) -> None:
        self._toggle.trigger()
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Say whether it is on, and with which mask."""
        run, toggle = self._session.run, self._toggle
        on = run is not None and self._contrast.dsa(run) is not None
        frame = self._session.cursor.run_frame
        mask = self._contrast.mask_text(run, frame) if run is not None else ""
        header = self.parentWidget()
        narrow = header is not None and header.width() < NARROW_PX
        text = f" DSA mask {mask}" if mask and not narrow else " DSA"
        if text != self.button.text():
            self.button.setText(text)
        if toggle.toolTip() != self.button.toolTip():
            self.button.setToolTip(toggle.toolTip())
        self.button.setChecked(on)
        self.button.setEnabled(toggle.isEnabled())
        self.more.setEnabled(toggle.isEnabled())

    # -- menu ---------------------------------------------------------------------------------
    def fill_menu(self) -> None:
        """What can be chosen for the run that is shown, with ticks at what is in force."""
        self.menu.clear()
        run = self._session.run
        if run is None:
            return
        self._add_masks(run)
        self.menu.addSeparator()
        self._add_shifts(run)
        self.menu.addSeparator()
        self._add_anatomy(run)
        self.menu.addSeparator()
        self._add_edges(run)

    def _add(
        self, text: str, act: Callable[[], object], on: bool, group: QActionGroup | None = None
    ) -> QAction:
        entry = self.menu.addAction(text)
        entry.setCheckable(True)
        entry.setChecked(on)
        entry.triggered.connect(lambda _=False: act())
        if group is not None:
            group.addAction(entry)
        return entry

    def _add_masks(self, run: Run) -> None:
        parts, frame = self._contrast.subtractions, self._session.cursor.run_frame
        dsa, group = parts.of(run.uid), QActionGroup(self.menu)
        named = header_text(run)
        chosen, plain = dsa.mask_frames, dsa.mask_frames is None and not dsa.find
        header = self._add(
            f"Mask from the header ({named})" if named else "Mask from the header (none)",
            partial(self._mask, run, None),
            plain and bool(named),
            group,
        )
        header.setEnabled(bool(named))
        found = dsa.find or (plain and not named)
        self._add("Mask found in the run", partial(self._mask, run, None, find=True), found, group)
        this = partial(self._mask, run, (frame,))
        self._add(f"This frame ({frame + 1}) as mask", this, chosen == (frame,), group)
        several = chosen is not None and chosen != (frame,)
        words = f"Average of frames {frames_text(chosen)}…" if chosen and several else ""
        average = partial(self.ask_range, run)
        self._add(words or "Average of frames…", average, several, group)
        entry = self.menu.addAction(f"New mask from frame {frame + 1} on")
        entry.triggered.connect(lambda: self._turned_on(run, parts.remask_here, run, frame))
        here = max((item.first for item in dsa.remasks if item.first <= frame), default=None)
        if here is not None:
            words = f"No new mask from frame {here + 1} on"
            entry = self.menu.addAction(words)
            entry.triggered.connect(lambda: parts.end_remask(run, frame))
        trace = partial(parts.set_view_trace, run, not dsa.view_trace)
        self._add("Show the mask itself", partial(self._turned_on, run, trace), dsa.view_trace)

    def _add_shifts(self, run: Run) -> None:
        from viewer.session.subtraction import ShiftMode

        parts, group = self._contrast.subtractions, QActionGroup(self.menu)
        mode = parts.of(run.uid).shift_mode
        choices = [
            ("No shift", ShiftMode.NONE),
            ("Automatic shift", ShiftMode.AUTO),
            ("Place by place (bowel, breathing)", ShiftMode.LOCAL),
        ]
        moved = next((mask.shift_px for mask in run.masks if any(mask.shift_px)), None)
        if moved is not None:
            choices.insert(0, (f"Shift of the header ({px_text(moved)})", ShiftMode.HEADER))
        elif mode is ShiftMode.HEADER:
            mode = ShiftMode.NONE
        for words, value in choices:
            act = partial(self._turned_on, run, parts.set_shift_mode, run, value)
            self._add(words, act, mode is value, group)
        manual = mode is ShiftMode.MANUAL
        shift = self._actions["contrast.shift"]
        by_hand = self._contrast.shift_text(run, 0) if manual else ""
        words = f"Shift by hand ({by_hand})\tShift+D" if manual else "Shift by hand\tShift+D"
        self._add(words, shift.trigger, manual, group)
        self.menu.addAction(self._actions["contrast.reset_shift"])

    def _add_anatomy(self, run: Run) -> None:
        parts, group = self._contrast.subtractions, QActionGroup(self.menu)
        now = parts.of(run.uid).landmarking
        for share in SHARES:
            act = partial(self._turned_on, run, parts.set_landmarking, run, share)
            words = f"{100 * share:.0f} % of the anatomy" if share else "No anatomy"
            self._add(words, act, abs(now - share) < 0.005, group)
        other = all(abs(now - share) >= 0.005 for share in SHARES)
        words = f"{100 * now:.0f} % of the anatomy…" if other else "Another share of the anatomy…"
        self._add(words, partial(self.ask_share, run), other, group)

    def _add_edges(self, run: Run) -> None:
        parts, group = self._contrast.subtractions, QActionGroup(self.menu)
        now = parts.of(run.uid).edges
        for words, share in EDGES:
            act = partial(self._turned_on, run, parts.set_edges, run, share)
            self._add(words, act, abs(now - share) < 0.005, group)

    def ask_share(self, run: Run) -> None:
        """Ask for the share of the anatomy that stays in view."""
        parts = self._contrast.subtractions
        now = round(100 * parts.of(run.uid).landmarking)
        title, label = "Landmarking", "Anatomy kept in view, %"
        share, taken = QInputDialog.getInt(self.window(), title, label, now, 0, 100, 5)
        if taken:
            self._turned_on(run, parts.set_landmarking, run, share / 100.0)

    def _mask(self, run: Run, frames: tuple[int, ...] | None, *, find: bool = False) -> None:
        self._turned_on(run, partial(self._contrast.subtractions.set_mask, run, frames, find=find))

    def _turned_on(self, run: Run, act: Callable[..., object], *words: object) -> None:
        """What is chosen in the menu is meant to be seen."""
        act(*words)
        if self._contrast.dsa(run) is None:
            self._contrast.toggle_subtraction(run)

    def ask_range(self, run: Run) -> None:
        """Ask for the frames to average, and take them as the mask."""
        frames = self._contrast.subtractions.mask_frames(run, 0) or run.mask_frames or (0, 0)
        dialog = MaskRange(run.frames, frames[0], frames[-1], self.window())
        if dialog.exec():
            self._mask(run, dialog.frames())


class MaskRange(QDialog):
    """Asks for a first and a last frame, 1-based on screen."""

    def __init__(self, count: int, first: int, last: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Average these frames as the mask")
        self.first, self.last = QSpinBox(self), QSpinBox(self)
        form = QFormLayout(self)
        for name, box, value in (("First frame", self.first, first), ("Last", self.last, last)):
            box.setRange(1, count)
            box.setValue(value + 1)
            box.setAccessibleName(name)
            form.addRow(name, box)
        self.first.valueChanged.connect(self.last.setMinimum)
        self.last.setMinimum(self.first.value())
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def frames(self) -> tuple[int, ...]:
        """The frames, 0-based."""
        return tuple(range(self.first.value() - 1, self.last.value()))
