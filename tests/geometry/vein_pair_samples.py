"""Veins in space seen by two C-arms, made and projected without the code under test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.geometry.carm import Projection
from viewer.geometry.polyline import Polyline, spline_through
from viewer.geometry.reconstruction import Pair, ViewLine
from viewer.phantom.carm import CArm


@dataclass(frozen=True)
class Sample:
    """Two views of one vein and what is true of the stretch both show."""

    views: tuple[ViewLine, ViewLine]
    pairs: tuple[Pair, ...]
    length_mm: float
    lost: tuple[np.ndarray, np.ndarray]  # percent at each mm of the common stretch
    common_mm: np.ndarray
    angle_deg: float


def vein(rng: np.random.Generator) -> np.ndarray:
    """A winding path of 140-280 mm from head to foot near the isocentre, every mm, (n, 3)."""
    count = int(rng.uniform(140, 280))
    s = np.linspace(0.0, 1.0, 4 * count)
    lean = rng.uniform(-0.5, 0.5, 2)
    xyz = np.stack((lean[0] * count * s, lean[1] * count * 0.6 * s, -count * s), axis=1)
    for axis, most in ((0, 18.0), (1, 18.0)):
        for wave in (1, 2, 3):
            size = most / wave**1.5 * rng.uniform(-1, 1)
            xyz[:, axis] += size * np.sin(2 * np.pi * (wave * s / 2 + rng.uniform()))
    xyz -= xyz.mean(axis=0) + rng.uniform(-15, 15, 3)
    arc = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(xyz, axis=0), axis=1))))
    even = np.arange(0.0, arc[-1], 1.0)
    return np.stack([np.interp(even, arc, axis) for axis in xyz.T], axis=1)


def carms(rng: np.random.Generator, angle: tuple[float, float], tilt: float) -> list[CArm]:
    """Two positions that far apart, cranial or caudal up to `tilt` degrees."""
    while True:
        made = [
            CArm(
                sid_mm=float(rng.uniform(980, 1250)),
                sod_mm=float(rng.uniform(700, 850)),
                imager_spacing_mm=float(rng.choice([0.154, 0.2, 0.308, 0.37])),
                size_px=1024,
                primary_deg=float(rng.uniform(-60, 60)),
                secondary_deg=float(rng.uniform(-tilt, tilt)),
            )
            for _ in range(2)
        ]
        cosine = float(made[0].towards_detector @ made[1].towards_detector)
        if angle[0] <= np.degrees(np.arccos(cosine)) <= angle[1]:
            return made


def sample(
    seed: int,
    angle: tuple[float, float] = (20.0, 90.0),
    tilt: float = 25.0,
    marks: int = 2,
    table_mm: float = 20.0,
    breath_mm: float = 4.0,
    cut: float = 0.15,
    noise_px: float = 1.0,
) -> Sample:
    """One random pair of centerlines, clicked every 8 to 25 mm with an error of `noise_px`."""
    rng = np.random.default_rng([seed, 4])
    path, arms = vein(rng), carms(rng, angle, tilt)
    spans = []
    for _ in arms:
        low, high = rng.uniform(0, cut, 2) * len(path)
        spans.append((int(low), len(path) - 1 - int(high)))
    begin, end = max(low for low, _ in spans), min(high for _, high in spans)
    names = np.sort(rng.choice(np.arange(begin + 3, end - 3), size=marks, replace=False))
    views, places, lost = [], [], []
    for arm, (low, high) in zip(arms, spans, strict=True):
        away = rng.normal(size=3)
        move = away / np.linalg.norm(away) * rng.uniform(0, table_mm)
        move = move + np.array([0.0, 0.4, 1.0]) * rng.uniform(-breath_mm, breath_mm)
        moved = path + move
        at = [low]
        while at[-1] < high:
            at.append(min(high, at[-1] + int(rng.uniform(8, 25))))
        if len(at) > 2 and at[-1] - at[-2] < 4:
            del at[-2]
        clicks = arm.project(moved[at]) + rng.normal(0, noise_px, (len(at), 2))
        line = spline_through([(x, y) for x, y in clicks.tolist()])
        assert line is not None
        views.append(ViewLine(_projection(arm), line, f"{arm.primary_deg:.0f}"))
        places.append(arm.project(moved[names]) + rng.normal(0, noise_px, (marks, 2)))
        along = np.gradient(moved, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        cosine = np.sum(along * arm.ray_direction(moved), axis=1)
        lost.append(100 * (1 - np.sqrt(1 - cosine**2))[begin : end + 1])
    pairs = tuple(
        Pair(f"mark {k}", tuple(places[0][k].tolist()), tuple(places[1][k].tolist()))
        for k in range(marks)
    )
    apart = np.degrees(np.arccos(arms[0].towards_detector @ arms[1].towards_detector))
    return Sample(
        (views[0], views[1]),
        pairs,
        float(end - begin),
        (lost[0], lost[1]),
        np.arange(end - begin + 1.0),
        float(apart),
    )


def _projection(arm: CArm) -> Projection:
    middle = (arm.size_px - 1) / 2
    return Projection(
        arm.primary_deg,
        arm.secondary_deg,
        arm.sid_mm,
        arm.sod_mm,
        (arm.imager_spacing_mm, arm.imager_spacing_mm),
        (middle, middle),
    )


def straight(points: list[tuple[float, float]]) -> Polyline:
    """The chain through points."""
    line = Polyline.from_points(points)
    assert line is not None
    return line
