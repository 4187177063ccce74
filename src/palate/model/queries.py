"""Arguments with folded-in users and items beside ids: all of them become rows of a small model.

A small model has only the rows that are asked for, so that `recommend` and other functions need no
special case for fold-in. Arguments without folded rows are not changed.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from palate._checks import ArgumentTypeError
from palate.data import columns as names
from palate.data.vocabulary import Vocabulary
from palate.factors import temporal_scores
from palate.factors.item_index import share_items
from palate.factors.sides import SideName
from palate.factors.temporal import Sessions
from palate.lists.lookup import UserRows, user_rows
from palate.model.folded import Folded, FoldedItem, FoldedUser
from palate.model.small_models import with_items, with_users
from palate.model.user_ratings import UserRatings
from palate.scorer import Scorer

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel


def resolve_users(model: "FactorModel", users: Any) -> Any:
    """Return `users` unchanged, or as rows of a small model if folded users are among them.

    Raises
    ------
    KeyError
        If an id beside a folded user is unknown.
    """
    if not has_any(users, Folded):
        return users
    entries = [users] if isinstance(users, Folded) else list(users)
    folded = [entry if isinstance(entry, Folded) else stored_user(model, entry) for entry in entries]
    _check_side(folded, FoldedUser, "users")
    small = with_users(model, folded)  # type: ignore[arg-type]
    if model.ratings is None and len(folded) > sum(isinstance(entry, Folded) for entry in entries):
        small = replace(small, ratings=None)  # what the known users rated is not known
    return small_rows(model, small, [user.id for user in folded], isinstance(users, Folded))


def resolve_pairs(model: "FactorModel", users: Any, items: Any, unknown: str) -> tuple[Any, Any]:
    """Return users and items of pairs, as rows of a small model if folded ones are among them."""
    users = resolve_users(model, users)
    if has_any(items, Folded):
        single = isinstance(items, Folded)
        entries = [items] if single else list(items)
        folded = [entry if isinstance(entry, Folded) else stored_item(model, entry) for entry in entries]
        _check_side(folded, FoldedItem, "items")
        rows = user_rows(model, users, unknown_allowed=unknown != "raise")
        users = replace(rows, scorer=with_items(rows.scorer, folded))  # type: ignore[arg-type]
        items = 0 if single else list(range(len(folded)))
    return users, items


def at_time(model: Scorer, users: object, timestamp: object) -> tuple[Scorer, Any]:
    """Return the model at a time, with the users from `resolve_users`."""
    if isinstance(users, UserRows):
        small = temporal_scores.at_time(users.scorer, timestamp)
        share_items(model, small)
        return model, replace(users, scorer=small)
    return temporal_scores.at_time(model, timestamp), users


def has_any(rows: object, kind: type) -> bool:
    """Return whether an argument is, or has among its entries, a row of this kind rather than an id."""
    if isinstance(rows, kind):
        return True
    if isinstance(rows, np.ndarray) and rows.dtype != object:
        return False
    return isinstance(rows, list | tuple | np.ndarray) and any(isinstance(entry, kind) for entry in rows)


def small_rows(model: Scorer, small: Scorer, ids: list[Any], single: bool) -> UserRows:
    """Return the rows of a small model that has only the users asked for, under these ids."""
    share_items(model, small)
    labels = labels_of(model.users, ids).alias(names.USER_ID)
    return UserRows(small, np.arange(len(ids)), labels, single)


def _check_side(folded: list[Folded], wanted: type[Folded], argument: str) -> None:
    for entry in folded:
        if not isinstance(entry, wanted):
            raise ArgumentTypeError(argument, f"be ids or {wanted.__name__} objects", f"{entry!r}")


def stored_user(model: "FactorModel", user: object) -> FoldedUser:
    """Return a user of the model as fold-in would, with the ratings that the model holds."""
    index = model.users.index(user, "user id")
    known = UserRatings.none() if model.ratings is None else UserRatings.stored(model.ratings, index)
    return FoldedUser(
        id=user,
        **_row(model, "user", index),
        **{**vars(known), "times": None if model.grades.half_life is None else known.times},
        **_times_of(model, index),
    )


def _times_of(model: "FactorModel", index: int) -> dict[str, Any]:
    """Return what a model knows of a stored user's time."""
    context = model.context
    if context is None:
        return {}
    every = context.sessions
    own = slice(*every.indptr[index : index + 2])
    return {
        "time_bin": int(context.user_time_bin[index]),
        "sessions": Sessions(np.array([0, own.stop - own.start]), every.begin[own], every.end[own]),
        "session_effect": context.session_effect[:, own],
    }


def stored_item(model: "FactorModel", item: object) -> FoldedItem:
    """Return an item of the model as fold-in would."""
    index = model.items.index(item, "item id")
    return FoldedItem(id=item, **_row(model, "item", index), **vars(UserRatings.none()))


def _row(model: "FactorModel", side: SideName, index: int) -> dict[str, Any]:
    """Return what was learned of one user or item."""
    rows = model.factors.side(side)
    scale = None if rows.noise is None else rows.noise.scale[:, index]
    return {"factors": rows.factors[:, index], "bias": rows.bias[:, index], "scale": scale}


def labels_of(vocabulary: Vocabulary, ids: list[Any]) -> pl.Series:
    """Return ids as a column of the vocabulary's type, null for None.

    Ids of other types become a column of texts.
    """
    wanted = pl.Int64 if vocabulary.kind == "int" else vocabulary.values.dtype
    same = all(value is None or (isinstance(value, int | np.integer) == wanted.is_integer()) for value in ids)
    if same and wanted.is_integer():
        return pl.Series([None if value is None else int(value) for value in ids], dtype=wanted)
    return pl.Series([None if value is None else str(value) for value in ids], dtype=pl.String)
