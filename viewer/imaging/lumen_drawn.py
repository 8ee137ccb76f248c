"""Borders people drew, and how they pull on those of the frames around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from viewer.imaging.ivus_field import IvusField
from viewer.imaging.side_branches import aligned, evenly

Map = npt.NDArray[np.float32]

HOLD_FRAMES = 4.0
"""A drawn border's pull falls to 1/e over so many frames."""


def towards_drawn(
    wanted: npt.NDArray[np.intp], outlines: Map, drawn: Mapping[int, Map], field: IvusField
) -> tuple[Map, Map]:
    """Outlines near drawn frames moved to what those show, and how firmly they are held there."""
    numbers = np.asarray(sorted(drawn), np.intp)
    shapes = _matched(
        [field.to_cleaned(np.asarray(drawn[int(k)], np.float32)) for k in numbers],
        outlines.shape[1],
    )
    result, pull = outlines.copy(), np.zeros(len(wanted), np.float32)
    for k, frame in enumerate(wanted):
        behind = int(np.searchsorted(numbers, frame))
        low, high = max(behind - 1, 0), min(behind, len(numbers) - 1)
        gap = numbers[high] - numbers[low]
        share = float(np.clip((frame - numbers[low]) / gap, 0, 1)) if gap > 0 else 0.0
        between = shapes[low] * (1 - share) + shapes[high] * share
        near = float(np.min(np.abs(numbers - frame)))
        weight = float(np.exp(-near / HOLD_FRAMES))
        if near <= 3 * HOLD_FRAMES:
            own = aligned(outlines[k], between)
            result[k] = own * (1 - weight) + between * weight
            pull[k] = weight
    return result, pull


def _matched(shapes: Sequence[Map], points: int) -> list[Map]:
    """Outlines with as many points each, point k of one lying by point k of the next."""
    even = [evenly(shape[None], points)[0] for shape in shapes]
    for k in range(1, len(even)):
        even[k] = aligned(even[k], even[k - 1])
    return even
