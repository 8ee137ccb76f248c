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
from viewer.imaging.mask_choice import MaskChoice, choose_mask, looks, reduced
from viewer.imaging.mask_shift import Shift, ShiftEstimator
from viewer.imaging.shutter import shutter_mask
from viewer.imaging.subtraction import Mask, Subtraction, average_mask
from viewer.model.study import ImageSet, Run

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
    shift : tuple of float or None
        (dx, dy) px of the mask for all frames; None fits it to each frame.
    local : bool
        After the fit of the whole mask (`shift` None) fit it place by place too.
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
        shift: Shift | None = (0.0, 0.0),
        local: bool = False,
        progress: Progress | None = None,
    ) -> None:
        what, hint = why_not_subtracted(image_set)
        if what:
            raise UnreadableError(f"{image_set.paths[0]}: {what}", hint)
        self._source: FrameSource = open_frames(image_set)
        self.image_set = image_set
        self.domain = LogDomain.of(image_set.pixels)
        self.mask_frames: tuple[int, ...] = mask_frames or ()
        self.mask_from = "asked for" if mask_frames else ""
        if not self.mask_frames and not find_mask and isinstance(image_set, Run):
            self.mask_frames = image_set.mask_frames
            self.mask_from = "header"
        self.arrival_frame: int | None = None
        self.shifts: list[Shift] = []
        self.notes = [text for text in image_set.warnings if "mask" in text.lower()]
        self.failed: dict[int, str] = {}
        self._shift = shift
        self._local = local and shift is None
        self._progress = progress or (lambda done, total, doing: None)

    def write(self, out: Path) -> None:
        """Write ``frames`` (and ``mask_frames``, ``shifts``) to an NPZ file, whole or not at all.

        Raises
        ------
        UnreadableError
            No mask frame can be read, or the file can't be written.
        """
        try:
            mask = self._mask()
            beside = out.with_name(out.name + ".part")
            try:
                with zipfile.ZipFile(beside, "w", allowZip64=True) as archive:
                    self._write_frames(archive, mask)
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
    def _mask(self) -> Mask:
        if not self.mask_frames:
            choice = self._chosen()
            self.mask_frames, self.arrival_frame = choice.frames, choice.arrival_frame
            self.mask_from = "found before contrast"
            if choice.note:
                self.mask_from = "no frames before contrast were found"
                self.notes.append(choice.note)
        images, used, problem = [], [], None
        for index in self.mask_frames:
            try:
                images.append(self._log(index))
                used.append(index)
            except UnreadableError as error:
                problem = error
                self.notes.append(f"Mask frame {index} can't be read and was left out.")
        if not used:
            raise problem or UnreadableError("The run has no mask frame", "Choose one.")
        self.mask_frames = tuple(used)
        logarithm = self.domain.logarithm
        return average_mask(images, used, align=self._shift is None, logarithm=logarithm)[0]

    def _chosen(self) -> MaskChoice:
        """The mask found from the run; no more of it is read than needed."""
        pictures: list[Image] = []
        numbers: list[int] = []
        total = self.image_set.frames
        choice: MaskChoice | None = None
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
            choice = choose_mask(pictures, whole=count == total, logarithm=self.domain.logarithm)
            if choice is not None:
                break
        if choice is None:
            raise UnreadableError("Not one frame of the run can be read")
        arrival = None if choice.arrival_frame is None else numbers[choice.arrival_frame]
        frames = tuple(numbers[i] for i in choice.frames)
        return MaskChoice(frames, arrival, choice.note, numbers[choice.peak_frame])

    def _log(self, index: int) -> Image:
        return self.domain.of_frame(self._source.frame(index))

    # -- the frames ---------------------------------------------------------------------------
    def _write_frames(self, archive: zipfile.ZipFile, mask: Mask) -> None:
        rows, columns = mask.image.shape
        header = {
            "descr": "<f4",
            "fortran_order": False,
            "shape": (self.image_set.frames, rows, columns),
        }
        with archive.open("frames.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for index, (shift, result) in enumerate(self._results(mask)):
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

    def _results(self, mask: Mask) -> Iterator[Result]:
        """Every frame subtracted, in order; a few are worked on ahead."""
        estimator = self._estimator(mask) if self._shift is None else None
        local = LocalFit(mask.image) if self._local else None
        still = Subtraction(self.domain, mask)  # shifted once when all frames share a shift
        if self._shift is not None:
            still.difference(self._blank(mask), self._shift)

        def one(index: int) -> Result:
            try:
                frame = self._source.frame(index)
            except UnreadableError as error:
                return (self._shift or (0.0, 0.0)), error
            if estimator is None:
                shift = self._shift or (0.0, 0.0)
                return shift, still.difference(frame, shift)
            log = self.domain.of_frame(frame)
            shift = estimator.estimate(log)
            if local is not None:
                return shift, np.subtract(log, local.laid(log, shift), out=log)
            return shift, Subtraction(self.domain, mask).difference(frame, shift)

        waiting: deque[Future[Result]] = deque()
        with ThreadPoolExecutor(WORKERS) as pool:
            for index in range(self.image_set.frames):
                waiting.append(pool.submit(one, index))
                if len(waiting) >= AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _estimator(self, mask: Mask) -> ShiftEstimator:
        shutter = self.image_set.pixels.shutter
        seen = shutter_mask(shutter, *mask.image.shape)
        return ShiftEstimator(mask.image, seen, logarithm=self.domain.logarithm)

    def _blank(self, mask: Mask) -> NDArray[Any]:
        return np.zeros(mask.image.shape, self._source.dtype)


def _add(archive: zipfile.ZipFile, name: str, values: NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w") as stream:
        np.lib.format.write_array(stream, values, allow_pickle=False)
