"""``caval render``: a picture of the window, and what of the paths is not in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from PySide6.QtGui import QImage

from viewer.cli import main
from viewer.phantom.cases import write_case


def run_file(path: Path, patient: str = "P1") -> Path:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[path.name])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[path.name, "series"])
    ds.StudyInstanceUID, ds.Modality, ds.FrameTime = "1.2", "XA", 40
    ds.PatientID, ds.PatientName, ds.SeriesDescription = patient, f"Test^{patient}", path.stem
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns, ds.NumberOfFrames = 32, 32, 3
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.PixelData = np.arange(3 * 32 * 32, dtype=np.uint8).tobytes()
    ds.save_as(path, enforce_file_format=True)
    return path


def png_size(path: Path) -> list[int]:
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return [int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")]


def draw(
    capsys: pytest.CaptureFixture[str], out: Path, *words: Any
) -> tuple[int, dict[str, Any], str]:
    code = main(["render", *map(str, words), "--out", str(out), "--json"])
    text, told = capsys.readouterr()
    return code, json.loads(text) if text else {}, told


@pytest.mark.usefixtures("qapp")
def test_a_picture_says_its_own_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run_file(tmp_path / "a.dcm")
    code, answer, told = draw(capsys, tmp_path / "a.png", path, "--size", "1280x800")
    assert (code, told) == (0, "")
    assert answer == {"png": str(tmp_path / "a.png"), "size": [1280, 800]}
    assert png_size(tmp_path / "a.png") == [1280, 800]
    code, answer, told = draw(capsys, tmp_path / "b.png", path, "--size", "200x200")
    assert code == 0
    assert answer["size"] == png_size(tmp_path / "b.png") != [200, 200]
    assert "the window needs" in told


@pytest.mark.usefixtures("qapp")
def test_what_is_not_in_the_picture_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_file(tmp_path / "a.dcm")
    run_file(tmp_path / "b.dcm", "P2")
    (tmp_path / "c.dcm").write_bytes(b"no image")
    code, answer, told = draw(capsys, tmp_path / "a.png", tmp_path)
    assert code == 4
    assert answer["size"] == [1920, 1080]
    other, broken = told.splitlines()
    assert other.startswith(f"caval: {tmp_path / 'b.dcm'}: WARNING: of another patient")
    assert broken.startswith(f"caval: {tmp_path / 'c.dcm'}: it is not a DICOM file")


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize(
    "words", [("--run-frame", 3), ("--run-frame", -1), ("--pullback-frame", 0)]
)
def test_a_frame_that_is_not_there_is_never_replaced_by_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, int]
) -> None:
    path = run_file(tmp_path / "a.dcm")
    code, answer, told = draw(capsys, tmp_path / "a.png", path, *words)
    assert (code, answer) == (2, {})
    assert told.startswith(f"caval: {words[0]} {words[1]}: ")
    assert not (tmp_path / "a.png").exists()


@pytest.mark.usefixtures("qapp")
def test_paths_that_can_not_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run_file(tmp_path / "a.dcm")
    for out, words in (
        (tmp_path / "a.png", [tmp_path / "gone"]),
        (tmp_path / "gone" / "a.png", [path]),
    ):
        code, answer, told = draw(capsys, out, *words)
        assert (code, answer) == (3, {})
        assert told.startswith(f"caval: {tmp_path / 'gone'}")
        assert told.count("\n") == 1
    for size in ("99999x99999", "big"):
        assert draw(capsys, tmp_path / "a.png", path, "--size", size)[0] == 2


@pytest.mark.usefixtures("qapp")
def test_subtract_draws_frames_less_their_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = write_case("nivl-small", tmp_path / "case")
    plain, subtracted = tmp_path / "plain.png", tmp_path / "subtracted.png"
    assert draw(capsys, plain, written.files[0], "--run-frame", 8)[0] == 0
    code, _, told = draw(capsys, subtracted, written.files[0], "--run-frame", 8, "--subtract")
    assert (code, told) == (0, "")
    pictures = [QImage(str(path)) for path in (plain, subtracted)]
    before, after = (np.array(picture.constBits()) for picture in pictures)
    assert before.shape == after.shape
    assert (before != after).mean() > 0.05


@pytest.mark.usefixtures("qapp")
def test_subtract_without_a_run_of_frames_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, told = draw(capsys, tmp_path / "a.png", "--subtract")
    assert (code, answer) == (2, {})
    assert told == "caval: --subtract: no run is shown; leave it out\n"
    assert not (tmp_path / "a.png").exists()
