"""From paths to a case and the reader's review of it. Runs on a worker; touches no live state."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from viewer.dicom.index import index
from viewer.errors import ViewerError
from viewer.model.review import Review
from viewer.model.study import ImageSet, Skipped
from viewer.session.state import Notice, Severity
from viewer.store import review_file
from viewer.store.library import Library, default_path

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found.

    Attributes
    ----------
    review : Review or None
        The reader's own review of these images, or the one that was opened; None for a new one.
    review_path : Path or None
        The file it is kept in.
    notices : tuple of Notice
        What the person has to know.
    """

    image_sets: tuple[ImageSet, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    review: Review | None = None
    review_path: Path | None = None
    notices: tuple[Notice, ...] = ()
    files: int = 0


def open_paths(
    paths: Iterable[Path],
    library: Library,
    reader: str,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Opened:
    """Read the headers below `paths` and find the review that belongs to them.

    A review file among the paths is opened with the images the library knows for it. A review of
    another reader is copied: theirs is never written to.
    """
    wanted = list(paths)
    reviews = [path for path in wanted if is_review(path)]
    images = [path for path in wanted if path not in reviews]
    notices: list[Notice] = []
    review, review_path = _read_given(reviews, reader, notices)
    if review is not None:
        known = library.files_of(ref.uid for ref in review.images)
        images += [path for found in known.values() for path in found]
    result = index(dict.fromkeys(images), progress=progress, cancelled=cancelled)
    library.remember_images(result.image_sets)
    if review is None and not reviews and result.image_sets:
        uids = [item.uid for item in result.image_sets]
        review, review_path = _own(library.review_for(reader, uids), notices)
    if review is not None:
        notices += _missing(review, result.image_sets)
    return Opened(
        result.image_sets, result.skipped, review, review_path, tuple(notices), result.files
    )


def is_review(path: Path) -> bool:
    """Whether a path names a review file."""
    return path.name.lower().endswith(review_file.SUFFIX)


def _read_given(
    reviews: list[Path], reader: str, notices: list[Notice]
) -> tuple[Review | None, Path | None]:
    for path in reviews:
        try:
            review = review_file.read(path)
        except ViewerError as error:
            notices.append(_error(error))
            continue
        if len(reviews) > 1:
            notices.append(
                Notice(
                    f"{path.name} was opened",
                    "One review is open at a time; open the others one by one.",
                )
            )
        if review.reader == reader:
            return review, path
        notices.append(
            Notice(
                f"This is your copy of {review.reader or 'an unnamed reader'}'s review",
                f"Changes go to your copy; {path.name} stays as it is.",
            )
        )
        mine = replace(review, id=str(uuid.uuid4()), reader=reader)
        return mine, default_path(mine)
    return None, None


def _own(path: Path | None, notices: list[Notice]) -> tuple[Review | None, Path | None]:
    """The reader's earlier review of these images; one that can't be read stays untouched."""
    if path is None:
        return None, None
    try:
        return review_file.read(path), path
    except ViewerError as error:
        notices.append(_error(error))
        return None, None


def _error(error: ViewerError) -> Notice:
    if error.detail:
        _log.warning("%s: %s", error.what, error.detail)
    return Notice(error.what, error.hint, Severity.ERROR)


def _missing(review: Review, found: tuple[ImageSet, ...]) -> list[Notice]:
    here = {item.uid for item in found}
    gone = [ref for ref in review.images if ref.uid not in here]
    if not gone:
        return []
    names = ", ".join(ref.description or ref.role for ref in gone[:4])
    was = "was" if len(gone) == 1 else "were"
    more = f" and {len(gone) - 4} more" if len(gone) > 4 else ""
    return [
        Notice(
            f"{len(gone)} image series of this review {was} not found: {names}{more}",
            "The annotations are here. Add the folder that holds the images.",
            Severity.WARNING,
            about="missing",
        )
    ]
