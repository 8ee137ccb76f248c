"""A review as a file: JSON a person can read, checked in full whenever it is read or replaced.

One flat object: ``format`` and ``version`` first, then the fields of `Review`; every segment,
measurement and so on stands on a line of its own, so that two versions can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from viewer import paths
from viewer.errors import NewerVersionError, UnreadableError, ViewerError
from viewer.model.contour import unpacked
from viewer.model.review import REVIEW_VERSION, Review
from viewer.store import atomic, schema

SUFFIX = ".caval.json"
"""How a review's file name ends."""

LARGEST_BYTES = 256 * 1024 * 1024
"""A file beyond this is not taken for a review."""

FARTHEST_PX = 1e6
"""No point is farther from its image's corner: images have up to 65,535 rows and columns."""

_UNTOUCHED = "The file was not changed."


def dump(review: Review) -> bytes:
    """The review as UTF-8 JSON.

    Raises
    ------
    ViewerError
        A number in it is not finite, or a value is of a type no file can hold.
    """
    lines = [f'"format": {_json(schema.FORMAT)}', f'"version": {REVIEW_VERSION}']
    for field in fields(review):
        value = getattr(review, field.name)
        if field.name != "version":
            lines.append(f"{_json(field.name)}: {_field_text(field.name, value)}")
    text = "{\n " + ",\n ".join(lines) + "\n}\n"
    # Half of a surrogate pair has no UTF-8 form: better a replacement sign than no file.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def load(data: bytes, name: str) -> Review:
    """The review in `data`; `name` is what the source is called in messages.

    Raises
    ------
    NewerVersionError
        Written by a newer version of the program.
    UnreadableError
        Not a review, or damaged; the text names the place.
    """
    document = _parse(data, name)
    if document.get("format") != schema.FORMAT:
        raise UnreadableError(
            f"{name} is not a Caval review", f"Choose a file ending in {SUFFIX}. {_UNTOUCHED}"
        )
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(name, "the version is not a number from 1")
    if version > REVIEW_VERSION:
        raise NewerVersionError(
            f"{name} was written by a newer Caval (version {version}; this one reads up to "
            f"{REVIEW_VERSION})",
            f"Update Caval, or ask for an export. {_UNTOUCHED}",
        )
    try:
        review = schema.review_from({k: v for k, v in document.items() if k != "format"})
    except ValueError as error:
        raise _damaged(name, str(error)) from error
    wrong = next(iter(problems(review)), "")
    if wrong:
        raise _damaged(name, wrong)
    return review


def read(path: Path) -> Review:
    """The review in a file.

    Raises
    ------
    NewerVersionError, UnreadableError
        As `load`; also when the file can't be opened.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UnreadableError(f"{path.name} is too large to be a review", _UNTOUCHED)
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableError(
            f"{path.name} is not there any more", f"Look for it in {path.parent} or elsewhere."
        ) from error
    except OSError as error:
        raise UnreadableError(
            f"{path.name} can't be opened: {error.strerror or type(error).__name__}",
            "Check that you may read it.",
        ) from error
    return load(data, path.name)


def write(path: Path, review: Review) -> None:
    """Write the review, whole or not at all; only the program's own folder is made when missing.

    What is about to replace the old file is read back first: a file that can't be opened again
    never takes the place of one that can.

    Raises
    ------
    ViewerError
        It could not be written; what was saved before is untouched.
    """
    data = dump(review)
    try:
        load(data, path.name)
    except ViewerError as error:
        raise ViewerError(
            f"{path.name} was not saved because it could not be opened again: {error.what}",
            "Undo the last change and save again. What was saved before is untouched.",
        ) from error
    if path.parent == paths.reviews_dir():  # a disk that was unplugged is not made up
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise atomic.cannot_write(path, error) from error
    atomic.write_bytes(path, data)


def with_suffix(path: Path) -> Path:
    """`path` ending in ``.caval.json``, whatever part of it a person typed."""
    name = path.name
    for ending in (SUFFIX, ".json", ".caval"):
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
            break
    return path.with_name(name + SUFFIX)


def would_replace(path: Path, review: Review) -> str:
    """What saving `review` at `path` would overwrite, in words; empty when nothing else is lost.

    The reader's own earlier state of the same review is no loss; another review, another reader's
    or a file of another kind is, and needs the reader's word.
    """
    if not path.exists():
        return ""
    try:
        other = read(path)
    except ViewerError as error:
        return f"{path.name} holds something else ({error.what})."
    if other.id == review.id and other.reader == review.reader:
        return ""
    title = f" “{other.title}”" if other.title else ""
    return f"{path.name} holds a review{title} by {other.reader or 'an unnamed reader'}."


def problems(review: Review) -> tuple[str, ...]:
    """What in a review contradicts itself, in words; empty when it is sound.

    A segment may outlive the centerline it was drawn on: it carries its own points.
    """
    return (
        *_repeated("image", (image.uid for image in review.images)),
        *_repeated("phase of image", (phase.image_uid for phase in review.phases)),
        *_repeated("rate of image", (rate.image_uid for rate in review.rates)),
        *_repeated("calibration of image", (scale.image_uid for scale in review.calibrations)),
        *_repeated("centerline", (line.id for line in review.centerlines)),
        *_repeated("coregistration", (tie.id for tie in review.coregistrations)),
        *_repeated("segment", (segment.id for segment in review.segments)),
        *_repeated("measurement", (item.id for item in review.measurements)),
        *_repeated("bookmark", (mark.id for mark in review.bookmarks)),
        *_repeated("contrast point", (point.id for point in review.contrast_points)),
        *_repeated("subtraction of image", (one.image_uid for one in review.subtractions)),
        *_repeated("rotation of image", (turn.image_uid for turn in review.rotations)),
        *_repeated("image checked for clot", review.clot_checked),
        *_loose_ties(review),
        *_disordered_contours(review),
        *_repeated("true length", (used.id for used in review.true_lengths)),
        *_lost_true_lengths(review),
        *_negative_frames(review),
        *_far_points(review),
    )


def _repeated(noun: str, ids: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for number, one in enumerate(ids, 1):
        if one in seen:
            yield f"{noun} {number} has the id of an earlier one ({one[:40]})"
        seen.add(one)


def _disordered_contours(review: Review) -> Iterable[str]:
    """Contours are looked up by halving: they stand in order, one of a kind on a frame."""
    keys = [one.key for one in review.contours]
    for number, (first, second) in enumerate(pairwise(keys), 2):
        if first >= second:
            yield f"contour {number} is not in order of pullback, kind and frame"
    for number, one in enumerate(review.contours, 1):
        try:
            unpacked(one.points)
        except ValueError as error:
            yield f"contour {number}: {error}"


def _loose_ties(review: Review) -> Iterable[str]:
    run_of = {line.id: line.run_uid for line in review.centerlines}
    for number, tie in enumerate(review.coregistrations, 1):
        place = f"coregistration {number}"
        if tie.centerline_id not in run_of:
            yield f"{place} rests on a centerline that is not there ({tie.centerline_id[:40]})"
        elif run_of[tie.centerline_id] != tie.run_uid:
            yield f"{place} rests on a centerline of another run"
        yield from _repeated(f"{place}, landmark", (mark.id for mark in tie.landmarks))


def _lost_true_lengths(review: Review) -> Iterable[str]:
    known = {line.id for line in review.centerlines}
    for number, used in enumerate(review.true_lengths, 1):
        for line_id in (used.first_centerline_id, used.second_centerline_id):
            if line_id not in known:
                yield f"true length {number} rests on a centerline that is not there"


def _negative_frames(review: Review) -> Iterable[str]:
    marks = [mark for tie in review.coregistrations for mark in tie.landmarks]
    turns = [mark for turn in review.rotations for mark in turn.marks]
    for noun, items in (
        ("calibration", review.calibrations),
        ("centerline", review.centerlines),
        ("landmark", marks),
        ("measurement", review.measurements),
        ("bookmark", review.bookmarks),
        ("rotation mark", turns),
    ):
        for number, item in enumerate(items, 1):
            if item.frame < 0:
                yield f"{noun} {number} is on frame {item.frame}; frames count from 0"


def _far_points(review: Review) -> Iterable[str]:
    """Points so far off that no image reaches them: a curve through them would fill the memory."""
    marks = [mark for tie in review.coregistrations for mark in tie.landmarks]
    for noun, items in (
        ("centerline", review.centerlines),
        ("traced course", [piece for line in review.centerlines for piece in line.courses]),
        ("landmark", marks),
        ("segment", [segment.extent for segment in review.segments]),
        ("measurement", review.measurements),
        ("contrast point", review.contrast_points),
        ("rotation mark", [mark for turn in review.rotations for mark in turn.marks]),
    ):
        for number, item in enumerate(items, 1):
            values = (getattr(item, field.name) for field in fields(item))
            if any(abs(number_px) > FARTHEST_PX for value in values for number_px in _flat(value)):
                yield f"{noun} {number} lies more than {FARTHEST_PX:,.0f} px off its image"


def _flat(value: object) -> Iterable[float]:
    """The numbers in a point, or in a tuple of points."""
    for part in value if isinstance(value, tuple) else ():
        yield from (part,) if isinstance(part, float | int) else _flat(part)


def _parse(data: bytes, name: str) -> dict[str, Any]:
    """The JSON object in `data`; numbers that are not finite and repeated keys are refused."""

    def no_constant(word: str) -> float:
        raise ValueError(f"{word} is not a number a review can hold")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            raise ValueError("a field stands twice in one group")
        return found

    try:
        document = json.loads(
            data.decode("utf-8-sig"), parse_constant=no_constant, object_pairs_hook=once
        )
    except UnicodeDecodeError as error:
        raise _damaged(name, f"byte {error.start + 1} is not text") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        cut = " (the file ends early)" if error.pos >= len(error.doc.rstrip()) else ""
        raise _damaged(name, f"{where} is not valid JSON{cut}", detail=error.msg) from error
    except RecursionError as error:
        raise _damaged(name, "it is nested deeper than any review") from error
    except ValueError as error:
        raise _damaged(name, str(error)) from error
    if not isinstance(document, dict):
        raise UnreadableError(
            f"{name} is not a Caval review", f"Choose a file ending in {SUFFIX}. {_UNTOUCHED}"
        )
    return document


def _damaged(name: str, why: str, detail: str = "") -> UnreadableError:
    return UnreadableError(
        f"{name} can't be read as a review: {why}",
        f"Open an earlier copy, or the recovered one if it is offered. {_UNTOUCHED}",
        detail=detail,
    )


def _field_text(name: str, value: object) -> str:
    """A field as JSON, the items of a list on lines of their own."""
    if not isinstance(value, tuple | list):
        return _json(value, name)
    if not value:
        return "[]"
    noun = schema.SINGULAR.get(name, name)
    items = (_json(item, f"{noun} {number}") for number, item in enumerate(value, 1))
    return "[\n  " + ",\n  ".join(items) + "\n ]"


def _json(value: object, place: str = "") -> str:
    try:
        return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False)
    except (ValueError, TypeError) as error:
        raise ViewerError(
            f"The review can't be saved: {place} holds a value that is no finite number or text",
            "Undo the last change, or delete that item.",
            detail=f"{type(error).__name__}: {error}",
        ) from error


def _plain(value: object) -> object:
    """What json can't write by itself: the model's dataclasses, numbers out of an array."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a review")
