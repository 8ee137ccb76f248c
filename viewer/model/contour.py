"""A closed border on one frame of a pullback: lumen, vessel, stent or flow.

Thousands belong to one review, so the points are kept as bytes: 16ths of a pixel in 16 bits.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

STEPS_PER_PX = 16
"""Points are kept to 1/16 px: 3 µm at 0.05 mm a pixel, far below any reader's hand."""

FARTHEST_PX = 4095.0
"""Largest coordinate 16 bits hold; no ultrasound frame is wider."""

FEWEST_POINTS, MOST_POINTS = 3, 720


class ContourKind(StrEnum):
    """What a contour is the border of."""

    LUMEN = "lumen"
    VESSEL = "vessel"
    STENT = "stent"
    FLOW = "flow"


class ContourStatus(StrEnum):
    """Who stands behind a contour."""

    AUTO = "auto"
    EDITED = "edited"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Contour:
    """One closed border.

    Attributes
    ----------
    pullback_uid : str
    frame : int
        0-based.
    kind : ContourKind
    points : str
        Base64 of x0, y0, x1, y1, ... as unsigned 16-bit little-endian 16ths of a pixel.
    status : ContourStatus
    by : str
        Reader who edited or accepted it; empty while automatic.
    at : str
        When, ISO 8601; empty while automatic.
    confidence : float or None
        Of the automatic border, 0 to 1: low ones are to be checked first.
    note : str
        Why it should be checked, for people.
    """

    pullback_uid: str
    frame: int
    kind: ContourKind
    points: str
    status: ContourStatus = ContourStatus.AUTO
    by: str = ""
    at: str = ""
    confidence: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.frame < 0:
            raise ValueError(f"frame {self.frame} of a contour; frames count from 0")
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            raise ValueError("a contour's confidence lies between 0 and 1")
        size = len(self.points)
        count = (size // 4 * 3 - self.points[-2:].count("=")) / 4
        if size % 4 or not FEWEST_POINTS <= count <= MOST_POINTS or count % 1:
            raise ValueError(f"a contour holds {FEWEST_POINTS} to {MOST_POINTS} points")

    @classmethod
    def of(
        cls,
        pullback_uid: str,
        frame: int,
        points_px: npt.ArrayLike,
        kind: ContourKind = ContourKind.LUMEN,
        *,
        status: ContourStatus = ContourStatus.AUTO,
        by: str = "",
        at: str = "",
        confidence: float | None = None,
        note: str = "",
    ) -> Contour:
        """A contour through points (k, 2), px.

        Raises
        ------
        ValueError
            Too few or too many points, or one that is not finite or off every image.
        """
        text = packed(points_px)
        return cls(pullback_uid, frame, kind, text, status, by, at, confidence, note)

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from others, and their order in a review."""
        return self.pullback_uid, self.kind.value, self.frame

    @property
    def points_px(self) -> Points:
        """Its points (k, 2), px, origin at the centre of the top-left pixel."""
        return unpacked(self.points)

    @property
    def fixed(self) -> bool:
        """Whether a person stands behind it: a new search leaves it alone."""
        return self.status is not ContourStatus.AUTO

    def moved_to(self, points_px: npt.ArrayLike, by: str, at: str) -> Contour:
        """With other points, edited by a reader."""
        status = ContourStatus.EDITED
        return replace(self, points=packed(points_px), status=status, by=by, at=at, note="")

    def accepted(self, by: str, at: str) -> Contour:
        """The same, accepted by a reader."""
        return replace(self, status=ContourStatus.ACCEPTED, by=by, at=at, note="")


def packed(points_px: npt.ArrayLike) -> str:
    """Points (k, 2) px as a contour keeps them.

    What lies off the image's first pixel by less than a pixel is moved onto it.

    Raises
    ------
    ValueError
        See `Contour.of`.
    """
    points = np.asarray(points_px, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError("a contour's points are pairs (x, y)")
    if not FEWEST_POINTS <= len(points) <= MOST_POINTS:
        raise ValueError(f"a contour has {FEWEST_POINTS} to {MOST_POINTS} points")
    if not np.isfinite(points).all() or points.min() < -1.0 or points.max() > FARTHEST_PX:
        raise ValueError(f"a contour's points lie between 0 and {FARTHEST_PX:.0f} px")
    steps = np.rint(np.maximum(points, 0.0) * STEPS_PER_PX).astype("<u2")
    return base64.b64encode(steps.tobytes()).decode("ascii")


def unpacked(text: str) -> Points:
    """Points (k, 2) px out of what `packed` made.

    Raises
    ------
    ValueError
        It is no such text.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("a contour's points are not base64") from error
    if len(data) % 4:
        raise ValueError("a contour's points end in the middle of one")
    return np.frombuffer(data, "<u2").reshape(-1, 2).astype(np.float64) / STEPS_PER_PX


# -- many, in order -----------------------------------------------------------------------------
def placed(contours: tuple[Contour, ...], new: Iterable[Contour]) -> tuple[Contour, ...]:
    """Contours in order with new ones in, each in place of the one on its frame."""
    fresh = sorted(new, key=_key)
    if len(fresh) == 1:
        one = fresh[0]
        at = bisect_left(contours, one.key, key=_key)
        after = at + (at < len(contours) and contours[at].key == one.key)
        return (*contours[:at], one, *contours[after:])
    merged = {one.key: one for one in contours}
    merged.update((one.key, one) for one in fresh)
    return tuple(sorted(merged.values(), key=_key))


def found(contours: tuple[Contour, ...], key: tuple[str, str, int]) -> Contour | None:
    """The contour of that pullback, kind and frame."""
    at = bisect_left(contours, key, key=_key)
    return contours[at] if at < len(contours) and contours[at].key == key else None


def stretch(
    contours: tuple[Contour, ...], pullback_uid: str, kind: ContourKind
) -> tuple[Contour, ...]:
    """All of one kind on a pullback, by frame."""
    low = bisect_left(contours, (pullback_uid, kind.value, -1), key=_key)
    high = bisect_left(contours, (pullback_uid, kind.value, 2**62), key=_key)
    return contours[low:high]


def _key(one: Contour) -> tuple[str, str, int]:
    return one.key


# -- shape --------------------------------------------------------------------------------------
def crossings(points_px: Points) -> tuple[tuple[int, int], ...]:
    """Pairs of edges (edge i begins at point i) of a closed polygon that cross; empty if simple."""
    points = np.asarray(points_px, np.float64)
    n = len(points)
    a, b = points, np.roll(points, -1, axis=0)

    def side(p: Points, q: Points, r: Points) -> Points:
        first, second = q - p, r - p
        return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])

    p, q = a[:, None], b[:, None]
    r, s = a[None], b[None]
    cross = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)
    i, j = np.nonzero(np.triu(cross, 2))
    return tuple((int(x), int(y)) for x, y in zip(i, j, strict=True) if (y + 1) % n != x)


def mended(points_px: npt.ArrayLike, columns: int, rows: int) -> Points:
    """A reader's outline made simple and kept on the image.

    Points off the image go to its edge. Where the outline crosses itself the smaller of the two
    loops is dropped.

    Raises
    ------
    ValueError
        Nothing of an area is left; the text says so to people.
    """
    points = np.asarray(points_px, np.float64)
    if points.ndim != 2 or len(points) < FEWEST_POINTS or not np.isfinite(points).all():
        raise ValueError("An outline needs three points or more")
    points = np.clip(points, 0.0, (columns - 1, rows - 1))
    for _ in range(len(points)):
        pairs = crossings(points)
        if not pairs:
            break
        i, j = pairs[0]
        at = _meeting(
            points[i], points[(i + 1) % len(points)], points[j], points[(j + 1) % len(points)]
        )
        inner = np.vstack((at, points[i + 1 : j + 1]))
        outer = np.vstack((points[: i + 1], at, points[j + 1 :]))
        points = outer if abs(_area(outer)) >= abs(_area(inner)) else inner
    if len(points) < FEWEST_POINTS or abs(_area(points)) < 1.0:
        raise ValueError("The outline encloses nothing; draw around the lumen")
    return points


def _meeting(a: Points, b: Points, c: Points, d: Points) -> Points:
    """Where segments a-b and c-d, known to cross, meet."""
    way, other = b - a, d - c
    cross = way[0] * other[1] - way[1] * other[0]
    share = ((c - a)[0] * other[1] - (c - a)[1] * other[0]) / cross
    return np.asarray(a + share * way)


def _area(points: Points) -> float:
    """Signed area of a closed polygon (shoelace formula)."""
    x, y = points.T
    return float(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
