"""Lumbar spine, pelvis and femora as dust on their surfaces and inside, for the X-ray.

A thin shell looks darkest where the ray grazes it: that is what draws the cortical lines of a
real radiograph, and comes for free when the dust lies evenly on the surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from viewer.phantom.anatomy import MIDLINE_X_MM
from viewer.phantom.curves import Floats, smooth_curve

MIDDLE_MM = np.array([MIDLINE_X_MM, 0.0, 0.0])
Knots = Sequence[tuple[float, float, float]]


@dataclass
class Dust:
    """Points with the volume of bone each stands for.

    Attributes
    ----------
    density : float
        Points a square millimetre of surface is given, against those of a 1024 px detector.
    """

    rng: np.random.Generator
    density: float = 1.0
    points: list[Floats] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)

    def add(self, points_mm: Floats, volume_mm3: float | Floats) -> None:
        """Take points in; `volume_mm3` is shared evenly or given for each."""
        count = len(points_mm)
        each = np.full(count, volume_mm3 / count) if isinstance(volume_mm3, float) else volume_mm3
        self.points.append(points_mm)
        self.weights.append(np.asarray(each, dtype=np.float64))

    def both_sides(self, points_mm: Floats, volume_mm3: float) -> None:
        """Take points in, and their mirror images about the middle of the body.

        `points_mm` count x from the middle; the mirror image is a little different.
        """
        for sign in (1.0, -1.0):
            here = points_mm * (sign, 1.0, 1.0) + MIDDLE_MM
            self.add(here, volume_mm3)

    def count(self, area_mm2: float) -> int:
        """How many points a surface deserves."""
        return max(400, int(area_mm2 * 6.5 * self.density))


def _tube(
    dust: Dust, knots: Knots, radii: ArrayLike, cortex_mm: float, inside: float, flat: float = 1.0
) -> tuple[Floats, float]:
    """Points of a bone along a curve, and its bone volume.

    Parameters
    ----------
    radii : array_like
        Radius at evenly spread places of the curve, mm.
    cortex_mm : float
        Thickness of the shell.
    inside : float
        Bone share of the inside.
    flat : float
        Front-to-back radius over left-to-right radius.
    """
    curve = smooth_curve(knots, step_mm=1.0)
    length = float(curve.s_mm[-1])
    radii = np.asarray(radii, dtype=np.float64)
    mean_radius = float(radii.mean())
    shell_mm3 = 2 * np.pi * mean_radius * length * cortex_mm
    inner_mm3 = np.pi * mean_radius**2 * flat * length * inside
    n = dust.count(2 * np.pi * mean_radius * length)
    where, turn, mix = dust.rng.random((3, n))
    spread = where + 0.05 * dust.rng.standard_normal(n)  # no sawn-off ends
    where = np.where((spread < 0.0) | (spread > 1.0), where, spread)
    radius = np.interp(where, np.linspace(0.0, 1.0, len(radii)), radii)
    solid = mix < inner_mm3 / (inner_mm3 + shell_mm3)
    fraction = np.where(solid, np.sqrt(dust.rng.random(n)), 1.0)
    tangent = curve.tangent_at(where * length)
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    one = np.cross(tangent, helper)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    two = np.cross(tangent, one)
    angle = 2 * np.pi * turn
    offset = (fraction * radius)[:, None] * (
        np.cos(angle)[:, None] * one + flat * np.sin(angle)[:, None] * two
    )
    return curve.at(where * length) + offset, shell_mm3 + inner_mm3


def _ball(
    dust: Dust, center: ArrayLike, radii: ArrayLike, cortex_mm: float, inside: float
) -> tuple[Floats, float]:
    """Points of an ellipsoid, and its bone volume."""
    axes = np.asarray(radii, dtype=np.float64)
    r = float(np.cbrt(axes.prod()))
    shell_mm3, inner_mm3 = 4 * np.pi * r**2 * cortex_mm, 4 / 3 * np.pi * r**3 * inside
    n = dust.count(4 * np.pi * r**2)
    direction = dust.rng.standard_normal((n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    solid = dust.rng.random(n) < inner_mm3 / (inner_mm3 + shell_mm3)
    fraction = np.where(solid, np.cbrt(dust.rng.random(n)), 1.0)
    return np.asarray(center) + direction * fraction[:, None] * axes, shell_mm3 + inner_mm3


def _sheet(dust: Dust, net: ArrayLike, thickness_mm: float) -> tuple[Floats, float]:
    """Points of a curved plate through a net of knots, shape (rows, columns, 3), and volume."""
    from scipy.interpolate import RectBivariateSpline

    knots = np.asarray(net, dtype=np.float64)
    rows, columns = knots.shape[:2]
    v, u = np.linspace(0, 1, rows), np.linspace(0, 1, columns)
    splines = [
        RectBivariateSpline(v, u, knots[..., k], kx=min(3, rows - 1), ky=min(3, columns - 1))
        for k in range(3)
    ]
    fine = np.linspace(0.0, 1.0, 40)
    mesh = np.stack([s(fine, fine) for s in splines], axis=-1)
    du, dv = np.diff(mesh, axis=1)[:-1], np.diff(mesh, axis=0)[:, :-1]
    cell = np.linalg.norm(np.cross(du, dv), axis=-1)
    area = float(cell.sum())
    n = dust.count(area)
    chosen = dust.rng.choice(cell.size, n, p=cell.ravel() / area)
    at_v = (chosen // cell.shape[1] + dust.rng.random(n)) / 39.0
    at_u = (chosen % cell.shape[1] + dust.rng.random(n)) / 39.0
    points = np.stack([s(at_v, at_u, grid=False) for s in splines], axis=-1)
    return points, area * thickness_mm


def _vertebra(dust: Dust, z: float, y: float, lean: float, size: float = 1.0) -> None:
    """One lumbar vertebra: body with end plates, pedicles, arch, processes."""
    half, wide, deep = 13.5 * size, 24.5 * size, 17.0 * size
    n = dust.count(2 * np.pi * 21 * 2 * half)
    kind, along, turn = dust.rng.random((3, n))
    h = np.where(kind < 0.36, np.where(along < 0.5, -1.0, 1.0), 2.0 * along - 1.0)
    plate, solid = kind < 0.36, kind > 0.72
    fraction = np.where(plate | solid, np.sqrt(dust.rng.random(n)), 1.0)
    waist = 1.0 - 0.13 * (1.0 - h**4)
    angle = 2 * np.pi * turn
    dish = np.where(plate, -2.2 * (1.0 - fraction**2) * np.sign(h), 0.0)
    body = np.stack(
        [
            fraction * waist * wide * np.cos(angle),
            y + fraction * waist * deep * np.sin(angle) + lean * h,
            z + h * half + dish,
        ],
        axis=1,
    )
    dust.add(body + MIDDLE_MM, 9000.0 * size**3)
    back = y + deep
    for knots, radii, cortex, inside in (
        (((15.0, back - 3, z + 4), (15.5, back + 10, z + 4)), (5.2, 5.2), 1.6, 0.05),
        (
            ((20.0, back + 8, z + 3), (33.0, back + 9, z + 5), (46.0, back + 7, z + 7)),
            (5.0, 3.6, 3.4),
            0.7,
            0.08,
        ),
        (
            ((15.0, back + 14, z + 10), (17.0, back + 16, z - 4), (18.0, back + 17, z - 19)),
            (5.5, 5.0, 6.5),
            0.8,
            0.12,
        ),
    ):
        dust.both_sides(*_tube(dust, knots, radii, cortex, inside, 1.2))
    spine, volume = _tube(
        dust, ((0.0, back + 14, z - 4), (0.5, back + 38, z - 11)), (4.0, 3.2), 1.1, 0.10, 2.6
    )
    dust.add(spine + MIDDLE_MM, volume)


def _sacrum(dust: Dust) -> None:
    net = [
        [(-52, 36, 31), (-26, 32, 35), (0, 29, 36), (26, 32, 35), (52, 36, 31)],
        [(-49, 46, 10), (-24, 44, 12), (0, 43, 13), (24, 44, 12), (49, 46, 10)],
        [(-38, 58, -16), (-19, 58, -14), (0, 58, -13), (19, 58, -14), (38, 58, -16)],
        [(-24, 66, -46), (-12, 67, -45), (0, 67, -45), (12, 67, -45), (24, 66, -46)],
        [(-9, 56, -74), (-5, 56, -74), (0, 56, -75), (5, 56, -74), (9, 56, -74)],
    ]
    points, volume = _sheet(dust, net, 4.2)
    hole = np.ones(len(points))
    for z, x in ((15.0, 19.0), (-4.0, 18.0), (-22.0, 16.0), (-38.0, 14.0)):
        d = np.hypot((np.abs(points[:, 0]) - x) / 1.25, points[:, 2] - z)
        hole *= np.where(d < 4.0, 0.5, np.where(d < 6.0, 1.3, 1.0))
    weights = hole * volume / len(points)
    dust.add(points + MIDDLE_MM, weights)
    back, volume = _sheet(dust, np.asarray(net) * (0.82, 1.0, 1.0) + (0.0, 17.0, -2.0), 3.0)
    dust.add(back + MIDDLE_MM, volume)
    for row in net[1:4]:  # the fused discs
        line = [(0.62 * x, y - 1.0, z + 9.0) for x, y, z in row]
        points, volume = _tube(dust, line, (1.6, 1.6), 1.0, 0.3)
        dust.add(points + MIDDLE_MM, 0.7 * volume)


WING_NET = (
    ((46, 46, 0), (56, 36, -14), (70, 18, -36), (82, 0, -56), (97, -14, -60)),
    ((47, 54, 24), (64, 42, 16), (84, 26, 2), (100, 4, -22), (112, -18, -38)),
    ((48, 60, 45), (70, 50, 44), (96, 34, 32), (116, 10, 8), (124, -22, -12)),
    ((51, 66, 57), (74, 56, 72), (104, 40, 68), (127, 14, 45), (131, -28, 10)),
)


def _pelvis(dust: Dust) -> None:
    net = np.asarray(WING_NET, dtype=np.float64)
    points, volume = _sheet(dust, net, 3.4)
    dust.both_sides(points, volume)
    tubes: tuple[tuple[Knots, tuple[float, ...], float, float], ...] = (
        ([tuple(p) for p in net[3]], (4.0, 5.2, 5.5, 5.0, 4.5), 1.0, 0.16),  # crest
        ([(47, 40, 34), (46, 50, 12), (46, 49, -6)], (3.0, 4.5, 3.0), 0.9, 0.05),  # sacroiliac
        ([tuple(p) for p in net[0, :4]] + [(66, -14, -68)], (4.5, 4.5, 5.5, 7.0, 8.0), 1.1, 0.07),
        (
            [(84, -10, -64), (62, -16, -69), (38, -25, -79), (17, -33, -89), (4, -35, -96)],
            (9.5, 8.0, 6.5, 7.5, 9.0),
            0.8,
            0.11,
        ),  # superior ramus
        (
            [(5, -34, -94), (7, -30, -112), (24, -16, -132), (50, 14, -150)],
            (8.5, 7.0, 6.0, 9.0),
            0.7,
            0.11,
        ),  # inferior ramus
        (
            [(90, 22, -78), (76, 26, -105), (62, 24, -140), (58, 22, -165)],
            (12.0, 10.5, 13.0, 14.0),
            0.8,
            0.09,
        ),  # ischium
        ([(115, 4, -92), (126, 6, -99), (137, 9, -108)], (15.0, 14.0, 16.0), 1.0, 0.06),  # neck
        (
            [(137, 10, -100), (134, 9, -120), (132, 8, -150), (129, 6, -200)],
            (14.5, 16.0, 14.5, 13.5),
            2.4,
            0.06,
        ),  # shaft
    )
    for knots, radii, cortex, inside in tubes:
        dust.both_sides(*_tube(dust, knots, radii, cortex, inside))
    dust.both_sides(*_ball(dust, (100, 2, -84), (23.5, 23.5, 23.5), 1.0, 0.075))
    dust.both_sides(*_ball(dust, (143, 12, -96), (13.0, 15.0, 17.0), 1.0, 0.10))
    cup, volume = _ball(dust, (100, 3, -84), (27.5, 27.5, 27.5), 2.4, 0.0)
    roof = (cup - (100, 3, -84)) @ np.array([-0.55, 0.15, 0.82]) > 4.0
    dust.both_sides(cup[roof], volume * float(roof.mean()))


def bone_dust(seed: int, density: float = 1.0) -> tuple[Floats, Floats]:
    """All bones in the field.

    Returns
    -------
    points_mm : ndarray, shape (n, 3)
        LPS, mm.
    volume_mm3 : ndarray, shape (n,)
        Volume of compact bone each point stands for.
    """
    dust = Dust(np.random.default_rng([seed, 11]), density)
    for z, y, lean, size in (
        (160.0, 30.0, 0.0, 0.97),
        (124.0, 29.0, 0.0, 1.0),
        (88.0, 29.0, -1.0, 1.02),
        (52.5, 30.0, -3.0, 1.03),
    ):
        _vertebra(dust, z, y, lean, size)
    _sacrum(dust)
    _pelvis(dust)
    points = np.concatenate(dust.points)
    return _grown(points, dust.rng), np.concatenate(dust.weights)


def _grown(points_mm: Floats, rng: np.random.Generator) -> Floats:
    """Bones are not turned on a lathe: bend them by a smooth random field of about 1 mm."""
    fine = points_mm.astype(np.float32)
    bend = np.zeros_like(fine)
    for wavelength_mm, amount_mm in ((110.0, 1.8), (60.0, 0.9), (34.0, 0.35), (20.0, 0.12)):
        waves = rng.standard_normal((3, 3))
        waves *= 2 * np.pi / wavelength_mm / np.linalg.norm(waves, axis=0)
        waves = waves.astype(np.float32)
        phase = (rng.random(3) * 2 * np.pi).astype(np.float32)
        bend += np.float32(amount_mm) * np.sin(fine @ waves + phase)
    return points_mm + bend
