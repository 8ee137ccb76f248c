"""``caval decode`` as scripts use it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from viewer.cli import main

FRAMES = np.random.default_rng(9).integers(0, 4096, (6, 9, 7), dtype=np.uint16)


def _write(path: Path, frames: np.ndarray[Any, Any], syntax: str = ExplicitVRLittleEndian) -> Path:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.12.1", "1.2.3"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = "1.2", "1.2.4", "XA"
    colour = frames.ndim == 4
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    ds.NumberOfFrames, ds.Rows, ds.Columns = frames.shape[:3]
    bits = 8 * frames.dtype.itemsize
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, 0
    if colour:
        ds.PlanarConfiguration = 0
    data = frames.byteswap() if syntax == ExplicitVRBigEndian else frames
    ds.PixelData = data.tobytes()
    ds["PixelData"].VR = "OW" if bits > 8 else "OB"
    return _save(ds, path, syntax)


def _save(ds: Dataset, path: Path, syntax: str) -> Path:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    big = syntax == ExplicitVRBigEndian
    ds.save_as(path, implicit_vr=False, little_endian=not big, enforce_file_format=True)
    return path


def _decode(
    capsys: pytest.CaptureFixture[str], *words: str | Path
) -> tuple[int, dict[str, Any], list[str]]:
    code = main(["decode", *map(str, words), "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err.splitlines()


def _sums(frames: np.ndarray[Any, Any]) -> list[str]:
    return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in frames]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_checksums_are_of_native_little_endian_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], syntax: str
) -> None:
    code, answer, err = _decode(capsys, _write(tmp_path / "a.dcm", FRAMES, syntax))
    assert code == 0
    assert err == []
    assert answer["sha256"] == _sums(FRAMES)
    assert (answer["frames"], answer["first"]) == (6, 0)
    assert (answer["shape"], answer["dtype"]) == ([9, 7], "uint16")
    assert answer["decoder"] == "native"
    assert answer["ms_per_frame"] > 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2:4", slice(2, 4)),
        (":2", slice(2)),
        ("4:", slice(4, None)),
        ("4:99", slice(4, 6)),
        ("-2:", slice(-2, None)),
    ],
)
def test_frames_are_a_half_open_slice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, wanted: slice
) -> None:
    code, answer, _ = _decode(capsys, _write(tmp_path / "a.dcm", FRAMES), f"--frames={text}")
    assert code == 0
    assert answer["sha256"] == _sums(FRAMES)[wanted]
    assert answer["frames"] == len(answer["sha256"])
    assert answer["first"] == wanted.indices(6)[0]


def test_a_slice_of_nothing_and_no_slice_are_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path / "a.dcm", FRAMES)
    code, answer, err = _decode(capsys, path, "--frames", "6:9")
    assert (code, answer) == (2, {})
    assert "choose from 0:6" in err[0]
    with pytest.raises(SystemExit) as caught:
        main(["decode", str(path), "--frames", "three"])
    assert caught.value.code == 2


def test_colour_is_rgb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (2, 4, 6, 3), np.uint8)
    _, answer, _ = _decode(capsys, _write(tmp_path / "a.dcm", rgb))
    assert (answer["shape"], answer["dtype"]) == ([4, 6, 3], "uint8")
    assert answer["sha256"] == _sums(rgb)


def test_without_json_it_reads_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", str(_write(tmp_path / "a.dcm", FRAMES))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("6 frames of 9 x 7 uint16, native, ")
    assert lines[-1].split() == ["5", _sums(FRAMES)[5]]


def test_missing_frames_are_named_and_the_rest_decoded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path / "a.dcm", FRAMES)
    os.truncate(path, path.stat().st_size - 300)
    code, answer, err = _decode(capsys, path)
    assert code == 4
    assert answer["sha256"] == _sums(FRAMES)[:3]
    assert (answer["frames"], answer["frames_declared"]) == (3, 6)
    (line,) = err
    assert line.startswith(f"caval: {path}: ")
    assert "last 3 of 6 frames" in line


def test_a_bad_frame_is_named_and_keeps_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from imagecodecs import jpeg8_encode

    path = _write(tmp_path / "a.dcm", FRAMES)
    import pydicom

    ds = pydicom.dcmread(path)
    streams = [bytes(jpeg8_encode(f, lossless=True, bitspersample=16)) for f in FRAMES]
    streams[2] = b"nonsense"
    ds.PixelData = encapsulate(streams)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    path = _save(ds, tmp_path / "b.dcm", "1.2.840.10008.1.2.4.70")
    code, answer, err = _decode(capsys, path)
    assert code == 4
    sums: list[str | None] = [*_sums(FRAMES)]
    sums[2] = None
    assert answer["sha256"] == sums
    assert answer["frames"] == 5
    assert [failed["frame"] for failed in answer["failed"]] == [2]
    assert len(err) == 1
    assert f"caval: {path}: frame 3 of 6 can't be read" in err[0]
    code, answer, err = _decode(capsys, path, "--frames", "2:3")
    assert (code, answer, len(err)) == (3, {}, 1)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\0" * 500])
def test_what_is_no_image_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    code, answer, err = _decode(capsys, path)
    assert (code, answer, len(err)) == (3, {}, 1)
    assert err[0].startswith(f"caval: {path}: ")
    code, _, err = _decode(capsys, tmp_path / "none.dcm")
    assert (code, len(err)) == (3, 1)


def test_encodings_of_one_real_frame_agree(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums = set()
    for name in ("UNC", "RLE", "J2KR", "JPLL", "JLSL", "JPH"):
        code, answer, _ = _decode(capsys, shared_data / "codecs" / f"xa1_{name}.dcm")
        assert code == 0
        sums.update(answer["sha256"])
    assert len(sums) == 1


def test_every_hostile_file_gets_one_line_at_most(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted((shared_data / "hostile").iterdir()):
        code, answer, err = _decode(capsys, path)
        assert code in (0, 3)
        assert len(err) == (code == 3)
        assert bool(answer) == (code == 0)
