"""The page of one item or one user: everything a model and its ratings say about it."""

from typing import Any, cast

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.forks import needs_threads
from palate.factors.item_index import item_table
from palate.factors.row_precision import RowNoise
from palate.inspect.factors import norms
from palate.inspect.genre_preferences import genre_contrasts
from palate.inspect.predictions import described_predictions, predicting
from palate.inspect.report import Report, Section
from palate.lists.lookup import user_rows
from palate.lists.ranking import rank
from palate.lists.rated import rated
from palate.lists.recommending import ranking_frame
from palate.lists.similar import similar_items, similar_users
from palate.scorer import Factored, Scorer

_SHOWN = dict.fromkeys([names.USER_ID, names.ITEM_ID, *names.SHOWN])  # without repetition, in this order
_HIDDEN = {"similar_to", names.STD, names.LOW, names.HIGH, names.IN_WORDS, "source"}


@needs_threads("item_page")
def item_page(model: Factored, item_id: object, *, n: int = 10) -> Report:
    """Return the page of an item.

    It shows the item's numbers among those of all items, its ratings, its predictions for all
    users, and similar items.

    Parameters
    ----------
    model : FactorModel or RecommenderModel
        For a `Recommender`, the numbers are those of the star head.
    item_id : int, str or UUID
    n : int, default 10
        Number of similar items.

    Returns
    -------
    Report
        With the frames `numbers`, `ratings` (of a model with its ratings), `predictions` and `similar`.

    Raises
    ------
    KeyError
        If the item is unknown.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.Ratings.from_arrays(
    ...     [1, 1, 2, 2, 3], ["a", "b", "a", "c", "b"], [5, 3, 4, 2, 4], scale=(1, 5)
    ... )
    >>> page = item_page(palate.LeastSquares(n_factors=2).fit(ratings, validation=0), "a")
    >>> page["ratings"].rows()
    [(2.0, 0, 0.0), (3.0, 0, 0.0), (4.0, 1, 0.5), (5.0, 1, 0.5)]
    """
    model = predicting(model)
    index = model.items.index(item_id, "item id")
    row = item_table(model).row(index, named=True)
    title, year, genres = row.get(names.TITLE), row.get(names.YEAR), row.get(names.GENRES)
    label = f"Item {item_id}" if title is None else title if year is None else f"{title} ({year})"
    counts = None if model.ratings is None else model.ratings.item_counts()
    sections = [_numbers(model, index, "item", counts, row.get(names.MEAN_RATING))]
    if model.ratings is not None:
        given = np.flatnonzero(model.ratings.items == index)
        sections.append(_levels(model.ratings.values(given), model.ratings.levels))
    users = np.arange(len(model.users))
    values = model.score_pairs(users, np.full(len(users), index))
    sections.append(described_predictions(model, values, f"This item for all {len(users):,} users."))
    if model.user_factors.shape[2]:
        meaning = "Highest cosine of the factors, reduced for items with few ratings."
        similar = similar_items(_plain(model), item_id, n)
        sections.append(_listed("similar", "Similar items", meaning, similar))
    text = (f"Item {item_id}.", *([genres.replace("|", ", ") + "."] if genres else []))
    return Report(title=label, text=text, sections=tuple(sections), frame_kind=model.frame_kind)


@needs_threads("user_page")
def user_page(model: Factored, user_id: object, *, n: int = 10) -> Report:
    """Return the page of a user.

    It shows the user's numbers, preferences by genre and ratings, and what the model recommends to
    them and what it does not.

    Parameters
    ----------
    model : FactorModel or RecommenderModel
        For a `Recommender`, the list is that of both heads, and the other numbers are those of the
        star head.
    user_id : int, str or UUID
    n : int, default 10
        Length of each list.

    Returns
    -------
    Report
        With the frames `numbers`, `best`, `worst`, `similar`, and, of a model with its ratings,
        `tastes` (where there are genres: liking and clarity as in `distinctive`), `ratings` and
        `rated`.

    Raises
    ------
    KeyError
        If the user is unknown.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.Ratings.from_arrays(
    ...     [1, 1, 2, 2, 3], ["a", "b", "a", "c", "b"], [5, 3, 4, 2, 4], scale=(1, 5)
    ... )
    >>> page = user_page(palate.LeastSquares(n_factors=2).fit(ratings, validation=0), 1)
    >>> page["rated"]["item_id"].to_list(), page["best"]["item_id"].to_list()
    (['a', 'b'], ['c'])
    """
    both, model = model, predicting(model)
    index = model.users.index(user_id, "user id")
    plain, seen = _plain(model), model.ratings is not None
    counts, values = None, np.zeros(0, np.float32)
    if model.ratings is not None:
        counts, values = model.ratings.user_counts(), model.ratings.row(index)[1]
    mean = float(values.mean()) if len(values) else None
    sections = [_numbers(model, index, "user", counts, mean)]
    if model.ratings is not None:
        sections += _tastes(model, index)
        sections.append(_levels(values, model.ratings.levels))
        text = f"The highest of {len(values):,} ratings." if len(values) > n else "Highest first."
        sections.append(_listed("rated", "Rated", text, rated(plain, user_id).head(n)))
    sections += [_best(both, user_id, n, seen), _predicted(plain, user_id, n, seen, worst=True)]
    if model.user_factors.shape[2]:
        similar = similar_users(plain, user_id, n)
        similar = similar.select("user_id", *similar.columns[3:])
        sections.append(_listed("similar", "Similar users", "Highest cosine of the factors.", similar))
    return Report(title=f"User {user_id}", text=(), sections=tuple(sections), frame_kind=model.frame_kind)


def _best(model: Scorer, user_id: object, n: int, seen: bool) -> Section:
    """Return the list that `recommend` makes for a user."""
    plain = _plain(cast(Factored, model))
    if predicting(plain) is plain:
        return _predicted(plain, user_id, n, seen, worst=False)
    found = cast(Any, plain).recommend(user_id, n, exclude_seen=seen)
    text = f"What is likely to be chosen and to be liked{_rest(seen)}"
    return _listed("best", "Recommended", text, found)


def _predicted(model: Factored, user_id: object, n: int, seen: bool, *, worst: bool) -> Section:
    """Return the items with a user's highest predictions, or with the lowest."""
    name, heading, which = "best", "Recommended", "highest"
    if worst:
        name, heading, which = "worst", "Least recommended", "lowest"
    rows = user_rows(model, user_id)
    ranking = rank(model, rows.index, n, exclude_seen=seen, ascending=worst)
    return _listed(name, heading, f"The {which} predictions{_rest(seen)}", ranking_frame(rows, ranking))


def _rest(seen: bool) -> str:
    """Return which items a list leaves out, in words."""
    return ", without rated items." if seen else "."


def _plain(model: Factored) -> Factored:
    """Return the model with answers in Polars."""
    from dataclasses import replace

    from palate.factors.item_index import share_items

    if model.frame_kind == "polars":
        return model
    plain: Factored = replace(cast(Any, model), frame_kind="polars")
    share_items(model, plain)
    return plain


def _listed(name: str, heading: str, text: str, frame: pl.DataFrame) -> Section:
    hidden = _HIDDEN if name == "similar" else {*_HIDDEN, names.USER_ID}
    if "held_out" in frame.columns and not frame["held_out"].any():
        hidden = {*hidden, "held_out"}
    shown = [column for column in _SHOWN if column in frame.columns and column not in hidden]
    return Section(name, heading, (text,), frame.select(shown))


def _numbers(
    model: Factored, index: int, side: str, counts: np.ndarray | None, mean: float | None
) -> Section:
    """Return norm, bias, noise and number of ratings of one row, and where it stands among all."""
    of_items = side == "item"
    factors = model.item_factors if of_items else model.user_factors
    bias = model.item_bias if of_items else model.user_bias
    noise: RowNoise | None = getattr(model, f"{side}_noise", None)
    found: dict[str, tuple[float, np.ndarray | None]] = {}
    if counts is not None:
        found["ratings"] = float(counts[index]), counts
    if mean is not None:
        found["mean rating"] = mean, None
    if factors.shape[2]:
        length = norms(factors)
        found["norm"] = float(length[index]), length
    biases = bias.mean(axis=0)
    if biases.any():
        found["bias"] = float(biases[index]), biases
    if noise is not None:
        scales = noise.scale.mean(axis=0, dtype=np.float64)
        found["noise scale"] = float(scales[index]), scales
    rows = [
        (name, value, None if among is None else float((among < value).mean()))
        for name, (value, among) in found.items()
    ]
    schema = {"figure": pl.String, "value": pl.Float64, "share": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    text = f"The share is the share of all {side}s with a lower value."
    return Section("numbers", "Numbers", (text,), frame)


def _levels(values: np.ndarray, levels: np.ndarray | None) -> Section:
    """Return how often each rating was given."""
    known = np.unique(values) if levels is None or len(levels) > 20 else levels
    counts = (np.asarray(values)[:, None] == known).sum(axis=0)
    share = counts / max(1, len(values))
    columns = {"level": known.astype(np.float64), "n": counts.astype(np.int64), "share": share}
    return Section("ratings", "Ratings given", (), pl.DataFrame(columns), plot="levels")


def _tastes(model: Factored, index: int) -> list[Section]:
    """Return a user's liking of each genre, where there are genres."""
    table = item_table(model)
    if names.GENRES not in table.columns:
        return []
    found = genre_contrasts(model, index).drop(names.USER_ID, names.N_RATINGS)
    if not len(found):
        return []
    text = (
        "Liking: mean residual (rating minus mean, item and user bias) inside the genre minus "
        "outside. Clarity: the liking minus three standard errors; a taste is clear above 0."
    )
    found = found.filter(pl.col("n_in_taste") >= 3).sort("clarity", "taste", descending=[True, False])
    return [Section("tastes", "Tastes", (text,), found, plot="tastes")] if len(found) else []
