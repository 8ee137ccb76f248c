"""What two states of a review differ in, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import TypeVar

from viewer.model.annotation import Measurement
from viewer.model.coregistration import Landmark
from viewer.model.review import Review

Item = TypeVar("Item")

_FIELD_WORDS: dict[str, str] = {
    "extent": "its stretch of vein",
    "vein": "vein",
    "side": "side",
    "knots_px": "its course",
    "courses": "what was traced",
    "unchecked": "whether it was checked",
    "point_px": "its point on the venogram",
    "start_px": "its start",
    "end_px": "its end",
    "center_px": "its centre",
    "semi_axes_px": "its size",
    "angle_deg": "its angle",
    "age_basis": "basis of the age",
    "age_scheme": "scheme of the age",
    "nominal_diameter_mm": "nominal diameter",
    "nominal_length_mm": "nominal length",
    "rate_mm_s": "pull rate",
    "central_first": "direction of the pull",
    "centerline_id": "the centerline it rests on",
    "hidden": "whether it is shown",
    "shown": "whether it is shown",
    "remasks": "masks from a frame on",
    "shift_px": "shift by hand",
    "find": "where the mask comes from",
    "seen_from": "the side it is seen from",
}


def differences(before: Review, after: Review) -> tuple[str, ...]:
    """One line for each thing added, removed or changed; empty when nothing differs.

    Frames are counted from 1, as on screen.
    """
    return (
        *([f"Title: “{before.title}” became “{after.title}”"] * (before.title != after.title)),
        *_told(before.segments, after.segments, lambda s: s.id, lambda s: s.name or s.kind),
        *_told(
            _landmarks(before), _landmarks(after), lambda m: m[0].id, _landmark_name, lambda m: m[0]
        ),
        *_told(
            before.centerlines,
            after.centerlines,
            lambda c: c.id,
            lambda c: f"Centerline {c.name}".strip(),
        ),
        *_told(
            before.coregistrations,
            after.coregistrations,
            lambda c: c.id,
            lambda c: "Link of pullback and venogram",
            ignored=("landmarks",),
        ),
        *_told(before.measurements, after.measurements, lambda m: m.id, _measurement_name),
        *_told(
            before.bookmarks,
            after.bookmarks,
            lambda b: b.id,
            lambda b: f"Key frame {b.frame + 1} {b.text}".strip(),
        ),
        *_told(
            before.contrast_points,
            after.contrast_points,
            lambda p: p.id,
            lambda p: f"Contrast point {p.number}",
        ),
        *_told(
            before.phases,
            after.phases,
            lambda p: p.image_uid,
            lambda p: f"Phase of {_image_name(after, p.image_uid)}",
        ),
        *_told(
            before.rates,
            after.rates,
            lambda r: r.image_uid,
            lambda r: f"Frame rate of {_image_name(after, r.image_uid)}",
        ),
        *_told(
            before.calibrations,
            after.calibrations,
            lambda c: c.image_uid,
            lambda c: f"Calibration of {_image_name(after, c.image_uid)}",
            ignored=("made_at",),
        ),
        *_told(
            before.rotations,
            after.rotations,
            lambda r: r.image_uid,
            lambda r: f"Rotation of {_image_name(after, r.image_uid)}",
        ),
        *_told(
            before.subtractions,
            after.subtractions,
            lambda s: s.image_uid,
            lambda s: f"Subtraction of {_image_name(after, s.image_uid)}",
        ),
        *_told(before.true_lengths, after.true_lengths, lambda t: t.id, lambda t: "True length"),
    )


def _told(
    before: Sequence[Item],
    after: Sequence[Item],
    key: Callable[[Item], str],
    name: Callable[[Item], str],
    content: Callable[[Item], object] = lambda item: item,
    ignored: Sequence[str] = (),
) -> Iterator[str]:
    """Lines about one kind of thing: added and changed in the new order, then removed."""
    old = {key(item): item for item in before}
    new = {key(item): item for item in after}
    for one, item in new.items():
        if one not in old:
            yield f"{name(item)}: added"
        else:
            words = _changed_fields(content(old[one]), content(item), ignored)
            if words:
                yield f"{name(item)}: changed ({', '.join(words)})"
    for one, item in old.items():
        if one not in new:
            yield f"{name(item)}: removed"


def _changed_fields(old: object, new: object, ignored: Iterable[str]) -> list[str]:
    """The fields in which two states of one thing differ."""
    if type(old) is not type(new):
        return ["kind"]
    return [
        _FIELD_WORDS.get(field.name, field.name.replace("_", " "))
        for field in fields(new)  # type: ignore[arg-type]
        if field.name not in ignored and getattr(old, field.name) != getattr(new, field.name)
    ]


def _landmarks(review: Review) -> tuple[tuple[Landmark], ...]:
    return tuple((mark,) for tie in review.coregistrations for mark in tie.landmarks)


def _landmark_name(mark: tuple[Landmark]) -> str:
    return f"Landmark {mark[0].name} at frame {mark[0].frame + 1}"


def _measurement_name(item: Measurement) -> str:
    return f"{item.kind.capitalize()} on frame {item.frame + 1}"


def _image_name(review: Review, uid: str) -> str:
    found = next((image for image in review.images if image.uid == uid), None)
    return (found.description or found.role) if found else "an image set"
