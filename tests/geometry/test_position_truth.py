"""Positions against simulated truth: how wrong they are, and whether the ± tells so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap, position_map
from viewer.model.coregistration import Coregistration, Landmark
from viewer.model.study import Patient, Pullback, PullbackMode, Role

RATE_HZ = 15.0
LENGTH_MM = 210.0
CASES = 80
BAND_90 = 1.645

LINE = Polyline.from_points([(0.0, 0.0), (0.0, 300.0)])  # 1 px is 1 mm: arcs are the truth itself
assert LINE is not None


@dataclass(frozen=True)
class Judged:
    median_mm: float
    p95_mm: float
    covered: float
    sigma_mm: float


def smooth_noise(rng: np.random.Generator, count: int, memory: float) -> np.ndarray:
    """Unit variance, Gaussian correlation over `memory` samples."""
    reach = int(4 * memory)
    shape = np.exp(-0.5 * (np.arange(-reach, reach + 1) / memory) ** 2)
    noise = np.convolve(rng.normal(size=count + 2 * reach), shape, mode="valid")
    return noise / np.sqrt((shape**2).sum())


def hand_pull(rng: np.random.Generator) -> np.ndarray:
    """4-14 mm/s, with pauses and surges, over an unevenly foreshortened vein; (n,) mm."""
    count = int(LENGTH_MM / 9.0 * RATE_HZ)
    speed = np.clip(9.0 + 2.7 * smooth_noise(rng, count, rng.uniform(0.7, 2.5) * RATE_HZ), 4, 14)
    for _ in range(int(rng.integers(0, 3))):
        at = int(rng.integers(0, count))
        speed[at : at + int(rng.uniform(0.3, 1.5) * RATE_HZ)] = 0.0
    for _ in range(int(rng.integers(0, 3))):
        at = int(rng.integers(0, count))
        speed[at : at + int(rng.uniform(0.3, 1.0) * RATE_HZ)] *= 1.4
    travelled = np.concatenate(([0.0], np.cumsum(speed) / RATE_HZ))
    return seen(rng, travelled)


def motor_pull(rng: np.random.Generator) -> np.ndarray:
    """5 mm/s over a vein that leaves the picture's plane by up to 45° and changes in depth."""
    count = int(LENGTH_MM / 5.0 * RATE_HZ)
    return seen(rng, 5.0 * np.arange(count + 1) / RATE_HZ)


def seen(rng: np.random.Generator, travelled: np.ndarray) -> np.ndarray:
    """Arc length on the picture of a path of that travel through space."""
    tilt = sum(
        np.deg2rad(rng.uniform(4, 16))
        * np.sin(2 * np.pi * travelled / rng.uniform(100, 300) + rng.uniform(0, 2 * np.pi))
        for _ in range(3)
    )
    step = np.diff(travelled)
    depth = np.concatenate(([0.0], np.cumsum(step * np.sin(tilt[1:])))) + rng.uniform(-30, 30)
    shown = step * np.cos(tilt[1:]) / (1.0 - depth[1:] / 750.0)
    return 20.0 + np.concatenate(([0.0], np.cumsum(shown)))


def pullback_of(frames: int, motor: bool) -> Pullback:
    return Pullback(
        "1.2", "1.2.3", "1.2.4", Patient(), "IVUS", Role.PULLBACK, "", 1, None, (), frames,
        frames, 512, 512, mode=PullbackMode.MOTOR if motor else PullbackMode.MANUAL,
        rate_mm_s=5.0 if motor else None,
    )  # fmt: skip


def cases(
    motor: bool, count: int, click_mm: float, ends: bool
) -> Iterator[tuple[PositionMap, np.ndarray]]:
    rng = np.random.default_rng(20240)
    for _ in range(CASES):
        truth = motor_pull(rng) if motor else hand_pull(rng)
        share = (np.arange(count) + 0.5 + rng.uniform(-0.25, 0.25, count)) / count
        if ends:
            share[0], share[-1] = 0.02, 0.98
        frames = np.searchsorted(truth, truth[0] + share * (truth[-1] - truth[0]))
        arcs = truth[frames] + click_mm * rng.normal(size=count)
        marks = tuple(
            Landmark(f"{i}", f"mark {i}", int(frame), (0.0, float(arc)))
            for i, (frame, arc) in enumerate(zip(frames, arcs, strict=True))
        )
        item = pullback_of(len(truth), motor)
        times = (np.arange(len(truth)) / RATE_HZ).tolist()
        tie = Coregistration("c", "run", "1.2", "line", marks)
        answer = position_map(LINE, 1.0, 0.05, item, times, tie)
        assert isinstance(answer, PositionMap), answer
        yield answer, truth


def judged(motor: bool, count: int, click_mm: float, ends: bool = False) -> Judged:
    errors, covered, sigmas = [], [], []
    for answer, truth in cases(motor, count, click_mm, ends):
        error = np.abs(answer.arc - truth)
        errors.append(error)
        covered.append(np.mean(error <= BAND_90 * answer.sigma))
        sigmas.append(np.median(answer.sigma))
    all_errors = np.concatenate(errors)
    return Judged(
        float(np.median(all_errors)),
        float(np.percentile(all_errors, 95)),
        float(np.mean(covered)),
        float(np.median(sigmas)),
    )


@pytest.mark.parametrize("count", [3, 4])
def test_three_or_four_landmarks_place_a_motor_pullback_within_a_millimetre(count: int) -> None:
    found = judged(motor=True, count=count, click_mm=0.5)
    assert found.median_mm <= 1.0
    assert found.p95_mm <= 3.5
    assert 0.85 <= found.covered <= 1.0


@pytest.mark.parametrize(
    ("count", "median_mm", "p95_mm"), [(3, 3.4, 13.0), (4, 2.5, 9.0), (5, 2.0, 7.0)]
)
def test_a_hand_pullback_is_as_wrong_as_its_band_says(
    count: int, median_mm: float, p95_mm: float
) -> None:
    found = judged(motor=False, count=count, click_mm=0.7)
    assert found.median_mm <= median_mm
    assert found.p95_mm <= p95_mm
    assert 0.80 <= found.covered <= 0.95


@pytest.mark.parametrize(("count", "least"), [(2, 0.65), (3, 0.75), (9, 0.85)])
def test_the_band_holds_between_landmarks_near_and_far(count: int, least: float) -> None:
    found = judged(motor=False, count=count, click_mm=0.7, ends=True)
    assert least <= found.covered <= 0.98
    assert found.sigma_mm < 12.0


def test_more_landmarks_are_worth_their_clicks() -> None:
    few, many = (judged(motor=False, count=n, click_mm=0.5, ends=True) for n in (3, 9))
    assert many.median_mm < few.median_mm / 3
    assert many.sigma_mm < few.sigma_mm / 2


def bridge(gap_mm: float, rng: np.random.Generator) -> float:
    """Median error over 200 mm, landmarks every `gap_mm`, speed varying by 30 % over 15 mm."""
    count, keep = 400, float(np.exp(-0.5 / 15.0))
    deviation = np.empty(count)
    deviation[0] = 0.3 * rng.normal()
    kicks = 0.3 * np.sqrt(1 - keep**2) * rng.normal(size=count)
    for i in range(1, count):
        deviation[i] = keep * deviation[i - 1] + kicks[i]
    truth = np.concatenate(([0.0], np.cumsum(np.maximum(1 + deviation, 0.02))))
    truth *= 200.0 / truth[-1]
    marks = tuple(
        Landmark(f"{i}", f"mark {i}", int(np.argmin(np.abs(truth - arc))), (0.0, float(arc)))
        for i, arc in enumerate(np.arange(0.0, 200.1, gap_mm))
    )
    tie = Coregistration("c", "run", "1.2", "line", marks)
    answer = position_map(LINE, 1.0, None, pullback_of(count + 1, motor=False), None, tie)
    assert isinstance(answer, PositionMap)
    return float(np.median(np.abs(answer.arc - truth)))


@pytest.mark.parametrize(
    ("gap_mm", "low", "high"), [(200.0, 4.5, 7.0), (50.0, 1.1, 1.6), (25.0, 0.4, 0.8)]
)
def test_the_hand_model_has_the_errors_published_for_hand_pullbacks(
    gap_mm: float, low: float, high: float
) -> None:
    rng = np.random.default_rng(7)
    assert low <= np.mean([bridge(gap_mm, rng) for _ in range(100)]) <= high
