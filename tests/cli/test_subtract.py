"""``caval subtract`` as scripts use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from viewer.cli import main

ROWS, COLUMNS, ARRIVAL = 64, 80, 5
MOTION = np.array([(0.0, 0.0)] * 6 + [(1.5, -0.5)] * 6)


def anatomy() -> np.ndarray[Any, Any]:
    y, x = np.mgrid[0 : ROWS + 16, 0 : COLUMNS + 16].astype(float)
    bones = 0.3 * np.tanh(3 * np.sin(x / 6 + np.sin(y / 9))) + 0.2 * np.cos(y / 5)
    return np.asarray(bones + 0.1 * np.sin(x / 3) * np.cos(y / 4))


def made_run(frames: int = 12, noise: float = 4.0) -> np.ndarray[Any, Any]:
    """Linear values; from frame 5 on a dark band, from frame 6 on everything moved."""
    from scipy import ndimage

    rng = np.random.default_rng(2)
    made = []
    for index in range(frames):
        dx, dy = MOTION[index]
        part = ndimage.shift(anatomy(), (dy, dx), order=3, mode="nearest")[8:-8, 8:-8].copy()
        if index >= ARRIVAL:
            part[20:28, 30:70] += 0.7
        value = 1500 * np.exp(-part) + rng.normal(0, noise, part.shape)
        made.append(np.clip(value, 0, 4095).astype(np.uint16))
    return np.stack(made)


def write(path: Path, frames: np.ndarray[Any, Any], **values: Any) -> Path:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.12.1", "1.2.3"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = "1.2", "1.2.4", "XA"
    colour = frames.ndim == 4
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    ds.NumberOfFrames, ds.Rows, ds.Columns = frames.shape[:3]
    bits = 8 * frames.dtype.itemsize
    ds.BitsAllocated, ds.BitsStored = bits, 8 if bits == 8 else 12
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, 0
    if colour:
        ds.PlanarConfiguration = 0
    ds.PixelIntensityRelationship = "LIN"
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds.PixelData = frames.tobytes()
    ds["PixelData"].VR = "OW" if bits > 8 else "OB"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(path, enforce_file_format=True)
    return path


def masked(*numbers: int) -> Sequence:
    item = Dataset()
    item.MaskOperation, item.MaskFrameNumbers = "AVG_SUB", list(numbers)
    return Sequence([item])


def subtract(
    capsys: pytest.CaptureFixture[str], run: Path, *words: str
) -> tuple[int, dict[str, Any], str]:
    out = run.with_suffix(".npz")
    code = main(["subtract", str(run), "--out", str(out), "--json", *words])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else {}, said.err


def test_a_run_less_its_header_mask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = made_run()
    run = write(tmp_path / "run.dcm", frames, MaskSubtractionSequence=masked(2, 4))
    code, answer, told = subtract(capsys, run)
    assert (code, told) == (0, "")
    assert answer["mask_frames"] == [1, 3]
    assert answer["frames"] == 12
    assert answer["shifts"] == [[0.0, 0.0]] * 12
    with np.load(tmp_path / "run.npz") as archive:
        result = archive["frames"]
    logs = np.log(np.maximum(frames, 1).astype(np.float64))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, logs - (logs[1] + logs[3]) / 2, atol=1e-5)
    assert np.median(result[5, 20:28, 30:70]) == pytest.approx(-0.7, abs=0.02)


def test_the_mask_is_found_and_fitted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write(tmp_path / "run.dcm", made_run(), MaskSubtractionSequence=masked(12))
    code, answer, told = subtract(capsys, run, "--mask", "auto", "--shift", "auto")
    assert (code, told) == (0, "")
    assert max(answer["mask_frames"]) in (ARRIVAL - 2, ARRIVAL - 1)
    assert answer["contrast_frame"] == ARRIVAL
    error = np.hypot(*(np.array(answer["shifts"]) - MOTION).T)
    assert np.median(error) < 0.05
    assert error.max() < 0.15
    with np.load(tmp_path / "run.npz") as archive:
        moved = archive["frames"][8, 8:-8, 8:-8]
    assert np.std(moved[30:]) < 0.02


@pytest.mark.parametrize(("words", "expected"), [("2", [2]), ("1:4", [1, 2, 3]), (":2", [0, 1])])
def test_mask_and_shift_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, expected: list[int]
) -> None:
    run = write(tmp_path / "run.dcm", made_run())
    code, answer, _ = subtract(capsys, run, "--mask", words, "--shift", "-1.5,0.25")
    assert code == 0
    assert answer["mask_frames"] == expected
    assert answer["shifts"] == [[-1.5, 0.25]] * 12


def test_the_mask_is_fitted_place_by_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(tmp_path / "run.dcm", made_run())
    code, answer, _ = subtract(capsys, run, "--mask", "0:4", "--shift", "local")
    assert code == 0
    assert np.hypot(*(np.array(answer["shifts"][9]) - MOTION[9])) < 0.15
    with np.load(tmp_path / "run.npz") as archive:
        moved = archive["frames"][9]
    assert np.median(moved[22:26, 35:65]) == pytest.approx(-0.7, abs=0.03)
    assert np.std(moved[40:-8, 8:-8]) < 0.02


def test_no_contrast_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write(tmp_path / "run.dcm", made_run(5))
    code, answer, told = subtract(capsys, run)
    assert code == 0
    assert answer["mask_frames"] == [0, 1, 2, 3]
    assert answer["contrast_frame"] is None
    assert "No contrast was found" in told
    assert answer["warnings"]


def test_values_without_a_linear_relationship_are_taken_as_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = made_run(4)
    run = write(tmp_path / "run.dcm", frames, PixelIntensityRelationship="LOG")
    code, answer, _ = subtract(capsys, run, "--mask", "0")
    assert code == 0
    assert "as stored" in answer["domain"]
    with np.load(tmp_path / "run.npz") as archive:
        np.testing.assert_array_equal(archive["frames"][2], frames[2] - frames[0].astype(float))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mask", "12"), "choose from 0:12"),
        (("--mask", "8:20"), "choose from 0:12"),
        (("--mask", "4:4"), "choose from 0:12"),
        (("--shift", "900,0"), "out of the 80 x 64 image"),
    ],
)
def test_what_the_run_does_not_have_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    run = write(tmp_path / "run.dcm", made_run())
    code, answer, told = subtract(capsys, run, *words)
    assert (code, answer) == (2, {})
    assert said in told
    assert not run.with_suffix(".npz").exists()


@pytest.mark.parametrize("words", [("--mask", "x"), ("--shift", "1"), ("--shift", "nan,0")])
def test_words_that_mean_nothing_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["subtract", str(tmp_path / "run.dcm"), "--out", "x.npz", *words])
    assert stop.value.code == 2


def test_single_frames_and_colour_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write(tmp_path / "one.dcm", made_run(1))
    code, _, told = subtract(capsys, one)
    assert code == 3
    assert "one frame only" in told
    colour = write(tmp_path / "colour.dcm", np.zeros((3, 8, 8, 3), np.uint8))
    code, _, told = subtract(capsys, colour)
    assert code == 3
    assert "colour" in told


def test_mask_frames_of_the_header_that_do_not_exist_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(tmp_path / "run.dcm", made_run(), MaskSubtractionSequence=masked(2, 99))
    code, answer, told = subtract(capsys, run)
    assert code == 0
    assert answer["mask_frames"] == [1]
    assert "99" in told


def test_a_truncated_run_is_subtracted_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(tmp_path / "run.dcm", made_run())
    run.write_bytes(run.read_bytes()[: -3 * ROWS * COLUMNS * 2])
    code, answer, told = subtract(capsys, run, "--mask", "0")
    assert code == 4
    assert answer["frames"] == 9
    assert "last 3 frames are missing" in told


def test_a_place_that_can_not_be_written_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(tmp_path / "run.dcm", made_run(3))
    code = main(["subtract", str(run), "--mask", "0", "--out", str(tmp_path / "no" / "x.npz")])
    assert code == 3
    assert "--out" in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == ["run.dcm"]


def mask_item(operation: str = "AVG_SUB", **values: Any) -> Dataset:
    item = Dataset()
    item.MaskOperation = operation
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def logs_of(frames: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.log(np.maximum(frames, 1).astype(np.float64))


def test_each_range_of_the_header_has_its_own_mask_and_shift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = made_run()
    items = [
        mask_item(MaskFrameNumbers=[1], ApplicableFrameRange=[2, 6]),
        mask_item(
            MaskFrameNumbers=[7], ApplicableFrameRange=[7, 12], MaskSubPixelShift=[2.0, -1.0]
        ),
    ]
    run = write(tmp_path / "run.dcm", frames, MaskSubtractionSequence=Sequence(items))
    code, answer, _ = subtract(capsys, run)
    assert code == 0
    assert answer["mask_frames"] == [0, 6]
    assert answer["shifts"] == [[0.0, 0.0]] * 6 + [[-1.0, 2.0]] * 6
    logs = logs_of(frames)
    with np.load(tmp_path / "run.npz") as archive:
        result = archive["frames"]
    np.testing.assert_allclose(result[4], logs[4] - logs[0], atol=1e-5)
    # the mask is moved two rows down and one column to the left
    np.testing.assert_allclose(result[8][2:, :-1], logs[8][2:, :-1] - logs[6][:-2, 1:], atol=1e-5)
    code, answer, _ = subtract(capsys, run, "--shift", "none")
    assert answer["shifts"] == [[0.0, 0.0]] * 12
    assert code == 0


def test_intervals_and_averaged_contrast_frames(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = made_run()
    items = [mask_item("TID", TIDOffset=3, ContrastFrameAveraging=2)]
    run = write(tmp_path / "run.dcm", frames, MaskSubtractionSequence=Sequence(items))
    code, answer, _ = subtract(capsys, run)
    assert (code, answer["mask_frames"]) == (0, [])
    with np.load(tmp_path / "run.npz") as archive:
        result = archive["frames"]
    mean = np.log(frames[7:9].astype(np.float64).mean(axis=0))
    np.testing.assert_allclose(result[7], mean - logs_of(frames)[4], atol=1e-5)
    np.testing.assert_allclose(result[11], logs_of(frames)[11] - logs_of(frames)[8], atol=1e-5)


def test_landmarking_and_edges_change_the_difference_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = made_run()
    run = write(tmp_path / "run.dcm", frames)
    results = []
    for words in ((), ("--landmarking", "50"), ("--edges", "80%"), ("--local",)):
        code, _, _ = subtract(capsys, run, "--mask", "0", *words)
        assert code == 0
        with np.load(tmp_path / "run.npz") as archive:
            results.append(archive["frames"].astype(np.float64))
    plain, landmarks, edges, local = results
    logs = logs_of(frames)
    np.testing.assert_allclose(plain[4], logs[4] - logs[0], atol=1e-5)
    assert landmarks[4].std() > 5 * plain[4].std()
    np.testing.assert_allclose(
        landmarks[4] - plain[4], 0.5 * (logs[0] - np.median(logs[0][::4, ::4])), atol=1e-4
    )
    assert np.abs(np.diff(edges[8, 24])).max() > 1.2 * np.abs(np.diff(plain[8, 24])).max()
    assert local[9][40:-8, 8:-8].std() < 0.5 * plain[9][40:-8, 8:-8].std()


@pytest.mark.parametrize(
    "words", [("--landmarking", "101"), ("--edges", "x"), ("--landmarking", "nan")]
)
def test_shares_are_percentages(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["subtract", str(tmp_path / "run.dcm"), "--out", "x.npz", *words])
    assert stop.value.code == 2


def test_local_and_a_shift_by_hand_exclude_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(tmp_path / "run.dcm", made_run(4))
    code, _, told = subtract(capsys, run, "--local", "--shift", "1,0")
    assert code == 2
    assert "leave --shift out" in told
