"""The order of pairs is that of NumPy's stable sorts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.kernels.sorting import order_of_pairs

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=60)


@given(PAIRS)
def test_pairs_are_sorted_and_equal_ones_keep_their_order(pairs):
    first, second = np.array(pairs, dtype=np.int32).reshape(-1, 2).T.copy()
    order = order_of_pairs(first, 6, second, 8)
    np.testing.assert_array_equal(order, np.lexsort((second, first)))
    assert order.dtype == np.int32


@pytest.mark.parametrize("n", [0, 1])
def test_almost_nothing(n):
    keys = np.zeros(n, dtype=np.int32)
    assert order_of_pairs(keys, 1, keys, 1).tolist() == list(range(n))
