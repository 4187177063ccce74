"""The learned state: what is scored, saved and served."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from palate.data.arguments import helpful_methods, ids_and_ratings
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.factors import scores, temporal_scores
from palate.factors.likelihood.base import Likelihood
from palate.factors.likelihood.links import likelihood_class
from palate.factors.row_precision import RowNoise
from palate.factors.sums import SumFold
from palate.factors.temporal import TimeContext
from palate.lists import between, predicting, similar, strangers, vectors
from palate.lists import rated as rating_list
from palate.model import explaining, queries, updating
from palate.model.explaining import Explanation
from palate.model.folded import FoldedItem, FoldedUser, fold_item, fold_user, padded_sides, user_with
from palate.model.history import History
from palate.model.joined import Change
from palate.model.model import Model
from palate.model.shapes import check_shapes
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior
from palate.solve.rows import Side


@helpful_methods
@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class FactorModel(Model):
    """A trained matrix factorization.

    It predicts `rating = mean + user bias + item bias + user factors . item factors`.

    Immutable and complete: it predicts, recommends, explains itself and is saved without any other
    object. Arrays have a leading draw axis; a point estimate has one draw. Made by a trainer's
    `fit` or by `palate.load`.

    That sum is the latent value of a pair in each draw; `link` makes it a rating: "identity" is the
    sum itself, "bounded" is `low + (high - low) / (1 + exp(-latent))` on the scale (low, high),
    "ordinal" is the mean of `levels` under `P(rating <= levels[j]) = Phi(cutpoints[j] - latent)`. A
    prediction is the mean of the ratings over draws.

    A model with time keeps the factors of each user at the time of the user's last rating. It uses
    them unless a call names another time.
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
    levels: np.ndarray | None = None  # (n_levels,) float32, the values a rating may have, ascending
    cutpoints: np.ndarray | None = None  # (n_draws, n_levels - 1) float32, of the ordinal link
    noise_sd: np.ndarray | None = None  # (n_draws,) float64, sd of a rating about its expectation
    user_noise: RowNoise | None = (
        None  # how far each user's ratings fall from their expectation, beside others'
    )
    item_noise: RowNoise | None = None
    spread: float | None = None  # factor on a point estimate's standard errors, found on validation ratings
    user_link: FeatureLink | None = None  # what features say of a user before the ratings do
    item_link: FeatureLink | None = None
    context: TimeContext | None = None  # how rows were in earlier eras, and the moods of sittings
    fold: SumFold | None = None  # of a model of choices, whose users are sums over their items

    def __post_init__(self) -> None:
        check_shapes(self)

    def __repr__(self) -> str:
        name = self.trainer.get("name", "imported")
        best = next((s for s in self.history.sweeps if s.sweep == self.history.best_sweep), None)
        error = (
            ""
            if best is None or best.validation_rmse is None
            else f", validation RMSE {best.validation_rmse:.4f}"
        )
        draws = "" if self.n_draws == 1 else f", {self.n_draws} draws"
        return (
            f"FactorModel({name}: {self.n_users:,} users, {self.n_items:,} items, {self.n_factors} "
            f"factors{draws}{error})"
        )

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
    def likelihood(self) -> Likelihood:
        """How the latent value of a pair becomes a rating."""
        return likelihood_class(self.link).of(self)

    @cached_property
    def user_sides(self) -> list[Side]:
        """The users' vectors as the row solver takes them, one Side per draw."""
        return padded_sides(self.user_factors, self.user_bias)

    @cached_property
    def item_sides(self) -> list[Side]:
        """The items' vectors as the row solver takes them, one Side per draw."""
        return padded_sides(self.item_factors, self.item_bias)

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the predicted rating of each pair of `user_index` and `item_index`, float32.

        The index -1 stands for an unknown user or item, which is scored at its prior mean.
        """
        return scores.score_pairs(self, user_index, item_index)

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the predicted ratings of all items for each of `user_index`.

        The result is float32 and has shape (n, n_items).
        """
        return scores.score_items(self, user_index)

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
        """Return predicted ratings in stars.

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
        return queries.predict(
            self,
            users,
            items,
            unknown,
            clip=clip,
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
        return queries.predict_distribution(self, users, items, unknown, timestamps)

    def at(self, time: object) -> "FactorModel":
        """Return the model with its users as they are in the time bin of `time`.

        `time` is a number, a date or a datetime.

        Its lists and predictions are those of then; of other times and of sittings it knows
        nothing. Items, and how alike they are, do not change.

        Raises
        ------
        ValueError
            If the model was trained without `time="bins"`, or is that of one time already.
        """
        return temporal_scores.at_time(self, time)

    def predict_frame(  # type: ignore[override]  # it names its options
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
        users = queries.resolve_users(self, users)
        return predicting.predict_frame(
            self,
            users,
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

    def recommend(  # type: ignore[override]  # it names its options
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
            eras; see `at`.
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
        model, users = self, queries.resolve_users(self, users)
        if timestamp is not None:
            model, users = queries.at_time(self, users, timestamp)
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

    def rated(self, users: object) -> Any:
        """Return what these `users` rated, the highest ratings first, as a frame.

        One or many users are taken, folded-in ones too. The frame has the columns of the catalog.

        The column `held_out` marks ratings kept from training. Raises ValueError for a model saved
        without ratings.
        """
        return rating_list.rated(self, queries.resolve_users(self, users))

    def similar_items(
        self,
        items: Any,
        n: int = 10,
        *,
        min_ratings: int = 0,
        where: Any = None,
        candidates: Any = None,
        exclude_items: Any = None,
        shrink: float = similar.SHRINK,
        threads: int | None = None,
    ) -> Any:
        """Return the `n` items that are most similar to each of `items`, as a frame.

        The similarity is the cosine of the items' factors.

        The cosine is multiplied by `r / (r + shrink)` for an item of r ratings, since few ratings
        make vectors that are near others by chance; `shrink=0` ranks by the cosine itself. The
        filters `min_ratings`, `where`, `candidates` and `exclude_items` are those of `recommend`; `threads`
        changes nothing but the time. Columns: similar_to, item_id, rank, similarity, then the
        catalog's.
        """
        return similar.similar_items(
            self,
            items,
            n,
            min_ratings=min_ratings,
            where=where,
            candidates=candidates,
            exclude_items=exclude_items,
            shrink=shrink,
            threads=threads,
        )

    def between(self, first: object, second: object, n: int = 10, **options: Any) -> Any:
        """Return the `n` items that lie between the items `first` and `second`, as a frame.

        They are the items nearest to the sum of both vectors.

        The `options` are the filters and `shrink` of `similar_items`. Columns: item_id, rank,
        similarity, to_first, to_second, then the catalog's. Models without vectors go by their
        weights, else by genres.
        """
        return between.between(self, first, second, n, **options)

    def similar_users(
        self, users: object, n: int = 10, *, min_ratings: int = 0, threads: int | None = None
    ) -> Any:
        """Return the `n` users who are most similar to each of `users`, as a frame.

        The similarity is the cosine of the users' factors.

        `min_ratings` leaves out users with fewer ratings; `threads` changes nothing but the time.
        Columns: similar_to, user_id, rank, similarity, n_ratings.
        """
        return similar.similar_users(
            self, queries.resolve_users(self, users), n, min_ratings=min_ratings, threads=threads
        )

    def user_vectors(self, users: object = None, kind: str | None = None) -> Any:
        """Return the factors and biases of users with their ids.

        Parameters
        ----------
        users : id or collection of ids, optional
            All users, in the order of the ids, when None.
        kind : {"polars", "pandas", "pyarrow", "numpy"}, optional
            What to return: a frame of that library (the model's own when None), or arrays.

        Returns
        -------
        frame or Vectors
            The frame has the columns `user_id`, `draw` (from 0, only if the model has several),
            `bias`, and `factor_0`, `factor_1`, ...

        Raises
        ------
        KeyError
            If an id is unknown.
        ValueError
            If `kind` is none of these.
        """
        return vectors.vectors(self, "user", users, kind)

    def item_vectors(self, items: object = None, kind: str | None = None) -> Any:
        """Return the factors and biases of items with their ids.

        Parameters
        ----------
        items : id or collection of ids, optional
            All items, in the order of the ids, when None.
        kind : {"polars", "pandas", "pyarrow", "numpy"}, optional
            What to return: a frame of that library (the model's own when None), or arrays.

        Returns
        -------
        frame or Vectors
            The frame has the columns `item_id`, `draw` (from 0, only if the model has several),
            `bias`, and `factor_0`, `factor_1`, ...

        Raises
        ------
        KeyError
            If an id is unknown.
        ValueError
            If `kind` is none of these.
        """
        return vectors.vectors(self, "item", items, kind)

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

        Solves the user's penalised least-squares problem with the item vectors fixed. With a known
        user's own training ratings that is the stored user. A model with draws of a posterior draws
        the user, too, once for each: what few ratings leave open shows in the standard errors. The
        same ratings always give the same draws.

        Parameters
        ----------
        items : array-like of shape (n_rated,)
            Items the user rated, in the caller's ids. May be empty: the result is then the prior
            mean, and predictions are those of an average user. Or a mapping of item to rating,
            without `ratings`.
        ratings : array-like of shape (n_rated,), in the units of the training ratings
        features : mapping of name to value, optional
            What is known of the user besides, for a model trained with features of users.
        weights : array-like of shape (n_rated,), optional
            Positive observation weights.
        user_id : optional
            What to call the user in answers.
        timestamps : array-like of shape (n_rated,), optional
            When the user rated, for a model trained with `time`: what era and mood have to do with
            the ratings is then not taken for taste. Default: all ratings are of the last era, each
            in a mood of its own.

        Raises
        ------
        KeyError
            If an item was not in the training data, or a feature is none of the model's.
        ValueError
            If the lengths differ, an item is repeated, a rating is not finite, outside the scale or
            none of an ordinal model's levels, or the model knows nothing of time and is given
            times.

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
        items, ratings = ids_and_ratings(items, ratings, "items")
        return fold_user(
            self, items, ratings, weights, user_id, None if features is None else dict(features), timestamps
        )

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

        Parameters and errors are those of `fold_in` with the sides exchanged: `users` rated the item.
        A model of choices (`Spectral`) takes an item without ratings and `features={"genres": ...}`:
        its vector is the mean of those of its genres.
        """
        users, ratings = ids_and_ratings(users, ratings, "users")
        return fold_item(self, users, ratings, weights, item_id, None if features is None else dict(features))

    def user_with(
        self,
        user: object,
        items: object,
        ratings: object = None,
        *,
        weights: object = None,
        timestamps: object = None,
    ) -> FoldedUser:
        """Return a `user` with further ratings added, without training.

        The result is accepted wherever a user id is. The model does not change.

        What the model holds of the user counts, and these ratings in place of its own of the same
        items; a user whom it does not know has these alone. `items`, `ratings`, `weights` and
        `timestamps` are those of `fold_in`. Without timestamps the ratings are as late as the
        model's last.

        Examples
        --------
        >>> from palate import LeastSquares, Ratings
        >>> ratings = Ratings.from_arrays(
        ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
        ... )
        >>> model = LeastSquares().fit(ratings, validation=0)
        >>> model.recommend(model.user_with("cy", {1: 5}))["item_id"].to_list()
        [3]
        """
        items, ratings = ids_and_ratings(items, ratings, "items")
        return user_with(self, user, items, ratings, weights, timestamps)

    def explain(self, user: object, item: object) -> Explanation:
        """Return the contributions that a prediction is the sum of.

        These are the mean, the biases, and the signed contribution of each rating of the user.

        A rating counts by how far it lies from what mean and biases expect of it, times how alike
        the two items are to this user. The contributions add up to the score of the pair, for least
        squares to 1e-4. Draws, averages, compressed and imported models have a part "remainder".
        Print the result to read it in words.

        Parameters
        ----------
        user : user id or FoldedUser
        item : item id or FoldedItem

        Returns
        -------
        Explanation
            With `frame`, `score`, `prediction`, and the words when printed.

        Raises
        ------
        KeyError
            If an id is unknown.
        ValueError
            If the model was saved without ratings, and the user is no folded one.

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

    def with_users(
        self, users: Vocabulary, ratings: RatingMatrix, threads: int | None = None
    ) -> "FactorModel":
        """Return a model whose only users are `users`, folded in from their rows of `ratings`.

        `threads` changes the time alone.
        """
        return queries.with_table(self, users, ratings, threads)

    def update(
        self,
        ratings: Ratings | Dataset,
        *,
        duplicates: str | None = None,
        catalog: Catalog | None = None,
        threads: int | None = None,
    ) -> "FactorModel":
        """Return a new model with further ratings, users and items, without training again.

        This model does not change.

        Users and items with new or changed ratings are solved for with the other side's vectors
        fixed, as fold-in does; all others stay as they were trained. How far that is from training
        again is in docs/updating.md. The result's history says what came.

        Parameters
        ----------
        ratings : Ratings, or what `palate.read` returns, whose catalog is then taken, too
            With ids of the model's types, on its scale. Read a file with `like=model`.
        duplicates : {"last", "mean", "sum", "error"}, optional
            What becomes of a pair that the model holds already: the later rating counts (the new
            one where times are equal or not known), their mean, their sum, or it is an error.
            Default "last", and "sum" for a model of counts.
        catalog : Catalog, optional
            What is known of new items; the model's own catalog is kept beside it.
        threads : int, optional
            Number of threads; default all processors. The result does not depend on it.

        Raises
        ------
        TypeError
            If ids are of other types than the model's.
        ValueError
            If the model was saved without its ratings, a rating is off its scale, or it needs times
            that the ratings lack.

        Warns
        -----
        UnionWarning
            If ratings are older than the model's own, or only one of the two has times.

        Examples
        --------
        >>> from palate import LeastSquares, Ratings
        >>> ratings = Ratings.from_arrays(
        ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
        ... )
        >>> model = LeastSquares(n_factors=2).fit(ratings, validation=0)
        >>> updated = model.update(Ratings.from_arrays(["dee", "al"], [1, 3], [4, 2], scale=(1, 5)))
        >>> updated.history.stopped
        'Updated with 2 new or changed ratings of 2 users (1 new) and 2 items (0 new).'
        """
        return updating.update(self, ratings, duplicates, catalog, threads)

    def with_change(self, change: Change) -> tuple["FactorModel", tuple[str, ...]]:
        """Return the model after a `change` by an update, and what should be reported about it.

        The method `update` makes the change.
        """
        return updating.update_factors(self, change)

    def compress(self, k: int) -> "FactorModel":
        """Return a point model of k factors for serving.

        Its predictions are close to the mean over this model's draws.

        Its factors are the truncated singular value decomposition of the mean product; what that
        loses on training pairs stands in the last note of its history. New users are folded in
        under the distribution of its own rows. It no longer knows how sure it is.

        Parameters
        ----------
        k : int
            1 to the factors of all draws together, which loses nothing.

        Raises
        ------
        ValueError
            If k is out of range, the link is not the identity, or the model has no ratings.
        """
        from palate.model.compress import compress

        return compress(self, k)

    def save(self, path: str | os.PathLike[str], *, ratings: bool = True) -> None:
        """Write the model to one file, atomically; `palate.load` reads it.

        The same model gives the same bytes. A crash leaves the old file or the new one.

        Parameters
        ----------
        path : str or path
            Any name; palate's own examples end in `.palate`. Permissions of an existing file are kept.
        ratings : bool, default True
            Whether to include the ratings. Without them the file is smaller and names nobody's
            ratings, but the loaded model cannot exclude the items that a user has rated, and knows
            no sessions.

        Raises
        ------
        ModelFileError
            If the model cannot be written, such as one with factors that are not finite.
        OSError
            If the file cannot be written; an older file of this name is then untouched.
        """
        from palate.model.file.loading import save_model

        save_model(self, path, ratings=ratings)

    @classmethod
    def from_keras(
        cls,
        path: str | os.PathLike[str],
        ratings: object = None,
        catalog: Catalog | None = None,
        mean: float | None = None,
    ) -> "FactorModel":
        """Return the model in a file that Keras saved as `.h5` or `.keras`.

        Nothing in the file is executed. Only h5py is needed.

        Parameters
        ----------
        path : str or path
            With layers `user_embedding` and `movie_embedding`, and perhaps `user_bias` and
            `movie_bias`; ids are row numbers.
        ratings : Ratings or data frame, optional
            What it was trained on. Ids without ratings become unknown. A frame has columns such as
            userId, movieId, rating, y.
        catalog : Catalog, optional
        mean : float, optional
            What Keras' predictions lack. Default: `rating - y` where the ratings have both, else
            the ratings' mean.

        Raises
        ------
        ModelFileError
            If the file is damaged, is no factorization, or holds code, links or tables that are not whole.
        ValueError
            If there are neither ratings nor mean, or an id is no row.
        ImportError
            If h5py is not installed.
        """
        from palate.model.keras.read import read_keras

        return read_keras(path, ratings, catalog, mean)

    def to_keras(self, path: str | os.PathLike[str]) -> None:
        """Write the model to `path` as a file that Keras loads.

        The name ends in `.h5` (the layout of Keras 2) or `.keras`.

        Its predictions lack the mean.

        Raises ValueError for a model of several draws, of another link, or whose ids are no row numbers.
        """
        from palate.model.keras.write import write_keras

        write_keras(self, path)

    def __reduce__(self) -> tuple[Any, ...]:
        from palate.model.file.loading import dumps, loads

        return loads, (dumps(self),)
