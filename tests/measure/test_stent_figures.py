from __future__ import annotations

import numpy as np
import pytest
from curve_samples import VALUES, curve

from viewer.measure.along_vein import VeinStretch
from viewer.measure.quantity import Quantity
from viewer.measure.stent import Span, coverage, into_ivc, overlap, stent_figures
from viewer.measure.stent_plan import plan_stent
from viewer.model.anatomy import Side, VeinSegment


def test_expansion_compression_and_restenosis_are_three_figures() -> None:
    area = np.full(40, 190.0)
    area[20] = 150.0
    flat = np.full(40, 0.95)
    flat[30] = 0.6
    lumen = np.full(40, 185.0)
    lumen[10] = 95.0
    made = stent_figures(
        0, 39, VALUES, curve(area, aspect=flat, what="stent"), curve(lumen), 16.0,
        Quantity(200.0, "mm²", 10.0, "reference frames"),
    )  # fmt: skip
    nominal = np.pi / 4 * 16**2
    assert made.frame == 20
    assert made.expansion_nominal is not None
    assert made.expansion_nominal.value == pytest.approx(100 * 150 / nominal)
    assert made.expansion_reference is not None
    assert made.expansion_reference.value == pytest.approx(75.0)
    assert made.aspect is not None
    assert made.aspect.value == pytest.approx(0.6)
    assert made.over_nominal is not None
    assert made.over_nominal.value == pytest.approx(0.6 * np.sqrt(4 * 190 / np.pi / 0.6) / 16)
    assert made.restenosis is not None
    assert made.restenosis.value == pytest.approx(50.0)
    told = " ".join(made.warnings)
    assert "compressed" in told
    assert "under 80 %" in told
    assert "not lumen" in told


def test_what_is_not_known_stays_so() -> None:
    bare = stent_figures(3, 5, VALUES, None)
    assert bare.min_area is None
    assert "frames 4-6" in bare.warnings[0]
    made = stent_figures(0, 9, VALUES, curve(np.full(10, 190.0), unit="px"), None, 16.0)
    assert made.expansion_nominal is None
    assert made.restenosis is None
    assert any("px" in word for word in made.warnings)


def test_edges_over_a_lesion_by_all_stents_that_touch() -> None:
    lesion = Span("l", "Stenosis 1", 10.0, 50.0, 1.0, 1.0)
    one, two = Span("a", "Stent 1", 15.0, 35.0, 2.0, 2.0), Span("b", "Stent 2", 30.0, 60.0)
    alone = coverage([one], lesion)
    assert alone.uncovered_central.value == 5.0
    assert alone.uncovered_peripheral.value == 15.0
    assert alone.uncovered_central.sigma == pytest.approx(np.hypot(1, 2))
    both = coverage([one, two], lesion)
    assert (both.uncovered_central.value, both.uncovered_peripheral.value) == (5.0, 0.0)
    assert both.margin_peripheral.value == 10.0
    assert "central" in both.warnings[0]
    with pytest.raises(ValueError, match="stent"):
        coverage([], lesion)


def test_overlap_gap_and_reach_into_the_cava() -> None:
    one = Span("a", "Stent 1", -6.0, 50.0, 2.0, 2.0)
    assert overlap(one, Span("b", "Stent 2", 30.0, 90.0), VALUES).length.value == 20.0
    assert "under half" in overlap(one, Span("b", "Stent 2", 45.0, 90.0), VALUES).warning
    gap = overlap(one, Span("b", "Stent 2", 58.0, 90.0), VALUES)
    assert gap.length.value == -8.0
    assert "gap of 8 mm" in gap.warning
    assert into_ivc(one, 0.0).value == 6.0
    assert into_ivc(Span("b", "Stent 2", 4.0, 9.0), 0.0).value == 0.0
    with pytest.raises(ValueError, match="central"):
        Span("x", "x", 5.0, 4.0)


VEINS = (
    VeinStretch(-60, 0, VeinSegment.IVC),
    VeinStretch(0, 60, VeinSegment.CIV),
    VeinStretch(60, 160, VeinSegment.EIV),
)


def vein() -> np.ndarray:
    """IVC 270, CIV 210 narrowed from 5 to 35 mm, EIV 155; frame 0 is 60 mm central."""
    s = np.arange(-60, 160)
    area = np.where(s < 0, 270.0, np.where(s < 60, 210.0, 155.0))
    area[(s >= 5) & (s <= 35)] = 90.0
    return area


def test_a_plan_lands_in_healthy_vein_with_its_rule() -> None:
    lumen = curve(vein(), first=0)
    from dataclasses import replace

    along = np.arange(-60.0, 160.0)
    lumen = replace(lumen, along=along)
    at = {"confluence": 0.0, "internal_iliac": 60.0, "inguinal": 160.0}
    plan = plan_stent(lumen, (5.0, 35.0), VALUES, Side.LEFT, VEINS, at)
    assert plan.central is not None
    assert plan.peripheral is not None
    assert plan.ends_mm is not None
    assert plan.peripheral.vein is VeinSegment.CIV
    assert plan.ends_mm[0] < 5 < 35 < plan.ends_mm[1] <= 60
    assert plan.diameter is not None
    assert plan.diameter.value in VALUES["stent.diameters"].values
    assert "usual here" in plan.diameter.source
    assert plan.length is not None
    assert plan.pieces_mm[0] >= plan.length.value
    assert any("inferior vena cava" in word for word in plan.warnings)


def test_long_lesions_take_two_with_overlap_and_no_zone_is_told() -> None:
    from dataclasses import replace

    area = np.full(400, 210.0)
    area[100:320] = 80.0
    lumen = replace(curve(area), along=np.arange(400.0))
    plan = plan_stent(lumen, (100.0, 319.0), VALUES)
    assert plan.length is not None
    assert len(plan.pieces_mm) == 2
    assert sum(plan.pieces_mm) - 20.0 >= plan.length.value
    narrow = np.full(200, 210.0)
    narrow[60:] = 80.0
    short = plan_stent(replace(curve(narrow), along=np.arange(200.0)), (60.0, 190.0), VALUES)
    assert short.peripheral is None
    assert short.length is None
    assert any("inflow" in word for word in short.warnings)
    none = plan_stent(curve(area, step_mm=None), (0.0, 1.0), VALUES)
    assert none.why_not
