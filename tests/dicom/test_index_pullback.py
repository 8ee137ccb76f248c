from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from header_samples import SC, US_MULTI, dataset, save

from viewer.dicom.index import index
from viewer.model.study import ImageSet, Pullback, PullbackMode, Role


def read(tmp_path: Path, **values: Any) -> ImageSet:
    ds = dataset(4, FrameTime=33, **values)
    (found,) = index([save(ds, tmp_path / "one.dcm")]).image_sets
    return found


def pullback(tmp_path: Path, **values: Any) -> Pullback:
    found = read(tmp_path, SOPClassUID=US_MULTI, Modality="IVUS", **values)
    assert isinstance(found, Pullback)
    return found


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        ("MOTOR_PULLBACK", PullbackMode.MOTOR),
        ("MOTORIZED_PULLBACK", PullbackMode.MOTOR),
        ("MANUAL_PULLBACK", PullbackMode.MANUAL),
        ("MANUAL", PullbackMode.MANUAL),
        ("GATED_PULLBACK", PullbackMode.GATED),
        ("SELECTIVE", PullbackMode.SELECTIVE),
        ("selective_", PullbackMode.SELECTIVE),
    ],
)
def test_both_spellings(tmp_path: Path, written: str, mode: PullbackMode) -> None:
    assert pullback(tmp_path, IVUSAcquisition=written.encode()).mode is mode


def test_rate_and_stretch_become_0_based(tmp_path: Path) -> None:
    found = pullback(
        tmp_path,
        IVUSAcquisition="MOTOR_PULLBACK",
        IVUSPullbackRate=0.5,
        IVUSPullbackStartFrameNumber=2,
        IVUSPullbackStopFrameNumber=4,
    )
    assert (found.rate_mm_s, found.start_frame, found.stop_frame) == (0.5, 1, 3)
    assert found.motorised


@pytest.mark.parametrize(
    ("start", "stop", "kept", "words"),
    [
        (0, 4, (None, 3), "start frame 0 is not one of 4 frames"),
        (2, 9, (1, None), "stop frame 9 is not one of 4 frames"),
        (3, 2, (None, None), "not after its start"),
        (b"two", 4, (None, 3), "'two', which is no number"),
    ],
)
def test_a_stretch_that_cannot_be(
    tmp_path: Path, start: Any, stop: Any, kept: tuple[int | None, int | None], words: str
) -> None:
    found = pullback(tmp_path, IVUSPullbackStartFrameNumber=start, IVUSPullbackStopFrameNumber=stop)
    assert (found.start_frame, found.stop_frame) == kept
    assert any(words in text for text in found.warnings)


@pytest.mark.parametrize("rate", [0, -1, 5000, b"slow"])
def test_a_rate_that_cannot_be(tmp_path: Path, rate: Any) -> None:
    found = pullback(tmp_path, IVUSAcquisition="MOTOR_PULLBACK", IVUSPullbackRate=rate)
    assert found.rate_mm_s is None
    assert not found.motorised
    assert any("Pullback rate" in text for text in found.warnings)
    assert any("tie it with landmarks" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("values", "role"),
    [
        ({"Modality": "XA"}, Role.VENOGRAM),
        ({"Modality": "RF"}, Role.VENOGRAM),
        ({"Modality": None}, Role.VENOGRAM),
        ({"Modality": "IVUS"}, Role.PULLBACK),
        ({"Modality": "US"}, Role.ULTRASOUND),
        ({"Modality": "US", "IVUSAcquisition": "MANUAL_PULLBACK"}, Role.PULLBACK),
        ({"Modality": "US", "TransducerType": "IV_ROT XTAL"}, Role.PULLBACK),
        ({"Modality": "US", "SeriesDescription": "Left iliac IVUS"}, Role.PULLBACK),
        ({"Modality": "US", "StudyDescription": "Venogram and IVUS"}, Role.PULLBACK),
        (
            {"Modality": "US", "StudyDescription": "IVUS", "SeriesDescription": "Duplex leg"},
            Role.ULTRASOUND,
        ),
        ({"Modality": "OT", "SOPClassUID": SC, "SeriesDescription": "Pull-back 2"}, Role.PULLBACK),
        ({"Modality": "OT", "SOPClassUID": SC, "SeriesDescription": "Worklist"}, Role.OTHER),
        ({"Modality": "XA", "SeriesDescription": "before IVUS"}, Role.VENOGRAM),
        ({"Modality": "CT"}, Role.VOLUME),
        ({"Modality": "NM"}, Role.OTHER),
    ],
)
def test_role(tmp_path: Path, values: dict[str, Any], role: Role) -> None:
    found = read(tmp_path, **values)
    assert found.role is role
    assert isinstance(found, Pullback) == (role is Role.PULLBACK)


@pytest.mark.parametrize(
    ("modality", "role"),
    [("PR", Role.PRESENTATION), ("KO", Role.PRESENTATION), ("SR", Role.REPORT)],
)
def test_objects_without_frames(tmp_path: Path, modality: str, role: Role) -> None:
    ds = dataset(Modality=modality, Rows=None, Columns=None, PixelData=None)
    (found,) = index([save(ds, tmp_path / "one.dcm")]).image_sets
    assert (found.role, found.frames, found.warnings) == (role, 0, ())
