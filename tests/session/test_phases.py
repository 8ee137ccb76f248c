from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_samples import pullback, run

from viewer.model.case import Case, Phase
from viewer.model.study import ImageSet, Role
from viewer.session.phases import guess_phases

START = datetime(2026, 3, 1, 10, 0)


def at(item: ImageSet, minutes: float, description: str = "", hint: str = "") -> ImageSet:
    when = START + timedelta(minutes=minutes)
    return replace(item, acquired_at=when, description=description, phase_hint=hint)


def test_order_alone_makes_initial_then_completion_after_a_treatment() -> None:
    case = Case(
        (
            at(run("a"), 0),
            at(pullback("b"), 5),
            at(run("c"), 30, "Stent deployment"),
            at(run("d"), 40),
            at(pullback("e"), 50),
        )
    )
    assert list(guess_phases(case).values()) == [
        Phase.INITIAL_VENOGRAM,
        Phase.INITIAL_IVUS,
        Phase.STENT,
        Phase.COMPLETION_VENOGRAM,
        Phase.COMPLETION_IVUS,
    ]


def test_times_count_not_the_order_of_files() -> None:
    late, early = at(run("late"), 60), at(run("early"), 0)
    stent = at(run("stent"), 30, "stenting")
    phases = guess_phases(Case((late, stent, early)))
    assert phases["early"] is Phase.INITIAL_VENOGRAM
    assert phases["late"] is Phase.COMPLETION_VENOGRAM


@pytest.mark.parametrize(
    ("words", "phase"),
    [
        ("Access popliteal", Phase.ACCESS),
        ("Lysis check day 1", Phase.LYSIS_CHECK),
        ("AngioJet pass 2", Phase.THROMBECTOMY),
        ("Pre-dilation 14 mm", Phase.PREDILATION),
        ("Balloon 12 mm", Phase.PREDILATION),
        ("Post dilatation", Phase.POSTDILATION),
        ("Completion AP", Phase.COMPLETION_VENOGRAM),
        ("L iliac after stent", Phase.COMPLETION_VENOGRAM),
        ("Diagnostic LAO", Phase.INITIAL_VENOGRAM),
        ("Follow-up 6 months", Phase.FOLLOW_UP),
        ("L iliac AP", Phase.INITIAL_VENOGRAM),
    ],
)
def test_words_of_a_run(words: str, phase: Phase) -> None:
    assert guess_phases(Case((at(run(), 0, words),)))["run"] is phase


def test_words_in_the_protocol_count_too() -> None:
    item = at(pullback(), 0, "Pullback 2", hint="completion_ivus")
    assert guess_phases(Case((item,)))["pull"] is Phase.COMPLETION_IVUS


def test_a_balloon_after_a_stent_is_post_dilation() -> None:
    case = Case((at(run("a"), 0, "stent 16 x 90"), at(run("b"), 5, "balloon 16 mm")))
    assert guess_phases(case)["b"] is Phase.POSTDILATION


def test_a_stent_seen_on_ivus_is_not_a_deployment() -> None:
    assert guess_phases(Case((at(pullback(), 0, "stent area"),)))["pull"] is Phase.INITIAL_IVUS


def test_weeks_later_is_follow_up_the_next_day_is_not() -> None:
    day = 24 * 60
    case = Case((at(run("a"), 0), at(run("b"), day), at(run("c"), 30 * day)))
    assert list(guess_phases(case).values()) == [
        Phase.INITIAL_VENOGRAM,
        Phase.INITIAL_VENOGRAM,
        Phase.FOLLOW_UP,
    ]


def test_study_dates_serve_when_times_are_missing() -> None:
    first = replace(run("a"), study_date="20260301")
    later = replace(run("b"), study_date="20260601")
    assert guess_phases(Case((first, later)))["b"] is Phase.FOLLOW_UP


def test_what_is_neither_run_nor_pullback_is_other() -> None:
    plain = ImageSet("u", "s", "st", run().patient, "US", Role.ULTRASOUND, "stent", 1, None, (),
                     1, 1, 10, 10)  # fmt: skip
    assert guess_phases(Case((plain,))) == {"u": Phase.OTHER}


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_every_image_set_has_one_phase_in_the_order_of_the_case(
    order: list[int], timeless: set[int]
) -> None:
    items = [at(run(str(n)), 10 * n, "stent" if n == 1 else "") for n in range(4)]
    items = [replace(i, acquired_at=None) if n in timeless else i for n, i in enumerate(items)]
    case = Case(tuple(items[n] for n in order))
    assert list(guess_phases(case)) == [item.uid for item in case.image_sets]
