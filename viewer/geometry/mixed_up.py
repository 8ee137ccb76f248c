"""What may have gone wrong with a landmark that lies far from where the others put it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viewer.model.coregistration import Landmark

Values = NDArray[np.float64]

SAME_PLACE_SIGMA = 2.0


def likely_mix_up(
    mark: Landmark,
    marks: Sequence[Landmark],
    arcs: Values,
    forward: Values,
    direction: int,
    gap: float,
    expected: float,
    unit: str,
) -> str:
    """A sentence on the likeliest mix-up.

    Parameters
    ----------
    arcs : ndarray, shape (len(marks),)
        Where each landmark was placed.
    forward : ndarray, shape (frames,)
        Where the others put every frame, times `direction`.
    gap, expected : float
        How far `mark` lies from there, and the ± (1 sigma) of that, in `unit`.
    """
    name = mark.name or "A landmark"
    where = float(arcs[list(marks).index(mark)])
    head = (
        f"{name} (frame {mark.frame + 1}) lies {abs(gap):.0f} {unit} from where the others put it"
    )
    others = [(other, float(arc)) for other, arc in zip(marks, arcs, strict=True) if other != mark]
    predicted = where - gap
    near = [
        other.name
        for other, arc in others
        if other.name
        and abs(arc - predicted) <= max(SAME_PLACE_SIGMA * expected, 1e-9)
        and abs(arc - predicted) < 0.5 * abs(gap)
    ]
    if near:
        return f"{head}: are {name} and {near[0]} exchanged, or is it the wrong branch?"
    reached = np.flatnonzero(forward >= direction * where)
    if direction * where < forward[0] or not len(reached):
        return f"{head}: this pullback hardly reaches that place. Is it from another pass?"
    return (
        f"{head}: they expect it at frame {int(reached[0]) + 1}. Check the frame (another pass, "
        "another branch?) and the click."
    )
