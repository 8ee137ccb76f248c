"""The motion between two runs of the same angles, against motions that were put in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from vein_scenes import frames, scenes

from viewer.imaging.run_registration import find_motion


def _moved(image: np.ndarray, angle_deg: float, shift_px: tuple[float, float]) -> np.ndarray:
    """`image` turned about its middle, then shifted by (x, y) px."""
    turn = np.deg2rad(angle_deg)
    rows = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])  # (y, x)
    back = np.linalg.inv(rows)
    middle = (np.array(image.shape) - 1) / 2
    offset = middle - back @ (middle + np.array(shift_px[::-1]))
    return affine_transform(image, back, offset, order=1, mode="nearest").astype(np.float32)


@pytest.fixture(scope="module")
def still() -> np.ndarray:
    return np.log(frames(scenes()["small512"], masks=1, filled=0)[0].astype(np.float32) + 1)


@pytest.mark.parametrize(
    ("angle_deg", "shift_px"), [(0.0, (0.0, 0.0)), (0.0, (24.0, -15.0)), (3.0, (-10.0, 18.0))]
)
def test_the_motion_is_found(
    still: np.ndarray, angle_deg: float, shift_px: tuple[float, float]
) -> None:
    motion = find_motion(still, _moved(still, angle_deg, shift_px), 0.5, 0.5)
    assert motion.is_believable
    turn, middle = np.deg2rad(angle_deg), 255.5
    for x, y in ((255.5, 255.5), (120.0, 200.0), (400.0, 420.0)):
        to_x = np.cos(turn) * (x - middle) - np.sin(turn) * (y - middle)
        to_y = np.sin(turn) * (x - middle) + np.cos(turn) * (y - middle)
        true = (middle + to_x + shift_px[0], middle + to_y + shift_px[1])
        off = np.hypot(*np.subtract(motion.carried((x, y)), true))
        assert off * 0.5 < 1.0


def test_another_pixel_size_is_taken_in(still: np.ndarray) -> None:
    half = still.reshape(256, 2, 256, 2).mean(axis=(1, 3))
    motion = find_motion(still, half, 0.5, 1.0)
    assert motion.is_believable
    x, y = motion.carried((301.0, 201.0))
    assert (x, y) == pytest.approx((150.25, 100.25), abs=1.0)


def test_other_pictures_are_not_believed(still: np.ndarray) -> None:
    noise = np.random.default_rng(3).normal(7, 0.3, still.shape).astype(np.float32)
    assert not find_motion(still, noise, 0.5, 0.5).is_believable
    assert not find_motion(still, np.zeros_like(still), 0.5, 0.5).is_believable
