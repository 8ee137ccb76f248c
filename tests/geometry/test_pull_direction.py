"""Which way a pull ran, told by the profiles alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pull_samples import MadePull, made_pull, marks_of

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap, position_map
from viewer.geometry.pull_evidence import PullEvidence, TrackedPath, VeinProfile
from viewer.model.coregistration import Landmark, SyncMode

SEEDS = range(6)


def drawn_from_the_other_end(made: MadePull) -> tuple[Polyline, PullEvidence]:
    line = Polyline.from_points(made.line.points_px[::-1])
    vein = made.evidence.vein
    assert line is not None
    assert vein is not None
    turned = VeinProfile(line.length_px - vein.arc_px[::-1], vein.diameter[::-1])
    return line, replace(made.evidence, vein=turned)


def placed(
    made: MadePull,
    line: Polyline,
    evidence: PullEvidence,
    marks: tuple[Landmark, ...] = (),
    central_first: bool | None = None,
) -> PositionMap:
    tie = replace(made.tie(marks, SyncMode.AUTO), central_first=central_first)
    times = made.times_s.tolist()
    found = position_map(line, 1.0, 0.05, made.pullback, times, tie, evidence=evidence)
    assert isinstance(found, PositionMap), found
    return found


def test_a_pull_drawn_from_its_far_end_is_mostly_recognised() -> None:
    right = 0
    for seed in SEEDS:
        made = made_pull(seed)
        found = placed(made, *drawn_from_the_other_end(made))
        right += found.direction == -1
        if found.direction == -1:
            assert any("from the centerline's end" in problem for problem in found.problems)
    assert right >= 5


def test_a_pull_drawn_from_the_centre_is_not_turned() -> None:
    for seed in SEEDS:
        made = made_pull(seed)
        assert placed(made, made.line, made.evidence).direction == 1


def test_profiles_that_say_nothing_do_not_turn_it() -> None:
    for seed in SEEDS:
        made = made_pull(seed, informative=False)
        assert placed(made, made.line, made.evidence).direction == 1


def test_the_reader_and_two_landmarks_have_the_last_word() -> None:
    made = made_pull(1)
    line, evidence = drawn_from_the_other_end(made)
    assert placed(made, line, evidence, central_first=True).direction == 1
    marks = tuple(marks_of(made, 2))
    assert placed(made, made.line, made.evidence, marks).direction == 1


def test_a_fluoroscopy_tells_the_way_also_where_everything_is_fused() -> None:
    made = made_pull(2)
    line, _ = drawn_from_the_other_end(made)
    times = np.arange(0.0, made.times_s[-1], 0.25)
    arc = line.length_px - np.interp(times, made.times_s, made.arc)
    seen = TrackedPath(times, arc, np.full(len(times), 0.8))
    found = placed(made, line, PullEvidence(tracked=seen))
    assert found.direction == -1
    assert np.median(np.abs(found.arc - (line.length_px - made.arc))) == pytest.approx(0, abs=1.5)
