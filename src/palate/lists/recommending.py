"""Recommendations as a frame: the best items of one user or many, with what is known about them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Words, check_count
from palate.data.arguments import warn_caller
from palate.factors.draws import check_spread
from palate.factors.item_index import item_table
from palate.lists.approximate import APPROXIMATE, EXACT, SEARCH, check_approximate, rank_approximately
from palate.lists.cautious import check_caution, rank_by_draw, rank_cautiously
from palate.lists.filters import Allowed, EmptyResultWarning
from palate.lists.lookup import UserRows, answer, listed_frame, score_column, user_rows, with_texts
from palate.lists.options import PLAIN, ListOptions
from palate.lists.pool import Pool
from palate.lists.popular import silent_about
from palate.lists.ranking import rank_among
from palate.lists.shaping import Arrays, Shape, shaped, warn_if_short
from palate.lists.standard_errors import spread_frame
from palate.scorer import Ranking, Scorer

NOT_APPROXIMATE = ("ascending", "caution", "explore", "diversity", "at_most", "boost")
_EQUAL = 1e-6  # difference of two predictions in single precision, relative


def recommend(scorer: Scorer, users: object = None, n: int = 5, options: ListOptions = PLAIN) -> Any:
    """Return the n items with the highest predicted rating for each user, as a frame.

    Items are ranked exactly, by predicted rating and then by item id, unless `approximate`. Users
    stand in the order given, in the library of `users` or `candidates` if one of them is a column or
    a frame, else in the model's. Arguments, columns, errors and warnings are those of
    `palate.model.answers.Answers.recommend`, of any scorer; users are known, and at no time.
    """
    n, caution = check_n(n), check_caution(options.caution, options.explore)
    rows = user_rows(scorer, users)
    if options.ascending and options.boost is not None:
        raise ArgumentError("boost", "be left out of an ascending list")
    shape = options.shape(rows.scorer)
    if options.words:
        check_spread(rows.scorer, "words", "True", "False")
    others = {name: getattr(options, name) for name in NOT_APPROXIMATE}
    searches = check_approximate(rows.scorer, options.approximate, **others)
    allowed = options.allowed(rows.scorer)
    pool = Pool.of(rows.scorer, allowed.mask, options.exclude_seen, options.ascending, options.threads)
    exact: np.ndarray | None = None
    if searches:
        ranking, exact = rank_approximately(rows.scorer, rows.index, n, options.approximate, pool)
    else:
        ranked = _ranker(rows.scorer, options, pool)
        ranking = ranked(rows.index, n) if shape is None else _shaped(shape, rows, ranked, n, allowed)
    warn_if_empty(rows, allowed, ranking)
    by_mean = not caution and options.explore is None
    silent = warn_if_silent(rows) if by_mean and not options.ascending else np.zeros(len(rows.index), bool)
    _warn_if_equal(rows, ranking, silent)
    frame = _framed(rows, ranking, exact, by_mean, options)
    return answer(frame, rows.scorer, users, options.candidates)


def _framed(
    rows: UserRows, ranking: Ranking, exact: np.ndarray | None, by_mean: bool, options: ListOptions
) -> pl.DataFrame:
    """Return a ranking as a frame, with the columns of uncertainty and of the search that are asked for."""
    if options.words or not by_mean:
        frame = spread_frame(
            rows, ranking, ranked_by_mean=by_mean, words=options.words, threads=options.threads
        )
    else:
        frame = ranking_frame(rows, ranking)
    return frame if exact is None else _with_search(frame, ranking, exact)


def _ranker(scorer: Scorer, options: ListOptions, pool: Pool) -> Callable[[np.ndarray, int], Ranking]:
    """Return the function that ranks: by one draw, by the lower confidence bound, or by the score."""
    if options.explore is not None:
        return lambda index, length: rank_by_draw(scorer, index, length, options.seed, pool)
    if options.caution:
        return lambda index, length: rank_cautiously(scorer, index, length, options.caution, pool)
    return lambda index, length: rank_among(scorer, index, length, pool)


def _with_search(frame: pl.DataFrame, ranking: Ranking, exact: np.ndarray) -> pl.DataFrame:
    """Return the frame of a ranking with a column that says which lists are exact."""
    of_row = np.repeat(exact, (ranking.items >= 0).sum(axis=1)).tolist()
    return with_texts(frame, SEARCH, [EXACT if one else APPROXIMATE for one in of_row])


def _shaped(
    shape: Shape, rows: UserRows, ranked: Callable[[np.ndarray, int], Ranking], n: int, allowed: Allowed
) -> Ranking:
    """Return the shaped lists of users from their rankings."""

    def first(at: np.ndarray, width: int) -> Arrays:
        found = ranked(rows.index[at], width)
        return found.items, found.scores

    found = shaped(shape, first, len(rows.index), n, allowed.n_items)
    warn_if_short(rows, n, found)
    return Ranking(*found.arrays)


def check_n(n: object) -> int:
    """Return n if it is a whole number of at least 1."""
    return check_count("n", n, 1)


def ranking_frame(rows: UserRows, ranking: Ranking) -> pl.DataFrame:
    """Return a ranking as a Polars frame, one row per recommended item."""
    return listed_frame(rows.labels, ranking, item_table(rows.scorer), score_column(rows.scorer))


class NothingKnownWarning(UserWarning):
    """A model of choices has no ratings of some users, whose lists are of the most popular items.

    The message names the first of them.
    """


def warn_if_silent(rows: UserRows) -> np.ndarray:
    """Say whose lists are of the most popular items, and return which users they are, bool.

    A model of choices knows nothing of them.
    """
    silent = silent_about(rows.scorer, rows.index)
    places = np.flatnonzero(silent)
    if len(places):
        whose = f"{rows.called(places)}: {'the list is' if len(rows.index) == 1 else 'their lists are'}"
        said = f"the model was trained on no choices of {whose} of the most popular items."
        warn_caller(said, NothingKnownWarning)
    return silent


class EqualPredictionsWarning(UserWarning):
    """A list of equal predictions, whose order says nothing; the message names the user."""


def _warn_if_equal(rows: UserRows, ranking: Ranking, silent: np.ndarray) -> None:
    """Warn of a list whose order means nothing because all its predictions are equal.

    Lists of the most popular items are left out.
    """
    if ranking.items.shape[1] < 2:
        return
    filled = ranking.items >= 0
    low = np.where(filled, ranking.scores, np.inf).min(axis=1)
    high = np.where(filled, ranking.scores, -np.inf).max(axis=1)
    with np.errstate(invalid="ignore"):  # nothing is listed: inf - inf
        equal = np.flatnonzero(
            (filled.sum(axis=1) > 1) & ~silent & (high - low <= _EQUAL * np.maximum(1, np.abs(high)))
        )
    if not len(equal):
        return
    comma = "" if len(rows.index) == 1 else ","
    said = f"all predictions listed for {rows.called(equal)}{comma} are equal ({high[equal[0]]:.4g})"
    warn_caller(f"{said}: the items are in the order of their ids.", EqualPredictionsWarning)


def warn_if_empty(rows: UserRows, allowed: Allowed, ranking: Ranking) -> None:
    """Say why a user has no recommendations."""
    empty = np.flatnonzero((ranking.items < 0).all(axis=1))
    if not len(empty):
        return
    if allowed.empty_because is not None:
        message: str = Words("no item is left to recommend: ", allowed.empty_because, ".")
    elif len(rows.index) == 1:
        message = Words(
            f"no item is left to recommend to {rows.called(empty)}: all {allowed.n_items:,} items that may ",
            Words.of("be recommended are already rated; pass `exclude_seen=False` to have them."),
        )
    else:
        message = (
            f"no item is left to recommend to {rows.called(empty)}: they have rated all "
            f"{allowed.n_items:,} items that may be recommended."
        )
    warn_caller(message, EmptyResultWarning)
