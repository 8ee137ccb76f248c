"""The transducer on a fluoroscopy, against made frames whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.geometry.polyline import Polyline, spline_through
from viewer.imaging.tracking import Straightener, Tracked, track

MM_PER_PX = 0.4
SIZE = 320


def course() -> Polyline:
    curve = spline_through([(90, 12), (110, 90), (170, 170), (215, 300)])
    assert curve is not None
    return curve


def fluoroscopy(
    seed: int, transducer: bool = True, noise: float = 0.05
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Density frames (n, SIZE, SIZE), times, and true arc (px) of the transducer at each."""
    rng = np.random.default_rng(seed)
    line, rate, count = course(), 7.5, 60
    speed = np.clip(9 + 3 * np.sin(np.arange(count) / 5 + seed), 4, 14)
    speed[25:35] = 0.0
    arc = (10 + np.cumsum(speed) / rate) / MM_PER_PX
    arc = np.minimum(arc, line.length_px - 5)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    bones = 0.4 * np.sin(x / 31) * np.cos(y / 23)
    frames = np.empty((count, SIZE, SIZE), np.float32)
    for i in range(count):
        frame = bones + noise * rng.normal(size=(SIZE, SIZE))
        if transducer:
            side = 3.0 / MM_PER_PX * np.sin(i / 9)
            centre = line.at(arc[i]) + side * line.normal(arc[i])
            frame += 0.35 * np.exp(
                -0.5 * (((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (0.9 / MM_PER_PX) ** 2)
            )
            for behind in np.arange(4.0, line.length_px - arc[i], 2.0):  # the shaft, thinner
                at = line.at(arc[i] + behind) + side * line.normal(arc[i] + behind)
                row, column = round(float(at[1])), round(float(at[0]))
                frame[row - 1 : row + 2, column - 1 : column + 2] += 0.04
        frames[i] = frame
    return frames, np.arange(count) / rate, arc


def followed(seed: int, marked: bool = False, **more: float) -> tuple[Tracked | None, np.ndarray]:
    frames, times, arc = fluoroscopy(seed, **more)  # type: ignore[arg-type]
    straight = Straightener(course(), MM_PER_PX, (SIZE, SIZE))
    strips = np.stack([straight.of(frame) for frame in frames])
    marks = []
    if marked:
        row = int(np.argmin(np.abs(straight.arc_px - arc[20])))
        side = 3.0 / MM_PER_PX * np.sin(20 / 9)
        column = round(side / (0.6 / MM_PER_PX)) + strips.shape[2] // 2
        marks = [(20, (row, column))]
    return track(strips, times, straight.arc_px, marks), arc


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("marked", [False, True])
def test_it_is_followed_within_a_millimetre(seed: int, marked: bool) -> None:
    found, arc = followed(seed, marked)
    assert found is not None
    error = np.abs(found.arc_px - arc[found.frames]) * MM_PER_PX
    assert len(found.frames) > 45
    assert np.median(error) <= 1.0
    assert np.percentile(error, 95) <= 2.5
    inside = np.abs(found.arc_px - arc[found.frames]) <= 1.645 * found.sigma_px
    assert inside.mean() >= 0.8


def test_nothing_is_made_up_where_nothing_moves() -> None:
    found, _ = followed(4, transducer=False)
    assert found is None


def test_a_mark_leads_it_through_noise() -> None:
    found, arc = followed(5, marked=True, noise=0.12)
    assert found is not None
    error = np.abs(found.arc_px - arc[found.frames]) * MM_PER_PX
    assert np.median(error) <= 1.5
