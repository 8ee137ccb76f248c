"""Cine by elapsed time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.errors import ViewerError
from viewer.session.cine_clock import CineClock, frame_durations_s


def even(frames: int, rate_hz: float) -> CineClock:
    return CineClock([i / rate_hz for i in range(frames)], frames)


def test_even_rate_follows_elapsed_time_and_loops():
    clock = even(30, 15.0)
    assert clock.start(100.0, 4) == 4
    assert clock.tick(100.0) is None
    assert clock.tick(100.0 + 1.5 / 15) == 5
    assert clock.tick(100.0 + 1.6 / 15) is None
    assert clock.tick(100.0 + 12.5 / 15) == 16
    assert clock.tick(100.0 + 25.5 / 15) == 29
    assert clock.tick(100.0 + 26.5 / 15) == 0


def test_frame_time_vector_is_honoured_and_the_last_frame_lasts_the_median():
    times_s = [0.0, 0.1, 0.3, 0.4, 0.5]
    np.testing.assert_allclose(frame_durations_s(times_s), [0.1, 0.2, 0.1, 0.1, 0.1])
    clock = CineClock(times_s, 5)
    clock.start(0.0, 0)
    seen = [clock.tick(t) for t in (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65)]
    assert seen == [None, 1, None, 2, 3, 4, 0]


@settings(max_examples=80, deadline=None)
@given(
    steps_s=st.lists(st.floats(0.005, 0.5), min_size=2, max_size=40),
    at=st.floats(0, 1, exclude_max=True),
    ticks=st.integers(1, 50),
)
def test_frame_at_any_moment_does_not_depend_on_how_often_it_is_asked(steps_s, at, ticks):
    times_s = np.concatenate([[0.0], np.cumsum(steps_s)])
    durations_s = frame_durations_s(tuple(times_s))
    moment_s = at * min(durations_s.sum(), steps_s[0] + 0.9)
    expected = int(np.searchsorted(np.cumsum(durations_s), moment_s + 1e-9, side="right"))
    clock = CineClock(tuple(times_s), len(times_s))
    clock.start(7.0, 0)
    for part in range(1, ticks + 1):
        clock.tick(7.0 + moment_s * part / ticks)
    near_edge = np.abs(np.cumsum(durations_s) - moment_s).min() < 1e-6
    assert clock.frame == expected or near_edge


def test_no_known_times_is_not_playable_until_a_rate_is_given():
    clock = CineClock(None, 100)
    assert "how fast" in clock.why_not_playable
    assert clock.rate_hz is None
    with pytest.raises(ViewerError, match="Give a rate"):
        clock.start(0.0, 0)
    assert not clock.playing
    clock.set_rate(10.0)
    assert clock.why_not_playable == ""
    assert clock.rate_is_override
    clock.start(0.0, 0)
    assert clock.tick(0.25) == 2


@pytest.mark.parametrize(
    "times_s", [[0.0, 0.2, 0.1], [0.0, 0.0, 0.0], [0.0, float("nan"), 1.0], [0.0, 0.1]]
)
def test_times_that_make_no_sense_are_not_played(times_s):
    clock = CineClock(times_s, 3)
    assert "Give a rate" in clock.why_not_playable


def test_one_frame_is_not_playable():
    assert "one frame" in CineClock([0.0], 1).why_not_playable


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_must_be_a_rate(rate):
    with pytest.raises(ValueError, match="frame rate"):
        even(5, 10.0).set_rate(rate)


def test_override_replaces_and_gives_back_the_header_times():
    clock = even(10, 10.0)
    clock.set_rate(20.0)
    assert clock.rate_hz == pytest.approx(20.0)
    clock.set_rate(None)
    assert clock.rate_hz == pytest.approx(10.0)


def test_backwards_and_loop():
    clock = even(100, 10.0)
    clock.set_loop(22, 20)
    clock.direction = -1
    assert clock.loop == (20, 22)
    assert clock.start(0.0, 21) == 21
    assert [clock.tick(t) for t in (0.15, 0.25, 0.35)] == [20, 22, 21]


def test_start_outside_the_loop_begins_with_it():
    clock = even(100, 10.0)
    clock.set_loop(20, 30)
    assert clock.start(0.0, 50) == 20
    clock.direction = -1
    assert clock.start(0.0, 5) == 30
    assert clock.start(0.0, 99) == 30


def test_loop_moved_while_playing_shows_its_first_frame_at_once():
    clock = even(100, 10.0)
    clock.start(0.0, 0)
    clock.set_loop(40, 50)
    assert clock.tick(0.01) == 40
    clock.set_loop(7, 7)
    assert clock.tick(0.02) == 7
    assert clock.tick(0.9) is None


def test_speed_changes_do_not_jump():
    clock = even(100, 10.0)
    clock.start(0.0, 0)
    assert clock.tick(0.55) == 5
    clock.speed = 2.0
    assert clock.tick(0.551) is None
    assert clock.tick(0.58) == 6
    assert clock.rate_hz == pytest.approx(20.0)
    clock.speed = 50
    assert clock.speed == 4.0
    clock.speed = 0
    assert clock.speed == 0.1


def test_next_due_is_exact_and_ticking_then_shows_each_frame_once():
    times_s = np.concatenate([[0.0], np.cumsum(np.tile([0.033, 0.034, 0.1], 20))])
    clock = CineClock(tuple(times_s), 61)
    now_s = 50.0
    clock.start(now_s, 0)
    seen = []
    for _ in range(122):
        due_s = clock.next_due_s(now_s)
        assert due_s is not None
        assert due_s > now_s - 1e-6
        now_s = due_s
        seen.append(clock.tick(now_s))
        clock.frame_shown(now_s)
    assert seen == [*range(1, 61), *range(61), 0]
    assert clock.skipped == 0


def test_paused_clock_gives_nothing():
    clock = even(10, 10.0)
    assert clock.next_due_s(0.0) is None
    assert clock.tick(0.0) is None
    clock.start(0.0, 0)
    clock.pause()
    assert not clock.playing
    assert clock.tick(5.0) is None
    assert clock.measured_rate_hz(5.0) is None


def test_skipped_and_never_shown_frames_are_counted():
    clock = even(100, 10.0)
    clock.start(0.0, 0)
    assert clock.tick(0.35) == 3  # 1 and 2 never came
    assert clock.skipped == 2
    assert clock.tick(0.45) == 4  # 3 was told but never shown
    assert clock.skipped == 3
    clock.frame_shown(0.46)
    assert clock.tick(0.55) == 5
    assert clock.skipped == 3


def test_measured_rate_is_that_of_frames_really_shown():
    clock = even(1000, 30.0)
    clock.start(0.0, 0)
    assert clock.measured_rate_hz(0.0) is None
    shown = 0
    for tick in range(1, 121):
        now_s = tick / 60
        if clock.tick(now_s) is not None:
            shown += 1
            if shown % 2:
                clock.frame_shown(now_s)  # the machine keeps up with every second one
    rate_hz = clock.measured_rate_hz(2.0)
    assert rate_hz == pytest.approx(15.0, rel=0.07)
    assert clock.measured_rate_hz(12.0) < 3.0  # nothing came for ten seconds


def test_measured_rate_of_a_slow_cine():
    clock = CineClock(None, 10, rate_hz=0.5)
    clock.start(0.0, 0)
    for now_s in (2.0, 4.0, 6.0):
        assert clock.tick(now_s) is not None
        clock.frame_shown(now_s)
    assert clock.measured_rate_hz(6.5) == pytest.approx(0.5)


def test_a_machine_asleep_does_not_play():
    clock = even(100, 10.0)
    clock.start(0.0, 0)
    clock.tick(0.05)
    assert clock.tick(3600.0) == 1
    assert clock.skipped == 0
    assert clock.tick(3600.15) == 2


def test_a_clock_turned_back_is_no_time():
    clock = even(100, 10.0)
    clock.start(10.0, 5)
    assert clock.tick(9.0) is None
    assert clock.tick(10.15) == 6


def test_frames_that_last_no_time_are_passed_over():
    clock = CineClock([0.0, 0.1, 0.1, 0.2], 4)
    clock.start(0.0, 0)
    assert [clock.tick(t) for t in (0.15, 0.25, 0.35)] == [2, 3, 0]
    assert clock.skipped == 2  # told, never confirmed as shown


def test_trims_are_the_loop_until_another_is_set():
    clock = CineClock([i / 10 for i in range(20)], 20, trim=(5, 8))
    assert clock.loop == clock.home_loop == (5, 8)
    assert clock.start(0.0, 0) == 5
    assert [clock.tick(t / 10 + 0.05) for t in (1, 2, 3, 4)] == [6, 7, 8, 5]
    clock.set_loop(0, 19)
    assert clock.home_loop == (5, 8)


def test_sweeping_goes_forth_and_back_and_shows_each_end_once():
    clock = CineClock([i / 10 for i in range(4)], 4, sweep=True)
    clock.start(0.0, 0)
    seen, ways = [], []
    for tick in range(1, 9):
        seen.append(clock.tick(tick / 10 + 0.05))
        ways.append(clock.travel)
    assert seen == [1, 2, 3, 2, 1, 0, 1, 2]
    assert ways == [1, 1, -1, -1, -1, 1, 1, 1]
    assert clock.rate_hz == pytest.approx(10.0)
    assert clock.skipped == 7  # none was said to be on screen but the last


def test_sweeping_backwards_from_inside_a_loop_keeps_uneven_times():
    clock = CineClock([0.0, 0.1, 0.3, 0.4, 0.5], 5, sweep=True)
    clock.direction = -1
    clock.set_loop(1, 3)
    assert clock.start(0.0, 2) == 2
    assert [clock.tick(t) for t in (0.05, 0.15, 0.35, 0.45)] == [None, 1, 2, 3]
    clock.sweep = False
    assert clock.travel == -1


@pytest.mark.parametrize("speed", [0.1, 0.5, 4.0])
def test_speeds_from_a_tenth_to_four_times(speed):
    clock = CineClock([i / 10 for i in range(50)], 50, trim=(10, 39), sweep=True)
    clock.speed = speed
    clock.start(0.0, 10)
    for tick in range(1, 200):
        clock.tick(tick * 0.01 / speed)
    assert clock.frame == 10 + 19
    clock.speed = speed * 100
    assert clock.speed == 4.0


def test_two_frames_sweep_like_a_loop_and_one_frame_loop_stays():
    clock = CineClock([0.0, 0.1, 0.2], 3, sweep=True)
    clock.set_loop(0, 1)
    clock.start(0.0, 0)
    assert [clock.tick(t / 10 + 0.05) for t in (1, 2, 3)] == [1, 0, 1]
    clock.set_loop(1, 1)
    assert clock.tick(0.9) is None


def test_a_header_that_wants_one_frame_played_is_not_followed():
    times_s = [i / 15 for i in range(30)]
    clock = CineClock(times_s, 30, trim=(0, 0))
    assert clock.loop == clock.home_loop == (0, 29)
    assert CineClock(times_s, 30, trim=(3, 4)).home_loop == (3, 4)


def played_with_every(n: int, rate_hz: float = 60.0) -> CineClock:
    """Ticked at every frame, each n-th of them shown, for two seconds."""
    clock = even(300, rate_hz)
    clock.start(0.0, 0)
    for step in range(1, round(2 * rate_hz)):
        now_s = (step + 0.5) / rate_hz
        if clock.tick(now_s) is not None and step % n == 0:
            clock.frame_shown(now_s)
    return clock


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_stride_is_how_many_frames_are_due_for_one_that_is_shown(n):
    clock = played_with_every(n)
    assert clock.stride(2.0) == n
    assert (clock.skipped == 0) == (n == 1)
    clock.pause()
    assert clock.stride(2.0) == 1


def test_stride_is_bounded_when_nothing_is_shown():
    clock = even(300, 60.0)
    clock.start(0.0, 0)
    for step in range(1, 60):
        clock.tick((step + 0.5) / 60.0)
    assert clock.stride(1.0) == 8
