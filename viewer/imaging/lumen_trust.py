"""How far a lumen border can be trusted, so that frames to check come first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viewer.imaging.ivus_field import IvusField
from viewer.imaging.polar_sampling import outline_moments

Map = npt.NDArray[np.float32]

FAINT = 0.25
"""A step of grey below this share of the frame's contrast shows no wall."""

LEAST_CONTRAST = 14.0
"""Grey from blood to tissue below which no lumen is seen on a frame."""

LONE_FRAMES = 8
"""Frames on either side with which a border is compared."""


@dataclass(frozen=True, eq=False)
class Traits:
    """What speaks for and against the borders, shape (n,) each.

    Attributes
    ----------
    edge : mean step of grey, clipped at 0 and 1, share of the contrast
    faint : share of the turn without a wall
    held : share of the turn that was cut or bridged
    moved : mean distance from the expected border, share of the equivalent radius
    lone : how much the area differs from the median of the frames around, share
    shifted : distance of the centroid from the median of those around, share of the radius
    outside : share of the turn that lies at the field's rim
    contrast : grey from blood to tissue
    """

    edge: Map
    faint: Map
    held: Map
    moved: Map
    lone: Map
    shifted: Map
    outside: Map
    contrast: Map

    @classmethod
    def of(
        cls,
        outlines: Map,
        edges: Map,
        contrast: Map,
        expected: Map,
        held: Map,
        field: IvusField,
    ) -> Traits:
        """Measured on outlines (n, angles, 2), cleaned px."""
        center, moments = outline_moments(outlines)
        radius = np.maximum(
            np.sqrt(2.0 * np.sqrt(np.maximum(moments[:, 0] * moments[:, 2], 1.0))), 2.0
        )
        was, _ = outline_moments(expected)
        far = np.hypot(
            outlines[..., 0] - field.center[0],
            (outlines[..., 1] - field.center[1]) * field.aspect,
        )
        rim = 0.97 * field.radius_px / field.step
        gap = np.abs(_radii(outlines, center) - _radii(expected, was)).mean(axis=1)
        usual = _median_around(np.log(radius)[:, None])[:, 0]
        path = np.hypot(*(center - _median_around(center)).T)

        def as_map(values: npt.NDArray[np.floating]) -> Map:
            return np.asarray(values, np.float32)

        return cls(
            as_map(np.clip(edges, 0.0, 1.0).mean(axis=1)),
            as_map((edges < FAINT).mean(axis=1)),
            as_map((held > 2.0).mean(axis=1)),
            as_map((gap + np.hypot(*(center - was).T)) / radius),
            as_map(np.abs(2.0 * (np.log(radius) - usual))),
            as_map(path / radius),
            as_map((far > rim).mean(axis=1)),
            as_map(contrast),
        )


def _radii(outlines: Map, center: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sorted distances of an outline's points from its centre."""
    away = np.hypot(*np.moveaxis(outlines - center[:, None, :], -1, 0))
    return np.asarray(np.sort(away, axis=1), np.float64)


def _median_around(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    n = len(values)
    at = np.clip(np.arange(n)[:, None] + np.arange(-LONE_FRAMES, LONE_FRAMES + 1), 0, n - 1)
    return np.asarray(np.median(values[at], axis=1))


WEIGHTS = {
    "edge": 4.0,
    "faint": -4.0,
    "held": -6.0,
    "moved": -6.0,
    "lone": -4.0,
    "shifted": -3.0,
    "outside": -12.0,
}
OFFSET = 1.5
"""Logistic score of "needs no edit" (Dice at least 0.95): weights set by hand so that synthetic
frames below 0.95 come first; it ranks, it is no exact probability."""

WORDS = {
    "held": "a side branch opens here",
    "faint": "part of the wall is faint",
    "outside": "the lumen reaches the edge of the field",
    "lone": "the area differs from the frames around",
    "shifted": "the border lies elsewhere than on the frames around",
    "moved": "two searches disagree",
}


UNREADABLE = "the frame can't be read"
NOT_SEEN = "no lumen is seen"


def trust(traits: Traits, good: npt.NDArray[np.bool_]) -> tuple[Map, tuple[str, ...]]:
    """Confidence 0 to 1 and, where it is low, why, for people."""
    score = np.full(len(traits.edge), OFFSET, np.float32)
    parts = {name: weight * getattr(traits, name) for name, weight in WEIGHTS.items()}
    for part in parts.values():
        score += part.astype(np.float32)
    sure = (1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0)))).astype(np.float32)
    seen = good & (traits.contrast >= LEAST_CONTRAST)
    sure = np.where(seen, np.maximum(sure, 0.01), 0.0).astype(np.float32)
    words: list[str] = []
    for k in range(len(sure)):
        if not good[k]:
            words.append(UNREADABLE)
        elif not seen[k]:
            words.append(NOT_SEEN)
        elif sure[k] >= 0.7:
            words.append("")
        else:
            worst = min(WORDS, key=lambda name: float(parts[name][k]))
            words.append(WORDS[worst])
    return sure, tuple(words)
