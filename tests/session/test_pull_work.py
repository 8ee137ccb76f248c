"""Evidence gathered beside the window: what is waited for, what holds meanwhile, a fluoroscopy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from session_samples import ANNA, KNOTS, pullback, run

from viewer.geometry.polyline import spline_through
from viewer.geometry.position_map import PositionMap
from viewer.model.case import Case
from viewer.model.coregistration import SyncMode
from viewer.session.frame_loader import FrameLoader
from viewer.session.pull_speed import speed_reading
from viewer.session.pull_work import PullWork
from viewer.session.session import Session
from viewer.session.tie_words import quality_notes, suggestion

START = datetime(2026, 3, 1, 10, 22, 0)
FLUORO_FRAMES, PULL_FRAMES = 60, 100
OFFSET_S = 0.5


class Pictures:
    """Frames of a made-up case: on the fluoroscopy a dark dot runs along the vein."""

    decoder = "made up"

    def __init__(self, item) -> None:
        self.item = item
        self.shape = (item.rows, item.columns)
        self.dtype = np.dtype(np.uint16)

    def frame(self, index: int) -> np.ndarray:
        rng = np.random.default_rng(index)
        rows, columns = self.shape
        ground = rng.normal(2000, 12, (rows, columns))
        if self.item.uid == "fluoro":
            curve = spline_through(KNOTS)
            seconds = index * 0.06 - OFFSET_S
            x, y = curve.at(np.clip(seconds / 3.3, 0, 1) * curve.length_px)
            down, right = np.ogrid[:rows, :columns]
            ground -= 500 * np.exp(-((right - x) ** 2 + (down - y) ** 2) / (2 * 4.0**2))
        elif self.item.uid == "later" and 2 <= index <= 5:  # contrast fills the vein
            x, y = spline_through(KNOTS).points_px.T
            middle = np.interp(np.arange(rows), y, x)[:, None]
            near = np.abs(np.arange(columns)[None] - middle) < 18
            ground = np.where(near, 0.6 * ground, ground)
        return ground.astype(np.uint16)

    def overlay(self, index: int) -> None:
        return None

    def close(self) -> None:
        return None


class Office:
    """A session, a loader and a main thread turned by hand."""

    def __init__(self, *runs) -> None:
        self.posts: list[Callable[[], None]] = []
        self.session = Session()
        self.loader = FrameLoader(Pictures, self.posts.append, 300 * 2**20)
        self.session.pulls = self.pulls = PullWork(self.session, self.loader)
        begun = START + timedelta(seconds=OFFSET_S)
        pull = replace(pullback(frames=PULL_FRAMES), acquired_at=begun)
        self.session.open_case(Case().with_sets(*runs, pull), None)
        self.session.show("run")
        for knot in KNOTS:
            self.session.vessel.add_knot(knot)

    def wait(self, ready: Callable[[], object]) -> None:
        until = time.monotonic() + 30.0
        while not ready():
            while self.posts:
                self.posts.pop(0)()
            time.sleep(0.002)
            assert time.monotonic() < until, "waited too long"


@pytest.fixture
def office() -> Iterator[Office]:
    fluoro = replace(run("fluoro", frames=FLUORO_FRAMES, rate_hz=1 / 0.06), acquired_at=START)
    later = replace(run("later", frames=8), acquired_at=START + timedelta(minutes=5))
    made = Office(run("run"), later, fluoro)
    yield made
    made.loader.close()


def place(session: Session, share: float, frame: int) -> bool:
    line = session.current_polyline
    x, y = line.at(share * line.length_px)
    session.set_pullback_frame(frame)
    session.vessel.place_pending((float(x), float(y)))
    return session.vessel.accept_pending()


def test_without_a_window_landmarks_alone_place_the_frames(office: Office) -> None:
    session = office.session
    assert place(session, 0.05, 0)
    assert place(session, 0.95, 99)
    position = session.position_map
    assert position is not None
    assert position.mode == "landmarks"
    reading = speed_reading(session)
    assert reading is not None
    assert reading.image is None
    assert len(reading.steps) == 1
    assert reading.constant == pytest.approx(
        (position.arc[-1] - position.arc[0]) / reading.x[-1], rel=1e-6
    )
    assert reading.half_band is not None
    assert reading.before is None


def test_runs_made_during_the_pullback_come_first(office: Office) -> None:
    found = office.pulls.fluoro.candidates()
    assert [item.run.uid for item in found] == ["fluoro", "later"]
    assert [item.overlaps for item in found] == [True, False]


def test_the_transducer_is_followed_and_the_clock_can_be_moved(office: Office) -> None:
    session, fluoro = office.session, office.pulls.fluoro
    fluoro.choose("fluoro")
    assert "Following" in office.pulls.status
    office.wait(lambda: not fluoro.status)
    assert fluoro.problem == ""
    way = fluoro.way_px
    assert way is not None
    line = session.current_polyline
    _, off = line.project((float(way[10, 0]), float(way[10, 1])))
    assert off < 1.0
    basis = session.basis_for(session.run, session.pullback)
    path = fluoro.tracked(basis, None)
    assert path is not None
    truth = np.clip(path.times_s / 3.3, 0, 1) * line.length_px
    assert np.median(np.abs(path.arc_px - truth)) < 12.0
    assert fluoro.tracked(basis, None) is path
    fluoro.set_offset(1.25)
    moved = fluoro.tracked(session.basis_for(session.run, session.pullback), None)
    assert moved is not None
    assert fluoro.offset.seconds == 1.25
    gaps = path.times_s - moved.times_s
    assert np.ptp(gaps) < 1e-9
    session.undo()
    assert session.vessel.current_tie().clock_offset_s is None


def test_a_venogram_is_not_used_as_the_fluoroscopy(office: Office) -> None:
    fluoro = office.pulls.fluoro
    fluoro.choose("later")
    office.wait(lambda: not fluoro.status)
    assert "it is a venogram, and not used" in fluoro.problem
    session = office.session
    assert fluoro.tracked(session.basis_for(session.run, session.pullback), None) is None


def test_a_mark_on_the_fluoroscopy_belongs_to_the_run_with_the_vein(office: Office) -> None:
    session, fluoro = office.session, office.pulls.fluoro
    fluoro.choose("fluoro")
    fluoro.begin_marking()
    assert session.cursor.run_uid == "fluoro"
    session.set_run_frame(30)
    fluoro.place_mark((505.0, 400.0))
    assert session.cursor.run_uid == "run"
    assert not fluoro.is_marking
    marks = session.vessel.current_tie().transducer
    assert [(mark.frame, mark.point_px) for mark in marks] == [(30, (505.0, 400.0))]
    fluoro.begin_marking()
    assert fluoro.end_marking()
    assert session.cursor.run_uid == "run"
    assert not fluoro.end_marking()
    fluoro.clear_marks()
    assert session.vessel.current_tie().transducer == ()
    office.wait(lambda: not fluoro.status)


def test_following_can_be_cancelled_and_begins_again_when_asked(office: Office) -> None:
    fluoro = office.pulls.fluoro
    fluoro.choose("fluoro")
    assert fluoro.status
    fluoro.cancel()
    assert fluoro.status == ""
    fluoro.follow()
    assert fluoro.status == ""
    fluoro.choose(None)
    fluoro.choose("fluoro")
    assert fluoro.status
    office.wait(lambda: not fluoro.status)


def test_the_next_landmark_is_where_it_is_least_sure(office: Office) -> None:
    session = office.session
    first = suggestion(session)
    assert first is not None
    assert "most central" in first.title
    place(session, 0.05, 0)
    one = suggestion(session)
    assert one is not None
    assert "far from the first" in one.title
    assert session.position_map is None  # a single landmark, and nothing else is known
    place(session, 0.40, 40)
    place(session, 0.95, 99)
    found = suggestion(session)
    assert found is not None
    assert 40 < found.frame < 99
    assert found.title == "Anything between frames 41 and 100"
    assert "Would bring" in found.text
    assert quality_notes(session)[0] == (
        "ok", "Order is consistent. No pause or reversal found."
    )  # fmt: skip


def test_no_scale_is_told_in_px() -> None:
    made = Office(run("run", mm_per_px=None))
    try:
        place(made.session, 0.05, 0)
        place(made.session, 0.95, 99)
        reading = speed_reading(made.session)
        assert reading is not None
        assert (reading.unit, reading.length_unit) == ("px/s", "px")
    finally:
        made.loader.close()


def test_a_pull_longer_than_the_vein_shows_its_overhang(office: Office) -> None:
    session = office.session
    place(session, 0.3, 30)
    place(session, 0.9, 60)
    position = session.position_map
    assert position is not None
    assert position.overhang[-1] > 0
    assert any("beyond the ends" in text for _, text in quality_notes(session))


def test_a_model_that_waits_for_evidence_keeps_the_last_positions(office: Office) -> None:
    session = office.session
    place(session, 0.05, 0)
    place(session, 0.95, 99)
    before = session.position_map
    assert isinstance(before, PositionMap)
    tie = replace(session.vessel.current_tie(), mode=SyncMode.TRACKED)
    assert office.pulls.foretell(tie) is not None  # known at once: nothing else to wait for
    session.vessel.set_mode(SyncMode.TRACKED)
    assert not isinstance(session.position, PositionMap)
    assert "fluoroscopy" in session.position.reason.lower()
    assert session.review.coregistrations[0].landmarks[0].frame == 0
    assert session.case.patient == ANNA
