"""The ratings of a model joined with new ones, and which of them are new or changed."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from palate._checks import ArgumentTypeError, Words
from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, ratings_of
from palate.data.duplicates import Columns, check_policy, find_duplicates, merge
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.solve.rows import Rows
from palate.splits.holdout import union_of

if TYPE_CHECKING:
    from palate.model.model import Model

_ORIGIN = "of the model to start from"


class UnionWarning(UserWarning):
    """New ratings were combined with those of a model; the message says how, such as which were replaced."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Joined:
    """A model's ratings and new ones as one table.

    Parameters
    ----------
    ratings : Ratings
        Those of both.
    held_out : ndarray of shape (n_ratings,), bool
        Pairs that the model held out of training.
    changed : ndarray of shape (n_ratings,), bool
        Pairs that are new or have another rating, weight or time than in the model.
    old_users, old_items : ndarray, int64
        Where each user and item of `ratings` stands in the model; -1 for a new one.
    n_replaced : int
        New ratings of pairs that the model held, too, and that count now.
    n_older : int
        New ratings older than the model's own of the same pair, which stays.
    """

    ratings: Ratings
    held_out: np.ndarray
    changed: np.ndarray
    old_users: np.ndarray
    old_items: np.ndarray
    n_replaced: int
    n_older: int

    @cached_property
    def matrix(self) -> RatingMatrix:
        """The ratings as a model keeps them."""
        return RatingMatrix.from_ratings(self.ratings, self.held_out if self.held_out.any() else None)

    @cached_property
    def kept(self) -> Ratings:
        """The ratings that are trained on."""
        return self.ratings.select(~self.held_out) if self.held_out.any() else self.ratings

    @cached_property
    def by_user(self) -> Rows:
        """The ratings that are trained on, by user."""
        return Rows.of(self.kept)

    @cached_property
    def by_item(self) -> Rows:
        """The same by item."""
        return self.by_user.transposed()

    def touched(self, side: str) -> np.ndarray:
        """Return the users or items, by position, that have new or changed ratings to train on, ascending."""
        index = self.ratings.user_index if side == "user" else self.ratings.item_index
        return np.unique(index[self.changed & ~self.held_out]).astype(np.int64)

    def fresh(self, side: str) -> np.ndarray:
        """Return the users or items that are not in the model, by position."""
        return np.flatnonzero((self.old_users if side == "user" else self.old_items) < 0)


def join(model: "Model", ratings: "Ratings | Dataset", duplicates: str | None = None) -> Joined:
    """Return the ratings that a model holds and new ones as one table.

    Parameters
    ----------
    model : model saved with its ratings
    ratings : Ratings or Dataset
    duplicates : {"last", "mean", "sum", "error"}, optional
        What becomes of a pair in both: the later rating by time (the new one where times are equal
        or unknown), the mean, the sum, or an error. Default "last".

    Raises
    ------
    ValueError
        If the model does not hold its ratings, or a pair is in both under "error".
    TypeError
        If ids are of different types.
    """
    new, policy, held = ratings_of(ratings), check_policy(duplicates), held_by(model)
    _check_ids(model, new)
    old = ratings_held(model)
    users, old_user, new_user = union_of(old.users, new.users, old.user_index, new.user_index)
    items, old_item, new_item = union_of(old.items, new.items, old.item_index, new.item_index)
    timed = old.timestamp is not None and new.timestamp is not None
    both = Columns(
        np.concatenate([old_user, new_user]),
        np.concatenate([old_item, new_item]),
        np.concatenate([old.value, new.value]),
        np.concatenate([old.timestamp, new.timestamp]) if timed else None,
        None if old.weight is None and new.weight is None else np.concatenate([_weights(old), _weights(new)]),
    )
    held_out = np.zeros(len(old), bool) if held.held_out is None else held.held_out
    table, marks = _merged(both, len(users), len(items), len(old), held_out, policy)
    joined = Ratings(
        users,
        items,
        table.user,
        table.item,
        table.value,
        table.timestamp,
        table.weight,
        scale=(min(old.scale[0], new.scale[0]), max(old.scale[1], new.scale[1])),
        declared=new.declared,
        frame_kind=new.frame_kind,
        events=new.events,
    )
    return Joined(
        ratings=joined,
        old_users=model.users.indices(users.values),
        old_items=model.items.indices(items.values),
        **marks,
    )


def _check_ids(model: "Model", new: Ratings) -> None:
    """Raise ArgumentTypeError if new ratings have ids of another type."""
    for side, known, found in (("user", model.users, new.users), ("item", model.items, new.items)):
        if known.kind != found.kind:
            must, advice = f"be {known.type_name}s as in the model", "Read the file with like=model."
            raise ArgumentTypeError(f"{side} ids", must, f"{found.type_name}s", advice)


def said_of(model: "Model", ratings: Ratings, joined: Joined) -> list[str]:
    """Return sentences that describe how the ratings of a model and new ones were joined."""
    said = []
    if joined.n_replaced:
        said.append(f"{joined.n_replaced:,} ratings of the model are replaced by new ones of the same pairs.")
    if joined.n_older:
        older = f"{joined.n_older:,} new ratings are older than the model's own of the same pairs"
        said.append(f"{older}, and are left out.")
    untimed = held_by(model).timestamp is None
    if untimed != (ratings.timestamp is None):
        whose = "the model's" if untimed else "the new"
        advice = "" if untimed else " To keep them, give the new ratings a time."
        left_out = "the timestamps of the others are left out"
        said.append(f"{whose} ratings have no timestamps, so {left_out}.{advice}")
    return said


def _weights(ratings: Ratings) -> np.ndarray:
    return np.ones(len(ratings), np.float32) if ratings.weight is None else ratings.weight


def _merged(
    both: Columns, n_users: int, n_items: int, n_old: int, held_out: np.ndarray, policy: str
) -> tuple[Columns, dict[str, Any]]:
    """Return the columns sorted by user and item, each pair once, and the fields of `Joined` about them."""
    from palate.kernels.sorting import order_of_pairs

    # of a pair the model's own rating comes first
    order = order_of_pairs(both.user, n_users, both.item, n_items)
    table = both.take(order)
    is_new = order >= n_old
    second = find_duplicates(table.user, table.item)
    at = np.flatnonzero(second)
    if len(at) and policy == "error":
        twice = f"{len(at):,} pairs are rated in the model and in the new ratings, and `duplicates='error'`."
        advice = "Leave the pairs out, or say which rating counts by `duplicates='last'`, 'mean' or 'sum'."
        raise ValueError(Words.of(f"{twice} {advice}"))
    held = np.zeros(len(order), bool)
    held[~is_new] = held_out[order[~is_new]]
    first = at - 1
    if policy == "last":
        times = table.timestamp
        older = np.zeros(len(at), bool) if times is None else times[at] < times[first]
        kept = ~second
        kept[first], kept[at] = older, ~older
        before, table, n_older = table, table.take(kept), int(older.sum())
    else:
        before, n_older = table.take(np.arange(len(order))), 0
        table = merge(table, second, policy)
    changed = is_new.copy()
    changed[first] = _differ(before, table, first, second)
    return table, {
        "held_out": held[~second],
        "changed": changed[~second],
        "n_replaced": len(at) - n_older,
        "n_older": n_older,
    }


def _differ(before: Columns, after: Columns, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return which of the rows that stood `first` among equal pairs have become another rating."""
    # where they stand when the repeats are gone
    rows = first - np.searchsorted(np.flatnonzero(second), first)
    found = np.zeros(len(first), bool)
    for one, other in zip(before.all()[2:], after.all()[2:], strict=True):
        if one is not None:
            found |= one[first] != other[rows]
    return found


def held_by(model: "Model") -> RatingMatrix:
    """Return the ratings of a model; ValueError where it was saved without them."""
    if model.ratings is None:
        saved = Words.of("it was saved with `ratings=False`.")
        raise ValueError(Words("the model must have its ratings to be joined with new ones; ", saved))
    return model.ratings


def ratings_held(model: "Model") -> Ratings:
    """Return the ratings that a model holds, under its ids."""
    matrix = held_by(model)
    values = matrix.values()
    users = np.repeat(np.arange(matrix.n_users, dtype=np.int32), np.diff(matrix.indptr))
    observed = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return Ratings(
        model.users,
        model.items,
        users,
        matrix.items,
        np.ascontiguousarray(values),
        matrix.timestamp,
        matrix.weight,
        scale=model.scale or observed,
        declared=False,
        frame_kind=model.frame_kind,
    )


def catalog_of_both(model: "Model", catalog: Catalog | None) -> Catalog | None:
    """Return a catalog with the model's rows of further items, or the model's where there is none."""
    if model.catalog is None or model.catalog.frame.width <= 3:  # ids and counts say nothing of the items
        return catalog
    own = model.catalog.frame.drop(names.N_RATINGS, names.MEAN_RATING, strict=False)
    old = Catalog(own, model.catalog.kind, _ORIGIN)
    if catalog is None:
        return old
    rest = old.frame.filter(~pl.col(names.ITEM_ID).is_in(catalog.frame[names.ITEM_ID].implode()))
    rest = rest.select(
        column
        for column in rest.columns
        if rest[column].dtype == catalog.frame.schema.get(column, rest[column].dtype)
    )
    both = pl.concat([catalog.frame, rest], how="diagonal")
    return replace(catalog, frame=both, origin=f"{catalog.origin} and {_ORIGIN}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """What an update brings: ratings and catalog of both, and the number of threads."""

    joined: Joined
    catalog: Catalog
    threads: int

    def model_fields(self) -> dict[str, Any]:
        """Return the fields of a model that are its input's."""
        ratings = self.joined.ratings
        return {
            "users": ratings.users,
            "items": ratings.items,
            "ratings": self.joined.matrix,
            "catalog": self.catalog,
        }


def check_timed(model: "Model", change: Change, needed: bool) -> None:
    """Raise ValueError if a model needs times that the new ratings lack."""
    if needed and change.joined.ratings.timestamp is None:
        one = f"this model of {model.trainer.get('name')}, which was trained with them"
        advice = "Say which column holds them."
        raise ValueError(f"the new ratings must have timestamps for {one}; they have none. {advice}")
