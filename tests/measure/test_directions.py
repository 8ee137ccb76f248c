from __future__ import annotations

import numpy as np
import pytest
from curve_samples import VALUES
from hypothesis import given
from hypothesis import strategies as st

from viewer.measure.directions import Pattern, chords, compression_of, polygon_centroid


def ellipse(a: float, b: float, angle_deg: float = 0.0, n: int = 720) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    x, y = a * np.cos(turn), b * np.sin(turn)
    t = np.radians(angle_deg)
    return np.stack([50 + np.cos(t) * x - np.sin(t) * y, 60 + np.sin(t) * x + np.cos(t) * y], 1)


def test_chords_of_a_square_are_exact() -> None:
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    assert polygon_centroid(square) == pytest.approx([2.0, 2.0])
    assert chords(square, [0, 45, 90]) == pytest.approx([4.0, 4 * np.sqrt(2), 4.0])


@given(st.floats(2, 20), st.floats(0.2, 1.0), st.floats(-180, 180))
def test_chords_of_an_ellipse_are_its_axes(a: float, aspect: float, angle: float) -> None:
    points = ellipse(a, a * aspect, angle)
    assert chords(points, [angle])[0] == pytest.approx(2 * a, rel=2e-3)
    assert chords(points, [angle + 90])[0] == pytest.approx(2 * a * aspect, rel=2e-3)


@pytest.mark.parametrize(
    ("anterior", "pattern"),
    [(-90.0, Pattern.AP), (90.0, Pattern.AP), (0.0, Pattern.LATERAL), (-45.0, Pattern.OBLIQUE)],
)
def test_a_flat_lumen_has_a_direction_when_anterior_is_known(
    anterior: float, pattern: Pattern
) -> None:
    flat = compression_of(ellipse(10, 4), VALUES, anterior, 0.5, 0.02)
    assert flat.pattern is pattern
    assert flat.ap is not None
    assert flat.lateral is not None
    if pattern is Pattern.AP:
        assert (flat.ap.value, flat.lateral.value) == pytest.approx((4.0, 10.0), rel=1e-3)


def test_without_a_rotation_nothing_is_guessed_and_round_is_round() -> None:
    unknown = compression_of(ellipse(10, 4), VALUES)
    assert unknown.pattern is Pattern.UNKNOWN
    assert unknown.ap is None
    assert str(unknown.pattern) == "unknown: rotation not set"
    assert compression_of(ellipse(10, 9), VALUES, -90.0).pattern is Pattern.ROUND
