"""The centerline: clicks, knots, ends."""

from __future__ import annotations

import pytest
from session_samples import (
    KNOTS,
    Heard,
    curve_of,
    draw_along,
    draw_vein,
    point_at,
    pullback,
    run,
    session_of,
    tied_session,
)

from viewer.session.session import Session
from viewer.session.state import Selection


def knots(session: Session) -> tuple[tuple[float, float], ...]:
    line = session.current_centerline
    return line.knots_px if line is not None else ()


def test_each_click_is_a_knot_and_a_step_of_undo():
    session = session_of(run())
    for number, knot in enumerate(KNOTS, start=1):
        heard = Heard(session)
        session.vessel.add_knot(knot)
        assert knots(session) == KNOTS[:number]
        assert heard.take() == {
            "review_changed": 1, "committed": 1, "selection_changed": 1,
        }  # fmt: skip
        assert session.vessel.knot_of(session.selection) == number - 1
    assert session.current_polyline is not None
    for number in range(len(KNOTS) - 1, -1, -1):
        session.undo()
        assert knots(session) == KNOTS[:number]
    assert session.review.empty
    assert not session.selection


def test_the_curve_passes_through_every_click():
    session = session_of(run())
    curve = draw_vein(session)
    for knot in KNOTS:
        assert curve.project(knot)[1] == pytest.approx(0.0, abs=1e-6)


def test_a_click_on_the_curve_goes_between_its_neighbours():
    session = session_of(run())
    draw_vein(session)
    between = point_at(session, 0.5)
    session.vessel.add_knot((between[0] + 4.0, between[1]))
    assert len(knots(session)) == 5
    place = knots(session).index((between[0] + 4.0, between[1]))
    assert 0 < place < 4
    assert sorted(y for _, y in knots(session)) == [y for _, y in knots(session)]


def test_a_click_off_the_curve_goes_to_the_nearer_end():
    session = session_of(run())
    draw_vein(session)
    session.vessel.add_knot((590.0, 1000.0))
    session.vessel.add_knot((490.0, 20.0))
    assert knots(session) == ((490.0, 20.0), *KNOTS, (590.0, 1000.0))


def test_the_same_click_again_adds_nothing():
    session = session_of(run())
    session.vessel.add_knot(KNOTS[0])
    session.vessel.add_knot(KNOTS[0])
    session.vessel.add_knot(KNOTS[1])
    heard = Heard(session)
    session.vessel.add_knot((KNOTS[1][0] + 0.2, KNOTS[1][1]))
    assert knots(session) == KNOTS[:2]
    assert heard.take() == {}


def test_a_line_belongs_to_its_run():
    session = session_of(run("a"), run("b"))
    draw_vein(session)
    session.show("b")
    assert session.current_centerline is None
    session.vessel.add_knot((10.0, 10.0))
    assert len(session.review.centerlines) == 2
    session.show("a")
    assert knots(session) == KNOTS


def test_nothing_is_drawn_without_a_run():
    session = session_of(pullback())
    heard = Heard(session)
    session.vessel.add_knot((1.0, 1.0))
    session.vessel.remove_centerline()
    session.vessel.reverse_centerline()
    session.vessel.remove_knot(0)
    assert heard.take() == {}


def test_a_knot_is_dragged_as_one_step():
    session = session_of(run())
    draw_vein(session)
    heard = Heard(session)
    session.begin("Move vein point")
    for x in (501.0, 510.0, 530.0):
        session.vessel.move_knot(2, (x, 520.0))
    session.vessel.move_knot(9, (0.0, 0.0))
    session.vessel.move_knot(-1, (0.0, 0.0))
    session.commit()
    assert knots(session)[2] == (530.0, 520.0)
    assert heard.take() == {"review_changed": 4, "committed": 1}
    session.undo()
    assert knots(session) == KNOTS


def test_knots_go_one_by_one_and_the_last_takes_the_line():
    session = tied_session()
    for left in (3, 2, 1):
        session.vessel.remove_knot(0)
        assert len(knots(session)) == left
    session.vessel.remove_knot(5)
    assert session.current_polyline is None
    assert "centerline" in session.position.reason
    session.vessel.remove_knot(0)
    assert session.review.centerlines == ()
    assert session.review.coregistrations == ()
    for _ in range(4):
        session.undo()
    assert knots(session) == KNOTS
    assert len(session.vessel.landmarks) == 3


def test_deleting_the_line_takes_its_landmarks_and_comes_back_whole():
    session = tied_session()
    mark = session.vessel.landmarks[0]
    session.select(Selection("landmark", mark.id))
    before = session.review
    heard = Heard(session)
    session.vessel.remove_centerline()
    assert session.review.coregistrations == ()
    assert not session.selection
    assert heard.notices[-1].undoable
    session.undo()
    assert session.review == before


def test_swapping_the_ends_turns_the_axis_and_moves_no_landmark():
    session = tied_session()
    marks = session.vessel.landmarks
    before = session.position_map
    assert before is not None
    session.vessel.reverse_centerline()
    after = session.position_map
    assert after is not None
    assert knots(session) == KNOTS[::-1]
    assert session.vessel.landmarks == marks
    assert (before.direction, after.direction) == (1, -1)
    assert after.points_px == pytest.approx(before.points_px, abs=1.0)
    # mm from the confluence still grow outwards
    for frame in (10, 50, 90):
        line = session.placing.text(frame)
        assert line.split(" ")[1] == "mm"
    assert session.placing.text(10).startswith("0.0 mm")
    assert float(session.placing.text(90).split(" ")[0]) > 100


def test_a_segment_outlives_its_line_and_joins_the_one_drawn_anew():
    session = tied_session()
    segment_id = draw_along(session, 0.3, 0.5)
    segment = session.review.segment(segment_id)
    assert segment is not None
    before = session.segments.arcs_of(segment)
    session.vessel.remove_centerline()
    assert session.segments.arcs_of(segment) is None
    assert session.segments.length_text(segment) == "not on these images"
    draw_vein(session)
    assert session.segments.arcs_of(segment) == pytest.approx(before)
    session.begin("Move edge")
    session.segments.move_edge_to_arc(segment_id, "end", 0.6 * curve_of(session).length_px)
    session.commit()
    moved = session.review.segment(segment_id)
    assert moved is not None
    assert moved.extent.on == "run"
    line = session.current_centerline
    assert line is not None
    assert moved.extent.centerline_id == line.id
    assert moved.extent.start_px == segment.extent.start_px  # type: ignore[union-attr]


def test_a_line_of_another_vein_takes_no_segments_over():
    session = tied_session()
    segment_id = draw_along(session, 0.3, 0.5)
    segment = session.review.segment(segment_id)
    assert segment is not None
    session.vessel.remove_centerline()
    draw_vein(session, tuple((x - 300.0, y) for x, y in KNOTS))
    assert session.segments.arcs_of(segment) is None
