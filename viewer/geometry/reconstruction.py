"""The true course of a vein from two venograms: path in space, true length, foreshortening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.carm import (
    LEAST_ANGLE_DEG,
    MissingGeometry,
    Projection,
    angle_between_deg,
    projection_of,
    view_name,
)
from viewer.geometry.centerline_match import Match, match
from viewer.geometry.epipolar import gaps_mm, planes_of, ray_normals, triangulate
from viewer.geometry.path_fit import (
    TABLE_MM,
    Fit,
    PinnedPair,
    SeenLine,
    fit_path,
    on_both,
)
from viewer.geometry.polyline import Polyline
from viewer.model.calibration import Calibration, CalibrationSource
from viewer.model.study import Run

Values = NDArray[np.float64]

STEP_MM = 1.5
COARSE_MM = 4.0
"""Steps of the matching, and of the one that only asks which way a line was drawn."""
DEPTH_MM = 30.0
"""± of the vein's mean depth against the isocentre when only the header tells the scale: the
region of interest is centred by the operator; the veins of the pelvis lie within some 5 cm."""

STRONG_PERCENT = 20.0
"""Foreshortening above it is warned of: 37 degrees out of the image's plane."""

_MEASURED = (CalibrationSource.MANUAL, CalibrationSource.FIDUCIAL)
END_SLACK_MM = 1.5
"""A place this near beyond the path's end has the end's foreshortening."""
SHORTEST_MM = 15.0
ENDS_AGREE_MM = 3.0
FARTHEST_SHIFT_MM = 45.0
FAR_GAP_MM = 8.0


@dataclass(frozen=True, eq=False)
class ViewLine:
    """One view of the vein.

    Attributes
    ----------
    name : str
        What people call the view ("AP", "LAO 30").
    mm_per_px, relative : float or None
        A scale measured at the vein and its relative ±; None leaves the depth to the header.
    """

    view: Projection
    line: Polyline
    name: str = ""
    mm_per_px: float | None = None
    relative: float | None = None


def view_line(run: Run, line: Polyline, calibration: Calibration) -> ViewLine | MissingGeometry:
    """A run's view of the vein by its header, with the scale if one was measured on the image."""
    view = projection_of(run)
    if isinstance(view, MissingGeometry):
        return view
    measured = calibration.known and calibration.source in _MEASURED
    return ViewLine(
        view,
        line,
        view_name(view),
        calibration.mm_per_px if measured else None,
        calibration.uncertainty if measured else None,
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """One named place on both views, px."""

    name: str
    first_px: tuple[float, float]
    second_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class NoPath:
    """Why two views give no path, and what to do."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, eq=False)
class Path3D:
    """The vein in space, as far as both centerlines show it.

    Attributes
    ----------
    points_mm : ndarray, shape (n, 3)
        LPS, mm, from the isocentre of the first view.
    arc_mm : ndarray, shape (n,)
        True length along the path from its first point.
    arcs_px : tuple of two ndarray, shape (n,)
        Where each point lies on the two centerlines, rising (falling on a reversed one).
    foreshortening : tuple of two ndarray, shape (n,)
        Share of the length lost on each view, percent, 0 to 100.
    length_sigma_mm : float
        One standard deviation of the whole length.
    shift_mm, shift_sigma_mm : ndarray, shape (3,)
        The patient in the second view against the first, LPS.
    epipolar_error_mm : float
        Root mean square distance between the rays of paired places, landmarks included.
    landmark_gaps_mm : tuple of (str, float)
        The same of each landmark.
    source : str
        Where the ± comes from.
    warnings : tuple of str
    """

    points_mm: Values
    arc_mm: Values
    arcs_px: tuple[Values, Values]
    foreshortening: tuple[Values, Values]
    length_sigma_mm: float
    shift_mm: Values
    shift_sigma_mm: Values
    epipolar_error_mm: float
    landmark_gaps_mm: tuple[tuple[str, float], ...]
    angle_deg: float
    source: str
    warnings: tuple[str, ...]
    _lines: tuple[ViewLine, ViewLine] = field(repr=False)

    @property
    def length_mm(self) -> float:
        """True length of the path."""
        return float(self.arc_mm[-1])

    def covered_px(self, which: int) -> tuple[float, float]:
        """First and last arc length of a centerline (0 or 1) that the path covers."""
        arcs = self.arcs_px[which]
        return float(arcs.min()), float(arcs.max())

    def foreshortening_at(self, which: int, arc_px: Values) -> Values:
        """Percent lost at places of a centerline; NaN where the path does not reach."""
        arcs, lost = self._rising(which, self.foreshortening[which])
        slack = END_SLACK_MM / self._end_scales(which)
        inside = (arc_px >= arcs[0] - slack[0]) & (arc_px <= arcs[-1] + slack[1])
        return np.where(inside, np.interp(arc_px, arcs, lost), np.nan)

    def points_at(self, which: int, arc_px: Values) -> Values:
        """Points in space of places of a centerline, shape (k, 3); NaN beyond the path."""
        inside = np.isfinite(self.foreshortening_at(which, arc_px))
        columns = []
        for axis in self.points_mm.T:
            arcs, values = self._rising(which, axis)
            columns.append(np.where(inside, np.interp(arc_px, arcs, values), np.nan))
        return np.stack(columns, axis=-1)

    def true_mm(self, which: int) -> Values:
        """True length at each point of a centerline, from its first point, strictly rising.

        Beyond the path it goes on at the scale of the path's end, without foreshortening.
        """
        line = self._lines[which].line
        arcs, along = self._rising(which, self.arc_mm)
        if along[-1] < along[0]:
            along = along[::-1].max() - along
        at = line.arc_px
        end_scales = self._end_scales(which)
        mm = np.interp(at, arcs, along)
        mm += np.minimum(at - arcs[0], 0.0) * end_scales[0]
        mm += np.maximum(at - arcs[-1], 0.0) * end_scales[1]
        least = 1e-4 * float(np.mean(end_scales)) * np.diff(at)
        steps = np.maximum(np.diff(mm), least)
        return np.concatenate(([0.0], np.cumsum(steps)))

    def _rising(self, which: int, values: Values) -> tuple[Values, Values]:
        arcs = self.arcs_px[which]
        if arcs[0] > arcs[-1]:
            arcs, values = arcs[::-1], values[::-1]
        keep = np.concatenate(([True], np.diff(np.maximum.accumulate(arcs)) > 1e-6))
        return arcs[keep], values[keep]

    def _end_scales(self, which: int) -> Values:
        one = self._lines[which]
        view = one.view.shifted(self.shift_mm) if which else one.view
        scales = view.mm_per_px(view.depth_mm(self.points_mm[[0, -1]]))
        arcs = self.arcs_px[which]
        return np.asarray(scales if arcs[0] <= arcs[-1] else scales[::-1])


def reconstruct(first: ViewLine, second: ViewLine, pairs: Sequence[Pair] = ()) -> Path3D | NoPath:
    """Find the vein's path in space from its centerlines on two views.

    Parameters
    ----------
    first, second : ViewLine
        Either may be drawn farther than the other, or the other way round.
    pairs : sequence of Pair
        Places named on both; they tell how far the patient moved between the views.

    Returns
    -------
    Path3D or NoPath
        NoPath, with a reason, rather than a guess.
    """
    angle = angle_between_deg(first.view, second.view)
    if angle < LEAST_ANGLE_DEG:
        return NoPath(
            f"The views are {angle:.0f}° apart; depth needs at least {LEAST_ANGLE_DEG:.0f}°",
            "Choose a run from another angle.",
        )
    seen = _seen(first), _seen(second)
    turned = _turned_over(seen)
    if turned:
        seen = (
            seen[0],
            SeenLine(
                seen[1].view, _reversed(seen[1].line), seen[1].depth_mm, seen[1].depth_sigma_mm
            ),
        )
    pinned = [PinnedPair(pair.first_px, pair.second_px) for pair in pairs]
    by_ends = not pinned and _ends_agree(seen)
    if by_ends:
        pinned = _ends(seen)
    shift = shift_from(seen, pinned)
    fit = None
    for _ in range(2):
        matched = _matched(seen, shift, pinned)
        if matched is None:
            return NoPath(
                "The two centerlines show no common stretch of vein",
                "Check that both follow the same vein, or name landmarks on both views.",
            )
        fit = fit_path(seen, *matched, shift, pinned)
        if np.linalg.norm(fit.shift_mm - shift) < 1.0:
            break
        shift = fit.shift_mm
    if fit is None or np.linalg.norm(np.diff(fit.points_mm, axis=0), axis=1).sum() < SHORTEST_MM:
        return NoPath(
            f"Less than {SHORTEST_MM:.0f} mm of the vein are seen on both views",
            "Draw both centerlines along the same stretch.",
        )
    return _path((first, second), seen, fit, pairs, by_ends, turned, angle)


def shift_from(seen: tuple[SeenLine, SeenLine], pairs: Sequence[PinnedPair]) -> Values:
    """The likeliest shift of the patient, LPS mm, from paired places alone.

    Gaps of rays are linear in it; what they leave open stays as small as it can be.
    """
    if not pairs:
        return np.zeros(3)
    a_px = np.array([pair.first_px for pair in pairs])
    b_px = np.array([pair.second_px for pair in pairs])
    a, b = seen[0].view, seen[1].view
    gap = gaps_mm(a, b, a_px, b_px)
    normal = ray_normals(a, b, a_px, b_px)
    sigma = np.sqrt(2.0) * np.array([pair.sigma_mm for pair in pairs])
    system = np.vstack((normal / sigma[:, None], np.eye(3) / TABLE_MM))
    wanted = np.concatenate((gap / sigma, np.zeros(3)))
    return np.asarray(np.linalg.lstsq(system, wanted, rcond=None)[0])


def _seen(one: ViewLine) -> SeenLine:
    view = one.view
    if one.mm_per_px is None:
        return SeenLine(view, one.line, view.sod_mm, DEPTH_MM)
    depth = one.mm_per_px / float(view.mm_per_px(1.0))
    sigma = max(one.relative if one.relative is not None else 0.05, 0.005) * depth
    header, measured = 1.0 / DEPTH_MM**2, 1.0 / sigma**2
    mean = (view.sod_mm * header + depth * measured) / (header + measured)
    return SeenLine(view, one.line, mean, float((header + measured) ** -0.5))


def _samples(seen: SeenLine, step_mm: float) -> tuple[Values, Values]:
    """Even places along a line: arc lengths and pixels."""
    step = step_mm * seen.px_per_mm
    count = int(np.clip(seen.line.length_px / step, 8, 500)) + 1
    arcs = np.linspace(0.0, seen.line.length_px, count)
    return arcs, seen.line.at(arcs)


def _match(
    seen: tuple[SeenLine, SeenLine],
    shift: Values,
    pairs: Sequence[PinnedPair] = (),
    step_mm: float = STEP_MM,
) -> tuple[Match, Values, Values]:
    a, b = seen[0].view, seen[1].view.shifted(shift)
    planes = planes_of(a, b)
    first, first_px = _samples(seen[0], step_mm)
    second, second_px = _samples(seen[1], step_mm)
    anchors = [
        (
            float(np.interp(seen[0].line.project(pair.first_px)[0], first, np.arange(len(first)))),
            float(
                np.interp(seen[1].line.project(pair.second_px)[0], second, np.arange(len(second)))
            ),
        )
        for pair in pairs
        if on_both(seen, pair)
    ]
    found = match(planes.heights(a, first_px), planes.heights(b, second_px), anchors)
    return found, first, second


def _matched(
    seen: tuple[SeenLine, SeenLine], shift: Values, pairs: Sequence[PinnedPair]
) -> tuple[Values, tuple[Values, Values]] | None:
    """Paired and triangulated points with their arcs on both lines."""
    found, first, second = _match(seen, shift, pairs)
    arcs = first[found.first], second[found.second]
    if len(arcs[0]) < 4:
        return None
    a, b = seen[0].view, seen[1].view.shifted(shift)
    points = triangulate(a, b, seen[0].line.at(arcs[0]), seen[1].line.at(arcs[1]))
    return _smoothed(points), arcs


def _smoothed(points: Values) -> Values:
    """Running mean over some 10 mm: where planes touch the vein, depth jumps from pair to pair."""
    reach = min(3, (len(points) - 1) // 2)
    padded = np.concatenate(
        (
            2 * points[0] - points[reach:0:-1],
            points,
            2 * points[-1] - points[-2 : -reach - 2 : -1],
        )
    )
    kernel = np.ones(2 * reach + 1) / (2 * reach + 1)
    return np.stack([np.convolve(axis, kernel, mode="valid") for axis in padded.T], axis=1)


def _turned_over(seen: tuple[SeenLine, SeenLine]) -> bool:
    """Whether the second centerline runs the other way."""
    other = SeenLine(
        seen[1].view, _reversed(seen[1].line), seen[1].depth_mm, seen[1].depth_sigma_mm
    )
    plain = _match(seen, np.zeros(3), step_mm=COARSE_MM)[0].cost
    turned = _match((seen[0], other), np.zeros(3), step_mm=COARSE_MM)[0].cost
    return turned < 0.7 * plain - 0.05


def _reversed(line: Polyline) -> Polyline:
    turned = Polyline.from_points(line.points_px[::-1])
    if turned is None:
        raise ValueError("a line of one point can't be turned")
    return turned


def _ends(seen: tuple[SeenLine, SeenLine]) -> list[PinnedPair]:
    a, b = (one.line.points_px.tolist() for one in seen)
    return [PinnedPair((a[k][0], a[k][1]), (b[k][0], b[k][1]), ENDS_AGREE_MM) for k in (0, -1)]


def _ends_agree(seen: tuple[SeenLine, SeenLine]) -> bool:
    """Whether both ends are off by the same shift: then both lines end at the same places."""
    ends = _ends(seen)
    gaps = gaps_mm(
        seen[0].view,
        seen[1].view,
        np.array([pair.first_px for pair in ends]),
        np.array([pair.second_px for pair in ends]),
    )
    apart, most = abs(float(gaps[0] - gaps[1])), float(np.abs(gaps).max())
    return apart <= ENDS_AGREE_MM and most <= FARTHEST_SHIFT_MM


def _path(
    lines: tuple[ViewLine, ViewLine],
    seen: tuple[SeenLine, SeenLine],
    fit: Fit,
    pairs: Sequence[Pair],
    by_ends: bool,
    turned: bool,
    angle: float,
) -> Path3D:
    points = fit.points_mm
    arc = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))))
    views = seen[0].view, seen[1].view.shifted(fit.shift_mm)
    lost = tuple(_lost_percent(view, points) for view in views)
    arcs = [np.maximum.accumulate(each) for each in fit.arcs_px]
    pixels = [one.line.at(each) for one, each in zip(seen, arcs, strict=True)]
    gaps = np.abs(gaps_mm(*views, pixels[0], pixels[1]))
    marks = tuple(
        (
            pair.name,
            float(abs(gaps_mm(*views, np.array(pair.first_px), np.array(pair.second_px)))),
        )
        for pair in pairs
    )
    error = float(np.sqrt(np.mean(np.concatenate((gaps, [gap for _, gap in marks])) ** 2)))
    if turned:
        arcs[1] = seen[1].line.length_px - arcs[1]
    scaled = sum(one.mm_per_px is not None for one in lines)
    return Path3D(
        points,
        arc,
        (arcs[0], arcs[1]),
        (lost[0], lost[1]),
        fit.length_sigma_mm,
        fit.shift_mm,
        fit.shift_sigma_mm,
        error,
        marks,
        angle,
        _source(fit, angle, len(pairs), by_ends, scaled),
        _warnings(lines, fit, arc, lost, marks, turned),
        lines,
    )


def _lost_percent(view: Projection, points: Values) -> Values:
    """1 - sine of the angle between the vein and the ray, in percent, shape (n,)."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    ray = points - view.source_mm
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    cosine = np.sum(along * ray, axis=1)
    return np.asarray(100.0 * (1.0 - np.sqrt(np.maximum(1.0 - cosine**2, 0.0))))


def _source(fit: Fit, angle: float, marks: int, by_ends: bool, scaled: int) -> str:
    rests = (
        f"{marks} landmark{'s' if marks != 1 else ''} seen on both views"
        if marks
        else "both lines taken to begin and end at the same places"
        if by_ends
        else "no landmark seen on both views"
    )
    scale = (
        "a scale measured on the image"
        if scaled
        else f"the vein's depth, ± {DEPTH_MM:.0f} mm about the isocentre"
    )
    return (
        f"± is one standard deviation from {angle:.0f}° between the views, centerlines met to "
        f"{fit.rms_mm:.1f} mm, {rests}, a patient shift of ± {TABLE_MM:.0f} mm an axis before "
        f"that, {scale}."
    )


def _warnings(
    lines: tuple[ViewLine, ViewLine],
    fit: Fit,
    arc: Values,
    lost: Sequence[Values],
    marks: Sequence[tuple[str, float]],
    turned: bool,
) -> tuple[str, ...]:
    told = []
    for one, percent in zip(lines, lost, strict=True):
        text = strong_foreshortening(arc, percent)
        if text:
            told.append(f"{one.name or 'A view'} {text}.")
    if turned:
        told.append("The second centerline runs the other way; it was turned over.")
    far = [f"{name} by {gap:.0f} mm" for name, gap in marks if gap > FAR_GAP_MM]
    if far:
        told.append(f"A landmark may be another place on the second view: {', '.join(far)}.")
    if float(np.linalg.norm(fit.shift_mm)) > FARTHEST_SHIFT_MM:
        told.append(
            f"The patient would have moved by {np.linalg.norm(fit.shift_mm):.0f} mm between the "
            "views: check the C-arm angles and the landmarks."
        )
    if not marks and float(fit.shift_sigma_mm.max()) > TABLE_MM / 2:
        told.append(
            "Whether the table moved between the views is unknown (meeting rays don't tell): "
            f"name a landmark on both; until then the length is ± {fit.length_sigma_mm:.0f} mm."
        )
    return tuple(told)


def strong_foreshortening(arc_mm: Values, percent: Values) -> str:
    """How much a view shortens by more than `STRONG_PERCENT`, in words; empty when nowhere."""
    strong = percent > STRONG_PERCENT
    if not strong.any():
        return ""
    steps = np.gradient(arc_mm)
    length = float(steps[strong].sum())
    if length < 1.0:
        return ""
    return (
        f"shortens {length:.0f} mm of the vein by more than {STRONG_PERCENT:.0f} % "
        f"(up to {percent.max():.0f} %)"
    )
