"""Where a place of one run lies on another run of the same angles: the table or patient moved.

A rigid motion in the image plane, found by SimpleITK on frames before contrast: bones match bones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.log_domain import Image
from viewer.imaging.vein_picture import FIELD_MM

LONGEST_PX = 256
"""Rows or columns of the pictures that are laid on one another, at most."""

FARTHEST_MM, LARGEST_DEG = 60.0, 12.0
"""A motion beyond this is no motion of one patient between two runs but a failure."""

LEAST_LIKENESS = 0.4
"""Correlation of the two pictures, laid on one another, below which they are not alike."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How the second run lies against the first.

    Attributes
    ----------
    angle_deg, shift_mm : float, (float, float)
        Turn about the first image's middle, then shift (x, y).
    likeness : float
        Correlation of both pictures once laid on one another, from -1 to 1.
    middle_px, other_middle_px : (float, float)
        (x, y) middles of both images.
    mm_per_px, other_mm_per_px : float
    """

    angle_deg: float
    shift_mm: tuple[float, float]
    likeness: float
    middle_px: tuple[float, float]
    other_middle_px: tuple[float, float]
    mm_per_px: float
    other_mm_per_px: float

    @property
    def is_believable(self) -> bool:
        """Whether it may be one patient's motion, and the pictures do agree."""
        far = math.hypot(*self.shift_mm) > FARTHEST_MM or abs(self.angle_deg) > LARGEST_DEG
        return not far and self.likeness >= LEAST_LIKENESS

    def carried(self, point_px: tuple[float, float]) -> tuple[float, float]:
        """Where an (x, y) px place of the first run lies on the second, px."""
        x = (point_px[0] - self.middle_px[0]) * self.mm_per_px
        y = (point_px[1] - self.middle_px[1]) * self.mm_per_px
        turn = math.radians(self.angle_deg)
        to_x = math.cos(turn) * x - math.sin(turn) * y + self.shift_mm[0]
        to_y = math.sin(turn) * x + math.cos(turn) * y + self.shift_mm[1]
        middle = self.other_middle_px
        return (
            middle[0] + to_x / self.other_mm_per_px,
            middle[1] + to_y / self.other_mm_per_px,
        )


def find_motion(
    first: Image, other: Image, mm_per_px: float | None, other_mm_per_px: float | None
) -> Motion:
    """How `other` lies against `first`.

    Parameters
    ----------
    first, other : ndarray, float32 (rows, columns)
        Frames before contrast, rising with intensity (`LogDomain.of_frame`).
    mm_per_px, other_mm_per_px : float or None
        In the patient; unless both are known both images are taken to be `FIELD_MM` wide.
    """
    import SimpleITK as sitk  # noqa: N813 - its own usual name

    if mm_per_px is None or other_mm_per_px is None:
        mm_per_px, other_mm_per_px = FIELD_MM / first.shape[1], FIELD_MM / other.shape[1]
    fixed, moving = _picture(sitk, first, mm_per_px), _picture(sitk, other, other_mm_per_px)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 0.01, 80, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([3.0, 1.5, 0.7])
    start = sitk.Euler2DTransform()
    method.SetInitialTransform(start, inPlace=True)
    method.Execute(fixed, moving)
    angle_deg, shift = math.degrees(start.GetAngle()), start.GetTranslation()
    laid = sitk.Resample(moving, fixed, start, sitk.sitkLinear, math.nan)
    likeness = _likeness(sitk.GetArrayViewFromImage(fixed), sitk.GetArrayViewFromImage(laid))
    return Motion(
        angle_deg,
        (float(shift[0]), float(shift[1])),
        likeness,
        _middle(first),
        _middle(other),
        mm_per_px,
        other_mm_per_px,
    )


def _picture(sitk: Any, image: Image, mm_per_px: float) -> Any:
    """A smaller copy, clipped and even in brightness, in mm about its middle."""
    step = max(1, -(-max(image.shape) // LONGEST_PX))
    rows, columns = (size // step * step for size in image.shape)
    blocks = image[:rows, :columns].reshape(rows // step, step, columns // step, step)
    few = blocks.mean(axis=(1, 3)).astype(np.float32)
    low, high = np.percentile(few, (3, 99))
    made = sitk.GetImageFromArray(np.clip(few, low, high))
    x, y = _middle(image)
    made.SetSpacing((step * mm_per_px, step * mm_per_px))
    first_px = (step - 1) / 2
    made.SetOrigin(((first_px - x) * mm_per_px, (first_px - y) * mm_per_px))
    return made


def _middle(image: Image) -> tuple[float, float]:
    return (image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2


def _likeness(first: NDArray[Any], other: NDArray[Any]) -> float:
    both = np.isfinite(first) & np.isfinite(other)
    a, b = first[both].astype(np.float64), other[both].astype(np.float64)
    if a.size < 100 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
