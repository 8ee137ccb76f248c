"""Bytes of one DICOM file, wherever they are: on disk, inside a zip, or inflated in memory.

A file on disk is read at an offset and never mapped: a file that shrinks under a memory map ends
the whole process with SIGBUS, and reading straight into the frame's own array costs the same as
copying it out of a map.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Protocol

from viewer.dicom.streams import DAMAGED_MEMBER
from viewer.errors import UnreadableError

MAX_MEMBER_BYTES = 2**30
"""Largest zip member or inflated data set held in memory."""

KEPT_MEMBER_BYTES = 128 * 2**20
"""Members kept beside the newest one, so that stepping through a zipped series stays quick."""


class ByteSource(Protocol):
    """A file's bytes; `open` may be called by many threads at once, each gets its own stream."""

    @property
    def name(self) -> str:
        """How messages name it."""

    @property
    def size(self) -> int:
        """Number of bytes."""

    def open(self) -> BinaryIO:
        """A seekable stream of its own, to be closed by the caller."""


@dataclass(frozen=True, slots=True)
class DiskBytes:
    """A file on disk, as it was when first looked at."""

    path: Path
    size: int
    changed_ns: int

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def open(self) -> BinaryIO:
        """An unbuffered stream.

        Raises
        ------
        UnreadableError
            The file is gone, may not be read, or is no longer the file that was opened.
        """
        try:
            stream = self.path.open("rb", buffering=0)
        except OSError as error:
            raise _cannot_open(self.path, error) from error
        state = os.fstat(stream.fileno())
        if (state.st_size, state.st_mtime_ns) != (self.size, self.changed_ns):
            stream.close()
            raise UnreadableError(
                f"{self.path}: the file was changed while it was open", "Open it again."
            )
        return stream


@dataclass(frozen=True, slots=True)
class MemoryBytes:
    """Bytes held in memory."""

    name: str
    data: bytes

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """A stream on the bytes; they are not copied."""
        return io.BytesIO(self.data)


@dataclass(frozen=True, slots=True)
class MemberBytes:
    """A member of a zip, inflated when it is opened and it is not among those kept."""

    members: ZipMembers
    path: Path
    member: str
    size: int

    @property
    def name(self) -> str:
        """The zip's path and the member's name."""
        return f"{self.path} ({self.member})"

    def open(self) -> BinaryIO:
        """A stream on the inflated bytes."""
        return self.members.read(self.path, self.member).open()


def disk_bytes(path: Path) -> DiskBytes:
    """The file at `path`.

    Raises
    ------
    UnreadableError
        There is no such file, or it may not be looked at.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise _cannot_open(path, error) from error
    return DiskBytes(path, state.st_size, state.st_mtime_ns)


class ZipMembers:
    """Members of zip files, each inflated once and the last few kept.

    Thread-safe: two threads that ask for one member at once share one reading of it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, str], MemoryBytes] = OrderedDict()
        self._lock = Lock()

    def read(self, path: Path, member: str) -> MemoryBytes:
        """The whole member.

        Raises
        ------
        UnreadableError
            It can't be read, or is larger than `MAX_MEMBER_BYTES`.
        """
        key = (path, member)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            found = MemoryBytes(f"{path} ({member})", _read_member(path, member))
            self._kept[key] = found
            while len(self._kept) > 1 and self._held() > KEPT_MEMBER_BYTES:
                self._kept.popitem(last=False)
            return found

    def source(self, path: Path, member: str) -> MemberBytes:
        """The member as a byte source that does not hold its bytes."""
        return MemberBytes(self, path, member, self.read(path, member).size)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()

    def _held(self) -> int:
        return sum(member.size for member in self._kept.values())


def inflate(data: bytes, name: str, limit: int = MAX_MEMBER_BYTES) -> bytes:
    """Raw deflate data (RFC 1951) unpacked, never more than `limit` bytes.

    Raises
    ------
    UnreadableError
        The data are damaged or unpack to more than `limit`.
    """
    worker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = worker.decompress(data, limit)
    except zlib.error as error:
        raise UnreadableError(
            f"{name}: the compressed data are damaged", "Ask for the file again.", str(error)
        ) from error
    if worker.unconsumed_tail:
        raise UnreadableError(
            f"{name}: unpacks to more than {limit / 2**20:.0f} MB",
            "Unpack it with another program if you trust it.",
        )
    return plain


def _read_member(path: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo(member).file_size
            if size > MAX_MEMBER_BYTES:
                raise UnreadableError(
                    f"{path} ({member}): unpacks to {size / 2**20:.0f} MB, more than is held"
                    f" in memory ({MAX_MEMBER_BYTES / 2**20:.0f} MB)",
                    "Unpack the zip file and open the folder.",
                )
            with archive.open(member) as stream:
                return stream.read(size)
    except KeyError as error:
        raise UnreadableError(
            f"{path} ({member}): no longer in the zip file", "Open the zip file again."
        ) from error
    except OSError as error:
        raise _cannot_open(path, error) from error
    except (*DAMAGED_MEMBER, RuntimeError) as error:  # RuntimeError: encrypted
        raise UnreadableError(
            f"{path} ({member}): can't be unpacked", "Unpack it with another program.", str(error)
        ) from error


def _cannot_open(path: Path, error: OSError) -> UnreadableError:
    reason = (error.strerror or "can't be opened").lower()
    return UnreadableError(f"{path}: {reason}", "Check that the file is there and may be read.")
