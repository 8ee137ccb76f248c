"""How contrast runs up the vein: arrival, dilution, streaming, collaterals, washout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from viewer.phantom.anatomy import Anatomy, Tube
from viewer.phantom.carm import CArm
from viewer.phantom.curves import Floats
from viewer.phantom.shadows import Image, TubeShadow, round_tube_shadow, tube_shadow
from viewer.phantom.thrombus import CLEAR, Thrombus


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


def flow_s(anatomy: Anatomy, s_mm: ArrayLike) -> Floats:
    """Time the contrast takes from the femoral end of the path to `s_mm`, s."""
    grid = np.arange(-80.0, anatomy.path_length_mm + 80.0, 1.0)
    area = anatomy.section_at(grid)[0]
    speed = np.clip(98.0 * (150.0 / area) ** 0.45, 70.0, 150.0)
    stenosis = np.exp(-(((grid - anatomy.stenosis_s_mm[1] - 6.0) / 14.0) ** 2))
    pace = (1.0 + 0.9 * stenosis) / speed  # it waits below the narrowing
    elapsed = np.cumsum(pace[::-1])[::-1]
    elapsed -= np.interp(anatomy.path_length_mm, grid, elapsed)
    return np.asarray(np.interp(np.asarray(s_mm, dtype=np.float64), grid, elapsed))


def _strength(anatomy: Anatomy, s_mm: Image, side: Image) -> Floats:
    """Share of undiluted contrast along and across the vein."""
    marks = anatomy.landmarks_s_mm
    keys = ("confluence", "artery_crossing", "internal_iliac", "inguinal", "profunda")
    conf, crossing, internal, inguinal, profunda = (marks[k] for k in keys)
    places = (
        -80,
        conf - 25,
        conf,
        crossing,
        crossing + 14,
        internal - 4,
        internal + 8,
        inguinal,
        profunda,
        profunda + 9,
        profunda + 80,
    )
    shares = (0.50, 0.60, 0.68, 0.80, 0.96, 0.97, 1.0, 1.0, 1.04, 1.12, 1.15)
    share = np.interp(s_mm, places, shares)
    # Clear blood from the right side runs beside the contrast in the cava.
    clear = 0.62 / (1.0 + np.exp((side * _left_sign(anatomy) + 0.18) / 0.17))
    beside = np.interp(s_mm, (conf - 75, conf - 22, conf - 2, conf + 3), (0.25, 0.75, 1.0, 0.0))
    thigh = np.interp(s_mm, (profunda - 10, profunda, profunda + 14), (0.0, 0.30, 0.0))
    shared = share * (1.0 - clear * beside) * (1.0 - thigh * (side > 0.35))
    return np.asarray(shared, dtype=np.float64)


def _left_sign(anatomy: Anatomy) -> float:
    """+1 where `side` grows towards the patient's left in the cava (seen from the front)."""
    tangent = anatomy.vein.tangent_at(10.0)
    return float(np.sign(np.cross(tangent, np.array([0.0, -1.0, 0.0]))[0]))


def _branch_layer(
    plan: RunPlan,
    tube: Tube,
    start_s: float,
    share: tuple[float, float],
    speed: float,
    spread_s: float,
    apart: bool = False,
) -> Layer:
    radius = tube.radius_at(tube.curve.s_mm)
    shadow = round_tube_shadow(plan.carm, tube.curve, radius)
    begin = 0.0 if apart else share[0]  # a vessel that lies over another grows out of it
    places = (0.0, 5.0, tube.curve.s_mm[-1])
    strength = np.interp(shadow.s_mm, places, (begin, share[0], share[1]))
    arrival = start_s + shadow.s_mm / speed
    return Layer(shadow, arrival.astype(np.float32), strength.astype(np.float32), spread_s, 1.6)


def contrast_layers(
    plan: RunPlan, anatomy: Anatomy, thrombus: Thrombus = CLEAR
) -> tuple[list[Layer], list[Layer]]:
    """Vessels joined to the vein (they merge with it), and collaterals (they lie over it)."""
    vein = anatomy.vein
    shadow = tube_shadow(plan.carm, vein, *anatomy.half_axes_at(vein.s_mm))
    start = plan.injection_s[0]
    # faster in the middle of the vein than at its wall
    lag = 0.16 * shadow.side**2
    arrival = start + flow_s(anatomy, shadow.s_mm) + lag
    strength = _strength(anatomy, shadow.s_mm, shadow.side)
    strength = strength * thrombus.contrast_left(shadow.s_mm, shadow.side)
    main = Layer(
        shadow,
        arrival.astype(np.float32),
        strength.astype(np.float32),
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
        _branch_layer(plan, internal, when("internal_iliac") + 0.25, (0.95, -0.25), 42.0, 0.6),
        _branch_layer(plan, saphenous, when("saphenofemoral") + 0.2, (0.7, -0.5), 50.0, 0.4),
        _branch_layer(plan, profunda, when("profunda") + 0.2, (0.85, -0.35), 50.0, 0.4),
    ]
    late = when("internal_iliac") + 0.5
    lumbar, sacral, pelvic = anatomy.collaterals
    apart = [
        _branch_layer(plan, lumbar, late, (1.0, 0.75), 70.0, 0.6, apart=True),
        _branch_layer(plan, sacral, late + 0.5, (0.9, 0.6), 48.0, 0.7, apart=True),
        _branch_layer(plan, pelvic, late + 0.8, (0.8, 0.4), 45.0, 0.7, apart=True),
    ]
    return joined, apart


def concentration(layer: Layer, t: float, stop_s: float) -> Image:
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
