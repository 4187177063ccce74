"""Filters: which items may be recommended, before they are ranked."""

from dataclasses import dataclass

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Setting, Words, check_count
from palate.data import columns as names
from palate.data.forks import filled
from palate.factors.item_index import item_table
from palate.lists.lookup import column_of, element, known_indices
from palate.lists.where import Where, describe, matching
from palate.scorer import Scorer


class EmptyResultWarning(UserWarning):
    """Filters left nothing to recommend; the message names the one that took the last item."""


@dataclass(frozen=True, eq=False)
class Allowed:
    """The items that all filters keep."""

    mask: np.ndarray | None  # (n_items,) bool; None when nothing was filtered
    n_items: int  # how many are kept
    empty_because: str | None = None  # why no item is left, as a sentence


@dataclass(frozen=True, eq=False, kw_only=True)
class Filters:
    """Which items may be in lists.

    Parameters
    ----------
    min_ratings : int, default 0
        Least number of ratings of an item.
    where : polars.Expr, mapping or str, optional
        Condition on the catalog's columns, see `palate.lists.where.matching`.
    candidates : ids, optional
        The only items that may be recommended.
    exclude_items : ids, optional
        Items that must not be; ids that the scorer does not know are none it could recommend, so
        they may stand here.
    """

    min_ratings: int = 0
    where: Where | None = None
    candidates: object = None
    exclude_items: object = None

    def allowed(self, scorer: Scorer) -> Allowed:
        """Return which items of a scorer pass the filters.

        Raises
        ------
        KeyError
            If a candidate is unknown.
        TypeError, ValueError
            If an argument is of the wrong kind, or `min_ratings` is asked where no numbers of ratings
            are known.
        """
        mask = np.ones(len(scorer.items), dtype=bool)
        if self.candidates is not None:
            ids = column_of(self.candidates, names.ITEM_ID)
            mask = np.isin(np.arange(len(mask)), known_indices(scorer.items, ids, "item id", "candidates"))
            if not mask.any():
                return Allowed(mask, 0, "candidates contains no item")
        if self.exclude_items is not None:
            mask[excluded_indices(scorer, self.exclude_items)] = False
            if not mask.any():
                return Allowed(mask, 0, "exclude_items contains all items that are left")
        if self.where is not None:
            before, mask = mask, mask & matching(self.where, item_table(scorer))
            if not mask.any():
                return Allowed(mask, 0, Words(describe(self.where), f" keeps none of {before.sum():,} items"))
        if check_min_ratings(self.min_ratings):
            before, counts = mask, rating_counts(scorer)
            mask = mask & (counts >= self.min_ratings)
            if not mask.any():
                kept = f" keeps none of {before.sum():,} items"
                most = f", the most-rated one has {counts[before].max():,} ratings"
                return Allowed(mask, 0, Words(Setting("min_ratings", self.min_ratings), kept, most))
        n_items = int(mask.sum())
        return Allowed(None if n_items == len(mask) else mask, n_items)


ANY = Filters()


def check_min_ratings(min_ratings: object) -> int:
    """Return `min_ratings` if it is a whole number of at least 0."""
    return check_count("min_ratings", min_ratings, 0)


def rating_counts(scorer: Scorer) -> np.ndarray:
    """Return the number of ratings of each item, int64.

    Raises
    ------
    ValueError
        If the scorer has neither ratings nor a catalog that counts them.
    """
    table = item_table(scorer)
    if names.N_RATINGS not in table.columns:
        must = "be 0 here: this model has neither ratings nor a catalog with n_ratings"
        raise ArgumentError("min_ratings", must)
    return filled(table[names.N_RATINGS], 0).to_numpy()


def excluded_indices(scorer: Scorer, exclude_items: object) -> np.ndarray:
    """Return the indexes of excluded items.

    An id of the wrong type raises an error, because it would silently exclude nothing.
    """
    ids = column_of(exclude_items, names.ITEM_ID)
    found = scorer.items.indices(ids)
    for position in np.flatnonzero(found < 0):
        found_id = element(ids, int(position))
        if not scorer.items.has_type(found_id):
            said = scorer.items.unknown(found_id, "item id")
            got = said.removeprefix("unknown item id ").removesuffix(".")
            raise ArgumentTypeError("exclude_items", "hold ids of the items' type", got)
    return found[found >= 0]
