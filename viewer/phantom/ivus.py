"""Frames of an IVUS pullback: echoes on polar lines, log compression, scan conversion.

Bright wall, dark lumen with moving speckle, fat and fascia around it, arteries beside it, the
front of the spine with its shadow, and the catheter with its ring-down in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from viewer.phantom.echoes import EchoStore, Map, PolarGrid
from viewer.phantom.pull import Pull
from viewer.phantom.sections import CATHETER_RADIUS_MM, HEART_HZ, Neighbour, Sections, radii_from
from viewer.phantom.thrombus import CLEAR, ECHO, Thrombus, strut_places

SPINE_RADIUS_MM = 26.0
BLOOD, TISSUE, WALL = 0.054, 0.27, 1.15
"""Strength of the echoes against each other."""


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What an image of the pullback is.

    Attributes
    ----------
    field_mm : float
        Diameter of the round field.
    """

    size_px: int
    mm_per_px: float
    field_mm: float
    grid: PolarGrid

    @property
    def center_px(self) -> float:
        """The catheter's place in both directions, px."""
        return (self.size_px - 1) / 2


def _soft(distance_mm: Map, width_mm: float) -> Map:
    """0 inside (negative distance) to 1 outside."""
    share = distance_mm * np.float32(0.5 / width_mm) + np.float32(0.5)
    return np.asarray(np.clip(share, 0.0, 1.0), dtype=np.float32)


def _bump(distance_mm: Map, center_mm: float, width_mm: float) -> Map:
    offset = (distance_mm - np.float32(center_mm)) * np.float32(1.0 / width_mm)
    return np.float32(1.0) / (np.float32(1.0) + offset * offset) ** 2


class Pullback:
    """Makes the frames of one pullback; `frame` may be called from several threads."""

    def __init__(
        self,
        plan: ScanPlan,
        pull: Pull,
        sections: Sections,
        seed: int,
        thrombus: Thrombus = CLEAR,
        stent_s_mm: tuple[float, float] | None = None,
    ) -> None:
        self.plan, self.pull, self.sections = plan, pull, sections
        self._filled = thrombus.fraction_at(pull.s_mm)
        self._age = thrombus.age_at(pull.s_mm)
        self._stent_s_mm = stent_s_mm
        grid = plan.grid
        self._echoes = EchoStore(grid, seed)
        self._r = grid.depth_mm[None, :]
        self._cos, self._sin = np.cos(grid.angle_rad)[:, None], np.sin(grid.angle_rad)[:, None]
        outline = sections.to_image_mm(sections.outline_mm)
        nowhere = np.zeros((pull.frames, 2))
        self._lumen_mm = radii_from(outline, nowhere, grid.angle_rad.astype(np.float64)).astype(
            np.float32
        )
        self._gain = (np.exp(-self._r / 19.0) * 1.12).astype(np.float32)
        self._haze = (0.010 + 0.011 * (self._r / 25.0) ** 2).astype(np.float32)
        around = grid.angle_rad[:, None]
        self._roughness = sum(
            np.float32(0.35 / k**0.5) * np.cos(k * around + np.float32(1.7 * k))
            for k in (3, 7, 12, 19)
        )
        self._ring = self._ring_down()
        self._to_image, self._seen = self._scan_converter()
        self._frame_marks = self._ticks()

    def _scan_converter(self) -> tuple[csr_matrix, NDArray[np.bool_]]:
        """A sparse matrix that turns polar samples to the pixels of the round field."""
        plan, grid = self.plan, self.plan.grid
        axis = (np.arange(plan.size_px) - plan.center_px) * plan.mm_per_px
        x, y = axis[None, :], axis[:, None]
        depth = np.hypot(x, y)
        seen = depth <= plan.field_mm / 2
        at_r = np.clip(depth[seen] / grid.radius_mm * grid.depths - 0.5, 0, grid.depths - 1.001)
        angle = np.mod(np.arctan2(y, x)[seen], 2 * np.pi) * grid.angles / (2 * np.pi)
        a0, r0 = np.floor(angle).astype(np.int32), np.floor(at_r).astype(np.int32)
        fa, fr = angle - a0, at_r - r0
        a0, a1 = a0 % grid.angles, (a0 + 1) % grid.angles
        columns = np.stack([a * grid.depths + r for a in (a0, a1) for r in (r0, r0 + 1)], axis=1)
        weights = np.stack([p * q for p in (1 - fa, fa) for q in (1 - fr, fr)], axis=1)
        count = len(a0)
        starts = np.arange(0, 4 * count + 1, 4, dtype=np.int32)
        matrix = csr_matrix(
            (weights.ravel().astype(np.float32), columns.ravel().astype(np.int32), starts),
            shape=(count, grid.angles * grid.depths),
        )
        return matrix, seen

    def _ring_down(self) -> Map:
        """The catheter and the bright rings around it, grey values, shape (angles, depths)."""
        r = self._r - CATHETER_RADIUS_MM
        spokes = 0.5 + 0.5 * np.cos(64 * self.plan.grid.angle_rad[:, None])
        ring = 205.0 * np.exp(-((r / 0.13) ** 2)) * (0.78 + 0.22 * spokes)
        halo = np.where(
            r > 0, 165.0 * np.exp(-r / 0.55) + 34.0 * np.exp(-(((r - 0.85) / 0.12) ** 2)), 0.0
        )
        core = np.where(r < -0.1, 12.0, 0.0)
        return np.asarray(ring + halo * (0.9 + 0.1 * spokes) + core, dtype=np.float32)

    def _ticks(self) -> NDArray[np.uint8]:
        """Millimetre marks on the left and lower edge, every fifth longer."""
        plan = self.plan
        marks = np.zeros((plan.size_px, plan.size_px), dtype=np.uint8)
        unit = max(1, round(plan.size_px / 170))
        reach = int(plan.field_mm / 2)
        for mm in range(-reach, reach + 1):
            at = round(plan.center_px + mm / plan.mm_per_px)
            if not 0 <= at < plan.size_px or (plan.size_px < 256 and mm % 5):
                continue
            long = unit * (3 if mm % 5 == 0 else 1)
            grey = 200 if mm % 5 == 0 else 110
            marks[at, :long] = grey
            marks[plan.size_px - long :, at] = grey
        return marks

    def _ellipse_distance(self, frame: int, neighbour: Neighbour) -> Map | None:
        """Distance from the outline of a neighbour, mm, negative inside; None when not there."""
        if not np.isfinite(neighbour.center_mm[frame, 0]):
            return None
        both = np.stack(
            [
                neighbour.center_mm[frame],
                neighbour.center_mm[frame]
                + [np.cos(neighbour.angle_rad[frame]), np.sin(neighbour.angle_rad[frame])],
            ]
        )
        one = _at_frame(self.sections, frame, both)
        cx, cy = one[0]
        ax, ay = one[1] - one[0]
        a, b = neighbour.half_axes_mm[frame]
        if np.hypot(cx, cy) - a > self.plan.field_mm / 2 + 3:
            return None
        f = np.float32
        along = (self._cos * f(ax) + self._sin * f(ay)) * self._r - f(cx * ax + cy * ay)
        across = (self._sin * f(ax) - self._cos * f(ay)) * self._r - f(cy * ax - cx * ay)
        level = np.sqrt((along * f(1 / a)) ** 2 + (across * f(1 / b)) ** 2)
        return (level - f(1.0)) * f(b)

    def _spine(self, frame: int) -> tuple[Map, Map] | None:
        """Bright front of a vertebra and the shadow behind it."""
        behind = float(self.sections.bone_mm[frame])
        if behind > 22.0:
            return None
        center = _at_frame(self.sections, frame, np.array([[2.0, -behind - SPINE_RADIUS_MM]]))[0]
        x = self._cos * self._r - np.float32(center[0])
        y = self._sin * self._r - np.float32(center[1])
        distance = np.sqrt(x * x + y * y) - np.float32(SPINE_RADIUS_MM)
        distance += self._roughness
        facing = np.abs(x * self._cos + y * self._sin) / np.float32(SPINE_RADIUS_MM)
        fade = np.float32(np.clip((22.0 - behind) / 8.0, 0.0, 1.0))
        bright = fade * np.float32(2.3) * np.minimum(facing, 1.0) ** 4 * _bump(distance, 0.1, 0.6)
        shadow = np.float32(1.0) - fade * (
            np.float32(1.0) - np.exp(np.minimum(distance * 0.75, 0.0))
        )
        return bright, shadow

    def echoes(self, frame: int) -> Map:
        """Echo strength of frame `frame` before speckle is compressed, shape (angles, depths)."""
        beat = np.sin(2 * np.pi * HEART_HZ * self.pull.times_s[frame])
        s = float(self.pull.s_mm[frame] + 0.15 * beat)  # tissue moves under a resting catheter
        turn = round(float(self.sections.rotation_rad[frame]) * self.plan.grid.angles / (2 * np.pi))
        border = self._lumen_mm[frame][:, None]
        slope = (np.roll(border, -1, 0) - np.roll(border, 1, 0)) * np.float32(
            self.plan.grid.angles / (4 * np.pi)
        )
        facing = border / np.hypot(border, slope)
        lumen = own = (self._r - border) * facing
        artery: Map | None = None
        for neighbour in self.sections.neighbours:
            distance = self._ellipse_distance(frame, neighbour)
            if distance is None:
                continue
            if neighbour.is_artery:
                artery = distance if artery is None else np.minimum(artery, distance)
            else:
                lumen = np.minimum(lumen, distance)
        texture = self._echoes.texture(s, turn)
        outside = np.exp(np.maximum(lumen, 0.0) * np.float32(-1 / 3.2))
        solid = np.float32(TISSUE) * texture * (np.float32(0.75) + np.float32(1.9) * outside)
        gleam = np.float32(0.30) + np.float32(0.70) * facing**6
        solid += np.float32(WALL) * gleam * _bump(lumen, 0.35, 0.42)
        if artery is not None:
            solid *= _soft(artery - 1.0, 0.35) * np.float32(0.9) + np.float32(0.1)
            solid += np.float32(1.0) * _bump(artery, 0.55, 0.55)
        spine = self._spine(frame)
        if spine is not None:
            solid = (solid + spine[0]) * spine[1]
        inside = _soft(lumen, 0.16)
        if artery is not None:
            inside = np.minimum(inside, _soft(artery, 0.16))
        moving = self._echoes.blood(frame) * np.float32(BLOOD)
        speckle, shading = self._echoes.tissue(s, turn), self._echoes.shading(s, turn)
        moving = self._with_clot(frame, moving, own, speckle * shading, texture)
        still = speckle * solid * shading
        haze = self._haze * self._echoes.blood(frame + 3)
        echoes = self._with_struts(frame, moving + inside * (still - moving)) * self._gain + haze
        return np.asarray(echoes, dtype=np.float32)

    def _with_clot(self, frame: int, blood: Map, own: Map, speckle: Map, texture: Map) -> Map:
        """Clot between the wall and what is left of the flow around the catheter."""
        filled = float(self._filled[frame])
        if filled <= 0.0:
            return blood
        flow = self._lumen_mm[frame][:, None] * np.float32(np.sqrt(1.0 - filled))
        level, patchy, septa = ECHO[str(self._age[frame])]
        bright = np.maximum(texture - np.float32(1.15), 0.0)
        clot = speckle * (np.float32(level) * texture ** np.float32(patchy) + septa * bright)
        share = _soft(self._r - flow, 0.25) * (np.float32(1.0) - _soft(own, 0.16))
        return np.asarray(blood + share * (clot - blood), dtype=np.float32)

    def _with_struts(self, frame: int, echoes: Map) -> Map:
        """Bright struts at the border of the lumen, each with its shadow."""
        ends, s = self._stent_s_mm, float(self.pull.s_mm[frame])
        if ends is None or not ends[0] <= s <= ends[1]:
            return echoes
        points = strut_places(self.sections.outline_mm[frame], s)
        seen = _at_frame(self.sections, frame, points)
        far = np.hypot(seen[:, 0], seen[:, 1])[None, :]
        turn = np.arctan2(seen[:, 1], seen[:, 0])[None, :] - self.plan.grid.angle_rad[:, None]
        aside = np.abs((turn + np.pi) % (2 * np.pi) - np.pi) * far
        nearest = np.argmin(aside, axis=1)
        lines = np.arange(len(aside))
        aside, depth = aside[lines, nearest, None], far[0, nearest][:, None]
        strut = np.exp(-((aside / 0.30) ** 2)) * _bump(self._r - depth.astype(np.float32), 0.0, 0.2)
        behind = _soft((self._r - depth - 0.5).astype(np.float32), 0.3)
        shadow = 1.0 - 0.6 * behind * np.exp(-((aside / 0.36) ** 2))
        return np.asarray(echoes * shadow + 4.0 * strut, dtype=np.float32)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Grey values of frame `index`, shape (size, size)."""
        level = np.log(self.echoes(index) + np.float32(0.012))
        grey = (level + np.float32(3.15)) * np.float32(66.0)
        near = np.clip((self._r - np.float32(CATHETER_RADIUS_MM)) * 2.0, 0.0, 1.0)
        grey = np.clip(grey, 0.0, 255.0) * near
        grey = np.maximum(grey, self._ring)
        image = self._frame_marks.copy()
        values = self._to_image @ grey.ravel()
        image[self._seen] = np.clip(values, 0.0, 255.0).astype(np.uint8)
        return image


def _at_frame(
    sections: Sections, frame: int, points_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`Sections.to_image_mm` for points of one frame, shape (n, 2)."""
    seen = points_mm - sections.catheter_mm[frame]
    cos, sin = np.cos(sections.rotation_rad[frame]), np.sin(sections.rotation_rad[frame])
    x, y = seen[:, 0], -seen[:, 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
