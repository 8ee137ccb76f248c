"""Venogram measurement against veins whose widths are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.measure.quantity import Quantity
from viewer.measure.venography import Widths, disagreement, venogram_figures

ARC = np.arange(0.0, 120.0, 1.0)
LESION = (50.0, 70.0)


def vein(least: float = 8.0, central: float = 16.0, peripheral: float = 14.0) -> Widths:
    """A tapering vein with a round narrowing of `least` mm at 60 mm."""
    width = np.interp(ARC, (0, 120), (central, peripheral))
    depth = np.interp(60.0, (0, 120), (central, peripheral)) - least
    width = width - depth * np.exp(-0.5 * ((ARC - 60.0) / 4.5) ** 2)
    return Widths(ARC, width, 0.1 * width, "mm", 0.05, "run", True, 0.25)


def test_smallest_width_reference_and_per_cent_are_the_truth() -> None:
    told = venogram_figures(vein(), LESION)
    assert told.at == pytest.approx(60.0, abs=1.0)
    assert told.min_width.value == pytest.approx(8.0, abs=0.2)
    assert told.reference.value == pytest.approx(15.0, abs=0.2)
    assert told.percent_diameter.value == pytest.approx(100 * (1 - 8 / 15), abs=1.5)
    assert told.percent_area_density.value == pytest.approx(100 * (1 - (8 / 15) ** 2), abs=3.0)
    assert told.length.value == pytest.approx(20.0)
    assert told.min_width.sigma >= 0.05 * 8.0
    assert "Reiber" not in told.min_width.source
    assert "edges and scale" in told.min_width.source


def test_a_flat_vein_is_narrow_by_density_though_not_by_width() -> None:
    """Seen from the front a flat vein keeps its width; contrast is thinned."""
    round_one = vein(14.9, 15.0, 15.0)
    contrast = round_one.contrast * (1 - 0.6 * np.exp(-0.5 * ((ARC - 60.0) / 4.5) ** 2))
    told = venogram_figures(replace(round_one, contrast=contrast), LESION)
    assert told.percent_diameter.value == pytest.approx(0.0, abs=3.0)
    assert told.percent_area_density.value == pytest.approx(60.0, abs=5.0)


@given(st.floats(0.05, 3.0), st.floats(4.0, 13.0))
def test_the_scale_cancels_in_per_cent(scale: float, least: float) -> None:
    plain = venogram_figures(vein(least), LESION)
    one = vein(least)
    scaled = venogram_figures(
        replace(one, width=one.width * scale, contrast=one.contrast * scale), LESION
    )
    assert scaled.percent_diameter.value == pytest.approx(plain.percent_diameter.value, abs=1e-6)
    assert scaled.min_width.value == pytest.approx(scale * plain.min_width.value)


def test_without_scale_px_and_no_mm() -> None:
    one = vein()
    bare = replace(one, unit="px", scale_share=None, px=1.0)
    told = venogram_figures(
        replace(bare, arc=one.arc / 0.25, width=one.width / 0.25), (200.0, 280.0)
    )
    assert told.min_width.unit == "px"
    assert told.length.unit == "px"
    assert told.percent_diameter.value == pytest.approx(100 * (1 - 8 / 15), abs=2.5)
    assert "no mm scale: px" in told.warnings


def test_what_can_not_be_seen_is_said() -> None:
    one = vein()
    hidden = np.where((ARC > 52) & (ARC < 68), np.nan, one.width)
    told = venogram_figures(replace(one, width=hidden), LESION)
    assert told.min_width is None
    assert any("edges can't be seen" in word for word in told.warnings)
    alone = np.where(ARC > 70, np.nan, one.width)
    told = venogram_figures(replace(one, width=alone), LESION)
    assert any("one side" in word for word in told.warnings)
    bare = np.where((ARC < 50) | (ARC > 70), np.nan, one.width)
    told = venogram_figures(replace(one, width=bare), LESION)
    assert told.percent_diameter is None
    assert told.min_width is not None


def test_another_lesion_is_no_reference_and_foreshortening_is_told() -> None:
    one = vein()
    width = np.where((ARC > 74) & (ARC < 96), 5.0, one.width)
    told = venogram_figures(replace(one, width=width), LESION, avoid=[(72.0, 98.0)])
    assert told.reference.value == pytest.approx(15.3, abs=0.5)
    assert any("one view" in word for word in told.warnings)
    told = venogram_figures(one, LESION, foreshortened=0.31)
    assert any("31%" in word for word in told.warnings)
    assert not venogram_figures(one, LESION, foreshortened=0.05).warnings


def test_unsubtracted_runs_have_no_densitometry() -> None:
    told = venogram_figures(replace(vein(), subtracted=False), LESION)
    assert told.percent_area_density is None


def test_ivus_less_venogram_only_in_mm() -> None:
    off = disagreement(Quantity(9.0, "mm", 0.3), Quantity(8.0, "mm", 0.4))
    assert off.value == pytest.approx(1.0)
    assert off.sigma == pytest.approx(0.5)
    assert "VIRTUS" in off.source
    assert disagreement(Quantity(9.0, "mm", 0.3), Quantity(30.0, "px", 1.0)) is None
