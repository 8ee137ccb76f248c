"""Bytes of one file or zip member, read where asked and no further."""

from __future__ import annotations

import lzma
import os
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Protocol

DAMAGED_MEMBER = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
)
"""What a member of a zip that is damaged, gone or packed in an unknown way raises."""


class Stream(Protocol):
    """What a header is read from.

    Attributes
    ----------
    size : int
        Length in bytes.
    seekable : bool
        Whether `at` is cheap anywhere (a compressed zip member is not).
    """

    size: int
    seekable: bool

    def head(self, count: int) -> bytes:
        """The first `count` bytes, fewer when the file is shorter."""
        ...

    def at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`, fewer at the end."""
        ...


class FileStream:
    """A plain file, opened for reading only."""

    seekable = True

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.size = os.fstat(self._file.fileno()).st_size

    def __enter__(self) -> FileStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def head(self, count: int) -> bytes:
        """The first `count` bytes."""
        return self.at(0, count)

    def at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`."""
        self._file.seek(offset)
        return self._file.read(count) or b""


class MemberStream:
    """A member of an open zip, decompressed in memory as far as needed; never extracted."""

    seekable = False

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive = archive
        self._info = info
        self.size = info.file_size

    def head(self, count: int) -> bytes:
        """The first `count` bytes."""
        with self._archive.open(self._info) as member:
            return member.read(count)

    def at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`: everything before them is decompressed too."""
        with self._archive.open(self._info) as member:
            member.seek(offset)
            return member.read(count)
