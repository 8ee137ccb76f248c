"""Whether contrast fills the vein on a run that is taken for a fluoroscopy.

The transducer and its shaft are narrower than half the lumen, so the middle of a straightened vein
hardly changes while they pass; contrast darkens it over most of its width and along centimetres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.tracking import ROW_MM

Map = NDArray[np.float32]

CORE_MM, BESIDE_MM = 4.0, 8.5
"""Middle of the vein, up to so far from the centerline, and what is taken as beside it."""

EVENED_MM = 12.0
"""Length over which the darkening is evened."""

QUIET_PERCENTILE = 20.0
"""Of a place over time: how dark it is without contrast."""

DARKER = 0.12
"""Share of all the darkness there is along the vein by which contrast darkens a place."""

FILLED_SHARE = 0.3
"""Share of the vein that darkens at one time. Source: synthetic venograms of three cases, drawn
along their own or another view's centerline, fill 0.40 to 1.00 of it; fluoroscopies with noise,
4 mm of breathing, and real runs without contrast in the strip at most 0.01."""


def fills_with_contrast(strips: Map) -> bool:
    """Whether most of the vein's width darkens along a good part of it, as a venogram's does.

    Parameters
    ----------
    strips : ndarray of float32, shape (frames, rows, across)
        Density (dark is more) along the vein, from a `tracking.Straightener`.
    """
    from scipy.ndimage import uniform_filter1d

    frames, _, across = strips.shape
    if frames < 4:
        return False
    off_mm = np.abs(np.arange(across) - across // 2) * ROW_MM
    core = np.median(strips[:, :, off_mm <= CORE_MM], axis=2)
    level = core - np.median(strips[:, :, off_mm >= BESIDE_MM], axis=2)
    level = uniform_filter1d(level, round(EVENED_MM / ROW_MM), axis=1, mode="nearest")
    level = np.median(np.stack([level[:-2], level[1:-1], level[2:]]), axis=0)
    low, high = np.percentile(strips, (1, 99))
    darker = level - np.percentile(level, QUIET_PERCENTILE, axis=0) > DARKER * (high - low)
    return bool(high > low and darker.mean(axis=1).max() >= FILLED_SHARE)
