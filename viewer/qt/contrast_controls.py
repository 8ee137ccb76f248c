"""Buttons and commands of subtraction and peak opacification in the venogram pane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction

from viewer.model.study import ImageSet, Run
from viewer.qt.lower_region import LowerRegion
from viewer.qt.status_bar import StatusBar
from viewer.qt.subtraction_chip import SubtractionChip
from viewer.session.actions import BY_ID
from viewer.session.contrast_views import Peak
from viewer.session.session import Session
from viewer.session.state import Tool

if TYPE_CHECKING:
    from viewer.qt.contrast_panel import ContrastPanel
    from viewer.qt.venogram_view import VenogramView

PROGRESS_AFTER_MS = 300
IDLE_AFTER_MS = 3000
MOST_IDLE_FRAMES = 600
"""Longer runs are followed only when somebody asks."""

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
    lower : LowerRegion
        Where curves are shown.
    """

    def __init__(
        self,
        session: Session,
        pane: VenogramView,
        actions: Mapping[str, QAction],
        lower: LowerRegion,
    ) -> None:
        self._session, self._pane, self._actions = session, pane, actions
        self._lower = lower
        self._status: StatusBar | None = None
        self._run_uid = ""
        self._wait = QTimer(pane)
        self._wait.setSingleShot(True)
        self._wait.setInterval(PROGRESS_AFTER_MS)
        self._wait.timeout.connect(self._show_progress)
        self._idle = QTimer(pane)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_AFTER_MS)
        self._idle.timeout.connect(self._follow_when_idle)
        lower.made.connect(self._on_panel)
        lower.currentChanged.connect(self._on_front)
        session.tool_changed.connect(self._on_tool)
        session.cursor_changed.connect(self._on_run)
        session.case_changed.connect(self._on_run)
        pane.contrast.changed.connect(self._on_contrast)
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
            "contrast.first": lambda: self._with_run(self._range_from_here),
            "contrast.last": lambda: self._with_run(self._range_to_here),
            "contrast.loop": lambda: self._with_run(self._range_of_loop),
            "contrast.whole": lambda: self._with_run(contrast.set_range),
            "panel.vein": self._lower.show_vein,
            "panel.contrast": self._toggle_panel,
        }

    def _with_run(self, act: Callable[[Run], object]) -> None:
        if self._session.run is not None:
            act(self._session.run)

    # -- curves -------------------------------------------------------------------------------
    def _range_from_here(self, run: Run) -> None:
        here, last = self._pane.current_frame(), self._contrast.frame_range(run)[1]
        self._contrast.set_range(run, here, last if last >= here else None)
        self._tell_range(run)

    def _range_to_here(self, run: Run) -> None:
        here, first = self._pane.current_frame(), self._contrast.frame_range(run)[0]
        self._contrast.set_range(run, first if first <= here else 0, here)
        self._tell_range(run)

    def _range_of_loop(self, run: Run) -> None:
        self._contrast.set_range(run, *self._pane.loop_frames)
        self._tell_range(run)

    def _tell_range(self, run: Run) -> None:
        first, last = self._contrast.frame_range(run)
        text = f"Contrast is followed over frames {first + 1}–{last + 1}"
        self._session.notify(text, "Ctrl+\\ takes the whole run again.", about="contrast range")

    def _toggle_panel(self) -> None:
        if self._lower.shows_contrast:
            self._lower.show_vein()
        else:
            self._lower.show_contrast()

    def _on_tool(self, tool: Tool) -> None:
        if tool is Tool.CONTRAST:
            self._lower.show_contrast()

    def _on_panel(self, panel: ContrastPanel) -> None:
        panel.curves.changed.connect(self._on_contrast)

    def _on_front(self, _index: int) -> None:
        self._pane.marks.shown = self._lower.shows_contrast
        self._pane.repaint_layers()

    def _on_run(self, *_: object) -> None:
        """Another run: its own curve goes over the cine bar once nobody waits for frames."""
        run = self._session.run
        uid = run.uid if run is not None else ""
        if uid != self._run_uid:
            self._run_uid = uid
            self._show_curve()
            self._idle.start()

    def _follow_when_idle(self) -> None:
        run = self._session.run
        if run is None or not 1 < run.frames <= MOST_IDLE_FRAMES or run.pixels.samples != 1:
            return
        if self._pane.playing or self._pane.loader_is_busy or not self._pane.is_settled:
            self._idle.start()
        elif self._contrast.run_curve(run) is None:
            self._contrast.follow_once(run)

    def _show_curve(self) -> None:
        run = self._session.run
        curve = self._contrast.run_curve(run) if run is not None else None
        self._pane.cine.scrubber.set_curve(*(curve or ((), ())))

    # -- progress -----------------------------------------------------------------------------
    def tell_progress(self, status: StatusBar) -> None:
        """Say in the status bar how far work is that lasts; a click ends it."""
        self._status = status
        status.work.clicked.connect(self.stop)

    def _doing(self) -> str:
        run, panel = self._session.run, self._lower.panel
        making = self._contrast.making
        if making is not None and making.error is None:
            return f"Following contrast {100 * making.done:.0f} %"
        done = panel.curves.done if panel is not None and self._lower.shows_contrast else None
        return f"Reading curves {100 * done:.0f} %" if run is not None and done is not None else ""

    def _on_contrast(self, *_: object) -> None:
        self._show_curve()
        if not self._doing():
            self._wait.stop()
            self._show_progress()
        elif self._status is not None and self._status.work.text:
            self._show_progress()
        elif not self._wait.isActive():
            self._wait.start()

    def _show_progress(self) -> None:
        if self._status is not None:
            self._status.set_work(self._doing())

    def stop(self) -> None:
        """End what is under way; frames are shown again."""
        run = self._session.run
        if run is not None and self._contrast.peak(run) is not Peak.OFF:
            self._contrast.show_peak(run, Peak.OFF, self._pane.ask_rate)
        if self._lower.panel is not None and self._lower.shows_contrast:
            self._lower.panel.curves.cancel()
        else:
            self._contrast.opacifications.cancel()

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
