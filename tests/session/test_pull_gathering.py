"""Positions by all evidence without a window: what tables and pictures of a review rest on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from export_samples import Sample, make_sample

from viewer.geometry.position_map import PositionMap
from viewer.model.coregistration import SyncMode
from viewer.session.export_rows import tables_of
from viewer.session.exporting import second_session
from viewer.session.pull_gathering import gather_positions
from viewer.session.session import Session
from viewer.session.tied_pairs import pairs_of


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make_sample(tmp_path_factory.mktemp("case"))


def in_mode(
    sample: Sample, mode: SyncMode, rate_mm_s: float | None = None, landmarks: int = 9
) -> Session:
    session = sample.session()
    review = session.review
    for tie in review.coregistrations:
        marks = tie.landmarks[:landmarks]
        changed = replace(tie, mode=mode, rate_mm_s=rate_mm_s, landmarks=marks)
        review = review.with_coregistration(changed)
    session.open_case(session.case, review)
    return session


@pytest.mark.parametrize("mode", [SyncMode.PROFILE, SyncMode.AUTO])
def test_pairs_are_placed_by_their_pictures_without_a_window(
    sample: Sample, mode: SyncMode
) -> None:
    session = in_mode(sample, mode)
    before = [pair.position for pair in pairs_of(session)]
    gather_positions(session)
    assert session.placed
    for pair, alone in zip(pairs_of(session), before, strict=True):
        assert isinstance(pair.position, PositionMap)
        assert pair.position.mode == mode.value
        assert pair.position.profiles is not None
        assert alone is None or alone.explanation != pair.position.explanation
    sources = [str(row) for row in tables_of(session)["positions.csv"]]
    assert any("profile" in source for source in sources)


def test_a_copy_keeps_what_was_gathered(sample: Sample) -> None:
    session = in_mode(sample, SyncMode.PROFILE)
    gather_positions(session)
    copy = second_session(session)
    assert copy.placed == session.placed
    assert copy.position is session.position


def test_a_motors_rate_is_bent_by_the_profile_between_landmarks(sample: Sample) -> None:
    session = in_mode(sample, SyncMode.CONSTANT, rate_mm_s=7.0)
    straight = session.position
    gather_positions(session)
    bent = session.position
    assert isinstance(straight, PositionMap)
    assert isinstance(bent, PositionMap)
    assert bent.mode == straight.mode == "constant"
    assert "bent where the vein's profile" in bent.explanation
    assert (bent.high - bent.low <= straight.high - straight.low + 1e-9).mean() > 0.5


def test_a_motors_rate_alone_needs_no_pictures(sample: Sample) -> None:
    session = in_mode(sample, SyncMode.CONSTANT, rate_mm_s=5.0, landmarks=1)

    def never(item: object) -> Any:
        raise AssertionError("no frame is read")

    gather_positions(session, never)
    assert not session.placed


def test_what_is_asked_of_another_tie_is_not_what_was_gathered(sample: Sample) -> None:
    session = in_mode(sample, SyncMode.PROFILE)
    gather_positions(session)
    tie = replace(session.vessel.current_tie(), mode=SyncMode.LANDMARKS)
    assert session.position_for(session.run, session.pullback, tie) is not session.position
