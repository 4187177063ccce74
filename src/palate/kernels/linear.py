"""Item-to-item weights: products of items, the ridge of each item on its nearest, and scores by sparse weights.

Rows are independent and summed in one order, so that the bits do not depend on chunks.
"""

import numpy as np
from numba import njit

from palate.kernels.rows import FAST


@njit(nogil=True, cache=True)
def item_products(first, last, user_ptr, user_items, user_values, item_ptr, item_users, item_values, out):
    """Write rows `first` to `last` of `P = R'R` to `out` (last - first, n_items), float32 or float64."""
    for item in range(first, last):
        row = out[item - first]
        row[:] = 0
        for entry in range(item_ptr[item], item_ptr[item + 1]):
            user, own = item_users[entry], item_values[entry]
            for place in range(user_ptr[user], user_ptr[user + 1]):
                row[user_items[place]] += own * user_values[place]


def item_products_reference(dense, first, last):
    """NumPy reference of `item_products`, from R as a dense matrix."""
    return dense[:, first:last].T @ dense


@njit(nogil=True, cache=True)
def _nearest(products, item, m, found):
    """Write the items other than `item` with the m largest positive products to `found`, ascending; return their number."""
    n = 0
    for other in range(len(products)):
        if other != item and products[other] > 0:
            n += 1
    if n > m:
        candidates, values = np.empty(n, np.int64), np.empty(n, products.dtype)
        n = 0
        for other in range(len(products)):
            if other != item and products[other] > 0:
                candidates[n], values[n] = other, -products[other]
                n += 1
        least = np.partition(values, m - 1)[m - 1]
        n, equal = 0, m
        for place in range(len(values)):
            if values[place] < least:
                equal -= 1
        for place in range(len(values)):  # of equal products the first items
            if values[place] < least or (values[place] == least and equal > 0):
                if values[place] == least:
                    equal -= 1
                found[n] = candidates[place]
                n += 1
        return n
    n = 0
    for other in range(len(products)):
        if other != item and products[other] > 0:
            found[n] = other
            n += 1
    return n


@njit(nogil=True, cache=True, fastmath=FAST)
def _solve(system, target, n):
    """Solve the positive definite `system` (n, n), of which the upper triangle is overwritten, into `target`."""
    for f in range(n):
        root = np.sqrt(system[f, f])
        own = system[f]
        for g in range(f, n):
            own[g] /= root
        for row in range(f + 1, n):
            factor, other, mine = own[row], system[row, row:n], own[row:n]
            for g in range(len(mine)):
                other[g] -= factor * mine[g]
        target[f] /= root
        for row in range(f + 1, n):
            target[row] -= own[row] * target[f]
    for f in range(n - 1, -1, -1):
        total = target[f]
        for g in range(f + 1, n):
            total -= system[f, g] * target[g]
        target[f] = total / system[f, f]


@njit(nogil=True, cache=True)
def local_ridge(first, last, products, ridge, m, items, weights, counts):
    """Write each item's ridge on its nearest items, for items `first` to `last` of the square `products` P:

        N = the m largest of P_j other than j,        w_j = (P_NN + ridge 1)^-1 P_Nj

    to `items` and `weights` (n_items, m), and the number of nearest to `counts`.
    """
    found = np.empty(m, np.int64)
    system, target = np.empty((m, m), np.float32), np.empty(m, np.float32)
    for item in range(first, last):
        n = _nearest(products[item], item, m, found)
        for a in range(n):
            row = products[found[a]]
            for b in range(a, n):
                system[a, b] = row[found[b]]
            system[a, a] += ridge
            target[a] = row[item]
        _solve(system, target, n)
        counts[item] = n
        for a in range(n):
            items[item, a], weights[item, a] = found[a], target[a]


@njit(nogil=True, cache=True)
def local_ridge_sparse(first, last, indptr, columns, values, ridge, m, items, weights, counts):
    """Do what `local_ridge` does with P as compressed rows, ascending in each."""
    n_items = len(indptr) - 1
    found = np.empty(m, np.int64)
    place = np.full(n_items, -1, np.int64)
    dense = np.zeros(n_items, np.float32)
    system, target = np.empty((m, m), np.float32), np.empty(m, np.float32)
    for item in range(first, last):
        for entry in range(indptr[item], indptr[item + 1]):
            dense[columns[entry]] = values[entry]
        n = _nearest(dense, item, m, found)
        for a in range(n):
            place[found[a]] = a
            target[a] = dense[found[a]]
        for entry in range(indptr[item], indptr[item + 1]):
            dense[columns[entry]] = 0
        for a in range(n):
            system[a, :n] = 0
            for entry in range(indptr[found[a]], indptr[found[a] + 1]):
                b = place[columns[entry]]
                if b >= 0:
                    system[a, b] = values[entry]
            system[a, a] += ridge
        for a in range(n):
            place[found[a]] = -1
        _solve(system, target, n)
        counts[item] = n
        for a in range(n):
            items[item, a], weights[item, a] = found[a], target[a]


def local_ridge_reference(products, ridge, m, item):
    """NumPy reference of `local_ridge`: the nearest of one item, ascending, and their weights."""
    order = np.argsort(-products[item], kind="stable")
    near = np.sort(np.array([other for other in order if other != item and products[item, other] > 0][:m], np.int64))
    system = products[np.ix_(near, near)].astype(np.float64) + ridge * np.eye(len(near))
    return near, np.linalg.solve(system, products[near, item])


@njit(nogil=True, cache=True)
def sparse_scores(users, user_ptr, user_items, user_values, indptr, columns, values, out):
    """Write `s_u = sum over own items j of x_uj W_j` for each of `users` to `out` (n, n_items), W by compressed rows."""
    for row in range(len(users)):
        total = out[row]
        total[:] = 0
        for entry in range(user_ptr[users[row]], user_ptr[users[row] + 1]):
            own, x = user_items[entry], user_values[entry]
            for place in range(indptr[own], indptr[own + 1]):
                total[columns[place]] += x * values[place]


def sparse_scores_reference(x, weights):
    """NumPy reference of `sparse_scores`, of dense matrices."""
    return x @ weights
