"""Every codec, every colour model, and code streams that lie or are damaged."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frame_samples import (
    HTJ2K,
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    JPEG_LS,
    RLE,
    data_set,
    image_set,
    pattern,
    save,
    save_fragments,
)
from imagecodecs import (
    htj2k_encode,
    jpeg2k_encode,
    jpeg8_decode,
    jpeg8_encode,
    jpegls_encode,
)
from numpy.typing import NDArray

from viewer.dicom.codestream import Codec, CodeStream, read_code_stream
from viewer.dicom.decoders import Space, colour_of_jpeg
from viewer.dicom.frames import FrameSource, open_frames
from viewer.dicom.palette import PaletteError, expand_segments
from viewer.errors import UnreadableError


def _open(
    tmp_path: Path, stream: bytes, syntax: str, shape: tuple[int, ...], **values: Any
) -> FrameSource:
    ds = data_set(shape, b"", **values)
    return open_frames(image_set(save_fragments(ds, [stream], tmp_path / "a.dcm", syntax)))


def _lossless(codec: str, pixels: NDArray[Any], bits: int) -> bytes:
    if codec == JPEG_LOSSLESS:
        return bytes(jpeg8_encode(pixels, lossless=True, bitspersample=bits))
    if codec == JPEG_LS:
        return bytes(jpegls_encode(pixels))
    if codec == JPEG_2000:
        return bytes(jpeg2k_encode(pixels, reversible=True, codecformat="j2k", level=0))
    return bytes(htj2k_encode(pixels, reversible=True))


NAMES = {
    JPEG_LOSSLESS: "imagecodecs jpeg8",
    JPEG_LS: "imagecodecs jpegls",
    JPEG_2000: "imagecodecs jpeg2k",
    HTJ2K: "imagecodecs htj2k",
}


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("syntax", NAMES)
def test_lossless_grey_comes_back_exactly(tmp_path: Path, syntax: str, bits: int) -> None:
    pixels = pattern((40, 48), bits)
    width = 8 if bits == 8 else 16
    source = _open(
        tmp_path,
        _lossless(syntax, pixels, bits),
        syntax,
        pixels.shape,
        BitsAllocated=width,
        BitsStored=bits,
    )
    assert source.decoder == NAMES[syntax]
    frame = source.frame(0)
    assert frame.dtype == pixels.dtype
    assert np.array_equal(frame, pixels)
    assert not frame.flags.writeable


@pytest.mark.parametrize("syntax", [JPEG_LOSSLESS, JPEG_LS, JPEG_2000])
def test_signed_values_get_their_sign_back(tmp_path: Path, syntax: str) -> None:
    signed = np.array([[-2048, -1], [0, 2047]], np.int16).repeat(8, 0).repeat(8, 1)
    stored = (signed & 0xFFF).astype(np.uint16)
    source = _open(
        tmp_path,
        _lossless(syntax, stored, 12),
        syntax,
        stored.shape,
        BitsAllocated=16,
        BitsStored=12,
        PixelRepresentation=1,
    )
    assert source.frame(0).dtype == np.int16
    assert np.array_equal(source.frame(0), signed)


def test_signed_jpeg_2000_components(tmp_path: Path) -> None:
    signed = np.arange(-2048, 2048, 16, dtype=np.int16).reshape(16, 16)
    stream = bytes(jpeg2k_encode(signed, reversible=True, codecformat="j2k", level=0))
    for representation in (0, 1):
        source = _open(
            tmp_path,
            stream,
            JPEG_2000,
            signed.shape,
            BitsAllocated=16,
            BitsStored=12,
            PixelRepresentation=representation,
        )
        wanted = signed if representation else signed & 0xFFF
        assert np.array_equal(source.frame(0), wanted)


AS_RGB: dict[str, Any] = {"colorspace": "RGB", "outcolorspace": "RGB"}


def _named(stream: bytes, names: bytes) -> bytes:
    """A JPEG whose components R, G, B are called otherwise, without its Adobe marker."""
    frame, scan = stream.index(b"\x03R"), stream.index(b"\x03R", stream.index(b"\x03R") + 1)
    changed = bytearray(stream)
    for k, name in enumerate(names):
        changed[frame + 1 + 3 * k] = changed[scan + 1 + 2 * k] = name
    adobe = stream.index(b"Adobe") - 4
    return bytes(changed[:adobe] + changed[adobe + 16 :])


@pytest.mark.parametrize("names", [b"RGB", b"rgb"])
def test_lossless_jpeg_that_names_its_components_is_rgb(tmp_path: Path, names: bytes) -> None:
    pixels = pattern((32, 32, 3))
    stream = _named(bytes(jpeg8_encode(pixels, lossless=True, **AS_RGB)), names)
    tags = {"PhotometricInterpretation": "YBR_FULL"}
    assert np.array_equal(
        _open(tmp_path, stream, JPEG_LOSSLESS, (32, 32, 3), **tags).frame(0), pixels
    )


@pytest.mark.parametrize("syntax", NAMES)
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_lossless_colour(tmp_path: Path, syntax: str, photometric: str) -> None:
    from pydicom.pixels.processing import convert_color_space

    pixels = pattern((32, 32, 3))
    if syntax == JPEG_LOSSLESS:
        stream = _named(bytes(jpeg8_encode(pixels, lossless=True, **AS_RGB)), b"\1\2\3")
    elif syntax == JPEG_2000:
        stream = bytes(
            jpeg2k_encode(pixels, reversible=True, codecformat="j2k", level=0, mct=False)
        )
    elif syntax == HTJ2K and photometric == "YBR_FULL":
        stream = bytes(htj2k_encode(pixels, reversible=True, rgb=False))
    else:
        stream = _lossless(syntax, pixels, 8)
    source = _open(tmp_path, stream, syntax, pixels.shape, PhotometricInterpretation=photometric)
    wanted = pixels if photometric == "RGB" else convert_color_space(pixels, "YBR_FULL", "RGB")
    assert source.shape == (32, 32, 3)
    assert np.array_equal(source.frame(0), wanted)


@pytest.mark.parametrize(
    ("photometric", "reversible", "within"), [("YBR_RCT", True, 0), ("YBR_ICT", False, 12)]
)
def test_jpeg_2000_undoes_its_own_transforms(
    tmp_path: Path, photometric: str, reversible: bool, within: int
) -> None:
    pixels = pattern((64, 64, 3))
    level = 0 if reversible else 90
    stream = jpeg2k_encode(pixels, reversible=reversible, codecformat="j2k", level=level, mct=True)
    assert read_code_stream(bytes(stream)).transformed
    source = _open(
        tmp_path, bytes(stream), JPEG_2000, pixels.shape, PhotometricInterpretation=photometric
    )
    assert np.abs(source.frame(0).astype(int) - pixels).max() <= within


def _without_app(stream: bytes) -> bytes:
    """A JPEG without JFIF and Adobe markers, as most DICOM writers make it."""
    out, pos = stream[:2], 2
    while stream[pos + 1] != 0xDA:
        length = 2 + struct.unpack_from(">H", stream, pos + 2)[0]
        if not 0xE0 <= stream[pos + 1] <= 0xEF:
            out += stream[pos : pos + length]
        pos += length
    return out + stream[pos:]


SMOOTH = np.stack(
    [np.tile(np.linspace(a, b, 64), (64, 1)) for a, b in ((20, 230), (200, 60), (90, 110))], axis=-1
).astype(np.uint8)


@pytest.mark.parametrize(
    ("photometric", "stored", "markers", "subsampling"),
    [
        ("YBR_FULL_422", "YCBCR", True, "422"),
        ("YBR_FULL_422", "YCBCR", False, "422"),
        ("YBR_FULL", "YCBCR", False, "444"),
        ("RGB", "YCBCR", True, "444"),  # the header is wrong: JFIF is always YCbCr
        ("RGB", "YCBCR", False, "420"),  # the header is wrong: RGB is never subsampled
        ("RGB", "RGB", False, "444"),
        ("YBR_FULL_422", "RGB", True, "444"),  # the header is wrong: Adobe's marker says RGB
    ],
)
def test_jpeg_colour_whatever_the_header_says(
    tmp_path: Path, photometric: str, stored: str, markers: bool, subsampling: str
) -> None:
    stream = bytes(
        jpeg8_encode(
            SMOOTH, level=98, colorspace="RGB", outcolorspace=stored, subsampling=subsampling
        )
    )
    source = _open(
        tmp_path,
        stream if markers else _without_app(stream),
        JPEG_BASELINE,
        SMOOTH.shape,
        PhotometricInterpretation=photometric,
    )
    assert np.abs(source.frame(0).astype(int) - SMOOTH).max() <= 6


def test_component_names_rgb_mean_rgb() -> None:
    named = CodeStream(Codec.JPEG, 8, 8, 3, 8, ids=(0x52, 0x47, 0x42))
    assert colour_of_jpeg(named, "YBR_FULL_422") is Space.RGB


def test_a_grey_jpeg_in_a_colour_image_is_shown_grey(tmp_path: Path) -> None:
    stream = bytes(jpeg8_encode(pattern((16, 16)), level=95))
    source = _open(tmp_path, stream, JPEG_BASELINE, (16, 16, 3))
    assert source.shape == (16, 16, 3)
    assert np.array_equal(source.frame(0)[..., 2], jpeg8_decode(stream))


def test_a_colour_jpeg_in_a_grey_image_is_shown_in_colour(tmp_path: Path) -> None:
    stream = bytes(jpeg8_encode(SMOOTH, level=98))
    source = _open(tmp_path, stream, JPEG_BASELINE, (64, 64))
    assert source.shape == (64, 64, 3)
    assert np.abs(source.frame(0).astype(int) - SMOOTH).max() <= 12


def test_eight_bit_jpeg_in_sixteen_bits_allocated(tmp_path: Path) -> None:
    pixels = pattern((16, 16))
    source = _open(
        tmp_path, _lossless(JPEG_LOSSLESS, pixels, 8), JPEG_LOSSLESS, (16, 16), BitsAllocated=16
    )
    assert source.frame(0).dtype == np.uint16
    assert np.array_equal(source.frame(0), pixels)


def test_a_code_stream_deeper_than_the_header_says(tmp_path: Path) -> None:
    pixels = pattern((16, 16), 12)
    source = _open(tmp_path, _lossless(JPEG_LOSSLESS, pixels, 12), JPEG_LOSSLESS, (16, 16))
    assert source.dtype == np.uint16
    assert np.array_equal(source.frame(0), pixels)


def test_twelve_bit_extended_jpeg(tmp_path: Path) -> None:
    pixels = pattern((32, 32), 12)
    stream = bytes(jpeg8_encode(pixels, level=98, bitspersample=12))
    source = _open(
        tmp_path, stream, "1.2.840.10008.1.2.4.51", (32, 32), BitsAllocated=16, BitsStored=12
    )
    assert np.abs(source.frame(0).astype(int) - pixels).max() <= 40


@pytest.mark.parametrize("syntax", [JPEG_LS, JPEG_2000, HTJ2K])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.97])
def test_cut_code_streams_are_refused(tmp_path: Path, syntax: str, share: float) -> None:
    stream = _lossless(syntax, pattern((64, 64), 12), 12)
    source = _open(
        tmp_path,
        stream[: int(len(stream) * share)],
        syntax,
        (64, 64),
        BitsAllocated=16,
        BitsStored=12,
    )
    with pytest.raises(UnreadableError, match="frame 1 of 1 can't be read"):
        source.frame(0)


def test_lossless_jpeg_with_values_out_of_range_is_refused(tmp_path: Path) -> None:
    stream = bytearray(_lossless(JPEG_LOSSLESS, pattern((128, 128), 10), 10))
    middle = len(stream) // 2
    stream[middle : middle + 60] = b"\xfe" * 60
    source = _open(
        tmp_path, bytes(stream), JPEG_LOSSLESS, (128, 128), BitsAllocated=16, BitsStored=10
    )
    with pytest.raises(UnreadableError, match="JPEG lossless data are damaged"):
        source.frame(0)


@pytest.mark.parametrize(("bits", "colour"), [(8, False), (16, False), (8, True)])
def test_rle(tmp_path: Path, bits: int, colour: bool) -> None:
    from pydicom.pixels.encoders import RLELosslessEncoder

    pixels = pattern((15, 21, 3) if colour else (15, 21), bits)
    stream = RLELosslessEncoder.encode(
        pixels,
        rows=15,
        columns=21,
        samples_per_pixel=3 if colour else 1,
        bits_allocated=bits,
        bits_stored=bits,
        pixel_representation=0,
        photometric_interpretation="RGB" if colour else "MONOCHROME2",
        number_of_frames=1,
        planar_configuration=0,
    )
    how = {"BitsAllocated": bits, "BitsStored": bits}
    source = _open(tmp_path, stream, RLE, pixels.shape, **how)
    assert np.array_equal(source.frame(0), pixels)
    for damaged in (stream[:40], stream[: len(stream) // 2], bytes(64) + stream[64:]):
        source = _open(tmp_path, damaged, RLE, pixels.shape, **how)
        with pytest.raises(UnreadableError, match="its RLE data"):
            source.frame(0)


def test_deflated_frames(tmp_path: Path) -> None:
    import zlib

    pixels = pattern((9, 9), 12)
    worker = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = worker.compress(pixels.tobytes()) + worker.flush()
    ds = data_set(pixels.shape, b"", BitsAllocated=16, BitsStored=12, frames=2)
    path = save_fragments(ds, [stream, stream[:-20]], tmp_path / "a.dcm", JPEG_LS)
    path.write_bytes(path.read_bytes().replace(JPEG_LS.encode(), b"1.2.840.10008.1.2.8.1\0"))
    source = open_frames(image_set(path, frames=2))
    assert source.decoder == "zlib"
    assert np.array_equal(source.frame(0), pixels)
    with pytest.raises(UnreadableError, match="its deflated data"):
        source.frame(1)


def _palette(entries: int, bits: int, first: int = 0) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """Palette attributes and the RGB table they stand for."""
    table = np.random.default_rng(7).integers(0, 256, (entries, 3), np.uint8)
    table[0] = 255
    values: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for channel, name in enumerate(("Red", "Green", "Blue")):
        column = table[:, channel]
        data = column.tobytes() if bits == 8 else (column.astype(np.uint16) << 8).tobytes()
        values[f"{name}PaletteColorLookupTableDescriptor"] = [entries % 65536, first, bits]
        values[f"{name}PaletteColorLookupTableData"] = data + b"\0" * (len(data) % 2)
    return values, table


@pytest.mark.parametrize(("entries", "bits", "first"), [(256, 8, 0), (256, 16, 0), (101, 8, 20)])
def test_palette_colour(tmp_path: Path, entries: int, bits: int, first: int) -> None:
    values, table = _palette(entries, bits, first)
    pixels = pattern((12, 13))
    source = open_frames(
        image_set(save(data_set((12, 13), pixels.tobytes(), **values), tmp_path / "a.dcm"))
    )
    wanted = table[np.clip(pixels.astype(int) - first, 0, entries - 1)]
    assert (source.shape, source.dtype) == ((12, 13, 3), np.dtype(np.uint8))
    assert np.array_equal(source.frame(0), wanted)


def test_palette_of_sixteen_bit_values(tmp_path: Path) -> None:
    values, table = _palette(65536, 16)
    pixels = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    ds = data_set((16, 16), pixels.tobytes(), BitsAllocated=16, BitsStored=16, **values)
    frame = open_frames(image_set(save(ds, tmp_path / "a.dcm"))).frame(0)
    assert np.array_equal(frame, table[pixels])


def test_an_image_without_its_palette_is_refused(tmp_path: Path) -> None:
    ds = data_set((4, 4), bytes(16), PhotometricInterpretation="PALETTE COLOR")
    with pytest.raises(UnreadableError, match="palette is not described"):
        open_frames(image_set(save(ds, tmp_path / "a.dcm")))


def test_segmented_palettes() -> None:
    discrete, linear = [0, 2, 100, 200], [1, 4, 0]
    words = [*discrete, *linear, 2, 1, 4, 0]  # the last: one segment again, from word 4
    assert expand_segments(words, 64).tolist() == [100, 200, 150, 100, 50, 0, 0, 0, 0, 0]
    with pytest.raises(PaletteError):
        expand_segments([7, 1, 1], 64)


def test_segmented_palette_of_a_file(tmp_path: Path) -> None:
    values, _ = _palette(256, 16)
    for name in ("Red", "Green", "Blue"):
        del values[f"{name}PaletteColorLookupTableData"]
        ramp = struct.pack("<6H", 0, 1, 0, 1, 255, 0xFF00)
        values[f"Segmented{name}PaletteColorLookupTableData"] = ramp
    pixels = pattern((8, 8))
    frame = open_frames(
        image_set(save(data_set((8, 8), pixels.tobytes(), **values), tmp_path / "a.dcm"))
    ).frame(0)
    assert np.abs(frame[..., 0].astype(int) - pixels).max() <= 1
