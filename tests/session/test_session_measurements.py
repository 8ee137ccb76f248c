"""Calipers, ellipses and key frames."""

from __future__ import annotations

from dataclasses import replace

import pytest
from session_samples import Heard, pullback, run, session_of

from viewer.model.annotation import Caliper, Ellipse
from viewer.session import facts
from viewer.session.measure_edits import moved_caliper
from viewer.session.session import Session
from viewer.session.state import Selection


def draw_caliper(session: Session, uid: str = "run", frame: int = 3) -> Caliper:
    for x in (11.0, 20.0, 40.0):
        session.measures.draw_caliper(uid, frame, (10.0, 10.0), (x, 50.0))
    session.measures.finish_drawing()
    drawn = session.review.measurements[-1]
    assert isinstance(drawn, Caliper)
    return drawn


def draw_ellipse(session: Session, uid: str = "pull", frame: int = 3) -> Ellipse:
    session.measures.draw_ellipse(uid, frame, (60.0, 80.0), (40.0, 70.0))
    session.measures.draw_ellipse(uid, frame, (60.0, 80.0), (20.0, 20.0))
    session.measures.finish_drawing()
    drawn = session.review.measurements[-1]
    assert isinstance(drawn, Ellipse)
    return drawn


def test_a_caliper_is_drawn_as_one_step():
    session = session_of(run(), pullback())
    heard = Heard(session)
    drawn = draw_caliper(session)
    assert (drawn.start_px, drawn.end_px, drawn.frame) == ((10.0, 10.0), (40.0, 50.0), 3)
    assert heard.take() == {"review_changed": 4, "committed": 1, "selection_changed": 1}
    assert heard.notices[-1].text == "Length measured on frame 4"
    assert session.selection == Selection("measurement", drawn.id)
    session.undo()
    assert session.review.measurements == ()
    assert not session.selection


def test_an_ellipse_fills_its_box_whichever_way_it_is_drawn():
    session = session_of(run(), pullback())
    drawn = draw_ellipse(session)
    assert drawn.center_px == (40.0, 50.0)
    assert drawn.semi_axes_px == (20.0, 30.0)


def test_lengths_and_areas_in_mm_or_px():
    session = session_of(run(mm_per_px=None), pullback())
    length = facts.measurement_value(session, draw_caliper(session))
    assert (length.unit, length.value) == ("px", pytest.approx(50.0))
    area = facts.measurement_value(session, draw_ellipse(session))
    assert area.unit == "mm²"
    assert area.value == pytest.approx(3.14159 * 20 * 30 * 0.01, rel=1e-4)
    scaled = session_of(run(mm_per_px=0.25))
    length = facts.measurement_value(scaled, draw_caliper(scaled))
    assert (length.unit, length.value) == ("mm", pytest.approx(12.5))


@pytest.mark.parametrize("to_px", [(10.0, 10.0), (11.0, 10.5)])
def test_a_click_measures_nothing(to_px: tuple[float, float]):
    session = session_of(run())
    before = session.review
    session.measures.finish_drawing()
    session.measures.draw_caliper("run", 0, (10.0, 10.0), to_px)
    session.measures.finish_drawing()
    session.measures.draw_ellipse("run", 0, (10.0, 10.0), to_px)
    session.measures.finish_drawing()
    assert session.review == before
    assert not session.in_gesture
    assert not session.history.can_undo


def test_a_sliver_is_no_area():
    session = session_of(run())
    session.measures.draw_ellipse("run", 0, (10.0, 10.0), (90.0, 11.0))
    session.measures.finish_drawing()
    assert session.review.measurements == ()


def test_a_click_after_a_measurement_leaves_that_alone():
    session = session_of(run())
    draw_caliper(session)
    session.select(Selection())
    heard = Heard(session)
    session.measures.finish_drawing()
    assert heard.take() == {}


def test_escape_gives_the_stroke_up_for_good():
    session = session_of(run())
    session.measures.draw_caliper("run", 0, (10.0, 10.0), (60.0, 10.0))
    session.abort()
    session.measures.draw_caliper("run", 0, (10.0, 10.0), (90.0, 10.0))
    session.measures.finish_drawing()
    assert session.review.measurements == ()
    draw_caliper(session)
    assert len(session.review.measurements) == 1


def test_a_measurement_is_reshaped_as_one_step():
    session = session_of(run())
    drawn = draw_caliper(session)
    session.begin("Change measurement")
    for x in (50.0, 70.0):
        session.measures.change(moved_caliper(drawn, "end", (x, 50.0)))
    session.measures.change(moved_caliper(replace(drawn, end_px=(70.0, 50.0)), "start", (1.0, 2.0)))
    session.commit()
    assert session.review.measurements[0].start_px == (1.0, 2.0)  # type: ignore[union-attr]
    assert session.review.measurements[0].end_px == (70.0, 50.0)  # type: ignore[union-attr]
    session.undo()
    assert session.review.measurements == (drawn,)
    session.measures.change(moved_caliper(drawn, "end", (99.0, 50.0)))
    assert session.review.measurements == (drawn,)


def test_measurements_are_found_by_image_and_frame():
    session = session_of(run(), pullback())
    on_run, on_pullback = draw_caliper(session), draw_ellipse(session)
    assert session.measures.of_frame("run", 3) == (on_run,)
    assert session.measures.of_frame("pull", 3) == (on_pullback,)
    assert session.measures.of_frame("run", 4) == ()
    assert session.measures.of_frame(None, 3) == ()


def test_jump_and_delete():
    session = session_of(run("a"), run("b"), pullback())
    drawn = draw_caliper(session, "b", 17)
    session.show("a")
    heard = Heard(session)
    session.measures.jump_to(drawn.id)
    assert (session.cursor.run_uid, session.cursor.run_frame) == ("b", 17)
    assert heard.take()["cursor_changed"] == 1
    session.measures.delete(drawn.id)
    session.measures.delete(drawn.id)
    session.measures.jump_to(drawn.id)
    assert session.review.measurements == ()
    assert not session.selection
    assert heard.notices[-1].text == "Caliper deleted"
    session.undo()
    assert session.review.measurements == (drawn,)


def test_a_key_frame_is_toggled():
    session = session_of(run(), pullback())
    session.measures.toggle_bookmark("pull", 7)
    (mark,) = session.review.bookmarks
    session.select(Selection("bookmark", mark.id))
    assert session.selection
    session.measures.toggle_bookmark("pull", 7)
    assert session.review.bookmarks == ()
    assert not session.selection
    session.undo()
    assert session.review.bookmarks == (mark,)
    assert session.history.labels == ("Add key frame",)
