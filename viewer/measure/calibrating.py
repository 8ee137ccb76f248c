"""Millimetres per pixel from something of known size on the image.

Uncertainties are relative standard uncertainties, added in squares:

- a click is off by 1 px (standard deviation; general knowledge, to be checked);
- depth: what is measured lies within 10 mm of the depth of what was calibrated on (a catheter in
  the same vein; general knowledge, to be checked), so the magnification is off by 10 mm / SOD,
  1.4 % at the usual SOD of 720 mm (domain notes);
- filling: calibrating on a catheter read -15 % to +4 % by what it was filled with (domain notes).
  Which of it applies is not known for a given filling, so nothing is corrected: the root mean
  square of a rectangular distribution between both, 7.8 %, is stated;
- tilt: a length lies within 20 degrees of the image's plane, every angle as likely (an assumption,
  to be checked): it reads too short by angle² / 2, in root mean square 2.7 %; within 25 degrees,
  4.3 %, for six marks or fewer, which leave no choice of the flattest stretch. A width does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.errors import ViewerError
from viewer.model.reader_calibration import FRENCH_MM
from viewer.model.vessel import PointPx

CLICK_PX = 1.0
OFF_DEPTH_MM = 10.0
USUAL_SOD_MM = 720.0
FILLING_UNCERTAINTY = math.sqrt((0.15**2 - 0.15 * 0.04 + 0.04**2) / 3.0)
TILT_UNCERTAINTY = math.radians(20.0) ** 2 / (2.0 * math.sqrt(5.0))
TILT_OF_FEW_MARKS = math.radians(25.0) ** 2 / (2.0 * math.sqrt(5.0))
FEW_MARKS = 6
SMALLEST_DISTANCE_PX = 5.0
FRENCH_RANGE = (2.0, 40.0)
UNEVEN_FROM = 0.005
FEWEST_MARKS = 3
MARK_TOLERANCE = 0.005
"""Marks are set on a catheter to within this share (general knowledge, to be checked)."""


@dataclass(frozen=True, slots=True)
class ScaleFound:
    """A scale, its relative standard uncertainty and what that consists of, for people."""

    mm_per_px: float
    uncertainty: float
    source: str


@dataclass(frozen=True, slots=True)
class MarksFound:
    """A scale from marks at even distances along a catheter.

    Attributes
    ----------
    scale : ScaleFound
    spacing_px : float
        Distance between two marks that the scale rests on, px.
    foreshortened : float
        By how much the narrowest stretch is shorter than that, 0..1: it runs out of the image's
        plane there.
    residual_px : float
        Root mean square distance of the marks from a spacing that changes slowly.
    """

    scale: ScaleFound
    spacing_px: float
    foreshortened: float
    residual_px: float


def by_distance(
    start_px: PointPx, end_px: PointPx, length_mm: float, sod_mm: float | None = None
) -> ScaleFound:
    """Scale from two clicks a known length apart.

    Raises
    ------
    ViewerError
        The length can't be, or the clicks are too near to each other.
    """
    if not (math.isfinite(length_mm) and 0 < length_mm <= 1000):
        raise ViewerError(f"A distance of {length_mm:g} mm can't be", "Give 0.1 to 1000 mm.")
    apart_px = math.dist(start_px, end_px)
    if apart_px < SMALLEST_DISTANCE_PX:
        raise ViewerError("The two points are too near to each other", "Choose a longer distance.")
    shares = {
        "clicks": math.sqrt(2.0) * CLICK_PX / apart_px,
        "tilt": TILT_UNCERTAINTY,
        "depth": depth_share(sod_mm),
    }
    return _scale(length_mm / apart_px, shares)


def by_catheter(
    width_px: float, sigma_px: float, french: float, sod_mm: float | None = None
) -> ScaleFound:
    """Scale from the width of a catheter of known French size (1 F = 1/3 mm outer diameter).

    Raises
    ------
    ViewerError
        There is no such catheter.
    """
    low, high = FRENCH_RANGE
    if not low <= french <= high:
        raise ViewerError(f"No catheter has {french:g} F", f"Give {low:g} to {high:g} F.")
    shares = {
        "filling": FILLING_UNCERTAINTY,
        "edges": sigma_px / width_px,
        "depth": depth_share(sod_mm),
    }
    return _scale(french * FRENCH_MM / width_px, shares)


def by_marks(
    arcs_px: NDArray[np.float64],
    numbers: Sequence[int],
    spacing_mm: float = 10.0,
    sod_mm: float | None = None,
) -> MarksFound:
    """Scale from marks at even distances along a catheter.

    All of them, where the spacing is even within the noise; else the stretch of four marks with
    the widest spacing: where the catheter runs out of the image's plane its marks come closer
    (6 % at 20 degrees, domain notes), never farther.

    Parameters
    ----------
    arcs_px : ndarray, shape (marks,)
        Length along the catheter of each mark, rising, px.
    numbers : sequence of int
        Place of each mark in the row, rising; a number left out is a mark not seen.

    Raises
    ------
    ViewerError
        Fewer than three marks, or a spacing that can't be.
    """
    if not 1.0 <= spacing_mm <= 100.0:
        raise ViewerError(f"Marks {spacing_mm:g} mm apart can't be", "Give 1 to 100 mm.")
    arcs, n = np.asarray(arcs_px, np.float64), np.asarray(numbers, np.float64)
    if arcs.size < FEWEST_MARKS:
        raise ViewerError(
            "Fewer than three evenly spaced marks were found",
            "Choose a frame before contrast, or calibrate on a known distance.",
        )
    residual_px = _residual_px(arcs, n)
    spacing_px, error_px = _slope(arcs, n, residual_px)
    shares: dict[str, float] = {}
    widest_px, widest_error_px = _widest(arcs, n, residual_px)
    foreshortened = 0.0
    if widest_px - spacing_px > max(3.0 * widest_error_px, UNEVEN_FROM * spacing_px):
        spacing_px, error_px = widest_px, widest_error_px
        lean = np.minimum(np.diff(arcs) / (np.diff(n) * spacing_px), 1.0)
        foreshortened = 1.0 - float(lean.min())
        deep_mm = spacing_mm * float((np.sqrt(1.0 - lean**2) * np.diff(n)).sum())
        shares["depth along the catheter"] = deep_mm / _sod(sod_mm) / math.sqrt(12.0)
    shares |= {
        "fit": error_px / spacing_px,
        "marks": MARK_TOLERANCE,
        "tilt": TILT_OF_FEW_MARKS if arcs.size <= FEW_MARKS else TILT_UNCERTAINTY,
        "depth": depth_share(sod_mm),
    }
    return MarksFound(
        _scale(spacing_mm / spacing_px, shares), spacing_px, foreshortened, residual_px
    )


def depth_share(sod_mm: float | None) -> float:
    """Relative standard uncertainty from a depth known to within `OFF_DEPTH_MM`."""
    return OFF_DEPTH_MM / _sod(sod_mm)


def _sod(sod_mm: float | None) -> float:
    return sod_mm if sod_mm is not None and sod_mm > 5 * OFF_DEPTH_MM else USUAL_SOD_MM


def _scale(mm_per_px: float, shares: dict[str, float]) -> ScaleFound:
    if not 1e-4 <= mm_per_px <= 100.0:
        raise ViewerError(f"{mm_per_px:.3g} mm per pixel can't be", "Check what you entered.")
    total = math.sqrt(sum(share**2 for share in shares.values()))
    parts = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
    return ScaleFound(mm_per_px, total, parts)


def _residual_px(arcs: NDArray[np.float64], n: NDArray[np.float64]) -> float:
    """Scatter of the marks, px: about a parabola through every five in a row, a line through four.

    A spacing that changes slowly, as perspective and bends make it, is no scatter.
    """
    take = min(5, arcs.size)
    degree = take - 3 if take > 3 else 1
    squares = []
    for k in range(arcs.size - take + 1):
        x, y = n[k : k + take] - n[k], arcs[k : k + take]
        design = np.vander(x, degree + 1)
        off = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        squares.append(float((off**2).sum()) / (take - degree - 1))
    return math.sqrt(sum(squares) / len(squares))


def _slope(
    arcs: NDArray[np.float64], n: NDArray[np.float64], noise_px: float
) -> tuple[float, float]:
    """Spacing, px, by least squares, and its standard error for that much noise."""
    off = n - n.mean()
    square = float((off**2).sum())
    return float((off * arcs).sum()) / square, noise_px / math.sqrt(square)


def _widest(
    arcs: NDArray[np.float64], n: NDArray[np.float64], noise_px: float
) -> tuple[float, float]:
    """The widest spacing of any four marks in a row, and its standard error."""
    take = min(4, arcs.size)
    slopes = [
        _slope(arcs[k : k + take], n[k : k + take], noise_px) for k in range(arcs.size - take + 1)
    ]
    return max(slopes)
