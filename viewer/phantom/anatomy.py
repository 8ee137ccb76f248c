"""The anatomy of the synthetic cases: veins, arteries and the places a reader names.

Patient coordinates are DICOM's LPS in mm: x to the patient's left, y to the back, z to the head,
origin at the C-arm's isocentre. The middle of the body is at x = `MIDLINE_X_MM`.

Source: cross-sectional areas are the medians and minima in people without severe venous disease
(IVC 265, left CIV 194, left EIV 137 mm²; CFV minimum 125 mm²; domain notes, PubMed 34098125).
The courses are drawn after textbook anatomy; they are nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from viewer.phantom.curves import Curve, Floats, frame_of, smooth_curve

MIDLINE_X_MM = -28.0

VEIN_KNOTS = (
    (-43.0, -2.0, 165.0),
    (-43.5, -3.0, 130.0),
    (-43.5, -3.0, 98.0),  # the pullback starts here
    (-42.0, -2.0, 80.0),
    (-38.0, 0.0, 60.0),  # iliac confluence
    (-29.0, 5.0, 46.0),
    (-18.0, 12.0, 35.5),
    (-3.0, 20.0, 24.0),  # internal iliac ostium
    (12.0, 21.0, 11.0),
    (27.0, 14.0, -6.0),
    (41.0, 2.0, -26.0),
    (51.0, -14.0, -46.0),
    (55.5, -24.0, -62.0),  # inguinal ligament
    (57.0, -27.0, -77.0),  # saphenofemoral junction
    (57.5, -25.5, -96.0),  # profunda confluence
    (57.0, -22.0, -106.0),  # the pullback ends here
    (55.0, -17.0, -126.0),
    (52.0, -12.0, -165.0),
)
PATH_START_KNOT, PATH_END_KNOT = 2, 15
LANDMARK_KNOTS = {
    "confluence": 4,
    "internal_iliac": 7,
    "inguinal": 12,
    "saphenofemoral": 13,
    "profunda": 14,
}

# Distance from the confluence in mm: area in mm², minor / major axis, tilt of the major axis in
# degrees from the patient's left towards the front. 16.7 stands for the crossing artery.
SECTION_TABLE = np.array(
    [
        (-150.0, 285.0, 0.80, -8.0),
        (-40.0, 268.0, 0.80, -8.0),
        (-18.0, 262.0, 0.77, -6.0),
        (-6.0, 268.0, 0.68, -4.0),
        (0.0, 238.0, 0.58, -3.0),
        (4.0, 186.0, 0.48, -2.0),
        (10.0, 124.0, 0.36, -2.0),
        (16.7, 97.0, 0.307, -2.0),
        (22.0, 109.0, 0.34, -3.0),
        (27.0, 146.0, 0.46, -5.0),
        (31.0, 180.0, 0.62, -8.0),
        (38.0, 197.0, 0.80, -20.0),
        (54.0, 193.0, 0.82, -40.0),
        (62.0, 158.0, 0.86, -40.0),
        (80.0, 144.0, 0.84, -30.0),
        (115.0, 137.0, 0.86, -10.0),
        (160.0, 131.0, 0.84, 10.0),
        (172.0, 126.0, 0.80, 15.0),
        (186.0, 128.0, 0.82, 15.0),
        (206.0, 121.0, 0.86, 10.0),
        (300.0, 92.0, 0.90, 0.0),
    ]
)
STENOSIS_FROM_CONFLUENCE_MM = (4.0, 31.0)


@dataclass(frozen=True, slots=True)
class Tube:
    """A round vessel beside the one that is pulled through.

    Attributes
    ----------
    radius_mm : tuple of float
        At the start and at the end of the course, linear between.
    """

    name: str
    curve: Curve
    radius_mm: tuple[float, float]

    def radius_at(self, s_mm: ArrayLike) -> Floats:
        """Radius at an arc length of the course, mm."""
        ends = (float(self.curve.s_mm[0]), float(self.curve.s_mm[-1]))
        return np.asarray(np.interp(np.asarray(s_mm, dtype=np.float64), ends, self.radius_mm))


@dataclass(frozen=True, slots=True)
class Opened:
    """A stretch held open by a stent: arc lengths of its ends, lumen area, minor / major axis."""

    start_s_mm: float
    stop_s_mm: float
    area_mm2: float
    aspect: float

    def share_at(self, s_mm: Floats) -> Floats:
        """1 inside, 0 outside, smooth over `OPENED_EDGE_MM` beyond either end."""
        beyond = np.maximum(self.start_s_mm - s_mm, s_mm - self.stop_s_mm)
        share = np.clip(1.0 - beyond / OPENED_EDGE_MM, 0.0, 1.0)
        return np.asarray(share * share * (3.0 - 2.0 * share))


OPENED_EDGE_MM = 4.0


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Everything in the body that a case shows of its vessels.

    Attributes
    ----------
    vein : Curve
        IVC → left common iliac → left external iliac → left common femoral vein; arc length 0 is
        where the pulled path starts, it goes on centrally (negative) and peripherally.
    path_length_mm : float
        Length of the pulled path.
    landmarks_s_mm : mapping
        Arc length of every landmark; keys of `viewer.model.anatomy.LANDMARK_KINDS`.
    veins, arteries, collaterals : tuple of Tube
        Side branches, neighbouring arteries, and the ways round the compression.
    opened : Opened or None
        Where a stent holds the vein open.
    """

    vein: Curve
    path_length_mm: float
    landmarks_s_mm: Mapping[str, float]
    stenosis_s_mm: tuple[float, float]
    veins: tuple[Tube, ...]
    arteries: tuple[Tube, ...]
    collaterals: tuple[Tube, ...]
    opened: Opened | None = None

    @property
    def path(self) -> Curve:
        """The pulled path, arc length 0 to `path_length_mm`."""
        return self.vein.part(0.0, self.path_length_mm)

    def section_at(self, s_mm: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Mean cross section at `s_mm`.

        Returns
        -------
        area_mm2, aspect, tilt_rad : ndarray
            Lumen area, minor / major axis, angle of the major axis from left to front.
        """
        from scipy.interpolate import PchipInterpolator

        along = np.asarray(s_mm, dtype=np.float64) - self.landmarks_s_mm["confluence"]
        table = PchipInterpolator(_section_positions(self), SECTION_TABLE[:, 1:], axis=0)
        inside = np.clip(along, SECTION_TABLE[0, 0] + 1.0, SECTION_TABLE[-1, 0] - 1.0)
        values = np.asarray(table(inside), dtype=np.float64)
        if self.opened is not None:
            share = self.opened.share_at(np.asarray(s_mm, dtype=np.float64))
            for k, held in enumerate((self.opened.area_mm2, self.opened.aspect)):
                values[..., k] += share * (held - values[..., k])
        return values[..., 0], values[..., 1], np.radians(values[..., 2])

    def half_axes_at(self, s_mm: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Half of the major and minor axis in mm, and the tilt in radians."""
        area, aspect, tilt = self.section_at(s_mm)
        major = np.sqrt(area / (np.pi * aspect))
        return major, major * aspect, tilt


def _section_positions(anatomy: Anatomy) -> Floats:
    """The table's distances, with the narrowest place put under the artery."""
    landmarks = anatomy.landmarks_s_mm
    positions = SECTION_TABLE[:, 0].copy()
    narrowest = int(np.argmin(np.abs(positions - 16.7)))
    positions[narrowest] = landmarks["artery_crossing"] - landmarks["confluence"]
    return positions


def _tube(name: str, radius_mm: tuple[float, float], *knots: tuple[float, float, float]) -> Tube:
    return Tube(name, smooth_curve(knots), radius_mm)


def _side_veins() -> tuple[Tube, ...]:
    return (
        _tube(
            "right common iliac vein",
            (6.6, 6.2),
            (-41.0, -1.0, 66.0),
            (-46.0, 3.0, 51.0),
            (-56.0, 11.0, 36.0),
            (-69.0, 19.0, 21.0),
            (-83.0, 20.0, 6.0),
            (-97.0, 8.0, -16.0),
            (-109.0, -10.0, -45.0),
            (-114.0, -22.0, -72.0),
        ),
        _tube(
            "left internal iliac vein",
            (5.0, 3.4),
            (-3.0, 19.0, 25.0),
            (-1.0, 28.0, 15.0),
            (-4.0, 37.0, -1.0),
            (-9.0, 44.0, -22.0),
            (-8.0, 46.0, -46.0),
        ),
        _tube(
            "left great saphenous vein",
            (2.9, 2.1),
            (57.0, -27.0, -77.0),
            (54.0, -34.5, -86.0),
            (50.0, -38.0, -102.0),
            (46.5, -39.0, -140.0),
        ),
        _tube(
            "left profunda femoris vein",
            (4.2, 3.2),
            (57.5, -25.5, -95.0),
            (61.5, -17.0, -108.0),
            (66.0, -9.0, -124.0),
            (69.0, -4.0, -150.0),
        ),
    )


def _arteries(vein: Curve) -> tuple[Tube, ...]:
    return (
        _tube(
            "aorta", (8.5, 7.5), (-21.0, -18.0, 165.0), (-21.0, -16.0, 120.0), (-21.0, -14.0, 90.0)
        ),
        _tube(
            "right common iliac artery",
            (4.9, 4.4),
            (-21.0, -14.0, 88.0),
            (-25.5, -9.5, 67.0),
            (-28.0, -5.2, 47.0),
            (-32.0, 3.0, 30.0),
            (-46.0, 12.0, 9.0),
            (-64.0, 14.0, -12.0),
        ),
        Tube("left iliac artery", _beside(vein), (4.8, 3.9)),
    )


# The left iliac artery: arc length of the vein it lies beside, direction there in degrees from
# the patient's left to the front, distance of the two middles in mm.
ARTERY_BESIDE = (
    (84.0, 48.0, 15.5),
    (100.0, 52.0, 14.8),
    (120.0, 58.0, 13.6),
    (145.0, 50.0, 13.0),
    (170.0, 36.0, 12.8),
    (195.0, 20.0, 12.6),
    (215.0, 8.0, 12.8),
    (236.0, 5.0, 12.6),
    (252.0, 2.0, 13.2),
    (285.0, -6.0, 14.5),
)


def _beside(vein: Curve) -> Curve:
    """The left iliac artery, from the aorta to the side of the vein and along it."""
    s, degrees, distance = np.array(ARTERY_BESIDE).T
    left, front = frame_of(vein.tangent_at(s))
    angle = np.radians(degrees)[:, None]
    along = vein.at(s) + distance[:, None] * (np.cos(angle) * left + np.sin(angle) * front)
    return smooth_curve([(-20.0, -14.0, 88.0), (-9.0, -9.0, 66.0), (2.0, -1.0, 48.0), *along])


def _collaterals() -> tuple[Tube, ...]:
    return (
        _tube(
            "left ascending lumbar vein",
            (1.7, 1.2),
            (-9.0, 17.0, 29.0),
            (0.0, 25.0, 38.0),
            (3.5, 30.0, 52.0),
            (-0.5, 31.0, 68.0),
            (4.0, 31.0, 84.0),
            (1.0, 31.0, 104.0),
            (4.5, 31.0, 124.0),
            (2.0, 31.0, 160.0),
        ),
        _tube(
            "presacral collateral",
            (1.6, 1.1),
            (-4.0, 37.0, -1.0),
            (-14.0, 44.0, -7.0),
            (-24.0, 49.0, -3.0),
            (-35.0, 51.0, -11.0),
            (-47.0, 48.0, -6.0),
            (-58.0, 42.0, -13.0),
            (-70.0, 30.0, -2.0),
        ),
        _tube(
            "deep pelvic collateral",
            (1.3, 0.9),
            (-8.0, 43.0, -19.0),
            (-19.0, 45.0, -30.0),
            (-30.0, 44.0, -27.0),
            (-43.0, 42.0, -36.0),
            (-56.0, 38.0, -30.0),
        ),
    )


@cache
def nivl_anatomy() -> Anatomy:
    """Left common iliac vein pressed on the spine by the right common iliac artery."""
    vein = smooth_curve(VEIN_KNOTS, origin=PATH_START_KNOT)
    marks = {key: vein.nearest(VEIN_KNOTS[knot]) for key, knot in LANDMARK_KNOTS.items()}
    arteries = _arteries(vein)
    confluence = marks["confluence"]
    under = vein.part(confluence + 8.0, confluence + 26.0)
    gap = np.linalg.norm(
        under.xyz_mm[:, None, :] - arteries[1].curve.xyz_mm[None, :, :], axis=2
    ).min(axis=1)
    marks["artery_crossing"] = float(under.s_mm[int(np.argmin(gap))])
    start, stop = STENOSIS_FROM_CONFLUENCE_MM
    return Anatomy(
        vein=vein,
        path_length_mm=vein.nearest(VEIN_KNOTS[PATH_END_KNOT]),
        landmarks_s_mm=dict(sorted(marks.items(), key=lambda item: item[1])),
        stenosis_s_mm=(confluence + start, confluence + stop),
        veins=_side_veins(),
        arteries=arteries,
        collaterals=_collaterals(),
    )
