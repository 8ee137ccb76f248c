"""Fragments of encapsulated pixel data read as one file, for what takes a whole stream."""

from __future__ import annotations

import io
from bisect import bisect_right
from typing import Any

from viewer.dicom.byte_source import ByteSource


class JoinedFragments(io.RawIOBase):
    """The payloads of all fragments as one file; the file on disk is open only while read.

    Parameters
    ----------
    payloads : list of (int, int)
        Offset in `source` and length of each.
    """

    def __init__(self, source: ByteSource, payloads: list[tuple[int, int]]) -> None:
        self._source = source
        self._offsets = [offset for offset, _ in payloads]
        self._begins = [0]
        for _, length in payloads:
            self._begins.append(self._begins[-1] + length)
        self._pos = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase.seek`."""
        base = (0, self._pos, self._begins[-1])[whence]
        self._pos = max(0, base + offset)
        return self._pos

    def tell(self) -> int:
        """See `io.RawIOBase.tell`."""
        return self._pos

    def readinto(self, target: Any) -> int:
        """See `io.RawIOBase.readinto`: up to the end of a fragment."""
        if self._pos >= self._begins[-1]:
            return 0
        piece = bisect_right(self._begins, self._pos) - 1
        count = min(len(target), self._begins[piece + 1] - self._pos)
        with self._source.open() as stream:
            stream.seek(self._offsets[piece] + self._pos - self._begins[piece])
            data = stream.read(count)
        target[: len(data)] = data
        self._pos += len(data)
        return len(data)
