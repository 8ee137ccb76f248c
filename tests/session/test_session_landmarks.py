"""Landmarks: placing, refusing, dragging; positions that follow from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from session_samples import (
    LANDMARKS,
    Heard,
    curve_of,
    draw_along,
    draw_frames,
    draw_vein,
    motor,
    place,
    point_at,
    pullback,
    run,
    session_of,
    tied_session,
)

from viewer.geometry.position_map import PositionMap
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.coregistration import SyncMode
from viewer.session.session import Session
from viewer.session.state import AxisKind, PendingLandmark, Selection


def position_of(session: Session) -> PositionMap:
    position = session.position_map
    assert position is not None
    return position


def test_placing_a_landmark_is_frame_click_enter():
    session = session_of(run(), pullback())
    draw_vein(session)
    heard = Heard(session)
    session.set_pullback_frame(30)
    session.vessel.place_pending((520.0, 305.0))
    assert session.vessel.pending.name == "Iliac confluence"
    assert heard.take() == {"cursor_changed": 1, "pending_changed": 1}
    assert session.review.coregistrations == ()
    assert session.vessel.accept_pending()
    assert heard.take() == {
        "review_changed": 1, "committed": 1, "pending_changed": 1, "selection_changed": 1
    }  # fmt: skip
    (mark,) = session.vessel.landmarks
    assert (mark.name, mark.frame) == ("Iliac confluence", 30)
    assert curve_of(session).project(mark.point_px)[1] < 1e-6
    assert session.selection == Selection("landmark", mark.id)
    assert session.vessel.pending == PendingLandmark()
    session.undo()
    assert session.review.coregistrations == ()
    assert not session.selection


def test_usual_names_are_offered_in_their_order():
    session = tied_session()
    session.set_pullback_frame(20)
    assert session.vessel.free_name() == "Right common iliac artery crossing"
    session.set_pullback_frame(70)
    assert session.vessel.free_name() == "Landmark 1"  # nothing usual lies between its neighbours
    for number in range(5):
        session.set_pullback_frame(92 + number)
        assert place(session, 92 + number, 0.91 + 0.01 * number, session.vessel.free_name())
    names = [mark.name for mark in session.vessel.landmarks]
    assert names[3:5] == ["Saphenofemoral junction", "Profunda confluence"]
    assert len(set(names)) == 8
    assert session.vessel.free_name() == "Landmark 4"


def test_a_name_of_the_readers_own_survives_the_click():
    session = session_of(run(), pullback())
    draw_vein(session)
    session.vessel.name_pending("  Renal veins ")
    session.vessel.place_pending(point_at(session, 0.2))
    session.vessel.place_pending(point_at(session, 0.3))
    assert session.vessel.accept_pending()
    assert session.vessel.landmarks[0].name == "Renal veins"


def test_positions_pass_through_the_landmarks_and_are_hollow_beyond():
    session = tied_session()
    position, length = position_of(session), curve_of(session).length_px
    for frame, share, _ in LANDMARKS:
        assert position.arc_px[frame] == pytest.approx(share * length, abs=0.5)
    assert position.unit == "mm"
    assert np.flatnonzero(position.solid).tolist() == list(range(10, 91))
    assert position.sigma[30] > position.sigma[10]
    assert position.sigma[0] > position.sigma[10]
    assert np.all(np.diff(position.arc) >= 0)
    assert "PCHIP" in position.explanation
    assert "1 sigma" in position.uncertainty_source


def test_pull_towards_the_centre_is_told_from_the_landmarks():
    session = tied_session(backwards=True)
    assert position_of(session).direction == -1
    assert position_of(session).arc_px[90] < position_of(session).arc_px[10]


def test_landmarks_that_run_backwards_are_refused_with_words():
    session = tied_session()
    before = session.review
    heard = Heard(session)
    assert not place(session, 60, 0.2, "Renal veins")
    assert session.review is before
    (notice,) = heard.warnings
    assert notice.text == "Renal veins can't be added here"
    assert "backwards" in notice.hint
    assert "frame 61" in notice.hint
    assert "Check the frame" in notice.hint
    assert session.vessel.pending.name == "Renal veins"  # nothing typed is lost
    assert heard.take() == {"cursor_changed": 1, "pending_changed": 2}


def test_a_frame_that_runs_backwards_is_refused_with_words():
    session = tied_session()
    first, middle, _ = session.vessel.landmarks
    before = session.review
    heard = Heard(session)
    session.vessel.set_landmark_frame(first.id, 80)
    assert session.review is before
    assert "can't be at frame 81" in heard.warnings[0].text
    session.vessel.set_landmark_frame(middle.id, 60)
    assert session.vessel.landmark(middle.id).frame == 60  # type: ignore[union-attr]
    session.vessel.set_landmark_frame(middle.id, 60)
    assert heard.take() == {"review_changed": 1, "committed": 1}


def test_a_second_landmark_at_the_place_of_the_first_is_refused():
    session = session_of(run(), pullback())
    draw_vein(session)
    assert place(session, 10, 0.3, "A")
    heard = Heard(session)
    assert not place(session, 60, 0.3, "B")
    assert "same place" in heard.warnings[0].hint
    assert place(session, 60, 0.6, "B")


def test_what_was_wrong_before_is_no_reason_to_refuse():
    """A review with landmarks in conflict can be put right one by one."""
    session = session_of(run(), pullback())
    draw_vein(session)
    for frame, share in ((10, 0.1), (40, 0.4), (70, 0.7), (90, 0.9)):
        assert place(session, frame, share, f"at {frame}")
    tie = session.vessel.current_tie()
    first, second, third, last = tie.landmarks
    wrong = replace(tie, landmarks=(replace(first, frame=10), replace(second, frame=20),
                                    replace(third, frame=15), last))  # fmt: skip
    wrong = replace(wrong, landmarks=tuple(sorted(wrong.landmarks, key=lambda m: m.frame)))
    session.edit("Spoil", session.review.with_coregistration(wrong))
    assert session.position_map is None
    assert place(session, 95, 0.95, "Far from the trouble")
    session.vessel.set_landmark_frame(third.id, 70)
    assert session.position_map is not None


def test_a_wrong_model_is_no_reason_to_refuse_a_landmark():
    session = session_of(run(), pullback())
    draw_vein(session)
    session.vessel.set_mode(SyncMode.CONSTANT)
    assert "rate" in session.position.reason.lower()
    for frame, share, name in LANDMARKS:
        assert place(session, frame, share, name)


def test_landmarks_need_a_vein_and_a_pullback():
    session = session_of(run(), pullback())
    heard = Heard(session)
    session.vessel.place_pending((1.0, 1.0))
    session.vessel.set_mode(SyncMode.LANDMARKS)
    assert [notice.about for notice in heard.warnings] == ["tie", "tie"]
    assert "B" in heard.warnings[0].hint
    alone = session_of(run())
    draw_vein(alone)
    heard = Heard(alone)
    alone.vessel.place_pending(point_at(alone, 0.3))
    assert not alone.vessel.accept_pending()
    assert "IVUS pullback" in heard.warnings[0].text
    alone.vessel.set_rate(1.0)
    alone.vessel.set_central_first(True)
    assert alone.review.coregistrations == ()


def test_a_landmark_placed_before_the_vein_was_deleted_is_not_added():
    session = session_of(run(), pullback())
    draw_vein(session)
    session.vessel.place_pending(point_at(session, 0.3))
    session.vessel.remove_centerline()
    assert not session.vessel.accept_pending()
    assert session.review.coregistrations == ()
    assert not session.selection


def test_a_vein_redrawn_while_placing_takes_the_landmark_along():
    session = session_of(run(), pullback())
    draw_vein(session)
    session.vessel.place_pending(point_at(session, 0.5))
    session.begin("Move vein point")
    session.vessel.move_knot(2, (540.0, 520.0))
    session.commit()
    assert session.vessel.accept_pending()
    assert curve_of(session).project(session.vessel.landmarks[0].point_px)[1] < 1e-6


def test_another_run_drops_what_is_being_placed():
    session = session_of(run("a"), run("b"), pullback("p"), pullback("q"))
    draw_vein(session)
    session.vessel.place_pending(point_at(session, 0.3))
    session.show("q")
    assert session.vessel.pending.point_px is not None
    session.show("b")
    assert session.vessel.pending == PendingLandmark()


def test_dragging_a_landmark_moves_positions_and_no_segment():
    session = tied_session()
    on_pullback, on_run = draw_frames(session, 30, 45), draw_along(session, 0.6, 0.7)
    drawn = session.review.segments
    here, there = session.review.segment(on_pullback), session.review.segment(on_run)
    assert here is not None
    assert there is not None
    arcs, frames = session.segments.arcs_of(here), session.segments.frames_of(there)
    mark = session.vessel.landmarks[1]
    before = position_of(session)
    heard = Heard(session)
    session.begin("Move landmark")
    for share in (0.46, 0.5, 0.55):
        session.vessel.move_landmark(mark.id, point_at(session, share))
    session.commit()
    assert heard.take() == {"review_changed": 4, "committed": 1}
    assert session.review.segments is drawn
    assert session.segments.frames_of(here) == (30, 45)
    length = curve_of(session).length_px
    assert session.segments.arcs_of(there) == pytest.approx((0.6 * length, 0.7 * length), abs=0.1)
    assert session.segments.arcs_of(here) != arcs  # projected anew
    assert session.segments.frames_of(there) != frames
    assert position_of(session).arc_px[50] > before.arc_px[50] + 50
    session.undo()
    assert position_of(session).arc_px == pytest.approx(before.arc_px)


def test_a_dragged_landmark_stops_at_its_neighbours():
    session = tied_session()
    mark, length = session.vessel.landmarks[1], curve_of(session).length_px
    session.begin("Move landmark")
    session.vessel.move_landmark(mark.id, point_at(session, 0.6))
    session.vessel.move_landmark(mark.id, point_at(session, 0.05))
    session.vessel.move_landmark(mark.id, point_at(session, 0.99))
    session.commit()
    assert session.position_map is not None
    moved = session.vessel.landmark(mark.id)
    assert moved is not None
    assert curve_of(session).project(moved.point_px)[0] == pytest.approx(0.6 * length, abs=0.5)


def test_a_landmark_is_dragged_to_another_frame_as_one_step():
    session = tied_session()
    mark = session.vessel.landmarks[1]
    session.begin("Move landmark")
    for frame in (55, 70, 95, 2):  # the last two are on the wrong side of its neighbours
        session.vessel.move_landmark_to_frame(mark.id, frame)
    session.commit()
    assert session.vessel.landmark(mark.id).frame == 70  # type: ignore[union-attr]
    assert session.history.labels[-1] == "Move landmark"
    session.undo()
    assert session.vessel.landmark(mark.id) == mark
    session.vessel.move_landmark_to_frame(mark.id, 70)  # outside a gesture: nothing
    session.vessel.move_landmark(mark.id, (500.0, 500.0))
    assert session.vessel.landmark(mark.id) == mark


def test_landmarks_are_renamed_and_deleted():
    session = tied_session()
    first, second, _ = session.vessel.landmarks
    heard = Heard(session)
    session.vessel.rename_landmark(second.id, "  Mine ")
    session.vessel.rename_landmark(second.id, "Mine")
    session.vessel.rename_landmark(second.id, "   ")
    session.vessel.rename_landmark("gone", "Mine")
    assert [mark.name for mark in session.vessel.landmarks][1] == "Mine"
    assert heard.take() == {"review_changed": 1, "committed": 1}
    session.select(Selection("landmark", first.id))
    session.vessel.remove_landmark(first.id)
    assert not session.selection
    assert len(session.vessel.landmarks) == 2
    session.undo()
    assert session.vessel.landmark(first.id) == first


def test_all_landmarks_go_as_one_step():
    session = tied_session()
    marks = session.vessel.landmarks
    heard = Heard(session)
    session.vessel.remove_landmarks()
    session.vessel.remove_landmarks()
    assert session.vessel.landmarks == ()
    assert heard.take()["committed"] == 1
    assert heard.notices[-1].text == "3 landmarks deleted"
    session.undo()
    assert session.vessel.landmarks == marks


def test_stepping_goes_by_frames_and_stops_at_the_ends():
    session = tied_session()
    session.set_pullback_frame(40)
    seen = []
    for step in (1, 1, 1, -1, -1, -1):
        session.vessel.step_landmark(step)
        seen.append(session.cursor.pullback_frame)
    assert seen == [50, 90, 90, 50, 10, 10]
    assert session.selection.id == session.vessel.landmarks[0].id


def test_a_landmark_of_another_pair_can_not_stay_selected():
    session = session_of(run(), pullback("p"), pullback("q"))
    draw_vein(session)
    assert place(session, 10, 0.1, "A")
    assert session.selection.kind == "landmark"
    heard = Heard(session)
    session.show("q")
    assert not session.selection
    assert heard.take()["selection_changed"] == 1
    assert session.vessel.landmarks == ()


def test_two_pullbacks_are_tied_to_one_vein_apart():
    session = session_of(run(), pullback("p"), pullback("q"))
    draw_vein(session)
    for uid, frames in (("p", (10, 90)), ("q", (20, 60))):
        session.show(uid)
        assert place(session, frames[0], 0.1, "A")
        assert place(session, frames[1], 0.9, "B")
    assert position_of(session).arc_px[60] == pytest.approx(0.9 * curve_of(session).length_px)
    session.show("p")
    assert position_of(session).arc_px[90] == pytest.approx(0.9 * curve_of(session).length_px)
    assert len(session.review.coregistrations) == 2


def test_a_choice_that_changes_nothing_is_no_step():
    session = session_of(run(), pullback())
    draw_vein(session)
    heard = Heard(session)
    session.vessel.set_mode(SyncMode.AUTO)
    session.vessel.set_rate(None)
    session.vessel.set_central_first(None)
    assert heard.take() == {}
    session.vessel.set_mode(SyncMode.LANDMARKS)
    session.vessel.set_mode(SyncMode.LANDMARKS)
    assert heard.take() == {"review_changed": 1, "committed": 1}


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), 1e6])
def test_an_impossible_pull_rate_is_refused_with_words(rate: float):
    session = session_of(run(), pullback())
    draw_vein(session)
    heard = Heard(session)
    session.vessel.set_rate(rate)
    assert "can't be a pullback's rate" in heard.warnings[0].text
    assert session.review.coregistrations == ()


def test_the_readers_rate_places_a_pullback_without_landmarks():
    session = session_of(run(), pullback())
    draw_vein(session)
    session.vessel.set_rate(40.0)
    position = position_of(session)
    assert position.mode == "constant"
    assert position.arc[60] - position.arc[30] == pytest.approx(40.0, abs=0.5)
    session.vessel.set_central_first(False)
    assert position_of(session).direction == -1


def test_motor_pullback_is_placed_by_rate_and_time():
    session = session_of(run(), motor())
    draw_vein(session)
    position = position_of(session)
    assert position.mode == "constant"
    assert position.arc[30] - position.arc[0] == pytest.approx(50.0, rel=0.01)


def test_uncalibrated_runs_count_in_px():
    session = session_of(run(mm_per_px=None), pullback())
    draw_vein(session)
    for frame, share, name in LANDMARKS:
        assert place(session, frame, share, name)
    assert position_of(session).unit == "px"
    assert session.placing.text(50).split(" ")[1] == "px"
    axis = session.placing.axis()
    assert axis is not None
    assert (axis.kind, axis.unit) == (AxisKind.VEIN, "px")
    assert session.placing.text(10).startswith("0 px ±")


def test_the_axis_falls_back_to_what_can_be_had():
    session = session_of(run(), pullback(rate_hz=None))
    session.set_axis(AxisKind.TIME)
    axis = session.placing.axis()
    assert axis is not None
    assert axis.kind is AxisKind.FRAMES
    assert axis.places[[0, -1]].tolist() == [1, 100]
    session.set_axis(AxisKind.VEIN)
    axis = session.placing.axis()
    assert axis is not None
    assert axis.kind is AxisKind.FRAMES


@pytest.mark.parametrize("backwards", [False, True])
def test_axis_zero_is_the_confluence_and_frames_are_found_again(backwards: bool):
    session = tied_session(backwards=backwards)
    axis = session.placing.axis()
    assert axis is not None
    assert axis.title == "mm from the iliac confluence"
    confluence = 90 if backwards else 10
    assert axis.places[confluence] == pytest.approx(0.0, abs=0.2)
    assert axis.places[100 - confluence] > 100
    for frame in range(0, 100, 7):
        assert axis.frame_at(float(axis.places[frame]), near=frame) == frame
    assert session.placing.text(confluence).startswith("0.0 mm ±")
    before = session.placing.text(95 if backwards else 5)
    assert before.startswith("−")  # a true minus, central of the confluence
    assert session.placing.text(100) == "not linked"


def test_the_axis_follows_every_change():
    session = tied_session()
    confluence = session.vessel.landmarks[0]
    length_mm = 0.25 * curve_of(session).length_px
    assert session.placing.text(10).startswith("0.0 mm")
    assert session.placing.vein_text(30) == "L CIV"
    session.vessel.rename_landmark(confluence.id, "Renal veins")
    axis = session.placing.axis()
    assert axis is not None
    assert axis.title == "mm from the central end of the centerline"
    assert axis.places[10] == pytest.approx(0.1 * length_mm, abs=0.2)
    assert session.placing.vein_text(30) == "L CIV"  # the internal iliac ostium still ends it
    session.vessel.remove_landmarks()
    assert session.placing.vein_text(30) == ""
    assert session.placing.text(10) == "not linked"
    session.undo()
    session.undo()
    assert session.placing.text(10).startswith("0.0 mm")


def test_veins_come_from_the_landmarks_at_their_borders():
    session = tied_session()
    position = position_of(session)
    veins = [session.vein_at(float(position.arc_px[frame])) for frame in (2, 30, 70, 95)]
    assert veins == [VeinSegment.IVC, VeinSegment.CIV, VeinSegment.EIV, VeinSegment.CFV]
    assert session.side is Side.LEFT
    assert session.placing.vein_text(30) == "L CIV"
    assert session.placing.vein_text(2) == "IVC"
    assert session.placing.vein_text(-1) == ""
    assert [item.label for item in session.placing.stretches()][1] == "L common iliac v."


def test_veins_are_known_before_both_views_are_tied():
    session = session_of(run(), pullback())
    draw_vein(session)
    assert place(session, 40, 0.4, "Iliac confluence")
    assert session.position_map is None
    length = curve_of(session).length_px
    assert session.vein_at(0.2 * length) is VeinSegment.IVC
    assert session.vein_at(0.6 * length) is VeinSegment.CIV
    assert session.placing.place_of_arc(0.4 * length) == pytest.approx(0.0, abs=0.2)


def test_the_remark_compares_the_place_with_the_prediction():
    session = tied_session()
    session.set_pullback_frame(30)
    assert session.vessel.pending_remark() == ""
    x, y = position_of(session).points_px[30]
    session.vessel.place_pending((float(x), float(y)))
    assert "0 mm from the prediction" in session.vessel.pending_remark()
    session.vessel.place_pending(point_at(session, 0.43))
    assert "from where the neighbours put it" in session.vessel.pending_remark()
    assert "Add anyway" in session.vessel.pending_remark()
