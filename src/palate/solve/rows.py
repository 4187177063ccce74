"""The one wrapper around the row solver: pads, checks, cuts into chunks, runs."""

from dataclasses import dataclass

import numpy as np

from palate.solve.parallel import balanced_bounds, run_chunks
from palate.solve.prior import RowPrior

LANES = 8  # padding of the factor block, as in the kernels


def padded_width(n_factors: int) -> int:
    """Return the number of factor columns the kernels use: the next multiple of eight."""
    return -(-n_factors // LANES) * LANES


@dataclass(frozen=True, eq=False)
class Rows:
    """Ratings as compressed rows: those of row u are at `indptr[u] : indptr[u + 1]`, by ascending column."""

    indptr: np.ndarray  # (n_rows + 1,) int64
    columns: np.ndarray  # (n_ratings,) int32
    values: np.ndarray  # (n_ratings,) float32
    weights: np.ndarray  # (n_ratings,) float32, or empty when every weight is 1
    n_columns: int

    @property
    def n_rows(self) -> int:
        """Number of rows, those without ratings included."""
        return len(self.indptr) - 1

    @property
    def counts(self) -> np.ndarray:
        """Number of ratings of each row, int64."""
        return np.diff(self.indptr)

    def transposed(self) -> "Rows":
        """Return the same ratings by column."""
        from palate.kernels.csr import transpose_csr

        indptr, rows, values = transpose_csr(self.indptr, self.columns, self.values, self.n_columns)
        weights = self.weights
        if weights.size:
            weights = transpose_csr(self.indptr, self.columns, weights, self.n_columns)[2]
        return Rows(indptr, rows, values, weights, self.n_rows)


@dataclass(frozen=True, eq=False)
class Side:
    """Vectors of all users or all items, factor columns padded with zeros to a multiple of eight."""

    factors: np.ndarray  # (n, width) float32
    bias: np.ndarray  # (n,) float32

    @classmethod
    def padded(cls, factors: np.ndarray, bias: np.ndarray) -> "Side":
        """Make a Side from unpadded factors of shape (n, n_factors)."""
        n, n_factors = factors.shape
        wide = np.zeros((n, padded_width(n_factors)), np.float32)
        wide[:, :n_factors] = factors
        return cls(wide, np.ascontiguousarray(bias, np.float32))

    def unpadded(self, n_factors: int) -> np.ndarray:
        """Return the factors of shape (n, n_factors)."""
        return np.ascontiguousarray(self.factors[:, :n_factors])


@dataclass(frozen=True, eq=False)
class Solved:
    """What a solve returns: the rows, their error sums if asked for, and how many rows needed float64."""

    side: Side
    stats: np.ndarray  # (n_rows, 4) float64, or empty: see kernels.rows.N_STATS
    n_double: int


def row_strength(counts: np.ndarray, n_columns: int, prior: RowPrior) -> np.ndarray:
    """Return `(n_u + w0 n_columns) ** nu` for each row, float32; 0 ** 0 is 1."""
    return ((counts + prior.unobserved_weight * n_columns) ** prior.scaling).astype(np.float32)


def solve_rows(
    rows: Rows,
    other: Side,
    mean: float,
    prior: RowPrior,
    *,
    draw: int = 0,
    noise: np.ndarray | None = None,
    stats: bool = False,
    double: bool = False,
    threads: int = 1,
) -> Solved:
    """Solve every row of `rows` given the other side's vectors.

    Parameters
    ----------
    rows : Rows
    other : Side
        Vectors of the columns.
    mean : float
        The global mean mu, taken off every rating.
    prior : RowPrior
    draw : int, default 0
        Which draw of the prior to use.
    noise : ndarray of shape (n_rows, n_factors + 1), optional
        Standard normal numbers: the result is then a draw instead of the optimum.
    stats : bool, default False
        Also return the error sums of each row.
    double : bool, default False
        Accumulate and factorise in float64, as zero penalties need.
    threads : int, default 1
    """
    from palate.kernels import rows as kernel

    width = other.factors.shape[1]
    n_rows, counts = rows.n_rows, rows.counts
    single = np.float32
    base_gram, base_rhs = _unobserved(other, mean, prior)
    out, out_bias = np.empty((n_rows, width), single), np.empty(n_rows, single)
    sums = np.zeros((n_rows if stats else 0, kernel.N_STATS))
    arguments = (
        rows.indptr, rows.columns, rows.values, rows.weights, single(mean), other.factors, other.bias,
        _widened_matrix(prior.precision[draw], width), row_strength(counts, rows.n_columns, prior),
        _widened_rows(prior.mean[draw : draw + 1], width), base_gram, base_rhs,
        single(prior.unobserved_weight), single(prior.imputed), single(prior.dropout), single(prior.l1_bias),
        bool(prior.bias), bool(double), _widened_rows(noise, width), out, out_bias, sums,
    )  # fmt: skip

    def solve(start: int, stop: int) -> int:
        return kernel.solve_rows(np.array([start, stop]), *arguments)

    n_double = sum(run_chunks(solve, balanced_bounds(rows.indptr), threads))
    return Solved(Side(out, out_bias), sums, n_double)


def _widened_matrix(matrix: np.ndarray, width: int) -> np.ndarray:
    """Pad the factor block of a (k + 1, k + 1) matrix to `width`, with 1 on the padded diagonal and the bias kept last."""
    k = len(matrix) - 1
    wide = np.eye(width + 1, dtype=np.float32)
    wide[:k, :k], wide[:k, -1] = matrix[:k, :k], matrix[:k, -1]
    wide[-1, :k], wide[-1, -1] = matrix[-1, :k], matrix[-1, -1]
    return wide


def _widened_rows(rows: np.ndarray | None, width: int) -> np.ndarray:
    """Pad rows of shape (n, k + 1) to (n, width + 1), the bias kept last; nothing, or one row of zeros, is no row at all."""
    if rows is None or (len(rows) == 1 and not rows.any()):
        return np.empty((0, width + 1), np.float32)
    wide = np.zeros((len(rows), width + 1), np.float32)
    k = rows.shape[1] - 1
    wide[:, :k], wide[:, -1] = rows[:, :k], rows[:, -1]
    return wide


def _unobserved(other: Side, mean: float, prior: RowPrior) -> tuple[np.ndarray, np.ndarray]:
    """Return the Gram matrix and right-hand side of all columns at weight w0 and value r0, or empty arrays for w0 = 0."""
    if prior.unobserved_weight == 0:
        return np.empty((0, 0), np.float32), np.empty(0, np.float32)
    raise NotImplementedError("unobserved_weight is not available yet; set it to 0.")
