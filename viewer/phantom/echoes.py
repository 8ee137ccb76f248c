"""Stores of random echo patterns in polar form, made once and reused for every frame.

Arrays are (angle, depth). A phased array's point spread is narrow in depth and constant in angle,
so speckle grows sideways with depth, as it does on the real device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PolarGrid:
    """The raw lines of a frame: `angles` lines around, `depths` samples out to `radius_mm`."""

    angles: int
    depths: int
    radius_mm: float

    @property
    def angle_rad(self) -> Map:
        """Angle of every line, clockwise on the image from its right side."""
        return np.asarray(np.arange(self.angles) * (2 * np.pi / self.angles), dtype=np.float32)

    @property
    def depth_mm(self) -> Map:
        """Depth of every sample."""
        return np.asarray(
            (np.arange(self.depths) + 0.5) * (self.radius_mm / self.depths), np.float32
        )


def _blur(field: Map, around_deg: float, deep_mm: float, grid: PolarGrid) -> Map:
    sigma = (around_deg * grid.angles / 360.0, deep_mm * grid.depths / grid.radius_mm)
    out = ndimage.gaussian_filter(field, sigma, mode=("wrap", "reflect"), truncate=3.0)
    return np.asarray(out / out.std(), dtype=np.float32)


class EchoStore:
    """Speckle of tissue and of blood, and slowly changing texture of tissue."""

    TISSUE, BLOOD, TEXTURE = 20, 10, 16
    TISSUE_STEP_MM, TEXTURE_STEP_MM = 0.9, 5.0

    def __init__(self, grid: PolarGrid, seed: int) -> None:
        self.grid = grid
        self._seed = seed
        rng = np.random.default_rng([seed, 61, grid.angles])
        shape = (grid.angles, grid.depths)

        def noise() -> Map:
            return rng.standard_normal(shape, dtype=np.float32)

        self._tissue = [
            _blur(noise(), 1.5, 0.105, grid) + 1j * _blur(noise(), 1.5, 0.105, grid)
            for _ in range(self.TISSUE)
        ]
        self._blood = [
            np.hypot(_blur(noise(), 1.25, 0.10, grid), _blur(noise(), 1.25, 0.10, grid))
            for _ in range(self.BLOOD)
        ]
        self._texture = [self._texture_map(noise, grid) for _ in range(self.TEXTURE)]
        self._turns = rng.integers(0, grid.angles, (3, 4096))

    @staticmethod
    def _texture_map(noise: Callable[[], Map], grid: PolarGrid) -> Map:
        patches = _blur(noise(), 13.0, 2.6, grid)
        sheets = _blur(noise(), 11.0, 0.34, grid) * 0.75 + _blur(noise(), 20.0, 0.9, grid) * 0.65
        bright = np.maximum(sheets - 1.0, 0.0) ** 1.3
        return np.asarray(np.exp(0.42 * patches) * (0.62 + 1.25 * bright), dtype=np.float32)

    def _mix(self, store: list[Map], step_mm: float, s_mm: float, turn: int, row: int) -> Map:
        """Two neighbouring patterns along the vessel, blended so that their power stays even."""
        where = s_mm / step_mm
        k = int(where)
        angle = 0.5 * np.pi * (where - k)
        first = np.roll(store[k % len(store)], int(self._turns[row, k]) + turn, axis=0)
        second = np.roll(store[(k + 1) % len(store)], int(self._turns[row, k + 1]) + turn, axis=0)
        return np.float32(np.cos(angle)) * first + np.float32(np.sin(angle)) * second

    def tissue(self, s_mm: float, turn: int) -> Map:
        """Speckle fixed to the tissue at arc length `s_mm`, image turned by `turn` lines."""
        return np.abs(self._mix(self._tissue, self.TISSUE_STEP_MM, s_mm, turn, 0))

    def texture(self, s_mm: float, turn: int) -> Map:
        """How strongly tissue scatters, around 1."""
        where = s_mm / self.TEXTURE_STEP_MM
        k, part = int(where), np.float32(where - int(where))
        n = len(self._texture)
        first = np.roll(self._texture[k % n], int(self._turns[1, k]) + turn, axis=0)
        second = np.roll(self._texture[(k + 1) % n], int(self._turns[1, k + 1]) + turn, axis=0)
        return first + part * (second - first)

    def blood(self, frame: int) -> Map:
        """Speckle of moving blood: another one on every frame."""
        field = self._blood[frame % len(self._blood)]
        return np.roll(field, int(self._turns[2, frame % 4096]), axis=0)

    def shading(self, s_mm: float, turn: int) -> Map:
        """Gain of every line, shape (angles, 1): contact and shadows differ around the probe."""
        rng = np.random.default_rng([self._seed, 67])
        line = self.grid.angle_rad[:, None] - np.float32(turn * 2 * np.pi / self.grid.angles)
        total = np.zeros_like(line)
        for k in (1, 2, 3, 5, 8, 13):
            wave = rng.uniform(0, 2 * np.pi) + s_mm * rng.uniform(-0.12, 0.12)
            total += np.float32(0.16 / k**0.35) * np.cos(k * line + np.float32(wave))
        return np.exp(total)
