"""Samples that are not whole bytes: 1, 10, 12 and 24 bits allocated."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from frame_samples import data_set, image_set, pattern, save
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRBigEndian

from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.dicom.packed_bits import unpack


def _packed(values: list[int], bits: int) -> bytes:
    """By arithmetic on one large number: sample k is worth 2 ** (k * bits)."""
    whole = sum(value << (k * bits) for k, value in enumerate(values))
    return whole.to_bytes(-(-len(values) * bits // 8), "little")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([1, 9, 10, 12, 15, 24]), st.integers(0, 9), st.data())
def test_unpacked_samples_are_those_packed(bits: int, skipped: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=20))
    raw = np.frombuffer(_packed([0] * skipped + values, bits), np.uint8)
    assert unpack(raw, skipped * bits, len(values), bits).tolist() == values


def test_two_samples_of_12_bits_lie_as_the_standard_draws_them() -> None:
    # PS3.5 Annex D: the low byte of the first, then its high nibble below the second's low one.
    assert unpack(np.array([0xBC, 0xFA, 0xDE], np.uint8), 0, 2, 12).tolist() == [0xABC, 0xDEF]


@pytest.mark.parametrize("shape", [(8, 8), (5, 7), (1, 1), (3, 3)])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("bits", [10, 12])
def test_frames_run_on_without_gaps(
    tmp_path: Path, bits: int, big: bool, shape: tuple[int, int]
) -> None:
    frames = [pattern(shape, bits, seed=k) for k in range(3)]
    data = _packed([int(v) for frame in frames for v in frame.ravel()], bits)
    data += b"\0" * (len(data) % 2)
    if big:
        data = np.frombuffer(data, "<u2").byteswap().tobytes()
    ds = data_set(shape, data, frames=3, BitsAllocated=bits, BitsStored=bits)
    syntax = ExplicitVRBigEndian if big else "1.2.840.10008.1.2.1"
    (found,) = index([save(ds, tmp_path / "a.dcm", syntax)]).image_sets
    source = open_frames(found)
    assert found.frames == 3
    assert source.dtype == np.uint16
    for number in (2, 0, 1):
        assert np.array_equal(source.frame(number), frames[number])


def test_signed_packed_samples_get_their_sign_back(tmp_path: Path) -> None:
    wanted = np.array([[-2048, -1], [0, 2047]], np.int16)
    data = _packed([int(v) & 0xFFF for v in wanted.ravel()], 12)
    ds = data_set((2, 2), data, BitsAllocated=12, BitsStored=12, PixelRepresentation=1)
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert frame.dtype == np.int16
    assert np.array_equal(frame, wanted)


def test_deflated_single_bits(tmp_path: Path) -> None:
    import zlib

    from frame_samples import save_fragments

    bits = (pattern((5, 7)) > 128).astype(np.uint8)
    worker = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = worker.compress(np.packbits(bits, bitorder="little").tobytes()) + worker.flush()
    ds = data_set((5, 7), b"", BitsAllocated=1, BitsStored=1)
    path = save_fragments(ds, [stream], tmp_path / "a.dcm", "1.2.840.10008.1.2.4.80")
    path.write_bytes(
        path.read_bytes().replace(b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.8.1\0")
    )
    assert np.array_equal(open_frames(image_set(path)).frame(0), bits)


def test_32_bit_samples(tmp_path: Path) -> None:
    wanted = np.array([[0, 1], [2**31, 2**32 - 1]], np.uint32)
    ds = data_set((2, 2), struct.pack("<4I", *wanted.ravel()), BitsAllocated=32, BitsStored=32)
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert frame.dtype == np.uint32
    assert np.array_equal(frame, wanted)
