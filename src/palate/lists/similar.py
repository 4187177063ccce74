"""Similar items and similar users: the nearest factor vectors by cosine."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Setting, Words, check_number
from palate.data import columns as names
from palate.data.arguments import warn_caller
from palate.factors.item_index import item_table, of_items, of_rows
from palate.lists.filters import ANY, EmptyResultWarning, Filters, check_min_ratings, rating_counts
from palate.lists.lookup import answer, column_of, known_indices, listed_frame, user_rows
from palate.lists.pool import Pool
from palate.lists.ranking import top_of_panels
from palate.lists.recommending import check_n
from palate.scorer import Factored, Ranking, Scorer

if TYPE_CHECKING:
    from palate.kernels.topn import ItemPanels

SIMILAR_TO = "similar_to"
SIMILARITY = "similarity"
# ratings that halve a similarity: on the bundled data the share of neighbours with under 10 falls
# from 57 % to 0.2 %
SHRINK = 5.0


def similar_items(
    scorer: Scorer,
    items: object,
    n: int = 10,
    filters: Filters = ANY,
    shrink: float = SHRINK,
    threads: int | None = None,
) -> Any:
    """Return the n items whose factors point most nearly the same way, for each given item, as a frame.

    The similarity is the cosine of the factor vectors (of all draws together) times `n / (n +
    shrink)` for an item of n ratings: a few ratings make a vector that is near another by chance.
    Biases play no part. Items without a direction (all factors zero) are similar to nothing.

    Parameters
    ----------
    scorer : Scorer
        Must have factors.
    items : id, or collection of ids
    n : int, default 10
    filters : Filters
        Of the items that may be listed.
    shrink : float, default 5.0
        How many ratings halve the similarity of the item that has them; 0 is the cosine itself, as
        it is where numbers of ratings are not known.
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.

    Returns
    -------
    frame
        Columns `similar_to`, `item_id`, `rank` (from 1), `similarity` (-1 to 1), then the catalog's.

    Raises
    ------
    KeyError
        If an item is unknown.
    ValueError
        If the model has no factors, or an argument is out of range.

    Warns
    -----
    EmptyResultWarning
        If nothing is left for an item.
    """
    n, shrink = check_n(n), check_shrink(shrink)
    model = _with_factors(scorer)
    index = known_indices(model.items, column_of(items, names.ITEM_ID), "item id", "items")
    allowed = filters.allowed(model)

    def pack(source: Factored) -> "ItemPanels":
        return _pack_directions(source.item_factors, support(source, shrink) if shrink else None)

    panels = of_items(model, ("directions", shrink), pack)
    pool = Pool.of(model, allowed.mask, threads=threads)
    near = _nearest(panels, model.item_factors[:, index], index, n, pool)
    labels = model.items.take(index).alias(SIMILAR_TO)
    _warn_if_empty(near, labels, allowed.empty_because)
    frame = listed_frame(labels, near, item_table(model), SIMILARITY)
    return answer(frame, model, items, filters.candidates)


def similar_users(
    scorer: Scorer, users: object, n: int = 10, *, min_ratings: int = 0, threads: int | None = None
) -> Any:
    """Return the n users whose factors point most nearly the same way, for each given user, as a frame.

    Parameters
    ----------
    scorer : Scorer
        Must have factors.
    users : id, or collection of ids
    n : int, default 10
    min_ratings : int, default 0
        Leave out users with fewer ratings than this; needs the model's ratings unless it is 0.
    threads : int, optional

    Returns
    -------
    frame
        Columns `similar_to`, `user_id`, `rank` (from 1), `similarity` (-1 to 1), and `n_ratings`
        where the model has its ratings.

    Raises
    ------
    KeyError
        If a user is unknown.
    ValueError
        If the model has no factors, or `min_ratings` is asked of a model without ratings.
    """
    n, min_ratings = check_n(n), check_min_ratings(min_ratings)
    model = _with_factors(scorer)
    rows = user_rows(model, users)
    table = _user_table(model)
    allowed, reason = None, None
    if min_ratings:
        if model.ratings is None:
            raise ArgumentError("min_ratings", "be 0 here: this model was saved without ratings")
        allowed = model.ratings.user_counts() >= min_ratings
        reason = (
            None if allowed.any() else Words("no user has ", Setting("min_ratings", min_ratings), " ratings")
        )
    own = rows.index if rows.scorer is model else np.full(len(rows.index), -1)
    queries = _with_factors(rows.scorer).user_factors[:, rows.index]
    panels = of_rows(model, "directions", lambda source: _pack_directions(source.user_factors, None))
    near = _nearest(panels, queries, own, n, Pool.of(model, allowed, threads=threads))
    labels = rows.labels.alias(SIMILAR_TO)
    _warn_if_empty(near, labels, reason)
    return answer(listed_frame(labels, near, table, SIMILARITY), model, users)


def _nearest(panels: "ItemPanels", queries: np.ndarray, own: np.ndarray, n: int, pool: Pool) -> Ranking:
    """Return the packed rows of a pool with the highest cosine to each query (n_draws, m, n_factors).

    The row that is the query itself, `own`, is never found; -1 is none.
    """
    known = own >= 0
    indptr = np.concatenate([[0], np.cumsum(known)]).astype(np.int64)
    # The kernel divides by the number of draws, which a cosine must not do.
    directions = _directions(queries) * np.float32(len(queries))
    pool = replace(pool, seen=(indptr, own[known].astype(np.int32)))
    return top_of_panels(directions, np.arange(len(own)), panels, min(n, panels.n_items), pool)


def _directions(factors: np.ndarray) -> np.ndarray:
    """Return the vectors of all draws together at length 1.

    A vector of zeros becomes NaN, which is never ranked.
    """
    norm = np.sqrt(np.einsum("dnf,dnf->n", factors, factors, dtype=np.float64))
    norm[norm == 0] = np.nan
    return np.asarray(factors / norm[:, None], np.float32)


def support(scorer: Scorer, shrink: float) -> np.ndarray:
    """Return `n / (n + shrink)` for each item of n ratings, float64.

    Return ones where numbers of ratings are not known.
    """
    if not shrink or names.N_RATINGS not in item_table(scorer).columns:
        return np.ones(len(scorer.items))
    counts = rating_counts(scorer)
    return counts / (counts + shrink)


def check_shrink(shrink: float) -> float:
    """Return `shrink` if it is a finite number of at least 0."""
    check_number("shrink", shrink)
    if not (shrink >= 0 and np.isfinite(shrink)):
        raise ArgumentError("shrink", "be finite and at least 0", f"{shrink:g}", "0 does not shrink.")
    return float(shrink)


def _pack_directions(factors: np.ndarray, weights: np.ndarray | None) -> "ItemPanels":
    from palate.kernels.topn import pack_items

    directions = _directions(factors)
    if weights is not None:
        directions = (directions * weights[:, None]).astype(np.float32)
    return pack_items(directions, np.zeros(factors.shape[1], dtype=np.float32))


def _with_factors(scorer: Scorer) -> Factored:
    if not hasattr(scorer, "item_factors") or scorer.item_factors.shape[2] == 0:
        must = "be used with a model that has factors"
        raise ArgumentError("similarity", must, f"{type(scorer).__name__} without any")
    return cast(Factored, scorer)  # whatever its link


def _user_table(model: Scorer) -> pl.DataFrame:
    columns = [model.users.values.alias(names.USER_ID)]
    if model.ratings is not None:
        columns.append(pl.Series(names.N_RATINGS, model.ratings.user_counts()))
    return pl.DataFrame(columns)


def _warn_if_empty(near: Ranking, labels: pl.Series, reason: str | None) -> None:
    empty = np.flatnonzero((near.items < 0).all(axis=1))
    if len(empty):
        first = labels[int(empty[0])]
        why = reason or "its factors are zero, or no other item is left"
        message = (
            f"no similar items were found for {len(empty):,} of {len(labels):,}, the first of them "
            f"{first!r}: {why}."
        )
        warn_caller(message, EmptyResultWarning)
