"""Pulls, cross sections and the C-arm, without writing a case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.phantom.anatomy import nivl_anatomy
from viewer.phantom.carm import CArm
from viewer.phantom.curves import frame_of, smooth_curve
from viewer.phantom.dicom_writing import Identity, SeriesText, pullback_dataset
from viewer.phantom.echoes import PolarGrid
from viewer.phantom.ivus import ScanPlan
from viewer.phantom.pull import hand_pull, motor_pull
from viewer.phantom.sections import CATHETER_RADIUS_MM, diameters, polygon_area, sections_of


def test_motor_pull_is_even_between_start_and_stop() -> None:
    pull = motor_pull(200.0, 5.0, 10.0, wait_frames=6)
    assert pull.start_frame == 6
    assert pull.stop_frame is not None
    steps = np.diff(pull.s_mm)
    assert steps[: pull.start_frame] == pytest.approx(0.0)
    assert steps[pull.start_frame : pull.stop_frame] == pytest.approx(0.5)
    assert steps[pull.stop_frame :] == pytest.approx(0.0)
    assert pull.s_mm[-1] <= 198.0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_every_hand_pull_covers_the_path_with_a_pause(seed: int) -> None:
    pull = hand_pull(250.0, 930, 30.0, seed)
    speed = np.diff(pull.s_mm) * 30.0
    assert pull.s_mm[0] == pytest.approx(2.0)
    assert pull.s_mm[-1] == pytest.approx(248.0)
    assert (speed >= 0).all()
    assert speed.min() < 1.0
    assert 9.0 < speed.max() < 22.0


def test_the_catheter_stays_in_the_lumen() -> None:
    anatomy = nivl_anatomy()
    sections = sections_of(anatomy, hand_pull(anatomy.path_length_mm, 200, 6.0, 0), seed=0)
    gap = np.linalg.norm(sections.outline_mm - sections.catheter_mm[:, None], axis=2).min(axis=1)
    assert (gap > CATHETER_RADIUS_MM).all()


def test_areas_follow_the_published_medians() -> None:
    anatomy = nivl_anatomy()
    marks = anatomy.landmarks_s_mm
    middle = {
        "IVC": (15.0, 265.0),
        "CIV": (marks["internal_iliac"] - 8.0, 194.0),
        "EIV": (0.5 * (marks["internal_iliac"] + marks["inguinal"]), 137.0),
        "CFV": (marks["saphenofemoral"], 125.0),
    }
    for s, area in middle.values():
        assert float(anatomy.section_at(s)[0]) == pytest.approx(area, rel=0.08)
    assert float(anatomy.section_at(marks["artery_crossing"])[0]) == pytest.approx(97.0, abs=2.0)


def test_arteries_stay_outside_the_vein() -> None:
    anatomy = nivl_anatomy()
    for artery in anatomy.arteries:
        path = anatomy.path
        apart = np.linalg.norm(path.xyz_mm[:, None] - artery.curve.xyz_mm[None, ::4], axis=2)
        nearest = apart.argmin(axis=1)
        rows = np.arange(len(nearest))
        toward = artery.curve.xyz_mm[::4][nearest] - path.xyz_mm
        left, front = frame_of(path.tangent_at(path.s_mm))
        a, b, tilt = anatomy.half_axes_at(path.s_mm)
        angle = np.arctan2((toward * front).sum(1), (toward * left).sum(1)) - tilt
        vein = a * b / np.hypot(b * np.cos(angle), a * np.sin(angle))
        radius = artery.radius_at(artery.curve.s_mm[::4][nearest])
        assert (apart[rows, nearest] - vein - radius).min() > 0.4


def test_ellipse_measures() -> None:
    turn = np.linspace(0.0, 2 * np.pi, 720, endpoint=False)
    ellipse = np.stack([4.0 + 10.0 * np.cos(turn), 1.0 + 3.0 * np.sin(turn)], axis=1)[None]
    assert polygon_area(ellipse)[0] == pytest.approx(np.pi * 30.0, rel=1e-3)
    shortest, longest = diameters(ellipse)
    assert (shortest[0], longest[0]) == (
        pytest.approx(6.0, rel=1e-3),
        pytest.approx(20.0, rel=1e-3),
    )


@given(
    primary=st.floats(-60.0, 60.0),
    secondary=st.floats(-35.0, 35.0),
    depth=st.floats(-100.0, 100.0),
)
@settings(max_examples=40, deadline=None)
def test_scale_of_the_carm_is_that_of_its_projection(
    primary: float, secondary: float, depth: float
) -> None:
    carm = CArm(1180.0, 810.0, 0.37, 1024, primary, secondary)
    point = depth * carm.towards_detector
    assert carm.project(point) == pytest.approx([511.5, 511.5], abs=1e-6)
    beside = carm.project(point + carm.column_axis)
    assert beside[0] - 511.5 == pytest.approx(1.0 / carm.mm_per_px_at(point), rel=1e-9)


def test_head_is_up_and_left_is_right_on_an_ap_view() -> None:
    carm = CArm(1180.0, 810.0, 0.37, 1024, 0.0)
    assert carm.project([0.0, 0.0, 50.0])[1] < 511.5
    assert carm.project([50.0, 0.0, 0.0])[0] > 511.5
    front_from_left = CArm(1180.0, 810.0, 0.37, 1024, 30.0)
    assert (
        front_from_left.project([0.0, -50.0, 0.0])[0] < 511.5
    )  # the front turns to the right side


def test_curves_are_evenly_sampled_by_arc_length() -> None:
    curve = smooth_curve([(0, 0, 0), (10, 0, 0), (20, 8, 0), (20, 20, 5)], origin=1)
    steps = np.linalg.norm(np.diff(curve.xyz_mm, axis=0), axis=1)
    assert steps == pytest.approx(np.diff(curve.s_mm), rel=5e-3)
    assert curve.at(0.0) == pytest.approx([10.0, 0.0, 0.0], abs=0.02)


def test_only_a_motorised_pullback_states_its_rate_and_its_1_based_frames() -> None:
    identity = Identity("test 0", "DEMO", "test")
    text = SeriesText(3, "L iliac pullback 1", "Initial IVUS", "102200")
    scan = ScanPlan(128, 0.4, 50.0, PolarGrid(60, 32, 25.0))
    pull = motor_pull(60.0, 5.0, 10.0, wait_frames=6)
    header = pullback_dataset(identity, text, scan, pull)
    assert header.IVUSAcquisition == "MOTOR_PULLBACK"
    assert float(header.IVUSPullbackRate) == 5.0
    assert header.IVUSPullbackStartFrameNumber == 7
    assert pull.stop_frame is not None
    assert header.IVUSPullbackStopFrameNumber == pull.stop_frame + 1
    by_hand = pullback_dataset(identity, text, scan, hand_pull(60.0, 50, 10.0, 0))
    assert by_hand.IVUSAcquisition == "MANUAL_PULLBACK"
    assert "IVUSPullbackStartFrameNumber" not in by_hand
