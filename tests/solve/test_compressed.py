"""Compressed rows made in chunks are those made at once, for any number of threads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.solve import compressed
from palate.solve.compressed import kept, starts_of, transposed

N_ROWS, N_COLUMNS = 40, 9


def _table(seed, n):
    rng = np.random.default_rng(seed)
    cells = np.sort(rng.choice(N_ROWS * N_COLUMNS, n, replace=False))
    rows, columns = cells // N_COLUMNS, (cells % N_COLUMNS).astype(np.int32)
    return starts_of(np.bincount(rows, minlength=N_ROWS)), columns, rng.random(n, np.float32)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(compressed, "_ENTRIES_PER_CHUNK", 8)


@given(st.integers(0, 1000), st.integers(0, 200), st.integers(1, 3), st.booleans())
def test_transposed(seed, n, threads, weighted):
    indptr, columns, values = _table(seed, n)
    weights = values[::-1].copy() if weighted else np.empty(0, np.float32)
    found = transposed(indptr, columns, values, N_COLUMNS, weights, threads)
    order = np.argsort(columns, kind="stable")
    rows = np.repeat(np.arange(N_ROWS), np.diff(indptr))
    starts = starts_of(np.bincount(columns, minlength=N_COLUMNS))
    wanted = starts, rows[order], values[order], weights[order] if weighted else weights
    for array, expected in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(array, expected)
    assert [array.dtype for array in found] == [np.int64, np.int32, np.float32, np.float32]
    back = transposed(*found[:3], N_ROWS, found[3], threads)
    for array, expected in zip(back, (indptr, columns, values, weights), strict=True):
        np.testing.assert_array_equal(array, expected)


@given(st.integers(0, 1000), st.integers(0, 200))
def test_places_are_transposed_like_values(seed, n):
    indptr, columns, _ = _table(seed, n)
    places = transposed(indptr, columns, np.arange(n, dtype=np.int32), N_COLUMNS)[2]
    np.testing.assert_array_equal(places, np.argsort(columns, kind="stable"))
    assert places.dtype == np.int32


@given(st.integers(0, 1000), st.integers(0, 200), st.integers(1, 3))
def test_kept(seed, n, threads):
    indptr, columns, values = _table(seed, n)
    dropped = values < 0.3
    starts, (left, right) = kept(indptr, dropped, (columns, values), threads)
    rows = np.repeat(np.arange(N_ROWS), np.diff(indptr))[~dropped]
    np.testing.assert_array_equal(starts, starts_of(np.bincount(rows, minlength=N_ROWS)))
    np.testing.assert_array_equal(left, columns[~dropped])
    np.testing.assert_array_equal(right, values[~dropped])
