"""The ratings that a model was trained on together with new ones."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, ratings_of
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.splits import merge_holdout
from palate.model.factor_model import FactorModel

_ORIGIN = "of the model to start from"


class UnionWarning(UserWarning):
    """Says what became of the ratings of a model and new ones when they were put together."""


def union(model: FactorModel, ratings: "Ratings | Dataset") -> Ratings:
    """Return the ratings that a model holds and new ones as one table; a pair in both has the new rating.

    Parameters
    ----------
    model : FactorModel
        Saved with its ratings; those that it held out are among them.
    ratings : Ratings or Dataset
        With ids of the same types.

    Returns
    -------
    Ratings
        `trainer.fit(union(model, new), start=model)` goes on from the model without forgetting anybody.

    Raises
    ------
    ValueError
        If the model does not hold its ratings.
    TypeError
        If ids are of different types.

    Examples
    --------
    >>> from palate import Baseline, Ratings, union
    >>> model = Baseline().fit(Ratings.from_arrays([1, 2], ["a", "b"], [3, 4], scale=(1, 5)), validation=0)
    >>> union(model, Ratings.from_arrays([3], ["a"], [5], scale=(1, 5))).to_frame().rows()
    [(1, 'a', 3.0), (2, 'b', 4.0), (3, 'a', 5.0)]
    """
    new = ratings_of(ratings)
    if model.ratings is None:
        raise ValueError("the model must hold its ratings to be joined with new ones; it was saved with ratings=False.")
    for side, known, found in (("user", model.users, new.users), ("item", model.items, new.items)):
        if known.kind != found.kind:
            raise TypeError(
                f"{side} ids must be {known.type_name}s as in the model; got {found.type_name}s. Read the file with like=model."
            )
    users = model.users.indices(new.users.values)[new.user_index]
    items = model.items.indices(new.items.values)[new.item_index]
    at = model.ratings.positions(users, items)
    old = _ratings(model, model.ratings)
    rest = np.ones(len(old), bool)
    rest[at[at >= 0]] = False
    n_replaced = int((~rest).sum())
    both = new if not rest.any() else merge_holdout(old.select(rest), new)[0]
    if n_replaced:
        warnings.warn(
            f"{n_replaced:,} ratings of the model are replaced by new ones of the same pairs.", UnionWarning, stacklevel=2
        )
    for name in ("timestamp", "weight"):
        if (getattr(old, name) is None) != (getattr(new, name) is None):
            whose = "the model's" if getattr(old, name) is None else "the new"
            warnings.warn(f"{whose} ratings have no {name}s: those of the others are left out.", UnionWarning, stacklevel=2)
    low, high = min(old.scale[0], new.scale[0]), max(old.scale[1], new.scale[1])
    return replace(both, scale=(low, high), declared=new.declared)


def _ratings(model: FactorModel, matrix: RatingMatrix) -> Ratings:
    """Return the ratings that a model holds, `matrix`, under its ids."""
    values = matrix.values()
    users = np.repeat(np.arange(matrix.n_users, dtype=np.int32), np.diff(matrix.indptr))
    observed = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return Ratings(
        model.users, model.items, users, matrix.items, np.ascontiguousarray(values), matrix.timestamp, matrix.weight,
        scale=model.scale or observed, declared=False, frame_kind=model.frame_kind,
    )  # fmt: skip


def catalog_of_both(model: FactorModel, catalog: Catalog | None) -> Catalog | None:
    """Return a catalog with the model's rows of further items, or the model's where there is none."""
    if model.catalog is None:
        return catalog
    if model.catalog.frame.width <= 3:  # ids and counts: nothing is known of the items
        return catalog
    old = Catalog(model.catalog.frame.drop(names.N_RATINGS, names.MEAN_RATING, strict=False), model.catalog.kind, _ORIGIN)
    if catalog is None:
        return old
    rest = old.frame.filter(~pl.col(names.ITEM_ID).is_in(catalog.frame[names.ITEM_ID].implode()))
    rest = rest.select(
        column for column in rest.columns if rest[column].dtype == catalog.frame.schema.get(column, rest[column].dtype)
    )
    both = pl.concat([catalog.frame, rest], how="diagonal")
    return replace(catalog, frame=both, origin=f"{catalog.origin} and {_ORIGIN}")
