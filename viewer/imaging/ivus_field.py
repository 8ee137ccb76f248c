"""What a pullback's picture shows beside the vessel: field, catheter, ring-down, burned-in marks.

All of it stands still while the vessel moves, so a few frames spread over the pullback tell. A
frame is then *cleaned*: reduced to about 256 px, marks painted over from beside them, the
ring-down taken off, the catheter black (it lies in the lumen, and so does its place).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = np.ndarray[Any, np.dtype[Any]]
U8 = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]
ToGrey = Callable[[Pixels], Pixels]

WORK_PX = 256
"""Cleaned frames are about this wide: half a 512 px frame, 0.2 mm a pixel on a 50 mm field."""

COLOURED = 40
"""Channels further apart than this are drawing, not echo: echoes are grey."""

STILL = 6
"""Grey values within which a pixel that never changes counts as drawn."""

ROUND_MISFIT = 0.03
"""A field whose rim lies this share of its radius off a circle is not taken for round."""

HIDES = 60
"""Ring-down brighter than this above the blood behind it hides a wall."""

_GREY = np.array([77, 150, 29], np.uint32)  # ITU-R BT.601 luma (0.299, 0.587, 0.114) x 256


@dataclass(frozen=True, eq=False)
class IvusField:
    """Geometry of a pullback's picture and how its frames are cleaned.

    Attributes
    ----------
    rows, columns : int
        Of the stored frames.
    step : int
        Stored pixels to one cleaned pixel.
    aspect : float
        Height of a pixel divided by its width.
    center_px : tuple of float
        (x, y) of the catheter's centre, stored px.
    catheter_px : float
        Radius of what is masked: catheter and the part of its ring-down that hides everything.
    radius_px : float
        Of the round field, stored px (columns); echoes lie within.
    ring : ndarray of uint8, cleaned shape
        Ring-down that is taken off, 255 on the catheter.
    drawn : ndarray of int, shape (k,)
        Flat cleaned pixels with something burned in.
    instead : ndarray of int, shape (k,)
        The pixels that stand in for them.
    """

    rows: int
    columns: int
    step: int
    aspect: float
    center_px: tuple[float, float]
    catheter_px: float
    radius_px: float
    ring: U8
    drawn: npt.NDArray[np.intp]
    instead: npt.NDArray[np.intp]

    @property
    def center(self) -> tuple[float, float]:
        """The catheter's centre on cleaned frames."""
        shift = (self.step - 1) / 2
        return (self.center_px[0] - shift) / self.step, (self.center_px[1] - shift) / self.step

    def to_stored(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(x, y) of cleaned frames as stored px."""
        return points * np.float32(self.step) + np.float32((self.step - 1) / 2)

    def to_cleaned(self, points_px: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(x, y) stored px on cleaned frames."""
        return (points_px - np.float32((self.step - 1) / 2)) / np.float32(self.step)

    def clean(self, frame: Pixels, to_grey: ToGrey | None = None) -> U8:
        """One stored frame, cleaned.

        Raises
        ------
        ValueError
            The frame has another shape than the field, or no way to grey is known.
        """
        if frame.shape[:2] != (self.rows, self.columns):
            raise ValueError(f"frame {frame.shape} does not fit {self.rows} x {self.columns}")
        small = reduced(frame, self.step, to_grey)
        flat = small.reshape(-1)
        flat[self.drawn] = flat[self.instead]
        np.subtract(np.maximum(small, self.ring), self.ring, out=small)
        return small


def step_of(rows: int, columns: int) -> int:
    """How many stored pixels make one cleaned pixel."""
    return max(1, round(min(rows, columns) / WORK_PX))


def reduced(frame: Pixels, step: int, to_grey: ToGrey | None = None) -> U8:
    """Grey frame, mean of `step` x `step` pixels; what is left over at the far edges is cut."""
    if frame.ndim == 3 and frame.dtype == np.uint8:
        if step == 1:
            return np.asarray((frame[..., :3] @ _GREY) >> 8, np.uint8)
        parts = _summed(frame, step)
        return np.asarray((parts[..., :3] @ _GREY) // (256 * step * step), np.uint8)
    if frame.dtype != np.uint8 or to_grey is not None:
        if to_grey is None:
            raise ValueError(f"a {frame.dtype} frame needs a way to grey")
        frame = to_grey(frame)
    if step == 1:
        return np.array(frame, np.uint8)
    return np.asarray(_summed(frame, step) // np.uint16(step * step), np.uint8)


def _summed(frame: Pixels, step: int) -> Pixels:
    rows, columns = (size - size % step for size in frame.shape[:2])
    kind = np.uint16 if step <= 16 else np.uint32
    along: Pixels = frame[0:rows:step].astype(kind)
    for k in range(1, step):
        np.add(along, frame[k:rows:step], out=along)
    total: Pixels = along[:, 0:columns:step].copy()
    for k in range(1, step):
        np.add(total, along[:, k:columns:step], out=total)
    return np.asarray(total)


def ivus_field(
    frames: Sequence[Pixels], to_grey: ToGrey | None = None, aspect: float = 1.0
) -> IvusField:
    """Field, catheter, ring-down and drawn marks from frames spread over a pullback.

    Parameters
    ----------
    frames : sequence of ndarray
        At least one, all of one shape; a dozen to thirty make the marks sure.
    to_grey : callable, optional
        Stored values (any shape) -> uint8; needed for grey frames that are not uint8.
    aspect : float
        Height of a pixel divided by its width.
    """
    if not len(frames) or min(frames[0].shape[:2]) < 1:
        raise ValueError("a field is found on at least one frame")
    rows, columns = frames[0].shape[:2]
    step = step_of(rows, columns)
    stack = np.stack([reduced(frame, step, to_grey) for frame in frames])
    coloured = np.zeros(stack.shape[1:], np.bool_)
    if frames[0].ndim == 3:
        for frame in frames[:8]:
            channels = frame[..., :3]
            apart = channels.max(axis=2) - channels.min(axis=2) > COLOURED
            coloured |= reduced(apart.astype(np.uint8) * 255, step) > 24
    lively = np.ptp(stack, axis=0) > STILL if len(stack) > 2 else stack[0] > STILL
    lively &= ~coloured
    usual = np.median(stack[:: max(1, len(stack) // 15)], axis=0).astype(np.float32)
    center, radius = _field_circle(lively | (_grainy(usual) & ~coloured), aspect)
    core = _still_core(stack, usual, center, radius, aspect)
    center = core if core is not None else _refined(usual, center, radius, aspect)
    away = _away(stack.shape[1:], center, aspect)
    ring, dead = _ring_down(stack, away, radius, coloured)
    drawn, instead = _marks(stack, coloured, lively, away, dead, radius)
    shift = (step - 1) / 2
    return IvusField(
        rows,
        columns,
        step,
        aspect,
        (center[0] * step + shift, center[1] * step + shift),
        dead * step,
        radius * step,
        ring,
        drawn,
        instead,
    )


def _away(shape: tuple[int, ...], center: tuple[float, float], aspect: float) -> Map:
    """Distance of every pixel from the centre, in columns."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(x - center[0], (y - center[1]) * aspect).astype(np.float32)


def _grainy(usual: Map) -> npt.NDArray[np.bool_]:
    """Where the grey changes from pixel to pixel: tissue that stands still, too, is field."""
    from scipy import ndimage

    mean = ndimage.uniform_filter(usual, 5)
    spread = ndimage.uniform_filter(usual * usual, 5) - mean * mean
    return np.asarray(ndimage.binary_erosion(spread > STILL**2, iterations=2))


def _field_circle(
    lively: npt.NDArray[np.bool_], aspect: float
) -> tuple[tuple[float, float], float]:
    """Centre and radius of the round field; the image's own where nothing round is seen."""
    from scipy import ndimage

    rows, columns = lively.shape
    middle = ((columns - 1) / 2, (rows - 1) / 2)
    usual = middle, min(columns, rows * aspect) / 2
    closed = ndimage.binary_closing(lively, iterations=2)
    opened = ndimage.binary_opening(closed, iterations=2)
    labels, count = ndimage.label(opened)
    if not count:
        return usual
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    if largest.sum() < 0.1 * lively.size:
        return usual
    points = _rim(largest)
    inner = (points[:, 0] > 1) & (points[:, 0] < columns - 2)
    inner &= (points[:, 1] > 1) & (points[:, 1] < rows - 2)
    rim = points[inner] * (1.0, aspect)
    if len(rim) < 24:
        return usual
    keep = np.ones(len(rim), np.bool_)
    x = y = r = 0.0
    for _ in range(6):
        x, y, r = _circle_through(rim[keep])
        off = np.abs(np.hypot(rim[:, 0] - x, rim[:, 1] - y) - r)
        keep = off <= max(1.5, 2.0 * float(np.median(off)))
    off = np.abs(np.hypot(rim[keep, 0] - x, rim[keep, 1] - y) - r)
    inside = 0 <= x < columns and 0 <= y / aspect < rows
    if not inside or float(np.median(off)) > ROUND_MISFIT * r or r > 0.8 * max(rows, columns):
        return usual
    return (x, y / aspect), r


def _rim(area: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """First and last pixel of every row and column of an area, (x, y), shape (k, 2)."""
    points: list[npt.NDArray[np.intp]] = []
    for axis in (0, 1):
        lines = np.flatnonzero(area.any(axis=1 - axis))
        part = area[lines] if axis == 0 else area.T[lines]
        first = part.argmax(axis=1)
        last = part.shape[1] - 1 - part[:, ::-1].argmax(axis=1)
        points.extend(
            np.stack((at, lines) if axis == 0 else (lines, at), axis=1) for at in (first, last)
        )
    return np.concatenate(points).astype(np.float64)


def _circle_through(points: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Least-squares circle (Kasa 1976: x² + y² = 2ax + 2by + c)."""
    system = np.column_stack((2 * points, np.ones(len(points))))
    (a, b, c), *_ = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)
    return float(a), float(b), float(np.sqrt(max(c + a * a + b * b, 0.0)))


def _still_core(
    stack: U8, usual: Map, center: tuple[float, float], radius: float, aspect: float
) -> tuple[float, float] | None:
    """Centre of the round still patch that the catheter is; None where there is none."""
    from scipy import ndimage

    if len(stack) < 4:
        return None
    row, column = round(center[1]), round(center[0])
    patch = usual[max(row - 4, 0) : row + 5, max(column - 4, 0) : column + 5]
    like = np.abs(usual - np.median(patch)) <= STILL
    still = ndimage.binary_fill_holes(like & (np.ptp(stack, axis=0) <= STILL))
    still = ndimage.binary_opening(still, iterations=1)
    labels, count = ndimage.label(still)
    for number in range(1, count + 1):
        y, x = np.nonzero(labels == number)
        middle = float(x.min() + x.max()) / 2, float(y.min() + y.max()) / 2
        wide, high = float(np.ptp(x)) + 1, (float(np.ptp(y)) + 1) * aspect
        off = np.hypot(middle[0] - center[0], (middle[1] - center[1]) * aspect)
        size = (wide + high) / 2
        round_share = len(x) * aspect / (np.pi * size * size / 4)
        if (
            off < 0.12 * radius
            and 4 <= size < 0.6 * radius
            and abs(wide - high) <= max(2.0, 0.15 * size)
            and 0.8 < round_share < 1.2
        ):
            return middle
    return None


def _refined(
    usual: Map, center: tuple[float, float], radius: float, aspect: float
) -> tuple[float, float]:
    """The centre about which catheter and ring-down are most nearly round, within a few px."""
    from scipy import ndimage

    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radii = np.linspace(2.0, max(6.0, 0.16 * radius), 24)[:, None]
    reach = max(2.0, 0.03 * radius)
    best, best_score = center, -1.0
    for size in (reach / 2, reach / 6):
        middle = best
        for dx in np.arange(-2, 3) * size:
            for dy in np.arange(-2, 3) * size:
                x, y = middle[0] + dx, middle[1] + dy
                at = (y + radii * np.sin(turn) / aspect, x + radii * np.cos(turn))
                ring = ndimage.map_coordinates(usual, at, order=1, mode="nearest")
                score = float(ring.mean(axis=1).var() / (ring.var(axis=1).mean() + 4.0))
                score -= 0.02 * float(np.hypot(x - center[0], y - center[1])) / reach
                if score > best_score + 1e-9:
                    best, best_score = (float(x), float(y)), score
    return best


def _ring_down(
    stack: U8, away: Map, radius: float, coloured: npt.NDArray[np.bool_]
) -> tuple[U8, float]:
    """Grey of the ring-down at every pixel, and the radius within which nothing is seen.

    What is there at nearly every angle of nearly every frame at one depth is the catheter's own.
    """
    near = int(max(4.0, 0.3 * radius))
    inside = away < near
    depth = away[inside].astype(np.intp)
    values = stack[:: max(1, len(stack) // 24)][:, inside]
    painted = coloured[inside]
    always = np.zeros(near, np.float32)
    seen = np.zeros(near, np.bool_)
    for k in range(near):
        here = depth == k
        if not here.any():
            continue
        always[k] = np.percentile(values[:, here], 15)
        moves = np.ptp(values[:, here], axis=0).mean() if len(values) > 2 else np.inf
        seen[k] = moves > 2 * STILL and painted[here].mean() < 0.5
    ring_at, dead = _ring_profile(always, seen)
    ring = np.zeros(away.shape, np.float32)
    ring[inside] = np.interp(away[inside], np.arange(near) + 0.5, ring_at)
    ring[away < dead] = 255.0
    return np.rint(ring).astype(np.uint8), float(dead)


def _ring_profile(always: Map, seen: npt.NDArray[np.bool_]) -> tuple[Map, float]:
    """Ring-down at every depth above what lies behind it, and the radius to mask.

    From the first depth where echoes move it falls to a first valley; what is more than
    `HIDES` above that valley can't be seen through.
    """
    near = len(always)
    first = int(np.argmax(_runs_true(seen, 2)))
    if first > 0.75 * near:  # one frame, or nothing that moves: no more than a usual catheter
        first = min(3, near - 1)
    top = first + int(np.argmax(always[first : first + max(2, near // 4)]))
    valley = top
    while valley + 2 < near and min(always[valley + 1], always[valley + 2]) < always[valley] - 0.5:
        valley += 1
    ring = np.zeros(near, np.float32)
    ring[: valley + 1] = np.maximum(always[: valley + 1] - always[valley], 0.0)
    hidden = np.flatnonzero(ring[first:] > HIDES)
    dead = first + int(hidden[-1]) + 1 if hidden.size else first
    return ring, dead + 0.5


def _runs_true(flags: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """Where `length` flags in a row, from here outwards, are set (the last one always counts)."""
    ok = flags.copy()
    for k in range(1, length):
        ok[:-k] &= flags[k:]
    ok[-1] = True
    return ok


def _marks(
    stack: U8,
    coloured: npt.NDArray[np.bool_],
    lively: npt.NDArray[np.bool_],
    away: Map,
    dead: float,
    radius: float,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Drawn pixels inside the field and those that stand in for them."""
    from scipy import ndimage

    field = (away <= radius) & (away > dead)
    drawn = coloured.copy()
    if len(stack) > 5 and (lively & field).sum() > 0.6 * field.sum():
        drawn |= ~lively & (stack.min(axis=0) > 40)
    drawn = ndimage.binary_dilation(drawn, iterations=1) & field
    if not drawn.any() or drawn.sum() > 0.5 * field.sum():
        none = np.zeros(0, np.intp)
        return none, none
    blocked = drawn | ~field
    rows, columns = ndimage.distance_transform_edt(
        blocked, return_distances=False, return_indices=True
    )
    at = np.flatnonzero(drawn)
    return at, (rows * drawn.shape[1] + columns).reshape(-1)[at]
