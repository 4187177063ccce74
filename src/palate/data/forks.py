"""After a fork: work handed to Polars' threads waits for ever, since a forked process has no copy of them.

What answers (predict, recommend, similar, fold-in, rated) is therefore built from calls that need
no threads: arrays, single columns and frames put together from columns. Everything else asks
`require_threads` first.
"""

import os
import threading
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
import polars as pl

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_PATIENCE = 0.5  # seconds; a pool that works answers within milliseconds
_forked = False
_lost: bool | None = None  # whether the threads are gone, once that is known


def threads_lost() -> bool:
    """Return whether this process was forked from one whose Polars threads had started.

    It then has none itself.
    """
    global _lost
    if not _forked:
        return False
    if _lost is None:
        _lost = not _pool_answers()
    return _lost


def require_threads(what: str) -> None:
    """Raise an error where Polars' threads did not survive a fork.

    Parameters
    ----------
    what : str
        What was asked for, as the subject of a sentence.

    Raises
    ------
    RuntimeError
        At once, instead of waiting for ever.
    """
    if threads_lost():
        raise RuntimeError(
            f"{what} cannot run in a process that was forked after the threads of Polars had started, "
            'because a fork does not copy them. Start the workers with "spawn" or "forkserver" '
            '(multiprocessing.get_context, joblib\'s "loky"), or do this before the fork. Predicting, '
            "recommending, similar items and fold-in do work here."
        )


def needs_threads(what: str) -> Callable[[Callable[Given, Answer]], Callable[Given, Answer]]:
    """Make a function ask `require_threads` first."""

    def wrap(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
        @wraps(function)
        def asked(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
            require_threads(what)
            return function(*args, **kwargs)

        return asked

    return wrap


def rows_of(frame: pl.DataFrame, index: np.ndarray) -> pl.DataFrame:
    """Return rows of a frame by position.

    Indexing the frame itself needs Polars' threads; without them it is done column by column.
    """
    index = np.asarray(index, dtype=np.int64)
    if not threads_lost():
        return frame[index]
    return pl.DataFrame([column[index] for column in frame.get_columns()])


def rows_by_index(index: np.ndarray, n: int) -> pl.Series:
    """Return which row has each index below `n`, null where none has; rows of index -1 are passed over."""
    rows = np.full(n, -1, dtype=np.int64)
    rows[index[index >= 0]] = np.flatnonzero(index >= 0)
    return pl.Series(rows).set(pl.Series(rows < 0), None)


def filled(series: pl.Series, value: object) -> pl.Series:
    """Return a column with its nulls replaced by a value; `fill_null` would need Polars' threads."""
    if not series.null_count():
        return series
    return series.zip_with(series.is_not_null(), pl.Series(series.name, [value], dtype=series.dtype))


def without_nan(series: pl.Series) -> pl.Series:
    """Return a column of floats with null in place of NaN; `fill_nan` would need Polars' threads."""
    return series.set(series.is_nan(), None)


def sorted_distinct(series: pl.Series) -> pl.Series:
    """Return the different values of a column of integers, floats or texts without nulls, ascending."""
    if len(series) < 2:
        return series
    if not threads_lost():
        return series.unique().sort()
    if series.dtype == pl.String:
        return pl.Series(series.name, sorted(set(series.to_list())), dtype=pl.String)
    return pl.Series(series.name, np.unique(series.to_numpy()), dtype=series.dtype)


def n_distinct(series: pl.Series) -> int:
    """Return how many different values a column without nulls has."""
    return len(sorted_distinct(series)) if threads_lost() else series.n_unique()


def texts_with(series: pl.Series, text: str) -> pl.Series:
    """Return which texts of a column contain another text, null for null."""
    if not threads_lost():
        return series.str.contains(text, literal=True)
    return pl.Series(
        [None if value is None else text in value for value in series.to_list()], dtype=pl.Boolean
    )


def joined(parts: Sequence[pl.Series]) -> pl.Series:
    """Return columns of one type one after the other."""
    return pl.concat(parts) if len(parts) > 1 else parts[0]


def stacked(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return frames below each other, column by column, with nulls where a frame lacks a column."""
    types = {name: dtype for frame in reversed(frames) for name, dtype in frame.schema.items()}
    names = dict.fromkeys(name for frame in frames for name in frame.columns)
    return pl.DataFrame(
        [joined([_column(frame, name, types[name]) for frame in frames]).alias(name) for name in names]
    )


def _column(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Series:
    return frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, dtype=dtype)


def _pool_answers() -> bool:
    """Return whether work given to Polars' threads comes back."""
    probe = threading.Thread(target=lambda: pl.Series([2, 1]).sort(), daemon=True, name="palate-probe")
    probe.start()
    probe.join(_PATIENCE)
    return not probe.is_alive() or _has_polars_threads()


def _has_polars_threads() -> bool:
    """Return whether threads of Polars are seen in this process, where the system lists them (Linux)."""
    try:
        tasks = os.listdir("/proc/self/task")
    except OSError:
        return False
    return any(_name_of(task).startswith("polars-") and _name_of(task)[7:].isdigit() for task in tasks)


def _name_of(task: str) -> str:
    try:
        with open(f"/proc/self/task/{task}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def _note_fork() -> None:
    global _forked, _lost
    _forked, _lost = True, None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
