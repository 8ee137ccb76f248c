"""Segments to numbers: where an extent lies on both views, and how long it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viewer.geometry.polyline import Polyline
from viewer.geometry.position_map import PositionMap
from viewer.geometry.steady_pull import MOTOR_SCALE_SD
from viewer.measure.quantity import Quantity
from viewer.model.annotation import CenterlineExtent, Extent, FrameExtent
from viewer.model.calibration import Calibration
from viewer.model.study import Pullback

PROJECTED = "along the vein as the venogram shows it; foreshortening is not corrected"
PULLED = f"pullback rate x time; ± {MOTOR_SCALE_SD:.0%}: lengths of motorised systems err by 9-19 %"


@dataclass(frozen=True, slots=True)
class Stretch:
    """An extent on both views.

    Attributes
    ----------
    frames : tuple of int or None
        First and last frame of the pullback, both included; None when they can't be told.
    arc_px : tuple of float or None
        From and to along the centerline, rising; None when it can't be told.
    arc : tuple of float or None
        The same in the unit of `length`, when that is mm or px.
    length : Quantity
        In mm when the run has a scale, else px, else frames: the best that is known.
    pull_length : Quantity or None
        Rate x time of a motorised pullback: not foreshortened, and blind to slipping.
    solid : bool
        False when an end's place on the other view is extrapolated.
    """

    frames: tuple[int, int] | None
    arc_px: tuple[float, float] | None
    arc: tuple[float, float] | None
    length: Quantity
    pull_length: Quantity | None
    solid: bool


def stretch_of(
    extent: Extent,
    position: PositionMap | None,
    polyline: Polyline | None,
    calibration: Calibration,
    pullback: Pullback | None = None,
    times_s: tuple[float, ...] | None = None,
) -> Stretch | None:
    """Place an extent on both views and measure it.

    Parameters
    ----------
    position : PositionMap or None
        Ties the extent's pullback and run; None when they are not tied.
    polyline : Polyline or None
        The centerline of the run; an extent drawn on it needs it.
    calibration : Calibration
        Scale of the run.
    pullback : Pullback, optional
        Of the extent, for the length by rate x time.
    times_s : tuple of float, optional
        When each of its frames was taken.

    Returns
    -------
    Stretch or None
        None when nothing can be told: drawn on a run whose centerline is gone.
    """
    if isinstance(extent, FrameExtent):
        return _of_frames(extent, position, calibration, pullback, times_s)
    return _of_points(extent, position, polyline, calibration)


def _of_frames(
    extent: FrameExtent,
    position: PositionMap | None,
    calibration: Calibration,
    pullback: Pullback | None,
    times_s: tuple[float, ...] | None,
) -> Stretch:
    first, last = extent.first, extent.last
    pulled = _pull_length(first, last, pullback, times_s)
    if position is None or last >= len(position):
        frames = Quantity(last - first + 1, "frames", None, "counted on the pullback")
        return Stretch((first, last), None, None, frames, pulled, False)
    length, sigma = position.length_between(first, last)
    arc_px = float(position.arc_px[first]), float(position.arc_px[last])
    arc = float(position.arc[first]), float(position.arc[last])
    return Stretch(
        (first, last),
        (min(arc_px), max(arc_px)),
        (min(arc), max(arc)),
        _along(length, sigma, position.unit, calibration),
        pulled,
        bool(position.solid[first] and position.solid[last]),
    )


def _of_points(
    extent: CenterlineExtent,
    position: PositionMap | None,
    polyline: Polyline | None,
    calibration: Calibration,
) -> Stretch | None:
    if polyline is None:
        return None
    ends = sorted(polyline.project(point)[0] for point in (extent.start_px, extent.end_px))
    arc_px = ends[0], ends[1]
    frames, solid = None, False
    if position is not None:
        reached = sorted(position.frame_at(arc) for arc in arc_px)
        low, high = np.sort(position.arc_px[[0, -1]])
        if arc_px[0] <= high and arc_px[1] >= low:  # the pullback passes there at all
            frames = reached[0], reached[1]
            solid = bool(position.solid[reached[0]] and position.solid[reached[1]])
    scale = calibration.mm_per_px
    arc = arc_px if scale is None else (arc_px[0] * scale, arc_px[1] * scale)
    unit = "px" if scale is None else "mm"
    if position is not None:
        unit = position.unit
        arc = float(position.to_unit(arc_px[0])), float(position.to_unit(arc_px[1]))
    return Stretch(
        frames, arc_px, arc, _along(arc[1] - arc[0], 0.0, unit, calibration), None, solid
    )


def _along(length: float, sigma: float, unit: str, calibration: Calibration) -> Quantity:
    """A length on the venogram: the ± of its ends and of the scale in quadrature."""
    if unit == "px":
        return Quantity(length, "px", sigma or None, PROJECTED)
    share = calibration.uncertainty
    if share is None:
        return Quantity(length, "mm", None, f"{PROJECTED}; ± of the scale unknown")
    total = float(np.hypot(sigma, share * length))
    return Quantity(length, "mm", total, f"{PROJECTED}; scale: {calibration.source.value}")


def _pull_length(
    first: int, last: int, pullback: Pullback | None, times_s: tuple[float, ...] | None
) -> Quantity | None:
    if pullback is None or times_s is None or not pullback.motorised or last >= len(times_s):
        return None
    start = 0 if pullback.start_frame is None else pullback.start_frame
    stop = len(times_s) - 1 if pullback.stop_frame is None else pullback.stop_frame
    low, high = max(first, start), min(last, stop)
    if high <= low or pullback.rate_mm_s is None:
        return None
    length = pullback.rate_mm_s * (times_s[high] - times_s[low])
    return Quantity(length, "mm", MOTOR_SCALE_SD * length, PULLED)
