"""The form of a review file, taken from the model's own dataclasses: strict reading, JSON Schema.

pydantic is imported when a file is read, not when this module is: it costs start-up time.
``python -m viewer.store.schema`` writes ``resources/schema/review.schema.json`` anew.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from viewer.model.annotation import (
    Caliper,
    CenterlineExtent,
    Clot,
    Ellipse,
    FrameExtent,
    Stenosis,
    Stent,
)
from viewer.model.review import REVIEW_VERSION, Review
from viewer.paths import RESOURCES

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

FORMAT = "caval-review"
"""First word of every review file."""

SCHEMA_FILE = RESOURCES / "schema" / "review.schema.json"

TAGS: dict[str, tuple[str, str]] = {
    Stenosis.__name__: ("kind", "stenosis"),
    Clot.__name__: ("kind", "clot"),
    Stent.__name__: ("kind", "stent"),
    Caliper.__name__: ("kind", "caliper"),
    Ellipse.__name__: ("kind", "ellipse"),
    FrameExtent.__name__: ("on", "pullback"),
    CenterlineExtent.__name__: ("on", "run"),
}
"""Which field, with which value, tells the members of a union apart in the file."""

SINGULAR: dict[str, str] = {
    "images": "image",
    "phases": "phase",
    "rates": "rate",
    "calibrations": "calibration",
    "centerlines": "centerline",
    "coregistrations": "coregistration",
    "segments": "segment",
    "measurements": "measurement",
    "bookmarks": "bookmark",
    "subtractions": "subtraction",
    "remasks": "remask",
    "contrast_points": "contrast point",
    "true_lengths": "true length",
    "rotations": "rotation",
    "marks": "mark",
    "clot_checked": "image checked for clot",
    "rejected_narrowings": "rejected narrowing",
    "references": "reference frame",
    "landmarks": "landmark",
    "knots_px": "knot",
    "courses": "course",
    "contours": "contour",
}
"""What one item of a list is called."""


@cache
def _reader() -> type[BaseModel]:
    """The strict reader: no unknown field, no silent conversion, no number that is not finite."""
    from pydantic import BaseModel, ConfigDict

    class ReviewDocument(BaseModel):
        model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
        review: Review

    return ReviewDocument


def review_from(fields: dict[str, Any]) -> Review:
    """The review those JSON fields stand for.

    Raises
    ------
    ValueError
        They don't; the text says where and why, in words.
    """
    from pydantic import ValidationError

    untagged = _first_untagged(fields)
    if untagged:
        raise ValueError(untagged)
    text = json.dumps({"review": fields}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        document: Any = _reader().model_validate_json(text)
    except ValidationError as error:
        raise ValueError(_in_words(error, fields)) from error
    review: Review = document.review
    return review


def place_in_words(path: tuple[str | int, ...], data: object) -> str:
    """Where in the file: ``segment 2 (Stenosis 2), extent, start_px``; counted from 1."""
    words: list[str] = []
    for step in path:
        if isinstance(data, dict) and step not in data and step in TAGS:
            continue
        if isinstance(step, int):
            inside = data[step] if isinstance(data, list) and step < len(data) else None
            name = inside.get("name") if isinstance(inside, dict) else None
            noun = SINGULAR.get(words[-1], "") if words else ""
            label = f" ({name})" if isinstance(name, str) and name else ""
            if noun:
                words[-1] = f"{noun} {step + 1}{label}"
            else:
                words.append(f"item {step + 1}{label}")
            data = inside
        else:
            words.append(step)
            data = data.get(step) if isinstance(data, dict) else None
    return ", ".join(words)


def _first_untagged(fields: dict[str, Any]) -> str:
    """Words about the first segment, measurement or extent that doesn't say what it is."""
    for collection, members in (
        ("segments", (Stenosis, Clot, Stent)),
        ("measurements", (Caliper, Ellipse)),
    ):
        items = fields.get(collection)
        for number, item in enumerate(items if isinstance(items, list) else []):
            wanted = {TAGS[member.__name__][1] for member in members}
            if isinstance(item, dict) and item.get("kind") not in list(wanted):
                place = place_in_words((collection, number), fields)
                return f"{place}: kind is {_short(item.get('kind'))}, not {_either(wanted)}"
            extent = item.get("extent") if isinstance(item, dict) else None
            if isinstance(extent, dict) and extent.get("on") not in ("pullback", "run"):
                place = place_in_words((collection, number, "extent"), fields)
                return f"{place}: on is {_short(extent.get('on'))}, not pullback or run"
    return ""


def _in_words(error: ValidationError, fields: dict[str, Any]) -> str:
    """The first thing wrong and its place; errors of union members not meant are left out."""
    meant = [e for e in error.errors(include_url=False) if _is_meant(e["loc"][1:], fields)]
    first: Any = (meant or error.errors(include_url=False))[0]
    place = place_in_words(first["loc"][1:], fields)
    kind, given = first["type"], _short(first.get("input"))
    if kind == "missing":
        return f"{place} is missing"
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{place} is not a field this version knows"
    reason = str(first["msg"]).removeprefix("Value error, ")
    if kind in ("value_error", "too_long", "too_short"):
        return f"{place}: {reason}"
    reason = reason.replace("Input should be", "should be")
    return (
        f"{place} is {given} and {reason}" if reason.startswith("should") else f"{place}: {reason}"
    )


def _is_meant(path: tuple[str | int, ...], data: object) -> bool:
    """Whether an error speaks of the union members the file's own kinds name."""
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            if step not in data and step in TAGS:
                field, value = TAGS[step]
                if data.get(field) != value:
                    return False
                continue
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
    return True


def _short(value: object) -> str:
    """A value as written in the file, cut to what a message can carry."""
    if isinstance(value, dict | list | tuple):
        return "a group of values" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _either(words: set[str]) -> str:
    """``a, b or c``."""
    *rest, last = sorted(words)
    return f"{', '.join(rest)} or {last}" if rest else last


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a review file."""
    from pydantic.json_schema import models_json_schema

    _, whole = models_json_schema([(_reader(), "validation")], ref_template="#/$defs/{model}")
    parts: dict[str, Any] = whole["$defs"]
    del parts["ReviewDocument"]
    for name, (field, _) in TAGS.items():
        parts[name]["required"] = [field, *parts[name]["required"]]
    for part in parts.values():
        if "properties" in part:
            part["additionalProperties"] = False
    review = parts.pop("Review")
    review["properties"] = {
        "format": {"const": FORMAT},
        **review["properties"],
        "version": {"const": REVIEW_VERSION, "type": "integer"},
    }
    review["required"] = ["format", "version", *review["required"]]
    review["title"] = "Caval review"
    review["description"] = (
        "Everything one reader said about one case. Points are [x, y] px, origin at the centre of "
        "the top-left pixel; frames count from 0. Ids are unique within their list; a "
        "coregistration's centerline_id names one of the centerlines."
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **review,
        "$defs": dict(sorted(parts.items())),
    }


def schema_text() -> str:
    """The schema as it stands in the resources."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
