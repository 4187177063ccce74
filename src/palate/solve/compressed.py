"""Compressed rows made by several threads: those that are kept, and the transpose."""

import numpy as np

from palate._parallel import balanced_bounds, run_chunks

_ENTRIES_PER_CHUNK = 1 << 18  # at least, of a transpose, each of whose chunks counts all columns
_NO_WEIGHTS = np.empty(0, np.float32)


def starts_of(counts: np.ndarray) -> np.ndarray:
    """Return where rows with so many entries start, and where the last one ends, int64."""
    out = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=out[1:])
    return out


def kept(
    indptr: np.ndarray, dropped: np.ndarray, arrays: tuple[np.ndarray, ...], threads: int = 1
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return where rows start without the entries that are `dropped`, and these arrays without them."""
    from palate.kernels import chunks

    counts, bounds = np.empty(len(indptr) - 1, np.int64), balanced_bounds(indptr)
    run_chunks(chunks.count_kept, bounds, threads, indptr, dropped, counts)
    starts = starts_of(counts)
    found = [np.empty(starts[-1], array.dtype) for array in arrays]

    def copy(first: int, last: int) -> None:
        for array, out in zip(arrays, found, strict=True):
            chunks.copy_kept(first, last, indptr, dropped, starts, array, out)

    run_chunks(copy, bounds, threads)
    return starts, found


def transposed(
    indptr: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    n_columns: int,
    weights: np.ndarray = _NO_WEIGHTS,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return indptr, columns, values and weights of the transposed table; its columns ascend in each row.

    Every chunk of rows counts its columns; these counts say where each chunk writes. The result is a
    stable sort, which does not depend on the chunks.
    """
    from palate.kernels import chunks

    n = len(columns)
    most = n // max(_ENTRIES_PER_CHUNK, 4 * n_columns)
    bounds = balanced_bounds(indptr, int(np.clip(most, 1, threads)))
    number = {int(first): place for place, first in enumerate(bounds[:-1])}
    places = np.zeros((max(len(number), 1), n_columns), np.int32)

    def count(first: int, last: int) -> None:
        chunks.count_columns(indptr[first], indptr[last], columns, places[number[first]])

    run_chunks(count, bounds, threads)
    starts = starts_of(places.sum(axis=0, dtype=np.int64))
    places[:] = np.cumsum(places, axis=0) - places + starts[:-1]
    rows, turned = np.empty(n, np.int32), np.empty(n, values.dtype)
    weighed = np.empty(len(weights), np.float32)

    def write(first: int, last: int) -> None:
        chunks.scatter(
            first, last, indptr, columns, values, weights, places[number[first]], rows, turned, weighed
        )

    run_chunks(write, bounds, threads)
    return starts, rows, turned, weighed
