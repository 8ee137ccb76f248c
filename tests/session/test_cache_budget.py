"""The bound of the frame cache, set while it holds frames."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.session import frame_cache
from viewer.session.frame_cache import (
    LEAST_APART,
    FrameCache,
    apart,
    budget_range_bytes,
    default_budget_bytes,
)

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


@pytest.mark.parametrize(
    ("machine_mib", "images_mib"),
    [(24 * 1024, 576), (4096, 576), (3072, 320), (2048, 64), (1024, 64), (0, 64)],
)
def test_a_quarter_of_the_machine_and_at_most_a_gigabyte_is_for_program_and_images(
    machine_mib: int, images_mib: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_cache, "memory_bytes", lambda: machine_mib * 2**20)
    assert default_budget_bytes() == images_mib * 2**20


def test_frames_give_way_to_what_is_set_aside() -> None:
    cache = filled(20)
    cache.set_budget(2000)
    cache.set_aside("long view", 450)
    assert cache.state.frames == 15
    assert cache.state.bytes == 1950
    cache.open_shelf("other", 50)
    assert not cache.put("other", 0, FRAME, need=float("inf"))
    cache.set_aside("long view", 100)  # another figure, not one more
    assert cache.state.bytes == 1600
    cache.set_aside("long view", 0)
    assert cache.put("other", 0, FRAME, need=float("inf"))
    assert cache.state.bytes == 1600


def test_more_set_aside_than_there_is_leaves_no_frame() -> None:
    cache = filled(20)
    cache.set_budget(2000)
    cache.set_aside("masks", 5000)
    assert cache.state.frames == 0
    assert cache.state.bytes == 5000
    assert not cache.put("run", 3, FRAME, need=0.0)
    cache.clear()
    assert cache.state.bytes == 0


def test_a_kept_frame_has_memory_of_its_own() -> None:
    pixels = np.arange(LEAST_APART, dtype=np.uint16).reshape(256, -1)
    kept = apart(pixels)
    assert not np.shares_memory(kept, pixels)
    assert (kept.dtype, kept.shape) == (pixels.dtype, pixels.shape)
    np.testing.assert_array_equal(kept, pixels)
    assert not kept.flags.writeable
    assert apart(FRAME) is FRAME


def test_a_frame_stays_where_it_is_when_the_system_has_no_more_areas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_where: int, _bytes: int) -> None:
        raise OSError("no more")

    monkeypatch.setattr("viewer.session.frame_cache.mmap.mmap", refuse)
    pixels = np.zeros((512, 512), np.uint8)
    assert apart(pixels) is pixels
