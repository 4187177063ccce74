"""Item-to-item weights: products of items, the ridge of each item on its nearest, and scores by
sparse weights.

Rows are independent and summed in one order, so that the bits do not depend on chunks.
"""

from typing import NamedTuple

import numpy as np

from palate.kernels.cholesky import factorise, substitute_back
from palate.kernels.compiling import inlined, kernel
from palate.kernels.emitter import FAST, LANES
from palate.kernels.selection import at_place
from palate.kernels.spectral import PANEL, sum_of_rows
from palate.kernels.triangle import STEPS

SMALLEST_PIVOT = np.float32(1e-4)  # share of its diagonal entry below which a pivot is worth no float32


@kernel()
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


@inlined()
def _nearest(products, item, m, found):
    """Write the items other than `item` with the m largest positive products to `found`, ascending;
    return their number.
    """
    n = 0
    for other in range(len(products)):
        if other != item and products[other] > 0:
            n += 1
    least, equal = 0.0, 0  # how many of the products equal to the least are found: the first ones
    if n > m:
        values = np.empty(n, products.dtype)
        n = 0
        for other in range(len(products)):
            if other != item and products[other] > 0:
                values[n] = products[other]
                n += 1
        least, equal = at_place(values, n - m), m
        for place in range(n - m, n):
            equal -= values[place] > least
    n = 0
    for other in range(len(products)):
        if other != item and products[other] >= least and products[other] > 0:
            if products[other] == least:
                if equal == 0:
                    continue
                equal -= 1
            found[n] = other
            n += 1
    return n


@kernel()
def nearest_products(first, products, m, items, values, counts):
    """Write, for each row of `products` (the rows of items from `first` on), the m largest positive
    entries of other items to `items` and `values` (n_rows, m), items ascending, and their number to
    `counts`.
    """
    found = np.empty(m, np.int64)
    for row in range(len(products)):
        n = _nearest(products[row], first + row, m, found)
        for place in range(n):
            items[row, place] = found[place]
            values[row, place] = products[row, found[place]]
        counts[row] = n


@kernel()
def kept_products(first, products, indptr, columns, values, counts, diagonal):
    """Write the largest positive entries of each row of `products` (the rows of items from `first` on), as
    many as `indptr` has room for, to `columns` and `values`, columns ascending, and their number to
    `counts`; the item's own goes to `diagonal`.
    """
    for row in range(len(products)):
        item = first + row
        begin = indptr[item]
        found = np.empty(indptr[item + 1] - begin, np.int64)
        counts[item] = _nearest(products[row], item, len(found), found)
        for place in range(counts[item]):
            columns[begin + place] = found[place]
            values[begin + place] = products[row, found[place]]
        diagonal[item] = products[row, item]


def nearest_products_reference(products, m, item):
    """NumPy reference of `nearest_products`: the nearest of one item, ascending, and their products."""
    order = np.argsort(-products[item], kind="stable")
    near = [other for other in order if other != item and products[item, other] > 0][:m]
    near = np.sort(np.array(near, np.int64))
    return near, products[item, near]


class Products(NamedTuple):
    """P = R'R as a square matrix, or else as compressed rows; the arrays of the other form are empty."""

    square: np.ndarray  # (n_items, n_items) float32
    indptr: np.ndarray = np.empty(0, np.int64)  # (n_items + 1,), where each row begins
    columns: np.ndarray = np.empty(0, np.int32)  # ascending in each row and without the item itself
    values: np.ndarray = np.empty(0, np.float32)
    counts: np.ndarray = np.empty(0, np.int64)  # (n_items,), entries of each row
    diagonal: np.ndarray = np.empty(0, np.float32)  # (n_items,)


@inlined()
def nearest_of(products, item, m, found, target):
    """Write the m items nearest to an item, ascending, to `found` and their products with it to `target`;
    return their number.
    """
    if len(products.square) > 0:
        n = _nearest(products.square[item], item, m, found)
        for a in range(n):
            target[a] = products.square[item, found[a]]
        return n
    begin = products.indptr[item]
    n = _nearest(products.values[begin : begin + products.counts[item]], -1, m, found)
    for a in range(n):
        target[a] = products.values[begin + found[a]]
        found[a] = products.columns[begin + found[a]]
    return n


@inlined()
def gather(products, found, n, stride, system):
    """Write the upper triangle of P_NN to the rows of `system`, which start `stride` apart; left of
    it, up to a multiple of eight, stand zeros.
    """
    if len(products.square) > 0:
        _gather_dense(products.square, found, n, stride, system)
    else:
        _gather_sparse(*products[1:], found, n, stride, system)


@inlined()
def _gather_dense(square, found, n, stride, system):
    for a in range(n):
        row, at = square[found[a]], a * stride
        for b in range(a - a % LANES, a):
            system[at + b] = 0
        for b in range(a, n):
            system[at + b] = row[found[b]]


@inlined()
def _gather_sparse(indptr, columns, values, counts, diagonal, found, n, stride, system):
    """Do so with P as compressed rows.

    Both `found` and a row ascend, so that each entry is looked for behind the one before, in steps that
    double and then by halves.
    """
    for a in range(n):
        at = a * stride
        for b in range(a - a % LANES, n):
            system[at + b] = 0
        system[at + a] = diagonal[found[a]]
        low = indptr[found[a]]
        end = low + counts[found[a]]
        for b in range(a + 1, n):
            wanted, step = found[b], 1
            while low + step < end and columns[low + step] < wanted:
                low += step
                step += step
            high = min(low + step, end)
            while low < high:
                middle = (low + high) // 2
                if columns[middle] < wanted:
                    low = middle + 1
                else:
                    high = middle
            if low < end and columns[low] == wanted:
                system[at + b] = values[low]


@inlined(fastmath=FAST)
def _solve(system, target, n, stride, ridge, negated, steps, out):
    """Solve `(P_NN + ridge 1) w = target` into `out` by the tiles of the row solver; return False
    where float32 does not suffice.

    The system is filled to a width that is a multiple of eight, which changes nothing in the first n.
    """
    width = -(-n // LANES) * LANES
    diagonal = np.ones(width, np.float32)
    for a in range(width):
        at = a * stride
        for b in range(max(n, a - a % LANES), width + LANES):
            system[at + b] = 0
        if a < n:
            system[at + a] += ridge
            diagonal[a] = system[at + a]
            system[at + width] = target[a]
        else:
            for b in range(a - a % LANES, a):
                system[at + b] = 0
            system[at + a] = 1
    if width == 0:
        return True
    if not factorise(system, stride, width, negated, steps) > 0:
        return False
    for a in range(n):
        pivot = system[a * stride + a]
        if pivot * pivot < SMALLEST_PIVOT * diagonal[a]:
            return False
    solution = np.empty(width, np.float32)
    for a in range(width):
        solution[a] = system[a * stride + width]
    substitute_back(system, stride, width, solution)
    for a in range(n):
        out[a] = solution[a]
    return True


@inlined()
def _buffers(m):
    """Return the memory of one thread for systems of up to m items: the system, its stride,
    right-hand sides, a panel and the steps of a factorisation.
    """
    width = -(-m // LANES) * LANES
    stride = width + LANES
    return (
        np.zeros(width * stride, np.float32),
        stride,
        np.empty(m, np.float32),
        np.empty(width * LANES, np.float32),
        np.empty(STEPS, np.float32),
    )


@kernel()
def local_ridge(first, last, products, ridges, alone, m, items, weights, counts, left):
    """Write each item's ridge on its nearest items, for items `first` to `last` of the Products P:

        N = the m largest of P_j other than j,        w_j = (P_NN + ridge 1)^-1 P_Nj

    to `items` (n_items, m) and, for each of the `ridges`, `weights` (n_ridges, n_items, m), and the
    number of nearest to `counts`. An item with an `alone` (n_ridges, n_items) above 0 is not worth a
    system: its weights are P_nj / alone. Systems that float32 cannot solve are marked in `left`
    (n_ridges, n_items) for `palate.kernels.linear_double`; returns how many they are.
    """
    found = np.empty(m, np.int64)
    system, stride, target, negated, steps = _buffers(m)
    n_left = 0
    for item in range(first, last):
        n = nearest_of(products, item, m, found, target)
        for a in range(n):
            items[item, a] = found[a]
        counts[item] = n
        for r in range(len(ridges)):
            if alone[r, item] > 0:
                for a in range(n):
                    weights[r, item, a] = target[a] / alone[r, item]
                continue
            gather(products, found, n, stride, system)
            if not _solve(system, target, n, stride, ridges[r], negated, steps, weights[r, item]):
                left[r, item] = True
                n_left += 1
    return n_left


def local_ridge_reference(products, ridge, m, item):
    """NumPy reference of `local_ridge`: the nearest of one item, ascending, and their weights."""
    order = np.argsort(-products[item], kind="stable")
    near = np.sort(
        np.array([other for other in order if other != item and products[item, other] > 0][:m], np.int64)
    )
    system = products[np.ix_(near, near)].astype(np.float64) + ridge * np.eye(len(near))
    return near, np.linalg.solve(system, products[near, item])


@kernel()
def sparse_scores(
    first, last, user_ptr, user_items, user_values, indptr, columns, values, place, panels, out
):
    """Write `s_u = sum over own items j of x_uj W_j` of users `first` to `last` to `out` (n, n_items).

    W is given by compressed rows. Rows with many entries stand in `panels` (n_panels, n_rows, PANEL),
    where `place` (n_items,) says which row an item has, -1 for none: the columns of a panel that are
    read stay in the cache, and are summed side by side. Such rows come after all others in the sum.
    """
    n_items, offset = out.shape[1], user_ptr[first]
    n_entries = user_ptr[last] - offset
    own, x = np.empty(n_entries, np.int32), np.empty(n_entries, np.float32)
    ends = np.empty(last - first, np.int64)
    for user in range(first, last):
        total, end = out[user], user_ptr[user] - offset
        total[:] = np.float32(0)
        for entry in range(user_ptr[user], user_ptr[user + 1]):
            item, value = user_items[entry], user_values[entry]
            if place[item] >= 0:
                own[end], x[end] = place[item], value
                end += 1
                continue
            for weight in range(indptr[item], indptr[item + 1]):
                total[columns[weight]] += value * values[weight]
        ends[user - first] = end
    sums, flat, n_rows = np.empty(PANEL, np.float32), panels.reshape(-1), panels.shape[1]
    for panel in range(panels.shape[0]):
        begin = panel * PANEL
        width = min(PANEL, n_items - begin)
        for user in range(first, last):
            start, end = user_ptr[user] - offset, ends[user - first]
            if start < end:
                sum_of_rows(sums, 0, flat, panel * n_rows * PANEL, PANEL, own, x, start, end - start, PANEL)
                total = out[user]
                for k in range(width):
                    total[begin + k] += sums[k]


def sparse_scores_reference(x, weights):
    """NumPy reference of `sparse_scores`, of dense matrices."""
    return x @ weights


@kernel()
def panels_of_rows(rows, indptr, columns, values, out):
    """Write some rows of W, by compressed rows, to panels of columns, (n_panels, n_rows, PANEL)."""
    for row in range(len(rows)):
        for entry in range(indptr[rows[row]], indptr[rows[row] + 1]):
            out[columns[entry] // PANEL, row, columns[entry] % PANEL] = values[entry]


def panels_of_rows_reference(rows, weights, out):
    """NumPy reference of `panels_of_rows`, of a dense matrix."""
    n_items = weights.shape[1]
    for panel in range(len(out)):
        part = weights[rows, panel * PANEL : (panel + 1) * PANEL]
        out[panel, :, : min(PANEL, n_items - panel * PANEL)] = part
