"""The C-arm: from patient millimetres to detector pixels, by the header's own numbers.

Source: PS3.3 C.8.7.5 (XA Positioner: Primary Angle positive towards LAO, Secondary Angle positive
towards CRA) and C.8.7.3 (distances). A point lies at the crossing of its ray with the detector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from viewer.phantom.curves import Floats


@dataclass(frozen=True, slots=True)
class CArm:
    """One position of the C-arm and its detector.

    Attributes
    ----------
    sid_mm, sod_mm : float
        Source to detector, source to isocentre.
    imager_spacing_mm : float
        Detector pixel, square.
    size_px : int
        Columns and rows.
    primary_deg, secondary_deg : float
        Positioner angles, LAO and CRA positive.
    """

    sid_mm: float
    sod_mm: float
    imager_spacing_mm: float
    size_px: int
    primary_deg: float
    secondary_deg: float = 0.0

    @property
    def towards_detector(self) -> Floats:
        """Unit vector from the source through the isocentre, LPS."""
        a, b = np.radians([self.primary_deg, self.secondary_deg])
        return np.array([np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b), np.sin(b)])

    @property
    def column_axis(self) -> Floats:
        """Unit vector along which the column index x grows, LPS."""
        a = np.radians(self.primary_deg)
        return np.array([np.cos(a), np.sin(a), 0.0])

    @property
    def row_axis(self) -> Floats:
        """Unit vector along which the row index y grows, LPS (to the feet at angle 0)."""
        return np.cross(self.column_axis, self.towards_detector)

    @property
    def source_mm(self) -> Floats:
        """Where the rays start, LPS."""
        return -self.sod_mm * self.towards_detector

    def mm_per_px_at(self, xyz_mm: ArrayLike) -> Floats:
        """Scale at the depth of each point, shape (...), mm per px."""
        depth = (np.asarray(xyz_mm, dtype=np.float64) - self.source_mm) @ self.towards_detector
        return np.asarray(self.imager_spacing_mm * depth / self.sid_mm)

    def project(self, xyz_mm: ArrayLike) -> Floats:
        """Pixel positions.

        Parameters
        ----------
        xyz_mm : array_like, shape (..., 3)
            Points, LPS, mm.

        Returns
        -------
        ndarray, shape (..., 2)
            (x, y) px, origin at the centre of the top-left pixel.
        """
        ray = np.asarray(xyz_mm, dtype=np.float64) - self.source_mm
        scale = self.sid_mm / (ray @ self.towards_detector) / self.imager_spacing_mm
        middle = (self.size_px - 1) / 2
        axes = np.stack([self.column_axis, self.row_axis], axis=1)
        return np.asarray((ray @ axes) * scale[..., None] + middle)

    def ray_direction(self, xyz_mm: ArrayLike) -> Floats:
        """Unit vectors of the rays through points, shape (..., 3)."""
        ray = np.asarray(xyz_mm, dtype=np.float64) - self.source_mm
        return np.asarray(ray / np.linalg.norm(ray, axis=-1, keepdims=True))
