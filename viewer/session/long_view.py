"""The long view of one pullback, built while the reader works."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.errors import UnreadableError
from viewer.imaging.longitudinal import (
    PolarGrid,
    cut,
    cut_turned,
    directions_of,
    polar_rays,
    polar_reduce,
)
from viewer.model.calibration import CalibrationSource
from viewer.model.study import ImageSet
from viewer.session.background import FrameSource
from viewer.session.frame_cache import Frame
from viewer.session.frame_loader import FrameLoader

logger = logging.getLogger(__name__)

Pixels = np.ndarray[Any, np.dtype[Any]]
ToGrey = Callable[[Pixels], Pixels]

DEFAULT_CUT_DEG = -90.0
"""Upwards on the image, until the reader turns the cut."""

COARSE_STEP = 16
"""The first pass takes every 16th frame: the whole length shows in a fraction of a second."""


def polar_grid_for(pullback: ImageSet) -> PolarGrid:
    """Around the centre of the ultrasound region when the header names one, else of the image."""
    pixels, calibration = pullback.pixels, pullback.calibration
    grid = PolarGrid.centered(pullback.rows, pullback.columns, pixels.aspect)
    region = calibration.region_px
    if region is None or calibration.source is not CalibrationSource.ULTRASOUND_REGION:
        return grid
    x0, y0, x1, y1 = region
    width, height = x1 - x0 + 1, (y1 - y0 + 1) * pixels.aspect
    if min(width, height) < 16:
        return grid
    center = ((x0 + x1) / 2, (y0 + y1) / 2)
    radius = min(width, height) / 2
    return PolarGrid(pullback.rows, pullback.columns, center, radius, aspect=pixels.aspect)


def visiting_order(frames: int, coarse_step: int = COARSE_STEP) -> list[int]:
    """Every frame once: every 16th of the whole length first, then what is between, ever finer."""
    order = list(range(0, frames, coarse_step))
    step = coarse_step
    while step > 1:
        order += range(step // 2, frames, step)
        step //= 2
    return order


class LongView:
    """Builds and cuts the polar stack of one pullback.

    Parameters
    ----------
    loader : FrameLoader
        Whose workers build it when nobody waits for a frame.
    pullback : ImageSet
        Frames of one size.
    grid : PolarGrid, optional
        Where the frames are sampled (see `polar_grid_for`).
    to_grey : callable, optional
        Made from the first frame read: ``to_grey(frame)`` gives a function stored values →
        uint8, or None when the frame is fit as it is.

    Attributes
    ----------
    stack : ndarray, uint8 (frames, angles, radii)
        Reduced frames; black where not yet `done`.
    done : ndarray, bool (frames,)
        Which frames are in.
    bad : ndarray, bool (frames,)
        Which frames can't be read.
    """

    def __init__(
        self,
        loader: FrameLoader,
        pullback: ImageSet,
        *,
        grid: PolarGrid | None = None,
        to_grey: Callable[[Frame], ToGrey | None] | None = None,
    ) -> None:
        self.pullback = pullback
        self.grid = grid or polar_grid_for(pullback)
        self.stack = np.zeros((pullback.frames, *self.grid.shape), np.uint8)
        self.done = np.zeros(pullback.frames, bool)
        self.bad = np.zeros(pullback.frames, bool)
        self.error: UnreadableError | None = None
        self._whole: set[int] = set()  # directions that are in for every frame
        self._loader = loader
        self._make_grey = to_grey
        self._grey: ToGrey | None = None
        self._grey_known = to_grey is None
        self._grey_lock = threading.Lock()
        self._key = f"long view {pullback.uid}"
        loader.set_aside(self._key, self.stack.nbytes)

    @property
    def complete(self) -> bool:
        """Whether every frame is in or known to be unreadable."""
        return bool((self.done | self.bad).all())

    def shows_all(self, angle_deg: float = DEFAULT_CUT_DEG) -> bool:
        """Whether a cut is there for every frame, though the others may not be yet."""
        return self._whole.issuperset(directions_of(angle_deg, self.grid.angles))

    def start(
        self,
        progress: Callable[[int, int], None] | None = None,
        finished: Callable[[UnreadableError | None], None] | None = None,
        visible: tuple[int, int] | None = None,
        angle_deg: float = DEFAULT_CUT_DEG,
    ) -> None:
        """Build what is missing, in the background.

        Parameters
        ----------
        progress : callable, optional
            ``progress(frames in, frames in all)`` on the main thread, at most ten times a second:
            time to paint again.
        finished : callable, optional
            ``finished(None)``, or what ended it; on the main thread, not after `cancel`.
        visible : tuple of int, optional
            First and last frame in sight: next after the coarse pass.
        angle_deg : float
            The cut looked at: of uncompressed frames it is there at once, as a whole.
        """
        first = [] if visible is None else self._first_wanted(*visible)
        order = [*first, *visiting_order(self.pullback.frames)]
        missing = [i for i in dict.fromkeys(order) if not self.done[i]]
        before = self.pullback.frames - len(missing)
        total = self.pullback.frames

        def on_progress(visited: int, _of: int) -> None:
            if progress is not None:
                progress(before + visited, total)

        def on_finished(error: UnreadableError | None) -> None:
            self.error = error
            if finished is not None:
                finished(error)

        self._loader.submit_background(
            self._key,
            self.pullback,
            missing,
            self._take_in,
            finished=on_finished,
            progress=on_progress,
            prepare=lambda source: self._read_cut(source, angle_deg),
        )

    def prefer(self, first: int, last: int) -> None:
        """Build frames `first`..`last` next, after the coarse pass over the whole length."""
        self._loader.prefer_background(self._key, self._first_wanted(first, last))

    def _first_wanted(self, first: int, last: int) -> list[int]:
        """What is missing of the coarse pass, then of the frames in sight."""
        order = visiting_order(self.pullback.frames)
        coarse = [i for i in order[: self._coarse_count] if not self.done[i]]
        return coarse + [i for i in order if first <= i <= last and not self.done[i]]

    def cancel(self) -> None:
        """Stop building; what is in stays, `start` goes on from there."""
        self._loader.cancel_background(self._key)

    def close(self) -> None:
        """Stop building, and no longer count its memory as held."""
        self.cancel()
        self._loader.set_aside(self._key, 0)

    def image(self, angle_deg: float, columns: Sequence[int] | npt.NDArray[np.intp]) -> Pixels:
        """The cut, column by column.

        Parameters
        ----------
        angle_deg : float
            Direction of the top half, from +x towards +y (clockwise on screen).
        columns : array of int
            Frame of each column, 0-based, so that the axis may be mm along the vein; a number
            outside 0..frames-1 (-1) leaves the column black.

        Returns
        -------
        ndarray, uint8 (2 * radii, columns)
            A frame not in yet is stood in for by the nearest one that is; unreadable ones are
            black. Row r lies at ``(radii - r - 0.5) * radius_px / radii`` from the catheter,
            upwards positive.
        """
        wanted = np.asarray(columns, np.intp)
        inside = (wanted >= 0) & (wanted < self.pullback.frames)
        frames = np.where(inside, wanted, 0)
        if not self.shows_all(angle_deg):
            shown = np.flatnonzero(self.done)
            if shown.size == 0:
                return np.zeros((2 * self.grid.radii, wanted.size), np.uint8)
            frames = _nearest_of(shown, frames)
        image = cut(self.stack, angle_deg, frames)
        black = ~inside
        black[inside] = self.bad[wanted[inside]]
        image[:, black] = 0
        return image

    def retimed(
        self,
        angle_deg: float,
        columns: npt.NDArray[np.intp],
        turns_deg: npt.NDArray[np.float64] | None = None,
    ) -> Pixels:
        """The cut with every column the mean of its frames, of frames that may be turned.

        Parameters
        ----------
        angle_deg : float
            Direction of the top half on the turned frames, from +x towards +y.
        columns : ndarray of int, shape (columns, k)
            The frames of each column (see `long_columns.columns_of`).
        turns_deg : ndarray, shape (frames,), optional
            How far each frame is shown turned clockwise; none without it.

        Returns
        -------
        ndarray, uint8 (2 * radii, columns)
        """
        count, k = columns.shape
        wanted = columns.ravel()
        if turns_deg is None or float(np.ptp(turns_deg)) < 1e-9:
            turn = 0.0 if turns_deg is None else float(turns_deg[0])
            image = self.image(angle_deg - turn, wanted)
        else:
            image = self._turned(angle_deg, wanted, turns_deg)
        if k == 1:
            return image
        total = image.reshape(-1, count, k).sum(axis=2, dtype=np.uint16)
        readable = np.maximum(1, k - np.count_nonzero(self.bad[columns], axis=1))
        return np.asarray((total + readable // 2) // readable, dtype=np.uint8)

    def _turned(
        self,
        angle_deg: float,
        wanted: npt.NDArray[np.intp],
        turns_deg: npt.NDArray[np.float64],
    ) -> Pixels:
        """The cut through frames that are each turned by their own angle."""
        shown = np.flatnonzero(self.done)
        if shown.size == 0:
            return np.zeros((2 * self.grid.radii, wanted.size), np.uint8)
        frames = _nearest_of(shown, wanted)
        image = cut_turned(self.stack, angle_deg - turns_deg[frames], frames)
        image[:, self.bad[wanted]] = 0
        return image

    @property
    def _coarse_count(self) -> int:
        return len(range(0, self.pullback.frames, COARSE_STEP))

    def _take_in(self, index: int, frame: Frame | UnreadableError) -> None:
        if isinstance(frame, UnreadableError):
            self.bad[index] = True
            return
        if frame.shape[:2] != (self.grid.rows, self.grid.columns):
            logger.warning("Frame %d of a pullback has another size", index + 1)
            self.bad[index] = True
            return
        self.stack[index] = polar_reduce(frame, self.grid, self._grey_of(frame))
        self.bad[index] = False
        self.done[index] = True

    def _read_cut(self, source: FrameSource, angle_deg: float) -> None:
        """One cut of the whole length, where its pixels can be read without the frames."""
        wanted = directions_of(angle_deg, self.grid.angles)
        if self.bad.any():  # also: frames of another size than the header says
            return
        rays = polar_rays(source.pixels, self.grid, wanted, self._grey)
        if rays is not None:
            self.stack[:, list(wanted)] = rays
            self._whole.update(wanted)

    def _grey_of(self, frame: Frame) -> ToGrey | None:
        if not self._grey_known:
            with self._grey_lock:
                if not self._grey_known and self._make_grey is not None:
                    self._grey = self._make_grey(frame)
                    self._grey_known = True
        return self._grey


def _nearest_of(shown: npt.NDArray[np.intp], wanted: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """For each wanted index the nearest of the ascending `shown`, the earlier of two equal."""
    after = np.searchsorted(shown, wanted).clip(0, shown.size - 1)
    before = (after - 1).clip(0)
    closer = np.abs(shown[before] - wanted) <= np.abs(shown[after] - wanted)
    nearest: npt.NDArray[np.intp] = np.where(closer, shown[before], shown[after])
    return nearest
