"""``caval export REVIEW --to DIR --formats csv,png``: a review's tables and pictures."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.cli import EXIT_DONE, EXIT_PARTLY, EXIT_USAGE, complain, existing_path, print_json
from viewer.errors import UnreadableError, ViewerError

if TYPE_CHECKING:
    from viewer.model.case import Case
    from viewer.model.review import ImageReference, Review
    from viewer.model.study import Skipped
    from viewer.session.exporting import Written
    from viewer.session.session import Session

FORMATS = ("csv", "png")
LATER = ("sr", "gsps", "ko", "pdf", "html", "mp4")
"""Formats of the command line's contract that are not written yet; refused, never half done."""

MOST_REASONS = 5
SIZE = (1920, 1080)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("review", type=existing_path, metavar="REVIEW", help="a *.caval.json file")
    parser.add_argument(
        "--to", type=existing_path, required=True, metavar="DIR", help="folder, made when absent"
    )
    parser.add_argument(
        "--formats", required=True, metavar="LIST", help="of csv, png; several joined by commas"
    )
    parser.add_argument(
        "--images",
        nargs="+",
        action="extend",
        default=[],
        type=existing_path,
        metavar="PATH",
        help="where the review's images are, when the library doesn't know",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Write the files."""
    formats = [word.strip().lower() for word in args.formats.split(",") if word.strip()]
    wrong = _why_not(formats)
    if wrong:
        complain(wrong)
        return EXIT_USAGE
    session, skipped = open_review(args.review, args.images)
    written, whole = _write(session, args.to, formats)
    if args.json:
        print_json({"written": [{"format": what, "path": str(path)} for what, path in written]})
    else:
        for _, path in written:
            print(path)
    missing = session.missing_images()
    tell_missing(missing, skipped)
    return EXIT_DONE if whole and not missing else EXIT_PARTLY


def _why_not(formats: Sequence[str]) -> str:
    """What keeps these formats from being written, before anything is; empty when nothing."""
    if not formats:
        return "--formats: name at least one of csv, png"
    later = [word for word in formats if word in LATER]
    if later:
        return f"--formats {','.join(later)}: not available yet; csv and png are"
    unknown = [word for word in formats if word not in FORMATS]
    return f"--formats {','.join(unknown)}: no such format; choose csv, png" if unknown else ""


def open_review(path: Path, images: Sequence[Path]) -> tuple[Session, tuple[Skipped, ...]]:
    """A session on the review and those of its images that can be found."""
    from viewer.session.session import Session
    from viewer.store import review_file

    try:
        review = review_file.read(path)
    except ViewerError as error:  # its words are for a window; here the whole path goes first
        what = error.what.removeprefix(path.name).removeprefix(" ")
        raise UnreadableError(f"{path}: {what}", error.hint, error.detail) from error
    for place in images:
        if not place.exists():
            raise UnreadableError(f"{place}: there is no such file or folder", "check the path")
    case, skipped = _case_of(review, images)
    session = Session(review.reader)
    session.open_case(case, review)
    return session, skipped


def _case_of(review: Review, images: Sequence[Path]) -> tuple[Case, tuple[Skipped, ...]]:
    """The images the review speaks of, and no others: given ones first, then the library's."""
    from viewer.dicom.index import index
    from viewer.model.case import Case
    from viewer.store.library import Library

    wanted = {reference.uid for reference in review.images}
    found = index(images)
    here = [item for item in found.image_sets if item.uid in wanted]
    lost = wanted - {item.uid for item in here}
    skipped = found.skipped
    if lost:
        library = Library(tell=complain)
        try:
            known = library.files_of(sorted(lost))
        finally:
            library.close()
        more = index(dict.fromkeys(path for paths in known.values() for path in paths))
        here += [item for item in more.image_sets if item.uid in lost]
        skipped += more.skipped
    # The reader had all of these in one case, also those that were held at first.
    return Case().with_sets(*here).with_held_accepted(), skipped


def _write(session: Session, folder: Path, formats: Sequence[str]) -> tuple[list[Written], bool]:
    """The files written, and whether that was all; a failure after the first file is told."""
    from viewer.session.exporting import write_tables
    from viewer.session.pull_gathering import gather_positions

    gather_positions(session)
    written: list[Written] = []
    if "csv" in formats:
        written += write_tables(session, folder)
    if "png" in formats:
        try:
            drawn, whole = _draw(session, folder)
        except ViewerError as error:
            if not written:
                raise
            complain(error)
            return written, False
        return written + drawn, whole
    return written, True


def _draw(session: Session, folder: Path) -> tuple[list[Written], bool]:
    """The window and every mark, drawn without a screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        from viewer.app import Application, qt_application
    except ImportError as error:
        raise ViewerError(
            "pictures need Qt, which can't be loaded",
            "run `make setup`, or leave png out",
            str(error),
        ) from error
    from viewer.cli.render import wait

    told: list[str] = []
    application = Application(qt_application(), remembers=False)
    try:
        window, shown = application.window, application.session
        window.resize(*SIZE)
        window.show()
        shown.reader = session.reader
        shown.open_case(session.case, session.review)
        window.show_case()
        wait(application, lambda: application.is_complete)
        written = application.export_to(folder, ("png",), told.append, session.placed)
    finally:
        application.close()
    for text in told:
        complain(text)
    return written, not told


def tell_missing(missing: Sequence[ImageReference], skipped: Sequence[Skipped]) -> None:
    """Name on stderr the images that were not found, and some of what could not be read."""
    for reference in missing:
        name = reference.description or reference.role
        complain(
            f"{name} (series {reference.series_uid}): these images were not found; "
            "name their folder with --images"
        )
    for item in skipped[:MOST_REASONS] if missing else ():
        complain(f"{item.path}: {item.reason}")
