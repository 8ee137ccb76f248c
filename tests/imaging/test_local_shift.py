"""A mask laid on place by place, on pictures bent by a known amount."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from venogram_samples import anatomy, vein

from viewer.imaging.local_shift import GRID, LocalFit, QuickWarp, on_grid

SIZE = 384


def bent(image: np.ndarray, amplitude_px: float) -> tuple[np.ndarray, np.ndarray]:
    """An image whose lower half breathes downwards, and by how much each place moved."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(float)
    moved = amplitude_px * np.exp(-(((y - 260) / 90) ** 2) - ((x - 200) / 140) ** 2)
    return ndimage.map_coordinates(image, (y - moved, x), order=3, mode="nearest"), moved


@pytest.mark.parametrize("amplitude_px", [1.5, 4.0])
def test_movement_that_differs_from_place_to_place_is_undone(amplitude_px: float) -> None:
    rng = np.random.default_rng(6)
    still = 7.4 - anatomy(SIZE, 9)[64:-64, 64:-64]
    frame, truth = bent(still, amplitude_px)
    frame = frame - vein(SIZE, 1.0, 0.04) + rng.normal(0, 0.02, frame.shape)
    mask = (still + rng.normal(0, 0.02, still.shape)).astype(np.float32)
    fit = LocalFit(mask)
    _, dy = fit.movement(frame.astype(np.float32), (0.0, 0.0))
    factor = SIZE // dy.shape[0]
    error = np.abs(dy - truth[::factor, ::factor])
    assert np.median(error) < 0.25
    laid = fit.laid(frame.astype(np.float32), (0.0, 0.0))
    away = ndimage.binary_erosion(vein(SIZE, 1.0, 0.05) == 0, iterations=12)
    away[:20] = away[-20:] = away[:, :20] = away[:, -20:] = False
    before, after = (float(np.std((frame - m)[away])) for m in (mask, laid))
    grain = 2 * 0.02**2  # what two noisy frames differ by when nothing has moved
    assert after**2 - grain < 0.25 * (before**2 - grain)
    inside = vein(SIZE, 1.0, 0.04) > 0.5
    assert np.mean((frame - laid)[inside]) == pytest.approx(-0.57, abs=0.04)  # contrast is kept


def test_the_quick_way_lays_a_mask_on_as_the_exact_one() -> None:
    still = (7.4 - anatomy(SIZE, 9)[64:-64, 64:-64]).astype(np.float32)
    frame, _ = bent(still, 4.0)
    fit = LocalFit(still)
    movement = fit.movement(frame.astype(np.float32), (0.0, 0.0))
    quick = QuickWarp(still).laid(*(on_grid(part) for part in movement))
    exact = fit.laid(frame.astype(np.float32), (0.0, 0.0))
    inside = (slice(12, -12), slice(12, -12))
    away = np.abs(frame - still)[inside].mean()
    assert np.abs(quick - exact)[inside].mean() < 0.15 * away


def test_the_quick_way_moves_by_quarters_of_a_pixel() -> None:
    still = anatomy(96, 3)[64:-64, 64:-64].astype(np.float32)
    warp = QuickWarp(still)
    zero, one = np.zeros((GRID, GRID), np.float32), np.ones((GRID, GRID), np.float32)
    np.testing.assert_allclose(warp.laid(zero, zero), still, atol=1e-4)
    np.testing.assert_allclose(warp.laid(2 * one, -one)[:-1, 2:], still[1:, :-2], atol=1e-4)
    half = ndimage.shift(still, (0.0, 0.5), order=3, mode="nearest")
    moved = warp.laid(0.5 * one, zero)
    assert np.abs(moved - half)[4:-4, 4:-4].max() < 0.1 * np.ptp(still)
