"""Sorting the rows of a table by user and item, in ranges of users that fit a cache, by several threads."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from palate._parallel import balanced_bounds, check_threads, even_bounds, run_chunks
from palate.data.duplicates import Columns

ROWS_TOGETHER = 1 << 18  # of a range of users: three columns of so many rows take 3 MB
MOST_RANGES = 1 << 10  # that rows are dealt out to at once
_CHUNKS = 16  # of rows that are dealt out, each of which counts for itself


def sort_by_pair(columns: Columns, n_users: int, n_items: int) -> None:
    """Replace the columns by sorted ones, by user and item; rows of one pair keep their order.

    First the rows of each range of users come together, column by column, then each range is sorted. One
    sort of all rows would read most of them from memory one at a time.
    """
    from palate.kernels.chunks import row_counts, take_at

    indptr = np.zeros(n_users + 1, np.int64)
    grouped = row_counts(columns.user, indptr[1:])  # whether the users ascend
    np.cumsum(indptr, out=indptr)
    n_ranges = min(MOST_RANGES, -(-len(columns.user) // ROWS_TOGETHER))
    bounds = balanced_bounds(indptr, n_ranges, row_cost=0)
    starts = indptr[bounds]
    if not grouped and len(bounds) > 2:
        _deal_out(columns, bounds, starts)
    order = np.empty(len(columns.user), np.int32)
    run_chunks(_order_range, bounds, check_threads(None), columns, indptr, n_items, order)
    _move(columns, take_at, starts, order)


def _deal_out(columns: Columns, bounds: np.ndarray, starts: np.ndarray) -> None:
    """Bring the rows of each range of users together, from `starts` on, in their order."""
    from palate.kernels.chunks import put_at

    parts = even_bounds(len(columns.user), -(-len(columns.user) // _CHUNKS))
    _move(columns, put_at, parts, _places(columns.user, bounds, starts[:-1], parts))


def _move(columns: Columns, kernel: Callable[..., None], parts: np.ndarray, places: np.ndarray) -> None:
    """Replace the columns by new ones, which a kernel writes in parts; the old ones may be the caller's."""
    for field in fields(columns):
        values = getattr(columns, field.name)
        if values is not None:
            moved = np.empty_like(values)
            run_chunks(kernel, parts, check_threads(None), values, places, moved)
            setattr(columns, field.name, moved)


def _places(user: np.ndarray, bounds: np.ndarray, starts: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return where each row goes, int32: behind those of its range that come before it."""
    from palate.kernels.chunks import count_groups, group_places

    group_of = np.repeat(np.arange(len(starts), dtype=np.int16), np.diff(bounds))
    counts, places = np.zeros((len(parts) - 1, len(starts)), np.int64), np.empty(len(user), np.int32)

    def count(start: int, stop: int) -> None:
        count_groups(start, stop, user, group_of, counts[start // parts[1]])

    def place(start: int, stop: int) -> None:
        group_places(start, stop, user, group_of, ahead[start // parts[1]], places)

    run_chunks(count, parts, check_threads(None))
    ahead = starts + np.cumsum(counts, axis=0) - counts
    run_chunks(place, parts, check_threads(None))
    return places


def _order_range(
    first: int, last: int, columns: Columns, indptr: np.ndarray, n_items: int, order: np.ndarray
) -> None:
    """Write the order of the rows of a range of users."""
    from palate.kernels.sorting import order_of_pairs

    rows = slice(indptr[first], indptr[last])
    user, item = columns.user[rows] - np.int32(first), columns.item[rows]
    order[rows] = order_of_pairs(user, last - first, item, n_items) + np.int32(rows.start)
