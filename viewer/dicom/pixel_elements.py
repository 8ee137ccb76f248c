"""The few data elements a decoder needs, read from a stream up to the pixel data.

Encodings: PS3.5 chapter 7 (implicit and explicit VR, both byte orders, sequences of undefined
length). Nothing is converted until asked, so that one broken value stops nobody else's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
FLOAT_PIXEL_DATA = 0x7FE00008
DOUBLE_PIXEL_DATA = 0x7FE00009
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_VR = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN"))
_LONG_VR |= {b"UR", b"UT", b"UV"}
_MAX_DEPTH = 32
_MAX_VALUE = 64 * 2**20


class BrokenHeaderError(Exception):
    """What stands there are not data elements; says what, in words."""


@dataclass(frozen=True, slots=True)
class Element:
    """Where a value lies: its VR (empty when implicit), file offset and length in bytes."""

    tag: int
    vr: bytes
    offset: int
    length: int


@dataclass(slots=True)
class PixelElements:
    """Wanted top-level elements of one data set.

    `pixels` is where the pixel data are, None when there are none.
    """

    little: bool
    transfer_syntax: str
    found: dict[int, Element] = field(default_factory=dict)
    values: dict[int, bytes] = field(default_factory=dict)
    pixels: Element | None = None

    def integers(self, tag: int) -> tuple[int, ...]:
        """Values of a US, SS, UL or IS element; empty when absent or no numbers."""
        value = self.values.get(tag, b"")
        if self.found[tag].vr == b"IS" if tag in self.found else False:
            return _integer_text(value)
        form = "h" if tag in self.found and self.found[tag].vr == b"SS" else "H"
        count = len(value) // 2
        return struct.unpack_from(f"{'<' if self.little else '>'}{count}{form}", value)

    def integer(self, tag: int, otherwise: int) -> int:
        """The first of the values, or `otherwise`."""
        values = self.integers(tag)
        return values[0] if values else otherwise

    def integer_text(self, tag: int) -> int | None:
        """An IS value whatever VR the file gives it; None when it is no number."""
        values = _integer_text(self.values.get(tag, b""))
        return values[0] if values else None

    def text(self, tag: int) -> str:
        """An ASCII value without its padding."""
        return self.values.get(tag, b"").decode("ascii", "replace").strip(" \0")


def read_meta(stream: BinaryIO) -> tuple[str, int]:
    """Transfer Syntax UID ("" when not given) and where the data set begins (PS3.10 7.1)."""
    stream.seek(0)
    head = stream.read(132)
    pos = 132 if head[128:132] == b"DICM" else 0
    uid = ""
    while True:
        stream.seek(pos)
        start = stream.read(12)
        if len(start) < 8 or start[:2] != b"\x02\x00":
            return uid, pos
        if start[4:6] in _LONG_VR:
            offset, length = pos + 12, struct.unpack_from("<I", start.ljust(12, b"\0"), 8)[0]
        else:
            offset, length = pos + 8, struct.unpack_from("<H", start, 6)[0]
        if start[2:4] == b"\x10\x00":
            stream.seek(offset)
            uid = stream.read(length).decode("ascii", "replace").strip(" \0")
        pos = offset + length


def guess_encoding(stream: BinaryIO, pos: int) -> str:
    """The uncompressed transfer syntax the first data element looks written in."""
    stream.seek(pos)
    head = stream.read(8)
    if len(head) < 8:
        raise BrokenHeaderError("it is not a DICOM file")
    if head[4:6].isalpha() and head[4:6].isupper():
        return EXPLICIT_LITTLE if head[0] or not head[1] else EXPLICIT_BIG
    return IMPLICIT_LITTLE


def read_elements(
    stream: BinaryIO, pos: int, transfer_syntax: str, wanted: frozenset[int], large: frozenset[int]
) -> PixelElements:
    """Step over the data set that begins at `pos`, up to its pixel data.

    Parameters
    ----------
    wanted : frozenset of int
        Tags whose values are read.
    large : frozenset of int
        Tags noted by their place alone, their values left in the file.

    Raises
    ------
    BrokenHeaderError
        The bytes can't be data elements.
    """
    explicit = transfer_syntax != IMPLICIT_LITTLE
    answer = PixelElements(transfer_syntax != EXPLICIT_BIG, transfer_syntax)
    end = stream.seek(0, 2)
    while pos + 8 <= end:
        element = _element_at(stream, pos, explicit, answer.little)
        if element.tag in (PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA):
            answer.pixels = element
            break
        if element.length == UNDEFINED:
            inner = explicit and element.vr not in (b"", b"UN")
            pos = _after_sequence(stream, element.offset, end, inner, answer.little, 1)
            continue
        pos = element.offset + element.length
        if element.tag in wanted and element.length <= _MAX_VALUE:
            answer.found[element.tag] = element
            stream.seek(element.offset)
            answer.values[element.tag] = stream.read(element.length)
        elif element.tag in large:
            answer.found[element.tag] = element
    return answer


def _element_at(stream: BinaryIO, pos: int, explicit: bool, little: bool) -> Element:
    stream.seek(pos)
    head = stream.read(12)
    order = "<" if little else ">"
    group, number = struct.unpack_from(f"{order}HH", head)
    tag, vr = group << 16 | number, head[4:6]
    if not explicit or tag >> 16 == 0xFFFE or not (vr.isalpha() and vr.isupper()):
        return Element(tag, b"", pos + 8, struct.unpack_from(f"{order}I", head, 4)[0])
    if vr in _LONG_VR:
        if len(head) < 12:
            raise BrokenHeaderError("its header ends in the middle of an element")
        return Element(tag, vr, pos + 12, struct.unpack_from(f"{order}I", head, 8)[0])
    return Element(tag, vr, pos + 8, struct.unpack_from(f"{order}H", head, 6)[0])


def _after_sequence(
    stream: BinaryIO, pos: int, end: int, explicit: bool, little: bool, depth: int
) -> int:
    """Where the element after a sequence of undefined length begins."""
    if depth > _MAX_DEPTH:
        raise BrokenHeaderError(f"its header nests sequences deeper than {_MAX_DEPTH}")
    while pos + 8 <= end:
        item = _element_at(stream, pos, False, little)
        pos = item.offset
        if item.tag == _SEQUENCE_END:
            return pos
        if item.tag != _ITEM:
            raise BrokenHeaderError("a sequence of its header holds something else than items")
        if item.length != UNDEFINED:
            pos += item.length
            continue
        pos = _after_item(stream, pos, end, explicit, little, depth)
    raise BrokenHeaderError("its header ends in the middle of a sequence")


def _after_item(
    stream: BinaryIO, pos: int, end: int, explicit: bool, little: bool, depth: int
) -> int:
    """Where the item after one of undefined length begins."""
    while pos + 8 <= end:
        element = _element_at(stream, pos, explicit, little)
        if element.tag == _ITEM_END:
            return element.offset
        if element.length == UNDEFINED:
            inner = explicit and element.vr not in (b"", b"UN")
            pos = _after_sequence(stream, element.offset, end, inner, little, depth + 1)
        else:
            pos = element.offset + element.length
    raise BrokenHeaderError("its header ends in the middle of a sequence")


def _integer_text(value: bytes) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in value.strip(b" \0").split(b"\\"))
    except ValueError:
        return ()
