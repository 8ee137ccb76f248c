"""Two reviews of the same pullbacks held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from viewer.measure.agreement import Agreement, agreement

if TYPE_CHECKING:
    from viewer.measure.lumen_curve import LumenCurve
    from viewer.session.review_figures import ReviewFigures

FIGURES = ("area", "min_diameter", "max_diameter")
Row = tuple[str, str, str, Agreement | str]


def agreements(one: ReviewFigures, other: ReviewFigures) -> tuple[Row, ...]:
    """(pullback uid, kind of contour, figure, agreement or why not) for all both outlined."""
    rows: list[Row] = []
    for uid, kinds in one.curves.items():
        for kind, first in kinds.items():
            second = other.curves.get(uid, {}).get(kind)
            if second is not None:
                rows += [(uid, kind, name, _of(first, second, name)) for name in FIGURES]
    return tuple(rows)


def _of(first: LumenCurve, second: LumenCurve, name: str) -> Agreement | str:
    if first.unit != second.unit:
        return "one review has a mm scale, the other has none"
    _, a, b = np.intersect1d(first.frames, second.frames, return_indices=True)
    unit = f"{first.unit}²" if name == "area" else first.unit
    return agreement(getattr(first, name)[a], getattr(second, name)[b], unit)
