"""Encodings seldom met, and fragments and counts that contradict each other."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frame_samples import (
    HTJ2K,
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    RLE,
    data_set,
    image_set,
    pattern,
    save,
    save_fragments,
)
from imagecodecs import (
    htj2k_decode,
    htj2k_encode,
    jpeg2k_decode,
    jpeg8_decode,
    jpeg8_encode,
    jpegxl_encode,
    packbits_encode,
)
from numpy.typing import NDArray
from pydicom import dcmread

from viewer.cli.decode import one_image_set
from viewer.dicom import jpegxl
from viewer.dicom.frames import open_frames
from viewer.dicom.pydicom_plugin import LABEL, register
from viewer.errors import UnreadableError

FRAMES = [pattern((40, 48), 12, seed=k) for k in range(8)]
DEEP = {"BitsAllocated": 16, "BitsStored": 12}
JPEG_XL = "1.2.840.10008.1.2.4.110"


def _lossless(frame: NDArray[Any]) -> bytes:
    stream = bytes(jpeg8_encode(frame, lossless=True, bitspersample=12))
    return stream + b"\0" * (len(stream) % 2)


def _rle(frame: NDArray[Any]) -> bytes:
    planes = [
        packbits_encode((frame >> shift & 255).astype(np.uint8).tobytes()) for shift in (8, 0)
    ]
    planes = [plane + b"\0" * (len(plane) % 2) for plane in planes]
    return struct.pack("<16I", 2, 64, 64 + len(planes[0]), *[0] * 13) + b"".join(planes)


STREAMS = {JPEG_LOSSLESS: [_lossless(f) for f in FRAMES], RLE: [_rle(f) for f in FRAMES]}


def _file(
    path: Path, pieces: list[bytes], syntax: str, declared: int, table: bytes = b"", cut: int = 0
) -> Path:
    """A file of these fragments, one after the other."""
    ds = data_set((40, 48), b"", frames=declared, **DEEP)
    save_fragments(ds, [b"\0\0"], path, syntax, table=False)
    head = path.read_bytes()[: path.read_bytes().index(b"\xfe\xff\x00\xe0")]
    items = [b"\xfe\xff\0\xe0" + struct.pack("<I", len(p)) + p for p in (table, *pieces)]
    whole = head + b"".join(items) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    path.write_bytes(whole[: len(whole) - cut])
    return path


def _halves(stream: bytes) -> list[bytes]:
    middle = len(stream) // 4 * 2
    return [stream[:middle], stream[middle:]]


def _decoded(path: Path) -> list[int | None]:
    """Which of FRAMES each frame is; None for one that can't be read."""
    source = open_frames(one_image_set(path))
    found: list[int | None] = []
    for index in range(source.image_set.frames):
        try:
            frame = source.frame(index)
        except UnreadableError:
            found.append(None)
            continue
        found.append(next(k for k, f in enumerate(FRAMES) if np.array_equal(f, frame)))
    return found


@pytest.mark.parametrize("syntax", STREAMS)
def test_a_cut_file_with_as_many_fragments_as_frames(tmp_path: Path, syntax: str) -> None:
    pieces = [piece for stream in STREAMS[syntax] for piece in _halves(stream)]
    path = _file(tmp_path / "a.dcm", pieces[:8], syntax, 8, cut=8)
    assert _decoded(path) == [0, 1, 2, 3]


@pytest.mark.parametrize("syntax", STREAMS)
def test_uneven_fragments_without_a_table(tmp_path: Path, syntax: str) -> None:
    pieces = [p for k, s in enumerate(STREAMS[syntax]) for p in (_halves(s) if k % 3 else [s])]
    assert _decoded(_file(tmp_path / "a.dcm", pieces, syntax, 8)) == list(range(8))


@pytest.mark.parametrize("syntax", STREAMS)
@pytest.mark.parametrize("table", [True, False])
def test_an_empty_fragment_stands_for_its_frame(tmp_path: Path, syntax: str, table: bool) -> None:
    streams = [b"" if k == 3 else s for k, s in enumerate(STREAMS[syntax])]
    offsets = np.cumsum([0] + [8 + len(s) for s in streams[:-1]]).astype("<u4").tobytes()
    path = _file(tmp_path / "a.dcm", streams, syntax, 8, offsets if table else b"")
    assert _decoded(path) == [0, 1, 2, None, 4, 5, 6, 7]


@pytest.mark.parametrize("syntax", STREAMS)
@pytest.mark.parametrize("declared", [3, 5])
def test_fewer_frames_announced_than_there_are(tmp_path: Path, syntax: str, declared: int) -> None:
    path = _file(tmp_path / "a.dcm", STREAMS[syntax], syntax, declared)
    assert _decoded(path) == list(range(declared))
    warnings = one_image_set(path).warnings
    assert any(f"says {declared} frames; 8 are in the file" in text for text in warnings)


def test_a_table_of_too_few_frames_is_no_use(tmp_path: Path) -> None:
    streams = STREAMS[RLE]
    table = np.cumsum([0] + [8 + len(s) for s in streams[:3]]).astype("<u4").tobytes()
    assert _decoded(_file(tmp_path / "a.dcm", streams, RLE, 8, table)) == list(range(8))


def test_lossy_htj2k_does_not_turn_white_into_black(tmp_path: Path) -> None:
    grey = np.where(np.indices((40, 48)).sum(0) % 16 < 8, 255, 0).astype(np.uint8)
    stream = bytes(htj2k_encode(grey, reversible=False, level=0.01))
    path = save_fragments(data_set((40, 48), b""), [stream], tmp_path / "a.dcm", HTJ2K)
    frame = open_frames(image_set(path)).frame(0)
    assert np.array_equal(frame, jpeg2k_decode(stream))
    assert np.abs(frame.astype(int) - grey).max() < 128
    assert np.abs(htj2k_decode(stream).astype(int) - grey).max() > 128  # what it is for


def test_lossy_samples_beyond_the_bits_stored_are_limited(tmp_path: Path) -> None:
    grey = np.where(np.indices((40, 48)).sum(0) % 7 < 3, 1023, 0).astype(np.uint16)
    stream = bytes(jpeg8_encode(grey, level=60, bitspersample=12))
    ds = data_set((40, 48), b"", BitsAllocated=16, BitsStored=10)
    path = save_fragments(ds, [stream], tmp_path / "a.dcm", "1.2.840.10008.1.2.4.51")
    plain = jpeg8_decode(stream)
    assert plain.max() > 1023
    assert np.array_equal(open_frames(image_set(path)).frame(0), np.minimum(plain, 1023))


def _jpeg_xl(path: Path, stream: bytes, shape: tuple[int, ...], **values: Any) -> Path:
    """pydicom does not know the transfer syntax yet: it is written into the file afterwards."""
    save_fragments(data_set(shape, b"", **values), [stream], path, "1.2.840.10008.1.2.4.201")
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.4.201", JPEG_XL.encode()))
    return path


@pytest.mark.parametrize("boxed", [True, False])
@pytest.mark.parametrize("colour", [True, False])
def test_jpeg_xl(tmp_path: Path, boxed: bool, colour: bool) -> None:
    pixels = pattern((37, 300, 3)) if colour else pattern((40, 48), 12)
    values: dict[str, Any] = {} if colour else DEEP
    bits = 8 if colour else 12
    stream = bytes(jpegxl_encode(pixels, lossless=True, usecontainer=boxed, bitspersample=bits))
    start = jpegxl.code_stream_start(stream)
    assert start is not None
    assert jpegxl.read_header(stream, start) == (*pixels.shape[:2], 3 if colour else 1, bits, False)
    path = _jpeg_xl(tmp_path / "a.dcm", stream, pixels.shape, **values)
    assert np.array_equal(open_frames(image_set(path)).frame(0), pixels)
    cut = _jpeg_xl(tmp_path / "b.dcm", stream[: len(stream) // 2], pixels.shape, **values)
    with pytest.raises(UnreadableError, match="JPEG XL data are damaged"):
        open_frames(image_set(cut)).frame(0)


def test_segments_of_eight_bits_stand_one_a_byte(tmp_path: Path) -> None:
    grey = pattern((16, 16))
    values: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for channel in ("Red", "Green", "Blue"):
        values[f"{channel}PaletteColorLookupTableDescriptor"] = [256, 0, 8]
        segments = bytes([0, 1, 0, 1, 255, 255])  # 0, then a line to 255
        values[f"Segmented{channel}PaletteColorLookupTableData"] = segments
    ds = data_set((16, 16), grey.tobytes(), **values)
    for channel in ("Red", "Green", "Blue"):
        ds[f"{channel}PaletteColorLookupTableDescriptor"].VR = "US"
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert np.array_equal(frame, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize(("photometric", "told"), [("RGB", True), ("YBR_FULL_422", False)])
def test_a_wrong_colour_tag_is_told(tmp_path: Path, photometric: str, told: bool) -> None:
    stream = bytes(jpeg8_encode(pattern((32, 32, 3)), level=90))
    ds = data_set((32, 32, 3), b"", PhotometricInterpretation=photometric)
    path = save_fragments(ds, [stream], tmp_path / "a.dcm", JPEG_BASELINE)
    warnings = one_image_set(path).warnings
    assert any("its JPEG data are YCbCr" in text for text in warnings) is told


def test_opening_frames_registers_the_plugin_with_a_loaded_pydicom(tmp_path: Path) -> None:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import JPEGLosslessSV1

    decoder = get_decoder(JPEGLosslessSV1)
    if LABEL in decoder.available_plugins:
        decoder.remove_plugin(LABEL)
    path = _file(tmp_path / "a.dcm", STREAMS[JPEG_LOSSLESS], JPEG_LOSSLESS, 8)
    try:
        open_frames(one_image_set(path))
        assert LABEL in decoder.available_plugins
        assert np.array_equal(dcmread(path).pixel_array, np.stack(FRAMES))
    finally:
        register()
