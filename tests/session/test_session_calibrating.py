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
    assert state.text == "0.250 mm/px ± 2.5 %"
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
    session.calibrating.set_filling(Filling.SALINE)
    session.calibrating.add_point(2, (85.0, 100.0), pixels.astype(np.uint16))
    session.calibrating.add_point(2, (115.0, 100.0), pixels.astype(np.uint16))
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
