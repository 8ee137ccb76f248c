"""A vein's course on an image: a dense curve measured by its arc length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

SAME_POINT_PX = 1e-6
"""Points nearer to one another than this are one point."""

MOST_POINTS = 200_000
"""Points a smooth curve is made of at most: enough for 33,000 px at the usual half px."""

TANGENT_HALF_STEP_PX = 1.0
"""Half the stretch over which a direction is taken: less would follow the sampling."""


@dataclass(frozen=True, eq=False)
class Polyline:
    """A curve as a chain of points, in drawing order.

    Attributes
    ----------
    points_px : ndarray of float64, shape (n, 2), n >= 2
        (x, y), origin at the centre of the top-left pixel; neighbours differ.
    arc_px : ndarray of float64, shape (n,)
        Length along the chain from its first point, px, strictly rising from 0.
    """

    points_px: Points
    arc_px: Points = field(repr=False)

    @classmethod
    def from_points(cls, points_px: ArrayLike) -> Polyline | None:
        """The chain through `points_px` as they are; None when fewer than two differ.

        Raises
        ------
        ValueError
            `points_px` is not (n, 2), or holds NaN or infinity.
        """
        points = _checked(points_px)
        points = points[distinct(points)]
        if len(points) < 2:
            return None
        arc = np.concatenate(([0.0], np.cumsum(_lengths(points))))
        points.flags.writeable = False
        arc.flags.writeable = False
        return cls(points, arc)

    @property
    def length_px(self) -> float:
        """Length of the whole curve, px."""
        return float(self.arc_px[-1])

    def at(self, arc_px: ArrayLike) -> Points:
        """The point(s) at `arc_px` along the curve; beyond its ends, the end itself.

        Parameters
        ----------
        arc_px : float or array_like, shape (...)

        Returns
        -------
        ndarray of float64, shape (..., 2)
        """
        arc = np.asarray(arc_px, dtype=np.float64)
        x = np.interp(arc, self.arc_px, self.points_px[:, 0])
        y = np.interp(arc, self.arc_px, self.points_px[:, 1])
        return np.stack((x, y), axis=-1)

    def tangent(self, arc_px: ArrayLike) -> Points:
        """Unit direction(s) of travel at `arc_px`, shape (..., 2)."""
        arc = np.clip(np.asarray(arc_px, dtype=np.float64), 0.0, self.length_px)
        half = min(TANGENT_HALF_STEP_PX, self.length_px / 2)
        middle = np.clip(arc, half, self.length_px - half)
        along = self.at(middle + half) - self.at(middle - half)
        norm = np.linalg.norm(along, axis=-1, keepdims=True)
        chord = self.points_px[-1] - self.points_px[0]
        along = np.where(norm > SAME_POINT_PX, along, chord)  # a hairpin folded onto itself
        size = np.linalg.norm(along, axis=-1, keepdims=True)
        return np.asarray(along / np.maximum(size, SAME_POINT_PX))

    def normal(self, arc_px: ArrayLike) -> Points:
        """Unit normal(s) at `arc_px`, shape (..., 2): the tangent turned from x towards y."""
        along = self.tangent(arc_px)
        return np.stack((-along[..., 1], along[..., 0]), axis=-1)

    def project(self, point_px: tuple[float, float]) -> tuple[float, float]:
        """The nearest place on the curve.

        Returns
        -------
        tuple of float
            (arc_px, distance_px): where it is along the curve and how far off `point_px` lies.
        """
        x, y, along_x, along_y, square = self._legs
        away_x, away_y = float(point_px[0]) - x, float(point_px[1]) - y
        share = np.clip((away_x * along_x + away_y * along_y) / square, 0.0, 1.0)
        distance2 = (away_x - share * along_x) ** 2 + (away_y - share * along_y) ** 2
        best = int(np.argmin(distance2))
        arc = self.arc_px[best] + share[best] * np.sqrt(square[best])
        return float(arc), float(np.sqrt(distance2[best]))

    @cached_property
    def _legs(self) -> tuple[Points, ...]:
        """Start (x, y), extent (x, y) and squared length of each leg, each shape (n - 1,)."""
        x, y = self.points_px.T
        along_x, along_y = np.diff(x), np.diff(y)
        starts = np.ascontiguousarray(x[:-1]), np.ascontiguousarray(y[:-1])
        return *starts, along_x, along_y, along_x**2 + along_y**2

    def slice(self, start_px: float, end_px: float) -> Points:
        """The stretch between two arc lengths, ends included, shape (m, 2), m >= 2.

        From the smaller to the larger arc length, whatever the order given; kept on the curve.
        """
        low, high = np.clip(sorted((start_px, end_px)), 0.0, self.length_px)
        inside = (self.arc_px > low) & (self.arc_px < high)
        return np.vstack((self.at(low), self.points_px[inside], self.at(high)))


def spline_through(
    knots_px: Sequence[tuple[float, float]], step_px: float = 0.5
) -> Polyline | None:
    """A smooth curve through every click, in their order.

    Parameters
    ----------
    knots_px : sequence of (x, y)
        Two make a straight line; knots on one spot count once.
    step_px : float
        Largest distance between neighbouring points of the curve; more on one so long that it
        would have over `MOST_POINTS`.

    Returns
    -------
    Polyline or None
        None for fewer than two different knots.

    Raises
    ------
    ValueError
        The step is not above zero, or the knots are not (x, y) pairs of finite numbers.

    Notes
    -----
    Centripetal Catmull-Rom spline in cubic Hermite form: the only member of its family without
    cusps or loops inside a span, however uneven the clicks (Yuksel, Schaefer, Keyser, Computer-
    Aided Design 43, 2011, 747-755). The end spans are parabolas. Neighbours are at most
    `step_px` apart because a Bezier cubic's speed is at most three times its longest leg.
    """
    if step_px <= 0:
        raise ValueError("the step along a curve must be greater than zero")
    knots = _checked(knots_px) if len(knots_px) else np.empty((0, 2))
    knots = knots[distinct(knots)]
    if len(knots) < 2:
        return None
    span = np.sqrt(_lengths(knots))
    rise = _knot_tangents(knots, span)
    leg_out = rise[:-1] * span[:, None] / 3.0
    leg_in = rise[1:] * span[:, None] / 3.0
    b0, b3 = knots[:-1], knots[1:]
    b1, b2 = b0 + leg_out, b3 - leg_in
    legs = np.stack([np.linalg.norm(leg, axis=1) for leg in (b1 - b0, b2 - b1, b3 - b2)])
    reach = 3.0 * legs.max(axis=0)
    step_px = max(step_px, float(reach.sum()) / MOST_POINTS)
    counts = np.maximum(np.ceil(reach / step_px), 1).astype(np.int64)
    which = np.repeat(np.arange(len(counts)), counts)
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    t = ((np.arange(which.size) - first[which]) / counts[which])[:, None]
    s = 1.0 - t
    curve = (
        s**3 * b0[which] + 3 * s**2 * t * b1[which] + 3 * s * t**2 * b2[which] + t**3 * b3[which]
    )
    return Polyline.from_points(np.vstack((curve, knots[-1])))


def distinct(points: Points) -> NDArray[np.bool_]:
    """Which points differ from the one before them, shape (n,)."""
    keep = np.ones(len(points), dtype=np.bool_)
    if len(points) > 1:
        keep[1:] = _lengths(points) > SAME_POINT_PX
    return keep


def _knot_tangents(knots: Points, span: Points) -> Points:
    """dP/dt at each knot, t the centripetal parameter whose steps are `span`."""
    slope = np.diff(knots, axis=0) / span[:, None]
    if len(knots) == 2:
        return np.vstack((slope, slope))
    wide = (knots[2:] - knots[:-2]) / (span[:-1] + span[1:])[:, None]
    inner = slope[:-1] - wide + slope[1:]
    return np.vstack((2 * slope[0] - inner[0], inner, 2 * slope[-1] - inner[-1]))


def _lengths(points: Points) -> Points:
    return np.asarray(np.hypot(*np.diff(points, axis=0).T))


def _checked(points: ArrayLike) -> Points:
    array = np.array(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError("points of a curve are (x, y) pairs")
    if not np.isfinite(array).all():
        raise ValueError("a point of a curve is not a finite number")
    return array
