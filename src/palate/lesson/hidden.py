"""Small models of seeded random numbers, with which a checker tests a learner's function.

They note which users they are asked for.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from palate.data.catalog import Catalog
from palate.data.ratings import Ratings
from palate.data.series import to_series
from palate.factors.taking import changed
from palate.lesson import setting
from palate.lesson.keras_view import KerasView, pair_of
from palate.model.factor_model import FactorModel
from palate.solve.prior import RowPrior
from palate.training.baseline import Baseline
from palate.training.progress import silent

_N_FACTORS = 4


@dataclass(frozen=True, eq=False)
class Stage:
    """What hidden models are made for: the learner's ratings and films, or the lesson's.

    Parameters
    ----------
    base : FactorModel
        Biases of the ratings, with catalog and ratings; the hidden models are copies with other numbers.
    item_ids : list
        The films to choose from.
    counts : ndarray of shape (n_films,), int64
        Ratings of each.
    mean : float
        The lesson's offset.
    """

    base: FactorModel
    item_ids: list[Any]
    counts: np.ndarray
    mean: float

    def users(self, seed: int, n: int, avoid: object = None) -> list[Any]:
        """Return n different users, chosen by the seed; not the one to `avoid`, if there are others."""
        everyone = self.base.users.values.to_list()
        ids = [user for user in everyone if user != avoid]
        chosen = np.random.default_rng(seed).permutation(len(ids))[:n]
        return [ids[place] for place in chosen] or everyone


class HiddenModel(KerasView):
    """A view that notes which users and films it was asked about."""

    def __init__(self, model: FactorModel, mean: float) -> None:
        super().__init__(model, mean)
        self.calls = 0
        self.asked: set[Any] = set()

    def __call__(self, x: object, *options: object, **more: object) -> Any:
        """Keras models may be called, too."""
        return self.predict(x)

    def predict(self, x: object, items: object = None, **options: Any) -> Any:
        """Note the users, then answer as `KerasView.predict` does."""
        self._note(pair_of(x)[0] if items is None else x)
        return super().predict(x, items, **options)

    def predict_frame(self, users: object, *arguments: Any, **options: Any) -> Any:
        """Note the users, then answer as the model does."""
        self._note(users)
        return self.model.predict_frame(users, *arguments, **options)

    def recommend(self, users: object = None, *arguments: Any, **options: Any) -> Any:
        """Note the users, then answer as the model does."""
        self._note(users)
        return self.model.recommend(users, *arguments, **options)

    def _note(self, users: object) -> None:
        self.calls += 1
        try:
            self.asked |= set(to_series(users).unique().to_list())
        except TypeError:
            self.asked.add(users.item() if isinstance(users, np.generic) else users)

    def forget(self) -> None:
        """Start noting anew."""
        self.calls, self.asked = 0, set()


def stage(ratings: pl.DataFrame | None, movies: pl.DataFrame | None) -> Stage:
    """Return the stage of the learner's tables; what the learner does not have is the lesson's."""
    if ratings is None:
        base, mean = _bundled()
    else:
        table = Ratings.from_frame(ratings, "userId", "movieId", "rating")
        base, mean = Baseline().fit(table, validation=0, callback=silent), float(table.mean())
    if base.catalog is None:
        base = replace(base, catalog=Catalog.from_items(base.items))
    if movies is None:
        movies = pl.DataFrame({"movieId": base.items.values, "n_ratings": base.ratings.item_counts()})  # type: ignore[union-attr]
    movies = movies.filter(pl.col("n_ratings") > 0)
    known = base.items.indices(movies["movieId"]) >= 0
    movies = movies.filter(pl.Series(known))
    return Stage(base, movies["movieId"].to_list(), movies["n_ratings"].to_numpy().astype(np.int64), mean)


@lru_cache(maxsize=1)
def _bundled() -> tuple[FactorModel, float]:
    lesson = setting.setup(kind=setting.default_kind())
    return lesson.model.model, lesson.offset


def hidden_model(stage: Stage, seed: int, size: float) -> HiddenModel:
    """Return a model whose predictions stand about `size` stars apart, whatever the ratings say."""
    draw = np.random.default_rng(seed)
    base, width = stage.base, _N_FACTORS + 1
    precision, mean = np.eye(width, dtype=np.float32)[None], np.zeros((1, width), np.float32)
    prior = RowPrior(precision=precision, mean=mean, bias=False)
    each = float(np.sqrt(size)) / _N_FACTORS**0.25

    def normal(n: int) -> np.ndarray:
        return np.asarray(each * draw.standard_normal((1, n, _N_FACTORS)), np.float32)

    model = changed(
        base,
        user_factors=normal(base.n_users),
        item_factors=normal(base.n_items),
        user_bias=np.zeros((1, base.n_users), np.float32),
        item_bias=np.zeros((1, base.n_items), np.float32),
        global_mean=np.array([stage.mean]),
        user_prior=prior,
        item_prior=prior,
    )
    return HiddenModel(model, stage.mean)
