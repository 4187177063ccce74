"""What is derived of a scorer once and then kept: the item table, the packed factors, and more.

It is held beside the scorer, not in it, for as long as the scorer lives: a scorer stays what was
trained and saved. All of it can be recomputed, so that two threads that derive the same thing at
once only lose time.

What is derived of the items can be shared: a small model of folded users says by `share_items` whose
items it has. It is then made of that model, whichever of them asks first.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.factors.scores import item_biases
from palate.scorer import Factored, Scorer

S = TypeVar("S", bound=Scorer)
T = TypeVar("T")

_KEPT: "WeakKeyDictionary[Scorer, dict[Hashable, Any]]" = WeakKeyDictionary()
_ITEMS_OF: "WeakKeyDictionary[Scorer, Scorer]" = WeakKeyDictionary()


def of_rows(scorer: S, key: Hashable, build: Callable[[S], T]) -> T:
    """Return what is derived of a scorer alone, made by `build(scorer)` the first time; nothing is
    kept of one that is a plain value (not hashable).
    """
    try:
        kept = _KEPT.setdefault(scorer, {})
    except TypeError:
        return build(scorer)
    if key not in kept:
        kept[key] = build(scorer)
    return cast(T, kept[key])


def of_items(scorer: S, key: Hashable, build: Callable[[S], T]) -> T:
    """Return what is derived of a scorer's items, made the first time of the scorer whose items
    they are. `build` must look at nothing outside its argument.
    """
    return of_rows(_source(scorer), key, build)


def share_items(source: Scorer, other: Scorer) -> None:
    """Say that another scorer has the items, item factors and catalog of `source`."""
    _ITEMS_OF[other] = _source(source)


def _source(scorer: S) -> S:
    try:
        return cast(S, _ITEMS_OF.get(scorer, scorer))
    except TypeError:
        return scorer


def item_catalog(scorer: Scorer) -> Catalog:
    """Return the scorer's catalog in the order of its items, with `n_ratings` and `mean_rating`
    where they are known.

    Items of the catalog that nobody rated follow after those of the vocabulary.
    """
    return of_items(scorer, "catalog", _aligned)


def item_table(scorer: Scorer) -> pl.DataFrame:
    """Return the catalog's rows of the scorer's items, in the order of the vocabulary."""
    return of_items(scorer, "table", lambda source: item_catalog(source).frame.head(len(source.items)))


def item_panels(model: Factored, ascending: bool = False) -> Any:
    """Return all items packed for the ranking kernel."""
    return of_items(model, ("panels", ascending), lambda source: pack(source, None, ascending))


def pack(model: Factored, items: np.ndarray | None, ascending: bool) -> Any:
    """Return some items (by index; all for None) packed for the ranking kernel."""
    from palate.kernels.topn import pack_items

    squares = np.einsum("dif,dif->", model.user_factors, model.user_factors, dtype=np.float64)
    typical = float(np.sqrt(squares / max(1, len(model.users)))) / len(model.user_factors)
    return pack_items(
        model.item_factors,
        item_biases(model, np.arange(len(model.items))),
        items=items,
        ascending=ascending,
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
