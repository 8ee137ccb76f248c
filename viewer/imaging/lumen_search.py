"""Where blood ends and wall begins: a coarse border around the catheter, then a fine one.

The coarse one goes out from the catheter until bright tissue has been crossed; the fine one looks
near it, along rays of an ellipse, for the step of grey. Neither knows of other frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.imaging.closed_path import between_depths, closed_path, closed_path_steep
from viewer.imaging.ivus_field import IvusField
from viewer.imaging.polar_sampling import Rays, sample, smoothed

U8 = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]

ANGLES = 96
COARSE_DEPTHS = 72

FINE_DEPTHS = 64
NEAREST, FARTHEST = 0.1, 1.9
"""Depths of the fine search, shares of the ellipse's."""

THRESHOLD = 0.2
"""Share of the way from blood's to tissue's grey at which tissue begins, coarse search."""

FINE_THRESHOLD = 0.33

NEAR_DEPTHS = slice(1, 8)
NEAR_PERCENTILE = 40
MOST_FILLED, FILLED_SHARE = 0.6, 0.7
"""Coarse search: depths next to the catheter whose grey is that of the lumen's content; the
percentile that is taken (with 50, walls at the catheter count as content on real frames); the
share of the way from blood to tissue it may lie at, and how much higher the border's grey lies
then. Set on synthetic frames with clot, held against the hand-traced ones."""

WALL_PX = 3.0
"""Cleaned pixels of bright tissue after which what lies behind is no lumen any more."""

CLIMB = 1.0
"""What the coarse border pays to move by one depth from one ray to the next."""

BEND = 0.15
EDGE_GAIN = 1.4
PRIOR_GAIN = 0.02
PRIOR_SPAN = 6.0
"""Fine search: cost of a bend, gain of a full step of grey, pull of the coarse border and the
depths off it beyond which the pull grows no more."""

WINDOW = 7
"""Depths on either side of a border whose grey is compared."""

RIM_PX = 1.5
"""Within so many cleaned pixels of the field's rim nothing is seen."""

OUTWARD_PX = 0.5
"""Cleaned pixels by which the step of grey lies inside the true border: echoes are log-compressed,
so that the half-way grey is reached early (measured on synthetic frames)."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Grey of blood and of tissue in a pullback, cleaned frames."""

    blood: float
    tissue: float


def around_catheter(stack: U8, field: IvusField) -> tuple[Map, float, float]:
    """Polar picture (n, ANGLES, COARSE_DEPTHS), evened; first radius and step, cleaned px."""
    first = field.catheter_px / field.step
    step = max(field.radius_px / field.step - first, 8.0) / COARSE_DEPTHS
    radius = first + (np.arange(COARSE_DEPTHS) + 0.5) * step
    turn = 2 * np.pi * np.arange(ANGLES)[:, None] / ANGLES
    x = (field.center[0] + radius * np.cos(turn)).astype(np.float32)
    y = (field.center[1] + radius * np.sin(turn) / field.aspect).astype(np.float32)
    grey = smoothed(sample(stack, x, y), (1, 2, 3, 2, 1), 1, around=True)
    return smoothed(grey, (1, 2, 1), 2, around=False), first, step


def levels_of(stack: U8, field: IvusField) -> Levels:
    """Grey of blood and tissue from frames spread over the pullback.

    Blood is what lies next to the catheter, at its darker angles; tissue the brighter of the two
    classes that part the picture best (Otsu 1979).
    """
    grey, _, _ = around_catheter(stack, field)
    dark, bright = _two_classes(grey[:, :, : int(0.7 * COARSE_DEPTHS)])
    near = float(np.percentile(grey[:, :, : COARSE_DEPTHS // 8], 25))
    blood = min(dark, near)
    return Levels(blood, max(bright, blood + 8.0))


def _two_classes(grey: Map) -> tuple[float, float]:
    counts = np.bincount(grey.astype(np.uint8).ravel(), minlength=256).astype(np.float64)
    weight = np.cumsum(counts) / counts.sum()
    mean = np.cumsum(counts * np.arange(256)) / counts.sum()
    parted = weight * (1 - weight)
    spread = np.where(parted > 0, (mean[-1] * weight - mean) ** 2 / np.maximum(parted, 1e-12), 0.0)
    at = int(np.argmax(spread))
    dark = mean[at] / max(weight[at], 1e-12)
    bright = (mean[-1] - mean[at]) / max(1 - weight[at], 1e-12)
    return float(dark), float(bright if weight[at] < 1 else dark)


def _verdict(grey: Map, blood: Map, tissue: Map, share: Map | float) -> Map:
    """-1 surely blood to 1 surely tissue; levels broadcast against `grey`."""
    border = blood + np.asarray(share, np.float32) * (tissue - blood)
    below = (grey - border) / np.maximum(border - blood, 3.0)
    above = (grey - border) * np.float32(1.5) / np.maximum(tissue - border, 3.0)
    said = np.where(grey < border, below, above)
    return np.asarray(np.clip(said, -1.0, 1.0), np.float32)


def _dark_length(said: Map, step_px: Map | float, wall_px: float) -> Map:
    """Cost of a border before each depth: less by every px of blood, more by tissue, per ray.

    After `wall_px` more of tissue than of blood nothing counts as blood any more (a cumulative
    sum that is never below its own low point: Page 1954).
    """
    sums = np.cumsum(said, axis=2) * step_px
    risen = sums - np.minimum.accumulate(np.minimum(sums, 0.0), axis=2)
    behind = np.maximum.accumulate(risen, axis=2) > wall_px
    counted = np.where(behind, np.maximum(said, 0.0) * np.float32(0.5) + np.float32(0.5), said)
    cost = np.zeros_like(said)
    np.cumsum(counted[:, :, :-1], axis=2, out=cost[:, :, 1:])
    return cost


def _blood_here(grey: Map, levels: Levels) -> Map:
    """Grey of what fills each frame's lumen next to the catheter, shape (n, 1, 1).

    Clot and slow blood are brighter than the blood elsewhere in the pullback.
    """
    near = np.percentile(grey[:, :, NEAR_DEPTHS], NEAR_PERCENTILE, axis=(1, 2))
    most = levels.blood + MOST_FILLED * (levels.tissue - levels.blood)
    return np.clip(near, levels.blood, most).astype(np.float32)[:, None, None]


def coarse_border(stack: U8, field: IvusField, levels: Levels) -> Map:
    """Radii of the lumen around the catheter, cleaned px, shape (n, ANGLES)."""
    grey, first, step = around_catheter(stack, field)
    blood = _blood_here(grey, levels)
    filled = (blood - levels.blood) / (levels.tissue - levels.blood)
    share = THRESHOLD + FILLED_SHARE * filled
    said = _verdict(grey, blood, np.asarray(levels.tissue, np.float32), share)
    cost = _dark_length(said, step, WALL_PX) * np.float32(step)
    path = closed_path_steep(cost, CLIMB)
    return np.asarray(first + path * step, np.float32)


def outline_of(radius: Map, field: IvusField) -> Map:
    """Points of borders around the catheter, shape (n, angles, 2), cleaned px."""
    turn = 2 * np.pi * np.arange(radius.shape[1]) / radius.shape[1]
    x = field.center[0] + radius * np.cos(turn)
    y = field.center[1] + radius * np.sin(turn) / field.aspect
    return np.stack((x, y), axis=-1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class FineBorder:
    """What the fine search found.

    Attributes
    ----------
    depth : ndarray, shape (n, ANGLES)
        Along the rays.
    edge : ndarray, shape (n, ANGLES)
        Step of grey across the border, 1 is the frame's whole contrast.
    contrast : ndarray, shape (n,)
        Grey from blood to tissue.
    """

    depth: Map
    edge: Map
    contrast: Map


def fine_border(
    stack: U8, field: IvusField, levels: Levels, rays: Rays, prior: Map, pull: Map
) -> FineBorder:
    """The border near `prior`, at a fraction of a pixel.

    Parameters
    ----------
    prior : ndarray, shape (n, ANGLES)
        Depths where it is expected.
    pull : ndarray, shape (n, ANGLES)
        How strongly: 1 as usual; large values hold it there.
    """
    bin_ = (FARTHEST - NEAREST) / FINE_DEPTHS
    rho = (NEAREST + (np.arange(FINE_DEPTHS) + 0.5) * bin_).astype(np.float32)
    points = rays.points(rho)
    grey = smoothed(sample(stack, points[..., 0], points[..., 1]), (1, 2, 1), 1, around=True)
    away = _from_catheter(points, field)
    blood, tissue, seen = _levels_here(grey, away, rho, field, levels)
    said = _verdict(grey, blood[:, None, None], tissue[:, None, None], FINE_THRESHOLD)
    out = away > field.radius_px / field.step - RIM_PX
    said[out] = 1.0
    step_px = (rays.length * np.float32(bin_))[..., None]
    cost = _dark_length(said, step_px, WALL_PX) * np.float32(10.0 * bin_)
    contrast = tissue - blood
    edge = _step_of_grey(grey) / contrast[:, None, None]
    cost -= np.float32(EDGE_GAIN) * np.where(out, 0.0, np.clip(2.0 * edge, -0.5, 1.0))
    off = (np.arange(FINE_DEPTHS) - ((prior - NEAREST) / bin_)[..., None]).astype(np.float32)
    far = np.minimum(off * off, np.float32(PRIOR_SPAN**2))
    held = pull[..., None] > 2.0
    cost = np.where(held, 0.15 * cost, cost) + np.float32(PRIOR_GAIN) * pull[..., None] * np.where(
        held, off * off, far
    )
    cost = cost.astype(np.float32)
    path = closed_path(cost, BEND, 3)
    depth = NEAREST + between_depths(cost, path) * bin_
    depth = smoothed(depth.astype(np.float32), (1, 2, 3, 2, 1), 1, around=True)
    depth += OUTWARD_PX / np.maximum(rays.length, 4.0)
    free = np.where(held[..., 0], np.nan, (depth - prior) * rays.length)
    free[~np.isfinite(free).any(axis=1)] = 0.0
    shift = np.nanmedian(free, axis=1)[:, None] / np.maximum(rays.length, 4.0)
    depth = np.where(held[..., 0], prior + shift, depth)
    here = np.take_along_axis(edge, path[..., None], axis=2)[..., 0]
    return FineBorder(depth.astype(np.float32), here.astype(np.float32), seen)


def _levels_here(
    grey: Map, away: Map, rho: Map, field: IvusField, levels: Levels
) -> tuple[Map, Map, Map]:
    """Grey of blood, of tissue and what truly lies between them on each frame, shape (n,) each."""
    inside = (rho < 0.7) & (away > field.catheter_px / field.step + 1.0)
    inside &= away < field.radius_px / field.step - RIM_PX
    count = inside.sum(axis=(1, 2))
    mean = np.where(inside, grey, 0.0).sum(axis=(1, 2)) / np.maximum(count, 1)
    blood = np.where(count > 60, mean, levels.blood)
    in_field = away < field.radius_px / field.step - RIM_PX
    band = (rho > 1.05) & (rho < 1.35)
    tissue, brightest = np.zeros(len(grey)), np.zeros(len(grey))
    for k in range(len(grey)):
        here = grey[k][in_field[k]]
        outside = grey[k][:, band][in_field[k][:, band]]
        brightest[k] = _ranked(here, 0.97) if here.size else 0.0
        tissue[k] = _ranked(outside, 0.65) if outside.size > 60 else brightest[k]
    seen = np.where(in_field[:, :, band].mean(axis=(1, 2)) < 0.5, brightest, tissue) - blood
    tissue = np.clip(tissue, 0.5 * (blood + levels.tissue), levels.tissue + 40.0)
    blood = np.minimum(blood, tissue - 10.0)
    return blood.astype(np.float32), tissue.astype(np.float32), seen.astype(np.float32)


def _ranked(values: Map, share: float) -> float:
    """The value so many of all lie under: `numpy.percentile` without what it costs around it."""
    rank = int(share * (values.size - 1))
    return float(np.partition(values, rank)[rank])


def _from_catheter(points: Map, field: IvusField) -> Map:
    """Distance of points (..., 2) from the catheter, cleaned px."""
    rise = (points[..., 1] - field.center[1]) * field.aspect
    return np.asarray(np.hypot(points[..., 0] - field.center[0], rise), np.float32)


def within_field(outlines: Map, field: IvusField) -> Map:
    """Outlines (n, points, 2), cleaned px, with what lies beyond the field drawn to its rim."""
    middle = np.array(field.center, np.float32)
    away = _from_catheter(outlines, field)
    share = np.minimum((field.radius_px / field.step) / np.maximum(away, 1e-3), 1.0)
    return np.asarray(middle + (outlines - middle) * share[..., None], np.float32)


def _step_of_grey(grey: Map) -> Map:
    """Mean of `WINDOW` depths from here outwards less the mean of those before."""
    depths = grey.shape[2]
    sums = np.zeros((*grey.shape[:2], depths + 1), np.float32)
    np.cumsum(grey, axis=2, out=sums[..., 1:])
    at = np.arange(depths)
    low, high = np.maximum(at - WINDOW, 0), np.minimum(at + WINDOW, depths)
    after = (sums[..., high] - sums[..., at]) / (high - at).astype(np.float32)
    before = (sums[..., at] - sums[..., low]) / np.maximum(at - low, 1).astype(np.float32)
    step = np.asarray(after - before, np.float32)
    step[..., 0] = 0.0
    return step
