"""The one wrapper around the row solver: pads, checks, cuts into chunks, runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from palate._aligned import aligned_empty
from palate._parallel import balanced_bounds, even_bounds, run_chunks
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.vocabulary import entries_at
from palate.solve.compressed import transposed
from palate.solve.prior import RowPrior

if TYPE_CHECKING:
    from palate.kernels.systems import Systems

_BLOCK_BYTES = 1 << 21  # of vectors that are read together, what fits the cache of one processor
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

    @classmethod
    def of(cls, ratings: Ratings) -> "Rows":
        """Return ratings by user."""
        weights = np.empty(0, np.float32) if ratings.weight is None else ratings.weight
        return cls(ratings.user_indptr, ratings.item_index, ratings.value, weights, ratings.n_items)

    @classmethod
    def of_matrix(cls, ratings: RatingMatrix) -> "Rows":
        """Return the ratings of a matrix by user."""
        weights = np.empty(0, np.float32) if ratings.weight is None else ratings.weight
        return cls(ratings.indptr, ratings.items, ratings.values(), weights, ratings.n_items)

    @classmethod
    def one(
        cls, columns: np.ndarray, values: np.ndarray, weights: np.ndarray | None, n_columns: int
    ) -> "Rows":
        """Return a single row."""
        given = np.empty(0, np.float32) if weights is None else weights
        return cls(np.array([0, len(columns)]), columns, values, given, n_columns)

    @property
    def n_rows(self) -> int:
        """Number of rows, those without ratings included."""
        return len(self.indptr) - 1

    @property
    def counts(self) -> np.ndarray:
        """Number of ratings of each row, int64."""
        return np.diff(self.indptr)

    def take(self, index: np.ndarray) -> "Rows":
        """Return these rows, none for -1."""
        at, indptr = entries_at(self.indptr, index)
        weights = self.weights[at] if self.weights.size else self.weights
        return Rows(indptr, self.columns[at], self.values[at], weights, self.n_columns)

    @property
    def table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The compressed rows alone: indptr, columns and values."""
        return self.indptr, self.columns, self.values

    def places_by_column(self) -> np.ndarray:
        """Return the place here of each rating of the transposed rows, int32."""
        order = np.arange(len(self.values), dtype=np.int32)
        return transposed(self.indptr, self.columns, order, self.n_columns)[2]

    def transposed(self, threads: int = 1) -> "Rows":
        """Return the same ratings by column."""
        table = transposed(*self.table, self.n_columns, self.weights, threads)
        return Rows(*table, self.n_rows)


@dataclass(frozen=True, eq=False)
class Side:
    """Vectors of all users or all items, factor columns padded with zeros to a multiple of eight."""

    factors: np.ndarray  # (n, width) float32
    bias: np.ndarray  # (n,) float32

    @classmethod
    def padded(cls, factors: np.ndarray, bias: np.ndarray) -> "Side":
        """Make a Side from unpadded factors of shape (n, n_factors), which it may keep as they are."""
        n, n_factors = factors.shape
        wide = np.ascontiguousarray(factors, np.float32)
        if n_factors < padded_width(n_factors):
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
    stats: np.ndarray  # (n_rows, 4) float64, or empty: see kernels.ratings.N_STATS
    n_double: int


Solver = Callable[..., Solved]  # with the arguments of `solve_rows`


def row_strength(counts: np.ndarray, n_columns: int, prior: RowPrior) -> np.ndarray:
    """Return `m ** nu + per_rating m` with `m = n_u + w0 n_columns` for each row, float32; 0 ** 0 is 1."""
    weight = counts + prior.unobserved_weight * n_columns
    strength = weight**prior.scaling
    if prior.per_rating:
        strength = strength + prior.per_rating * weight
    return np.asarray(strength, np.float32)


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
    steps: int = 0,
    tolerance: float = 0.0,
    first_order: bool = False,
    present: Side | None = None,
    prior_mean: np.ndarray | None = None,
    terms: tuple[np.ndarray, np.ndarray] | None = None,
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
    steps : int, default 0
        Instead of solving exactly, improve `present` by so many steps of conjugate gradients, or
        until the residual is `tolerance` of the right-hand side. Needs a diagonal precision and
        takes no L1.
    first_order : bool, default False
        Leave the products of factors out of the systems, and the biases as they are in `present`, or
        0 without it. This is nearly exact while the factors of `other` are small, and costs one pass
        over the ratings. Needs one positive penalty on all factors, and takes no unobserved pairs.
    prior_mean : ndarray of shape (n_rows, n_factors + 1), optional
        A mean for each row instead of the prior's.
    terms : (ndarray, ndarray), optional
        What `unobserved_terms` says of all columns, where `other` holds only those that these rows refer to.
    threads : int, default 1
    """
    from palate.kernels.ratings import N_STATS

    if first_order:
        own = np.zeros(rows.n_rows, np.float32) if present is None else present.bias
        return _to_first_order(rows, other, mean, prior, own, threads)
    systems = _systems(rows, other, mean, prior, draw, prior_mean, terms, threads)
    bounds = balanced_bounds(rows.indptr)
    sums = np.zeros((rows.n_rows if stats else 0, N_STATS))
    if not steps:
        given = _widened_rows(noise, other.factors.shape[1])
        return _solved(systems, given, bool(double), sums, bounds, threads)
    side = _improved(systems, present, steps, tolerance, bounds, threads)
    if stats:
        _errors(systems, side, sums, bounds, threads)
    return Solved(side, sums, 0)


def _systems(
    rows: Rows,
    other: Side,
    mean: float,
    prior: RowPrior,
    draw: int = 0,
    prior_mean: np.ndarray | None = None,
    terms: tuple[np.ndarray, np.ndarray] | None = None,
    threads: int = 1,
) -> "Systems":
    """Return ratings, the other side and the prior as the kernels take them, padded."""
    from palate.kernels.systems import Systems

    width, single = other.factors.shape[1], np.float32
    return Systems(
        *rows.table,
        rows.weights,
        single(mean),
        other.factors,
        other.bias,
        _widened_matrix(prior.precision[draw], width),
        row_strength(rows.counts, rows.n_columns, prior),
        _widened_rows(prior.mean[draw : draw + 1] if prior_mean is None else prior_mean, width),
        *(unobserved_terms(other, mean, prior, threads) if terms is None else terms),
        single(prior.unobserved_weight),
        single(prior.imputed),
        single(prior.dropout),
        single(prior.l1_bias),
        bool(prior.bias),
    )


def _solved(
    systems: "Systems", noise: np.ndarray, double: bool, sums: np.ndarray, bounds: np.ndarray, threads: int
) -> Solved:
    """Return the rows solved exactly, in float64 where float32 does not do; `sums` takes their error sums."""
    from palate.kernels import rows as kernel
    from palate.kernels.double import solve_double

    n_rows = len(systems.strength)
    out, out_bias = aligned_empty(n_rows, noise.shape[1] - 1), np.empty(n_rows, np.float32)
    rest = (noise, out, out_bias, sums, np.zeros(n_rows, np.bool_))

    def solve(start: int, stop: int) -> int:
        n_left = int(kernel.solve_rows(start, stop, systems, double, *rest))
        if n_left:
            solve_double(start, stop, systems, *rest)
        return n_left

    return Solved(Side(out, out_bias), sums, sum(run_chunks(solve, bounds, threads)))


def _to_first_order(
    rows: Rows, other: Side, mean: float, prior: RowPrior, bias: np.ndarray, threads: int
) -> Solved:
    """Return the rows to first order in the factors of the other side, with these biases."""
    from palate.kernels.ratings import first_order_rows

    penalty = row_strength(rows.counts, rows.n_columns, prior) * prior.precision[0, 0, 0]
    # Rows without ratings may have no penalty; their sums are 0.
    share = np.divide(np.float32(1), penalty, out=np.zeros_like(penalty), where=penalty > 0)
    out = aligned_empty(rows.n_rows, other.factors.shape[1])
    block = max(1, _BLOCK_BYTES // (4 * out.shape[1]))
    given = (*rows.table, rows.weights, np.float32(mean), other.factors, other.bias, bias, share, block)
    bounds = balanced_bounds(rows.indptr, 4 * threads)  # few, since each one reads all vectors
    run_chunks(first_order_rows, bounds, threads, *given, out)
    return Solved(Side(out, bias), np.empty((0, 0)), 0)


def _improved(
    systems: "Systems", present: Side | None, steps: int, tolerance: float, bounds: np.ndarray, threads: int
) -> Side:
    """Return the rows after some steps of conjugate gradients, from those of `present` or from zeros."""
    from palate.kernels.conjugate import improve_rows

    n_rows, width = len(systems.strength), systems.other.shape[1]
    if present is None:
        side = Side(np.zeros((n_rows, width), np.float32), np.zeros(n_rows, np.float32))
    else:
        side = Side(present.factors.copy(), present.bias.copy())
    given = (systems, steps, np.float32(tolerance), side.factors, side.bias)
    run_chunks(improve_rows, bounds, threads, *given)
    return side


def _errors(systems: "Systems", side: Side, sums: np.ndarray, bounds: np.ndarray, threads: int) -> None:
    from palate.kernels.ratings import row_errors

    run_chunks(row_errors, bounds, threads, systems, side.factors, side.bias, sums)


def rating_scores(rows: Rows, side: Side, other: Side, threads: int) -> np.ndarray:
    """Return `b_u + b_i + p_u . q_i` of every rating, without the mean, float32, in the order of the rows."""
    from palate.kernels.ratings import row_scores

    out = np.empty(len(rows.values), np.float32)
    vectors = (side.factors, side.bias, other.factors, other.bias)
    run_chunks(row_scores, balanced_bounds(rows.indptr), threads, rows.indptr, rows.columns, *vectors, out)
    return out


def row_errors(rows: Rows, side: Side, other: Side, mean: float, threads: int) -> np.ndarray:
    """Return the weighted sums of squared and of absolute errors of each row, float64 (n_rows, 2)."""
    from palate.kernels.ratings import N_STATS

    k = side.factors.shape[1]
    zeros = np.zeros((1, k + 1, k + 1), np.float32)
    nothing = RowPrior(precision=zeros, mean=zeros[:, 0])
    sums = np.zeros((rows.n_rows, N_STATS))
    _errors(_systems(rows, other, mean, nothing), side, sums, balanced_bounds(rows.indptr), threads)
    return sums[:, :2]


def _widened_matrix(matrix: np.ndarray, width: int) -> np.ndarray:
    """Pad the factors of a (k + 1, k + 1) matrix to `width` by 1 on the diagonal; the bias stays last."""
    k = len(matrix) - 1
    wide = np.eye(width + 1, dtype=np.float32)
    wide[:k, :k], wide[:k, -1] = matrix[:k, :k], matrix[:k, -1]
    wide[-1, :k], wide[-1, -1] = matrix[-1, :k], matrix[-1, -1]
    return wide


def _widened_rows(rows: np.ndarray | None, width: int) -> np.ndarray:
    """Pad rows of shape (n, k + 1) to (n, width + 1); the bias stays last.

    Nothing, or one row of zeros, becomes no row at all.
    """
    if rows is None or (len(rows) == 1 and not rows.any()):
        return np.empty((0, width + 1), np.float32)
    if rows.shape[1] == width + 1:
        return np.ascontiguousarray(rows, np.float32)
    wide = np.zeros((len(rows), width + 1), np.float32)
    k = rows.shape[1] - 1
    wide[:, :k], wide[:, -1] = rows[:, :k], rows[:, -1]
    return wide


def unobserved_terms(
    other: Side, mean: float, prior: RowPrior, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what all columns at weight w0 and value r0 add to every system.

    The terms are `w0 sum x x'` and `w0 sum (r0 - mu - b) x`.

    Empty arrays for w0 = 0. Shapes (width + 1, width + 1) and (width + 1,), float32, the bias last.
    """
    if prior.unobserved_weight == 0:
        return np.empty((0, 0), np.float32), np.empty(0, np.float32)
    gram, sums, products = gram_of(other, threads)
    left = prior.imputed - mean
    width = len(sums)
    whole = np.empty((width + 1, width + 1))
    whole[:width, :width], whole[:width, width], whole[width, :width] = gram, sums, sums
    whole[width, width] = len(other.bias)
    right = np.append(left * sums - products, left * len(other.bias) - other.bias.sum(dtype=np.float64))
    w0 = prior.unobserved_weight
    return (w0 * whole).astype(np.float32), (w0 * right).astype(np.float32)


def gram_of(side: Side, threads: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `sum q q'`, `sum q` and `sum b q` over all rows of a side, float64.

    Chunks are fixed and added in order.
    """
    from palate.kernels.gram import add_gram

    width = side.factors.shape[1]

    def part(start: int, stop: int) -> np.ndarray:
        out = np.zeros((width, width))
        add_gram(side.factors, start, stop, out)
        return out

    upper = np.zeros((width, width))
    for chunk in run_chunks(part, even_bounds(len(side.bias), max(1 << 13, width * 8)), threads):
        upper += chunk
    sums = side.factors.sum(axis=0, dtype=np.float64)
    products = np.einsum("nf,n->f", side.factors, side.bias, dtype=np.float64)
    return np.triu(upper) + np.triu(upper, 1).T, sums, products


def unobserved_loss(users: Side, items: Side, mean: float, imputed: float, threads: int) -> float:
    """Return `sum over all pairs of (r0 - s)^2`, observed ones included, without visiting the pairs."""
    gram, sums, products = gram_of(items, threads)
    n, bias_sum = len(items.bias), items.bias.sum(dtype=np.float64)
    bias_square = np.square(items.bias, dtype=np.float64).sum()
    p = users.factors.astype(np.float64)
    left = imputed - mean - users.bias.astype(np.float64)  # what a user's items have to explain
    scores = p @ sums + bias_sum  # sum over items of p . q + b
    squares = np.einsum("uf,fg,ug->u", p, gram, p, optimize=True) + 2 * p @ products + bias_square
    return float(np.sum(n * left**2 - 2 * left * scores + squares))
