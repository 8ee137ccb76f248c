"""What a venogram shows before the contrast: trunk, muscles, bones, bowel gas."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from viewer.phantom.anatomy import MIDLINE_X_MM
from viewer.phantom.carm import CArm
from viewer.phantom.curves import Curve, Floats, smooth_curve
from viewer.phantom.shadows import Image, cloud_shadow, tube_shadow

BONE_PER_MM = 0.027
MUSCLE_PER_MM = 0.0052
TRUNK_PER_MM = 0.0042
"""Effective attenuation at about 80 kV behind a body, scatter included: chosen by eye."""


def _clouds(rng: np.random.Generator, size: int, scale_px: float) -> Image:
    """Smooth noise of mean 0 and standard deviation 1, shape (size, size)."""
    step = max(1, min(8, int(scale_px / 3)))
    small, scale = -(-size // step) + 2, scale_px / step
    coarse = max(4, int(np.ceil(small / scale)) + 4)
    field = ndimage.zoom(rng.standard_normal((coarse, coarse)), scale, order=3)
    field = field[int(scale) :, int(scale) :][:small, :small]
    field = ndimage.zoom(field, step, order=1)[:size, :size]
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def trunk(carm: CArm, rng: np.random.Generator) -> Image:
    """Soft tissue: an elliptic trunk, uneven fat, the psoas muscles and buttocks."""
    z = np.arange(-175.0, 176.0, 1.0)
    line = Curve(z, np.stack([np.full_like(z, MIDLINE_X_MM), np.full_like(z, 25.0), -z], axis=1))
    wide = np.interp(z, (-175.0, -40.0, 60.0, 175.0), (158.0, 172.0, 192.0, 196.0))
    deep = np.interp(z, (-175.0, -40.0, 60.0, 175.0), (112.0, 108.0, 104.0, 92.0))
    size = carm.size_px
    small = CArm(carm.sid_mm, carm.sod_mm, carm.imager_spacing_mm * 8, size // 8, carm.primary_deg)
    body = tube_shadow(small, line, wide, deep, np.zeros_like(z))
    image = np.zeros(small.size_px**2, dtype=np.float32)
    image[body.index] = TRUNK_PER_MM * body.length_mm
    image = ndimage.gaussian_filter(image.reshape(size // 8, size // 8), 3.0, mode="nearest")
    out = ndimage.zoom(image, 8, order=1)[:size, :size]
    out += 0.035 * _clouds(rng, size, size / 5) + 0.014 * _clouds(rng, size, size / 17)
    return np.asarray(out, dtype=np.float32)


def muscles(carm: CArm) -> Image:
    """The psoas muscles, whose edges show as faint oblique lines."""
    image = np.zeros(carm.size_px**2, dtype=np.float32)
    for sign in (1.0, -1.0):
        knots = [
            (MIDLINE_X_MM + sign * x, y, z)
            for x, y, z in (
                (30, 34, 165),
                (40, 30, 110),
                (58, 22, 50),
                (78, 6, -10),
                (97, -14, -62),
                (112, 4, -120),
            )
        ]
        curve = smooth_curve(knots, step_mm=1.0)
        radius = np.interp(
            curve.s_mm / curve.s_mm[-1], (0, 0.3, 0.6, 1.0), (14.0, 24.0, 23.0, 13.0)
        )
        shadow = tube_shadow(carm, curve, radius, 0.9 * radius, np.zeros_like(radius))
        image[shadow.index] += MUSCLE_PER_MM * 0.8 * shadow.length_mm
    size = carm.size_px
    return np.asarray(ndimage.gaussian_filter(image.reshape(size, size), size / 130))


def bones(carm: CArm, dust: tuple[Floats, Floats], seed: int) -> Image:
    """Attenuation by bone (`bones.bone_dust`), a little uneven as trabeculae are."""
    size = carm.size_px
    path_mm = ndimage.gaussian_filter(cloud_shadow(carm, *dust), 2.1 * size / 1024 + 0.3)
    rng = np.random.default_rng([seed, 13])
    uneven = 1.0 + 0.10 * _clouds(rng, size, size / 90) + 0.10 * _clouds(rng, size, size / 30)
    return np.asarray(BONE_PER_MM * path_mm * uneven / (1.0 + 0.012 * path_mm), dtype=np.float32)


# Chains of gas bubbles: start, end (x from the middle of the body, z), radius, how many; mm.
GAS = (
    ((104, 128), (112, 62), 13.0, 7),
    ((112, 50), (96, 8), 10.0, 6),
    ((84, -6), (50, -22), 8.0, 4),
    ((22, -30), (-6, -52), 10.5, 5),
    ((-88, 70), (-96, 22), 15.0, 6),
    ((-52, 104), (-16, 116), 8.5, 4),
    ((40, 104), (66, 88), 7.0, 4),
    ((-60, -8), (-44, -26), 7.0, 3),
)


def bowel_gas(carm: CArm, seed: int) -> Image:
    """Gas in loops of bowel: bright patches with folds and a sharp outline (values ≤ 0)."""
    rng = np.random.default_rng([seed, 17])
    size = carm.size_px // 2
    grid = np.arange(size, dtype=np.float32)
    scale = 2.0 * float(carm.mm_per_px_at(np.zeros(3)))
    inside = np.zeros((size, size), dtype=np.float32)
    for start, end, radius, count in GAS:
        loop = np.zeros_like(inside)
        for part in np.linspace(0.0, 1.0, count):
            x, z = (1 - part) * np.array(start) + part * np.array(end) + rng.normal(0, 2.5, 2)
            x0, y0 = carm.project(np.array([MIDLINE_X_MM + x, -45.0, z])) / 2
            r = radius / scale * rng.uniform(0.72, 1.12)
            stretch = rng.uniform(0.8, 1.3)
            dx, dy = (grid - x0) / (r * stretch), (grid - y0) / (r / stretch)
            loop += np.exp(-0.5 * (dx[None, :] ** 2 + dy[:, None] ** 2) * 2.4)
        loop *= 1.0 + 0.28 * _clouds(rng, size, 16.0 * size / 512)
        inside = np.maximum(
            inside, 1.0 / (1.0 + np.exp(-(loop - 0.62) * 11.0)) * rng.uniform(0.6, 1.0)
        )
    mottle = (
        1.0
        + 0.22 * _clouds(rng, size, 7.0 * size / 512)
        + 0.16 * _clouds(rng, size, 24.0 * size / 512)
    )
    gas = ndimage.zoom(-0.17 * inside * np.clip(mottle, 0.1, 2.0), 2, order=1)
    return np.asarray(ndimage.gaussian_filter(gas, 1.2 * carm.size_px / 1024), dtype=np.float32)
