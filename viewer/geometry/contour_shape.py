"""Closed outlines reshaped by hand: bent at a point, redrawn along an arc, pushed by a brush.

Points are (x, y) px, shape (k, 2), origin at the centre of the top-left pixel; an outline closes
from its last point to its first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

HANDLES = 13
"""Handles an outline is shown with: enough for a flat vein's ends, few enough to grab."""

BEND_SHARE = 0.055
"""A dragged point takes its neighbours along: a Gaussian of this share of the perimeter."""

CLOSED_SHARE = 0.25
"""A stroke whose ends are nearer than this share of its length is a whole outline."""

EVEN_POINTS = 64


def evenly(points_px: ArrayLike, count: int = EVEN_POINTS) -> Points:
    """`count` points at even distances along a closed outline, the first one kept."""
    points = np.asarray(points_px, np.float64)
    ring = np.vstack((points, points[:1]))
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))))
    if not along[-1] > 0:
        return np.repeat(points[:1], count, axis=0)
    at = np.linspace(0.0, along[-1], count, endpoint=False)
    return np.column_stack([np.interp(at, along, ring[:, k]) for k in (0, 1)])


def handles(count: int) -> NDArray[np.intp]:
    """Indices of the points shown as handles, of an outline of `count` points."""
    return np.unique(np.linspace(0, count, min(HANDLES, count), endpoint=False).astype(np.intp))


def nearest_point(points_px: Points, at_px: ArrayLike) -> tuple[int, float]:
    """The point of an outline nearest to a place, and its distance in px."""
    away = np.hypot(*(np.asarray(points_px) - np.asarray(at_px, np.float64)).T)
    index = int(np.argmin(away))
    return index, float(away[index])


def nearest_on(outline_px: Points, places_px: Points) -> Points:
    """The places on a closed outline nearest to given places (m, 2), shape (m, 2)."""
    start, step = outline_px, np.roll(outline_px, -1, axis=0) - outline_px
    long = np.maximum((step**2).sum(axis=1), 1e-12)
    from_start = places_px[:, None] - start[None]
    share = np.clip((from_start * step).sum(axis=2) / long, 0.0, 1.0)
    feet = start[None] + share[..., None] * step[None]
    best = np.argmin(((feet - places_px[:, None]) ** 2).sum(axis=2), axis=1)
    return np.asarray(feet[np.arange(len(places_px)), best])


def bent(points_px: Points, index: int, to_px: ArrayLike) -> Points:
    """An outline with one point moved and its neighbours following smoothly."""
    points = np.asarray(points_px, np.float64)
    sides = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    along = np.concatenate(([0.0], np.cumsum(sides)))
    total = along[-1]
    gap = np.abs(along[:-1] - along[index])
    gap = np.minimum(gap, total - gap)
    weight = np.exp(-0.5 * (gap / max(BEND_SHARE * total, 1e-9)) ** 2)
    return np.asarray(points + weight[:, None] * (np.asarray(to_px, np.float64) - points[index]))


def pushed(points_px: Points, center_px: ArrayLike, radius_px: float) -> Points:
    """An outline whose points inside a round brush are pushed to its rim."""
    points = np.asarray(points_px, np.float64)
    away = points - np.asarray(center_px, np.float64)
    distance = np.hypot(*away.T)
    inside = (distance < radius_px) & (distance > 1e-9)
    scale = np.where(inside, radius_px / np.maximum(distance, 1e-9), 1.0)
    return np.asarray(points + away * (scale - 1.0)[:, None])


def redrawn(points_px: Points | None, stroke_px: ArrayLike) -> Points:
    """An outline with the arc beside a stroke replaced by it; the stroke itself when it closes.

    Parameters
    ----------
    points_px : ndarray (k, 2) or None
        None where there is no outline yet: the stroke, closed, becomes one.
    stroke_px : array_like, shape (m, 2)
        As it was drawn, in either direction.
    """
    stroke = np.asarray(stroke_px, np.float64)
    length = float(np.hypot(*np.diff(stroke, axis=0).T).sum())
    ends_apart = float(np.hypot(*(stroke[-1] - stroke[0])))
    if points_px is None or ends_apart < CLOSED_SHARE * length:
        return evenly(stroke)
    points = evenly(points_px, 4 * EVEN_POINTS)
    first, _ = nearest_point(points, stroke[0])
    last, _ = nearest_point(points, stroke[-1])
    onward = _arc(points, first, last)
    back = _arc(points, last, first)
    if _away(onward, stroke) <= _away(back, stroke):
        return evenly(np.vstack((stroke, back)))
    return evenly(np.vstack((stroke[::-1], onward)))


def between(one_px: Points, other_px: Points, share: float) -> Points:
    """The outline a share of the way from one to another, points paired by the shortest way."""
    one, other = evenly(one_px), evenly(other_px)
    if _turning(one) * _turning(other) < 0:
        other = other[::-1]
    shifts = np.arange(len(one))
    apart = [((np.roll(other, -int(k), axis=0) - one) ** 2).sum() for k in shifts]
    other = np.roll(other, -int(np.argmin(apart)), axis=0)
    return np.asarray(one * (1.0 - share) + other * share)


def _arc(points: Points, first: int, last: int) -> Points:
    """The points from one to another, both included, onward."""
    count = (last - first) % len(points)
    return points[(first + np.arange(count + 1)) % len(points)]


def _away(arc: Points, stroke: Points) -> float:
    """Mean distance of an arc's points from a stroke's nearest point."""
    gaps = np.hypot(*(arc[:, None] - stroke[None]).transpose(2, 0, 1))
    return float(gaps.min(axis=1).mean())


def _turning(points: Points) -> float:
    """Signed area: which way round an outline runs."""
    x, y = points.T
    return float(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
