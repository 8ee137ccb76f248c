from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from header_samples import ENHANCED_XA, dataset, item, save
from pydicom.tag import Tag

from viewer.dicom.index import index
from viewer.model.study import ImageSet

FRAME_TIME, VECTOR = Tag(0x00181063), Tag(0x00181065)


def only(path: Path) -> ImageSet:
    result = index([path])
    assert result.skipped == ()
    (found,) = result.image_sets
    return found


def timed(tmp_path: Path, frames: int = 4, **values: Any) -> ImageSet:
    return only(save(dataset(frames, **values), tmp_path / "run.dcm"))


def test_frame_time(tmp_path: Path) -> None:
    found = timed(tmp_path, FrameIncrementPointer=FRAME_TIME, FrameTime=66.7)
    assert found.timing.times_s == pytest.approx((0, 0.0667, 0.1334, 0.2001))
    assert found.timing.source == "Frame Time (0018,1063)"
    assert found.timing.frame_time_ms == pytest.approx(66.7)


def test_vector_first_value_is_the_delay_before_the_first_frame(tmp_path: Path) -> None:
    found = timed(tmp_path, FrameIncrementPointer=VECTOR, FrameTimeVector=[33, 50, 100, 50])
    assert found.timing.times_s == pytest.approx((0, 0.05, 0.15, 0.2))


def test_the_pointer_decides_between_two(tmp_path: Path) -> None:
    both: dict[str, Any] = {"FrameTime": 40, "FrameTimeVector": [0, 100, 100, 100]}
    by_vector = timed(tmp_path, FrameIncrementPointer=VECTOR, **both)
    by_time = timed(tmp_path, FrameIncrementPointer=FRAME_TIME, **both)
    assert by_vector.timing.frame_time_ms == pytest.approx(100)
    assert by_time.timing.frame_time_ms == pytest.approx(40)


@pytest.mark.parametrize(
    ("values", "ms"),
    [
        ({"FrameTime": 40}, 40),
        ({"FrameTimeVector": [0, 20, 20, 20]}, 20),
        ({"CineRate": 25}, 40),
        ({"RecommendedDisplayFrameRate": 10}, 100),
        ({"FrameTime": 0, "CineRate": 25}, 40),
        ({"FrameTime": -5, "CineRate": 25}, 40),
        ({"FrameTime": b"fast", "CineRate": 25}, 40),
        ({"FrameTime": 0.0333, "CineRate": 30}, 1000 / 30),
        ({"FrameTimeVector": [0, 10], "CineRate": 25}, 40),
        ({"FrameTimeVector": [0, 10, 0, 10], "CineRate": 25}, 40),
        ({"FrameTimeVector": [10, 10, 10]}, 10),
    ],
)
def test_what_there_is_without_a_pointer(tmp_path: Path, values: dict[str, Any], ms: float) -> None:
    assert timed(tmp_path, **values).timing.frame_time_ms == pytest.approx(ms)


@pytest.mark.parametrize(
    "values",
    [{}, {"FrameTime": 0}, {"CineRate": 0}, {"FrameTimeVector": [0, 10]}, {"FrameTime": b"  "}],
)
def test_never_a_silent_default(tmp_path: Path, values: dict[str, Any]) -> None:
    found = timed(tmp_path, **values)
    assert found.timing.times_s is None
    assert found.timing.frame_time_ms is None
    assert any("frame rate by hand" in text for text in found.warnings)


def test_each_bad_value_is_named(tmp_path: Path) -> None:
    found = timed(tmp_path, FrameTime=-5, CineRate=25)
    assert any("Frame Time is '-5" in text for text in found.warnings)
    short = timed(tmp_path, FrameTimeVector=[10, 10, 10])
    assert any("3 values for 4 frames; read as the times between" in t for t in short.warnings)


def test_two_rates_that_disagree_are_told(tmp_path: Path) -> None:
    found = timed(tmp_path, FrameTime=33.3, CineRate=15)
    assert any("Cine Rate 15" in text for text in found.warnings)
    agreeing = timed(tmp_path, FrameTime=33.3, CineRate=30)
    assert not any("Cine Rate" in text for text in agreeing.warnings)


def enhanced(tmp_path: Path, seconds: list[str]) -> ImageSet:
    groups = [
        item(FrameContentSequence=[item(FrameAcquisitionDateTime=f"202603011015{text}")])
        for text in seconds
    ]
    ds = dataset(len(seconds), SOPClassUID=ENHANCED_XA, PerFrameFunctionalGroupsSequence=groups)
    return only(save(ds, tmp_path / "enhanced.dcm"))


def test_enhanced_times_come_from_each_frame(tmp_path: Path) -> None:
    found = enhanced(tmp_path, ["00.000", "00.250", "01.250"])
    assert found.timing.times_s == pytest.approx((0, 0.25, 1.25))
    assert found.timing.source == "Frame Acquisition DateTime (0018,9074)"


def test_enhanced_times_that_stand_still_are_not_used(tmp_path: Path) -> None:
    found = enhanced(tmp_path, ["00.000", "00.250", "00.250"])
    assert found.timing.times_s is None
    assert any("does not increase" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("values", "played", "told"),
    [
        ({}, None, ""),
        ({"StartTrim": 2, "StopTrim": 3}, (1, 2), ""),
        ({"StartTrim": 3}, (2, 3), ""),
        ({"StopTrim": 2}, (0, 1), ""),
        ({"StartTrim": 1, "StopTrim": 4}, None, ""),
        ({"StartTrim": 3, "StopTrim": 2}, None, "no stretch"),
        ({"StartTrim": 0, "StopTrim": 2}, None, "no stretch"),
        ({"StartTrim": 9, "StopTrim": 12}, None, "not one of 4 frames"),
        ({"StartTrim": 2, "StopTrim": 12}, (1, 3), "beyond the 4 frames"),
    ],
)
def test_trims_bound_what_is_played(
    tmp_path: Path, values: dict[str, Any], played: tuple[int, int] | None, told: str
) -> None:
    found = timed(tmp_path, FrameTime=40, **values)
    assert found.trim == played
    warned = [text for text in found.warnings if "Trim" in text]
    assert (len(warned) == 1 and told in warned[0]) if told else not warned


@pytest.mark.parametrize(("value", "sweep"), [(None, False), (0, False), (1, True), (7, False)])
def test_playback_sequencing(tmp_path: Path, value: int | None, sweep: bool) -> None:
    values = {} if value is None else {"PreferredPlaybackSequencing": value}
    assert timed(tmp_path, FrameTime=40, **values).sweep is sweep
