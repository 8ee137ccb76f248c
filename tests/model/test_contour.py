"""Contours: how their points are kept, found again among thousands, and mended."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.errors import UnreadableError
from viewer.model.contour import (
    STEPS_PER_PX,
    Contour,
    ContourKind,
    ContourStatus,
    crossings,
    mended,
    packed,
    unpacked,
)
from viewer.model.review import Review
from viewer.store import review_file

SQUARE = np.array([[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]])


@given(
    st.lists(
        st.tuples(st.floats(0, 4095), st.floats(0, 4095)),
        min_size=3,
        max_size=80,
    )
)
def test_points_come_back_within_a_32nd_of_a_pixel(points: list[tuple[float, float]]) -> None:
    back = unpacked(packed(points))
    assert np.abs(back - np.array(points)).max() <= 0.5 / STEPS_PER_PX + 1e-9


@pytest.mark.parametrize(
    "points",
    [
        [[1, 1], [2, 2]],
        [[1, 1], [2, 2], [np.nan, 3]],
        [[1, 1], [2, 2], [-5, 3]],
        [[1, 1], [2, 2], [5000, 3]],
        [1, 2, 3],
        np.zeros((721, 2)),
    ],
)
def test_points_no_contour_can_hold_are_refused(points: object) -> None:
    with pytest.raises(ValueError, match="contour"):
        packed(points)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!!", "AAAAAAAAAAA"])
def test_text_that_is_no_contour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="contour"):
        Contour("u", 0, ContourKind.LUMEN, text)


def test_contours_replace_their_like_and_stand_in_order() -> None:
    review = Review("id", "reader")
    for frame in (7, 3, 5):
        review = review.with_contours(Contour.of("b", frame, SQUARE))
    review = review.with_contours(
        Contour.of("a", 9, SQUARE),
        Contour.of("b", 5, SQUARE, ContourKind.STENT),
        Contour.of("b", 5, SQUARE + 1.0),
    )
    keys = [one.key for one in review.contours]
    assert keys == sorted(keys)
    assert len(keys) == 5
    assert [one.frame for one in review.contours_of("b")] == [3, 5, 7]
    now = review.contour("b", 5)
    assert now is not None
    np.testing.assert_allclose(now.points_px, SQUARE + 1.0)
    assert review.contour("b", 4) is None
    assert review.contour("b", 5, ContourKind.FLOW) is None
    assert [one.frame for one in review.without_contours(now).contours_of("b")] == [3, 7]
    assert not review.empty


def test_an_edit_names_its_reader_and_makes_a_contour_fixed() -> None:
    auto = Contour.of("u", 1, SQUARE, confidence=0.4, note="part of the wall is faint")
    assert not auto.fixed
    edited = auto.moved_to(SQUARE + 2, "Dr A", "2026-01-02T03:04:05Z")
    assert (edited.status, edited.by, edited.note) == (ContourStatus.EDITED, "Dr A", "")
    assert edited.accepted("Dr B", "later").status is ContourStatus.ACCEPTED
    assert edited.fixed


def test_contours_go_to_a_file_and_back() -> None:
    one = Contour.of("u", 4, SQUARE, ContourKind.VESSEL, confidence=0.7, note="x")
    two = Contour.of("u", 2, SQUARE, by="Dr A", status=ContourStatus.ACCEPTED, at="now")
    review = Review("id", "Dr A").with_contours(one, two)
    assert review_file.load(review_file.dump(review), "a review") == review


def test_contours_out_of_order_or_torn_are_refused_with_their_place() -> None:
    one, two = Contour.of("u", 1, SQUARE), Contour.of("u", 2, SQUARE)
    wrong = Review("id", "Dr A", contours=(two, one))
    with pytest.raises(UnreadableError, match="contour 2 is not in order"):
        review_file.load(review_file.dump(wrong), "a review")
    data = review_file.dump(Review("id", "Dr A", contours=(one,)))
    torn = data.replace(one.points.encode(), one.points[:-6].encode())
    with pytest.raises(UnreadableError, match="contour 1"):
        review_file.load(torn, "a review")


def test_a_file_written_before_contours_is_read() -> None:
    text = review_file.dump(Review("id", "Dr A")).decode()
    old = text.replace('"contours": []', "").rstrip("}\n ,") + "\n}\n"
    assert "contours" not in old
    assert review_file.load(old.encode(), "an old review") == Review("id", "Dr A")


def test_an_outline_that_crosses_itself_loses_the_smaller_loop() -> None:
    eight = np.array([[0, 0], [40, 0], [40, 30], [20, 30], [22, 40], [16, 40], [18, 30.5], [0, 30]])
    assert not crossings(eight)
    crossed = eight[[0, 1, 2, 3, 5, 4, 6, 7]]
    assert crossings(crossed)
    simple = mended(crossed, 100, 100)
    assert not crossings(simple)
    x, y = simple.T
    area = abs(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    assert area == pytest.approx(1200, rel=0.05)


@given(st.lists(st.tuples(st.floats(-50, 150), st.floats(-50, 150)), min_size=3, max_size=14))
def test_mending_ends_in_a_simple_outline_on_the_image_or_in_words(
    points: list[tuple[float, float]],
) -> None:
    try:
        simple = mended(points, 100, 80)
    except ValueError as error:
        assert "utline" in str(error)  # noqa: PT017
        return
    assert ((simple >= 0) & (simple <= (99, 79))).all()
    assert not crossings(simple)
