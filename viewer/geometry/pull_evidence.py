"""What a pullback's own pictures, the vein's profile and a fluoroscopy say about a pull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Motion:
    """What the pictures say about the catheter's movement; one value a frame of the pullback.

    Attributes
    ----------
    stillness : ndarray, shape (n,)
        Chance that the catheter stood still along the vein, 0 to 1.
    still_trust : float
        Chance that `stillness` is right as a whole; 0 where the pictures can't show pauses.
    speed : ndarray or None, shape (n,)
        Speed while moving, against its mean; None where the pictures can't tell.
    speed_trust : float
        Chance, before anything else is seen, that `speed` tells the truth.
    backwards : tuple of (int, int)
        First and last frame of stretches that look as if the catheter had gone back and come
        forward again: it passes the place of the first frame anew on the last.
    same_as : ndarray or None, shape (n,)
        Frame, on the way there, that shows the same place as each: itself but on those stretches.
    """

    stillness: Values
    still_trust: float
    speed: Values | None = None
    speed_trust: float = 0.0
    backwards: tuple[tuple[int, int], ...] = ()
    same_as: Values | None = None


@dataclass(frozen=True, eq=False)
class LumenSizes:
    """Size of the lumen on some frames of the pullback.

    Attributes
    ----------
    frames : ndarray, shape (m,)
        0-based, rising.
    sizes : ndarray, shape (m, d)
        Sizes that a view may show, > 0, any unit: the diameter of equal area first, then widths
        along directions of the image.
    confidence : ndarray, shape (m,)
        0 to 1.
    border : ndarray or None, shape (m, angles)
        Depth of the lumen's border in each direction, a share of the polar picture's depth.
    """

    frames: NDArray[np.intp]
    sizes: Values
    confidence: Values
    border: Values | None = None


@dataclass(frozen=True, eq=False)
class VeinProfile:
    """Width of the contrast along the centerline.

    Attributes
    ----------
    arc_px : ndarray, shape (k,)
        Rising.
    diameter : ndarray, shape (k,)
        Any unit; NaN where the edges can't be seen.
    """

    arc_px: Values
    diameter: Values


@dataclass(frozen=True, eq=False)
class TrackedPath:
    """Where the transducer was seen on a fluoroscopy.

    Attributes
    ----------
    times_s : ndarray, shape (q,)
        On the pullback's own clock: s after its first frame.
    arc_px, sigma_px : ndarray, shape (q,)
        Along the centerline.
    clock_sigma_s : float
        ± of the clock offset in `times_s`: all places share its error.
    """

    times_s: Values
    arc_px: Values
    sigma_px: Values
    clock_sigma_s: float = 0.0


@dataclass(frozen=True, eq=False)
class PullEvidence:
    """Everything beside landmarks that places a pullback; None is not known."""

    motion: Motion | None = None
    lumen: LumenSizes | None = None
    vein: VeinProfile | None = None
    tracked: TrackedPath | None = None

    @property
    def has_profiles(self) -> bool:
        """Whether both sides of the profile comparison are there."""
        return self.lumen is not None and self.vein is not None


NOTHING = PullEvidence()
