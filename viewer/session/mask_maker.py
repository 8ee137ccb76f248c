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
from viewer.imaging.log_domain import Image, LogDomain
from viewer.imaging.mask_choice import MaskChoice, choose_mask, looks, reduced
from viewer.imaging.mask_shift import Shift, ShiftEstimator
from viewer.imaging.shutter import shutter_mask
from viewer.imaging.subtraction import Mask, Subtraction, automatic_window, average_mask
from viewer.model.study import ImageSet, Run, Window
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

Frames = tuple[int, ...]
Remasks = tuple[tuple[int, Frames], ...]

CONTRAST_SHARE = 0.6
"""Share of a run after which contrast usually fills the vein: where the window is taken from."""


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
        self._remasks: Remasks = ()
        self._fit = False
        self._choice: MaskChoice | None = None
        self._pictures: dict[int, Image] = {}
        self._works: dict[Frames, Subtraction] = {}
        self._estimators: dict[Frames, ShiftEstimator] = {}
        self._shifts: dict[tuple[Frames, int], Shift] = {}
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
        note = self._choice.note if self._choice and self._base == self._choice.frames else ""
        return note or f"Mask {_named(self._base or ())}"

    def frames_at(self, index: int) -> Frames:
        """Mask frames in force at a frame."""
        frames = self._base or ()
        for first, others in self._remasks:
            if index >= first:
                frames = others
        return frames

    def subtraction_at(self, index: int) -> Subtraction | None:
        """What subtracts a frame; None while its mask is being made."""
        return self._works.get(self.frames_at(index))

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
    def want(self, frames: Frames | None, find: bool, remasks: Remasks, fit: bool) -> None:
        """Get ready for these masks: given frames, else the header's, else found."""
        self.cancel()
        self._problem = ""
        if frames is None and not find and isinstance(self.run, Run):
            frames = self.run.mask_frames or None
        if frames is None and self._choice is not None:
            frames = self._choice.frames
        self._base, self._remasks, self._fit = frames, remasks, fit
        self._go_on()

    def cancel(self) -> None:
        """Stop what is under way; what was found stays."""
        self._loader.cancel_background(self._key)
        self._doing, self.progress = "", None

    @property
    def _key(self) -> str:
        return f"mask {self.run.uid}"

    def _go_on(self) -> None:
        """Begin the first step that is still to be done."""
        self._doing, self.progress = "", None
        if self._base is None:
            self._look(0)
            return
        wanted = dict.fromkeys((self._base, *(frames for _, frames in self._remasks)))
        for frames in [known for known in self._works if known not in wanted]:
            del self._works[frames], self._estimators[frames]
            self._traces.pop(frames, None)
        self._shifts = {key: s for key, s in self._shifts.items() if key[0] in wanted}
        missing = [frames for frames in wanted if frames not in self._works]
        if missing:
            self._make(missing[0])
        elif self._fit:
            self._fit_all()

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
        numbers = sorted(self._pictures)
        pictures = [self._pictures[i] for i in numbers]
        choice = choose_mask(pictures, whole=whole, logarithm=self._domain.logarithm)
        if choice is None:
            return None
        arrival = None if choice.arrival_frame is None else numbers[choice.arrival_frame]
        frames = tuple(numbers[i] for i in choice.frames)
        return MaskChoice(frames, arrival, choice.note, numbers[choice.peak_frame])

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

    # -- fitting the shift --------------------------------------------------------------------
    def _fit_all(self) -> None:
        order = [i for i in range(self.run.frames) if (self.frames_at(i), i) not in self._shifts]
        if not order:
            return

        def visit(index: int, pixels: Frame | UnreadableError) -> None:
            if isinstance(pixels, UnreadableError):
                return
            frames = self.frames_at(index)
            estimator = self._estimators[frames]
            self._shifts[frames, index] = estimator.estimate(self._domain.of_frame(pixels))

        self._submit("Fitting mask", order, visit, lambda: None)


def _named(frames: Frames) -> str:
    """Frames as people read them: 1-based, a stretch as first-last."""
    if len(frames) > 1 and frames[-1] - frames[0] == len(frames) - 1:
        return f"{frames[0] + 1}-{frames[-1] + 1}"
    return ", ".join(str(i + 1) for i in frames)
