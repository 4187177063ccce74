"""The result of an evaluation: frames first, text for people."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, InPython, Words
from palate._plain import plain
from palate.data import columns as names
from palate.data.frames import from_polars
from palate.evaluation.beside import Beside, beside_references
from palate.evaluation.bins import label
from palate.evaluation.figures import Figures, is_clear, words
from palate.evaluation.groups import (
    GROUPINGS,
    KNOWN,
    MODEL,
    N_TRAIN,
    about_users,
    activity_of,
    chosen_users,
    known_groups,
    of_items,
    of_ratings,
    popularity_of,
    users_of,
)
from palate.evaluation.scoring import Outcome

METRIC, K = "metric", "k"
POPULARITY = "popularity"
_ENDS = {"low": pl.Float64, "high": pl.Float64}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Evaluation:
    """The metrics of one or more models on test ratings, with their intervals.

    Metrics are also available for each user, by activity of the user and by popularity of the item.

    It is returned by `palate.evaluate` and `palate.crossval`, and prints as a table. Frames are of
    the library that the ratings came in.

    Parameters
    ----------
    outcomes : tuple of Outcome
        One per model, then the references.
    users : polars.Series
        Ids of the tested users.
    n_train, n_test, n_relevant : ndarray of shape (n_users,), int64
        Training ratings, test ratings and relevant test ratings of each user.
    about : dict
        What was tested: numbers of ratings and users, k, and which ratings are relevant.
    resamples : int
        Bootstrap samples of the intervals; 0 for none.
    confidence : float
        Probability of the intervals.
    seed : int
    notes : tuple of str
        Notes on the results, a sentence each.
    frame_kind : str
    folds : polars.DataFrame or None
        The figures of each fold, after cross-validation.
    references : tuple of str
        Names of the references that the models are compared with.

    Examples
    --------
    >>> import palate
    >>> data = palate.datasets.load("movielens-small")
    >>> evaluation = palate.evaluate(palate.Baseline().fit(data.ratings), k=10, resamples=100)
    >>> evaluation.table().columns
    ['model', 'metric', 'k', 'value', 'low', 'high']
    >>> evaluation.value("rmse") < 0.9
    True
    """

    outcomes: tuple[Outcome, ...]
    users: pl.Series
    n_train: np.ndarray
    n_test: np.ndarray
    n_relevant: np.ndarray
    about: dict[str, Any]
    resamples: int
    confidence: float
    seed: int
    notes: tuple[str, ...] = ()
    frame_kind: str = "polars"
    folds: pl.DataFrame | None = None
    references: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, the references last."""
        return tuple(outcome.name for outcome in self.outcomes)

    @cached_property
    def figures(self) -> Figures:
        """The numbers behind the frames."""
        return Figures(self.outcomes, self.resamples, self.confidence, self.seed)

    @cached_property
    def beside(self) -> list[Beside]:
        """Every model beside every reference."""
        return beside_references(self.figures, self.references, tuple(self.about["k"]))

    def value(self, metric: str, k: int | None = None, model: str | None = None) -> float:
        """Return one figure, NaN if it is undefined.

        Parameters
        ----------
        metric : str
            As in `table()`: "rmse", "ndcg@10", ...
        k : int, optional
            Length of the list, for metrics of lists that are named without it: "ndcg".
        model : str, optional
            By default the first.

        Raises
        ------
        KeyError
            If there is no such figure or model.
        """
        outcome = self.figures.outcome(model)
        name, _, length = metric.partition("@")
        if k is None and length.isdecimal():
            metric, k = name, int(length)
        if (metric, k) not in (*outcome.figures, *outcome.overall):
            there = ", ".join(words(figure) for figure in (*outcome.figures, *outcome.overall))
            raise KeyError(f"unknown figure {words((metric, k))!r} of {outcome.name!r}; there are {there}.")
        value = self.figures.value(outcome, (metric, k))
        return float("nan") if value is None else value

    def table(self) -> Any:
        """Return every metric as a frame.

        The columns are the model, the metric, k (null where there is none), the value, and the ends
        of its interval, low and high.

        Coverage and the Gini coefficient belong to all lists together and have no interval.
        """
        rows = [
            (outcome.name, *figure, *self.figures.of(outcome, figure))
            for outcome in self.outcomes
            for figure in (*outcome.figures, *outcome.overall)
        ]
        types = {MODEL: pl.String, METRIC: pl.String, K: pl.Int64, "value": pl.Float64, **_ENDS}
        return self._frame(pl.DataFrame(rows, schema=types, orient="row"))

    def differences(self, of: str | None = None, *, by: str | None = None) -> Any:
        """Return the differences between one model and each other model on the same users.

        A difference is the metric of the model `of` minus that of the other model.

        Parameters
        ----------
        of : str, optional
            Name of a model; the first when None.
        by : {"activity", "known", "popularity"}, optional
            Return separate differences for users with few and with many training ratings, for users
            with and without training ratings, or for test ratings of items with few and with many
            training ratings of the model `of`. The last has errors, and recall over all relevant
            ratings of these items.

        Returns
        -------
        frame
            Columns model, against, metric, k, difference, low, high (the interval of paired
            resamples), and clear: whether the interval excludes 0. Metrics that one of the models
            does not have, or that have no value per user, are left out. With `by`, the first column
            is the group.

        Raises
        ------
        KeyError
            If there is no such model.
        ValueError
            If `by` is another value.
        """
        if by not in (None, POPULARITY, *GROUPINGS):
            must = Words("be 'activity', 'known', 'popularity'", InPython(" or None"))
            raise ArgumentError("by", must, f"{by!r}")
        if by is None:
            return self._frame(self._differences(of))
        if by == POPULARITY:
            column, groups = N_TRAIN, self._by_popularity(of)
        else:
            column, found = GROUPINGS[by](self.n_train)
            groups = ((group, self.among(rows)) for group, rows in found)
        parts = [
            pl.select(pl.lit(group).alias(column)).join(part._differences(of), how="cross")
            for group, part in groups
        ]
        return self._frame(pl.concat(parts))

    def _differences(self, of: str | None) -> pl.DataFrame:
        mine = self.figures.outcome(of)
        rows = []
        for other in self.outcomes:
            for figure in mine.figures:
                if other is not mine and figure in other.figures:
                    value, low, high = self.figures.difference(mine, other, figure)
                    rows.append((mine.name, other.name, *figure, value, low, high, is_clear(low, high)))
        first = {MODEL: pl.String, "against": pl.String, METRIC: pl.String, K: pl.Int64}
        types = {**first, "difference": pl.Float64, **_ENDS, "clear": pl.Boolean}
        return pl.DataFrame(rows, schema=types, orient="row")

    def _by_popularity(self, of: str | None) -> Iterator[tuple[str, "Evaluation"]]:
        """Yield the evaluation of the test ratings of each bin of items, by the bin's name."""
        mine = self.figures.outcome(of).by_rating
        if mine is None:
            raise ArgumentError("by", "be used with the evaluation of all users", "one of among()")
        ks = tuple(self.about["k"])
        for number in np.unique(mine.bin):
            group = np.where(mine.bin == number, mine.row, -1)
            outcomes = tuple(of_ratings(one, group, len(self.users), ks) for one in self.outcomes)
            yield label(number), replace(self, outcomes=outcomes)

    def among(self, users: object) -> "Evaluation":
        """Return the evaluation of some of the users, with intervals of its own.

        Figures of all lists together (coverage, the Gini coefficient and `by_popularity`) are left
        out.

        Parameters
        ----------
        users : "known", "new", or array of bool
            Users with training ratings, users without, or a mask of `self.users`.

        Raises
        ------
        ValueError
            If it is another value, or leaves no user.

        Examples
        --------
        >>> import palate
        >>> split = palate.splits.by_time(palate.datasets.load("movielens-small").ratings, share=0.1)
        >>> evaluation = palate.evaluate(palate.Popular().fit(split.train), split, k=10, resamples=0)
        >>> len(evaluation.among("known").users), len(evaluation.among("new").users)
        (22, 60)
        """
        rows = chosen_users(users, self.n_train)
        if not rows.any():
            raise ArgumentError("users", f"leave at least one of {len(self.users):,} users", "none")
        n_relevant, n_test = self.n_relevant[rows], self.n_test[rows]
        outcomes = tuple(
            Outcome(name=one.name, figures=one.figures, top=one.top[rows], bottom=one.bottom[rows])
            for one in self.outcomes
        )
        return replace(
            self,
            outcomes=outcomes,
            users=self.users.filter(pl.Series(rows)),
            n_train=self.n_train[rows],
            n_test=n_test,
            n_relevant=n_relevant,
            about={**self.about, **about_users(n_test, n_relevant)},
            notes=(),
            folds=None,
        )

    @property
    def by_known(self) -> Any:
        """The figures of known and of new users and items as a frame.

        Columns model, side ("user" or "item"), known, n (tested users, or test ratings of such
        items), metric, k, value, low, high. Items have errors and the recall over all their
        relevant ratings, without intervals.
        """
        types = {MODEL: pl.String, "side": pl.String, KNOWN: pl.Boolean, "n": pl.Int64}
        types |= {METRIC: pl.String, K: pl.Int64, "value": pl.Float64, **_ENDS}
        rows: list[tuple[Any, ...]] = []
        for group, mask in known_groups(self.n_train)[1]:
            part = self.among(mask)
            rows += [
                (one.name, "user", group == KNOWN, len(part.users), *figure, *part.figures.of(one, figure))
                for one in part.outcomes
                for figure in one.figures
            ]
        for one in self.outcomes:
            rows += of_items(one)
        return self._frame(pl.DataFrame(rows, schema=types, orient="row"))

    def against_references(self) -> Any:
        """Return how each model compares with each reference, as a frame.

        They are compared by nDCG of the longest list, and by RMSE where both predict ratings.

        Columns model, reference, metric, k, difference (the model's figure minus the reference's),
        low and high (its interval over paired resamples), and beaten: whether the model is better
        by this interval. Without resamples, the difference decides; beaten is null if there is no
        figure.
        """
        types = {MODEL: pl.String, "reference": pl.String, METRIC: pl.String, K: pl.Int64}
        types |= {"difference": pl.Float64, **_ENDS, "beaten": pl.Boolean}
        rows = [(one.model, one.reference, *one.figure, *one.interval, one.beaten) for one in self.beside]
        return self._frame(pl.DataFrame(rows, schema=types, orient="row"))

    def unbeaten(self, model: str | None = None) -> tuple[str, ...]:
        """Return the names of the references that a model does not beat.

        They are compared by nDCG of the longest list, or by RMSE where no lists are tested.

        Parameters
        ----------
        model : str, optional
            By default the first.

        Raises
        ------
        KeyError
            If there is no such model.
        """
        name, metric = self.figures.outcome(model).name, "ndcg" if self.about["k"] else "rmse"
        return tuple(
            one.reference
            for one in self.beside
            if one.model == name and one.figure[0] == metric and one.beaten is False
        )

    @property
    def per_user(self) -> Any:
        """Every figure of every user, as a frame with a row per model and user.

        A figure that a user does not have is null.
        """
        known = [pl.Series(name, getattr(self, name)) for name in (N_TRAIN, "n_test", "n_relevant")]
        return self._frame(users_of(self.outcomes, [self.users.alias(names.USER_ID), *known]))

    @property
    def by_activity(self) -> Any:
        """The figures of users by their number of training ratings, as a frame.

        It has a row per model and bin of `n_train`.
        """
        return self._frame(activity_of(self.outcomes, self.n_train, self.n_test))

    @property
    def by_popularity(self) -> Any:
        """Errors, recall and share of all places in lists, of items by their number of training ratings.

        A frame with a row per model and bin of `n_train`, the number of an item's training ratings.
        Recall here is over all relevant test ratings of the bin, not a mean over users.

        Raises
        ------
        ValueError
            If this is an evaluation of some of the users, by `among`.
        """
        parts = [popularity_of(one, one.by_rating.bin) for one in self.outcomes if one.by_rating is not None]
        if not parts:
            raise ArgumentError("by_popularity", "be used with the evaluation of all users", "one of among()")
        return self._frame(pl.concat(parts, how="diagonal"))

    @property
    def by_fold(self) -> Any:
        """The figures of each fold as a frame: model, metric, k, fold, value.

        None unless this was a cross-validation.
        """
        return None if self.folds is None else self._frame(self.folds)

    def to_dict(self) -> dict[str, Any]:
        """Return what was tested and all figures as plain lists, numbers and strings (for JSON)."""
        one = replace(self, frame_kind="polars")
        found = {
            **self.about,
            "models": self.models,
            "confidence": self.confidence,
            "resamples": self.resamples,
            "seed": self.seed,
            "without_training_ratings": {outcome.name: outcome.cold for outcome in self.outcomes},
            "notes": self.notes,
            "figures": one.table(),
            "differences": one.differences(),
            "against_references": one.against_references(),
            "by_activity": one.by_activity,
            "by_known": one.by_known,
        }
        found |= {"by_popularity": one.by_popularity} if one.outcomes[0].by_rating is not None else {}
        found |= {} if one.folds is None else {"by_fold": one.folds}
        return {name: plain(value) for name, value in found.items()}

    def __str__(self) -> str:
        from palate.evaluation.text import text_of

        return text_of(self)

    __repr__ = __str__

    def _frame(self, frame: pl.DataFrame) -> Any:
        return from_polars(frame, self.frame_kind)
