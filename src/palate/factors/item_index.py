"""What is derived of a scorer once and then kept: the item table, the packed factors, and more.

Models hold it as `derived`, beside what was trained and is saved: it is no field, and no part of a
copy. All of it can be recomputed, so that two threads that derive the same thing at once only lose
time. Of a scorer that does not hold it, it is derived each time.

What is derived of the items can be shared: a small model of folded users says by `share_items` whose
items it has. It is then made of that model, whichever of them asks first.
"""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.data.forks import rows_by_index
from palate.factors.scores import item_biases
from palate.scorer import Factored, Scorer

S = TypeVar("S", bound=Scorer)
T = TypeVar("T")


class Derived:
    """Values computed from a scorer, by key.

    It also has the scorer whose items these are, if it shares the items of another scorer.
    """

    def __init__(self, items_of: Scorer | None = None) -> None:
        self.parts: dict[Hashable, object] = {}
        self.items_of = items_of


class HoldsDerived:
    """A scorer that stores what was computed from it."""

    @cached_property
    def derived(self) -> Derived:
        """What was derived of the scorer; see `palate.factors.item_index`."""
        return Derived()

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "derived"}


def of_rows(scorer: S, key: Hashable, build: Callable[[S], T]) -> T:
    """Return a value computed from a scorer alone; `build(scorer)` computes it the first time."""
    if not isinstance(scorer, HoldsDerived):
        return build(scorer)
    kept = scorer.derived.parts
    if key not in kept:
        kept[key] = build(scorer)
    return cast(T, kept[key])


def of_items(scorer: S, key: Hashable, build: Callable[[S], T]) -> T:
    """Return a value computed from a scorer's items, the first time from the scorer that has them.

    `build` must use nothing but its argument.
    """
    return of_rows(_source(scorer), key, build)


def share_items(source: Scorer, other: Scorer) -> None:
    """Record that a scorer has the items, item factors and catalog of `source`."""
    if isinstance(other, HoldsDerived):
        other.derived.items_of = _source(source)


def _source(scorer: S) -> S:
    if not isinstance(scorer, HoldsDerived) or scorer.derived.items_of is None:
        return scorer
    return cast(S, scorer.derived.items_of)


def item_catalog(scorer: Scorer) -> Catalog:
    """Return the scorer's catalog in the order of its items.

    It has `n_ratings` and `mean_rating` where they are known.

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

    bias = np.zeros(len(model.items), np.float32)
    own = np.arange(len(model.items)) if items is None else items
    bias[own] = item_biases(model, own)
    return pack_items(
        model.item_factors,
        bias,
        items=items,
        ascending=ascending,
        typical_norm=of_rows(model, "typical norm", _typical_norm),
    )


def _typical_norm(model: Factored) -> float:
    squares = np.einsum("dif,dif->", model.user_factors, model.user_factors, dtype=np.float64)
    return float(np.sqrt(squares / max(1, len(model.users)))) / len(model.user_factors)


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
    found = rows_by_index(items.indices(catalog.frame[names.ITEM_ID]), len(items))
    known = [column.gather(found) for column in catalog.frame.get_columns() if column.name != names.ITEM_ID]
    return Catalog(pl.DataFrame([items.values.alias(names.ITEM_ID), *known]), items.kind)
