"""Predicted ratings of chosen pairs: as an array, or as a frame with what is known about the items."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, check_choice
from palate.data import columns as names
from palate.data.forks import rows_of
from palate.data.series import check_same_index
from palate.factors.draws import check_spread
from palate.factors.factors import FactorScorer
from palate.factors.temporal_scores import check_times, knows_time, over_times
from palate.factors.uncertainty import check_interval, interval_ends, rating_distribution, standard_errors
from palate.lists.chosen_items import ADVICE, chosen_items, item_indices
from palate.lists.lookup import (
    UserRows,
    answer,
    column_of,
    described_frame,
    is_single,
    known_indices,
    score_column,
    user_rows,
)
from palate.lists.where import Where
from palate.scorer import Scorer

UNKNOWN = ("raise", "nan", "baseline")


@dataclass(frozen=True)
class Asked:
    """The options of a prediction, and what is returned beside the predictions."""

    clip: bool = False
    unknown: str = "raise"
    std: bool = False
    share: float | None = None  # of the interval
    of: str = "mean"

    @classmethod
    def checked(
        cls, clip: bool, unknown: str, return_std: bool, interval: object, interval_of: str
    ) -> "Asked":
        """Return these options, if they are in range."""
        check_choice("unknown", unknown, UNKNOWN)
        return cls(clip, unknown, bool(return_std), check_interval(interval, interval_of), interval_of)

    @property
    def more(self) -> bool:
        """Whether anything is returned beside the predictions."""
        return self.std or self.share is not None

    def check(self, scorer: Scorer) -> FactorScorer:
        """Return the scorer if it has standard errors; else raise ValueError."""
        argument, value = ("return_std", True) if self.std else ("interval", self.share)
        return check_spread(scorer, argument, value, "left out")

    def bounds(self, scorer: Scorer) -> tuple[float, float] | None:
        """Return the bounds to which predictions are clipped, None for no clipping."""
        if self.clip and scorer.scale is None:
            raise ArgumentError("clip", "be off for scores without a rating scale")
        return scorer.scale if self.clip else None


PLAIN = Asked()


def predict(
    scorer: Scorer, users: object, items: object, asked: Asked = PLAIN, timestamps: object = None
) -> Any:
    """Return the predicted rating of pairs of users and items, an array, or a tuple if more is asked for.

    Arguments, answer and errors are those of `palate.model.answers.Answers.predict`, of any scorer.
    """
    found, user_index, item_index, times, single = _timed_pairs(
        scorer, users, items, asked.unknown, timestamps
    )
    columns = _columns(found, user_index, item_index, asked, times)
    answers = tuple(float(column[0]) if single else column for column in columns.values())
    return answers if asked.more else answers[0]


def predict_distribution(
    scorer: Scorer, users: object, items: object, *, unknown: str = "raise", timestamps: object = None
) -> np.ndarray:
    """Return the probability of each rating level for pairs of users and items.

    Under the ordinal link these are the model's own. Under others a rating is the expected one plus
    normal noise, and counts as the nearest level; what falls beyond the lowest or the highest is
    theirs. Arguments, answer and errors are those of `palate.model.answers.Answers.predict_distribution`.
    """
    check_choice("unknown", unknown, UNKNOWN)
    model, user_index, item_index, times, single = _timed_pairs(scorer, users, items, unknown, timestamps)
    asked = check_spread(model, "predict_distribution", "used", "left out")
    if times is None:
        shares = rating_distribution(asked, user_index, item_index)
    else:
        shares = np.concatenate(over_times(asked, user_index, item_index, times, rating_distribution))
    if unknown != "baseline":
        shares[(user_index < 0) | (item_index < 0)] = np.nan
    return shares[0] if single else shares


def _timed_pairs(
    scorer: Scorer, users: object, items: object, unknown: str, timestamps: object
) -> tuple[Scorer, np.ndarray, np.ndarray, np.ndarray | None, bool]:
    """Return the scorer of the users, the pairs by index, their times, and whether it is one pair."""
    rows, user_index, item_index = _pairs(scorer, users, items, unknown)
    single = rows.single and is_single(items)
    times = check_times(rows.scorer, timestamps, len(user_index))
    if times is not None and len(times) != len(user_index):  # one pair at many times
        user_index, item_index = np.repeat(user_index, len(times)), np.repeat(item_index, len(times))
        single = False
    return rows.scorer, user_index, item_index, times, single


def _pairs(
    scorer: Scorer, users: object, items: object, unknown: str
) -> tuple[UserRows, np.ndarray, np.ndarray]:
    """Return the users' rows, and user and item index of each pair."""
    check_same_index({"users": users, "items": items})
    if not is_single(users) and not is_single(items):
        for name, ids in (("users", users), ("items", items)):
            if isinstance(ids, set | frozenset):
                raise ArgumentTypeError(name, "be a list, an array or a column", "a set, which has no order")
    rows = user_rows(scorer, users, unknown_allowed=True)
    user_index = rows.index
    if unknown == "raise" and (user_index < 0).any():
        known_indices(scorer.users, column_of(users, names.USER_ID), "user id", "users", ADVICE)
    item_index = item_indices(rows.scorer.items, items, unknown)
    if not rows.single and not is_single(items) and len(user_index) != len(item_index):
        got = f"{len(user_index)} users and {len(item_index)} items"
        raise ArgumentError("users and items", "be of one length, or one of them a single id", got)
    user_index, item_index = np.broadcast_arrays(user_index, item_index)
    return rows, user_index, item_index


def predict_frame(
    scorer: Scorer,
    users: object,
    items: object = None,
    *,
    title: str | list[str] | None = None,
    where: Where | None = None,
    asked: Asked = PLAIN,
    timestamp: object = None,
) -> Any:
    """Return the predicted ratings of each user for chosen items, as a frame.

    Items stand in the order given, found ones in that of their ids, items without ratings last.
    Arguments, columns and errors are those of `palate.model.answers.Answers.predict_frame`.
    """
    rows = user_rows(scorer, users, unknown_allowed=asked.unknown != "raise")
    item_index, described = chosen_items(scorer, items, title, where, asked.unknown)
    user_at, item_at = np.divmod(np.arange(len(rows.index) * len(item_index)), max(1, len(item_index)))
    time = check_times(rows.scorer, timestamp, 1)
    if time is not None and len(time) != 1:
        raise ArgumentError("timestamp", "be one time", f"{len(time)}")
    times = None if time is None else np.repeat(time, len(user_at))
    columns = _columns(rows.scorer, rows.index[user_at], item_index[item_at], asked, times)
    named = {names.PREDICTED_RATING: score_column(scorer)}
    series = [pl.Series(named.get(name, name), column) for name, column in columns.items()]
    frame = described_frame([rows.labels[user_at]], rows_of(described, item_at), series)
    return answer(frame, scorer, users, items)


def _columns(
    scorer: Scorer, users: np.ndarray, items: np.ndarray, asked: Asked, times: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return the predictions of pairs of indexes, and what is asked for beside them, float32.

    The order is that of the answer.
    """
    bounds = asked.bounds(scorer)
    if times is not None and knows_time(scorer):
        parts = over_times(scorer, users, items, times, partial(_columns, asked=asked, times=None))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    mean = scorer.score_pairs(users, items)
    columns = {names.PREDICTED_RATING: mean}
    if asked.more:
        model = asked.check(scorer)
        std = standard_errors(model, users, items)
        if asked.std:
            columns[names.STD] = std.astype(np.float32)
        if asked.share is not None:
            ends = interval_ends(model, users, items, mean, std, asked.share, asked.of)
            columns[names.LOW], columns[names.HIGH] = ends
    for name, column in columns.items():
        known = column
        if asked.unknown != "baseline":
            known = np.where((users < 0) | (items < 0), np.float32(np.nan), column)
        columns[name] = known if bounds is None or name == names.STD else np.clip(known, *bounds)
    return columns
