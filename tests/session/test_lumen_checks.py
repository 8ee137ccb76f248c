"""Frames to check first: joined to stretches, the least sure in front, counted by who checked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viewer.model.contour import Contour, ContourStatus
from viewer.session.lumen_checks import SURE, UNSURE, checks_of, doubtful

SQUARE = [(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)]


def border(
    frame: int,
    confidence: float | None = 0.9,
    note: str = "",
    status: ContourStatus = ContourStatus.AUTO,
) -> Contour:
    return Contour.of("1.2", frame, SQUARE, confidence=confidence, note=note, status=status)


def test_neighbours_of_one_reason_are_one_stretch_the_least_sure_first() -> None:
    checks = checks_of(
        (
            border(0),
            border(3, 0.6, "part of the wall is faint"),
            border(4, 0.4, "part of the wall is faint"),
            border(5, 0.5, "a side branch opens here"),
            border(9, 0.1),
        )
    )
    assert [(s.first, s.last, s.frame) for s in checks.stretches] == [
        (9, 9, 9),
        (3, 4, 4),
        (5, 5, 5),
    ]
    assert checks.stretches[0].reason == UNSURE
    assert checks.stretches[1].where == "Frames 4–5"
    assert checks.stretches[1].how_sure == "40 % sure"
    assert [one.frame for one in checks.to_check] == [9, 4, 5, 3]


def test_what_a_person_stands_behind_is_never_to_check() -> None:
    drawn = [border(k, 0.1, "faint", status) for k, status in enumerate(ContourStatus)]
    count = checks_of(tuple(drawn)).count
    assert (count.auto, count.edited, count.accepted, count.to_check) == (1, 1, 1, 1)
    assert count.text == "1 auto, 1 edited, 1 accepted"


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(("", "a", "b")), st.floats(0.0, 1.0)), max_size=30
    )
)
def test_stretches_hold_each_doubtful_frame_once(asked: list[tuple[bool, str, float]]) -> None:
    contours = tuple(border(k, sure, note) for k, (there, note, sure) in enumerate(asked) if there)
    checks = checks_of(contours)
    named = [k for s in checks.stretches for k in range(s.first, s.last + 1)]
    assert sorted(named) == [one.frame for one in contours if doubtful(one)]
    assert all(one.note or (one.confidence or 0.0) < SURE for one in checks.to_check)
    sureness = [s.confidence for s in checks.stretches]
    assert sureness == sorted(sureness)
