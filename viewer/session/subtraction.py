"""Subtraction as the reader sets it, a run at a time, and frames drawn with it at cine speed.

The mask, the contrast's arrival and the shift of each frame are found on the frame loader's
workers; drawing is left to the main thread and waits for none of them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from viewer.imaging.log_domain import why_not_subtracted
from viewer.imaging.shutter import shutter_mask
from viewer.imaging.subtraction import Look
from viewer.model.study import ImageSet, Window
from viewer.model.subtraction import FARTHEST_PX, Remask, RunSubtraction, ShiftMode
from viewer.session.mask_maker import WARPS_KEPT, MaskMaker

if TYPE_CHECKING:
    from viewer.imaging.subtraction import Subtraction
    from viewer.session.frame_loader import FrameLoader

__all__ = ["Dsa", "ShiftMode", "Subtractions"]

logger = logging.getLogger(__name__)

MASK, MOVE, RESET = "Change mask", "Move mask", "Reset mask shift"
LANDMARKS, EDGES = "Change landmarking", "Change edge enhancement"
"""Steps of undo."""

BYTES_A_PIXEL = 24
"""Of a run that is subtracted: mask, the mask as it was last moved, what shifts are found on."""

BYTES_LAID = 32 * WARPS_KEPT
"""More of one whose masks are laid on place by place."""

STEP_PX = 0.1
"""What one press of an arrow key moves the mask by."""


@dataclass(frozen=True, slots=True)
class Dsa:
    """How one run is subtracted.

    Attributes
    ----------
    on : bool
        Whether its frames are shown less their mask.
    mask_frames : tuple of int or None
        0-based frames averaged; None takes those of the header, else finds them from the run.
    find : bool
        Find them from the run even when the header names some.
    remasks : tuple of Remask
        From a frame on, other mask frames; ascending.
    shift_mode, shift_px
        How the mask is moved; (dx, dy) to the right and down when by hand.
    landmarking, edges : float
        Share of the anatomy kept and of edge enhancement, 0 to 1.
    window : Window or None
        In units of the difference; None is an automatic one.
    inverted : bool
        Contrast white.
    view_trace : bool
        Show the mask itself, held still.
    """

    on: bool = False
    mask_frames: tuple[int, ...] | None = None
    find: bool = False
    remasks: tuple[Remask, ...] = ()
    shift_mode: ShiftMode = ShiftMode.HEADER
    shift_px: tuple[float, float] = (0.0, 0.0)
    landmarking: float = 0.0
    edges: float = 0.0
    window: Window | None = None
    inverted: bool = False
    view_trace: bool = False

    def kept(self, uid: str) -> RunSubtraction:
        """What is kept of it in the review."""
        window = None if self.window is None else (self.window.center, self.window.width)
        return RunSubtraction(
            uid,
            shown=self.on,
            mask_frames=self.mask_frames,
            find=self.find,
            remasks=self.remasks,
            shift_mode=self.shift_mode,
            shift_px=self.shift_px,
            landmarking=self.landmarking,
            edges=self.edges,
            window=window,
            inverted=self.inverted,
        )

    @classmethod
    def from_kept(cls, kept: RunSubtraction, view_trace: bool = False) -> Dsa:
        """The settings a review keeps."""
        window = None if kept.window is None else Window(*kept.window, "LINEAR_EXACT")
        return cls(
            kept.shown,
            kept.mask_frames,
            kept.find,
            kept.remasks,
            kept.shift_mode,
            kept.shift_px,
            kept.landmarking,
            kept.edges,
            window,
            kept.inverted,
            view_trace,
        )


class Subtractions:
    """Settings by image set uid; `changed(uid)` when a pane has to paint again.

    `edited(uid, label)` tells what a reader did, to be kept in the review; no label is no step.

    Parameters
    ----------
    loader : FrameLoader
        On whose workers masks and shifts are found.
    """

    changed = Signal(str)
    edited = Signal(str, str)

    def __init__(self, loader: FrameLoader) -> None:
        self._loader = loader
        self._settings: dict[str, Dsa] = {}
        self._makers: dict[str, MaskMaker] = {}
        self._shutters: dict[str, NDArray[np.bool_] | None] = {}

    # -- reading ------------------------------------------------------------------------------
    def of(self, uid: str) -> Dsa:
        """The settings of a run."""
        return self._settings.get(uid, Dsa())

    def why_not(self, run: ImageSet) -> str:
        """Why a run can't be subtracted, a sentence for people; empty when it can."""
        what, hint = why_not_subtracted(run)
        return f"No subtraction: {what}; {hint}." if what else ""

    def status(self, run: ImageSet) -> str:
        """What to tell beside the image: what is under way, or what is subtracted."""
        maker = self._makers.get(run.uid)
        if not self.of(run.uid).on or maker is None:
            return ""
        return maker.status

    @property
    def uids(self) -> frozenset[str]:
        """Image sets that have settings."""
        return frozenset(self._settings)

    def problem(self, run: ImageSet) -> str:
        """Why a run that is on has no mask, a sentence; empty when all is well."""
        maker = self._makers.get(run.uid)
        return maker.problem if maker is not None else ""

    def is_working(self, run: ImageSet) -> bool:
        """Whether a mask or shifts are being found."""
        maker = self._makers.get(run.uid)
        return maker is not None and maker.is_working

    def is_ready(self, run: ImageSet, index: int) -> bool:
        """Whether a frame can be drawn less its mask."""
        maker = self._makers.get(run.uid)
        return maker is not None and maker.is_ready(index)

    def by_intervals(self, run: ImageSet) -> bool:
        """Whether each frame has an earlier one subtracted: nothing to follow contrast on."""
        maker = self._makers.get(run.uid)
        return maker is not None and maker.by_intervals

    def work(self, run: ImageSet, index: int) -> Subtraction | None:
        """What takes the mask from a frame, for whoever needs differences; None until ready."""
        maker = self._makers.get(run.uid)
        return maker.subtraction_at(index) if maker is not None else None

    def mask_frames(self, run: ImageSet, index: int) -> tuple[int, ...]:
        """0-based mask frames in force at a frame; empty until they are known."""
        maker = self._makers.get(run.uid)
        return maker.frames_at(index) if maker is not None else ()

    def shift(self, run: ImageSet, index: int) -> tuple[float, float]:
        """(dx, dy) px by which the mask is moved at a frame."""
        dsa, maker = self.of(run.uid), self._makers.get(run.uid)
        if dsa.shift_mode is ShiftMode.MANUAL:
            return dsa.shift_px
        if maker is None or dsa.shift_mode is ShiftMode.NONE:
            return (0.0, 0.0)
        if dsa.shift_mode is ShiftMode.HEADER:
            item = maker.header_item(index)
            return item.shift_px if item is not None else (0.0, 0.0)
        return maker.shift_at(index)

    def state(self, run: ImageSet, index: int) -> tuple[object, ...]:
        """Equal states of a frame draw equal pictures of it."""
        dsa, maker = self.of(run.uid), self._makers.get(run.uid)
        if maker is None:
            return (dsa,)
        shift, window = self.shift(run, index), self.window(run)
        local = dsa.shift_mode is ShiftMode.LOCAL and maker.has_movement(index)
        ready = self.is_ready(run, index)
        return (dsa, ready, shift, window, local, maker.frames_at(index), maker.is_averaged(index))

    def window(self, run: ImageSet) -> Window | None:
        """The window in force, in units of the difference; None until the mask is ready."""
        maker = self._makers.get(run.uid)
        return self.of(run.uid).window or (maker.window if maker is not None else None)

    def progress(self, run: ImageSet) -> tuple[int, int] | None:
        """(done, total) of what is being found; None when nothing is."""
        maker = self._makers.get(run.uid)
        return maker.progress if maker is not None else None

    # -- verbs --------------------------------------------------------------------------------
    def toggle(self, run: ImageSet) -> None:
        """Subtraction on or off; a run that can't be subtracted stays as it is."""
        dsa = self.of(run.uid)
        if not dsa.on and self.why_not(run):
            return
        held = dsa.view_trace and not dsa.on  # the mask itself is not held once it was left
        self._set(run, replace(dsa, on=not dsa.on, view_trace=held))

    def set_mask(
        self, run: ImageSet, frames: tuple[int, ...] | None, *, find: bool = False
    ) -> None:
        """Mask frames, 0-based; None goes back to the header's, with `find` to those found.

        Raises
        ------
        ValueError
            A frame is not of the run, or there is none.
        """
        if frames is not None:
            frames = _checked(run, frames)
        self._set(run, replace(self.of(run.uid), mask_frames=frames, find=find, remasks=()), MASK)

    def remask_here(self, run: ImageSet, frame: int) -> None:
        """From this frame on, this frame is the mask (breath or bowel moved since)."""
        dsa = self.of(run.uid)
        others = [item for item in dsa.remasks if item.first != frame]
        fresh = Remask(frame, _checked(run, (frame,)))
        remasks = tuple(sorted((*others, fresh), key=lambda item: item.first))
        self._set(run, replace(dsa, remasks=remasks), MASK)

    def end_remask(self, run: ImageSet, frame: int) -> None:
        """Go on with the mask of the stretch before, at the stretch a frame is in."""
        dsa = self.of(run.uid)
        here = max((item.first for item in dsa.remasks if item.first <= frame), default=None)
        kept = tuple(item for item in dsa.remasks if item.first != here)
        self._set(run, replace(dsa, remasks=kept), MASK)

    def set_shift_mode(self, run: ImageSet, mode: ShiftMode) -> None:
        """Mask not moved, moved to fit each frame, or by hand."""
        self._set(run, replace(self.of(run.uid), shift_mode=mode), "Change mask shift")

    def reset_shift(self, run: ImageSet, mode: ShiftMode) -> None:
        """Take back what was moved by hand."""
        self._set(run, replace(self.of(run.uid), shift_mode=mode, shift_px=(0.0, 0.0)), RESET)

    def take_over(self, run: ImageSet, dsa: Dsa) -> None:
        """Set everything at once, as it is elsewhere; nothing is told of it as edited."""
        self._set(run, _fitting(run, dsa), None)

    def nudge_shift(self, run: ImageSet, dx_px: float, dy_px: float, frame: int = 0) -> None:
        """Move the mask by hand; after an automatic shift it goes on from that of `frame`."""
        x, y = self.shift(run, frame)
        moved = tuple(
            round(min(max(value, -FARTHEST_PX), FARTHEST_PX), 3) for value in (x + dx_px, y + dy_px)
        )
        shift = (moved[0], moved[1])
        self._set(run, replace(self.of(run.uid), shift_mode=ShiftMode.MANUAL, shift_px=shift), MOVE)

    def set_landmarking(self, run: ImageSet, share: float) -> None:
        """Share of the anatomy kept, 0 to 1."""
        self._set(run, replace(self.of(run.uid), landmarking=min(max(share, 0.0), 1.0)), LANDMARKS)

    def set_edges(self, run: ImageSet, share: float) -> None:
        """Edge enhancement, 0 to 1."""
        self._set(run, replace(self.of(run.uid), edges=min(max(share, 0.0), 1.0)), EDGES)

    def set_window(self, run: ImageSet, window: Window | None) -> None:
        """Window of the difference; None is the automatic one."""
        self._set(run, replace(self.of(run.uid), window=window))

    def adjust_window(self, run: ImageSet, center_by: float, width_by: float) -> None:
        """Move the window's level and width by shares of its width (a drag)."""
        now = self.window(run)
        if now is None:
            return
        width = max(1e-3, now.width * (1.0 + width_by))
        self.set_window(run, Window(now.center + center_by * now.width, width, "LINEAR_EXACT"))

    def toggle_inverted(self, run: ImageSet) -> None:
        """Contrast white, or black again."""
        dsa = self.of(run.uid)
        self._set(run, replace(dsa, inverted=not dsa.inverted))

    def set_view_trace(self, run: ImageSet, shown: bool) -> None:
        """Hold the mask itself in view, or show frames again."""
        self._set(run, replace(self.of(run.uid), view_trace=shown), None)

    def forget(self, uid: str) -> None:
        """Let go of a run's mask; its settings stay."""
        maker = self._makers.pop(uid, None)
        if maker is not None:
            maker.cancel()
            self._loader.set_aside(f"masks {uid}", 0)

    def drop(self, uid: str) -> None:
        """Forget a run and its settings."""
        self.forget(uid)
        self._settings.pop(uid, None)
        self._shutters.pop(uid, None)

    def clear(self) -> None:
        """Forget every run."""
        for uid in list(self._makers):
            self.forget(uid)
        self._settings.clear()
        self._shutters.clear()

    # -- drawing ------------------------------------------------------------------------------
    def render(self, run: ImageSet, index: int, pixels: NDArray[Any]) -> NDArray[np.uint8] | None:
        """A frame less its mask, uint8 (rows, columns), black outside the shutter.

        None when subtraction is off, impossible, or its mask not ready: show the frame itself,
        `status` says why, and `changed` is emitted once it is ready.
        """
        dsa = self.of(run.uid)
        maker = self._makers.get(run.uid)
        if not dsa.on or maker is None or pixels.ndim != 2:
            return None
        work = maker.subtraction_at(index)
        window = self.window(run)
        if work is None or window is None or work.mask.image.shape != pixels.shape:
            return None
        if dsa.view_trace:
            return self._open(run, maker.trace(work))
        look = Look(window, dsa.landmarking, dsa.edges, dsa.inverted)
        laid = maker.laid_at(index) if dsa.shift_mode is ShiftMode.LOCAL else None
        shown = maker.averaged(index, pixels)
        return self._open(run, work.show(shown, self.shift(run, index), look, laid))

    def _open(self, run: ImageSet, shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if run.pixels.shutter is None:
            return shown
        if run.uid not in self._shutters:
            self._shutters[run.uid] = shutter_mask(run.pixels.shutter, run.rows, run.columns)
        seen = self._shutters[run.uid]
        if seen is not None:
            shown[~seen] = 0
        return shown

    def _set(self, run: ImageSet, dsa: Dsa, label: str | None = "") -> None:
        before = self.of(run.uid)
        if dsa == before:
            return
        self._settings[run.uid] = dsa
        if dsa.on:
            maker = self._makers.get(run.uid)
            if maker is None:
                maker = MaskMaker(self._loader, run, lambda: self.changed.emit(run.uid))
                self._makers[run.uid] = maker
            each = BYTES_A_PIXEL + (BYTES_LAID if dsa.shift_mode is ShiftMode.LOCAL else 0)
            self._loader.set_aside(f"masks {run.uid}", each * run.rows * run.columns)
            if not before.on or _sources(before) != _sources(dsa):
                maker.want(dsa.mask_frames, dsa.find, dsa.remasks, dsa.shift_mode)
        elif run.uid in self._makers:
            self._makers[run.uid].cancel()
        if label is not None:
            self.edited.emit(run.uid, label)
        self.changed.emit(run.uid)


def _sources(dsa: Dsa) -> tuple[object, ...]:
    """What masks and shifts are made from."""
    return dsa.mask_frames, dsa.find, dsa.remasks, dsa.shift_mode


def _fitting(run: ImageSet, dsa: Dsa) -> Dsa:
    """The settings without mask frames the run does not have."""
    frames = dsa.mask_frames
    if frames is not None:
        frames = tuple(i for i in frames if i < run.frames) or None
    remasks = tuple(item for item in dsa.remasks if max(item.frames) < run.frames)
    return replace(dsa, mask_frames=frames, remasks=remasks)


def _checked(run: ImageSet, frames: tuple[int, ...]) -> tuple[int, ...]:
    wanted = tuple(sorted(set(frames)))
    if not wanted or wanted[0] < 0 or wanted[-1] >= run.frames:
        raise ValueError(f"mask frames {frames} are not of a run of {run.frames}")
    return wanted
