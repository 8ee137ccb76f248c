"""Every committed change on the disk at once, in the review's file every ten seconds.

`changed` only notes the newest frozen review; one worker thread writes it to the journal (see
`recovery`) and, when due, to its file. Whatever fails is told through `on_state` and tried again;
memory stays the truth meanwhile.
"""

from __future__ import annotations

import glob
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from viewer.errors import ViewerError
from viewer.model.review import Review
from viewer.session import recovery
from viewer.store import atomic, library, review_file

_log = logging.getLogger(__name__)

PERIOD_S = 10.0
"""The file follows a change after this long (ui.md, Saving)."""

RETRY_S = 2.0
"""A journal that could not be written is tried again after this long."""


@dataclass(frozen=True, slots=True)
class SavedState:
    """How safe the review is, for the status bar.

    Attributes
    ----------
    saved_at : datetime or None
        When the file was last written, UTC; None when it never was.
    unsaved_changes : int
        Changes that are not in the file yet.
    journaled : bool
        Whether all of them are on the disk and would survive the program's end.
    error : str
        What keeps changes from being saved, for people; empty when nothing does.
    notice : str
        Something about the last save a person should know, for people.
    """

    saved_at: datetime | None = None
    unsaved_changes: int = 0
    journaled: bool = True
    error: str = ""
    notice: str = ""


class Autosave:
    """Keeps one review on the disk while it is open.

    Parameters
    ----------
    review : Review
        The review as it was opened, which is what `review_path` holds when that exists.
    review_path : Path
        Its file; made at the first save.
    recovery_dir : Path
        Where the journal goes.
    on_state : callable
        Told of every new `SavedState`, **from the worker thread**; it must return at once.
    period_s : float
        How long after a change the file is written, s.
    after_save : callable or None
        Called from the worker thread with the path and the review that was written.
    """

    def __init__(
        self,
        review: Review,
        review_path: Path,
        recovery_dir: Path,
        on_state: Callable[[SavedState], None],
        *,
        period_s: float = PERIOD_S,
        after_save: Callable[[Path, Review], None] | None = None,
    ) -> None:
        self._review = review
        self._path = self._wanted_path = review_path
        token = f"{os.getpid()}-{secrets.token_hex(3)}"
        stem = library.file_stem(review.id)
        self._journal_path = recovery_dir / f"{stem}.{token}{recovery.SUFFIX}"
        self._on_state = on_state
        self._after_save = after_save
        self._period_s = period_s
        self._saved_at = _written_at(review_path)
        self._saved_digest = recovery.digest_of(review_path)
        self._wake = threading.Condition()
        self._labels: list[str] = []  # of the changes `_saved + 1` .. `_seen`
        self._seen = self._journaled = self._saved = 0  # how many changes each has got
        self._journal_at = self._save_at = 0.0  # monotonic s; not before
        self._asked = self._answered = 0
        self._closing = self._gave_up = False
        self._journal_error = self._save_error = self._notice = ""
        self._told = SavedState(self._saved_at)
        self._worker: threading.Thread | None = None

    # -- from the main thread -----------------------------------------------------------------
    @property
    def path(self) -> Path:
        """The review's file."""
        return self._path

    @property
    def state(self) -> SavedState:
        """How safe the review is now."""
        with self._wake:
            return self._state()

    def changed(self, review: Review, label: str) -> None:
        """Note a committed change; returns at once, the journal follows within milliseconds.

        Raises
        ------
        RuntimeError
            After `close`: nobody would write it.
        """
        with self._wake:
            if self._closing:
                raise RuntimeError("a change after the review was closed")
            if self._seen == self._saved:
                self._save_at = time.monotonic() + self._period_s
            self._review = review
            self._seen += 1
            self._labels.append(label)
            self._start()
            self._wake.notify_all()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until every change so far is on the disk; False when that fails."""
        with self._wake:
            wanted = self._seen
            self._wake.wait_for(
                lambda: max(self._journaled, self._saved) >= wanted or bool(self._journal_error),
                timeout_s,
            )
            return max(self._journaled, self._saved) >= wanted

    def save_now(self, wait: bool = True, timeout_s: float = 20.0) -> bool:
        """Write the file now, changed or not.

        Returns
        -------
        bool
            Whether the file has every change made before the call; with ``wait=False`` only
            whether it had already.
        """
        with self._wake:
            wanted = self._seen
            self._asked += 1
            ticket = self._asked
            self._start()
            self._wake.notify_all()
            if wait:
                self._wake.wait_for(lambda: self._answered >= ticket, timeout_s)
                return self._answered >= ticket and self._saved >= wanted and not self._save_error
            return self._saved >= wanted

    def save_as(self, path: Path, timeout_s: float = 20.0) -> bool:
        """Write to another file and go on there; on failure the old one stays the review's file.

        What stands at `path` is replaced: ask first (`review_file.would_replace`).
        """
        with self._wake:
            self._wanted_path = review_file.with_suffix(path)
        return self.save_now(wait=True, timeout_s=timeout_s) and self._path == self._wanted_path

    def close(self, timeout_s: float = 20.0) -> bool:
        """Save what is unsaved, remove the journal, end the worker.

        Returns
        -------
        bool
            Whether everything is in the file; if not, the journal stays and is offered at the
            next start.
        """
        with self._wake:
            self._closing = True
            self._wake.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join(timeout_s)
        return self._saved == self._seen

    # -- the worker ---------------------------------------------------------------------------
    def _start(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="autosave", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        _attempt(lambda: atomic.remove_leftovers(self._path.parent, glob.escape(self._path.name)))
        while True:
            with self._wake:
                while not (job := self._job()):
                    self._wake.wait(self._patience_s())
            if job == "stop":
                return
            (self._write_journal if job == "journal" else self._write_file)()
            self._tell()

    def _job(self) -> str:
        """What is due now; the journal goes first, because it is quick."""
        now = time.monotonic()
        unsaved = self._seen > self._saved and not self._gave_up
        if unsaved and self._seen > self._journaled and now >= self._journal_at:
            return "journal"
        if self._asked > self._answered or (unsaved and (now >= self._save_at or self._closing)):
            return "save"
        return "stop" if self._closing else ""

    def _patience_s(self) -> float | None:
        if self._seen == self._saved:
            return None
        due = self._save_at
        if self._seen > self._journaled:
            due = min(due, self._journal_at)
        return max(0.0, due - time.monotonic())

    def _write_journal(self) -> None:
        with self._wake:
            seen = self._seen
            left = recovery.Recovery(
                self._review,
                self._path,
                self._saved_at,
                tuple(self._labels),
                self._journal_path,
                self._saved_digest,
            )
        problem = _attempt(lambda: recovery.write_journal(left))
        with self._wake:
            self._journal_error = problem
            if problem:
                self._journal_at = time.monotonic() + RETRY_S
            else:
                self._journaled = seen
            self._wake.notify_all()

    def _write_file(self) -> None:
        with self._wake:
            seen, review, asked, path = self._seen, self._review, self._asked, self._wanted_path
        problem = _attempt(lambda: self._replace_file(path, review))
        tidying = _attempt(lambda: self._tidy(path, review, saved=not problem))
        with self._wake:
            self._answered = asked
            self._save_at = time.monotonic() + self._period_s
            self._save_error = problem
            if problem:
                self._wanted_path = self._path
                self._gave_up = self._closing
            else:
                self._path = path
                self._saved_at = datetime.now(UTC)
                del self._labels[: seen - self._saved]
                self._saved = seen
                self._notice = tidying or self._notice
            self._wake.notify_all()

    def _replace_file(self, path: Path, review: Review) -> None:
        """Write the file; one that somebody else has changed meanwhile is kept beside it."""
        if path == self._path and recovery.digest_of(path) not in ("", self._saved_digest):
            aside = atomic.set_aside(path, "other")
            self._notice = (
                f"{path.name} had been changed by another window or program. That state is kept "
                f"as {aside.name}."
            )
            _log.warning("the review's file had been changed by another; kept beside it")
        review_file.write(path, review)
        self._saved_digest = recovery.digest_of(path)

    def _tidy(self, path: Path, review: Review, saved: bool) -> None:
        """After a save drop the journal and spread the word; after a failed one show it lives."""
        if not saved:
            with suppress(FileNotFoundError):
                os.utime(self._journal_path)
            return
        if self._journal_path.exists():
            self._journal_path.unlink()
            atomic.flush_folder(self._journal_path.parent)
        if self._after_save is not None:
            self._after_save(path, review)

    def _state(self) -> SavedState:
        unsaved = self._seen - self._saved
        journaled = unsaved == 0 or self._journaled >= self._seen
        error = self._save_error
        if error and journaled:
            error += " The changes are kept in the recovery folder; saving is tried again."
        elif self._journal_error and not journaled:
            error = error or self._journal_error
            error += " The last changes are only in memory; saving is tried again."
        return SavedState(self._saved_at, unsaved, journaled, error, self._notice)

    def _tell(self) -> None:
        with self._wake:
            state = self._state()
        if state != self._told:
            self._told = state
            _attempt(lambda: self._on_state(state))


def _attempt(work: Callable[[], None]) -> str:
    """Do it; what went wrong in words, empty when nothing did.

    Nothing may end the worker: without it no change would be saved any more, and nobody told.
    """
    try:
        work()
    except ViewerError as error:
        _log.warning("autosave: %s (%s)", type(error).__name__, error.detail)
        return str(error)
    except Exception as error:  # noqa: BLE001 - told and logged; the worker has to live
        _log.error("autosave: unexpected", exc_info=error)
        return f"Saving met an unexpected problem ({type(error).__name__}); the log says more."
    return ""


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
