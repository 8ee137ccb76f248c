"""What the X-ray sees: path lengths through tubes, shells and solids, in mm on the detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.phantom.carm import CArm
from viewer.phantom.curves import Curve, Floats, frame_of

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TubeShadow:
    """The pixels a tube covers.

    Attributes
    ----------
    index : ndarray, shape (n,), int64
        Flat pixel index, row by row.
    length_mm : ndarray, shape (n,), float32
        Way of the ray through the tube.
    s_mm, side : ndarray, shape (n,), float32
        Arc length, and place across the tube from -1 to 1.
    """

    index: NDArray[np.int64]
    length_mm: Image
    s_mm: Image
    side: Image


def tube_shadow(
    carm: CArm, curve: Curve, major_mm: Floats, minor_mm: Floats, tilt_rad: Floats
) -> TubeShadow:
    """Path length of every ray through an elliptical tube.

    The chord of a line through an ellipse with half axes a, b, at distance h from its centre, is
    2ab·sqrt(W²-h²)/W² with W the half width across the line; a ray that meets the axis of the
    tube at an angle goes 1/sin of it longer.

    Parameters
    ----------
    major_mm, minor_mm, tilt_rad : ndarray, shape (n,)
        Half axes and tilt (from the patient's left to the front) at each sample of `curve`.
    """
    pitch_mm = 0.45 * float(carm.mm_per_px_at(curve.xyz_mm).min())
    s = np.arange(curve.s_mm[0], curve.s_mm[-1], pitch_mm)
    a, b, tilt = (np.interp(s, curve.s_mm, v) for v in (major_mm, minor_mm, tilt_rad))
    center, tangent = curve.at(s), curve.tangent_at(s)
    ray = carm.ray_direction(center)
    across = np.cross(tangent, ray)
    sine = np.linalg.norm(across, axis=1)
    across /= sine[:, None]
    left, front = frame_of(tangent)
    along_major = (across * left).sum(1) * np.cos(tilt) + (across * front).sum(1) * np.sin(tilt)
    width = np.sqrt((a * along_major) ** 2 + b**2 * (1.0 - along_major**2))
    count = max(9, int(2.0 * width.max() / pitch_mm) | 1)
    u = np.linspace(-1.0, 1.0, count)
    points = center[:, None, :] + (width[:, None] * u)[:, :, None] * across[:, None, :]
    chord = (2.0 * a * b / width / np.maximum(sine, 0.25))[:, None] * np.sqrt(1.0 - u**2)
    return _gather(carm, carm.project(points), chord, s, u)


def _gather(carm: CArm, px: Floats, chord: Floats, s: Floats, u: Floats) -> TubeShadow:
    """Average the samples that fall in each pixel."""
    size = carm.size_px
    column, row = np.rint(px[..., 0]).astype(np.int64), np.rint(px[..., 1]).astype(np.int64)
    seen = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    flat = (row * size + column)[seen]
    count = np.bincount(flat, minlength=size * size)
    index = np.flatnonzero(count)
    shape = chord.shape

    def mean(values: Floats) -> Image:
        sums = np.bincount(flat, np.broadcast_to(values, shape)[seen], minlength=size * size)
        return np.asarray(sums[index] / count[index], dtype=np.float32)

    return TubeShadow(index, mean(chord), mean(s[:, None]), mean(u[None, :]))


def round_tube_shadow(carm: CArm, curve: Curve, radius_mm: Floats) -> TubeShadow:
    """The shadow of a round tube."""
    return tube_shadow(carm, curve, radius_mm, radius_mm, np.zeros_like(radius_mm))


def cloud_shadow(carm: CArm, points_mm: Floats, weights_mm3: Floats) -> Image:
    """Attenuating dust on the detector: volume over pixel area, shape (size, size), mm."""
    size = carm.size_px
    px = np.rint(carm.project(points_mm)).astype(np.int64)
    seen = ((px >= 0) & (px < size)).all(axis=1)
    flat = px[seen, 1] * size + px[seen, 0]
    scale = carm.mm_per_px_at(points_mm[seen])
    total = np.bincount(flat, weights_mm3[seen] / scale**2, minlength=size * size)
    return np.asarray(total.reshape(size, size), dtype=np.float32)
