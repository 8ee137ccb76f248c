from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from header_samples import (
    JPEG_LOSSLESS,
    dataset,
    encapsulated,
    item,
    region,
    save,
    uid,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from viewer.dicom.index import index
from viewer.model.study import ImageSet


def only(path: Path) -> ImageSet:
    result = index([path])
    assert result.skipped == ()
    (found,) = result.image_sets
    return found


def reason(path: Path) -> str:
    result = index([path])
    assert result.image_sets == ()
    (skipped,) = result.skipped
    assert skipped.path == path
    return skipped.reason


def test_native_pixels_shorter_than_declared(tmp_path: Path) -> None:
    path = save(dataset(10, FrameTime=33), tmp_path / "short.dcm")
    path.write_bytes(path.read_bytes()[: -64 * 7 - 20])
    found = only(path)
    assert (found.frames, found.frames_declared) == (2, 10)
    assert found.spans[0].count == 2
    assert len(found.timing.times_s or ()) == 2
    assert any("2 of 10 frames are present" in text for text in found.warnings)


def test_native_pixels_of_less_than_a_frame(tmp_path: Path) -> None:
    path = save(dataset(2, FrameTime=33, Rows=46341, Columns=46341), tmp_path / "huge.dcm")
    assert "46341 x 46341 pixels needs 2,147,488,281 bytes and the file holds 128" in reason(path)


FRAGMENTS = [bytes([k]) * 40 for k in range(1, 7)]


@pytest.mark.parametrize("table", [True, False])
def test_encapsulated_pixels_cut_off(tmp_path: Path, table: bool) -> None:
    ds = encapsulated(dataset(6, FrameTime=33), FRAGMENTS, table=table)
    path = save(ds, tmp_path / "cut.dcm", JPEG_LOSSLESS)
    assert only(path).frames == 6
    path.write_bytes(path.read_bytes()[: -8 - 48 - 20])
    found = only(path)
    assert (found.frames, found.frames_declared) == (4, 6)
    assert any("4 of 6 frames are present" in text for text in found.warnings)


@pytest.mark.parametrize("table", [True, False])
def test_fewer_fragments_than_declared(tmp_path: Path, table: bool) -> None:
    ds = encapsulated(dataset(9, FrameTime=33), FRAGMENTS, table=table)
    found = only(save(ds, tmp_path / "few.dcm", JPEG_LOSSLESS))
    assert (found.frames, found.frames_declared) == (6, 9)


def test_more_fragments_than_frames(tmp_path: Path) -> None:
    ds = encapsulated(dataset(2, FrameTime=33), FRAGMENTS, table=False)
    assert only(save(ds, tmp_path / "many.dcm", JPEG_LOSSLESS)).frames == 2


@pytest.mark.parametrize(
    ("written", "frames"), [(b"1A", 3), (b"0", 3), (b"-4", 3), (None, 3), (b"2", 2)]
)
def test_number_of_frames_that_is_none(tmp_path: Path, written: bytes | None, frames: int) -> None:
    found = only(save(dataset(3, FrameTime=33, NumberOfFrames=written), tmp_path / "odd.dcm"))
    assert found.frames == frames
    assert bool(found.warnings[:-1]) == (frames == 3)


def test_zero_frames_and_no_pixels(tmp_path: Path) -> None:
    empty = save(dataset(NumberOfFrames=0, PixelData=b""), tmp_path / "zero.dcm")
    assert "Number of Frames is '0'" in reason(empty)
    without = save(dataset(PixelData=None), tmp_path / "none.dcm")
    assert "no pixel data" in reason(without)
    sizeless = save(dataset(Rows=None), tmp_path / "rows.dcm")
    assert "no Rows" in reason(sizeless)


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_every_uncompressed_encoding(tmp_path: Path, syntax: str) -> None:
    ds = dataset(
        4,
        FrameTimeVector=[0, 20, 30, 20],
        MaskSubtractionSequence=[item(MaskOperation="AVG_SUB", MaskFrameNumbers=[2])],
        SequenceOfUltrasoundRegions=[region()],
        Modality="IVUS",
    )
    ds["SequenceOfUltrasoundRegions"].is_undefined_length = True
    found = only(save(ds, tmp_path / "one.dcm", syntax))
    assert (found.frames, found.rows, found.columns) == (4, 8, 8)
    assert found.calibration.mm_per_px == pytest.approx(0.2)
    assert found.timing.times_s == pytest.approx((0, 0.02, 0.05, 0.07))
    assert found.transfer_syntax_uid == syntax


@pytest.mark.parametrize(("implicit", "little"), [(False, True), (True, True), (False, False)])
@pytest.mark.parametrize("stray", [b"", b"\0", b" \0 "])
def test_without_file_meta_information(
    tmp_path: Path, implicit: bool, little: bool, stray: bytes
) -> None:
    buffer = BytesIO()
    ds = dataset(2, FrameTime=33)
    dcmwrite(buffer, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    path = tmp_path / "bare"
    path.write_bytes(stray + buffer.getvalue())
    found = only(path)
    assert (found.frames, found.rows) == (2, 8)
    assert any("no file meta information" in text for text in found.warnings)


def test_wrong_transfer_syntaxes(tmp_path: Path) -> None:
    native = save(dataset(2, FrameTime=33), tmp_path / "native.dcm")
    data = native.read_bytes()
    said = ExplicitVRLittleEndian.encode() + b"\0"
    assert said in data
    compressed = b"1.2.840.10008.1.2.5\0"
    native.write_bytes(data.replace(said, compressed))
    found = only(native)
    assert found.transfer_syntax_uid == ExplicitVRLittleEndian
    assert any("they are not compressed" in text for text in found.warnings)
    jpeg = b"\xff\xd8\xff\xe0\0\4\0\0\xff\xc3\0\4\0\0"
    ds = encapsulated(dataset(2, FrameTime=33), [jpeg, jpeg])
    path = save(ds, tmp_path / "jpeg.dcm", JPEG_LOSSLESS)
    data = path.read_bytes().replace(
        JPEG_LOSSLESS.encode(), ExplicitVRLittleEndian.encode() + b"\0\0\0"
    )
    path.write_bytes(data)
    found = only(path)
    assert found.transfer_syntax_uid == JPEG_LOSSLESS
    assert any("they are compressed" in text for text in found.warnings)


def test_a_large_private_element_before_the_pixels(tmp_path: Path) -> None:
    ds = dataset(2, FrameTime=33)
    block = ds.private_block(0x0021, "Maker", create=True)
    block.add_new(1, "OB", bytes(300_000))
    assert only(save(ds, tmp_path / "large.dcm")).frames == 2


def test_no_uids(tmp_path: Path) -> None:
    ds = dataset(2, FrameTime=33)
    path = save(ds, tmp_path / "one.dcm")
    data = path.read_bytes()
    for tag, value in ((0x18, ds.SOPInstanceUID), (0x03, ds.SOPInstanceUID)):
        head = struct.pack("<HH2s", 0x08 if tag == 0x18 else 0x02, tag, b"UI")
        at = data.index(head) + 8
        data = data[:at] + bytes(len(value)) + data[at + len(value) :]
    path.write_bytes(data)
    found = only(path)
    assert found.uid.startswith("2.25.")
    assert found.uid == only(path).uid
    assert any("no SOP Instance UID" in text for text in found.warnings)


def test_old_dates_and_times(tmp_path: Path) -> None:
    ds = dataset(
        2,
        FrameTime=33,
        StudyDate=b"1994.10.16",
        StudyTime=b"08:30:00",
        PatientBirthDate=b"1950.02.03",
    )
    found = only(save(ds, tmp_path / "old.dcm"))
    assert found.study_date == "1994-10-16"
    assert found.acquired_at is not None
    assert found.acquired_at.isoformat() == "1994-10-16T08:30:00"
    assert found.patient.birth_date == "1950-02-03"


def full(tmp_path: Path) -> bytes:
    ds = dataset(
        4,
        FrameTimeVector=[0, 20, 30, 20],
        SequenceOfUltrasoundRegions=[region(), region()],
        Modality="IVUS",
        IVUSPullbackRate=1,
        SOPInstanceUID=uid("full"),
    )
    ds["SequenceOfUltrasoundRegions"].is_undefined_length = True
    return save(ds, tmp_path / "full.dcm").read_bytes()


@settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_bytes_never_raise(tmp_path: Path, data: Any) -> None:
    content = bytearray(full(tmp_path))
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(128, len(content) - 300))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.dcm"
    path.write_bytes(content)
    result = index([path])
    assert len(result.image_sets) + len(result.skipped) + len(result.ignored) == 1


def test_cut_anywhere_never_raises(tmp_path: Path) -> None:
    content = full(tmp_path)
    path = tmp_path / "cut.dcm"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        result = index([path])
        assert len(result.image_sets) + len(result.skipped) == 1
