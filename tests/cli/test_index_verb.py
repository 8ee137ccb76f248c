from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from viewer import paths
from viewer.cli import main
from viewer.cli.index import uniform_frame_time_ms
from viewer.model.study import FrameTiming

FIELDS = {
    "series_uid",
    "study_uid",
    "patient_id",
    "modality",
    "role",
    "description",
    "files",
    "frames",
    "rows",
    "columns",
    "frame_time_ms",
    "frame_times_s",
    "calibration",
    "pullback",
    "angles",
    "warnings",
}


def write(path: Path, **values: Any) -> Path:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[path.name])
    ds.SeriesInstanceUID, ds.StudyInstanceUID = "1.2.3", "1.2"
    ds.Modality, ds.PatientID, ds.FrameTime = "XA", "P1", 40
    ds.PositionerPrimaryAngle, ds.PositionerSecondaryAngle = 30, 0
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns, ds.NumberOfFrames = 4, 6, 3
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.PixelData = bytes(72)
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds.save_as(path, enforce_file_format=True)
    return path


def test_json_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "run.dcm")
    assert main(["index", str(path), "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert err == ""
    assert {"series", "skipped", "files", "seconds", "patients"} <= set(answer)
    (series,) = answer["series"]
    assert set(series) >= FIELDS
    assert (series["role"], series["files"], series["frames"]) == ("venogram", [str(path)], 3)
    assert series["frame_time_ms"] == 40
    assert series["frame_times_s"] == [0, 0.04, 0.08]
    assert series["angles"] == {"primary": 30, "secondary": 0}
    assert series["pullback"] is None
    assert series["calibration"]["mm_per_px"] is None
    assert series["calibration"]["uncertainty"] is None


def test_json_of_a_pullback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path / "p.dcm",
        Modality="IVUS",
        IVUSAcquisition="MOTOR_PULLBACK",
        IVUSPullbackRate=1,
        IVUSPullbackStartFrameNumber=1,
        IVUSPullbackStopFrameNumber=3,
    )
    assert main(["index", str(path), "--json"]) == 0
    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert series["angles"] is None
    assert series["pullback"] == {
        "mode": "motor",
        "rate_mm_s": 1,
        "start_frame": 0,
        "stop_frame": 2,
    }


def test_done_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "run.dcm")
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_text("notes")
    assert main(["index", str(tmp_path), "--json"]) == 4
    out, err = capsys.readouterr()
    assert err == f"caval: {bad}: it is not a DICOM file; open the images themselves\n"
    skipped = {Path(entry["path"]).name for entry in json.loads(out)["skipped"]}
    assert skipped == {"bad.dcm", "notes.txt"}


def test_other_files_do_not_fail_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "run.dcm")
    (tmp_path / "notes.txt").write_text("notes")
    assert main(["index", str(tmp_path)]) == 0


@pytest.mark.parametrize("name", ["", "missing", "text.txt"])
def test_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    if name == "text.txt":
        (tmp_path / name).write_text("text")
    assert main(["index", str(tmp_path / name), "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["series"] == []
    assert err.startswith(f"caval: {tmp_path / name}: ")
    assert err.count("\n") == 1


def test_two_patients_are_shouted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.dcm")
    write(tmp_path / "b.dcm", PatientID="P2")
    assert main(["index", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    assert "2 different patients" in err
    assert json.loads(out)["patients"] == 2


def test_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.dcm", SeriesDescription="Iliac run")
    assert main(["index", str(tmp_path)]) == 0
    out, _ = capsys.readouterr()
    assert "venogram  XA        3       6 x 4  25.0/s  px     Iliac run" in out
    assert "! No scale in the header" in out


@pytest.mark.parametrize(
    ("times", "ms"),
    [
        (None, None),
        ((0.0,), None),
        ((0, 0.04, 0.08), 40),
        ((0, 0.04, 0.08001), 40.005),
        ((0, 0.033, 0.067, 0.1), None),
    ],
)
def test_one_frame_time_only_when_there_is_one(
    times: tuple[float, ...] | None, ms: float | None
) -> None:
    assert uniform_frame_time_ms(FrameTiming(times)) == pytest.approx(ms)


def test_a_name_that_is_no_text_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "n.dcm").rename(tmp_path / os.fsdecode(b"n\xff.dcm"))
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    monkeypatch.setattr("sys.stdout", out)
    assert main(["index", str(path), "--json"]) == 0
    assert main(["index", str(tmp_path / os.fsdecode(b"g\xff.dcm"))]) == 3
    out.seek(0)
    answer = json.loads(out.readline())
    assert answer["series"][0]["files"] == [str(path)]


def test_the_log_stays_off_stderr(tmp_path: Path) -> None:
    path = write(tmp_path / "run.dcm")
    code = (
        "import logging, sys; from viewer.cli import main;"
        f"main(['index', {str(path)!r}]);"
        "logging.getLogger('viewer.session').warning('no thumbnail')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "venogram" in done.stdout


def test_odd_paths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "~x.dcm")
    assert main(["index", "~x.dcm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["series"][0]["files"] == [str(tmp_path / "~x.dcm")]
    with pytest.raises(SystemExit) as stop:
        main(["index", ""])
    assert stop.value.code == 2
    assert "a path is empty" in capsys.readouterr().err


def test_a_problem_nobody_expected_is_one_line_and_kept_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "^".join(("DOE", "JANE"))

    def fails(*_: object, **__: object) -> None:
        raise TypeError(value)

    monkeypatch.setattr("viewer.dicom.index.index", fails)
    assert main(["index", str(tmp_path), "--json"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "TypeError" in err
    kept = paths.log_file().read_text()
    assert "in fails" in kept
    assert value not in kept + err
