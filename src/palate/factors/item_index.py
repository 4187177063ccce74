"""What ranking derives from a scorer's items once and then keeps: the item table and the packed factors.

It is held beside the scorer, not in it, for as long as the scorer lives: a scorer stays what was
trained and saved. All of it can be recomputed, so that two threads that prepare the same thing at
once only lose time.
"""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.factors.scores import item_biases
from palate.scorer import Factored, Scorer


class Prepared:
    """Lazily derived parts of one scorer's item side. Holds arrays and tables, never the scorer itself."""

    def __init__(self) -> None:
        self._parts: dict[Any, Any] = {}

    def part(self, key: Any, build: Any) -> Any:
        """Return a part, made by `build()` the first time."""
        if key not in self._parts:
            self._parts[key] = build()
        return self._parts[key]


_PREPARED: "WeakKeyDictionary[Any, Prepared]" = WeakKeyDictionary()


def prepared(scorer: Scorer) -> Prepared:
    """Return the parts kept for a scorer; nothing is kept for one that is a plain value (not hashable)."""
    try:
        found = _PREPARED.get(scorer)
        if found is None:
            found = _PREPARED.setdefault(scorer, Prepared())
    except TypeError:
        found = Prepared()
    return found


def share_items(source: Scorer, other: Scorer) -> None:
    """Let another scorer with the same items, item factors and catalog use what is prepared for `source`."""
    _PREPARED[other] = prepared(source)


def item_catalog(scorer: Scorer) -> Catalog:
    """Return the scorer's catalog in the order of its items, with `n_ratings` and `mean_rating`
    where they are known.

    Items of the catalog that nobody rated follow after those of the vocabulary.
    """
    return prepared(scorer).part("catalog", lambda: _aligned(scorer))


def item_table(scorer: Scorer) -> pl.DataFrame:
    """Return the catalog's rows of the scorer's items, in the order of the vocabulary."""
    return prepared(scorer).part("table", lambda: item_catalog(scorer).frame.head(len(scorer.items)))


def item_panels(model: Factored, worst: bool = False) -> Any:
    """Return all items packed for the ranking kernel."""
    return prepared(model).part(("panels", worst), lambda: pack(model, None, worst))


def pack(model: Factored, items: np.ndarray | None, worst: bool) -> Any:
    """Return some items (by index; all for None) packed for the ranking kernel."""
    from palate.kernels.topn import pack_items

    squares = np.einsum("dif,dif->", model.user_factors, model.user_factors, dtype=np.float64)
    typical = float(np.sqrt(squares / max(1, len(model.users)))) / len(model.user_factors)
    return pack_items(
        model.item_factors,
        item_biases(model, np.arange(len(model.items))),
        items=items,
        worst=worst,
        typical_norm=typical,
    )


def _aligned(scorer: Scorer) -> Catalog:
    catalog, items = scorer.catalog, scorer.items
    if catalog is not None and names.N_RATINGS in catalog.frame.columns and len(catalog) >= len(items):
        ids = catalog.frame[names.ITEM_ID].head(len(items))
        if ids.dtype == items.values.dtype and ids.equals(items.values):
            return catalog
    if catalog is None:
        catalog = Catalog.from_items(items)
    if scorer.ratings is not None:
        return catalog.aligned(items, scorer.ratings)
    catalog.check_ids(items)
    position = items.indices(catalog.frame[names.ITEM_ID])
    row = np.full(len(items), -1)
    row[position[position >= 0]] = np.flatnonzero(position >= 0)
    found = pl.Series(row).set(pl.Series(row < 0), None)
    known = [column.gather(found) for column in catalog.frame.get_columns() if column.name != names.ITEM_ID]
    return Catalog(pl.DataFrame([items.values.alias(names.ITEM_ID), *known]), items.kind)
