"""Small made-up pullbacks with known lumens: speckle, a bright wall, a catheter in the middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


@dataclass(frozen=True)
class Scene:
    """Frames (n, size, size) uint8 and their lumens (n, 128, 2) px."""

    frames: NDArray[np.uint8]
    truth: NDArray[np.float64]
    center_px: tuple[float, float]

    def read(self, index: int) -> NDArray[np.uint8]:
        """One frame."""
        frame: NDArray[np.uint8] = self.frames[index]
        return frame


def scene(
    n: int = 30,
    size: int = 256,
    half_axes: tuple[float, float] = (42.0, 30.0),
    offset: tuple[float, float] = (12.0, -6.0),
    center: tuple[float, float] | None = None,
    field: float | None = None,
    marks: bool = False,
    seed: int = 1,
) -> Scene:
    """An ellipse that breathes a little, its middle `offset` from the catheter."""
    rng = np.random.default_rng(seed)
    cx, cy = center or ((size - 1) / 2, (size - 1) / 2)
    field = field or 0.46 * size
    y, x = np.mgrid[:size, :size].astype(np.float64)
    away = np.hypot(x - cx, y - cy)
    turn = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    frames = np.zeros((n, size, size), np.uint8)
    truth = np.empty((n, 128, 2))
    for k in range(n):
        grow = 1.0 + 0.06 * np.sin(k / 6.0)
        a, b = half_axes[0] * grow, half_axes[1] * grow
        mx, my = cx + offset[0], cy + offset[1]
        level = np.hypot((x - mx) / a, (y - my) / b)
        depth = (level - 1.0) * min(a, b)
        wall = 1.2 * np.exp(-(((depth - 2.0) / 2.5) ** 2)) + 0.5
        tissue = _speckle(rng, size, 1.5)
        echo = np.where(depth < 0, 0.07 * _speckle(rng, size, 1.0), wall * tissue)
        echo = ndimage.gaussian_filter(echo, 0.7)
        grey = np.clip(62.0 * np.log(echo + 0.02) + 190.0, 0.0, 255.0)
        grey = np.maximum(grey, np.where(np.abs(away - 7.0) < 1.5, 220.0, 0.0))
        grey[away < 5.5] = 15.0
        grey[away > field] = 0.0
        frames[k] = grey.astype(np.uint8)
        truth[k] = np.stack((mx + a * np.cos(turn), my + b * np.sin(turn)), axis=1)
    if marks:
        frames[:, 8:20, 10:90] = 235
        frames[:, int(cy) - 1 : int(cy) + 1, int(cx) + 20 : int(cx) + 23] = 250
    return Scene(frames, truth, (cx, cy))


def _speckle(rng: np.random.Generator, size: int, grain: float) -> NDArray[np.float64]:
    parts = [ndimage.gaussian_filter(rng.normal(size=(size, size)), grain) for _ in range(2)]
    amplitude = np.hypot(*parts)
    return np.asarray(amplitude / amplitude.mean())


def dice(first: NDArray[np.floating], second: NDArray[np.floating], size: int) -> float:
    """Overlap of two polygons drawn on pixels: twice the common area over the sum."""
    a, b = _filled(first, size), _filled(second, size)
    return float(2 * (a & b).sum() / max(a.sum() + b.sum(), 1))


def _filled(points: NDArray[np.floating], size: int) -> NDArray[np.bool_]:
    """Pixels whose centre lies inside, by counting crossings."""
    y, x = np.mgrid[:size, :size]
    inside = np.zeros((size, size), np.bool_)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        between = (y0 > y) != (y1 > y)
        inside ^= between & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside
