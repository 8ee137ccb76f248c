"""Which mask the header's items put on each frame (PS3.3 C.7.6.10)."""

from __future__ import annotations

import pytest

from viewer.model.subtraction import (
    HeaderMask,
    MaskOperation,
    RunSubtraction,
    mask_in_force,
)


def frames(masks: tuple[HeaderMask, ...], count: int) -> list[tuple[int, ...]]:
    found = [mask_in_force(masks, index) for index in range(count)]
    return [
        mask.frames_for(index, count) if mask is not None else ()
        for index, mask in enumerate(found)
    ]


def test_each_range_has_its_own_mask() -> None:
    masks = (
        HeaderMask(frames=(0, 1), ranges=((2, 3), (6, 6))),
        HeaderMask(frames=(4,), ranges=((4, 5),)),
    )
    first, second = (0, 1), (4,)
    assert frames(masks, 9) == [first] * 4 + [second] * 2 + [first] * 3


def test_frames_between_two_ranges_keep_the_mask_before() -> None:
    masks = (
        HeaderMask(frames=(0,), ranges=((1, 2),)),
        HeaderMask(frames=(3,), ranges=((5, 6),)),
    )
    assert frames(masks, 8) == [(0,)] * 5 + [(3,)] * 3


@pytest.mark.parametrize(
    ("offset", "expected"), [(2, [0, 0, 0, 1, 2]), (-1, [1, 2, 3, 4, 4]), (0, [0, 1, 2, 3, 4])]
)
def test_an_interval_takes_an_earlier_frame_within_the_run(
    offset: int, expected: list[int]
) -> None:
    masks = (HeaderMask(MaskOperation.INTERVAL, tid_offset=offset),)
    assert frames(masks, 5) == [(index,) for index in expected]


def test_reversed_intervals_go_back_from_the_first_frame_of_the_range() -> None:
    # the standard's example: frames 6-9 (1-based), offset 2, take 4, 3, 2, 1
    mask = HeaderMask(MaskOperation.REVERSED_INTERVAL, ranges=((5, 8),), tid_offset=2)
    assert [mask.frames_for(index, 12) for index in range(5, 9)] == [(3,), (2,), (1,), (0,)]


def test_no_item_is_no_mask() -> None:
    assert mask_in_force((), 3) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"mask_frames": ()},
        {"mask_frames": (-1,)},
        {"landmarking": 1.5},
        {"edges": -0.1},
        {"shift_px": (0.0, 65.0)},
        {"window": (0.0, 0.0)},
    ],
)
def test_settings_that_can_not_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"mask|shares|moved|wider"):
        RunSubtraction("1.2", **wrong)  # type: ignore[arg-type]


def test_looking_is_told_from_saying() -> None:
    looked = RunSubtraction("1.2", shown=True, window=(0.1, 0.5), inverted=True)
    assert not looked.said
    said = RunSubtraction("1.2", mask_frames=(3,))
    assert said.said
    both = said.looking_like(looked)
    assert (both.mask_frames, both.window, both.inverted) == ((3,), (0.1, 0.5), True)
    assert not said.looking_like(None).shown
