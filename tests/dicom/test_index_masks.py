"""The Mask Subtraction Sequence as it stands in files, sound and not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from header_samples import dataset, item, save

from viewer.dicom.index import index
from viewer.model.study import Run
from viewer.model.subtraction import HeaderMask, MaskOperation

FRAMES = 10


def read(tmp_path: Path, *items: dict[str, Any], **values: Any) -> Run:
    masks = [item(**one) for one in items]
    data = dataset(FRAMES, FrameTime=100, MaskSubtractionSequence=masks, **values)
    (found,) = index([save(data, tmp_path / "one.dcm")]).image_sets
    assert isinstance(found, Run)
    return found


def average(*numbers: int, **values: Any) -> dict[str, Any]:
    return {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": list(numbers), **values}


def test_every_item_is_read_with_its_ranges_shift_and_averaging(tmp_path: Path) -> None:
    first = average(1, 2, ApplicableFrameRange=[3, 5, 8, 8], MaskSubPixelShift=[0.5, -1.25])
    second = average(6, ApplicableFrameRange=[6, 7], ContrastFrameAveraging=2)
    found = read(tmp_path, {"MaskOperation": "NONE"}, first, second)
    assert found.masks == (
        HeaderMask(frames=(0, 1), ranges=((2, 4), (7, 7)), shift_px=(-1.25, 0.5)),
        HeaderMask(frames=(5,), ranges=((5, 6),), contrast_frames=2),
    )
    assert found.mask_frames == (0, 1)
    assert found.warnings == read(tmp_path / "none", {"MaskOperation": "NONE"}).warnings


@pytest.mark.parametrize(("offset", "expected"), [(3, 3), (-2, -2), (None, 1)])
def test_intervals_have_an_offset(tmp_path: Path, offset: int | None, expected: int) -> None:
    one: dict[str, Any] = {"MaskOperation": "TID"}
    if offset is not None:
        one["TIDOffset"] = offset
    found = read(tmp_path, one)
    assert found.masks == (HeaderMask(MaskOperation.INTERVAL, tid_offset=expected),)
    assert found.mask_frames == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (average(11), "Mask frame 11 is not one of 10 frames"),
        (average(1, ApplicableFrameRange=[12, 20]), "meant for frames 12-20, not in the run"),
        ({"MaskOperation": "TID", "TIDOffset": 10}, "10 frames before the current one"),
        ({"MaskOperation": "REV_TID"}, "not from which frame"),
        ({"MaskOperation": "MEDIAN"}, "Mask operation MEDIAN is not known"),
    ],
)
def test_an_item_that_can_not_be_is_told_and_the_others_used(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    found = read(tmp_path, wrong, average(2))
    assert found.masks == (HeaderMask(frames=(1,)),)
    assert any(said in text for text in found.warnings)


def test_what_is_half_wrong_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        average(2, 99, ApplicableFrameRange=[5, 40], MaskSubPixelShift=[5000.0, 0.0]),
    )
    assert found.masks == (HeaderMask(frames=(1,), ranges=((4, 9),)),)
    assert any("99" in text for text in found.warnings)
    assert any("shift of the mask makes no sense" in text for text in found.warnings)


@pytest.mark.parametrize(("sign", "expected"), [(1, 1), (-1, -1), (None, 0)])
def test_the_sign_of_the_intensity(tmp_path: Path, sign: int | None, expected: int) -> None:
    values = {} if sign is None else {"PixelIntensityRelationshipSign": sign}
    assert read(tmp_path, **values).pixels.intensity_sign == expected
