"""Sparse binary products and rows of correlated normal numbers."""

import numpy as np
import pytest

from palate.kernels.bags import add_bags, add_bags_reference, normal_rows
from palate.kernels.random import fill_normal, key_of


@pytest.mark.parametrize("width", [8, 24, 40])
def test_add_bags_is_the_sum_of_the_rows_named_times_the_scale(width):
    rng = np.random.default_rng(width)
    counts = rng.integers(0, 30, 50)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    columns = rng.integers(0, 20, indptr[-1]).astype(np.int32)
    table = rng.normal(size=(20, width)).astype(np.float32)
    scale = rng.normal(size=50).astype(np.float32)
    out = rng.normal(size=(50, width)).astype(np.float32)
    wanted = out.astype(np.float64)
    add_bags_reference(indptr, columns, table.astype(np.float64), scale, wanted)
    add_bags(np.array([0, 20]), indptr, columns, table, scale, out)
    add_bags(np.array([20, 50]), indptr, columns, table, scale, out)
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-4)


def test_normal_rows_are_the_same_numbers_in_any_chunks_times_the_factor():
    key = key_of(3, 1, 4)
    factor = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    whole, parts = np.empty((40, 16), np.float32), np.empty((40, 16), np.float32)
    normal_rows(key, 0, 40, factor, whole)
    normal_rows(key, 0, 7, factor, parts)
    normal_rows(key, 7, 40, factor, parts)
    assert (whole == parts).all()
    z = np.empty((40, 5), np.float32)
    fill_normal(key, 0, z)
    np.testing.assert_allclose(whole, z @ factor, rtol=1e-5, atol=1e-5)
