"""Whether, and how fast, the catheter moves along the vein, from a pullback's own pictures.

Two measures, because pictures differ. *Change*: the picture of a moment against the picture a
third of a second later, evened over both, less what turning, sideways movement and gain explain,
and less what speckle that is new on every frame would leave. *Likeness* of fine speckle over a few
frames: speckle that belongs to the tissue fades within about a millimetre of travel, so the faster
it fades the faster the catheter moves.

Source: decorrelation of speckle with travel, Li et al., Ultrasound Med. Biol. 24 (1998) 1163-1171
for IVUS; the numbers below were set on synthetic pullbacks of two generators.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

COARSE = 24
"""Angles and depths of the cells in which change is measured."""

BLOCK_S = 0.34
"""Time over which a moment is evened: a third of a heart beat, 3 mm of usual travel."""

BEAT_BLOCK_S = 0.9
"""The same where speckle is new on every frame: a whole heart beat, whose movement it evens out.
On synthetic pulls at 10 and 15 frames a second with such speckle, changes of 0.34 s tell a long
pause from movement in 65 to 80 % of pairs of moments, those of 0.9 s in 95 to 99 %."""

EDGE_SHARE = 0.3
"""A pause looks shorter by so much of a block at either end: the block there shows movement."""

STILL_LEVEL, STILL_SPREAD = 0.05, 0.9
"""Change while the catheter stands, a share of the usual change while it moves, and its spread
(logarithmic): heart and breathing remain."""

SHAPE_LEVEL, SHAPE_SPREAD = 0.10, 0.6
"""The same over whole beats, where breathing and a new beat's strength remain."""

SHAPE_INDEPENDENT_S = 1.5
"""As `INDEPENDENT_S`, over whole beats."""

LEAST_SPREAD = 0.30
"""Least spread (logarithmic) of the change while it moves: the speed itself varies so much."""

USUAL_SPREAD = 0.6
"""Spread up to which change is even enough along the vein to trust its lows."""

PAUSE_SHARE, PAUSE_S = 0.06, 1.6
"""Share of time in pauses, and how long one lasts, before anything is seen (1 to 4 s usual)."""

INDEPENDENT_S = 0.6
"""Samples nearer in time than this show the same change."""

PARTED, PARTED_SHARE = 5.0, 0.2
"""Ratio of the usual change while moving to that while standing, and the least share of time in
either, for the two to be told apart before anything else is known."""

LEAST_CHANGE = 4.0
"""Pictures whose usual change is less than this many times what chance leaves tell nothing."""

LAG_S = 0.034
MOST_LAG_S = 0.21
"""Times over which fine speckle is compared: 0.3 to 2 mm of usual travel."""

FADED_S = 0.35
"""Time after which the likeness that is left is taken as what stays."""

FITTED_S = 0.15
"""Lags a frame's speed is taken from: longer ones have faded where the catheter is fast."""

LIKENESS_NOISE, FLOOR_SD = 0.02, 0.06
"""Error of one likeness, and how much the likeness that stays differs along a pullback."""

FADES = 0.30
"""Share by which the likeness must fall over those times for it to tell speed."""

NEW_SPECKLE = 0.75
"""Likeness at no lag at all, carried back from the first two lags; below it most of the speckle is
new on every frame."""

SLOW_PERCENTILE, SLOW_LIKENESS = 96.0, 0.6
"""Where the catheter stands or creeps (a hand does so for some of its time), speckle of the tissue
stays: so alike over the first lag is nothing that is new on every frame."""

LEAST_LIKENESS, LEAST_OF_HELD = 0.15, 0.06
"""Usual likeness over the first lag, below which it tells no speed; less is needed where slow
stretches show that the speckle is the tissue's and only fades fast."""

TRUST = 0.7
"""Chance that a speed from speckle that fades so is right, before landmarks are asked."""

TISSUE_BEHIND = 1.0
"""Depths behind the lumen's border from which speckle is the tissue's."""

SHAPE_TRUST = 0.6
"""Most trust in pauses when speckle does not belong to the tissue."""

SPEED_SMOOTH_S = 0.3


@dataclass(frozen=True, eq=False)
class PullMotion:
    """What the pictures say; one value a sampled frame.

    Attributes
    ----------
    stillness : ndarray, shape (n,)
        Chance that the catheter stands still along the vein.
    change : ndarray, shape (n,)
        Change of the picture against its usual change while moving.
    speed : ndarray or None, shape (n,)
        Against its mean while moving; None where fine speckle does not tell.
    trust : float
        Chance that `speed` is right.
    still_trust : float
        Chance that `stillness` is right as a whole; 0 where pauses can't be seen.
    """

    stillness: Values
    change: Values
    speed: Values | None
    trust: float
    still_trust: float


def pull_motion(
    stack: U8, times_s: Values, first_depth: int, border: Values | None = None
) -> PullMotion:
    """What a polar stack (`imaging.longitudinal.polar_reduce`) says about the movement.

    Parameters
    ----------
    stack : ndarray of uint8, shape (n, angles, radii)
        Sampled frames in order; angles and radii multiples of 24.
    times_s : ndarray, shape (n,)
        When each was taken; evenly spread but for rounding.
    first_depth : int
        First of the radii outside the catheter's ring-down.
    border : ndarray, shape (n, angles / k), optional
        Where the lumen ends, a share of the depth: blood's speckle is left out of the likeness.
    """
    n = len(stack)
    dt = float(np.median(np.diff(times_s))) if n > 1 else 1.0
    nothing = PullMotion(np.zeros(n), np.ones(n), None, 0.0, 0.0)
    if n < 12 or n * dt < 4 * BLOCK_S or dt > BLOCK_S:
        return nothing
    change, stillness, still_trust = _pauses(stack, dt, first_depth, BLOCK_S)
    speed, trust = _speckle_speed(_fine(stack, first_depth, border), dt, stillness)
    if speed is None and n * dt >= 6 * BEAT_BLOCK_S:
        # only the vein's shape tells: a straight piece may look like a pause
        change, stillness, still_trust = _pauses(stack, dt, first_depth, BEAT_BLOCK_S)
    if speed is None:
        still_trust = min(still_trust, SHAPE_TRUST)
    return PullMotion(stillness, change, speed, trust, still_trust)


def _pauses(stack: U8, dt: float, first_depth: int, block_s: float) -> tuple[Values, Values, float]:
    """Change against the usual, chance of standing still, and the trust in that."""
    n = len(stack)
    change, chance = _changes(stack, dt, first_depth, block_s)
    usual = _usual(change, chance, block_s)
    if not usual > 0 or usual < LEAST_CHANGE * chance:
        return change / max(usual, 1e-9), np.zeros(n), 0.0
    return change / usual, *_stillness(change / usual, dt, block_s)


def _usual(change: Values, chance: float, block_s: float) -> float:
    """Change while the catheter moves: what is usual above what is hardly any.

    Over whole beats the two part clearly where the catheter stood for a good share of the time;
    then the threshold that parts their logarithms best is taken (Otsu, IEEE Trans. Syst. Man
    Cybern. 9 (1979) 62-66).
    """
    rising = np.sort(change)
    n = len(rising)
    usual = float(np.median(rising[rising > 0.25 * np.median(rising[n // 2 :])]))
    if block_s <= BLOCK_S:
        return usual
    level = np.log(np.maximum(rising, max(0.2 * chance, 1e-9)))
    count = np.arange(1, n)
    below = np.cumsum(level)[:-1]
    apart = (level.sum() - below) / (n - count) - below / count
    cut = int(np.argmax(count * (n - count) * apart**2)) + 1
    still, moving = float(np.median(level[:cut])), float(np.median(level[cut:]))
    parted = moving - still > np.log(PARTED) and PARTED_SHARE <= cut / n <= 1 - PARTED_SHARE
    return max(usual, float(np.exp(moving))) if parted else usual


def _changes(
    stack: U8, dt: float, first_depth: int, block_s: float = BLOCK_S
) -> tuple[Values, float]:
    """Change at each frame, grey squared, and the usual error of one by chance."""
    n, angles, radii = stack.shape
    cells = stack.reshape(n, COARSE, angles // COARSE, COARSE, radii // COARSE)
    level = cells.mean(axis=(2, 4), dtype=np.float32)
    first = min(max(1, round(first_depth * COARSE / radii)), COARSE - 4)
    level = np.ascontiguousarray(level[:, :, first:])
    usual = np.median(level[:: max(1, n // 150)], axis=0)
    level -= usual
    w = max(2, 2 * round(block_s / dt / 2))
    at = np.arange(w, n - w + 1)
    before, after = _block(level, at - w, w), _block(level, at, w)
    sign = np.where(np.arange(n) % 2, np.float32(1), np.float32(-1))[:, None, None]
    flicker = level * sign
    noise = (_block(flicker, at - w, w) ** 2).mean(axis=(1, 2))
    noise += (_block(flicker, at, w) ** 2).mean(axis=(1, 2))
    difference = after - before
    shown = (before + after) / 2 + usual
    left = _less_shifts(difference, shown, first)
    change = (left**2).mean(axis=1) - noise
    chance = float(np.median(noise)) * 2.0 / np.sqrt(left.shape[1] / 4)
    whole = np.interp(np.arange(n), at, change)
    return whole, chance


def _block(level: Map, start: npt.NDArray[np.intp], width: int) -> Map:
    """Mean over `width` frames from each start, shape (len(start), angles, depths)."""
    total = np.cumsum(level, axis=0, dtype=np.float64)
    total = np.concatenate((np.zeros_like(total[:1]), total))
    return np.asarray((total[start + width] - total[start]) / width, np.float32)


def _less_shifts(difference: Map, shown: Map, first: int) -> Map:
    """What sideways movement, turning and gain don't explain, shape (n, cells)."""
    n, angles, depths = shown.shape
    along = np.gradient(shown, axis=2)
    around = (np.roll(shown, -1, axis=1) - np.roll(shown, 1, axis=1)) / 2
    turn = ((np.arange(angles) + 0.5) * (2 * np.pi / angles)).astype(np.float32)
    depth = (np.arange(depths) + first + 0.5).astype(np.float32)
    across = around * np.float32(angles / (2 * np.pi)) / depth
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    ways = np.stack((cos * along - sin * across, sin * along + cos * across, around, shown), axis=1)
    ways = ways.reshape(n, 4, -1)
    flat = difference.reshape(n, -1)
    square = ways @ ways.transpose(0, 2, 1)
    square += np.eye(4, dtype=np.float32) * np.float32(1e-3 * flat.shape[1])
    share = np.linalg.solve(square, ways @ flat[:, :, None])
    return np.asarray(flat - (share.transpose(0, 2, 1) @ ways)[:, 0, :])


def _stillness(change: Values, dt: float, block_s: float = BLOCK_S) -> tuple[Values, float]:
    """Chance of standing still at each frame, and the trust in that.

    Two states that last, change as their sign. Where the change differs much along the vein, as
    it does when only the vein's shape tells, each sample says less, neighbours say the same (but
    over whole beats, where what is left of the change while standing is even), and the trust falls.
    """
    by_shape = block_s > BLOCK_S
    low, wide = (SHAPE_LEVEL, SHAPE_SPREAD) if by_shape else (STILL_LEVEL, STILL_SPREAD)
    independent = SHAPE_INDEPENDENT_S if by_shape else INDEPENDENT_S
    level = np.log(np.maximum(change, 0.3 * STILL_LEVEL))
    upper = np.percentile(level[level > np.log(0.25)], 84) if (change > 0.25).any() else 1.0
    spread = max(LEAST_SPREAD, float(upper))
    moving = -0.5 * (level / spread) ** 2 - np.log(spread)
    far = np.maximum(level - np.log(low), 0.0)  # less change than usual is still still
    still = -0.5 * (far / wide) ** 2 - np.log(wide)
    uneven = max(spread / USUAL_SPREAD, 1.0)
    alike = independent if by_shape else independent * uneven**2
    told = (still - moving) * min(1.0, dt / alike)
    stop = dt / PAUSE_S
    begin = stop * PAUSE_SHARE / (1 - PAUSE_SHARE)
    chance = _two_states(told, min(begin, 0.5), min(stop, 0.5))
    reach = round(EDGE_SHARE * block_s / dt)
    padded = np.pad(chance, reach, mode="edge")
    chance = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    return chance, float(np.clip(0.98 / uneven**2, 0.3, 0.97))


def _two_states(told: Values, begin: float, stop: float) -> Values:
    """Forward-backward over moving and still; `told` is the log likelihood ratio for still."""
    ratio = np.exp(np.clip(told, -40, 40))
    change = np.array([[1 - begin, begin], [stop, 1 - stop]])
    n = len(told)
    forth = np.empty((n, 2))
    now = np.array([1 - PAUSE_SHARE, PAUSE_SHARE])
    for i in range(n):
        now = now @ change if i else now
        now = now * (1.0, ratio[i])
        now = now / now.sum()
        forth[i] = now
    back = np.ones(2)
    chance = np.empty(n)
    for i in range(n - 1, -1, -1):
        both = forth[i] * back
        chance[i] = both[1] / both.sum()
        back = change @ (back * (1.0, ratio[i]))
        back = back / back.sum()
    return chance


def _speckle_speed(fine: Map, dt: float, stillness: Values) -> tuple[Values | None, float]:
    """Speed at each frame against its mean while moving, and the trust in it."""
    stride = max(1, round(LAG_S / dt))
    lags = [k * stride for k in range(1, 11) if k * stride * dt <= FADED_S or k <= 2]
    moving = stillness < 0.5
    if moving.sum() < 12 or len(fine) <= 2 * lags[-1]:
        return None, 0.0
    likeness = _likeness(fine, lags, max(1, round(SPEED_SMOOTH_S / dt)))
    curve = np.minimum.accumulate(np.median(likeness[:, moving], axis=1))
    within = sum(1 for lag in lags if lag * dt <= MOST_LAG_S or lag <= 2 * stride)
    slow = float(np.percentile(likeness[0], SLOW_PERCENTILE))
    held = slow >= SLOW_LIKENESS
    least = LEAST_OF_HELD if held else LEAST_LIKENESS
    if curve[0] <= least or curve[0] - curve[within - 1] < FADES * curve[0]:
        return None, 0.0
    carried = float(curve[0] ** 2 / max(curve[1], 0.05))
    if carried < NEW_SPECKLE and not held:
        return None, 0.0
    still = likeness[0][stillness > 0.8]
    top = float(np.median(still)) if len(still) > 5 else max(carried, slow)
    top = float(np.clip(top, curve[0] + 1e-3, max(1.0, curve[0] + 2e-3)))
    known = np.concatenate(([top], curve)) - 1e-6 * np.arange(len(lags) + 1)
    lag = np.concatenate(([0.0], np.asarray(lags, np.float64)))
    fitted = max(2, sum(1 for of in lags if of * dt <= FITTED_S))
    speed = _best_speed(likeness[:fitted], lag[1 : fitted + 1], lag, known)
    return np.asarray(speed / max(float(speed[moving].mean()), 1e-6)), TRUST


def _best_speed(likeness: Values, lags: Values, lag: Values, known: Values) -> Values:
    """Speed at each frame that explains its likeness over all lags best, against the usual one.

    The likeness that stays however far the catheter goes (walls that run along the vein, what
    surrounds them) differs from place to place: it may leave that of the whole pullback, and the
    best leave has a closed form (a ridge regression with one unknown).

    Parameters
    ----------
    likeness : ndarray, shape (l, n)
    lags : ndarray, shape (l,)
        Lag of each row, in frames.
    lag, known : ndarray, shape (k,)
        Usual likeness over the whole pullback.
    """
    tried = np.exp(np.linspace(np.log(0.03), np.log(4.0), 110))
    # speckle fades as an exponential of travel: between lags its logarithm runs straight
    left = np.log(np.maximum(known - known[-1], 0.0) + LIKENESS_NOISE)
    usual = np.exp(np.interp(tried[:, None] * lags[None, :], lag, left)) - LIKENESS_NOISE
    usual += known[-1]
    stays = (known[0] - usual) / max(float(known[0] - known[-1]), 1e-6)
    weight = 1.0 / ((stays**2).sum(axis=1) + (LIKENESS_NOISE / FLOOR_SD) ** 2)
    best = np.empty(likeness.shape[1])
    for begin in range(0, len(best), 256):
        rest = likeness[:, begin : begin + 256].T[:, None, :] - usual[None]
        cost = (rest**2).sum(axis=2) - weight * ((rest * stays).sum(axis=2)) ** 2
        best[begin : begin + 256] = tried[np.argmin(cost, axis=1)]
    return best


def _fine(stack: U8, first_depth: int, border: Values | None) -> Map:
    """What is left of each picture without what is coarse or on every frame, (n, cells)."""
    n = len(stack)
    level = stack[:, :, max(0, first_depth - 2) :].astype(np.float32)
    level -= np.median(level[:: max(1, n // 100)], axis=0)
    coarse = level
    for axis, mode in ((1, "wrap"), (2, "edge")):
        pad = [(0, 0), (0, 0), (0, 0)]
        pad[axis] = (3, 2)
        total = np.cumsum(np.pad(coarse, pad, mode=mode), axis=axis)  # type: ignore[call-overload]
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(5, None), slice(None, -5)
        coarse = (total[tuple(ahead)] - total[tuple(behind)]) / np.float32(5)
    inner = (level - coarse)[:, :, 2:-2]
    if border is not None:
        depth = max(0, first_depth - 2) + 2 + np.arange(inner.shape[2]) + 0.5
        edge = np.repeat(border, stack.shape[1] // border.shape[1], axis=1) * stack.shape[2]
        inner *= depth > edge[:, :, None].astype(np.float32) + TISSUE_BEHIND
    return np.asarray(inner.reshape(n, -1))


def _likeness(fine: Map, lags: list[int], smooth: int) -> Values:
    """Correlation over each lag around each frame, evened over `smooth` frames, (lags, n)."""
    n = len(fine)
    energy = np.einsum("ij,ij->i", fine, fine) + 1e-6
    rows = []
    for lag in lags:
        both = np.einsum("ij,ij->i", fine[lag:], fine[:-lag])
        alike = both / np.sqrt(energy[lag:] * energy[:-lag])
        whole = np.interp(np.arange(n), np.arange(len(alike)) + lag / 2, alike)
        padded = np.pad(whole, (smooth // 2, smooth - 1 - smooth // 2), mode="edge")
        rows.append(np.convolve(padded, np.ones(smooth) / smooth, mode="valid"))
    return np.stack(rows)
