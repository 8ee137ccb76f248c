"""Positions from profiles, pauses and landmarks together, against exact truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pull_samples import MadePull, made_pull, marks_of

from viewer.geometry.position_map import PositionMap, Unlinked, position_map
from viewer.geometry.pull_evidence import NOTHING, Motion, PullEvidence, TrackedPath, VeinProfile
from viewer.model.coregistration import Landmark, SyncMode

SEEDS = range(16)


@dataclass(frozen=True)
class Judged:
    median_mm: float
    p95_mm: float
    covered: float


def placed(
    made: MadePull,
    marks: tuple[Landmark, ...],
    mode: SyncMode = SyncMode.AUTO,
    evidence: PullEvidence | None = None,
    scale: float | None = 1.0,
) -> PositionMap:
    found = position_map(
        made.line, scale, 0.05, made.pullback, made.times_s.tolist(), made.tie(marks, mode),
        evidence=made.evidence if evidence is None else evidence,
    )  # fmt: skip
    assert isinstance(found, PositionMap), found
    return found


def judged(pulls: list[tuple[MadePull, PositionMap]]) -> Judged:
    """Medians over pulls of their median and 95th percentile; mean share inside the band."""
    errors = [np.abs(found.arc - made.arc) for made, found in pulls]
    inside = [np.mean((made.arc >= found.low) & (made.arc <= found.high)) for made, found in pulls]
    return Judged(
        float(np.median([np.median(e) for e in errors])),
        float(np.median([np.percentile(e, 95) for e in errors])),
        float(np.mean(inside)),
    )


def test_the_profile_places_a_pull_with_its_ends_alone() -> None:
    mode = SyncMode.PROFILE
    pulls = [(made, placed(made, marks_of(made, 0), mode)) for made in map(made_pull, SEEDS)]
    found = judged(pulls)
    assert found.median_mm <= 2.0
    assert found.p95_mm <= 8.0
    assert 0.80 <= found.covered <= 0.99


def test_everything_fused_beats_landmarks_and_its_band_is_honest() -> None:
    fused, alone, bare = [], [], []
    for seed in SEEDS:
        made = made_pull(seed)
        marks = marks_of(made, 2, seed)
        fused.append((made, placed(made, marks)))
        alone.append((made, placed(made, marks, SyncMode.LANDMARKS)))
        bare.append((made, placed(made, marks, SyncMode.LANDMARKS, NOTHING)))
    found, pauses, plain = judged(fused), judged(alone), judged(bare)
    assert found.median_mm <= 1.2
    assert found.p95_mm <= 4.5
    assert 0.80 <= found.covered <= 0.99
    assert 0.80 <= pauses.covered <= 0.99
    assert pauses.p95_mm < 0.8 * plain.p95_mm
    assert found.median_mm < pauses.median_mm


def test_a_profile_of_another_vein_does_no_harm() -> None:
    fused, alone = [], []
    for seed in SEEDS:
        made = made_pull(seed, informative=False)
        marks = marks_of(made, 2, seed)
        fused.append((made, placed(made, marks)))
        alone.append((made, placed(made, marks, SyncMode.LANDMARKS)))
    with_it, without = judged(fused), judged(alone)
    assert with_it.median_mm <= 1.15 * without.median_mm + 0.1
    assert with_it.covered >= 0.75


def test_the_fluoroscopy_places_it_within_a_millimetre() -> None:
    pulls = []
    for seed in SEEDS:
        made = made_pull(seed, motion=False)
        rng = np.random.default_rng(seed)
        times = np.arange(0.0, made.times_s[-1], 0.25)
        arc = np.interp(times, made.times_s, made.arc) + 0.7 * rng.normal(size=len(times))
        path = TrackedPath(times, arc, np.full(len(times), 0.8))
        evidence = PullEvidence(tracked=path)
        pulls.append((made, placed(made, (), SyncMode.TRACKED, evidence)))
    found = judged(pulls)
    assert found.median_mm <= 1.0
    assert found.p95_mm <= 3.0
    assert found.covered >= 0.80


def test_a_clock_that_is_not_sure_widens_the_band_where_the_catheter_moves() -> None:
    made = made_pull(2, motion=False)
    times = np.arange(0.0, made.times_s[-1], 0.25)
    arc = np.interp(times, made.times_s, made.arc)
    found = []
    for sigma_s in (0.0, 0.5):
        path = TrackedPath(times, arc, np.full(len(times), 0.8), sigma_s)
        found.append(placed(made, (), SyncMode.TRACKED, PullEvidence(tracked=path)))
    sure, unsure = found
    speed = np.abs(np.gradient(sure.arc, made.times_s))
    assert sure.arc == pytest.approx(unsure.arc)
    quick = speed > np.median(speed)
    added = np.sqrt(np.maximum(unsure.sigma**2 - sure.sigma**2, 0.0))
    assert np.median(added[quick] / speed[quick]) == pytest.approx(0.5, rel=0.25)
    assert (unsure.high - unsure.low >= sure.high - sure.low - 1e-9).all()


def test_without_landmarks_the_profile_still_places_it_and_says_how_unsure() -> None:
    pulls = [(made, placed(made, (), SyncMode.PROFILE)) for made in map(made_pull, SEEDS)]
    found = judged(pulls)
    assert found.median_mm <= 6.0
    assert found.covered >= 0.80
    assert any("No landmark yet" in problem for problem in pulls[0][1].problems)


def test_one_landmark_fixes_one_place_and_the_band_widens_away_from_it() -> None:
    made = made_pull(3)
    mark = marks_of(made, 1)[1]
    found = placed(made, (mark,), SyncMode.PROFILE)
    assert abs(found.arc[mark.frame] - mark.point_px[1]) < 1e-6
    assert found.sigma[mark.frame] < found.sigma[0]
    assert any("One landmark" in problem for problem in found.problems)


def test_frames_of_a_pause_stay_where_they_are() -> None:
    made = made_pull(2)
    found = placed(made, marks_of(made, 2))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], made.still.astype(int), [0]))))
    first, last = max(zip(edges[::2], edges[1::2], strict=True), key=lambda e: e[1] - e[0])
    assert found.arc[last - 2] - found.arc[first + 1] < 0.5
    assert any(a <= first + 4 and b >= last - 4 for a, b in found.pauses)
    assert found.speed is not None
    assert found.speed[(first + last) // 2] < 1.0


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10_000), st.integers(0, 3), st.booleans())
def test_a_map_never_turns_back_and_keeps_its_landmarks(
    seed: int, inner: int, informative: bool
) -> None:
    made = made_pull(seed, informative)
    marks = marks_of(made, inner, seed)
    found = placed(made, marks)
    assert (np.diff(found.arc) >= -1e-9).all()
    np.testing.assert_allclose(
        found.arc[[m.frame for m in marks]], [m.point_px[1] for m in marks], atol=1e-6
    )
    assert (found.low <= found.arc + 1e-9).all()
    assert (found.high >= found.arc - 1e-9).all()
    distance, spread = found.length_between(0, len(found) - 1)
    assert distance > 0
    assert 0 <= spread < 60


def test_both_profiles_may_have_any_scale() -> None:
    made = made_pull(4)
    marks = marks_of(made, 1)
    vein, lumen = made.evidence.vein, made.evidence.lumen
    assert vein is not None
    assert lumen is not None
    other = replace(
        made.evidence,
        vein=VeinProfile(vein.arc_px, vein.diameter * 7),
        lumen=replace(lumen, sizes=lumen.sizes * 0.2),
    )
    np.testing.assert_allclose(
        placed(made, marks).arc, placed(made, marks, evidence=other).arc, atol=1e-3
    )


def test_without_a_scale_it_is_in_px_and_the_same_way() -> None:
    made = made_pull(5)
    marks = marks_of(made, 2)
    found = placed(made, marks, scale=None)
    assert found.unit == "px"
    assert np.median(np.abs(found.arc_px - made.arc)) < 4.0


def test_the_other_direction_is_the_same_pull_mirrored() -> None:
    made = made_pull(6)
    marks = marks_of(made, 1)
    vein, end = made.evidence.vein, made.line.length_px
    assert vein is not None
    turned = tuple(replace(m, point_px=(0.0, end - m.point_px[1])) for m in marks)
    evidence = replace(
        made.evidence, vein=VeinProfile(end - vein.arc_px[::-1], vein.diameter[::-1])
    )
    forth, back = placed(made, marks), placed(made, turned, evidence=evidence)
    assert (forth.direction, back.direction) == (1, -1)
    assert np.abs(end - back.arc - forth.arc).max() < 0.5


def test_a_wrong_landmark_is_named_with_the_likely_mix_up() -> None:
    made = made_pull(7)
    marks = list(marks_of(made, 5, click_mm=0.2))
    wrong = marks[3]
    moved = (wrong.point_px[1] + marks[4].point_px[1]) / 2 + 6.0
    marks[3] = replace(wrong, name="Internal iliac ostium", point_px=(0.0, moved))
    found = placed(made, tuple(marks))
    bad = [left for left in found.residuals if left.disagrees]
    assert "Internal iliac ostium" in [left.name for left in bad]
    told = next(left for left in bad if left.name == "Internal iliac ostium").suggestion
    assert "frame" in told
    assert told in found.problems


def test_where_a_next_landmark_would_help_most() -> None:
    made = made_pull(8)
    marks = marks_of(made, 3)
    few = placed(made, (marks[0], marks[1], marks[-1]), SyncMode.LANDMARKS)
    frame, spread = few.widest
    assert marks[1].frame < frame < marks[-1].frame
    assert spread == pytest.approx(float(few.sigma.max()), rel=0.3)


def test_what_was_compared_can_be_shown() -> None:
    made = made_pull(1)
    found = placed(made, marks_of(made, 2))
    shown = found.profiles
    assert shown is not None
    assert 0 <= shown.chance <= 1
    at = np.interp(found.arc_px[shown.frames], shown.vein_arc_px, shown.vein)
    assert np.median(np.abs(np.log(shown.lumen / at))) < 0.15


@pytest.mark.parametrize(
    ("mode", "evidence", "reason"),
    [
        (SyncMode.PROFILE, NOTHING, "lumen's size"),
        (SyncMode.TRACKED, NOTHING, "No fluoroscopy"),
        (SyncMode.AUTO, PullEvidence(Motion(np.zeros(10), 0.0)), "needs at least two"),
    ],
)
def test_what_a_mode_lacks_is_told(mode: SyncMode, evidence: PullEvidence, reason: str) -> None:
    made = made_pull(0)
    found = position_map(
        made.line, 1.0, 0.05, made.pullback, made.times_s.tolist(), made.tie((), mode),
        evidence=evidence,
    )  # fmt: skip
    assert isinstance(found, Unlinked)
    assert reason in found.reason
    assert found.hint
