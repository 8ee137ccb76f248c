"""Which pixels a shutter leaves to be seen."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.imaging.shutter import shutter_mask
from viewer.model.study import Shutter


def test_none_when_nothing_is_covered() -> None:
    assert shutter_mask(None, 8, 8) is None
    assert shutter_mask(Shutter(), 8, 8) is None
    assert shutter_mask(Shutter(rectangle=(0, 0, 7, 7)), 8, 8) is None


def test_a_shutter_over_everything_is_a_mistake() -> None:
    assert shutter_mask(Shutter(rectangle=(90, 90, 99, 99)), 8, 8) is None


def test_rectangle_includes_its_edges() -> None:
    mask = shutter_mask(Shutter(rectangle=(2, 1, 5, 3)), 6, 8)
    wanted = np.zeros((6, 8), bool)
    wanted[1:4, 2:6] = True
    assert mask is not None
    assert np.array_equal(mask, wanted)


def test_circle() -> None:
    mask = shutter_mask(Shutter(circle=(10.0, 5.0, 4.0)), 11, 21)
    assert mask is not None
    assert mask[5, 6]
    assert mask[5, 14]
    assert mask[1, 10]
    assert not mask[5, 5]
    assert not mask[0, 10]
    assert abs(int(mask.sum()) - np.pi * 16) < 8


def test_polygon_follows_its_corners() -> None:
    triangle = ((0.0, 0.0), (10.0, 0.0), (0.0, 10.0))
    mask = shutter_mask(Shutter(polygon=triangle), 12, 12)
    assert mask is not None
    y, x = np.mgrid[:12, :12]
    assert mask[(x + y < 10)].all()
    assert not mask[(x + y > 10)].any()


def test_shapes_together_leave_what_all_leave() -> None:
    both = Shutter(rectangle=(0, 0, 5, 20), circle=(5.0, 5.0, 3.0))
    mask = shutter_mask(both, 21, 21)
    assert mask is not None
    assert mask[5, 4]
    assert not mask[5, 7]
    assert not mask[0, 0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 25), st.floats(-5, 25)), min_size=3, max_size=7))
def test_polygon_agrees_with_counting_crossings(corners: list[tuple[float, float]]) -> None:
    mask = shutter_mask(Shutter(polygon=tuple(corners)), 20, 20)

    def inside(x: float, y: float) -> bool:
        odd = False
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            if (y0 <= y) != (y1 <= y) and x >= x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                odd = not odd
        return odd

    wanted = np.array([[inside(x, y) for x in range(20)] for y in range(20)])
    if mask is None:
        assert wanted.all() or not wanted.any()
    else:
        assert np.array_equal(mask, wanted)
