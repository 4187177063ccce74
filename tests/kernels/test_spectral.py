"""Products and eigenvectors of the truncated singular value decomposition."""

import numpy as np
import pytest

from palate.kernels import spectral
from palate.solve.rows import Rows
from palate.solve.spectral import eigenvectors, truncated_svd


def table(rng, n_rows=50, n_columns=30, share=0.2):
    """Return a random sparse table as Rows and as a matrix; row 3 is empty."""
    dense = np.where(rng.random((n_rows, n_columns)) < share, rng.random((n_rows, n_columns)), 0).astype(
        np.float32
    )
    dense[3] = 0
    rows, columns = np.nonzero(dense)
    indptr = np.searchsorted(rows, np.arange(n_rows + 1)).astype(np.int64)
    return Rows(
        indptr, columns.astype(np.int32), dense[rows, columns], np.empty(0, np.float32), n_columns
    ), dense


@pytest.mark.parametrize("width", [1, 7, 8, 31, 33, 63, 64, 65, 130, 300])
def test_products_are_those_of_the_reference_in_any_chunks(rng, width):
    rows, _ = table(rng)
    columns = rng.normal(size=(30, width)).astype(np.float32)
    out, wanted = np.empty((50, width), np.float32), np.empty((50, width))
    spectral.sparse_times_reference(0, 50, rows.indptr, rows.columns, rows.values, columns, wanted)
    for first, last in ((0, 17), (17, 50)):
        spectral.sparse_times(first, last, rows.indptr, rows.columns, rows.values, columns, out)
    np.testing.assert_allclose(out, wanted, atol=1e-5)
    whole = np.empty_like(out)
    spectral.sparse_times(0, 50, rows.indptr, rows.columns, rows.values, columns, whole)
    np.testing.assert_array_equal(out, whole)
    square = rng.normal(size=(width, 7)).astype(np.float32)
    out, wanted = np.empty((50, 7), np.float32), np.empty((50, 7))
    spectral.dense_times_reference(0, 50, whole, square, wanted)
    spectral.dense_times(0, 50, whole, square, out)
    np.testing.assert_allclose(out, wanted, rtol=1e-4, atol=1e-4)


def test_the_inverse_factor_is_that_of_the_reference_and_drops_what_others_explain(rng):
    columns = rng.normal(size=(40, 9))
    gram = columns.T @ columns
    out, wanted = np.empty((9, 9)), np.empty((9, 9))
    assert (
        spectral.inverse_factor(gram, 1e-10, out)
        == spectral.inverse_factor_reference(gram, 1e-10, wanted)
        == 9
    )
    np.testing.assert_allclose(out, wanted, atol=1e-12)
    columns[:, 4] = columns[:, 1] - 2 * columns[:, 2]
    columns[:, 7] = 0
    gram = columns.T @ columns
    assert spectral.inverse_factor(gram, 1e-10, out) == 7
    kept = [0, 1, 2, 3, 5, 6, 8]
    orthonormal = columns @ out
    np.testing.assert_allclose(orthonormal[:, kept].T @ orthonormal[:, kept], np.eye(7), atol=1e-10)
    assert not orthonormal[:, [4, 7]].any()


@pytest.mark.parametrize("k", [1, 2, 3, 20, 70])
def test_eigenvectors_are_those_of_the_matrix_whatever_the_threads(rng, k):
    half = rng.normal(size=(k, k))
    matrix = half + half.T
    values, vectors = eigenvectors(matrix, 1)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix)[::-1], atol=1e-10)
    np.testing.assert_allclose(vectors @ matrix, values[:, None] * vectors, atol=1e-10)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(k), atol=1e-12)
    for threads in (2, 5):
        again = eigenvectors(matrix, threads)
        np.testing.assert_array_equal(again[0], values)
        np.testing.assert_array_equal(again[1], vectors)


def test_eigenvectors_of_matrices_that_are_diagonal_already_and_of_what_is_no_number():
    values, vectors = eigenvectors(np.diag([1.0, 3.0, 3.0, 0.0]))
    assert values.tolist() == [3, 3, 1, 0]
    np.testing.assert_array_equal(vectors @ vectors.T, np.eye(4))
    with pytest.raises(ArithmeticError, match="not finite"):
        eigenvectors(np.full((3, 3), np.nan))


def test_the_decomposition_is_that_of_lapack_and_ends_at_the_rank(rng):
    rows, dense = table(rng)
    wanted = np.linalg.svd(dense, full_matrices=False)
    values, right = truncated_svd(rows, rows.transposed(), 8, passes=40, seed=0, threads=1)
    np.testing.assert_allclose(values, wanted[1][:8], rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.sum(right.T * wanted[2][:8], axis=1)), 1, atol=1e-3)
    for threads in (2, 3):
        again = truncated_svd(rows, rows.transposed(), 8, passes=40, seed=0, threads=threads)
        np.testing.assert_array_equal(again[0], values)
        np.testing.assert_array_equal(again[1], right)
    two = np.zeros((50, 30), np.float32)
    two[:, :2] = 1  # of rank 1
    columns = np.tile(np.arange(2, dtype=np.int32), 50)
    one = Rows(np.arange(0, 101, 2), columns, np.ones(100, np.float32), np.empty(0, np.float32), 30)
    values, right = truncated_svd(one, one.transposed(), 5, passes=3, seed=1, threads=1)
    np.testing.assert_allclose(values, [10, 0, 0, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(np.abs(right[:2, 0]), np.sqrt(0.5), rtol=1e-5)
    assert not right[:, 1:].any()
