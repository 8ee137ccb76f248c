"""Automatic pixel shift: how many frames a second, and what movement is left."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from viewer.benchmarks.child import middle
from viewer.benchmarks.result import Result, Say, Scale
from viewer.imaging.mask_shift import ShiftEstimator

TARGET_FRAMES_PER_S = 30.0
TARGET_PX = 0.15
FRAMES = 24
PEER = "phase correlation by numpy's FFT, to a tenth of a pixel by a parabola"

Image = NDArray[np.float32]


def measure(scale: Scale, say: Say) -> list[Result]:
    """Find known movements of a background, under contrast and noise."""
    px = scale.run_px
    say(f"shift: {FRAMES} frames of {px} px")
    rng = np.random.default_rng(7)
    spectrum = _anatomy(px, rng)
    mask = _moved(spectrum, 0.0, 0.0) + _noise(px, rng)
    estimator = ShiftEstimator(mask)
    peer = _Correlation(mask)
    moves = [(float(x), float(y)) for x, y in rng.uniform(-6.0, 6.0, (FRAMES, 2))]
    ours_s, theirs_s, ours_px, theirs_px = [], [], [], []
    for number, move in enumerate(moves):
        frame = _moved(spectrum, *move) - _contrast(px, number / FRAMES) + _noise(px, rng)
        begun = time.perf_counter()
        found = estimator.estimate(frame)
        between = time.perf_counter()
        other = peer.estimate(frame)
        theirs_s.append(time.perf_counter() - between)
        ours_s.append(between - begun)
        ours_px.append(_away(found, move))
        theirs_px.append(_away(other, move))
    note = f"{FRAMES} frames of {px} px with contrast and noise, moved by up to 6 px each way"
    return [
        Result(
            "shift.frames",
            1.0 / middle(ours_s),
            "1/s",
            PEER,
            1.0 / middle(theirs_s),
            TARGET_FRAMES_PER_S,
            more_is_better=True,
            note=f"{note}; one thread",
        ),
        Result(
            "shift.residual",
            middle(ours_px),
            "px",
            PEER,
            middle(theirs_px),
            TARGET_PX,
            note=f"median of {note}; worst {max(ours_px):.2f} px",
        ),
    ]


def _away(found: tuple[float, float], truth: tuple[float, float]) -> float:
    return max(1e-6, float(np.hypot(found[0] - truth[0], found[1] - truth[1])))


def _anatomy(px: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Spectrum of a bony background in natural log units, smooth enough to be moved exactly."""
    fy, fx = np.fft.fftfreq(px)[:, None], np.fft.rfftfreq(px)[None, :]
    radius = np.hypot(fy, fx) * px
    fall = np.exp(-((radius / (px / 12)) ** 2)) / (1.0 + radius)
    image = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((px, px))) * fall, (px, px))
    return np.fft.rfft2(7.0 + 0.35 * image / image.std()).astype(np.complex64)


def _moved(spectrum: NDArray[np.complex64], dx_px: float, dy_px: float) -> Image:
    px = spectrum.shape[0]
    fy, fx = np.fft.fftfreq(px)[:, None], np.fft.rfftfreq(px)[None, :]
    turn = np.exp(-2j * np.pi * (fx * dx_px + fy * dy_px))
    return np.fft.irfft2(spectrum * turn, (px, px)).astype(np.float32)


def _contrast(px: int, share: float) -> Image:
    """A vein that fills from the bottom."""
    y, x = np.mgrid[0:px, 0:px] / px
    vein = np.exp(-(((x - 0.5 - 0.12 * np.sin(4.0 * y)) / 0.025) ** 2))
    return np.asarray(0.8 * vein * (y > 1.0 - share), np.float32)


def _noise(px: int, rng: np.random.Generator) -> Image:
    return rng.standard_normal((px, px), np.float32) * np.float32(0.03)


class _Correlation:
    """The textbook's way: whole-picture phase correlation with a parabola through the peak."""

    def __init__(self, mask: Image) -> None:
        self._mask = np.conj(np.fft.rfft2(mask - mask.mean()))

    def estimate(self, frame: Image) -> tuple[float, float]:
        cross = np.fft.rfft2(frame - frame.mean()) * self._mask
        cross /= np.abs(cross) + 1e-9
        peaks = np.fft.irfft2(cross, frame.shape)
        row, column = np.unravel_index(int(np.argmax(peaks)), peaks.shape)
        return _top(peaks[row], int(column)), _top(peaks[:, column], int(row))


def _top(line: NDArray[np.float64], at: int) -> float:
    """Place of a peak between samples, the second half of the line counted backwards."""
    size = line.size
    left, middle_, right = line[at - 1], line[at], line[(at + 1) % size]
    bend = left - 2.0 * middle_ + right
    part = 0.5 * (left - right) / bend if bend else 0.0
    return round(float((at + size // 2) % size - size // 2 + part), 1)
