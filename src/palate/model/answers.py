"""What a model answers to whoever names users and items: predictions and lists, with ids and in frames."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from palate._checks import ArgumentTypeError
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.item_index import HoldsDerived
from palate.lists import between, predicting, strangers
from palate.lists import rated as rating_list
from palate.model.new_users import with_new_users
from palate.model.queries import at_time
from palate.scorer import Scorer


@helpful_methods
class Answers(HoldsDerived):
    """Predictions and lists around a scorer. `Model` adds what makes another model of one."""

    users: Vocabulary
    items: Vocabulary
    scale: tuple[float, float] | None
    catalog: Catalog | None
    ratings: RatingMatrix | None
    trainer: Mapping[str, Any]
    frame_kind: str

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

        The index -1 stands for an unknown user or item.
        """
        raise NotImplementedError

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the scores of all items for each of `user_index`, float32, shape (n, n_items)."""
        raise NotImplementedError

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> Self:
        """Return the model whose only users are `users`, each known by their row of `ratings` alone.

        Raises ValueError for a model that cannot take new users.
        """
        raise ValueError(
            f"new users must be asked of a model that can fold them in; a model of "
            f"{self.trainer.get('name')} cannot. "
            "Train again with their ratings."
        )

    @property
    def predicts(self) -> Scorer:
        """The model that predictions are asked of: this one, or a part of it."""
        return self

    def _resolved(self, users: object) -> Any:
        """Return users as they are, or their rows in a small model where new ones are among them."""
        return with_new_users(self, users)

    def _pairs(self, users: object, items: object, unknown: str) -> tuple[Any, Any]:
        """Return users and items of pairs as they are, or as rows where new ones are among them."""
        return self._resolved(users), items

    def _at(self, users: object, timestamp: object) -> tuple[Scorer, Any]:
        """Return the model and resolved users as of a time, or as they are for None."""
        return (self, users) if timestamp is None else at_time(self, users, timestamp)

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
        item. The result is an array where one of them is an array.

        Parameters
        ----------
        users : user id or FoldedUser, or list, array or column of them
        items : item id or FoldedItem, or list, array or column of them
            As many as users, unless either is a single one.
        clip : bool, default False
            Move predictions outside the rating scale to its ends.
        unknown : {"raise", "nan", "baseline"}, default "raise"
            What an id that was not in the training data gets: an error; NaN; or the mean plus the
            bias of the known side, with the unknown one at its prior mean.
        return_std : bool, default False
            Also return the standard error of each expected rating.
        interval : float, optional
            Also return both ends of the central interval that holds this share, such as 0.8.
        interval_of : {"mean", "rating"}, default "mean"
            Whether that is where the expected rating is, or where one rating would fall; see
            docs/uncertainty.md.
        timestamps : number, date or datetime, or list, array or column of them, optional
            When each rating is given, for a model trained with `time`: in units of the training
            ratings' timestamps. Default: as of the era of each user's last rating, in no known
            mood.

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
            does not know how sure it is, or knows nothing of time and is given times.
        """
        if items is None:
            raise ArgumentTypeError(
                "items",
                "be given: model.predict(user, items)",
                advice="For the best items of a user: model.recommend(user).",
            )
        asked, wanted = self._pairs(users, items, unknown)
        return predicting.predict(
            self.predicts,
            asked,
            wanted,
            clip=clip,
            unknown=unknown,
            return_std=return_std,
            interval=interval,
            interval_of=interval_of,
            timestamps=timestamps,
        )

    def predict_distribution(
        self, users: object, items: object, *, unknown: str = "raise", timestamps: object = None
    ) -> np.ndarray:
        """Return the probability of each rating level for each pair.

        The levels are in ascending order; the result has shape (n, n_levels).

        Under the ordinal link these are the model's own. Under others a rating is what is expected
        plus normal noise, and counts as the nearest level. Parameters and errors are those of
        `predict`.
        """
        asked, wanted = self._pairs(users, items, unknown)
        return predicting.predict_distribution(
            self.predicts, asked, wanted, unknown=unknown, timestamps=timestamps
        )

    def predict_frame(
        self,
        users: Any,
        items: Any = None,
        *,
        title: str | list[str] | None = None,
        where: Any = None,
        clip: bool = False,
        unknown: str = "raise",
        return_std: bool = False,
        interval: float | None = None,
        interval_of: str = "mean",
        timestamp: Any = None,
    ) -> Any:
        """Return each user's predicted ratings of chosen items as a frame.

        The frame has the columns of the catalog, too.

        Parameters
        ----------
        users : user id or FoldedUser, or collection of them
        items : item id or collection of them, optional
        title : str or list of str, optional
            Instead of `items`: those whose title contains one of these texts, whatever its case.
        where : polars.Expr, mapping or str, optional
            Instead of `items`, or beside `title`: those that satisfy a condition, as in `recommend`.
        clip, unknown, return_std, interval, interval_of
            As in `predict`; items of the catalog that nobody rated are NaN unless `unknown="baseline"`.
        timestamp : number, date or datetime, optional
            When all these ratings are given; see `predict`.

        Returns
        -------
        frame with columns user_id, item_id, predicted_rating (or score), std, low, high where asked
        for, then the catalog's

        Raises
        ------
        KeyError
            If an id is unknown and `unknown="raise"`, or no title contains the text.
        ValueError
            If items are chosen in no way or both ways, or an argument is out of range.
        """
        asked, _ = self._pairs(users, items, unknown)
        return predicting.predict_frame(
            self.predicts,
            asked,
            items,
            title=title,
            where=where,
            clip=clip,
            unknown=unknown,
            return_std=return_std,
            interval=interval,
            interval_of=interval_of,
            timestamp=timestamp,
        )

    def recommend(
        self,
        users: object = None,
        n: int = 5,
        *,
        min_ratings: int = 0,
        exclude_seen: bool = True,
        where: object = None,
        candidates: object = None,
        exclude_items: object = None,
        ascending: bool = False,
        caution: float = 0.0,
        explore: str | None = None,
        seed: int = 0,
        words: bool = False,
        diversity: float = 0.0,
        at_most: object = None,
        boost: object = None,
        timestamp: object = None,
        unknown: str = "raise",
        threads: int | None = None,
    ) -> Any:
        """Return the n items with the highest predicted rating for each user, as a frame.

        Filters are applied before items are ranked.

        Parameters
        ----------
        users : user id or FoldedUser, or collection of them, optional
            Every user when None.
        n : int, default 5
            Items per user; there are fewer when fewer are left.
        min_ratings : int, default 0
            Leave out items with fewer ratings than this.
        exclude_seen : bool, default True
            Leave out what the user has rated; needs a model saved with its ratings.
        where : polars.Expr, mapping or str, optional
            Condition on the catalog's columns: `pl.col("year") >= 1980`, `{"genres": "Comedy",
            "year": (1980, 1989)}` or `"year >= 1980"`; see `palate.lists.where.matching`.
        candidates, exclude_items : collection of item ids, optional
            The only items to choose from; items to leave out.
        ascending : bool, default False
            The lowest predicted ratings instead, lowest first.
        caution : float, default 0.0
            Above 0, rank by how good an item is at least (0.8: the lower end of its 80 % interval);
            below 0, by how good it may be; in (-1, 1). The score is `mean - z sd` with `z =
            Phi^-1((1 + caution) / 2)`.
        explore : {"thompson"}, optional
            Rank by one draw of the posterior, another for each user; `seed` chooses them.
        seed : int, default 0
        words : bool, default False
            Add a column `in_words`: what is expected, how sure that is, from how many ratings.
        diversity : float, default 0.0
            From 0 to 1: how much an item loses for being like those above it in the list. Likeness
            is the cosine of item vectors.
        at_most : mapping, optional
            How many items of a list may hold one value of a column: `{"genres": 3}`, or `{"genres":
            {"Comedy": 2}}`.
        boost : mapping, optional
            Factors on the chance of items, above 0: `{"genres": {"Comedy": 1.5}}` or `{"item_id":
            {15: 2.0}}`.
        timestamp : number, date or datetime, optional
            List what users would rate highest in the era of this time, for a model that knows of
            eras; see `FactorModel.at`.
        unknown : {"raise", "skip", "popular"}, default "raise"
            What a user who was not in the training data gets: an error; no list, with a warning; or
            the most-rated items that the filters keep, with the ratings of an average user. A
            column `source` then says whose list it is: "model" or "most popular".
        threads : int, optional
            All processors when None; the result is the same.

        Returns
        -------
        frame
            Columns user_id, item_id, rank (from 1), predicted_rating (`score` for a model whose
            scores are no ratings), then the catalog's with n_ratings and mean_rating. Equal
            predictions are in the order of the item ids. With `caution`, `explore` or `words` also
            score (what ranks, if it is another), std, low and high (the 80 % interval of what is
            expected).

        Raises
        ------
        KeyError
            If a candidate is unknown, or a user and `unknown="raise"`.
        ValueError
            If an argument is out of range, `exclude_seen` is asked of a model saved without
            ratings, or `caution`, `explore` or `words` of one that does not know how sure it is.

        Warns
        -----
        EmptyResultWarning
            If nothing is left for a user; it names the filter that took the last item.
        ShortListWarning
            If `at_most` leaves fewer than n items.
        """
        model, users = self._at(self._resolved(users), timestamp)
        return strangers.recommend_to_all(
            model,
            users,
            n,
            unknown,
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
            threads=threads,
        )

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

        Blocks of users are kept in the folder `PATH.parts` until all are there: the same call after
        an interrupt goes on. `progress` is called with the users done and all users; the `options`
        are those of `recommend`. The columns are those of `recommend` without the catalog's. Raises
        ValueError if the path does not end in `.parquet` or that folder holds parts of other lists.
        """
        from palate.lists.streaming import recommend_all

        return recommend_all(self, path, n, progress=progress, **options)

    def between(self, first: object, second: object, n: int = 10, **options: Any) -> Any:
        """Return the `n` items that lie between the items `first` and `second`, as a frame.

        They are the items nearest to the sum of both vectors.

        The `options` are the filters and `shrink` of `similar_items`. Columns: item_id, rank,
        similarity, to_first, to_second, then the catalog's. Models without vectors go by their
        weights, else by genres.
        """
        return between.between(self, first, second, n, **options)

    def rated(self, users: object) -> Any:
        """Return what these `users` rated, highest first, as a frame with the catalog's columns."""
        return rating_list.rated(self, self._resolved(users))
