"""Clot inside the pulled vein, and the struts of a stent, as both images show them.

A clot fills a share of the lumen. On a cross section what stays free is the lumen drawn together
about the catheter by sqrt(1 - share): its area is exactly (1 - share) of the lumen's, and the
catheter always lies in it. Along the vein the share is even, with short ramps at its ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.phantom.anatomy import Anatomy
from viewer.phantom.curves import Floats, frame_of

RAMP_MM = 1.5
SOFT_END_MM = 6.0
"""Over so much a clot thins out on a run."""

STRUTS = 12
RING_MM = 5.0
STRUT_AREA_MM2 = 0.035

ECHO: dict[str, tuple[float, float, float]] = {
    "acute": (0.115, 0.15, 0.0),
    "subacute": (0.17, 0.8, 0.10),
    "chronic": (0.30, 0.9, 0.75),
}
"""Strength of a clot's echoes, how patchy they are, how bright its septa: low and smooth when
acute, mixed when subacute, bright with septa when chronic (domain notes)."""


@dataclass(frozen=True, slots=True)
class ClotPart:
    """A stretch of clot: its age, its ends along the path, the share of the lumen it fills."""

    age: str
    start_s_mm: float
    stop_s_mm: float
    fraction: float

    def fraction_at(self, s_mm: Floats, ramp_mm: float = RAMP_MM) -> Floats:
        """Share filled at arc lengths: even, falling to 0 over `ramp_mm` inside either end."""
        inside = np.minimum(s_mm - self.start_s_mm, self.stop_s_mm - s_mm)
        return np.asarray(self.fraction * np.clip(inside / ramp_mm, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Thrombus:
    """All clot of one phase."""

    parts: tuple[ClotPart, ...] = ()

    def fraction_at(self, s_mm: ArrayLike) -> Floats:
        """Share of the lumen filled at arc lengths, the most of all parts."""
        s = np.asarray(s_mm, dtype=np.float64)
        shares = [np.zeros_like(s), *(part.fraction_at(s) for part in self.parts)]
        return np.asarray(np.max(shares, axis=0))

    def age_at(self, s_mm: ArrayLike) -> NDArray[np.str_]:
        """Age of the part that fills most; empty without clot."""
        s = np.asarray(s_mm, dtype=np.float64)
        if not self.parts:
            return np.full(s.shape, "", dtype="<U8")
        shares = np.stack([part.fraction_at(s) for part in self.parts])
        names = np.array([part.age for part in self.parts], dtype="<U8")
        return np.where(shares.max(axis=0) > 0, names[shares.argmax(axis=0)], "")

    def contrast_left(self, s_mm: ArrayLike, side: ArrayLike) -> Floats:
        """Share of the contrast that is left at places of the vein on a run.

        Parameters
        ----------
        side : array_like
            Place across the vein, -1 to 1.
        """
        s, across = np.asarray(s_mm, np.float64), np.asarray(side, np.float64)
        if not self.parts:
            return np.ones(s.shape)
        rounded = s + 4.0 * (1.0 - across**2)  # ends are tongues, not cuts
        shares = [part.fraction_at(rounded, SOFT_END_MM) for part in self.parts]
        filled = np.max(shares, axis=0)
        wide = filled * (1.0 + 0.12 * np.sin(s / 2.3) + 0.10 * np.sin(s / 1.1 + 3.0 * across))
        middle = 0.6 * (1.0 - filled) * np.sin(s / 9.0)
        defect = np.clip((wide - np.abs(across - middle)) / 0.25 + 0.5, 0.0, 1.0)
        defect = np.maximum(defect * np.clip(filled / 0.06, 0.0, 1.0), (filled - 0.8) / 0.18)
        left = 1.0 - 0.96 * np.clip(defect, 0.0, 1.0)
        shut = [part.stop_s_mm for part in self.parts if part.fraction >= 0.95]
        return np.asarray(left * np.where(s < max(shut, default=-np.inf), 0.35, 1.0))


CLEAR = Thrombus()
"""No clot."""


def _strut_turns(s_mm: Floats) -> Floats:
    """Directions of the struts on cross sections, rad, shape (..., 2 STRUTS): zigzag rings."""
    phase = np.asarray(s_mm, dtype=np.float64)[..., None] / RING_MM
    swing = np.abs(phase % 2.0 - 1.0) * np.pi / STRUTS
    start = np.arange(STRUTS) * (2 * np.pi / STRUTS)
    return np.concatenate([start + swing, start - swing], axis=-1)


def strut_places(outline_mm: Floats, s_mm: float) -> Floats:
    """Struts on one lumen outline, shape (2 STRUTS, 2), in the outline's coordinates.

    Parameters
    ----------
    outline_mm : ndarray, shape (n, 2)
        Its points in order round the lumen.
    """
    n = len(outline_mm)
    index = np.mod(_strut_turns(np.array(s_mm)) / (2 * np.pi) * n, n)
    whole = np.arange(n + 1)
    closed = np.concatenate([outline_mm, outline_mm[:1]])
    return np.stack([np.interp(index, whole, closed[:, k]) for k in range(2)], axis=-1)


def strut_points(anatomy: Anatomy, step_mm: float = 0.2) -> tuple[Floats, Floats]:
    """A stent as metal dust for the X-ray: points in space, shape (n, 3), and mm³ at each.

    Raises
    ------
    ValueError
        The anatomy has no stent.
    """
    opened = anatomy.opened
    if opened is None:
        raise ValueError("there is no stent in this anatomy")
    s = np.arange(opened.start_s_mm, opened.stop_s_mm, step_mm)
    major, minor, tilt = (values[:, None] for values in anatomy.half_axes_at(s))
    turn = _strut_turns(s)
    left, front = frame_of(anatomy.vein.tangent_at(s))
    x, y = major * np.cos(turn), minor * np.sin(turn)
    across = (x * np.cos(tilt) - y * np.sin(tilt))[..., None] * left[:, None, :]
    ahead = (x * np.sin(tilt) + y * np.cos(tilt))[..., None] * front[:, None, :]
    points = (anatomy.vein.at(s)[:, None, :] + across + ahead).reshape(-1, 3)
    return points, np.full(len(points), STRUT_AREA_MM2 * step_mm)
