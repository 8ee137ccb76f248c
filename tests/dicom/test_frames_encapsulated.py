"""Compressed frames: found by either offset table or by their fragments, whole or not."""

from __future__ import annotations

import io
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frame_samples import (
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    RLE,
    data_set,
    image_set,
    pattern,
    save,
    save_fragments,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from imagecodecs import jpeg8_decode, jpeg8_encode
from numpy.typing import NDArray
from pydicom.encaps import encapsulate_extended

from viewer.dicom.byte_source import DiskBytes
from viewer.dicom.codestream import DamagedFrameError
from viewer.dicom.encapsulation import read_places
from viewer.dicom.frames import open_frames
from viewer.errors import UnreadableError

FRAMES = [pattern((24, 32), seed=k) for k in range(5)]
STREAMS = [bytes(jpeg8_encode(frame, lossless=True)) for frame in FRAMES]
ITEM = b"\xfe\xff\x00\xe0"


def _file(path: Path, streams: list[bytes] = STREAMS, **how: Any) -> Path:
    ds = data_set((24, 32), b"", frames=len(streams))
    return save_fragments(ds, streams, path, JPEG_LOSSLESS, **how)


def _check(path: Path, frames: list[NDArray[Any]] = FRAMES) -> None:
    source = open_frames(image_set(path, frames=len(frames)))
    assert source.decoder == "imagecodecs jpeg8"
    for index in reversed(range(len(frames))):
        assert np.array_equal(source.frame(index), frames[index])


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("table", [True, False])
def test_basic_offset_table_there_or_empty(tmp_path: Path, table: bool, pieces: int) -> None:
    _check(_file(tmp_path / "a.dcm", table=table, pieces=pieces))


def test_extended_offset_table(tmp_path: Path) -> None:
    ds = data_set((24, 32), b"", frames=len(STREAMS))
    data, offsets, lengths = encapsulate_extended(STREAMS)
    ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = data, offsets, lengths
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    _check(save(ds, tmp_path / "a.dcm", JPEG_LOSSLESS))


def test_uneven_fragments_are_grouped_by_where_code_streams_begin(tmp_path: Path) -> None:
    cuts = [1, 4, 2, 3, 1]
    ds = data_set((24, 32), b"", frames=len(STREAMS))
    body = ITEM + struct.pack("<I", 0)
    for stream, count in zip(STREAMS, cuts, strict=True):
        size = len(stream) // count // 2 * 2
        parts = [stream[k * size : (k + 1) * size if k < count - 1 else None] for k in range(count)]
        for part in parts:
            even = part + b"\0" * (len(part) % 2)
            body += ITEM + struct.pack("<I", len(even)) + even
    ds.PixelData = body
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    _check(save(ds, tmp_path / "a.dcm", JPEG_LOSSLESS))


@pytest.mark.parametrize("wrong", [[0, 0, 0, 0, 0], [0, 9, 18, 27, 36], [4, 8, 12, 16, 20]])
def test_a_wrong_offset_table_is_not_believed(tmp_path: Path, wrong: list[int]) -> None:
    path = _file(tmp_path / "a.dcm")
    data = path.read_bytes()
    start = data.index(ITEM + struct.pack("<I", 20)) + 8
    path.write_bytes(data[:start] + struct.pack("<5I", *wrong) + data[start + 20 :])
    _check(path)


def test_an_offset_table_wrong_in_the_middle_is_noticed_at_the_frame(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.dcm")
    data = bytearray(path.read_bytes())
    start = data.index(ITEM + struct.pack("<I", 20)) + 8
    third = struct.unpack_from("<I", data, start + 8)[0]
    struct.pack_into("<I", data, start + 8, third + 2)
    path.write_bytes(data)
    _check(path)


def test_no_number_of_frames_counts_them(tmp_path: Path) -> None:
    ds = data_set((24, 32), b"", frames=5)
    del ds.NumberOfFrames
    ds.NumberOfFrames = 5
    path = save_fragments(ds, STREAMS, tmp_path / "a.dcm", JPEG_LOSSLESS, table=False)
    path.write_bytes(path.read_bytes().replace(b"IS\x02\x005 ", b"IS\x02\x001A"))
    _check(path)


@pytest.mark.parametrize("table", [True, False])
def test_a_file_cut_short_keeps_its_good_frames(tmp_path: Path, table: bool) -> None:
    path = _file(tmp_path / "a.dcm", table=table)
    os.truncate(path, path.stat().st_size - len(STREAMS[-1]) - 200)
    source = open_frames(image_set(path, frames=5))
    for index in range(3):
        assert np.array_equal(source.frame(index), FRAMES[index])
    for index in (3, 4):
        with pytest.raises(UnreadableError, match=f"frame {index + 1} of 5 can't be read"):
            source.frame(index)


def test_a_damaged_frame_does_not_stop_the_others(tmp_path: Path) -> None:
    streams = [*STREAMS[:2], b"no image at all, none", *STREAMS[3:]]
    source = open_frames(image_set(_file(tmp_path / "a.dcm", streams), frames=5))
    with pytest.raises(UnreadableError, match="frame 3 of 5 can't be read: its data are no JPEG"):
        source.frame(2)
    assert np.array_equal(source.frame(3), FRAMES[3])


@pytest.mark.parametrize("share", [0.3, 0.9, 1.0])
def test_a_code_stream_without_its_end(tmp_path: Path, share: float) -> None:
    """Cut frames are refused; one that lacks nothing but the end marker is a whole picture."""
    whole = STREAMS[1].rstrip(b"\0")
    assert whole.endswith(b"\xff\xd9")
    cut = whole[: int((len(whole) - 2) * share)]
    source = open_frames(image_set(_file(tmp_path / "a.dcm", [STREAMS[0], cut]), frames=2))
    if share == 1.0:
        assert np.array_equal(source.frame(1), FRAMES[1])
    else:
        with pytest.raises(UnreadableError, match=r"frame 2 of 2 .* JPEG data end early"):
            source.frame(1)


def test_a_lossy_code_stream_cut_short(tmp_path: Path) -> None:
    stream = bytes(jpeg8_encode(FRAMES[0], level=90))
    ds = data_set((24, 32), b"", frames=2)
    streams = [stream, stream[: len(stream) - 60]]
    path = save_fragments(ds, streams, tmp_path / "a.dcm", JPEG_BASELINE)
    source = open_frames(image_set(path, frames=2))
    assert np.array_equal(source.frame(0), jpeg8_decode(stream))
    with pytest.raises(UnreadableError, match="JPEG data end early"):
        source.frame(1)


def test_a_size_other_than_the_headers_is_refused(tmp_path: Path) -> None:
    ds = data_set((24, 30), b"")
    path = save_fragments(ds, [STREAMS[0]], tmp_path / "a.dcm", JPEG_LOSSLESS)
    with pytest.raises(UnreadableError, match="are 32 x 24, the header says 30 x 24"):
        open_frames(image_set(path)).frame(0)


def test_compressed_pixels_labelled_uncompressed(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.dcm")
    data = path.read_bytes()
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", 22) + JPEG_LOSSLESS.encode()
    assert meta in data
    new = struct.pack("<HH2sH", 2, 0x10, b"UI", 22) + b"1.2.840.10008.1.2.1\0\0\0"
    path.write_bytes(data.replace(meta, new))
    _check(path)


def test_video_is_named_as_what_cannot_be_read(tmp_path: Path) -> None:
    ds = data_set((24, 32), b"", frames=2)
    path = save_fragments(ds, [b"\0\0\1\xb3"], tmp_path / "a.dcm", "1.2.840.10008.1.2.4.102")
    with pytest.raises(UnreadableError, match="its video can't be read"):
        open_frames(image_set(path, frames=2))


def test_rle_in_several_fragments_a_frame(tmp_path: Path) -> None:
    from pydicom.pixels.encoders import RLELosslessEncoder

    ds = data_set((24, 32), b"", frames=3)
    streams = [
        RLELosslessEncoder.encode(
            frame,
            rows=24,
            columns=32,
            samples_per_pixel=1,
            bits_allocated=8,
            bits_stored=8,
            pixel_representation=0,
            photometric_interpretation="MONOCHROME2",
            number_of_frames=1,
        )
        for frame in FRAMES[:3]
    ]
    path = save_fragments(ds, streams, tmp_path / "a.dcm", RLE, table=False, pieces=2)
    source = open_frames(image_set(path, frames=3))
    assert source.decoder == "imagecodecs dicomrle"
    assert np.array_equal(source.frame(2), FRAMES[2])


def test_many_threads_at_once(tmp_path: Path) -> None:
    source = open_frames(image_set(_file(tmp_path / "a.dcm", table=False, pieces=2), frames=5))
    order = [k % 5 for k in range(200)]
    with ThreadPoolExecutor(8) as pool:
        for index, frame in zip(order, pool.map(source.frame, order), strict=True):
            assert np.array_equal(frame, FRAMES[index])


def test_opening_reads_no_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 frames without an offset table: bytes read stay those of headers."""
    frames = 2000
    ds = data_set((24, 32), b"", frames=frames)
    streams = [STREAMS[0] + bytes(4000)] * frames
    path = save_fragments(ds, streams, tmp_path / "a.dcm", JPEG_LOSSLESS, table=False)
    reads: list[int] = []

    class Counted(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            reads.append(len(data))
            return data

        def readinto(self, buffer: Any, /) -> int:
            count = super().readinto(buffer)
            reads.append(count)
            return count

        def readall(self) -> bytes:
            data = super().readall()
            reads.append(len(data))
            return data

    monkeypatch.setattr(DiskBytes, "open", lambda self: Counted(self.path))
    source = open_frames(image_set(path, frames=frames))
    assert frames <= len(reads) <= frames + 50  # one look at each fragment
    assert sum(reads) < 2**18 < path.stat().st_size / 30
    opened = len(reads)
    assert np.array_equal(source.frame(frames - 1), FRAMES[0])
    assert len(reads) <= opened + 4  # where frames lie is known now


class _Counting(io.BytesIO):
    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        _Counting.read_bytes += len(data)
        return data


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.booleans())
def test_places_of_any_fragments(pieces: list[int], table: bool) -> None:
    body, offsets = b"", []
    for count in pieces:
        offsets.append(len(body))
        for k in range(count):
            payload = (b"\xff\xd8\xff\xe0" if k == 0 else b"\x11\x22\x33\x44") + bytes(2000)
            body += ITEM + struct.pack("<I", len(payload)) + payload
    head = struct.pack(f"<{len(offsets)}I", *offsets) if table else b""
    data = ITEM + struct.pack("<I", len(head)) + head + body + b"\xfe\xff\xdd\xe0\0\0\0\0"
    stream = _Counting(data)
    _Counting.read_bytes = 0
    places = read_places(stream, 0, len(data), len(pieces))
    assert _Counting.read_bytes < 8 + len(head) + 17 * sum(pieces) + 16
    assert places.starts == tuple(8 + len(head) + offset for offset in offsets)
    for index, count in enumerate(pieces):
        assert len(places.read(stream, index, len(data))) == 2004 * count


def test_fragments_that_cannot_be_told_apart() -> None:
    body = (ITEM + struct.pack("<I", 4) + b"abcd") * 5
    data = ITEM + bytes(4) + body
    with pytest.raises(DamagedFrameError, match=r"5 pieces .* into 3 frames"):
        read_places(io.BytesIO(data), 0, len(data), 3)


def test_a_start_marker_inside_a_fragment_of_another_frame() -> None:
    """Fragments cut just before a thumbnail: only starts that follow an end count."""
    parts = [b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xdb..", b"....\xff\xd9", b"\xff\xd8\xff\xd9"]
    body = b"".join(ITEM + struct.pack("<I", len(p)) + p for p in parts)
    data = ITEM + bytes(4) + body
    places = read_places(io.BytesIO(data), 0, len(data), 2)
    assert bytes(places.read(io.BytesIO(data), 0, len(data))) == b"".join(parts[:3])
    assert bytes(places.read(io.BytesIO(data), 1, len(data))) == parts[3]


def test_a_table_that_points_at_the_wrong_fragments_is_noticed_at_the_frame(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.dcm", pieces=2)
    data = bytearray(path.read_bytes())
    start = data.index(ITEM + struct.pack("<I", 20)) + 8
    offsets = struct.unpack_from("<5I", data, start)
    first = start + 20
    for frame in (1, 2, 3):  # each at its second fragment
        item = first + offsets[frame]
        length = struct.unpack_from("<I", data, item + 4)[0]
        struct.pack_into("<I", data, start + 4 * frame, offsets[frame] + 8 + length)
    path.write_bytes(data)
    _check(path)


def test_one_damaged_frame_does_not_cost_a_right_table(tmp_path: Path) -> None:
    streams = [*STREAMS[:2], b"\xff\xd8\xff\xd9" * 4, *STREAMS[3:]]
    path = _file(tmp_path / "a.dcm", streams, pieces=2)
    source = open_frames(image_set(path, frames=5))
    with pytest.raises(UnreadableError, match="frame 3 of 5 can't be read"):
        source.frame(2)
    for number in (4, 0, 3, 1):
        assert np.array_equal(source.frame(number), FRAMES[number])


@pytest.mark.parametrize("padded", [True, False])
def test_odd_fragments_with_and_without_their_pad_byte(tmp_path: Path, padded: bool) -> None:
    odd = [stream + b"\0" * (len(stream) % 2 == 0) for stream in STREAMS]
    body = ITEM + struct.pack("<I", 0)
    for stream in odd:
        for part in (stream[:101], stream[101:]):
            body += ITEM + struct.pack("<I", len(part)) + part + b"\0" * (padded and len(part) % 2)
    ds = data_set((24, 32), b"", frames=5)
    ds.PixelData = body
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    _check(save(ds, tmp_path / "a.dcm", JPEG_LOSSLESS))


def test_an_endless_offset_table_is_not_read() -> None:
    body = ITEM + struct.pack("<I", 8) + b"\xff\xd8\xff\xe0" + bytes(4)
    data = ITEM + struct.pack("<I", 2**20) + bytes(2**20) + body + b"\xfe\xff\xdd\xe0\0\0\0\0"
    stream = _Counting(data)
    _Counting.read_bytes = 0
    assert len(read_places(stream, 0, len(data), 1).starts) == 1
    assert _Counting.read_bytes < 64


def test_damaged_jpeg_ls_is_refused_and_without_an_end_not_even_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CharLS takes seconds over a frame without an end."""
    import imagecodecs

    pixels = pattern((512, 512), 12)
    stream = bytes(imagecodecs.jpegls_encode(pixels))
    middle = len(stream) // 2
    broken = [
        stream[:middle],
        stream[:middle] + stream[-2:],
        stream[:middle] + bytes(2000) + stream[middle + 2000 :],
        stream[:middle] + b"\xff\x7f" * 900 + stream[middle + 1800 :],
    ]
    ds = data_set(pixels.shape, b"", frames=4, BitsAllocated=16, BitsStored=12)
    path = save_fragments(ds, broken, tmp_path / "a.dcm", "1.2.840.10008.1.2.4.80")
    source = open_frames(image_set(path, frames=4))
    decoded: list[bytes] = []
    real = imagecodecs.jpegls_decode

    def counted(data: Any) -> Any:
        decoded.append(bytes(data).rstrip(b"\0"))
        return real(data)

    monkeypatch.setattr(imagecodecs, "jpegls_decode", counted)
    for number in range(4):
        with pytest.raises(UnreadableError, match="JPEG-LS"):
            source.frame(number)
    assert decoded == broken[1:]
