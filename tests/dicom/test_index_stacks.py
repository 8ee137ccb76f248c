from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from header_samples import SC, dataset, region, save, uid

from viewer.dicom import index as index_module
from viewer.dicom.index import IndexResult, index
from viewer.dicom.sources import Source
from viewer.model.study import Pullback, Run


def series(folder: Path, count: int, **values: Any) -> IndexResult:
    """Write single frames under names in no order; a callable value gets the frame's place."""
    names = [f"{k * 7 % count:03}.dcm" for k in range(count)]  # 7 is prime to every count used
    for k, name in enumerate(names):
        own = {key: value(k) if callable(value) else value for key, value in values.items()}
        save(dataset(SOPInstanceUID=uid(f"{folder.name}-{k}"), **own), folder / name)
    return index([folder])


def order(result: IndexResult) -> list[str]:
    (found,) = result.image_sets
    return [span.sop_instance_uid for span in found.spans]


def expected(folder: Path, count: int) -> list[str]:
    return [uid(f"{folder.name}-{k}") for k in range(count)]


def test_by_instance_number(tmp_path: Path) -> None:
    result = series(tmp_path / "a", 12, InstanceNumber=lambda k: k + 1, FrameTime=100)
    assert order(result) == expected(tmp_path / "a", 12)
    (run,) = result.image_sets
    assert isinstance(run, Run)
    assert (run.uid, run.frames, len(run.paths)) == (uid("series"), 12, 12)
    assert run.timing.frame_time_ms == pytest.approx(100)
    assert run.timing.source == "Frame Time (0018,1063)"


def test_by_acquisition_time(tmp_path: Path) -> None:
    result = series(tmp_path / "a", 5, AcquisitionTime=lambda k: f"1015{k * 2:02}.500")
    assert order(result) == expected(tmp_path / "a", 5)
    assert result.image_sets[0].timing.times_s == pytest.approx((0, 2, 4, 6, 8))
    assert result.image_sets[0].timing.source == "acquisition time of each file"


def test_by_content_time_when_instance_numbers_repeat(tmp_path: Path) -> None:
    result = series(tmp_path / "a", 4, InstanceNumber=1, ContentTime=lambda k: f"101500.{k:03}")
    assert order(result) == expected(tmp_path / "a", 4)


def test_order_by_name_is_told(tmp_path: Path) -> None:
    result = series(tmp_path / "a", 3)
    (found,) = result.image_sets
    assert [path.name for path in found.paths] == ["000.dcm", "001.dcm", "002.dcm"]
    assert any("follows the file names" in text for text in found.warnings)
    assert any("frame rate by hand" in text for text in found.warnings)


def test_mixed_sizes_are_split(tmp_path: Path) -> None:
    result = series(
        tmp_path / "a",
        6,
        InstanceNumber=lambda k: k + 1,
        Columns=lambda k: 4 if k < 2 else 8,
        Rows=lambda k: 16 if k < 2 else 8,
    )
    assert sorted(found.frames for found in result.image_sets) == [2, 4]
    assert len({found.uid for found in result.image_sets}) == 2


def test_a_pullback_of_single_captures(tmp_path: Path) -> None:
    result = series(
        tmp_path / "a",
        4,
        SOPClassUID=SC,
        Modality="OT",
        SeriesDescription="IVUS pullback",
        InstanceNumber=lambda k: k + 1,
        SequenceOfUltrasoundRegions=lambda k: [region()],
        IVUSPullbackStartFrameNumber=1,
        IVUSPullbackStopFrameNumber=9,
        CineRate=30,
    )
    (found,) = result.image_sets
    assert isinstance(found, Pullback)
    assert found.frames == 4
    assert found.calibration.mm_per_px == pytest.approx(0.2)
    assert (found.start_frame, found.stop_frame) == (0, None)
    assert found.timing.rate_hz == pytest.approx(30)


def test_a_change_of_depth_splits_a_pullback(tmp_path: Path) -> None:
    result = series(
        tmp_path / "a",
        4,
        Modality="IVUS",
        InstanceNumber=lambda k: k + 1,
        SequenceOfUltrasoundRegions=lambda k: [
            region(PhysicalDeltaX=0.01 * (1 + k // 2), PhysicalDeltaY=0.01 * (1 + k // 2))
        ],
    )
    scales = [found.calibration.mm_per_px for found in result.image_sets]
    assert sorted(scales, key=float) == pytest.approx([0.1, 0.2])  # type: ignore[arg-type]


def test_angles_and_distances_that_change(tmp_path: Path) -> None:
    result = series(
        tmp_path / "a",
        3,
        InstanceNumber=lambda k: k + 1,
        PositionerPrimaryAngle=lambda k: 10 * k,
        PositionerSecondaryAngle=0,
        ImagerPixelSpacing=[0.3, 0.3],
        DistanceSourceToDetector=1200,
        DistanceSourceToPatient=lambda k: 700 + 50 * k,
    )
    (run,) = result.image_sets
    assert isinstance(run, Run)
    assert run.primary_angle_deg is None
    assert not run.calibration.known
    assert any("angles change" in text for text in run.warnings)
    assert any("distances change" in text for text in run.warnings)


def test_multi_frames_of_one_series_stay_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(dataset(3, SOPInstanceUID=uid(name), FrameTime=33), tmp_path / name)
    save(dataset(SOPInstanceUID=uid("c"), InstanceNumber=1), tmp_path / "c")
    result = index([tmp_path])
    assert sorted(found.frames for found in result.image_sets) == [1, 3, 3]
    assert {found.uid for found in result.image_sets} == {uid("a"), uid("b"), uid("series")}


def test_acquisition_order(tmp_path: Path) -> None:
    for name, moment in (("a", "120000"), ("b", "090000"), ("c", "100000")):
        ds = dataset(2, SOPInstanceUID=uid(name), AcquisitionTime=moment, FrameTime=33)
        save(ds, tmp_path / name)
    found = index([tmp_path]).image_sets
    assert [s.uid for s in found] == [uid("b"), uid("c"), uid("a")]


def test_copies_are_shown_once_but_different_content_twice(tmp_path: Path) -> None:
    same: dict[str, Any] = {"SOPInstanceUID": uid("x"), "FrameTime": 33}
    save(dataset(2, **same), tmp_path / "a.dcm")
    save(dataset(2, **same), tmp_path / "b.dcm")
    save(dataset(3, **same), tmp_path / "c.dcm")
    result = index([tmp_path])
    assert [found.uid for found in result.image_sets] == [uid("x"), uid("x") + "#2"]
    assert any("same UID" in text for text in result.image_sets[1].warnings)
    assert [(s.path.name, s.reason) for s in result.ignored] == [
        ("b.dcm", "a copy of a.dcm; shown once")
    ]
    assert result.skipped == ()


def test_patients_are_counted(tmp_path: Path) -> None:
    save(dataset(2, FrameTime=33), tmp_path / "a.dcm")
    save(dataset(2, FrameTime=33, PatientID="P2", SOPInstanceUID=uid("b")), tmp_path / "b.dcm")
    assert index([tmp_path]).patients == 2


@pytest.mark.parametrize(("processes", "limit"), [(1, 600), (2, 10)])
def test_processes_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int, limit: int
) -> None:
    monkeypatch.setattr("viewer.dicom.index.WORTH_FORKING", limit)
    monkeypatch.setattr("viewer.dicom.index.WORTH_SPAWNING", limit)
    monkeypatch.setattr("viewer.dicom.index.CHUNK", 7)
    folder = tmp_path / "a"
    series(folder, 20, InstanceNumber=lambda k: k + 1)
    save(dataset(2, SOPInstanceUID=uid("m"), FrameTime=33), folder / "zz.dcm")
    (folder / "broken.dcm").write_bytes(b"no")
    steps: list[tuple[int, int]] = []
    result = index(
        [folder], processes=processes, progress=lambda done, total: steps.append((done, total))
    )
    assert sorted(found.frames for found in result.image_sets) == [2, 20]
    assert order(IndexResult(result.image_sets[:1], (), 0, 0)) == expected(folder, 20)
    assert len(result.skipped) == 1
    assert steps == [(7, 22), (14, 22), (21, 22), (22, 22)]


def test_a_process_that_dies_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent, reading = os.getpid(), index_module.read_chunk

    def dying(sources: list[Source]) -> index_module.Chunk:
        if os.getpid() != parent:
            os._exit(1)
        return reading(sources)

    monkeypatch.setattr(index_module, "read_chunk", dying)
    monkeypatch.setattr(index_module, "WORTH_FORKING", 2)
    monkeypatch.setattr(index_module, "CHUNK", 4)
    series(tmp_path / "a", 10, InstanceNumber=lambda k: k + 1)
    result = index([tmp_path / "a"], processes=2)
    assert [found.frames for found in result.image_sets] == [10]
    assert result.files == 10


def test_cancelling_keeps_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewer.dicom.index.CHUNK", 4)
    series(tmp_path / "a", 10, InstanceNumber=lambda k: k + 1)
    result = index([tmp_path / "a"], cancelled=lambda: True)
    assert result.files == 4
    assert result.image_sets[0].frames == 4


def test_same_uid_and_size_but_other_pixels_is_no_copy(tmp_path: Path) -> None:
    ds = dataset(3, FrameTime=33)
    save(ds, tmp_path / "a.dcm")
    save(ds, tmp_path / "b.dcm")
    ds.PixelData = ds.PixelData[:-2] + b"\1\0"
    save(ds, tmp_path / "c.dcm")
    result = index([tmp_path])
    assert [left.path.name for left in result.ignored] == ["b.dcm"]
    first, second = result.image_sets
    assert (first.paths[0].name, second.paths[0].name) == ("a.dcm", "c.dcm")
    assert second.uid == f"{first.uid}#2"
    assert "same UID" in second.warnings[-1]
