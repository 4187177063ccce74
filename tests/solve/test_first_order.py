"""Rows solved to first order in small factors, and the start that grows from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate import Ratings
from palate.kernels.ratings import first_order_rows, first_order_rows_reference
from palate.solve.rows import Rows, Side, solve_rows
from palate.solve.strengths import ridge_prior
from palate.training.initialization import can_grow, factor_start, grown_start
from palate.training.training_data import Problem

N_ROWS, N_COLUMNS = 30, 20
NO_WEIGHTS = np.empty(0, np.float32)


def table(seed, n=200, *, weighted=False):
    rng = np.random.default_rng(seed)
    cells = np.sort(rng.choice(N_ROWS * N_COLUMNS, n, replace=False))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(cells // N_COLUMNS, minlength=N_ROWS))])
    weights = rng.uniform(0.5, 2, n).astype(np.float32) if weighted else NO_WEIGHTS
    values = rng.integers(1, 6, n).astype(np.float32)
    return Rows(indptr.astype(np.int64), (cells % N_COLUMNS).astype(np.int32), values, weights, N_COLUMNS)


def side(n, n_factors, seed, size):
    rng = np.random.default_rng(seed)
    return Side.padded(rng.normal(0, size, (n, n_factors)), rng.normal(0, 0.3, n))


def problem():
    """Return ratings with one strong direction among noise, the signs of users and items in turn."""
    rows = table(1, 450)
    users, items = np.repeat(np.arange(N_ROWS), rows.counts), rows.columns
    values = 3 + (-1.0) ** (users + items) + np.random.default_rng(1).normal(0, 0.1, len(users))
    ratings = Ratings.from_arrays(users, items, values)
    return Problem.build(ratings, np.zeros(len(ratings), bool))


@given(
    st.integers(0, 1000),
    st.integers(0, 300),
    st.booleans(),
    st.integers(1, 20),
    st.integers(0, N_ROWS),
    st.integers(1, N_COLUMNS),
)
def test_the_kernel_is_its_reference_in_any_chunks_and_blocks(seed, n, weighted, k, cut, block):
    rows, other = table(seed, n, weighted=weighted), side(N_COLUMNS, k, seed, 0.4)
    rng = np.random.default_rng(seed)
    given_ = (*rows.table, rows.weights, np.float32(3.5), other.factors, other.bias)
    own = rng.normal(0, 0.3, N_ROWS).astype(np.float32), rng.random(N_ROWS, np.float32)
    wanted, found, whole = (np.full((N_ROWS, other.factors.shape[1]), np.nan, np.float32) for _ in range(3))
    first_order_rows_reference(0, N_ROWS, *given_, *own, block, wanted)
    first_order_rows(0, cut, *given_, *own, block, found)
    first_order_rows(cut, N_ROWS, *given_, *own, block, found)
    first_order_rows(0, N_ROWS, *given_, *own, N_COLUMNS, whole)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scaling", [0.0, 0.5])
def test_small_factors_are_solved_as_by_the_row_solver(weighted, scaling):
    rows, other = table(3, 180, weighted=weighted), side(N_COLUMNS, 5, 4, 1e-4)
    prior = ridge_prior(5, l2=2.0, l2_bias=1.0, scaling=scaling, l2_per_rating=0.1)
    exact = solve_rows(rows, other, 3.5, prior).side
    found = solve_rows(rows, other, 3.5, prior, first_order=True, present=exact).side
    np.testing.assert_allclose(found.factors, exact.factors, rtol=1e-4, atol=1e-9)
    np.testing.assert_array_equal(found.bias, exact.bias)


def test_a_row_without_ratings_is_zero():
    rows = Rows(np.array([0, 0, 1]), np.zeros(1, np.int32), np.ones(1, np.float32), NO_WEIGHTS, N_COLUMNS)
    other, present = side(N_COLUMNS, 2, 1, 0.1), side(2, 2, 2, 0.1)
    prior = ridge_prior(2, l2=1.0, l2_bias=1.0, scaling=0.5)
    found = solve_rows(rows, other, 3.5, prior, first_order=True, present=present).side
    np.testing.assert_array_equal(found.factors[0], 0)
    assert found.factors[1, :2].all()


def test_a_grown_start_points_where_the_residuals_do():
    ratings = problem()
    priors = (ridge_prior(3, l2=1.0, l2_bias=1.0),) * 2
    biases = side(N_ROWS, 0, 5, 0.1), side(N_COLUMNS, 0, 6, 0.1)
    start = factor_start(biases, 3, 1.0, 0)
    users, items = grown_start(ratings, start, priors, threads=1)
    np.testing.assert_array_equal(users.bias, biases[0].bias)
    assert not items.factors.any()
    strongest = (-1.0) ** np.arange(N_ROWS) / np.sqrt(N_ROWS)
    before, along = (
        np.linalg.norm(strongest @ one.factors) / np.linalg.norm(one.factors) for one in (start[0], users)
    )
    assert before < 0.5
    assert along > 0.95


def test_the_size_of_a_grown_start_does_not_depend_on_that_of_its_start():
    ratings, priors = problem(), (ridge_prior(2, l2=1.0, l2_bias=1.0),) * 2
    biases = side(N_ROWS, 0, 5, 0.1), side(N_COLUMNS, 0, 6, 0.1)
    small, large = (
        grown_start(ratings, factor_start(biases, 2, residual_sd, 0), priors, threads=1)[0].factors
        for residual_sd in (1.0, 100.0)
    )
    np.testing.assert_allclose(small, large, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    "penalties", [{"l2": 0.0}, {"l2": 1.0, "unobserved_weight": 0.1}], ids=["none", "unobserved"]
)
def test_what_cannot_grow(penalties):
    fine, other = (ridge_prior(2, l2_bias=1.0, **given) for given in ({"l2": 1.0}, penalties))
    assert can_grow(problem(), (fine, fine))
    assert not can_grow(problem(), (fine, other))
    assert not can_grow(problem(), (ridge_prior(0, l2=1.0, l2_bias=1.0),) * 2)
