from __future__ import annotations

import numpy as np
import pytest
from curve_samples import VALUES, curve
from hypothesis import given
from hypothesis import strategies as st

from viewer.measure.along_vein import VeinStretch
from viewer.measure.lumen_curve import LumenCurve, frames_in_words
from viewer.measure.narrowings import candidates
from viewer.measure.stenosis import Against, Comparison, propose_references, stenosis_figures
from viewer.model.anatomy import Side, VeinSegment

CIV, LEFT = VeinSegment.CIV, Side.LEFT


def narrowed(unit: str = "mm", share: float | None = 0.02) -> LumenCurve:
    """200 mm² on either side, 100 mm² on frames 20-30, 80 on frame 25."""
    area = np.full(60, 200.0)
    area[20:31] = 100.0
    area[25] = 80.0
    area[:20] = 220.0
    return curve(area, unit=unit, share=share)


def of(found: tuple[Comparison, ...], against: Against) -> Comparison:
    return next(one for one in found if one.against is against)


def test_every_reference_side_by_side() -> None:
    other = curve([160.0, 160.0], on="right pullback")
    made = stenosis_figures(narrowed(), 20, 30, VALUES, CIV, LEFT, (10, 50), (other, (0, 1)))
    assert made.frame == 25
    assert made.area is not None
    assert made.area.value == 80.0
    assert [one.against for one in made.comparisons] == list(Against)
    percent = {one.against: one.percent_area for one in made.comparisons}
    assert {k: v.value for k, v in percent.items() if v} == pytest.approx(
        {
            Against.NORMATIVE: 60.0,
            Against.LOCAL: 100 * (1 - 80 / 210),
            Against.INTERPOLATED: 100 * (1 - 80 / (220 + 15 / 40 * (200 - 220))),
            Against.CONTRALATERAL: 50.0,
        }
    )
    normative = of(made.comparisons, Against.NORMATIVE)
    assert "62 % area" in normative.norm
    assert any("54 % area" in word for word in normative.over)
    assert all(one.reference and one.reference.label for one in made.comparisons)


def test_percent_diameter_is_of_the_smallest_and_named() -> None:
    flat = np.full(60, 0.9)
    flat[25] = 0.25
    area = np.full(60, 200.0)
    area[25] = 100.0
    made = stenosis_figures(curve(area, aspect=flat), 20, 30, VALUES, CIV, LEFT, (10, 50))
    local = of(made.comparisons, Against.LOCAL)
    smallest = np.sqrt(4 * 100 * 0.25 / np.pi) / np.sqrt(4 * 200 * 0.9 / np.pi)
    assert local.percent_diameter is not None
    assert local.percent_diameter.value == pytest.approx(100 * (1 - smallest))
    assert local.percent_equivalent_diameter is not None
    assert local.percent_equivalent_diameter.value == pytest.approx(100 * (1 - np.sqrt(0.5)))
    assert local.percent_diameter.unit == "% diameter"


def test_fifty_percent_by_area_is_29_by_diameter_when_round() -> None:
    made = stenosis_figures(curve([200.0, 100.0, 200.0]), 1, 1, VALUES, CIV, LEFT, (0, 2))
    local = of(made.comparisons, Against.LOCAL)
    assert local.percent_area is not None
    assert local.percent_diameter is not None
    assert local.percent_area.value == pytest.approx(50.0)
    assert local.percent_diameter.value == pytest.approx(29.3, abs=0.02)


def test_the_scale_cancels_on_one_pullback_and_not_against_a_norm() -> None:
    sure = stenosis_figures(narrowed(share=0.0), 20, 30, VALUES, CIV, LEFT, (10, 50))
    unsure = stenosis_figures(narrowed(share=0.1), 20, 30, VALUES, CIV, LEFT, (10, 50))

    def sigma(made: tuple[Comparison, ...], against: Against) -> float:
        figure = of(made, against).percent_area
        assert figure is not None
        assert figure.sigma is not None
        return figure.sigma

    assert sigma(unsure.comparisons, Against.LOCAL) == sigma(sure.comparisons, Against.LOCAL)
    normative = [sigma(one.comparisons, Against.NORMATIVE) for one in (sure, unsure)]
    assert normative[1] > 3 * normative[0]
    border = VALUES.number("border.area_share")
    assert normative[1] == pytest.approx(40 * np.hypot(border, 0.2))


def test_px_gives_local_percentages_and_nothing_against_mm2() -> None:
    made = stenosis_figures(narrowed("px", None), 20, 30, VALUES, CIV, LEFT, (10, 50))
    assert made.area is not None
    assert made.area.unit == "px²"
    assert of(made.comparisons, Against.NORMATIVE).percent_area is None
    assert "mm" in of(made.comparisons, Against.NORMATIVE).why_not
    assert of(made.comparisons, Against.LOCAL).percent_area is not None
    assert any("px" in word for word in made.warnings)


def test_references_inside_the_lesion_in_another_vein_or_bare_are_told() -> None:
    veins = (VeinStretch(-5, 40, CIV), VeinStretch(40, 80, VeinSegment.EIV))
    made = stenosis_figures(narrowed(), 20, 30, VALUES, CIV, LEFT, (22, 50, 99), veins=veins)
    reference = of(made.comparisons, Against.LOCAL).reference
    assert reference is not None
    told = " ".join(reference.warnings)
    assert "frame 23 lies inside the lesion" in told
    assert "frame 51 lies in another vein (EIV)" in told
    assert "frame 100 has no contour" in told


def test_a_segment_without_contours_says_which_frames() -> None:
    made = stenosis_figures(narrowed(), 70, 79, VALUES, CIV, LEFT)
    assert (made.frame, made.area, made.comparisons) == (None, None, ())
    assert made.missing == tuple(range(70, 80))
    assert "frames 71-80" in made.warnings[0]
    part = stenosis_figures(narrowed(), 55, 62, VALUES, CIV, LEFT)
    assert part.missing == (60, 61, 62)
    assert frames_in_words((0, 1, 2, 7)) == "frames 1-3, 8"


def test_a_lone_narrow_frame_is_to_be_checked() -> None:
    area = np.full(40, 200.0)
    area[20] = 60.0
    made = stenosis_figures(curve(area), 15, 25, VALUES, CIV, LEFT)
    assert any("stands alone" in word for word in made.warnings)


def test_proposals_lie_in_the_lesions_vein_and_off_other_marks() -> None:
    veins = (VeinStretch(-5, 40, CIV), VeinStretch(40, 80, VeinSegment.EIV))
    frames = propose_references(narrowed(), (20, 30), veins, [(31, 35)])
    assert len(frames) == 2
    assert frames[0] < 20
    assert 36 <= frames[1] < 40
    made = stenosis_figures(narrowed(), 20, 30, VALUES, CIV, LEFT)
    reference = of(made.comparisons, Against.LOCAL).reference
    assert reference is not None
    assert not reference.chosen
    assert "proposed" in reference.label


def test_who_accepted_is_only_named_when_all_of_it_was() -> None:
    made = narrowed()
    by = list(made.accepted_by)
    by[10] = ""
    from dataclasses import replace

    half = replace(made, accepted_by=tuple(by))
    figures = stenosis_figures(half, 20, 30, VALUES, CIV, LEFT, (10, 50))
    assert figures.area is not None
    assert figures.area.accepted_by == "Reader A"
    local = of(figures.comparisons, Against.LOCAL).percent_area
    assert local is not None
    assert local.accepted_by == ""


@given(
    st.lists(st.floats(5, 400), min_size=8, max_size=40),
    st.data(),
)
def test_percentages_never_pass_100_and_fall_with_the_reference(
    area: list[float], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(area) - 1))
    last = data.draw(st.integers(first, len(area) - 1))
    chosen = data.draw(st.lists(st.integers(0, len(area) - 1), min_size=1, max_size=3))
    made = stenosis_figures(curve(area), first, last, VALUES, CIV, LEFT, chosen)
    assert made.area is not None
    assert made.area.value == pytest.approx(min(area[first : last + 1]))
    for one in made.comparisons:
        for figure in (one.percent_area, one.percent_diameter, one.percent_equivalent_diameter):
            assert figure is None or figure.value < 100.0
        if one.percent_area is not None and one.percent_equivalent_diameter is not None:
            share = 1 - one.percent_area.value / 100
            circle = 1 - one.percent_equivalent_diameter.value / 100
            assert circle**2 == pytest.approx(share)


# -- candidates ---------------------------------------------------------------------------------
def dipped() -> LumenCurve:
    s = np.arange(200.0)
    dip = 1 - 0.6 * np.exp(-(((s - 80) / 8) ** 2)) - 0.45 * np.exp(-(((s - 150) / 6) ** 2))
    return curve(200.0 * dip)


def test_candidates_are_found_deepest_first_and_not_again() -> None:
    found = candidates(dipped(), VALUES)
    assert [one.frame for one in found] == [80, 150]
    assert found[0].first < 76
    assert found[0].last > 84
    assert found[0].depth.value == pytest.approx(60, abs=4)
    again = candidates(dipped(), VALUES, [(found[0].first, found[0].last)])
    assert [one.frame for one in again] == [150]


def test_an_even_vein_suggests_nothing() -> None:
    rng = np.random.default_rng(3)
    assert candidates(curve(200 + 6 * rng.standard_normal(300)), VALUES) == ()
    assert candidates(curve([]), VALUES) == ()
