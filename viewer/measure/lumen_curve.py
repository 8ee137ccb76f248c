"""Figures of a pullback's contours frame by frame: what stenosis, clot and stent are told from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from viewer.measure.quantity import Quantity
from viewer.measure.references import ReferenceValues

Values = NDArray[np.float64]
Frames = NDArray[np.int64]

MEDIAN_FRAMES = 9
"""Frames a robust median smooths breathing and pulsation over, when positions don't tell."""

MEDIAN_MM = 3.0
"""Length of vein it smooths over, when they do."""


@dataclass(frozen=True, eq=False)
class LumenCurve:
    """One figure of each kind for every frame with a contour.

    Attributes
    ----------
    frames : ndarray of int64, shape (n,)
        0-based frames of the pullback, rising, each once.
    area, min_diameter, max_diameter : ndarray of float64, shape (n,)
        mm² and mm, or px² and px; NaN where not known. Diameters are chords through the centroid.
    unit : str
        mm, or px where any frame has no scale or another one: never mixed.
    along : ndarray of float64 or None, shape (n,)
        Position along the vein, mm, peripheral positive; None when not tied.
    along_sigma : ndarray of float64 or None, shape (n,)
        One standard deviation of `along`.
    scale_share : float or None
        Relative standard uncertainty of the scale.
    on : str
        What the contours are of, for people ("IVUS L iliac pullback 1").
    accepted_by : tuple of str
        Who accepted each contour, "" where nobody did; empty for nobody at all.
    what : str
        Which contour: lumen, vessel, stent, flow.
    """

    frames: Frames
    area: Values
    min_diameter: Values
    max_diameter: Values
    unit: Literal["mm", "px"] = "mm"
    along: Values | None = None
    along_sigma: Values | None = None
    scale_share: float | None = None
    on: str = ""
    accepted_by: tuple[str, ...] = ()
    what: str = "lumen"

    def __post_init__(self) -> None:
        n = len(self.frames)
        arrays = (self.area, self.min_diameter, self.max_diameter, self.along, self.along_sigma)
        if any(array is not None and len(array) != n for array in arrays):
            raise ValueError("a lumen curve has one figure of each kind for each frame")
        if self.accepted_by and len(self.accepted_by) != n:
            raise ValueError("a lumen curve names who accepted each frame, or nobody")
        if n and (np.diff(self.frames) <= 0).any():
            raise ValueError("frames of a lumen curve rise")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def equivalent_diameter(self) -> Values:
        """Diameter of the circle of the same area, 2·sqrt(A/π)."""
        return np.asarray(2.0 * np.sqrt(self.area / np.pi))

    @property
    def aspect(self) -> Values:
        """Smallest over largest diameter."""
        return np.asarray(self.min_diameter / self.max_diameter)

    def index_of(self, frame: int) -> int | None:
        """Where a frame's figures stand; None without a contour or an area there."""
        at = int(np.searchsorted(self.frames, frame))
        found = at < len(self) and self.frames[at] == frame and np.isfinite(self.area[at])
        return at if found else None

    def inside(self, first: int, last: int) -> NDArray[np.intp]:
        """Indices of frames `first`..`last`, both included, that have an area."""
        here = (self.frames >= first) & (self.frames <= last) & np.isfinite(self.area)
        return np.flatnonzero(here)

    def missing(self, first: int, last: int) -> tuple[int, ...]:
        """0-based frames of a stretch without an area."""
        have = set(self.frames[self.inside(first, last)].tolist())
        return tuple(frame for frame in range(first, last + 1) if frame not in have)

    def part(self, keep: NDArray[np.intp] | NDArray[np.bool_]) -> LumenCurve:
        """The curve of some of its frames."""
        where = np.flatnonzero(keep) if keep.dtype == np.bool_ else keep
        by = tuple(self.accepted_by[int(k)] for k in where) if self.accepted_by else ()
        return replace(
            self,
            frames=self.frames[where],
            area=self.area[where],
            min_diameter=self.min_diameter[where],
            max_diameter=self.max_diameter[where],
            along=None if self.along is None else self.along[where],
            along_sigma=None if self.along_sigma is None else self.along_sigma[where],
            accepted_by=by,
        )

    def smooth_area(self) -> Values:
        """Area by a running median over `MEDIAN_MM` of vein, else `MEDIAN_FRAMES` frames."""
        return self._smooth_area

    @cached_property
    def _smooth_area(self) -> Values:
        if self.along is None:
            at, reach = self.frames.astype(np.float64), MEDIAN_FRAMES / 2
        else:
            at, reach = self.along, MEDIAN_MM / 2
        return running_quantile(at, self.area, reach, 0.5)

    # -- one number of it -----------------------------------------------------------------------
    def who(self, indices: Sequence[int] | NDArray[np.intp]) -> str:
        """The readers who accepted all of these frames; empty when one was not accepted."""
        if not self.accepted_by or not len(indices):
            return ""
        by = {self.accepted_by[int(k)] for k in indices}
        return "" if "" in by else ", ".join(sorted(by))

    def name(self, index: int) -> str:
        """What a figure was measured on: contour, image and 1-based frame."""
        image = f"{self.on}, " if self.on else ""
        return f"{self.what}, {image}frame {int(self.frames[index]) + 1}"

    def area_at(self, index: int, values: ReferenceValues) -> Quantity:
        """Area of one frame with ± of border and scale."""
        area = float(self.area[index])
        share = self.area_share(values)
        sigma = None if share is None else share * area
        return Quantity(area, f"{self.unit}²", sigma, BORDER, self.name(index), self.who([index]))

    def diameter_at(
        self, index: int, values: ReferenceValues, which: Literal["min", "max", "equivalent"]
    ) -> Quantity | None:
        """A diameter of one frame; None where it is not known."""
        curve = {
            "min": self.min_diameter,
            "max": self.max_diameter,
            "equivalent": self.equivalent_diameter,
        }[which]
        value = float(curve[index])
        if not np.isfinite(value):
            return None
        sigma = None
        if self.unit == "mm" and self.scale_share is not None:
            border = values.number("border.diameter_sigma")
            sigma = float(np.hypot(border, self.scale_share * value))
        return Quantity(value, self.unit, sigma, BORDER, self.name(index), self.who([index]))

    def area_share(self, values: ReferenceValues) -> float | None:
        """Relative ± of an area: of the border, and twice that of the scale."""
        border = values.number("border.area_share")
        if self.unit == "px":
            return border
        if self.scale_share is None:
            return None
        return float(np.hypot(border, 2.0 * self.scale_share))


MOST_CELLS = 1 << 20
"""Values of windows that are sorted at once: 8 MB."""

BORDER = "polygon of the contour; ± of border and scale"


def running_quantile(at: Values, values: Values, reach: float, share: float) -> Values:
    """Quantile of all finite values within `reach` of each place; NaN where there are none.

    Parameters
    ----------
    at : ndarray, shape (n,)
        Places, in any order.
    """
    order = np.argsort(at, kind="stable")
    places, sorted_values = at[order], values[order]
    low = np.searchsorted(places, places - reach, "left")
    high = np.searchsorted(places, places + reach, "right")
    out = np.full(len(at), np.nan)
    widest = int((high - low).max(initial=0))
    if not widest:
        return out
    step = max(1, MOST_CELLS // widest)
    for first in range(0, len(at), step):
        here = slice(first, first + step)
        cells = low[here, None] + np.arange(widest)
        inside = cells < high[here, None]
        window = np.where(inside, sorted_values[np.minimum(cells, len(at) - 1)], np.nan)
        out[order[here]] = _quantiles(window, share)
    return out


def _quantiles(rows: Values, share: float) -> Values:
    """Quantile of the finite values of every row, between neighbours as `numpy.quantile` does."""
    rows = np.sort(np.where(np.isfinite(rows), rows, np.inf), axis=1)
    count = np.isfinite(rows).sum(axis=1)
    at = share * np.maximum(count - 1, 0)
    below = at.astype(np.intp)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    row = np.arange(len(rows))
    known = count > 0
    lower = np.where(known, rows[row, below], 0.0)
    upper = np.where(known, rows[row, above], 0.0)
    return np.where(known, lower + (at - below) * (upper - lower), np.nan)


def frames_in_words(frames: Sequence[int]) -> str:
    """1-based, runs joined: ``frames 4-9, 12``."""
    if not frames:
        return "no frames"
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and frame == runs[-1][-1] + 1:
            runs[-1][-1] = frame
        else:
            runs.append([frame, frame])
    words = [f"{a + 1}" if a == b else f"{a + 1}-{b + 1}" for a, b in runs]
    more = f" and {len(words) - 6} more stretches" if len(words) > 6 else ""
    noun = "frame" if len(frames) == 1 else "frames"
    return f"{noun} {', '.join(words[:6])}{more}"
