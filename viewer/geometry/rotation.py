"""Where anterior is on the frames of a pullback, from arrows whose direction is known.

Directions on an image are degrees from +x towards +y (clockwise on the screen), on square pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.model.rotation import PullbackRotation, RotationMark, SeenFrom

UP_DEG = -90.0
"""Anterior is shown at the top, as on CT."""


def anterior_of(mark: RotationMark, seen_from: SeenFrom, aspect: float = 1.0) -> float:
    """Direction of anterior on the frame of one mark, deg in [-180, 180).

    Parameters
    ----------
    aspect : float
        Height of a pixel over its width.
    """
    dx = mark.to_px[0] - mark.from_px[0]
    dy = (mark.to_px[1] - mark.from_px[1]) * aspect
    sign = 1.0 if seen_from.left_is_clockwise else -1.0
    angle = np.degrees(np.arctan2(dy, dx)) - sign * mark.towards.from_anterior_deg
    return shortest(float(angle))


def anterior_deg(
    rotation: PullbackRotation, frames: ArrayLike, aspect: float = 1.0
) -> NDArray[np.float64]:
    """Direction of anterior on frames, deg, in the shape of `frames`.

    Between two marks it turns evenly with the frames, the shorter way round; outside them it
    keeps the nearest mark's. Continuous: not folded into one turn.
    """
    at = np.array([mark.frame for mark in rotation.marks], np.float64)
    marked = [anterior_of(mark, rotation.seen_from, aspect) for mark in rotation.marks]
    unfolded = np.degrees(np.unwrap(np.radians(marked)))
    return np.asarray(np.interp(np.asarray(frames, np.float64), at, unfolded))


def turn_deg(
    rotation: PullbackRotation, frames: ArrayLike, aspect: float = 1.0
) -> NDArray[np.float64]:
    """By how much frames are turned clockwise so that anterior is up, deg."""
    return np.asarray(UP_DEG - anterior_deg(rotation, frames, aspect))


def shortest(angle_deg: float) -> float:
    """The same direction in [-180, 180)."""
    return (angle_deg + 180.0) % 360.0 - 180.0
