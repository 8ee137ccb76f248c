"""Segments: drawn, dragged, projected, named; they stay where their reader drew them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_samples import (
    Heard,
    curve_of,
    draw_along,
    draw_frames,
    draw_vein,
    motor,
    point_at,
    pullback,
    run,
    session_of,
    tie,
    tied_session,
)

from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import (
    AnySegment,
    CenterlineExtent,
    Clot,
    ClotAge,
    FrameExtent,
    SegmentKind,
    Stenosis,
    StenosisCause,
    Stent,
)
from viewer.session import stretches
from viewer.session.session import Session
from viewer.session.state import Edge, Selection, Tool


def segment_of(session: Session, segment_id: str) -> AnySegment:
    segment = session.review.segment(segment_id)
    assert segment is not None
    return segment


def frames_of(session: Session, segment_id: str) -> tuple[int, int]:
    frames = session.segments.frames_of(segment_of(session, segment_id))
    assert frames is not None
    return frames


def arcs_of(session: Session, segment_id: str) -> tuple[float, float]:
    arcs = session.segments.arcs_of(segment_of(session, segment_id))
    assert arcs is not None
    return arcs


@pytest.mark.parametrize(
    ("kind", "made"), [("stenosis", Stenosis), ("clot", Clot), ("stent", Stent)]
)
def test_a_drag_over_frames_draws_one_segment_as_one_step(kind: str, made: type):
    session = tied_session()
    heard = Heard(session)
    for last in (20, 25, 33):
        session.segments.draw_frames(SegmentKind(kind), 20, last)
    session.segments.finish_drawing()
    assert heard.take() == {"review_changed": 4, "committed": 1, "selection_changed": 1}
    (segment,) = session.review.segments
    assert isinstance(segment, made)
    assert segment.extent == FrameExtent("pull", 20, 33)
    assert segment.name == f"{kind.capitalize()} 1"
    assert (segment.vein, segment.side) == (VeinSegment.CIV, Side.LEFT)
    assert session.selection == Selection("segment", segment.id)
    assert session.history.labels[-1] == f"Draw {kind}"
    session.undo()
    assert session.review.segments == ()
    assert not session.selection
    session.redo()
    assert session.review.segments == (segment,)


def test_a_drag_along_the_vein_draws_between_two_of_its_points():
    session = tied_session()
    segment_id = draw_along(session, 0.6, 0.35)
    extent = segment_of(session, segment_id).extent
    assert isinstance(extent, CenterlineExtent)
    curve, length = curve_of(session), curve_of(session).length_px
    assert curve.project(extent.start_px)[0] == pytest.approx(0.35 * length, abs=0.01)
    assert curve.project(extent.end_px)[0] == pytest.approx(0.6 * length, abs=0.01)
    first, last = frames_of(session, segment_id)
    assert 10 < first < 50 < last < 90
    assert session.segments.is_solid(segment_of(session, segment_id))


def test_drags_backwards_and_beyond_the_ends_are_put_right():
    session = session_of(pullback(frames=50))
    assert segment_of(session, draw_frames(session, 60, -9)).extent == FrameExtent("pull", 0, 49)
    assert segment_of(session, draw_frames(session, 40, 12)).extent == FrameExtent("pull", 12, 40)


def test_a_click_draws_nothing():
    session = tied_session()
    before = session.review
    heard = Heard(session)
    session.segments.finish_drawing()
    assert heard.take() == {}
    session.segments.draw_frames(SegmentKind.CLOT, 30, 30)
    session.segments.finish_drawing()
    here = point_at(session, 0.5)
    session.segments.draw_points(SegmentKind.CLOT, here, here)
    session.segments.finish_drawing()
    assert session.review == before
    assert "committed" not in heard.take()


def test_a_click_after_a_drawing_leaves_that_alone():
    session = tied_session()
    draw_frames(session, 10, 20)
    session.select(Selection())
    heard = Heard(session)
    session.segments.finish_drawing()
    assert heard.take() == {}
    assert not session.selection


def test_escape_gives_the_stroke_up_for_good():
    """The mouse goes on moving after Esc: nothing is drawn until it is pressed again."""
    session = tied_session()
    before = session.review
    session.segments.draw_frames(SegmentKind.CLOT, 30, 31)
    session.segments.draw_frames(SegmentKind.CLOT, 30, 40)
    session.abort()
    session.segments.draw_frames(SegmentKind.CLOT, 30, 50)
    session.segments.finish_drawing()
    assert session.review == before
    assert not session.in_gesture
    draw_frames(session, 30, 50)
    assert len(session.review.segments) == 1


def test_another_tool_gives_the_stroke_up():
    session = tied_session()
    session.arm(Tool.CLOT)
    session.segments.draw_frames(SegmentKind.CLOT, 30, 40)
    session.arm(Tool.STENT)
    session.segments.draw_frames(SegmentKind.STENT, 30, 50)
    session.segments.finish_drawing()
    assert session.review.segments == ()


def test_segments_need_their_images():
    session = session_of(run())
    session.segments.draw_frames(SegmentKind.CLOT, 1, 5)
    session.segments.draw_points(SegmentKind.CLOT, (1.0, 1.0), (1.0, 50.0))
    session.segments.finish_drawing()
    assert session.review.segments == ()
    assert not session.in_gesture


def test_names_count_by_kind_and_fill_gaps():
    session = session_of(pullback())
    ids = [draw_frames(session, n, n + 5) for n in (0, 10, 20)]
    draw_frames(session, 30, 35, "stent")
    names = [segment.name for segment in session.review.segments]
    assert names == ["Stenosis 1", "Stenosis 2", "Stenosis 3", "Stent 1"]
    session.segments.delete(ids[1])
    assert segment_of(session, draw_frames(session, 40, 45)).name == "Stenosis 2"


# -- edges ------------------------------------------------------------------------------------
def test_an_edge_is_dragged_as_one_step():
    session = tied_session()
    segment_id = draw_frames(session, 30, 45)
    heard = Heard(session)
    session.begin("Move edge")
    for frame in (44, 50, 60):
        session.segments.move_edge_to_frame(segment_id, "end", frame)
    session.commit()
    assert frames_of(session, segment_id) == (30, 60)
    assert heard.take() == {"review_changed": 4, "committed": 1}
    session.undo()
    assert frames_of(session, segment_id) == (30, 45)


def test_an_edge_dropped_where_it_was_is_no_step():
    session = tied_session()
    segment_id = draw_frames(session, 30, 45)
    before = session.review
    heard = Heard(session)
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment_id, "end", 45)
    session.commit()
    assert heard.take() == {}
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment_id, "end", 60)
    session.segments.move_edge_to_frame(segment_id, "end", 45)
    session.commit()
    assert heard.take() == {"review_changed": 2}
    assert session.review is before


@pytest.mark.parametrize("backwards", [False, True])
@settings(max_examples=25)
@given(
    edge=st.sampled_from(["start", "end"]),
    share=st.floats(-0.2, 1.2),
    frame=st.integers(-20, 130),
    on_run=st.booleans(),
)
def test_edges_never_cross(backwards: bool, edge: Edge, share: float, frame: int, on_run: bool):
    session = tied_session(backwards=backwards)
    segment_id = draw_along(session, 0.4, 0.5) if on_run else draw_frames(session, 40, 55)
    length = curve_of(session).length_px
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment_id, edge, frame)
    session.segments.move_edge_to_arc(segment_id, edge, share * length)
    session.segments.move_edge_to_frame(segment_id, edge, frame)
    session.commit()
    low, high = arcs_of(session, segment_id)
    assert low <= high
    first, last = frames_of(session, segment_id)
    assert 0 <= first <= last <= 99
    if on_run:
        assert high - low >= 0.99
        assert low >= -1e-6
        assert high <= length + 1e-6


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("on_run", [False, True])
@pytest.mark.parametrize("edge", ["start", "end"])
def test_the_edge_that_is_held_is_the_one_that_moves(backwards: bool, on_run: bool, edge: Edge):
    """Each view names edges by its own axis, whichever way the pullback runs."""
    session = tied_session(backwards=backwards)
    segment_id = draw_along(session, 0.35, 0.6) if on_run else draw_frames(session, 35, 60)
    first, last = frames_of(session, segment_id)
    target = first - 5 if edge == "start" else last + 5
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment_id, edge, target)
    session.commit()
    moved = frames_of(session, segment_id)
    assert moved == ((target, last) if edge == "start" else (first, target))
    low, high = arcs_of(session, segment_id)
    goal = low - 30.0 if edge == "start" else high + 30.0
    session.begin("Move edge")
    session.segments.move_edge_to_arc(segment_id, edge, goal)
    session.commit()
    now_low, now_high = arcs_of(session, segment_id)
    kept, reached = (now_high, now_low) if edge == "start" else (now_low, now_high)
    assert kept == pytest.approx(high if edge == "start" else low, abs=0.01)
    assert reached == pytest.approx(goal, abs=0.01 if on_run else 6.0)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("on_run", [False, True])
def test_ends_typed_as_numbers_are_the_ends_that_change(backwards: bool, on_run: bool):
    session = tied_session(backwards=backwards)
    segment_id = draw_along(session, 0.35, 0.6) if on_run else draw_frames(session, 35, 60)
    low, high = stretches.ends_of(session, segment_of(session, segment_id))
    assert low.place is not None
    assert high.place is not None
    assert low.frame is not None
    assert high.frame is not None
    assert low.place < high.place
    stretches.set_edge_place(session, segment_id, high.edge, high.place + 8.0)
    now_low, now_high = stretches.ends_of(session, segment_of(session, segment_id))
    assert now_low.place == pytest.approx(low.place, abs=0.01)
    assert now_high.place == pytest.approx(high.place + 8.0, abs=2.0)
    step = -4 if backwards else 4
    assert now_high.frame is not None
    stretches.set_edge_frame(session, segment_id, high.edge, now_high.frame + step)
    last_low, last_high = stretches.ends_of(session, segment_of(session, segment_id))
    assert last_high.frame == now_high.frame + step
    assert last_low.frame == now_low.frame


@pytest.mark.parametrize("backwards", [False, True])
def test_arrows_nudge_an_edge_by_frames(backwards: bool):
    session = tied_session(backwards=backwards)
    for segment_id in (draw_frames(session, 35, 60), draw_along(session, 0.35, 0.6)):
        first, last = frames_of(session, segment_id)
        session.segments.nudge_edge(segment_id, "end", 3)
        session.segments.nudge_edge(segment_id, "start", -2)
        assert frames_of(session, segment_id) == (first - 2, last + 3)
        assert session.history.labels[-2:] == ("Move edge", "Move edge")
        session.segments.nudge_edge(segment_id, "end", 500)
        assert frames_of(session, segment_id)[1] <= 99


def test_moving_one_end_leaves_the_other_the_very_point_it_was():
    session = tied_session()
    segment_id = draw_along(session, 0.3, 0.5)
    extent = segment_of(session, segment_id).extent
    assert isinstance(extent, CenterlineExtent)
    session.vessel.reverse_centerline()
    low, high = arcs_of(session, segment_id)
    session.begin("Move edge")
    session.segments.move_edge_to_arc(segment_id, "start", low - 20.0)
    session.commit()
    moved = segment_of(session, segment_id).extent
    assert isinstance(moved, CenterlineExtent)
    assert moved.start_px == extent.start_px  # the far end once the line was turned
    assert arcs_of(session, segment_id) == pytest.approx((low - 20.0, high), abs=0.01)


def test_an_edge_on_another_pullback_is_not_moved_by_frames_of_this_one():
    session = session_of(run(), pullback("p"), pullback("q"))
    segment_id = draw_frames(session, 20, 30)
    session.show("q")
    before = session.review
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment_id, "end", 90)
    session.segments.move_edge_to_arc(segment_id, "end", 90.0)
    session.commit()
    session.segments.nudge_edge(segment_id, "end", 3)
    assert session.review is before


def test_moves_outside_a_gesture_do_nothing():
    session = tied_session()
    segment_id = draw_frames(session, 20, 30)
    before = session.review
    session.segments.move_edge_to_frame(segment_id, "end", 60)
    session.segments.move_edge_to_arc(segment_id, "end", 500.0)
    session.segments.move_edge_to_frame("gone", "end", 60)
    session.segments.move_edge_to_arc("gone", "end", 60)
    assert session.review is before


# -- they stay where they were drawn ----------------------------------------------------------
def test_a_segment_on_the_run_does_not_move_when_far_knots_do():
    session = tied_session()
    segment_id = draw_along(session, 0.2, 0.3)
    segment = segment_of(session, segment_id)
    before = arcs_of(session, segment_id)
    session.begin("Move vein point")
    session.vessel.move_knot(3, (600.0, 880.0))
    session.commit()
    assert segment_of(session, segment_id) is segment
    assert arcs_of(session, segment_id) == pytest.approx(before, abs=0.5)
    session.vessel.add_knot((470.0, 10.0))  # at the central end: arcs are counted anew from there
    extent = segment_of(session, segment_id).extent
    assert isinstance(extent, CenterlineExtent)
    low, high = arcs_of(session, segment_id)
    assert curve_of(session).at(low) == pytest.approx(extent.start_px, abs=1.5)
    assert curve_of(session).at(high) == pytest.approx(extent.end_px, abs=1.5)


def test_a_segment_on_the_pullback_does_not_move_when_the_vein_does():
    session = tied_session()
    segment_id = draw_frames(session, 30, 45)
    segment = segment_of(session, segment_id)
    session.vessel.reverse_centerline()
    session.vessel.remove_landmarks()
    session.vessel.remove_centerline()
    assert segment_of(session, segment_id) is segment
    assert frames_of(session, segment_id) == (30, 45)
    assert session.segments.arcs_of(segment) is None


def test_segments_are_hollow_beyond_the_landmarks():
    session = tied_session()
    inside, beyond = draw_along(session, 0.3, 0.5), draw_along(session, 0.85, 0.97)
    assert session.segments.is_solid(segment_of(session, inside))
    assert not session.segments.is_solid(segment_of(session, beyond))
    assert not session.segments.is_solid(segment_of(session, draw_frames(session, 85, 97)))


def test_lengths_say_unit_and_uncertainty():
    session = tied_session()
    text = session.segments.length_text(segment_of(session, draw_frames(session, 30, 45)))
    assert "mm" in text
    assert "±" in text
    px = session_of(run(mm_per_px=None), pullback())
    tie(px)
    assert " px" in px.segments.length_text(segment_of(px, draw_frames(px, 30, 45)))
    loose = session_of(pullback())
    assert loose.segments.length_text(segment_of(loose, draw_frames(loose, 30, 45))) == "16 frames"


def test_a_motor_pull_gives_a_length_without_a_venogram():
    session = session_of(motor())
    stretch = session.segments.stretch(segment_of(session, draw_frames(session, 30, 60)))
    assert stretch is not None
    assert stretch.pull_length is not None
    assert stretch.pull_length.value == pytest.approx(50.0)


def test_a_segment_shows_only_with_its_own_line():
    session = session_of(run("a"), run("b"), pullback())
    draw_vein(session)
    segment_id = draw_along(session, 0.3, 0.5)
    session.show("b")
    draw_vein(session)
    segment = segment_of(session, segment_id)
    assert session.segments.arcs_of(segment) is None
    assert session.segments.frames_of(segment) is None
    session.segments.jump_to(segment_id)
    assert session.cursor.run_uid == "a"
    assert session.segments.arcs_of(segment) is not None


def test_what_is_known_of_a_segment_follows_every_change():
    session = tied_session()
    segment_id = draw_along(session, 0.3, 0.5)
    segment = segment_of(session, segment_id)
    first = session.segments.stretch(segment)
    assert session.segments.stretch(segment) is first
    session.set_pullback_frame(3)
    assert session.segments.stretch(segment) is first
    mark = session.vessel.landmarks[1]
    session.vessel.set_landmark_frame(mark.id, 60)
    second = session.segments.stretch(segment)
    assert second is not first
    assert second is not None
    assert first is not None
    assert second.frames != first.frames
    session.undo()
    assert session.segments.stretch(segment) == first


# -- properties, list -------------------------------------------------------------------------
def test_properties_are_steps_and_the_same_again_is_none():
    session = tied_session()
    segment_id = draw_frames(session, 30, 45)
    heard = Heard(session)
    fields = {"cause": StenosisCause.EXTERNAL_COMPRESSION, "note": "flat on the spine"}
    session.segments.update(segment_id, **fields)
    session.segments.update(segment_id, **fields)
    session.segments.update("gone", **fields)
    assert heard.take() == {"review_changed": 1, "committed": 1}
    segment = segment_of(session, segment_id)
    assert isinstance(segment, Stenosis)
    assert segment.cause is StenosisCause.EXTERNAL_COMPRESSION
    assert session.history.undo_label == "Edit Stenosis 1"
    session.undo()
    assert segment_of(session, segment_id).note == ""


def test_every_kind_takes_its_own_properties():
    session = tied_session()
    clot, stent = draw_frames(session, 1, 5, "clot"), draw_frames(session, 6, 9, "stent")
    session.segments.update(clot, age=ClotAge.SUBACUTE)
    session.segments.update(stent, product="Venous 14", nominal_diameter_mm=14.0)
    one, two = segment_of(session, clot), segment_of(session, stent)
    assert isinstance(one, Clot)
    assert one.age is ClotAge.SUBACUTE
    assert "subacute 15-28 d" in one.age_scheme
    assert isinstance(two, Stent)
    assert two.nominal_diameter_mm == 14.0


def test_delete_drops_the_selection_and_undo_brings_it_back():
    session = tied_session()
    segment_id = draw_frames(session, 30, 45)
    before = session.review
    heard = Heard(session)
    session.segments.delete(segment_id)
    session.segments.delete(segment_id)
    assert session.review.segments == ()
    assert heard.take() == {"review_changed": 1, "committed": 1, "selection_changed": 1}
    assert heard.notices[-1].text == "Stenosis 1 deleted"
    assert heard.notices[-1].undoable
    session.undo()
    assert session.review == before


def test_duplicate_has_a_name_and_a_life_of_its_own():
    session = tied_session()
    first = draw_frames(session, 30, 45)
    session.segments.update(first, note="mine")
    session.segments.duplicate(first)
    original, copy = session.review.segments
    assert copy.id != original.id
    assert (copy.name, copy.note, copy.extent) == ("Stenosis 2", "mine", original.extent)
    assert session.selection == Selection("segment", copy.id)
    session.begin("Move edge")
    session.segments.move_edge_to_frame(copy.id, "end", 60)
    session.commit()
    assert frames_of(session, first) == (30, 45)
    session.segments.duplicate("gone")
    assert len(session.review.segments) == 2


def test_hiding_is_a_step():
    session = tied_session()
    segment_id = draw_frames(session, 30, 45)
    session.segments.toggle_hidden(segment_id)
    assert segment_of(session, segment_id).hidden
    session.segments.toggle_hidden("gone")
    session.undo()
    assert not segment_of(session, segment_id).hidden


def test_the_list_is_walked_round_and_jumps_to_the_middle():
    session = tied_session()
    ids = [draw_frames(session, n, n + 10) for n in (10, 30, 50)]
    session.select(Selection())
    seen = []
    for step in (1, 1, 1, 1, -1, -1):
        session.segments.step(step)
        seen.append((session.selection.id, session.cursor.pullback_frame))
    middles = {ids[0]: 15, ids[1]: 35, ids[2]: 55}
    order = [ids[0], ids[1], ids[2], ids[0], ids[2], ids[1]]
    assert seen == [(one, middles[one]) for one in order]
    session.select(Selection())
    session.segments.step(-1)
    assert session.selection.id == ids[2]
    session_of(pullback()).segments.step(1)


def test_jumping_to_a_segment_on_the_run_goes_to_its_frames():
    session = tied_session()
    segment_id = draw_along(session, 0.6, 0.7)
    session.set_pullback_frame(0)
    session.segments.jump_to(segment_id)
    first, last = frames_of(session, segment_id)
    assert session.cursor.pullback_frame == (first + last) // 2
