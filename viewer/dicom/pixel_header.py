"""What must be known to decode the frames of one file; read once, without its pixels.

Source: PS3.3 C.7.6.3 (image pixel), C.9.2 (overlay plane), C.7.6.3.1.5/6 (palettes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.byte_source import ByteSource, MemoryBytes, inflate
from viewer.dicom.overlays import OVERLAY_DATA, OVERLAY_TAGS, OverlayPlane, overlay_planes
from viewer.dicom.palette import PALETTE_TAGS, read_palette
from viewer.dicom.pixel_elements import (
    DEFLATED,
    DOUBLE_PIXEL_DATA,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    FLOAT_PIXEL_DATA,
    IMPLICIT_LITTLE,
    UNDEFINED,
    BrokenHeaderError,
    PixelElements,
    guess_encoding,
    read_elements,
    read_meta,
)
from viewer.errors import UnreadableError

MAX_FRAME_BYTES = 512 * 2**20
"""Largest decoded frame; a header that asks for more is not believed."""

NATIVE = frozenset((IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED))
RLE = "1.2.840.10008.1.2.5"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
JPEG_FAMILY = {
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.4.90": "JPEG 2000",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "HTJ2K",
    "1.2.840.10008.1.2.4.202": "HTJ2K",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
}
"""Transfer syntaxes (PS3.6 A) whose frames are code streams that describe themselves."""

_SAMPLES, _PHOTOMETRIC, _PLANAR = 0x00280002, 0x00280004, 0x00280006
_FRAMES, _ROWS, _COLUMNS = 0x00280008, 0x00280010, 0x00280011
_ALLOCATED, _STORED, _HIGH, _SIGNED = 0x00280100, 0x00280101, 0x00280102, 0x00280103
_OFFSETS, _LENGTHS = 0x7FE00001, 0x7FE00002
_WANTED = (
    frozenset((_SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES, _ROWS, _COLUMNS))
    | {_ALLOCATED, _STORED, _HIGH, _SIGNED, _OFFSETS, _LENGTHS}
    | PALETTE_TAGS
    | OVERLAY_TAGS
)


@dataclass(frozen=True, slots=True)
class PixelHeader:
    """How the frames of one file are stored.

    Attributes
    ----------
    source : ByteSource
        Where the bytes are; the inflated data set when the file is deflated.
    frames : int or None
        Number of Frames; None when absent or no number.
    offset, length : int
        The value of the pixel data element in `source`; `length` is None when encapsulated.
    words_swapped : bool
        Pairs of bytes are swapped (8 or 1 bits allocated as big-endian OW, PS3.5 8.1.1).
    palette : ndarray or None
        (n, 3) uint8, RGB of stored value `palette_first + k`.
    frame_offsets : tuple of int
        Extended Offset Table, bytes from the first item after the Basic Offset Table.
    """

    source: ByteSource
    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    photometric: str
    planar: bool
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    floating: bool
    little: bool
    words_swapped: bool
    frames: int | None
    offset: int
    length: int | None
    palette: NDArray[np.uint8] | None = None
    palette_first: int = 0
    overlays: tuple[OverlayPlane, ...] = ()
    frame_offsets: tuple[int, ...] = ()

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Native type of one stored sample."""
        size = max(8, self.bits_allocated) // 8
        kind = "f" if self.floating else "i" if self.signed else "u"
        return np.dtype(f"{kind}{size}")

    @property
    def native_frame_bits(self) -> int:
        """Bits one uncompressed frame takes in the file."""
        samples = 2 if self.is_422 else self.samples
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def is_422(self) -> bool:
        """Whether uncompressed frames hold one Cb and Cr for each two pixels."""
        return self.samples == 3 and self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422")


def read_pixel_header(source: ByteSource) -> PixelHeader:
    """Everything needed to decode the frames of `source`.

    Raises
    ------
    UnreadableError
        There are no pixel data, or they are described in a way that can't be right.
    """
    try:
        with source.open() as stream:
            syntax, start = read_meta(stream)
            if syntax == DEFLATED:
                stream.seek(start)
                source = MemoryBytes(source.name, inflate(stream.read(), source.name))
                start = 0
        with source.open() as stream:
            encoding = {DEFLATED: EXPLICIT_LITTLE}.get(syntax, syntax)
            if not encoding:
                encoding = syntax = guess_encoding(stream, start)
            elements = read_elements(stream, start, encoding, _WANTED, frozenset(OVERLAY_DATA))
            elements.transfer_syntax = syntax
            header = _header(source, elements, stream)
    except (BrokenHeaderError, struct.error) as error:
        raise UnreadableError(
            f"{source.name}: {error}"
            if isinstance(error, BrokenHeaderError)
            else f"{source.name}: its header ends too early",
            "Ask for the file again.",
        ) from error
    _check(header)
    return header


def _header(source: ByteSource, elements: PixelElements, stream: BinaryIO) -> PixelHeader:
    pixels = elements.pixels
    if pixels is None or pixels.length == 0:
        raise UnreadableError(
            f"{source.name}: holds no image data", "Check that the whole file was sent."
        )
    floating = pixels.tag in (FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA)
    allocated = {FLOAT_PIXEL_DATA: 32, DOUBLE_PIXEL_DATA: 64}.get(
        pixels.tag, elements.integer(_ALLOCATED, 8)
    )
    stored = elements.integer(_STORED, allocated)
    stored = stored if 0 < stored <= allocated else allocated
    high = elements.integer(_HIGH, stored - 1)
    photometric = elements.text(_PHOTOMETRIC).upper()
    palette, first = read_palette(elements) if photometric == "PALETTE COLOR" else (None, 0)
    big_words = not elements.little and pixels.vr == b"OW" and allocated <= 8
    return PixelHeader(
        source=source,
        transfer_syntax=elements.transfer_syntax,
        rows=elements.integer(_ROWS, 0),
        columns=elements.integer(_COLUMNS, 0),
        samples=elements.integer(_SAMPLES, 1),
        photometric=photometric,
        planar=elements.integer(_PLANAR, 0) == 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high if stored - 1 <= high < allocated else stored - 1,
        signed=elements.integer(_SIGNED, 0) == 1,
        floating=floating,
        little=elements.little,
        words_swapped=big_words,
        frames=elements.integer_text(_FRAMES) if _FRAMES in elements.values else 1,
        offset=pixels.offset,
        length=None if pixels.length == UNDEFINED else pixels.length,
        palette=palette,
        palette_first=first,
        overlays=overlay_planes(elements, stream),
        frame_offsets=_extended_offsets(elements),
    )


def _extended_offsets(elements: PixelElements) -> tuple[int, ...]:
    value = elements.values.get(_OFFSETS, b"")
    return struct.unpack_from(f"<{len(value) // 8}Q", value)


def _check(header: PixelHeader) -> None:
    """Refuse what can't be decoded, before anything is allocated for it."""
    name, syntax = header.source.name, header.transfer_syntax
    if header.rows < 1 or header.columns < 1:
        raise UnreadableError(
            f"{name}: does not say how many rows and columns its images have",
            "Ask for the file again.",
        )
    if header.samples not in (1, 3) or header.bits_allocated not in (1, 8, 16, 32, 64):
        raise UnreadableError(
            f"{name}: its pixels have {header.samples} samples of {header.bits_allocated} bits,"
            " which no vascular image has",
            "Export it again as greyscale or RGB.",
        )
    size = header.rows * header.columns * header.samples * max(8, header.bits_allocated) // 8
    if size > MAX_FRAME_BYTES:
        raise UnreadableError(
            f"{name}: one frame of {header.columns} x {header.rows} would take"
            f" {size / 2**20:.0f} MB (limit {MAX_FRAME_BYTES // 2**20} MB);"
            f" the file has {header.source.size / 2**20:.1f} MB",
            "The header is probably damaged: ask for the file again.",
        )
    known = syntax in NATIVE or syntax in JPEG_FAMILY or syntax in (RLE, DEFLATED_FRAMES)
    if not known:
        raise UnreadableError(
            f"{name}: its images are stored in a way that can't be read here ({syntax})",
            "Export it again uncompressed, or as JPEG or JPEG 2000.",
        )
    if (syntax in NATIVE) != (header.length is not None):
        says = "uncompressed" if syntax in NATIVE else JPEG_FAMILY.get(syntax, "RLE") + " images"
        raise UnreadableError(
            f"{name}: the header promises {says}, the data are stored otherwise"
            " (wrong transfer syntax)",
            "Ask for the file again, or have its transfer syntax corrected.",
        )
