"""Counting sorts and the transpose are held to their NumPy references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.kernels.csr import (
    order_of_pairs,
    transpose_csr,
    transpose_csr_reference,
)

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=60)


@given(PAIRS)
def test_pairs_are_sorted_and_equal_ones_keep_their_order(pairs):
    first, second = np.array(pairs, dtype=np.int32).reshape(-1, 2).T.copy()
    order = order_of_pairs(first, 6, second, 8)
    np.testing.assert_array_equal(order, np.lexsort((second, first)))
    assert order.dtype == np.int32


@given(PAIRS)
def test_transpose(pairs):
    pairs = sorted(set(pairs))
    rows, columns = np.array(pairs, dtype=np.int32).reshape(-1, 2).T.copy()
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=6))])
    values = np.arange(len(rows), dtype=np.float32)
    out = transpose_csr(indptr, columns, values, 8)
    for array, expected in zip(out, transpose_csr_reference(indptr, columns, values, 8), strict=True):
        np.testing.assert_array_equal(array, expected)
    assert [array.dtype for array in out] == [np.int64, np.int32, np.float32]
    back = transpose_csr(*out, 6)
    np.testing.assert_array_equal(back[0], indptr)
    np.testing.assert_array_equal(back[1], columns)
    np.testing.assert_array_equal(back[2], values)


@pytest.mark.parametrize("n", [0, 1])
def test_almost_nothing(n):
    keys = np.zeros(n, dtype=np.int32)
    assert order_of_pairs(keys, 1, keys, 1).tolist() == list(range(n))
