"""Stepping over data elements in a buffer: where each wanted value lies, nothing converted.

Why not pydicom here: it makes an object of every element, a dataset of every item; stepping over
them costs a fraction of that, and a broken value can't stop the elements after it. Encodings:
PS3.5 chapter 7 (implicit, explicit, big endian; sequences of defined and undefined length).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from viewer.dicom.tags import REPRESENTATIONS

UNDEFINED = 0xFFFFFFFF
PIXEL_GROUP = 0x7FE00000
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD
DEEPEST = 32

_SHORT = {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT"}
_SHORT |= {b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
_LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
KNOWN_VR = frozenset(_SHORT | _LONG)


class CutOffError(Exception):
    """The buffer ends before the element does."""


class BrokenError(Exception):
    """The bytes are not data elements."""


class Place(NamedTuple):
    """Where a value lies in the buffer: bytes `start`..`end`; its own VR, empty when implicit."""

    vr: str
    start: int
    end: int


class Encoding(NamedTuple):
    """How the elements of a data set are written."""

    explicit: bool
    little: bool


class Steps(NamedTuple):
    """Unpackers of one byte order."""

    head: struct.Struct
    implicit_head: struct.Struct
    long: struct.Struct


LITTLE = Steps(struct.Struct("<HH2sH"), struct.Struct("<HHI"), struct.Struct("<I"))
BIG = Steps(struct.Struct(">HH2sH"), struct.Struct(">HHI"), struct.Struct(">I"))


def walk(
    buffer: bytes,
    pos: int,
    end: int,
    encoding: Encoding,
    found: dict[int, Place] | None,
    depth: int = 0,
) -> int:
    """Step over elements from `pos`, noting the wanted ones in `found`.

    Parameters
    ----------
    end : int
        First byte that is no longer part of this data set.
    found : dict or None
        Filled with the wanted elements; None notes nothing.
    depth : int
        0 for the data set itself, which ends at the pixel data; more for items of sequences,
        which end at their delimiter or at `end`.

    Returns
    -------
    int
        Where the next element after this data set begins.

    Raises
    ------
    CutOffError
        An element goes on beyond `end`.
    BrokenError
        What stands there can't be data elements.
    """
    if depth > DEEPEST:
        raise BrokenError(f"sequences nested deeper than {DEEPEST} at byte {pos}")
    explicit = encoding.explicit
    steps = LITTLE if encoding.little else BIG
    unpack, unpack_implicit = steps.head.unpack_from, steps.implicit_head.unpack_from
    while pos + 8 <= end:
        group, element, vr, length = unpack(buffer, pos)
        tag = group << 16 | element
        if tag >= PIXEL_GROUP:
            if depth == 0:
                return pos
            if tag == ITEM_END:
                return pos + 8
            if tag == SEQUENCE_END:
                return pos
        start = pos + 8
        if not explicit or (vr not in KNOWN_VR and not _upper(vr)):
            vr = b""
            length = unpack_implicit(buffer, pos)[2]
        elif vr in _LONG:
            if pos + 12 > end:
                raise CutOffError
            length = steps.long.unpack_from(buffer, start)[0]
            start = pos + 12
        if length == UNDEFINED:
            inner = Encoding(explicit and vr not in (b"UN", b""), encoding.little)
            pos = skip_items(buffer, start, end, inner, depth + 1)
        else:
            pos = start + length
            if pos > end:
                raise CutOffError
        if found is not None and tag in REPRESENTATIONS:
            found[tag] = Place(vr.decode("ascii"), start, pos)
    if depth == 0 and pos < end:
        raise CutOffError
    return pos


def skip_items(buffer: bytes, pos: int, end: int, encoding: Encoding, depth: int) -> int:
    """Step over the items of a sequence of undefined length; the byte after its delimiter.

    Raises
    ------
    CutOffError, BrokenError
        As `walk`.
    """
    steps = LITTLE if encoding.little else BIG
    while True:
        if pos + 8 > end:
            raise CutOffError
        group, element, length = steps.implicit_head.unpack_from(buffer, pos)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            return pos + 8
        if tag != ITEM:
            raise BrokenError(f"no item where a sequence has one, at byte {pos}")
        pos += 8
        if length == UNDEFINED:
            pos = walk(buffer, pos, end, encoding, None, depth + 1)
        else:
            pos += length
            if pos > end:
                raise CutOffError


def items(
    buffer: bytes, place: Place, encoding: Encoding, limit: int | None = None
) -> list[dict[int, Place]]:
    """The items of a sequence (the first `limit` of them), each as its wanted elements.

    Raises
    ------
    BrokenError, CutOffError
        What stands there are not whole items.
    """
    steps = LITTLE if encoding.little else BIG
    inner = Encoding(encoding.explicit and place.vr not in ("UN", ""), encoding.little)
    answer: list[dict[int, Place]] = []
    pos = place.start
    while pos + 8 <= place.end:
        group, element, length = steps.implicit_head.unpack_from(buffer, pos)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            break
        if tag != ITEM:
            raise BrokenError(f"no item where a sequence has one, at byte {pos}")
        pos += 8
        found: dict[int, Place] = {}
        stop = place.end if length == UNDEFINED else pos + length
        if stop > place.end:
            raise CutOffError
        after = walk(buffer, pos, stop, inner, found, 1)
        pos = after if length == UNDEFINED else stop
        answer.append(found)
        if len(answer) == limit:
            break
    return answer


def _upper(vr: bytes) -> bool:
    """Whether two bytes could be a VR newer than this program."""
    return 65 <= vr[0] <= 90 and 65 <= vr[1] <= 90
