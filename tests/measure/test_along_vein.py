from __future__ import annotations

import pytest

from viewer.geometry.polyline import Polyline
from viewer.measure.along_vein import vein_at, vein_axis, veins_along
from viewer.model.anatomy import VeinSegment
from viewer.model.coregistration import Landmark

LINE = Polyline.from_points([(0.0, 0.0), (0.0, 400.0)])
assert LINE is not None
BACK = Polyline.from_points([(0.0, 400.0), (0.0, 0.0)])
assert BACK is not None


def marks(**places: float) -> list[Landmark]:
    return [Landmark(key, key, i, (0.0, y)) for i, (key, y) in enumerate(places.items())]


ALL = marks(
    renal=20.0, confluence=100.0, artery_crossing=120.0, internal_iliac=220.0, inguinal=320.0
)


@pytest.mark.parametrize("line", [LINE, BACK], ids=["centre first", "periphery first"])
def test_positions_count_from_the_confluence_outwards(line: Polyline) -> None:
    axis = vein_axis(line, ALL, mm_per_px=0.5)
    assert axis.zero_name == "iliac confluence"
    assert axis.unit == "mm"
    inguinal = line.project((0.0, 320.0))[0] * 0.5
    assert axis.position(inguinal) == pytest.approx(110.0)
    assert axis.arc(110.0) == pytest.approx(inguinal)
    veins = veins_along(line, ALL, axis, mm_per_px=0.5)
    assert [(round(s.start, 6), round(s.end, 6), s.vein) for s in veins] == [
        (-50.0, 0.0, VeinSegment.IVC),
        (0.0, 60.0, VeinSegment.CIV),
        (60.0, 110.0, VeinSegment.EIV),
        (110.0, 150.0, VeinSegment.CFV),
    ]
    assert vein_at(veins, 30.0) is VeinSegment.CIV
    assert vein_at(veins, 1000.0) is VeinSegment.UNSET


def test_without_a_confluence_the_centerlines_start_is_zero() -> None:
    axis = vein_axis(LINE, [])
    assert (axis.zero, axis.unit, axis.outward) == (0.0, "px", 1)
    assert axis.zero_name == "central end of the centerline"
    assert veins_along(LINE, [], axis) == ()


def test_without_a_confluence_on_a_line_drawn_inwards() -> None:
    axis = vein_axis(BACK, marks(internal_iliac=220.0, inguinal=320.0))
    assert axis.outward == -1
    assert axis.position(400.0) == pytest.approx(0.0)


def test_a_missing_border_is_not_guessed() -> None:
    some = marks(confluence=100.0, inguinal=320.0)
    veins = veins_along(LINE, some, vein_axis(LINE, some))
    assert [s.vein for s in veins] == [VeinSegment.IVC, VeinSegment.UNSET, VeinSegment.CFV]


def test_names_of_the_readers_own_tell_no_vein() -> None:
    own = marks(something=100.0)
    assert veins_along(LINE, own, vein_axis(LINE, own)) == ()
