"""Made pulls through made veins: exact places, and what a venogram and an IVUS would show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.geometry.polyline import Polyline
from viewer.geometry.pull_evidence import LumenSizes, Motion, PullEvidence, VeinProfile
from viewer.model.coregistration import Coregistration, Landmark, SyncMode
from viewer.model.study import Patient, Pullback, PullbackMode, Role

RATE_HZ = 15.0


@dataclass(frozen=True)
class MadePull:
    """arc (n,) mm on the picture, 1 px a mm; what is known beside landmarks."""

    arc: np.ndarray
    times_s: np.ndarray
    still: np.ndarray
    line: Polyline
    evidence: PullEvidence

    @property
    def pullback(self) -> Pullback:
        count = len(self.arc)
        return Pullback(
            "1.2", "1.2.3", "1.2.4", Patient(), "IVUS", Role.PULLBACK, "", 1, None, (), count,
            count, 512, 512, mode=PullbackMode.MANUAL,
        )  # fmt: skip

    def tie(self, marks: tuple[Landmark, ...], mode: SyncMode = SyncMode.AUTO) -> Coregistration:
        return Coregistration("c", "run", "1.2", "line", marks, mode)


def smooth(rng: np.random.Generator, count: int, reach: float) -> np.ndarray:
    half = int(4 * reach)
    shape = np.exp(-0.5 * (np.arange(-half, half + 1) / reach) ** 2)
    noise = np.convolve(rng.normal(size=count + 2 * half), shape, mode="valid")
    return np.asarray(noise / np.sqrt((shape**2).sum()))


def made_pull(seed: int, informative: bool = True, motion: bool = True) -> MadePull:
    """A hand pull, 4-14 mm/s with pauses, through a vein with steps and narrowings.

    Without `informative` the lumen is another vein's. The vein's width is seen with 8 % of scale
    error, from one side of flat narrowings, uneven by a few per cent.
    """
    rng = np.random.default_rng(seed)
    length = rng.uniform(180.0, 260.0)
    s = np.arange(0.0, length, 0.5)
    speed = np.clip(9 + 2.7 * smooth(rng, 3000, rng.uniform(0.8, 2.5) * RATE_HZ), 4, 14)
    for _ in range(int(rng.integers(1, 3))):
        begin = int(rng.uniform(0.1, 0.9) * length / 9 * RATE_HZ)
        speed[begin : begin + int(rng.uniform(1.0, 3.0) * RATE_HZ)] = 0.0
    travel = np.concatenate(([0.0], np.cumsum(speed) / RATE_HZ))
    count = int(np.searchsorted(travel, length - 1.0))
    travel, speed = travel[:count], speed[:count]
    tilt = np.deg2rad(14) * np.sin(2 * np.pi * s / rng.uniform(120, 260) + rng.uniform(0, 6))
    shown = 10.0 + np.concatenate(([0.0], np.cumsum(0.5 * np.cos(tilt[1:]))))
    size, aspect = _vein(rng, s)
    view = rng.uniform(0, np.pi)
    width = 1.06 * _seen(size, aspect, view) * (1 + 0.03 * smooth(rng, len(s), 5))
    if not informative:
        size, aspect = _vein(rng, s)
    frames = np.arange(0, count, 3)
    at = travel[frames]
    sizes = [np.interp(at, s, size)]
    turn = view + 0.15 * np.sin(at / 40)
    for k in range(12):
        wide = _seen(np.interp(at, s, size), np.interp(at, s, aspect), turn - k * np.pi / 12)
        sizes.append(wide)
    lumen = np.stack(sizes, axis=1) * (1 + 0.03 * rng.normal(size=(len(frames), 1)))
    still = speed < 0.1
    line = Polyline.from_points([(0.0, 0.0), (0.0, float(shown[-1]) + 12.0)])
    assert line is not None
    evidence = PullEvidence(
        Motion(still.astype(float), 0.95) if motion else None,
        LumenSizes(frames, lumen, np.ones(len(frames))),
        VeinProfile(shown, width),
    )
    times = np.arange(count) / RATE_HZ
    return MadePull(np.interp(travel, s, shown), times, still, line, evidence)


def marks_of(
    made: MadePull, inner: int, seed: int = 0, click_mm: float = 0.5
) -> tuple[Landmark, ...]:
    """Both ends and `inner` landmarks between, clicked with an error."""
    rng = np.random.default_rng(seed)
    share = np.linspace(0.02, 0.98, inner + 2)
    span = made.arc[-1] - made.arc[0]
    frames = np.unique(np.searchsorted(made.arc, made.arc[0] + share * span))
    arcs = np.maximum.accumulate(made.arc[frames] + click_mm * rng.normal(size=len(frames)))
    return tuple(
        Landmark(f"{i}", f"mark {i}", int(frame), (0.0, float(arc)))
        for i, (frame, arc) in enumerate(zip(frames, arcs, strict=True))
    )


def _vein(rng: np.random.Generator, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Diameter of equal area and minor / major axis along a vein."""
    size = np.full(len(s), 20.0)
    for _ in range(4):
        size *= 1 - rng.uniform(0.05, 0.2) / (1 + np.exp(-(s - rng.uniform(20, s[-1] - 10)) / 3))
    aspect = np.full(len(s), 0.85)
    for _ in range(2):
        pinch = np.exp(-0.5 * ((s - rng.uniform(20, s[-1] - 20)) / rng.uniform(5, 10)) ** 2)
        size *= 1 - rng.uniform(0.2, 0.4) * pinch
        aspect *= 1 - rng.uniform(0.0, 0.4) * pinch
    return size * (1 + 0.02 * smooth(rng, len(s), 12)), aspect


def _seen(size: np.ndarray, aspect: np.ndarray, angle: np.ndarray | float) -> np.ndarray:
    """Width of an ellipse from a side."""
    long, short = size / np.sqrt(aspect), size * np.sqrt(aspect)
    return np.asarray(np.hypot(long * np.cos(angle), short * np.sin(angle)))
