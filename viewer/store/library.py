"""What was opened before: where the files of images lie, which reviews speak of them.

A SQLite file that can be thrown away: reviews are files of their own, and a library that is
damaged is moved aside and filled again from them. Nothing here stops a start: what goes wrong is
logged and told, and the program works on without memory.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from viewer import paths
from viewer.errors import ViewerError
from viewer.model.review import Review
from viewer.model.study import ImageSet
from viewer.store import atomic, review_file

_log = logging.getLogger(__name__)

LIBRARY_VERSION = 1
"""Kept as SQLite's user_version."""

_TABLES = """
CREATE TABLE IF NOT EXISTS images (
    image_uid TEXT PRIMARY KEY, series_uid TEXT, study_uid TEXT, role TEXT, description TEXT,
    frames INTEGER, seen_at REAL);
CREATE TABLE IF NOT EXISTS files (
    image_uid TEXT, path TEXT, position INTEGER, seen_at REAL, PRIMARY KEY (image_uid, path));
CREATE TABLE IF NOT EXISTS reviews (
    path TEXT PRIMARY KEY, review_id TEXT, reader TEXT, title TEXT, modified_at TEXT,
    saved_at REAL);
CREATE TABLE IF NOT EXISTS review_images (path TEXT, image_uid TEXT, PRIMARY KEY (path, image_uid));
CREATE INDEX IF NOT EXISTS review_images_by_uid ON review_images (image_uid);
"""


@dataclass(frozen=True, slots=True)
class RecentReview:
    """A review opened or saved before; `saved_at` is s since 1970."""

    path: Path
    review_id: str
    reader: str
    title: str
    modified_at: str
    saved_at: float


def default_path(review: Review) -> Path:
    """Where a review lives until its reader saves it elsewhere: a file of its own by its id."""
    return paths.reviews_dir() / f"{file_stem(review.id)}{review_file.SUFFIX}"


def file_stem(review_id: str) -> str:
    """A review's id as a file name: itself when harmless (a UUID is), else its SHA-256."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", review_id):
        return review_id
    return hashlib.sha256(review_id.encode("utf-8", "replace")).hexdigest()[:32]


class Library:
    """Memory between sessions; every method may be called from any thread.

    Parameters
    ----------
    path : Path or None
        The SQLite file; None is ``library.sqlite3`` in the program's own folder.
    tell : callable
        Told, in words for a person, when the library could not be used as it was.
    """

    def __init__(
        self, path: Path | None = None, tell: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.path = path or paths.data_dir() / "library.sqlite3"
        self._tell = tell
        self._lock = threading.RLock()
        self._told: set[str] = set()
        self._db = self._open()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    # -- images -------------------------------------------------------------------------------
    def remember_images(self, image_sets: Iterable[ImageSet]) -> None:
        """Keep where the files of these image sets lie."""
        now = time.time()
        sets = tuple(image_sets)
        rows = [
            (s.uid, s.series_uid, s.study_uid, s.role.value, s.description, s.frames, now)
            for s in sets
        ]
        files = [(s.uid, str(p), n, now) for s in sets for n, p in enumerate(s.paths)]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO images VALUES (?,?,?,?,?,?,?)", rows)
            db.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?)", files)

        self._run(work)

    def files_of(self, image_uids: Iterable[str]) -> dict[str, tuple[Path, ...]]:
        """Where the files of each image set still lie, in its order; uids without any left out.

        Seen in several places, the place with most files wins, then the one seen last.
        """
        found: dict[str, tuple[Path, ...]] = {}
        for uid in dict.fromkeys(image_uids):
            rows = self._rows(
                "SELECT path, seen_at FROM files WHERE image_uid = ? "
                "ORDER BY seen_at DESC, position",
                (uid,),
            )
            places: dict[float, list[Path]] = {}
            for path, seen_at in rows:
                places.setdefault(seen_at, [])
                if Path(path).exists():
                    places[seen_at].append(Path(path))
            best = max(places.values(), key=len, default=[])
            if best:
                found[uid] = tuple(best)
        return found

    # -- reviews ------------------------------------------------------------------------------
    def remember_review(self, path: Path, review: Review) -> None:
        """Keep that `path` holds this review; called after it was opened or saved."""
        try:
            saved_at = path.stat().st_mtime
        except OSError:
            saved_at = time.time()
        where = str(path.absolute())
        row = (where, review.id, review.reader, review.title, review.modified_at, saved_at)
        images = [(where, image.uid) for image in review.images]

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO reviews VALUES (?,?,?,?,?,?)", row)
            db.execute("DELETE FROM review_images WHERE path = ?", (where,))
            db.executemany("INSERT OR IGNORE INTO review_images VALUES (?,?)", images)

        self._run(work)

    def review_for(self, reader: str, image_uids: Iterable[str]) -> Path | None:
        """The reader's own newest review of any of these images; never another reader's."""
        rows = self._rows(
            "SELECT DISTINCT r.path FROM reviews r JOIN review_images i ON i.path = r.path "
            "WHERE r.reader = ? AND i.image_uid IN (SELECT value FROM json_each(?)) "
            "ORDER BY r.saved_at DESC",
            (reader, json.dumps(list(image_uids))),
        )
        return next((p for p in (Path(row[0]) for row in rows) if p.is_file()), None)

    def recent(self, limit: int = 20) -> tuple[RecentReview, ...]:
        """The reviews opened or saved last that are still there, newest first."""
        rows = self._rows(
            "SELECT path, review_id, reader, title, modified_at, saved_at FROM reviews "
            "ORDER BY saved_at DESC",
            (),
        )
        there = (RecentReview(Path(row[0]), *row[1:]) for row in rows if Path(row[0]).is_file())
        return tuple(islice(there, limit))

    def forget_review(self, path: Path) -> None:
        """Leave a review out of the list; its file stays."""
        where = str(path.absolute())

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM review_images WHERE path = ?", (where,))
            db.execute("DELETE FROM reviews WHERE path = ?", (where,))

        self._run(work)

    # -- the file -----------------------------------------------------------------------------
    def _rows(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        self._run(lambda db: found.extend(db.execute(sql, values).fetchall()))
        return found

    def _run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do `work` in one transaction; a damaged file is replaced and the work done again."""
        with self._lock:
            try:
                try:
                    with self._db:
                        work(self._db)
                except sqlite3.DatabaseError as error:
                    if not _damaged(error):
                        raise
                    self._db.close()
                    self._db = self._start_anew(error)
                    with self._db:
                        work(self._db)
            except sqlite3.OperationalError as error:
                _log.warning("library not updated: %s", error)
                self._say(
                    "The library of earlier cases is busy or its disk is full; this case was not "
                    "noted in it."
                )

    def _open(self) -> sqlite3.Connection:
        """The library's file, a new one in place of a damaged one, or memory only."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self._connect()
        except sqlite3.DatabaseError as error:
            return self._start_anew(error) if _damaged(error) else self._in_memory(error)
        except OSError as error:
            return self._in_memory(error)

    def _start_anew(self, error: Exception) -> sqlite3.Connection:
        """Move the damaged file aside and fill a new one from the saved reviews."""
        _log.warning("library damaged, moved aside: %s", error)
        try:
            aside = atomic.set_aside(self.path, "damaged")
            for ending in ("-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
            db = self._connect()
        except (sqlite3.Error, OSError, ViewerError) as second:
            return self._in_memory(second)
        self._say(
            "The library of earlier cases was damaged and has been started anew from the saved "
            f"reviews; the old file is kept as {aside.name}."
        )
        return db

    def _in_memory(self, error: Exception) -> sqlite3.Connection:
        """A library that forgets at the end, so that everything else goes on."""
        _log.warning("library not usable: %s", error)
        self._say(
            "The library of earlier cases can't be used now; cases and reviews still open and "
            f"save, but are not remembered. Check the folder {self.path.parent}."
        )
        db = sqlite3.connect(":memory:", check_same_thread=False)
        db.executescript(_TABLES)
        return db

    def _connect(self) -> sqlite3.Connection:
        """Open the file, make its tables when new, check that it answers."""
        db = sqlite3.connect(self.path, timeout=2.0, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > LIBRARY_VERSION:
                raise sqlite3.OperationalError(f"written by a newer version ({version})")
            if version == 0:
                self._fill(db)
            db.execute("SELECT count(*) FROM reviews").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _fill(self, db: sqlite3.Connection) -> None:
        """Make the tables, and take in the reviews that lie where new ones are kept."""
        db.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {LIBRARY_VERSION}; COMMIT;"
        )
        for path in sorted(paths.reviews_dir().glob(f"*{review_file.SUFFIX}")):
            try:
                review = review_file.read(path)
            except ViewerError as error:
                _log.warning("a review was not taken into the library: %s", type(error).__name__)
                continue
            row = (str(path), review.id, review.reader, review.title, review.modified_at)
            with db:
                db.execute(
                    "INSERT OR REPLACE INTO reviews VALUES (?,?,?,?,?,?)",
                    (*row, path.stat().st_mtime),
                )
                db.executemany(
                    "INSERT OR IGNORE INTO review_images VALUES (?,?)",
                    [(str(path), image.uid) for image in review.images],
                )

    def _say(self, text: str) -> None:
        """Tell a person, each thing once."""
        if text not in self._told:
            self._told.add(text)
            self._tell(text)


def _damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is broken, rather than busy, out of reach or newer."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
