"""An image pane whose frames can be shown less their mask, or all at once by their peak."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from viewer.model.study import ImageSet, Run
from viewer.qt import tokens
from viewer.qt.contrast_overlays import ContrastPill, TimeLegend
from viewer.qt.corner_overlays import Lines
from viewer.qt.frame_view import FrameView
from viewer.qt.image_pane import ImagePane
from viewer.session.contrast_views import ContrastViews, Peak
from viewer.session.frame_loader import FrameLoader
from viewer.session.session import Session
from viewer.session.state import Layers

ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
FINE_PX, COARSE_PX = 0.1, 1.0
"""What an arrow key moves a mask by, and with Shift."""


class ContrastPane(ImagePane):
    """Base of the pane of runs: draws what `contrast` says, and says so."""

    def __init__(
        self,
        session: Session,
        loader: FrameLoader,
        contrast: ContrastViews,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(session, loader, parent)
        self.contrast = contrast
        self._look: tuple[object, ...] = ()
        self.pill = ContrastPill(contrast, lambda: session.run)
        self.legend = TimeLegend(session, contrast, lambda: session.run)
        contrast.changed.connect(self._on_contrast)
        self.view.installEventFilter(self)
        self._title.setMinimumWidth(24)  # in a narrow header it gives way first

    # -- frames -------------------------------------------------------------------------------
    def rendered(
        self,
        item: ImageSet,
        index: int,
        pixels: NDArray[np.generic],
        overlay: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.uint8]:
        """A frame, less its mask when it is subtracted, or the peak in its place."""
        if not isinstance(item, Run):
            return super().rendered(item, index, pixels, overlay)
        self._look = self.contrast.look(item, index)
        shown = self.contrast.render(item, index, pixels)
        if shown is None:
            return super().rendered(item, index, pixels, overlay)
        if overlay is not None and self._session.layers is not Layers.IMAGES_ONLY:
            shown[overlay] = 255
        return shown

    @property
    def is_settled(self) -> bool:
        """Whether the frame is on screen as it was asked for: also its mask was found."""
        run = self._session.run
        return super().is_settled and (run is None or not self.contrast.is_busy(run))

    def _on_contrast(self, uid: str) -> None:
        run = self._session.run
        if run is None or run.uid != uid:
            return
        if self.contrast.look(run, self.current_frame()) != self._look:
            self._on_display(uid)
        self.repaint_layers()

    def _on_cursor(self) -> None:
        run = self._session.run
        scrubbed = run is not None and self._wanted[0] == run.uid
        if run is not None and scrubbed and self._wanted[1] != self.current_frame():
            self.contrast.show_peak(run, Peak.OFF, self._ask_rate)
        super()._on_cursor()

    def _on_review(self) -> None:
        super()._on_review()
        run = self._session.run
        if run is not None:  # another frame rate is another time to peak
            self._on_contrast(run.uid)

    # -- gestures -----------------------------------------------------------------------------
    def _on_window_drag(self, right: float, down: float) -> None:
        run = self._session.run
        if run is None or not self.contrast.adjust_window(run, down, right):
            super()._on_window_drag(right, down)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """While pixel shift is armed, arrow keys move the mask instead of turning frames."""
        kinds = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if not (isinstance(event, QKeyEvent) and event.type() in kinds and self.contrast.shifting):
            return bool(super().eventFilter(watched, event))
        step, keys = ARROWS.get(event.key()), event.modifiers()
        keys &= ~Qt.KeyboardModifier.KeypadModifier
        coarse = keys == Qt.KeyboardModifier.ShiftModifier
        if step is None or not (coarse or keys == Qt.KeyboardModifier.NoModifier):
            return bool(super().eventFilter(watched, event))
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            self._nudge(step, COARSE_PX if coarse else FINE_PX)
        return True

    def _nudge(self, step: tuple[int, int], by_px: float) -> None:
        run = self._session.run
        if run is not None:
            dx_px, dy_px = step[0] * by_px, step[1] * by_px
            self.contrast.subtractions.nudge_shift(run, dx_px, dy_px, self.current_frame())

    def ask_rate(self) -> None:
        """Ask for the frame rate of what is shown."""
        self._ask_rate()

    # -- words --------------------------------------------------------------------------------
    def contrast_lines(self, view: FrameView) -> Lines:
        """Window of the difference, mask frames and shift; empty when frames are as taken."""
        contrast, frame, run = self.contrast, self.current_frame(), self._session.run
        if run is None or not contrast.window_text(run):
            return []
        dsa, peak = contrast.subtractions.of(run.uid), contrast.peak_text(run)
        words = " · inverted · " if dsa.inverted else " · "
        more = contrast.settings_text(run)
        kept = f" · {more}" if more else ""
        if dsa.view_trace:
            kept, words = "", " · "
        moved = "" if peak else f" · shift {contrast.shift_text(run, frame)}"
        if dsa.view_trace:
            moved = " · the mask itself"
        return [
            [(peak, tokens.TEXT_HI, True)],
            [
                (contrast.window_text(run), tokens.TEXT_HI, True),
                (f"{words}Zoom {view.zoom:.2f}×", tokens.TEXT_MID, False),
            ],
            [
                (f"Mask {contrast.mask_text(run, frame)}", tokens.TEXT_MID, False),
                (moved, tokens.TEXT_HI, False),
                ("" if peak else kept, tokens.TEXT_MID, False),
            ],
        ]

    def peak_line(self) -> Lines:
        """Which picture stands in for the frames; empty when none does."""
        run = self._session.run
        text = self.contrast.peak_text(run) if run is not None else ""
        return [[(text, tokens.TEXT_HI, True)]] if text else []
