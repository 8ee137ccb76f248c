"""``caval lumen`` as scripts use it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from viewer.cli import main

SIZE = 128


def _frames(n: int) -> np.ndarray:
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    frames = np.zeros((n, SIZE, SIZE), np.uint8)
    for k in range(n):
        grey = np.where(np.hypot(x / 26, y / 18) < 1, 35.0, 150.0) + rng.normal(0, 9, x.shape)
        away = np.hypot(x, y)
        grey = np.where(np.abs(away - 4) < 1, 220.0, grey)
        grey = np.where(away < 3, 15.0, np.where(away > 60, 0.0, grey))
        frames[k] = np.clip(grey, 0, 255)
    return frames


def _pullback(path: Path, *, scaled: bool, modality: str = "IVUS", n: int = 6) -> Path:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.3"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = "1.2", "1.2.4", modality
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.NumberOfFrames, ds.Rows, ds.Columns = n, SIZE, SIZE
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    if scaled:
        region = Dataset()
        region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
        region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
        region.RegionLocationMaxX1 = region.RegionLocationMaxY1 = SIZE - 1
        region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
        region.PhysicalDeltaX = region.PhysicalDeltaY = 0.02
        ds.SequenceOfUltrasoundRegions = [region]
    ds.PixelData = _frames(n).tobytes()
    ds["PixelData"].VR = "OB"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(path, enforce_file_format=True)
    return path


def _asked(*words: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["lumen", *words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert isinstance(answer, dict)
    return answer


def test_figures_in_mm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = _asked(str(_pullback(tmp_path / "p.dcm", scaled=True)), capsys=capsys)
    assert [row["frame"] for row in answer["frames"]] == list(range(6))
    row = answer["frames"][2]
    assert row["area_mm2"] == pytest.approx(np.pi * 26 * 18 * 0.04, rel=0.06)
    assert row["min_diameter_mm"] == pytest.approx(36 * 0.2, rel=0.06)
    assert row["max_diameter_mm"] == pytest.approx(52 * 0.2, rel=0.06)
    assert 0 <= row["confidence"] <= 1
    x, y = np.array(row["contour"]).T
    area = abs(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) * 0.04
    assert area == pytest.approx(row["area_mm2"], rel=1e-3)


def test_pixels_alone_without_a_scale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _pullback(tmp_path / "p.dcm", scaled=False)
    answer = _asked(str(path), "--frames", "1:6:2", capsys=capsys)
    assert [row["frame"] for row in answer["frames"]] == [1, 3, 5]
    row = answer["frames"][0]
    assert row["area_mm2"] is None
    assert row["min_diameter_mm"] is None
    assert row["area_px2"] == pytest.approx(np.pi * 26 * 18, rel=0.06)
    assert answer["mm_per_px"] is None


def test_a_table_and_words_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, table = _pullback(tmp_path / "p.dcm", scaled=True), tmp_path / "t.csv"
    assert main(["lumen", str(path), "--csv", str(table)]) == 0
    assert "6 frames, 0.2 mm/px" in capsys.readouterr().out
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 6
    assert float(rows[0]["area_mm2"]) > 40
    assert main(["lumen", str(path), "--csv", str(tmp_path / "no" / "t.csv")]) == 3
    assert "can't be written" in capsys.readouterr().err


@pytest.mark.parametrize("frames", ["9:12", "x", "1", "0:5:0", "0:5:-1", "1:2:3:4"])
def test_frames_that_are_none(tmp_path: Path, frames: str) -> None:
    path = _pullback(tmp_path / "p.dcm", scaled=True)
    try:
        assert main(["lumen", str(path), f"--frames={frames}"]) == 2
    except SystemExit as error:
        assert error.code == 2  # noqa: PT017


def test_other_images_and_missing_files_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lumen", str(tmp_path / "none.dcm")]) == 3
    assert "none.dcm" in capsys.readouterr().err
    text = tmp_path / "text.dcm"
    text.write_text("no image")
    assert main(["lumen", str(text)]) == 3


def test_a_picture_without_a_lumen_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    black = np.zeros((3, SIZE, SIZE), np.uint8)
    monkeypatch.setattr(sys.modules[__name__], "_frames", lambda _: black)
    answer = _asked(str(_pullback(tmp_path / "p.dcm", scaled=True, n=3)), capsys=capsys)
    for row in answer["frames"]:
        assert row["contour"] is None
        assert row["area_mm2"] is None
        assert row["confidence"] == 0
        assert row["reason"]
