"""Small synthetic runs whose movement and contrast are known exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def anatomy(size: int, seed: int) -> NDArray[np.float64]:
    """Attenuation of bones and soft tissue, smooth and larger than the field by 64 px a side."""
    rng = np.random.default_rng(seed)
    wide = size + 128
    soft = ndimage.gaussian_filter(rng.standard_normal((wide, wide)), size / 8)
    bone = ndimage.gaussian_filter(rng.standard_normal((wide, wide)), size / 40)
    fine = ndimage.gaussian_filter(rng.standard_normal((wide, wide)), 2.0)
    bone = np.tanh(3 * bone / bone.std()) * 0.25
    return 0.35 * soft / soft.std() + bone + 0.03 * fine / fine.std()


def vein(size: int, front: float, width: float) -> NDArray[np.float64]:
    """Attenuation of a vein filled from the foot up to a share `front` of the field, 0 to 1."""
    y, x = np.mgrid[0:size, 0:size] / size
    across = np.abs(x - 0.45 - 0.12 * np.sin(3 * y)) / width
    inside = np.sqrt(np.clip(1 - across**2, 0, None))
    return 0.6 * inside * np.clip((y - (1 - front)) * 8, 0, 1)


def made_run(
    motion_px: NDArray[np.float64],
    arrival: int,
    *,
    size: int = 256,
    seed: int = 1,
    noise: float = 0.02,
    width: float = 0.04,
) -> list[NDArray[np.uint16]]:
    """Stored frames, linear in the intensity; contrast comes at frame `arrival`.

    `motion_px` is (frames, 2): where everything is moved to the right and down.
    """
    rng = np.random.default_rng(seed)
    still = anatomy(size, seed)
    frames = []
    for index, (dx, dy) in enumerate(motion_px):
        moved = ndimage.shift(still, (dy, dx), order=3, mode="nearest")[64:-64, 64:-64]
        front = 0.12 * (index - arrival + 1)
        if front > 0:
            moved = moved + ndimage.shift(vein(size, front, width), (dy, dx), order=1)
        intensity = 1800 * np.exp(-moved) * (1 + 0.004 * rng.standard_normal())
        grain = ndimage.gaussian_filter(rng.standard_normal((size, size)), 0.5)
        intensity *= 1 + noise * grain / grain.std() * np.sqrt(1800 / np.maximum(intensity, 50))
        frames.append(np.clip(intensity, 0, 4095).astype(np.uint16))
    return frames
