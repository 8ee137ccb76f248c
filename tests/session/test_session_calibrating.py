"""Calibrating by hand: every length follows at once, and undo takes it back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from session_samples import Heard, SmallCase, draw_along, pullback, run, session_of, tie

from viewer.dicom.frames import open_frames
from viewer.model.annotation import Caliper
from viewer.model.reader_calibration import CalibrationMethod, Filling
from viewer.session import contents, facts, stretches
from viewer.session.guidance import advice_for
from viewer.session.review_changes import differences
from viewer.session.session import Session
from viewer.session.tied_pairs import pairs_of
from viewer.store import review_file

PIXELS = np.zeros((1024, 1024), np.uint16)


def by_distance(session: Session, mm: float, px: float = 400.0, uid: str = "run") -> bool:
    """Calibrate on a distance, as a reader does."""
    calibrating = session.calibrating
    assert calibrating.begin(uid, CalibrationMethod.DISTANCE)
    calibrating.add_point(4, (100.0, 50.0), PIXELS)
    calibrating.add_point(4, (100.0 + px, 50.0), PIXELS)
    calibrating.set_size(mm)
    return calibrating.accept()


def everything_in_mm(session: Session) -> list[float]:
    """One figure of every part of the session that speaks in mm of the run."""
    position, (segment,) = session.position_map, session.review.segments
    (caliper,) = session.review.measurements
    stretch, (pair, *_) = stretches.stretch_of(session, segment), pairs_of(session)
    axis = session.placing.vein_axis
    assert position is not None
    assert stretch is not None
    assert stretch.arc is not None
    assert axis is not None
    place = session.placing.place_of_arc(300.0)
    length = facts.measurement_value(session, caliper)
    at = pair.place_mm(300.0)
    assert place is not None
    assert at is not None
    assert (position.unit, axis.unit, pair.unit, length.unit) == ("mm",) * 4
    return [
        float(position.arc[90] - position.arc[10]),
        stretch.arc[1] - stretch.arc[0],
        stretch.length.value,
        place,
        at,
        length.value,
    ]


@pytest.fixture
def session() -> Session:
    session = tie(session_of(run(), pullback()))
    draw_along(session, 0.2, 0.6)
    caliper = Caliper("c", "run", 3, (0.0, 0.0), (40.0, 0.0))
    session.edit("Measure", session.review.with_measurement(caliper))
    return session


def test_every_length_follows_and_undo_takes_it_back(session: Session) -> None:
    before = everything_in_mm(session)
    assert by_distance(session, 200.0)
    scale = session.calibration(session.run)
    assert scale.mm_per_px == 0.5
    assert "known distance" in scale.validity
    np.testing.assert_allclose(everything_in_mm(session), np.multiply(before, 2.0), rtol=1e-9)
    session.undo()
    assert everything_in_mm(session) == pytest.approx(before)
    session.redo()
    np.testing.assert_allclose(everything_in_mm(session), np.multiply(before, 2.0), rtol=1e-9)
    session.calibrating.remove("run")
    assert everything_in_mm(session) == pytest.approx(before)


def test_px_turn_into_mm_everywhere() -> None:
    session = tie(session_of(run(mm_per_px=None), pullback()))
    assert session.position_map is not None
    assert session.position_map.unit == "px"
    advice = advice_for(session)
    assert advice is not None
    assert advice.what == "No calibration."
    assert "px only" in str(contents.groups(session))
    assert by_distance(session, 100.0)
    assert session.position_map.unit == "mm"
    assert advice_for(session) is None
    assert "px only" not in str(contents.groups(session))
    fact = next(f for f in facts.how_measured(session) if f.name == "XA scale")
    assert fact.text.startswith("0.250 mm/px")
    assert "known distance of 100 mm, frame 5" in fact.tip


def test_an_uncalibrated_image_says_how_to_calibrate() -> None:
    session = session_of(run(mm_per_px=None))
    fact = next(f for f in facts.how_measured(session) if f.name == "XA scale")
    assert "marker catheter" in fact.tip


def test_step_by_step(session: Session) -> None:
    heard, calibrating = Heard(session), session.calibrating
    assert calibrating.state is None
    calibrating.add_point(0, (1.0, 1.0), PIXELS)
    assert not calibrating.accept()
    assert calibrating.begin("run", CalibrationMethod.DISTANCE)
    assert calibrating.state is not None
    assert "one end" in calibrating.state.prompt
    calibrating.add_point(0, (10.0, 10.0), PIXELS)
    assert "other end" in calibrating.state.prompt
    calibrating.add_point(0, (10.0, 110.0), PIXELS)
    assert "distance in mm" in calibrating.state.prompt
    assert not calibrating.state.can_accept
    calibrating.set_size(0.0)
    assert "can't be" in calibrating.state.problem
    calibrating.set_size(25.0)
    state = calibrating.state
    assert state.text == "0.250 mm/px ± 3.4 %"
    assert "Holds at the depth" in state.detail
    assert not state.warning
    calibrating.move_point(1, (10.0, 60.0))
    assert calibrating.state.text.startswith("0.500")
    assert "50 % off" in calibrating.state.warning
    calibrating.remove_last_point()
    assert not calibrating.state.can_accept
    calibrating.add_point(1, (5.0, 5.0), PIXELS)
    assert calibrating.state.clicks_px == ((5.0, 5.0),)
    calibrating.cancel()
    assert calibrating.state is None
    assert heard.take() == {"pending_changed": 9}
    assert session.review.calibrations == ()


def test_pixels_that_are_not_square_are_not_calibrated() -> None:
    item = run()
    session = session_of(replace(item, pixels=replace(item.pixels, aspect=1.2)))
    heard = Heard(session)
    assert not session.calibrating.begin("run", CalibrationMethod.DISTANCE)
    assert "not square" in heard.warnings[0].hint
    assert not session.calibrating.begin("gone", CalibrationMethod.DISTANCE)


def test_another_case_gives_it_up(session: Session) -> None:
    session.calibrating.begin("run", CalibrationMethod.CATHETER)
    session.open_case(session.case, None)
    assert not session.calibrating.active


def test_a_catheter_of_known_size() -> None:
    session = session_of(run())
    pixels = np.full((200, 200), 2000.0)
    x = np.arange(200) - 100.0
    pixels -= gaussian_filter1d(60 * np.sqrt(np.maximum(5.0**2 - x**2, 0)), 0.9)
    session.calibrating.begin("run", CalibrationMethod.CATHETER)
    session.calibrating.set_size(6.0)
    session.calibrating.add_point(2, (85.0, 100.0), pixels.astype(np.uint16))
    session.calibrating.add_point(2, (115.0, 100.0), pixels.astype(np.uint16))
    state = session.calibrating.state
    assert state is not None
    assert "filled" in state.unanswered
    assert not state.can_accept
    assert not session.calibrating.accept()  # which edges are measured depends on it
    session.calibrating.set_filling(Filling.SALINE)
    state = session.calibrating.state
    assert state is not None
    assert len(state.found_px) == 2
    assert "filling 7.8 %" in state.detail
    assert session.calibrating.accept()
    (made,) = session.review.calibrations
    assert made.mm_per_px == pytest.approx(0.2, rel=0.06)
    assert made.filling is Filling.SALINE
    assert "6 F, filled with saline" in facts.calibration_detail(made)


def test_a_marker_catheter_of_a_synthetic_run(small_case: SmallCase) -> None:
    session = Session()
    session.open_case(small_case.case, None)
    truth = small_case.truth["runs"][0]
    item = small_case.case.find(truth["sop_instance_uid"])
    assert item is not None
    frames = open_frames(item)
    marks = truth["markers"]["xy_px"]
    session.calibrating.begin(item.uid, CalibrationMethod.MARKERS)
    session.calibrating.add_point(0, tuple(marks[0]), frames.frame(0))
    session.calibrating.add_point(0, tuple(marks[-1]), frames.frame(0))
    frames.close()
    state = session.calibrating.state
    assert state is not None
    assert len(state.found_px) >= 13
    assert "Residual" in state.detail
    assert session.calibrating.accept()
    made = session.review.calibration_of(item.uid)
    assert made is not None
    assert made.mm_per_px == pytest.approx(
        truth["mm_per_px"]["vein_mean"], rel=2 * made.uncertainty
    )


def test_it_is_kept_in_the_file_and_told_in_differences(session: Session) -> None:
    before = session.review
    by_distance(session, 200.0)
    again = review_file.load(review_file.dump(session.review), "a.caval.json")
    assert again == session.review
    assert differences(before, again) == ("Calibration of Run run: added",)
    by_distance(session, 150.0)
    (line,) = differences(again, session.review)
    assert line.startswith("Calibration of Run run: changed (")
    assert len(session.review.calibrations) == 1


def test_a_review_written_before_there_were_calibrations_opens(session: Session) -> None:
    document = json.loads(review_file.dump(session.review))
    del document["calibrations"]
    again = review_file.load(json.dumps(document).encode(), "a.caval.json")
    assert again == session.review
    assert again.calibrations == ()


def test_a_region_of_the_header_still_bounds_the_readers_scale() -> None:
    item = pullback()
    region = (0.0, 0.0, 99.0, 99.0)
    item = replace(item, calibration=replace(item.calibration, region_px=region))
    session = session_of(item)
    assert by_distance(session, 10.0, 50.0, "pull")
    assert session.calibration(session.pullback).region_px == region


def test_clicks_are_taken_back_and_made_again_before_the_review(session: Session) -> None:
    calibrating = session.calibrating
    calibrating.begin("run", CalibrationMethod.DISTANCE)
    assert not calibrating.can_undo
    assert not calibrating.undo()
    calibrating.add_point(4, (10.0, 10.0), PIXELS)
    calibrating.add_point(4, (10.0, 110.0), PIXELS)
    calibrating.move_point(1, (10.0, 90.0), settled=False)
    calibrating.move_point(1, (10.0, 60.0), settled=False)
    calibrating.move_point(1, (10.0, 50.0))
    calibrating.set_size(10.0)
    assert calibrating.state is not None
    assert calibrating.state.text.startswith("0.250")
    session.set_run_frame(9)
    assert calibrating.undo()  # the whole drag
    assert session.cursor.run_frame == 4
    assert calibrating.state.text.startswith("0.100")
    assert calibrating.undo()
    assert calibrating.state.clicks_px == ((10.0, 10.0),)
    assert calibrating.redo()
    assert calibrating.redo()
    assert calibrating.state.text.startswith("0.250")
    assert not calibrating.redo()
    for _ in range(3):
        assert calibrating.undo()
    assert not calibrating.can_undo
    assert session.review.calibrations == ()


def test_escape_takes_a_drag_back_then_the_clicks(session: Session) -> None:
    calibrating = session.calibrating
    calibrating.begin("run", CalibrationMethod.DISTANCE)
    assert not calibrating.cancel_stroke()
    calibrating.add_point(0, (10.0, 10.0), PIXELS)
    calibrating.add_point(0, (20.0, 10.0), PIXELS, settled=False)
    calibrating.move_point(1, (90.0, 10.0), settled=False)
    stroke = calibrating.stroke
    assert calibrating.cancel_stroke()
    assert calibrating.stroke != stroke
    assert calibrating.state is not None
    assert calibrating.state.clicks_px == ((10.0, 10.0),)
    assert calibrating.cancel_stroke()
    assert calibrating.state.clicks_px == ()
    assert not calibrating.cancel_stroke()
    assert calibrating.undo()
    assert calibrating.state.clicks_px == ((10.0, 10.0),)


GEOMETRY = {
    "sid_mm": 1100.0,
    "sod_mm": 720.0,
    "imager_spacing_mm": (0.308, 0.308),
    "primary_angle_deg": 0.0,
    "secondary_angle_deg": 0.0,
    "table_height_mm": 900.0,
}


def several_runs() -> Session:
    """Three runs of one geometry, and two of others."""
    return session_of(
        run("run", **GEOMETRY),
        run("twin", **GEOMETRY),
        run("tilted", **{**GEOMETRY, "primary_angle_deg": 3.0}),
        run("oblique", **{**GEOMETRY, "primary_angle_deg": 30.0}),
        run("raised", **{**GEOMETRY, "table_height_mm": 860.0}),
        pullback(),
    )


def test_a_calibration_is_used_on_runs_of_the_same_geometry() -> None:
    session = several_runs()
    carry = session.calibrating.carry
    assert carry.offer() is None
    assert "calibrated by hand" in carry.why_not()
    assert by_distance(session, 100.0)
    offer = carry.offer()
    assert offer is not None
    assert [item.uid for item in offer.ready] == ["twin", "tilted"]
    advice = advice_for(session)
    assert advice is not None
    assert advice.what == "Also use on Run twin and Run tilted, same geometry."
    assert "not on run oblique: the views differ by 30°" in advice.more.lower()
    assert "the table stood 40 mm higher or lower" in advice.more
    assert advice.action_id == "calibrate.carry"
    before = session.review
    assert carry.use()
    own, twin = (session.review.calibration_of(uid) for uid in ("run", "twin"))
    assert own is not None
    assert twin is not None
    assert twin.mm_per_px == own.mm_per_px
    assert twin.uncertainty == pytest.approx(np.hypot(own.uncertainty, 10 / 720))
    assert twin.carried_from == "run"
    assert "carried over from Run run, same geometry" in twin.validity
    assert session.review.calibration_of("oblique") is None
    assert "same geometry" not in str(advice_for(session))
    assert "needs another run of the same geometry" in carry.why_not()
    assert not carry.use()
    session.show("twin")
    assert carry.offer() is None  # not carried on from a carried one
    fact = next(f for f in facts.how_measured(session) if f.name == "XA scale")
    assert "carried over from Run run" in fact.text
    assert "of the run it was made on" in fact.tip
    again = review_file.load(review_file.dump(session.review), "a.caval.json")
    assert again == session.review
    session.undo()
    assert session.review.calibrations == before.calibrations


def test_a_runs_own_calibration_is_not_replaced_and_a_carried_one_is_renewed() -> None:
    session = several_runs()
    assert by_distance(session, 120.0, uid="twin")
    session.show("run")
    assert by_distance(session, 100.0)
    carry = session.calibrating.carry
    offer = carry.offer()
    assert offer is not None
    assert [item.uid for item in offer.ready] == ["tilted"]
    assert "a calibration of its own" in offer.refused_text
    assert carry.use()
    assert by_distance(session, 110.0)
    assert carry.use()
    tilted = session.review.calibration_of("tilted")
    assert tilted is not None
    assert tilted.mm_per_px == pytest.approx(110.0 / 400)


def test_the_facts_say_for_which_plane_an_estimate_is_and_how_to_calibrate() -> None:
    item = run("run", **GEOMETRY)
    scale = replace(item.calibration, validity="at the isocentre, 720 mm from the source")
    session = session_of(replace(item, calibration=scale), pullback())
    fact = next(f for f in facts.how_measured(session) if f.name == "XA scale")
    assert (
        fact.text == "0.250 mm/px ± 7 % · SOD/SID\nHolds at the isocentre, 720 mm from the source"
    )
    assert (
        "not for the vein's: 50 mm nearer to the detector or the source it is 7 % off" in fact.tip
    )
    assert "table height (900 mm) is not used" in fact.tip
    bare = session_of(run(mm_per_px=None))
    fact = next(f for f in facts.how_measured(bare) if f.name == "XA scale")
    assert fact.calibrates == "run"
    assert "Calibrate on a marker catheter" in fact.text
    bare.calibrating.arm_on(bare.case.runs[0])
    assert bare.calibrating.image_uid == "run"


def test_arming_on_the_pullback_calibrates_the_pullback(session: Session) -> None:
    item = session.pullback
    assert item is not None
    session.calibrating.arm_on(item)
    assert session.calibrating.image_uid == item.uid
    assert session.calibrating.methods == (CalibrationMethod.DISTANCE,)


def test_a_caliper_that_leaves_the_region_is_in_px_whoever_set_the_scale() -> None:
    item = pullback()
    region = (0.0, 0.0, 99.0, 99.0)
    session = session_of(replace(item, calibration=replace(item.calibration, region_px=region)))
    inside = Caliper("a", "pull", 0, (10.0, 10.0), (60.0, 10.0))
    across = Caliper("b", "pull", 0, (10.0, 10.0), (160.0, 10.0))
    for _ in range(2):
        assert facts.measurement_value(session, inside).unit == "mm"
        value = facts.measurement_value(session, across)
        assert (value.unit, value.value) == ("px", 150.0)
        assert "outside the part" in value.source
        by_distance(session, 10.0, 50.0, "pull")


def test_a_bad_frame_time_is_told_where_the_rate_is_asked_for() -> None:
    bad = "Frame Time is '0', which can't be a time in ms; not used."
    session = session_of(run(rate_hz=None, warnings=(bad, "Something else.")))
    (item,) = session.case.runs
    assert facts.rate_reasons(session, item) == (bad,)
    fact = next(f for f in facts.how_measured(session) if f.name == "XA timing")
    assert bad in fact.tip
    heard = Heard(session)
    session.set_rate("run", 7.5)
    assert facts.rate_reasons(session, item)[1] == "In force now: 7.5 frames/s, reader's override."
    assert heard.notices[-1].text == "Frame rate set to 7.5 frames/s; kept in the review"
    assert heard.notices[-1].undoable
    again = review_file.load(review_file.dump(session.review), "a.caval.json")
    assert again.rate_of("run") == 7.5
    session.undo()
    assert session.timing(item).times_s is None
