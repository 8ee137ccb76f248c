"""The synthetic case: readable DICOM whose truth agrees with its own headers and pixels."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from viewer.cli import main
from viewer.errors import UnreadableError
from viewer.model.anatomy import LANDMARK_KINDS
from viewer.phantom.cases import CASES, WrittenCase, write_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> WrittenCase:
    return write_case("nivl-small", tmp_path_factory.mktemp("cases") / "small", seed=3)


@pytest.fixture(scope="module")
def truth(case: WrittenCase) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(case.truth.read_text(encoding="utf-8"))
    return read


def frames_of(path: Path) -> tuple[pydicom.Dataset, np.ndarray]:
    data = pydicom.dcmread(path)
    parts = generate_frames(data.PixelData, number_of_frames=int(data.NumberOfFrames))
    return data, np.stack([imagecodecs.jpeg8_decode(part) for part in parts])


def project(data: pydicom.Dataset, xyz: np.ndarray) -> np.ndarray:
    """Pixel positions from the header alone, written out once more."""
    lao = np.radians(float(data.PositionerPrimaryAngle))
    cranial = np.radians(float(data.PositionerSecondaryAngle))
    forward = np.array(
        [np.sin(lao) * np.cos(cranial), -np.cos(lao) * np.cos(cranial), np.sin(cranial)]
    )
    across = np.array([np.cos(lao), np.sin(lao), 0.0])
    down = np.cross(across, forward)
    sod, sid = float(data.DistanceSourceToPatient), float(data.DistanceSourceToDetector)
    depth = xyz @ forward + sod
    at_detector = np.stack([xyz @ across, xyz @ down], axis=-1) * (sid / depth)[:, None]
    row_mm, column_mm = (float(v) for v in data.ImagerPixelSpacing)
    middle = np.array([(data.Columns - 1) / 2, (data.Rows - 1) / 2])
    return at_detector / np.array([column_mm, row_mm]) + middle


def test_files_are_those_named_and_nothing_else(case: WrittenCase) -> None:
    folder = case.truth.parent
    assert sorted(folder.iterdir()) == sorted([*case.files, case.truth])
    assert [f.name for f in case.files] == ["run-1-ap.dcm", "run-2-lao30.dcm", "pullback-1.dcm"]


def test_projection_by_the_header_gives_the_true_pixels(
    case: WrittenCase, truth: dict[str, Any]
) -> None:
    pullback = truth["pullbacks"][0]
    xyz = np.array(pullback["xyz_mm"])
    for run in truth["runs"]:
        data = pydicom.dcmread(case.truth.parent / run["file"], stop_before_pixels=True)
        assert np.abs(project(data, xyz) - pullback["xy_px"][run["file"]]).max() < 0.5
        path = np.array(truth["anatomy"]["path"]["xyz_mm"])
        line = np.array(run["centerline"]["xy_px"])
        assert np.abs(project(data, path) - line).max() < 0.5
        assert (line > 0).all()
        assert (line < data.Columns - 1).all()


def test_patient_left_is_on_the_right_and_the_head_is_up(
    case: WrittenCase, truth: dict[str, Any]
) -> None:
    line = np.array(truth["runs"][0]["centerline"]["xy_px"])
    assert line[-1, 0] > line[0, 0] + 50  # the left groin is right of the cava
    assert line[-1, 1] > line[0, 1] + 100


def test_scale_at_the_isocentre_is_spacing_times_sod_over_sid(
    case: WrittenCase, truth: dict[str, Any]
) -> None:
    for run in truth["runs"]:
        data = pydicom.dcmread(case.truth.parent / run["file"], stop_before_pixels=True)
        derived = (
            float(data.ImagerPixelSpacing[0])
            * float(data.DistanceSourceToPatient)
            / float(data.DistanceSourceToDetector)
        )
        assert run["mm_per_px"]["isocentre"] == pytest.approx(derived, rel=1e-5)
        assert run["mm_per_px"]["vein_mean"] == pytest.approx(derived, rel=0.08)


def test_arc_length_is_the_length_of_the_path_in_space(truth: dict[str, Any]) -> None:
    path = truth["anatomy"]["path"]
    steps = np.linalg.norm(np.diff(np.array(path["xyz_mm"]), axis=0), axis=1)
    assert steps.sum() == pytest.approx(path["s_mm"][-1], rel=2e-3)
    assert 230.0 < path["s_mm"][-1] < 260.0


def test_a_pull_by_hand_never_goes_back_and_is_uneven(truth: dict[str, Any]) -> None:
    pullback = truth["pullbacks"][0]
    speed = np.diff(pullback["s_mm"]) * pullback["rate_hz"]
    assert (speed >= 0).all()
    assert speed.min() < 3.0
    assert 9.0 < speed.max() < 20.0
    assert pullback["s_mm"][0] < 5.0


def test_contours_enclose_the_true_area(truth: dict[str, Any]) -> None:
    pullback = truth["pullbacks"][0]
    for flat, area in zip(pullback["contours_px"], pullback["area_mm2"], strict=True):
        x, y = np.array(flat).reshape(-1, 2).T
        inside = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y))
        assert inside * pullback["mm_per_px"] ** 2 == pytest.approx(area, abs=0.02)
    shortest, longest = (np.array(pullback[f"{k}_diameter_mm"]) for k in ("min", "max"))
    assert (shortest <= longest).all()


def test_the_compression_is_flat_and_at_the_artery(truth: dict[str, Any]) -> None:
    stenosis = truth["segments"][0]
    file = truth["pullbacks"][0]["file"]
    frame = stenosis["min_frame"][file]
    pullback = truth["pullbacks"][0]
    assert 85.0 < stenosis["min_area_mm2"][file] < 125.0
    ratio = pullback["min_diameter_mm"][frame] / pullback["max_diameter_mm"][frame]
    assert 0.2 < ratio < 0.42
    first, last = stenosis["frames"][file]
    assert first < frame < last
    assert 26.0 < stenosis["stop_s_mm"] - stenosis["start_s_mm"] < 28.0
    x, y, *_ = pullback["artery"]["ellipse_px"][frame]
    assert y < pullback["catheter_px"][1] - 5  # in front of the vein
    assert abs(x - pullback["catheter_px"][0]) * pullback["mm_per_px"] < 10


def test_landmarks_are_known_kinds_in_order(truth: dict[str, Any]) -> None:
    names = [mark["name"] for mark in truth["landmarks"]]
    kinds = [kind.key for kind in LANDMARK_KINDS]
    assert names == sorted(names, key=kinds.index)
    assert {"confluence", "artery_crossing", "internal_iliac", "inguinal"} <= set(names)
    at = [mark["s_mm"] for mark in truth["landmarks"]]
    assert at == sorted(at)
    pullback = truth["pullbacks"][0]
    for mark in truth["landmarks"]:
        s = np.array(pullback["s_mm"])
        nearest = int(np.argmin(np.abs(s - mark["s_mm"])))
        assert mark["frame"][pullback["file"]] == nearest


def test_runs_are_what_their_headers_say(case: WrittenCase, truth: dict[str, Any]) -> None:
    for path, angle in zip(case.files, (0.0, 30.0), strict=False):
        data, frames = frames_of(path)
        assert frames.shape == (data.NumberOfFrames, data.Rows, data.Columns)
        assert (data.Modality, data.BitsStored, data.PhotometricInterpretation) == (
            "XA",
            12,
            "MONOCHROME2",
        )
        assert float(data.PositionerPrimaryAngle) == angle
        assert frames.min() > 20
        assert frames.max() < 4096
        assert np.ptp(frames) > 1000
        mask = data.MaskSubtractionSequence[0].MaskFrameNumbers
        run = next(r for r in truth["runs"] if r["file"] == path.name)
        wanted = [mask] if isinstance(mask, int) else list(mask)
        assert [m - 1 for m in wanted] == run["mask_frames"]
        assert data.PatientIdentityRemoved == "YES"
        assert "CineRate" not in data  # it can't hold this rate, and must not contradict it
        assert 1000.0 / float(data.FrameTime) == pytest.approx(run["rate_hz"], rel=1e-5)


def test_the_vein_is_dark_once_contrast_has_come(case: WrittenCase, truth: dict[str, Any]) -> None:
    for run in truth["runs"]:
        _, frames = frames_of(case.truth.parent / run["file"])
        log = np.log(frames.astype(np.float64) + 1.0)
        mask = log[run["mask_frames"]].mean(axis=0)
        late = int(run["contrast"]["stop_s"] * run["rate_hz"])
        change = log[late] - mask
        dx, dy = run["motion_px"][late]
        x, y = np.rint(np.array(run["centerline"]["xy_px"]) + np.array([dx, dy])).astype(int).T
        along = change[y, x]
        assert np.mean(along < -0.12) > 0.95
        assert abs(np.median(change)) < 0.03
        before = log[run["mask_frames"][-1]] - mask
        assert abs(before[y, x].mean()) < 0.03


def test_contrast_arrives_from_the_groin(truth: dict[str, Any]) -> None:
    for run in truth["runs"]:
        arrival = np.array(run["contrast"]["arrival_s"])
        assert (np.diff(arrival) < 0).all()  # the path runs from the cava to the groin
        assert arrival.min() > (len(run["mask_frames"]) - 1) / run["rate_hz"]


def test_the_lumen_is_darker_than_its_wall(case: WrittenCase, truth: dict[str, Any]) -> None:
    data, frames = frames_of(case.files[2])
    pullback = truth["pullbacks"][0]
    middle = np.array(pullback["catheter_px"])
    away = pullback["catheter_radius_mm"] / pullback["mm_per_px"] + 4
    darker = 0
    for frame, flat in zip(frames, pullback["contours_px"], strict=True):
        contour = np.array(flat).reshape(-1, 2)
        center = contour.mean(axis=0)
        lumen, wall = (center + k * (contour - center) for k in (0.6, 1.06))
        lumen = lumen[np.hypot(*(lumen - middle).T) > away]
        values = [
            frame[tuple(np.rint(p).astype(int).T[::-1])].mean() for p in (lumen, wall) if len(p)
        ]
        darker += len(values) == 2 and values[0] + 40 < values[1]
    assert darker > 0.9 * len(frames)
    assert data.Modality == "IVUS"


def test_the_scale_of_the_pullback_is_in_its_region(
    case: WrittenCase, truth: dict[str, Any]
) -> None:
    data = pydicom.dcmread(case.files[2], stop_before_pixels=True)
    region = data.SequenceOfUltrasoundRegions[0]
    assert region.PhysicalUnitsXDirection == region.PhysicalUnitsYDirection == 3
    assert region.PhysicalDeltaX * 10 == pytest.approx(truth["pullbacks"][0]["mm_per_px"])
    assert data.IVUSAcquisition == "MANUAL_PULLBACK"
    assert "IVUSPullbackRate" not in data


def test_same_seed_same_bytes_other_seed_others(case: WrittenCase, tmp_path: Path) -> None:
    def sums(written: WrittenCase) -> list[str]:
        paths = [*written.files, written.truth]
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]

    first = sums(case)
    assert sums(write_case("nivl-small", tmp_path / "again", seed=3)) == first
    assert not set(sums(write_case("nivl-small", tmp_path / "other", seed=4))) & set(first)


def test_progress_goes_up_to_one(tmp_path: Path) -> None:
    told: list[float] = []
    write_case("nivl-small", tmp_path, progress=lambda share, text: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("here")
    with pytest.raises(UnreadableError, match="a file"):
        write_case("nivl-small", blocked / "case")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phantom", "nivl-small", "--out", str(tmp_path / "new" / "case"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [Path(f).is_file() for f in (*answer["files"], answer["truth"])] == [True] * 4
    assert main(["phantom", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["cases"]
    assert [c["name"] for c in listed] == list(CASES)
    assert main(["phantom", "moon", "--out", str(tmp_path)]) == 2
    assert "nivl-motor" in capsys.readouterr().err
    assert main(["phantom", "nivl"]) == 2
