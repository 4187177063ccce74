"""Conversion of the caller's ids, lists, columns and frames to row numbers, and of results back to frames."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from palate._words import so_are
from palate.data import columns as names
from palate.data.forks import rows_of
from palate.data.frames import from_polars, require_columns, to_polars
from palate.data.libraries import FRAME_KINDS, is_frame, library_of
from palate.data.series import to_series
from palate.data.vocabulary import Vocabulary
from palate.scorer import Ranking, Scorer


@dataclass(frozen=True, eq=False)
class UserRows:
    """Users as row numbers in a scorer, with the ids that results show."""

    scorer: Scorer
    index: np.ndarray  # (n,) int64; -1 for an unknown user, where that is allowed
    labels: pl.Series  # (n,) the column user_id
    single: bool  # whether one user was given rather than a list

    def take(self, places: np.ndarray) -> "UserRows":
        """Return some of the users."""
        return replace(self, index=self.index[places], labels=self.labels.gather(places))

    def called(self, places: np.ndarray) -> str:
        """Return some of the users in words: a single user by id, else their number and the first of them."""
        first = self.labels[int(places[0])]
        if len(self.index) == 1:
            return f"user {first!r}"
        return f"{len(places):,} of {len(self.index):,} users, the first of them {first!r}"


def is_single(value: object) -> bool:
    """Return whether a value is one id rather than a collection of them."""
    if is_frame(value):
        return False
    return isinstance(value, str | bytes | np.generic) or not isinstance(value, Iterable)


def column_of(values: Any, name: str) -> Any:
    """Return ids as a list, array or column: the column `name` of a frame, a single id as a list of one."""
    if is_single(values):
        return [values]
    if is_frame(values):
        require_columns(values, {name: name}, "the frame")
        return to_polars(values, [name])[name]
    if isinstance(values, set | frozenset | dict | range) or not hasattr(values, "__getitem__"):
        return list(values)
    return values


def known_indices(
    vocabulary: Vocabulary, ids: object, what: str, argument: str, advice: str = ""
) -> np.ndarray:
    """Return the position of every id, int64.

    Raises
    ------
    KeyError
        If one is unknown; the message names it, its place in `argument` and what to do.
    """
    index = vocabulary.indices(ids)
    unknown = np.flatnonzero(index < 0)
    if len(unknown):
        position = int(unknown[0])
        message = vocabulary.unknown(element(ids, position), what)
        raise KeyError(f"{message} It is {argument}[{position}].{so_are(len(unknown) - 1)}{advice}")
    return index


def user_rows(scorer: Scorer, users: object, unknown_allowed: bool = False) -> UserRows:
    """Return the rows of one user id, a collection of them, or of all users for None.

    Raises
    ------
    KeyError
        If a user is unknown, unless `unknown_allowed`.
    """
    if isinstance(users, UserRows):
        return users
    if users is None:
        return UserRows(scorer, np.arange(len(scorer.users)), scorer.users.values.alias(names.USER_ID), False)
    single = is_single(users)
    if single and not unknown_allowed:
        index = np.array([scorer.users.index(users, "user id")])
        return UserRows(scorer, index, scorer.users.take(index).alias(names.USER_ID), True)
    ids = column_of(users, names.USER_ID)
    index = (
        scorer.users.indices(ids) if unknown_allowed else known_indices(scorer.users, ids, "user id", "users")
    )
    return UserRows(scorer, index, _labels(scorer.users, ids, index).alias(names.USER_ID), single)


def _labels(vocabulary: Vocabulary, ids: object, index: np.ndarray) -> pl.Series:
    """Return the ids as a column; unknown ones as they were given."""
    if (index >= 0).all():
        return vocabulary.take(index)
    given = to_series(ids)
    return pl.Series([str(value) for value in given]) if given.dtype == pl.Object else given


def element(ids: object, position: int) -> Any:
    """Return the id at a position counted from 0, also in a pandas series with another index."""
    value = to_series(ids)[position] if not isinstance(ids, list | tuple | np.ndarray) else ids[position]
    return value.item() if isinstance(value, np.generic) else value


def answer(frame: pl.DataFrame, scorer: Scorer, *arguments: object) -> Any:
    """Return a frame in the library of the first column or frame among the arguments, else the scorer's."""
    for argument in arguments:
        if library_of(argument) in FRAME_KINDS:
            return from_polars(frame, library_of(argument))
    return from_polars(frame, scorer.frame_kind)


def described_frame(
    first: list[pl.Series], described: pl.DataFrame, numbers: list[pl.Series]
) -> pl.DataFrame:
    """Return one frame of leading columns, item ids, numbers about pairs, and the items' columns.

    A catalog column of the name of one before it gets the prefix `item_`.
    """
    ids, *known = described.get_columns()
    taken = {series.name for series in (*first, ids, *numbers)}
    more = [column.alias(f"item_{column.name}") if column.name in taken else column for column in known]
    return pl.DataFrame([*first, ids, *numbers, *more])


def listed_frame(labels: pl.Series, ranking: Ranking, table: pl.DataFrame, score: str) -> pl.DataFrame:
    """Return the list of each label as a frame, with one row for each place that is filled.

    `table` describes the items, or users, that are listed; `score` is the name of the column of scores.
    """
    filled = ranking.items >= 0
    row, place = np.nonzero(filled)
    numbers = [pl.Series(names.RANK, place + 1), pl.Series(score, ranking.scores[filled])]
    return described_frame([labels[row]], rows_of(table, ranking.items[filled]), numbers)


def with_texts(frame: pl.DataFrame, name: str, texts: list[str]) -> pl.DataFrame:
    """Return a frame with one more column of texts, the last."""
    return pl.DataFrame([*frame.get_columns(), pl.Series(name, texts, dtype=pl.String)])


def score_column(scorer: Scorer) -> str:
    """Return the name of the column of scores: `predicted_rating`, or `score` where scores are no ratings."""
    return names.SCORE if scorer.scale is None else names.PREDICTED_RATING
