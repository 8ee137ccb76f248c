"""Where a reader follows contrast through a run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viewer.model.vessel import PointPx

MOST_POINTS = 6
"""Points a run has at most: more curves can't be told apart."""


@dataclass(frozen=True, slots=True)
class ContrastPoint:
    """A place on a run whose density over time is told.

    Attributes
    ----------
    number : int
        From 1 to `MOST_POINTS`; it names the point and its colour.
    point_px : tuple of float
        (x, y), origin at the centre of the top-left pixel.
    """

    id: str
    run_uid: str
    number: int
    point_px: PointPx

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MOST_POINTS:
            raise ValueError(f"a contrast point's number is from 1 to {MOST_POINTS}")
        if not all(math.isfinite(value) for value in self.point_px):
            raise ValueError("a contrast point lies nowhere")
