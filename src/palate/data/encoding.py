"""From raw columns of ratings to columns of positions, sorted by user and item, each pair once."""

from typing import Any

import numpy as np

from palate._checks import ArgumentError, Words
from palate.data.arguments import warn_caller
from palate.data.checks import check_scale, rating_values, weight_values
from palate.data.duplicates import (
    Columns,
    DuplicateRatingsWarning,
    duplicates_message,
    find_duplicates,
    merge,
    warning_message,
)
from palate.data.ids import WhereRow
from palate.data.sorting import sort_by_pair
from palate.data.times import time_column
from palate.data.vocabulary import Vocabulary

_MAX_RATINGS = 2**31 - 1  # positions are int32 throughout


def encode(
    column: dict[str, Any], labels: dict[str, str], bounds: tuple[float, float] | None, where: WhereRow
) -> tuple[Vocabulary, Vocabulary, Columns, str | None]:
    """Check every column and turn ids into indexes; nothing but the result keeps hold of a column.

    Times stay as fine as they came, so that they order the rows of a pair; their unit is returned,
    too, and they become seconds when that is done.
    """
    value = rating_values(column.pop("rating"), labels["rating"], where) if "rating" in column else None
    if value is not None:
        _check_count(len(value))
        if bounds is not None:
            check_scale(value, bounds, labels["rating"], where)
    users, user = Vocabulary.encode(column.pop("user"), labels["user"], where)
    items, item = Vocabulary.encode(column.pop("item"), labels["item"], where)
    if value is None:
        _check_count(len(user))
        value = np.ones(len(user), np.float32)
    timestamp = unit = None
    if "timestamp" in column:
        timestamp, unit = time_column(column.pop("timestamp"), labels["timestamp"], where)
    weight = weight_values(column.pop("weight"), labels["weight"], where) if "weight" in column else None
    raw = Columns(user, item, value, timestamp, weight)
    _check_lengths(raw, labels)
    return users, items, raw, unit


def _check_count(n: int) -> None:
    if not n:
        raise ArgumentError("the ratings", "have at least one row", "an empty table")
    if n > _MAX_RATINGS:
        raise ArgumentError("the ratings", f"be at most {_MAX_RATINGS:,}", f"{n:,}")


def _check_lengths(columns: Columns, labels: dict[str, str]) -> None:
    roles = ("user", "item", "rating", "timestamp", "weight")
    lengths = {
        labels[role]: len(array)
        for role, array in zip(roles, columns.all(), strict=True)
        if array is not None and role in labels
    }
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise ArgumentError("all columns", "have one length", found)


def sort(
    columns: Columns, users: Vocabulary, items: Vocabulary, policy: str, where: WhereRow
) -> tuple[Columns, int]:
    """Sort by user and item and merge repeated pairs; return the columns and the number of rows merged."""
    from palate.kernels.sorting import order_of_pairs

    given = (columns.user, columns.item) if policy == "error" else None
    sort_by_pair(columns, len(users), len(items))
    same = find_duplicates(columns.user, columns.item)
    n_duplicates = int(np.count_nonzero(same))
    if not n_duplicates:
        return columns, 0
    if given is not None:
        order = order_of_pairs(given[0], len(users), given[1], len(items))
        place = int(np.argmax(same))
        pair = f"user {users.id(columns.user[place])!r} and item {items.id(columns.item[place])!r}"
        said = duplicates_message(pair, where(int(order[place - 1])), where(int(order[place])), n_duplicates)
        raise ValueError(said)
    warn_caller(warning_message(n_duplicates, policy, columns.timestamp is not None), DuplicateRatingsWarning)
    return merge(columns, same, policy), n_duplicates


def check_sums(value: np.ndarray, bounds: tuple[float, float] | None) -> None:
    """Check the values of pairs whose rows were added up."""
    if not np.isfinite(value).all():
        got = "a value too large for 32-bit floats"
        raise ArgumentError("the sum of a pair's values", "be finite", got, "Divide the values first.")
    if bounds is not None and (value.min() < np.float32(bounds[0]) or value.max() > np.float32(bounds[1])):
        worst = value.max() if value.max() > bounds[1] else value.min()
        must = f"be within the declared scale {bounds[0]:g} to {bounds[1]:g}"
        advice = Words.of(
            "Leave the scale out, or merge repeated pairs with `duplicates='last'` or `duplicates='mean'`."
        )
        raise ArgumentError("the sum of a pair's values", must, f"{worst:g}", advice)


def matrix_ids(index: np.ndarray, ids: object, n: int, name: str, side: str) -> Any:
    """Return the id of each entry of a matrix: its row or column number if there are no ids."""
    if ids is None:
        return index
    vocabulary, position = Vocabulary.encode(ids, name)
    if len(position) != n or len(vocabulary) != n:
        must = f"hold {n} distinct ids, one for each of the matrix's {side}"
        raise ArgumentError(name, must, f"{len(position)}, {len(vocabulary)} of them distinct")
    if vocabulary.kind == "uuid":  # a series would hold them as strings
        return np.array(vocabulary.ids(), dtype=object)[position[index]].tolist()
    return vocabulary.take(position[index])
