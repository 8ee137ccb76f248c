"""A review for others: tables as CSV, and which pictures to draw of it. Needs no window.

Names of files hold the review's id and never a person's name or a reader's words: a file sent on
tells nothing that is not inside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from viewer.errors import UnreadableError
from viewer.geometry.position_map import PositionMap, Unlinked
from viewer.model.annotation import AnySegment, Bookmark, FrameExtent
from viewer.model.review import Review
from viewer.model.study import ImageSet, Pullback, Run
from viewer.report.tables import table_bytes
from viewer.session.export_rows import tables_of
from viewer.session.session import Session
from viewer.session.state import Cursor, Selection
from viewer.session.tied_pairs import Pair, pair_for, pair_of_pullback, pairs_of, stretch_on
from viewer.store import atomic

Format = Literal["csv", "png"]
Pane = Literal["venogram", "ivus"]
Written = tuple[str, Path]
"""Format and path of a file that was written."""

Placed = Mapping[tuple[str, str], PositionMap | Unlinked]
"""Positions of pairs, by uid of run and pullback."""

FORMATS: tuple[Format, ...] = ("csv", "png")
LATER = ("sr", "gsps", "ko", "pdf", "html", "mp4")
"""Formats the program will write one day; asking for them is refused, nothing is half done."""

_UUID_START = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to draw: `panes` as they look at `cursor` with `selection`.

    Attributes
    ----------
    name : str
        What it is of, as part of a file's name: "segment-1-stenosis", "key-frame-2".
    """

    name: str
    cursor: Cursor
    selection: Selection
    panes: tuple[Pane, ...]


def file_name(review: Review, rest: str) -> str:
    """The name of an exported file: the start of the review's id, then what it is."""
    uuid = _UUID_START.match(review.id)
    if uuid is not None:
        return f"{uuid[1].lower()}-{rest}"
    return f"{hashlib.sha256(review.id.encode('utf-8', 'replace')).hexdigest()[:8]}-{rest}"


def make_folder(folder: Path) -> None:
    """Make the folder the files go to, if it is missing.

    Raises
    ------
    UnreadableError
        It can't be made, or a file of that name is in the way.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableError(
            f"{folder}: the folder can't be made ({reason})", "choose another folder"
        ) from error


def write_tables(session: Session, folder: Path) -> list[Written]:
    """Write every table of the open review, in a folder that is made when missing.

    A table of the same review from an earlier export is replaced, whole or not at all.

    Raises
    ------
    ViewerError
        A file can't be written.
    """
    make_folder(folder)
    written: list[Written] = []
    for name, rows in tables_of(session).items():
        path = folder / file_name(session.review, name)
        atomic.write_bytes(path, table_bytes(name, rows))
        written.append(("csv", path))
    return written


def write_picture(session: Session, folder: Path, name: str, png: bytes) -> Written:
    """Write one picture beside the tables.

    Raises
    ------
    ViewerError
        It can't be written.
    """
    path = folder / file_name(session.review, f"{name}.png")
    atomic.write_bytes(path, png)
    return ("png", path)


def second_session(session: Session) -> Session:
    """A session of its own on the same case and review: moving in it moves nothing else.

    Images look as they do in `session`, also where it chose their window by the first frame shown.
    """
    other = Session(session.reader)
    other.open_case(session.case, session.review)
    other.placed.update(session.placed)
    other.profiles.update(session.profiles)
    for item in session.case.image_sets:
        state = session.displays.of(item.uid)
        by_table = state.window is None and item.pixels.voi_luts
        window = session.displays.window(item)
        if window is not None and not by_table:
            other.displays.set_window(item, window)
        if state.inverted:
            other.displays.toggle_inverted(item)
    return other


# -- what to draw -----------------------------------------------------------------------------
def pictures_of(session: Session) -> tuple[Picture, ...]:
    """One picture for every segment that is shown, and one for every key frame.

    Both panes where the two are tied, else the one the mark was made on. What lies on images that
    are not open is left out.
    """
    pairs = pairs_of(session)
    found = [
        _of_segment(session, pairs, number, segment)
        for number, segment in enumerate(session.review.segments, start=1)
        if not segment.hidden
    ]
    found += [
        _of_key_frame(session, pairs, number, mark)
        for number, mark in enumerate(session.review.bookmarks, start=1)
    ]
    return tuple(picture for picture in found if picture is not None)


def _of_segment(
    session: Session, pairs: Iterable[Pair], number: int, segment: AnySegment
) -> Picture | None:
    pair = pair_for(session, pairs, segment)
    stretch = stretch_on(session, segment, pair)
    name = f"segment-{number}-{segment.kind}"
    chosen = Selection("segment", segment.id)
    if stretch is None:
        return None
    middle = sum(stretch.frames) // 2 if stretch.frames is not None else None
    if isinstance(segment.extent, FrameExtent):
        item: ImageSet | None = session.case.pullback(segment.extent.pullback_uid)
    else:
        item = session.case.run(segment.extent.run_uid)
    return _picture(session, name, item, middle, pair, chosen)


def _of_key_frame(
    session: Session, pairs: Iterable[Pair], number: int, mark: Bookmark
) -> Picture | None:
    item = session.case.find(mark.image_uid)
    pair = pair_of_pullback(pairs, mark.image_uid) if isinstance(item, Pullback) else None
    chosen = Selection("bookmark", mark.id)
    return _picture(session, f"key-frame-{number}", item, mark.frame, pair, chosen)


def _picture(
    session: Session,
    name: str,
    item: ImageSet | None,
    frame: int | None,
    pair: Pair | None,
    chosen: Selection,
) -> Picture | None:
    """`frame` is of the pullback when `item` is one or `pair` ties it, else of the run."""
    now = session.cursor
    if pair is not None and pair.pullback is not None and frame is not None:
        cursor = Cursor(pair.run.uid, _drawn_on(pair), pair.pullback.uid, frame)
        return Picture(name, cursor, chosen, ("venogram", "ivus"))
    if isinstance(item, Pullback):
        cursor = Cursor(now.run_uid, now.run_frame, item.uid, frame or 0)
        return Picture(name, cursor, chosen, ("ivus",))
    if isinstance(item, Run):
        best = _drawn_on(pair) if pair is not None else frame or 0
        cursor = Cursor(item.uid, best, now.pullback_uid, now.pullback_frame)
        return Picture(name, cursor, chosen, ("venogram",))
    return None


def _drawn_on(pair: Pair) -> int:
    """The run's frame its vein was drawn on, where contrast shows it; the last if that is gone."""
    return min(pair.centerline.frame, pair.run.frames - 1)
