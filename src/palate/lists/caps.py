"""Caps: the largest number of items of one genre, or of one value of a column, in a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, Words, is_integer
from palate._nearest import did_you_mean
from palate.data import columns as names
from palate.factors.item_index import item_table
from palate.lists.tags import Tags, column_tags
from palate.lists.where import no_column
from palate.scorer import Scorer

AtMost = Mapping[str, "int | Mapping[Any, int]"]


@dataclass(frozen=True, eq=False)
class Caps:
    """The caps of one column: how many items of a list may hold each value.

    Parameters
    ----------
    column : str
    tags : Tags
    limits : ndarray of shape (n_values,), int64
        A value without a cap has the number of all items.
    """

    column: str
    tags: Tags
    limits: np.ndarray


@dataclass(frozen=True, eq=False)
class Count:
    """How many items of a list have each value so far."""

    caps: Caps
    held: np.ndarray

    def add(self, item: int) -> list[np.ndarray]:
        """Count an item of the list, and return all items with a value whose cap is now reached."""
        codes = self.caps.tags.of_item(item)
        self.held[codes] += 1
        return [self.caps.tags.holders(code) for code in codes if self.held[code] == self.caps.limits[code]]

    def full(self) -> list[str]:
        """Return the values whose caps are reached, in words."""
        found = np.flatnonzero(self.held >= self.caps.limits)
        return [
            f"{self.caps.column} {self.caps.tags.values[code]!r} ({self.caps.limits[code]})" for code in found
        ]


def caps_of(at_most: AtMost | None, scorer: Scorer) -> list[Caps]:
    """Return the caps of each column.

    Parameters
    ----------
    at_most : mapping of column to int, or to a mapping of value to int; or None
    scorer : Scorer
        Whose catalog has the columns.

    Raises
    ------
    TypeError
        If `at_most` is no mapping, or a cap is no whole number.
    ValueError
        If a cap is below 1, or a column or value does not exist.
    """
    if at_most is None:
        return []
    if not isinstance(at_most, Mapping):
        must = "be a mapping of column to number, such as {'genres': 3}"
        raise ArgumentTypeError("at_most", must, f"{type(at_most).__name__}")
    return [_of_column(column, cap, scorer) for column, cap in at_most.items()]


def _of_column(column: str, cap: object, scorer: Scorer) -> Caps:
    tags = _tags_of(column, scorer)
    limits = np.full(len(tags.values), len(scorer.items) + 1, np.int64)
    if not isinstance(cap, Mapping):
        limits[:] = _checked(f"at_most[{column!r}]", cap)
        return Caps(column, tags, limits)
    for value, limit in cap.items():
        limits[_place(column, value, tags)] = _checked(f"at_most[{column!r}][{value!r}]", limit)
    return Caps(column, tags, limits)


def _tags_of(column: str, scorer: Scorer) -> Tags:
    """Return the values of a column of a scorer's catalog."""
    table = item_table(scorer)
    known = [name for name in table.columns if name != names.ITEM_ID]
    if column not in known:
        raise no_column("at_most", column, known)
    if isinstance(table.schema[column], pl.List | pl.Array | pl.Struct):
        got = f"{column!r}, of type {table.schema[column]}"
        raise ArgumentError("at_most", "name a column of single values", got)
    return column_tags(scorer, column)


def _place(column: str, value: object, tags: Tags) -> int:
    """Return the position of a value; for texts, upper and lower case are the same."""
    if value in tags.values:
        return tags.values.index(value)
    lower = {str(known).lower(): place for place, known in enumerate(tags.values) if isinstance(known, str)}
    if isinstance(value, str) and value.lower() in lower:
        return lower[value.lower()]
    advice = did_you_mean(value, map(str, tags.values))
    raise ArgumentError(f"at_most[{column!r}]", "name values that items have", f"{value!r}", advice)


def _checked(what: str, cap: object) -> int:
    if not is_integer(cap):
        raise ArgumentTypeError(what, "be a whole number", f"{cap!r}")
    if cap < 1:
        advice = Words.of("To leave items out altogether pass `where=` or `exclude_items=`.")
        raise ArgumentError(what, "be at least 1", f"{cap}", advice)
    return int(cap)
