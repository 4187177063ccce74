"""The similarity of two items: by their vectors, by their model, or by their genres."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

import numpy as np

from palate.data import columns as names
from palate.factors.item_index import item_table, of_items
from palate.lists.tags import column_tags
from palate.scorer import Factored, Scorer

# (item, items) -> the similarity of each of them to it, -1 to 1, float64
Likeness = Callable[[int, np.ndarray], np.ndarray]


@runtime_checkable
class Likens(Protocol):
    """A scorer without vectors that has similarities of items."""

    def likeness(self) -> Likeness | None:
        """Return a function of an item's position and an array of them, or None where nothing is known."""
        ...


def likeness_of(scorer: Scorer) -> Likeness | None:
    """Return the similarity of a scorer's items, by its vectors, its weights or the genres of its catalog.

    Return None without any of them.
    """
    found = own_likeness(scorer)
    return found if found is not None else genre_likeness(scorer)


def own_likeness(scorer: Scorer) -> Likeness | None:
    """Return the similarity of items by the scorer's own method, None if it has none."""
    if isinstance(scorer, Likens):
        return scorer.likeness()
    factors = getattr(scorer, "item_factors", None)
    if factors is None or not factors.shape[2]:
        return None
    model = cast(Factored, scorer)
    return Cosines(of_items(model, "unit vectors", lambda source: unit_vectors(source.item_factors)))


def among(likeness: Likeness, items: np.ndarray) -> Callable[[int], np.ndarray]:
    """Return how alike each of `items` is to one that is asked for, again and again."""
    if isinstance(likeness, Cosines):
        return likeness.among(items)
    return lambda item: likeness(item, items)


@dataclass(frozen=True, eq=False)
class Cosines:
    """Cosines of items by their vectors of all draws together at length 1, (n_items, k) float32."""

    units: np.ndarray

    def __call__(self, item: int, items: np.ndarray) -> np.ndarray:
        return self.among(items)(item)

    def among(self, items: np.ndarray) -> Callable[[int], np.ndarray]:
        """Return the cosines of each of `items` with an item; their vectors are copied once."""
        rows, units = self.units.take(items, axis=0), self.units
        # Summed item by item, so that a similarity has the same bits whatever other items are asked for.
        return lambda item: np.asarray(np.einsum("if,f->i", rows, units[item]), np.float64)


def unit_vectors(factors: np.ndarray) -> np.ndarray:
    """Return the vectors of all draws at length 1, float32 (n, n_draws * n_factors); zeros stay zeros.

    Examples
    --------
    >>> unit_vectors(np.array([[[3.0, 4.0], [0.0, 0.0]]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    flat = np.moveaxis(factors, 0, 1).reshape(factors.shape[1], -1)
    norm = np.sqrt(np.einsum("nf,nf->n", flat, flat, dtype=np.float64))
    return (flat / np.where(norm > 0, norm, 1.0)[:, None]).astype(np.float32)


def genre_likeness(scorer: Scorer) -> Likeness | None:
    """Return the share of the genres of two items that both have; None without genres."""
    table = item_table(scorer)
    if names.GENRES not in table.columns:
        return None
    tags = column_tags(scorer, names.GENRES)
    sizes = np.diff(tags.indptr)

    def overlap(item: int, items: np.ndarray) -> np.ndarray:
        common = np.zeros(len(tags.indptr) - 1)
        for code in tags.of_item(item):
            common[tags.holders(code)] += 1
        either = sizes[items] + sizes[item] - common[items]
        return np.asarray(np.divide(common[items], either, out=np.zeros(len(items)), where=either > 0))

    return overlap
