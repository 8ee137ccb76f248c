"""Finding files: single ones, folders at any depth, DICOMDIR, members of a zip.

Nothing is written and nothing is unpacked to disk.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from viewer.dicom.dicomdir import is_directory_file, referenced_files
from viewer.model.study import Skipped

ZIP_SUFFIX = ".zip"
DICOM_SUFFIXES = (".dcm", ".dicom", ".dic", ".ima", ".acr")
BLOCKS, BLOCK = 16, 4096
"""Parts of two files that are compared, and bytes of each."""
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or one member of a zip.

    `named` tells whether a person (or a DICOMDIR) named it as an image, so that finding none in it
    is a failure; files merely lying in a folder may be anything.
    """

    path: Path
    member: str = ""
    named: bool = False

    @property
    def shown(self) -> Path:
        """How messages name it."""
        return self.path / self.member if self.member else self.path


@dataclass(slots=True)
class Found:
    """What there is to read, what can't be, and what is of no concern."""

    sources: list[Source] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    ignored: list[Skipped] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, source: Source) -> None:
        """Add a source once, however many ways lead to it."""
        key = (os.path.normpath(source.path), source.member)
        if key not in self._seen:
            self._seen.add(key)
            self.sources.append(source)

    def skip(self, path: Path, reason: str) -> None:
        """Note what can't be read."""
        self.skipped.append(Skipped(path, reason))


def find(paths: Iterable[Path]) -> Found:
    """Every file behind `paths`, folders in natural order."""
    found = Found()
    for path in paths:
        if _is_folder(path):
            before = len(found.sources) + len(found.skipped) + len(found.ignored)
            _tree(path, found)
            if len(found.sources) + len(found.skipped) + len(found.ignored) == before:
                found.skip(path, "the folder is empty; choose the one that holds the images")
        else:
            _named_file(path, found)
    return found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # its parent may not be looked into: told when it is opened
        return False


def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """Sorts IM2 before IM10."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(text)
    )


def looks_like_dicom(name: str) -> bool:
    """Whether the name promises a DICOM file."""
    return name.lower().endswith(DICOM_SUFFIXES)


def same_content(one: Source, other: Source) -> bool:
    """Whether two sources of equal size hold the same, judged by blocks spread over both.

    Members of zips are judged by their checksums. What can't be read now counts as the same: it
    was read a moment ago and is left out as a copy, which is told.
    """
    try:
        if one.member and other.member:
            return _checksum(one) == _checksum(other)
        if one.member or other.member:
            return True
        with one.path.open("rb") as first, other.path.open("rb") as second:
            last = max(0, first.seek(0, os.SEEK_END) - BLOCK)
            for part in range(BLOCKS + 1):
                first.seek(last * part // BLOCKS)
                second.seek(last * part // BLOCKS)
                if first.read(BLOCK) != second.read(BLOCK):
                    return False
    except (OSError, zipfile.BadZipFile, KeyError):
        return True
    return True


def _checksum(source: Source) -> int:
    with zipfile.ZipFile(source.path) as archive:
        return archive.getinfo(source.member).CRC


def why_unreadable(error: OSError) -> str:
    """An operating system's refusal in words, and what to do."""
    if isinstance(error, PermissionError):
        return "no permission to read it; ask for access or copy it where you have it"
    if isinstance(error, FileNotFoundError):
        return "it does not exist; check the path"
    return f"it can't be read ({error.strerror or error}); check the disk or copy it again"


def _named_file(path: Path, found: Found) -> None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            found.skip(path, "it is not a file but a device or a pipe; choose an image file")
            return
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        found.skip(path, why_unreadable(error))
        return
    if path.suffix.lower() == ZIP_SUFFIX or head[:4] == b"PK\x03\x04":
        _zip(path, found)
    elif is_directory_file(path.name, head):
        _directory(path, found)
    else:
        found.add(Source(path, named=True))


def _tree(top: Path, found: Found) -> None:
    """Everything below a folder, however deep, each folder's files before its folders'."""
    waiting = [top]
    while waiting:
        waiting.extend(reversed(_folder(waiting.pop(), found)))


def _folder(folder: Path, found: Found) -> list[Path]:
    """The files in one folder; the folders in it are returned.

    Symbolic links to folders are not followed (they may loop).
    """
    folders: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: natural_key(entry.name))
    except OSError as error:
        found.skip(folder, why_unreadable(error))
        return folders
    for entry in listed:
        path = folder / entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif not entry.is_file():
                found.ignored.append(Skipped(path, _what_else(entry)))
            elif entry.name.lower().endswith(ZIP_SUFFIX):
                _zip(path, found)
            elif entry.name.upper() == "DICOMDIR":
                _missing_of_directory(path, found)
            else:
                found.add(Source(path))
        except OSError as error:
            found.skip(path, why_unreadable(error))
    return folders


def _what_else(entry: os.DirEntry[str]) -> str:
    """What an entry is that is neither a file nor a folder of its own."""
    if not entry.is_symlink():
        return "it is not a file but a device or a pipe"
    if entry.is_dir():
        return "a link to a folder, not followed; open that folder itself"
    return "a link that leads nowhere"


def _zip(path: Path, found: Found) -> None:
    """The members of a zip; their names are only names, nothing is written under them."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        found.skip(path, f"the zip is damaged ({error}); fetch it again")
        return
    except OSError as error:
        found.skip(path, why_unreadable(error))
        return
    count = 0
    for info in sorted(members, key=lambda member: natural_key(member.filename)):
        name = info.filename
        if info.is_dir() or name.startswith("__MACOSX/") or _is_directory_name(name):
            continue
        count += 1
        if info.flag_bits & 1:
            found.skip(path / name, "it is encrypted in the zip; unpack it with its password first")
        elif name.lower().endswith(ZIP_SUFFIX):
            found.skip(path / name, "a zip inside a zip; unpack the outer one first")
        else:
            found.add(Source(path, member=name))
    if count == 0:
        found.skip(path, "the zip holds no files; fetch it again")


def _is_directory_name(member: str) -> bool:
    return member.rsplit("/", 1)[-1].upper() == "DICOMDIR"


def _directory(path: Path, found: Found) -> None:
    """The files a DICOMDIR names."""
    there, missing, problem = referenced_files(path)
    if problem:
        found.skip(path, problem)
        return
    for file in there:
        found.add(Source(file, named=True))
    _tell_missing(path, missing, found)
    if not there and not missing:
        found.skip(path, "the DICOMDIR names no files; open the folder it lies in instead")


def _missing_of_directory(path: Path, found: Found) -> None:
    """A DICOMDIR inside a folder that is read whole: only what it misses is news."""
    _, missing, problem = referenced_files(path)
    if problem:
        found.skip(path, problem)
    else:
        _tell_missing(path, missing, found)
        if not missing:
            found.ignored.append(Skipped(path, "a DICOMDIR; the files themselves are read"))


def _tell_missing(path: Path, missing: list[str], found: Found) -> None:
    if missing:
        several = "files that are" if len(missing) > 1 else "file that is"
        found.skip(
            path,
            f"the DICOMDIR names {len(missing)} {several} not there (first: {missing[0]}); "
            "copy the whole medium",
        )
