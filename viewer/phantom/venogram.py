"""One XA run: contrast from the groin to the cava over bone, gas, noise and breathing.

Frame model: I = I0 · exp(-(background + contrast)), shifted by the patient's motion, plus quantum
noise of variance proportional to I as blurred as the detector. Stored values are proportional to
the intensity (Pixel Intensity Relationship LIN), dark where the contrast is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.phantom.anatomy import Anatomy
from viewer.phantom.background import bones, bowel_gas, muscles, trunk
from viewer.phantom.contrast import RunPlan, Swirls, concentration, contrast_layers
from viewer.phantom.curves import Curve, Floats
from viewer.phantom.shadows import Image, cloud_shadow, round_tube_shadow
from viewer.phantom.thrombus import CLEAR, Thrombus, strut_points

IODINE_PER_MM = 0.058
WHITE = 4095.0
MEDIAN_VALUE = 1750.0
ELECTRONS_PER_VALUE = 1.7
"""Sets the noise: about 32 stored values at a value of 1750."""


METAL_PER_MM = 2.6


def motion_px(plan: RunPlan, seed: int, take: int = 0) -> Floats:
    """Shift of the patient against frame 0, shape (frames, 2), px: breathing and a slow slide.

    Parameters
    ----------
    take : int
        Which run of a view: other takes, other breaths.
    """
    again = [take] if take else []
    rng = np.random.default_rng([seed, 23, round(plan.carm.primary_deg), *again])
    t = plan.times_s
    size = plan.carm.size_px / 1024
    breath = np.sin(2 * np.pi * 0.23 * t + rng.uniform(0, 1)) * rng.uniform(0.45, 0.65)
    slide = np.interp(
        t, (0.0, 0.45 * t[-1] + 1e-9, t[-1] + 2e-9), (0.0, 0.1, rng.uniform(0.3, 0.5))
    )
    shift = np.stack([slide + 0.25 * breath, breath - 0.6 * slide], axis=1) * size
    return np.asarray(shift - shift[0])


def _tools(plan: RunPlan, anatomy: Anatomy) -> tuple[Image, Floats]:
    """Sheath, marker catheter and wire; and where the marker bands are in space."""
    size = plan.carm.size_px
    image = np.zeros(size * size, dtype=np.float32)
    vein = anatomy.vein
    s = np.arange(8.0, vein.s_mm[-1], 0.5)
    left_offset = 2.2 * np.sin(s / 37.0) + 1.4 * np.sin(s / 17.0 + 1.0)
    xyz = vein.at(s) + np.stack([left_offset, 0.9 * np.sin(s / 29.0), 0 * s], axis=1)
    catheter = Curve(s, xyz)

    def draw(first: float, last: float, radius: float, per_mm: float) -> None:
        part = catheter.part(first, last)
        shadow = round_tube_shadow(plan.carm, part, np.full_like(part.s_mm, radius))
        np.add.at(image, shadow.index, per_mm * shadow.length_mm)

    draw(8.0, float(s[-1]), 0.85, 0.055)
    draw(-0.0 + anatomy.path_length_mm + 22.0, float(s[-1]), 1.55, 0.05)
    bands = 12.0 + 10.0 * np.arange(15)
    for band in bands:
        draw(band - 0.7, band + 0.7, 1.0, 0.34)
    draw(8.0, 9.2, 0.9, 0.3)
    blurred = ndimage.gaussian_filter(image.reshape(size, size), 0.75)
    return np.asarray(blurred, dtype=np.float32), catheter.at(bands)


class Venogram:
    """Makes the frames of one run; `frame` may be called from several threads."""

    def __init__(
        self,
        plan: RunPlan,
        anatomy: Anatomy,
        dust: tuple[Floats, Floats],
        seed: int,
        thrombus: Thrombus = CLEAR,
        take: int = 0,
    ) -> None:
        self.plan = plan
        self._take = [take] if take else []
        self.motion_px = motion_px(plan, seed, take)
        carm, size = plan.carm, plan.carm.size_px
        rng = np.random.default_rng([seed, 29, round(carm.primary_deg)])
        tools, self.markers_mm = _tools(plan, anatomy)
        still = trunk(carm, rng) + muscles(carm) + bones(carm, dust, seed)
        still = still - float(np.median(still)) + tools
        if anatomy.opened is not None:
            metal = cloud_shadow(carm, *strut_points(anatomy))
            still = still + METAL_PER_MM * ndimage.gaussian_filter(metal, 0.7 * size / 1024 + 0.2)
        self._still = np.asarray(still, dtype=np.float32)
        self._gas = bowel_gas(carm, seed)
        self._joined, self._apart = contrast_layers(plan, anatomy, thrombus)
        self._swirls = Swirls(rng, self._joined[0])
        self._noise = self._noise_pool(rng, size)

    @staticmethod
    def _noise_pool(rng: np.random.Generator, size: int) -> Sequence[Image]:
        """Detector-blurred unit noise, larger than a frame, to be cut out at random."""
        pool = []
        for _ in range(3):
            raw = rng.standard_normal((size + 160, size + 160), dtype=np.float32)
            soft = _smoothed(raw, 0.19)
            pool.append(np.asarray(soft / soft.std(), dtype=np.float32))
        return pool

    def contrast(self, index: int) -> Image:
        """Attenuation by contrast on frame `index`, patient not moved, shape (size, size)."""
        t = float(self.plan.times_s[index])
        stop = self.plan.injection_s[1]
        size = self.plan.carm.size_px
        image = np.zeros(size * size, dtype=np.float32)
        for k, layer in enumerate(self._joined):
            here = concentration(layer, t, stop) * layer.shadow.length_mm
            if k == 0:
                here *= self._swirls.at(t)
            where = layer.shadow.index
            image[where] = np.maximum(image[where], here)
        for layer in self._apart:
            here = concentration(layer, t, stop + 1.0) * layer.shadow.length_mm
            image[layer.shadow.index] += here
        return _smoothed(np.float32(IODINE_PER_MM) * image.reshape(size, size), 0.25)

    def frame(self, index: int) -> NDArray[np.uint16]:
        """Stored values of frame `index`, shape (size, size)."""
        size = self.plan.carm.size_px
        rng = np.random.default_rng(
            [index, size, round(self.plan.carm.primary_deg), 31, *self._take]
        )
        dx, dy = self.motion_px[index]
        total = self._still + self.contrast(index)
        total = shifted(total, dx, dy)
        total += shifted(self._gas, 3.0 * dx + 0.5, 2.2 * dy)
        intensity = MEDIAN_VALUE * np.exp(-total)
        intensity *= 1.0 + 0.004 * rng.standard_normal()  # the tube's output is never quite even
        x, y = rng.integers(0, 160, 2)
        noise = self._noise[int(rng.integers(len(self._noise)))][y : y + size, x : x + size]
        if rng.random() < 0.5:
            noise = noise[::-1]
        if rng.random() < 0.5:
            noise = -noise[:, ::-1]
        intensity += noise * np.sqrt(intensity * (1.0 / ELECTRONS_PER_VALUE))
        return np.clip(intensity, 0.0, WHITE).astype(np.uint16)


def _smoothed(image: Image, side: float) -> Image:
    """`image` blurred by the three taps (side, 1 - 2 side, side) along both axes."""
    out = np.asarray(image, dtype=np.float32)
    for axis in (0, 1):
        blurred = np.float32(1.0 - 2.0 * side) * out
        ahead, behind = (slice(1, None), slice(None, -1))
        to = (ahead, slice(None)) if axis == 0 else (slice(None), ahead)
        back = (behind, slice(None)) if axis == 0 else (slice(None), behind)
        part = np.float32(side) * out
        blurred[to] += part[back]
        blurred[back] += part[to]
        out = blurred
    return out


def shifted(image: Image, dx: float, dy: float) -> Image:
    """`image` moved by (dx, dy) px, bilinear, edges held."""
    out = image
    for axis, shift in ((1, dx), (0, dy)):
        whole = int(np.floor(shift))
        part = np.float32(shift - whole)
        moved = _rolled(out, whole, axis)
        out = moved if part == 0 else moved + part * (_rolled(out, whole + 1, axis) - moved)
    return out


def _rolled(image: Image, by: int, axis: int) -> Image:
    if by == 0:
        return image
    size = image.shape[axis]
    index = np.clip(np.arange(size) - by, 0, size - 1)
    return np.take(image, index, axis=axis)
