"""A lumen's width in a named direction: whether it is pressed from the front or from the side."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues

Values = NDArray[np.float64]

DIRECTION_SIGMA_DEG = 10.0
"""± of anterior on a frame: an assumption of this program; within it a pattern is not told."""


class Pattern(StrEnum):
    """How a lumen is pressed."""

    AP = "from front to back"
    LATERAL = "from side to side"
    ROUND = "not flat"
    OBLIQUE = "oblique"
    UNKNOWN = "unknown: rotation not set"


@dataclass(frozen=True, slots=True)
class Compression:
    """Widths of one lumen by direction.

    Attributes
    ----------
    ap, lateral : Quantity or None
        Chords through the centroid, front to back and side to side; None without a rotation.
    aspect : Quantity
        Shortest over longest chord.
    short_from_ap_deg : float or None
        Angle between the shortest chord and front-to-back, 0 to 90.
    """

    pattern: Pattern
    ap: Quantity | None
    lateral: Quantity | None
    aspect: Quantity
    short_from_ap_deg: float | None


def polygon_centroid(points: Values) -> Values:
    """Centroid (x, y) of the area inside a closed polygon, shape (n, 2); the mean when flat."""
    x, y = (points - points.mean(axis=0)).T
    nx, ny = np.roll(x, -1), np.roll(y, -1)
    cross = x * ny - nx * y
    total = cross.sum()
    if abs(total) < 1e-12:
        return np.asarray(points.mean(axis=0))
    center = np.array([((x + nx) * cross).sum(), ((y + ny) * cross).sum()]) / (3.0 * total)
    return np.asarray(points.mean(axis=0) + center)


def chords(points: Values, angles_deg: ArrayLike) -> Values:
    """Lengths of the chords through the centroid of a closed polygon.

    Exact on the polygon: each edge is cut with the line through the centroid; of several cuts on
    one side the farthest counts.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        (x, y), square units.
    angles_deg : array_like, shape (m,)
        From +x towards +y.

    Returns
    -------
    ndarray, shape (m,)
    """
    seen = points - polygon_centroid(points)
    angle = np.radians(np.atleast_1d(np.asarray(angles_deg, np.float64)))
    along = np.outer(np.cos(angle), seen[:, 0]) + np.outer(np.sin(angle), seen[:, 1])
    across = np.outer(-np.sin(angle), seen[:, 0]) + np.outer(np.cos(angle), seen[:, 1])
    next_along, next_across = np.roll(along, -1, 1), np.roll(across, -1, 1)
    cut = (across <= 0) != (next_across <= 0)
    step = np.where(cut, next_across - across, 1.0)
    at = np.where(cut, along - across * (next_along - along) / step, np.nan)
    ahead = np.nanmax(np.where(cut & (at > 0), at, 0.0), axis=1)
    behind = np.nanmin(np.where(cut & (at < 0), at, 0.0), axis=1)
    return np.asarray(ahead - behind)


def compression_of(
    contour_px: ArrayLike,
    values: ReferenceValues,
    anterior_deg: float | None = None,
    mm_per_px: float | None = None,
    scale_share: float | None = None,
    on: str = "",
    accepted_by: str = "",
) -> Compression:
    """How a lumen is pressed.

    Parameters
    ----------
    contour_px : array_like, shape (n, 2)
        Its border, (x, y) px on square pixels.
    anterior_deg : float, optional
        Direction of anterior on its frame, deg from +x towards +y; None: rotation not set.
    """
    points = np.asarray(contour_px, np.float64)
    turn = np.arange(180.0)
    widths = chords(points, turn)
    short = int(np.argmin(widths))
    aspect = float(widths.min() / widths.max())
    flat = values["cut_off.flat"]
    share = Quantity(aspect, "min / max", None, f"flat below {flat.value:g}", on, accepted_by)
    if anterior_deg is None:
        return Compression(Pattern.UNKNOWN, None, None, share, None)
    scale, unit = (mm_per_px, "mm") if mm_per_px is not None else (1.0, "px")

    def width(angle_deg: float) -> Quantity:
        value = float(chords(points, [angle_deg])[0]) * scale
        sigma = None
        if unit == "mm" and scale_share is not None:
            sigma = float(np.hypot(values.number("border.diameter_sigma"), scale_share * value))
        source = "chord through the centroid; direction from the pullback's rotation"
        return Quantity(value, unit, sigma, source, on, accepted_by)

    from_ap = abs((turn[short] - anterior_deg + 90.0) % 180.0 - 90.0)
    pattern = Pattern.ROUND
    if aspect < flat.value:
        apart = abs(from_ap - 45.0)
        pattern = Pattern.AP if from_ap < 45.0 else Pattern.LATERAL
        pattern = Pattern.OBLIQUE if apart < DIRECTION_SIGMA_DEG else pattern
    return Compression(
        pattern, width(anterior_deg), width(anterior_deg + 90.0), share, float(from_ap)
    )
