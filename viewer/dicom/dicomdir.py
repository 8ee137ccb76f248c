"""DICOMDIR: the table of contents of a medium (PS3.3 F, PS3.10)."""

from __future__ import annotations

import re
from pathlib import Path

from viewer.dicom.dicom_file import DIRECTORY_CLASS, HeaderError, NotDicomError, read_header
from viewer.dicom.streams import FileStream

_CLASS = re.compile(re.escape(DIRECTORY_CLASS).encode() + rb"(?![0-9.])")


def is_directory_file(name: str, head: bytes) -> bool:
    """Whether a file is a DICOMDIR, by its name or by the class in its first bytes."""
    if name.upper() == "DICOMDIR":
        return True
    return head[128:132] == b"DICM" and bool(_CLASS.search(head))


def referenced_files(path: Path) -> tuple[list[Path], list[str], str]:
    """Files a DICOMDIR names: those there, the names of those missing, and what is wrong with it.

    Names are looked for below the DICOMDIR's own folder, whatever their case; a name that leads
    out of it counts as missing.
    """
    try:
        with FileStream(path) as stream:
            header = read_header(stream).header
    except OSError as error:
        return [], [], f"it can't be read ({error.strerror or error}); copy it again"
    except (NotDicomError, HeaderError):
        return [], [], "the DICOMDIR is damaged; open the folder it lies in instead"
    there: list[Path] = []
    missing: list[str] = []
    listings: dict[Path, dict[str, Path]] = {}
    for record in header.items("DirectoryRecordSequence"):
        parts = [part for part in record.texts("ReferencedFileID") if part]
        if not parts:
            continue
        file = _resolve(path.parent, parts, listings)
        if file is None:
            missing.append("/".join(parts))
        else:
            there.append(file)
    return there, missing, ""


def _resolve(folder: Path, parts: list[str], listings: dict[Path, dict[str, Path]]) -> Path | None:
    here = folder
    for part in parts:
        if part in (".", "..") or "/" in part:
            return None
        if here not in listings:
            listings[here] = _listing(here)
        found = listings[here].get(part.upper())
        if found is None:
            return None
        here = found
    return here if here.is_file() else None


def _listing(folder: Path) -> dict[str, Path]:
    try:
        return {entry.name.upper(): entry for entry in folder.iterdir()}
    except OSError:
        return {}
