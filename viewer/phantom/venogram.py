"""One XA run: contrast from the groin to the cava over bone, gas, noise and breathing.

Frame model: I = I0 · exp(-(background + contrast)), shifted by the patient's motion, plus quantum
noise of variance proportional to I as blurred as the detector. Stored values are proportional to
the intensity (Pixel Intensity Relationship LIN), dark where the contrast is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.phantom.anatomy import Anatomy, Tube
from viewer.phantom.background import bones, bowel_gas, muscles, trunk
from viewer.phantom.carm import CArm
from viewer.phantom.curves import Curve, Floats
from viewer.phantom.shadows import Image, TubeShadow, round_tube_shadow, tube_shadow

IODINE_PER_MM = 0.058
WHITE = 4095.0
MEDIAN_VALUE = 1750.0
ELECTRONS_PER_VALUE = 1.3
"""Sets the noise: about 37 stored values at a value of 1750."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How a run is acquired.

    Attributes
    ----------
    mask_frames : int
        Frames before the contrast arrives anywhere in the field.
    """

    carm: CArm
    frames: int
    rate_hz: float
    mask_frames: int

    @property
    def times_s(self) -> Floats:
        """Start of each frame after the first, s."""
        return np.arange(self.frames) / self.rate_hz

    @property
    def injection_s(self) -> tuple[float, float]:
        """When contrast starts and stops to enter the field at the groin, s."""
        whole = self.frames / self.rate_hz
        return (self.mask_frames + 0.4) / self.rate_hz, 0.80 * whole


@dataclass(frozen=True, slots=True)
class Layer:
    """One vessel on the detector with what the contrast needs to run through it."""

    shadow: TubeShadow
    arrival_s: Image
    strength: Image
    rise_s: float
    fall_s: float


def motion_px(plan: RunPlan, seed: int) -> Floats:
    """Shift of the patient against frame 0, shape (frames, 2), px: breathing and a slow slide."""
    rng = np.random.default_rng([seed, 23, round(plan.carm.primary_deg)])
    t = plan.times_s
    size = plan.carm.size_px / 1024
    breath = np.sin(2 * np.pi * 0.23 * t + rng.uniform(0, 1)) * rng.uniform(0.45, 0.65)
    slide = np.interp(t, (0.0, 0.45 * t[-1] + 1e-9, t[-1] + 2e-9), (0.0, 0.1, rng.uniform(0.3, 0.5)))
    shift = np.stack([slide + 0.25 * breath, breath - 0.6 * slide], axis=1) * size
    return np.asarray(shift - shift[0])


def flow_s(anatomy: Anatomy, s_mm: Floats) -> Floats:
    """Time the contrast takes from the femoral end of the path to `s_mm`, s."""
    grid = np.arange(-80.0, anatomy.path_length_mm + 80.0, 1.0)
    area = anatomy.section_at(grid)[0]
    speed = np.clip(98.0 * (150.0 / area) ** 0.45, 70.0, 150.0)
    stenosis = np.exp(-(((grid - anatomy.stenosis_s_mm[1] - 6.0) / 14.0) ** 2))
    pace = (1.0 + 0.9 * stenosis) / speed  # it waits below the narrowing
    elapsed = np.cumsum(pace[::-1])[::-1]
    elapsed -= np.interp(anatomy.path_length_mm, grid, elapsed)
    return np.interp(s_mm, grid, elapsed)


def _strength(anatomy: Anatomy, s_mm: Floats, side: Floats) -> Floats:
    """Share of undiluted contrast along and across the vein."""
    marks = anatomy.landmarks_s_mm
    keys = ("confluence", "artery_crossing", "internal_iliac", "inguinal", "profunda")
    conf, crossing, internal, inguinal, profunda = (marks[k] for k in keys)
    places = (-80, conf - 25, conf, crossing, crossing + 14, internal - 4, internal + 8, inguinal, profunda, profunda + 9, profunda + 80)
    shares = (0.50, 0.60, 0.68, 0.80, 0.96, 0.97, 1.0, 1.0, 1.04, 1.12, 1.15)
    share = np.interp(s_mm, places, shares)
    # Clear blood from the right side runs beside the contrast in the cava.
    clear = 0.62 / (1.0 + np.exp((side * _left_sign(anatomy) + 0.18) / 0.17))
    beside = np.interp(s_mm, (conf - 75, conf - 22, conf - 2, conf + 3), (0.25, 0.75, 1.0, 0.0))
    thigh = np.interp(s_mm, (profunda - 10, profunda, profunda + 14), (0.0, 0.30, 0.0))
    return share * (1.0 - clear * beside) * (1.0 - thigh * (side > 0.35))


def _left_sign(anatomy: Anatomy) -> float:
    """+1 where `side` grows towards the patient's left in the cava (seen from the front)."""
    tangent = anatomy.vein.tangent_at(10.0)
    return float(np.sign(np.cross(tangent, np.array([0.0, -1.0, 0.0]))[0]))


def _branch_layer(plan: RunPlan, tube: Tube, start_s: float, share: tuple[float, float], speed: float, spread_s: float) -> Layer:
    radius = tube.radius_at(tube.curve.s_mm)
    shadow = round_tube_shadow(plan.carm, tube.curve, radius)
    strength = np.interp(shadow.s_mm, (0.0, tube.curve.s_mm[-1]), share)
    arrival = start_s + shadow.s_mm / speed
    return Layer(shadow, arrival.astype(np.float32), strength.astype(np.float32), spread_s, 1.6)


def contrast_layers(plan: RunPlan, anatomy: Anatomy) -> tuple[list[Layer], list[Layer]]:
    """Vessels joined to the vein (they merge with it), and collaterals (they lie over it)."""
    vein = anatomy.vein
    shadow = tube_shadow(plan.carm, vein, *anatomy.half_axes_at(vein.s_mm))
    start = plan.injection_s[0]
    # faster in the middle of the vein than at its wall
    lag = 0.16 * shadow.side**2
    arrival = start + flow_s(anatomy, shadow.s_mm) + lag
    main = Layer(
        shadow,
        arrival.astype(np.float32),
        _strength(anatomy, shadow.s_mm, shadow.side).astype(np.float32),
        0.42,
        0.55,
    )
    marks = anatomy.landmarks_s_mm

    def when(key: str) -> float:
        return start + float(flow_s(anatomy, np.array(marks[key])))

    right, internal, saphenous, profunda = anatomy.veins
    joined = [
        main,
        _branch_layer(plan, right, when("confluence") + 0.35, (0.46, -0.18), 60.0, 0.6),
        _branch_layer(plan, internal, when("internal_iliac") + 0.25, (0.95, 0.42), 42.0, 0.6),
        _branch_layer(plan, saphenous, when("saphenofemoral") + 0.2, (0.7, -0.5), 50.0, 0.4),
        _branch_layer(plan, profunda, when("profunda") + 0.2, (0.85, -0.35), 50.0, 0.4),
    ]
    late = when("internal_iliac") + 0.5
    lumbar, sacral, pelvic = anatomy.collaterals
    apart = [
        _branch_layer(plan, lumbar, late, (1.0, 0.75), 70.0, 0.6),
        _branch_layer(plan, sacral, late + 0.5, (0.9, 0.6), 48.0, 0.7),
        _branch_layer(plan, pelvic, late + 0.8, (0.8, 0.4), 45.0, 0.7),
    ]
    return joined, apart


def _concentration(layer: Layer, t: float, stop_s: float) -> Image:
    """Share of contrast at each pixel of a layer at time `t`."""
    since = (t - layer.arrival_s) / layer.rise_s
    rise = np.clip(since, 0.0, 1.0)
    rise = rise * rise * (3.0 - 2.0 * rise)
    after = t - stop_s - (layer.arrival_s - layer.arrival_s.min())
    fall = np.exp(-np.maximum(after, 0.0) / layer.fall_s)
    return np.asarray(rise * (0.12 + 0.88 * fall) * np.maximum(layer.strength, 0.0))


class Swirls:
    """Streaks of contrast and blood that drift with the flow."""

    def __init__(self, rng: np.random.Generator, layer: Layer) -> None:
        noise = rng.standard_normal((1024, 48)).astype(np.float32)
        field = ndimage.gaussian_filter(noise, (16.0, 3.2), mode="wrap")
        field += 0.25 * ndimage.gaussian_filter(noise[::-1], (7.0, 2.0), mode="wrap")
        self._field = (field / field.std()).ravel()
        self._row = (layer.shadow.s_mm * 2.0).astype(np.int64)
        self._column = np.clip((layer.shadow.side + 1.0) * 24.0, 0, 47).astype(np.int64)

    def at(self, t: float) -> Image:
        """Relative concentration of each pixel of the layer."""
        row = (self._row + int(t * 120.0)) % 1024
        return np.asarray(1.0 + 0.09 * self._field[row * 48 + self._column], dtype=np.float32)


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

    def __init__(self, plan: RunPlan, anatomy: Anatomy, dust: tuple[Floats, Floats], seed: int) -> None:
        self.plan = plan
        self.motion_px = motion_px(plan, seed)
        carm, size = plan.carm, plan.carm.size_px
        rng = np.random.default_rng([seed, 29, round(carm.primary_deg)])
        tools, self.markers_mm = _tools(plan, anatomy)
        still = trunk(carm, rng) + muscles(carm) + bones(carm, dust, seed)
        still = still - float(np.median(still)) + tools
        self._still = np.asarray(still, dtype=np.float32)
        self._gas = bowel_gas(carm, seed)
        self._joined, self._apart = contrast_layers(plan, anatomy)
        self._swirls = Swirls(rng, self._joined[0])
        self._noise = self._noise_pool(rng, size)

    @staticmethod
    def _noise_pool(rng: np.random.Generator, size: int) -> Sequence[Image]:
        """Detector-blurred unit noise, larger than a frame, to be cut out at random."""
        pool = []
        for _ in range(3):
            raw = rng.standard_normal((size + 160, size + 160), dtype=np.float32)
            soft = ndimage.uniform_filter1d(ndimage.uniform_filter1d(raw, 2, axis=0), 2, axis=1)
            soft = 0.55 * soft / soft.std() + 0.6 * raw
            pool.append(np.asarray(soft / soft.std(), dtype=np.float32))
        return pool

    def contrast(self, index: int) -> Image:
        """Attenuation by contrast on frame `index`, patient not moved, shape (size, size)."""
        t = float(self.plan.times_s[index])
        stop = self.plan.injection_s[1]
        size = self.plan.carm.size_px
        image = np.zeros(size * size, dtype=np.float32)
        for k, layer in enumerate(self._joined):
            here = _concentration(layer, t, stop) * layer.shadow.length_mm
            if k == 0:
                here *= self._swirls.at(t)
            where = layer.shadow.index
            image[where] = np.maximum(image[where], here)
        for layer in self._apart:
            here = _concentration(layer, t, stop + 1.0) * layer.shadow.length_mm
            image[layer.shadow.index] += here
        image = IODINE_PER_MM * image.reshape(size, size)
        return np.asarray(ndimage.gaussian_filter(image, 1.1 * size / 1024), dtype=np.float32)

    def frame(self, index: int) -> NDArray[np.uint16]:
        """Stored values of frame `index`, shape (size, size)."""
        size = self.plan.carm.size_px
        rng = np.random.default_rng([index, size, round(self.plan.carm.primary_deg), 31])
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
