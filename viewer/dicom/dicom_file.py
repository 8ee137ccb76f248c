"""One DICOM file's header, without its pixels; old and broken files too, saying what was wrong."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from viewer.dicom.elements import (
    BIG,
    KNOWN_VR,
    LITTLE,
    PIXEL_GROUP,
    UNDEFINED,
    BrokenError,
    CutOffError,
    Encoding,
    Place,
    walk,
)
from viewer.dicom.free_memory import largest_block
from viewer.dicom.header import Header
from viewer.dicom.streams import Stream

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
SYNTAX_NAMES = {
    IMPLICIT_LITTLE: "implicit little endian",
    EXPLICIT_LITTLE: "explicit little endian",
    EXPLICIT_BIG: "explicit big endian",
    DEFLATED: "deflated",
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS near-lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.110": "JPEG XL lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL (recompressed JPEG)",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.4.201": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.4.100": "MPEG-2",
    "1.2.840.10008.1.2.4.101": "MPEG-2",
    "1.2.840.10008.1.2.4.102": "MPEG-4 (H.264)",
    "1.2.840.10008.1.2.4.103": "MPEG-4 (H.264)",
    "1.2.840.10008.1.2.4.104": "MPEG-4 (H.264)",
    "1.2.840.10008.1.2.4.105": "MPEG-4 (H.264)",
    "1.2.840.10008.1.2.4.106": "MPEG-4 (H.264, stereo)",
    "1.2.840.10008.1.2.4.107": "HEVC",
    "1.2.840.10008.1.2.4.108": "HEVC",
    "1.2.840.10008.1.2.5": "RLE",
    "1.2.840.10008.1.2.8.1": "deflated frames",
}
"""Names for people; others are shown by their UID."""
NATIVE_SYNTAXES = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})

FIRST_READ = 32 * 1024
LARGEST_HEADER = 256 * 1024 * 1024
_COUNTED = 1024 * 1024
_COMPRESSED_STEP = 256 * 1024
"""Compressed bytes taken at once: what zlib has not used of them is copied at each step."""
STRAY_BYTES = 132
_PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_EXTENDED_OFFSETS = 0x7FE00001


class NotDicomError(Exception):
    """The bytes are no DICOM file."""


class HeaderError(Exception):
    """A DICOM file whose header can't be read; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class PixelPlace:
    """Where pixel data lie in the file.

    Attributes
    ----------
    offset : int
        First byte of the value; meaningless in a deflated file.
    length : int or None
        As declared; None when undefined, i.e. encapsulated.
    extended_frames : int
        Entries of the Extended Offset Table, 0 without one.
    extended_at : int
        Its first byte in the file.
    tag : int
        Pixel Data, or Float or Double Float Pixel Data.
    vr : str
        As written, empty when implicit.
    """

    offset: int
    length: int | None
    extended_frames: int = 0
    extended_at: int = 0
    tag: int = 0x7FE00010
    vr: str = ""


@dataclass(frozen=True, slots=True)
class FileHeader:
    """A header and what is known of its file.

    Attributes
    ----------
    transfer_syntax_uid : str
        As the file meta information declares, or as found when it does not.
    notes : tuple of str
        What was wrong and how it was read nevertheless.
    cut_off : bool
        The file ends inside the header.
    begins : int
        Where the data set begins in the file, behind the file meta information.
    """

    header: Header
    transfer_syntax_uid: str
    media_class_uid: str
    media_instance_uid: str
    pixels: PixelPlace | None
    size: int
    notes: tuple[str, ...] = ()
    cut_off: bool = False
    begins: int = 0


def read_header(stream: Stream) -> FileHeader:
    """Read up to the pixel data.

    Raises
    ------
    NotDicomError
        The bytes are no DICOM.
    HeaderError
        They are, but can't be understood.
    """
    wanted = FIRST_READ
    while True:
        buffer = stream.head(wanted)
        whole = len(buffer) >= stream.size or len(buffer) < wanted
        try:
            answer = _parse(buffer, stream, whole, wanted)
        except BrokenError as error:
            raise HeaderError(f"its header is damaged ({error}); export it again") from error
        if answer is not None:
            return answer
        wanted *= 8
        if wanted > LARGEST_HEADER:
            raise HeaderError("no pixel data in the first 256 MB; export it again")


def _parse(buffer: bytes, stream: Stream, whole: bool, wanted: int) -> FileHeader | None:
    """The header, or None when more than `wanted` bytes of the data set are needed."""
    start, notes = _data_begins(buffer)
    meta: dict[int, bytes] = {}
    try:
        start = _read_meta(buffer, start, meta)
    except (CutOffError, struct.error):
        if not whole:
            return None
        raise HeaderError("it ends inside its first elements; copy or export it again") from None
    declared = _uid(meta.get(0x00020010, b""))
    begins, inflated_size = start, 0
    if declared == DEFLATED:
        buffer, inflated_size = _inflated(memoryview(stream.head(stream.size))[start:], wanted)
        whole, start = len(buffer) == inflated_size, 0
    syntax, encoding, complaints = _encoding(buffer, start, declared)
    notes = notes or complaints
    found: dict[int, Place] = {}
    cut_off = False
    try:
        stop = walk(buffer, start, len(buffer), encoding, found)
    except (CutOffError, struct.error):
        if not whole:
            return None
        stop, cut_off = len(buffer), True
    pixels = None
    if not cut_off and stop < len(buffer):
        pixels = _pixel_place(buffer, stop, encoding)
        if pixels is None and not whole:
            return None
    return FileHeader(
        header=Header(buffer, found, encoding),
        transfer_syntax_uid=syntax,
        media_class_uid=_uid(meta.get(0x00020002, b"")),
        media_instance_uid=_uid(meta.get(0x00020003, b"")),
        pixels=pixels,
        size=inflated_size if declared == DEFLATED else stream.size,
        notes=tuple(notes),
        cut_off=cut_off,
        begins=begins,
    )


def _data_begins(buffer: bytes) -> tuple[int, list[str]]:
    """Offset of the first element, with a note when it isn't where PS3.10 puts it."""
    if buffer[128:132] == b"DICM":
        return 132, []
    if buffer[:4] == b"DICM":
        return 4, ["It has no preamble; read nevertheless."]
    for start in range(min(STRAY_BYTES, max(len(buffer) - 24, 0))):
        if _plausible(buffer, start):
            return start, ["It has no file meta information; its encoding was recognised."]
        if start == 0 and buffer[:1] in (b"{", b"<", b"#", b"%", b"P"):
            break
    raise NotDicomError("it is not a DICOM file")


def _plausible(buffer: bytes, start: int) -> bool:
    """Whether a data set could begin here: group 2 or 8, then elements in ascending order."""
    if buffer[start : start + 2] not in (b"\x02\0", b"\x08\0", b"\0\x08"):
        return False
    little = buffer[start : start + 2] != b"\0\x08"
    explicit = buffer[start + 4 : start + 6] in KNOWN_VR
    steps = LITTLE if little else BIG
    pos, last, seen = start, -1, 0
    while seen < 4 and pos + 12 <= len(buffer):
        group, element, vr, length = steps.head.unpack_from(buffer, pos)
        tag = group << 16 | element
        if tag <= last or group not in (2, 8, 0x10):
            return False
        if explicit:
            if vr not in KNOWN_VR or vr in (b"OB", b"SQ", b"UN", b"OW"):
                return seen >= 2 and vr in KNOWN_VR
            pos += 8 + length
        else:
            length = steps.implicit_head.unpack_from(buffer, pos)[2]
            if length > 4096:
                return seen >= 2 and length == UNDEFINED
            pos += 8 + length
        last, seen = tag, seen + 1
    return seen >= 2


def _read_meta(buffer: bytes, pos: int, meta: dict[int, bytes]) -> int:
    """Read group 2 into `meta`; where the data set begins."""
    while pos + 8 <= len(buffer) and buffer[pos : pos + 2] == b"\x02\0":
        group, element, vr, length = LITTLE.head.unpack_from(buffer, pos)
        start = pos + 8
        if vr not in KNOWN_VR:
            length = LITTLE.implicit_head.unpack_from(buffer, pos)[2]
        elif vr in (b"OB", b"UN", b"UT", b"OW", b"SQ"):
            length = LITTLE.long.unpack_from(buffer, start)[0]
            start += 4
        pos = start + length
        if pos > len(buffer):
            raise CutOffError
        meta[group << 16 | element] = buffer[start:pos]
    return pos


def _encoding(buffer: bytes, start: int, declared: str) -> tuple[str, Encoding, list[str]]:
    """Transfer syntax, encoding, and notes where the bytes disagree with what is declared."""
    first = buffer[start : start + 6]
    little = not (len(first) >= 2 and first[0] == 0 and first[1] != 0)
    explicit = first[4:6] in KNOWN_VR
    if not declared:
        found = EXPLICIT_LITTLE if little else EXPLICIT_BIG
        syntax = found if explicit else IMPLICIT_LITTLE
        return syntax, Encoding(explicit, little), ["No transfer syntax is given; recognised."]
    says_explicit, says_little = declared != IMPLICIT_LITTLE, declared != EXPLICIT_BIG
    if len(first) < 6 or (says_explicit, says_little) == (explicit, little):
        return declared, Encoding(says_explicit, says_little), []
    syntax = declared
    if declared in NATIVE_SYNTAXES:
        found = EXPLICIT_LITTLE if little else EXPLICIT_BIG
        syntax = found if explicit else IMPLICIT_LITTLE
    note = "Its elements are not encoded as its transfer syntax says; read as found."
    return syntax, Encoding(explicit, little), [note]


def _pixel_place(buffer: bytes, pos: int, encoding: Encoding) -> PixelPlace | None:
    """The pixel data element at or after `pos`, None when there is none (in this buffer)."""
    steps = LITTLE if encoding.little else BIG
    extended = extended_at = 0
    while pos + 12 <= len(buffer):
        group, element, vr, length = steps.head.unpack_from(buffer, pos)
        tag = group << 16 | element
        if tag < PIXEL_GROUP or group != PIXEL_GROUP >> 16:
            return None
        start = pos + 8
        if not encoding.explicit or vr not in KNOWN_VR:
            length = steps.implicit_head.unpack_from(buffer, pos)[2]
        elif vr in (b"OB", b"OW", b"OF", b"OD", b"OV", b"UN", b"UT", b"SQ"):
            length = steps.long.unpack_from(buffer, start)[0]
            start += 4
        if tag in _PIXEL_TAGS:
            declared = None if length == UNDEFINED else length
            own = vr.decode("ascii") if encoding.explicit and vr in KNOWN_VR else ""
            return PixelPlace(start, declared, extended, extended_at, tag, own)
        if length == UNDEFINED:
            return None
        if tag == _EXTENDED_OFFSETS:
            extended, extended_at = length // 8, start
        pos = start + length
    return None


def _inflated(data: memoryview, wanted: int) -> tuple[bytes, int]:
    """The first `wanted` bytes of a deflated data set, and how many it has in all."""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    limit = largest_block()
    head, size = bytearray(), 0
    try:
        for begin in range(0, len(data), _COMPRESSED_STEP):
            rest: bytes | memoryview = data[begin : begin + _COMPRESSED_STEP]
            while rest and not machine.eof:  # counted; only the head is kept
                plain = machine.decompress(rest, _COUNTED)
                rest = machine.unconsumed_tail
                head += plain[: wanted - len(head)]
                size += len(plain)
                if size > limit:
                    raise HeaderError(
                        f"it unpacks to more than {limit / 2**20:.0f} MB, which the memory free"
                        " does not hold; unpack it with another program if you trust it"
                    )
        return bytes(head), size
    except zlib.error as error:
        raise HeaderError(f"its deflated data are damaged ({error}); export it again") from error


def _uid(value: bytes) -> str:
    return value.strip(b" \0").decode("ascii", "replace")
