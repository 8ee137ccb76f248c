"""Where every frame of a pullback lies along a vein on a run, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.geometry.arc_scale import scale_of
from viewer.geometry.evidence_pull import Pull, fit_evidence, profile_chance
from viewer.geometry.gone_back import again, on_the_way, told, widening
from viewer.geometry.hand_pull import fit_landmarks
from viewer.geometry.landmark_order import (
    Anchors,
    anchors_of,
    conflicts,
    direction_of,
    remarks,
)
from viewer.geometry.mixed_up import likely_mix_up
from viewer.geometry.polyline import Polyline
from viewer.geometry.position import MatchedProfiles, PositionMap, Residual, Unlinked
from viewer.geometry.pull_clock import best_clock
from viewer.geometry.pull_direction import runs_back, turned
from viewer.geometry.pull_evidence import NOTHING, PullEvidence
from viewer.geometry.pull_models import NOMINAL_PX_MM, Fit, Unfit, frame_clock
from viewer.geometry.steady_profile import bent_by_profile
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

BAND = 1.645
"""90 % of a normal distribution lie within so many standard deviations."""

FOLLOWED = (SyncMode.TRACKED, SyncMode.AUTO)
"""Modes that take a fluoroscopy's places."""

__all__ = ["CLICK_MM", "PositionMap", "Residual", "Unlinked", "position_map"]


def position_map(
    polyline: Polyline,
    mm_per_px: float | None,
    calibration_uncertainty: float | None,
    pullback: Pullback,
    times_s: Sequence[float] | None,
    coregistration: Coregistration,
    arc_mm: ArrayLike | None = None,
    evidence: PullEvidence = NOTHING,
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
    evidence : PullEvidence
        What the pullback's pictures, the vein's profile and a fluoroscopy say; without any, hand
        pulls are placed by landmarks and time alone.

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
    motion = evidence.motion
    marks = on_the_way(marks, motion)
    projected = [polyline.project(mark.point_px) for mark in marks]
    arcs = scale.to_unit([arc for arc, _ in projected])
    click = CLICK_MM * (1.0 if scale.unit == "mm" else 1.0 / NOMINAL_PX_MM)
    direction = _direction(marks, arcs, coregistration, evidence)
    wrong = conflicts(marks, arcs, direction, 2 * np.sqrt(2) * click, scale.unit)
    if wrong:
        blamed = dict.fromkeys(mark for conflict in wrong for mark in conflict.landmark_ids)
        hint = "Check the frame and the place of both; a catheter is taken to be pulled one way."
        return Unlinked(wrong[0].text, hint, tuple(blamed))
    anchors, notes = anchors_of(marks, arcs, direction)
    clock, clock_note = frame_clock(pullback.frames, times_s)
    pull = Pull(coregistration.mode, anchors, clock, scale, click, evidence)
    if _may_run_back(marks, coregistration, pullback, evidence) and runs_back(pull):
        pull = replace(pull, anchors=turned(anchors))
    fit = _fit(pullback, coregistration, pull, calibration_uncertainty)
    if isinstance(fit, Unfit):
        return Unlinked(fit.reason, fit.hint)
    off = [distance * scale.mean_slope for _, distance in projected]
    off_limit = OFF_VEIN_MM if scale.unit == "mm" else OFF_VEIN_MM / NOMINAL_PX_MM
    problems = (
        *notes,
        *((clock_note,) if clock_note else ()),
        *remarks(marks, off, off_limit, scale.unit),
        *_direction_problem(marks, pull.anchors.direction, coregistration),
        *fit.problems,
        *(told(motion) if fit.mode != SyncMode.CONSTANT.value else ()),
    )
    return _assemble(polyline, marks, arcs, pull, fit, problems)


def _fit(
    pullback: Pullback, tie: Coregistration, pull: Pull, uncertainty: float | None
) -> Fit | Unfit:
    rate = tie.rate_mm_s or (pullback.rate_mm_s if pullback.motorised else None)
    scale, anchors = pull.scale, pull.anchors
    constant = tie.mode is SyncMode.CONSTANT or (tie.mode is SyncMode.AUTO and rate is not None)
    if constant:
        length = (float(scale.arc[0]), float(scale.arc[-1]))
        start = 0 if pullback.start_frame is None else pullback.start_frame
        stop = pullback.frames - 1 if pullback.stop_frame is None else pullback.stop_frame
        span = (max(0, min(start, pullback.frames - 1)), max(0, min(stop, pullback.frames - 1)))
        if span[0] >= span[1]:
            span = (0, pullback.frames - 1)
        fit = fit_constant(
            anchors, pull.clock, scale.unit, pull.click, rate, span, length, uncertainty
        )
        if isinstance(fit, Unfit) or scale.in_space or not pull.evidence.has_profiles:
            return fit
        return bent_by_profile(fit, pull)
    if tie.mode in (SyncMode.PROFILE, SyncMode.TRACKED) or _worth_fusing(pull):
        return fit_evidence(pull)
    clock = pull.clock
    if len(anchors.frames) == 1 and pull.evidence.motion is not None:
        clock = best_clock(pull.clock[0], pull.evidence.motion).run, clock[1]
    chosen = tie.mode is SyncMode.LANDMARKS  # alone, one landmark is too little to link by
    covered = float(scale.arc[-1] - scale.arc[0]) if chosen else 0.0
    return fit_landmarks(anchors, clock, scale.unit, pull.click, covered)


def _worth_fusing(pull: Pull) -> bool:
    """Whether there is more than landmarks and time for a mode that may use it."""
    evidence, enough = pull.evidence, len(pull.anchors.frames) >= 2
    if pull.mode is SyncMode.AUTO and (evidence.has_profiles or evidence.tracked is not None):
        return True
    return evidence.motion is not None and enough


def _direction(
    marks: Sequence[Landmark], arcs: Values, tie: Coregistration, evidence: PullEvidence
) -> int:
    if len(marks) >= 2:
        return direction_of(np.array([mark.frame for mark in marks]), arcs)
    tracked = evidence.tracked
    if tie.mode in FOLLOWED and tracked is not None and len(tracked.arc_px) >= 2:
        return -1 if tracked.arc_px[-1] < tracked.arc_px[0] else 1
    return -1 if tie.central_first is False else 1


def _may_run_back(
    marks: Sequence[Landmark], tie: Coregistration, pullback: Pullback, evidence: PullEvidence
) -> bool:
    """Whether only the profiles can tell which way a hand pull ran."""
    steady = tie.rate_mm_s is not None or pullback.motorised
    compared = tie.mode is SyncMode.PROFILE or (tie.mode is SyncMode.AUTO and not steady)
    told = len(marks) >= 2 or tie.central_first is not None
    followed = tie.mode in FOLLOWED and evidence.tracked is not None
    return compared and evidence.has_profiles and not told and not followed


def _assemble(
    polyline: Polyline,
    marks: Sequence[Landmark],
    arcs: Values,
    pull: Pull,
    fit: Fit,
    problems: tuple[str, ...],
) -> PositionMap:
    anchors, scale = pull.anchors, pull.scale
    held = int(anchors.frames[0]) if len(anchors.frames) else 0
    motion = pull.evidence.motion if fit.mode != SyncMode.CONSTANT.value else None
    placed = anchors.direction * _never_back(fit.mean(fit.u), held)
    arc = again(placed, motion)
    low, high = float(scale.arc[0]), float(scale.arc[-1])
    reach = 1e-6 * max(1.0, high - low)
    inside = (arc >= low - reach) & (arc <= high + reach)
    arc_px = scale.to_px(arc)
    beyond = _overhang_problem(arc, low, high, inside, scale.unit)
    added = widening(arc, motion)
    sure = fit.travel.sigma(fit.u)
    sigma = np.hypot(again(sure, motion), added)
    least, most = (again(end, motion) for end in _band(placed, sure, anchors.direction, fit))
    ends = arc - np.hypot(arc - least, BAND * added), arc + np.hypot(most - arc, BAND * added)
    arrays = arc_px, arc, sigma, *ends, fit.solid, inside, polyline.at(arc_px)
    for array in arrays:
        array.flags.writeable = False
    residuals = _residuals(marks, arcs, anchors, fit, scale.unit)
    mixed = tuple(left.suggestion for left in residuals if left.suggestion)
    return PositionMap(
        fit.mode,
        scale.unit,
        *arrays,
        direction=anchors.direction,
        explanation=fit.explanation,
        uncertainty_source=fit.uncertainty_source,
        residuals=residuals,
        problems=(*problems, *mixed, *beyond),
        _scale=scale,
        _travel=fit.travel,
        _u=again(fit.u, motion),
        backwards=motion.backwards if motion is not None else (),
        times_s=pull.clock[0] if pull.clock[1] else None,
        profiles=_matched(pull.evidence, fit),
    )


def _band(arc: Values, sigma: Values, direction: int, fit: Fit) -> tuple[Values, Values]:
    """Ends of the 90 % band along the centerline, around `arc`."""
    if fit.band is None:
        return arc - BAND * sigma, arc + BAND * sigma
    ends = direction * fit.band[0], direction * fit.band[1]
    return np.minimum(arc, np.minimum(*ends)), np.maximum(arc, np.maximum(*ends))


def _matched(evidence: PullEvidence, fit: Fit) -> MatchedProfiles | None:
    """Both profiles as the likeliest explanation laid them over each other."""
    lumen, vein = evidence.lumen, evidence.vein
    if fit.blend is None or lumen is None or vein is None:
        return None
    match = next((idea.match for idea in fit.blend.ideas if idea.match is not None), None)
    if match is None:
        return None
    turn = 180 / max(lumen.sizes.shape[1] - 1, 1)
    shown = f"width at {turn * (match.column - 1):.0f}°" if match.column else ""
    return MatchedProfiles(
        lumen.frames,
        lumen.sizes[:, match.column] * float(np.exp(-match.model.offset)),
        vein.arc_px,
        vein.diameter,
        shown or "diameter of equal area",
        profile_chance(fit.blend),
    )


def _never_back(forward: Values, held: int) -> Values:
    """`forward` without turns, evened out away from the frame `held` where it is surest."""
    before = np.minimum.accumulate(forward[held::-1])[::-1]
    return np.concatenate((before, np.maximum.accumulate(forward[held:])[1:]))


def _residuals(
    marks: Sequence[Landmark], arcs: Values, anchors: Anchors, fit: Fit, unit: str
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
        found = Residual(mark.id, mark.name, gap, expected)
        if found.disagrees:
            forward = other.mean(other.u)
            told = likely_mix_up(mark, marks, arcs, forward, anchors.direction, gap, expected, unit)
            found = replace(found, suggestion=told)
        left_out.append(found)
    return tuple(left_out)


def _direction_problem(
    marks: Sequence[Landmark], direction: int, tie: Coregistration
) -> tuple[str, ...]:
    if len(marks) < 2 and direction < 0 and tie.central_first is None:
        return (
            "The pull is taken to run from the centerline's end to its start: so the lumen or the "
            "transducer's way fits the vein. Two landmarks, or saying which end frame 1 is, settle "
            "it.",
        )
    if len(marks) < 2 or tie.central_first == (direction > 0):
        return ()
    if tie.central_first is None:
        if direction > 0:
            return ()
        return (
            "The landmarks run from the centerline's end to its start, and are followed. If the "
            "centerline was drawn from the centre and the pull began there, two of them are "
            "exchanged.",
        )
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
