"""HTJ2K: as OpenJPEG decodes it, and damage neither shown as a picture nor as a traceback."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from frame_samples import pattern
from imagecodecs import htj2k_encode, jpeg2k_decode, jpeg2k_encode
from numpy.typing import NDArray

from viewer.dicom.codestream import DamagedFrameError, read_code_stream
from viewer.dicom.htj2k import _plain_header_end, decode_htj2k

GREY = pattern((64, 80), 12)
STREAM = bytes(htj2k_encode(GREY, reversible=True))


def _decode(stream: bytes) -> NDArray[np.generic]:
    return decode_htj2k(read_code_stream(stream), memoryview(stream))


@pytest.mark.parametrize("bits", [8, 11, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_samples_are_those_of_openjpeg(bits: int, signed: bool) -> None:
    pixels = pattern((33, 47), bits)
    if signed:
        pixels = (pixels.astype(int) - (1 << (bits - 1))).astype(f"i{pixels.itemsize}")
    stream = bytes(htj2k_encode(pixels, reversible=True))
    assert _plain_header_end(memoryview(stream)) is not None
    assert np.array_equal(_decode(stream), jpeg2k_decode(stream))
    assert np.array_equal(_decode(stream), pixels)


@pytest.mark.parametrize("how", [{"tile": (32, 32)}, {"reversible": False, "level": 0.01}])
def test_tiles_and_lossy_streams_take_the_fast_way(how: dict[str, object]) -> None:
    stream = bytes(htj2k_encode(GREY, **{"reversible": True, **how}))
    assert _plain_header_end(memoryview(stream)) is not None
    assert np.abs(_decode(stream).astype(int) - jpeg2k_decode(stream)).max() <= 1


def test_an_unusual_header_takes_the_safe_way() -> None:
    plain = bytes(jpeg2k_encode(GREY, reversible=True, codecformat="j2k", level=0))
    assert _plain_header_end(memoryview(plain)) is None
    assert np.array_equal(_decode(plain), GREY)
    start = STREAM.index(b"\xff\x52")
    for offset, value in ((9, 40), (10, 20), (12, 0), (13, 7)):  # levels, block, style, wavelet
        broken = bytearray(STREAM)
        broken[start + offset] = value
        assert _plain_header_end(memoryview(broken)) is None


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_a_cut_stream_is_refused_even_with_an_end_marker(share: float, end: bytes) -> None:
    with pytest.raises(DamagedFrameError, match="end early"):
        _decode(STREAM[: int(len(STREAM) * share)] + end)


def test_damage_gives_an_error_or_what_openjpeg_gives_never_zeros(
    capfd: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.default_rng(5)
    body = STREAM.index(b"\xff\x93") + 2
    refused = 0
    for _ in range(150):
        broken = bytearray(STREAM)
        broken[int(rng.integers(body, len(broken) - 2))] ^= int(rng.integers(1, 256))
        try:
            assert _decode(bytes(broken)).any()
        except RuntimeError:
            refused += 1
    assert refused > 5
    assert "ojph" not in "".join(capfd.readouterr())


def test_damaged_headers_are_survived() -> None:
    rng = np.random.default_rng(6)
    first = STREAM.index(b"\xff\x90")
    for _ in range(400):
        broken = bytearray(STREAM)
        broken[int(rng.integers(48, first))] = int(rng.integers(0, 256))
        try:
            code = read_code_stream(broken)
            frame = decode_htj2k(code, memoryview(broken))
        except (DamagedFrameError, RuntimeError, NotImplementedError, struct.error):
            continue
        assert frame.shape[:2] == (64, 80)
