"""Item-to-item weights in closed form: the local ridge, and EASE with its kin."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from palate._parallel import balanced_bounds, check_threads, even_bounds, run_chunks
from palate.solve.compressed import starts_of
from palate.solve.rows import Rows
from palate.solve.spectral import sparse_times

if TYPE_CHECKING:
    from palate.kernels.linear import Products

DENSE_PRODUCTS = 12_000  # items up to which P always stands dense in memory (576 MB)
_ITEMS = 64  # rows of P made at a time where it is kept sparse


def products_kept(n_items: int, m: int, memory: float) -> int:
    """Return how many products of each item the local ridge keeps within `memory` bytes.

    P takes eight bytes an entry where it is sparse.
    """
    return max(4 * m, int(memory / (8 * n_items)))


def _stands_dense(n_items: int, room: np.ndarray, memory: float) -> bool:
    """Return whether P is a square matrix: for few items, or if it fits and compressed rows take no less."""
    square = 4.0 * n_items**2
    return n_items <= DENSE_PRODUCTS or square <= min(memory, 8.0 * room.sum())


def local_ridge(
    by_user: Rows,
    m: int,
    ridges: tuple[float, ...],
    threads: int,
    memory: float = np.inf,
    few: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each item, its ridge on its m nearest, for each strength of `ridges`.

    That is `w_j = (P_NN + ridge mean(diag P) 1)^-1 P_Nj` with `P = R'R`. Where P does not fit in
    `memory` bytes, each item keeps the largest of its products that do, and the others count as
    zero. The `few` items, bool (n_items,), are not worth a system:
    theirs is `w_j = P_Nj / ((1 + ridge) mean(diag P))`.

    Returns
    -------
    items : ndarray of shape (n_items, m), int32
    weights : ndarray of shape (n_ridges, n_items, m), float32
    counts : ndarray of shape (n_items,), int64
        How many of each row are filled.
    """
    from palate.kernels.linear import Products
    from palate.kernels.linear import local_ridge as single
    from palate.kernels.linear_double import local_ridge_double as double

    by_item = by_user.transposed()
    n_items = by_item.n_rows
    mean = np.square(by_user.values, dtype=np.float64).sum() / n_items
    strengths = np.array([ridge * mean for ridge in ridges], np.float32)
    alone = np.zeros((len(ridges), n_items), np.float32)
    if few is not None:
        alone[:, few] = (strengths + np.float32(mean))[:, None]
    items = np.zeros((n_items, m), np.int32)
    weights = np.zeros((len(ridges), n_items, m), np.float32)
    counts = np.zeros(n_items, np.int64)
    room = _partners(by_user.counts, by_item, n_items)
    if _stands_dense(n_items, room, memory):
        products = Products(_products(by_user, by_item, np.float32, threads))
    else:
        kept = n_items if np.isinf(memory) else products_kept(n_items, m, memory)
        products = _sparse(by_user, by_item, np.minimum(room, kept), threads)
    left = np.zeros(alone.shape, np.bool_)

    def solve(start: int, stop: int) -> None:
        if single(start, stop, products, strengths, alone, m, items, weights, counts, left):
            double(start, stop, products, strengths, m, weights, left)

    run_chunks(solve, even_bounds(n_items, 32), threads)
    return items, weights, counts


def _products(by_user: Rows, by_item: Rows, dtype: type[np.floating], threads: int) -> np.ndarray:
    """Return X'X, of this type."""
    from palate.kernels.linear import item_products

    out = np.empty((by_item.n_rows, by_item.n_rows), dtype)

    def part(start: int, stop: int) -> None:
        item_products(*(start, stop, *by_user.table, *by_item.table, out[start:stop]))

    run_chunks(part, balanced_bounds(by_item.indptr), threads)
    return out


def _partners(n_rated: np.ndarray, by_item: Rows, n_items: int) -> np.ndarray:
    """Return how many products each item has with others at most, given the items that each user rated."""
    others = np.concatenate([[0], np.cumsum(n_rated[by_item.columns] - 1)])
    return np.asarray(np.minimum(np.diff(others[by_item.indptr]), n_items - 1))


def _sparse(by_user: Rows, by_item: Rows, room: np.ndarray, threads: int) -> "Products":
    """Return P as `kept_products` writes it: the largest entries of each row, as many as there is `room`
    for, and the diagonal.
    """
    from palate.kernels.linear import Products, item_products, kept_products

    n_items = len(room)
    indptr = starts_of(room)
    columns, values = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    counts, diagonal = np.zeros(n_items, np.int64), np.zeros(n_items, np.float32)

    def part(start: int, stop: int) -> None:
        rows = np.empty((stop - start, n_items), np.float32)
        item_products(*(start, stop, *by_user.table, *by_item.table, rows))
        kept_products(start, rows, indptr, columns, values, counts, diagonal)

    run_chunks(part, even_bounds(n_items, _ITEMS), threads)
    return Products(np.empty((0, 0), np.float32), indptr, columns, values, counts, diagonal)


def closed_form(by_user: Rows, l2: float, dropout: float, leave: float, threads: int) -> np.ndarray:
    """Return the dense weights of EASE and its kin, (n_items, n_items) float32, from `R = D_u^-b/2 X`:

        G = R'R     gamma_j = l2 + G_jj p / (1 - p)     C = (G + diag gamma)^-1
        mu_j = max(0, (1 - xi) / C_jj - gamma_j)        B = 1 - C diag(gamma + mu), its diagonal 0

    with p the `dropout` and xi what is allowed to `leave` of the diagonal. Where there are fewer
    users than items it is a system of users (Woodbury): `C = (1 - Y' (1 + Y Y')^-1 Y) / gamma` with
    `Y = R gamma^-1/2`.

    References
    ----------
    Steck (2019), "Embarrassingly Shallow Autoencoders for Sparse Data", equation 8; Steck (2020),
    "Autoencoders that don't overfit towards the Identity"; Moon et al. (2023), "It's Enough:
    Relaxing Diagonal Constraints in Linear Autoencoders for Recommendation".
    """
    gamma = _penalties(by_user, l2, dropout)
    few_users = by_user.n_rows < by_user.n_columns
    inverse = _by_users(by_user, gamma) if few_users else _by_items(by_user, gamma, threads)
    scale = _scale(np.diagonal(inverse).astype(np.float64), gamma, leave)
    inverse *= -scale.astype(inverse.dtype)
    weights = inverse.astype(np.float32, copy=False)
    np.fill_diagonal(weights, 0.0)
    return weights


def low_rank_form(by_user: Rows, l2: float, dropout: float, leave: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of `closed_form` as `t_j . t_i (gamma_i + mu_i)` for j other than i.

    With `L L' = 1 + R diag(1 / gamma) R'`, the system of users, `T' = L^-1 R diag(1 / gamma)` has
    `C = diag(1 / gamma) - T T'`.

    Returns
    -------
    vectors : ndarray of shape (n_items, n_users), float32
        T.
    scale : ndarray of shape (n_items,), float64
        gamma + mu.
    """
    gamma = _penalties(by_user, l2, dropout)
    table = _half_of_users(by_user, gamma)
    diagonal = 1 / gamma - np.einsum("ui,ui->i", table, table)
    return np.ascontiguousarray(table.T, np.float32), _scale(diagonal, gamma, leave)


def _penalties(by_user: Rows, l2: float, dropout: float) -> np.ndarray:
    """Return gamma."""
    squares = np.bincount(by_user.columns, np.square(by_user.values, dtype=np.float64), by_user.n_columns)
    return np.asarray(l2 + squares * dropout / (1 - dropout))


def _scale(diagonal: np.ndarray, gamma: np.ndarray, leave: float) -> np.ndarray:
    """Return `gamma + mu`, of the diagonal of C."""
    if not (diagonal > 0).all():  # all digits were lost
        raise _singular()
    return np.asarray(gamma + np.maximum(0.0, (1 - leave) / diagonal - gamma))


def _by_users(by_user: Rows, gamma: np.ndarray) -> np.ndarray:
    half = _half_of_users(by_user, gamma).astype(np.float32)
    inverse: np.ndarray = half.T @ half
    np.negative(inverse, out=inverse)  # in place: there is one square of items
    inverse[np.diag_indices_from(inverse)] += (1 / gamma).astype(np.float32)
    return inverse


def _half_of_users(by_user: Rows, gamma: np.ndarray) -> np.ndarray:
    """Return `T' = L^-1 R diag(1 / gamma)`, (n_users, n_items) float64, column by column."""
    from scipy.linalg import cho_factor, solve_triangular

    # Column by column, the order of LAPACK, which then solves in place.
    table = np.zeros((by_user.n_rows, by_user.n_columns), order="F")
    table[np.repeat(np.arange(by_user.n_rows), by_user.counts), by_user.columns] = by_user.values
    table /= np.sqrt(gamma)
    system = table @ table.T
    system[np.diag_indices_from(system)] += 1.0
    factor = cho_factor(system, lower=True, overwrite_a=True)[0]
    table = solve_triangular(factor, table, lower=True, overwrite_b=True)
    table /= np.sqrt(gamma)
    return np.asarray(table)


def _by_items(by_user: Rows, gamma: np.ndarray, threads: int) -> np.ndarray:
    system = _products(by_user, by_user.transposed(), np.float64, threads)
    system[np.diag_indices_from(system)] += gamma
    return _inverse(system)


def _inverse(system: np.ndarray) -> np.ndarray:
    """Return the inverse of a symmetric positive definite matrix, in its own memory."""
    from scipy.linalg import lapack

    n = len(system)
    # The transpose is the same matrix in the order of LAPACK, which then works in place.
    factor, failed = lapack.dpotrf(system.T, lower=1, overwrite_a=1, clean=0)
    if not failed:
        factor, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise _singular()
    inverse = np.ascontiguousarray(factor.T)  # the same memory: its upper triangle is filled
    for start in range(0, n, 256):
        stop = min(start + 256, n)
        square = inverse[start:stop, start:stop]
        inverse[start:stop, start:stop] = np.triu(square) + np.triu(square, 1).T
        inverse[stop:, start:stop] = inverse[start:stop, stop:].T
    return inverse


class RidgePath:
    """The scores of EASE for one penalty after another, without its weights.

    With `B = 1 - C diag(1 / C_jj)` and `C = (X'X + l2)^-1` the scores are `X - X C diag(1 / C_jj)`, and
    `X C = (X X' + l2)^-1 X`: of the two systems the smaller one is solved, and its products are made
    once.

    Parameters
    ----------
    by_user : Rows
        X.
    threads : int, optional

    Examples
    --------
    >>> columns, ones = np.array([0, 1, 1], np.int32), np.ones(3, np.float32)
    >>> x = Rows(np.array([0, 2, 3]), columns, ones, ones[:0], 2)
    >>> RidgePath(x, 1).scores(1.0)(np.array([1])).astype(float).round(3).tolist()
    [[0.333, 0.0]]
    """

    def __init__(self, by_user: Rows, threads: int | None) -> None:
        self._by_user, self._by_item = by_user, by_user.transposed()
        self._threads = check_threads(threads)
        self._few_users = by_user.n_rows < by_user.n_columns
        both = (self._by_item, by_user) if self._few_users else (by_user, self._by_item)
        self._products = _products(*both, np.float64, self._threads)

    def scores(self, l2: float) -> Callable[[np.ndarray], np.ndarray]:
        """Return what gives the scores of users by their row numbers, (n, n_items) float32."""
        system = self._products.copy()
        system[np.diag_indices_from(system)] += l2
        inverse = _inverse(system).astype(np.float32)
        if not self._few_users:
            scale = -1 / np.diagonal(inverse)
            return lambda users: self._with_own(
                users, sparse_times(self._by_user.take(users), inverse, self._threads) * scale
            )
        by_item = self._by_item
        table = sparse_times(by_item, inverse, self._threads)  # (n_items, n_users)
        item = np.repeat(np.arange(by_item.n_rows), by_item.counts)
        own = np.bincount(item, by_item.values * table[item, by_item.columns], by_item.n_rows)
        factor = (-l2 / (1 - own)).astype(np.float32)
        return lambda users: self._with_own(users, table[:, users].T * factor)

    def _with_own(self, users: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Add what each of these users chose to the scores, in place."""
        rows = self._by_user.take(users)
        scores[np.repeat(np.arange(rows.n_rows), rows.counts), rows.columns] += rows.values
        return scores


def _singular() -> ArithmeticError:
    return ArithmeticError("the products of the items could not be inverted; raise l2.")
