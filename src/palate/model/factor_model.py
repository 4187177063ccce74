"""The learned state: what is scored, saved and served."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.model.folded import FoldedItem, FoldedUser, fold_item, fold_user, padded_sides
from palate.model.history import History
from palate.solve.prior import RowPrior
from palate.solve.rows import Side


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class FactorModel:
    """A trained matrix factorization: `rating = mean + user bias + item bias + user factors . item factors`.

    Immutable and complete: it predicts, recommends, explains itself and is saved without any other object. Arrays have a
    leading draw axis; a point estimate has one draw. Made by a trainer's `fit` or by `palate.load`.
    """

    users: Vocabulary
    items: Vocabulary
    user_factors: np.ndarray  # (n_draws, n_users, n_factors) float32
    item_factors: np.ndarray  # (n_draws, n_items, n_factors) float32
    user_bias: np.ndarray  # (n_draws, n_users) float32
    item_bias: np.ndarray  # (n_draws, n_items) float32
    global_mean: np.ndarray  # (n_draws,) float64
    user_prior: RowPrior
    item_prior: RowPrior
    link: str = "identity"
    scale: tuple[float, float] | None = None
    catalog: Catalog | None = None
    ratings: RatingMatrix | None = None
    trainer: Mapping[str, Any] = field(default_factory=dict)  # {"name": "LeastSquares", hyper-parameters...}
    history: History = field(default_factory=History)
    frame_kind: str = "polars"

    def __post_init__(self) -> None:
        _check_shapes(self)

    def __repr__(self) -> str:
        name = self.trainer.get("name", "imported")
        best = next((s for s in self.history.sweeps if s.sweep == self.history.best_sweep), None)
        error = "" if best is None or best.validation_rmse is None else f", validation RMSE {best.validation_rmse:.4f}"
        draws = "" if self.n_draws == 1 else f", {self.n_draws} draws"
        return f"FactorModel({name}: {self.n_users:,} users, {self.n_items:,} items, {self.n_factors} factors{draws}{error})"

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def n_factors(self) -> int:
        """Length of the factor vectors; 0 for a model of biases alone."""
        return self.user_factors.shape[2]

    @property
    def n_draws(self) -> int:
        """Number of draws; 1 for a point estimate."""
        return self.user_factors.shape[0]

    @cached_property
    def user_sides(self) -> list[Side]:
        """The users' vectors as the row solver takes them, one Side per draw."""
        return padded_sides(self.user_factors, self.user_bias)

    @cached_property
    def item_sides(self) -> list[Side]:
        """The items' vectors as the row solver takes them, one Side per draw."""
        return padded_sides(self.item_factors, self.item_bias)

    def fold_in(self, items: Any, ratings: Any, *, weights: Any = None, user_id: Any = None) -> FoldedUser:
        """Return a user who was not in the training data, accepted wherever a user id is; the model does not change.

        Solves the user's penalised least-squares problem with the item vectors fixed. With a known user's own training
        ratings that is the stored user.

        Parameters
        ----------
        items : array-like of shape (n_rated,)
            Items the user rated, in the caller's ids. May be empty: the result is then the prior mean, and predictions are
            those of an average user.
        ratings : array-like of shape (n_rated,), in the units of the training ratings
        weights : array-like of shape (n_rated,), optional
            Positive observation weights.
        user_id : optional
            What to call the user in answers.

        Raises
        ------
        KeyError
            If an item was not in the training data.
        ValueError
            If the lengths differ, an item is repeated, or a rating is not finite.

        References
        ----------
        Zhou, Wilkinson, Schreiber, Pan (2008), "Large-scale Parallel Collaborative Filtering for the Netflix Prize", section 3.

        Examples
        --------
        >>> from palate import LeastSquares, Ratings
        >>> ratings = Ratings.from_arrays(["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5))
        >>> model = LeastSquares(n_factors=2).fit(ratings, validation=0)
        >>> dee = model.fold_in([1, 3], [4, 1], user_id="dee")
        >>> dee
        FoldedUser('dee', 2 ratings)
        >>> abs(float(model.predict(dee, 2)) - float(model.predict("bo", 2))) < 1e-4  # bo rated the same
        True
        """
        return fold_user(self, items, ratings, weights, user_id)

    def fold_in_item(self, users: Any, ratings: Any, *, weights: Any = None, item_id: Any = None) -> FoldedItem:
        """Return an item that was not in the training data, accepted by `predict` wherever an item id is.

        Parameters and errors are those of `fold_in` with the sides exchanged: `users` rated the item.
        """
        return fold_item(self, users, ratings, weights, item_id)

    def save(self, path: str | os.PathLike[str], *, ratings: bool = True) -> None:
        """Write the model to one file, atomically; `palate.load` reads it. See `palate.model.file.save_model`."""
        from palate.model.file import save_model

        save_model(self, path, ratings=ratings)

    def __reduce__(self) -> tuple[Any, ...]:
        from palate.model.file import dumps, loads

        return loads, (dumps(self),)


def _check_shapes(model: FactorModel) -> None:
    """Raise ValueError unless the arrays fit each other and the vocabularies."""
    n_draws, _, n_factors = model.user_factors.shape
    wanted = {
        "user_factors": (n_draws, len(model.users), n_factors),
        "item_factors": (n_draws, len(model.items), n_factors),
        "user_bias": (n_draws, len(model.users)),
        "item_bias": (n_draws, len(model.items)),
        "global_mean": (n_draws,),
    }
    for name, shape in wanted.items():
        array = getattr(model, name)
        if array.shape != shape:
            raise ValueError(f"{name} must be of shape {shape}; got {array.shape}.")
    for name in ("user_prior", "item_prior"):
        shape = getattr(model, name).mean.shape
        if shape != (n_draws, n_factors + 1):
            raise ValueError(f"the mean of {name} must be of shape {(n_draws, n_factors + 1)}; got {shape}.")
