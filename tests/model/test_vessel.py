"""Centerlines: knots, and what was traced between them, through every edit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.model.vessel import Centerline, Course, CourseBy

WANTED = CourseBy.WANTED


def traced(number: int) -> Course:
    points = tuple((10.0 * number + k, 5.0 * k) for k in range(1, 4))
    return Course(CourseBy.TRACED, points, ((1, 2),))


def line(knots: int) -> Centerline:
    made = Centerline("line", "run")
    for number in range(knots):
        made = made.with_knot((10.0 * number, 0.0), by=WANTED)
    return made.with_pieces(made.knots_px, tuple(traced(n) for n in range(knots - 1)))


def test_old_reviews_have_knots_only() -> None:
    old = Centerline("line", "run", ((0.0, 0.0), (5.0, 5.0), (9.0, 1.0)))
    assert old.course_px == old.knots_px
    assert len(old.pieces) == 2
    assert not old.wanted


def test_the_curve_runs_through_knots_and_courses_in_order() -> None:
    made = line(3)
    first, second = traced(0).points_px, traced(1).points_px
    knots = made.knots_px
    assert made.course_px == (knots[0], *first, knots[1], *second, knots[2])


def test_a_knot_inside_leaves_the_other_pieces_alone() -> None:
    made = line(4).with_knot((15.0, 1.0), 2, WANTED)
    assert [piece.by for piece in made.pieces] == ["traced", WANTED, WANTED, "traced"]
    assert made.pieces[0] == traced(0)
    assert made.pieces[3] == traced(2)


@pytest.mark.parametrize(("at", "wanted"), [(0, [0]), (1, [0, 1]), (3, [2])])
def test_moving_a_knot_begins_the_pieces_beside_it_anew(at: int, wanted: list[int]) -> None:
    made = line(4).with_moved_knot(at, (1.0, 9.0), WANTED)
    assert made.knots_px[at] == (1.0, 9.0)
    assert [i for i, piece in enumerate(made.pieces) if piece.by is WANTED] == wanted


def test_taking_a_knot_out_joins_its_pieces() -> None:
    made = line(4)
    assert made.without_knot(1, WANTED).pieces == (Course(WANTED), traced(2))
    assert made.without_knot(0, WANTED).pieces == (traced(1), traced(2))
    assert made.without_knot(3, WANTED).pieces == (traced(0), traced(1))


def test_plain_splines_are_kept_as_none() -> None:
    made = line(3).with_moved_knot(1, (1.0, 1.0))
    assert made.courses == ()


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="one course"):
        Centerline("line", "run", ((0.0, 0.0), (5.0, 5.0)), courses=(Course(), Course()))
    with pytest.raises(ValueError, match="guessed stretch"):
        Course(CourseBy.TRACED, ((1.0, 1.0),), ((0, 1),))


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "move", "remove", "turn"]), st.integers(0, 20)),
        max_size=30,
    )
)
def test_any_edits_keep_one_course_for_each_pair(edits: list[tuple[str, int]]) -> None:
    made = line(3)
    for verb, number in edits:
        count = len(made.knots_px)
        point = (float(number), float(count))
        if verb == "add":
            made = made.with_knot(point, number % (count + 1), WANTED)
        elif verb == "turn":
            made = made.reversed()
        elif verb == "move" and count:
            made = made.with_moved_knot(number % count, point, WANTED)
        elif verb == "remove" and count > 1:
            made = made.without_knot(number % count, WANTED)
        assert len(made.pieces) == max(0, len(made.knots_px) - 1)
        assert made.reversed().reversed() == made
        assert made.reversed().course_px == made.course_px[::-1]
