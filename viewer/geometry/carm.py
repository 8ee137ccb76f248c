"""The C-arm of one run: patient millimetres to pixels and back, by the header's own numbers.

Source: PS3.3 C.8.7.5 (XA Positioner): Primary Angle (0018,1510) is positive when the detector is
turned to the patient's left (LAO), Secondary Angle (0018,1511) when it is turned to the head (CRA);
the secondary turn is carried by the primary one. Patient axes are LPS: x to the left, y to the
back, z to the head; the origin is the isocentre.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viewer.model.study import Run

Values = NDArray[np.float64]

LEAST_ANGLE_DEG = 20.0
"""Two views nearer than this to one another can't tell depth: 1 mm of a click is 3 mm of depth."""

_TOWARDS = {"L": (0, 1.0), "R": (0, -1.0), "P": (1, 1.0), "A": (1, -1.0), "H": (2, 1.0)}
_TOWARDS["F"] = (2, -1.0)


@dataclass(frozen=True, slots=True)
class MissingGeometry:
    """What a header lacks for a projection, in words for a person."""

    missing: tuple[str, ...]

    @property
    def text(self) -> str:
        """``the C-arm angles and the distance source to detector``."""
        *rest, last = self.missing
        return f"{', '.join(rest)} and {last}" if rest else last


@dataclass(frozen=True, slots=True)
class Projection:
    """Where points in the patient are seen on a run.

    Attributes
    ----------
    primary_deg, secondary_deg : float
        Positioner angles, LAO and CRA positive.
    sid_mm, sod_mm : float
        Source to detector, source to isocentre.
    spacing_mm : tuple of float
        Detector pixel along x and along y.
    centre_px : tuple of float
        Where the central ray falls, (x, y).
    mirrored, upside_down : bool
        Columns run to the right of the patient, rows to the head.
    shift_mm : tuple of float
        How far the patient lay from where he lay in the reference view, LPS: the table moved.
    """

    primary_deg: float
    secondary_deg: float
    sid_mm: float
    sod_mm: float
    spacing_mm: tuple[float, float]
    centre_px: tuple[float, float]
    mirrored: bool = False
    upside_down: bool = False
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def towards_detector(self) -> Values:
        """Unit vector from the source through the isocentre, LPS."""
        a, b = np.radians([self.primary_deg, self.secondary_deg])
        return np.array([np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b), np.sin(b)])

    @property
    def axes(self) -> Values:
        """Unit vectors along which x and y grow, shape (2, 3), LPS."""
        a = np.radians(self.primary_deg)
        across = np.array([np.cos(a), np.sin(a), 0.0])
        down = np.cross(across, self.towards_detector)
        return np.stack((-across if self.mirrored else across, -down if self.upside_down else down))

    @property
    def source_mm(self) -> Values:
        """Where the rays start, in the patient's axes of the reference view, LPS."""
        return np.asarray(-self.sod_mm * self.towards_detector - np.asarray(self.shift_mm))

    @property
    def matrix(self) -> Values:
        """Rows x, y, depth, shape (3, 3): pixel = (row . ray) / (depth . ray) + `centre_px`."""
        scale = self.sid_mm / np.asarray(self.spacing_mm)
        return np.vstack((self.axes * scale[:, None], self.towards_detector))

    def project(self, xyz_mm: ArrayLike) -> Values:
        """Pixels of points.

        Parameters
        ----------
        xyz_mm : array_like, shape (..., 3)
            LPS, mm, from the isocentre of the reference view.

        Returns
        -------
        ndarray, shape (..., 2)
            (x, y) px, origin at the centre of the top-left pixel.
        """
        seen = (np.asarray(xyz_mm, dtype=np.float64) - self.source_mm) @ self.matrix.T
        return np.asarray(seen[..., :2] / seen[..., 2:] + np.asarray(self.centre_px))

    def directions(self, points_px: ArrayLike) -> Values:
        """Unit vectors of the rays from the source through pixels, shape (..., 3), LPS."""
        away = np.asarray(points_px, dtype=np.float64) - np.asarray(self.centre_px)
        ray = (away * np.asarray(self.spacing_mm)) @ self.axes
        ray = ray + self.sid_mm * self.towards_detector
        return np.asarray(ray / np.linalg.norm(ray, axis=-1, keepdims=True))

    def depth_mm(self, xyz_mm: ArrayLike) -> Values:
        """Distance from the source along the central ray, shape (...)."""
        ray = np.asarray(xyz_mm, dtype=np.float64) - self.source_mm
        return np.asarray(ray @ self.towards_detector)

    def mm_per_px(self, depth_mm: ArrayLike) -> Values:
        """Scale at a distance from the source along the central ray, mm per px."""
        spacing = float(np.sqrt(self.spacing_mm[0] * self.spacing_mm[1]))
        return np.asarray(spacing * np.asarray(depth_mm, dtype=np.float64) / self.sid_mm)

    def shifted(self, shift_mm: ArrayLike) -> Projection:
        """The same view of a patient who lies `shift_mm` (LPS) away."""
        x, y, z = np.asarray(shift_mm, dtype=np.float64).tolist()
        return replace(self, shift_mm=(x, y, z))


def projection_of(run: Run) -> Projection | MissingGeometry:
    """The projection a run's header describes, or what it lacks."""
    missing = []
    if run.primary_angle_deg is None or run.secondary_angle_deg is None:
        missing.append("the C-arm angles")
    if not run.sid_mm:
        missing.append("the distance source to detector (SID)")
    if not run.sod_mm:
        missing.append("the distance source to patient (SOD)")
    if run.imager_spacing_mm is None:
        missing.append("the detector's pixel spacing")
    if (
        run.primary_angle_deg is None
        or run.secondary_angle_deg is None
        or not run.sid_mm
        or not run.sod_mm
        or run.imager_spacing_mm is None
    ):
        return MissingGeometry(tuple(missing))
    if run.sod_mm >= run.sid_mm:
        return MissingGeometry(("a distance to the patient that is less than to the detector",))
    row_mm, column_mm = run.imager_spacing_mm
    plain = Projection(
        run.primary_angle_deg,
        run.secondary_angle_deg,
        run.sid_mm,
        run.sod_mm,
        (column_mm, row_mm),
        ((run.columns - 1) / 2, (run.rows - 1) / 2),
    )
    across, down = plain.axes
    return replace(
        plain,
        mirrored=_runs_against(run.orientation[0], across),
        upside_down=_runs_against(run.orientation[1], down),
    )


def view_name(view: Projection) -> str:
    """The view as cath labs write it: "AP", "LAO 30°", "RAO 20° CRA 10°"."""
    primary, secondary = round(view.primary_deg), round(view.secondary_deg)
    side = f"{'LAO' if primary > 0 else 'RAO'} {abs(primary)}°" if primary else ""
    tilt = f"{'CRA' if secondary > 0 else 'CAU'} {abs(secondary)}°" if secondary else ""
    return " ".join(word for word in (side, tilt) if word) or "AP"


def angle_between_deg(a: Projection, b: Projection) -> float:
    """Angle between the central rays of two views, as lines: 0 to 90 degrees."""
    cosine = abs(float(a.towards_detector @ b.towards_detector))
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def _runs_against(orientation: str, axis: Values) -> bool:
    """Whether Patient Orientation (0020,0020) says that an image axis runs the other way."""
    if not orientation or orientation[0] not in _TOWARDS:
        return False
    which, sign = _TOWARDS[orientation[0]]
    return bool(abs(axis[which]) > 0.5 and sign * axis[which] < 0)
