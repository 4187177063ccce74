"""Threads: serial kernels that release the GIL, run over fixed chunks by a pool of Python threads.

Numba's own `prange` is not used: its OpenMP layer aborts in a forked child, its workqueue layer
when two threads call it at once, and both fix the number of threads for the whole process. A pool
has none of these, balances chunks of unequal cost and is interrupted between chunks. Results do not
depend on the number of threads, since chunks do not.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from itertools import pairwise
from typing import TypeVar

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, is_integer

Result = TypeVar("Result")


def available_threads() -> int:
    """Return the number of processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_threads(threads: int | None) -> int:
    """Return the number of threads to use; None means all processors this process may run on.

    Raises
    ------
    TypeError
        If `threads` is neither an integer nor None.
    ValueError
        If it is less than 1.
    """
    if threads is None:
        return available_threads()
    if not is_integer(threads):
        raise ArgumentTypeError("threads", "be an integer or None", f"{threads!r}")
    if threads < 1:
        raise ArgumentError("threads", "be at least 1", f"{threads}", "Leave it out to use every processor.")
    return int(threads)


def even_bounds(n: int, size: int) -> np.ndarray:
    """Return the bounds of chunks of `size` rows: 0, size, 2 size, ..., n."""
    return np.append(np.arange(0, n, max(size, 1), dtype=np.int64), n) if n else np.zeros(1, np.int64)


def balanced_bounds(indptr: np.ndarray, n_chunks: int = 64, row_cost: float = 32.0) -> np.ndarray:
    """Return bounds of at most `n_chunks` chunks of rows with about the same work.

    The work of a row is its ratings, plus `row_cost`.
    """
    n_rows = len(indptr) - 1
    work = indptr + row_cost * np.arange(n_rows + 1)
    bounds = np.searchsorted(work, np.linspace(0, work[-1], n_chunks + 1)[1:-1])
    return np.unique(np.concatenate(([0], bounds, [n_rows]))).astype(np.int64)


def run_chunks(
    function: Callable[[int, int], Result], bounds: Sequence[int] | np.ndarray, threads: int
) -> list[Result]:
    """Call `function(start, stop)` for consecutive bounds and return the results in that order.

    An exception in one chunk, an interrupt included, cancels those not yet started and is raised.
    """
    ranges = [(int(start), int(stop)) for start, stop in pairwise(bounds)]
    if threads == 1 or len(ranges) <= 1:
        return [function(start, stop) for start, stop in ranges]
    with ThreadPoolExecutor(min(threads, len(ranges)), thread_name_prefix="palate") as pool:
        try:
            futures = [pool.submit(function, start, stop) for start, stop in ranges]
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        failed = next((future for future in futures if not future.cancelled() and future.exception()), None)
        if failed is not None:
            raise failed.exception()  # type: ignore[misc]
        return [future.result() for future in futures]
