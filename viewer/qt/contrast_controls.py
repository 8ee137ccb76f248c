"""Buttons and commands of subtraction and peak opacification in the venogram pane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction

from viewer.model.study import ImageSet, Run
from viewer.qt.contrast_pane import ContrastPane
from viewer.qt.subtraction_chip import SubtractionChip
from viewer.session.actions import BY_ID
from viewer.session.contrast_views import Peak
from viewer.session.session import Session

SHIFT, PEAK = "contrast.shift", "contrast.peak"
PEAK_WIDTH_PX = 68


class ContrastControls:
    """What the window has for the contrast of the run it shows.

    Parameters
    ----------
    pane : ContrastPane
        Where it is shown.
    actions : mapping of str to QAction
        The window's table of actions.
    """

    def __init__(
        self, session: Session, pane: ContrastPane, actions: Mapping[str, QAction]
    ) -> None:
        self._session, self._pane, self._actions = session, pane, actions
        self._contrast = pane.contrast
        self.chip: SubtractionChip | None = None

    # -- commands -----------------------------------------------------------------------------
    def verbs(self) -> dict[str, Callable[[], object]]:
        """What the actions do."""
        contrast = self._contrast
        return {
            "contrast.subtract": lambda: self._with_run(contrast.toggle_subtraction),
            SHIFT: self.toggle_shift,
            "contrast.reset_shift": lambda: self._with_run(contrast.reset_shift),
            PEAK: lambda: self._toggle_peak(Peak.DARKEST),
            "contrast.peak_time": lambda: self._toggle_peak(Peak.TIMES),
        }

    def _with_run(self, act: Callable[[Run], object]) -> None:
        if self._session.run is not None:
            act(self._session.run)

    def toggle_shift(self) -> None:
        """Let arrow keys move the mask, or turn frames again."""
        self._with_run(self._contrast.toggle_shifting)
        if self._contrast.shifting:
            self._pane.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _toggle_peak(self, peak: Peak) -> None:
        run = self._session.run
        if run is not None:
            self._pane.pause()
            wanted = Peak.OFF if self._contrast.peak(run) is peak else peak
            self._contrast.show_peak(run, wanted, self._pane.ask_rate)
            self._contrast.changed.emit(run.uid)  # a switch Qt has turned is set right

    def cancel(self) -> bool:
        """Esc: arrow keys turn frames again; False when they did."""
        shifting = self._contrast.shifting
        self._contrast.end_shifting()
        return shifting

    def invert(self, item: ImageSet) -> None:
        """Swap black and white of what is shown of an image set."""
        if isinstance(item, Run):
            self._contrast.toggle_inverted(item)
        else:
            self._session.displays.toggle_inverted(item)

    def reset_window(self, item: ImageSet) -> None:
        """Give what is shown of an image set the window it had at first."""
        if isinstance(item, Run):
            self._contrast.set_window(item, None)
        else:
            self._session.set_window(item, None)

    # -- buttons ------------------------------------------------------------------------------
    def add_buttons(self) -> None:
        """The chip and the shift in the header, the peak in the cine bar."""
        pane, row = self._pane, self._pane.header_row
        subtract = self._actions["contrast.subtract"]
        self.chip = SubtractionChip(
            self._session, self._contrast, subtract, self._actions, pane.header
        )
        row.addWidget(self.chip)
        shift, spec = self._actions[SHIFT], BY_ID[SHIFT]
        button = pane.header_button(spec.icon, spec.text, shift.trigger, checkable=True)
        self._follow(button.setChecked, button.setEnabled, button.setToolTip, shift)
        peak, spec = self._actions[PEAK], BY_ID[PEAK]
        button = pane.cine.add_button(
            spec.icon, f"{spec.text}, {pane.what}", peak.trigger, checkable=True
        )
        button.setText("Peak")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFixedWidth(PEAK_WIDTH_PX)
        self._follow(button.setChecked, button.setEnabled, button.setToolTip, peak)

    def _follow(
        self,
        check: Callable[[bool], None],
        enable: Callable[[bool], None],
        tip: Callable[[str], None],
        action: QAction,
    ) -> None:
        def follow() -> None:
            check(action.isChecked())
            enable(action.isEnabled())
            tip(action.toolTip())

        action.changed.connect(follow)
        self._contrast.changed.connect(lambda _uid: follow())
        follow()
