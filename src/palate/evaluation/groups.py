"""Figures of groups: of users with few and with many training ratings, of known and of new items."""

from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.evaluation.bins import N_BINS, bin_of, label
from palate.evaluation.figures import known, words
from palate.evaluation.scoring import Outcome

MODEL, N_TRAIN = "model", "n_train"
KNOWN, NEW = "known", "new"


def chosen_users(users: object, n_train: np.ndarray) -> np.ndarray:
    """Return which users are meant."""
    if isinstance(users, str):
        if users not in (KNOWN, NEW):
            raise ArgumentError("users", "be 'known', 'new' or an array of bool", f"{users!r}")
        return np.asarray((n_train > 0) == (users == KNOWN))
    rows = np.asarray(users)
    if rows.dtype != bool or rows.shape != n_train.shape:
        must = f"be 'known', 'new' or an array of {len(n_train):,} bool, one for each user"
        raise ArgumentError("users", must, f"{rows.dtype} of shape {rows.shape}")
    return rows


def about_users(n_test: np.ndarray, n_relevant: np.ndarray, n_items: int | None = None) -> dict[str, Any]:
    """Return what was tested of users, from the numbers of their test ratings, and of items where known."""
    return {
        "n_test": int(n_test.sum()),
        "n_users": len(n_test),
        "n_items": n_items,
        "n_relevant": int(n_relevant.sum()),
        "n_users_without_relevant": int(np.count_nonzero(n_relevant == 0)),
    }


def known_groups(n_train: np.ndarray) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """Return the users with and without training ratings: a column's name, and each group that has users."""
    groups = [(KNOWN, n_train > 0), (NEW, n_train == 0)]
    return "users", [(label, rows) for label, rows in groups if rows.any()]


def _activity_groups(n_train: np.ndarray) -> tuple[str, list[tuple[str, np.ndarray]]]:
    bins = bin_of(n_train)
    return N_TRAIN, [(label(number), bins == number) for number in np.unique(bins)]


GROUPINGS = {"activity": _activity_groups, "known": known_groups}


def of_ratings(outcome: Outcome, group: np.ndarray, n_groups: int, ks: tuple[int, ...]) -> Outcome:
    """Return errors and recall of groups of the test ratings, by the group of each rating; -1 is none."""
    if outcome.by_rating is None:
        raise AssertionError("an outcome of all users knows its ratings")
    return Outcome.of(outcome.name, outcome.by_rating.sums(group, n_groups, ks))


def of_items(outcome: Outcome) -> list[tuple[Any, ...]]:
    """Return the figures of test ratings of items with and without training ratings."""
    if outcome.by_rating is None:
        return []
    new = (outcome.by_rating.bin == 0).astype(np.int64)
    part = of_ratings(outcome, new, 2, tuple(outcome.places))
    values = part.values(part.top, part.bottom)
    return [
        (outcome.name, "item", not place, int(n_test), *figure, known(value), None, None)
        for place, n_test in enumerate(np.bincount(new, minlength=2))
        if n_test
        for figure, value in zip(part.figures, values[place], strict=True)
    ]


def users_of(outcomes: tuple[Outcome, ...], known: list[pl.Series]) -> pl.DataFrame:
    """Return the figures of every user beside what is `known` of them."""
    parts = [_figures(one, known, one.top, one.bottom) for one in outcomes]
    return pl.concat(parts, how="diagonal")


def activity_of(outcomes: tuple[Outcome, ...], n_train: np.ndarray, n_test: np.ndarray) -> pl.DataFrame:
    """Return the figures of users of each bin of their training ratings."""
    bins = bin_of(n_train)
    used, place = np.unique(bins, return_inverse=True)
    known = [
        pl.Series(N_TRAIN, [label(number) for number in used]),
        pl.Series("n_users", np.bincount(place)),
        pl.Series("n_test", np.bincount(place, weights=n_test).astype(np.int64)),
    ]
    parts = []
    for outcome in outcomes:
        top, bottom = (
            np.column_stack([np.bincount(place, weights=column) for column in values.T])
            for values in (outcome.top, outcome.bottom)
        )
        parts.append(_figures(outcome, known, top, bottom))
    return pl.concat(parts, how="diagonal")


def popularity_of(outcome: Outcome, bins: np.ndarray) -> pl.DataFrame:
    """Return errors, recall and share of the lists of items by their training ratings, given in bins."""
    part = of_ratings(outcome, bins, N_BINS, tuple(outcome.places))
    n_test = np.bincount(bins, minlength=N_BINS)
    used = np.flatnonzero(np.sum([n_test, *outcome.places.values()], axis=0))
    known = [
        pl.Series(N_TRAIN, [label(number) for number in used.tolist()]),
        pl.Series("n_test", n_test[used]),
    ]
    table = _figures(part, known, part.top[used], part.bottom[used])
    for k, places in outcome.places.items():
        share = pl.Series(f"share_of_lists@{k}", places[used]) / int(places.sum())
        table.insert_column(table.get_column_index(f"recall@{k}") + 1, share.fill_nan(None))
    return table


def _figures(outcome: Outcome, known: list[pl.Series], top: np.ndarray, bottom: np.ndarray) -> pl.DataFrame:
    """Return a row for each row of sums, with what is `known` of it and its figures, null where undefined."""
    values = outcome.values(top, bottom)
    model = pl.Series(MODEL, [outcome.name]).new_from_index(0, len(values))
    columns = [
        pl.Series(words(figure), values[:, place]).fill_nan(None)
        for place, figure in enumerate(outcome.figures)
    ]
    return pl.DataFrame([model, *known, *columns])
