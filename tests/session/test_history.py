from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.model.review import Review
from viewer.session.history import DEPTH, History


def review(number: int) -> Review:
    return Review(id="r", reader="Reader A", title=str(number))


def filled(count: int, depth: int = DEPTH) -> History:
    history = History(depth)
    for number in range(count):
        history.push(f"Step {number + 1}", review(number), review(number + 1), place=number)
    return history


def test_an_empty_history_has_nothing_to_offer() -> None:
    history = History()
    assert not history.can_undo
    assert not history.can_redo
    assert (history.undo_label, history.redo_label, history.labels) == ("", "", ())
    assert not history.is_dirty
    with pytest.raises(IndexError):
        history.undo()
    with pytest.raises(IndexError):
        history.redo()


def test_steps_come_back_in_order_with_their_place() -> None:
    history = filled(3)
    assert history.undo_label == "Step 3"
    first = history.undo()
    assert (first.label, first.before, first.after, first.place) == (
        "Step 3",
        review(2),
        review(3),
        2,
    )
    assert history.undo().before == review(1)
    assert history.redo_label == "Step 2"
    assert history.redo().after == review(2)
    assert history.labels == ("Step 1", "Step 2")


def test_a_new_step_drops_what_was_undone() -> None:
    history = filled(3)
    history.undo()
    history.undo()
    history.push("Other", review(1), review(9))
    assert not history.can_redo
    assert history.labels == ("Step 1", "Other")


def test_the_oldest_steps_go_when_it_is_full() -> None:
    history = filled(7, depth=3)
    assert history.labels == ("Step 5", "Step 6", "Step 7")
    while history.can_undo:
        last = history.undo()
    assert last.before == review(4)
    assert history.is_dirty  # the saved state went with the steps that were dropped


def test_saved_is_a_state_not_a_count() -> None:
    history = filled(2)
    assert history.is_dirty
    history.mark_saved()
    assert not history.is_dirty
    history.undo()
    assert history.is_dirty
    history.redo()
    assert not history.is_dirty
    history.undo()
    history.push("Other", review(1), review(9))
    assert history.is_dirty
    history.undo()
    assert history.is_dirty


def test_a_save_that_ends_later_marks_the_state_it_wrote() -> None:
    history = filled(2)
    written = history.mark
    history.push("Step 3", review(2), review(3))
    history.mark_saved(written)
    assert history.is_dirty
    history.undo()
    assert not history.is_dirty


def test_clear_starts_anew_and_clean() -> None:
    history = filled(2)
    history.clear()
    assert not history.can_undo
    assert not history.is_dirty


def test_a_history_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        History(0)


@given(st.lists(st.sampled_from(["push", "undo", "redo", "save"]), max_size=60), st.integers(1, 8))
def test_it_behaves_like_a_plain_list_of_states(actions: list[str], depth: int) -> None:
    history = History(depth)
    states, at, now, number, saved = [0], 0, 0, 0, 0
    for action in actions:
        if action == "push":
            number += 1
            history.push("edit", review(now), review(number))
            states = [*states[: at + 1], number][-depth - 1 :]
            at, now = len(states) - 1, number
        elif action == "undo" and history.can_undo:
            assert history.undo().before == review(states[at - 1])
            at -= 1
        elif action == "redo" and history.can_redo:
            assert history.redo().after == review(states[at + 1])
            at += 1
        elif action == "save":
            history.mark_saved()
            saved = states[at]
        now = states[at]
        assert history.can_undo == (at > 0)
        assert history.can_redo == (at < len(states) - 1)
        assert history.is_dirty == (now != saved)
