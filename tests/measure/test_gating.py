"""Phase gating on pulls whose breathing and pulse are known."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.measure.gating import Gate, gate_of

RATE_HZ = 20.0
TIMES = np.arange(0, 40.0, 1 / RATE_HZ)
FRAMES = np.arange(len(TIMES))
COURSE = 150 - 40 * np.exp(-0.5 * ((TIMES - 20) / 4) ** 2)


def swinging(rate_hz: float, depth: float, noise: float = 0.01, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    swing = 1 + depth * np.cos(2 * np.pi * rate_hz * TIMES)
    return COURSE * swing * np.exp(noise * rng.normal(size=len(TIMES)))


@pytest.mark.parametrize(("rate_hz", "depth"), [(1.1, 0.08), (0.25, 0.15), (1.6, 0.06)])
def test_one_frame_a_cycle_where_the_lumen_is_largest(rate_hz: float, depth: float) -> None:
    area = swinging(rate_hz, depth)
    gate = gate_of(FRAMES, area, TIMES)
    assert isinstance(gate, Gate)
    assert gate.rate_hz == pytest.approx(rate_hz, rel=0.03)
    assert len(gate.frames) == pytest.approx(rate_hz * 40, abs=2)
    off = area[gate.frames] / (COURSE[gate.frames] * (1 + depth)) - 1
    assert np.abs(off[1:-1]).max() < 0.05 + depth / 4
    assert np.std(off[1:-1]) < np.std(area / COURSE - 1) / 2
    assert "a minute" in gate.text


def test_frames_without_a_border_are_left_out() -> None:
    keep = np.ones(len(FRAMES), bool)
    keep[100:140] = False
    gate = gate_of(FRAMES[keep], swinging(1.1, 0.08)[keep], TIMES)
    assert isinstance(gate, Gate)
    assert keep[gate.frames].all()


def test_nothing_regular_is_said() -> None:
    rng = np.random.default_rng(3)
    noise = COURSE * np.exp(0.03 * rng.normal(size=len(TIMES)))
    assert "no regular" in gate_of(FRAMES, noise, TIMES)
    assert "too few" in gate_of(FRAMES[:10], COURSE[:10], TIMES)
    slow = np.arange(0, 400.0, 5.0)
    assert "too far apart" in gate_of(np.arange(80), np.full(80, 100.0), slow)
