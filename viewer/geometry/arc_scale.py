"""px and mm along one centerline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.geometry.polyline import Polyline

Values = NDArray[np.float64]

UNEVEN = 0.01
"""A scale that varies by more than rounding along a centerline was measured in space."""


@dataclass(frozen=True, eq=False)
class ArcScale:
    """Arc lengths at the points of a centerline: in px, and in mm when the run has a scale.

    Attributes
    ----------
    unit : str
        Unit of `arc`: mm, or px without a scale.
    arc_px, arc : ndarray of float64, shape (n,)
        Strictly rising.
    """

    unit: Literal["mm", "px"]
    arc_px: Values
    arc: Values

    @property
    def mean_slope(self) -> float:
        """`unit` per px over the whole centerline."""
        return float((self.arc[-1] - self.arc[0]) / (self.arc_px[-1] - self.arc_px[0]))

    @property
    def in_space(self) -> bool:
        """Whether mm were told point by point, as a reconstruction does: px a mm vary."""
        slopes = np.diff(self.arc) / np.diff(self.arc_px)
        return bool(np.ptp(np.percentile(slopes, (10, 90))) > UNEVEN * self.mean_slope)

    def to_unit(self, arc_px: ArrayLike) -> Values:
        """From px; beyond both ends on at the mean slope."""
        return _follow(np.asarray(arc_px, dtype=np.float64), self.arc_px, self.arc)

    def to_px(self, arc: ArrayLike) -> Values:
        """To px; beyond both ends on at the mean slope."""
        return _follow(np.asarray(arc, dtype=np.float64), self.arc, self.arc_px)


def scale_of(polyline: Polyline, mm_per_px: float | None, arc_mm: ArrayLike | None) -> ArcScale:
    """The scale along `polyline`: `arc_mm` at its points, else `mm_per_px`, else px alone.

    Raises
    ------
    ValueError
        `arc_mm` has another length than the points, or does not rise.
    """
    if arc_mm is not None:
        arc = np.asarray(arc_mm, dtype=np.float64)
        if arc.shape != polyline.arc_px.shape or not (np.diff(arc) > 0).all():
            raise ValueError("mm along the centerline must rise from point to point")
        return ArcScale("mm", polyline.arc_px, arc)
    if mm_per_px is None:
        return ArcScale("px", polyline.arc_px, polyline.arc_px)
    return ArcScale("mm", polyline.arc_px, polyline.arc_px * mm_per_px)


def _follow(at: Values, x: Values, y: Values) -> Values:
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    below, above = np.minimum(at - x[0], 0.0), np.maximum(at - x[-1], 0.0)
    return np.asarray(np.interp(at, x, y) + slope * (below + above))
