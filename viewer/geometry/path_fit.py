"""A smooth path in space whose pictures are two centerlines, and how sure it is.

A uniform cubic B-spline is laid so that each view sees it on its centerline. Only the distance
across each centerline counts: how points along both lines belong together follows from the
path, which holds where epipolar planes touch the vein. Together with it are estimated how far the
patient moved between the views and where the landmarks lie. What the images can't tell is held by
stated expectations; the covariance of all of it (Laplace's approximation) gives the ±.

Source: B. Triggs et al., Bundle Adjustment - A Modern Synthesis, 2000, sections 3, 4 and 9
(Gauss-Newton with priors on a gauge that is only softly held).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.carm import Projection
from viewer.geometry.epipolar import ray_normals
from viewer.geometry.polyline import Polyline

Values = NDArray[np.float64]

KNOT_STEP_MM = 10.0
SAMPLES_A_KNOT = 4
LINE_MM = 0.8
"""Smallest ± of a centerline across the vein, one standard deviation, and over which length of
vein two errors are one: a reader's curve between clicks."""
LINE_MEMORY_MM = 12.0
BEND_PER_MM = 0.08
"""Curvature expected, one standard deviation. Looser than a large vein's (0.02): it has to calm
depth where planes touch the vein, and a tighter one shortens the path by a per cent."""
TABLE_MM = 12.0
"""Usual shift of the patient between two runs, one standard deviation an axis."""
CLICK_MM = 1.0
"""± of a landmark's place on each image: as `position_map` takes it."""
END_MM = 1.0
ON_VEIN_MM = 5.0
"""A landmark nearer than this to both centerlines is a place on the vein."""
ROUNDS = 30
ENOUGH = 1e-4
"""Rounds end when one lowers the cost by less than this share."""
SEARCHED = 300


@dataclass(frozen=True, eq=False)
class SeenLine:
    """A centerline on a view.

    Attributes
    ----------
    depth_mm, depth_sigma_mm : float
        Expected mean distance of the vein from the source, and its ± before anything is known.
    """

    view: Projection
    line: Polyline
    depth_mm: float
    depth_sigma_mm: float

    @cached_property
    def px_per_mm(self) -> float:
        """Scale at the expected depth."""
        return float(1.0 / self.view.mm_per_px(self.depth_mm))

    @cached_property
    def grid(self) -> tuple[Values, Values]:
        """Places to begin the search for the nearest one from: arcs (n,) and points (n, 2)."""
        step = max(1.0, self.line.length_px / SEARCHED)
        arcs = np.linspace(0.0, self.line.length_px, int(self.line.length_px / step) + 2)
        return arcs, self.line.at(arcs)


@dataclass(frozen=True, slots=True)
class PinnedPair:
    """One place seen on both views, px, with its ± across and along the vein in mm."""

    first_px: tuple[float, float]
    second_px: tuple[float, float]
    sigma_mm: float = CLICK_MM


@dataclass(frozen=True, eq=False)
class Fit:
    """The path that was found.

    Attributes
    ----------
    points_mm : ndarray, shape (k, 3)
        Along the path at even steps of its parameter, LPS of the first view.
    arcs_px : tuple of two ndarray, shape (k,)
        Where each point is on the two centerlines.
    shift_mm : ndarray, shape (3,)
        The patient in the second view against the first.
    length_sigma_mm : float
        One standard deviation of the path's length.
    rms_mm : float
        Root mean square distance of the path's pictures from the centerlines.
    """

    points_mm: Values
    arcs_px: tuple[Values, Values]
    shift_mm: Values
    shift_sigma_mm: Values
    length_sigma_mm: float
    rms_mm: float


@dataclass(eq=False)
class _State:
    control: Values
    shift: Values
    marks: Values


class _Problem:
    """Residuals and their derivatives, for one overlap of the two lines."""

    def __init__(
        self,
        seen: tuple[SeenLine, SeenLine],
        pins: tuple[tuple[int, float], tuple[int, float]],
        pairs: Sequence[PinnedPair],
        knots: int,
        length_mm: float,
    ) -> None:
        self.seen, self.pins, self.pairs, self.knots = seen, pins, pairs, knots
        self.spans = knots - 3
        self.at = np.linspace(0.0, self.spans, self.spans * SAMPLES_A_KNOT + 1)
        self.basis, self.slope = basis(self.at, knots)
        self.step_mm = length_mm / (len(self.at) - 1)
        self.knot_mm = length_mm / self.spans
        self.noise_mm = LINE_MM
        self.on_vein = [on_both(seen, pair) for pair in pairs]

    def residuals(
        self, state: _State, arcs: tuple[Values, Values]
    ) -> tuple[Values, Values, tuple[Values, Values], Values]:
        """Residuals, their Jacobian, new arcs of the samples, plain distances in mm."""
        rows: list[tuple[Values, Values]] = []
        moved: list[Values] = []
        off: list[Values] = []
        points = self.basis @ state.control
        weight = np.sqrt(min(1.0, self.step_mm / LINE_MEMORY_MM)) / self.noise_mm
        for k, seen in enumerate(self.seen):
            view = seen.view.shifted(state.shift) if k else seen.view
            pixel, slope = _seen_with_slope(view, points)
            arc = _nearest(seen, pixel, arcs[k])
            foot, normal = _foot(seen.line, arc)
            across = np.sum((pixel - foot) * normal, axis=1) / seen.px_per_mm
            gradient = np.einsum("ni,nij->nj", normal, slope) / seen.px_per_mm
            rows.append((across * weight, self._spread(gradient * weight, self.basis, k)))
            moved.append(arc)
            off.append(across)
            depth = float(np.mean(view.depth_mm(points)))
            down = np.tile(view.towards_detector / len(points), (len(points), 1))
            jacobian = self._spread(down, self.basis, k).sum(axis=0, keepdims=True)
            sigma = seen.depth_sigma_mm
            rows.append((np.array([(depth - seen.depth_mm) / sigma]), jacobian / sigma))
        rows += [self._pin(state, which, side) for side, which in enumerate(self.pins)]
        rows += self._priors(state)
        for index, pair in enumerate(self.pairs):
            if self.on_vein[index]:
                rows += self._mark(state, index, pair)
            else:
                rows += self._free(state, index, pair)
        value = np.concatenate([row[0] for row in rows])
        return value, np.vstack([row[1] for row in rows]), (moved[0], moved[1]), np.stack(off)

    def start(self, points_mm: Values, shift: Values, marks: Values) -> _State:
        """A first path through samples at the parameters `at`."""
        bend = np.diff(np.eye(self.knots), 2, axis=0)
        system = np.vstack((self.basis, 0.5 * bend))
        wanted = np.vstack((points_mm, np.zeros((len(bend), 3))))
        control = np.linalg.lstsq(system, wanted, rcond=None)[0]
        return _State(np.asarray(control), shift.copy(), marks.copy())

    def _spread(self, gradient: Values, basis_rows: Values, k: int) -> Values:
        """Derivatives by every unknown from those by a point, shape (n, unknowns)."""
        n = len(gradient)
        control = (basis_rows[:, :, None] * gradient[:, None, :]).reshape(n, -1)
        shift = gradient if k else np.zeros((n, 3))
        return np.hstack((control, shift, np.zeros((n, len(self.pairs)))))

    def _pin(self, state: _State, which: tuple[int, float], side: int) -> tuple[Values, Values]:
        """The path begins and ends where the first line to do so does."""
        k, arc = which
        seen = self.seen[k]
        row = self.basis[[-side]]
        view = seen.view.shifted(state.shift) if k else seen.view
        pixel, slope = _seen_with_slope(view, row @ state.control)
        along = seen.line.tangent(arc)
        weight = 1.0 / (END_MM * seen.px_per_mm)
        value = np.atleast_1d((pixel[0] - seen.line.at(arc)) @ along) * weight
        return value, self._spread((along @ slope[0])[None, :] * weight, row, k)

    def _priors(self, state: _State) -> list[tuple[Values, Values]]:
        bend = np.diff(np.eye(self.knots), 2, axis=0) / (BEND_PER_MM * self.knot_mm**2)
        value = (bend @ state.control).ravel()
        rest = np.zeros((value.size, 3 + len(self.pairs)))
        jacobian = np.hstack((np.kron(bend, np.eye(3)), rest))
        table = np.zeros((3, jacobian.shape[1]))
        table[:, 3 * self.knots : 3 * self.knots + 3] = np.eye(3) / TABLE_MM
        return [(value, jacobian), (state.shift / TABLE_MM, table)]

    def _mark(self, state: _State, index: int, pair: PinnedPair) -> list[tuple[Values, Values]]:
        row, slope_row = basis(state.marks[[index]], self.knots)
        point, along = row @ state.control, slope_row @ state.control
        rows = []
        for k, (seen, place) in enumerate(
            zip(self.seen, (pair.first_px, pair.second_px), strict=True)
        ):
            view = seen.view.shifted(state.shift) if k else seen.view
            pixel, slope = _seen_with_slope(view, point)
            weight = 1.0 / (pair.sigma_mm * seen.px_per_mm)
            jacobian = np.vstack(
                [self._spread(slope[0][[axis]] * weight, row, k)[0] for axis in (0, 1)]
            )
            jacobian[:, 3 * self.knots + 3 + index] = (slope[0] @ along[0]) * weight
            rows.append(((pixel[0] - np.asarray(place)) * weight, jacobian))
        return rows

    def _free(self, state: _State, index: int, pair: PinnedPair) -> list[tuple[Values, Values]]:
        """A place beside the vein, or beyond the path: its rays meet; its parameter is idle."""
        a, b = self.seen[0].view, self.seen[1].view.shifted(state.shift)
        normal = ray_normals(a, b, pair.first_px, pair.second_px)
        weight = 1.0 / (np.sqrt(2.0) * pair.sigma_mm)
        jacobian = np.zeros((2, 3 * self.knots + 3 + len(self.pairs)))
        jacobian[0, 3 * self.knots : 3 * self.knots + 3] = -normal * weight
        jacobian[1, 3 * self.knots + 3 + index] = 1.0
        gap = float(normal @ (b.source_mm - a.source_mm))
        return [(np.array([gap * weight, 0.0]), jacobian)]


def fit_path(
    seen: tuple[SeenLine, SeenLine],
    first_points_mm: Values,
    first_arcs_px: tuple[Values, Values],
    shift_mm: Values,
    pairs: Sequence[PinnedPair] = (),
) -> Fit:
    """Lay the path.

    Parameters
    ----------
    first_points_mm : ndarray, shape (k, 3)
        Matched and triangulated points in order.
    first_arcs_px : tuple of two ndarray, shape (k,)
        Where they are on the two centerlines.
    shift_mm : ndarray, shape (3,)
        A first guess of the patient's shift.
    """
    steps = np.linalg.norm(np.diff(first_points_mm, axis=0), axis=1)
    arc = np.concatenate(([0.0], np.cumsum(_without_spikes(steps))))
    length = max(float(arc[-1]), 5.0)
    knots = int(np.clip(round(length / KNOT_STEP_MM), 3, 120)) + 3
    pins = _pins(seen, first_arcs_px)
    problem = _Problem(seen, pins, pairs, knots, length)
    share = problem.at / problem.spans * arc[-1]
    points = np.stack([np.interp(share, arc, axis) for axis in first_points_mm.T], axis=1)
    arcs = tuple(np.interp(share, arc, each) for each in first_arcs_px)
    marks = np.array([_parameter(problem, points, seen, pair) for pair in pairs])
    state, arcs_px = _solved(problem, problem.start(points, shift_mm, marks), (arcs[0], arcs[1]))
    return _answer(problem, state, arcs_px)


def _solved(
    problem: _Problem, state: _State, arcs: tuple[Values, Values]
) -> tuple[_State, tuple[Values, Values]]:
    """Levenberg-Marquardt, from a first path."""
    damping = 1e-3
    value, jacobian, arcs, _ = problem.residuals(state, arcs)
    for _ in range(ROUNDS):
        normal = jacobian.T @ jacobian
        normal[np.diag_indices_from(normal)] *= 1.0 + damping
        step = np.asarray(np.linalg.solve(normal, -jacobian.T @ value), dtype=np.float64)
        trial = _stepped(problem, state, step)
        tried, slopes, moved, _ = problem.residuals(trial, arcs)
        if tried @ tried < value @ value:
            gain = 1.0 - (tried @ tried) / (value @ value)
            state, value, jacobian, arcs = trial, tried, slopes, moved
            damping = max(damping / 5, 1e-9)
            if gain < ENOUGH:
                break
        else:
            damping *= 8
            if damping > 1e8:
                break
    return state, arcs


def _stepped(problem: _Problem, state: _State, step: Values) -> _State:
    size = 3 * problem.knots
    marks = np.clip(state.marks + step[size + 3 :], 0.0, problem.spans)
    return _State(
        state.control + step[:size].reshape(-1, 3), state.shift + step[size : size + 3], marks
    )


def _answer(problem: _Problem, state: _State, arcs: tuple[Values, Values]) -> Fit:
    off = problem.residuals(state, arcs)[3]
    rms = float(np.sqrt(np.mean(off**2)))
    problem.noise_mm = max(LINE_MM, rms)
    _, jacobian, arcs, _ = problem.residuals(state, arcs)
    covariance = np.linalg.pinv(jacobian.T @ jacobian, hermitian=True)
    points = problem.basis @ state.control
    kept = _seen_on_both(problem, state, points, arcs)
    points, arcs = points[kept], (arcs[0][kept], arcs[1][kept])
    legs = np.diff(points, axis=0)
    unit = legs / np.maximum(np.linalg.norm(legs, axis=1, keepdims=True), 1e-9)
    gradient = np.zeros(jacobian.shape[1])
    gradient[: 3 * problem.knots] = (np.diff(problem.basis[kept], axis=0).T @ unit).ravel()
    sigma = float(np.sqrt(max(float(gradient @ covariance @ gradient), 0.0)))
    where = slice(3 * problem.knots, 3 * problem.knots + 3)
    shift_sigma = np.sqrt(np.maximum(np.diag(covariance)[where], 0.0))
    return Fit(points, arcs, state.shift, shift_sigma, sigma, rms)


def _seen_on_both(
    problem: _Problem, state: _State, points: Values, arcs: tuple[Values, Values]
) -> slice:
    """The samples that lie beyond no end of either line."""
    inside = np.ones(len(points), dtype=np.bool_)
    for k, (seen, arc) in enumerate(zip(problem.seen, arcs, strict=True)):
        view = seen.view.shifted(state.shift) if k else seen.view
        along = np.sum((view.project(points) - seen.line.at(arc)) * seen.line.tangent(arc), axis=1)
        beyond = np.where(arc <= 0.0, -along, np.where(arc >= seen.line.length_px, along, 0.0))
        inside &= beyond <= 0.5 * problem.step_mm * seen.px_per_mm
    if inside.sum() < 4:
        return slice(0, len(points))
    first, last = np.flatnonzero(inside)[[0, -1]].tolist()
    return slice(first, last + 1)


def basis(at: Values, knots: int) -> tuple[Values, Values]:
    """Uniform cubic B-spline: values and slopes at parameters 0 to knots - 3, shape (n, knots)."""
    whole = np.clip(np.floor(at).astype(np.int64), 0, knots - 4)
    t = (at - whole)[:, None]
    value = np.hstack(
        ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    )
    slope = np.hstack((-((1 - t) ** 2), 3 * t**2 - 4 * t, -3 * t**2 + 2 * t + 1, t**2)) / 2
    values, slopes = np.zeros((len(at), knots)), np.zeros((len(at), knots))
    rows = np.arange(len(at))[:, None]
    columns = whole[:, None] + np.arange(4)
    values[rows, columns], slopes[rows, columns] = value / 6, slope
    return values, slopes


def _seen_with_slope(view: Projection, points: Values) -> tuple[Values, Values]:
    """Pixels (n, 2) and their derivatives by the points, shape (n, 2, 3)."""
    matrix = view.matrix
    seen = (points - view.source_mm) @ matrix.T
    ratio = seen[:, :2] / seen[:, 2:]
    slope = (matrix[None, :2] - ratio[:, :, None] * matrix[None, 2:]) / seen[:, 2, None, None]
    return ratio + np.asarray(view.centre_px), slope


def _nearest(seen: SeenLine, pixel: Values, near_px: Values) -> Values:
    """Arc of the nearest place of the line within 30 mm of `near_px`."""
    line, (grid, at) = seen.line, seen.grid
    far = (pixel[:, None, 0] - at[None, :, 0]) ** 2 + (pixel[:, None, 1] - at[None, :, 1]) ** 2
    far[np.abs(grid[None] - near_px[:, None]) > 30.0 * seen.px_per_mm] = np.inf
    arc, step = grid[np.argmin(far, axis=1)], grid[1]
    for _ in range(2):
        along = np.sum((pixel - line.at(arc)) * line.tangent(arc), axis=1)
        arc = np.clip(arc + np.clip(along, -step, step), 0.0, line.length_px)
    return np.asarray(arc)


def _foot(line: Polyline, arc: Values) -> tuple[Values, Values]:
    return line.at(arc), line.normal(arc)


def _pins(
    seen: tuple[SeenLine, SeenLine], arcs: tuple[Values, Values]
) -> tuple[tuple[int, float], tuple[int, float]]:
    """Which line the overlap begins and ends with: (view, arc) of the one that is at its end."""
    begin = [each[0] / one.px_per_mm for one, each in zip(seen, arcs, strict=True)]
    left = [
        (one.line.length_px - each[-1]) / one.px_per_mm
        for one, each in zip(seen, arcs, strict=True)
    ]
    first, last = int(begin[1] < begin[0]), int(left[1] < left[0])
    return (first, float(arcs[first][0])), (last, float(arcs[last][-1]))


def on_both(seen: tuple[SeenLine, SeenLine], pair: PinnedPair) -> bool:
    """Whether a pair lies on both centerlines, not beyond the end of one."""
    for one, place in zip(seen, (pair.first_px, pair.second_px), strict=True):
        arc, away = one.line.project(place)
        at_end = arc <= 0.0 or arc >= one.line.length_px
        if away > (END_MM if at_end else ON_VEIN_MM) * one.px_per_mm:
            return False
    return True


def _parameter(
    problem: _Problem, points: Values, seen: tuple[SeenLine, SeenLine], pair: PinnedPair
) -> float:
    """Where along the path a pair of pixels lies, by the first view."""
    pixel = seen[0].view.project(points)
    index = int(np.argmin(np.sum((pixel - np.asarray(pair.first_px)) ** 2, axis=1)))
    return float(problem.at[index])


def _without_spikes(steps: Values) -> Values:
    """Steps with those far above the usual held back: mismatched pairs jump in depth."""
    usual = float(np.median(steps)) if len(steps) else 0.0
    return np.asarray(np.minimum(steps, 4 * usual + 0.5))
