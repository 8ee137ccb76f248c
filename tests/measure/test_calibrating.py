"""Scales from something of known size."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.errors import ViewerError
from viewer.measure.calibrating import by_catheter, by_distance, by_marks

sizes = st.floats(0.2, 5.0)


@given(st.floats(20, 800), st.floats(5, 300), sizes)
def test_a_distance_scales_with_the_image(length_px: float, mm: float, zoom: float) -> None:
    one = by_distance((3.0, 4.0), (3.0 + length_px, 4.0), mm)
    other = by_distance((3.0 * zoom, 4.0), (3.0 * zoom + length_px * 2, 4.0), mm)
    assert one.mm_per_px == pytest.approx(mm / length_px)
    assert one.mm_per_px == pytest.approx(2 * other.mm_per_px)
    assert other.uncertainty < one.uncertainty


def test_clicks_count_less_on_a_longer_distance() -> None:
    short = by_distance((0.0, 0.0), (10.0, 0.0), 5.0, 720.0)
    assert short.uncertainty == pytest.approx(
        math.hypot(math.sqrt(2) / 10, 10 / 720, math.radians(20) ** 2 / math.sqrt(20))
    )
    assert "clicks 14.1 %" in short.source


@given(st.floats(6, 60), st.floats(4, 24), sizes)
def test_a_catheters_scale_follows_its_width(width_px: float, french: float, zoom: float) -> None:
    found = by_catheter(width_px, 0.1, french)
    assert found.mm_per_px == pytest.approx(french / 3 / width_px)
    zoomed = by_catheter(width_px * zoom, 0.1 * zoom, french)
    assert zoomed.mm_per_px * zoom == pytest.approx(found.mm_per_px)
    assert zoomed.uncertainty == pytest.approx(found.uncertainty)
    assert found.uncertainty > 0.078


def row(numbers: list[int], spacing_px: float, noise_px: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(len(numbers)) * noise_px
    return np.asarray(numbers) * spacing_px + noise


@given(st.floats(8, 80), st.sets(st.integers(0, 20), min_size=4), st.integers(0, 1000))
def test_an_even_row_uses_every_mark(spacing_px: float, marks: set[int], seed: int) -> None:
    numbers = sorted(marks)
    exact = by_marks(row(numbers, spacing_px, 0.0), numbers, 10.0)
    assert exact.scale.mm_per_px == pytest.approx(10 / spacing_px)
    assert exact.residual_px == pytest.approx(0.0, abs=1e-6)
    assert exact.foreshortened == 0.0
    few = len(numbers) <= 6
    assert (0.044 if few else 0.030) < exact.scale.uncertainty < (0.046 if few else 0.032)


def test_noise_is_not_taken_for_foreshortening() -> None:
    errors = [
        by_marks(row(list(range(15)), 38.0, 0.25, seed), range(15)).scale.mm_per_px / (10 / 38) - 1
        for seed in range(200)
    ]
    assert abs(float(np.mean(errors))) < 0.001
    assert float(np.quantile(np.abs(errors), 0.99)) < 0.012


def test_a_catheter_that_turns_out_of_the_plane_is_measured_where_it_does_not() -> None:
    lean = np.radians([0, 0, 0, 0, 10, 20, 30, 40, 45, 45])
    arcs = np.concatenate([[0.0], np.cumsum(40 * np.cos(lean))])
    found = by_marks(arcs, range(11))
    assert found.scale.mm_per_px == pytest.approx(0.25, rel=0.002)
    assert found.foreshortened == pytest.approx(1 - math.cos(math.pi / 4), abs=0.01)
    assert "depth along the catheter" in found.scale.source


@pytest.mark.parametrize(
    "call",
    [
        lambda: by_distance((0, 0), (100, 0), 0.0),
        lambda: by_distance((0, 0), (100, 0), math.nan),
        lambda: by_distance((0, 0), (1, 0), 10.0),
        lambda: by_catheter(10.0, 0.1, 0.5),
        lambda: by_catheter(10.0, 0.1, 70.0),
        lambda: by_marks(np.array([0.0, 40.0]), (0, 1)),
        lambda: by_marks(np.array([0.0, 40.0, 80.0]), (0, 1, 2), 0.0),
        lambda: by_marks(np.array([0.0, 1e-3, 2e-3]), (0, 1, 2), 100.0),
    ],
)
def test_what_can_not_be_is_refused_with_a_hint(call) -> None:
    with pytest.raises(ViewerError) as caught:
        call()
    assert caught.value.hint
