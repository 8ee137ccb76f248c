"""Where contrast went and when: darkest value of each pixel, time to it, arrival of the contrast.

Frames are taken in one at a time, the last first, so that memory does not depend on their number.
Going backwards, the peak of a pixel is known before its wash-in is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from viewer.imaging.exposure_drift import Drift, block_means, find_drift
from viewer.imaging.log_domain import Relationship, Scale
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

LOW, HALF = 0.25, 0.5
"""Shares of the peak's density whose crossings tell when its rise began."""

AHEAD = 1.22
"""How far the front lies ahead of half the peak, over what it is for a straight rise."""

LOW_NOISE = 3.0
"""Standard deviations of noise that a quarter of the peak must exceed to tell its crossing."""

RUN_SHARE = 0.1
"""Share of the blocks, those of most contrast, whose mean is the run's own curve."""

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
        C.8.11.3.1.2 and C.7.6.3.1.2 (which way stored values go: see `Relationship`). A slope or
        table that falls turns them round.
        """
        relation, table = Relationship.of(pixels), pixels.modality_lut
        if table is not None and table.values:
            slope = 1.0 if table.values[-1] >= table.values[0] else -1.0
            intensity = relation.scale is Scale.LOGARITHMIC
        else:
            slope = 1.0 if pixels.rescale is None else pixels.rescale[0]
            intensity = relation.scale is Scale.LINEAR
        return cls(relation.falling == (slope < 0), intensity, abs(slope) or 1.0)

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
    half_frame : ndarray, float32 (rows, columns)
        Where half of the peak's density is first reached and kept to the next frame, between
        frames; NaN where no contrast passes, or it was there on the first frame of the range.
    low_frame : ndarray, float32 (rows, columns)
        Likewise of a quarter of it; NaN also where that is within the noise.
    depth : ndarray, float32 (rows, columns)
        Change from the baseline to the peak of 3 x 3 px means, values, contrast positive.
    threshold : ndarray, float32 (rows, columns)
        Least `depth` taken for contrast: z x noise x sqrt(1 + 1 / mask frames)
        + `STILL_PX` x gradient of the background; z such that `FALSE_ALARM` holds.
    noise : float
        Median standard deviation of 3 x 3 px means between frames, values.
    frames : tuple of int
        0-based, rising: those that were taken in.
    run_density : ndarray, float64 (frames,)
        The run's own curve: mean density of the `RUN_SHARE` of its blocks with most contrast,
        a drift of the exposure taken off.
    drifts : tuple of Drift
        What was taken off each of `frames` before times were told; `peak` is as it was recorded.
    """

    first: int
    last: int
    peak: Grey
    peak_frame: npt.NDArray[np.int32]
    half_frame: Grey
    low_frame: Grey
    depth: Grey
    threshold: Grey
    noise: float
    frames: tuple[int, ...] = ()
    run_density: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    drifts: tuple[Drift, ...] = ()

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

    @property
    def arrival_frame(self) -> Grey:
        """When contrast begins to rise, between frames, float32; NaN unknown (see `front`)."""
        return np.asarray(front(self.low_frame, self.half_frame, 1.0), np.float32)

    def arrival_s(self, times_s: Sequence[float]) -> Grey:
        """When contrast begins to rise, s after the run's first frame, float32; NaN unknown."""
        low, half = self._times(self.low_frame, times_s), self._times(self.half_frame, times_s)
        place = np.clip(np.nan_to_num(self.half_frame), 0, max(0, len(times_s) - 1))
        steps = np.diff(np.asarray(times_s, np.float64), append=np.nan)
        if steps.size > 1:
            steps[-1] = steps[-2]
        step = steps[np.clip(np.ceil(place) - 1, 0, None).astype(np.intp)]
        return np.asarray(front(low, half, step), np.float32)

    def half_peak_s(self, times_s: Sequence[float]) -> Grey:
        """Time half of the peak is reached, s after the run's first frame, float32; NaN unknown."""
        return np.asarray(self._times(self.half_frame, times_s), np.float32)

    @staticmethod
    def _times(frames: Grey, times_s: Sequence[float]) -> npt.NDArray[np.float64]:
        all_frames = np.arange(len(times_s))
        return np.asarray(np.interp(frames, all_frames, np.asarray(times_s)), np.float64)


def front(low: npt.ArrayLike, half: npt.ArrayLike, step: npt.ArrayLike) -> Any:
    """When a rise began, from when it reached a quarter and a half of its height.

    Parameters
    ----------
    low, half : array_like
        Times (or frames) of the crossings, told by straight lines between frames.
    step : array_like
        Spacing of the frames there, in the same unit.

    Notes
    -----
    Of a straight rise that lasts R, a quarter passes between the crossings. Frames `step` apart
    widen it to sqrt(R^2 + step^2), as variances of boxes add; the half stays where it is. So
    R^2 = (4 (half - low))^2 - step^2, at least 0, and the front of a straight rise is half - R / 2.
    Of a smooth step (3 u^2 - 2 u^3) it lies 1.44 times as far ahead of the half; `AHEAD` is the
    middle of both: contrast that spreads on its way rises in between.
    """
    low, half = np.asarray(low, np.float64), np.asarray(half, np.float64)
    wide = (half - low) / (HALF - LOW)
    rise = np.sqrt(np.clip(wide**2 - np.asarray(step, np.float64) ** 2, 0.0, None))
    return half - 0.5 * AHEAD * rise


class _Crossing:
    """Where each pixel first reaches a share of its peak for good, going backwards in time."""

    def __init__(self, share: float, shape: tuple[int, int]) -> None:
        self.share = share
        self.level = np.empty(shape, np.float32)
        self.frame = np.full(shape, np.nan, np.float32)
        self.kept = np.zeros(shape, bool)  # reached on the frame taken in last, and on the next
        self._below = np.zeros(shape, bool)

    def renew(self, strip: slice, new: npt.NDArray[np.bool_], level: Grey) -> None:
        """Some pixels have another peak, and with it another level."""
        np.copyto(self.level[strip], level, where=new)
        np.copyto(self.frame[strip], np.float32(np.nan), where=new)

    def follow(
        self, index: int, later: int | None, strip: slice, means: tuple[Grey, Grey], new: Any
    ) -> None:
        """Rows of frame `index`; `means` are its and those of the frame `later`."""
        mean, before = means
        kept, below = self.kept[strip], self._below[strip]
        now_below = mean <= self.level[strip]
        if later is not None:
            places = np.nonzero(kept & ~now_below)
            start, end = mean[places], before[places]
            share = (start - self.level[strip][places]) / (start - end)
            self.frame[strip][places] = index + share * (later - index)
        np.logical_and(now_below, below | new, out=kept)
        below[...] = now_below


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
        `baseline` is of 3 x 3 px means already (`QuietFrames.brightest`).
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
        self._peak_frame = np.full(shape, -1, np.int32)
        self._half, self._low = _Crossing(HALF, shape), _Crossing(LOW, shape)
        self._before = np.zeros(shape, np.float32)  # means of the frame taken in before
        self._blocks = block_means(plain)
        self._differences = background is not None
        self._seen: list[tuple[Drift, npt.NDArray[np.float32]]] = []
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
        drift = self._drift(values)
        for top in range(0, rows, STRIP_ROWS):
            bottom = min(rows, top + STRIP_ROWS)
            upper, lower = max(0, top - 1), min(rows, bottom + 1)
            part = self._sign * values[upper:lower].astype(np.float32)
            mean = box_mean(part)[top - upper : bottom - upper]
            if not drift.none:
                mean -= self._sign * np.float32(drift.offset)
                mean *= np.float32(1.0 / drift.gain)
            strip = slice(top, bottom)
            np.minimum(self._peak[strip], part[top - upper : bottom - upper], out=self._peak[strip])
            few = slice(None, None, NOISE_STEP_PX)
            now = slice(top // NOISE_STEP_PX, -(-bottom // NOISE_STEP_PX))
            steps[now] = np.abs(mean[few, few] - self._before[strip][few, few])
            self._follow(index, strip, mean)
        if self._indices:
            self._steps.append(_block_medians(steps))
        self._indices.append(index)

    def _drift(self, values: npt.NDArray[Any]) -> Drift:
        """The drift of a frame's exposure; its blocks' densities are kept for the run's curve."""
        blocks = block_means(values)
        drift = find_drift(
            blocks, self._blocks, by_ratio=self._scale.by_ratio, offset_only=self._differences
        )
        density = self._scale.density(drift.removed(blocks), self._blocks)
        self._seen.append((drift, density.astype(np.float32)))
        return drift

    def _follow(self, index: int, strip: slice, mean: Grey) -> None:
        """Peak and wash-in of some rows, whose 3 x 3 px means on frame `index` are `mean`."""
        least, before = self._least[strip], self._before[strip]
        later = self._indices[-1] if self._indices else None
        new = mean <= least
        changed = bool(new.any())
        if changed:
            np.copyto(least, mean, where=new)
            np.copyto(self._peak_frame[strip], np.int32(index), where=new)
        for crossing in (self._half, self._low):
            if changed:
                level = self._level(self._baseline[strip], least, crossing.share)
                crossing.renew(strip, new, level)
            crossing.follow(index, later, strip, (mean, before), new)
        before[...] = mean

    def _level(self, baseline: Grey, peak: Grey, share: float) -> Grey:
        """The value of a share of the peak's density: of intensities a geometric mean.

        ln(b / v) = share x ln(b / p) gives v = b^(1 - share) x p^share.
        """
        if not self._scale.by_ratio:
            return baseline + np.float32(share) * (peak - baseline)
        positive = np.maximum(baseline, np.float32(0.0))
        floor = np.maximum(peak, positive / np.float32(DENSEST))
        half = np.sqrt(positive * floor)
        return np.asarray(half if share == HALF else np.sqrt(positive * half))

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
        arrived = passes & ~self._half.kept  # not there from the first frame of the range
        clear = arrived & ~self._low.kept & (LOW * depth > LOW_NOISE * noise)
        order = np.argsort(self._indices)
        return Opacification(
            first=self._indices[-1],
            last=self._indices[0],
            peak=self._sign * self._peak,
            peak_frame=np.where(passes, self._peak_frame, np.int32(-1)),
            half_frame=np.where(arrived, self._half.frame, np.float32(np.nan)),
            low_frame=np.where(clear, self._low.frame, np.float32(np.nan)),
            depth=depth,
            threshold=threshold,
            noise=float(np.median(noise)),
            frames=tuple(int(self._indices[k]) for k in order),
            run_density=_run_curve(np.array([self._seen[k][1] for k in order])),
            drifts=tuple(self._seen[k][0] for k in order),
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


def _run_curve(blocks: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Mean density of the blocks with most contrast, (frames,); `blocks` is (frames, blocks)."""
    count = max(1, round(RUN_SHARE * blocks.shape[1]))
    most = np.argpartition(blocks.max(axis=0), -count)[-count:]
    return np.asarray(blocks[:, most].mean(axis=1), np.float64)


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
