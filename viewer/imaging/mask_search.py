"""Which frames show no contrast yet, when the header does not name mask frames."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.imaging.opacification import MAD_TO_SD, ContrastScale, Grey, box_mean

BLOCKS = 48
"""Blocks along each side of a frame, at most; a frame is kept as their means only."""

MOST_MASK_FRAMES = 8
"""Frames averaged at most: more would gain little noise and take in more of the breathing."""

ARRIVED_SHARE = 0.08
"""Share of the greatest darkening of the run at which contrast counts as come."""

DARKEST_SHARE = 0.02
"""Share of the blocks that speak for a frame: a vein fills a small part of the image."""

COLLIMATED_SHARE = 0.05
"""Share of the bright parts' value below which a block lies behind the collimator."""

STEADY_NOISE = 5.0
"""Standard deviations of the early frames a darkening must exceed."""


class MaskSearch:
    """Takes frames in, in any order and from several threads, and names those without contrast.

    Parameters
    ----------
    frames : int
        Frames of the run.
    scale : ContrastScale
    """

    def __init__(self, frames: int, scale: ContrastScale) -> None:
        self._scale = scale
        self._means: list[npt.NDArray[np.float64] | None] = [None] * frames
        self._brightest: Grey | None = None
        self._lock = threading.Lock()

    def add(self, index: int, values: npt.NDArray[Any]) -> None:
        """Take in frame `index` (0-based), (rows, columns) values."""
        means = _block_means(values)
        smooth = box_mean(values)
        with self._lock:
            self._means[index] = means
            if self._brightest is None:
                self._brightest = smooth
            elif self._scale.dark:
                np.maximum(self._brightest, smooth, out=self._brightest)
            else:
                np.minimum(self._brightest, smooth, out=self._brightest)

    @property
    def brightest(self) -> Grey:
        """Value of least contrast of each pixel, of 3 x 3 px means: a baseline for want of a mask.

        Raises
        ------
        ValueError
            No frame was taken in.
        """
        if self._brightest is None:
            raise ValueError("no frame was taken in")
        return self._brightest

    def mask_frames(self) -> tuple[int, ...]:
        """The last frames before the contrast comes, 0-based; empty when they can't be told.

        Notes
        -----
        A frame's darkening is the mean over the darkest `DARKEST_SHARE` of its blocks against the
        first two frames; contrast has come where it stays beyond both
        `ARRIVED_SHARE` of the run's greatest darkening and `STEADY_NOISE` x the early noise. The
        frame before is left out: contrast may have begun on it.
        """
        known = [index for index, means in enumerate(self._means) if means is not None]
        if not known:
            return ()
        stack = np.stack([means for means in self._means if means is not None])
        score, by_noise = _darkening(stack, self._scale)
        come = _arrival(score, by_noise)
        if come is None:
            return ()
        quiet = known[: max(come - 1, 0)]
        return tuple(quiet[-MOST_MASK_FRAMES:])


def _block_means(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    rows, columns = values.shape
    top = np.unique(np.linspace(0, rows, min(BLOCKS, rows) + 1)[:-1].astype(np.intp))
    left = np.unique(np.linspace(0, columns, min(BLOCKS, columns) + 1)[:-1].astype(np.intp))
    sums = np.add.reduceat(values, left, axis=1, dtype=np.float64)
    sums = np.add.reduceat(sums, top, axis=0)
    counts = np.diff(np.append(top, rows))[:, None] * np.diff(np.append(left, columns))
    means: npt.NDArray[np.float64] = (sums / counts).ravel()
    return means


def _darkening(
    stack: npt.NDArray[np.float64], scale: ContrastScale
) -> tuple[npt.NDArray[np.float64], float]:
    """How much darker than on the first two frames the darkest blocks are, and what noise does.

    What all blocks share (the tube's output, exposure control) is taken off: a factor of
    intensities, else a sum. Blocks behind the collimator say nothing.

    Returns
    -------
    score : ndarray (n,)
        Mean of the darkest `DARKEST_SHARE` of the blocks, one a frame.
    by_noise : float
        What it would be without contrast: the mean of the largest 2 % of normal noise is 2.42
        standard deviations; of a difference against a mean of two, sqrt(1.5) times that.
    """
    if scale.by_ratio:
        bright = stack.mean(axis=0)
        seen = bright > COLLIMATED_SHARE * np.percentile(bright, 95)
        if seen.any():
            stack = np.log(np.maximum(stack[:, seen], COLLIMATED_SHARE * bright[seen]))
    start = stack[:2].mean(axis=0)
    change = (start - stack) if scale.dark else (stack - start)
    change -= np.median(change, axis=1, keepdims=True)
    count = max(1, round(DARKEST_SHARE * stack.shape[1]))
    darkest = np.partition(change, -count, axis=1)[:, -count:]
    steps = np.abs(np.diff(change, axis=0))
    noise = MAD_TO_SD * float(np.median(steps)) / np.sqrt(2.0) if steps.size else 0.0
    return darkest.mean(axis=1), float(2.42 * np.sqrt(1.5) * noise)


def _arrival(score: npt.NDArray[np.float64], by_noise: float) -> int | None:
    """The first place from which the score stays high for three frames; None when it never does."""
    if score.size < 3:
        return None
    noise = MAD_TO_SD * float(np.median(np.abs(np.diff(score)))) / np.sqrt(2.0)
    calm = float(np.median(score[: max(2, score.size // 10)]))
    top = float(score.max())
    if top <= max(calm + STEADY_NOISE * noise, 2.0 * by_noise):
        return None
    high = score > calm + ARRIVED_SHARE * (top - calm)
    for place in range(score.size):
        if high[place : place + 3].all():
            return place
    return None
