"""Contrast timing against runs whose fronts are known exactly; exposure ramps; flags on a vein."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.imaging.arrival_flags import Flag, arrival_flags, upstream_first
from viewer.imaging.density_curves import ArrivalProfile, DiscSampler, wash_in
from viewer.imaging.exposure_drift import NO_DRIFT, Drift, block_means, find_drift
from viewer.imaging.opacification import ContrastScale, Opacifier, front
from viewer.model.study import PixelFormat

SIZE, RATE_HZ, MASKS = 96, 7.5, 5
KINDS = {
    "LIN": PixelFormat(intensity_relationship="LIN"),
    "LOG": PixelFormat(intensity_relationship="LOG"),
    "LIN, MONOCHROME1": PixelFormat(photometric="MONOCHROME1", intensity_relationship="LIN"),
    "unknown": PixelFormat(),
}


def scene(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attenuation of the anatomy, where the vein is, and when the front comes (s) at each row."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    anatomy = 0.5 * np.sin(3 * x + rng.uniform(0, 6)) + 0.4 * np.cos(4 * y + rng.uniform(0, 6))
    vein = np.abs(x - 0.5) < 0.08
    start, speed = rng.uniform(1.0, 1.6), rng.uniform(25.0, 60.0)  # px/s
    arrival = start + (SIZE - 1 - np.arange(SIZE)) / speed
    return anatomy, vein, arrival


def run_of(kind: str, seed: int, ramp: float = 0.0) -> tuple[list[np.ndarray], np.ndarray]:
    """Stored frames of a run with contrast of known timing, and the truth for each row."""
    rng = np.random.default_rng(seed + 100)
    anatomy, vein, arrival = scene(seed)
    rise, frames = rng.uniform(0.2, 0.5), []
    for n in range(48):
        u = np.clip((n / RATE_HZ - arrival) / rise, 0, 1)
        density = 0.6 * (u * u * (3 - 2 * u))[:, None] * vein
        exposure = 1.0 + ramp * n / 47
        intensity = 1500 * exposure * np.exp(-anatomy - density)
        intensity *= 1 + 0.01 * rng.standard_normal(intensity.shape)
        if kind == "LOG":
            stored = 500 * np.log(intensity)
        elif kind == "LIN, MONOCHROME1":
            stored = 8000 - intensity
        else:
            stored = intensity
        frames.append(np.clip(np.rint(stored), 0, 65535).astype(np.uint16))
    return frames, arrival


def followed(kind: str, frames: list[np.ndarray]):
    scale = ContrastScale.of(KINDS[kind])
    baseline = np.mean([frame.astype(float) for frame in frames[:MASKS]], axis=0)
    opacifier = Opacifier(baseline, scale, MASKS)
    for index in reversed(range(len(frames))):
        opacifier.add(index, frames[index])
    return opacifier.result(), scale, baseline


@pytest.mark.parametrize("ramp", [0.0, 0.15, -0.12])
@pytest.mark.parametrize("kind", KINDS)
def test_arrival_follows_the_known_front(kind: str, ramp: float) -> None:
    times_s = np.arange(48) / RATE_HZ
    errors, curve_errors = [], []
    for seed in (1, 2):
        frames, truth_s = run_of(kind, seed, ramp)
        found, scale, baseline = followed(kind, frames)
        column = SIZE // 2
        rows = np.arange(4, SIZE - 4)
        errors.append(found.arrival_s(times_s.tolist())[rows, column] - truth_s[rows])
        sampler = DiscSampler([(column, row) for row in rows[::8]], 2.0, SIZE, SIZE)
        zero = sampler.sample(baseline)
        drifts = dict(zip(found.frames, found.drifts, strict=True))
        values = [drifts[n].removed(sampler.sample(frame)) for n, frame in enumerate(frames)]
        density = scale.density(np.array(values), zero)
        told = [wash_in(times_s, one).arrival_s for one in density.T]
        curve_errors.append(np.array(told, float) - truth_s[rows[::8]])
    error, curve = np.concatenate(errors), np.concatenate(curve_errors)
    assert np.isfinite(error).mean() > 0.95
    assert abs(np.nanmedian(error)) < 0.06
    assert np.nanpercentile(np.abs(error), 90) < 0.15
    assert np.isfinite(curve).all()
    assert abs(np.median(curve)) < 0.06
    assert np.abs(curve).max() < 0.12


def test_an_exposure_ramp_is_no_contrast() -> None:
    frames, _ = run_of("LIN", 3, ramp=0.2)
    falling = [frame.astype(float) for frame in frames[::-1]]  # darker and darker
    still = [f[:, :36] for f in falling]
    scale = ContrastScale.of(KINDS["LIN"])
    opacifier = Opacifier(np.mean(still[:4], axis=0), scale, 4)
    for index in reversed(range(len(still))):
        opacifier.add(index, still[index])
    found = opacifier.result()
    assert found.opacified.mean() < 0.01
    assert found.peak[10, 10] == min(np.float32(f[10, 10]) for f in still)
    assert sum(not drift.none for drift in found.drifts) > 30
    assert np.abs(found.run_density).max() < 0.02


def test_the_runs_own_curve_rises_and_stays_with_the_contrast() -> None:
    frames, arrival = run_of("LIN", 2)
    found, _, _ = followed("LIN", frames)
    first, full = int(arrival.min() * RATE_HZ), int((arrival.max() + 0.6) * RATE_HZ)
    assert found.frames == tuple(range(48))
    assert np.abs(found.run_density[:first]).max() < 0.03
    assert found.run_density[full:].min() > 0.3


@given(st.floats(0.7, 1.4), st.integers(0, 40))
def test_a_factor_is_told_though_contrast_covers_a_part(gain: float, percent: int) -> None:
    rng = np.random.default_rng(1)
    before = 1000 * np.exp(rng.normal(0, 0.5, 576))
    now = gain * before * (1 + 0.002 * rng.standard_normal(576))
    now[: 576 * percent // 100] *= 0.5
    drift = find_drift(now, before, by_ratio=True)
    assert drift.gain == pytest.approx(gain, rel=0.004)
    np.testing.assert_allclose(drift.removed(now)[-50:], before[-50:], rtol=0.02)


def test_nothing_is_taken_off_where_nothing_can_be_told() -> None:
    before = np.full(30, 100.0)
    assert find_drift(before * 2, before, by_ratio=True) is NO_DRIFT  # too few blocks
    still = np.random.default_rng(2).uniform(100, 200, 576)
    assert find_drift(still.copy(), still, by_ratio=True) is NO_DRIFT
    assert find_drift(still * 0.05, still, by_ratio=True) is NO_DRIFT  # another kind of frame
    line = find_drift(0.9 * still + 20, still, by_ratio=False)
    assert (line.gain, line.offset) == (pytest.approx(0.9), pytest.approx(20))
    assert find_drift(still + 5 - still, still * 0, by_ratio=False, offset_only=True) == Drift(
        offset=5.0
    )
    assert block_means(np.ones((5, 7))).tolist() == [1.0] * 35


@given(st.floats(0, 50), st.floats(0.05, 3))
def test_the_front_never_comes_after_the_half(half: float, step: float) -> None:
    assert front(half - 0.1, half, step) <= half
    assert np.isnan(front(np.nan, half, step))
    assert front(half - 0.25 * step, half, step) == pytest.approx(half)  # between two frames


def profile(arrival: list[float], sd: float = 0.05) -> ArrivalProfile:
    when = np.array(arrival, float)
    arc = 10.0 * np.arange(when.size) + 5.0
    return ArrivalProfile(arc, when, np.full(when.size, sd), None, None, None, None, "mm")


def test_steady_flow_has_no_flag() -> None:
    told = profile([2.0, 1.8, 1.6, 1.4, 1.2, 1.0])
    assert upstream_first(told) == [5, 4, 3, 2, 1, 0]
    assert set(arrival_flags(told)) == {Flag.NONE}
    back = profile([1.0, 1.2, 1.4, 1.6, 1.8, 2.0])
    assert upstream_first(back) == [0, 1, 2, 3, 4, 5]
    assert set(arrival_flags(back)) == {Flag.NONE}


def test_standing_still_another_way_and_never_are_flagged() -> None:
    assert arrival_flags(profile([3.4, 3.2, 3.0, 1.4, 1.2, 1.0]))[2] is Flag.STILL
    by_collateral = arrival_flags(profile([2.0, 1.2, 1.9, 1.7, 1.4, 1.2, 1.0]))
    assert by_collateral[1] is Flag.OTHER_WAY
    assert by_collateral.count(Flag.OTHER_WAY) == 1
    nan = float("nan")
    assert arrival_flags(profile([nan, nan, 1.6, 1.4, 1.2, 1.0]))[:2] == (Flag.NEVER, Flag.NEVER)
    assert set(arrival_flags(profile([nan, nan, nan]))) == {Flag.NONE}
    assert arrival_flags(profile([])) == ()


def test_what_noise_could_be_is_not_flagged() -> None:
    assert set(arrival_flags(profile([1.8, 1.55, 1.6, 1.4, 1.2, 1.0], sd=0.1))) == {Flag.NONE}
