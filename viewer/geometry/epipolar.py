"""Two views of one point: the plane through both sources, the line it draws, where rays meet.

Source: R. Hartley, A. Zisserman, Multiple View Geometry in Computer Vision, 2nd ed. 2004, ch. 9
(epipolar geometry) and 12 (triangulation); here with the C-arm's own geometry, no fundamental
matrix to be estimated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.geometry.carm import Projection

Values = NDArray[np.float64]
Segment = tuple[tuple[float, float], tuple[float, float]]

REACH_MM = 250.0
"""How far in front of and behind the isocentre a guidance line is drawn: more than a body."""


@dataclass(frozen=True, eq=False)
class Planes:
    """The pencil of planes through both sources; each is told by a height in mm.

    Attributes
    ----------
    along, out, up : ndarray, shape (3,)
        From source to source; towards the patient; across: heights grow along `up`.
    radius_mm : float
        Distance from the line of the sources to the isocentre: turns angles into heights there.
    """

    along: Values
    out: Values
    up: Values
    radius_mm: float

    def heights(self, view: Projection, points_px: ArrayLike) -> Values:
        """Height (mm at the isocentre) of the plane each pixel's ray lies in, shape (...)."""
        ray = view.directions(points_px)
        return np.asarray(self.radius_mm * np.arctan2(ray @ self.up, ray @ self.out))


def planes_of(a: Projection, b: Projection) -> Planes:
    """The planes two views share."""
    base = b.source_mm - a.source_mm
    along = base / np.linalg.norm(base)
    middle = -(a.source_mm + b.source_mm) / 2
    out = middle - (middle @ along) * along
    radius = float(np.linalg.norm(out))
    out = out / radius
    return Planes(along, out, np.cross(along, out), radius)


def gaps_mm(a: Projection, b: Projection, a_px: ArrayLike, b_px: ArrayLike) -> Values:
    """How far apart the rays of paired pixels pass, signed, shape (...): the epipolar error."""
    normal = ray_normals(a, b, a_px, b_px)
    return np.asarray(normal @ (b.source_mm - a.source_mm))


def ray_normals(a: Projection, b: Projection, a_px: ArrayLike, b_px: ArrayLike) -> Values:
    """Unit vectors across both rays of each pair, shape (..., 3)."""
    normal = np.cross(a.directions(a_px), b.directions(b_px))
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12))


def triangulate(a: Projection, b: Projection, a_px: ArrayLike, b_px: ArrayLike) -> Values:
    """Points midway between the rays of paired pixels, shape (..., 3), LPS mm."""
    ray_a, ray_b = a.directions(a_px), b.directions(b_px)
    base = b.source_mm - a.source_mm
    cosine = np.sum(ray_a * ray_b, axis=-1)
    to_a, to_b = ray_a @ base, ray_b @ base
    square = np.maximum(1.0 - cosine**2, 1e-9)
    along_a = (to_a - cosine * to_b) / square
    along_b = (cosine * to_a - to_b) / square
    on_a = a.source_mm + along_a[..., None] * ray_a
    on_b = b.source_mm + along_b[..., None] * ray_b
    return np.asarray((on_a + on_b) / 2)


def guidance_line(
    seen_by: Projection,
    point_px: tuple[float, float],
    drawn_on: Projection,
    size_px: tuple[int, int],
) -> Segment | None:
    """Where a pixel of one view must lie on the other.

    Parameters
    ----------
    size_px : tuple of int
        Columns and rows of the image the line is drawn on.

    Returns
    -------
    ((x, y), (x, y)) px inside the image, the end nearer to the first view's source first; None
    where the line misses the image.
    """
    ray = seen_by.directions(point_px)
    reach = np.array([seen_by.sod_mm - REACH_MM, seen_by.sod_mm + REACH_MM])
    start, stop = drawn_on.project(seen_by.source_mm + np.maximum(reach, 1.0)[:, None] * ray)
    return _clipped(start, stop, size_px)


def _clipped(start: Values, stop: Values, size_px: tuple[int, int]) -> Segment | None:
    """The part of a stretch inside the image (Liang-Barsky)."""
    low, high, along = 0.0, 1.0, stop - start
    for axis in (0, 1):
        for edge, sign in ((0.0, -1.0), (size_px[axis] - 1.0, 1.0)):
            speed, room = sign * along[axis], sign * (edge - start[axis])
            if abs(speed) < 1e-12:
                if room < 0:
                    return None
            elif speed > 0:
                high = min(high, room / speed)
            else:
                low = max(low, room / speed)
    if low >= high:
        return None
    (x0, y0), (x1, y1) = (start + low * along).tolist(), (start + high * along).tolist()
    return (x0, y0), (x1, y1)
