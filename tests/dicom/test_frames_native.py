"""Uncompressed frames in every layout the standard allows."""

from __future__ import annotations

import os
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frame_samples import data_set, image_set, pattern, save
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from viewer.dicom import byte_source, free_memory
from viewer.dicom.frames import open_frames
from viewer.errors import UnreadableError

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4"])
def test_grey_of_every_width_and_byte_order(tmp_path: Path, syntax: str, kind: str) -> None:
    bits = 8 * np.dtype(kind).itemsize
    frames = np.random.default_rng(2).integers(0, 256, (3, 5, 7 * bits // 8), np.uint8).view(kind)
    stored = frames.astype(frames.dtype.newbyteorder(">" if syntax == SYNTAXES[2] else "<"))
    ds = data_set(
        (5, 7),
        stored.tobytes(),
        frames=3,
        BitsAllocated=bits,
        BitsStored=bits,
        PixelRepresentation=int(kind[0] == "i"),
    )
    source = open_frames(image_set(save(ds, tmp_path / "a.dcm", syntax), frames=3))
    assert (source.shape, source.dtype, source.decoder) == ((5, 7), np.dtype(kind), "native")
    for index in (2, 0, 1):
        frame = source.frame(index)
        assert np.array_equal(frame, frames[index])
        assert frame.dtype == np.dtype(kind)
        assert frame.dtype.isnative
        assert frame.flags.c_contiguous
        assert not frame.flags.writeable


@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_big_endian_words_of_bytes_are_unswapped(tmp_path: Path, vr: str) -> None:
    frames = np.arange(30, dtype=np.uint8).reshape(2, 3, 5)
    data = frames.tobytes()
    if vr == "OW":
        data = np.frombuffer(data, np.uint16).byteswap().tobytes()
    ds = data_set((3, 5), data, frames=2)
    ds["PixelData"].VR = vr
    path = save(ds, tmp_path / "a.dcm", ExplicitVRBigEndian)
    source = open_frames(image_set(path, frames=2))
    assert np.array_equal(source.frame(1), frames[1])


def test_one_bit_frames_need_not_begin_at_a_byte(tmp_path: Path) -> None:
    frames = np.random.default_rng(3).integers(0, 2, (3, 5, 7), np.uint8)
    ds = data_set((5, 7), np.packbits(frames.ravel(), bitorder="little").tobytes(), frames=3)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 1, 0
    source = open_frames(image_set(save(ds, tmp_path / "a.dcm"), frames=3))
    for index in range(3):
        assert np.array_equal(source.frame(index), frames[index])


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb_by_pixel_and_by_plane(tmp_path: Path, planar: int) -> None:
    frames = np.stack([pattern((6, 5, 3), seed=k) for k in (1, 2)])
    stored = np.moveaxis(frames, -1, 1) if planar else frames
    ds = data_set((6, 5, 3), stored.tobytes(), frames=2, PlanarConfiguration=planar)
    source = open_frames(image_set(save(ds, tmp_path / "a.dcm"), frames=2))
    assert source.shape == (6, 5, 3)
    assert np.array_equal(source.frame(1), frames[1])
    assert source.frame(1).flags.c_contiguous


def test_sixteen_bit_colour_comes_as_eight(tmp_path: Path) -> None:
    rgb = pattern((4, 4, 3), 12)
    ds = data_set((4, 4, 3), rgb.tobytes(), BitsAllocated=16, BitsStored=12)
    assert np.array_equal(
        open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0), (rgb >> 4).astype(np.uint8)
    )


def _pydicom_rgb(ybr: NDArray[np.uint8]) -> NDArray[Any]:
    from pydicom.pixels.processing import convert_color_space

    return convert_color_space(ybr, "YBR_FULL", "RGB")


def test_ybr_full_equals_the_standards_equations(tmp_path: Path) -> None:
    ybr = np.random.default_rng(4).integers(0, 256, (64, 64, 3), np.uint8)
    ds = data_set(ybr.shape, ybr.tobytes(), PhotometricInterpretation="YBR_FULL")
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert np.array_equal(frame, _pydicom_rgb(ybr))


def test_ybr_full_422_shares_chroma_between_two_pixels(tmp_path: Path) -> None:
    ybr = np.random.default_rng(5).integers(0, 256, (4, 6, 3), np.uint8)
    ybr[:, 1::2, 1:] = ybr[:, 0::2, 1:]
    pairs = np.stack([ybr[:, 0::2, 0], ybr[:, 1::2, 0], ybr[:, 0::2, 1], ybr[:, 0::2, 2]], axis=-1)
    data = pairs.tobytes() * 2
    ds = data_set(ybr.shape, data, frames=2, PhotometricInterpretation="YBR_FULL_422")
    source = open_frames(image_set(save(ds, tmp_path / "a.dcm"), frames=2))
    assert np.array_equal(source.frame(1), _pydicom_rgb(ybr))


def test_ybr_partial_422_reaches_black_and_white(tmp_path: Path) -> None:
    pairs = np.array([[16, 235, 128, 128]], np.uint8)
    ds = data_set((1, 2, 3), pairs.tobytes(), PhotometricInterpretation="YBR_PARTIAL_422")
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert frame.tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_grey_looking_colour_stays_colour(tmp_path: Path) -> None:
    grey = np.repeat(pattern((4, 4))[..., None], 3, axis=2)
    ds = data_set((4, 4, 3), grey.tobytes())
    assert open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0).shape == (4, 4, 3)


def test_unused_bits_are_no_part_of_the_value(tmp_path: Path) -> None:
    stored = np.array([[0xF123, 0x0FFF]], np.uint16)
    ds = data_set((1, 2), stored.tobytes(), BitsAllocated=16, BitsStored=12)
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert frame.tolist() == [[0x123, 0xFFF]]


def test_the_sign_bit_is_that_of_the_bits_stored(tmp_path: Path) -> None:
    stored = np.array([[0x0FFF, 0x0800, 0x07FF]], np.uint16)
    ds = data_set((1, 3), stored.tobytes(), BitsAllocated=16, BitsStored=12, PixelRepresentation=1)
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert frame.dtype == np.int16
    assert frame.tolist() == [[-1, -2048, 2047]]


def test_a_high_bit_above_the_bits_stored_shifts(tmp_path: Path) -> None:
    stored = np.array([[0x1230, 0xFFF0]], np.uint16)
    ds = data_set((1, 2), stored.tobytes(), BitsAllocated=16, BitsStored=12, HighBit=15)
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert frame.tolist() == [[0x123, 0xFFF]]


def test_float_pixel_data(tmp_path: Path) -> None:
    values = np.array([[0.5, -2.0], [1e6, 3.0]], np.float32)
    ds = data_set((2, 2), b"", BitsAllocated=32, BitsStored=32)
    del ds.PixelData
    ds.FloatPixelData = values.tobytes()
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert np.array_equal(frame, values)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    frames=st.integers(1, 4),
    stored=st.integers(1, 16),
    signed=st.booleans(),
)
def test_any_size_and_depth_agrees_with_arithmetic(
    tmp_path_factory: pytest.TempPathFactory,
    rows: int,
    columns: int,
    frames: int,
    stored: int,
    signed: bool,
) -> None:
    words = np.random.default_rng(rows * 100 + columns).integers(
        0, 65536, (frames, rows, columns), dtype=np.uint16
    )
    ds = data_set(
        (rows, columns),
        words.tobytes(),
        frames=frames,
        BitsAllocated=16,
        BitsStored=stored,
        PixelRepresentation=int(signed),
    )
    path = save(ds, tmp_path_factory.mktemp("any") / "a.dcm")
    frame = open_frames(image_set(path, frames=frames)).frame(frames - 1)
    wanted = words[-1].astype(np.int64) & ((1 << stored) - 1)
    if signed:
        wanted = np.where(wanted >> (stored - 1), wanted - (1 << stored), wanted)
    assert np.array_equal(frame, wanted)


def test_frames_that_exist_are_read_the_rest_named(tmp_path: Path) -> None:
    frames = np.stack([pattern((8, 8), seed=k) for k in range(4)])
    path = save(data_set((8, 8), frames.tobytes(), frames=4), tmp_path / "a.dcm")
    os.truncate(path, path.stat().st_size - 100)
    source = open_frames(image_set(path, frames=4))
    assert np.array_equal(source.frame(1), frames[1])
    with pytest.raises(UnreadableError, match=r"a\.dcm: frame 3 of 4 can't be read: .*end early"):
        source.frame(2)
    with pytest.raises(IndexError):
        source.frame(4)


def test_not_one_whole_frame_is_refused_at_once(tmp_path: Path) -> None:
    path = save(data_set((8, 8), bytes(20)), tmp_path / "a.dcm")
    with pytest.raises(UnreadableError, match="image data end early"):
        open_frames(image_set(path))


def test_a_size_beyond_reason_is_refused_before_room_is_made(tmp_path: Path) -> None:
    ds = data_set((1, 1), bytes(100), BitsAllocated=16, BitsStored=16)
    ds.Rows = ds.Columns = 46341
    with pytest.raises(UnreadableError, match="one frame of 46341 x 46341 would take 4096 MB"):
        open_frames(image_set(save(ds, tmp_path / "a.dcm")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"PixelData": None}, "holds no image data"),
        ({"Rows": None}, "how many rows and columns"),
        ({"SamplesPerPixel": 4}, "4 samples of 8 bits"),
        ({"BitsAllocated": 20}, "1 samples of 20 bits"),
    ],
)
def test_a_header_that_cannot_be_right(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    ds = data_set((4, 4), bytes(64))
    for keyword, value in change.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    with pytest.raises(UnreadableError, match=message):
        open_frames(image_set(save(ds, tmp_path / "a.dcm")))


def test_pixels_labelled_compressed_that_are_not(tmp_path: Path) -> None:
    grey = pattern((8, 8))
    path = save(data_set((8, 8), grey.tobytes()), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"))
    assert np.array_equal(open_frames(image_set(path)).frame(0), grey)


def test_many_threads_at_once(tmp_path: Path) -> None:
    frames = np.stack([pattern((32, 32), seed=k) for k in range(20)])
    path = save(data_set((32, 32), frames.tobytes(), frames=20), tmp_path / "a.dcm")
    source = open_frames(image_set(path, frames=20))
    order = [k % 20 for k in range(200)]
    with ThreadPoolExecutor(8) as pool:
        for index, frame in zip(order, pool.map(source.frame, order), strict=True):
            assert np.array_equal(frame, frames[index])


def test_a_series_of_single_frames(tmp_path: Path) -> None:
    frames = [pattern((8, 8), seed=k) for k in range(3)]
    paths = [
        save(data_set((8, 8), f.tobytes()), tmp_path / f"{k}.dcm") for k, f in enumerate(frames)
    ]
    source = open_frames(image_set(*paths))
    paths[1].unlink()
    assert np.array_equal(source.frame(2), frames[2])
    with pytest.raises(UnreadableError, match=r"1\.dcm: no such file"):
        source.frame(1)
    assert np.array_equal(source.frame(0), frames[0])


def test_a_frame_unlike_the_others_is_named(tmp_path: Path) -> None:
    first = save(data_set((8, 8), bytes(64)), tmp_path / "a.dcm")
    other = save(data_set((8, 6), bytes(48)), tmp_path / "b.dcm")
    source = open_frames(image_set(first, other))
    with pytest.raises(UnreadableError, match=r"b\.dcm: frame 2 of 2 .* 6 x 8 grey uint8"):
        source.frame(1)


def test_a_first_file_that_is_bad_does_not_stop_the_others(tmp_path: Path) -> None:
    grey = pattern((8, 8))
    bad = tmp_path / "a.dcm"
    bad.write_bytes(b"no image")
    good = save(data_set((8, 8), grey.tobytes()), tmp_path / "b.dcm")
    source = open_frames(image_set(bad, good))
    assert np.array_equal(source.frame(1), grey)
    with pytest.raises(UnreadableError, match="not a DICOM file"):
        source.frame(0)


def test_a_file_changed_while_open_is_not_trusted(tmp_path: Path) -> None:
    path = save(data_set((8, 8), bytes(128), frames=2), tmp_path / "a.dcm")
    source = open_frames(image_set(path, frames=2))
    save(data_set((8, 8), bytes(192), frames=3), path)
    with pytest.raises(UnreadableError, match="changed while it was open"):
        source.frame(0)


def test_members_of_a_zip(tmp_path: Path) -> None:
    frames = np.stack([pattern((16, 16), seed=k) for k in range(3)])
    path = save(data_set((16, 16), frames.tobytes(), frames=3), tmp_path / "a.dcm")
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.write(path, "disc/IM1")
    source = open_frames(image_set(archive, frames=3, member="disc/IM1"))
    archive.unlink()  # read once, held in memory
    assert np.array_equal(source.frame(2), frames[2])


def test_a_member_too_large_to_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(data_set((64, 64), bytes(4096)), tmp_path / "a.dcm")
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.write(path, "IM1")
    monkeypatch.setattr(byte_source, "MAX_MEMBER_BYTES", 2000)
    with pytest.raises(UnreadableError, match="Unpack the zip file"):
        open_frames(image_set(archive, member="IM1"))


def test_only_the_last_members_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_source, "KEPT_MEMBER_BYTES", 2500)
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for k in range(4):
            target.writestr(f"{k}", bytes([k]) * 1000)
    members = byte_source.ZipMembers()
    for k in range(4):
        assert members.read(archive, f"{k}").data[0] == k
    assert sum(member.size for member in members._kept.values()) == 2000


def test_a_deflated_bomb_is_not_unpacked() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = bomb.compress(bytes(10_000_000)) + bomb.flush()
    with pytest.raises(UnreadableError, match="unpacks to more than"):
        byte_source.inflate(data, "a.dcm", limit=2**20)


@pytest.mark.parametrize(("free", "fits"), [(4 * 8000, True), (4 * 8000 - 4, False)])
def test_the_largest_frame_is_by_the_memory_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, fits: bool
) -> None:
    grey = pattern((80, 100))
    path = save(data_set((80, 100), grey.tobytes()), tmp_path / "a.dcm")
    monkeypatch.setattr(free_memory, "free_bytes", lambda: free)
    if fits:
        assert np.array_equal(open_frames(image_set(path)).frame(0), grey)
    else:
        with pytest.raises(UnreadableError, match="by the memory free"):
            open_frames(image_set(path))


def test_free_memory_is_told_by_the_container_when_it_has_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 < free_memory.largest_block() <= free_memory.LARGEST
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("1000\n")
    monkeypatch.setattr(free_memory, "_GROUP", tmp_path)
    assert free_memory.largest_block() == 1000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory.largest_block() > 1000
