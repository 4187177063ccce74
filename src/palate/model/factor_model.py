"""A trained factorization: what is scored, saved and served."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack

import numpy as np

from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors import all_scores, scores, temporal_scores
from palate.factors.factors import Factors
from palate.factors.parts import OfFactors, Parts, check_names, factors_of, with_parts
from palate.factors.shapes import check_counts
from palate.model import explaining, folded, queries, small_models, updating
from palate.model.explaining import Explanation
from palate.model.folded import FoldedItem, FoldedUser
from palate.model.history import History
from palate.model.joined import Change
from palate.model.model import Model
from palate.model.user_ratings import UserRatings
from palate.model.with_file import WithFile
from palate.model.with_vectors import WithVectors
from palate.solve.confidence import Confidence
from palate.solve.grades import Grades


@helpful_methods
@dataclass(frozen=True, eq=False, init=False, repr=False, kw_only=True)
class FactorModel(OfFactors, WithVectors, WithFile, Model):
    """A trained matrix factorization.

    It predicts `rating = mean + user bias + item bias + user factors . item factors`.

    It is immutable and complete: it predicts, recommends, explains itself and is saved without any
    other object. What was learned is in `factors`, and its parts are shown by the model, too:
    `user_factors` is `factors.user.factors`. Arrays have a leading draw axis; a point estimate has
    one draw. It is returned by a trainer's `fit` and by `palate.load`. To make one by hand, pass
    the `factors`, or their parts by name.

    This sum is the latent value of a pair in each draw, which `link` turns into a rating:
    "identity" is the sum itself, "bounded" is `low + (high - low) / (1 + exp(-latent))` on the
    scale (low, high), "ordinal" is the mean of `levels` under `P(rating <= levels[j]) =
    Phi(cutpoints[j] - latent)`. A prediction is the mean of the ratings over draws.

    A model with time keeps the factors of each user at the time of the user's last rating. It uses
    them unless a call names another time.
    """

    factors: Factors
    scale: tuple[float, float] | None = None

    def __init__(
        self,
        *,
        users: Vocabulary,
        items: Vocabulary,
        factors: Factors | None = None,
        scale: tuple[float, float] | None = None,
        catalog: Catalog | None = None,
        ratings: RatingMatrix | None = None,
        trainer: Mapping[str, Any] | None = None,
        history: History | None = None,
        frame_kind: str = "polars",
        **parts: Unpack[Parts],
    ) -> None:
        check_names(parts, type(self).__name__)
        found = factors_of(parts, scale) if factors is None else with_parts(factors, parts, scale)
        check_counts(found, len(users), len(items))
        super().__init__(
            users=users,
            items=items,
            catalog=catalog,
            ratings=ratings,
            trainer={} if trainer is None else trainer,
            history=History() if history is None else history,
            frame_kind=frame_kind,
        )
        object.__setattr__(self, "factors", found)
        object.__setattr__(self, "scale", scale)

    def __repr__(self) -> str:
        name = self.trainer.get("name", "imported")
        best = next((s for s in self.history.sweeps if s.sweep == self.history.best_sweep), None)
        known = None if best is None else best.validation_rmse
        error = "" if known is None else f", validation RMSE {known:.4f}"
        draws = "" if self.n_draws == 1 else f", {self.n_draws} draws"
        size = f"{self.n_users:,} users, {self.n_items:,} items, {self.n_factors} factors"
        return f"FactorModel({name}: {size}{draws}{error})"

    @property
    def grades(self) -> Grades:
        """How the trainer turned values and their ages into grades; unused by most models of ratings."""
        if self.fold is not None:
            return self.fold.grades
        return Confidence.of_model(self.trainer, self.user_prior.unobserved_weight).grades

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the predicted rating of each pair of `user_index` and `item_index`, float32.

        The index -1 means an unknown user or item, which has its prior mean.
        """
        return scores.score_pairs(self, user_index, item_index)

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the predicted ratings of all items for each of `user_index`.

        The result is float32 and has shape (n, n_items).
        """
        return all_scores.score_items(self, user_index)

    def _resolved(self, users: object) -> Any:
        return queries.resolve_users(self, users)

    def _pairs(self, users: object, items: object, unknown: str) -> tuple[Any, Any]:
        return queries.resolve_pairs(self, users, items, unknown)

    def at(self, time: object) -> "FactorModel":
        """Return the model with its users as they are in the time bin of `time`.

        `time` is a number, a date or a datetime.

        Its lists and predictions are for this time. It has no other times and no sessions. Items
        and their similarities do not change.

        Raises
        ------
        ValueError
            If the model was trained without `time="bins"`, or is already the model of one time.
        """
        return temporal_scores.at_time(self, time)

    def fold_in(
        self,
        items: object,
        ratings: object = None,
        features: Mapping[str, Any] | None = None,
        *,
        weights: object = None,
        user_id: object = None,
        timestamps: object = None,
    ) -> FoldedUser:
        """Return a user who was not in the training data.

        The result is accepted wherever a user id is. The model does not change.

        The user's penalized least-squares problem is solved with fixed item vectors. For the
        training ratings of a known user, the result is the stored user. A model with draws samples
        the user once for each draw, so that standard errors are large if there are few ratings. The
        same ratings always give the same draws.

        Parameters
        ----------
        items : array-like of shape (n_rated,)
            Ids of the items that the user rated, or a mapping of item to rating, without `ratings`.
            If empty, the result is the prior mean, and predictions are those for an average user.
        ratings : array-like of shape (n_rated,), in the units of the training ratings
        features : mapping of name to value, optional
            Features of the user, for a model trained with features of users.
        weights : array-like of shape (n_rated,), optional
            Positive observation weights.
        user_id : optional
            Id of the user in results.
        timestamps : array-like of shape (n_rated,), optional
            Times of the ratings, for a model trained with `time`: effects of time bins and sessions
            are then separated from taste. By default all ratings are in the last time bin, each in
            a session of its own.

        Raises
        ------
        KeyError
            If an item was not in the training data, or a feature is not one of the model.
        ValueError
            If the lengths differ, an item is repeated, a rating is not finite, outside the scale or
            not a level of an ordinal model, or the model has no time and timestamps are given.

        References
        ----------
        Zhou, Wilkinson, Schreiber, Pan (2008), "Large-scale Parallel Collaborative Filtering for
        the Netflix Prize", section 3.

        Examples
        --------
        >>> from palate import LeastSquares, Ratings
        >>> ratings = Ratings.from_arrays(
        ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
        ... )
        >>> model = LeastSquares(n_factors=2).fit(ratings, validation=0)
        >>> dee = model.fold_in([1, 3], [4, 1], user_id="dee")
        >>> dee
        FoldedUser('dee', 2 ratings)
        >>> abs(float(model.predict(dee, 2)) - float(model.predict("bo", 2))) < 1e-4  # bo rated the same
        True
        """
        return folded.fold_user(self, self._given(items, ratings, weights, timestamps), user_id, features)

    def _given(self, items: object, ratings: object, weights: object, timestamps: object) -> UserRatings:
        times = partial(folded.times_for, self, timestamps)
        return folded.checked_row(self, items, ratings, weights, times)

    def fold_in_item(
        self,
        users: object,
        ratings: object = None,
        features: Mapping[str, Any] | None = None,
        *,
        weights: object = None,
        item_id: object = None,
    ) -> FoldedItem:
        """Return an item that was not in the training data.

        The result is accepted by `predict` wherever an item id is.

        Parameters and errors are those of `fold_in` with the sides exchanged: `users` rated the
        item, and `item_id` is its id in results. A model of choices (`Spectral`) accepts an item
        without ratings and `features={"genres": ...}`; its vector is then the mean vector of its
        genres.
        """
        row = folded.checked_row(self, users, ratings, weights, side="users")
        return folded.fold_item(self, row, item_id, features)

    def user_with(
        self,
        user: object,
        items: object,
        ratings: object = None,
        *,
        weights: object = None,
        timestamps: object = None,
    ) -> FoldedUser:
        """Return a `user` with further ratings added, without training; see `Model.user_with`.

        `items`, `ratings`, `weights` and `timestamps` are those of `fold_in`.
        """
        return folded.user_with(self, user, self._given(items, ratings, weights, timestamps))

    def explain(self, user: object, item: object) -> Explanation:
        """Return the contributions that add up to a prediction.

        These are the mean, the biases, and the signed contribution of each rating of the user.

        The contribution of a rating is its difference from the prediction of mean and biases, times
        the similarity of the two items for this user. Contributions add up to the score of the
        pair, within 1e-4 for least squares. Models with draws and averaged, compressed and imported
        models have a part "remainder". Print the result to read it in words.

        Parameters
        ----------
        user : user id, FoldedUser or NewUser
        item : item id or FoldedItem

        Returns
        -------
        Explanation
            It has `frame`, `score` and `prediction`, and prints in words.

        Raises
        ------
        KeyError
            If an id is unknown.
        ValueError
            If the model was saved without ratings and the user was not folded in.

        Examples
        --------
        >>> from palate import LeastSquares, Ratings
        >>> ratings = Ratings.from_arrays(
        ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
        ... )
        >>> model = LeastSquares(n_factors=2).fit(ratings, validation=0)
        >>> why = model.explain("al", 3)
        >>> why.frame["part"].to_list()
        ['mean', 'user bias', 'item bias', 'rating', 'rating']
        >>> abs(why.frame["contribution"].sum() - why.prediction) < 1e-4
        True
        """
        return explaining.explain(self, user, item)

    def item_contributions(self, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the contribution of each of a user's own items to the score of an item.

        `row` and `column` are those of `Model.item_contributions`. Means, biases and the prior are
        the rest of the score.
        """
        return explaining.sum_of_items(self, row, column)

    def with_users(
        self, users: Vocabulary, ratings: RatingMatrix, threads: int | None = None
    ) -> "FactorModel":
        """Return a model whose only users are `users`, folded in from their rows of `ratings`.

        The result does not depend on `threads`.
        """
        return small_models.of_table(self, users, ratings, threads)

    def with_change(self, change: Change) -> tuple["FactorModel", tuple[str, ...]]:
        """Return the model after a `change` by an update, with notes about it.

        The method `update` makes the change.
        """
        return updating.update_factors(self, change)

    def compress(self, k: int) -> "FactorModel":
        """Return a model without draws and with k factors, for serving.

        Its predictions are close to the mean over this model's draws.

        Its factors are the truncated singular value decomposition of the mean product. The last
        note of its history says how much predictions of training pairs change. New users are folded
        in with the distribution of its rows as prior. It has no standard errors.

        Parameters
        ----------
        k : int
            From 1 to the number of factors of all draws together, which changes nothing.

        Raises
        ------
        ValueError
            If k is out of range, the link is not the identity, or the model has no ratings.
        """
        from palate.model.compress import compress

        return compress(self, k)

    @classmethod
    def from_keras(
        cls,
        path: str | os.PathLike[str],
        ratings: object = None,
        catalog: Catalog | None = None,
        mean: float | None = None,
    ) -> "FactorModel":
        """Return the model in a file that Keras saved as `.h5` or `.keras`.

        No code in the file is run. Only h5py is needed.

        Parameters
        ----------
        path : str or path
            File with layers `user_embedding` and `movie_embedding`, and optionally `user_bias` and
            `movie_bias`. Ids are row numbers.
        ratings : Ratings or data frame, optional
            The training ratings. Ids without ratings become unknown. A frame has columns such as
            userId, movieId, rating, y.
        catalog : Catalog, optional
        mean : float, optional
            Mean to add to the predictions of Keras. Default: `rating - y` if the ratings have both
            columns, otherwise the mean of the ratings.

        Raises
        ------
        ModelFileError
            If the file is damaged, is not a factorization, or contains code, links or incomplete
            tables.
        ValueError
            If there are neither ratings nor a mean, or an id is not a row number.
        ImportError
            If h5py is not installed.
        """
        from palate.model.keras.read import read_keras

        return read_keras(path, ratings, catalog, mean)

    def to_keras(self, path: str | os.PathLike[str]) -> None:
        """Write the model to `path` as a file that Keras loads.

        The name ends in `.h5` (the layout of Keras 2) or `.keras`.

        Its predictions are without the mean.

        Raises ValueError for a model with several draws or another link, or with ids that are not
        row numbers.
        """
        from palate.model.keras.write import write_keras

        write_keras(self, path)
