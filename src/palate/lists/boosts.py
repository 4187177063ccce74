"""Boosts: factors on the chance of some items."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words, check_number
from palate.data import columns as names
from palate.factors.item_index import item_table
from palate.lists.where import matching
from palate.scorer import Scorer

Boost = Mapping[Any, Any]
_ADVICE = Words.of(
    "1 changes nothing, 2 doubles the chance, 0.5 halves it; to leave items out pass `where=` or "
    "`exclude_items=`."
)


def boosts_of(boost: Boost | None, scorer: Scorer) -> np.ndarray | None:
    """Return the factor on each item's chance, float64 (n_items,), or None if there are no boosts.

    If an item satisfies several entries, their factors are multiplied.

    Parameters
    ----------
    boost : mapping, or None
        Of a column to a mapping of value to factor, `{"genres": {"Comedy": 1.5}}`, where values are
        conditions as in `where`; `{"item_id": {15: 2.0}}` for single items.
    scorer : Scorer

    Raises
    ------
    TypeError
        If `boost` is no such mapping, or a factor is no number.
    ValueError
        If a factor is not above 0, or no item satisfies a condition.
    KeyError
        If an item is unknown.
    """
    if boost is None:
        return None
    if not isinstance(boost, Mapping):
        raise _kind(type(boost).__name__)
    factors = np.ones(len(scorer.items))
    for column, values in boost.items():
        if not isinstance(values, Mapping):
            raise _kind(f"{column!r}: {values!r}")
        for value, factor in values.items():
            factors[_holders(column, value, scorer)] *= _checked(f"boost[{column!r}][{value!r}]", factor)
    return None if (factors == 1).all() else factors


def _kind(got: str) -> ArgumentTypeError:
    such = "{'genres': {'Comedy': 1.5}} or {'item_id': {15: 2.0}}"
    return ArgumentTypeError("boost", f"map columns to values and their factors, such as {such}", got)


def _holders(column: str, value: object, scorer: Scorer) -> np.ndarray:
    """Return the items to which an entry applies."""
    if column == names.ITEM_ID:
        return np.array([scorer.items.index(value, "item id")])
    try:
        found = np.flatnonzero(matching({column: value}, item_table(scorer)))
    except (ArgumentError, ArgumentTypeError) as error:
        what = "boost" if error.argument == "where" else f"boost[{column!r}]"
        raise type(error)(what, error.must, error.got, error.advice) from None
    if not len(found):
        must = "name values that items have"
        raise ArgumentError(f"boost[{column!r}]", must, f"{value!r}, which no item has")
    return found


def _checked(what: str, factor: object) -> float:
    number = check_number(what, factor)
    if not (number > 0 and math.isfinite(number)):
        raise ArgumentError(what, "be finite and above 0", f"{number:g}", _ADVICE)
    return number
