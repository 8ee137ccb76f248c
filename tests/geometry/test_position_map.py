from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.geometry.polyline import Polyline, spline_through
from viewer.geometry.position_map import CLICK_MM, PositionMap, Unlinked, position_map
from viewer.model.coregistration import Coregistration, Landmark, SyncMode
from viewer.model.study import Patient, Pullback, PullbackMode, Role

MM_PER_PX = 0.3


def line() -> Polyline:
    curve = spline_through([(100.0, 50.0), (140.0, 300.0), (90.0, 560.0), (130.0, 900.0)])
    assert curve is not None
    return curve


LINE = line()


def pullback(frames: int, **more: object) -> Pullback:
    return Pullback(
        "1.2", "1.2.3", "1.2.4", Patient(), "IVUS", Role.PULLBACK, "", 1, None, (), frames,
        frames, 512, 512, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def motor(frames: int, rate: float = 10.0, **more: object) -> Pullback:
    return pullback(frames, mode=PullbackMode.MOTOR, rate_mm_s=rate, **more)


def marks(*places: tuple[int, float]) -> tuple[Landmark, ...]:
    """Landmarks at (frame, arc in mm)."""
    return tuple(
        Landmark(f"id{i}", f"mark {i}", frame, tuple(LINE.at(arc / MM_PER_PX)))
        for i, (frame, arc) in enumerate(places)
    )


def tied(*places: tuple[int, float], **more: object) -> Coregistration:
    return Coregistration("c", "run", "1.2", "line", marks(*places), **more)  # type: ignore[arg-type]


def seconds(frames: int, rate_hz: float = 30.0) -> list[float]:
    return [i / rate_hz for i in range(frames)]


def mapped(
    item: Pullback, tie: Coregistration, mm_per_px: float | None = MM_PER_PX, timed: bool = True
) -> PositionMap:
    answer = position_map(LINE, mm_per_px, 0.07, item, seconds(item.frames) if timed else None, tie)
    assert isinstance(answer, PositionMap), answer
    return answer


def refused(item: Pullback, tie: Coregistration, **more: object) -> Unlinked:
    given_ = {"mm_per_px": MM_PER_PX, "times": seconds(item.frames)} | more
    answer = position_map(LINE, given_["mm_per_px"], 0.07, item, given_["times"], tie)  # type: ignore[arg-type]
    assert isinstance(answer, Unlinked)
    assert answer.reason
    assert answer.hint
    return answer


places = st.lists(st.integers(1, 20), min_size=2, max_size=6).flatmap(
    lambda gaps: st.tuples(
        st.just(np.cumsum(gaps) * 10),
        st.lists(st.floats(2.0, 25.0), min_size=len(gaps), max_size=len(gaps)),
    )
)


@settings(deadline=None)
@given(places, st.booleans())
def test_a_hand_pullback_passes_its_landmarks_and_never_turns_back(
    drawn: tuple[np.ndarray, list[float]], mirrored: bool
) -> None:
    frames, arcs = drawn[0], np.cumsum(drawn[1])
    if mirrored:
        arcs = arcs[::-1]
    answer = mapped(pullback(1300), tied(*zip(frames.tolist(), arcs.tolist(), strict=True)))
    np.testing.assert_allclose(answer.arc[frames], arcs, atol=1e-3)
    assert (answer.direction * np.diff(answer.arc) >= 0).all()
    assert answer.direction == (-1 if mirrored else 1)
    np.testing.assert_allclose(answer.sigma[frames], CLICK_MM, rtol=0.02)
    assert (answer.sigma >= CLICK_MM * 0.999).all()
    inside = np.zeros(1300, dtype=bool)
    inside[frames[0] : frames[-1] + 1] = True
    np.testing.assert_array_equal(answer.solid, inside)


def test_a_mirrored_pullback_is_the_mirror_image() -> None:
    places_ = [(50, 20.0), (300, 90.0), (700, 180.0)]
    forth = mapped(pullback(900), tied(*places_))
    back = mapped(pullback(900), tied(*[(899 - f, a) for f, a in places_]))
    np.testing.assert_allclose(back.arc[::-1], forth.arc, atol=1e-6)
    np.testing.assert_allclose(back.sigma[::-1], forth.sigma, atol=1e-6)


@pytest.mark.parametrize("item", [pullback(900), motor(900, 8.0)], ids=["hand", "motor"])
def test_the_uncertainty_grows_away_from_landmarks(item: Pullback) -> None:
    sigma = mapped(item, tied((100, 30.0), (450, 120.0), (800, 210.0))).sigma
    assert (np.diff(sigma[800:]) > 0).all()
    assert (np.diff(sigma[:101]) < 0).all()
    peak = 100 + int(np.argmax(sigma[100:451]))
    assert 230 < peak < 320
    assert (np.diff(sigma[100 : peak + 1]) > 0).all()
    assert (np.diff(sigma[peak:451]) < 0).all()


def test_one_more_landmark_makes_it_surer() -> None:
    few = mapped(pullback(900), tied((100, 30.0), (800, 210.0)))
    more = mapped(pullback(900), tied((100, 30.0), (450, 125.0), (800, 210.0)))
    assert more.sigma[300] < few.sigma[300]
    assert more.sigma[450] == pytest.approx(CLICK_MM, rel=0.02)


@settings(deadline=None)
@given(st.integers(0, 899))
def test_frame_at_finds_the_frame_again(frame: int) -> None:
    answer = mapped(pullback(900), tied((100, 30.0), (450, 125.0), (800, 210.0)))
    assert answer.frame_at(float(answer.arc_px[frame])) == frame


def test_a_pause_answers_with_its_middle_or_the_nearest_frame() -> None:
    item = motor(600, 10.0, start_frame=100, stop_frame=500)
    answer = mapped(item, tied((100, 40.0)))
    still = float(answer.arc_px[0])
    assert answer.frame_at(still) == 50
    assert answer.frame_at(still, near=80) == 80
    assert answer.frame_at(still, near=400) == 100
    assert answer.frame_at(-1e6) == 50
    assert answer.frame_at(1e6, near=0) == 500


def test_a_motor_without_landmarks_is_rate_times_time_between_start_and_stop() -> None:
    answer = mapped(motor(700, 10.0, start_frame=30, stop_frame=630), tied())
    expected = 10.0 * (np.clip(np.arange(700), 30, 630) - 30) / 30.0
    np.testing.assert_allclose(answer.arc, expected, atol=1e-9)
    assert answer.mode == "constant"
    assert not answer.solid.any()
    assert answer.sigma[30] == pytest.approx(10.0)
    assert any("No landmark" in text for text in answer.problems)


def test_a_peripheral_start_runs_from_the_last_point_to_the_first() -> None:
    answer = mapped(motor(601, 10.0), tied(central_first=False))
    length = LINE.length_px * MM_PER_PX
    np.testing.assert_allclose(answer.arc[[0, 300, 600]], [length, length - 100, length - 200])


def test_one_landmark_moves_the_motor_and_keeps_its_rate() -> None:
    answer = mapped(motor(601, 10.0), tied((300, 130.0)))
    np.testing.assert_allclose(np.diff(answer.arc), 10.0 / 30.0, atol=1e-4)
    assert answer.arc[300] == pytest.approx(130.0, abs=0.01)
    assert answer.solid.all()
    assert answer.residuals[0].value is None


def test_the_motor_follows_landmarks_of_a_foreshortened_vein() -> None:
    answer = mapped(motor(601, 10.0), tied((0, 20.0), (300, 105.0), (600, 210.0)))
    np.testing.assert_allclose(answer.arc[[0, 300, 600]], [20.0, 105.0, 210.0], atol=1.0)
    assert [r.value is not None for r in answer.residuals] == [True] * 3
    assert answer.problems == ()


def test_landmarks_far_from_the_motors_rate_are_told() -> None:
    answer = mapped(motor(601, 10.0), tied((0, 20.0), (300, 60.0), (600, 100.0)))
    assert any("4.0 mm/s" in text and "10 mm/s" in text for text in answer.problems)


def test_a_landmark_while_the_motor_stands_is_told() -> None:
    item = motor(600, 10.0, start_frame=100, stop_frame=500)
    answer = mapped(item, tied((20, 40.0), (400, 140.0)))
    assert any("stands still" in text and "frame 21" in text for text in answer.problems)


def test_the_motor_without_scale_or_times_rests_on_landmarks() -> None:
    places_ = ((100, 60.0), (300, 130.0), (500, 200.0))
    in_px = mapped(motor(600), tied(*places_), mm_per_px=None)
    assert in_px.unit == "px"
    np.testing.assert_allclose(
        in_px.arc[[100, 300, 500]], np.array([60, 130, 200]) / MM_PER_PX, atol=1.0
    )
    untimed = mapped(motor(600), tied(*places_), timed=False)
    np.testing.assert_allclose(untimed.arc[[100, 300, 500]], [60, 130, 200], atol=0.5)
    assert "Calibrate" in refused(motor(600), tied((100, 60.0)), mm_per_px=None).hint
    assert "frame rate" in refused(motor(600), tied((100, 60.0)), times=None).hint


def test_px_and_mm_maps_agree() -> None:
    tie = tied((100, 30.0), (450, 125.0), (800, 210.0))
    in_mm, in_px = mapped(pullback(900), tie), mapped(pullback(900), tie, mm_per_px=None)
    np.testing.assert_allclose(in_mm.arc_px, in_px.arc_px, atol=0.5)
    np.testing.assert_allclose(in_mm.sigma_px, in_mm.sigma / MM_PER_PX)
    np.testing.assert_allclose(in_px.points_px, LINE.at(in_px.arc_px))


def test_mm_of_the_points_themselves_win_over_one_scale() -> None:
    arc_mm = 5.0 + LINE.arc_px * np.linspace(0.28, 0.32, len(LINE.arc_px))
    tie = tied((100, 30.0), (800, 210.0))
    answer = position_map(LINE, 0.3, None, pullback(900), None, tie, arc_mm)
    assert isinstance(answer, PositionMap)
    expected = np.interp(np.array([30.0, 210.0]) / MM_PER_PX, LINE.arc_px, arc_mm)
    np.testing.assert_allclose(answer.arc[[100, 800]], expected, atol=1e-3)
    np.testing.assert_allclose(answer.to_px(answer.to_unit([-40.0, 10.0, 1e4])), [-40, 10, 1e4])


def test_uneven_frame_times_count() -> None:
    times = np.arange(101.0)
    times[51:] += 100.0  # a hundred seconds between frames 50 and 51
    tie = tied((0, 20.0), (100, 220.0))
    answer = position_map(LINE, MM_PER_PX, None, pullback(101), times.tolist(), tie)
    assert isinstance(answer, PositionMap)
    assert answer.arc[51] - answer.arc[50] == pytest.approx(101.0, rel=1e-6)
    assert "frame times" in answer.explanation


def test_times_that_do_not_rise_are_told_and_not_used() -> None:
    tie = tied((0, 20.0), (100, 220.0))
    answer = position_map(LINE, MM_PER_PX, None, pullback(101), [0.0] * 101, tie)
    assert isinstance(answer, PositionMap)
    assert answer.arc[50] == pytest.approx(120.0, abs=1e-3)
    assert any("do not rise" in text for text in answer.problems)


def test_too_few_landmarks_for_a_hand_pullback() -> None:
    assert "no landmarks" in refused(pullback(100), tied()).reason
    assert "one landmark" in refused(pullback(100), tied((3, 40.0))).reason
    assert "same place" in refused(pullback(100), tied((3, 40.0), (60, 40.2))).reason


def test_a_rate_the_reader_gives_makes_a_hand_pullback_steady() -> None:
    answer = mapped(pullback(301), tied((0, 30.0), rate_mm_s=12.0))
    assert answer.mode == "constant"
    assert answer.arc[300] - answer.arc[0] == pytest.approx(120.0, abs=1e-3)


def test_the_chosen_mode_wins() -> None:
    places_ = ((0, 20.0), (100, 60.0), (600, 210.0))
    assert mapped(motor(601), tied(*places_, mode=SyncMode.LANDMARKS)).mode == "landmarks"
    steady = mapped(pullback(601), tied(*places_, mode=SyncMode.CONSTANT))
    assert steady.mode == "constant"
    assert "rate the landmarks give" in steady.explanation
    assert "rate" in refused(pullback(601), tied(mode=SyncMode.CONSTANT)).reason


def test_landmarks_running_backwards_are_named() -> None:
    answer = refused(pullback(900), tied((100, 30.0), (300, 120.0), (500, 90.0), (800, 210.0)))
    assert "mark 1 (frame 301) and mark 2 (frame 501)" in answer.reason
    assert "30.0 mm" in answer.reason
    assert answer.landmark_ids == ("id1", "id2")


def test_a_reversal_within_a_click_is_a_pause_and_told() -> None:
    answer = mapped(pullback(900), tied((100, 30.0), (300, 91.0), (400, 90.0), (800, 210.0)))
    np.testing.assert_allclose(answer.arc[[300, 400]], 90.5, atol=1e-3)
    assert any("wrong way round" in text for text in answer.problems)
    assert answer.residuals[1].value is not None


def test_two_landmarks_on_one_frame() -> None:
    answer = refused(pullback(900), tied((100, 30.0), (300, 90.0), (300, 130.0), (800, 210.0)))
    assert "share frame 301" in answer.reason
    near = mapped(pullback(900), tied((100, 30.0), (300, 90.0), (300, 91.0), (800, 210.0)))
    assert near.arc[300] == pytest.approx(90.5, abs=1e-3)
    assert any("share frame 301" in text for text in near.problems)


def test_a_landmark_off_the_pullback_is_refused() -> None:
    answer = refused(pullback(500), tied((100, 30.0), (500, 90.0)))
    assert "frame 501" in answer.reason
    assert answer.landmark_ids == ("id1",)


def test_a_landmark_off_the_vein_and_names_out_of_order_are_told() -> None:
    tie = tied((100, 30.0), (450, 125.0), (800, 210.0))
    first, second, third = tie.landmarks
    named = (
        replace(first, name="Inguinal ligament"),
        replace(second, name="Iliac confluence", point_px=(700.0, second.point_px[1])),
        replace(third, name="Profunda confluence"),
    )
    answer = mapped(pullback(900), replace(tie, landmarks=named))
    assert any("off the centerline" in text for text in answer.problems)
    assert any("order of the body" in text for text in answer.problems)


def test_frames_beyond_the_centerline_are_told_not_invented() -> None:
    answer = mapped(pullback(900), tied((300, 10.0), (600, 250.0)))
    assert not answer.inside[0]
    assert not answer.inside[-1]
    assert answer.inside[400]
    np.testing.assert_allclose(answer.points_px[0], LINE.points_px[0])
    np.testing.assert_allclose(answer.points_px[-1], LINE.points_px[-1])
    assert answer.overhang[0] == pytest.approx(-answer.arc[0])
    assert any("beyond the ends" in text for text in answer.problems)


def test_the_other_landmarks_are_asked_where_each_should_be() -> None:
    answer = mapped(pullback(901), tied((0, 20.0), (450, 125.0), (900, 210.0)))
    first, middle, last = answer.residuals
    assert first.value is None
    assert last.value is None
    assert middle.value == pytest.approx(10.0, abs=1e-3)
    assert middle.expected is not None
    assert middle.expected > 4.0


def test_a_length_between_two_frames_is_surer_than_its_ends() -> None:
    answer = mapped(pullback(901), tied((0, 20.0), (900, 210.0)))
    length, sigma = answer.length_between(440, 460)
    assert length == pytest.approx(190.0 * 20 / 900, abs=1e-3)
    assert 0 < sigma < answer.sigma[450] / 2
    assert answer.length_between(300, 300)[1] == pytest.approx(0.0, abs=1e-3)


def test_arrays_can_not_be_written() -> None:
    answer = mapped(pullback(100), tied((0, 20.0), (99, 210.0)))
    with pytest.raises(ValueError, match="read-only"):
        answer.arc[0] = 3.0


def test_times_of_another_length_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="frame times"):
        position_map(LINE, 0.3, None, pullback(10), [0.0, 1.0], tied())


def test_a_single_landmark_places_a_pull_by_landmarks_and_says_how_little_it_knows() -> None:
    answer = mapped(pullback(301), tied((100, 60.0), mode=SyncMode.LANDMARKS))
    assert answer.arc[100] == pytest.approx(60.0, abs=1e-3)
    assert answer.sigma[100] < 2.0 < answer.sigma[0]
    assert answer.sigma[300] > 15.0
    assert any("One landmark fixes one place" in text for text in answer.problems)
    nothing = refused(pullback(301), tied(mode=SyncMode.LANDMARKS))
    assert "no landmarks" in nothing.reason
