"""A hand pullback's models that rest on more than landmarks: what each takes, and its words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.arc_scale import ArcScale
from viewer.geometry.chain_view import Pins
from viewer.geometry.fused_pull import (
    Blend,
    BlendTravel,
    blended,
    explained,
    held,
    paces,
    pins_of,
    seen_of,
    shifted_clock,
    sizes_of,
)
from viewer.geometry.landmark_order import Anchors
from viewer.geometry.pull_beliefs import COARSE_STEPS, Pace, Seen, ideas
from viewer.geometry.pull_clock import Clock, pull_clocks
from viewer.geometry.pull_evidence import PullEvidence
from viewer.geometry.pull_models import Fit, Unfit
from viewer.model.coregistration import SyncMode

Values = NDArray[np.float64]

PIN_EVERY_S = 0.4
"""Places of a fluoroscopy nearer in time than this share their error: one of them is used."""

LEAST_TRACKED = 2

SOLID_MM = 8.0
"""Away from landmarks a position less sure than this (1 sigma) is drawn hollow."""


@dataclass(frozen=True, eq=False)
class Pull:
    """A pull to be placed: its landmarks, clock, vein and evidence."""

    mode: SyncMode
    anchors: Anchors
    clock: tuple[Values, bool]
    scale: ArcScale
    click: float
    evidence: PullEvidence
    rate: float | None = None


def fit_evidence(pull: Pull) -> Fit | Unfit:
    """Place a pull by what its mode takes; landmarks pin every mode."""
    tracked = _tracked_pins(pull) if pull.mode in (SyncMode.TRACKED, SyncMode.AUTO) else None
    with_profile = pull.mode in (SyncMode.PROFILE, SyncMode.AUTO)
    direction, scale = pull.anchors.direction, pull.scale
    mm = 1.0 if scale.unit == "mm" else pull.click
    sizes = sizes_of(pull.evidence, scale, direction, mm) if with_profile else None
    missing = _missing(pull, sizes is not None, tracked)
    if missing is not None:
        return missing
    clocks = pull_clocks(pull.clock[0], pull.evidence.motion, scale.in_space)
    pins = pins_of(pull.anchors, pull.click, tracked)
    length = float(scale.arc[-1] - scale.arc[0])
    seen = seen_of(pins, sizes, scale, direction)
    paced = paces(clocks, pins, length, pull.rate)
    blend = explained(paced, seen)
    if blend is None:
        return Unfit(
            "The landmarks can't all be right for one pull",
            "Check the frame and the place of each; remove one that looks wrong.",
        )
    placed = held(blend, pull.anchors, pull.click)
    if tracked is not None and pull.evidence.tracked is not None:
        placed = shifted_clock(placed, pull.clock[0], pull.evidence.tracked.clock_sigma_s)
    return _fit(pull, placed, seen, paced, tracked)


def _missing(pull: Pull, profile: bool, tracked: Pins | None) -> Unfit | None:
    """Why the mode can't be used, or None."""
    count = len(pull.anchors.frames)
    if pull.mode is SyncMode.PROFILE and not profile:
        evidence = pull.evidence
        if evidence.lumen is None:
            return Unfit(
                "The lumen's size along the pullback is not known yet",
                "Wait until the pullback was looked through, or choose another model.",
            )
        return Unfit(
            "The vein's width along the centerline is not known",
            "Draw the centerline on a run with contrast, or choose another model.",
        )
    if pull.mode is SyncMode.TRACKED and tracked is None:
        return Unfit(
            "No fluoroscopy shows the transducer during this pullback",
            "Add the run stored during the pullback, mark the transducer, check the clock offset.",
        )
    if count < 2 and not profile and tracked is None:
        return Unfit(
            "A hand pullback needs two landmarks, or profiles to compare",
            "Add a landmark (L): a place that both the IVUS and the venogram show.",
        )
    if count >= 2 and float(pull.anchors.arcs[-1] - pull.anchors.arcs[0]) <= pull.click:
        return Unfit(
            "The landmarks lie at the same place of the vein",
            "Add a landmark elsewhere: the pullback's speed can't be told from one place.",
        )
    return None


def _fit(
    pull: Pull, blend: Blend, seen: Seen, paced: tuple[Pace, ...], tracked: Pins | None
) -> Fit:
    frames = np.arange(len(blend.mean), dtype=np.float64)
    sure = blend.sigma <= SOLID_MM * seen.mm
    known = seen.pins.frames
    solid = sure if len(known) < 2 else sure | ((frames >= known[0]) & (frames <= known[-1]))
    if seen.sizes is None and len(known) >= 2:
        solid = (frames >= known[0]) & (frames <= known[-1])

    def leave_out(index: int) -> Fit | None:
        rest = pull.anchors.without(index)
        if not _predicts(index, pull.anchors, blend, tracked):
            return None
        less = replace(seen, pins=pins_of(rest, pull.click, tracked))
        other = blended(blend.ideas[:1], less, COARSE_STEPS, draw=False)
        if other is not None and _far_off(other, pull.anchors, index):
            # what it says may have led to a wrong explanation: weigh them again without it
            other = blended(ideas(paced, less)[:1], less, COARSE_STEPS, draw=False)
        if other is None:
            return None
        return _plain(replace(pull, anchors=rest), held(other, rest, pull.click))

    plain = _plain(pull, blend)
    return replace(
        plain,
        solid=solid,
        leave_out=leave_out,
        explanation=_explanation(pull, blend, tracked),
        uncertainty_source=_source(pull, blend, seen.mm),
        problems=_problems(pull, blend),
    )


def _far_off(blend: Blend, anchors: Anchors, index: int) -> bool:
    """Whether a landmark lies farther than 2 sigma from where the others put it."""
    frame = int(anchors.frames[index])
    return bool(abs(anchors.arcs[index] - blend.mean[frame]) > 2 * blend.sigma[frame])


def _plain(pull: Pull, blend: Blend) -> Fit:
    frames = np.arange(len(blend.mean), dtype=np.float64)
    return Fit(
        pull.mode.value,
        frames,
        lambda where: np.interp(where, frames, blend.mean),
        BlendTravel(blend),
        np.ones(len(frames), np.bool_),
        lambda index: None,
        "",
        "",
        band=(blend.low, blend.high),
        blend=blend,
    )


def _predicts(index: int, anchors: Anchors, blend: Blend, tracked: Pins | None) -> bool:
    """Whether the others can tell where this landmark should be."""
    inner = 0 < index < len(anchors.frames) - 1
    return inner or tracked is not None or profile_chance(blend) > 0.8


def profile_chance(blend: Blend) -> float:
    """How much the profile is believed, 0 to 1."""
    return float(sum(np.exp(idea.log_weight) for idea in blend.ideas if idea.match is not None))


def _tracked_pins(pull: Pull) -> Pins | None:
    """Places the fluoroscopy shows, as frames of the pullback, one every moment."""
    path, (time, seconds) = pull.evidence.tracked, pull.clock
    if path is None or not seconds:
        return None
    since = path.times_s + time[0]
    inside = np.flatnonzero((since >= time[0]) & (since <= time[-1]))
    if len(inside) < LEAST_TRACKED:
        return None
    kept: list[int] = []
    for index in inside:
        if not kept or since[index] - since[kept[-1]] >= PIN_EVERY_S:
            kept.append(int(index))
    if len(kept) < LEAST_TRACKED:
        return None
    at = np.array(kept)
    low, high = path.arc_px[at] - path.sigma_px[at], path.arc_px[at] + path.sigma_px[at]
    sigma = (pull.scale.to_unit(high) - pull.scale.to_unit(low)) / 2
    places = pull.anchors.direction * pull.scale.to_unit(path.arc_px[at])
    frames = np.interp(since[at], time, np.arange(len(time), dtype=np.float64))
    return Pins(frames, places, np.asarray(sigma))


def _explanation(pull: Pull, blend: Blend, tracked: Pins | None) -> str:
    count = len(pull.anchors.frames)
    marks = f"{count} landmark{'' if count == 1 else 's'}" if count else "no landmark"
    parts = [marks]
    if tracked is not None:
        parts.append(f"{len(tracked.frames)} places of the transducer on the fluoroscopy")
    chance = profile_chance(blend)
    if any(idea.match is not None for idea in blend.ideas):
        parts.append(f"the vein's profile, {_fits(chance, count if tracked is None else 2)}")
    clock = _clock(blend)
    how = {
        "image speed": "speed and pauses seen in the IVUS",
        "moving time": "pauses seen in the IVUS",
    }.get(clock.name)
    if how:
        parts.append(how)
    head = {
        SyncMode.LANDMARKS: "Hand pull through landmarks",
        SyncMode.PROFILE: "Lumen on the IVUS laid over the vein's width",
        SyncMode.TRACKED: "Transducer followed on the fluoroscopy",
    }.get(pull.mode, "Everything known, fused")
    return f"{head}: {', '.join(parts)}."


def _fits(chance: float, landmarks: int) -> str:
    """What a profile's share among the explanations compared says, and what it does not."""
    if chance < 0.5:
        return "which hardly fits and counts for little"
    if landmarks < 2:
        return "at its best fit, which no two landmarks confirm"
    return "which fits" if chance > 0.9 else "which may fit"


def _source(pull: Pull, blend: Blend, mm: float) -> str:
    clock, unit = _clock(blend), pull.scale.unit
    against = {
        "image speed": "the speed seen in the IVUS",
        "moving time": "an even pull with the pauses left out",
    }.get(clock.name, "an even pull")
    pin = f" + landmark {pull.click:.1f} {unit}" if len(pull.anchors.frames) else ""
    return (
        f"90 % band of a hidden Markov chain (forward-backward): speed varies by "
        f"{clock.speed_sd:.0%} over {clock.memory_mm * mm:.0f} {unit} against {against}; "
        f"explanations averaged by their evidence{pin}"
    )


def _problems(pull: Pull, blend: Blend) -> tuple[str, ...]:
    problems = []
    if pull.mode is SyncMode.PROFILE and profile_chance(blend) < 0.5:
        problems.append(
            "The lumen on the IVUS does not resemble the vein's width on this run: the profile "
            "says little here. Add landmarks, or take a view that shows the narrowing."
        )
    if not len(pull.anchors.frames):
        problems.append("No landmark yet: check the position at a place you know, and tie it (L).")
    elif len(pull.anchors.frames) == 1 and pull.rate is None:
        problems.append(
            "One landmark fixes one place; the speed is taken from the profile and the usual pull."
        )
    return tuple(problems)


def _clock(blend: Blend) -> Clock:
    return blend.ideas[0].pace.clock
