"""A steady pull on one view: the vein's profile tells how much the view shortens it where.

A motor moves the catheter evenly along the vein, but a vein that leaves the picture's plane is
shortened by up to 29 % here and there (domain.md), so that rate x time runs ahead on the picture.
The lumen laid over the vein's width, as for a pull by hand, bends the line; nothing else may.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from viewer.geometry.evidence_pull import Pull, profile_chance
from viewer.geometry.fused_pull import (
    BAND,
    Blend,
    BlendTravel,
    explained,
    held,
    pins_of,
    seen_of,
    sizes_of,
)
from viewer.geometry.pull_beliefs import Pace
from viewer.geometry.pull_clock import Clock
from viewer.geometry.pull_models import Fit

Values = NDArray[np.float64]

VIEW_SD, VIEW_MEMORY_MM = 0.25, 50.0
"""How far the shortening differs along a vein, and over which length: the 13-29 % of 30-45° out of
plane (domain.md), and what lets the profile decide on synthetic motor pulls."""

LEAST_LANDMARKS = 2
"""With fewer, a bent line finds wrong places that fit as well: 15-20 mm off on synthetic pulls,
where rate x time alone was 4 mm off."""


def bent_by_profile(fit: Fit, pull: Pull) -> Fit:
    """A steady pull bent as the vein's profile says.

    Parameters
    ----------
    fit : Fit
        Rate x time held to the landmarks.
    pull : Pull
        With the profiles in its evidence.

    Returns
    -------
    Fit
        `fit` itself with fewer than two landmarks, and where lumen and vein can't be compared or
        do not resemble each other.
    """
    blend = _blend(fit, pull)
    if blend is None or profile_chance(blend) < 0.5:
        return fit
    frames = np.arange(len(blend.mean), dtype=np.float64)
    return replace(
        fit,
        u=frames,
        mean=lambda where: np.interp(where, frames, blend.mean),
        travel=BlendTravel(blend),
        explanation=fit.explanation[:-1] + ", bent where the vein's profile shows it shortened.",
        uncertainty_source=(
            f"90 % band of a hidden Markov chain (forward-backward): shortening on the picture "
            f"varies by {VIEW_SD:.0%} over {VIEW_MEMORY_MM:.0f} mm against rate x time; "
            "lumen and vein compared"
        ),
        band=_narrower(fit, blend),
        blend=blend,
    )


def _narrower(fit: Fit, blend: Blend) -> tuple[Values, Values]:
    """What both the straight and the bent pull leave possible: either alone is wider."""
    straight, sigma = fit.mean(fit.u), fit.travel.sigma(fit.u)
    low = np.maximum(blend.low, straight - BAND * sigma)
    high = np.minimum(blend.high, straight + BAND * sigma)
    return np.minimum(low, blend.mean), np.maximum(high, blend.mean)


def _blend(fit: Fit, pull: Pull) -> Blend | None:
    """The pull explained by the profile; None where there is nothing to compare."""
    scale, anchors = pull.scale, pull.anchors
    if len(anchors.frames) < LEAST_LANDMARKS:
        return None
    mm = 1.0 if scale.unit == "mm" else pull.click
    sizes = sizes_of(pull.evidence, scale, anchors.direction, mm)
    placed = np.maximum.accumulate(fit.mean(fit.u))
    gone = placed - placed[0]
    if sizes is None or not gone[-1] > 0:
        return None
    clock = Clock("rate", gone, VIEW_SD, VIEW_MEMORY_MM, 0.0, 1.0)
    seen = seen_of(pins_of(anchors, pull.click, None), sizes, scale, anchors.direction)
    blend = explained((Pace(clock, gone, 0.0),), seen)
    return None if blend is None else held(blend, anchors, pull.click)
