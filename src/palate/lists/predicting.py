"""Predicted ratings of chosen pairs: as an array, or as a frame with what is known about the items."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, Setting, Words, check_choice
from palate._nearest import nearest
from palate.data import columns as names
from palate.data.arguments import warn_caller
from palate.data.catalog import Catalog
from palate.data.forks import rows_of
from palate.data.frames import check_same_index, to_series
from palate.data.vocabulary import Vocabulary
from palate.factors.draws import check_spread
from palate.factors.factors import FactorScorer
from palate.factors.item_index import item_catalog
from palate.factors.temporal_scores import check_times, knows_time, over_times
from palate.factors.uncertainty import check_interval, interval_ends, rating_distribution, standard_errors
from palate.lists.filters import EmptyResultWarning
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
from palate.lists.where import Where, describe, matching
from palate.scorer import Scorer

UNKNOWN = ("raise", "nan", "baseline")
_ADVICE = " Pass unknown='baseline' or unknown='nan' to get a value for it."


@dataclass(frozen=True)
class Beside:
    """What is asked for beside the predictions."""

    std: bool = False
    share: float | None = None  # of the interval
    of: str = "mean"

    @classmethod
    def checked(cls, return_std: bool, interval: object, interval_of: str) -> "Beside":
        """Return the question if its parts are in range."""
        return cls(bool(return_std), check_interval(interval, interval_of), interval_of)

    def check(self, scorer: Scorer) -> FactorScorer:
        """Return a scorer that can answer the question; ValueError for one that cannot."""
        argument, value = ("return_std", True) if self.std else ("interval", self.share)
        return check_spread(scorer, argument, value, "left out")

    def __bool__(self) -> bool:
        return self.std or self.share is not None


def predict(
    scorer: Scorer,
    users: object,
    items: object,
    *,
    clip: bool = False,
    unknown: str = "raise",
    return_std: bool = False,
    interval: float | None = None,
    interval_of: str = "mean",
    timestamps: object = None,
) -> Any:
    """Return the predicted rating of pairs of users and items.

    Parameters
    ----------
    scorer : Scorer
    users, items : id, or list, array or column of ids
        Pairs of equal length; a single id goes with each of the others.
    clip : bool, default False
        Whether to clip predictions to the rating scale.
    unknown : {"raise", "nan", "baseline"}, default "raise"
        What an id that was not in the training data gets: an error; NaN; or the mean plus the bias
        of the known side, the unknown one taken at its prior mean.
    return_std : bool, default False
        Also return the standard error of each expected rating.
    interval : float, optional
        Also return the lower and the upper end of the central interval that holds this share, such as 0.8.
    interval_of : {"mean", "rating"}, default "mean"
        Whether that is where the expected rating is, or where one rating would fall.
    timestamps : time, or list, array or column of them, optional
        When each rating is given, for a scorer that knows of time; one pair may be asked for many
        times. By default the time of each user's last rating.

    Returns
    -------
    ndarray of shape (n,), float32, or float for two single ids
        In rating units (stars). A tuple if more is asked for: predictions, standard errors, lower
        ends, upper ends.

    Raises
    ------
    KeyError
        If an id is unknown and `unknown="raise"`.
    ValueError
        If the lengths differ, an argument is out of range, clip is asked of scores that have no
        scale, or the scorer has no standard errors.
    """
    _check_unknown(unknown)
    beside = Beside.checked(return_std, interval, interval_of)
    bounds = _check_clip(scorer, clip)
    rows, user_index, item_index = _pairs(scorer, users, items, unknown)
    single = rows.single and is_single(items)
    times = check_times(rows.scorer, timestamps, len(user_index))
    if times is not None and len(times) != len(user_index):  # one pair at many times
        user_index, item_index, single = (
            np.repeat(user_index, len(times)),
            np.repeat(item_index, len(times)),
            False,
        )
    columns = _columns(rows.scorer, user_index, item_index, bounds, unknown, beside, times)
    answers = tuple(float(column[0]) if single else column for column in columns.values())
    return answers if beside else answers[0]


def predict_distribution(
    scorer: Scorer, users: object, items: object, *, unknown: str = "raise", timestamps: object = None
) -> np.ndarray:
    """Return the probability of each rating level for pairs of users and items.

    Under the ordinal link these are the model's own. Under others a rating is the expected one plus
    normal noise, and counts as the nearest level; what falls beyond the lowest or the highest is
    theirs.

    Parameters
    ----------
    scorer : Scorer
        A model with draws of a posterior, or least squares with its ratings.
    users, items, unknown, timestamps
        As in `predict`.

    Returns
    -------
    ndarray of shape (n, n_levels), float64, or (n_levels,) for two single ids
        Levels ascend; each row adds up to 1, or is NaN.

    Raises
    ------
    KeyError
        If an id is unknown and `unknown="raise"`.
    ValueError
        If the lengths differ, or the scorer knows no levels or no noise.
    """
    _check_unknown(unknown)
    check_spread(scorer, "predict_distribution", "used", "left out")
    rows, user_index, item_index = _pairs(scorer, users, items, unknown)
    times, single = check_times(rows.scorer, timestamps, len(user_index)), rows.single and is_single(items)
    asked = check_spread(rows.scorer, "predict_distribution", "used", "left out")
    if times is None:
        shares = rating_distribution(asked, user_index, item_index)
    else:
        if len(times) != len(user_index):  # one pair at many times
            user_index, item_index, single = (
                np.repeat(user_index, len(times)),
                np.repeat(item_index, len(times)),
                False,
            )
        parts = over_times(
            asked,
            user_index,
            item_index,
            times,
            lambda then, *pairs: rating_distribution(then, *pairs[:2]),
        )
        shares = np.concatenate(parts)
    if unknown != "baseline":
        shares[(user_index < 0) | (item_index < 0)] = np.nan
    return shares[0] if single else shares


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
        known_indices(scorer.users, column_of(users, names.USER_ID), "user id", "users", _ADVICE)
    item_index = _indices(rows.scorer.items, items, "item id", "items", unknown)
    if not rows.single and not is_single(items) and len(user_index) != len(item_index):
        raise ArgumentError(
            "users and items",
            "be of one length, or one of them a single id",
            f"{len(user_index)} users and {len(item_index)} items",
        )
    user_index, item_index = np.broadcast_arrays(user_index, item_index)
    return rows, user_index, item_index


def predict_frame(
    scorer: Scorer,
    users: object,
    items: object = None,
    *,
    title: str | list[str] | None = None,
    where: Where | None = None,
    clip: bool = False,
    unknown: str = "raise",
    return_std: bool = False,
    interval: float | None = None,
    interval_of: str = "mean",
    timestamp: object = None,
) -> Any:
    """Return the predicted ratings of each user for chosen items, as a frame.

    Every user is paired with every item. Items are named by id, or found by title, by condition, or
    by both (then both must hold).

    Parameters
    ----------
    scorer : Scorer
    users : id, or collection of ids
    items : id or collection of ids, optional
    title : str or list of str, optional
        Items whose title or key contains one of these texts, whatever its case.
    where : polars.Expr, mapping or str, optional
        Items that satisfy a condition on the catalog's columns, see `palate.lists.where.matching`.
    clip : bool, default False
        Whether to clip predictions to the rating scale.
    unknown : {"raise", "nan", "baseline"}, default "raise"
        What an unknown user or a named unknown item gets, as in `predict`. Items found in the
        catalog that nobody rated are NaN unless it is "baseline".
    return_std, interval, interval_of
        As in `predict`.
    timestamp : number, date or datetime, optional
        Time of all these ratings; see `predict`.

    Returns
    -------
    frame
        Columns `user_id`, `item_id`, `predicted_rating` (or `score`), `std`, `low` and `high` where
        asked for, then the catalog's. Items stand in the order given, found ones in that of their
        ids, items without ratings last.

    Raises
    ------
    KeyError
        If an id is unknown and `unknown="raise"`, or if no title contains the text.
    ValueError
        If no items are chosen, or an argument is out of range.
    """
    _check_unknown(unknown)
    beside = Beside.checked(return_std, interval, interval_of)
    bounds = _check_clip(scorer, clip)
    rows = user_rows(scorer, users, unknown_allowed=unknown != "raise")
    item_index, described = _chosen_items(scorer, items, title, where, unknown)
    user_at, item_at = np.divmod(np.arange(len(rows.index) * len(item_index)), max(1, len(item_index)))
    time = check_times(rows.scorer, timestamp, 1)
    if time is not None and len(time) != 1:
        raise ArgumentError("timestamp", "be one time", f"{len(time)}")
    times = None if time is None else np.repeat(time, len(user_at))
    columns = _columns(rows.scorer, rows.index[user_at], item_index[item_at], bounds, unknown, beside, times)
    named = {names.PREDICTED_RATING: score_column(scorer)}
    series = [pl.Series(named.get(name, name), column) for name, column in columns.items()]
    return answer(
        described_frame([rows.labels.gather(user_at)], rows_of(described, item_at), series),
        scorer,
        users,
        items,
    )


def near_titles(catalog: Catalog, text: str) -> str:
    """Return a question that names the titles nearest to a text, with a blank before it; empty
    where none is near.
    """
    near = nearest(text, catalog.frame[names.TITLE].drop_nulls().to_list(), n=3)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def find_items(scorer: Scorer, title: str | list[str]) -> np.ndarray:
    """Return the catalog rows (see `item_catalog`) of the items whose title contains one of the
    texts, ascending.

    Raises
    ------
    KeyError
        If a text is in no title.
    ValueError
        If the scorer knows no titles.
    """
    catalog = item_catalog(scorer)
    if names.TITLE not in catalog.frame.columns and names.KEY not in catalog.frame.columns:
        raise ArgumentError(
            "title",
            "not be given here: this model has no catalog with titles",
            advice="Name the items by id.",
        )
    found = []
    for text in [title] if isinstance(title, str) else title:
        rows = catalog.find(text)
        if not len(rows):
            raise KeyError(f"no title contains {text!r}.{near_titles(catalog, text)}")
        found.append(rows)
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _chosen_items(
    scorer: Scorer, items: object, title: str | list[str] | None, where: Where | None, unknown: str
) -> tuple[np.ndarray, pl.DataFrame]:
    """Return item indexes (-1 for unknown) and the metadata of each."""
    if (items is None) == (title is None and where is None):
        raise ArgumentError(
            "items",
            Words(
                "be chosen either by id (",
                Setting("items"),
                ") or by ",
                Setting("title"),
                " and ",
                Setting("where"),
            ),
            "both or neither",
        )
    catalog = item_catalog(scorer)
    if items is None:
        found = np.arange(len(catalog)) if title is None else find_items(scorer, title)
        if where is not None:
            n_found = len(found)
            found = found[matching(where, catalog.frame)[found]]
            if not len(found):
                warn_caller(
                    f"{describe(where)} keeps none of {n_found:,} items; the result is empty.",
                    EmptyResultWarning,
                )
        return np.where(found < len(scorer.items), found, -1), catalog.rows(found)
    ids = column_of(items, names.ITEM_ID)
    index = _indices(scorer.items, ids, "item id", "items", unknown)
    if (index >= 0).all():
        return index, catalog.rows(index)
    return index, _described_by_catalog(scorer, catalog, ids, index)


def _described_by_catalog(scorer: Scorer, catalog: Catalog, ids: object, index: np.ndarray) -> pl.DataFrame:
    """Return what the catalog says of each id: of rated items, of those that nobody rated, and
    nulls of those it does not know.
    """
    unrated = catalog.frame[names.ITEM_ID].slice(len(scorer.items))
    place = {value: len(scorer.items) + row for row, value in enumerate(unrated.to_list())}
    values = to_series(ids).to_list()
    given = [str(value) for value in values] if catalog.kind in ("str", "uuid") else values
    row = [int(at) if at >= 0 else place.get(value) for at, value in zip(index, given, strict=True)]
    known = pl.Series(row, dtype=pl.Int64)
    try:
        labels = pl.Series(names.ITEM_ID, given, dtype=catalog.frame.schema[names.ITEM_ID])
    except (TypeError, pl.exceptions.PolarsError):  # an id of another type stays as it was given
        labels = pl.Series(names.ITEM_ID, [str(value) for value in given])
    return pl.DataFrame([labels, *(column.gather(known) for column in catalog.frame.get_columns()[1:])])


def _indices(vocabulary: Vocabulary, values: object, what: str, argument: str, unknown: str) -> np.ndarray:
    ids = column_of(values, names.ITEM_ID)
    return (
        known_indices(vocabulary, ids, what, argument, _ADVICE)
        if unknown == "raise"
        else vocabulary.indices(ids)
    )


def _columns(
    scorer: Scorer,
    users: np.ndarray,
    items: np.ndarray,
    bounds: tuple[float, float] | None,
    unknown: str,
    beside: Beside,
    times: np.ndarray | None,
) -> dict[str, np.ndarray]:
    """Return the predictions of pairs of indexes and what is asked for beside them, float32, in the
    order of the answer.
    """
    if beside:
        beside.check(scorer)
    if times is not None and knows_time(scorer):

        def ask(
            then: FactorScorer, user_index: np.ndarray, item_index: np.ndarray, part: slice
        ) -> dict[str, np.ndarray]:
            return _columns(then, user_index, item_index, bounds, unknown, beside, None)

        parts = over_times(scorer, users, items, times, ask)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    mean = scorer.score_pairs(users, items)
    columns = {names.PREDICTED_RATING: mean}
    if beside:
        model = beside.check(scorer)
        std = standard_errors(model, users, items)
        if beside.std:
            columns[names.STD] = std.astype(np.float32)
        if beside.share is not None:
            ends = interval_ends(model, users, items, mean, std, beside.share, beside.of)
            columns[names.LOW], columns[names.HIGH] = ends
    for name, column in columns.items():
        known = column
        if unknown != "baseline":
            known = np.where((users < 0) | (items < 0), np.float32(np.nan), column)
        columns[name] = known if bounds is None or name == names.STD else np.clip(known, *bounds)
    return columns


def _check_unknown(unknown: str) -> None:
    check_choice("unknown", unknown, UNKNOWN)


def _check_clip(scorer: Scorer, clip: bool) -> tuple[float, float] | None:
    if clip and scorer.scale is None:
        raise ArgumentError("clip", "be off for scores without a rating scale")
    return scorer.scale if clip else None
