"""Where a run's mask is, and how it is laid onto frames, on runs whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from venogram_samples import made_run

from viewer.dicom.frames import open_frames
from viewer.dicom.index import index
from viewer.imaging.log_domain import LogDomain
from viewer.imaging.mask_choice import MaskFinder, choose_mask, looks, reduced
from viewer.imaging.mask_shift import ShiftEstimator
from viewer.imaging.subtraction import average_mask
from viewer.model.study import PixelFormat

LOG = LogDomain.of(PixelFormat(bits_stored=12, intensity_relationship="LIN"))


def breathing(frames: int, amplitude_px: float, seed: int = 0) -> np.ndarray:
    t = np.arange(frames)
    phase = np.random.default_rng(seed).uniform(0, 6)
    y = amplitude_px * np.sin(0.35 * t + phase)
    return np.stack([0.4 * y + 0.05 * t, y], axis=1)


@pytest.mark.parametrize(
    ("arrival", "frames", "amplitude_px", "noise"),
    [(6, 16, 0.0, 0.02), (9, 20, 1.5, 0.02), (12, 24, 4.0, 0.04), (3, 10, 1.0, 0.03)],
)
def test_mask_frames_are_the_last_before_contrast(
    arrival: int, frames: int, amplitude_px: float, noise: float
) -> None:
    run = made_run(breathing(frames, amplitude_px, arrival), arrival, noise=noise, seed=arrival)
    choice = choose_mask([reduced(LOG.of_frame(frame)) for frame in run])
    assert choice is not None
    assert choice.arrival_frame in (arrival, arrival + 1)
    assert max(choice.frames) in (arrival - 2, arrival - 1)
    assert choice.frames == tuple(range(choice.frames[0], choice.frames[-1] + 1))
    assert choice.note == ""
    assert choice.peak_frame > arrival


@pytest.mark.parametrize("amplitude_px", [0.0, 2.0])
def test_a_run_without_contrast_says_so(amplitude_px: float) -> None:
    run = made_run(breathing(14, amplitude_px), arrival=99)
    choice = choose_mask([reduced(LOG.of_frame(frame)) for frame in run])
    assert choice is not None
    assert choice.arrival_frame is None
    assert "No contrast" in choice.note
    assert choice.frames == (0, 1, 2, 3)


def test_a_tool_that_moves_is_not_contrast() -> None:
    run = made_run(breathing(14, 0.5), arrival=99)
    for number, frame in enumerate(run):  # a catheter being pulled back, and a little sideways
        frame[: 200 - 6 * number, 100 + number : 104 + number] //= 2
    choice = choose_mask([reduced(LOG.of_frame(frame)) for frame in run])
    assert choice is not None
    assert choice.arrival_frame is None


def test_contrast_that_only_washes_out_leaves_the_last_frames_as_mask() -> None:
    run = made_run(breathing(16, 0.5), arrival=1)[::-1]
    choice = choose_mask([reduced(LOG.of_frame(frame)) for frame in run])
    assert choice is not None
    assert choice.arrival_frame == 0
    assert min(choice.frames) >= 10
    assert "from the first frame" in choice.note


def test_contrast_that_grows_from_the_first_frame_is_told() -> None:
    run = made_run(breathing(14, 1.0), arrival=-3)
    choice = choose_mask([reduced(LOG.of_frame(frame)) for frame in run])
    assert choice is not None
    assert (choice.frames, choice.arrival_frame) == ((0,), 0)
    assert "from the first frame" in choice.note


def test_a_saturated_detector_and_an_exposure_that_runs_in_are_not_contrast() -> None:
    run = made_run(breathing(18, 0.5), arrival=10, seed=7)
    gains = np.concatenate([[0.6, 0.75, 0.9], np.ones(15)])
    lit = [np.clip(1.6 * gain * frame, 0, 4095) for gain, frame in zip(gains, run, strict=True)]
    assert (lit[-1] == 4095).mean() > 0.02
    choice = choose_mask([reduced(LOG.of_frame(frame)) for frame in lit])
    assert choice is not None
    assert choice.arrival_frame in (9, 10, 11)
    assert max(choice.frames) < 10


def test_a_finder_takes_frames_in_any_order_and_does_without_some() -> None:
    run = made_run(breathing(14, 0.5), arrival=7)
    finder = MaskFinder(range(14), LOG)
    assert finder.choice is None
    for number in np.random.default_rng(2).permutation(14).tolist():
        finder.add(number, None if number == 2 else run[number])
    choice = finder.choice
    assert choice is not None
    assert choice.arrival_frame in (7, 8)
    assert 2 not in choice.frames
    assert finder.quiet_frames == choice.frames
    empty = MaskFinder(range(2), LOG)
    empty.add(0, None)
    empty.add(1, None)
    assert (empty.choice, empty.quiet_frames) == (None, ())


def test_short_runs_take_their_first_frame() -> None:
    run = made_run(breathing(2, 0.0), arrival=1)
    choice = choose_mask([reduced(LOG.of_frame(frame)) for frame in run])
    assert choice is not None
    assert choice.frames == (0,)
    assert "too short" in choice.note


def test_more_of_a_run_is_asked_for_until_contrast_came() -> None:
    run = made_run(breathing(14, 0.5), arrival=8)
    pictures = [reduced(LOG.of_frame(frame)) for frame in run]
    assert choose_mask(pictures[:6], whole=False) is None
    assert choose_mask(pictures[:12], whole=False) is None  # not beyond doubt yet
    assert choose_mask(pictures, whole=True) is not None
    assert looks(20) == [20]
    assert looks(300) == [48, 96, 192, 300]


def test_a_real_cine_run_has_its_mask_before_the_vessel_fills(shared_data: Path) -> None:
    run = index([shared_data / "xa" / "xa_coronary_96f_jpeg.dcm"]).image_sets[0]
    source, domain = open_frames(run), LogDomain.of(run.pixels)
    choice = choose_mask([reduced(domain.of_frame(source.frame(i))) for i in range(run.frames)])
    assert choice is not None
    assert choice.arrival_frame is not None
    # read off the images: nothing until frame 12, the artery's beginning filled on frame 18
    assert 11 <= choice.arrival_frame <= 18
    assert max(choice.frames) <= 13


@pytest.mark.parametrize("amplitude_px", [0.7, 6.0, 18.0])
def test_automatic_shift_follows_known_movement(amplitude_px: float) -> None:
    motion = breathing(14, amplitude_px, seed=2)
    run = made_run(motion, arrival=4, size=320, noise=0.03, seed=4)
    logs = [LOG.of_frame(frame) for frame in run]
    mask, _ = average_mask(logs[:1], (0,))
    estimator = ShiftEstimator(mask.image)
    found = np.array([estimator.estimate(image) for image in logs])
    error = np.hypot(*(found - (motion - motion[0])).T)
    assert np.median(error) <= 0.08
    assert error.max() <= 0.2


def test_a_still_collimator_does_not_hold_the_shift_back() -> None:
    motion = breathing(8, 3.0, seed=1)
    run = made_run(motion, arrival=99, size=320)
    y, x = np.mgrid[0:320, 0:320] - 159.5
    for frame in run:
        frame[np.hypot(x, y) > 150] = 3
    logs = [LOG.of_frame(frame) for frame in run]
    estimator = ShiftEstimator(logs[0])
    found = np.array([estimator.estimate(image) for image in logs])
    assert np.median(np.hypot(*(found - (motion - motion[0])).T)) <= 0.08


def test_nothing_to_lay_on_gives_no_shift() -> None:
    flat = np.full((128, 128), 7.0, np.float32)
    assert ShiftEstimator(flat).estimate(flat) == (0.0, 0.0)
    tiny = np.random.default_rng(0).random((9, 12)).astype(np.float32)
    dx, dy = ShiftEstimator(tiny).estimate(tiny)
    assert np.hypot(dx, dy) < 0.1
