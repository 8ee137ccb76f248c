"""What needs attention in the open case: notices that were warnings, and what the files lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from psygnal import Signal

from viewer.session.contents import image_title
from viewer.session.frame_words import frames_words
from viewer.session.state import Notice, Severity

if TYPE_CHECKING:
    from viewer.session.session import Session

IssueKind = Literal["held", "mixed", "skipped", "missing", "image", "notice"]
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Issue:
    """One card: what happened, what it means, what to do.

    `key` tells issues apart; `detail` is the technical rest, shown on request.
    """

    key: str
    kind: IssueKind
    severity: Severity
    title: str
    text: str
    detail: str = ""


class Attention:
    """The issues of a session, newest notices included; `changed` once they differ."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._notices: dict[str, Notice] = {}
        self._closed: set[str] = set()
        self._bad: dict[str, tuple[int, ...]] = {}  # frames that can't be read, by image set
        self.issues: tuple[Issue, ...] = ()
        session.noticed.connect(self._note)
        session.case_changed.connect(self._case_changed)
        self._review_images = session.review.images
        session.review_changed.connect(self._review_changed)
        self._uids = {item.uid for item in session.case.image_sets}
        self._update()

    def close(self, key: str) -> None:
        """A person has seen it; it stays away until it happens again."""
        self._closed.add(key)
        self._notices.pop(key, None)
        self._update()

    def set_bad_frames(self, uid: str, frames: tuple[int, ...]) -> None:
        """Frames (0-based) of an image set that turned out to be unreadable."""
        if frames != self._bad.get(uid, ()):
            self._bad[uid] = frames
            self._closed.discard(_bad_key(uid))
            self._update()

    def _note(self, notice: Notice) -> None:
        if notice.severity is Severity.INFO:
            return
        key = notice.about or notice.text
        if key in ("held", "missing"):  # the case itself says so, for as long as it is so
            return
        self._notices[key] = notice
        self._closed.discard(key)
        self._update()

    def _case_changed(self) -> None:
        now = {item.uid for item in self._session.case.image_sets}
        if not now & self._uids:
            self._notices.clear()
            self._closed.clear()
            self._bad.clear()
        self._uids = now
        self._update()

    def _review_changed(self) -> None:
        if self._session.review.images is not self._review_images:
            self._review_images = self._session.review.images
            self._update()

    def _update(self) -> None:
        found = (
            *_case_issues(self._session),
            *_bad_frames(self._session, self._bad),
            *map(_notice_issue, self._notices.items()),
        )
        order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
        issues = tuple(
            sorted(
                (issue for issue in found if issue.key not in self._closed),
                key=lambda issue: order.index(issue.severity),
            )
        )
        if issues != self.issues:
            self.issues = issues
            self.changed.emit()


def _notice_issue(item: tuple[str, Notice]) -> Issue:
    key, notice = item
    return Issue(key, "notice", notice.severity, notice.text, notice.hint)


def _case_issues(session: Session) -> list[Issue]:
    case, found = session.case, []
    if case.held:
        count = len(case.held)
        found.append(
            Issue(
                "held",
                "held",
                Severity.ERROR,
                f"{count} series may be from another patient",
                "They were held and are not part of this case.",
                _identities(session),
            )
        )
    people = {item.patient.key: item.patient.patient_id for item in case.image_sets}
    if len(people) > 1:
        found.append(
            Issue(
                "mixed", "mixed", Severity.WARNING,
                f"Images of {len(people)} patient IDs are in this case",
                "A reader added them although the IDs differ: "
                f"{', '.join(name or 'no ID' for name in people.values())}.",
            )
        )  # fmt: skip
    for item in case.skipped[:_SHOWN]:
        text = f"{_sentence(item.reason)} The file was not changed."
        found.append(
            Issue(
                str(item.path), "skipped", Severity.ERROR, f"{item.path.name} couldn't be read",
                text, str(item.path),
            )
        )  # fmt: skip
    rest = case.skipped[_SHOWN:]
    if rest:
        names = "\n".join(f"{item.path.name}: {item.reason}" for item in rest)
        found.append(
            Issue("skipped", "skipped", Severity.ERROR, f"{len(rest)} more files couldn't be read",
                  "They are named in the list of contents. No file was changed.", names)
        )  # fmt: skip
    missing = session.missing_images()
    if missing:
        names = "; ".join(reference.description or reference.role for reference in missing[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        found.append(
            Issue(
                "missing", "missing", Severity.WARNING,
                f"{len(missing)} image sets of the review are not open",
                f"{names}{more}. What was marked on them is kept. Add their files to see it.",
            )
        )  # fmt: skip
    for image in case.image_sets:
        found += [
            Issue(f"{image.uid} {text}", "image", Severity.WARNING, image_title(image),
                  _sentence(text))
            for text in image.warnings
        ]  # fmt: skip
    return found


def _bad_key(uid: str) -> str:
    return f"{uid} bad frames"


def _bad_frames(session: Session, bad: dict[str, tuple[int, ...]]) -> list[Issue]:
    return [
        Issue(
            _bad_key(image.uid),
            "image",
            Severity.WARNING,
            image_title(image),
            f"{len(bad[image.uid])} of {image.frames} frames can't be read: "
            f"{frames_words(bad[image.uid])}. The others are shown and can be used. "
            "Ask for the file again.",
        )
        for image in session.case.image_sets
        if bad.get(image.uid)
    ]


def _identities(session: Session) -> str:
    mine = session.case.patient
    others = {item.patient.patient_id or "no ID" for item in session.case.held}
    return (
        f"Patient ID of this case: {mine.patient_id if mine and mine.patient_id else 'none'}\n"
        f"Patient ID of the held files: {', '.join(sorted(others))}"
    )


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."
