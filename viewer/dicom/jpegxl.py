"""What a JPEG XL code stream says of itself (ISO/IEC 18181-1 Annex D: size, metadata).

Only what DICOM allows is read on (PS3.5 8.2.16 to 8.2.18): one picture of 1 or 3 components of
whole numbers, no preview, no animation, no further channels.
"""

from __future__ import annotations

import struct

START = b"\xff\x0a"
BOXED = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_RATIOS = ((1, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_HEADER_READ = 64


class _Bits:
    """Bits of a header, least significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        if count > self._left:
            raise IndexError("the header ends early")
        found = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return found

    def choose(self, *kinds: tuple[int, int]) -> int:
        """U32: two bits choose (offset, bits) of `kinds`."""
        offset, bits = kinds[self.take(2)]
        return offset + self.take(bits)


def code_stream_start(data: bytes | memoryview) -> int | None:
    """Where the code stream begins: at once, or in the box that holds it; None when nowhere."""
    if bytes(data[:2]) == START:
        return 0
    if bytes(data[:12]) != BOXED:
        return None
    pos = 12
    while pos + 16 <= len(data):
        length = struct.unpack_from(">I", data, pos)[0]
        kind, inside = bytes(data[pos + 4 : pos + 8]), pos + 8
        if length == 1:
            length, inside = struct.unpack_from(">Q", data, pos + 8)[0], pos + 16
        if kind in (b"jxlc", b"jxlp"):
            inside += 4 if kind == b"jxlp" else 0  # the number of the part
            return inside if bytes(data[inside : inside + 2]) == START else None
        if length < 8:
            return None
        pos += length
    return None


def read_header(data: bytes | memoryview, start: int) -> tuple[int, int, int, int, bool]:
    """Rows, columns, components, bits a component, and whether it is lossy (XYB).

    Raises
    ------
    IndexError
        It ends within the header.
    ValueError
        It is more than one plain picture.
    """
    bits = _Bits(bytes(data[start + 2 : start + 2 + _HEADER_READ]))
    rows, columns = _size(bits)
    if bits.take(1):  # all as usual: 8 bits, RGB, XYB
        return rows, columns, 3, 8, True
    if bits.take(1):
        bits.take(3)  # orientation: the decoder turns the picture
        if bits.take(3):
            raise ValueError("a preview, an animation or a size to show it at")
    if bits.take(1):
        raise ValueError("floating point samples")
    depth = bits.choose((8, 0), (10, 0), (12, 0), (1, 6))
    bits.take(1)  # whether 16-bit buffers suffice
    if bits.choose((0, 0), (1, 0), (2, 4), (1, 12)):
        raise ValueError("more channels than colours")
    lossy = bits.take(1) == 1
    components = 3
    if not bits.take(1):
        bits.take(1)  # whether an ICC profile follows
        components = 1 if bits.choose((0, 0), (1, 0), (2, 4), (18, 6)) == 1 else 3
    return rows, columns, components, depth, lossy


def _size(bits: _Bits) -> tuple[int, int]:
    sides = ((1, 9), (1, 13), (1, 18), (1, 30))
    small = bits.take(1)
    rows = 8 * (bits.take(5) + 1) if small else bits.choose(*sides)
    ratio = bits.take(3)
    if ratio:
        over, under = _RATIOS[ratio]
        return rows, rows * over // under
    return rows, 8 * (bits.take(5) + 1) if small else bits.choose(*sides)
