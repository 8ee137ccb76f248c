"""Polar stacks of made pullbacks, with exact truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ANGLES, RADII, DEPTH_MM = 72, 96, 25.0


@dataclass(frozen=True)
class MadePullback:
    """(n, ANGLES, RADII) frames, their times, travel (mm), speed (mm/s), lumen diameter (mm)."""

    stack: np.ndarray
    times_s: np.ndarray
    travel_mm: np.ndarray
    speed: np.ndarray
    diameter_mm: np.ndarray
    border_mm: np.ndarray

    @property
    def still(self) -> np.ndarray:
        return self.speed < 0.2


def _smooth(rng: np.random.Generator, count: int, reach: float) -> np.ndarray:
    half = int(4 * reach)
    shape = np.exp(-0.5 * (np.arange(-half, half + 1) / reach) ** 2)
    noise = np.convolve(rng.normal(size=count + 2 * half), shape, mode="valid")
    return np.asarray(noise / noise.std())


def _speckle(rng: np.random.Generator) -> np.ndarray:
    field = rng.normal(size=(ANGLES, RADII))
    for axis in (0, 1):
        field = field + 0.6 * (np.roll(field, 1, axis) + np.roll(field, -1, axis))
    return (field / field.std()).astype(np.float32)


def made_pullback(
    seed: int,
    speckle: str = "tissue",
    frames: int = 420,
    hz: float = 15.0,
    pauses_s: tuple[float, float] = (1.2, 2.5),
) -> MadePullback:
    """A vein with a flat narrowing, pulled by hand, with two pauses.

    `speckle` belongs to the "tissue", is "new" on every frame, or "fixed" in the picture.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / hz
    speed = np.clip(9 + 2.5 * _smooth(rng, frames, 1.2 * hz), 4, 14)
    for share in (0.3, 0.72):
        at = int(share * frames)
        speed[at : at + int(rng.uniform(*pauses_s) * hz)] = 0.0
    travel = np.concatenate(([0.0], np.cumsum(speed[:-1]) / hz))
    pinch = np.exp(-0.5 * ((travel - 0.4 * travel[-1]) / 9) ** 2)
    diameter = 18.0 - 6.0 / (1 + np.exp(-(travel - 0.65 * travel[-1]) / 4)) - 5.0 * pinch
    aspect = 0.85 - 0.4 * pinch
    long, short = diameter / 2 / np.sqrt(aspect), diameter / 2 * np.sqrt(aspect)
    beat = np.sin(2 * np.pi * 1.1 * times)
    angle = (np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES
    depth = (np.arange(RADII) + 0.5) * DEPTH_MM / RADII
    kinds = [_speckle(rng) for _ in range(24)]
    order, turns = rng.integers(0, 24, 4000), rng.integers(0, ANGLES, 4000)
    lumps = np.cumsum(_smooth(rng, 4000, 3.0)) * 0.05
    stack = np.empty((frames, ANGLES, RADII), np.uint8)
    border = np.empty((frames, ANGLES))
    for i in range(frames):
        u = 0.3 * beat[i] + 0.3 * short[i] * np.sin(travel[i] / 30)
        cos, sin = np.cos(angle + 0.2 * np.sin(travel[i] / 40)), np.sin(angle)
        a = (cos / long[i]) ** 2 + (sin / short[i]) ** 2
        b = u * cos / long[i] ** 2
        edge = (-b + np.sqrt(b * b - a * ((u / long[i]) ** 2 - 1))) / a
        border[i] = edge
        away = depth[None, :] - edge[:, None]
        grey = np.where(away < 0, 32.0, 105.0 + 75 * np.exp(-(((away - 0.5) / 0.6) ** 2)))
        grey = grey * np.exp(-np.maximum(away, 0) / 40)
        if speckle == "tissue":
            where = (travel[i] + 0.1 * beat[i]) / 0.9
            k, part = int(where), np.pi / 2 * (where - int(where))
            first = np.roll(kinds[order[k]], turns[k], 0)
            second = np.roll(kinds[order[k + 1]], turns[k + 1], 0)
            pattern = np.where(
                away > 0, np.cos(part) * first + np.sin(part) * second, kinds[rng.integers(24)]
            )
            grey = grey * (1 + 0.15 * np.sin(lumps[k % 4000] + 3 * angle)[:, None] * (away > 0))
        elif speckle == "new":
            pattern = np.roll(kinds[rng.integers(24)], int(rng.integers(ANGLES)), 0)
        else:
            pattern = kinds[0]
        grey = grey * np.maximum(1 + 0.25 * pattern, 0.1)
        ring = 190 * np.exp(-np.maximum(depth - 1.4, 0) * 1.6)
        grey = np.where(depth < 1.3, 10, grey + ring)
        grey[50:54, -10:] = 230  # text burned in
        stack[i] = np.clip(grey, 0, 255)
    return MadePullback(stack, times, travel, speed, diameter, border)
