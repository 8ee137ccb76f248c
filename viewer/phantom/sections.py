"""What lies in the plane of every IVUS frame: lumen outline, catheter, neighbours, motion.

Plane coordinates are (left, front) in mm from the middle of the lumen: towards the patient's left
and towards the front. On the image, before rotation, left is to the right and front is up (seen
from the feet, as in CT).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from viewer.phantom.anatomy import Anatomy, Tube
from viewer.phantom.curves import Floats, frame_of
from viewer.phantom.pull import Pull

HEART_HZ = 1.13
BREATH_HZ = 0.23
CATHETER_RADIUS_MM = 1.37
"""8.2 French."""
OUTLINE_POINTS = 192


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A vessel crossing the planes beside the lumen; NaN where it does not.

    Attributes
    ----------
    center_mm : ndarray, shape (frames, 2)
        (left, front) from the middle of the lumen.
    half_axes_mm : ndarray, shape (frames, 2)
        Long and short half axis.
    angle_rad : ndarray, shape (frames,)
        Of the long axis, from left to front.
    """

    name: str
    is_artery: bool
    center_mm: Floats
    half_axes_mm: Floats
    angle_rad: Floats


@dataclass(frozen=True, slots=True)
class Sections:
    """Cross sections of a pullback, one a frame.

    Attributes
    ----------
    outline_mm : ndarray, shape (frames, OUTLINE_POINTS, 2)
        Lumen, (left, front) from the middle of the lumen.
    catheter_mm : ndarray, shape (frames, 2)
        Middle of the catheter, same coordinates.
    rotation_rad : ndarray, shape (frames,)
        The image is turned clockwise by this.
    bone_mm : ndarray, shape (frames,)
        Distance of the spine behind the middle of the lumen; large where there is none.
    """

    outline_mm: Floats
    catheter_mm: Floats
    rotation_rad: Floats
    bone_mm: Floats
    neighbours: tuple[Neighbour, ...]

    def to_image_mm(self, points_mm: Floats) -> Floats:
        """(left, front) from the lumen's middle → (right, down) from the catheter on the image.

        Parameters
        ----------
        points_mm : ndarray, shape (frames, n, 2)
        """
        seen = points_mm - self.catheter_mm[:, None, :]
        cos, sin = np.cos(self.rotation_rad)[:, None], np.sin(self.rotation_rad)[:, None]
        x, y = seen[..., 0], -seen[..., 1]
        return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)


def _waves(rng: np.random.Generator, s_mm: Floats, length_mm: float, rows: int) -> Floats:
    """Smooth curves along the vessel, about -1 to 1, shape (rows, len(s))."""
    phase = rng.uniform(0, 2 * np.pi, (2, rows, 1))
    first = np.sin(2 * np.pi * s_mm / length_mm + phase[0])
    return np.asarray(0.7 * first + 0.45 * np.sin(4.1 * np.pi * s_mm / length_mm + phase[1]))


def _outline(anatomy: Anatomy, pull: Pull, toward_artery: Floats, seed: int) -> Floats:
    """Lumen outlines: an ellipse, a little irregular, dented by the artery, breathing."""
    rng = np.random.default_rng([seed, 43])
    s, t = pull.s_mm, pull.times_s
    area, aspect, tilt = anatomy.section_at(s)
    breath, beat = np.sin(2 * np.pi * BREATH_HZ * t), np.sin(2 * np.pi * HEART_HZ * t + 1.0)
    area = area * (1.0 + 0.022 * breath + 0.008 * beat)
    aspect = aspect * (1.0 + 0.02 * breath - 0.012 * beat)
    major = np.sqrt(area / (np.pi * aspect))[:, None]
    turn = np.linspace(0.0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
    x, y = major * np.cos(turn), major * aspect[:, None] * np.sin(turn)
    angle = np.arctan2(y, x)
    bumps = _waves(rng, s, 47.0, 4)
    flat = np.clip((aspect - 0.25) / 0.5, 0.15, 1.0)[:, None]
    factor = 1.0 + flat * sum(
        0.017 * bumps[k][:, None] * np.cos((k + 2) * angle + 1.3 * k) for k in range(4)
    )
    pressed = np.clip((0.66 - aspect) / 0.35, 0.0, 1.0)[:, None]
    cos, sin = np.cos(tilt)[:, None], np.sin(tilt)[:, None]
    x, y = factor * (cos * x - sin * y), factor * (sin * x + cos * y)
    dent = np.exp(-0.5 * ((x - toward_artery[:, :1]) / (0.42 * major)) ** 2)
    y = y - 0.75 * pressed * dent * (y > 0) * np.clip(y / 2.0, 0.0, 1.0)
    outline = np.stack([x, y], axis=-1)
    scale = np.sqrt(area / polygon_area(outline))
    return outline * scale[:, None, None]


def polygon_area(points: Floats) -> Floats:
    """Area inside closed polygons by the shoelace formula, shape (...) for (..., n, 2)."""
    x, y = points[..., 0], points[..., 1]
    cross = x * np.roll(y, -1, axis=-1) - np.roll(x, -1, axis=-1) * y
    return np.asarray(0.5 * np.abs(cross.sum(-1)))


def diameters(points: Floats) -> tuple[Floats, Floats]:
    """Shortest and longest chord through the centroid of closed polygons, shape (...) each.

    Parameters
    ----------
    points : ndarray, shape (frames, n, 2)
        Outlines that every ray from the centroid leaves once.
    """
    x, y = points[..., 0], points[..., 1]
    nx, ny = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    cross = x * ny - nx * y
    total = 3.0 * cross.sum(-1)
    center = np.stack([((x + nx) * cross).sum(-1) / total, ((y + ny) * cross).sum(-1) / total], -1)
    radius = radii_from(points, center, np.linspace(0.0, 2 * np.pi, 360, endpoint=False))
    chord = radius[:, :180] + radius[:, 180:]
    return chord.min(1), chord.max(1)


def radii_from(points: Floats, center: Floats, angles: Floats) -> Floats:
    """Distance from `center` to a closed outline along `angles`, shape (frames, len(angles))."""
    seen = points - center[:, None, :]
    at = np.mod(np.arctan2(seen[..., 1], seen[..., 0]), 2 * np.pi)
    far = np.hypot(seen[..., 0], seen[..., 1])
    order = np.argsort(at, axis=1)
    at, far = np.take_along_axis(at, order, 1), np.take_along_axis(far, order, 1)
    return np.stack(
        [np.interp(angles, a, r, period=2 * np.pi) for a, r in zip(at, far, strict=True)]
    )


def _neighbour(anatomy: Anatomy, tube: Tube, pull: Pull, is_artery: bool) -> Neighbour:
    """Where a tube crosses the plane of each frame (the crossing nearest the lumen)."""
    curve = tube.curve
    origin, normal = anatomy.vein.at(pull.s_mm), anatomy.vein.tangent_at(pull.s_mm)
    left, front = frame_of(normal)
    samples = curve.xyz_mm[::2]
    seen = samples[None] - origin[:, None]
    height = np.einsum("fnk,fk->fn", seen, normal)
    across = np.einsum("fnk,fk->fn", seen, left), np.einsum("fnk,fk->fn", seen, front)
    far = np.hypot(*across)
    crossing = (height[:, :-1] * height[:, 1:] <= 0) & (far[:, :-1] < 32.0)
    cost = np.where(crossing, far[:, :-1], np.inf)
    pick = np.argmin(cost, axis=1)
    rows = np.arange(pull.frames)
    found = np.isfinite(cost[rows, pick])
    h0, h1 = height[rows, pick], height[rows, pick + 1]
    part = np.where(found, h0 / np.where(h0 == h1, 1.0, h0 - h1), 0.0)
    center = np.stack(
        [a[rows, pick] + part * (a[rows, pick + 1] - a[rows, pick]) for a in across], 1
    )
    s_here = curve.s_mm[::2][pick]
    tangent = curve.tangent_at(s_here)
    slope = np.abs((tangent * normal).sum(1))
    radius = tube.radius_at(s_here)
    beat = np.sin(2 * np.pi * HEART_HZ * pull.times_s)
    if is_artery:
        radius = radius * (1.0 + 0.045 * beat + 0.02 * np.sin(4 * np.pi * HEART_HZ * pull.times_s))
    half_axes = np.stack([radius / np.clip(slope, 0.62, 1.0), radius], axis=1)
    angle = np.arctan2((tangent * front).sum(1), (tangent * left).sum(1))
    missing = np.where(found, 0.0, np.nan)
    return Neighbour(
        tube.name, is_artery, center + missing[:, None], half_axes + missing[:, None], angle
    )


def _catheter(outline: Floats, pull: Pull, seed: int) -> Floats:
    """A catheter that lies against one wall and then another, always inside the lumen."""
    rng = np.random.default_rng([seed, 47])
    wander = _waves(rng, pull.s_mm, 83.0, 2) + 0.3 * _waves(rng, pull.s_mm, 31.0, 2)
    beat = 0.02 * np.sin(2 * np.pi * HEART_HZ * pull.times_s)
    direction = np.stack([wander[0], wander[1] - 0.25], axis=1) + beat[:, None]
    angle = np.mod(np.arctan2(direction[:, 1], direction[:, 0]), 2 * np.pi)
    grid = np.linspace(0.0, 2 * np.pi, 180, endpoint=False)
    room = ndimage.gaussian_filter(
        radii_from(outline, 0.0 * direction, grid), (3.0, 2.0), mode=("nearest", "wrap")
    )
    room = room[np.arange(pull.frames), np.rint(angle / grid[1]).astype(np.int64) % 180]
    free = np.maximum(room - CATHETER_RADIUS_MM - 0.9, 0.0)
    reach = 0.78 * np.tanh(0.8 * np.hypot(direction[:, 0], direction[:, 1]))
    flat = np.minimum(np.abs(outline[..., 1]).max(1) / 5.0, 1.0)
    offset = np.stack([np.cos(angle), flat * np.sin(angle)], axis=1) * (reach * free)[:, None]
    return np.asarray(offset)


def sections_of(anatomy: Anatomy, pull: Pull, seed: int) -> Sections:
    """All cross sections of a pull."""
    rng = np.random.default_rng([seed, 53])
    arteries = tuple(_neighbour(anatomy, t, pull, True) for t in anatomy.arteries)
    veins = tuple(_neighbour(anatomy, t, pull, False) for t in anatomy.veins)
    over = np.nan_to_num(arteries[1].center_mm)
    outline = _outline(anatomy, pull, over, seed)
    marks = anatomy.landmarks_s_mm
    crossing = marks["artery_crossing"]
    drift = _waves(rng, pull.s_mm, 210.0, 1)[0] * 10.0
    drift = drift - np.interp(crossing, pull.s_mm, drift) + 3.0
    back = -outline[..., 1].min(axis=1)
    ways = (0.0, crossing - 40, crossing - 6, crossing + 8, crossing + 20, crossing + 30)
    gap = np.interp(pull.s_mm, ways, (5.5, 4.0, 1.9, 2.2, 6.0, 22.0))
    return Sections(
        outline, _catheter(outline, pull, seed), np.radians(drift), back + gap, (*arteries, *veins)
    )
