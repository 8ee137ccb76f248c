"""Figures of closed borders: area, diameters through the centroid, perimeter, shape.

Exact on the polygon: nothing is drawn into pixels. Many borders are measured at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.measure.lumen_curve import LumenCurve, running_quantile
from viewer.measure.quantity import Quantity
from viewer.model.calibration import Calibration
from viewer.model.contour import Contour, ContourStatus

Values = NDArray[np.float64]

TURNS = 180
"""Chords through the centroid are taken every degree."""

AUTO_SIGMA_PX = 1.5
"""± of an automatic border along its normal that all its points share, px: set above the 0.3 to
0.8 px by which it was off in the median on synthetic and hand-traced frames."""

DRAWN_SIGMA_PX = 1.0
"""The same of a border a person drew or accepted: an assumption of this program."""


@dataclass(frozen=True, eq=False)
class Figures:
    """Of n borders, in pixels; shape (n,) each.

    Attributes
    ----------
    area_px2 : shoelace formula
    perimeter_px : sum of the edges
    min_diameter_px, max_diameter_px : shortest and longest chord through the centroid of the area
    min_angle_deg, max_angle_deg : their directions, 0 to 179, from +x towards +y
    eccentricity : sqrt(1 - b²/a²) of the ellipse with the same second moments; 0 is round
    centroid_px : (n, 2)
    """

    area_px2: Values
    perimeter_px: Values
    min_diameter_px: Values
    max_diameter_px: Values
    min_angle_deg: Values
    max_angle_deg: Values
    eccentricity: Values
    centroid_px: Values

    @property
    def equivalent_diameter_px(self) -> Values:
        """Diameter of the circle of the same area, 2·sqrt(A/π)."""
        return np.asarray(2.0 * np.sqrt(self.area_px2 / np.pi))

    @property
    def aspect(self) -> Values:
        """Shortest over longest diameter."""
        return np.asarray(self.min_diameter_px / np.maximum(self.max_diameter_px, 1e-12))


def figures_of(polygons_px: ArrayLike, aspect: float = 1.0) -> Figures:
    """Figures of closed polygons.

    Parameters
    ----------
    polygons_px : array_like, shape (n, k, 2)
        (x, y) px; in either direction.
    aspect : float
        Height of a pixel divided by its width: y counts so many columns.
    """
    points = np.asarray(polygons_px, np.float64) * (1.0, aspect)
    first = points.mean(axis=1, keepdims=True)
    seen = points - first
    x, y = seen[..., 0], seen[..., 1]
    nx, ny = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    cross = x * ny - nx * y
    area = 0.5 * cross.sum(axis=1)
    whole = np.where(np.abs(area) < 1e-9, 1e-9, area)
    centroid = np.stack(((x + nx) * cross, (y + ny) * cross), -1).sum(1) / (6 * whole[:, None])
    low, high, low_at, high_at = _chords(seen - centroid[:, None])
    return Figures(
        np.abs(area),
        np.hypot(nx - x, ny - y).sum(axis=1),
        low,
        high,
        low_at,
        high_at,
        _eccentricity(x, y, nx, ny, cross, whole, centroid),
        (first[:, 0] + centroid) / (1.0, aspect),
    )


def _chords(seen: Values) -> tuple[Values, Values, Values, Values]:
    """Shortest and longest chord through the origin of polygons (n, k, 2), and their angles."""
    found = np.empty((len(seen), 4))
    for row, polygon in enumerate(seen):
        chord = _every_chord(polygon)
        low, high = int(chord.argmin()), int(chord.argmax())
        found[row] = chord[low], chord[high], low, high
    return found[:, 0], found[:, 1], found[:, 2], found[:, 3]


def _every_chord(polygon: Values) -> Values:
    """Lengths of the chords through the origin of a polygon (k, 2), one a degree; exact."""
    turn = np.radians(np.arange(TURNS))
    axes = np.stack((np.cos(turn), np.sin(turn)), axis=1)
    across = axes @ np.stack((polygon[:, 1], -polygon[:, 0]))
    above = across <= 0
    row, k = np.nonzero(above != np.roll(above, -1, axis=1))
    chord = np.zeros(TURNS)
    if not len(row):
        return chord
    after = (k + 1) % len(polygon)
    share = across[row, k] / (across[row, k] - across[row, after])
    point = polygon[k] + share[:, None] * (polygon[after] - polygon[k])
    at = (point * axes[row]).sum(axis=1)
    first = np.flatnonzero(np.diff(row, prepend=-1))
    chord[row[first]] = np.maximum.reduceat(at, first) - np.minimum.reduceat(at, first)
    return chord


def _eccentricity(
    x: Values, y: Values, nx: Values, ny: Values, cross: Values, area: Values, centroid: Values
) -> Values:
    """Of the ellipse with the area's second moments (Green's theorem; Steger 1996)."""
    cx, cy = centroid.T
    xx = ((x * x + x * nx + nx * nx) * cross).sum(axis=1) / (12 * area) - cx * cx
    yy = ((y * y + y * ny + ny * ny) * cross).sum(axis=1) / (12 * area) - cy * cy
    xy = ((x * ny + 2 * x * y + 2 * nx * ny + nx * y) * cross).sum(axis=1) / (24 * area) - cx * cy
    half, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    share = np.clip((half - apart) / np.maximum(half + apart, 1e-12), 0.0, 1.0)
    return np.asarray(np.sqrt(1.0 - share))


def scale_of(points_px: Values, calibration: Calibration) -> float | None:
    """Mm per px when the scale holds at every point, else None."""
    low, high = points_px.reshape(-1, 2).min(axis=0), points_px.reshape(-1, 2).max(axis=0)
    corners = ((low[0], low[1]), (high[0], high[1]))
    return calibration.mm_per_px if calibration.holds_at(*corners) else None


def quantities(
    contour: Contour, calibration: Calibration, aspect: float = 1.0, on: str = ""
) -> dict[str, Quantity]:
    """All figures of one contour with units and ±.

    Parameters
    ----------
    on : str
        The image, for people.

    Returns
    -------
    dict
        area, min_diameter, max_diameter, equivalent_diameter, perimeter, aspect, eccentricity.
        mm and mm² where the scale holds at every point, else px and px².

    Notes
    -----
    A border that is off by σ everywhere changes the area by perimeter·σ and a diameter by 2σ;
    the scale's relative ± counts once for lengths, twice for areas; both are added in quadrature.
    """
    points = contour.points_px
    one = figures_of(points[None], aspect)
    mm = scale_of(points, calibration)
    drawn = contour.status is not ContourStatus.AUTO
    sigma_px = DRAWN_SIGMA_PX if drawn else AUTO_SIGMA_PX
    share = calibration.uncertainty or 0.0
    by = contour.by if contour.status is ContourStatus.ACCEPTED else ""
    where = f"{contour.kind.value}, {on + ', ' if on else ''}frame {contour.frame + 1}"
    scale, unit = (mm, "mm") if mm is not None else (1.0, "px")

    def size(px: float, off_px: float, power: int, source: str) -> Quantity:
        value = px * scale**power
        sigma = None
        if mm is not None and calibration.uncertainty is not None:
            sigma = float(np.hypot(off_px * scale**power, power * share * value))
        return Quantity(value, unit if power == 1 else f"{unit}²", sigma, source, where, by)

    area, around = float(one.area_px2[0]), float(one.perimeter_px[0])
    low, high = float(one.min_diameter_px[0]), float(one.max_diameter_px[0])
    chord = "chord through the centroid of the contour"
    round_px = float(one.equivalent_diameter_px[0])
    return {
        "area": size(area, around * sigma_px, 2, "polygon of the contour"),
        "min_diameter": size(low, 2 * sigma_px, 1, f"shortest {chord}"),
        "max_diameter": size(high, 2 * sigma_px, 1, f"longest {chord}"),
        "equivalent_diameter": size(
            round_px, around * sigma_px / max(np.pi * round_px / 2, 1e-9), 1, "2·sqrt(area/π)"
        ),
        "perimeter": size(around, 2 * np.pi * sigma_px, 1, "edges of the contour"),
        "aspect": Quantity(float(one.aspect[0]), "min / max", None, "diameters", where, by),
        "eccentricity": Quantity(
            float(one.eccentricity[0]), "", None, "ellipse of the same second moments", where, by
        ),
    }


def curve_of(
    contours: Sequence[Contour],
    calibration: Calibration,
    aspect: float = 1.0,
    on: str = "",
    along: Values | None = None,
    along_sigma: Values | None = None,
) -> LumenCurve:
    """Figures of the contours of one kind on one pullback, by frame.

    Parameters
    ----------
    contours : sequence of Contour
        Each frame once.
    along, along_sigma : ndarray, optional, shape (frames of the pullback,)
        Position of every frame along the vein and its ±, mm.

    Returns
    -------
    LumenCurve
        In mm when the scale holds at every point of every contour, else all in px.
    """
    ordered = sorted(contours, key=lambda one: one.frame)
    frames = np.array([one.frame for one in ordered], np.int64)
    outlines = [one.points_px for one in ordered]
    columns = _columns(ordered, outlines, aspect)
    mm = scale_of(np.concatenate(outlines), calibration) if outlines else calibration.mm_per_px
    size = mm if mm is not None else 1.0
    accepted = (one.by if one.status is ContourStatus.ACCEPTED else "" for one in ordered)
    return LumenCurve(
        frames,
        columns[0] * size**2,
        columns[1] * size,
        columns[2] * size,
        "px" if mm is None else "mm",
        None if along is None else along[frames],
        None if along_sigma is None else along_sigma[frames],
        calibration.uncertainty if mm is not None else None,
        on,
        tuple(accepted),
        ordered[0].kind.value if ordered else "lumen",
    )


_kept: dict[tuple[str, float], tuple[float, float, float]] = {}
MOST_KEPT = 32768
"""Borders whose figures are kept: an edit measures one of them anew, not all."""


def _columns(contours: Sequence[Contour], outlines: Sequence[Values], aspect: float) -> Values:
    """Area, smallest and largest diameter of every contour, px² and px; shape (3, n)."""
    by_size: dict[int, list[int]] = {}
    for k, outline in enumerate(outlines):
        if (contours[k].points, aspect) not in _kept:
            by_size.setdefault(len(outline), []).append(k)
    fresh: dict[tuple[str, float], tuple[float, float, float]] = {}
    for where in by_size.values():
        found = figures_of(np.stack([outlines[k] for k in where]), aspect)
        rows = zip(found.area_px2, found.min_diameter_px, found.max_diameter_px, strict=True)
        for k, (area, low, high) in zip(where, rows, strict=True):
            fresh[contours[k].points, aspect] = float(area), float(low), float(high)
    kept = {key: row for one in contours if (row := _kept.get(key := (one.points, aspect)))}
    if len(_kept) + len(fresh) > MOST_KEPT:
        _kept.clear()
    _kept.update(fresh)
    kept |= fresh
    return np.array([kept[one.points, aspect] for one in contours], np.float64).reshape(-1, 3).T


def calmed(curve: LumenCurve, cycle_frames: float | None = None) -> LumenCurve:
    """The curve without breathing and pulsation: running medians of every figure.

    Parameters
    ----------
    cycle_frames : float, optional
        Frames of a breath or beat to smooth over; as `LumenCurve.smooth_area` without it.
    """
    if cycle_frames is None:
        area = curve.smooth_area()
        at, reach = curve.frames.astype(np.float64), 4.5
        if curve.along is not None:
            at, reach = curve.along, 1.5
    else:
        at, reach = curve.frames.astype(np.float64), max(cycle_frames / 2, 0.5)
        area = running_quantile(at, curve.area, reach, 0.5)
    return replace(
        curve,
        area=area,
        min_diameter=running_quantile(at, curve.min_diameter, reach, 0.5),
        max_diameter=running_quantile(at, curve.max_diameter, reach, 0.5),
    )
