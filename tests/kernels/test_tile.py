"""The vector instructions against NumPy."""

import numpy as np
import pytest
from numba import njit

from palate.kernels.emitter import LANES
from palate.kernels.tile import (
    add_products,
    add_products_reference,
    add_scaled,
    copy_scaled,
    dot,
    dot_eight,
    sum_rows,
    sum_rows_reference,
)


@njit
def products_4x3(out, out_at, out_stride, left, left_stride, right, right_stride, chunk, n):
    add_products(out, out_at, out_stride, left, 0, left_stride, right, 0, right_stride, chunk, n, 4, 3)


@njit
def products_8x1(out, out_at, out_stride, left, left_stride, right, right_stride, chunk, n):
    add_products(out, out_at, out_stride, left, 0, left_stride, right, 0, right_stride, chunk, n, 8, 1)


@njit
def products_2x4(out, out_at, out_stride, left, left_stride, right, right_stride, chunk, n):
    add_products(out, out_at, out_stride, left, 0, left_stride, right, 0, right_stride, chunk, n, 2, 4)


@njit
def products_8x4(out, out_at, out_stride, left, left_stride, right, right_stride, chunk, n):
    add_products(out, out_at, out_stride, left, 0, left_stride, right, 0, right_stride, chunk, n, 8, 4)


@pytest.mark.parametrize(
    ("function", "rows", "vectors"),
    [(products_4x3, 4, 3), (products_8x1, 8, 1), (products_2x4, 2, 4), (products_8x4, 8, 4)],
)
@pytest.mark.parametrize("n", [0, 1, 2, 7, 130])
def test_products_match_the_reference_and_touch_nothing_else(function, rows, vectors, n):
    rng = np.random.default_rng(n)
    columns = vectors * LANES
    left, right = (
        rng.normal(size=(n, 16)).astype(np.float32),
        rng.normal(size=(vectors, max(n, 1), LANES)).astype(np.float32),
    )
    out = rng.normal(size=(12, columns + 16)).astype(np.float32)
    expected = out.astype(np.float64)
    flat_right = right[:, :n].transpose(1, 0, 2).reshape(n, columns).astype(np.float64)
    add_products_reference(
        expected[2 : 2 + rows, LANES : LANES + columns], left[:, :rows].astype(np.float64), flat_right
    )
    at = 2 * out.shape[1] + LANES
    function(
        out.reshape(-1),
        at,
        out.shape[1],
        left.reshape(-1),
        16,
        right.reshape(-1),
        LANES,
        max(n, 1) * LANES,
        n,
    )
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


@njit
def scaled(out, x, scale, n):
    add_scaled(out, LANES, x, 0, scale, n)


@njit
def copied(out, x, scale, n):
    copy_scaled(out, 0, 2 * LANES, x, LANES, LANES, scale, n)


@njit
def dotted(x, y, n):
    return dot(x, 0, y, LANES, n)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_vector_steps_match_numpy(n):
    x = np.arange(1, 6 * LANES + 1, dtype=np.float32)
    out = np.ones(6 * LANES, np.float32)
    expected = out.copy()
    expected[LANES : (n + 1) * LANES] += np.float32(0.5) * x[: n * LANES]
    scaled(out, x, np.float32(0.5), n)
    np.testing.assert_array_equal(out, expected)

    out, expected = np.zeros(6 * LANES, np.float32), np.zeros(6 * LANES, np.float32)
    for chunk in range(n):
        expected[2 * chunk * LANES : (2 * chunk + 1) * LANES] = (
            -2 * x[(chunk + 1) * LANES : (chunk + 2) * LANES]
        )
    copied(out, x, np.float32(-2), n)
    np.testing.assert_array_equal(out, expected)

    y = np.arange(6 * LANES, dtype=np.float32) % 3
    assert dotted(x, y, n) == np.float32(x[: n * LANES] @ y[LANES : (n + 1) * LANES])


@njit
def dotted_eight(x, y, columns, at, width, out):
    dot_eight(x, LANES, y, columns, at, width, out, 1)


@pytest.mark.parametrize("vectors", [0, 1, 2, 5])
def test_eight_products_have_the_bits_of_single_ones_and_touch_nothing_else(vectors):
    rng = np.random.default_rng(vectors)
    width = vectors * LANES
    x = rng.normal(size=LANES + width).astype(np.float32)
    y = rng.normal(size=(30, width)).astype(np.float32)
    columns, out = rng.permutation(30).astype(np.int32), np.full(LANES + 2, np.float32(-1))
    dotted_eight(x, y.reshape(-1), columns, 3, width, out)
    padded = np.concatenate([np.zeros(LANES, np.float32), y.reshape(-1)])  # `dotted` skips one vector
    alone = [dotted(x[LANES:], padded[column * width :], vectors) for column in columns[3 : 3 + LANES]]
    np.testing.assert_array_equal(out[1 : 1 + LANES], np.array(alone, np.float32))
    assert out[0] == out[-1] == -1


@njit
def summed_1(out, table, table_at, stride, columns, values, at, n):
    sum_rows(out, 1, table, table_at, stride, columns, values, at, n, 1)


@njit
def summed_3(out, table, table_at, stride, columns, values, at, n):
    sum_rows(out, 1, table, table_at, stride, columns, values, at, n, 3)


@pytest.mark.parametrize(("function", "vectors"), [(summed_1, 1), (summed_3, 3)])
@pytest.mark.parametrize("n", [0, 1, 9])
def test_sums_of_rows_match_the_reference_and_touch_nothing_else(function, vectors, n):
    rng = np.random.default_rng(n)
    width = vectors * LANES
    table = rng.normal(size=(12, width + 5)).astype(np.float32)
    columns, values = rng.integers(0, 12, 12).astype(np.int32), rng.normal(size=12).astype(np.float32)
    out = np.full(width + 2, np.float32(-1))
    function(out, table.reshape(-1), 2, width + 5, columns, values, 3, n)
    expected = sum_rows_reference(table[:, 2 : 2 + width], columns[3 : 3 + n], values[3 : 3 + n])
    np.testing.assert_allclose(out[1:-1], expected, rtol=1e-5, atol=1e-6)
    assert out[0] == out[-1] == -1


@pytest.mark.parametrize("wrong", ["columns", "values"])
def test_arrays_of_other_types_are_refused(wrong):
    columns = np.zeros(8, np.int64 if wrong == "columns" else np.int32)
    values = np.zeros(64, np.float64 if wrong == "values" else np.float32)
    out = np.zeros(64, np.float32)
    with pytest.raises(Exception, match="columns of sum_rows must be int32, and all other arrays float32"):
        summed_1(out, out, 0, 8, columns, values, 0, 1)
    with pytest.raises(Exception, match="columns of dot_eight must be int32, and all other arrays float32"):
        dotted_eight(values, out, columns, 0, 8, out)


def test_the_number_of_summed_vectors_must_be_literal():
    @njit
    def variable(out, columns, n):
        sum_rows(out, 0, out, 0, 8, columns, out, 0, 1, n)

    with pytest.raises(Exception, match="vectors of sum_rows must be a literal integer"):
        variable(np.zeros(64, np.float32), np.zeros(1, np.int32), 1)


def test_sizes_of_a_tile_must_be_literal():
    @njit
    def variable(out, n):
        add_products(out, 0, 8, out, 0, 8, out, 0, 8, 8, n, n, 1)

    with pytest.raises(Exception, match="rows and vectors of add_products must be literal integers"):
        variable(np.zeros(64, np.float32), 1)
