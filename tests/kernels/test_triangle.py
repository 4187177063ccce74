"""Triangles in registers against NumPy."""

import numpy as np
import pytest
from numba import njit

from palate.kernels.cholesky import TINY, factorise, substitute_back
from palate.kernels.emitter import LANES
from palate.kernels.triangle import STEPS, factorise_block, solve_upper


@njit
def factor_of(system, stride, width):
    negated, steps = np.empty(width * LANES, np.float32), np.empty(STEPS, np.float32)
    return factorise(system, stride, width, negated, steps)


@njit
def block_of(system, at, stride, steps):
    return factorise_block(system, at, stride, TINY, steps)


@njit
def solved(system, stride, width, values):
    substitute_back(system, stride, width, values)


@njit
def solved_block(system, at, stride, values, values_at):
    solve_upper(system, at, stride, values, values_at)


def positive_definite(width, rng):
    root = rng.normal(size=(width, 2 * width))
    return root @ root.T / width + np.eye(width)


@pytest.mark.parametrize("width", [8, 16, 24, 32, 40, 48, 56, 72, 128])
def test_a_factorised_system_has_the_cholesky_factor_and_solves(width):
    rng = np.random.default_rng(width)
    matrix, right = positive_definite(width, rng), rng.normal(size=(width, 2))
    stride = width + LANES
    # What lies left of the diagonal may be anything, and is not read.
    system = np.full((width, stride), np.float32(np.nan))
    upper = np.triu_indices(width)
    system[upper] = matrix[upper]
    system[:, width:] = 0
    system[:, width : width + 2] = right
    assert 0 < factor_of(system.reshape(-1), stride, width) <= 1
    factor = np.linalg.cholesky(matrix).T
    np.testing.assert_allclose(system[upper], factor[upper], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        system[:, width : width + 2], np.linalg.solve(factor.T, right), rtol=1e-3, atol=1e-4
    )
    values = system[:, width].copy()
    solved(system.reshape(-1), stride, width, values)
    np.testing.assert_allclose(values, np.linalg.solve(matrix, right[:, 0]), rtol=1e-3, atol=1e-4)


def test_the_smallest_ratio_tells_how_near_to_singular_a_triangle_is():
    matrix = np.eye(LANES)
    matrix[2, 5] = matrix[5, 2] = np.sqrt(1 - 1e-4)
    system, steps = matrix.astype(np.float32).reshape(-1), np.empty(STEPS, np.float32)
    assert block_of(system, 0, LANES, steps) == pytest.approx(1e-4, rel=1e-2)
    assert block_of(np.eye(LANES, dtype=np.float32).reshape(-1), 0, LANES, steps) == 1


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-31, np.nan])
@pytest.mark.parametrize("row", [0, 3, 7, 11, 15])
def test_a_pivot_that_is_not_positive_is_a_breakdown(row, value):
    width, stride = 16, 24
    system = np.zeros((width, stride), np.float32)
    np.fill_diagonal(system, 1)
    system[row, row] = value
    assert factor_of(system.reshape(-1), stride, width) < 0


def test_solving_a_triangle_touches_its_eight_values_alone():
    rng = np.random.default_rng(0)
    triangle = np.triu(positive_definite(LANES, rng))
    system = np.full((20, 20), np.float32(np.nan))
    system[3 : 3 + LANES, 5 : 5 + LANES] = triangle
    values = np.arange(3 * LANES, dtype=np.float32)
    expected = np.linalg.solve(triangle, values[LANES : 2 * LANES].astype(np.float64))
    solved_block(system.reshape(-1), 3 * 20 + 5, 20, values, LANES)
    np.testing.assert_allclose(values[LANES : 2 * LANES], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(values[:LANES], np.arange(LANES))
    np.testing.assert_array_equal(values[2 * LANES :], np.arange(2 * LANES, 3 * LANES))
