"""Scores of one size against their NumPy reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.kernels.selection import at_place, at_place_reference, reached_by, reached_by_reference
from palate.kernels.spread import add_by_spread, add_by_spread_reference, spread_of


@given(seed=st.integers(0, 2**32), n_users=st.integers(1, 5), n_items=st.integers(1, 70))
def test_added_scores_are_those_of_the_reference(seed, n_users, n_items):
    rng = np.random.default_rng(seed)
    scores = rng.normal(3, 2, (n_users, n_items)).astype(np.float32)
    total = rng.normal(size=(n_users, n_items)).astype(np.float32)
    wanted = total.astype(np.float64)
    add_by_spread_reference(scores, 0.4, wanted)
    add_by_spread(scores, np.float32(0.4), total)
    np.testing.assert_allclose(total, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e-30, 1e30])
def test_scores_that_are_all_alike_add_nothing(value):
    total = np.ones((2, 999), np.float32)
    add_by_spread(np.full((2, 999), value, np.float32), np.float32(1), total)
    assert (total == 1).all()


def test_the_spread_of_far_scores_is_that_of_their_differences():
    scores = np.float32(1e6) + np.arange(10, dtype=np.float32)
    assert spread_of(scores) == pytest.approx(np.arange(10).std(), rel=1e-12)


@given(values=st.lists(st.integers(-3, 3), min_size=1, max_size=40), data=st.data())
def test_what_stands_at_a_place_is_that_of_the_sorted_values(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    array = np.array(values, np.float32)
    wanted = at_place_reference(array, place)
    assert at_place(array, place) == wanted
    assert (array[place:] >= wanted).all()


@given(values=st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=40), data=st.data())
def test_a_number_is_reached_by_those_that_reach_the_nth_largest_value(values, data):
    n = data.draw(st.integers(1, len(values)))
    array = np.array(values, np.float32) + np.float32(0)  # no -0
    wanted = reached_by_reference(array, n)
    found = reached_by(array.copy(), n)
    assert found <= wanted
    assert ((array >= found) == (array >= wanted)).all()
