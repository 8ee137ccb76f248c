"""Frames in words."""

from __future__ import annotations

from viewer.session.frame_words import MOST_NAMED, frames_words, stretches_of


def test_neighbours_make_one_stretch_whatever_their_order() -> None:
    assert stretches_of((9, 7, 8, 14, 7)) == [(7, 9), (14, 14)]
    assert stretches_of(()) == []


def test_frames_are_counted_from_one() -> None:
    assert frames_words((6,)) == "frame 7"
    assert frames_words((7, 8, 9, 14)) == "frames 8–10, 15"


def test_many_stretches_are_cut_short() -> None:
    words = frames_words(range(0, 4 * MOST_NAMED, 2))
    assert words.startswith("frames 1, 3, 5")
    assert words.endswith(f"and {MOST_NAMED} more")
