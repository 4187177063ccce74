"""Threads and chunks."""

import os
import signal
import subprocess
import sys
import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate._parallel import (
    at_most,
    available_threads,
    balanced_bounds,
    check_threads,
    even_bounds,
    run_chunks,
)


def test_bounds_cover_all_rows_once():
    assert even_bounds(10, 4).tolist() == [0, 4, 8, 10]
    assert even_bounds(0, 4).tolist() == [0]
    indptr = np.concatenate([[0], np.cumsum([1000, 0, 1, 1, 1, 500])])
    assert balanced_bounds(indptr, 4).tolist() == [0, 1, 6]  # one row has more than half of the ratings


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_results_come_in_the_order_of_the_chunks(threads):
    assert run_chunks(lambda start, stop: (start, stop), [0, 3, 5, 9], threads) == [(0, 3), (3, 5), (5, 9)]
    assert run_chunks(lambda start, stop: start, [0], threads) == []


def test_a_number_of_threads_holds_for_what_is_called_without_one():
    with at_most(3):
        assert check_threads(None) == 3
        assert check_threads(5) == 5
        with at_most(1):
            assert check_threads(None) == 1
        assert check_threads(None) == 3
    with at_most(None):
        assert check_threads(None) == available_threads()
    assert check_threads(None) == available_threads()


def started_of_many(failure, error):
    """Return which of 200 chunks were started when the first one fails, each of the others taking a
    twentieth of a second.
    """
    started = []

    def work(start, stop):
        started.append(start)
        if start == 0:
            failure()
        threading.Event().wait(0.05)

    with pytest.raises(error):
        run_chunks(work, range(201), 2)
    return started


def test_an_error_in_a_chunk_is_raised_and_ends_the_others():
    def failure():
        raise RuntimeError("chunk 0")

    # 0 and its neighbour, and what starts until the main thread is told: seconds are left for that
    assert len(started_of_many(failure, RuntimeError)) < 60


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent to threads there")
@pytest.mark.parametrize(
    "seconds", [0, 0.2], ids=["while chunks are handed out", "while they are waited for"]
)
def test_an_interrupt_ends_the_other_chunks(seconds):
    def failure():
        threading.Event().wait(seconds)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # Ctrl-C

    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a job in the background is born ignoring it
    try:
        assert len(started_of_many(failure, KeyboardInterrupt)) < 60
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_first_error_in_the_order_of_the_chunks_is_raised():
    both = threading.Barrier(2)

    def work(start, stop):
        both.wait(10)
        raise RuntimeError(f"chunk {start}")

    with pytest.raises(RuntimeError, match="chunk 0"):
        run_chunks(work, [0, 1, 2], 2)


def test_chunks_may_have_chunks_of_their_own():
    def outer(start, stop):
        return sum(run_chunks(lambda first, last: first, range(10 * start, 10 * start + 11), 2))

    expected = [sum(range(10 * n, 10 * n + 10)) for n in range(30)]
    assert run_chunks(outer, range(31), 3) == expected


def test_many_callers_share_the_threads():
    found = {}

    def call(number):
        found[number] = run_chunks(lambda start, stop: number * start, range(50), 4)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == {number: [number * n for n in range(49)] for number in range(20)}
    helpers = [thread for thread in threading.enumerate() if thread.name.startswith("palate_")]
    assert len(helpers) <= available_threads()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own():
    both = threading.Barrier(2)
    run_chunks(lambda start, stop: both.wait(10), [0, 1, 2], 2)  # a thread of the parent has started
    child = os.fork()
    if not child:
        together = threading.Barrier(2)
        try:
            run_chunks(lambda start, stop: together.wait(10), [0, 1, 2], 2)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent to threads there")
def test_an_interrupt_while_waiting_leaves_no_chunk_at_work():
    at_work, main = [], threading.main_thread().ident
    both = threading.Barrier(2)

    def work(start, stop):
        both.wait(10)
        if threading.get_ident() != main:  # the calling thread waits for this chunk
            at_work.append(start)
            threading.Event().wait(0.1)
            signal.pthread_kill(main, signal.SIGINT)
            threading.Event().wait(0.1)
            at_work.clear()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_chunks(work, [0, 1, 2], 2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not at_work


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(1, 9))
def test_chunks_of_rows_have_about_the_same_work(lengths, n_chunks):
    bounds = balanced_bounds(
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]), n_chunks, row_cost=2.0
    )
    work = np.array(lengths) + 2.0
    assert bounds[0] == 0
    assert bounds[-1] == len(lengths)
    assert (np.diff(bounds) > 0).all()
    assert len(bounds) <= n_chunks + 1
    parts = [work[start:stop].sum() for start, stop in pairwise(bounds)]
    # no chunk exceeds an equal share by more than the row that crosses its border
    assert all(part < work.sum() / n_chunks + work.max() + 1e-9 for part in parts)


@given(st.integers(0, 200), st.integers(-2, 50))
def test_even_chunks_have_the_size_asked_for(n, size):
    widths = np.diff(even_bounds(n, size)).tolist()
    assert sum(widths) == n
    assert all(width == max(size, 1) for width in widths[:-1])
    assert all(0 < width <= max(size, 1) for width in widths)


def test_threads_are_checked():
    assert check_threads(None) == available_threads() >= 1
    assert check_threads(np.int64(3)) == 3
    with pytest.raises(ValueError, match=r"threads must be at least 1; got 0\. Leave it out"):
        check_threads(0)
    with pytest.raises(TypeError, match=r"threads must be an integer or None; got 1\.5"):
        check_threads(1.5)
    with pytest.raises(TypeError, match="got True"):
        check_threads(True)


_INTERRUPTED = """
import threading
from palate._parallel import run_chunks

started = threading.Thread.start

def start(thread):
    started(thread)
    if threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt  # as Ctrl-C may come, right after a thread has started

threading.Thread.start = start
try:
    run_chunks(lambda start, stop: stop - start, range(9), 3)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_while_threads_start_leaves_none_that_holds_the_process():
    found = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.stdout.split(), found.returncode) == (["interrupted"], 0)
