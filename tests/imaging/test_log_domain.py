"""What stored values say of the X-ray intensity: one judgement for all who need it."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.imaging.log_domain import LogDomain, Relationship, Scale
from viewer.model.study import PixelFormat


@pytest.mark.parametrize(
    ("word", "scale"),
    [("LIN", Scale.LINEAR), (" log ", Scale.LOGARITHMIC), ("DISP", Scale.UNKNOWN), ("", "unknown")],
)
@pytest.mark.parametrize(
    ("sign", "photometric", "falling"),
    [
        (0, "MONOCHROME2", False),
        (0, "MONOCHROME1", True),
        (1, "MONOCHROME1", False),
        (-1, "MONOCHROME2", True),
        (-1, "MONOCHROME1", True),
    ],
)
def test_relationship_of_a_header(
    word: str, scale: Scale, sign: int, photometric: str, falling: bool
) -> None:
    pixels = PixelFormat(
        bits_stored=12, photometric=photometric, intensity_relationship=word, intensity_sign=sign
    )
    assert Relationship.of(pixels) == Relationship(scale, falling)
    stored = np.array([[100, 3000]], np.uint16)
    values = LogDomain.of(pixels).of_frame(stored)[0]
    assert (values[0] > values[1]) == falling
    assert LogDomain.of(pixels).logarithm == (scale is Scale.LINEAR)


def test_contrast_is_negative_however_the_run_is_stored() -> None:
    light = np.array([[2000.0, 1000.0]])  # the second pixel fills with contrast
    plain = PixelFormat(bits_stored=12, intensity_relationship="LIN")
    turned = PixelFormat(bits_stored=12, photometric="MONOCHROME1", intensity_relationship="LIN")
    one = np.diff(LogDomain.of(plain).of_frame(light))
    other = np.diff(LogDomain.of(turned).of_frame(4095 - light))
    np.testing.assert_allclose(one, np.log(0.5), atol=1e-6)
    np.testing.assert_allclose(other, one, atol=1e-6)
