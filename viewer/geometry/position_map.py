"""Where every frame of a pullback lies along a vein on a run, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.geometry.arc_scale import ArcScale, scale_of
from viewer.geometry.hand_pull import fit_landmarks
from viewer.geometry.landmark_order import (
    Anchors,
    anchors_of,
    conflicts,
    direction_of,
    remarks,
)
from viewer.geometry.polyline import Polyline
from viewer.geometry.pull_models import NOMINAL_PX_MM, Fit, Unfit, frame_clock
from viewer.geometry.speed_models import Travel
from viewer.geometry.steady_pull import fit_constant
from viewer.model.coregistration import Coregistration, Landmark, SyncMode
from viewer.model.study import Pullback

Values = NDArray[np.float64]

CLICK_MM = 1.0
"""± of a landmark's place on the venogram (one standard deviation): a careful click on a vein
some 15 mm wide. An assumption of this program; every ± states it."""

OFF_VEIN_MM = 15.0
"""A landmark farther than this from the centerline is worth a warning: wider than half of the
widest vein."""

SAME_ARC_PX = 1e-6


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Why a pullback can't be placed on a run, and what to do; `landmark_ids` are to blame."""

    reason: str
    hint: str = ""
    landmark_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Residual:
    """How far a landmark lies from where the others put it (leave one out).

    Attributes
    ----------
    value : float or None
        Along the vein, in the map's unit, positive when the landmark is farther along the
        centerline than the others put it; None when they can't tell (an end of a hand pullback).
    expected : float or None
        ± (1 sigma) of that prediction.
    """

    landmark_id: str
    name: str
    value: float | None
    expected: float | None


@dataclass(frozen=True, eq=False)
class PositionMap:
    """Position of each of n frames along the centerline.

    Attributes
    ----------
    mode : str
        Which model: ``constant`` (rate x time) or ``landmarks`` (a curve through them).
    unit : str
        Unit of `arc`, `sigma` and the residuals: mm, or px on a run without a scale.
    arc_px, arc : ndarray of float64, shape (n,)
        Arc length along the centerline; runs on beyond its ends, where `inside` is False.
    sigma : ndarray of float64, shape (n,)
        One standard deviation of `arc`.
    solid : ndarray of bool, shape (n,)
        False where the position is extrapolated (drawn hollow).
    inside : ndarray of bool, shape (n,)
        False where the centerline has already ended.
    points_px : ndarray of float64, shape (n, 2)
        (x, y) on the run; the end of the centerline where `inside` is False.
    direction : int
        +1 when the arc grows with the frames, -1 when it falls.
    explanation, uncertainty_source : str
        Which model, and where its ± comes from, for people.
    residuals : tuple of Residual
        One a landmark, in frame order.
    problems : tuple of str
        What a reader should look at, in sentences.
    """

    mode: str
    unit: Literal["mm", "px"]
    arc_px: Values
    arc: Values
    sigma: Values
    solid: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    points_px: Values
    direction: int
    explanation: str
    uncertainty_source: str
    residuals: tuple[Residual, ...]
    problems: tuple[str, ...]
    _scale: ArcScale = field(repr=False)
    _travel: Travel = field(repr=False)
    _u: Values = field(repr=False)

    def __len__(self) -> int:
        return len(self.arc_px)

    def frame_at(self, arc_px: float, near: int | None = None) -> int:
        """The frame nearest to a place on the centerline.

        Parameters
        ----------
        arc_px : float
            Arc length along the centerline, px.
        near : int, optional
            Where the catheter paused there, the frame closest to this one; else the middle one.
        """
        forward, wanted = self._forward_px, self.direction * arc_px
        after = min(int(np.searchsorted(forward, wanted)), len(forward) - 1)
        before = max(after - 1, 0)
        best = after if forward[after] - wanted < wanted - forward[before] else before
        first = int(np.searchsorted(forward, forward[best] - SAME_ARC_PX, side="left"))
        last = int(np.searchsorted(forward, forward[best] + SAME_ARC_PX, side="right")) - 1
        return (first + last) // 2 if near is None else min(max(near, first), last)

    def length_between(self, first: int, last: int) -> tuple[float, float]:
        """Distance along the vein between two frames and its ±, in `unit`.

        The ± is less than that of both positions when they are near: what shifts both cancels.
        """
        distance = abs(float(self.arc[last] - self.arc[first]))
        return distance, self._travel.difference_sigma(float(self._u[first]), float(self._u[last]))

    def to_unit(self, arc_px: ArrayLike) -> Values:
        """Arc length(s) in px as arc lengths in `unit`."""
        return self._scale.to_unit(arc_px)

    def to_px(self, arc: ArrayLike) -> Values:
        """Arc length(s) in `unit` as arc lengths in px."""
        return self._scale.to_px(arc)

    @cached_property
    def sigma_px(self) -> Values:
        """`sigma` as px along the centerline, shape (n,)."""
        high, low = self.to_px(self.arc + self.sigma), self.to_px(self.arc - self.sigma)
        return np.asarray((high - low) / 2)

    @property
    def centerline_span(self) -> tuple[float, float]:
        """Arc length at the first and the last point of the centerline, in `unit`."""
        return float(self._scale.arc[0]), float(self._scale.arc[-1])

    @cached_property
    def overhang(self) -> Values:
        """How far each frame lies beyond the nearer end of the centerline, in `unit`."""
        low, high = self.centerline_span
        return np.asarray(np.maximum(np.maximum(low - self.arc, self.arc - high), 0.0))

    @cached_property
    def _forward_px(self) -> Values:
        return self.direction * self.arc_px


def position_map(
    polyline: Polyline,
    mm_per_px: float | None,
    calibration_uncertainty: float | None,
    pullback: Pullback,
    times_s: Sequence[float] | None,
    coregistration: Coregistration,
    arc_mm: ArrayLike | None = None,
) -> PositionMap | Unlinked:
    """Place every frame of a pullback on a centerline.

    Parameters
    ----------
    polyline : Polyline
        The centerline; drawn from centre to periphery unless two landmarks say otherwise.
    mm_per_px : float or None
        ArcScale of the run in the patient; None leaves everything in px.
    calibration_uncertainty : float or None
        Relative ± of that scale.
    times_s : sequence of float or None, length pullback.frames
        When each frame was taken.
    arc_mm : array_like, optional
        mm at each point of `polyline`, rising, in place of `mm_per_px`.

    Returns
    -------
    PositionMap or Unlinked
        Unlinked, with a reason, rather than a guess.

    Raises
    ------
    ValueError
        `times_s` or `arc_mm` has another length than the frames or the points.
    """
    if times_s is not None and len(times_s) != pullback.frames:
        raise ValueError(f"{len(times_s)} frame times for {pullback.frames} frames")
    scale = scale_of(polyline, mm_per_px, arc_mm)
    marks = sorted(coregistration.landmarks, key=lambda mark: mark.frame)
    lost = [mark for mark in marks if not 0 <= mark.frame < pullback.frames]
    if lost:
        return Unlinked(
            f"{lost[0].name or 'A landmark'} is on frame {lost[0].frame + 1}, the pullback ends "
            f"at {pullback.frames}",
            "Tie it to another frame.",
            tuple(mark.id for mark in lost),
        )
    projected = [polyline.project(mark.point_px) for mark in marks]
    arcs = scale.to_unit([arc for arc, _ in projected])
    click = CLICK_MM * (1.0 if scale.unit == "mm" else 1.0 / NOMINAL_PX_MM)
    direction = _direction(marks, arcs, coregistration)
    wrong = conflicts(marks, arcs, direction, 2 * np.sqrt(2) * click, scale.unit)
    if wrong:
        blamed = dict.fromkeys(mark for conflict in wrong for mark in conflict.landmark_ids)
        hint = "Check the frame and the place of both; a catheter is taken to be pulled one way."
        return Unlinked(wrong[0].text, hint, tuple(blamed))
    anchors, notes = anchors_of(marks, arcs, direction)
    clock, clock_note = frame_clock(pullback.frames, times_s)
    fit = _fit(pullback, coregistration, anchors, clock, scale, click, calibration_uncertainty)
    if isinstance(fit, Unfit):
        return Unlinked(fit.reason, fit.hint)
    off = [distance * scale.mean_slope for _, distance in projected]
    off_limit = OFF_VEIN_MM if scale.unit == "mm" else OFF_VEIN_MM / NOMINAL_PX_MM
    problems = (
        *notes,
        *((clock_note,) if clock_note else ()),
        *remarks(marks, off, off_limit, scale.unit),
        *_direction_problem(marks, direction, coregistration),
        *fit.problems,
    )
    return _assemble(polyline, scale, marks, arcs, anchors, fit, problems)


def _fit(
    pullback: Pullback,
    tie: Coregistration,
    anchors: Anchors,
    clock: tuple[Values, bool],
    scale: ArcScale,
    click: float,
    uncertainty: float | None,
) -> Fit | Unfit:
    rate = tie.rate_mm_s or (pullback.rate_mm_s if pullback.motorised else None)
    constant = tie.mode is SyncMode.CONSTANT or (tie.mode is SyncMode.AUTO and rate is not None)
    if not constant:
        return fit_landmarks(anchors, clock, scale.unit, click)
    length = (float(scale.arc[0]), float(scale.arc[-1]))
    start = 0 if pullback.start_frame is None else pullback.start_frame
    stop = pullback.frames - 1 if pullback.stop_frame is None else pullback.stop_frame
    span = (max(0, min(start, pullback.frames - 1)), max(0, min(stop, pullback.frames - 1)))
    if span[0] >= span[1]:
        span = (0, pullback.frames - 1)
    return fit_constant(anchors, clock, scale.unit, click, rate, span, length, uncertainty)


def _direction(marks: Sequence[Landmark], arcs: Values, tie: Coregistration) -> int:
    if len(marks) >= 2:
        return direction_of(np.array([mark.frame for mark in marks]), arcs)
    return -1 if tie.central_first is False else 1


def _assemble(
    polyline: Polyline,
    scale: ArcScale,
    marks: Sequence[Landmark],
    arcs: Values,
    anchors: Anchors,
    fit: Fit,
    problems: tuple[str, ...],
) -> PositionMap:
    held = int(anchors.frames[0]) if len(anchors.frames) else 0
    forward = _never_back(fit.mean(fit.u), held)
    arc = anchors.direction * forward
    low, high = float(scale.arc[0]), float(scale.arc[-1])
    reach = 1e-6 * max(1.0, high - low)
    inside = (arc >= low - reach) & (arc <= high + reach)
    arc_px = scale.to_px(arc)
    beyond = _overhang_problem(arc, low, high, inside, scale.unit)
    arrays = arc_px, arc, fit.travel.sigma(fit.u), fit.solid, inside, polyline.at(arc_px)
    for array in arrays:
        array.flags.writeable = False
    return PositionMap(
        fit.mode,
        scale.unit,
        *arrays,
        direction=anchors.direction,
        explanation=fit.explanation,
        uncertainty_source=fit.uncertainty_source,
        residuals=_residuals(marks, arcs, anchors, fit),
        problems=(*problems, *beyond),
        _scale=scale,
        _travel=fit.travel,
        _u=fit.u,
    )


def _never_back(forward: Values, held: int) -> Values:
    """`forward` without turns, evened out away from the frame `held` where it is surest."""
    before = np.minimum.accumulate(forward[held::-1])[::-1]
    return np.concatenate((before, np.maximum.accumulate(forward[held:])[1:]))


def _residuals(
    marks: Sequence[Landmark], arcs: Values, anchors: Anchors, fit: Fit
) -> tuple[Residual, ...]:
    """Leave one out: each landmark against the map of the others."""
    left_out = []
    for mark, arc in zip(marks, arcs, strict=True):
        index = int(np.searchsorted(anchors.frames, mark.frame))
        other = fit.leave_out(index)
        if other is None:
            left_out.append(Residual(mark.id, mark.name, None, None))
            continue
        u = other.u[[mark.frame]]
        gap = float(arc) - anchors.direction * float(other.mean(u)[0])
        expected = float(other.travel.sigma(u)[0])
        left_out.append(Residual(mark.id, mark.name, gap, expected))
    return tuple(left_out)


def _direction_problem(
    marks: Sequence[Landmark], direction: int, tie: Coregistration
) -> tuple[str, ...]:
    if len(marks) < 2 or tie.central_first is None or tie.central_first == (direction > 0):
        return ()
    which = "central" if tie.central_first else "peripheral"
    return (
        f"The landmarks run the other way than 'frame 1 is the {which} end' says; the "
        "landmarks are followed. Is the centerline drawn from the centre outwards?",
    )


def _overhang_problem(
    arc: Values, low: float, high: float, inside: NDArray[np.bool_], unit: str
) -> tuple[str, ...]:
    if inside.all():
        return ()
    frames = np.flatnonzero(~inside)
    reach = max(low - float(arc.min()), float(arc.max()) - high)
    return (
        f"{len(frames)} frames lie beyond the ends of the centerline, by up to {reach:.0f} "
        f"{unit}. Draw it farther, or check the landmarks.",
    )
