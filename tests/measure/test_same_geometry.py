"""Which runs share a scale found on one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from viewer.measure.same_geometry import carried_share, why_other_geometry
from viewer.model.study import Patient, Role, Run

ONE = Run(
    "one", "s", "study", Patient(), "XA", Role.VENOGRAM, "Run 1", 1, None, (), 10, 10, 1024, 1024,
    sid_mm=1100.0, sod_mm=720.0, imager_spacing_mm=(0.3, 0.3), primary_angle_deg=10.0,
    secondary_angle_deg=-5.0, table_height_mm=900.0,
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sid_mm": 1102.0},
        {"table_height_mm": 903.0},
        {"table_height_mm": None},
        {"primary_angle_deg": 13.0, "secondary_angle_deg": -3.0},
    ],
)
def test_the_same_geometry_within_the_limits(change: dict[str, Any]) -> None:
    assert why_other_geometry(ONE, replace(ONE, uid="two", **change)) == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"study_uid": "other"}, "another study"),
        ({"rows": 512, "columns": 512}, "512 × 512 pixels, not 1024 × 1024"),
        ({"sid_mm": 1000.0}, "detector 1000 mm from the source, not 1100 mm"),
        ({"sid_mm": None}, "do not state the distance from source to detector"),
        ({"sod_mm": 760.0}, "patient 760 mm from the source, not 720 mm"),
        ({"sod_mm": None, "table_height_mm": None}, "neither the patient's distance nor"),
        ({"imager_spacing_mm": (0.2, 0.2)}, "another zoom: detector pixels of 0.2 mm, not 0.3 mm"),
        ({"imager_spacing_mm": None}, "do not state the detector's field of view"),
        ({"table_height_mm": 860.0}, "the table stood 40 mm higher or lower"),
        ({"primary_angle_deg": 40.0}, "the views differ by 30°"),
        ({"secondary_angle_deg": None}, "do not state the C-arm's angles"),
    ],
)
def test_another_geometry_is_refused_in_words(change: dict[str, Any], why: str) -> None:
    assert why in why_other_geometry(ONE, replace(ONE, uid="two", **change))


def test_fields_of_view_stand_in_for_detector_spacings() -> None:
    one = replace(ONE, imager_spacing_mm=None, field_of_view_mm=(300.0, 300.0))
    assert why_other_geometry(one, replace(one, uid="two")) == ""
    zoomed = replace(one, field_of_view_mm=(220.0, 220.0))
    assert (
        why_other_geometry(one, zoomed) == "another field of view: 220 × 220 mm, not 300 × 300 mm"
    )


def test_a_table_height_nobody_states_makes_it_less_sure() -> None:
    assert carried_share(ONE, ONE) == pytest.approx(10 / 720)
    assert carried_share(ONE, replace(ONE, table_height_mm=None)) == pytest.approx(20 / 720)
