"""Products of sparse and dense tables for the truncated singular value decomposition.

Tables are (n, width) float32 in C order. Rows are independent and each is summed in the order of
its entries, so that the bits do not depend on how the rows are cut into chunks.
"""

import numpy as np

from palate.kernels.compiling import inlined, kernel
from palate.kernels.emitter import FAST, LANES
from palate.kernels.tile import copy_scaled, sum_rows

PANEL_VECTORS, HALF_VECTORS = 8, 4  # summed at a time: the panel that all rows read stays in the cache
PANEL, HALF = PANEL_VECTORS * LANES, HALF_VECTORS * LANES
LINE = 16  # float32 values of a cache line
COPY_FROM = 4  # entries for each row of the table from which a panel is copied together


@inlined()
def sum_of_rows(out, out_at, table, table_at, stride, columns, values, at, n, width):
    """Write `sum over entries e of value_e table_(column_e)` to `width` elements of `out`, at most PANEL.

    The arguments are those of `palate.kernels.tile.sum_rows`. Where `width` is not a multiple of the vectors
    that are summed together, the last ones reach back over those before, which have the same sums.
    """
    if width >= PANEL:
        sum_rows(out, out_at, table, table_at, stride, columns, values, at, n, PANEL_VECTORS)
    elif width >= HALF:
        for begin in range(0, width, HALF):
            f = min(begin, width - HALF)
            sum_rows(out, out_at + f, table, table_at + f, stride, columns, values, at, n, HALF_VECTORS)
    elif width >= LANES:
        for begin in range(0, width, LANES):
            f = min(begin, width - LANES)
            sum_rows(out, out_at + f, table, table_at + f, stride, columns, values, at, n, 1)
    else:
        for f in range(width):
            total = np.float32(0.0)
            for entry in range(at, at + n):
                total += values[entry] * table[table_at + columns[entry] * stride + f]
            out[out_at + f] = total


@kernel()
def sparse_times(first, last, indptr, columns, values, table, out):
    """Write `out_r = sum over entries (r, c) of value_rc table_c` for rows `first` to `last`.

    Where the rows have many entries for each row of the table, a panel of columns is copied together first:
    it then takes half of a second-level cache in place of lines all over the table.
    """
    n, width = table.shape
    flat, sums = table.reshape(-1), out.reshape(-1)
    copied = width > PANEL and indptr[last] - indptr[first] >= COPY_FROM * n
    buffer = np.empty(n * PANEL + LINE if copied else 0, np.float32)
    start = (LINE - (buffer.ctypes.data // 4) % LINE) % LINE  # of the first cache line
    for begin in range(0, width, PANEL):
        at = max(min(begin, width - PANEL), 0)
        if copied:
            for row in range(n):
                to, place = start + row * PANEL, row * width + at
                copy_scaled(buffer, to, LANES, flat, place, LANES, np.float32(1.0), PANEL_VECTORS)
        for row in range(first, last):
            entry, n_entries, place = indptr[row], indptr[row + 1] - indptr[row], row * width + at
            if copied:
                sum_of_rows(sums, place, buffer, start, PANEL, columns, values, entry, n_entries, PANEL)
            else:
                part = min(PANEL, width)
                sum_of_rows(sums, place, flat, at, width, columns, values, entry, n_entries, part)


def sparse_times_reference(first, last, indptr, columns, values, table, out):
    """NumPy reference of `sparse_times`."""
    for row in range(first, last):
        part = slice(indptr[row], indptr[row + 1])
        out[row] = values[part].astype(np.float64) @ table[columns[part]]


@kernel(fastmath=FAST)
def dense_times(first, last, table, square, out):
    """Write `out_r = table_r square` for rows `first` to `last`; `square` is (width, n_columns) float32."""
    width, n_columns = square.shape
    for begin in range(0, n_columns, PANEL):
        end = min(begin + PANEL, n_columns)
        for row in range(first, last):
            total, own = out[row, begin:end], table[row]
            total[:] = np.float32(0)
            f = 0
            while f + 4 <= width:
                v0, v1, v2, v3 = own[f], own[f + 1], own[f + 2], own[f + 3]
                s0, s1 = square[f, begin:end], square[f + 1, begin:end]
                s2, s3 = square[f + 2, begin:end], square[f + 3, begin:end]
                for g in range(end - begin):
                    total[g] += v0 * s0[g] + v1 * s1[g] + v2 * s2[g] + v3 * s3[g]
                f += 4
            while f < width:
                v0, s0 = own[f], square[f, begin:end]
                for g in range(end - begin):
                    total[g] += v0 * s0[g]
                f += 1


def dense_times_reference(first, last, table, square, out):
    """NumPy reference of `dense_times`."""
    out[first:last] = table[first:last].astype(np.float64) @ square


@kernel()
def inverse_factor(gram, tolerance, out):
    """Write the upper triangular S to `out`, float64, with `S' gram S = 1`: the inverse of the
    Cholesky factor of a (k, k) Gram matrix.

    A column that the columns before it explain but for the share `tolerance` of its square is
    dropped: its column of S is 0. Returns the number of columns that were kept.
    """
    k = len(gram)
    upper = np.zeros((k, k))
    left = gram.copy()
    kept = 0
    out[:] = 0.0
    for f in range(k):
        if left[f, f] > tolerance * gram[f, f] and gram[f, f] > 0.0:
            kept += 1
            root = np.sqrt(left[f, f])
            for g in range(f, k):
                upper[f, g] = left[f, g] / root
            for row in range(f + 1, k):
                factor = upper[f, row]
                if factor != 0.0:
                    for g in range(row, k):
                        left[row, g] -= factor * upper[f, g]
    # Rows of the inverse from the last one up: S_f = (e_f - sum over g > f of upper_fg S_g) / upper_ff.
    for f in range(k - 1, -1, -1):
        if upper[f, f] > 0.0:
            for row in range(f + 1, k):
                factor = upper[f, row]
                if factor != 0.0 and upper[row, row] > 0.0:
                    for g in range(row, k):
                        out[f, g] -= factor * out[row, g]
            out[f, f] = 1.0
            for g in range(f, k):
                out[f, g] /= upper[f, f]
    return kept


def inverse_factor_reference(gram, tolerance, out):
    """NumPy reference of `inverse_factor`, for a Gram matrix of full rank."""
    out[:] = np.linalg.inv(np.linalg.cholesky(gram)).T
    return len(gram)
