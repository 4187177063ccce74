"""Threads: serial kernels that release the GIL, run over fixed chunks by a pool of Python threads.

Numba's own `prange` is not used: its OpenMP layer aborts in a forked child, its workqueue layer
when two threads call it at once, and both fix the number of threads for the whole process. A pool
has none of these, balances chunks of unequal cost and is interrupted between chunks. All callers share
one pool that stays, since starting threads costs more than many a pass over the ratings takes. Results do
not depend on the number of threads, since chunks do not.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from threading import Event, Thread
from typing import Generic, TypeVar, TypeVarTuple

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, is_integer

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def available_threads() -> int:
    """Return the number of processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_limit: ContextVar[int | None] = ContextVar("_limit", default=None)


@contextmanager
def at_most(threads: int | None) -> Iterator[None]:
    """Let what is called here without a number of threads, such as `Scorer.score_items`, use so many."""
    before = _limit.set(check_threads(threads))
    try:
        yield
    finally:
        _limit.reset(before)


def check_threads(threads: int | None) -> int:
    """Return the number of threads to use; None means all processors this process may run on.

    Within `at_most`, None means the number given there.

    Raises
    ------
    TypeError
        If `threads` is neither an integer nor None.
    ValueError
        If it is less than 1.
    """
    if threads is None:
        return _limit.get() or available_threads()
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
    function: Callable[[int, int, *Arguments], Result],
    bounds: Sequence[int] | np.ndarray,
    threads: int,
    *arguments: *Arguments,
) -> list[Result]:
    """Call `function(start, stop, *arguments)` for consecutive bounds and return the results in that order.

    The calling thread takes part, so that short work never waits for another to wake up. An exception
    in one chunk, an interrupt included, leaves out those not yet started and is raised.
    """
    ranges = [(int(start), int(stop)) for start, stop in pairwise(bounds)]
    if threads == 1 or len(ranges) <= 1:
        return [function(start, stop, *arguments) for start, stop in ranges]
    work: _Work[Result] = _Work(lambda start, stop: function(start, stop, *arguments), ranges)
    helping: list[Future[None]] = []
    try:
        helping.extend(_helpers().submit(work.run) for _ in range(min(threads, len(ranges)) - 1))
        work.run()
        _wait_for(helping)
    finally:  # also when an interrupt ends the waiting
        work.left.clear()
        _wait_for(helping)
    if work.failed:
        raise min(work.failed, key=lambda failure: failure[0])[1]
    return work.results


def _wait_for(helping: list[Future[None]]) -> None:
    """Wait for those who have started; the others need not come any more."""
    wait([future for future in helping if not future.cancel()])


class _Work(Generic[Result]):
    """Chunks that are done by whoever comes first, in order."""

    def __init__(self, function: Callable[[int, int], Result], ranges: list[tuple[int, int]]) -> None:
        self.function, self.left = function, deque(enumerate(ranges))
        self.results: list[Result] = [None] * len(ranges)  # type: ignore[list-item]
        self.failed: list[tuple[int, BaseException]] = []

    def run(self) -> None:
        """Do chunks until none is left, or one has failed."""
        while self.left:
            try:
                number, (start, stop) = self.left.popleft()
            except IndexError:  # another thread took the last one
                return
            try:
                self.results[number] = self.function(start, stop)
            except BaseException as error:
                self.failed.append((number, error))
                self.left.clear()


_helpers_of: dict[int, ThreadPoolExecutor] = {}  # by process: a forked one has no threads of its parent


def _helpers() -> ThreadPoolExecutor:
    """Return the threads that help all callers of this process; they start when they are first needed.

    Another thread starts them. An interrupt, which reaches the main thread alone, could otherwise come after
    one has started and before the pool knows of it: nothing would then end it, and it would keep the process
    from ending.
    """
    process = os.getpid()
    if process not in _helpers_of:
        pool = ThreadPoolExecutor(available_threads(), thread_name_prefix="palate")
        starting = Thread(target=_start_all, args=(pool, available_threads()), daemon=True)
        starting.start()
        starting.join()
        return _helpers_of.setdefault(process, pool)
    return _helpers_of[process]


def _start_all(pool: ThreadPoolExecutor, n: int) -> None:
    """Start the threads of a pool; each waits until all have started, so that none takes two of the tasks."""
    all_started = Event()
    try:
        for _ in range(n):
            pool.submit(all_started.wait)
    finally:  # also where the system refuses to start one more
        all_started.set()
