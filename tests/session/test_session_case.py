"""Opening, adding, patients held apart, phases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from session_samples import (
    ANNA,
    BERTA,
    Heard,
    draw_frames,
    motor,
    place,
    pullback,
    run,
    session_of,
    tie,
    tied_session,
)

from viewer.geometry.position_map import PositionMap
from viewer.model.case import Case, Phase
from viewer.model.review import Review
from viewer.model.study import Skipped
from viewer.session.session import Session, new_review
from viewer.session.state import Cursor, Selection, Severity, Tool


def test_an_empty_session_says_what_is_missing():
    session = Session()
    assert session.run is None
    assert session.pullback is None
    assert "venogram" in session.position.reason
    assert session.placing.axis() is None
    session.set_run_frame(3)
    session.set_pullback_frame(3)
    session.go_to_run_point((1.0, 1.0))
    session.undo()
    session.redo()
    assert session.cursor == Cursor()


def test_open_shows_the_first_run_and_pullback():
    session = session_of(run("a"), run("b"), pullback("p"))
    assert session.cursor == Cursor("a", 28, "p", 0)
    assert {ref.uid for ref in session.review.images} == {"a", "b", "p"}


def test_open_tells_everything_once():
    session = Session()
    heard = Heard(session)
    session.open_case(Case().with_sets(run(), pullback()), None)
    assert heard.take() == {
        "case_changed": 1, "review_changed": 1, "selection_changed": 1, "cursor_changed": 1,
        "link_changed": 1,
    }  # fmt: skip


def test_what_is_told_is_already_true():
    session = Session()
    seen: list[tuple[str | None, int]] = []

    def look() -> None:
        seen.append((session.cursor.run_uid, len(session.review.images)))

    session.case_changed.connect(look)
    session.open_case(Case().with_sets(run()), None)
    session.add_images((pullback(),))
    assert seen == [("run", 1), ("run", 2)]


def test_open_prefers_the_pair_that_is_tied():
    session = session_of(run("a"), run("b"), pullback("p"), pullback("q"))
    session.vessel.add_knot((10.0, 10.0))  # a line on the first run that ties nothing
    session.show("b")
    session.show("q")
    tie(session)
    again = Session()
    again.open_case(session.case, session.review)
    assert (again.cursor.run_uid, again.cursor.pullback_uid) == ("b", "q")
    assert isinstance(again.position, PositionMap)


def test_open_ends_what_was_under_way():
    session = tied_session()
    segment = draw_frames(session, 10, 30)
    session.arm(Tool.LANDMARK)
    session.vessel.place_pending((500.0, 300.0))
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment, "end", 60)
    session.open_case(Case().with_sets(run("other")), None)
    assert not session.in_gesture
    assert session.vessel.pending.point_px is None
    assert session.tool is Tool.SELECT
    assert not session.selection
    assert not session.history.can_undo
    assert session.review.empty


def test_added_images_fill_the_empty_pane_and_leave_the_other():
    session = session_of(run(frames=20))
    session.set_run_frame(3)
    heard = Heard(session)
    session.add_images((pullback(),))
    assert session.cursor == Cursor("run", 3, "pull", 0)
    assert heard.take() == {
        "case_changed": 1, "review_changed": 1, "cursor_changed": 1, "link_changed": 1
    }  # fmt: skip


def test_images_added_to_a_review_are_kept_with_it():
    session = session_of(run())
    labels: list[str] = []
    session.committed.connect(lambda _review, label: labels.append(label))
    session.add_images((pullback(),))  # nothing is said yet: nothing to keep
    session.vessel.add_knot((10.0, 10.0))
    session.add_images((run("late"),))
    assert labels == ["Add centerline point", "Add images"]
    assert session.history.labels == ("Add centerline point",)


def test_adding_what_is_there_tells_nothing():
    skipped = Skipped(Path("notes.txt"), "not a DICOM file")
    session = session_of(run(), pullback())
    session.add_images((), (skipped,))
    heard = Heard(session)
    session.add_images((run(), pullback()), (skipped,))
    assert heard.take() == {}
    assert session.case.skipped == (skipped,)


def test_adding_during_a_drag_leaves_no_trace_in_the_history():
    session = tied_session()
    segment = draw_frames(session, 10, 30)
    before = session.review
    session.begin("Move edge")
    session.segments.move_edge_to_frame(segment, "end", 60)
    session.add_images((run("late"),))
    session.abort()
    assert session.review.segments == before.segments
    assert {ref.uid for ref in session.review.images} == {"run", "pull", "late"}
    session.begin("Move edge")
    session.add_images((run("later"),))
    session.commit()
    assert session.history.undo_label == "Draw stenosis"


def test_undo_keeps_the_images_added_since():
    session = session_of(run())
    session.vessel.add_knot((10.0, 10.0))
    session.add_images((pullback(),))
    session.undo()
    assert {ref.uid for ref in session.review.images} == {"run", "pull"}
    assert session.cursor.pullback_uid == "pull"


def test_another_patient_is_held_and_told_loudly():
    session = session_of(run())
    heard = Heard(session)
    session.add_images((pullback(), run("other", patient=BERTA)))
    assert [item.uid for item in session.case.held] == ["other"]
    assert [item.uid for item in session.case.image_sets] == ["run", "pull"]
    (notice,) = heard.notices
    assert notice.severity is Severity.ERROR
    assert "1 series may be from another patient" in notice.text
    assert session.case.run("other") is None
    session.show("other")
    assert session.cursor.run_uid == "run"


def test_held_images_come_in_only_when_the_reader_says_so():
    session = session_of(run("a"))
    session.add_images((pullback(patient=BERTA),))
    assert session.pullback is None
    heard = Heard(session)
    session.accept_held()
    assert session.case.held == ()
    assert session.cursor.pullback_uid == "pull"
    assert {ref.uid for ref in session.review.images} == {"a", "pull"}
    assert heard.take()["case_changed"] == 1
    session.accept_held()
    session.leave_out_held()
    assert heard.take() == {}


def test_held_images_can_be_left_out():
    session = session_of(run())
    session.add_images((pullback(patient=BERTA),))
    session.leave_out_held()
    assert session.case.held == ()
    assert session.pullback is None
    assert [ref.uid for ref in session.review.images] == ["run"]


def test_missing_images_are_named_until_they_come():
    full = tied_session()
    session = Session()
    session.open_case(Case().with_sets(run()), full.review)
    (missing,) = session.missing_images()
    assert (missing.uid, missing.description, missing.frames) == ("pull", "L iliac pull", 100)
    session.add_images((pullback(),))
    assert session.missing_images() == ()
    assert isinstance(session.position, PositionMap)


def test_review_without_any_image_keeps_its_annotations():
    full = tied_session()
    on_pullback, on_run = draw_frames(full, 10, 30), "none"
    session = Session()
    session.open_case(Case(), full.review)
    assert len(session.missing_images()) == 2
    assert session.review.segments == full.review.segments
    segment = session.review.segment(on_pullback)
    assert segment is not None
    assert session.segments.frames_of(segment) is None
    assert session.segments.arcs_of(segment) is None
    session.segments.jump_to(on_pullback)
    assert session.selection == Selection("segment", on_pullback)
    session.segments.delete(on_run)
    session.segments.delete(on_pullback)
    session.undo()
    assert session.review.segments == full.review.segments
    session.add_images((run(), pullback()))
    assert session.segments.frames_of(segment) == (10, 30)


def test_images_that_come_later_decide_the_patient():
    session = Session()
    session.open_case(Case(), new_review("Reader A"))
    session.add_images((run(patient=ANNA), pullback(patient=BERTA)))
    assert session.case.patient == ANNA
    assert len(session.case.held) == 1


@pytest.mark.parametrize("number", [0, 2])
def test_a_phase_is_the_readers_word(number: int):
    session = session_of(run(), pullback())
    assert session.phases == {"run": Phase.INITIAL_VENOGRAM, "pull": Phase.INITIAL_IVUS}
    heard = Heard(session)
    session.set_phase("run", Phase.INITIAL_VENOGRAM)  # as guessed: nothing to say
    assert heard.take() == {}
    session.set_phase("run", Phase.THROMBECTOMY, number)
    session.set_phase("run", Phase.THROMBECTOMY, number)
    assert heard.take() == {"review_changed": 1, "committed": 1}
    assert session.phases["run"] is Phase.THROMBECTOMY
    assert session.phase_number("run") == number
    assert session.phase_number("pull") == 0
    session.undo()
    assert session.phases["run"] is Phase.INITIAL_VENOGRAM


def test_frame_rate_override_is_kept_in_the_review():
    session = session_of(run(rate_hz=None), pullback(rate_hz=30.0))
    item = session.case.find("run")
    assert item is not None
    assert session.timing(item).times_s is None
    heard = Heard(session)
    session.set_rate("run", 15.0)
    session.set_rate("pull", 20.0)
    session.set_rate("run", 15.0)
    assert heard.take() == {"review_changed": 2, "committed": 2}
    assert session.timing(item).rate_hz == pytest.approx(15.0)
    assert session.timing(item).source == "reader's override"
    again = Session()
    again.open_case(session.case, session.review)
    assert again.timing(item).rate_hz == pytest.approx(15.0)
    session.set_rate("run", None)
    assert session.timing(item).times_s is None
    session.set_rate("run", None)
    assert heard.take() == {"review_changed": 1, "committed": 1}


@pytest.mark.parametrize("rate_hz", [0.0, -3.0, 1e6, float("nan")])
def test_an_impossible_frame_rate_is_refused_with_words(rate_hz: float):
    session = session_of(run())
    heard = Heard(session)
    session.set_rate("run", rate_hz)
    assert session.review.empty
    (notice,) = heard.warnings
    assert "can't be right" in notice.text
    assert "0.01" in notice.hint


def test_rate_override_moves_the_positions_of_a_motor_pullback():
    session = session_of(run(), motor())
    tie_line = session.vessel.add_knot
    for knot in ((500.0, 100.0), (500.0, 900.0)):
        tie_line(knot)
    before = session.position
    assert isinstance(before, PositionMap)
    session.set_rate("pull", 15.0)
    after = session.position
    assert isinstance(after, PositionMap)
    assert after.arc[50] == pytest.approx(2 * before.arc[50])


def test_same_images_with_another_scale_are_placed_anew():
    session = tied_session()
    review: Review = session.review
    before = session.position_map
    assert before is not None
    finer = Case().with_sets(run(mm_per_px=0.125), pullback())
    session.open_case(finer, review)
    after = session.position_map
    assert after is not None
    assert after.arc[50] == pytest.approx(before.arc[50] / 2)


def test_positions_are_made_once_for_what_they_rest_on():
    session = tied_session()
    first = session.position
    session.set_pullback_frame(7)
    session.select(Selection())
    draw_frames(session, 3, 9)
    assert session.position is first
    assert place(session, 70, 0.7, "Mine")
    assert session.position is not first
    session.undo()
    assert session.position is first


def test_a_review_of_the_same_case_is_a_new_document():
    first, second = new_review("A", "t"), new_review("A", "t")
    assert first.id != second.id
    assert first.reader == "A"
    assert first.program.startswith("Caval ")
    assert replace(first, id=second.id).empty


def test_the_patient_of_most_series_owns_the_case() -> None:
    case = Case().with_sets(
        replace(run("early"), patient=BERTA),
        replace(run("xa"), patient=ANNA),
        replace(pullback("us"), patient=ANNA),
    )
    assert case.patient == ANNA
    assert [item.uid for item in case.held] == ["early"]


def test_images_a_reader_added_with_a_reason_are_there_again() -> None:
    sets = (replace(run("xa"), patient=ANNA), replace(pullback("us"), patient=BERTA))
    first = session_of(*sets)
    assert [item.uid for item in first.case.held] == ["us"]
    first.accept_held()
    again = Session("Reader A")
    again.open_case(Case().with_sets(*sets), first.review)
    assert again.case.held == ()
    assert again.pullback is not None
    stranger = Session("Reader B")
    stranger.open_case(Case().with_sets(*sets), None)
    assert [item.uid for item in stranger.case.held] == ["us"]
