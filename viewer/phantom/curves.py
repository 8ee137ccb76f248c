"""Smooth curves in space, sampled evenly along their length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

STEP_MM = 0.25


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve in patient coordinates.

    Attributes
    ----------
    s_mm : ndarray, shape (n,), float64
        Arc length, increasing, evenly spaced; zero where the maker of the curve says.
    xyz_mm : ndarray, shape (n, 3), float64
        Points, LPS (x to the patient's left, y to the back, z to the head), mm.
    """

    s_mm: Floats
    xyz_mm: Floats

    def at(self, s_mm: ArrayLike) -> Floats:
        """Points at arc length `s_mm` (clamped to the ends), shape (..., 3), mm."""
        s = np.asarray(s_mm, dtype=np.float64)
        return np.stack([np.interp(s, self.s_mm, self.xyz_mm[:, k]) for k in range(3)], axis=-1)

    def tangent_at(self, s_mm: ArrayLike) -> Floats:
        """Unit tangents at `s_mm`, pointing to larger arc length, shape (..., 3)."""
        s = np.asarray(s_mm, dtype=np.float64)
        slope = np.gradient(self.xyz_mm, self.s_mm, axis=0)
        tangent = np.stack([np.interp(s, self.s_mm, slope[:, k]) for k in range(3)], axis=-1)
        return np.asarray(tangent / np.linalg.norm(tangent, axis=-1, keepdims=True))

    def nearest(self, point_mm: ArrayLike) -> float:
        """Arc length of the sample nearest to a point."""
        distance = np.linalg.norm(self.xyz_mm - np.asarray(point_mm), axis=1)
        return float(self.s_mm[int(np.argmin(distance))])

    def part(self, first_mm: float, last_mm: float) -> Curve:
        """The stretch between two arc lengths, sampled every `STEP_MM`, arc lengths kept."""
        s = np.linspace(first_mm, last_mm, max(2, round((last_mm - first_mm) / STEP_MM) + 1))
        return Curve(s, self.at(s))


def smooth_curve(knots_mm: ArrayLike, origin: int = 0, step_mm: float = STEP_MM) -> Curve:
    """A curve through knots (natural cubic over chord length), arc length 0 at knot `origin`.

    Parameters
    ----------
    knots_mm : array_like, shape (k, 3)
        Points to pass through, in order.
    """
    from scipy.interpolate import CubicSpline

    knots = np.asarray(knots_mm, dtype=np.float64)
    chord = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    spline = CubicSpline(chord, knots, bc_type="natural")
    fine_t = np.linspace(0.0, chord[-1], max(64, int(chord[-1] / step_mm) * 8))
    fine = np.asarray(spline(fine_t), dtype=np.float64)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    zero = float(np.interp(chord[origin], fine_t, arc))
    s = np.linspace(0.0, arc[-1], max(2, round(arc[-1] / step_mm) + 1))
    xyz = np.stack([np.interp(s, arc, fine[:, k]) for k in range(3)], axis=-1)
    return Curve(s - zero, xyz)


def frame_of(tangent: Floats) -> tuple[Floats, Floats]:
    """Axes of a cross section: towards the patient's left and towards the front.

    Parameters
    ----------
    tangent : ndarray, shape (..., 3)
        Unit tangents, not parallel to the left-right axis.

    Returns
    -------
    left, front : ndarray, shape (..., 3)
        Unit vectors at right angles to the tangent and to each other.
    """
    across = np.array([1.0, 0.0, 0.0]) - tangent * tangent[..., :1]
    left = across / np.linalg.norm(across, axis=-1, keepdims=True)
    front = np.cross(tangent, left)
    return left, front * np.where(front[..., 1:2] > 0, -1.0, 1.0)
