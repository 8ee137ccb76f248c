"""Image sets taken for a venogram or a pullback though their headers don't say so."""

from __future__ import annotations

from dataclasses import fields, replace

from session_samples import pullback, run, session_of

from viewer.model.case import Case
from viewer.model.study import ImageSet, Pullback, Role, Run
from viewer.session.session import Session


def plain(uid: str, role: Role) -> ImageSet:
    shared = {f.name: getattr(pullback(uid), f.name) for f in fields(ImageSet)}
    return ImageSet(**{**shared, "role": role})


def test_an_ultrasound_that_is_shown_becomes_the_pullback() -> None:
    session = session_of(run("xa"), plain("us", Role.ULTRASOUND))
    assert session.pullback is None
    session.show("us")
    assert isinstance(session.pullback, Pullback)
    assert session.cursor.pullback_uid == "us"
    assert session.cursor.run_uid == "xa"


def test_a_volume_is_not_shown_as_anything() -> None:
    session = session_of(run("xa"), plain("ct", Role.VOLUME))
    session.show("ct")
    assert session.pullback is None


def test_a_secondary_capture_can_be_taken_for_a_venogram() -> None:
    session = session_of(plain("sc", Role.OTHER))
    session.take_as("sc", Role.VENOGRAM)
    assert isinstance(session.run, Run)
    assert session.case.find("sc").role is Role.VENOGRAM  # type: ignore[union-attr]


def test_what_a_set_was_taken_for_is_kept_in_the_review() -> None:
    first = session_of(run("xa"), plain("us", Role.ULTRASOUND))
    first.show("us")
    again = Session("Reader A")
    again.open_case(Case().with_sets(run("xa"), plain("us", Role.ULTRASOUND)), first.review)
    assert isinstance(again.case.find("us"), Pullback)


def test_a_set_without_frames_stays_what_it_is() -> None:
    empty = replace(plain("pr", Role.OTHER), frames=0, spans=())
    case = Case().with_sets(empty).taken_as("pr", Role.PULLBACK)
    assert not isinstance(case.find("pr"), Pullback)
