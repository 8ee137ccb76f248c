"""Where contrast went and when: darkest value of each pixel, time to it, arrival of the contrast.

Frames are taken in one at a time, the last first, so that memory does not depend on their number.
Going backwards, the peak of a pixel is known before its wash-in is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.model.study import PixelFormat

Grey = npt.NDArray[np.float32]
"""(rows, columns) modality values, or subtracted log values."""

STRIP_ROWS = 64
"""Rows worked on at once: what they need stays in the processor's cache."""

FALSE_ALARM = 1e-3
"""Chance that a pixel without contrast passes the threshold on any frame of the range."""

STILL_PX = 0.5
"""Movement taken for no contrast: an edge of the background may move by this much unnoticed.
Source: patients at rest move by about half a pixel between breaths in the synthetic runs."""

DENSEST = 50.0
"""Ratio of baseline to value beyond which a density is not told apart: the detector's floor."""

SUBTRACTED_STEP = 1e-3
"""Smallest difference of natural logarithms that means something: a step in 1000 grey levels."""

NOISE_BLOCK_PX, NOISE_STEP_PX = 32, 4
MAD_TO_SD = 1.4826
"""Standard deviation of normal noise over its median absolute deviation, 1 / 0.6745."""


@dataclass(frozen=True, slots=True)
class ContrastScale:
    """How values tell of contrast.

    Attributes
    ----------
    dark : bool
        Contrast lowers the values (iodine in MONOCHROME2, subtracted log values); False when it
        raises them (MONOCHROME1, carbon dioxide).
    intensity : bool
        Values are proportional to X-ray intensity (Pixel Intensity Relationship LIN), so that the
        amount of contrast goes with their logarithm (Beer-Lambert); else with the values.
    resolution : float
        Smallest difference between two values (1 for stored integers without rescale).
    """

    dark: bool = True
    intensity: bool = False
    resolution: float = 1.0

    @classmethod
    def of(cls, pixels: PixelFormat) -> ContrastScale:
        """The scale of a run's modality values, from its header.

        Source: PS3.3 C.8.7.1.1.2 (LIN; LOG, whose Modality LUT leads back to intensity),
        C.8.11.3.1.2 (sign -1: higher is less intensity), C.7.6.3.1.2 (MONOCHROME1: higher is
        darker, so contrast, which is shown dark, is higher).
        """
        table = pixels.modality_lut is not None
        slope = 1.0 if pixels.rescale is None or table else pixels.rescale[0]
        falling = pixels.intensity_sign < 0 or pixels.photometric == "MONOCHROME1"
        wanted = "LOG" if table else "LIN"
        intensity = pixels.intensity_relationship.strip().upper() == wanted
        return cls(falling == (slope < 0), intensity, abs(slope) or 1.0)

    def density(self, values: npt.ArrayLike, baseline: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Amount of contrast: ln(baseline / value) of intensities, else the change; 0 is none."""
        now, before = np.asarray(values, np.float64), np.asarray(baseline, np.float64)
        if not self.by_ratio:
            return np.asarray(before - now if self.dark else now - before)
        positive = before > 0
        safe = np.where(positive, before, 1.0)
        ratio = safe / np.clip(now, safe / DENSEST, None)
        return np.where(positive, np.log(ratio), 0.0)

    @property
    def by_ratio(self) -> bool:
        """Whether densities are logarithms; inverted values are no intensities."""
        return self.intensity and self.dark


@dataclass(frozen=True)
class Opacification:
    """What a range of frames shows of contrast.

    Attributes
    ----------
    first, last : int
        The range, 0-based, both included.
    peak : ndarray, float32 (rows, columns)
        Each pixel's value of most contrast: exactly the least (or, of bright contrast, the
        greatest) of the range.
    peak_frame : ndarray, int32 (rows, columns)
        0-based frame on which it is reached, read off 3 x 3 px means, the first of equal ones;
        -1 where no contrast passes.
    arrival_frame : ndarray, float32 (rows, columns)
        Where half of the peak's density is first reached and kept to the next frame, between
        frames; NaN where no contrast passes, or it was there on the first frame of the range.
    depth : ndarray, float32 (rows, columns)
        Change from the baseline to the peak of 3 x 3 px means, values, contrast positive.
    threshold : ndarray, float32 (rows, columns)
        Least `depth` taken for contrast: z x noise x sqrt(1 + 1 / mask frames)
        + `STILL_PX` x gradient of the background; z such that `FALSE_ALARM` holds.
    noise : float
        Median standard deviation of 3 x 3 px means between frames, values.
    """

    first: int
    last: int
    peak: Grey
    peak_frame: npt.NDArray[np.int32]
    arrival_frame: Grey
    depth: Grey
    threshold: Grey
    noise: float

    @property
    def opacified(self) -> npt.NDArray[np.bool_]:
        """Where contrast passes, bool (rows, columns)."""
        return np.asarray(self.peak_frame >= 0)

    @property
    def peak_frame_median(self) -> float | None:
        """Median of `peak_frame` where contrast passes; None when it passes nowhere."""
        frames = self.peak_frame[self.opacified]
        return float(np.median(frames)) if frames.size else None

    def time_to_peak_s(self, times_s: Sequence[float]) -> Grey:
        """Time of the peak, s after the run's first frame, float32; NaN where none passes.

        Parameters
        ----------
        times_s : sequence of float, (frames of the run,)
            The frames' own times.
        """
        times = np.asarray(times_s, np.float32)
        shown = np.where(self.opacified, self.peak_frame, 0)
        return np.where(self.opacified, times[shown], np.float32(np.nan)).astype(np.float32)

    def arrival_s(self, times_s: Sequence[float]) -> Grey:
        """Time half of the peak is reached, s after the run's first frame, float32; NaN unknown."""
        frames = np.arange(len(times_s))
        times = np.interp(self.arrival_frame, frames, np.asarray(times_s))
        return np.asarray(times, np.float32)


class Opacifier:
    """Takes frames in, the last of the range first, and tells where contrast went.

    Parameters
    ----------
    baseline : ndarray (rows, columns)
        Values without contrast (mean of the mask frames; zeros for subtracted frames).
    scale : ContrastScale
    mask_frames : int
        How many frames `baseline` is the mean of.
    background : ndarray (rows, columns), optional
        Whose edges may move; `baseline` without it.
    averaged : bool
        `baseline` is of 3 x 3 px means already (`MaskSearch.brightest`).
    """

    def __init__(
        self,
        baseline: npt.NDArray[Any],
        scale: ContrastScale,
        mask_frames: int = 1,
        background: npt.NDArray[Any] | None = None,
        averaged: bool = False,
    ) -> None:
        self._scale, self._mask_frames = scale, max(1, mask_frames)
        self._sign = np.float32(1.0 if scale.dark else -1.0)
        plain = np.asarray(baseline, np.float32)
        self._baseline = self._sign * (plain if averaged else box_mean(plain))
        self._background = self._baseline if background is None else box_mean(background)
        shape = (plain.shape[0], plain.shape[1])
        self._peak = np.full(shape, np.inf, np.float32)
        self._least = np.full(shape, np.inf, np.float32)
        self._half = np.empty(shape, np.float32)
        self._peak_frame = np.full(shape, -1, np.int32)
        self._arrival = np.full(shape, np.nan, np.float32)
        self._before = np.zeros(shape, np.float32)  # means of the frame taken in before
        self._kept = np.zeros(shape, bool)  # whether there half was reached, and on the next
        self._below = np.zeros(shape, bool)
        self._indices: list[int] = []
        self._steps: list[Grey] = []

    def add(self, index: int, values: npt.NDArray[Any]) -> None:
        """Take in frame `index` (0-based), (rows, columns) values; indices fall.

        Raises
        ------
        ValueError
            A frame out of order or of another shape.
        """
        if values.shape != self._peak.shape:
            raise ValueError(f"frame {values.shape} does not fit a baseline {self._peak.shape}")
        if self._indices and index >= self._indices[-1]:
            raise ValueError(f"frame {index} after {self._indices[-1]}: the last comes first")
        rows, columns = self._baseline.shape[0], self._baseline.shape[1]
        steps = np.empty((-(-rows // NOISE_STEP_PX), -(-columns // NOISE_STEP_PX)), "f4")
        for top in range(0, rows, STRIP_ROWS):
            bottom = min(rows, top + STRIP_ROWS)
            upper, lower = max(0, top - 1), min(rows, bottom + 1)
            part = self._sign * values[upper:lower].astype(np.float32)
            mean = box_mean(part)[top - upper : bottom - upper]
            strip = slice(top, bottom)
            np.minimum(self._peak[strip], part[top - upper : bottom - upper], out=self._peak[strip])
            few = slice(None, None, NOISE_STEP_PX)
            now = slice(top // NOISE_STEP_PX, -(-bottom // NOISE_STEP_PX))
            steps[now] = np.abs(mean[few, few] - self._before[strip][few, few])
            self._follow(index, strip, mean)
        if self._indices:
            self._steps.append(_block_medians(steps))
        self._indices.append(index)

    def _follow(self, index: int, strip: slice, mean: Grey) -> None:
        """Peak and wash-in of some rows, whose 3 x 3 px means on frame `index` are `mean`."""
        least, half, arrival = self._least[strip], self._half[strip], self._arrival[strip]
        before, kept, below = self._before[strip], self._kept[strip], self._below[strip]
        new = mean <= least
        if new.any():
            np.copyto(least, mean, where=new)
            np.copyto(self._peak_frame[strip], np.int32(index), where=new)
            np.copyto(half, self._half_level(self._baseline[strip], least), where=new)
            np.copyto(arrival, np.float32(np.nan), where=new)
        now_below = mean <= half
        if self._indices:
            rise = kept & ~now_below
            places = np.nonzero(rise)
            start, end = mean[places], before[places]
            share = (start - half[places]) / (start - end)
            arrival[places] = index + share * (self._indices[-1] - index)
        np.logical_and(now_below, below | new, out=kept)
        below[...] = now_below
        before[...] = mean

    def _half_level(self, baseline: Grey, peak: Grey) -> Grey:
        """The value of half the peak's density: the geometric mean of intensities, else the mean.

        ln(b / h) = ln(b / p) / 2 gives h = sqrt(b p).
        """
        if not self._scale.by_ratio:
            return np.float32(0.5) * (baseline + peak)
        positive = np.maximum(baseline, np.float32(0.0))
        floor = np.maximum(peak, positive / np.float32(DENSEST))
        return np.asarray(np.sqrt(positive * floor))

    def result(self) -> Opacification:
        """What the frames taken in show.

        Raises
        ------
        ValueError
            None was taken in.
        """
        if not self._indices:
            raise ValueError("no frame was taken in")
        noise = self._noise()
        depth = self._baseline - self._least
        z = NormalDist().inv_cdf(1.0 - FALSE_ALARM / len(self._indices))
        threshold = np.float32(z * np.sqrt(1.0 + 1.0 / self._mask_frames)) * noise
        threshold += np.float32(STILL_PX) * _gradient(self._background)
        passes = depth > threshold
        arrived = passes & ~self._kept  # not there from the first frame of the range
        return Opacification(
            first=self._indices[-1],
            last=self._indices[0],
            peak=self._sign * self._peak,
            peak_frame=np.where(passes, self._peak_frame, np.int32(-1)),
            arrival_frame=np.where(arrived, self._arrival, np.float32(np.nan)),
            depth=depth,
            threshold=threshold,
            noise=float(np.median(noise)),
        )

    def _noise(self) -> Grey:
        """Standard deviation of 3 x 3 px means at each pixel, values, float32 (rows, columns).

        The median over space, then over time, of the steps from frame to frame: contrast passes
        a place on few of them. Never less than rounding leaves, resolution / sqrt(12) / 3.
        """
        rows, columns = self._peak.shape[0], self._peak.shape[1]
        least = self._scale.resolution / np.sqrt(12.0) / 3.0
        if not self._steps:
            return np.full((rows, columns), least, np.float32)
        blocks = np.median(self._steps, axis=0) * (MAD_TO_SD / np.sqrt(2.0))
        blocks = np.maximum(blocks, least).astype(np.float32)
        y = np.minimum(np.arange(rows) // NOISE_BLOCK_PX, blocks.shape[0] - 1)
        x = np.minimum(np.arange(columns) // NOISE_BLOCK_PX, blocks.shape[1] - 1)
        return np.asarray(blocks[y[:, None], x[None, :]])


def box_mean(values: npt.NDArray[Any]) -> Grey:
    """Means over 3 x 3 px, float32; beyond an edge its pixels count once more."""
    image = np.asarray(values, np.float32)
    down = image.copy()
    down[1:] += image[:-1]
    down[:1] += image[:1]
    down[:-1] += image[1:]
    down[-1:] += image[-1:]
    both = down.copy()
    both[:, 1:] += down[:, :-1]
    both[:, :1] += down[:, :1]
    both[:, :-1] += down[:, 1:]
    both[:, -1:] += down[:, -1:]
    both *= np.float32(1.0 / 9.0)
    return both


def _gradient(values: Grey) -> Grey:
    """Size of the gradient, values per px."""
    down = np.gradient(values, axis=0) if values.shape[0] > 1 else np.zeros_like(values)
    right = np.gradient(values, axis=1) if values.shape[1] > 1 else np.zeros_like(values)
    return np.asarray(np.hypot(down, right), np.float32)


def _block_medians(few: Grey) -> Grey:
    """Medians over blocks of an image of which every fourth pixel is given; a rest is left out."""
    side = NOISE_BLOCK_PX // NOISE_STEP_PX
    down, right = min(side, few.shape[0]), min(side, few.shape[1])
    rows, columns = few.shape[0] // down, few.shape[1] // right
    blocks = few[: rows * down, : columns * right].reshape(rows, down, columns, right)
    middle = np.median(blocks.transpose(0, 2, 1, 3).reshape(rows, columns, -1), axis=2)
    return np.asarray(middle, np.float32)
