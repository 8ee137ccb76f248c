"""How wide a vein is along its course on a run, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.polyline import Polyline
from viewer.imaging.lumen_edges import ROW_MM, find_edges
from viewer.imaging.vein_picture import VeinPicture

LEAST_CONFIDENCE = 0.3
"""Below it a width is not given: one of both edges is a guess."""

LEAST_PRESENCE = 0.42
"""Below it no contrast is there, so there is no width."""


@dataclass(frozen=True, eq=False)
class VesselProfile:
    """A vein's edges along its course, in drawing order.

    Attributes
    ----------
    arc_px : ndarray, float64 (n,)
        Length along the course, px, from 0 to its whole length; about 1 mm apart.
    diameter_px : ndarray, float64 (n,)
        Distance of both edges, px, NaN where it is not known.
    confidence : ndarray, float64 (n,)
        From 0 to 1, of the width.
    left_px, right_px : ndarray, float64 (n, 2)
        The edges (x, y) on both sides of the course, NaN where not known.
    contrast : ndarray, float64 (n,)
        Density inside less outside: logarithms, or grey levels of runs that are not linear.
    """

    arc_px: NDArray[np.float64]
    diameter_px: NDArray[np.float64]
    confidence: NDArray[np.float64]
    left_px: NDArray[np.float64]
    right_px: NDArray[np.float64]
    contrast: NDArray[np.float64]

    def diameter_at(self, arc_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Diameters, px, at other places along the course; NaN where one beside is not known."""
        return np.interp(arc_px, self.arc_px, self.diameter_px)

    def confidence_at(self, arc_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Confidence at other places along the course."""
        return np.interp(arc_px, self.arc_px, self.confidence)


def vessel_profile(picture: VeinPicture, course: Polyline) -> VesselProfile:
    """Edges and widths of the vein along its course on a picture."""
    rows = max(5, round(course.length_px * picture.mm_per_px / ROW_MM) + 1)
    arc = np.linspace(0.0, course.length_px, rows)
    points, normal = course.at(arc), course.normal(arc)
    edges = find_edges(picture, points, normal)
    inside = ((points >= 0) & (points <= np.subtract(picture.density.shape[::-1], 1))).all(axis=1)
    known = (edges.confidence >= LEAST_CONFIDENCE) & (edges.presence >= LEAST_PRESENCE) & inside
    left = points + normal * edges.left_px[:, None]
    right = points + normal * edges.right_px[:, None]
    return VesselProfile(
        arc,
        np.where(known, edges.diameter_px, np.nan),
        np.where(inside, edges.confidence, 0.0),
        np.where(known[:, None], left, np.nan),
        np.where(known[:, None], right, np.nan),
        edges.contrast,
    )
