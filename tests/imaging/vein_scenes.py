"""Runs of made-up veins with exact truth, unlike the program's own phantom in all but physics.

A scene is drawn in the image plane: courses and half widths in px of a 1024 x 1024 image are
scaled to the image's size; density is the chord through a round vessel times its concentration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Vessel:
    """A vessel: dense course (n, 2) px, half width (n,) px, concentration (n,), 1 is full."""

    course_px: Floats
    half_px: Floats
    strength: Floats
    streaming: float = 0.0  # how much paler its right-hand side is

    @property
    def arc_px(self) -> Floats:
        """Length along the course, px."""
        return np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(self.course_px, axis=0).T))))


@dataclass(frozen=True)
class Scene:
    """What to draw.

    Attributes
    ----------
    size_px : int
    mm_per_px : float
    vein : Vessel
        The one whose course is the truth.
    others : tuple of Vessel
        Veins that fill as well.
    still : tuple of Vessel
        Catheters: there before contrast.
    """

    name: str
    size_px: int
    mm_per_px: float
    vein: Vessel
    others: tuple[Vessel, ...] = ()
    still: tuple[Vessel, ...] = ()
    bones: bool = True
    noise: float = 1.0
    shift_px: float = 0.6
    inverted: bool = False
    gap_mm: tuple[float, float] | None = None
    seed: int = 0
    clicks: tuple[float, ...] = (0.03, 0.97)
    off_px: float = 3.0
    levels: float = field(default=1800.0)

    def truth_px(self) -> Floats:
        """The vein's course, (n, 2)."""
        return self.vein.course_px

    def click_points(self, offset: int = 0) -> list[tuple[float, float]]:
        """Where a reader clicks: on the vein, 2-4 px off at 1024 px."""
        rng = np.random.default_rng([self.seed, 77, offset])
        arc, course = self.vein.arc_px, self.vein.course_px
        points = []
        for share in self.clicks:
            at = share * arc[-1]
            x, y = (np.interp(at, arc, course[:, k]) for k in (0, 1))
            angle = rng.uniform(0, 2 * np.pi)
            off = self.off_px * rng.uniform(0.67, 1.33)
            points.append((x + off * np.cos(angle), y + off * np.sin(angle)))
        return points


def vessel(
    knots: Sequence[tuple[float, float]],
    diameters_mm: Sequence[float],
    scale: float,
    mm_per_px: float,
    strength: float | list[float] = 1.0,
    streaming: float = 0.0,
) -> Vessel:
    """A vessel through knots of a 1024 px image; diameters and strengths spread over its length."""
    points = np.array(knots, float) * scale
    chord = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    t = np.arange(0.0, chord[-1], 0.5)
    course = CubicSpline(chord, points)(t)
    share = t / chord[-1]

    def along(values: Sequence[float]) -> Floats:
        places = np.linspace(0, 1, len(values)) if len(values) > 1 else np.zeros(1)
        return np.asarray(np.interp(share, places, values))

    half = along(diameters_mm) / 2 / mm_per_px
    levels = along(strength if isinstance(strength, list) else [strength])
    return Vessel(course, half, levels, streaming)


IODINE_PER_MM = 0.045


def shadow(item: Vessel, size: int, mm_per_px: float) -> Floats:
    """ln attenuation of a vessel, (size, size)."""
    image = np.zeros((size, size))
    few = slice(None, None, 2)
    course, half, strength = item.course_px[few], item.half_px[few], item.strength[few]
    reach = float(half.max()) + 2
    low = np.floor(course.min(axis=0) - reach).clip(0, size).astype(int)
    high = np.ceil(course.max(axis=0) + reach).clip(0, size).astype(int)
    if (high <= low).any():
        return image
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    at = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)
    distance, nearest = cKDTree(course).query(at, distance_upper_bound=reach)
    inside = np.isfinite(distance)
    nearest = np.where(inside, nearest, 0)
    chord = 2 * np.sqrt(np.maximum(half[nearest] ** 2 - np.where(inside, distance, 1e9) ** 2, 0))
    level = strength[nearest]
    if item.streaming:
        along = np.gradient(course, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
        normal /= np.hypot(*normal.T)[:, None]
        side = ((at - course[nearest]) * normal[nearest]).sum(axis=1) / half[nearest]
        level = level * (1 - item.streaming / (1 + np.exp(-4 * side)))
    values = (IODINE_PER_MM * mm_per_px * chord * level).reshape(y.shape)
    image[low[1] : high[1], low[0] : high[0]] = values
    return image


def _background(scene: Scene, rng: np.random.Generator) -> Floats:
    size = scene.size_px
    y, x = np.mgrid[:size, :size] / size
    image = 0.9 * (x - 0.5) ** 2 + 0.4 * (y - 0.4) ** 2
    image += 0.12 * gaussian_filter(rng.standard_normal((size, size)), size / 30) * size / 30 * 3.5
    if not scene.bones:
        return np.asarray(image)
    for k in range(4):  # vertebrae
        top = 0.02 + 0.14 * k
        box = (np.abs(x - 0.5 - 0.01 * k) < 0.075) & (y > top) & (y < top + 0.11)
        image += 0.35 * gaussian_filter(box.astype(float), size / 500)
    for sign in (-1, 1):  # wings and femoral heads
        wing = ((x - 0.5 - 0.33 * sign) / 0.17) ** 2 + ((y - 0.45) / 0.2) ** 2
        rim = ((wing < 1) & (wing > 0.82)).astype(float) * 0.3 + (wing < 1) * 0.15
        image += gaussian_filter(rim, size / 600)
        head = np.hypot(x - 0.5 - 0.3 * sign, y - 0.83)
        image += gaussian_filter(((head < 0.09) * 0.4), size / 600)
    return np.asarray(image)


def frames(scene: Scene, masks: int = 3, filled: int = 5) -> NDArray[np.uint16]:
    """Stored values, (masks + filled, size, size): without contrast, then as it fills and fades."""
    rng = np.random.default_rng([scene.seed, 5])
    size, mm = scene.size_px, scene.mm_per_px
    still = _background(scene, rng)
    for item in scene.still:
        still += 2.4 * shadow(item, size, mm)
    main = shadow(scene.vein, size, mm)
    if scene.gap_mm is not None:
        arc = scene.vein.arc_px * mm
        lost = (arc >= scene.gap_mm[0]) & (arc <= scene.gap_mm[1])
        kept = Vessel(
            scene.vein.course_px, scene.vein.half_px, np.where(lost, 0.0, scene.vein.strength)
        )
        main = shadow(kept, size, mm)
    for item in scene.others:
        main = np.maximum(main, shadow(item, size, mm))
    main = gaussian_filter(main, 0.9 * size / 1024)
    rows = np.arange(size)[:, None] / size
    out = []
    for index in range(masks + filled):
        share = np.zeros((size, 1))
        if index >= masks:
            step = (index - masks) / max(1, filled - 1)
            share = np.exp(-(((1 - rows) - 0.5 - 0.9 * (step - 0.5)) ** 2) / 0.18)
        total = still + main * share
        if scene.shift_px:
            by = scene.shift_px * size / 1024 * np.sin(1.3 * index)
            low = int(np.floor(by))
            part = by - low
            total = (1 - part) * np.roll(total, low, 0) + part * np.roll(total, low + 1, 0)
        intensity = scene.levels * np.exp(-(total - np.median(still)))
        grain = gaussian_filter(rng.standard_normal((size, size)), 0.6)
        intensity += scene.noise * 1.6 * np.sqrt(intensity / 1.7) * grain
        values = np.clip(intensity, 0, 4095)
        out.append(4095 - values if scene.inverted else values)
    return np.asarray(out).astype(np.uint16)


def scenes() -> dict[str, Scene]:
    """Every scene by name."""
    made: dict[str, Scene] = {}

    def add(name: str, size: int, mm: float, vein: Vessel, **more: object) -> None:
        made[name] = Scene(name, size, mm, vein, seed=len(made) + 1, **more)  # type: ignore[arg-type]

    s, mm = 1.0, 0.26
    left = [(470, 30), (478, 180), (500, 300), (590, 420), (690, 540), (735, 700), (760, 980)]
    right = [(440, 40), (430, 250), (400, 420), (330, 560), (290, 720), (280, 1000)]

    def v(
        knots: Sequence[tuple[float, float]],
        d: Sequence[float],
        st: object = 1.0,
        sc: float = s,
        m: float = mm,
        streaming: float = 0.0,
    ) -> Vessel:
        return vessel(knots, d, sc, m, st, streaming)  # type: ignore[arg-type]

    other_iliac = v([(480, 250), (430, 350), (350, 450), (290, 600), (270, 800)], [14, 12, 10], 0.8)
    add("wide", 1024, mm, v(left, [25, 22, 18, 16, 14, 12]), others=(other_iliac,))
    add("narrow", 1024, mm, v(right, [6, 5, 4.5, 4]), noise=1.3)
    add(
        "stenosis70",
        1024,
        mm,
        v(left, [20, 19, 16, 14, 4.2, 4.2, 13, 13, 12, 11, 10]),
        others=(other_iliac,),
    )
    add(
        "catheter",
        1024,
        mm,
        v(right, [16, 14, 12, 10]),
        still=(
            v([(80, 300), (380, 470), (700, 560), (1000, 700)], [3, 3]),
            v([(440, 10), (425, 250), (395, 420), (335, 560), (295, 720), (285, 1010)], [1.8, 1.8]),
        ),
    )
    add(
        "crossing-vein",
        1024,
        mm,
        v(left, [15, 14, 12, 12]),
        others=(v([(900, 250), (700, 380), (560, 430), (420, 560), (300, 700)], [9, 8], 0.8),),
    )
    add(
        "parallel",
        1024,
        mm,
        v(right, [12, 11, 10, 9]),
        others=(
            v(
                [(520, 60), (505, 250), (470, 420), (400, 560), (350, 720), (340, 1000)],
                [10, 9, 8, 8],
                1.2,
            ),
        ),
    )
    add(
        "collaterals",
        1024,
        mm,
        v(left, [16, 15, 12, 12, 10], [1, 0.9, 0.6, 0.8, 1]),
        others=(
            v(
                [
                    (480, 200),
                    (400, 260),
                    (420, 330),
                    (500, 350),
                    (560, 460),
                    (520, 520),
                    (600, 600),
                    (710, 620),
                ],
                [3.5, 3, 3.5],
                1.3,
            ),
            v(
                [(690, 540), (800, 480), (820, 380), (740, 300), (600, 260), (485, 210)],
                [4, 3.5, 4],
                1.2,
            ),
        ),
    )
    add(
        "occlusion",
        1024,
        mm,
        v(left, [18, 16, 14, 13, 12]),
        gap_mm=(95.0, 122.0),
        others=(v([(560, 380), (640, 330), (740, 360), (780, 460), (720, 600)], [3, 2.5, 3], 1.0),),
    )
    add("streaming", 1024, mm, v(left, [20, 18, 16, 14], streaming=0.6))
    add("pale", 1024, mm, v(right, [14, 12, 11, 10], [1, 0.4, 0.25, 0.3, 0.8, 1]))
    add("mono1", 1024, mm, v(left, [18, 16, 14, 12]), inverted=True)
    add("small512", 512, 0.5, v(left, [20, 18, 14, 12, 10], sc=0.5, m=0.5), noise=1.5, off_px=2.0)
    add("narrow512", 512, 0.4, v(right, [7, 6, 5, 5], sc=0.5, m=0.4), noise=1.5, off_px=2.0)
    add(
        "tortuous",
        1024,
        0.2,
        v(
            [(500, 30), (520, 200), (420, 330), (560, 470), (640, 600), (560, 740), (600, 990)],
            [14, 12, 10, 8],
            m=0.2,
        ),
        clicks=(0.03, 0.55, 0.97),
    )
    add("moved", 1024, mm, v(left, [16, 15, 14, 12]), shift_px=2.5)
    add(
        "zoomed",
        1024,
        0.12,
        v([(300, 30), (420, 300), (600, 560), (640, 990)], [20, 16, 14, 12], m=0.12),
    )
    return made
