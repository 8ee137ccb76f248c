"""A venogram is told from a fluoroscopy by what fills the vein."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.imaging.filled_vein import fills_with_contrast

ROWS, ACROSS, FRAMES = 400, 37, 40


def strips(seed: int, contrast: float, reach: float = 1.0) -> np.ndarray:
    """A transducer and its shaft over bones that move; contrast from frame 10 to 25."""
    rng = np.random.default_rng(seed)
    rows, across = np.mgrid[:ROWS, :ACROSS].astype(np.float64)
    off_mm = (across - ACROSS // 2) * 0.6
    made = np.empty((FRAMES, ROWS, ACROSS), np.float32)
    for t in range(FRAMES):
        breath = 5 * np.sin(t / 5 + seed)
        frame = 0.4 * np.sin((rows + breath) / 40) + rng.normal(0, 0.08, rows.shape)
        at = 20 + 360 * t / FRAMES
        frame += 0.35 * np.exp(-0.5 * (((rows - at) / 2) ** 2 + (off_mm / 0.9) ** 2))
        frame += 0.15 * ((np.abs(off_mm) < 1.35) & (rows > at))
        filled = (np.abs(off_mm) < 6) & (rows < reach * ROWS)
        frame += contrast * filled * (10 <= t <= 25)
        made[t] = frame
    return made


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_contrast_is_seen(seed: int) -> None:
    assert fills_with_contrast(strips(seed, 0.3))
    assert fills_with_contrast(1000 * strips(seed, 0.5, reach=0.5))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_catheter_and_breathing_are_no_contrast(seed: int) -> None:
    assert not fills_with_contrast(strips(seed, 0.0))


def test_a_short_puff_at_the_end_is_none() -> None:
    assert not fills_with_contrast(strips(4, 0.5, reach=0.15))


def test_hardly_any_frames_or_nothing_at_all() -> None:
    assert not fills_with_contrast(strips(5, 0.5)[:3])
    assert not fills_with_contrast(np.zeros((8, ROWS, ACROSS), np.float32))
