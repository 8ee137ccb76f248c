"""Time-density curves: discs, arrival with its ±, transit, speed of the front, washout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.imaging.density_curves import (
    DiscSampler,
    WashIn,
    arrival_profile,
    curve_noise,
    off_vein,
    transit,
    wash_in,
)
from viewer.imaging.opacification import ContrastScale
from viewer.imaging.time_colours import COLOURS, legend, time_picture, time_range_s
from viewer.phantom.anatomy import nivl_anatomy
from viewer.phantom.bones import bone_dust
from viewer.phantom.carm import CArm
from viewer.phantom.contrast import RunPlan, flow_s
from viewer.phantom.venogram import Venogram


def ramp(times, start, rise):
    return np.clip((times - start) / rise, 0.0, 1.0)


def test_unsteady_contrast_does_not_hide_a_clear_rise_of_a_short_run():
    after = [0.129, 0.768, 0.664, 0.627, 0.668, 0.692, 0.680, 0.713, 0.437]
    times = np.arange(12.0)
    told = wash_in(times, [0.004, -0.004, 0.014, *after])
    assert told.arrival_s == pytest.approx(3.1, abs=0.2)
    # two frames that happen to be alike do not tell how little noise there is
    assert wash_in(times, [0.03, -0.03, 0.01, *after]).arrival_s is None


@given(st.floats(-3, 14), st.floats(-3, 11), st.floats(0, 4))
def test_disc_is_the_mean_of_the_pixels_in_it(x, y, radius):
    image = np.arange(12 * 9, dtype=np.uint16).reshape(9, 12)
    rows, columns = np.mgrid[:9, :12]
    inside = np.hypot(columns - x, rows - y) <= radius
    nearest = (int(np.floor(y + 0.5)), int(np.floor(x + 0.5)))
    if 0 <= nearest[0] < 9 and 0 <= nearest[1] < 12:
        inside[nearest] = True
    (mean,) = DiscSampler([(x, y)], radius, 9, 12).sample(image)
    if inside.any():
        assert mean == pytest.approx(image[inside].mean())
    else:
        assert np.isnan(mean)


def test_disc_refuses_other_frames():
    with pytest.raises(ValueError, match="is not"):
        DiscSampler([(1, 1)], 1, 9, 12).sample(np.zeros((12, 9)))
    with pytest.raises(ValueError, match="negative"):
        DiscSampler([(1, 1)], -1, 9, 12)


def test_a_clean_curve_is_read_exactly():
    times = np.arange(0, 8, 0.25)
    told = wash_in(times, ramp(times, 2.0, 2.0) * (1 - 0.8 * ramp(times, 5.0, 2.0)))
    assert told.peak == 1.0
    assert told.peak_s == 4.0
    assert told.half_s == pytest.approx(3.0)
    # a straight rise begins at 2.0; the front is told for rises between it and a smooth step
    assert told.arrival_s == pytest.approx(2.0, abs=0.25)
    assert abs(told.arrival_s - 2.0) < 2.2 * told.arrival_sd_s
    assert told.washout_half_s == pytest.approx(5.0 + 1.25 - 4.0)
    assert told.residual_percent == pytest.approx(20.0)


def test_stagnation_has_no_washout_time_and_says_what_is_left():
    times = np.arange(0, 6, 0.2)
    told = wash_in(times, ramp(times, 1.0, 1.0) * (1 - 0.2 * ramp(times, 3.0, 2.0)))
    assert told.washout_half_s is None
    assert told.residual_percent == pytest.approx(80.0)


def test_noise_and_gaps_are_no_contrast():
    times = np.arange(60) / 10
    noise = np.random.default_rng(4).normal(0, 0.02, 600)
    assert curve_noise(noise) == pytest.approx(0.02, rel=0.15)
    noise = noise[:60]
    assert wash_in(times, noise) == WashIn()
    assert wash_in(times, np.full(60, np.nan)) == WashIn()
    assert wash_in(times, -ramp(times, 2, 1)) == WashIn()
    holed = ramp(times, 2.0, 1.0)
    holed[[10, 40]] = np.nan
    assert wash_in(times, holed).half_s == pytest.approx(2.5)


def trials(rise, shape=lambda u: u):
    """Spread, mean and stated uncertainty of the arrival over many noisy fronts, s."""
    rng = np.random.default_rng(8)
    times = np.arange(50) / 7.5
    errors, stated = [], []
    for _ in range(300):
        start = 2.0 + rng.uniform(0, 1)
        told = wash_in(times, shape(ramp(times, start, rise)) + rng.normal(0, 0.03, 50))
        errors.append(told.arrival_s - start)
        stated.append(told.arrival_sd_s)
    return np.std(errors), abs(np.mean(errors)), np.median(stated)


@pytest.mark.parametrize("rise", [0.01, 0.13, 0.26, 0.42, 1.0])
def test_the_front_is_told_within_its_stated_uncertainty(rise):
    for shape in (lambda u: u, lambda u: u * u * (3 - 2 * u)):
        spread, offset, stated = trials(rise, shape)
        assert spread < 1.5 * stated
        assert offset < max(0.05, 1.4 * stated)
        assert stated < 0.06 + 0.12 * rise


def test_transit_has_a_speed_only_when_the_frames_can_tell():
    times = np.arange(60) / 10
    near, far = (wash_in(times, ramp(times, start, 1.0)) for start in (1.0, 3.0))
    told = transit(near, far, 400.0, 0.25, 0.07)
    assert told.seconds == pytest.approx(2.0)
    assert (told.distance, told.unit) == (100.0, "mm")
    assert told.speed == pytest.approx(50.0)
    assert told.speed_sd == pytest.approx(50 * np.hypot(told.seconds_sd / 2, 0.07))
    assert transit(far, near, 400.0).seconds == pytest.approx(-2.0)
    assert transit(far, near, 400.0).unit == "px"
    assert transit(near, near, 400.0).speed is None
    assert transit(near, WashIn(), 400.0) is None


@pytest.fixture(scope="module")
def along_the_vein():
    """Arc (px), what each curve tells, true arrival (s), mm per px, frames a second."""
    plan = RunPlan(CArm(1180.0, 810.0, 0.37 * 4, 256, 30.0), 48, 7.5, 7)
    anatomy = nivl_anatomy()
    made = Venogram(plan, anatomy, bone_dust(6, density=0.1), 6)
    s_mm = np.arange(0.0, anatomy.path_length_mm, 1.0)
    line = plan.carm.project(anatomy.vein.at(s_mm))
    sampler = DiscSampler(line, 2.0, 256, 256)
    values = np.array([sampler.sample(made.frame(index)) for index in range(plan.frames)])
    density = ContrastScale(intensity=True).density(values, values[: plan.mask_frames].mean(axis=0))
    told = [wash_in(plan.times_s, column) for column in density.T]
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    truth_s = plan.injection_s[0] + flow_s(anatomy, s_mm)
    return arc, told, truth_s, 0.37 * 4 * 810 / 1180, plan.rate_hz


def test_front_is_within_a_frame_of_the_truth_at_every_mm(along_the_vein):
    _arc, told, truth_s, _scale, rate_hz = along_the_vein
    error = np.abs([one.arrival_s for one in told] - truth_s) * rate_hz
    assert np.median(error) <= 1.0
    assert np.percentile(error, 95) <= 1.5


def test_transit_is_within_its_uncertainty(along_the_vein):
    arc, told, truth_s, scale, _rate = along_the_vein
    for start, end in ((220, 150), (200, 60), (100, 5)):
        found = transit(told[start], told[end], arc[start] - arc[end], scale, 0.07)
        assert abs(found.seconds - (truth_s[end] - truth_s[start])) < 3 * found.seconds_sd


def test_arrival_per_cm_and_where_contrast_waits(along_the_vein):
    arc, told, truth_s, scale, _rate = along_the_vein
    found = arrival_profile(arc, told, scale, 0.07)
    assert found.unit == "mm"
    assert np.allclose(np.diff(found.arc[1:-1]), 10.0, atol=1.5)
    expected = np.interp(found.arc / scale, arc, truth_s)
    late = found.arrival_s - expected
    assert np.abs(late - np.median(late)).max() < 4 * found.sd_s.max()
    pace = np.gradient(truth_s, arc * scale)
    slowest_true = arc[int(np.argmax(np.abs(pace)))] * scale
    assert found.slowest_arc == pytest.approx(slowest_true, abs=15.0)
    assert found.slowest_speed < found.speed < 3 * found.slowest_speed
    assert found.speed == pytest.approx(1 / abs(np.median(pace)), rel=0.3)


def test_an_uncalibrated_vein_is_told_in_px():
    times = np.arange(60) / 10
    told = [wash_in(times, ramp(times, 1.0 + arc / 100, 1.0)) for arc in range(0, 200, 5)]
    found = arrival_profile(np.arange(0, 200, 5), told, step=20.0)
    assert found.unit == "px"
    assert found.speed == pytest.approx(100.0, rel=0.02)
    with pytest.raises(ValueError, match="greater than zero"):
        arrival_profile([0.0], told[:1], step=0.0)
    blank = arrival_profile([0.0, 9.0], [WashIn(), WashIn()])
    assert np.isnan(blank.arrival_s).all()
    assert blank.speed is None


def test_what_lies_beside_the_vein_is_counted():
    opacified = np.zeros((60, 60), bool)
    arrival = np.full((60, 60), np.nan, np.float32)
    opacified[:, 10:15], arrival[:, 10:15] = True, 1.0
    opacified[20:30, 40:50], arrival[20:30, 40:50] = True, 2.5
    found = off_vein(arrival, opacified, [(12, y) for y in range(60)], 4.0)
    assert found.area_px2 == 100
    assert found.share_percent == pytest.approx(25.0)
    assert found.delay_s == pytest.approx(1.5)
    with pytest.raises(ValueError, match="outside"):
        off_vein(arrival, opacified, [(-9, -9)], 4.0)


def test_colours_rise_in_lightness_and_match_the_legend():
    lightness = COLOURS @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) >= -0.5).all()
    assert lightness[-1] > 5 * lightness[0]
    times = np.array([[1.0, 2.0, 3.0, np.nan]], np.float32)
    picture = time_picture(times, (1.0, 3.0), np.full((1, 4), 200, np.uint8))
    entries = legend((1.0, 3.0), 3)
    assert [second for second, _colour in entries] == [1.0, 2.0, 3.0]
    assert [tuple(pixel) for pixel in picture[0, :3].tolist()] == [c for _s, c in entries]
    assert picture[0, 3].tolist() == [90, 90, 90]
    assert time_picture(times, (1.0, 3.0))[0, 3].tolist() == [0, 0, 0]
    assert time_range_s(np.full((2, 2), np.nan, np.float32)) is None
    low, high = time_range_s(np.full((2, 2), 4.0, np.float32))
    assert low == 4.0 < high
    with pytest.raises(ValueError, match="must rise"):
        time_picture(times, (1.0, 1.0))


def test_no_place_gives_no_mean():
    assert DiscSampler(np.zeros((0, 2)), 2.0, 9, 12).sample(np.ones((9, 12))).shape == (0,)
