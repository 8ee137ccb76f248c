"""Where a label finds room: near what it names, off the vein, other labels and the corners."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

CORNERS = ((215.0, 54.0), (150.0, 54.0), (215.0, 40.0), (150.0, 56.0))
"""Width and height kept for the text in the corners: top left, top right, bottom left and right."""
STEP_PX = 10.0
ACROSS = range(-180, 181, 12)
DOWN = range(-104, 105, 13)
MOVES = np.array(sorted(((x, y) for x in ACROSS for y in DOWN), key=lambda m: math.hypot(*m)))
"""How far a label may move, px, the nearest places first."""
BATCHES = 8


def corners(view: QRectF) -> list[QRectF]:
    """The places of the corner text of a view."""
    right, bottom = view.right() + 1, view.bottom() + 1
    lefts = (view.left(), right - CORNERS[1][0], view.left(), right - CORNERS[3][0])
    tops = (view.top(), view.top(), bottom - CORNERS[2][1], bottom - CORNERS[3][1])
    sizes = zip(lefts, tops, CORNERS, strict=True)
    return [QRectF(left, top, *size) for left, top, size in sizes]


def along(points: NDArray[np.float64], half_px: float) -> list[QRectF]:
    """Squares that cover a line through screen points (n, 2)."""
    if len(points) < 2:
        return [_square(x, y, half_px) for x, y in points.tolist()]
    lengths = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate(([0.0], np.cumsum(lengths)))
    wanted = np.linspace(0.0, at[-1], 2 + min(300, int(at[-1] / STEP_PX)))
    xs, ys = np.interp(wanted, at, points[:, 0]), np.interp(wanted, at, points[:, 1])
    return [_square(x, y, half_px) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]


def _square(x: float, y: float, half_px: float) -> QRectF:
    return QRectF(x - half_px, y - half_px, 2 * half_px, 2 * half_px)


def clear_of(rect: QRectF, taken: Sequence[QRectF], bounds: QRectF | None = None) -> QRectF:
    """`rect` moved as little as needed to where nothing else is, or where least is."""
    if not any(rect.intersects(other) for other in taken):
        return rect
    others = _edges(taken)
    best, least = MOVES[0], math.inf
    for moves in np.array_split(MOVES, BATCHES):
        covered = _covered(rect, moves, others, bounds)
        n = int(np.argmin(covered))
        if covered[n] < least:
            best, least = moves[n], float(covered[n])
        if least == 0.0:
            break
    return rect.translated(float(best[0]), float(best[1]))


def _covered(
    rect: QRectF, moves: NDArray[np.float64], others: NDArray[np.float64], bounds: QRectF | None
) -> NDArray[np.float64]:
    """How much `rect` would cover of `others` after each move, px²; infinite beyond `bounds`."""
    left, top = rect.left() + moves[:, :1], rect.top() + moves[:, 1:]
    right, bottom = left + rect.width(), top + rect.height()
    wide = np.minimum(right, others[:, 2]) - np.maximum(left, others[:, 0])
    high = np.minimum(bottom, others[:, 3]) - np.maximum(top, others[:, 1])
    covered = (np.clip(wide, 0.0, None) * np.clip(high, 0.0, None)).sum(axis=1)
    if bounds is not None:
        outside = (left < bounds.left()) | (right > bounds.right())
        outside |= (top < bounds.top()) | (bottom > bounds.bottom())
        covered[outside[:, 0]] = np.inf
    return np.asarray(covered, dtype=np.float64)


def _edges(rects: Iterable[QRectF]) -> NDArray[np.float64]:
    return np.array([(r.left(), r.top(), r.right(), r.bottom()) for r in rects])
