"""What the list of a case's contents says: groups by phase, one row an image set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from viewer.model.case import Phase
from viewer.model.review import ImageReference
from viewer.model.study import ImageSet, Pullback, PullbackMode, Role, Run, Skipped

if TYPE_CHECKING:
    from viewer.session.session import Session

RowKind = Literal["image", "held", "skipped", "missing"]


@dataclass(frozen=True, slots=True)
class Tag:
    """A short word on a row: `tone` is "ok", "warn", "error" or "neutral"."""

    text: str
    tone: str = "neutral"
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One image set, or one thing that should have been one."""

    uid: str
    kind: RowKind
    badge: str
    title: str
    detail: str
    tags: tuple[Tag, ...] = ()
    current: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A phase, or what could not be taken in."""

    title: str
    time: str
    rows: tuple[Row, ...]
    phase: Phase | None = None
    held: bool = False
    number: int = 0


def groups(session: Session) -> tuple[Group, ...]:
    """The contents of the open case, in the order of the procedure."""
    case, phases = session.case, session.phases
    stars = Counter(mark.image_uid for mark in session.review.bookmarks)
    found = []
    numbers = session.phase_numbers
    for phase in Phase:
        here = [item for item in case.image_sets if phases.get(item.uid) is phase]
        for number in sorted({numbers[item.uid] for item in here}):
            items = [item for item in here if numbers[item.uid] == number]
            rows = tuple(_image_row(session, item, stars[item.uid]) for item in items)
            title = f"{phase.value} {number}" if number else phase.value
            found.append(Group(title, _time(items), rows, phase, number=number))
    if case.held:
        held = tuple(_held_row(item) for item in case.held)
        found.append(Group("Held, not added", str(len(held)), held, held=True))
    missing = tuple(_missing_row(reference) for reference in session.missing_images())
    if missing:
        found.append(Group("Missing images", str(len(missing)), missing))
    if case.skipped:
        skipped = tuple(_skipped_row(item) for item in case.skipped)
        found.append(Group("Couldn't be read", str(len(skipped)), skipped))
    return tuple(found)


def badge(item: ImageSet) -> str:
    """Two to four letters for what an image set is."""
    if isinstance(item, Pullback):
        return "IVUS"
    return item.modality or "?"


def image_title(item: ImageSet) -> str:
    """What an image set is called."""
    if item.description:
        return item.description
    number = f" {item.series_number}" if item.series_number is not None else ""
    return {"venogram": "Run", "pullback": "Pullback"}.get(item.role.value, "Series") + number


def frames_text(session: Session, item: ImageSet) -> str:
    """Frames and rate, e.g. "48 frames · 7.5 fps"; a rate nobody gives is said to be unknown."""
    frames = f"{item.frames} frame{'' if item.frames == 1 else 's'}"
    if item.frames == 1:
        return frames
    if isinstance(item, Pullback) and item.motorised:
        return f"{frames} · {item.rate_mm_s:g} mm/s"
    rate_hz = session.timing(item).rate_hz
    hand = " · manual" if isinstance(item, Pullback) and item.mode is PullbackMode.MANUAL else ""
    if rate_hz is None:
        return f"{frames}{hand or ' · rate unknown'}"
    return f"{frames} · {rate_hz:.3g} fps"


def _image_row(session: Session, item: ImageSet, stars: int) -> Row:
    tags = []
    if _is_linked(session, item):
        tags.append(Tag("Linked", "ok", "ph.link-simple"))
    if isinstance(item, Run | Pullback) and not session.calibration(item).known:
        tags.append(Tag("px only", "warn", "ph.warning-fill"))
    if item.frames_declared > item.frames:
        tags.append(Tag(f"{item.frames} of {item.frames_declared}", "warn", "ph.warning-fill"))
    if item.uid in session.review.clot_checked:
        tags.append(Tag("Clot checked", "neutral", "ph.magnifying-glass"))
    if stars:
        tags.append(Tag(str(stars), "neutral", "ph.star-fill"))
    shown = item.uid in (session.cursor.run_uid, session.cursor.pullback_uid)
    return Row(
        item.uid,
        "image",
        badge(item),
        image_title(item),
        frames_text(session, item),
        tuple(tags),
        shown,
        "\n".join(item.warnings),
    )


def _is_linked(session: Session, item: ImageSet) -> bool:
    cursor = session.cursor
    if item.uid in (cursor.run_uid, cursor.pullback_uid) and session.position_map is not None:
        return True
    return any(
        item.uid in (tie.run_uid, tie.pullback_uid) and len(tie.landmarks) >= 2
        for tie in session.review.coregistrations
    )


def _held_row(item: ImageSet) -> Row:
    who = item.patient.patient_id or item.patient.name or "no patient ID"
    tag = Tag("Held", "warn", "ph.hand-palm")
    hint = f"The images say they are of {who}. They are not part of this case."
    return Row(item.uid, "held", badge(item), image_title(item), f"Other patient: {who}", (tag,),
               hint=hint)  # fmt: skip


def _missing_row(reference: ImageReference) -> Row:
    names = {Role.VENOGRAM.value: "XA", Role.PULLBACK.value: "IVUS"}
    return Row(
        reference.uid,
        "missing",
        names.get(reference.role, "?"),
        reference.description or reference.role.capitalize(),
        f"{reference.frames} frames",
        (Tag("Missing", "warn", "ph.warning-fill"),),
        hint=f"The review speaks of these images. Add the files of series {reference.series_uid}.",
    )


def _skipped_row(item: Skipped) -> Row:
    tag = Tag("Couldn't be read", "error", "ph.warning-octagon-fill")
    return Row(str(item.path), "skipped", "", item.path.name, item.reason, (tag,), hint=item.reason)


def _time(items: list[ImageSet]) -> str:
    times: list[datetime] = [item.acquired_at for item in items if item.acquired_at is not None]
    return min(time.replace(tzinfo=None) for time in times).strftime("%H:%M") if times else ""
