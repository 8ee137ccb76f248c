"""What actions do with the panes: frames, cine, key frames, the long view's cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from viewer.qt.image_pane import ImagePane

if TYPE_CHECKING:
    from viewer.qt.main_window import MainWindow


class PaneVerbs:
    """Acts on the active pane of a window, or on both."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    @property
    def _pane(self) -> ImagePane:
        return self._window.active_pane

    def verbs(self) -> dict[str, Callable[[], object]]:
        """What actions do that need the window's panes."""
        window = self._window
        return {
            "cine.toggle": lambda: self._with_pane(ImagePane.toggle_play),
            "frame.previous": lambda: self._step(-1),
            "frame.next": lambda: self._step(1),
            "frame.back10": lambda: self._step(-10),
            "frame.on10": lambda: self._step(10),
            "frame.first": lambda: self._pane.go_to(0),
            "frame.last": lambda: self._pane.go_to(10**9),
            "cine.loop_segment": self.loop_segment,
            "cine.loop_from": lambda: self.mark_loop(start=True),
            "cine.loop_to": lambda: self.mark_loop(start=False),
            "cine.loop_all": self.end_loop,
            "cine.both": self.play_both,
            "cine.sweep": lambda: self.set_sweep(self._pane, not self._pane.sweeps),
            "cine.rate": lambda: self._pane.rate_asked.emit(self._active_uid() or ""),
            "bookmark.toggle": self.toggle_bookmark,
            "view.invert": lambda: self._with_item(window.contrast_controls.invert),
            "view.reset": lambda: self._with_item(window.contrast_controls.reset_window),
            **window.contrast_controls.verbs(),
            "view.fit": lambda: self._with_pane(lambda pane: pane.view.fit()),
            "view.maximise": lambda: window.maximise(self._pane),
            "graph.table": self._window.along.show_table,
            "cut.left": lambda: self.turn_cut(-1),
            "cut.right": lambda: self.turn_cut(1),
            "window.menu": window.top_bar.menu_button.showMenu,
            "window.inspector": window.toggle_inspector,
            "views.space": window.toggle_space,
            "window.next_region": lambda: window.focus_region(1),
            "window.previous_region": lambda: window.focus_region(-1),
            "window.cache": window.cache_asked.emit,
            "calibrate.remove": self.remove_calibration,
            "window.full_screen": window.toggle_full_screen,
            "edit.cancel": window.cancel,
        }

    def _step(self, frames: int) -> None:
        self._pane.step(frames)

    def _active_uid(self) -> str | None:
        item = self._pane.current_item()
        return item.uid if item else None

    def _with_pane(self, act: Callable[[ImagePane], object]) -> None:
        act(self._pane)

    def _with_item(self, act: Callable[..., object]) -> None:
        item = self._pane.current_item()
        if item is not None:
            act(item)

    def toggle_bookmark(self) -> None:
        """Make the active pane's frame a key frame, or not."""
        uid = self._active_uid()
        if uid is not None:
            self._window.session.measures.toggle_bookmark(uid, self._pane.current_frame())

    def loop_segment(self) -> None:
        """Play only the selected segment's frames; again plays all."""
        item = self._window.ivus.current_item()
        segment = self._window.session.review.segment(self._window.session.selection.id)
        if item is None:
            return
        frames = self._window.session.segments.frames_of(segment) if segment else None
        if self._window.ivus.loops_part or frames is None:
            self._window.ivus.end_loop()
            self._window.session.notify("Playing every frame", about="loop")
        else:
            self._window.ivus.set_loop(*frames)
            self._window.set_active(self._window.ivus)
            self._window.ivus.view.setFocus(
                Qt.FocusReason.ShortcutFocusReason
            )  # Space plays the loop
            name = segment.name if segment else ""
            self._window.session.notify(f"Looping {name}, frames {frames[0] + 1}–{frames[1] + 1}")
        self.show_loop()

    def mark_loop(self, *, start: bool) -> None:
        """Start or end the active pane's loop at the frame it shows."""
        self._pane.mark_loop(start=start)
        self.show_loop()

    def end_loop(self) -> None:
        """Let the active pane play all frames again."""
        self._pane.end_loop()
        self.show_loop()

    def show_loop(self) -> None:
        """Tick the switch while only a part of the pullback is played."""
        looping = self._window.actions_by_id["cine.loop_segment"]
        looping.setChecked(self._window.ivus.loops_part)

    def play_both(self) -> None:
        """Play venogram and pullback together; while one plays, pause both."""
        panes = [
            pane
            for pane in (self._window.venogram, self._window.ivus)
            if pane.current_item() is not None
        ]
        act = ImagePane.pause if any(pane.playing for pane in panes) else ImagePane.play
        for pane in panes:
            act(pane)

    def set_sweep(self, pane: ImagePane, on: bool) -> None:
        """Play a pane forth and back, or round and round."""
        pane.set_sweep(on)
        self.show_sweep()

    def show_sweep(self) -> None:
        """Tick the switch when the active pane sweeps."""
        self._window.actions_by_id["cine.sweep"].setChecked(self._pane.sweeps)

    def remove_calibration(self) -> None:
        """Back to the header's scale: on the active image if it was calibrated by hand."""
        cursor, review = self._window.session.cursor, self._window.session.review
        for uid in (self._active_uid(), cursor.run_uid, cursor.pullback_uid):
            if uid is not None and review.calibration_of(uid) is not None:
                self._window.session.calibrating.remove(uid)
                return

    def turn_cut(self, steps: int) -> None:
        """Turn the long view's cut by steps of 5°."""
        self._window.along.turn_cut(steps)
        self.copy_cut()

    def copy_cut(self, *_: object) -> None:
        """Show on the frame where the long view cuts it."""
        self._window.ivus.cut_angle_deg = self._window.along.cut_angle_deg
        self._window.ivus.repaint_layers()
