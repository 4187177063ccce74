"""The truncated SVD of a sparse table, with the same bits for any number of threads."""

import numpy as np

from palate._parallel import balanced_bounds, even_bounds, run_chunks
from palate._random import Stream, key_of
from palate.solve.rows import Rows, Side, gram_of, padded_width

_TOLERANCE = 1e-10  # share of a column's square below which the columns before it explain it in float32
_ENTRIES_PER_ROW = 16  # that a chunk has at least for each row of the table that it is multiplied with
_NO_VALUE = 1e-5  # singular values below this share of the largest are rounding errors of float32


def eigenvectors(matrix: np.ndarray, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues, largest first, and eigenvectors, one per row, of a symmetric float64 matrix.

    Each vector is signed so that its entry of largest size is positive.
    """
    from palate.kernels import symmetric

    k = len(matrix)
    values, beside = np.empty(k), np.empty(k)
    reflections, vectors = np.empty((k, k)), np.empty((k, k))
    symmetric.tridiagonal(np.array(matrix, np.float64, order="C"), values, beside, reflections)
    places, turns, ended = symmetric.rotations_of(values, beside)
    if not ended:
        raise ArithmeticError(
            "the eigenvalues were not found in 60 steps each; the matrix holds numbers that are not finite."
        )
    run_chunks(symmetric.rotate, even_bounds(k, 32), threads, places, turns, vectors)
    run_chunks(symmetric.reflect, even_bounds(k, 16), threads, reflections, vectors)
    order = np.argsort(-values, kind="stable")
    vectors = vectors[order]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return values[order], vectors * np.where(largest < 0, -1.0, 1.0)


def truncated_svd(
    by_row: Rows, by_column: Rows, k: int, *, passes: int, seed: int, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the k largest singular values and the right singular vectors of a sparse table R.

    Values are float64, vectors float32 of shape (n_columns, k).

    Randomised subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4): a random table of
    k and some more columns goes `passes` times through R and R', orthogonalised each time, and the
    eigenvectors of what R makes of it turn it into singular vectors. Values and vectors past the
    rank of R are 0.

    Parameters
    ----------
    by_row, by_column : Rows
        R and its transpose.
    k : int
        At most the smaller side of R.
    passes : int
        At least 1; 3 or 4 are enough where singular values fall.
    seed : int
    threads : int
    """
    n_rows, n_columns = by_row.n_rows, by_row.n_columns
    width = min(k + max(16, k // 4), n_rows, n_columns)
    basis = _start(n_columns, width, seed)
    for _ in range(passes):
        basis = _orthogonal(basis, threads)
        basis = sparse_times(by_column, sparse_times(by_row, basis, threads), threads)
    # twice: once leaves the rounding error of float32 times the condition
    basis = _orthogonal(_orthogonal(basis, threads), threads)
    squares, vectors = eigenvectors(_gram(sparse_times(by_row, basis, threads), threads), threads)
    values = np.sqrt(np.maximum(squares[:k], 0.0))
    turn = np.where(values > _NO_VALUE * values[0], 1.0, 0.0)
    right = dense_times(basis, np.ascontiguousarray(vectors[:k].T * turn).astype(np.float32), threads)
    return values * turn, right


def _start(n: int, width: int, seed: int) -> np.ndarray:
    from palate.kernels.random import fill_normal

    table = np.zeros((n, padded_width(width)), np.float32)
    normal = np.empty((n, width), np.float32)
    fill_normal(key_of(seed, 0, Stream.SPECTRAL), 0, normal)
    table[:, :width] = normal
    return table


def sparse_times(rows: Rows, table: np.ndarray, threads: int) -> np.ndarray:
    """Return `rows @ table`, float32."""
    from palate.kernels import spectral

    table, out = np.ascontiguousarray(table, np.float32), np.empty((rows.n_rows, table.shape[1]), np.float32)
    # Each chunk reads all of the table: few chunks where the table is large beside the entries.
    n_chunks = len(rows.values) // (_ENTRIES_PER_ROW * max(len(table), 1))
    bounds = balanced_bounds(rows.indptr, min(max(n_chunks, threads), 64))
    run_chunks(spectral.sparse_times, bounds, threads, *rows.table, table, out)
    return out


def dense_times(table: np.ndarray, square: np.ndarray, threads: int) -> np.ndarray:
    """Return `table @ square`, float32."""
    from palate.kernels import spectral

    out = np.empty((len(table), square.shape[1]), np.float32)
    run_chunks(spectral.dense_times, even_bounds(len(table), 256), threads, table, square, out)
    return out


def _gram(table: np.ndarray, threads: int) -> np.ndarray:
    return gram_of(Side(table, np.zeros(len(table), np.float32)), threads)[0]


def _orthogonal(table: np.ndarray, threads: int) -> np.ndarray:
    """Return orthonormal columns that span those of `table`; a linearly dependent column becomes 0."""
    from palate.kernels import spectral

    gram = _gram(table, threads)
    inverse = np.empty_like(gram)
    spectral.inverse_factor(gram, _TOLERANCE, inverse)
    return dense_times(table, inverse.astype(np.float32), threads)
