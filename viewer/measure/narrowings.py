"""Narrowings an area curve suggests; a reader accepts or rejects them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from viewer.measure.lumen_curve import LumenCurve, Values, running_quantile
from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues

AROUND_MM, AROUND_FRAMES = 50.0, 150
"""How far a place's surroundings reach on either side."""

AROUND_QUANTILE = 0.8
"""Of the areas around, this quantile stands for the open vein."""

EDGE_DEPTH = 0.5
"""A narrowing ends where half of its depth is regained."""

LEAST_MM, LEAST_FRAMES = 3.0, 5
JOIN_MM, JOIN_FRAMES = 6.0, 12
SAME_SHARE = 0.5
"""A candidate that lies this far inside a marked or rejected stretch is not suggested."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A suggested narrowing: frames `first`..`last`, 0-based, narrowest at `frame`."""

    first: int
    last: int
    frame: int
    depth: Quantity


def candidates(
    curve: LumenCurve, values: ReferenceValues, known: Sequence[tuple[int, int]] = ()
) -> tuple[Candidate, ...]:
    """Stretches whose smoothed area lies well under that of the vein around them, deepest first.

    Parameters
    ----------
    known : sequence of (first, last)
        Stretches already marked as stenosis, and those the reader rejected.
    """
    if len(curve) < LEAST_FRAMES:
        return ()
    if curve.along is None:
        where, reach = curve.frames.astype(np.float64), float(AROUND_FRAMES)
        shortest, join = float(LEAST_FRAMES), float(JOIN_FRAMES)
    else:
        where, reach, shortest, join = curve.along, AROUND_MM, LEAST_MM, JOIN_MM
    smooth = curve.smooth_area()
    around = running_quantile(where, smooth, reach, AROUND_QUANTILE)
    depth = 100.0 * (1.0 - smooth / around)
    cut = values["cut_off.candidate"]
    found = []
    for low, high in _joined(_runs(depth >= cut.value), where, join):
        deepest = low + int(np.nanargmax(depth[low : high + 1]))
        first, last = _grown(depth, low, high, EDGE_DEPTH * float(depth[deepest]))
        frames = int(curve.frames[first]), int(curve.frames[last])
        if abs(float(where[last] - where[first])) < shortest or _marked(frames, known):
            continue
        source = f"smoothed area under the vein's around; {cut.value:g} {cut.unit}: {cut.note}"
        figure = Quantity(float(depth[deepest]), "% area", None, source, curve.name(deepest))
        least = first + int(np.nanargmin(curve.area[first : last + 1]))
        found.append(Candidate(*frames, int(curve.frames[least]), figure))
    return tuple(sorted(found, key=lambda one: -one.depth.value))


def _runs(low: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], low, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def _joined(runs: list[tuple[int, int]], where: Values, join: float) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for first, last in runs:
        if out and abs(float(where[first] - where[out[-1][1]])) < join:
            out[-1] = (out[-1][0], last)
        else:
            out.append((first, last))
    return out


def _grown(depth: Values, first: int, last: int, stop: float) -> tuple[int, int]:
    """The stretch widened on both sides to where the depth falls to `stop`."""
    while first > 0 and depth[first - 1] > stop:
        first -= 1
    while last < len(depth) - 1 and depth[last + 1] > stop:
        last += 1
    return first, last


def _marked(frames: tuple[int, int], known: Sequence[tuple[int, int]]) -> bool:
    size = frames[1] - frames[0] + 1
    shared = (min(frames[1], b) - max(frames[0], a) + 1 for a, b in known)
    return any(part >= SAME_SHARE * size for part in shared)
