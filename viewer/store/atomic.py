"""Whole or not at all: a file is replaced by a complete new one, or stays as it was."""

from __future__ import annotations

import errno
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from viewer.errors import ViewerError

_REASONS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "Free some space there, or save to another place."),
    errno.EDQUOT: ("the quota of this account is used up", "Free some space, or save elsewhere."),
    errno.EFBIG: ("the file would be larger than allowed there", "Save to another place."),
    errno.EROFS: ("the disk is read-only", "Save to another place."),
    errno.EACCES: ("writing is not permitted there", "Save to a folder you may write to."),
    errno.EPERM: ("writing is not permitted there", "Save to a folder you may write to."),
    errno.ENOENT: ("the folder is not there", "Connect the disk again, or save elsewhere."),
    errno.ENOTDIR: ("the folder is not there", "Connect the disk again, or save elsewhere."),
    errno.EISDIR: ("a folder of that name is in the way", "Choose another name."),
    errno.EIO: ("the disk reports an error", "Save to another disk soon."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name."),
}


def cannot_write(path: Path, error: OSError) -> ViewerError:
    """What a failed write is called for people: the file's name, the reason, what to do."""
    why, hint = _REASONS.get(
        error.errno or 0, (error.strerror or type(error).__name__, "Save to another place.")
    )
    return ViewerError(
        f"{path.name} could not be saved: {why}",
        f"{hint} What was saved before is untouched.",
        detail=f"{type(error).__name__}, errno {error.errno}",
    )


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a crash or a full disk leaves the old file or the new one.

    Written to a temporary file of the same folder, flushed to the disk, then renamed over `path`;
    the folder is flushed too. A link is followed. The folder must exist.

    Raises
    ------
    ViewerError
        It could not be written; the old file is as it was.
    """
    target = path.resolve() if path.is_symlink() else path
    part = target.with_name(f".{target.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "the file is write-protected")
        try:
            _write_through(part, data, mode=_mode_of(target))
            part.replace(target)
        except OSError:
            with suppress(OSError):  # the first failure is the one to tell
                part.unlink(missing_ok=True)
            raise
        flush_folder(target.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def set_aside(path: Path, why: str) -> Path:
    """Rename `path` to a free name beside it and return that name.

    ``case.caval.json`` becomes ``case.<why>-20260131-130205.caval.json``: the endings stay, so
    that it can be opened like any other.

    Raises
    ------
    ViewerError
        It could not be renamed.
    """
    stem, dot, endings = path.name.partition(".")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        count = "" if number == 1 else f"-{number}"
        aside = path.with_name(f"{stem}.{why}-{stamp}{count}{dot}{endings}")
        if not aside.exists():
            break
    try:
        path.rename(aside)
    except OSError as error:
        raise cannot_write(aside, error) from error
    return aside


def remove_leftovers(folder: Path, name: str = "*", older_than_s: float = 3600.0) -> None:
    """Remove temporary files of writes that a crash cut short; no write lasts an hour."""
    for part in folder.glob(f".{name}.*-????????.part"):
        with suppress(OSError):  # gone meanwhile, or not ours to remove
            if time.time() - part.stat().st_mtime > older_than_s:
                part.unlink()


def flush_folder(folder: Path) -> None:
    """Make a rename or removal in `folder` last through a power cut, where the system can."""
    if os.name == "nt":
        return  # Windows has no handle to a folder that can be flushed
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks can't
            raise
    finally:
        os.close(handle)


def _mode_of(target: Path) -> int:
    """The permission bits of the file to be replaced, or those of a new file."""
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o666


def _write_through(path: Path, data: bytes, mode: int) -> None:
    """Write a new file and wait until the disk has it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)
