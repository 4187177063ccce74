"""What becomes of a (user, item) pair that is rated more than once."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from palate._checks import check_choice
from palate._words import one_or_more

POLICIES = ("last", "mean", "sum", "error")


class DuplicateRatingsWarning(UserWarning):
    """A table rates some (user, item) pairs more than once; the message says how many and what was done."""


@dataclass(eq=False)
class Columns:
    """The number columns of a rating table, all of one length; `timestamp` and `weight` may be None."""

    user: np.ndarray  # int32
    item: np.ndarray  # int32
    value: np.ndarray  # float32
    timestamp: np.ndarray | None  # int64 or float64, as fine as it came
    weight: np.ndarray | None  # float32

    def take(self, order: np.ndarray) -> "Columns":
        """Return the rows in the given order."""
        return Columns(*(None if column is None else column[order] for column in self.all()))  # type: ignore[arg-type]

    def keep(self, mask: np.ndarray) -> None:
        """Keep the rows of a mask. Columns are done one after the other, to save memory."""
        for field in fields(self):
            if getattr(self, field.name) is not None:
                setattr(self, field.name, getattr(self, field.name)[mask])

    def all(self) -> tuple[Any, ...]:
        """Return the five columns."""
        return self.user, self.item, self.value, self.timestamp, self.weight


class CountedRowsWarning(UserWarning):
    """A table without a rating column was read as a log of events, of which each row counts 1."""


def check_policy(policy: str | None, counted: bool = False) -> str:
    """Return the duplicates policy if it is one; for None "last", or "sum" where the rows are `counted`."""
    if policy is None:
        return "sum" if counted else "last"
    check_choice("duplicates", policy, POLICIES)
    return policy


def find_duplicates(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Return a mask of the rows whose pair is that of the row before.

    The rows are sorted by user and item.
    """
    same = np.zeros(len(user), dtype=bool)
    np.equal(user[1:], user[:-1], out=same[1:])
    same[1:] &= item[1:] == item[:-1]
    return same


def duplicates_message(pair: str, first: str, second: str, n: int) -> str:
    """Return the message of the policy "error"."""
    more = f", and {n - 1:,} more such rows" if n > 1 else ""
    return (
        f"each user must rate an item once; got {pair} at {first} and {second}{more}. Pass "
        f"duplicates='last', duplicates='mean' or duplicates='sum'."
    )


def warning_message(n: int, policy: str, timestamps: bool) -> str:
    """Return the sentence that says how many rows were merged."""
    rows = one_or_more(n, "row", "repeats", "repeat")
    latest = "the latest" if timestamps else "the last one read"
    done = {"mean": "their mean is kept for each pair", "sum": "the values of each pair are added up"}
    kept = done.get(policy, f"{latest} is kept for each pair")
    advice = " Use duplicates='sum' to add up rows of counts." if policy == "last" else ""
    return f"{rows} a (user, item) pair that is already in the table; {kept} (duplicates={policy!r}).{advice}"


def merge(columns: Columns, same: np.ndarray, policy: str) -> Columns:
    """Return the columns with one row per pair.

    Parameters
    ----------
    columns : Columns
        Sorted by user and item; rows of one pair in the order of the table.
    same : ndarray of bool
        Whether the row's pair is that of the row before.
    policy : {"last", "mean", "sum"}
    """
    again = np.flatnonzero(same)
    rows = np.union1d(again, again - 1)  # every row of the repeated pairs, usually few
    first = ~same[rows]
    group = np.cumsum(first) - 1
    part = columns.take(rows)
    target = rows[first]
    # where the pair's first row stands when the repeats are gone
    target = target - np.searchsorted(again, target)
    columns.keep(~same)
    if policy == "last":
        last = _by_time(part, group)[np.append(np.flatnonzero(first)[1:], len(rows)) - 1]
        for out, column in zip(columns.all(), part.all(), strict=True):
            if out is not None:
                out[target] = column[last]
    else:
        _combine(part, group, target, columns, policy)
    return columns


def _by_time(part: Columns, group: np.ndarray) -> np.ndarray:
    """Order the rows of each group by time, then value and weight, so that the table's order plays no part.

    Without timestamps the table's order is all there is, and it stands.
    """
    if part.timestamp is None:
        return np.arange(len(group))
    keys = [part.value, part.timestamp, group]
    return np.lexsort(keys if part.weight is None else [part.weight, *keys])


def _combine(part: Columns, group: np.ndarray, target: np.ndarray, out: Columns, policy: str) -> None:
    """Write the mean of each group, by weight, or its sum.

    The weight is the plain mean and the time the latest.

    A sum is one observation of its pair, so the weights of its rows do not add up.
    """
    n_groups = len(target)
    keys = [part.value, group]
    order = np.lexsort(keys if part.weight is None else [part.weight, *keys])  # a fixed order of summation
    group, part = group[order], part.take(order)
    weight = np.ones(len(group)) if part.weight is None else part.weight.astype(np.float64)
    total = np.bincount(group, weights=weight, minlength=n_groups)
    if policy == "sum":
        with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which the caller reports
            out.value[target] = np.bincount(group, weights=part.value.astype(np.float64), minlength=n_groups)
    else:
        out.value[target] = np.bincount(group, weights=weight * part.value, minlength=n_groups) / total
    if out.weight is not None:
        out.weight[target] = total / np.bincount(group, minlength=n_groups)
    if out.timestamp is not None and part.timestamp is not None:
        integer = part.timestamp.dtype.kind == "i"
        latest = np.full(n_groups, np.iinfo(np.int64).min if integer else -np.inf, part.timestamp.dtype)
        np.maximum.at(latest, group, part.timestamp)
        out.timestamp[target] = latest
