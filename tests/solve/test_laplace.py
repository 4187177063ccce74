"""Standard errors of least squares: the kernel against NumPy, one user and one item by hand, scale
and floor.
"""

import numpy as np
import pytest

from palate.kernels import laplace as kernel
from palate.solve.laplace import ALL, Half, Kept, pair_variances, spread_of, standard_errors
from palate.solve.rows import Rows, Side, row_strength
from palate.solve.strengths import ridge_prior


def rows_of(rng, n_rows, n_columns, weights=False, most=30):
    counts = rng.integers(0, min(most, n_columns) + 1, n_rows)
    counts[0] = 0
    columns = np.concatenate([np.sort(rng.choice(n_columns, n, replace=False)) for n in counts]).astype(
        np.int32
    )
    weight = rng.uniform(0.5, 2, len(columns)).astype(np.float32) if weights else np.empty(0, np.float32)
    return Rows(
        np.append(0, np.cumsum(counts)), columns, np.ones(len(columns), np.float32), weight, n_columns
    )


def side_of(rng, n, k):
    return Side.padded(
        rng.normal(0, 0.5, (n, k)).astype(np.float32), rng.normal(0, 0.3, n).astype(np.float32)
    )


@pytest.mark.parametrize("k", [0, 1, 7, 8, 13])
@pytest.mark.parametrize(
    ("settings", "weights"),
    [
        ({}, False),
        ({"dropout": 0.3, "scaling": 0.5}, True),
        ({"unobserved_weight": 0.2, "imputed": 2.0}, True),
        ({"bias": False}, False),
    ],
)
def test_covariances_are_the_inverse_of_the_rows_matrix(k, settings, weights):
    rng = np.random.default_rng(k)
    rows, own, other = rows_of(rng, 9, 40, weights), side_of(rng, 9, k), side_of(rng, 40, k)
    prior = ridge_prior(k, l2=1.5, l2_bias=2.0, **settings)
    found = Half(rows, own, other, prior, 3.0).covariances(np.array([3, 0, 8, -1, 5]))
    x = np.hstack([other.factors[:, :k], np.ones((40, 1))]).astype(np.float64)
    base = prior.unobserved_weight * x.T @ x
    counts = np.append(rows.counts, 0)
    strength = row_strength(counts, 40, prior)
    for place, row in enumerate([3, 0, 8, 9, 5]):
        part = slice(rows.indptr[row], rows.indptr[row + 1]) if row < 9 else slice(0, 0)
        weight = rows.weights[part] if weights else np.ones(counts[row])
        if counts[row] == 0 and k and settings.get("scaling"):
            continue  # no penalty and no rating: nothing to compare
        wanted = kernel.row_covariance_reference(
            x[rows.columns[part]],
            weight,
            prior.precision[0],
            strength[row],
            base,
            prior.unobserved_weight,
            prior.dropout,
        )
        if not prior.bias:
            wanted = np.zeros_like(wanted)
            matrix = prior.precision[0][:k, :k] + x[rows.columns[part], :k].T @ x[rows.columns[part], :k]
            wanted[:k, :k] = np.linalg.inv(matrix)
        np.testing.assert_allclose(found[place], wanted, rtol=2e-4, atol=2e-5)


def test_threads_change_nothing_and_a_part_of_the_ratings_is_near_all():
    rng = np.random.default_rng(4)
    rows, own, other = rows_of(rng, 200, 2000, most=1500), side_of(rng, 200, 6), side_of(rng, 2000, 6)
    prior = ridge_prior(6, l2=1.0, l2_bias=1.0)
    every = np.arange(200)
    all_of_them = Half(rows, own, other, prior, 3.0).covariances(every)
    assert (Half(rows, own, other, prior, 3.0).covariances(every, threads=2) == all_of_them).all()
    part = Half(rows, own, other, prior, 3.0, most=200).covariances(every)
    traces = np.trace(part, axis1=1, axis2=2) / np.trace(all_of_them, axis1=1, axis2=2)
    assert abs(traces - 1).max() < 0.15
    assert Half(rows, own, other, prior, 3.0).most == ALL


def test_one_user_and_one_item_by_hand():
    prior = ridge_prior(1, l2=2.0, l2_bias=3.0)
    rows = Rows(
        np.array([0, 1]), np.zeros(1, np.int32), np.array([4.0], np.float32), np.empty(0, np.float32), 1
    )
    user, item = (Side.padded(np.array([[f]], np.float32), np.zeros(1, np.float32)) for f in (0.5, -2.0))
    kept = Kept(Half(rows, user, item, prior, 3.0)), Kept(Half(rows, item, user, prior, 3.0))
    linear, product = pair_variances(*kept, np.array([0]), np.array([0]))
    of_user = np.linalg.inv(np.array([[2 + 4.0, -2.0], [-2.0, 3 + 1.0]]))
    of_item = np.linalg.inv(np.array([[2 + 0.25, 0.5], [0.5, 3 + 1.0]]))
    x_i, x_u = np.array([-2.0, 1.0]), np.array([0.5, 1.0])
    assert linear[0] == pytest.approx(x_i @ of_user @ x_i + x_u @ of_item @ x_u, rel=1e-5)
    assert product[0] == pytest.approx(of_user[0, 0] * of_item[0, 0], rel=1e-5)
    assert standard_errors(linear, product, 2.0, 1.5)[0] == pytest.approx(
        1.5 * np.sqrt(4 * linear[0] + 16 * product[0])
    )


def test_what_is_kept_is_what_is_computed(monkeypatch):
    import palate.solve.laplace as module

    rng = np.random.default_rng(2)
    rows, own, other = rows_of(rng, 9, 40), side_of(rng, 9, 3), side_of(rng, 40, 3)
    half = Half(rows, own, other, ridge_prior(3, l2=1.5, l2_bias=2.0), 3.0)
    kept = Kept(half)
    first = kept.of(np.array([1, 4]), 1)
    np.testing.assert_array_equal(kept.of(np.array([-1, 1, 4, 7]), 1)[1:3], first)
    monkeypatch.setattr(module, "CACHE_BYTES", 10)
    np.testing.assert_array_equal(Kept(half).of(np.array([1, 4]), 1), first)
    monkeypatch.setattr(module, "CACHE_BYTES", 3 * 4 * 16)  # of three rows
    kept = Kept(half)
    for index in ([1, 4], [4, 7, 0], [0, 1, 7, -1], [-1, 0]):
        np.testing.assert_array_equal(kept.of(np.array(index), 1), half.covariances(np.array(index)))
    other_half = Half(rows.transposed(), other, own, half.prior, 3.0)
    users, items = np.array([3, 1, 1, -1]), np.array([0, 39, -1, 5])
    whole = pair_variances(Kept(half), Kept(other_half), users, items)
    monkeypatch.setattr(module, "BLOCK_BYTES", 1)
    np.testing.assert_array_equal(pair_variances(Kept(half), Kept(other_half), users, items), whole)


def test_a_row_is_no_more_open_than_the_others_show():
    rng = np.random.default_rng(3)
    rows, own, other = rows_of(rng, 9, 40), side_of(rng, 9, 2), side_of(rng, 40, 2)
    half = Half(rows, own, other, ridge_prior(2, l2=1e-3, l2_bias=1.0), 3.0).floored(0.5)
    counts = rows.counts[:, None]
    assert half.floor == pytest.approx(
        0.5 / ((counts * own.factors[:, :2] ** 2).sum() / (2 * counts.sum())), rel=1e-5
    )
    nobody = half.covariances(np.array([-1]))[0]
    np.testing.assert_allclose(np.diagonal(nobody), [1 / half.floor, 1 / half.floor, 1], rtol=1e-4)
    none = (
        Half(rows, own, other, ridge_prior(2, l2=0.0, l2_bias=1.0), 3.0)
        .floored(0.5)
        .covariances(np.array([-1]))[0]
    )
    np.testing.assert_allclose(none, nobody, rtol=1e-3, atol=1e-6)
    dead = Half(rows, Side(0 * own.factors, own.bias), other, half.prior, 3.0).floored(0.5)
    assert dead.floor == 1e4


def test_the_spread_makes_standardised_errors_of_variance_one():
    rng = np.random.default_rng(0)
    variances = rng.uniform(0.1, 2, 4000)
    errors = rng.normal(0, np.sqrt(0.5 + 1.7**2 * variances))
    spread = spread_of(errors**2, variances, 0.5)
    assert np.mean(errors**2 / (0.5 + spread**2 * variances)) == pytest.approx(1, abs=1e-6)
    assert spread == pytest.approx(1.7, abs=0.15)
    assert spread_of(np.zeros(3), np.ones(3), 1.0) == pytest.approx(0.01, rel=1e-6)
