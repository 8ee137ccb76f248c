"""Labels find room near what they name."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF

from viewer.qt import label_room

BOUNDS = QRectF(0, 0, 700, 500)
places = st.tuples(st.integers(0, 600), st.integers(0, 470))


def test_a_label_with_room_stays() -> None:
    rect = QRectF(300, 200, 90, 23)
    assert label_room.clear_of(rect, [QRectF(0, 0, 50, 50)], BOUNDS) == rect


@given(st.lists(places, max_size=2), places)
def test_a_label_leaves_what_is_taken_and_stays_inside(
    others: list[tuple[int, int]], at: tuple[int, int]
) -> None:
    taken = [QRectF(x, y, 60, 20) for x, y in others]
    moved = label_room.clear_of(QRectF(*at, 90, 23), taken, BOUNDS)
    assert not any(moved.intersects(other) for other in taken)
    assert abs(moved.left() - at[0]) <= 180
    assert abs(moved.top() - at[1]) <= 104
    if moved.topLeft().toTuple() != at:
        assert BOUNDS.contains(moved)


def test_with_no_room_at_all_it_covers_least() -> None:
    everything = [QRectF(-1000, -1000, 3000, 3000), QRectF(300, 200, 90, 23)]
    moved = label_room.clear_of(QRectF(300, 200, 90, 23), everything, BOUNDS)
    assert not moved.intersects(everything[1])


def test_squares_cover_a_line_from_end_to_end() -> None:
    line = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 60.0]])
    squares = label_room.along(line, 7.0)
    for x, y in [(0, 0), (50, 0), (100, 0), (100, 33), (100, 60)]:
        assert any(square.contains(x, y) for square in squares)
    assert label_room.along(line[:1], 5.0) == [QRectF(-5, -5, 10, 10)]


def test_corner_text_has_its_four_places() -> None:
    found = label_room.corners(BOUNDS)
    for corner in (BOUNDS.topLeft(), BOUNDS.topRight(), BOUNDS.bottomLeft(), BOUNDS.bottomRight()):
        assert sum(rect.contains(corner) for rect in found) == 1
