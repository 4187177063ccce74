"""Sparse binary products and rows of correlated normal numbers."""

import numpy as np
import pytest

from palate.kernels.bags import add_bags, add_bags_reference, advance, column_products, normal_rows, turn
from palate.kernels.random import fill_normal, key_of


@pytest.mark.parametrize("width", [8, 24, 40])
def test_add_bags_is_the_sum_of_the_rows_named_times_the_scale(width):
    rng = np.random.default_rng(width)
    counts = rng.integers(0, 30, 50)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    columns = rng.integers(0, 20, indptr[-1]).astype(np.int32)
    table = rng.normal(size=(20, width)).astype(np.float32)
    scale = rng.normal(size=50).astype(np.float32)
    column_scale = rng.normal(size=20).astype(np.float32)
    out = rng.normal(size=(50, width)).astype(np.float32)
    wanted = out.astype(np.float64)
    add_bags_reference(indptr, columns, table.astype(np.float64), scale, column_scale, wanted)
    add_bags(np.array([0, 20]), indptr, columns, table, scale, column_scale, out)
    add_bags(np.array([20, 50]), indptr, columns, table, scale, column_scale, out)
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-4)


def test_normal_rows_are_the_same_numbers_in_any_chunks_times_the_factor():
    key = key_of(3, 1, 4)
    factor = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    whole, parts = np.empty((40, 16), np.float32), np.empty((40, 16), np.float32)
    normal_rows(0, 40, key, factor, whole)
    normal_rows(0, 7, key, factor, parts)
    normal_rows(7, 40, key, factor, parts)
    assert (whole == parts).all()
    z = np.empty((40, 5), np.float32)
    fill_normal(key, 0, z)
    np.testing.assert_allclose(whole, z @ factor, rtol=1e-5, atol=1e-5)


def test_an_empty_scale_is_one():
    table, none = np.arange(16, dtype=np.float32).reshape(2, 8), np.empty(0, np.float32)
    out = np.zeros((1, 8), np.float32)
    add_bags(np.array([0, 1]), np.array([0, 2]), np.array([0, 1], np.int32), table, none, none, out)
    assert (out[0] == table.sum(axis=0)).all()


def test_the_steps_of_conjugate_gradients_by_column():
    rng = np.random.default_rng(0)
    direction, product, solution, residual, scaled = (
        rng.normal(size=(150, 16)).astype(np.float32) for _ in range(5)
    )
    step, sums = rng.normal(size=16).astype(np.float32), np.empty(16)
    column_products(direction, product, sums)
    np.testing.assert_allclose(
        sums, np.einsum("cf,cf->f", direction, product, dtype=np.float64), rtol=1e-5, atol=1e-4
    )
    wanted = solution + step * direction, residual - step * product, scaled + step * direction
    advance(step, direction, product, solution, residual)
    turn(step, scaled, direction)
    for found, expected in zip((solution, residual, direction), wanted, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
