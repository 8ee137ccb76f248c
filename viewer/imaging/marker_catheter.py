"""The radio-opaque marks of a marker catheter, found between two clicks, finer than a pixel.

Marks are compact: dark in every direction, which bone edges and the catheter itself are not. Of
the compact dark places the smoothest and most even row that runs from the first click to the last
is taken; a mark hidden by bone is stepped over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.errors import ViewerError
from viewer.imaging.shadow import Shadow
from viewer.model.vessel import PointPx

Floats = NDArray[np.float64]

SHORTEST_PATH_PX = 15.0
CLICK_PX = 10.0
REACH = 0.35
"""The catheter may bow out by this share of the length between two clicks."""
SCALES_PX = (1.0, 1.5, 2.2, 3.2)
"""Sizes of marks looked for: standard deviation of the smoothing, px."""
WEAKEST = 0.25
"""Of the weaker clicked mark's strength; fainter places are no marks."""
MOST_PLACES = 160
MOST_MISSED = 2
MIN_GAP_PX = 5.0
UNEVEN = 0.12
STEPPED_OVER = 0.6
"""A step counts less by this much of the strength of a mark it passes by."""
ON_THE_WAY = 0.12
"""Places this share of a step's length aside of it lie on its way."""
TURN_DEG = 20.0
"""One gap beside the next differs by this share, one step turns by this much: counted as usual."""
STANDS_OUT = 1.5
"""The faintest mark is this many times as strong as three quarters of the other places around.

Rows laid through noise, bone and ribs of five real runs without marks reached 1.2 at most; marks of
150 synthetic catheters never fell below 3.
"""
ALIKE = 0.4
"""Marks are alike: their strengths vary by this share (standard deviation) at most."""
_NONE = "Without a marker catheter, choose a catheter of known size or a known distance instead."
_HINT = "Choose a frame before contrast; click the first and the last mark, and bends between."


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks in the order of the path.

    Attributes
    ----------
    numbers : tuple of int
        Place of each in the row, from 0; a number left out is a mark that was not seen.
    arc_px : ndarray of float64, shape (marks,)
        Length along the catheter from the first mark, on a spline through all of them, px.
    points_px : tuple of PointPx
    strength : ndarray of float64, shape (marks,)
        How dark each is, the weaker of both clicked ones being 1.
    """

    numbers: tuple[int, ...]
    arc_px: Floats
    points_px: tuple[PointPx, ...]
    strength: Floats


def find_marks(shadow: Shadow, path_px: Sequence[PointPx]) -> Marks:
    """The marks of the catheter between clicks.

    Parameters
    ----------
    shadow : ndarray, shape (rows, columns)
        See `shadow_of`: marks are larger.
    path_px : sequence of PointPx
        Clicks on the first and the last mark, more between them where the catheter turns back.

    Raises
    ------
    ViewerError
        No row of marks; says what to do.
    """
    path = np.asarray(path_px, dtype=np.float64).reshape(-1, 2)
    legs = np.hypot(*np.diff(path, axis=0).T)
    if len(path) < 2 or float(legs.sum()) < SHORTEST_PATH_PX or (legs < 1.0).any():
        raise ViewerError("The clicks are too near to each other", _HINT)
    points, strength = _compact_places(shadow, path)
    first = np.hypot(*(points - path[0]).T) <= CLICK_PX
    last = np.hypot(*(points - path[-1]).T) <= CLICK_PX
    if not first.any() or not last.any():
        raise ViewerError("No mark was found where you clicked", _HINT)
    strength = strength / min(float(strength[first].max()), float(strength[last].max()))
    everywhere = points, strength
    clear = strength >= WEAKEST
    points, strength, first, last = points[clear], strength[clear], first[clear], last[clear]
    onwards = _progress(points, path)
    order = np.argsort(onwards, kind="stable")
    points, strength, first, last = points[order], strength[order], first[order], last[order]
    row, numbers = _best_row(points, np.minimum(strength, 1.0), onwards[order], first, last)
    if len(row) < 2:
        raise ViewerError("No even row of marks runs between these clicks", _HINT)
    kept = points[row]
    if not _stands_out(kept, strength[row], *everywhere):
        raise ViewerError("No marks of a marker catheter stand out between these clicks", _NONE)
    found = tuple((float(x), float(y)) for x, y in kept)
    return Marks(numbers, _arc_lengths(kept), found, strength[row])


def _stands_out(row: Floats, strength: Floats, places: Floats, strengths: Floats) -> bool:
    """Whether the row's marks are alike, and darker than what else is compact around them."""
    if float(strength.std()) > ALIKE * float(strength.mean()):
        return False
    away = np.hypot(*np.moveaxis(places[:, None, :] - row, 2, 0)).min(axis=1)
    others = strengths[away >= MIN_GAP_PX - 1.0]
    return others.size < 4 or float(strength.min()) > STANDS_OUT * float(np.percentile(others, 75))


def _compact_places(shadow: Shadow, path: Floats) -> tuple[Floats, Floats]:
    """Places that are dark in every direction near the path: points (n, 2), strengths (n,)."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    length = float(np.hypot(*np.diff(path, axis=0).T).sum())
    margin = REACH * length + CLICK_PX + 6
    rows, columns = shadow.shape
    low = np.clip(np.floor(path.min(axis=0) - margin), 0, (columns, rows)).astype(int)
    high = np.clip(np.ceil(path.max(axis=0) + margin), 0, (columns, rows)).astype(int)
    part = shadow[low[1] : high[1], low[0] : high[0]].astype(np.float32)  # twice as fast
    if min(part.shape) < 8:
        raise ViewerError("The clicks are outside the image", _HINT)
    compact = np.full(part.shape, -np.inf, np.float32)
    for size in SCALES_PX:
        dxx = gaussian_filter(part, size, order=(0, 2))
        dyy = gaussian_filter(part, size, order=(2, 0))
        dxy = gaussian_filter(part, size, order=(1, 1))
        weaker = -(dxx + dyy) / 2 - np.hypot((dxx - dyy) / 2, dxy)
        compact = np.maximum(compact, weaker * size**2)
    top = (compact == maximum_filter(compact, size=5)) & (compact > 0)
    top[[0, -1]] = False
    top[:, [0, -1]] = False
    y, x = np.nonzero(top)
    points = np.stack([x, y], axis=1) + low
    leeway = _aside(points.astype(np.float64), path) <= REACH * length + CLICK_PX
    y, x, points = y[leeway], x[leeway], points[leeway]
    if y.size < 2:
        raise ViewerError("No marks were found between these clicks", _HINT)
    strength = compact[y, x].astype(np.float64)
    clicked = np.min([np.hypot(*(points - click).T) for click in path[[0, -1]]], axis=0)
    kept = np.argsort(-(strength + 1e9 * (clicked <= CLICK_PX)), kind="stable")[:MOST_PLACES]
    smooth = gaussian_filter(part.astype(np.float64), 1.2)
    return points[kept] + _fraction(smooth, y[kept], x[kept]), strength[kept]


def _fraction(image: Shadow, y: NDArray[np.intp], x: NDArray[np.intp]) -> Floats:
    """Where between the pixels a parabola through each place and its neighbours is highest."""
    parts = []
    for dy, dx in ((0, 1), (1, 0)):
        before, here, after = image[y - dy, x - dx], image[y, x], image[y + dy, x + dx]
        bend = 2 * here - before - after
        safe = np.where(bend > 0, bend, np.inf)
        parts.append(np.clip((after - before) / (2 * safe), -0.6, 0.6))
    return np.stack(parts, axis=1)


def _feet(points: Floats, path: Floats) -> tuple[Floats, Floats]:
    """Distance of each point from the nearest leg, and the length along the path of its foot."""
    starts, steps = path[:-1], np.diff(path, axis=0)
    lengths = np.hypot(*steps.T)
    before = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    off = points[:, None, :] - starts
    along = (off * steps).sum(axis=2) / lengths
    last = len(lengths) - 1
    lower = np.where(np.arange(last + 1) == 0, -np.inf, 0.0)
    upper = np.where(np.arange(last + 1) == last, np.inf, lengths)
    along = np.clip(along, lower, upper)
    foot = starts + (along / lengths)[..., None] * steps
    away = np.hypot(*np.moveaxis(points[:, None, :] - foot, 2, 0))
    leg = np.argmin(away, axis=1)
    here = np.arange(len(points))
    return away[here, leg], along[here, leg] + before[leg]


def _aside(points: Floats, path: Floats) -> Floats:
    return _feet(points, path)[0]


def _progress(points: Floats, path: Floats) -> Floats:
    return _feet(points, path)[1]


def _best_row(
    points: Floats,
    strength: Floats,
    onwards: Floats,
    first: NDArray[np.bool_],
    last: NDArray[np.bool_],
) -> tuple[list[int], tuple[int, ...]]:
    """The best row from a first to a last place, and the numbers of its marks.

    By dynamic programming over pairs of places.

    A step to place j over `missed` hidden marks counts strength - 0.35 - 0.6 missed, less what it
    steps over that looks like a mark, so that not every other mark is taken, and less the squares
    of how much its gap and direction differ from those of the step before.
    """
    n = len(points)
    away = points[None, :, :] - points[:, None, :]
    gap = np.hypot(away[..., 0], away[..., 1])
    angle = np.degrees(np.arctan2(away[..., 1], away[..., 0]))
    ahead = (onwards[None, :] > onwards[:, None] + 1.0) & (gap >= MIN_GAP_PX)
    ahead[:, first] = False
    over = np.arange(MOST_MISSED + 1)
    value = strength[None, :, None] - 0.35 - 0.6 * over
    spacing = gap[:, :, None] / (over + 1)
    value = value - STEPPED_OVER * _stepped_over(points, strength, gap)[:, :, None]
    possible = ahead[:, :, None] & (spacing >= MIN_GAP_PX)
    score = np.where(possible & first[:, None, None], value, -np.inf)
    came = np.full((n, n, over.size), -1, np.int64)
    for i in range(n):
        h, k = np.nonzero(np.isfinite(score[:, i]))
        j, m = np.nonzero(possible[i])
        if h.size == 0 or j.size == 0 or first[i]:
            continue
        ratio = np.abs(np.log(spacing[i, j, m][None, :] / spacing[h, i, k][:, None])) / UNEVEN
        turn = np.abs((angle[i, j][None, :] - angle[h, i][:, None] + 180) % 360 - 180) / TURN_DEG
        total = score[h, i, k][:, None] - 0.2 * (ratio**2 + turn**2)
        total[(ratio > 2.0) | (turn > 2.5)] = -np.inf
        best = np.argmax(total, axis=0)
        gained = total[best, np.arange(j.size)] + value[i, j, m]
        better = gained > score[i, j, m]
        score[i, j[better], m[better]] = gained[better]
        came[i, j[better], m[better]] = h[best[better]] * over.size + k[best[better]]
    ends = np.where(last[None, :, None], score, -np.inf)
    a, b, missed = (int(v) for v in np.unravel_index(int(np.argmax(ends)), ends.shape))
    if not np.isfinite(ends[a, b, missed]):
        return [], ()
    row, steps = [b, a], [missed + 1]
    while (before := int(came[a, b, missed])) >= 0:
        b = a
        a, missed = divmod(before, int(over.size))
        row.append(a)
        steps.append(missed + 1)
    numbers = np.concatenate([[0], np.cumsum(steps[::-1])]).tolist()
    return row[::-1], tuple(numbers)


def _stepped_over(points: Floats, strength: Floats, gap: Floats) -> Floats:
    """Strength of the strongest place on the way from each place to each other, (n, n)."""
    worst = np.zeros_like(gap)
    for k, place in enumerate(points):
        to = place - points
        ways = points[None, :, :] - points[:, None, :]
        square = np.maximum(gap**2, 1e-9)
        along = (to[:, None, :] * ways).sum(axis=2) / square
        aside = np.abs(to[:, None, 0] * ways[..., 1] - to[:, None, 1] * ways[..., 0]) / square
        between = (along > 0.2) & (along < 0.8) & (aside < ON_THE_WAY)
        worst = np.maximum(worst, np.where(between, strength[k], 0.0))
    return worst


def _arc_lengths(points: Floats) -> Floats:
    """Length along a smooth curve through the points, from the first, px."""
    chords = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(chords)])
    if len(points) < 4:
        return at
    from scipy.interpolate import CubicSpline

    fine = np.unique(np.concatenate([np.linspace(0, at[-1], 8 * len(points)), at]))
    curve = CubicSpline(at, points)(fine)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    return np.asarray(np.interp(at, fine, arc))
