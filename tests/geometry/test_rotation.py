"""Where anterior is, from arrows whose direction is known: every direction, both sides, drift."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.geometry.rotation import UP_DEG, anterior_deg, anterior_of, shortest, turn_deg
from viewer.model.rotation import PullbackRotation, RotationMark, SeenFrom, Towards

angles = st.floats(-720.0, 720.0)
sides = st.sampled_from(SeenFrom)


def arrow(frame: int, angle_deg: float, towards: Towards = Towards.ANTERIOR, aspect: float = 1.0):
    """An arrow of 100 px from (200, 150), at an angle on square pixels."""
    dx, dy = 100 * math.cos(math.radians(angle_deg)), 100 * math.sin(math.radians(angle_deg))
    return RotationMark(f"m{frame}", frame, (200.0, 150.0), (200 + dx, 150 + dy / aspect), towards)


def rotation(*marks: RotationMark, seen_from: SeenFrom = SeenFrom.FEET) -> PullbackRotation:
    return PullbackRotation("pull", tuple(marks), seen_from)


def test_seen_from_the_feet_left_follows_anterior_clockwise_as_on_ct() -> None:
    upright = {Towards.ANTERIOR: -90.0, Towards.LEFT: 0.0, Towards.POSTERIOR: 90.0}
    upright[Towards.RIGHT] = 180.0
    for towards, angle in upright.items():
        said = rotation(arrow(0, angle, towards))
        assert turn_deg(said, 0) % 360 == pytest.approx(0.0, abs=1e-9)


def test_seen_from_the_head_left_and_right_change_sides() -> None:
    for towards, angle in ((Towards.LEFT, 180.0), (Towards.RIGHT, 0.0), (Towards.POSTERIOR, 90.0)):
        said = rotation(arrow(0, angle, towards), seen_from=SeenFrom.HEAD)
        assert turn_deg(said, 0) % 360 == pytest.approx(0.0, abs=1e-9)


@given(angles, st.sampled_from(Towards), sides, st.floats(0.25, 4.0))
def test_any_arrow_of_one_orientation_says_the_same(anterior, towards, side, aspect) -> None:
    sign = 1.0 if side is SeenFrom.FEET else -1.0
    mark = arrow(0, anterior + sign * towards.from_anterior_deg, towards, aspect)
    assert shortest(anterior_of(mark, side, aspect) - anterior) == pytest.approx(0.0, abs=1e-6)


@given(angles, st.floats(-170.0, 170.0), st.integers(1, 400), sides)
def test_drift_takes_the_shorter_way_evenly_and_rests_outside(first, step, gap, side) -> None:
    said = rotation(arrow(10, first), arrow(10 + gap, first + step), seen_from=side)
    frames = np.arange(0, 30 + gap)
    found = anterior_deg(said, frames)
    inside = found[10 : 11 + gap]
    np.testing.assert_allclose(inside - inside[0], np.linspace(0, step, gap + 1), atol=1e-6)
    assert (found[:10] == found[10]).all()
    assert (found[10 + gap :] == found[10 + gap]).all()
    assert shortest(float(found[10]) - first) == pytest.approx(0.0, abs=1e-6)


def test_across_the_seam_it_turns_twenty_degrees_not_340() -> None:
    found = anterior_deg(rotation(arrow(0, 170.0), arrow(20, -170.0)), np.arange(21))
    assert np.ptp(found) == pytest.approx(20.0)
    assert shortest(float(found[10]) - 180.0) == pytest.approx(0.0, abs=1e-9)


def test_up_is_where_anterior_is_shown() -> None:
    said = rotation(arrow(0, 25.0))
    assert float(turn_deg(said, 0)) + 25.0 == pytest.approx(UP_DEG)


def test_a_mark_that_points_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        RotationMark("m", 0, (5.0, 5.0), (5.5, 5.5))
    with pytest.raises(ValueError, match="nowhere"):
        RotationMark("m", 0, (5.0, 5.0), (math.nan, 5.5))


def test_marks_stand_in_frame_order_one_a_frame() -> None:
    with pytest.raises(ValueError, match="one mark or more"):
        rotation()
    with pytest.raises(ValueError, match="order"):
        rotation(arrow(5, 0.0), arrow(2, 0.0))
    said = rotation(arrow(5, 0.0)).with_mark(arrow(2, 10.0)).with_mark(arrow(5, 30.0))
    assert [mark.frame for mark in said.marks] == [2, 5]
    assert anterior_of(said.marks[1], said.seen_from) == pytest.approx(30.0)
    assert said.mark_on(2) is not None
    assert said.mark_on(3) is None
