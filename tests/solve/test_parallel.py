"""Threads and chunks."""

import threading

import numpy as np
import pytest

from palate.solve.parallel import available_threads, balanced_bounds, check_threads, even_bounds, run_chunks


def test_bounds_cover_all_rows_once():
    assert even_bounds(10, 4).tolist() == [0, 4, 8, 10]
    assert even_bounds(0, 4).tolist() == [0]
    indptr = np.concatenate([[0], np.cumsum([1000, 0, 1, 1, 1, 500])])
    bounds = balanced_bounds(indptr, 4)
    assert bounds[0] == 0
    assert bounds[-1] == 6
    assert (np.diff(bounds) > 0).all()


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_results_come_in_the_order_of_the_chunks(threads):
    assert run_chunks(lambda start, stop: (start, stop), [0, 3, 5, 9], threads) == [(0, 3), (3, 5), (5, 9)]
    assert run_chunks(lambda start, stop: start, [0], threads) == []


def test_an_error_in_a_chunk_is_raised_and_ends_the_others():
    started = []

    def work(start, stop):
        started.append(start)
        if start == 0:
            raise RuntimeError("chunk 0")
        threading.Event().wait(0.001)

    with pytest.raises(RuntimeError, match="chunk 0"):
        run_chunks(work, range(1000), 2)
    assert len(started) < 999


def test_threads_are_checked():
    assert check_threads(None) == available_threads() >= 1
    assert check_threads(np.int64(3)) == 3
    with pytest.raises(ValueError, match=r"threads must be at least 1; got 0\. Leave it out"):
        check_threads(0)
    with pytest.raises(TypeError, match=r"threads must be an integer or None; got 1\.5"):
        check_threads(1.5)
    with pytest.raises(TypeError, match="got True"):
        check_threads(True)
