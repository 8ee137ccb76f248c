"""A vein's centerline between clicks: cheapest path, moved to the middle between both edges.

Where no contrast is (an occlusion), the course is a guess: a smooth bridge, told as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.polyline import Polyline
from viewer.imaging.lumen_edges import ROW_MM, Edges, find_edges
from viewer.imaging.minimal_path import Front
from viewer.imaging.vein_picture import VeinPicture
from viewer.imaging.vesselness import VesselMap, vessel_map

Floats = NDArray[np.float64]
PointPx = tuple[float, float]

PATH_MM, COURSE_MM = 5.0, 3.0
"""Standard deviations along the vein of the smoothing of the grid's path, and of the middle."""

FARTHEST_MM = 8.0
"""How far the middle may lie from the path: half a wide vein."""

ROUNDS = 2

GUESS_BELOW = 0.42
LEAST_GUESS_MM = 4.0
"""A stretch at least so long over which presence of contrast stays below is a guess."""

SURE_MM = 3.0
"""Presence along the vein is smoothed with this standard deviation."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A vein's course as found on a picture.

    Attributes
    ----------
    points_px : ndarray, float64 (n, 2)
        About `ROW_MM` apart.
    guessed : ndarray, bool (n,)
        Where nothing is to be seen of the vein.
    """

    points_px: Floats
    guessed: NDArray[np.bool_]


class VeinTracer:
    """Traces veins on one picture; what every path needs is made once.

    May be used from one thread at a time.
    """

    def __init__(self, picture: VeinPicture) -> None:
        self.picture = picture

    @cached_property
    def vessels(self) -> VesselMap:
        """Vesselness and costs of the picture."""
        return vessel_map(self.picture)

    @property
    def row_mm(self) -> float:
        """Distance of neighbouring points of a trace."""
        return ROW_MM

    def front(self, point_px: PointPx) -> Front:
        """Costs from a point."""
        return Front(self.vessels, point_px)

    def trace(
        self, path_px: Floats, free: tuple[bool, bool] = (True, True), rounds: int = ROUNDS
    ) -> Trace:
        """The course along a path of the grid.

        Parameters
        ----------
        path_px : ndarray (n, 2)
        free : (bool, bool)
            Whether its first and its last point move to the vein's middle too, else they stay.
        rounds : int
            How often it is moved; 1 is enough while the mouse moves.
        """
        row_px = ROW_MM / self.picture.mm_per_px
        course = _resampled(path_px, row_px)
        if course is None:
            return Trace(np.asarray(path_px, np.float64), np.zeros(len(path_px), bool))
        course = _smoothed(course, PATH_MM / ROW_MM)
        edges = None
        for _ in range(rounds):
            edges = find_edges(self.picture, course, _normals(course))
            course = self._centred(course, edges, free)
            again = _resampled(course, row_px)
            course = course if again is None else again
        if edges is None:
            return Trace(course, np.zeros(len(course), bool))
        before, now = np.linspace(0, 1, len(edges.presence)), np.linspace(0, 1, len(course))
        guessed = _guessed(np.interp(now, before, edges.presence))
        course = _bridged(course, guessed)
        last = np.subtract(self.picture.density.shape[::-1], 1)
        return Trace(np.clip(course, 0.0, last), guessed)

    def _centred(self, course: Floats, edges: Edges, free: tuple[bool, bool]) -> Floats:
        """The course moved to the middle between the edges, as far as they are sure."""
        from scipy.ndimage import gaussian_filter1d

        limit = FARTHEST_MM / self.picture.mm_per_px
        weight = np.square(edges.confidence) + 1e-3
        middle = np.clip(edges.middle_px, -limit, limit)
        sigma = COURSE_MM / ROW_MM
        moved = gaussian_filter1d(weight * middle, sigma, mode="nearest")
        moved /= gaussian_filter1d(weight, sigma, mode="nearest")
        moved *= np.clip(gaussian_filter1d(edges.confidence, sigma) / 0.2, 0.0, 1.0)
        arc = np.arange(len(moved)) * ROW_MM / (2 * COURSE_MM)
        for end_free, share in zip(free, (arc, arc[::-1]), strict=True):
            moved *= 1.0 if end_free else np.clip(share, 0.0, 1.0)
        return _smoothed(course + moved[:, None] * _normals(course), 1.5)


def trace_through(tracer: VeinTracer, points_px: list[PointPx]) -> Trace:
    """The course through several clicks, in their order; the ends move to the vein's middle."""
    legs = [tracer.front(start).path_to(end) for start, end in pairwise(points_px)]
    path = np.vstack([legs[0], *(leg[1:] for leg in legs[1:])])
    return tracer.trace(path)


def _resampled(points_px: Floats, step_px: float) -> Floats | None:
    """Points evenly spread, about `step_px` apart; None when they are all one."""
    line = Polyline.from_points(points_px)
    if line is None:
        return None
    count = max(5, round(line.length_px / step_px) + 1)
    return line.at(np.linspace(0.0, line.length_px, count))


def _smoothed(points_px: Floats, sigma: float) -> Floats:
    """Points smoothed along their order; the ends stay where they are."""
    from scipy.ndimage import gaussian_filter1d

    count = len(points_px)
    reach = min(count - 1, round(4 * sigma))
    before = 2 * points_px[0] - points_px[reach:0:-1]
    after = 2 * points_px[-1] - points_px[-2 : -2 - reach : -1]
    longer = np.vstack((before, points_px, after))
    smooth = gaussian_filter1d(longer, sigma, axis=0, mode="nearest")
    out = np.asarray(smooth[reach : reach + count])
    out[0], out[-1] = points_px[0], points_px[-1]  # of a short course smoothing would move them
    return out


def _normals(points_px: Floats) -> Floats:
    """Unit normals, (n, 2): the direction of travel turned from x towards y."""
    along = np.gradient(points_px, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    return np.stack((-along[:, 1], along[:, 0]), axis=1)


def _guessed(presence: Floats) -> NDArray[np.bool_]:
    """Stretches of at least `LEAST_GUESS_MM` where hardly any contrast is."""
    from scipy.ndimage import gaussian_filter1d

    low = gaussian_filter1d(presence, SURE_MM / ROW_MM, mode="nearest") < GUESS_BELOW
    for first, last in stretches(low):
        if (last - first) * ROW_MM < LEAST_GUESS_MM:
            low[first:last] = False
    return np.asarray(low)


def stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where flags are set: first index and the one after the last, in order."""
    edge = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edge.reshape(-1, 2)]


def _bridged(points_px: Floats, guessed: NDArray[np.bool_]) -> Floats:
    """The course with each guessed stretch inside it bridged smoothly from side to side."""
    out = points_px.copy()
    for first, last in stretches(guessed):
        if first < 4 or last > len(out) - 4:
            continue
        start, end = first - 1, last
        span = float(np.hypot(*(out[end] - out[start])))
        leave = out[start] - out[max(0, start - 6)]
        meet = out[min(len(out) - 1, end + 6)] - out[end]
        leave *= span / max(float(np.hypot(*leave)), 1e-9)
        meet *= span / max(float(np.hypot(*meet)), 1e-9)
        t = np.linspace(0, 1, end - start + 1)[:, None]
        out[start : end + 1] = (
            (2 * t**3 - 3 * t**2 + 1) * out[start]
            + (t**3 - 2 * t**2 + t) * leave
            + (3 * t**2 - 2 * t**3) * out[end]
            + (t**3 - t**2) * meet
        )
    return out
