"""Finds and makes the masks of one run on the frame loader's workers, step by step.

Contrast is looked for when no mask frames are known; the mask is averaged; then, when asked for,
its shift is fitted to every frame. What a worker finds is only read on the main thread after the
loader has said that the job is finished, and what became unwanted is never told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UnreadableError
from viewer.imaging.local_shift import LocalFit, QuickWarp, on_grid
from viewer.imaging.log_domain import Image, LogDomain
from viewer.imaging.mask_choice import MaskChoice, choose_of, looks, reduced
from viewer.imaging.mask_shift import Shift, ShiftEstimator
from viewer.imaging.shutter import shutter_mask
from viewer.imaging.subtraction import Mask, Subtraction, automatic_window, average_mask
from viewer.model.study import ImageSet, Run, Window
from viewer.model.subtraction import HeaderMask, MaskOperation, Remask, ShiftMode, mask_in_force
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader
from viewer.session.nearby_frames import NearbyFrames

Frames = tuple[int, ...]
Movement = tuple[Image, Image]

CONTRAST_SHARE = 0.6
"""Share of a run after which contrast usually fills the vein: where the window is taken from."""

WARPS_KEPT = 2
"""Masks kept as they are laid on place by place, 32 bytes a pixel each."""

KEPT_INTERVALS = 3
"""Masks kept of a run whose header subtracts an earlier frame from each."""


class MaskMaker:
    """The masks of one run.

    Parameters
    ----------
    changed : callable
        Called on the main thread when there is something new to paint or to tell.
    """

    def __init__(self, loader: FrameLoader, run: ImageSet, changed: Callable[[], None]) -> None:
        self.run = run
        self.window: Window | None = None
        self.progress: tuple[int, int] | None = None
        self._loader = loader
        self._changed = changed
        self._domain = LogDomain.of(run.pixels)
        self._base: Frames | None = None
        self._header: tuple[HeaderMask, ...] = ()
        self._remasks: tuple[Remask, ...] = ()
        self._mode = ShiftMode.NONE
        self._near = NearbyFrames(loader, run, f"beside {run.uid}", changed)
        self._choice: MaskChoice | None = None
        self._pictures: dict[int, Image] = {}
        self._works: dict[Frames, Subtraction] = {}
        self._estimators: dict[Frames, ShiftEstimator] = {}
        self._shifts: dict[tuple[Frames, int], Shift] = {}
        self._fits: dict[Frames, LocalFit] = {}
        self._movements: dict[tuple[Frames, int], Movement] = {}
        self._warps: dict[Frames, QuickWarp] = {}
        self._laying: Frames = ()
        self._intervals: dict[Frames, Subtraction] = {}
        self._traces: dict[Frames, NDArray[np.uint8]] = {}
        self._problem = ""
        self._doing = ""

    # -- what is known (main thread) ----------------------------------------------------------
    @property
    def problem(self) -> str:
        """Why there is no mask, a sentence; empty when there is one or it is being made."""
        return self._problem

    @property
    def is_working(self) -> bool:
        """Whether something is under way."""
        return bool(self._doing)

    @property
    def status(self) -> str:
        """What is under way or in force, for people."""
        if self._problem:
            return self._problem
        if self._doing:
            done = f" {self.progress[0]} of {self.progress[1]}" if self.progress else ""
            return f"{self._doing}…{done}"
        return self.note or f"Mask {_named(self._base or self.frames_at(0))}"

    @property
    def note(self) -> str:
        """What a person must know of the mask that was found; empty when there is nothing."""
        found = self._choice is not None and self._base == self._choice.frames
        return self._choice.note if found and self._choice is not None else ""

    def frames_at(self, index: int) -> Frames:
        """Mask frames in force at a frame."""
        frames = self._base or ()
        item = mask_in_force(self._header, index)
        if item is not None:
            frames = item.frames_for(index, self.run.frames)
        for remask in self._remasks:
            if index >= remask.first:
                frames = remask.frames
        return frames

    def header_item(self, index: int) -> HeaderMask | None:
        """The header's item in force at a frame; None when the reader's mask is, or none."""
        if any(index >= remask.first for remask in self._remasks):
            return None
        return mask_in_force(self._header, index)

    def subtraction_at(self, index: int) -> Subtraction | None:
        """What subtracts a frame; None while its mask is being made."""
        frames = self.frames_at(index)
        work = self._works.get(frames)
        item = self.header_item(index)
        if work is None and item is not None and item.operation is not MaskOperation.AVERAGE:
            return self._interval(frames)
        return work

    def is_ready(self, index: int) -> bool:
        """Whether a frame can be drawn at once; asks for nothing."""
        frames = self.frames_at(index)
        if frames in self._works:
            return True
        return self.by_intervals and all(self._near.get(i) is not None for i in frames)

    @property
    def by_intervals(self) -> bool:
        """Whether the header has an earlier frame subtracted from each, in all or in part."""
        return any(item.operation is not MaskOperation.AVERAGE for item in self._header)

    def _interval(self, frames: Frames) -> Subtraction | None:
        """What subtracts an earlier frame; made here, for each frame has its own."""
        if frames not in self._intervals:
            stored = self._near.want(frames)
            if not stored:
                return None
            mask, _ = average_mask([self._domain.of_frame(one) for one in stored], frames)
            while len(self._intervals) >= KEPT_INTERVALS:
                del self._intervals[next(iter(self._intervals))]
            self._intervals[frames] = Subtraction(self._domain, mask)
        return self._intervals[frames]

    def averaged(self, index: int, pixels: Frame) -> Frame:
        """A frame averaged with those after it when the header wants that; else itself.

        Until the others are there it is the frame itself; `changed` is called then.
        """
        count = self._averaging(index)
        if count < 2:
            return pixels
        others = self._near.want(range(index + 1, index + count))
        if not others:
            return pixels
        return np.asarray(np.mean([pixels, *others], axis=0, dtype=np.float32))

    def is_averaged(self, index: int) -> bool:
        """Whether the frames a frame is averaged with are there."""
        return all(
            self._near.get(i) is not None for i in range(index + 1, index + self._averaging(index))
        )

    def _averaging(self, index: int) -> int:
        item = self.header_item(index)
        return min(item.contrast_frames, self.run.frames - index) if item is not None else 1

    def laid_at(self, index: int) -> Image | None:
        """The mask as it fits a frame place by place.

        None until that was found, and until the mask is made ready; `changed` is called then.
        """
        frames = self.frames_at(index)
        movement = self._movements.get((frames, index))
        work = self._works.get(frames)
        if movement is None or work is None:
            return None
        warp = self._warps.get(frames)
        if warp is None:
            self._lay_out(frames, work)
            return None
        self._warps[frames] = self._warps.pop(frames)  # used last
        return warp.laid(*movement)

    def _lay_out(self, frames: Frames, work: Subtraction) -> None:
        """Have a mask made ready to be laid on, in place of the one that was used first."""
        if self._laying == frames:
            return
        self._laying = frames
        made: list[QuickWarp] = []

        def visit(_index: int, _pixels: Frame | UnreadableError) -> None:
            made.append(QuickWarp(work.mask.image))

        def finished(error: UnreadableError | None) -> None:
            if error is None:  # else it is not tried again
                self._laying = ()
            if made and self._works.get(frames) is work:
                while len(self._warps) >= WARPS_KEPT:
                    del self._warps[next(iter(self._warps))]
                self._warps[frames] = made[0]
            self._changed()

        self._loader.submit_background(
            self._laying_key, self.run, frames[:1], visit, finished=finished
        )

    def has_movement(self, index: int) -> bool:
        """Whether a frame can be drawn with its mask moved place by place."""
        frames = self.frames_at(index)
        return frames in self._warps and (frames, index) in self._movements

    def shift_at(self, index: int) -> Shift:
        """The fitted shift of a frame, or of the nearest one that is fitted already."""
        frames = self.frames_at(index)
        found = self._shifts.get((frames, index))
        if found is not None:
            return found
        near = [i for (key, i) in list(self._shifts) if key == frames]
        if not near:
            return (0.0, 0.0)
        return self._shifts[frames, min(near, key=lambda i: abs(i - index))]

    def trace(self, work: Subtraction) -> NDArray[np.uint8]:
        """The mask itself, uint8 (rows, columns), a copy."""
        frames = work.mask.frames
        if frames not in self._traces:
            low, high = np.percentile(work.mask.image[::4, ::4], (0.5, 99.5)).tolist()
            grey = (work.mask.image - low) * (255.0 / max(high - low, 1e-6))
            self._traces[frames] = np.clip(grey, 0.0, 255.0).astype(np.uint8)
        return self._traces[frames].copy()

    # -- what is wanted -----------------------------------------------------------------------
    def want(
        self, frames: Frames | None, find: bool, remasks: tuple[Remask, ...], mode: ShiftMode
    ) -> None:
        """Get ready for these masks: given frames, else the header's, else found."""
        self.cancel()
        self._problem = ""
        self._header = ()
        if frames is None and not find and isinstance(self.run, Run):
            self._header = self.run.masks
            frames = self.run.mask_frames or (() if self._header else None)
            if frames and not self._header:
                self._header = (HeaderMask(frames=frames),)
        if frames is None and self._choice is not None:
            frames = self._choice.frames
        self._base, self._remasks, self._mode = frames, remasks, mode
        self._go_on()

    def cancel(self) -> None:
        """Stop what is under way; what was found stays."""
        self._loader.cancel_background(self._key)
        self._loader.cancel_background(self._laying_key)
        self._near.cancel()
        self._laying = ()
        self._doing, self.progress = "", None

    @property
    def _key(self) -> str:
        return f"mask {self.run.uid}"

    @property
    def _laying_key(self) -> str:
        return f"mask laid {self.run.uid}"

    def _go_on(self) -> None:
        """Begin the first step that is still to be done."""
        self._doing, self.progress = "", None
        if self._base is None:
            self._look(0)
            return
        wanted = self._wanted()
        for frames in [known for known in self._works if known not in wanted]:
            del self._works[frames], self._estimators[frames]
            self._traces.pop(frames, None)
            self._fits.pop(frames, None)
            self._warps.pop(frames, None)
        self._shifts = {key: s for key, s in self._shifts.items() if key[0] in wanted}
        self._movements = {key: m for key, m in self._movements.items() if key[0] in wanted}
        missing = [frames for frames in wanted if frames not in self._works]
        if missing:
            self._make(missing[0])
        elif not wanted and self.window is None:
            self._find_window()
        elif self._mode in (ShiftMode.AUTO, ShiftMode.LOCAL):
            self._fit_all()

    def _wanted(self) -> dict[Frames, None]:
        """Masks that are kept ready; those of intervals are made as they are needed."""
        averaged = [mask.frames for mask in self._header if mask.frames]
        base = averaged if self._header else [self._base or ()]
        return dict.fromkeys(f for f in (*base, *(r.frames for r in self._remasks)) if f)

    def _submit(
        self,
        doing: str,
        order: Sequence[int],
        visit: Callable[[int, Frame | UnreadableError], None],
        then: Callable[[], None],
    ) -> None:
        self._doing = doing

        def finished(error: UnreadableError | None) -> None:
            self._doing, self.progress = "", None
            if error is not None:
                self._problem = f"No subtraction: {error.what}."
            else:
                then()
            self._changed()

        def told(done: int, total: int) -> None:
            self.progress = (done, total)
            self._changed()

        self._loader.submit_background(
            self._key, self.run, order, visit, finished=finished, progress=told
        )

    # -- looking for contrast -----------------------------------------------------------------
    def _look(self, stage: int) -> None:
        count = looks(self.run.frames)[stage]
        order = [i for i in range(count) if i not in self._pictures] or [count - 1]
        found: list[MaskChoice | None] = [None]
        left, lock = [len(order)], threading.Lock()

        def visit(index: int, pixels: Frame | UnreadableError) -> None:
            picture = None if isinstance(pixels, UnreadableError) else self._reduced(pixels)
            with lock:
                if picture is not None:
                    self._pictures[index] = picture
                left[0] -= 1
                last = left[0] == 0
            if last and self._pictures:  # the choice takes a moment: it is made here
                found[0] = self._chosen(whole=count == self.run.frames)

        def then() -> None:
            if found[0] is not None:
                self._choice, self._base = found[0], found[0].frames
                self._pictures.clear()
                self._go_on()
            elif count < self.run.frames:
                self._look(stage + 1)
            else:
                self._problem = "No subtraction: not one frame can be read."

        self._submit("Looking for contrast", order, visit, then)

    def _reduced(self, pixels: Frame) -> Image:
        return reduced(self._domain.of_frame(pixels))

    def _chosen(self, *, whole: bool) -> MaskChoice | None:
        return choose_of(self._pictures, self._domain, whole=whole)

    # -- making a mask ------------------------------------------------------------------------
    def _make(self, frames: Frames) -> None:
        contrast = int(CONTRAST_SHARE * self.run.frames)
        if self._choice is not None:
            contrast = self._choice.peak_frame
        order = list(dict.fromkeys((*frames, contrast)))
        images: dict[int, Image] = {}
        made: list[tuple[Mask, ShiftEstimator, Window]] = []
        left, lock = [len(order)], threading.Lock()

        def visit(index: int, pixels: Frame | UnreadableError) -> None:
            image = None if isinstance(pixels, UnreadableError) else self._domain.of_frame(pixels)
            with lock:
                if image is not None:
                    images[index] = image
                left[0] -= 1
                last = left[0] == 0
            if last and any(i in images for i in frames):
                made.append(self._made(frames, images, contrast))

        def then() -> None:
            if not made:
                self._problem = "No subtraction: the mask frames can't be read; choose others."
                return
            mask, estimator, window = made[0]
            self._works[frames] = Subtraction(self._domain, mask)
            self._estimators[frames] = estimator
            self.window = self.window or window
            self._go_on()

        self._submit("Preparing mask", order, visit, then)

    def _made(
        self, frames: Frames, images: dict[int, Image], contrast: int
    ) -> tuple[Mask, ShiftEstimator, Window]:
        good = [i for i in frames if i in images]
        logarithm = self._domain.logarithm
        mask, _ = average_mask(
            [images[i] for i in good], good, align=len(good) > 1, logarithm=logarithm
        )
        seen = shutter_mask(self.run.pixels.shutter, *mask.image.shape)
        estimator = ShiftEstimator(mask.image, seen, logarithm=logarithm)
        shown = images.get(contrast, mask.image)
        difference = shown - mask.image
        if seen is not None:
            difference = difference[seen]
        return mask, estimator, automatic_window(difference)

    def _find_window(self) -> None:
        """The window of a run each frame of which is less another."""
        shown = min(int(CONTRAST_SHARE * self.run.frames), self.run.frames - 1)
        mask = self.frames_at(shown)
        images: dict[int, Image] = {}

        def visit(index: int, pixels: Frame | UnreadableError) -> None:
            if not isinstance(pixels, UnreadableError):
                images[index] = self._domain.of_frame(pixels)

        def then() -> None:
            both = [images.get(index) for index in (shown, mask[0])]
            if both[0] is None or both[1] is None:
                self._problem = "No subtraction: the mask frames can't be read; choose others."
            else:
                self.window = automatic_window(both[0] - both[1])

        self._submit("Preparing mask", list(dict.fromkeys((shown, *mask))), visit, then)

    # -- fitting the shift --------------------------------------------------------------------
    def _fit_all(self) -> None:
        local = self._mode is ShiftMode.LOCAL
        known = self._movements if local else self._shifts
        order = [
            i
            for i in range(self.run.frames)
            if (frames := self.frames_at(i)) in self._works and (frames, i) not in known
        ]
        if not order:
            return

        def visit(index: int, pixels: Frame | UnreadableError) -> None:
            if isinstance(pixels, UnreadableError):
                return
            frames = self.frames_at(index)
            image = self._domain.of_frame(pixels)
            shift = self._shifts.get((frames, index))
            if shift is None:
                shift = self._shifts[frames, index] = self._estimators[frames].estimate(image)
            if local:
                fit = self._fits.get(frames)
                if fit is None:
                    fit = self._fits[frames] = LocalFit(self._works[frames].mask.image)
                if frames not in self._warps and len(self._warps) < WARPS_KEPT:
                    self._warps[frames] = QuickWarp(self._works[frames].mask.image)
                dx_px, dy_px = fit.movement(image, shift)
                self._movements[frames, index] = (on_grid(dx_px), on_grid(dy_px))

        self._submit("Fitting mask", order, visit, lambda: None)


def _named(frames: Frames) -> str:
    """Frames as people read them: 1-based, a stretch as first-last."""
    if len(frames) > 1 and frames[-1] - frames[0] == len(frames) - 1:
        return f"{frames[0] + 1}-{frames[-1] + 1}"
    return ", ".join(str(i + 1) for i in frames)
