"""The interface of all models: ids, lists and frames around a scorer."""

import os
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.factors.sums import times_of_ratings
from palate.model import updating
from palate.model.answers import Answers
from palate.model.explaining import Explanation, explain_by_items
from palate.model.folded import FoldedUser, checked_row
from palate.model.history import History
from palate.model.joined import Change
from palate.model.new_users import NewUser, new_user_with
from palate.model.user_ratings import UserRatings


@runtime_checkable
class PositionScorer(Protocol):
    """The least that a scorer of one's own must do. Users and items are row numbers; -1 is an unknown one."""

    def score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Return one score per pair of row numbers, shape (n,)."""
        ...

    def score_items(self, users: np.ndarray) -> np.ndarray:
        """Return the scores of all items for each user, shape (n, n_items)."""
        ...


@runtime_checkable
class Foldable(Protocol):
    """A scorer that can take users who were not there when it was trained."""

    def fold(self, ratings: RatingMatrix) -> Any:
        """Return the scorer whose users are the rows of `ratings`, in their order."""
        ...


@runtime_checkable
class Explainable(Protocol):
    """A scorer that knows the contribution of each of a user's ratings to a score."""

    def contributions(self, user: int, item: int) -> np.ndarray:
        """Return what each rating of the user adds, in the order of the user's rated items.

        What is left over is a remainder.
        """
        ...


@helpful_methods
@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Model(Answers):
    """The interface of all models: predictions, lists, ratings of a user, and new users.

    A model consists of ids, a catalog, ratings and a scorer. Trainers return models, and `Model.of`
    makes one from a scorer of your own.

    Every model has the vocabularies `users` and `items`, a `catalog` and `ratings` or None, its
    `trainer` (name and hyper-parameters), its `history`, and the `frame_kind`, which is the library
    of the data frames that it returns.

    Examples
    --------
    >>> from palate import Baseline, Model, Ratings
    >>> ratings = Ratings.from_arrays(["al", "bo"], ["x", "y"], [5, 3])
    >>> baseline = Baseline().fit(ratings, validation=0)
    >>> Model.of(baseline, ratings, name="mine")
    ScorerModel(mine: 2 users, 2 items)
    """

    history: History = field(default_factory=History)

    @staticmethod
    def of(
        scorer: PositionScorer,
        ratings: Ratings,
        catalog: Catalog | None = None,
        *,
        scale: tuple[float, float] | None = None,
        name: str | None = None,
    ) -> "ScorerModel":
        """Return a model around a scorer of your own.

        It ranks, filters and is evaluated like any other model.

        Parameters
        ----------
        scorer : object
            Object with the methods `score_pairs(users, items)` and `score_items(users)`, which take
            row numbers and return float arrays. `fold(ratings)` adds new users, and
            `contributions(user, item)` explanations.
        ratings : Ratings
            Ratings whose users and items are in the order of the row numbers.
        catalog : Catalog, optional
        scale : (float, float), optional
            Lowest and highest rating, for a scorer whose scores are predicted ratings. Default:
            scores are no ratings.
        name : str, optional
            Name in evaluations; by default the name of the class.

        Raises
        ------
        TypeError
            If the scorer lacks one of the two methods.

        Examples
        --------
        >>> import numpy as np
        >>> from palate import Model, Ratings
        >>> ratings = Ratings.from_arrays(["al", "al", "bo"], ["x", "y", "x"], [5, 3, 4])
        >>> class Popular:
        ...     counts = np.array([2.0, 1.0])
        ...     def score_pairs(self, users, items):
        ...         return self.counts[items]
        ...     def score_items(self, users):
        ...         return np.tile(self.counts, (len(users), 1))
        >>> Model.of(Popular(), ratings).recommend("bo")["item_id"].to_list()
        ['y']
        """
        if not isinstance(scorer, PositionScorer):
            must = "have the methods score_pairs(users, items) and score_items(users)"
            raise ArgumentTypeError("scorer", must, type(scorer).__name__)
        matrix = RatingMatrix.from_ratings(ratings)
        about = catalog if catalog is not None else Catalog.from_items(ratings.items)
        return ScorerModel(
            scorer=scorer,
            users=ratings.users,
            items=ratings.items,
            scale=scale,
            catalog=about.aligned(ratings.items, matrix),
            ratings=matrix,
            trainer={"name": name or type(scorer).__name__},
            frame_kind=ratings.frame_kind,
        )

    def __repr__(self) -> str:
        name = self.trainer.get("name", "imported")
        return f"{type(self).__name__}({name}: {self.n_users:,} users, {self.n_items:,} items)"

    def fold_in(
        self,
        items: object,
        ratings: object = None,
        *,
        weights: object = None,
        user_id: object = None,
        timestamps: object = None,
    ) -> NewUser | FoldedUser:
        """Return a user who was not in the training data.

        The result is accepted wherever a user id is. The model does not change.

        `items` are ids and `ratings` their values (or `items` maps one to the other), optionally
        with `weights` and `timestamps`. `user_id` is the id in results.
        """
        given = self._given(items, ratings, weights, timestamps)
        return self._accepted(NewUser(id=user_id, **vars(given)))

    def _given(self, items: object, ratings: object, weights: object, timestamps: object) -> UserRatings:
        """Return the ratings of a new user, checked and sorted."""
        return checked_row(self, items, ratings, weights, partial(times_of_ratings, timestamps))

    def _accepted(self, user: NewUser) -> NewUser:
        """Return a new user if the model can take their ratings."""
        return user

    def user_with(
        self,
        user: object,
        items: object,
        ratings: object = None,
        *,
        weights: object = None,
        timestamps: object = None,
    ) -> NewUser | FoldedUser:
        """Return a `user` with further ratings added, without training.

        The result is accepted wherever a user id is. The model does not change.

        The user has the ratings in the model and these; for an item in both, the new rating counts.
        An unknown user has only these. `items`, `ratings`, `weights` and `timestamps` are those of
        `fold_in`. Without timestamps, the ratings get the time of the latest rating in the model.

        Examples
        --------
        >>> from palate import LinearItems, Ratings
        >>> ratings = Ratings.from_arrays(
        ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
        ... )
        >>> model = LinearItems().fit(ratings, validation=0)
        >>> model.recommend(model.user_with("cy", {1: 5}))["item_id"].to_list()
        [3]
        """
        return new_user_with(self, user, self._given(items, ratings, weights, timestamps))

    def update(
        self,
        ratings: Ratings | Dataset,
        *,
        duplicates: str | None = None,
        catalog: Catalog | None = None,
        threads: int | None = None,
    ) -> Self:
        """Return a new model with further ratings, users and items, without training again.

        This model does not change.

        Users and items with new or changed ratings are solved with fixed vectors of the other side,
        as in fold-in. All others stay as they were trained. docs/updating.md compares this with
        training again. The history of the result has an entry for the update.

        Parameters
        ----------
        ratings : Ratings, or Dataset with ratings and a catalog
            Ratings with ids of the model's types, on its scale. Read a file with `like=model`.
        duplicates : {"last", "mean", "sum", "error"}, optional
            What to do with a pair that the model already has: keep the later rating (the new one if
            times are equal or unknown), their mean, or their sum, or raise an error. The default is
            "last", and "sum" for a model of counts.
        catalog : Catalog, optional
            Titles and other columns of new items. The catalog of the model is kept.
        threads : int, optional
            Number of threads; default all processors. The result does not depend on it.

        Raises
        ------
        TypeError
            If ids have other types than those of the model.
        ValueError
            If the model was saved without its ratings, a rating is outside its scale, or it needs
            times and the ratings have none.

        Warns
        -----
        UnionWarning
            If ratings are older than those of the model, or only one of the two has times.
        """
        updated: Self = updating.update(self, ratings, duplicates, catalog, threads)
        return updated

    def explain(self, user: object, item: object) -> Explanation:
        """Return what each of a user's ratings adds to the score of an item.

        This is for models of choices, whose scores are sums over the items that a user chose.
        Models of factors have further parts; see `FactorModel.explain`.

        Parameters
        ----------
        user : user id, NewUser
        item : item id

        Returns
        -------
        Explanation
            Its `frame` has a row for each rating, and one for the remainder if there is any.

        Raises
        ------
        KeyError
            If the user or the item is unknown.
        ValueError
            If the model was saved without its ratings, or its scores are no such sums.

        Examples
        --------
        >>> from palate import LinearItems, Ratings
        >>> ratings = Ratings.from_arrays(
        ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
        ... )
        >>> why = LinearItems().fit(ratings, validation=0).explain("cy", 1)
        >>> why.frame["item_id"].to_list(), bool(abs(why.frame["contribution"].sum() - why.score) < 1e-6)
        ([2], True)
        """
        return explain_by_items(self, user, item)

    def item_contributions(self, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the row numbers of a user's items, and what each adds to the score of an item.

        The user and the item are given by `row` and `column`, their numbers in the model.

        Raises ValueError for a model whose scores are no sums over a user's items.
        """
        needs = "explain needs a model that knows what each of a user's ratings adds to a score"
        raise ValueError(f"{needs}; a model of {self.trainer.get('name')} does not.")

    def with_change(self, change: Change) -> tuple[Self, tuple[str, ...]]:
        """Return the model after a `change` by an update, with notes about it.

        The method `update` makes the change.

        Raises ValueError for a model that cannot be updated.
        """
        one = f"a model of {self.trainer.get('name')} cannot be updated. Make it again from all ratings."
        raise ValueError(f"update needs a model that palate trained; {one}")

    def save(self, path: str | os.PathLike[str], *, ratings: bool = True) -> None:
        """Write the model to one file at `path`, with its `ratings` or without.

        Raises ValueError for a model without a file format.
        """
        one = f"a model of {self.trainer.get('name')} has no file format"
        advice = "Keep it with pickle, which runs code when it is loaded."
        raise ValueError(f"save needs a model that palate trained; {one}. {advice}")


def scores_of_pairs(
    model: Model, user_index: np.ndarray, item_index: np.ndarray, together: int
) -> np.ndarray:
    """Return the scores of pairs from those of all items, float32; an unknown item, -1, scores 0.

    At most `together` users are scored at a time.
    """
    users, row = np.unique(np.asarray(user_index, np.int64), return_inverse=True)
    items, out = np.asarray(item_index, np.int64), np.zeros(len(row), np.float32)
    for start in range(0, len(users), together):
        at = np.flatnonzero((row >= start) & (row < start + together) & (items >= 0))
        if len(at):
            out[at] = model.score_items(users[start : start + together])[row[at] - start, items[at]]
    return out


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ScorerModel(Model):
    """A model around a scorer of one's own; made by `Model.of`."""

    scorer: PositionScorer
    scale: tuple[float, float] | None = None

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return what the scorer says of each pair of `user_index` and `item_index`, float32."""
        return np.asarray(self.scorer.score_pairs(user_index, item_index), dtype=np.float32)

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return what the scorer says of all items for each of `user_index`, float32."""
        return np.asarray(self.scorer.score_items(user_index), dtype=np.float32)

    def item_contributions(self, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what the scorer says that each rating of a user adds; see `Model.item_contributions`."""
        if not isinstance(self.scorer, Explainable) or self.ratings is None:
            return super().item_contributions(row, column)
        items = self.ratings.row(row)[0]
        added = np.asarray(self.scorer.contributions(row, column), dtype=np.float64)
        if added.shape != items.shape:
            must = f"be one for each of the user's {len(items):,} ratings"
            got = f"an array of shape {added.shape}"
            raise ArgumentError("the contributions of the scorer", must, got)
        return items, added

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> "ScorerModel":
        """Return the model of the `users` that are the rows of `ratings`, if the scorer can `fold`."""
        if not isinstance(self.scorer, Foldable):
            return super().with_users(users, ratings)
        return replace(self, scorer=self.scorer.fold(ratings), users=users, ratings=ratings)
