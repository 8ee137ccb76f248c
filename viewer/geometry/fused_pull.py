"""A pull by hand placed by everything that is known: landmarks, pauses, profile, fluoroscopy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.arc_chain import ChainFit, Grid
from viewer.geometry.arc_scale import ArcScale
from viewer.geometry.chain_view import Pins, Sizes
from viewer.geometry.landmark_order import Anchors
from viewer.geometry.pull_beliefs import FINE_STEPS, Idea, Pace, Seen, ideas, worked_out
from viewer.geometry.pull_clock import Clock
from viewer.geometry.pull_evidence import LumenSizes, PullEvidence
from viewer.geometry.pull_models import NOMINAL_PX_MM

Values = NDArray[np.float64]

BAND = 1.645
"""90 % of a normal distribution lie within so many standard deviations."""

PIN_SHARE = 0.5
"""Share of a click's ± that the chain may leave a landmark by; the curve is then led through it,
and what is left of the click's ± is added to the band."""

FREE_LENGTHS = (0.6, 0.75, 0.9, 1.0, 1.15)
"""Without two landmarks the pull is tried as so many lengths of the centerline."""

BRANCH_MM = 9.0
"""Longest opening of a side branch along the vein: that of an internal iliac vein."""

BRANCH_WIDER = 0.06
"""Noise of a size (logarithmic) that is left on it."""

CLEAR_SHARE = 0.3
"""A border less clear than this share of the usual one is not used."""

VEIN_SMOOTH_MM = 2.0
"""The lumen is a mean over some millimetres too."""


@dataclass(frozen=True, eq=False)
class Blend:
    """The explanations of a pull put together, one value a frame.

    Attributes
    ----------
    mean, sigma, low, high : ndarray, shape (n,)
        Along the vein times the direction; low and high bound the 90 % band.
    paths : ndarray, shape (p, n)
        Ways the pull may have run.
    ideas : tuple of Idea
        The explanations, the most likely first; their weights add to 1 as exp(log_weight).
    """

    mean: Values
    sigma: Values
    low: Values
    high: Values
    paths: Values
    ideas: tuple[Idea, ...]


class BlendTravel:
    """± of places and of distances of a blend; travel is counted in frames."""

    def __init__(self, blend: Blend) -> None:
        self._blend = blend

    def sigma(self, u: Values) -> Values:
        """± (1 sigma) at frames `u`, shape (m,)."""
        return np.interp(u, np.arange(len(self._blend.sigma)), self._blend.sigma)

    def difference_sigma(self, u_a: float, u_b: float) -> float:
        """± of the distance between two frames; errors they share cancel."""
        paths = self._blend.paths
        a, b = (round(min(max(u, 0.0), paths.shape[1] - 1.0)) for u in (u_a, u_b))
        return float(np.std(paths[:, b] - paths[:, a]))


def paces(
    clocks: tuple[Clock, ...], pins: Pins, length: float, rate_mm_s: float | None
) -> tuple[Pace, ...]:
    """Clocks set to the vein: by two landmarks, by the pull's rate, or by its length.

    Parameters
    ----------
    length : float
        Of the centerline.
    rate_mm_s : float or None
        Rate a reader gave, in the unit of the vein a second.
    """
    found = []
    for clock in clocks:
        if clock.chance <= 0.0:
            continue
        run, log_chance = clock.run, float(np.log(clock.chance))
        if len(pins.frames) >= 2:
            at = np.interp(pins.frames[[0, -1]], np.arange(len(run)), run)
            gone, ran = float(pins.places[-1] - pins.places[0]), float(at[1] - at[0])
            if ran > 0 and gone > 0:
                found.append(Pace(clock, (run - at[0]) * (gone / ran), log_chance))
        elif rate_mm_s is not None:
            found.append(Pace(clock, run * rate_mm_s, log_chance))
        else:
            each = log_chance - float(np.log(len(FREE_LENGTHS)))
            found += [Pace(clock, run * (s * length / run[-1]), each) for s in FREE_LENGTHS]
    return tuple(found)


def sizes_of(evidence: PullEvidence, scale: ArcScale, direction: int, mm: float) -> Sizes | None:
    """Both profiles in the pull's direction; None when one is missing or too short."""
    lumen, vein = evidence.lumen, evidence.vein
    if lumen is None or vein is None or len(lumen.frames) < 8:
        return None
    width = np.asarray(vein.diameter, np.float64)
    good = np.isfinite(width) & (width > 0)
    if good.sum() < 8:
        return None
    places = float(direction) * scale.to_unit(vein.arc_px)
    level = np.where(good, np.log(np.where(good, width, 1.0)), np.nan)
    if direction < 0:
        places, level = places[::-1], level[::-1]
    apart = abs(float(places[-1] - places[0])) / len(lumen.frames)
    return Sizes(
        lumen.frames.astype(np.float64),
        _trusted(lumen, round(BRANCH_MM * mm / max(apart, 1e-9))),
        places,
        _evened(places, level, VEIN_SMOOTH_MM * mm),
    )


def _trusted(lumen: LumenSizes, branch: int) -> Values:
    """Log sizes without side branches; NaN where the border was not clear, shape (m, d).

    Where a branch opens, the border runs into it: what is wider than both of its sides over less
    than `branch` samples is cut off (a morphological opening along the pull).
    """
    level = np.log(np.maximum(lumen.sizes, 1e-3))
    count = min(branch, len(level) // 4)
    if count >= 3:
        half = count // 2
        pad = ((half, half), (0, 0))
        window = np.lib.stride_tricks.sliding_window_view
        low = window(np.pad(level, pad, mode="edge"), 2 * half + 1, axis=0).min(axis=2)
        opened = window(np.pad(low, pad, mode="edge"), 2 * half + 1, axis=0).max(axis=2)
        level = np.minimum(level, opened + BRANCH_WIDER)
    sure = lumen.confidence >= CLEAR_SHARE * float(np.median(lumen.confidence))
    return np.asarray(np.where(sure[:, None], level, np.nan))


def blended(
    found: tuple[Idea, ...], seen: Seen, steps: int = FINE_STEPS, draw: bool = True
) -> Blend | None:
    """The explanations worked out in so many steps and averaged by their weights."""
    done: list[tuple[Idea, Grid, ChainFit]] = []
    for idea in found:
        fit = worked_out(idea, seen, steps, draw)
        if fit is not None:
            done.append((idea, *fit))
    if not done:
        return None
    log_weight = np.array([idea.log_weight for idea, _, _ in done])
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    parts = [_on_frames(idea, grid, fit) for idea, grid, fit in done]
    means, sigmas, lows, highs = (np.stack(rows) for rows in zip(*parts, strict=True))
    mean = weight @ means
    apart = (means - mean) ** 2
    kept = tuple(
        Idea(idea.pace, idea.match, float(np.log(w)))
        for (idea, _, _), w in zip(done, weight, strict=True)
    )
    return Blend(
        mean,
        np.sqrt(weight @ (sigmas**2 + apart)),
        mean - np.sqrt(weight @ (np.maximum(means - lows, 0.0) ** 2 + BAND**2 * apart)),
        mean + np.sqrt(weight @ (np.maximum(highs - means, 0.0) ** 2 + BAND**2 * apart)),
        _paths(done, weight) if draw else np.empty((0, len(mean))),
        kept,
    )


def held(blend: Blend, anchors: Anchors, click: float) -> Blend:
    """`blend` led through its landmarks exactly, with a click's ± in every band."""
    frames = np.arange(len(blend.mean))
    gap = np.zeros(len(blend.mean))
    if len(anchors.frames):
        gap = np.interp(frames, anchors.frames, anchors.arcs - blend.mean[anchors.frames])
    mean = blend.mean + gap
    if len(anchors.frames) >= 2:
        mean = _between(mean, anchors)
    pad = click * float(np.sqrt(1 - PIN_SHARE**2)) if len(anchors.frames) else 0.0
    down, up = blend.mean - blend.low, blend.high - blend.mean
    return Blend(
        mean,
        np.hypot(blend.sigma, pad),
        mean - np.hypot(down, BAND * pad),
        mean + np.hypot(up, BAND * pad),
        blend.paths + gap,
        blend.ideas,
    )


def shifted_clock(blend: Blend, time: Values, sigma_s: float) -> Blend:
    """`blend` with the ± of a fluoroscopy's clock, which all its places share, in every band."""
    if sigma_s <= 0:
        return blend
    later, sooner = (np.interp(time + sign * sigma_s, time, blend.mean) for sign in (1, -1))
    pad = 0.5 * np.abs(later - sooner)
    return replace(
        blend,
        sigma=np.hypot(blend.sigma, pad),
        low=blend.mean - np.hypot(blend.mean - blend.low, BAND * pad),
        high=blend.mean + np.hypot(blend.high - blend.mean, BAND * pad),
    )


def pins_of(anchors: Anchors, click: float, tracked: Pins | None) -> Pins:
    """Landmarks, and places a fluoroscopy shows, in frame order."""
    sigma = np.full(len(anchors.frames), PIN_SHARE * click)
    if tracked is None:
        return Pins(anchors.frames.astype(np.float64), anchors.arcs, sigma)
    frames = np.concatenate((anchors.frames.astype(np.float64), tracked.frames))
    order = np.argsort(frames, kind="stable")
    places = np.concatenate((anchors.arcs, tracked.places))[order]
    return Pins(frames[order], places, np.concatenate((sigma, tracked.sigma))[order])


def unit_of_mm(unit: str) -> float:
    """What 1 mm is in `unit`; nominal on a run without a scale."""
    return 1.0 if unit == "mm" else 1.0 / NOMINAL_PX_MM


def seen_of(pins: Pins, sizes: Sizes | None, scale: ArcScale, direction: int) -> Seen:
    """What all explanations of a pull must explain."""
    start = float(scale.arc[0] if direction > 0 else -scale.arc[-1])
    return Seen(pins, sizes, start, unit_of_mm(scale.unit))


def explained(paced: tuple[Pace, ...], seen: Seen) -> Blend | None:
    """The likely explanations, averaged; None when nothing fits."""
    return blended(ideas(paced, seen), seen)


def _between(mean: Values, anchors: Anchors) -> Values:
    """`mean` kept between its landmarks and never falling."""
    first, last = anchors.frames[0], anchors.frames[-1]
    frames = np.arange(len(mean))
    before = np.clip(np.searchsorted(anchors.frames, frames, "right") - 1, 0, None)
    after = np.clip(np.searchsorted(anchors.frames, frames, "left"), None, len(anchors.frames) - 1)
    low = np.where(frames < first, -np.inf, anchors.arcs[before])
    high = np.where(frames > last, np.inf, anchors.arcs[after])
    return np.asarray(np.maximum.accumulate(np.clip(mean, low, high)))


def _on_frames(idea: Idea, grid: Grid, fit: ChainFit) -> tuple[Values, Values, Values, Values]:
    u = idea.pace.u
    rows = (fit.mean, fit.sigma, fit.low, fit.high)
    mean, sigma, low, high = (np.interp(u, grid.u, row) for row in rows)
    return mean, sigma, low, high


def _paths(done: list[tuple[Idea, Grid, ChainFit]], weight: Values) -> Values:
    """Paths of all explanations, as many of each as it weighs."""
    rows = []
    for (idea, grid, fit), share in zip(done, weight, strict=True):
        count = max(1, round(float(share) * len(fit.paths)))
        at = np.clip((idea.pace.u - grid.u0) / grid.step, 0, grid.steps)
        low = np.minimum(at.astype(np.intp), grid.steps - 1)
        part = at - low
        chosen = fit.paths[:count]
        rows.append(chosen[:, low] * (1 - part) + chosen[:, low + 1] * part)
    return np.concatenate(rows)


def _evened(places: Values, level: Values, reach: float) -> Values:
    """Gaussian mean over `reach`, leaving out what is unknown."""
    step = max(float(np.median(np.diff(places))), 1e-9)
    half = int(np.ceil(3 * reach / step))
    if half < 1 or half > len(level):
        return level
    shape = np.exp(-0.5 * (np.arange(-half, half + 1) * step / reach) ** 2)
    known = np.isfinite(level)
    total = np.convolve(np.where(known, level, 0.0), shape, mode="same")[: len(level)]
    weight = np.convolve(known.astype(np.float64), shape, mode="same")[: len(level)]
    return np.where(known, total / np.maximum(weight, 1e-9), np.nan)
