"""palate as an estimator of scikit-learn: a mutable wrapper around a trainer, which stays immutable."""

from dataclasses import KW_ONLY, dataclass, fields, is_dataclass, replace
from typing import Any, Self, cast

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, check_choice
from palate._requiring import require
from palate.data.arguments import warn_caller
from palate.data.catalog import Catalog
from palate.data.libraries import is_frame
from palate.data.ratings import Ratings
from palate.integrations.pairs import Pairs, Place, pairs_of
from palate.training.als.least_squares import LeastSquares
from palate.training.progress import silent
from palate.training.trainer import Trainer

_OF_TRAINER = "trainer__"
_Base: Any = require("sklearn.base", "scikit-learn", "sklearn", "palate.sklearn")


class ScoresWarning(UserWarning):
    """A regressor's trainer predicts scores of choices, which cannot be compared with ratings."""


@dataclass(eq=False, repr=False)
class RatingRegressor(_Base.RegressorMixin, _Base.BaseEstimator):  # type: ignore[misc]
    """A scikit-learn regressor: X contains pairs of a user and an item, y their ratings.

    `clone`, `Pipeline`, `cross_val_score` and `GridSearchCV` work with it. The hyper-parameters of
    the trainer are parameters of the regressor with `trainer__` before their names:
    `trainer__n_factors`.

    Parameters
    ----------
    trainer : trainer, optional
        Any trainer of palate, or an object of your own with `fit(ratings, validation=, catalog=,
        callback=, threads=, seed=)`. Default `palate.LeastSquares()`. Trainers of choices, such as
        `Spectral`, predict scores that are not ratings; `fit` warns of that.
    user, item : int or str, optional
        Position or name of the columns of X; other columns are then not used. By default X has two
        columns, users and items.
    timestamp : int or str, optional
        Column of the times, for a trainer with time.
    validation : float, default 0.05
        Share of the ratings given to `fit` that decides when training stops.
    scale : (float, float), optional
        Lowest and highest possible rating; default what `fit` observes.
    clip : bool, default False
        Move predictions outside the scale to its ends.
    unknown : {"baseline", "nan", "raise"}, default "baseline"
        What a pair with a user or an item that `fit` did not see gets: the mean plus the bias of
        the side that is known, NaN, or an error.
    catalog : Catalog, optional
        Titles and other columns of the items.
    threads : int, optional
        Default all processors. The result does not depend on it.
    seed : int, default 0

    Attributes
    ----------
    model_ : FactorModel or RecommenderModel or Model
        What was learned, with all its verbs.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X was a frame.

    Notes
    -----
    Ids may be whole numbers or text; of an array of floats those that are whole numbers. Rows with
    a `sample_weight` of 0 are left out, as scikit-learn has it.

    Examples
    --------
    >>> import palate
    >>> from sklearn.model_selection import GridSearchCV
    >>> table = palate.datasets.load("movielens-small").ratings.to_frame()[:5000]
    >>> X, y = table[["user_id", "item_id"]], table["rating"].to_numpy()
    >>> search = GridSearchCV(
    ...     RatingRegressor(palate.LeastSquares(max_sweeps=5)), {"trainer__n_factors": [4, 8]}, cv=2
    ... )
    >>> search.fit(X, y).best_estimator_.recommend(15, n=2).columns[:3]
    ['user_id', 'item_id', 'rank']
    """

    trainer: Trainer | None = None
    _: KW_ONLY
    user: Place = None
    item: Place = None
    timestamp: Place = None
    validation: float = 0.05
    scale: tuple[float, float] | None = None
    clip: bool = False
    unknown: str = "baseline"
    catalog: Catalog | None = None
    threads: int | None = None
    seed: int = 0

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; with `deep` those of the trainer, too, as `trainer__NAME`."""
        found = cast(dict[str, Any], super().get_params(deep=deep))
        trainer = self._trainer()
        if deep:
            found |= {f"{_OF_TRAINER}{name}": getattr(trainer, name) for name in _settings_of(trainer)}
        return found

    def set_params(self, **params: object) -> Self:
        """Return the regressor with parameters set by name.

        `trainer__NAME` makes another trainer, since trainers do not change.

        Raises ValueError if `params` name one that is not there.
        """
        own = {name: value for name, value in params.items() if not name.startswith(_OF_TRAINER)}
        super().set_params(**own)
        changed = {name.removeprefix(_OF_TRAINER): value for name, value in params.items() if name not in own}
        if not changed:
            return self
        trainer = self._trainer()
        known = _settings_of(trainer)
        for name in changed:
            if name not in known:
                has = "its parameters cannot be named here; set trainer= itself"
                has = f"it has {', '.join(known)}" if known else has
                must = f"must name a hyper-parameter of {type(trainer).__name__}"
                raise ValueError(f"{_OF_TRAINER}{name} {must}: {has}.")
        self.trainer = replace(cast(Any, trainer), **changed)
        return self

    def fit(self, X: object, y: object, sample_weight: object = None) -> Self:
        """Return the regressor trained on the ratings y of the pairs X.

        Parameters
        ----------
        X : array of shape (n_ratings, 2), or frame
            Users and items; see the parameters `user` and `item` for others.
        y : array of shape (n_ratings,)
        sample_weight : array of shape (n_ratings,), optional
            How much each rating counts; at least 0.

        Raises
        ------
        ValueError
            If X has other columns, an id is a fraction, a rating is not finite, or lengths differ.
        """
        validation, trainer = _validation(), self._trainer()
        if not hasattr(trainer, "fit") or isinstance(trainer, type):
            must = "have the method fit(ratings), as palate.LeastSquares() has"
            raise ArgumentTypeError("trainer", must, f"{trainer!r}")
        check_choice("unknown", self.unknown, ("baseline", "nan", "raise"))
        pairs = self._pairs(X, reset=True)
        if y is None:
            must = "hold the ratings: this regressor requires y to be passed, but the target y is None"
            raise ArgumentError("y", must)
        values = validation.column_or_1d(y, warn=True)
        values = validation.check_array(values, ensure_2d=False, dtype="numeric", input_name="y")
        validation.check_consistent_length(pairs.users, values)
        weights = None
        if sample_weight is not None:
            like = np.empty(len(values))
            weights = validation._check_sample_weight(sample_weight, like, ensure_non_negative=True)
        ratings = _ratings(pairs, values, weights, self.scale)
        own = {name: getattr(self, name) for name in ("validation", "catalog", "threads", "seed")}
        self.model_ = trainer.fit(ratings, callback=silent, **own)
        if getattr(self.model_, "scale", None) is None:
            warn_caller(
                f"{type(trainer).__name__} predicts scores, which rank items but are not ratings. Their "
                "errors and R² have no meaning.",
                ScoresWarning,
            )
        return self

    def predict(self, X: object) -> np.ndarray:
        """Return the predicted rating of each pair of `X`, shape (n_pairs,), float32."""
        _validation().check_is_fitted(self)
        pairs = self._pairs(X, reset=False)
        options = {} if pairs.timestamps is None else {"timestamps": pairs.timestamps}
        found = self.model_.predict(pairs.users, pairs.items, clip=self.clip, unknown=self.unknown, **options)
        return np.asarray(found, np.float32)

    def recommend(self, users: object = None, n: int = 5, **options: Any) -> Any:
        """Return the `n` best items of each of `users` as a frame.

        The `options` are those of `FactorModel.recommend`.
        """
        _validation().check_is_fitted(self)
        return self.model_.recommend(users, n, **options)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.regressor_tags.poor_score = True  # ids say nothing of one another: there is no line to find
        tags.target_tags.required = True
        return tags

    def _trainer(self) -> Any:
        return LeastSquares() if self.trainer is None else self.trainer

    def _pairs(self, X: object, *, reset: bool) -> Pairs:
        validation = _validation()
        if not is_frame(X):
            if isinstance(X, list | tuple):  # as it stands; numbers beside text would become text
                X = np.array(X, dtype=object)
            X = validation.check_array(X, dtype=None, estimator=self, input_name="X")
        validation.validate_data(self, X, reset=reset, skip_check_array=True)
        return pairs_of(X, self.user, self.item, self.timestamp)


def _ratings(
    pairs: Pairs, values: np.ndarray, weights: np.ndarray | None, scale: tuple[float, float] | None
) -> Ratings:
    """Return the table that trainers take, without the rows that count nothing."""
    given = {"timestamp": pairs.timestamps, "weight": weights}
    users, items = pairs.users, pairs.items
    if weights is not None and not weights.all():
        keep = np.flatnonzero(weights)
        users, items, values = users[keep], items[keep], values[keep]
        given = {name: None if column is None else column[keep] for name, column in given.items()}
    return Ratings.from_arrays(users, items, values, scale=scale, **given)


def _settings_of(trainer: object) -> list[str]:
    """Return the names of a trainer's hyper-parameters; none if it is no dataclass."""
    return [one.name for one in fields(trainer) if one.init] if is_dataclass(trainer) else []


def _validation() -> Any:
    return require("sklearn.utils.validation", "scikit-learn", "sklearn", "palate.sklearn")
