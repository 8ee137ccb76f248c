"""Following the contrast through one run on the workers: what is wanted, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.errors import UnreadableError
from viewer.imaging.log_domain import LogDomain
from viewer.imaging.opacification import (
    SUBTRACTED_STEP,
    ContrastScale,
    Opacification,
    Opacifier,
)
from viewer.imaging.quiet_frames import QuietFrames
from viewer.imaging.subtraction import Mask, Subtraction
from viewer.imaging.window import to_modality
from viewer.model.study import Run
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader
from viewer.session.frame_order import FrameOrder

Values = npt.NDArray[Any]
Laid = tuple[tuple[tuple[int, ...], tuple[float, float]], ...]
"""For each frame of a range: its mask frames, and how far (dx, dy) px its mask is moved."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to follow: 0-based frames `first` to `last` of a run, both included.

    `subtracted` frames have their mask taken first: values are differences then. Without `laid`
    one mask is taken as it was recorded.
    """

    run_uid: str
    first: int
    last: int
    mask_frames: tuple[int, ...] = ()  # none: the header's, else found from the run
    subtracted: bool = False
    laid: Laid = ()


@dataclass(frozen=True, slots=True)
class Differences:
    """Frames less their masks as they are shown.

    Attributes
    ----------
    works : dict
        What takes the mask from each frame of the range, and the mask's shift, (dx, dy) px.
    """

    works: dict[int, tuple[Subtraction, tuple[float, float]]]

    def of(self, index: int, frame: Frame) -> Values:
        """The difference of frame `index`, (rows, columns), contrast negative."""
        work, shift = self.works[index]
        return work.difference(frame, shift)

    @property
    def background(self) -> Values:
        """A mask, whose edges may move."""
        return next(iter(self.works.values()))[0].mask.image


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it.

    Attributes
    ----------
    mask_frames : tuple of int
        0-based; none when no frame without contrast was found and each pixel's value of least
        contrast stands in.
    unreadable : tuple of int
        Frames that were left out.
    differences : Differences or None
        What gives the values of its frames; None of frames as they were taken.
    """

    wanted: Wanted
    found: Opacification
    scale: ContrastScale
    mask_frames: tuple[int, ...]
    unreadable: tuple[int, ...] = ()
    differences: Differences | None = None


class Following:
    """One result in the making: looks for mask frames if need be, averages them, follows."""

    def __init__(
        self,
        loader: FrameLoader,
        run: Run,
        wanted: Wanted,
        told: tuple[
            Callable[[Following, float], None], Callable[[Following, Made | UnreadableError], None]
        ],
        differences: Differences | None = None,
    ) -> None:
        self._loader, self._run, self._wanted = loader, run, wanted
        self._tell, self._end = told
        self._given = differences
        self._key = f"opacification {run.uid}"
        self._scale = ContrastScale.of(run.pixels)
        self._range = range(wanted.first, wanted.last + 1)
        named = (i for i in run.mask_frames if 0 <= i < run.frames)
        self._masks = wanted.mask_frames or tuple(named)
        self._search: QuietFrames | None = None
        self._bad: set[int] = set()
        self._domain = LogDomain.of(run.pixels) if wanted.subtracted else None

    def start(self) -> None:
        """Begin."""
        if self._run.pixels.samples != 1:
            error = UnreadableError("A colour image shows no X-ray contrast", "Choose a grey run.")
            self._loader.submit_background(
                self._key, self._run, (), _nothing, finished=lambda _: self._end(self, error)
            )
            return
        if self._given is not None:
            self._masks = self._wanted.mask_frames
            self._follow(self._given.background)
            return
        if self._masks:
            self._average()
            return
        domain = LogDomain.of(self._run.pixels)
        search = self._search = QuietFrames(self._range, domain, self._scale)

        def look(index: int, frame: Frame) -> None:
            search.add(index, frame, values_of(self._run, frame))

        self._submit(tuple(self._range), look, self._masks_found, (0.0, 0.4))

    def cancel(self) -> None:
        """End without a result."""
        self._loader.cancel_background(self._key)

    def _masks_found(self) -> None:
        if self._search is not None:
            self._masks = self._search.mask_frames()
        if self._masks:
            self._average()
        else:
            self._follow(None)

    def _average(self) -> None:
        total = np.zeros((self._run.rows, self._run.columns), np.float64)
        good: list[int] = []

        def add(index: int, frame: Frame) -> None:
            domain = self._domain
            values = values_of(self._run, frame) if domain is None else domain.of_frame(frame)
            np.add(total, values, out=total)
            good.append(index)

        def averaged() -> None:
            self._masks = tuple(good)
            if good:
                self._follow(total / len(good))
            else:
                self._end(
                    self, UnreadableError("The mask frames can't be read", "Choose other frames.")
                )

        begin = 0.4 if self._search is not None else 0.0
        self._submit(self._masks, add, averaged, (begin, begin + 0.1))

    def _follow(self, baseline: Values | None) -> None:
        if baseline is None and (self._search is None or len(self._bad) == len(self._range)):
            self._end(self, UnreadableError("None of these frames can be read", "Choose others."))
            return
        if baseline is None and self._domain is not None:
            text, hint = "No frame without contrast was found", "Choose mask frames."
            self._end(self, UnreadableError(text, hint))
            return
        opacifier, take = self._follower(baseline)

        def followed() -> None:
            if self._bad.issuperset(self._range):
                error = UnreadableError("None of these frames can be read", "Choose others.")
                self._end(self, error)
                return
            found, bad = opacifier.result(), tuple(sorted(self._bad))
            scale, given = self._scale, self._given
            self._end(self, Made(self._wanted, found, scale, self._masks, bad, given))

        begin = 0.5 if self._search is not None else 0.1
        self._submit(tuple(reversed(self._range)), take, followed, (begin, 1.0))

    def _follower(self, baseline: Values | None) -> tuple[Opacifier, Callable[[int, Frame], None]]:
        """What follows contrast, and how it takes frames in (one at a time)."""
        run, masks = self._run, len(self._masks)
        if self._domain is not None and baseline is not None:
            mask = Mask(np.asarray(baseline, np.float32), self._masks)
            subtraction = Subtraction(self._domain, mask)
            unmoved = dict.fromkeys(self._range, (subtraction, (0.0, 0.0)))
            given = self._given = self._given or Differences(unmoved)
            step = SUBTRACTED_STEP if self._domain.logarithm else 1.0
            self._scale = ContrastScale(resolution=step)
            flat = np.zeros(mask.image.shape, np.float32)
            follower = Opacifier(flat, self._scale, masks, background=mask.image)
            return follower, lambda i, frame: follower.add(i, given.of(i, frame))
        averaged = baseline is None
        start = self._search.brightest if baseline is None and self._search else baseline
        plain = Opacifier(np.asarray(start), self._scale, masks, averaged=averaged)
        return plain, lambda i, frame: plain.add(i, values_of(run, frame))

    def _submit(
        self,
        order: tuple[int, ...],
        take: Callable[[int, Frame], None],
        then: Callable[[], None],
        share: tuple[float, float],
    ) -> None:
        def took(index: int, read: Frame | UnreadableError) -> None:
            if isinstance(read, UnreadableError):
                self._bad.add(index)
            else:
                take(index, read)

        def finished(error: UnreadableError | None) -> None:
            if error is not None:
                self._end(self, error)
            else:
                then()

        def progress(visited: int, total: int) -> None:
            self._tell(self, share[0] + (share[1] - share[0]) * visited / max(1, total))

        visit = FrameOrder(order, took).visit
        self._loader.submit_background(
            self._key, self._run, order, visit, finished=finished, progress=progress
        )


def _nothing(_index: int, _read: Frame | UnreadableError) -> None:
    """Visit of a job without frames."""


def values_of(run: Run, frame: Frame) -> Values:
    """What a frame is followed by: its modality values."""
    return to_modality(run.pixels, frame)
