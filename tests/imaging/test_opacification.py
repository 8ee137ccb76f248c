"""Peak, time to peak and arrival: exact where they can be, within the noise where they can't."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from viewer.imaging.log_domain import LogDomain
from viewer.imaging.opacification import STRIP_ROWS, ContrastScale, Opacifier, box_mean
from viewer.imaging.quiet_frames import QuietFrames
from viewer.model.study import LookupTable, PixelFormat
from viewer.phantom.anatomy import nivl_anatomy
from viewer.phantom.bones import bone_dust
from viewer.phantom.carm import CArm
from viewer.phantom.contrast import RunPlan, flow_s
from viewer.phantom.venogram import Venogram

LINEAR = ContrastScale(intensity=True)
LOGARITHM = LogDomain.of(PixelFormat(bits_stored=12, intensity_relationship="LIN"))


def follow(frames, baseline, scale=LINEAR, masks=1, **more):
    opacifier = Opacifier(baseline, scale, masks, **more)
    for index in reversed(range(len(frames))):
        opacifier.add(index, frames[index])
    return opacifier.result()


def wash_in_run(density, noise=0.0, size=(96, 80), seed=5):
    """Frames of a vein (columns 20-39) through which `density` (ln) passes; 10 % bright before."""
    rng = np.random.default_rng(seed)
    still = np.full(size, 2000.0)
    frames = []
    for amount in density:
        frame = still.copy()
        frame[:, 20:40] *= np.exp(-amount)
        frames.append(np.rint(frame + rng.normal(0, noise, size) if noise else frame))
    return still, [frame.astype(np.uint16) for frame in frames]


@given(hnp.arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))))
def test_peak_is_exactly_the_least_value(stack):
    found = follow(list(stack), np.full(stack.shape[1:], 70000.0))
    assert (found.peak == stack.min(axis=0)).all()
    assert (found.first, found.last) == (0, len(stack) - 1)


def test_peak_frame_is_the_first_that_reaches_it_in_every_strip():
    rng = np.random.default_rng(2)
    stack = rng.integers(100, 400, (7, 2 * STRIP_ROWS + 9, 21)).astype(np.uint16)
    stack[5] = stack[2]  # a tie of whole frames
    stack[[2, 5], 60:70] = 10
    found = follow(list(stack), np.full(stack.shape[1:], 5000.0))
    means = np.array([box_mean(frame) for frame in stack])
    assert (found.peak_frame == means.argmin(axis=0)).all()
    assert (found.peak_frame[61:69, 1:-1] == 2).all()


def test_box_means_are_those_of_a_plain_loop():
    image = np.random.default_rng(1).integers(0, 4096, (6, 5)).astype(np.uint16)
    padded = np.pad(image.astype(float), 1, mode="edge")
    plain = [[padded[y : y + 3, x : x + 3].mean() for x in range(5)] for y in range(6)]
    np.testing.assert_allclose(box_mean(image), plain, rtol=1e-6)


def test_half_of_the_peak_is_of_the_density_not_of_the_intensity():
    still, frames = wash_in_run([0, 0, 0.4, 0.8, 1.2, 1.6, 1.0, 0.4])
    vein = np.s_[5:-5, 22:38]
    found = follow(frames, still)
    assert (found.peak_frame[vein] == 5).all()
    np.testing.assert_allclose(found.half_frame[vein], 3.0, atol=0.01)
    as_values = follow(frames, still, ContrastScale())
    half = (2000 + 2000 * np.exp(-1.6)) / 2
    share = (2000 * np.exp(-0.4) - half) / (2000 * (np.exp(-0.4) - np.exp(-0.8)))
    np.testing.assert_allclose(as_values.half_frame[vein], 2 + share, atol=0.01)


def test_times_are_the_frames_own_and_nothing_beside_the_vein():
    still, frames = wash_in_run([0, 0.5, 1.0, 0.2])
    found = follow(frames, still)
    times_s = (0.0, 0.1, 0.5, 2.0)  # uneven
    peak_s, arrival_s = found.time_to_peak_s(times_s), found.arrival_s(times_s)
    assert peak_s.dtype == arrival_s.dtype == np.float32
    np.testing.assert_allclose(peak_s[:, 22:38], 0.5)
    np.testing.assert_allclose(found.half_peak_s(times_s)[:, 22:38], 0.1, atol=0.001)
    assert (arrival_s[:, 22:38] <= 0.1).all()
    assert (arrival_s[:, 22:38] >= -0.05).all()
    assert np.isnan(peak_s[:, 42:]).all()
    assert np.isnan(peak_s[:, :18]).all()
    assert np.isnan(arrival_s[:, 42:]).all()
    assert found.peak_frame_median == 2


def test_contrast_there_from_the_start_has_a_peak_and_no_arrival():
    still, frames = wash_in_run([0.9, 1.0, 0.6, 0.1])
    found = follow(frames, still)
    assert (found.peak_frame[:, 22:38] == 1).all()
    assert np.isnan(found.arrival_frame).all()


def test_one_dark_blip_is_not_the_arrival():
    still, frames = wash_in_run([0, 0, 0.7, 0, 0, 0, 0.5, 1.0, 1.0, 0.9])
    found = follow(frames, still)
    np.testing.assert_allclose(found.half_frame[:, 22:38], 6.0, atol=0.01)


def test_noise_alone_passes_for_contrast_as_rarely_as_stated():
    _still, frames = wash_in_run(np.zeros(40), noise=25.0, size=(256, 256))
    baseline = np.mean(frames[:8], axis=0)
    found = follow(frames, baseline, masks=8)
    assert found.noise == pytest.approx(25.0 / 3.0, rel=0.05)
    assert found.opacified.mean() < 0.002
    assert follow(frames[:3], baseline, masks=8).opacified.mean() < 0.002


def test_faint_contrast_is_found_above_the_noise():
    curve = np.r_[np.zeros(8), np.linspace(0, 0.08, 10), np.full(5, 0.08), np.zeros(10)]
    _still, frames = wash_in_run(curve, noise=25.0, size=(200, 80))
    found = follow(frames, np.mean(frames[:8], axis=0), masks=8)
    vein = np.s_[2:-2, 22:38]
    assert found.opacified[vein].mean() > 0.99
    assert abs(np.nanmedian(found.half_frame[vein]) - 12.5) < 0.5
    # the rise begins after frame 8; a quarter of so faint a peak is near the noise
    assert abs(np.nanmedian(found.arrival_frame[vein]) - 8.0) < 1.5


def test_a_moving_edge_is_not_contrast():
    frames = []
    for shift in (0.0, 0.0, 0.3, -0.3, 0.4, -0.4):
        x = np.arange(80) + shift
        frames.append(np.tile(2000 - 900 / (1 + np.exp(-(x - 40))), (60, 1)))
    assert not follow(frames, np.mean(frames[:2], axis=0), masks=2).opacified.any()


def test_inverted_values_give_the_same_times():
    still, frames = wash_in_run([0, 0.2, 0.9, 1.0, 0.3], noise=4.0)
    dark = follow(frames, still, ContrastScale())
    bright = follow([4095 - frame for frame in frames], 4095 - still, ContrastScale(dark=False))
    assert (bright.peak == 4095 - dark.peak).all()
    assert (bright.peak == np.max([4095 - frame for frame in frames], axis=0)).all()
    same = bright.opacified & dark.opacified
    assert same.sum() >= 96 * 18
    assert (bright.peak_frame == dark.peak_frame)[same].mean() > 0.999


@pytest.mark.parametrize(
    ("pixels", "dark", "by_ratio"),
    [
        (PixelFormat(intensity_relationship="LIN"), True, True),
        (PixelFormat(intensity_relationship="LOG"), True, False),
        (PixelFormat(), True, False),
        (PixelFormat(photometric="MONOCHROME1", intensity_relationship="LIN"), False, False),
        (PixelFormat(photometric="MONOCHROME1", rescale=(-1.0, 4095.0)), True, False),
        (PixelFormat(intensity_relationship="LIN", intensity_sign=-1), False, False),
        (
            PixelFormat(intensity_relationship="LOG", modality_lut=LookupTable(0, 12, (0, 1))),
            True,
            True,
        ),
        (  # an explicit sign counts more than how it is shown
            PixelFormat(photometric="MONOCHROME1", intensity_relationship="LIN", intensity_sign=1),
            True,
            True,
        ),
        (  # stored values rise with attenuation, their table leads back to intensity
            PixelFormat(
                intensity_relationship="LOG",
                intensity_sign=-1,
                modality_lut=LookupTable(0, 12, (9, 4, 1)),
            ),
            True,
            True,
        ),
    ],
)
def test_the_header_says_which_way_contrast_goes(pixels, dark, by_ratio):
    scale = ContrastScale.of(pixels)
    assert (scale.dark, scale.by_ratio) == (dark, by_ratio)


def test_subtracted_frames_most_negative_is_the_peak():
    frames = [np.zeros((40, 40), np.float32) for _ in range(5)]
    for index, amount in enumerate((0, -0.2, -0.7, -0.4, 0)):
        frames[index][10:30, 10:30] = amount
    found = follow(frames, np.zeros((40, 40)), ContrastScale(resolution=1e-3))
    assert found.peak[20, 20] == np.float32(-0.7)
    assert found.peak_frame[20, 20] == 2
    assert found.half_frame[20, 20] == pytest.approx(1.3, abs=0.001)
    assert 0.0 < found.arrival_frame[20, 20] < 1.0
    assert found.peak_frame[2, 2] == -1


def test_frames_come_last_first_and_fit():
    opacifier = Opacifier(np.zeros((4, 4)), LINEAR)
    with pytest.raises(ValueError, match="no frame"):
        opacifier.result()
    opacifier.add(3, np.zeros((4, 4)))
    with pytest.raises(ValueError, match="last comes first"):
        opacifier.add(3, np.zeros((4, 4)))
    with pytest.raises(ValueError, match="does not fit"):
        opacifier.add(2, np.zeros((4, 5)))


def test_memory_does_not_grow_with_the_frames():
    frame = np.random.default_rng(0).integers(0, 4096, (256, 256)).astype(np.uint16)

    def most(count: int) -> int:
        tracemalloc.start()
        opacifier = Opacifier(frame, LINEAR)
        for index in reversed(range(count)):
            opacifier.add(index, frame)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert most(40) - most(10) < frame.nbytes


@pytest.fixture(scope="module")
def venogram():
    """A synthetic run at 7.5 Hz with its truth: plan, points along the vein, arrival there."""
    plan = RunPlan(CArm(1180.0, 810.0, 0.37 * 4, 256, 0.0), 48, 7.5, 7)
    anatomy = nivl_anatomy()
    made = Venogram(plan, anatomy, bone_dust(3, density=0.1), 3)
    s_mm = np.arange(0.0, anatomy.path_length_mm, 1.0)
    truth_s = plan.injection_s[0] + flow_s(anatomy, s_mm)
    frames = [made.frame(index) for index in range(plan.frames)]
    return plan, frames, plan.carm.project(anatomy.vein.at(s_mm)), truth_s


def test_arrival_along_a_vein_follows_the_truth(venogram):
    plan, frames, line, truth_s = venogram
    found = follow(frames, np.mean(frames[: plan.mask_frames], axis=0), masks=plan.mask_frames)
    column, row = np.rint(line).astype(int).T
    error = (found.arrival_s(plan.times_s)[row, column] - truth_s) * plan.rate_hz
    assert np.isfinite(error).all()
    assert abs(np.median(error)) < 0.5  # of a frame
    assert np.median(np.abs(error - np.median(error))) < 0.2
    # half of the peak comes half a rise (0.42 s) after the front, everywhere alike
    half = found.half_peak_s(plan.times_s)[row, column] - truth_s
    assert np.median(half) == pytest.approx(0.5 * 0.42, abs=0.06)


def test_mask_frames_are_found_as_the_phantom_made_them(venogram):
    plan, frames, _line, truth_s = venogram
    search = QuietFrames(range(plan.frames), LOGARITHM, LINEAR)
    for index in np.random.default_rng(1).permutation(plan.frames).tolist():
        search.add(index, frames[index], frames[index])
    found = search.mask_frames()
    assert 2 <= len(found) <= 8
    assert max(found) < truth_s.min() * plan.rate_hz + 1
    assert (search.brightest >= np.max([box_mean(frame) for frame in frames], axis=0)).all()


def test_without_a_contrast_free_frame_no_mask_is_named():
    _still, frames = wash_in_run(np.zeros(12), noise=10.0)
    search = QuietFrames(range(12), LOGARITHM, LINEAR)
    for index, frame in enumerate(frames):
        search.add(index, frame, frame)
    assert search.mask_frames() == ()
    found = follow(frames, search.brightest, averaged=True)
    assert found.opacified.mean() < 0.01
    assert QuietFrames(range(3), LOGARITHM, LINEAR).mask_frames() == ()
