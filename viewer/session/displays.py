"""How each image set is shown: window, inversion, and the lookup table that follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.imaging.shutter import shutter_mask
from viewer.imaging.window import apply_display, auto_window, display_lut
from viewer.model.study import ImageSet, Window
from viewer.session.state import Display

NARROWEST_WINDOW = 1.0


class Displays:
    """Display state by image set uid. Changing it never decodes a frame again."""

    changed = Signal(str)

    def __init__(self) -> None:
        self._states: dict[str, Display] = {}
        self._automatic: dict[str, Window] = {}
        self._shutters: dict[str, NDArray[np.bool_] | None] = {}
        self._luts: dict[tuple[str, str], tuple[Display, NDArray[np.uint8]]] = {}

    def clear(self) -> None:
        """Forget every image set."""
        self._states.clear()
        self._automatic.clear()
        self._shutters.clear()
        self._luts.clear()

    def of(self, uid: str) -> Display:
        """The display state of an image set."""
        return self._states.get(uid, Display())

    def window(self, item: ImageSet) -> Window | None:
        """The window in force; None for colour, and before a first frame of unwindowed images."""
        return self.of(item.uid).window or self._automatic.get(item.uid)

    def set_window(self, item: ImageSet, window: Window | None) -> None:
        """Set or, with None, reset the window."""
        if window is not None:
            window = replace(window, width=max(NARROWEST_WINDOW, window.width))
        self._set(item.uid, replace(self.of(item.uid), window=window))

    def adjust_window(self, item: ImageSet, center_by: float, width_by: float) -> None:
        """Move the window's level and width by shares of its width (a drag)."""
        now = self.window(item)
        if now is None:
            return
        width = max(NARROWEST_WINDOW, now.width * (1.0 + width_by))
        self.set_window(item, Window(now.center + center_by * now.width, width, now.function))

    def toggle_inverted(self, item: ImageSet) -> None:
        """Swap black and white."""
        state = self.of(item.uid)
        self._set(item.uid, replace(state, inverted=not state.inverted))

    def render(
        self,
        item: ImageSet,
        pixels: NDArray[np.generic],
        overlay: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.uint8]:
        """Shown values of a frame, uint8, (rows, columns) or (rows, columns, 3).

        Header overlays (bool, rows x columns) are white; outside the shutter all is black.
        """
        shown = self._shown(item, pixels)
        open_at = self._shutter(item) if item.pixels.shutter is not None else None
        if overlay is None and open_at is None:
            return shown
        shown = shown.copy()
        if overlay is not None and overlay.shape == shown.shape[:2]:
            shown[overlay] = 255
        if open_at is not None and open_at.shape == shown.shape[:2]:
            shown[~open_at] = 0
        return shown

    def _shutter(self, item: ImageSet) -> NDArray[np.bool_] | None:
        if item.uid not in self._shutters:
            mask = shutter_mask(item.pixels.shutter, item.rows, item.columns)
            self._shutters[item.uid] = mask
        return self._shutters[item.uid]

    def _shown(self, item: ImageSet, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
        state = self.of(item.uid)
        if pixels.ndim == 3:
            colour = np.asarray(pixels, dtype=np.uint8)
            return np.asarray(255 - colour if state.inverted else colour, dtype=np.uint8)
        if item.uid not in self._automatic:
            self._automatic[item.uid] = auto_window(item.pixels, pixels)
        return apply_display(pixels, self._lut(item, pixels.dtype, state))

    def grey_maker(
        self, item: ImageSet
    ) -> Callable[[NDArray[np.generic]], Callable[[NDArray[np.generic]], NDArray[np.uint8]] | None]:
        """What turns frames of an image set to 8-bit grey off the main thread.

        The returned function takes a first frame and gives a function stored values -> uint8, or
        None for frames that are 8-bit already or colour.
        """

        def make(
            first: NDArray[np.generic],
        ) -> Callable[[NDArray[np.generic]], NDArray[np.uint8]] | None:
            if first.ndim == 3 or (first.dtype == np.uint8 and not item.pixels.windows):
                return None
            lut = display_lut(item.pixels, first.dtype, auto_window(item.pixels, first))
            return lambda frame: apply_display(frame, lut)

        return make

    def _lut(
        self, item: ImageSet, dtype: np.dtype[np.generic], state: Display
    ) -> NDArray[np.uint8]:
        key = (item.uid, dtype.str)
        known = self._luts.get(key)
        if known is not None and known[0] == state:
            return known[1]
        voi_lut = None
        if state.window is None and not item.pixels.windows and item.pixels.voi_luts:
            voi_lut = item.pixels.voi_luts[0]
        lut = display_lut(
            item.pixels, dtype, self.window(item), invert=state.inverted, voi_lut=voi_lut
        )
        self._luts[key] = (state, lut)
        return lut

    def _set(self, uid: str, state: Display) -> None:
        if state != self.of(uid):
            self._states[uid] = state
            self.changed.emit(uid)
