"""Where the frames of encapsulated pixel data lie (PS3.5 A.4): offsets alone, no payload read.

A frame is one or more fragments. With an offset table its place is known at once; without, the
headers of all fragments are stepped over once and grouped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from viewer.dicom.codestream import DamagedFrameError, is_rle_start, looks_like_start

_ITEM = b"\xfe\xff\x00\xe0"
_ITEM_HEAD = struct.Struct("<4sI")
_END_TAIL = 64
_HEAD_READ = 65536
_LARGEST_TABLE = 4 * 2**20
"""Bytes of a Basic Offset Table that are read; a longer one is done without."""


@dataclass(frozen=True, slots=True)
class FramePlaces:
    """Where frames begin.

    Attributes
    ----------
    starts : tuple of int
        File offset of the first item of each frame found.
    end : int or None
        File offset behind the last frame's last item; None when not looked for.
    """

    starts: tuple[int, ...]
    end: int | None = None

    def read(self, stream: BinaryIO, index: int, size: int) -> memoryview:
        """The compressed bytes of a frame, its fragments joined.

        Parameters
        ----------
        size : int
            Bytes the file has.

        Raises
        ------
        DamagedFrameError
            The file ends early, or there is no frame where one should be.
        """
        if index >= len(self.starts):
            raise DamagedFrameError(f"only {len(self.starts)} frames are in the file")
        start = self.starts[index]
        after = self.starts[index + 1] if index + 1 < len(self.starts) else self.end
        if start + 8 > size or (after is not None and after > size):
            raise DamagedFrameError("the file ends before it does")
        if after is None:
            return _join(_walk(stream, start, size))
        stream.seek(start)
        block = memoryview(_read_all(stream, after - start))
        return _join(_split(block))

    def head(self, stream: BinaryIO) -> memoryview:
        """The beginning of the first frame's first fragment; empty when the file ends there."""
        stream.seek(self.starts[0])
        block = stream.read(_HEAD_READ)
        length = int.from_bytes(block[4:8], "little")
        return memoryview(block)[8 : 8 + length]


def read_places(
    stream: BinaryIO, start: int, size: int, frames: int | None, extended: tuple[int, ...] = ()
) -> FramePlaces:
    """Find the frames of the encapsulated pixel data whose value begins at `start`.

    Parameters
    ----------
    frames : int or None
        Frames the header promises; None when it does not say.
    extended : tuple of int
        Extended Offset Table (7FE0,0001).

    Raises
    ------
    DamagedFrameError
        No frame can be found, or fragments can't be told apart.
    """
    stream.seek(start)
    tag, length = _ITEM_HEAD.unpack(stream.read(8).ljust(8, b"\0"))
    if tag != _ITEM or start + 8 + length > size:
        raise DamagedFrameError("its compressed data do not begin with an offset table")
    first = start + 8 + length
    basic: tuple[int, ...] = ()
    if length >= 4 * (frames or 1) and length <= _LARGEST_TABLE:
        count = min(length // 4, frames + 1 if frames else length // 4)
        basic = struct.unpack(f"<{count}I", _read_all(stream, 4 * count))
    for table in (extended, basic):
        starts = tuple(first + offset for offset in table)
        if _believable(stream, starts, first, size, frames):
            after = starts[frames] if frames is not None and len(starts) > frames else None
            return FramePlaces(starts[:frames], after)
    return scan_places(stream, first, size, frames)


def scan_places(stream: BinaryIO, first: int, size: int, frames: int | None) -> FramePlaces:
    """Find the frames by stepping over the header of every fragment from offset `first`.

    Raises
    ------
    DamagedFrameError
        No frame can be found, or fragments can't be told apart.
    """
    pieces = _pieces(stream, first, size)
    if len(pieces) != frames:  # an empty one may stand for a frame that was lost
        pieces = [piece for piece in pieces if piece[1] > piece[0] + 8]
    if not pieces:
        raise DamagedFrameError("no compressed frames are in the file")
    starts = _group(stream, pieces, frames)
    if frames is not None and len(starts) > frames:
        return FramePlaces(starts[:frames], starts[frames])
    return FramePlaces(starts, pieces[-1][1])


def fragment_payloads(stream: BinaryIO, start: int, size: int) -> list[tuple[int, int]]:
    """(offset, length) of the payload of every fragment, as far as it is in the file.

    Parameters
    ----------
    start : int
        Where the value of the pixel data begins, with its offset table.
    """
    stream.seek(start + 4)
    first = start + 8 + int.from_bytes(stream.read(4), "little")
    return [
        (pos + 8, min(end, size) - pos - 8)
        for pos, end, _ in _pieces(stream, first, size)
        if pos + 8 < min(end, size)
    ]


def _pieces(stream: BinaryIO, pos: int, size: int) -> list[tuple[int, int, bytes]]:
    """Of every fragment: where it begins and ends, its first 8 bytes."""
    pieces: list[tuple[int, int, bytes]] = []
    seek, read = stream.seek, stream.read
    while pos + 8 <= size:
        seek(pos)
        head = read(17)
        if head[:4] != _ITEM:
            if head[1:5] != _ITEM:
                break
            head, pos = head[1:], pos + 1  # a pad byte that the odd length before left out
        length = int.from_bytes(head[4:8], "little")
        pieces.append((pos, pos + 8 + length, head[8 : 8 + min(8, length)]))
        pos += 8 + length
    return pieces


def _believable(
    stream: BinaryIO, starts: tuple[int, ...], first: int, size: int, frames: int | None
) -> bool:
    """Whether an offset table can be right; its last frame inside the file is looked at."""
    if not starts or starts[0] != first or (frames is not None and len(starts) < frames):
        return False
    if any(b <= a for a, b in pairwise(starts)):
        return False
    inside = [start for start in starts if start + 8 <= size]
    stream.seek(inside[-1] if inside else size)
    return stream.read(4) == _ITEM


def _group(
    stream: BinaryIO, pieces: list[tuple[int, int, bytes]], frames: int | None
) -> tuple[int, ...]:
    """The first fragment of each frame; more than `frames` when more code streams are there."""
    everyone = tuple(piece[0] for piece in pieces)
    begins = [k for k, piece in enumerate(pieces) if looks_like_start(piece[2])]
    if frames is None or len(pieces) == frames:
        return _each_or_joined(stream, pieces, begins)
    if len(begins) > frames:  # a thumbnail or chance: a frame also follows an end
        begins = [k for k in begins if _follows_an_end(stream, pieces, k)]
    if begins and begins[0] == 0:
        return tuple(everyone[k] for k in begins)
    if frames == 1:
        return everyone[:1]
    if len(pieces) < frames:
        return everyone
    if len(pieces) % frames == 0:
        return everyone[:: len(pieces) // frames]
    raise DamagedFrameError(
        f"its {len(pieces)} pieces of compressed data can't be told apart into {frames} frames"
    )


def _each_or_joined(
    stream: BinaryIO, pieces: list[tuple[int, int, bytes]], begins: list[int]
) -> tuple[int, ...]:
    """As many fragments as frames: each is one, unless many of them clearly go on with another.

    A frame whose beginning is damaged still follows the end of the one before; a file cut short
    can by chance have as many fragments left as it had frames.
    """
    everyone = tuple(piece[0] for piece in pieces)
    if not begins or begins[0] != 0 or 4 * len(begins) > 3 * len(pieces):
        return everyone
    known = set(begins)
    is_rle = is_rle_start(pieces[0][2])
    begins = [
        k
        for k in range(len(pieces))
        if k in known or (not is_rle and _follows_an_end(stream, pieces, k))
    ]
    return everyone if 4 * len(begins) > 3 * len(pieces) else tuple(everyone[k] for k in begins)


def _follows_an_end(stream: BinaryIO, pieces: list[tuple[int, int, bytes]], k: int) -> bool:
    """Whether piece `k` is the first, begins an RLE frame, or comes behind an end marker."""
    return k == 0 or is_rle_start(pieces[k][2]) or _ends(stream, pieces[k - 1])


def _ends(stream: BinaryIO, piece: tuple[int, int, bytes]) -> bool:
    start = max(piece[0] + 8, piece[1] - _END_TAIL)
    stream.seek(start)
    return b"\xff\xd9" in stream.read(piece[1] - start)


def _split(block: memoryview) -> list[memoryview]:
    """Payloads of the items in a block that ends where its last item does."""
    parts: list[memoryview] = []
    pos = 0
    while pos + 8 <= len(block):
        tag, length = _ITEM_HEAD.unpack_from(block, pos)
        if tag != _ITEM:
            if not parts:
                raise DamagedFrameError("the offset table points where no frame is")
            break
        if pos + 8 + length > len(block):
            raise DamagedFrameError("the offset table contradicts the data")
        parts.append(block[pos + 8 : pos + 8 + length])
        pos += 8 + length
        pos += block[pos + 1 : pos + 5] == _ITEM  # a pad byte that the odd length left out
    return parts


def _walk(stream: BinaryIO, pos: int, size: int) -> list[memoryview]:
    """Payloads of the items from `pos` to the end of the sequence."""
    parts: list[memoryview] = []
    while pos + 8 <= size:
        stream.seek(pos)
        tag, length = _ITEM_HEAD.unpack(_read_all(stream, 8))
        if tag != _ITEM:
            break
        if pos + 8 + length > size:
            raise DamagedFrameError("the file ends before it does")
        parts.append(memoryview(_read_all(stream, length)))
        pos += 8 + length
    return parts


def _join(parts: list[memoryview]) -> memoryview:
    if not parts:
        raise DamagedFrameError("the offset table points where no frame is")
    return parts[0] if len(parts) == 1 else memoryview(b"".join(parts))


def _read_all(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise DamagedFrameError("the file ends before it does")
    return data
