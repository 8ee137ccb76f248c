"""Contrast points in the review: kept in the file, read from old ones, exported with reasons."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.errors import UnreadableError
from viewer.model.contrast import ContrastPoint
from viewer.model.review import Review
from viewer.session.contrast_curves import disc_radius_px, distance_px
from viewer.session.contrast_rows import contrast_rows
from viewer.session.review_changes import differences
from viewer.session.session import Session
from viewer.store import review_file

REVIEW = Review("1", "A")


@given(st.integers(1, 6), st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_a_point_comes_back_from_the_file(number: int, x: float, y: float) -> None:
    review = REVIEW.with_contrast_point(ContrastPoint("p", "1.2", number, (x, y)))
    assert not review.empty
    assert review_file.load(review_file.dump(review), "r") == review


def test_a_file_from_before_has_no_points_and_the_version_stays() -> None:
    fields = json.loads(review_file.dump(REVIEW))
    assert fields["version"] == 1
    del fields["contrast_points"]
    assert review_file.load(json.dumps(fields).encode(), "old") == REVIEW


@pytest.mark.parametrize(
    "wrong", [{"number": 0}, {"number": 7}, {"point_px": [1.0]}, {"point_px": [1e9, 0.0]}]
)
def test_what_can_t_be_a_point_is_refused_with_its_place(wrong: dict[str, object]) -> None:
    review = REVIEW.with_contrast_point(ContrastPoint("p", "1.2", 1, (3.0, 4.0)))
    fields = json.loads(review_file.dump(review))
    fields["contrast_points"][0] |= wrong
    with pytest.raises(UnreadableError) as told:
        review_file.load(json.dumps(fields).encode(), "r")
    assert "contrast point 1" in f"{told.value} {told.value.detail}"


def test_points_are_listed_by_number_removed_and_compared() -> None:
    two = ContrastPoint("b", "1.2", 2, (1.0, 1.0))
    one = ContrastPoint("a", "1.2", 1, (2.0, 2.0))
    other = ContrastPoint("c", "9.9", 1, (2.0, 2.0))
    review = REVIEW
    for point in (two, one, other):
        review = review.with_contrast_point(point)
    assert review.contrast_points_of("1.2") == (one, two)
    assert review.without_contrast_points("a", "b").contrast_points == (other,)
    assert "Contrast point 1: added" in differences(REVIEW, review)
    for bad in ({"number": 0}, {"point_px": (float("nan"), 0.0)}):
        with pytest.raises(ValueError, match="contrast point"):
            ContrastPoint(
                **({"id": "p", "run_uid": "1", "number": 1, "point_px": (0.0, 0.0)} | bad)
            )


def test_rows_say_why_there_is_no_curve() -> None:
    session = Session()
    session.review = REVIEW.with_contrast_point(ContrastPoint("p", "1.2", 3, (5.0, 6.0)))
    (row,) = contrast_rows(session)
    assert (row.point, row.x_px, row.y_px, row.density) == (3, 5.0, 6.0, None)
    assert "not found" in row.source


def test_without_a_run_nothing_is_placed() -> None:
    session = Session()
    assert session.contrast_points.add((1.0, 1.0)) is None
    assert session.contrast_points.shown == ()


def test_discs_and_distances_follow_the_scale_and_the_vein() -> None:
    from viewer.geometry.polyline import Polyline

    assert disc_radius_px(None) == 5.0
    assert disc_radius_px(0.25) == 8.0
    assert (disc_radius_px(10.0), disc_radius_px(0.01)) == (1.5, 20.0)
    bow = Polyline.from_points([(0, 0), (100, 0), (100, 100)])
    assert distance_px(bow, (0.0, 3.0), (103.0, 100.0)) == (200.0, "along the vein")
    assert distance_px(bow, (0.0, 3.0), (0.0, 103.0)) == (100.0, "straight")
    assert distance_px(None, (0.0, 0.0), (3.0, 4.0)) == (5.0, "straight")
