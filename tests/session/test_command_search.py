from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viewer.session.actions import ACTIONS
from viewer.session.command_search import score, search


def found(query: str) -> list[str]:
    return [action.text for action in search(query, ACTIONS)]


def test_an_empty_query_lists_everything_in_the_table_s_order() -> None:
    assert found("  ") == [action.text for action in ACTIONS]


def test_beginnings_win() -> None:
    assert found("sten")[:2] in (["Stent", "Stenosis"], ["Stenosis", "Stent"])
    assert found("undo")[0] == "Undo"
    assert found("nf")[0] == "Next frame"


def test_words_of_the_tip_count_when_they_stand_as_typed() -> None:
    assert "Export…" in found("tables")
    assert "Undo" not in found("tables")


def test_nonsense_finds_nothing() -> None:
    assert found("qqqq") == []


@given(st.sampled_from(ACTIONS))
def test_every_command_is_found_first_by_its_own_text(action: object) -> None:
    text = action.text  # type: ignore[attr-defined]
    assert found(text)[0] == text


@given(st.text("abc ", max_size=5), st.text("abc ", max_size=8))
def test_a_score_needs_every_letter_in_order(query: str, text: str) -> None:
    letters, at = query.replace(" ", ""), 0
    for letter in text:
        at += at < len(letters) and letters[at] == letter
    assert (score(query, text) is not None) == (at == len(letters))
