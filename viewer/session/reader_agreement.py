"""Two reviews of the same pullbacks held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from viewer.measure.agreement import Agreement, agreement

if TYPE_CHECKING:
    from viewer.measure.lumen_curve import LumenCurve
    from viewer.session.review_figures import ReviewFigures

FIGURES = ("area", "min_diameter", "max_diameter")


class Row(NamedTuple):
    """One figure of one kind of contour on one pullback, with the frames both outlined."""

    uid: str
    contour: str
    figure: str
    found: Agreement | str
    frames: NDArray[np.int64]


def agreements(one: ReviewFigures, other: ReviewFigures) -> tuple[Row, ...]:
    """Agreement, or why there is none, for all both outlined."""
    rows: list[Row] = []
    for uid, kinds in one.curves.items():
        for kind, first in kinds.items():
            second = other.curves.get(uid, {}).get(kind)
            if second is not None:
                rows += [Row(uid, kind, name, *_of(first, second, name)) for name in FIGURES]
    return tuple(rows)


def _of(
    first: LumenCurve, second: LumenCurve, name: str
) -> tuple[Agreement | str, NDArray[np.int64]]:
    if first.unit != second.unit:
        return "one review has a mm scale, the other has none", np.empty(0, np.int64)
    frames, a, b = np.intersect1d(first.frames, second.frames, return_indices=True)
    unit = f"{first.unit}²" if name == "area" else first.unit
    one, other = getattr(first, name)[a], getattr(second, name)[b]
    both = np.isfinite(one) & np.isfinite(other)
    return agreement(one, other, unit), np.asarray(frames[both], np.int64)
