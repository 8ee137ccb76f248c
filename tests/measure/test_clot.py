from __future__ import annotations

import numpy as np
import pytest
from curve_samples import VALUES, curve
from hypothesis import given
from hypothesis import strategies as st

from viewer.measure.along_vein import VeinStretch
from viewer.measure.clot import (
    AreaEstimate,
    ClotCourse,
    FractionFrom,
    age_of,
    clot_course,
    clot_figures,
    per_cm,
    scheme_text,
)
from viewer.measure.clot_scores import (
    Patency,
    SeenVein,
    VeinBurden,
    burdens,
    marder,
    svs,
)
from viewer.model.anatomy import Side, VeinSegment
from viewer.model.annotation import ClotAge, Occlusion

LEFT = Side.LEFT
VEINS = (
    VeinStretch(-50, 0, VeinSegment.IVC),
    VeinStretch(0, 50, VeinSegment.CIV),
    VeinStretch(50, 150, VeinSegment.EIV),
    VeinStretch(150, 190, VeinSegment.CFV),
)
SEEN = tuple(
    SeenVein(v.vein, Side.NONE if v.vein is VeinSegment.IVC else LEFT, v.end - v.start, "l", 100.0)
    for v in VEINS
)
LUMEN = curve(np.full(260, 150.0), first=0, step_mm=1.0)


def clot(
    span: tuple[float, float],
    fraction: float | None = None,
    occlusion: Occlusion = Occlusion.UNSET,
    **more: object,
) -> ClotCourse:
    given_more: dict[str, object] = {"lumen": LUMEN, "length_sigma": 2.0, **more}
    hand = () if fraction is None else (fraction,)
    return clot_course(
        f"clot {span}", span, VALUES, side=LEFT, veins=VEINS, zero="confluence",
        occlusion=occlusion, by_hand=hand, **given_more,  # type: ignore[arg-type]
    )  # fmt: skip


def of(found: tuple[VeinBurden, ...], vein: VeinSegment) -> VeinBurden:
    return next(one for one in found if one.seen.vein is vein)


def test_volume_is_length_times_fraction_times_area() -> None:
    made = clot_figures(clot((10.3, 40.8), 0.6))
    assert made.volume is not None
    assert made.volume.value == pytest.approx(30.5 * 0.6 * 150.0)
    assert made.length.value == pytest.approx(30.5)
    assert made.fraction is not None
    assert made.fraction.value == pytest.approx(60.0)
    share = np.sqrt(0.03**2 + (2 / 30.5) ** 2 + (0.1 / 0.6) ** 2)
    assert made.volume.sigma == pytest.approx(share * made.volume.value)


def test_fraction_from_contours_comes_before_the_hand() -> None:
    flow = curve(np.full(260, 60.0), what="flow")
    course = clot((20.0, 30.0), 0.1, flow=flow)
    assert course.fraction_from is FractionFrom.CONTOURS
    assert course.fraction == pytest.approx(np.full(10, 0.6))
    part = curve(np.full(26, 60.0), what="flow")  # as far as 25 mm, of 40 mm
    half = clot((20.0, 60.0), 0.1, flow=part)
    assert half.fraction_from is FractionFrom.HAND
    assert half.fraction[0] == pytest.approx(0.6)
    assert half.fraction[-1] == pytest.approx(0.1)


def test_an_occluded_frame_has_no_flow_to_draw_and_the_hand_speaks() -> None:
    area = np.full(260, 60.0)
    flow = curve(area, what="flow").part(np.array([k for k in range(260) if not 30 <= k <= 40]))
    course = clot((20.0, 50.0), 1.0, flow=flow)
    middle = 0.5 * (course.edges[1:] + course.edges[:-1])
    inside = (middle > 30) & (middle < 40)
    assert course.fraction[inside] == pytest.approx(np.ones(inside.sum()))
    assert course.fraction[middle < 29] == pytest.approx(np.full((middle < 29).sum(), 0.6))


def test_occlusive_alone_is_all_of_it_and_partial_alone_is_unknown() -> None:
    whole = clot((20.0, 30.0), occlusion=Occlusion.OCCLUSIVE)
    assert whole.fraction == pytest.approx(np.ones(10))
    for kind in (Occlusion.PARTIAL, Occlusion.UNSET):
        made = clot_figures(clot((20.0, 30.0), occlusion=kind))
        assert made.fraction is None
        assert made.volume is None
        assert made.cells[0].fraction is None
        assert "by hand" in made.warnings[0]


def test_without_areas_there_is_no_volume_and_an_estimate_says_so() -> None:
    bare = clot_figures(clot((20.0, 30.0), 1.0, lumen=None))
    assert bare.volume is None
    assert "no area" in bare.warnings[0]
    grid = np.arange(0.0, 60.0)
    estimate = AreaEstimate(grid, np.full(60, 100.0), 0.2, "width on the venogram, round")
    made = clot_figures(clot((20.0, 30.0), 1.0, lumen=None, estimate=estimate))
    assert made.volume is not None
    assert made.volume.value == pytest.approx(1000.0)
    assert "venogram" in made.volume.source


def test_per_cm_means() -> None:
    course = clot((0.0, 25.0), None, lumen=None)
    assert [cell.end_mm - cell.start_mm for cell in per_cm(course)] == [10, 10, 5]
    graded = clot_course("c", (0.0, 20.0), VALUES, by_hand=(1.0, 0.5))
    assert [cell.fraction for cell in per_cm(graded)] == pytest.approx([1.0, 0.5])


def test_ages_by_scheme() -> None:
    ours, duplex = VALUES["clot_age.interventional"], VALUES["clot_age.duplex"]
    assert [age_of(d, ours) for d in (0, 14, 15, 28, 29)] == [
        ClotAge.ACUTE, ClotAge.ACUTE, ClotAge.SUBACUTE, ClotAge.SUBACUTE, ClotAge.CHRONIC,
    ]  # fmt: skip
    assert age_of(100, duplex) is ClotAge.SUBACUTE
    assert scheme_text(ours) == ("interventional: acute <= 14 d, subacute 15-28 d, chronic > 28 d")
    with pytest.raises(ValueError, match="from 0"):
        age_of(-1, ours)


# -- scores -------------------------------------------------------------------------------------
def test_a_clot_across_a_border_is_split_and_scored() -> None:
    found = burdens([clot((25.0, 100.0), 1.0)], SEEN, VALUES)
    assert of(found, VeinSegment.CIV).clot_mm.value == pytest.approx(25.0)
    assert of(found, VeinSegment.EIV).clot_mm.value == pytest.approx(50.0)
    assert of(found, VeinSegment.CIV).patency is Patency.OCCLUDED
    assert of(found, VeinSegment.CFV).patency is Patency.PATENT
    score = marder(found, LEFT, VALUES)
    assert score.points is not None
    assert score.points.value == pytest.approx(6 * 75 / 150)
    assert score.most == 10.0
    assert score.unknown[0] == "femoral"
    grades = {group.name: group.points for group in svs(found, LEFT, VALUES).groups}
    iliac, cava = grades["iliac"], grades["inferior vena cava"]
    assert iliac is not None
    assert iliac.value == 2.0
    assert cava is not None
    assert cava.value == 0.0


def test_marder_reaches_its_weights_when_all_is_full() -> None:
    found = burdens([clot((0.0, 190.0), occlusion=Occlusion.OCCLUSIVE)], SEEN, VALUES)
    score = marder(found, LEFT, VALUES)
    assert score.points is not None
    assert score.points.value == pytest.approx(10.0)
    proximal = marder(found, LEFT, VALUES, proximal=True)
    assert [group.name for group in proximal.groups] == [
        "iliac", "common_femoral", "femoral", "popliteal",
    ]  # fmt: skip
    graded = {g.name: g.points.value for g in svs(found, LEFT, VALUES).groups if g.points}
    assert graded["iliac"] == graded["common femoral"] == 3.0
    partial = burdens([clot((0.0, 10.0), 0.3)], SEEN, VALUES)
    first = svs(partial, LEFT, VALUES).groups[1].points
    assert first is not None
    assert first.value == 1.0


def test_a_clot_marked_twice_counts_once_with_the_fuller() -> None:
    one = burdens([clot((10.0, 40.0), 0.5), clot((20.0, 30.0), 0.8)], SEEN, VALUES)
    civ = of(one, VeinSegment.CIV)
    assert civ.clot_mm.value == pytest.approx(30.0)
    assert civ.filled_mm is not None
    assert civ.filled_mm.value == pytest.approx(20 * 0.5 + 10 * 0.8)
    assert civ.volume is not None
    assert civ.volume.value == pytest.approx((20 * 0.5 + 10 * 0.8) * 150)


def test_unknown_is_not_zero() -> None:
    seen = tuple(SeenVein(s.vein, s.side, s.length_mm, "l", 10.0) for s in SEEN)
    found = burdens([], seen, VALUES)
    assert {one.patency for one in found} == {Patency.UNKNOWN}
    assert marder(found, LEFT, VALUES).points is None
    unsaid = burdens([clot((10.0, 20.0))], SEEN, VALUES)
    assert of(unsaid, VeinSegment.CIV).filled_mm is None
    assert of(unsaid, VeinSegment.CIV).patency is Patency.PARTIAL
    groups = {group.name: group for group in marder(unsaid, LEFT, VALUES).groups}
    assert groups["iliac"].points is None
    assert "how full" in groups["iliac"].why_not


spans = st.tuples(st.floats(-40, 180), st.floats(1, 60)).map(lambda p: (p[0], p[0] + p[1]))


@given(st.lists(st.tuples(spans, st.floats(0, 1)), min_size=1, max_size=4))
def test_laid_over_each_other_clot_is_never_more_than_the_sum_nor_less_than_one(
    parts: list[tuple[tuple[float, float], float]],
) -> None:
    courses = [clot(span, share) for span, share in parts]
    found = burdens(courses, SEEN, VALUES)
    filled = sum(one.filled_mm.value for one in found if one.filled_mm is not None)
    alone = [float((c.steps * c.fraction).sum()) for c in courses]
    assert filled <= sum(alone) + 1e-6
    assert filled >= max(alone) - 1e-6
