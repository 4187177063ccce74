"""The methods of a model that take ids of users and items, and return predictions and lists."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.item_index import HoldsDerived
from palate.lists import between, predicting, strangers
from palate.lists import rated as rating_list
from palate.lists.approximate import Approximate
from palate.lists.boosts import Boost
from palate.lists.caps import AtMost
from palate.lists.options import ListOptions
from palate.lists.predicting import Asked
from palate.lists.where import Where
from palate.model.new_users import with_new_users
from palate.model.queries import at_time
from palate.scorer import Scorer


@helpful_methods
@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Answers(HoldsDerived):
    """Predictions and lists around a scorer. `Model` adds what makes another model of one."""

    users: Vocabulary
    items: Vocabulary
    catalog: Catalog | None = None
    ratings: RatingMatrix | None = None
    trainer: Mapping[str, Any] = field(default_factory=dict)
    frame_kind: str = "polars"

    @property
    def scale(self) -> tuple[float, float] | None:
        """Lowest and highest rating, or None for scores that are no ratings."""
        return None

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the score of each pair of `user_index` and `item_index`, float32.

        The index -1 means an unknown user or item.
        """
        raise NotImplementedError

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the scores of all items for each of `user_index`, float32, shape (n, n_items)."""
        raise NotImplementedError

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> Self:
        """Return the model whose only users are `users`, each known by their row of `ratings` alone.

        Raises ValueError for a model that cannot take new users.
        """
        one = f"a model of {self.trainer.get('name')} cannot. Train again with their ratings."
        raise ValueError(f"new users need a model that can fold them in; {one}")

    @property
    def predicts(self) -> Scorer:
        """The model that computes predictions: this one, or a head of it."""
        return self

    def _resolved(self, users: object) -> Any:
        """Return users unchanged, or as rows of a small model if new users are among them."""
        return with_new_users(self, users)

    def _pairs(self, users: object, items: object, unknown: str) -> tuple[Any, Any]:
        """Return the users and items of pairs unchanged, or as rows if new ones are among them."""
        return self._resolved(users), items

    def predict(
        self,
        users: object,
        items: object = None,
        *,
        clip: bool = False,
        unknown: str = "raise",
        return_std: bool = False,
        interval: float | None = None,
        interval_of: str = "mean",
        timestamps: object = None,
    ) -> Any:
        """Return predicted ratings, or scores of a model whose scores are no ratings.

        The arguments are two arrays of pairs, one user with many items, or many users with one
        item. The result is an array if one of them is an array.

        Parameters
        ----------
        users : user id or FoldedUser, or list, array or column of them
        items : item id or FoldedItem, or list, array or column of them
            As many as users, unless one of the two is a single id.
        clip : bool, default False
            Whether to clip predictions to the rating scale.
        unknown : {"raise", "nan", "baseline"}, default "raise"
            What to do for an id that was not in the training data: raise an error, return NaN, or
            return the mean plus the bias of the known side, with the unknown side at its prior
            mean.
        return_std : bool, default False
            Also return the standard error of each expected rating.
        interval : float, optional
            Also return both ends of the central interval with this probability, such as 0.8.
        interval_of : {"mean", "rating"}, default "mean"
            Whether the interval is for the expected rating or for one rating; see
            docs/uncertainty.md.
        timestamps : number, date or datetime, or list, array or column of them, optional
            Time of each rating, for a model trained with `time`, in the unit of the training
            timestamps. By default the time bin of each user's last rating is used, without a
            session effect.

        Returns
        -------
        ndarray of shape (n,), float32, or float for two single ids
            A tuple if more is asked for: predictions, standard errors, lower ends, upper ends.

        Raises
        ------
        KeyError
            If an id is unknown and `unknown="raise"`.
        ValueError
            If the lengths differ, an argument is out of range, the model has no scale to clip to,
            has no standard errors, or has no time and timestamps are given.
        """
        if items is None:
            advice = "For the best items of a user: model.recommend(user)."
            raise ArgumentTypeError("items", "be given: model.predict(user, items)", advice=advice)
        how = Asked.checked(clip, unknown, return_std, interval, interval_of)
        asked, wanted = self._pairs(users, items, unknown)
        return predicting.predict(self.predicts, asked, wanted, how, timestamps)

    def predict_distribution(
        self, users: object, items: object, *, unknown: str = "raise", timestamps: object = None
    ) -> np.ndarray:
        """Return the probability of each rating level for each pair.

        The levels are in ascending order; the result has shape (n, n_levels).

        An ordinal model has its own levels. Other models add normal noise to the expected rating,
        and take the nearest level. Parameters and errors are those of `predict`.
        """
        asked, wanted = self._pairs(users, items, unknown)
        return predicting.predict_distribution(
            self.predicts, asked, wanted, unknown=unknown, timestamps=timestamps
        )

    def predict_frame(
        self,
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
        """Return each user's predicted ratings of chosen items as a frame.

        The frame has the columns of the catalog, too.

        Parameters
        ----------
        users : user id or FoldedUser, or collection of them
        items : item id or collection of them, optional
        title : str or list of str, optional
            Instead of `items`: items whose title contains one of these texts, in upper or lower
            case.
        where : polars.Expr, mapping or str, optional
            Instead of `items`, or in addition to `title`: items that satisfy a condition, as in
            `recommend`.
        clip, unknown, return_std, interval, interval_of
            As in `predict`. Items of the catalog without ratings are NaN, unless
            `unknown="baseline"`.
        timestamp : number, date or datetime, optional
            Time of all these ratings; see `predict`.

        Returns
        -------
        frame with columns user_id, item_id, predicted_rating (or score), std, low, high where asked
        for, then the catalog's

        Raises
        ------
        KeyError
            If an id is unknown and `unknown="raise"`, or no title contains the text.
        ValueError
            If items are not given or given twice, or an argument is out of range.
        """
        how = Asked.checked(clip, unknown, return_std, interval, interval_of)
        asked, _ = self._pairs(users, items, unknown)
        return predicting.predict_frame(
            self.predicts, asked, items, title=title, where=where, asked=how, timestamp=timestamp
        )

    def recommend(
        self,
        users: object = None,
        n: int = 5,
        *,
        min_ratings: int = 0,
        exclude_seen: bool = True,
        where: Where | None = None,
        candidates: object = None,
        exclude_items: object = None,
        ascending: bool = False,
        caution: float = 0.0,
        explore: str | None = None,
        seed: int = 0,
        words: bool = False,
        diversity: float = 0.0,
        at_most: AtMost | None = None,
        boost: Boost | None = None,
        approximate: Approximate = False,
        timestamp: object = None,
        unknown: str = "raise",
        threads: int | None = None,
    ) -> Any:
        """Return the n items with the highest predicted rating for each user, as a frame.

        Filters are applied before items are ranked.

        Parameters
        ----------
        users : user id or FoldedUser, or collection of them, optional
            By default all users.
        n : int, default 5
            Number of items per user; fewer if fewer are left.
        min_ratings : int, default 0
            Leave out items with fewer ratings.
        exclude_seen : bool, default True
            Leave out items that the user has rated. This needs a model saved with its ratings.
        where : polars.Expr, mapping or str, optional
            Condition on the catalog's columns: `pl.col("year") >= 1980`, `{"genres": "Comedy",
            "year": (1980, 1989)}` or `"year >= 1980"`; see `palate.lists.where.matching`.
        candidates, exclude_items : collection of item ids, optional
            Items to choose from; items to leave out.
        ascending : bool, default False
            Whether to list the lowest predicted ratings, lowest first.
        caution : float, default 0.0
            In (-1, 1). Positive values rank by the lower confidence bound of the expected rating
            (0.8: the lower end of its 80 % interval), negative values by the upper bound. The score
            is `mean - z std` with `z = Phi^-1((1 + caution) / 2)`.
        explore : {"thompson"}, optional
            Rank the items of each user by one draw of the posterior, chosen by `seed`.
        seed : int, default 0
        words : bool, default False
            Add a column `in_words` with the expected rating, its uncertainty and the number of
            ratings.
        diversity : float, default 0.0
            From 0 to 1: how much an item loses if it is similar to items above it in the list, by
            the cosine of item vectors.
        at_most : mapping, optional
            How many items of a list may have the same value of a column: `{"genres": 3}`, or
            `{"genres": {"Comedy": 2}}`.
        boost : mapping, optional
            Factors above 0 on the chance of items: `{"genres": {"Comedy": 1.5}}` or `{"item_id":
            {15: 2.0}}`.
        approximate : bool or path, default False
            Find items by an approximate index, for catalogs of a million items and more. They are
            ranked by their exact predictions, but the list may miss some. The index is built at the
            first use and kept in the model, or in the file at the path. This needs `pip install
            "palate[ann]"`.
        timestamp : number, date or datetime, optional
            Time for which to recommend, for a model with time bins; see `FactorModel.at`.
        unknown : {"raise", "skip", "popular"}, default "raise"
            What to do for a user who was not in the training data: raise an error, skip the user
            with a warning, or list the most popular items that pass the filters, with the
            predictions for an average user. A column `source` then says which list it is: "model"
            or "most popular".
        threads : int, optional
            Number of threads; by default one for each processor. The result does not depend on it.

        Returns
        -------
        frame
            Columns user_id, item_id, rank (from 1), predicted_rating (`score` for a model whose
            scores are no ratings), then the catalog's with n_ratings and mean_rating. Items with
            equal predictions are in the order of their ids. With `caution`, `explore` or `words`
            also score (the value that ranks, if it is another), std, low and high (the 80 %
            interval of the expected rating). With `approximate` the column `search` says whether a
            list is "approximate" or "exact", which it is where few items pass the filters.

        Raises
        ------
        KeyError
            If a candidate is unknown, or a user and `unknown="raise"`.
        ValueError
            If an argument is out of range, if `exclude_seen` is asked of a model saved without
            ratings, or if `caution`, `explore` or `words` is asked of a model without standard
            errors.

        Warns
        -----
        EmptyResultWarning
            If no item is left for a user. The warning names the filter that removed the last one.
        ShortListWarning
            If `at_most` leaves fewer than n items.
        """
        if approximate and timestamp is not None:
            must = Words.of("be left out with `approximate=`, whose index is of one time")
            raise ArgumentError("timestamp", must, f"{timestamp!r}")
        model, users = cast(Scorer, self), self._resolved(users)
        if timestamp is not None:
            model, users = at_time(self, users, timestamp)
        options = ListOptions(
            min_ratings=min_ratings,
            exclude_seen=exclude_seen,
            where=where,
            candidates=candidates,
            exclude_items=exclude_items,
            ascending=ascending,
            caution=caution,
            explore=explore,
            seed=seed,
            words=words,
            diversity=diversity,
            at_most=at_most,
            boost=boost,
            approximate=approximate,
            threads=threads,
        )
        return strangers.recommend_to_all(model, users, n, unknown, options)

    def recommend_all(
        self,
        path: str | os.PathLike[str],
        n: int = 5,
        *,
        progress: Callable[[int, int], object] | None = None,
        **options: Any,
    ) -> Path:
        """Return the path of a Parquet file with the `n` best items of every user.

        The file is written to `path`. Memory does not grow with the number of users.

        Finished blocks of users are kept in the folder `PATH.parts`, so that the same call
        continues after an interruption. `progress` is called with the number of finished users and
        of all users. The `options` are those of `recommend`, and so are the columns, without those
        of the catalog. Raises ValueError if the path does not end in `.parquet` or the folder has
        parts of other lists.
        """
        from palate.lists.streaming import recommend_all

        return recommend_all(self, path, n, progress=progress, **options)

    def between(self, first: object, second: object, n: int = 10, **options: Any) -> Any:
        """Return the `n` items that lie between the items `first` and `second`, as a frame.

        They are the items nearest to the sum of both vectors.

        The `options` are the filters and `shrink` of `similar_items`. Columns: item_id, rank,
        similarity, to_first, to_second, then the catalog's. Models without vectors use their
        weights, or genres.
        """
        return between.between(self, first, second, n, **options)

    def rated(self, users: object) -> Any:
        """Return what these `users` rated, highest first, as a frame with the catalog's columns."""
        return rating_list.rated(self, self._resolved(users))


def data_of(model: Answers) -> dict[str, Any]:
    """Return the ids, catalog and ratings of a model by field, for another model of the same ones."""
    names = ("users", "items", "catalog", "ratings", "frame_kind")
    return {name: getattr(model, name) for name in names}
