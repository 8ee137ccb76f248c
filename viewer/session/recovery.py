"""Journals: what was committed and is not yet in the review's file, and how to get it back.

An open window with unsaved changes keeps one journal, ``<review>.<pid>-<token>.journal`` in the
recovery folder: the whole newest review, with the names of the changes since the last save. The
file is written by `autosave`; what is left when its process is gone is offered at the next start.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from viewer.errors import NewerVersionError, UnreadableError, ViewerError
from viewer.model.review import Review
from viewer.session.process_mark import ProcessMark, is_running, this_process
from viewer.session.review_changes import differences
from viewer.store import atomic, review_file

_log = logging.getLogger(__name__)

FORMAT = "caval-journal"
JOURNAL_VERSION = 1
SUFFIX = ".journal"

SILENT_S = 120.0
"""A journal of another computer is taken for left behind after this long without a write.

A living one is written anew or touched every `autosave.PERIOD_S` (10 s) while it exists.
"""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Changes that were kept when the program ended badly.

    Attributes
    ----------
    saved_at : datetime or None
        When the review's file was last saved before; None when it never was.
    labels : tuple of str
        The changes made since, oldest first.
    saved_digest : str
        `digest_of` the file the changes were made to, "" when there was none.
    """

    review: Review
    review_path: Path
    saved_at: datetime | None
    labels: tuple[str, ...]
    journal_path: Path
    saved_digest: str = ""

    @property
    def text(self) -> str:
        """What is offered, in words: how many changes, made after which save."""
        count = len(self.labels)
        changes = "1 change" if count == 1 else f"{count} changes"
        were = "was" if count == 1 else "were"
        if self.saved_at is None:
            return f"{changes} to a review that had not been saved yet {were} kept."
        local = self.saved_at.astimezone()
        day = "" if local.date() == datetime.now().astimezone().date() else f"{local:%Y-%m-%d} "
        return f"{changes} made after the last save at {day}{local:%H:%M} {were} kept."


def write_journal(recovery: Recovery, process: ProcessMark | None = None) -> None:
    """Put the journal on the disk, whole or not at all.

    Raises
    ------
    ViewerError
        It could not be written.
    """
    head = {
        "format": FORMAT,
        "version": JOURNAL_VERSION,
        "process": asdict(process or this_process()),
        "review_path": str(recovery.review_path),
        "saved_at": recovery.saved_at.isoformat() if recovery.saved_at else None,
        "saved_digest": recovery.saved_digest,
        "labels": list(recovery.labels),
    }
    body = review_file.dump(recovery.review)
    try:
        recovery.journal_path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.cannot_write(recovery.journal_path, error) from error
    opening = json.dumps(head).encode()[:-1]
    atomic.write_bytes(recovery.journal_path, opening + b', "review":\n' + body + b"}\n")


def recoveries(
    recovery_dir: Path, tell: Callable[[str], None] = lambda _text: None
) -> tuple[Recovery, ...]:
    """What processes that are gone left behind, newest first.

    A journal that can't be read is told, renamed and kept; one of a living window is left alone;
    one whose changes are all in the review's file is removed.

    Parameters
    ----------
    tell : callable
        Told, in words for a person, about what could not be read.
    """
    found: list[tuple[float, Recovery]] = []
    atomic.remove_leftovers(recovery_dir)
    for path in sorted(recovery_dir.glob(f"*{SUFFIX}")):
        try:
            written_at = path.stat().st_mtime
            process, recovery = _read_journal(path)
            if _left_behind(process, written_at) and not _needless(recovery):
                found.append((written_at, recovery))
        except FileNotFoundError:
            continue  # its own process has just finished with it
        except NewerVersionError as error:
            _log.warning("%s is of a newer version", path.name)
            tell(str(error))
        except UnreadableError as error:
            _log.warning("%s can't be read: %s", path.name, error.detail)
            tell(_put_by(path))
    return tuple(recovery for _, recovery in sorted(found, key=lambda pair: -pair[0]))


def compare(recovery: Recovery) -> tuple[str, ...]:
    """What the kept changes differ in from the file that was saved, one line a thing."""
    if not recovery.review_path.exists():
        nothing = Review(id=recovery.review.id, reader=recovery.review.reader)
        return differences(nothing, recovery.review)
    try:
        saved = review_file.read(recovery.review_path)
    except ViewerError as error:
        return (f"The saved file can't be compared: {error.what}",)
    return differences(saved, recovery.review)


def keep(recovery: Recovery, path: Path | None = None) -> Path:
    """Write the kept changes to the review's file, or to another one, and drop the journal.

    A file that has been changed since by someone else is not lost: it is renamed beside it.

    Returns
    -------
    Path
        Where the review is now.

    Raises
    ------
    ViewerError
        It could not be written; the journal stays.
    """
    target = path or recovery.review_path
    if digest_of(target) not in ("", recovery.saved_digest):
        atomic.set_aside(target, "other")
        _log.warning("the review's file had changed since; kept beside it")
    review_file.write(target, recovery.review)
    discard(recovery)
    return target


def discard(recovery: Recovery) -> None:
    """Forget the kept changes.

    Raises
    ------
    ViewerError
        The journal could not be removed.
    """
    try:
        recovery.journal_path.unlink(missing_ok=True)
        atomic.flush_folder(recovery.journal_path.parent)
    except OSError as error:
        raise ViewerError(
            f"The kept changes could not be removed: {error.strerror}",
            f"Remove {recovery.journal_path} by hand.",
        ) from error


def digest_of(path: Path) -> str:
    """SHA-256 of a file, empty when there is none: whether it is still the one we wrote.

    Raises
    ------
    ViewerError
        The file is there and can't be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise atomic.cannot_write(path, error) from error


def _read_journal(path: Path) -> tuple[ProcessMark, Recovery]:
    try:
        head: dict[str, Any] = json.loads(path.read_bytes())
        if head["format"] != FORMAT:
            raise ValueError("not a journal")
        if head["version"] > JOURNAL_VERSION:
            raise NewerVersionError(
                f"Changes in {path.name} were kept by a newer Caval",
                "Start that version to get them back. The file was not changed.",
            )
        process = ProcessMark(**head["process"])
        saved_at = datetime.fromisoformat(head["saved_at"]) if head["saved_at"] else None
        labels = tuple(str(label) for label in head["labels"])
        body = json.dumps(head["review"]).encode()
        place, digest = Path(head["review_path"]), str(head["saved_digest"])
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableError(f"{path.name} can't be read", detail=type(error).__name__) from error
    review = review_file.load(body, path.name)
    return process, Recovery(review, place, saved_at, labels, path, digest)


def _left_behind(process: ProcessMark, written_at: float) -> bool:
    running = is_running(process)
    if running is None:
        return time.time() - written_at > SILENT_S
    return not running


def _needless(recovery: Recovery) -> bool:
    """Whether the file already holds the changes: the end came between the save and the tidying."""
    try:
        if review_file.read(recovery.review_path) != recovery.review:
            return False
    except ViewerError:
        return False
    discard(recovery)
    return True


def _put_by(path: Path) -> str:
    """Rename a journal nobody can read, so that it is told once; the words to tell."""
    kept = path.with_name(f"{path.name}-unreadable")
    try:
        path.rename(kept)
    except OSError as error:
        _log.warning("%s could not be renamed: %s", path.name, error)
        kept = path
    return f"Changes kept from an earlier session can't be read. They were not deleted: {kept}."
