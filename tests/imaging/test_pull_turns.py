"""Catheters that go back and come forward again, on made polar stacks; no false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.imaging.pull_turns import pull_turns

HZ = 30.0
ANGLES, RADII = 72, 96


def vein(rng: np.random.Generator, length_mm: int) -> np.ndarray:
    """Grey at every half millimetre, alike over some 3 mm: (2 length, 24, 24)."""
    cells = rng.normal(size=(2 * length_mm + 40, 24, 24))
    shape = np.exp(-0.5 * (np.arange(-20, 21) / 4.0) ** 2)
    cells = np.apply_along_axis(np.convolve, 0, cells, shape / np.linalg.norm(shape), "valid")
    return np.asarray(cells)


def stack_of(seed: int, travel: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(seed)
    along = vein(rng, int(travel.max()) + 2)
    level = along[np.round(2 * travel).astype(int)]
    level = 110 + 25 * (level + 0.8 * rng.normal(size=level.shape))
    level = level.repeat(ANGLES // 24, axis=1).repeat(RADII // 24, axis=2)
    return np.asarray(np.clip(level, 0, 255), np.uint8)


def travel_of(*parts: tuple[float, float]) -> np.ndarray:
    """Places from (speed mm/s, seconds) one after the other."""
    speed = np.concatenate([np.full(round(s * HZ), v) for v, s in parts])
    return np.concatenate(([0.0], np.cumsum(speed) / HZ))


@pytest.mark.parametrize("back_mm", [10.0, 14.0, 20.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_way_back_is_found_where_it_is(seed: int, back_mm: float) -> None:
    travel = travel_of((8.0, 8.0), (-10.0, back_mm / 10), (8.0, 12.0))
    stack = stack_of(seed, travel)
    (turned,) = pull_turns(stack, np.arange(len(travel)) / HZ, 8)
    first, back = 8.0 * HZ, (8.0 + back_mm / 10) * HZ
    assert abs(turned.first - first) <= 9
    assert abs(turned.back - back) <= 9
    assert abs(travel[turned.last] - travel[round(first)]) <= 4.0
    assert abs(travel[round(turned.deepest)] - travel[round(back)]) <= 4.0


@pytest.mark.parametrize("seed", range(4))
def test_pulls_with_pauses_and_surges_give_no_alarm(seed: int) -> None:
    travel = travel_of((6.0, 6.0), (0.0, 3.0), (14.0, 3.0), (5.0, 4.0), (0.0, 1.0), (9.0, 6.0))
    assert pull_turns(stack_of(seed, travel), np.arange(len(travel)) / HZ, 8) == ()


def test_too_short_or_too_slow_a_film_tells_nothing() -> None:
    travel = travel_of((8.0, 2.0))
    stack = stack_of(0, travel)
    assert pull_turns(stack[:20], np.arange(20) / HZ, 8) == ()
    assert pull_turns(stack, np.arange(len(travel)) / 1.0, 8) == ()
