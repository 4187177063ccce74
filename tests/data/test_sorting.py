"""Sorting rows by user and item, in ranges of users and by chunks of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.data import sorting
from palate.data.duplicates import Columns
from palate.data.sorting import sort_by_pair


def table(rng, n, n_users, n_items, grouped=False):
    user = rng.integers(0, n_users, n).astype(np.int32)
    user[rng.random(n) < 0.3] = n_users - 1  # a user with many rows
    item = rng.integers(0, n_items, n).astype(np.int32)
    number = np.arange(n)  # tells rows of one pair apart
    return Columns(
        np.sort(user) if grouped else user,
        item,
        number.astype(np.float32),
        number,
        -number.astype(np.float32),
    )


def assert_sorted(columns, n_users, n_items):
    expected = columns.take(np.lexsort((columns.timestamp, columns.item, columns.user)))
    sort_by_pair(columns, n_users, n_items)
    for found, wanted in zip(columns.all(), expected.all(), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 300),
    n_users=st.integers(1, 40),
    n_items=st.integers(1, 9),
    together=st.integers(1, 50),
    grouped=st.booleans(),
)
def test_rows_are_sorted_and_those_of_a_pair_keep_their_order(seed, n, n_users, n_items, together, grouped):
    columns = table(np.random.default_rng(seed), n, n_users, n_items, grouped)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "ROWS_TOGETHER", together)
        assert_sorted(columns, n_users, n_items)


def test_columns_that_are_not_there_stay_away():
    columns = Columns(
        np.array([1, 0], np.int32), np.array([0, 0], np.int32), np.ones(2, np.float32), None, None
    )
    sort_by_pair(columns, 2, 1)
    assert columns.user.tolist() == [0, 1]
    assert columns.timestamp is None
    assert columns.weight is None


def test_more_rows_than_a_range_holds_are_sorted_alike():
    columns = table(np.random.default_rng(3), 3 * sorting.ROWS_TOGETHER, 5000, 700)
    assert_sorted(columns, 5000, 700)
