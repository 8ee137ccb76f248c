"""Stretches on which a catheter went back and came forward again.

A pull is placed as if it had waited there; then every frame of the stretch gets the place of the
frame, on the way there, that shows the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.pull_evidence import Motion
from viewer.model.coregistration import Landmark

Values = NDArray[np.float64]

WIDENED = 0.3
"""± (1 sigma) added on a stretch, a share of how far back each frame lies: the speed on the way
back is only known at its turns."""


def on_the_way(marks: Sequence[Landmark], motion: Motion | None) -> list[Landmark]:
    """Landmarks on frames seen twice moved to the frame, on the way there, of the same place."""
    if motion is None or motion.same_as is None:
        return list(marks)
    same = motion.same_as
    moved = [replace(mark, frame=round(float(same[mark.frame]))) for mark in marks]
    return sorted(moved, key=lambda mark: mark.frame)


def again(values: Values, motion: Motion | None) -> Values:
    """One value a frame, on stretches gone back that of the way there; shape (n,)."""
    if motion is None or motion.same_as is None:
        return values
    return np.asarray(np.interp(motion.same_as, np.arange(len(values)), values))


def widening(arc: Values, motion: Motion | None) -> Values:
    """± (1 sigma) to be added, from the places `arc` that `again` gave; shape (n,)."""
    added = np.zeros(len(arc))
    for first, last in motion.backwards if motion is not None else ():
        added[first : last + 1] = WIDENED * np.abs(arc[first : last + 1] - arc[first])
    return added


def told(motion: Motion | None) -> tuple[str, ...]:
    """The stretches in words."""
    return tuple(
        f"The catheter went back and came forward again at frames {first + 1} to {last + 1}: "
        "positions follow it there, less surely."
        for first, last in (motion.backwards if motion is not None else ())
    )
