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
from viewer.dicom.dicom_file import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    NATIVE_SYNTAXES,
    SYNTAX_NAMES,
    FileHeader,
    HeaderError,
    NotDicomError,
    read_header,
)
from viewer.dicom.free_memory import largest_block
from viewer.dicom.overlays import OverlayPlane, overlay_planes
from viewer.dicom.palette import PaletteError, read_palette
from viewer.errors import UnreadableError

RLE = "1.2.840.10008.1.2.5"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_JPEG_PREFIX = "1.2.840.10008.1.2.4."
VIDEO_PREFIX = "1.2.840.10008.1.2.4.10"
"""Of the transfer syntaxes of MPEG-2, MPEG-4 (H.264) and HEVC."""
_FLOAT_BITS = {0x7FE00008: 32, 0x7FE00009: 64}


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
        Pairs of bytes are swapped (big-endian OW of other than 16-bit samples, PS3.5 8.1.1).
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
        """Native type of one stored sample, unpacked."""
        size = next(size for size in (1, 2, 4, 8) if 8 * size >= self.bits_allocated)
        kind = "f" if self.floating else "i" if self.signed else "u"
        return np.dtype(f"{kind}{size}")

    @property
    def is_packed(self) -> bool:
        """Whether samples of uncompressed frames are not whole bytes, so run on without gaps."""
        return self.bits_allocated not in (8, 16, 32, 64)

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
            file = read_header(_BinaryStream(stream, source.size))
            extended = _extended_offsets(stream, file)
            if file.transfer_syntax_uid == DEFLATED:
                stream.seek(file.begins)
                source = MemoryBytes(
                    source.name, inflate(stream.read(), source.name, largest_block())
                )
        header = _header(source, file, extended)
    except (HeaderError, NotDicomError, PaletteError) as error:
        raise UnreadableError(f"{source.name}: {error}") from error
    _check(header)
    return header


class _BinaryStream:
    """A stream as the header reader wants it."""

    seekable = True

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.size = size

    def head(self, count: int) -> bytes:
        """The first `count` bytes."""
        return self.at(0, count)

    def at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`."""
        self._stream.seek(offset)
        return self._stream.read(count) or b""


def _header(source: ByteSource, file: FileHeader, extended: tuple[int, ...]) -> PixelHeader:
    pixels, header = file.pixels, file.header
    if pixels is None or pixels.length == 0:
        raise UnreadableError(
            f"{source.name}: holds no image data", "Check that the whole file was sent."
        )
    allocated = _FLOAT_BITS.get(pixels.tag) or header.integer("BitsAllocated") or 8
    stored = header.integer("BitsStored") or allocated
    stored = stored if 0 < stored <= allocated else allocated
    high = header.integer("HighBit")
    high = stored - 1 if high is None or not stored - 1 <= high < allocated else high
    photometric = header.text("PhotometricInterpretation").upper()
    palette, first = read_palette(header) if photometric == "PALETTE COLOR" else (None, 0)
    syntax = file.transfer_syntax_uid
    if pixels.length is not None and syntax not in NATIVE_SYNTAXES:
        syntax = EXPLICIT_LITTLE  # labelled as compressed, is not: read as the index reads it
    little = syntax != EXPLICIT_BIG
    return PixelHeader(
        source=source,
        transfer_syntax=syntax,
        rows=header.integer("Rows") or 0,
        columns=header.integer("Columns") or 0,
        samples=header.integer("SamplesPerPixel") or 1,
        photometric=photometric,
        planar=header.integer("PlanarConfiguration") == 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=header.integer("PixelRepresentation") == 1,
        floating=pixels.tag in _FLOAT_BITS,
        little=little,
        words_swapped=not little and pixels.vr == "OW" and allocated not in (16, 32, 64),
        frames=header.integer("NumberOfFrames") if "NumberOfFrames" in header else 1,
        offset=pixels.offset,
        length=pixels.length,
        palette=palette,
        palette_first=first,
        overlays=overlay_planes(header, little),
        frame_offsets=extended,
    )


def _extended_offsets(stream: BinaryIO, file: FileHeader) -> tuple[int, ...]:
    """The Extended Offset Table; empty when it is not of as many frames as the header says."""
    pixels = file.pixels
    if pixels is None or pixels.extended_frames != (file.header.integer("NumberOfFrames") or 1):
        return ()
    stream.seek(pixels.extended_at)
    value = stream.read(8 * pixels.extended_frames)
    return struct.unpack(f"<{len(value) // 8}Q", value[: len(value) // 8 * 8])


def _check(header: PixelHeader) -> None:
    """Refuse what can't be decoded, before anything is allocated for it."""
    name, syntax = header.source.name, header.transfer_syntax
    if header.rows < 1 or header.columns < 1:
        raise UnreadableError(
            f"{name}: does not say how many rows and columns its images have",
            "Ask for the file again.",
        )
    if header.samples not in (1, 3) or not (
        header.bits_allocated in (1, 8, 16, 24, 32, 64) or 9 <= header.bits_allocated <= 15
    ):
        raise UnreadableError(
            f"{name}: its pixels have {header.samples} samples of {header.bits_allocated} bits,"
            " which no vascular image has",
            "Export it again as greyscale or RGB.",
        )
    size = header.rows * header.columns * header.samples * header.dtype.itemsize
    limit = largest_block()
    if size > limit:
        raise UnreadableError(
            f"{name}: one frame of {header.columns} x {header.rows} would take"
            f" {size / 2**20:.0f} MB (limit {limit // 2**20} MB, by the memory free);"
            f" the file has {header.source.size / 2**20:.1f} MB",
            "The header is probably damaged: ask for the file again. If the images are really this"
            " large, close other programs first.",
        )
    coded = syntax.startswith(_JPEG_PREFIX) or syntax in (RLE, DEFLATED_FRAMES)
    if not (coded or syntax in NATIVE_SYNTAXES):
        raise UnreadableError(
            f"{name}: its images are stored in a way that can't be read here"
            f" ({SYNTAX_NAMES.get(syntax, syntax)})",
            "Export it again uncompressed, or as JPEG or JPEG 2000.",
        )
