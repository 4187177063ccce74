"""Items between two others: those most similar to both."""

from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.data import columns as names
from palate.data.arguments import helpful, warn_caller
from palate.data.forks import rows_of
from palate.factors.item_index import item_table
from palate.lists.filters import EmptyResultWarning, Filters
from palate.lists.likeness import likeness_of
from palate.lists.lookup import answer, described_frame
from palate.lists.recommending import check_n
from palate.lists.similar import SHRINK, SIMILARITY, check_shrink, support
from palate.lists.where import Where
from palate.scorer import Scorer

TO_FIRST, TO_SECOND = "to_first", "to_second"


@helpful
def between(
    scorer: Scorer,
    first: object,
    second: object,
    n: int = 10,
    *,
    min_ratings: int = 0,
    where: Where | None = None,
    candidates: object = None,
    exclude_items: object = None,
    shrink: float = SHRINK,
) -> Any:
    """Return the n items that lie between two others, as a frame.

    They are the items nearest to the sum of both vectors, each at length 1. The cosine with this
    sum is the mean of the similarities to both items, divided by a number that depends on these two
    items alone. Models without vectors take the mean of the similarities by their weights, or else
    by genres.

    Parameters
    ----------
    scorer : Scorer
    first, second : item id
        Two different items; neither is listed.
    n : int, default 10
    min_ratings, where, candidates, exclude_items
        Filters, as in `recommend`.
    shrink : float, default 5.0
        As in `similar_items`.

    Returns
    -------
    frame
        Columns `item_id`, `rank` (from 1), `similarity` to what lies between, `to_first`,
        `to_second`, then the catalog's.

    Raises
    ------
    KeyError
        If an item is unknown.
    ValueError
        If both items are the same, nothing is known of how alike items are, or an argument is out of range.

    Warns
    -----
    EmptyResultWarning
        If nothing is left.
    """
    n, shrink = check_n(n), check_shrink(shrink)
    index = np.array([scorer.items.index(item, "item id") for item in (first, second)])
    if index[0] == index[1]:
        advice = "Use similar_items for items that are similar to one."
        raise ArgumentError("first and second", "be two items", f"{first!r} twice", advice)
    likeness = likeness_of(scorer)
    if likeness is None:
        said = "between needs a model with vectors or weights of items, or with genres; this one has none."
        raise ValueError(said)
    filters = Filters(
        min_ratings=min_ratings, where=where, candidates=candidates, exclude_items=exclude_items
    )
    allowed = filters.allowed(scorer)
    items = np.arange(len(scorer.items)) if allowed.mask is None else np.flatnonzero(allowed.mask)
    items = items[(items != index[0]) & (items != index[1])]
    to_both = [likeness(int(one), items) for one in index]
    apart = float(likeness(int(index[0]), index[1:])[0])
    length = np.sqrt(max(2 + 2 * apart, 1e-12))  # of the sum of two vectors at length 1
    value = np.clip((to_both[0] + to_both[1]) / length, -1, 1) * support(scorer, shrink)[items]
    best = np.lexsort((items, -value))[:n]
    if not len(best):
        why = allowed.empty_because or "no other item is left"
        warn_caller(f"nothing is found between {first!r} and {second!r}: {why}.", EmptyResultWarning)
    numbers = [pl.Series(names.RANK, np.arange(1, len(best) + 1))]
    numbers += [
        pl.Series(name, values[best].astype(np.float32))
        for name, values in ((SIMILARITY, value), (TO_FIRST, to_both[0]), (TO_SECOND, to_both[1]))
    ]
    return answer(described_frame([], rows_of(item_table(scorer), items[best]), numbers), scorer, candidates)
