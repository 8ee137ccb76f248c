from __future__ import annotations

import pytest

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap, position_map
from viewer.measure.extents import Stretch, stretch_of
from viewer.model.annotation import CenterlineExtent, Extent, FrameExtent
from viewer.model.calibration import UNCALIBRATED, Calibration, CalibrationSource
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.study import Patient, Pullback, PullbackMode, Role

SCALE = Calibration(0.5, CalibrationSource.MANUAL, 0.05)
TIMES = tuple(i / 10 for i in range(401))
PULLBACK = Pullback(
    "1.2", "1.2.3", "1.2.4", Patient(), "IVUS", Role.PULLBACK, "", 1, None, (), 401, 401, 512, 512
)
LINE = Polyline.from_points([(0.0, 0.0), (0.0, 400.0)])
assert LINE is not None


def tied(calibration: Calibration = SCALE) -> PositionMap:
    """Frame f lies at 20 + f px on a line of 400 px, landmarks on frames 20 and 320."""
    marks = tuple(Landmark(f"{f}", f"at {f}", f, (3.0, 20.0 + f)) for f in (20, 320))
    tie = Coregistration("c", "run", "1.2", "line", marks)
    assert LINE is not None
    scale = calibration
    answer = position_map(LINE, scale.mm_per_px, scale.uncertainty, PULLBACK, TIMES, tie)
    assert isinstance(answer, PositionMap)
    return answer


def measured(extent: Extent, **more: object) -> Stretch:
    given = {"position": tied(), "polyline": LINE, "calibration": SCALE} | more
    stretch = stretch_of(extent, **given)  # type: ignore[arg-type]
    assert stretch is not None
    return stretch


def on_vein(start: float, end: float) -> CenterlineExtent:
    return CenterlineExtent("run", "line", (4.0, start), (-4.0, end))


def test_frames_become_a_stretch_of_vein_with_its_uncertainty() -> None:
    stretch = measured(FrameExtent("1.2", 100, 180))
    assert stretch.frames == (100, 180)
    assert stretch.arc_px == pytest.approx((120.0, 200.0), abs=0.01)
    assert stretch.arc == pytest.approx((60.0, 100.0), abs=0.01)
    assert (stretch.length.value, stretch.length.unit) == (pytest.approx(40.0, abs=0.01), "mm")
    assert stretch.length.sigma is not None
    assert stretch.length.sigma > 0.05 * 40
    assert "foreshortening" in stretch.length.source
    assert stretch.solid


def test_frames_beyond_the_landmarks_are_not_solid() -> None:
    assert not measured(FrameExtent("1.2", 5, 180)).solid


def test_untied_frames_are_counted() -> None:
    stretch = measured(FrameExtent("1.2", 100, 180), position=None)
    assert (stretch.length.value, stretch.length.unit) == (81, "frames")
    assert stretch.arc_px is None
    assert stretch.length.text == "81 frames"


def test_frames_the_map_does_not_have_are_counted() -> None:
    assert measured(FrameExtent("1.2", 390, 500)).length.unit == "frames"


def test_points_become_frames_and_back() -> None:
    stretch = measured(on_vein(200.0, 120.0))
    assert stretch.arc_px == pytest.approx((120.0, 200.0))
    assert stretch.frames == (100, 180)
    assert stretch.length.value == pytest.approx(40.0)
    assert stretch.length.sigma == pytest.approx(2.0)
    assert stretch.solid


def test_a_stretch_the_pullback_never_passes_has_no_frames() -> None:
    stretch = measured(on_vein(2.0, 12.0))
    assert stretch.frames is None
    assert not stretch.solid
    assert stretch.length.value == pytest.approx(5.0)


def test_points_without_a_tie_or_a_scale() -> None:
    untied = measured(on_vein(120.0, 200.0), position=None)
    assert untied.frames is None
    assert untied.arc == pytest.approx((60.0, 100.0))
    bare = measured(on_vein(120.0, 200.0), position=tied(UNCALIBRATED), calibration=UNCALIBRATED)
    assert (bare.length.value, bare.length.unit) == (pytest.approx(80.0), "px")


def test_points_of_a_run_whose_centerline_is_gone() -> None:
    assert stretch_of(on_vein(1.0, 2.0), None, None, SCALE) is None


def test_a_motors_length_is_rate_times_time_where_it_moves() -> None:
    motor = Pullback(
        "1.2", "1.2.3", "1.2.4", Patient(), "IVUS", Role.PULLBACK, "", 1, None, (), 401, 401, 512,
        512, mode=PullbackMode.MOTOR, rate_mm_s=5.0, start_frame=110, stop_frame=400,
    )  # fmt: skip
    stretch = measured(FrameExtent("1.2", 100, 180), pullback=motor, times_s=TIMES)
    assert stretch.pull_length is not None
    assert stretch.pull_length.value == pytest.approx(5.0 * 7.0)
    assert stretch.pull_length.sigma == pytest.approx(35.0 * 0.12)
    assert "9-19 %" in stretch.pull_length.source
    still = measured(FrameExtent("1.2", 0, 50), pullback=motor, times_s=TIMES)
    assert still.pull_length is None
    by_hand = measured(FrameExtent("1.2", 100, 180), pullback=PULLBACK, times_s=TIMES)
    assert by_hand.pull_length is None
