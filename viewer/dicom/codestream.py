"""What a compressed frame says of itself, read from its first markers.

Sources: ITU-T T.81 Annex B (JPEG), T.87 (JPEG-LS), T.800 Annex A (JPEG 2000), T.814 (HTJ2K);
ISO/IEC 18181-1 (JPEG XL); JFIF 1.02; Adobe Technical Note 5116 (APP14).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

from viewer.dicom import jpegxl

_J2K_START = b"\xff\x4f\xff\x51"
_JP2_START = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_END_SEARCHED = 64


class DamagedFrameError(Exception):
    """A frame that can't be decoded; the message is a reason in words."""


class Codec(Enum):
    """Families of code streams."""

    JPEG = "JPEG"
    JPEG_LOSSLESS = "JPEG lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"
    HTJ2K = "HTJ2K"
    JPEG_XL = "JPEG XL"


@dataclass(frozen=True, slots=True)
class CodeStream:
    """The frame header of a code stream.

    Attributes
    ----------
    ids : tuple of int
        Component identifiers (JPEG).
    subsampled : bool
        Components differ in their sampling.
    jfif : bool
        A JFIF marker is there.
    adobe : int or None
        Colour transform of an Adobe marker: 0 none, 1 YCbCr, 2 YCCK.
    transformed : bool
        JPEG 2000 multiple component transform (RCT or ICT) was used.
    lossy : bool
        Samples can come out beyond the values that went in: DCT, near-lossless, 9-7 wavelet.
    """

    codec: Codec
    rows: int
    columns: int
    components: int
    bits: int
    signed: bool = False
    ids: tuple[int, ...] = ()
    subsampled: bool = False
    jfif: bool = False
    adobe: int | None = None
    transformed: bool = False
    lossy: bool = False


def looks_like_start(head: bytes) -> bool:
    """Whether a fragment begins a code stream or an RLE frame (its first 8 bytes suffice)."""
    marked = head[:3] == b"\xff\xd8\xff" or head[:4] in (_J2K_START, _JP2_START[:4])
    # (a JPEG XL box begins with the same four bytes as a JP2 box)
    return marked or is_rle_start(head)


def is_rle_start(head: bytes) -> bool:
    """Whether 8 bytes begin an RLE header (PS3.5 G.5): 1 to 15 segments, the first at byte 64."""
    return head[1:8] == b"\0\0\0\x40\0\0\0" and 1 <= head[0] <= 15


def has_end(data: bytes | memoryview) -> bool:
    """Whether the end marker (EOI, EOC: both FF D9) stands in the last bytes.

    Coded data never hold FF D9, so it can only be the marker; padding after it is common.
    """
    return b"\xff\xd9" in bytes(data[-_END_SEARCHED:])


def read_code_stream(data: bytes | memoryview) -> CodeStream:
    """The frame header of a compressed frame.

    Raises
    ------
    DamagedFrameError
        It is none of the known code streams, or ends before its frame header does.
    """
    head = bytes(data[:12])
    try:
        if head[:2] == b"\xff\xd8":
            return _read_jpeg(data)
        if head[:4] == _J2K_START:
            return _read_j2k(data, 0)
        if head == _JP2_START:
            start = bytes(data[:65536]).find(_J2K_START)
            if start >= 0:
                return _read_j2k(data, start)
        if head[:2] == jpegxl.START or head == jpegxl.BOXED:
            return _read_jpeg_xl(data)
    except (struct.error, IndexError) as error:
        raise DamagedFrameError("its compressed data end within their header") from error
    raise DamagedFrameError("its data are no JPEG, JPEG-LS, JPEG 2000 or JPEG XL image")


def _read_jpeg_xl(data: bytes | memoryview) -> CodeStream:
    start = jpegxl.code_stream_start(data)
    if start is None:
        raise DamagedFrameError("its JPEG XL data hold no picture")
    try:
        rows, columns, components, bits, lossy = jpegxl.read_header(data, start)
    except ValueError as error:
        raise DamagedFrameError(f"its JPEG XL data hold {error}, which is not read") from error
    return CodeStream(Codec.JPEG_XL, rows, columns, components, bits, lossy=lossy)


def _read_jpeg(data: bytes | memoryview) -> CodeStream:
    pos, jfif, adobe = 2, False, None
    while True:
        if data[pos] != 0xFF:
            raise DamagedFrameError("the header of its JPEG data is damaged")
        marker = data[pos + 1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker in (0xD8, 0x01) or 0xD0 <= marker <= 0xD7:
            pos += 2
            continue
        if marker in (0xD9, 0xDA):
            raise DamagedFrameError("its JPEG data have no frame header")
        length = struct.unpack_from(">H", data, pos + 2)[0]
        if marker == 0xE0 and bytes(data[pos + 4 : pos + 9]) == b"JFIF\0":
            jfif = True
        elif marker == 0xEE and bytes(data[pos + 4 : pos + 9]) == b"Adobe" and length >= 14:
            adobe = data[pos + 15]
        elif (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            return _jpeg_frame(data, pos, marker, jfif, adobe)
        pos += 2 + length


def _jpeg_frame(
    data: bytes | memoryview, pos: int, marker: int, jfif: bool, adobe: int | None
) -> CodeStream:
    bits, rows, columns, count = struct.unpack_from(">BHHB", data, pos + 4)
    parts = [struct.unpack_from(">BBB", data, pos + 10 + 3 * k) for k in range(count)]
    if marker == 0xF7:
        codec = Codec.JPEG_LS
    else:
        codec = Codec.JPEG_LOSSLESS if marker & 3 == 3 else Codec.JPEG
    return CodeStream(
        codec=codec,
        rows=rows,
        columns=columns,
        components=count,
        bits=bits,
        ids=tuple(part[0] for part in parts),
        subsampled=len({part[1] for part in parts}) > 1,
        jfif=jfif,
        adobe=adobe,
        lossy=codec is Codec.JPEG or (codec is Codec.JPEG_LS and _is_near(data, pos)),
    )


def _is_near(data: bytes | memoryview, pos: int) -> bool:
    """Whether NEAR of the first scan behind the frame header at `pos` is not 0 (T.87 C.2.3)."""
    while data[pos + 1] != 0xDA:
        pos += 2 + struct.unpack_from(">H", data, pos + 2)[0]
        if data[pos] != 0xFF:
            return False
    return data[pos + 5 + 2 * data[pos + 4]] != 0


def _read_j2k(data: bytes | memoryview, start: int) -> CodeStream:
    capabilities, x1, y1, x0, y0 = struct.unpack_from(">HIIII", data, start + 6)
    count = struct.unpack_from(">H", data, start + 40)[0]
    depth = data[start + 42]
    pos = start + 4 + struct.unpack_from(">H", data, start + 4)[0]
    transformed = lossy = False
    while data[pos] == 0xFF and data[pos + 1] not in (0x90, 0x93, 0xD9):
        if data[pos + 1] == 0x52:
            transformed = bool(data[pos + 8])
            lossy = data[pos + 13] == 0
        pos += 2 + struct.unpack_from(">H", data, pos + 2)[0]
    return CodeStream(
        codec=Codec.HTJ2K if capabilities & 0x4000 else Codec.JPEG_2000,
        rows=y1 - y0,
        columns=x1 - x0,
        components=count,
        bits=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        transformed=transformed,
        lossy=lossy,
    )
