"""The forms of item-to-item weights: each answers as the matrix that it stands for."""

import numpy as np
import pytest

from palate.kernels.linear import PANEL, panels_of_rows, panels_of_rows_reference
from palate.linear.low_rank import LowRankWeights
from palate.linear.weights import DenseWeights, SparseWeights
from palate.solve.rows import Rows

N_ITEMS = 30


def low_rank(rng):
    vectors = rng.normal(size=(N_ITEMS, 7)).astype(np.float32)
    vectors[:, 6] = 0
    vectors[[4, 11]] = 0  # nothing is known of one, and the other meets nobody
    vectors[11, 6] = 2
    source, target = (rng.uniform(0.5, 2, N_ITEMS).astype(np.float32) for _ in range(2))
    matrix = source[:, None] * (vectors.astype(np.float64) @ vectors.T) * target
    np.fill_diagonal(matrix, 0)
    return LowRankWeights(vectors=vectors, source_scale=source, target_scale=target), matrix


def dense(rng):
    matrix = low_rank(rng)[1].astype(np.float32)
    return DenseWeights(dense=matrix), matrix.astype(np.float64)


def sparse(rng):
    matrix = np.where(rng.random((N_ITEMS, N_ITEMS)) < 0.3, low_rank(rng)[1], 0).astype(np.float32)
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(N_ITEMS + 1)).astype(np.int64)
    found = SparseWeights(indptr=indptr, columns=columns.astype(np.int32), values=matrix[rows, columns])
    return found, matrix.astype(np.float64)


def sparse_with_a_long_row(rng):
    matrix = np.where(rng.random((N_ITEMS, N_ITEMS)) < 0.05, rng.normal(size=(N_ITEMS, N_ITEMS)), 0)
    matrix[[4, 11]] = 0
    matrix[[3, 17]] = rng.normal(size=(2, N_ITEMS))  # popular: their weights go to all others
    matrix = matrix.astype(np.float32)
    np.fill_diagonal(matrix, 0)
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(N_ITEMS + 1)).astype(np.int64)
    found = SparseWeights(indptr=indptr, columns=columns.astype(np.int32), values=matrix[rows, columns])
    assert 0 < (found._long_rows[0] >= 0).sum() < N_ITEMS
    return found, matrix.astype(np.float64)


def choices_of(rng, n_users):
    """Return choices as Rows and as a matrix; user 2 chose nothing."""
    table = np.where(rng.random((n_users, N_ITEMS)) < 0.3, rng.random((n_users, N_ITEMS)), 0)
    table = table.astype(np.float32)
    table[2] = 0
    users, items = np.nonzero(table)
    indptr = np.searchsorted(users, np.arange(n_users + 1)).astype(np.int64)
    rows = Rows(indptr, items.astype(np.int32), table[users, items], np.empty(0, np.float32), N_ITEMS)
    return rows, table.astype(np.float64)


@pytest.fixture(params=[dense, sparse, sparse_with_a_long_row, low_rank], ids=lambda make: make.__name__)
def both(request, rng):
    """Return weights in one form, and the matrix that they are."""
    return request.param(rng)


def test_scores_are_those_of_the_matrix_alone_and_among_others(both, rng):
    weights, matrix = both
    rows, table = choices_of(rng, 150)
    scores = weights.scores(rows)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, table @ matrix, atol=1e-4)
    assert not scores[2].any()
    np.testing.assert_array_equal(weights.scores(rows, threads=3), scores)
    for users in ([5], [149, 7, 2], [-1, 30]):
        alone = weights.scores(rows.take(np.array(users)))
        np.testing.assert_array_equal(alone, np.where(np.array(users)[:, None] < 0, 0, scores[users]))
    assert weights.scores(rows.take(np.array([], np.int64))).shape == (0, N_ITEMS)


def test_weights_are_those_of_the_matrix(both):
    weights, matrix = both
    some = np.array([7, 0, 4, 29, 11, 12])
    for item in (0, 4, 11, 12):
        np.testing.assert_allclose(weights.row(item), matrix[item], atol=1e-5)
        np.testing.assert_allclose(weights.from_items(some, item), matrix[some, item], atol=1e-5)
        np.testing.assert_array_equal(weights.to_items(item, some), weights.row(item)[some])
        np.testing.assert_array_equal(weights.from_items(some[:1], item), weights.from_items(some, item)[:1])
    assert weights.n_items == N_ITEMS


def test_which_items_have_weights_and_the_largest_of_each(both):
    weights, matrix = both
    np.testing.assert_array_equal(weights.has_weights, (matrix != 0).any(axis=1))
    assert not weights.has_weights[[4, 11]].any()
    most = matrix.max(axis=1)
    for items in (np.array([3, 4, 3]), np.arange(N_ITEMS)):
        np.testing.assert_allclose(
            weights.largest(items), np.where(most > 0, most, 1.0)[items], rtol=1e-5, atol=1e-6
        )


def test_the_largest_weights_have_the_same_bits_whoever_asked_first(rng):
    weights, _ = low_rank(rng)
    again = LowRankWeights(**vars(weights))
    parts = np.concatenate([again.largest(np.array([item])) for item in range(N_ITEMS)])
    np.testing.assert_array_equal(parts, weights.largest(np.arange(N_ITEMS)))


def test_an_item_of_no_weight_adds_nothing_to_its_own_score(rng):
    weights, _ = low_rank(rng)
    rows = Rows(np.array([0, 1]), np.array([11], np.int32), np.ones(1, np.float32), np.empty(0), N_ITEMS)
    assert not weights.scores(rows).any()


def test_weights_move_to_the_new_places_of_their_items(both, rng):
    weights, matrix = both
    old = np.full(N_ITEMS + 3, -1)
    new = np.delete(np.arange(N_ITEMS + 3), [0, 9, 32])
    old[new] = np.arange(N_ITEMS)
    moved = weights.among(old)
    assert type(moved) is type(weights)
    wanted = np.zeros((N_ITEMS + 3, N_ITEMS + 3))
    wanted[np.ix_(new, new)] = matrix
    np.testing.assert_allclose([moved.row(item) for item in range(N_ITEMS + 3)], wanted, atol=1e-5)
    np.testing.assert_array_equal(moved.has_weights[new], weights.has_weights)
    assert weights.among(np.arange(N_ITEMS)) is weights


def test_long_rows_are_kept_within_their_memory(rng, monkeypatch):
    weights, matrix = sparse(rng)
    rows, table = choices_of(rng, 150)
    few = SparseWeights(indptr=weights.indptr, columns=weights.columns, values=weights.values)
    monkeypatch.setattr("palate.linear.weights.LONG_ROWS_BYTES", 4 * N_ITEMS * 5)
    place, panels = few._long_rows
    assert (place >= 0).sum() == panels.shape[1] == 5
    counts = np.diff(weights.indptr)
    assert counts[place >= 0].min() >= counts[place < 0].max()
    np.testing.assert_allclose(few.scores(rows), table @ matrix, atol=1e-4)


def test_rows_in_panels_are_those_of_the_matrix(rng):
    weights, matrix = sparse(rng)
    rows = np.array([2, 7, 29])
    out, wanted = np.zeros((1, 3, PANEL), np.float32), np.zeros((1, 3, PANEL), np.float32)
    panels_of_rows(rows, weights.indptr, weights.columns, weights.values, out)
    panels_of_rows_reference(rows, matrix, wanted)
    np.testing.assert_array_equal(out, wanted)
