"""Lists for users of whom some are unknown: they are left out, or get the most popular items."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Words, check_choice
from palate.data import columns as names
from palate.data.arguments import warn_caller
from palate.data.forks import rows_of, stacked
from palate.lists.approximate import EXACT, SEARCH
from palate.lists.filters import rating_counts
from palate.lists.lookup import UserRows, answer, user_rows, with_texts
from palate.lists.options import ListOptions
from palate.lists.popular import own_popularity, silent_about
from palate.lists.recommending import check_n, ranking_frame, recommend
from palate.lists.shaping import shaped
from palate.scorer import Ranking, Scorer

CHOICES = ("raise", "skip", "popular")
SOURCE, MODEL, POPULAR = "source", "model", "most popular"


class UnknownUsersWarning(UserWarning):
    """Users are not in the model; the message has their number, the first of them, and what was done."""


def recommend_to_all(
    scorer: Scorer,
    users: object,
    n: int,
    unknown: str,
    options: ListOptions,
    lists: Callable[..., Any] = recommend,
) -> Any:
    """Return the lists of `recommend`, for users of whom some may be unknown.

    Parameters
    ----------
    scorer : Scorer
    users, n
        As in `recommend`.
    unknown : {"raise", "skip", "popular"}
        An error; no list, with a warning; or the most popular items that the filters keep, with what
        an average user would rate them and a column `source` that says which lists are the model's.
        A model of popularity has its own counts, others take the numbers of ratings.
    options : ListOptions
    lists : callable, default `recommend`
        Makes the lists of users who are known; takes the arguments of `recommend`.

    Raises
    ------
    ValueError
        If `unknown` is none of these, or "popular" is asked together with `ascending`.
    """
    check_choice("unknown", unknown, CHOICES)
    if unknown == "raise":
        return lists(scorer, users, n, options)
    if unknown == "popular" and options.ascending:
        must = Words.of("be left out with `unknown='popular'`, whose lists are of the most popular items")
        raise ArgumentError("ascending", must)
    rows = user_rows(scorer, users, unknown_allowed=True)
    known = np.flatnonzero(rows.index >= 0)
    unknown_rows = np.flatnonzero(rows.index < 0)
    if len(unknown_rows):
        _warn(rows, unknown_rows, unknown)
    own = pl.DataFrame(lists(rows.scorer, rows.take(known), n, options))  # of nobody, too: it has the columns
    if unknown == "popular":
        own = _sourced(own, rows, known)
    if len(unknown_rows):
        others = [_popular(rows, unknown_rows, n, options)] if unknown == "popular" else []
        own = _together([own, *others], rows.labels.to_list())
    return answer(own, scorer, users, options.candidates)


def _sourced(part: pl.DataFrame, rows: UserRows, known: np.ndarray) -> pl.DataFrame:
    """Return the lists of known users with a column that names their source.

    For users of whose choices the model knows nothing, the lists are of the most popular items.
    """
    silent = known[silent_about(rows.scorer, rows.index[known])]
    popular = set(rows.labels.gather(silent).to_list())
    users = part[names.USER_ID].to_list()
    return with_texts(part, SOURCE, [POPULAR if user in popular else MODEL for user in users])


def _together(parts: list[pl.DataFrame], labels: list[Any]) -> pl.DataFrame:
    """Return the lists of several frames as one, in the order of the users, column by column."""
    every = stacked(parts)
    at: dict[Any, list[int]] = {}
    for place in range(len(labels) - 1, -1, -1):
        at.setdefault(labels[place], []).append(place)
    user = every[names.USER_ID]
    # Position of each list; a user who was given twice has two.
    starts = np.flatnonzero(every[names.RANK].to_numpy() == 1)
    places = np.array([at[label].pop() for label in user.gather(starts).to_list()], dtype=np.int64)
    order = np.argsort(np.repeat(places, np.diff([*starts, len(user)])), kind="stable")
    return rows_of(every, order)


def _popular(rows: UserRows, unknown_rows: np.ndarray, n: int, options: ListOptions) -> pl.DataFrame:
    """Return the most popular items for each of the unknown users, as a frame with its source."""
    scorer, n = rows.scorer, check_n(n)
    allowed = options.allowed(scorer).mask
    items = np.arange(len(scorer.items)) if allowed is None else np.flatnonzero(allowed)
    own = own_popularity(scorer)
    counts = rating_counts(scorer) if own is None else own
    items = items[np.argsort(-counts[items], kind="stable")].astype(np.int32)
    shape = options.shape(scorer)
    if shape is not None:
        items = shaped(shape, lambda _, width: (items[None, :width],), 1, n, len(items)).arrays[0][0]
    items = items[:n]
    items = items[items >= 0]
    scores = np.asarray(scorer.score_items(np.array([-1])), np.float32)[0][items]
    every = Ranking(*(np.tile(one, (len(unknown_rows), 1)) for one in (items, scores)))
    lists = ranking_frame(rows.take(unknown_rows), every)
    if options.approximate:
        lists = with_texts(lists, SEARCH, [EXACT] * lists.height)
    return with_texts(lists, SOURCE, [POPULAR] * lists.height)


def _warn(rows: UserRows, unknown_rows: np.ndarray, unknown: str) -> None:
    first = rows.labels[int(unknown_rows[0])]
    n = len(unknown_rows)
    who = f"user {first!r} is unknown" if n == 1 else f"{n:,} users are unknown, the first of them {first!r}"
    what = "left out"
    if unknown == "popular":
        what = f"{'its list is' if n == 1 else 'their lists are'} of the most popular items"
    warn_caller(f"{who}: {what}.", UnknownUsersWarning)
