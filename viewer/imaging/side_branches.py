"""Side branches: the lumen's border goes straight across their mouths.

Two signs of a mouth: for a short part of the pullback the lumen is larger, and the vein as it is
before and behind lies on all of the border but one side; and the outline has a waist (a chord
shorter than both sides are wide).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

MOUTH_SHARE = 0.05
"""Half of the longest stretch of a pullback that a mouth may take, a share of its frames."""

FEWEST_FRAMES = 24
"""Below this there is no along to speak of."""

WIDER = 1.12
"""An area this much larger than before and behind is looked at for a mouth."""

LONGER = 1.08
"""The same of the longest extent."""

BESIDE = 3
"""Anchors are taken so many frames away from the mouth: its ends open gradually."""

BEYOND = 1.10
"""A border this much farther out than the vein before and behind is in a mouth."""

LIES_ON = 0.62
"""Share of the vein's outline that must lie on the border for the rest to be a mouth; a vein that
is wider all around is just wider."""

SPIKE_RAYS, SPIKE = 5, 1.6
"""See `without_spikes`; 5 of 96 rays are 19 degrees."""

WAIST = 0.85
"""A chord shorter than this share of both sides' width is a waist."""

LEAST_LOBE = 0.03
"""What is cut at a waist is at least this share of the outline's area."""


def without_spikes(radius: Map) -> Map:
    """Borders around the catheter without what leaks through a gap of the wall.

    Parameters
    ----------
    radius : ndarray, shape (n, angles)
        A leak is narrower than `SPIKE_RAYS` rays and `SPIKE` times as deep as what is beside it:
        the tip of the flattest vein, seen from its other tip, is 1.4 times (ellipse, aspect 0.2).
    """
    from scipy import ndimage

    low = ndimage.minimum_filter1d(radius, SPIKE_RAYS, axis=1, mode="wrap")
    opened = ndimage.maximum_filter1d(low, SPIKE_RAYS, axis=1, mode="wrap")
    return np.where(radius > SPIKE * opened, opened, radius)


def across_mouths(outlines: Map) -> tuple[Map, Flags]:
    """Outlines of successive frames without what bulges for a short stretch, to one side.

    Parameters
    ----------
    outlines : ndarray, shape (n, points, 2)
        Closed, evenly spaced points, all run through in the same direction.

    Returns
    -------
    outlines : ndarray, shape (n, points, 2)
    cut : ndarray of bool, shape (n, points)
        Where the border is not what the frame alone says.
    """
    from scipy import ndimage

    n, points = outlines.shape[:2]
    result, cut = outlines.copy(), np.zeros((n, points), np.bool_)
    if n < FEWEST_FRAMES:
        return result, cut
    half = int(np.clip(round(MOUTH_SHARE * n), 3, 150))
    wide = np.zeros(n, np.bool_)
    for size, share in ((_areas(outlines), WIDER), (_longest(outlines), LONGER)):
        calm = ndimage.median_filter(size, size=5, mode="nearest")
        low = ndimage.minimum_filter1d(calm, 2 * half + 1, mode="nearest")
        wide |= calm > share * ndimage.maximum_filter1d(low, 2 * half + 1, mode="nearest")
    near_it = ndimage.binary_dilation(wide, iterations=BESIDE if n > 100 else 1)
    anchors = np.flatnonzero(~near_it)
    if not len(anchors):
        return result, cut
    for k in np.flatnonzero(near_it):
        at = int(np.searchsorted(anchors, k))
        before, behind = anchors[max(at - 1, 0)], anchors[min(at, len(anchors) - 1)]
        share = (k - before) / (behind - before) if behind > before else 0.0
        vein = between(outlines[before], outlines[behind], float(share))
        found = _without_bulge(outlines[k], vein)
        if found is None:
            found = _shortened(outlines[k], outlines[before], outlines[behind], float(share))
        if found is not None:
            result[k], cut[k] = found
    return result, cut


def _areas(outlines: Map) -> Map:
    x, y = outlines[..., 0], outlines[..., 1]
    cross = x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y
    return np.asarray(0.5 * np.abs(cross.sum(axis=1)), np.float32)


def _longest(outlines: Map) -> Map:
    """Longest extent of outlines over 24 directions."""
    turn = np.arange(24) * np.pi / 24
    along = outlines @ np.stack((np.cos(turn), np.sin(turn))).astype(np.float32)
    return np.asarray(np.ptp(along, axis=1).max(axis=1), np.float32)


def between(first: Map, second: Map, share: float) -> Map:
    """An outline a share of the way from one to another, about its middle, shape (points, 2)."""
    a = first - first.mean(axis=0)
    b = aligned(second, first)
    return np.asarray(a * (1 - share) + (b - b.mean(axis=0)) * share, np.float32)


def aligned(outline: Map, to: Map) -> Map:
    """The outline run through from another point, or backwards, so that it lies best on `to`."""
    a, b = outline - outline.mean(axis=0), to - to.mean(axis=0)
    target = np.fft.fft(b[:, 0] + 1j * b[:, 1])
    best, least = outline, np.inf
    for way in (1, -1):
        turned = a[::way]
        match = np.fft.ifft(np.fft.fft(turned[:, 0] + 1j * turned[:, 1]).conj() * target)
        shift = int(np.argmax(match.real))
        off = float(((np.roll(turned, shift, axis=0) - b) ** 2).sum())
        if off < least:
            best, least = np.roll(outline[::way], shift, axis=0), off
    return best


def _extents(outline: Map) -> tuple[Map, Map, Map]:
    """Of one outline: directions (24, 2), and where it begins and ends along each."""
    turn = np.arange(24) * np.pi / 24
    ways = np.stack((np.cos(turn), np.sin(turn)), axis=1).astype(np.float32)
    along = outline @ ways.T
    return ways, along.min(axis=0), along.max(axis=0)


def _shortened(outline: Map, before: Map, behind: Map, share: float) -> tuple[Map, Flags] | None:
    """An outline that is too long and too large but not too thick, cut to the vein's length.

    Where two veins run together the mouth is as wide as they are, and has no waist: the vein ends
    where it would if its length changed evenly from before to behind, and is cut straight across
    with rounded corners (an ellipse of third power).
    """
    ways, low, high = _extents(outline)
    length, thick = float((high - low).max()), float((high - low).min())
    sizes = [_extents(other) for other in (before, behind)]
    usual = [float((b - a).max()) for _, a, b in sizes]
    usual_thick = [float((b - a).min()) for _, a, b in sizes]
    areas = _areas(np.stack((before, behind, outline)))
    wanted = usual[0] * (1 - share) + usual[1] * share
    if (
        length < LONGER * wanted
        or areas[2] < LONGER * (areas[0] * (1 - share) + areas[1] * share)
        or thick > LONGER * max(usual_thick)
    ):
        return None
    which = int(np.argmax(high - low))
    way = ways[which]
    excess = []  # at the far and at the near end, against the neighbours lying about the catheter
    for end, sign in ((high, 1.0), (low, -1.0)):
        known = [(b if sign > 0 else a)[which] for _, a, b in sizes]
        excess.append(sign * float(end[which] - (known[0] * (1 - share) + known[1] * share)))
    sign = 1.0 if excess[0] >= excess[1] else -1.0
    tip = float(low[which] if sign > 0 else -high[which])
    along = sign * (outline @ way) - tip
    side = outline @ np.array([-way[1], way[0]], np.float32)
    half = wanted / 2
    near = np.abs(along - half) < max(2.0, 0.15 * wanted)
    if near.sum() < 4:
        return None
    middle = float(side[near].min() + side[near].max()) / 2
    height = max(float(np.ptp(side[near])) / 2, 1.0)
    forth = along - half
    level = np.cbrt(np.maximum(forth / half, 0.0) ** 3 + np.abs((side - middle) / height) ** 3)
    beyond = (forth > 0) & (level > 1.05)
    if not 0.02 < beyond.mean() < 0.7:
        return None
    scale = np.where(beyond, 1.0 / np.maximum(level, 1.0), 1.0)
    center = sign * way * (half + tip) + np.array([-way[1], way[0]], np.float32) * middle
    return (center + (outline - center) * scale[:, None]).astype(np.float32), beyond


def _without_bulge(outline: Map, vein: Map) -> tuple[Map, Flags] | None:
    """The outline where the vein (points about its middle) lies on it, the vein elsewhere."""
    size = float(np.sqrt(_areas(vein[None])[0] / np.pi))
    tolerance = max(1.5, 0.08 * size)
    place, middle = outline.mean(axis=0), outline.mean(axis=0)
    score = -1.0
    for step in (0.4 * size, 0.2 * size, 0.1 * size, 0.05 * size):
        grid = np.arange(-2, 3) * step
        shifts = place + np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
        tried = vein[None, ::3] + shifts[:, None]
        off = np.hypot(
            tried[..., 0, None] - outline[None, None, ::2, 0],
            tried[..., 1, None] - outline[None, None, ::2, 1],
        ).min(axis=2)
        scores = np.exp(-0.5 * (off / tolerance) ** 2).mean(axis=1)
        if scores.max() > score:
            place, score = shifts[int(np.argmax(scores))], float(scores.max())
    if score < LIES_ON:
        return None
    center = place.astype(np.float32) if np.isfinite(place).all() else middle
    angle = np.mod(np.arctan2(*(outline - center).T[::-1]), 2 * np.pi)
    far = np.hypot(*(outline - center).T)
    round_vein = np.mod(np.arctan2(*vein.T[::-1]), 2 * np.pi)
    order = np.argsort(round_vein, kind="stable")
    edge = np.interp(angle, round_vein[order], np.hypot(*vein.T)[order], period=2 * np.pi)
    beyond = far > np.maximum(BEYOND * edge, edge + tolerance)
    if not 0.02 < beyond.mean() < 0.45:
        return None
    beyond = np.convolve(np.concatenate((beyond[-2:], beyond, beyond[:2])), np.ones(5), "valid") > 0
    scale = np.where(beyond, np.minimum(edge / np.maximum(far, 1e-3), 1.0), 1.0)
    return (center + (outline - center) * scale[:, None]).astype(np.float32), beyond


def cut_waists(outlines: Map, keep: tuple[float, float]) -> tuple[Map, Flags]:
    """Outlines without the lobes beyond a waist, cut straight across.

    Parameters
    ----------
    outlines : ndarray, shape (n, points, 2)
        Closed, their points about evenly spaced.
    keep : tuple of float
        The side on which this point (the catheter) lies is kept.

    Returns
    -------
    outlines : ndarray, shape (n, points, 2)
        Points of a lobe lie on its chord.
    cut : ndarray of bool, shape (n, points)
    """
    n, points = outlines.shape[:2]
    chord = np.empty((points, n, points), np.float32)  # [m, :, i]: from point i to i + m
    for m in range(points):
        gap = np.roll(outlines, -m, axis=1) - outlines
        chord[m] = np.hypot(gap[..., 0], gap[..., 1])
    lobe = np.zeros_like(chord)  # widest chord between points on the way from i to i + m
    for m in range(2, points):
        lobe[m] = np.roll(np.maximum(chord[m - 2], lobe[m - 2]), -1, axis=1)
    for m in range(points):
        rest = np.roll(lobe[points - m], -m, axis=1) if m else lobe[0]
        chord[m] /= np.maximum(np.minimum(lobe[m], rest), 1e-3)
    chord[:4] = chord[points - 3 :] = np.inf
    result, cut = outlines.copy(), np.zeros((n, points), np.bool_)
    tightest = np.where(lobe.any(axis=(0, 2)), chord.min(axis=(0, 2)), np.inf)
    for k in np.flatnonzero(tightest < WAIST):
        _cut_one(outlines[k], chord[:, k], keep, result[k], cut[k])
    return result, cut


def _cut_one(outline: Map, waist: Map, keep: tuple[float, float], result: Map, cut: Flags) -> None:
    """Move a lobe's points in `result` onto the tightest waist's chord, and flag them."""
    points = len(outline)
    x, y = outline[:, 0], outline[:, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    sums = np.concatenate((np.zeros(1), np.cumsum(np.concatenate((cross, cross)))))
    whole = float(cross.sum()) or 1e-6
    candidates = np.argwhere(waist < WAIST)
    for m, i in candidates[np.argsort(waist[waist < WAIST], kind="stable")][:200]:
        a, b = outline[i], outline[(i + m) % points]
        share = (sums[i + m] - sums[i] + b[0] * a[1] - a[0] * b[1]) / whole
        side = (b[0] - a[0]) * (keep[1] - a[1]) - (b[1] - a[1]) * (keep[0] - a[0])
        if side * np.sign(whole) < 0 or not LEAST_LOBE <= share <= 0.97:
            continue
        way = np.arange(1, m)
        result[(i + way) % points] = a + (b - a) * (way / m)[:, None]
        cut[(i + way) % points] = True
        return


def evenly(outlines: Map, points: int) -> Map:
    """Outlines with points at even steps along them, shape (n, points, 2)."""
    closed = np.concatenate((outlines, outlines[:, :1]), axis=1)
    steps = np.diff(closed, axis=1)
    length = np.zeros(closed.shape[:2])
    np.cumsum(np.hypot(steps[..., 0], steps[..., 1]), axis=1, out=length[:, 1:])
    result = np.empty((len(outlines), points, 2), np.float32)
    share = np.arange(points) / points
    for k, along in enumerate(length):
        at = share * along[-1]
        result[k, :, 0] = np.interp(at, along, closed[k, :, 0])
        result[k, :, 1] = np.interp(at, along, closed[k, :, 1])
    return result
