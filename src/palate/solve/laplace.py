"""How sure a least-squares model is: the Laplace approximation, one block for each user and each item.

Around the optimum the objective is quadratic in each row, so that a row is about normal with the
inverse of the row solver's matrix as covariance. What ties users to items is left out; one factor,
found on validation ratings, stands for it.

A penalty that grows with the number of ratings is next to none for a row of one or two. Such a row
is not as open as that: the rows of a side, each weighted by its ratings, show how far factors lie
from zero. The penalty counts as at least what this suggests.
"""

from dataclasses import dataclass, replace
from threading import Lock

import numpy as np

from palate._parallel import even_bounds, run_chunks
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, row_strength, unobserved_terms

BLOCK_BYTES = 1 << 25  # of the covariances that stand in memory for a block of pairs
CACHE_BYTES = 1 << 27  # of the covariances of one side that are kept
ALL = 2**31 - 1
_ROWS_PER_CHUNK = 64
_MOST_FLOOR = 1e4


@dataclass(frozen=True, eq=False)
class Half:
    """One side of a model: its training ratings, its vectors, its prior, and the other side's vectors.

    `floor` is the least precision of a factor; `most` bounds the ratings of a row that are looked
    at, each of which then stands for several.
    """

    rows: Rows
    side: Side
    other: Side
    prior: RowPrior
    mean: float
    floor: float = 0.0
    most: int = ALL

    def floored(self, noise_variance: float) -> "Half":
        """Return the same with the floor that the factors and this noise suggest."""
        k, counts = self.prior.n_factors, self.rows.counts.astype(np.float64)
        squares = np.einsum("nf,nf,n->", self.side.factors, self.side.factors, counts, dtype=np.float64)
        typical = squares / max(counts.sum() * k, 1)
        return replace(self, floor=min(noise_variance / typical, _MOST_FLOOR) if typical > 0 else _MOST_FLOOR)

    def covariances(self, index: np.ndarray, threads: int = 1) -> np.ndarray:
        """Return `A^-1` of the rows at `index`, float32 (m, k + 1, k + 1); -1 is a row without ratings."""
        from palate.kernels.laplace import row_covariances

        k, prior, rows = self.prior.n_factors, self.prior, self.rows
        wanted = np.ascontiguousarray(index, np.int64)
        wanted = np.where(wanted < 0, rows.n_rows, wanted)
        indptr = np.append(rows.indptr, rows.indptr[-1])  # an empty row after the last one, for -1
        precision, strength = self._penalty(np.append(rows.counts, 0))
        base, _ = unobserved_terms(self.other, self.mean, prior, threads)
        if base.size:
            own = np.append(np.arange(k), base.shape[0] - 1)
            base = np.ascontiguousarray(base[np.ix_(own, own)])
        given = (indptr, rows.columns, rows.weights, self.other.factors, precision, strength, base)
        rest = (float(prior.unobserved_weight), float(prior.dropout), bool(prior.bias), self.most)
        out = np.empty((len(wanted), k + 1, k + 1), np.float32)

        def run(start: int, stop: int) -> None:
            row_covariances(wanted[start:stop], *given, *rest, out[start:stop])

        run_chunks(run, even_bounds(len(wanted), _ROWS_PER_CHUNK), threads)
        return out

    def _penalty(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return precision and strength of rows with so many ratings, such that none is below the floor."""
        k = self.prior.n_factors
        precision = np.array(self.prior.precision[0], np.float32)
        typical = float(np.diagonal(precision)[:k].mean()) if k else 0.0
        if typical <= 0:
            precision[np.arange(k), np.arange(k)] = self.floor
            return precision, np.ones(len(counts), np.float32)
        strength = row_strength(counts, self.rows.n_columns, self.prior)
        return precision, np.maximum(strength, np.float32(self.floor / typical))

    def design(self, index: np.ndarray) -> np.ndarray:
        """Return [factors, 1] of the rows at `index`, float32 (n, k + 1); the prior mean at -1."""
        k = self.prior.n_factors
        out = np.ones((len(index), k + 1), np.float32)
        known = index >= 0
        out[known, :k] = self.side.factors[index[known], :k]
        out[~known, :k] = self.prior.mean[0, :k]
        return out


class Kept:
    """The covariances of one side that were computed so far, up to `CACHE_BYTES` of them.

    Lists ask for the same items again and again, so that the first ones are the ones to keep.
    """

    def __init__(self, half: Half) -> None:
        self.half = half
        n, size = half.rows.n_rows + 1, (half.prior.n_factors + 1) ** 2
        self._table = np.empty((min(n, CACHE_BYTES // (4 * size)), size), np.float32)
        self._place = np.full(n, -1)  # of each row in the table; the last is for rows without ratings
        self._filled, self._filling = 0, Lock()

    def of(self, index: np.ndarray, threads: int) -> np.ndarray:
        """Return the covariances of distinct rows, as `Half.covariances` does."""
        k, place = self.half.prior.n_factors, self._place[index]
        missing = np.flatnonzero(place < 0)
        if len(missing) == len(index):
            found = self.half.covariances(index, threads)
            self._keep(index, found)
            return found
        out: np.ndarray = self._table[place].reshape(len(index), k + 1, k + 1)
        if len(missing):
            out[missing] = self.half.covariances(index[missing], threads)
            self._keep(index[missing], out[missing])
        return out

    def _keep(self, index: np.ndarray, covariances: np.ndarray) -> None:
        with self._filling:
            new = np.flatnonzero(self._place[index] < 0)[: len(self._table) - self._filled]
            stop = self._filled + len(new)
            self._table[self._filled : stop] = covariances[new].reshape(len(new), self._table.shape[1])
            self._place[index[new]] = np.arange(self._filled, stop)
            self._filled = stop


def pair_variances(
    users: Kept, items: Kept, user_index: np.ndarray, item_index: np.ndarray, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return both parts of each pair's variance for noise variance 1, float64.

    See `palate.kernels.laplace`.

    Parameters
    ----------
    users, items : Kept
        Both sides.
    user_index, item_index : ndarray of shape (n,), int
        -1 is an unknown row at its prior mean.
    threads : int, default 1
    """
    from palate.kernels import laplace

    user_index, item_index = (np.ascontiguousarray(index, np.int64) for index in (user_index, item_index))
    linear, product = np.empty(len(user_index)), np.empty(len(user_index))
    order = np.lexsort((item_index, user_index))
    size = max(1, BLOCK_BYTES // ((users.half.prior.n_factors + 1) ** 2 * 4))

    for begin in range(0, len(order), size):
        part = order[begin : begin + size]
        own, user_at = np.unique(user_index[part], return_inverse=True)
        theirs, item_at = np.unique(item_index[part], return_inverse=True)
        matrices = users.of(own, threads), items.of(theirs, threads)
        vectors = users.half.design(user_index[part]), items.half.design(item_index[part])
        one, two = np.empty(len(part)), np.empty(len(part))
        laplace.pair_variances(*matrices, user_at, item_at, *vectors, one, two)
        linear[part], product[part] = one, two
    return linear, product


def standard_errors(linear: np.ndarray, product: np.ndarray, noise_sd: float, spread: float) -> np.ndarray:
    """Return `spread sqrt(s^2 linear + s^4 product)`, float64."""
    variance = noise_sd**2
    return spread * np.sqrt(variance * linear + variance**2 * product)


def spread_of(squared_errors: np.ndarray, variances: np.ndarray, noise_variance: float) -> float:
    """Return the factor c with `mean of e^2 / (s^2 + c^2 v) = 1`.

    Standardised errors then have unit variance.

    Between 0.01 and 100: where the noise alone explains the errors, or more.

    Examples
    --------
    >>> import numpy as np
    >>> round(spread_of(np.array([2.0, 2.0]), np.array([0.25, 0.25]), 1.0), 6)
    2.0
    """
    low, high = 1e-2, 1e2
    for _ in range(60):
        middle = np.sqrt(low * high)
        if np.mean(squared_errors / (noise_variance + middle**2 * variances)) > 1:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))
