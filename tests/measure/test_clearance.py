from __future__ import annotations

import pytest
from curve_samples import VALUES
from hypothesis import given
from hypothesis import strategies as st
from test_clot import LEFT, SEEN, clot

from viewer.measure.clearance import PhaseClot, clearances, compare, grade, passes
from viewer.measure.clot_scores import Patency, SeenVein, burdens
from viewer.model.case import Phase


def phase(
    kind: Phase,
    number: int = 0,
    *clots: tuple[tuple[float, float], float],
    seen: tuple[SeenVein, ...] = SEEN,
) -> PhaseClot:
    courses = [clot(span, share) for span, share in clots]
    return PhaseClot(kind, number, True, burdens(courses, seen, VALUES))


BEFORE = phase(Phase.INITIAL_IVUS, 0, ((0.0, 190.0), 1.0))


def test_clearance_of_volume_length_and_scores() -> None:
    after = phase(Phase.THROMBECTOMY, 1, ((50.0, 150.0), 0.5))
    found = compare(BEFORE, after, VALUES)
    limb = found.of("left limb", "volume")
    assert limb is not None
    assert limb.percent is not None
    assert limb.percent.value == pytest.approx(100 * (1 - 50 / 190))
    assert (limb.grade, limb.residual) == ("II", True)
    marder = found.of("left limb", "Marder")
    assert marder is not None
    assert marder.percent is not None
    assert marder.percent.value == pytest.approx(100 * (1 - (6 * 50 / 150) / 10))
    civ = found.of("L CIV", "volume")
    assert civ is not None
    assert civ.percent is not None
    assert (civ.percent.value, civ.percent.sigma, civ.grade) == (100.0, None, "III")
    assert civ.residual is False
    change = {one.vein: (one.before, one.after) for one in found.patency}
    assert change["L CIV"] == (Patency.OCCLUDED, Patency.PATENT)
    assert change["L EIV"] == (Patency.OCCLUDED, Patency.PARTIAL)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(-20, "I"), (49.9, "I"), (50, "II"), (99.9, "II"), (100, "III")],
)
def test_grades(percent: float, expected: str) -> None:
    assert grade(percent, VALUES) == expected


def test_a_vein_not_seen_after_is_not_called_cleared() -> None:
    short = tuple(SeenVein(s.vein, s.side, s.length_mm, "l", 2.0) for s in SEEN)
    after = PhaseClot(Phase.STENT, 1, True, burdens([], short, VALUES))
    found = compare(BEFORE, after, VALUES)
    for scope in ("L CIV", "left limb"):
        one = found.of(scope, "volume")
        assert one is not None
        assert one.percent is None
        assert "not assessed" in one.why_not


def test_every_later_phase_is_held_against_the_first_with_clot() -> None:
    phases = [
        phase(Phase.COMPLETION_IVUS),
        phase(Phase.THROMBECTOMY, 2, ((50.0, 100.0), 0.2)),
        phase(Phase.THROMBECTOMY, 1, ((50.0, 100.0), 0.5)),
        phase(Phase.INITIAL_VENOGRAM, 0, ((0.0, 190.0), 1.0)),
        BEFORE,
        PhaseClot(Phase.FOLLOW_UP, 0, False, ()),
    ]
    found = clearances(phases, VALUES)
    assert [one.after for one in found] == [
        "Thrombectomy 1", "Thrombectomy 2", "Completion IVUS",
    ]  # fmt: skip
    assert {one.before for one in found} == {"Initial venogram"}
    assert passes(phases) == 2
    assert clearances(phases[:1], VALUES) == ()
    assert passes([]) == 0


@given(st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_percent_follows_the_fractions(first: float, second: float) -> None:
    one = phase(Phase.INITIAL_IVUS, 0, ((0.0, 190.0), first))
    two = phase(Phase.THROMBECTOMY, 1, ((0.0, 190.0), second))
    limb = compare(one, two, VALUES).of("left limb", "volume")
    assert limb is not None
    assert limb.percent is not None
    assert limb.percent.value == pytest.approx(100 * (1 - second / first), abs=1e-6)
    assert limb.percent.value <= 100.0
    assert LEFT.value in limb.scope
