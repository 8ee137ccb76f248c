"""The bound of the frame cache, set while it holds frames."""

from __future__ import annotations

import numpy as np

from viewer.session.frame_cache import FrameCache, budget_range_bytes, default_budget_bytes

FRAME = np.zeros((10, 10), np.uint8)


def filled(frames: int) -> FrameCache:
    cache = FrameCache(10_000)
    cache.open_shelf("run", 50)
    for index in range(frames):
        assert cache.put("run", index, FRAME, need=float(index))
    return cache


def test_a_smaller_bound_holds_at_once() -> None:
    cache = filled(20)
    assert cache.state.bytes == 2000
    cache.set_budget(750)
    assert cache.state.bytes == 700
    assert cache.state.budget_bytes == 750
    cache.set_budget(0)
    assert cache.state.frames == 0


def test_a_larger_bound_loses_nothing() -> None:
    cache = filled(20)
    cache.set_budget(100_000)
    assert cache.state.frames == 20


def test_the_usual_bound_may_be_chosen() -> None:
    low, high = budget_range_bytes()
    assert low <= max(default_budget_bytes(), low) <= high
