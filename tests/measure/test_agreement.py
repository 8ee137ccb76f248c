from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.measure.agreement import Agreement, agreement, icc_2_1

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    np.float64,
)
"""Shrout and Fleiss 1979, table 2: six targets, four judges."""


def test_icc_of_the_published_example() -> None:
    found = icc_2_1(SHROUT_FLEISS)
    assert found is not None
    icc, interval = found
    assert icc == pytest.approx(0.29, abs=0.005)
    assert interval == pytest.approx((0.019, 0.761), abs=0.002)


def test_bland_altman_by_hand() -> None:
    first, second = [10.0, 12.0, 14.0, 16.0], [9.0, 12.0, 12.0, 15.0]
    made = agreement(first, second, "mm")
    assert isinstance(made, Agreement)
    assert made.bias == pytest.approx(1.0)
    sd = np.std([1, 0, 2, 1], ddof=1)
    assert made.limits == pytest.approx((1 - 1.96 * sd, 1 + 1.96 * sd))
    assert made.bias_interval == pytest.approx((1 - 3.182446 * sd / 2, 1 + 3.182446 * sd / 2))
    half = 3.182446 * sd * np.sqrt(3 / 4)
    assert made.low_interval == pytest.approx((made.limits[0] - half, made.limits[0] + half))
    assert made.n == 4


def test_a_constant_offset_lowers_absolute_agreement() -> None:
    a = np.arange(10.0)
    same, moved = agreement(a, a, "mm"), agreement(a, a + 3, "mm")
    assert isinstance(same, Agreement)
    assert isinstance(moved, Agreement)
    assert same.icc == pytest.approx(1.0)
    assert moved.icc is not None
    assert moved.icc < 0.8
    assert (same.sd, moved.bias) == (0.0, -3.0)
    assert moved.trend == pytest.approx(0.0)


def test_too_little_to_compare_is_told_and_gaps_are_left_out() -> None:
    assert "at least 3" in str(agreement([1.0, 2.0], [1.0, 2.0], "mm"))
    made = agreement([1.0, np.nan, 3.0, 5.0], [1.0, 2.0, 3.5, 4.0], "mm")
    assert isinstance(made, Agreement)
    assert made.n == 3
    still = agreement([2.0] * 4, [2.0] * 4, "mm")
    assert isinstance(still, Agreement)
    assert still.icc is None
    assert still.trend is None
    with pytest.raises(ValueError, match="paired"):
        agreement([1.0], [1.0, 2.0], "mm")


pairs = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 300)), min_size=3, max_size=30).map(
    np.array
)


def test_readers_that_contradict_each_other_have_no_interval() -> None:
    made = agreement([31.0, 139.0, 176.0, 184.0], [241.0, 136.0, 96.0, 89.0], "mm²")
    assert isinstance(made, Agreement)
    assert made.icc is not None
    assert made.icc < 0.2
    assert made.icc_interval is None


@given(pairs)
def test_figures_are_finite_and_change_sign_with_the_readers(data: np.ndarray) -> None:
    one = agreement(data[:, 0], data[:, 1], "mm²")
    other = agreement(data[:, 1], data[:, 0], "mm²")
    assert isinstance(one, Agreement)
    assert isinstance(other, Agreement)
    assert one.bias == pytest.approx(-other.bias, abs=1e-9)
    assert one.sd == pytest.approx(other.sd, abs=1e-9)
    assert one.icc is None or one.icc <= 1.0 + 1e-9
    if one.icc_interval is not None:
        assert np.isfinite(one.icc_interval).all()
