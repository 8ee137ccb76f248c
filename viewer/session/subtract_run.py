"""Subtracting a whole run into a file, a few frames in memory at a time."""

from __future__ import annotations

import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.frames import FrameSource, open_frames
from viewer.errors import UnreadableError
from viewer.imaging.local_shift import LocalFit
from viewer.imaging.log_domain import Image, LogDomain, why_not_subtracted
from viewer.imaging.mask_choice import MaskChoice, choose_of, looks, reduced
from viewer.imaging.mask_shift import Shift, ShiftEstimator, shifted
from viewer.imaging.shutter import shutter_mask
from viewer.imaging.subtraction import Mask, average_mask, sharpened
from viewer.model.study import ImageSet, Run
from viewer.model.subtraction import HeaderMask, ShiftMode, mask_in_force

WORKERS = 2

AHEAD = 4
"""Frames under way at once: all that is in memory besides the mask."""

Progress = Callable[[int, int, str], None]
Result = tuple[Shift, Image | UnreadableError]


class SubtractedRun:
    """Subtracts every frame of a run.

    Parameters
    ----------
    image_set : ImageSet
        Grey frames, two at least.
    mask_frames : tuple of int, optional
        0-based frames of the mask. Without them those of the header, else found from the run.
    find_mask : bool
        Find the mask from the run even when the header names one.
    shift : tuple of float or ShiftMode
        (dx, dy) px of the mask for all frames, or how it is found.
    landmarking, edges : float
        Share of the anatomy kept and of edge enhancement, 0 to 1.
    progress : callable, optional
        ``progress(done, total, doing)``.

    Attributes
    ----------
    mask_frames, mask_from, arrival_frame, shifts, notes, failed
        Known after `write`: what the mask is made of and where that comes from, the first frame
        with contrast (None unknown), the shift of each frame, what a person should know, and the
        frames that can't be read with the reason.

    Raises
    ------
    UnreadableError
        The frames are in colour, or there is only one.
    """

    def __init__(
        self,
        image_set: ImageSet,
        *,
        mask_frames: tuple[int, ...] | None = None,
        find_mask: bool = False,
        shift: Shift | ShiftMode = (0.0, 0.0),
        landmarking: float = 0.0,
        edges: float = 0.0,
        progress: Progress | None = None,
    ) -> None:
        what, hint = why_not_subtracted(image_set)
        if what:
            raise UnreadableError(f"{image_set.paths[0]}: {what}", hint)
        self._source: FrameSource = open_frames(image_set)
        self.image_set = image_set
        self.domain = LogDomain.of(image_set.pixels)
        self._masks: tuple[HeaderMask, ...] = ()
        self._items: dict[HeaderMask, Mask] = {}
        self.mask_frames: tuple[int, ...] = mask_frames or ()
        self.mask_from = "asked for" if mask_frames else ""
        if not self.mask_frames and not find_mask and isinstance(image_set, Run):
            self._masks = image_set.masks
            self.mask_frames = _named(self._masks) or image_set.mask_frames
            self.mask_from = "header"
        self.arrival_frame: int | None = None
        self.shifts: list[Shift] = []
        self.notes = [text for text in image_set.warnings if "mask" in text.lower()]
        self.failed: dict[int, str] = {}
        self._shift = shift
        self._fits = shift in (ShiftMode.AUTO, ShiftMode.LOCAL)
        self._landmarking, self._edges = landmarking, edges
        self._progress = progress or (lambda done, total, doing: None)

    def write(self, out: Path) -> None:
        """Write ``frames`` (and ``mask_frames``, ``shifts``) to an NPZ file, whole or not at all.

        Raises
        ------
        UnreadableError
            No mask frame can be read, or the file can't be written.
        """
        try:
            self._prepare()
            beside = out.with_name(out.name + ".part")
            try:
                with zipfile.ZipFile(beside, "w", allowZip64=True) as archive:
                    self._write_frames(archive)
                beside.replace(out)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or "it can't be written"
            hint = "choose another place for --out"
            raise UnreadableError(f"{out}: {reason}", hint, repr(error)) from error
        finally:
            self._source.close()

    # -- the mask -----------------------------------------------------------------------------
    def _prepare(self) -> None:
        """Find the mask when none is named, and make it ready."""
        if self._masks:
            self._items = {mask: self._average(mask.frames) for mask in self._masks if mask.frames}
            used = [mask.frames for mask in self._items.values()]
            self.mask_frames = tuple(sorted({index for frames in used for index in frames}))
            return
        if not self.mask_frames:
            choice = self._chosen()
            self.mask_frames, self.arrival_frame = choice.frames, choice.arrival_frame
            self.mask_from = "found before contrast"
            if choice.note:
                self.mask_from = "no frames before contrast were found"
                self.notes.append(choice.note)
        one = HeaderMask(frames=self.mask_frames)
        mask = self._average(self.mask_frames)
        self._masks, self._items, self.mask_frames = (one,), {one: mask}, mask.frames

    def _average(self, frames: tuple[int, ...]) -> Mask:
        """The mask of some frames, those left out that can't be read."""
        images, used, problem = [], [], None
        for index in frames:
            try:
                images.append(self._log(index))
                used.append(index)
            except UnreadableError as error:
                problem = error
                self.notes.append(f"Mask frame {index} can't be read and was left out.")
        if not used:
            raise problem or UnreadableError("The run has no mask frame", "Choose one.")
        logarithm = self.domain.logarithm
        return average_mask(images, used, align=self._fits, logarithm=logarithm)[0]

    def _chosen(self) -> MaskChoice:
        """The mask found from the run; no more of it is read than needed."""
        pictures: list[Image] = []
        numbers: list[int] = []
        total = self.image_set.frames
        for count in looks(total):
            start = numbers[-1] + 1 if numbers else 0
            for index in range(start, count):
                try:
                    pictures.append(reduced(self._log(index)))
                    numbers.append(index)
                except UnreadableError as error:
                    self.failed[index] = f"frame {index} can't be read: {error.what}"
                self._progress(index + 1, total, "Looking for contrast")
            if not pictures:
                continue
            read = dict(zip(numbers, pictures, strict=True))
            choice = choose_of(read, self.domain, whole=count == total)
            if choice is not None:
                return choice
        raise UnreadableError("Not one frame of the run can be read")

    def _log(self, index: int) -> Image:
        return self.domain.of_frame(self._source.frame(index))

    # -- the frames ---------------------------------------------------------------------------
    def _write_frames(self, archive: zipfile.ZipFile) -> None:
        rows, columns = self.image_set.rows, self.image_set.columns
        header = {
            "descr": "<f4",
            "fortran_order": False,
            "shape": (self.image_set.frames, rows, columns),
        }
        with archive.open("frames.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for index, (shift, result) in enumerate(self._results()):
                self.shifts.append(shift)
                if isinstance(result, UnreadableError):
                    self.failed[index] = f"frame {index} can't be read: {result.what}"
                    pixels = np.full((rows, columns), np.nan, np.float32)
                else:
                    pixels = result
                stream.write(pixels.astype("<f4", copy=False).data.cast("B"))
                self._progress(index + 1, self.image_set.frames, "Subtracting")
        _add(archive, "mask_frames", np.array(self.mask_frames, np.int64))
        _add(archive, "shifts", np.array(self.shifts, np.float64).reshape(-1, 2))

    def _results(self) -> Iterator[Result]:
        """Every frame subtracted, in order; a few are worked on ahead."""
        ready = {item: self._laying(mask) for item, mask in self._items.items()}

        def one(index: int) -> Result:
            shift = self._fixed_shift(mask_in_force(self._masks, index))
            try:
                return self._difference(index, ready)
            except UnreadableError as error:
                return shift, error

        waiting: deque[Future[Result]] = deque()
        with ThreadPoolExecutor(WORKERS) as pool:
            for index in range(self.image_set.frames):
                waiting.append(pool.submit(one, index))
                if len(waiting) >= AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _difference(self, index: int, ready: dict[HeaderMask, _Laying]) -> Result:
        """One frame less its mask, and the shift of the mask."""
        item = mask_in_force(self._masks, index) or HeaderMask()
        log = self._contrast(index, item)
        if item in ready:
            laying = ready[item]
        else:
            frames = item.frames_for(index, self.image_set.frames)
            laying = self._laying(average_mask([self._log(i) for i in frames], frames)[0])
        shift = self._fixed_shift(item)
        if laying.estimator is not None:
            shift = laying.estimator.estimate(log)
        mask = laying.local.laid(log, shift) if laying.local else laying.still(shift)
        if self._landmarking:
            mask = mask * np.float32(1.0 - self._landmarking)
            mask += np.float32(self._landmarking * laying.mask.level)
        difference = np.subtract(log, mask, out=log)
        return shift, sharpened(difference, self._edges) if self._edges else difference

    def _contrast(self, index: int, item: HeaderMask | None) -> Image:
        """A frame in the domain of subtraction, averaged with those after it where asked for."""
        count = item.contrast_frames if item is not None else 1
        last = min(index + count, self.image_set.frames)
        if last - index < 2:
            return self._log(index)
        stored = [self._source.frame(i) for i in range(index, last)]
        return self.domain.of_frame(np.asarray(np.mean(stored, axis=0, dtype=np.float32)))

    def _fixed_shift(self, item: HeaderMask | None) -> Shift:
        """The shift of the mask where it is not fitted."""
        if not isinstance(self._shift, ShiftMode):
            return self._shift
        if self._shift is ShiftMode.HEADER and item is not None:
            return item.shift_px
        return (0.0, 0.0)

    def _laying(self, mask: Mask) -> _Laying:
        estimator = None
        if self._fits:
            seen = shutter_mask(self.image_set.pixels.shutter, *mask.image.shape)
            estimator = ShiftEstimator(mask.image, seen, logarithm=self.domain.logarithm)
        local = LocalFit(mask.image) if self._shift is ShiftMode.LOCAL else None
        return _Laying(mask, estimator, local)


class _Laying:
    """A mask and what lays it onto frames; for several threads at once."""

    def __init__(
        self, mask: Mask, estimator: ShiftEstimator | None, local: LocalFit | None
    ) -> None:
        self.mask, self.estimator, self.local = mask, estimator, local
        self._still: tuple[Shift, Image] = ((0.0, 0.0), mask.image)

    def still(self, shift: Shift) -> Image:
        """The mask moved by a shift, not made again while all frames share one."""
        known = self._still
        if known[0] != shift:
            known = self._still = (shift, shifted(self.mask.image, *shift))
        return known[1]


def _named(masks: tuple[HeaderMask, ...]) -> tuple[int, ...]:
    return tuple(sorted({index for mask in masks for index in mask.frames}))


def _add(archive: zipfile.ZipFile, name: str, values: NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w") as stream:
        np.lib.format.write_array(stream, values, allow_pickle=False)
