"""The computations behind `palate demo`: six models, and what each does to one user's list."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from palate.data.catalog import Catalog
from palate.data.dataset import Dataset
from palate.data.ratings import Ratings
from palate.evaluation.evaluating import evaluate
from palate.evaluation.evaluation import Evaluation
from palate.inspect.errors import Errors, errors
from palate.inspect.genre_preferences import genre_tastes
from palate.inspect.obscurity import Obscurity, obscurity_of, outside_share, top_items
from palate.lesson.trainers import N_FACTORS, SWEEPS, fit_to_the_end, without_biases
from palate.model.factor_model import FactorModel
from palate.model.recommender_model import RecommenderModel
from palate.recommender.recommender import Recommender
from palate.training.als.least_squares import LeastSquares
from palate.training.baseline import Baseline
from palate.training.progress import silent

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
LESSON_USER, LESSON_ITEM = 1e-7, 1e-6  # the lesson's strengths, as Keras takes them
MIN_RATINGS = 50
USER_RATINGS = (50, 100)  # enough to know a taste by, few enough to look through
GENRE_RATINGS = 20


@dataclass(frozen=True)
class Told:
    """One model of the story with its figures.

    Parameters
    ----------
    name : str
        What the story calls it.
    model : FactorModel
    errors : Errors
        On the validation ratings, clipped to the scale.
    obscurity : Obscurity
        Of everyone's top 10.
    outside : float
        Share of all predictions outside the scale.
    top_counts : polars.Series
        n_ratings of every film in everyone's top 10.
    """

    name: str
    model: FactorModel
    errors: Errors
    obscurity: Obscurity
    outside: float
    top_counts: pl.Series


@dataclass(frozen=True)
class Lists:
    """Lists of what people are likely to choose and to like.

    Parameters
    ----------
    model : RecommenderModel
        Trained without the ratings that are held out.
    evaluation : Evaluation
        Of its lists of ten and those of the default model of ratings, beside the references.
    """

    model: RecommenderModel
    evaluation: Evaluation

    @property
    def both(self) -> str:
        """Name of the model of choices and ratings in the evaluation."""
        return self.evaluation.models[0]

    @property
    def ratings_alone(self) -> str:
        """Name of the default model of ratings in the evaluation."""
        return self.evaluation.models[1]


@dataclass(frozen=True)
class Story:
    """Everything that the demo tells."""

    data: Dataset
    holdout: Ratings
    baseline: Told
    none: Told  # no penalty
    lesson: Told  # the lesson's strengths
    tried: list[tuple[float, Told]]  # by strength
    chosen: Told
    strength: float
    default: Told
    lists: Lists
    user: Any
    taste: dict[str, Any]  # a row of genre_tastes

    @property
    def models(self) -> list[Told]:
        """The models in the order of the story, the baseline last."""
        return [self.none, self.lesson, self.chosen, self.default, self.baseline]


def tell(data: Dataset, user: object = None) -> Story:
    """Return the story of a data set, told for one user or for one with a clear taste.

    The data need titles and genres.
    """
    fitted = Baseline().fit(data.ratings, catalog=data.catalog, callback=silent)
    held_out = np.asarray(fitted.ratings.held_out, dtype=bool)  # type: ignore[union-attr]
    train, holdout = data.ratings.select(~held_out), data.ratings.select(held_out)
    tastes = genre_tastes(fitted)
    taste = (
        clear_taste(tastes) if user is None else tastes.filter(pl.col("user_id") == user).row(0, named=True)
    )

    def stopped(name: str, trainer: LeastSquares) -> Told:
        model = trainer.fit(train, validation=holdout, catalog=data.catalog, callback=silent)
        return told(name, model, holdout)

    def to_the_end(name: str, trainer: LeastSquares) -> Told:
        return told(name, fit_to_the_end(trainer, train, fitted), holdout)

    tried = [
        (strength, stopped(f"l2 {strength:g}", without_biases(strength, to_the_end=False)))
        for strength in STRENGTHS
    ]
    strength, chosen = min(tried, key=lambda pair: pair[1].errors.rmse)
    default = stopped("palate's defaults (with biases)", LeastSquares())
    return Story(
        data=data,
        holdout=holdout,
        baseline=told("baseline (biases alone)", fitted, holdout),
        none=to_the_end("no penalty", without_biases(0.0, to_the_end=True)),
        lesson=to_the_end("the lesson's penalty", lesson(len(train))),
        tried=tried,
        chosen=dataclasses.replace(chosen, name="penalty chosen on validation"),
        strength=strength,
        default=default,
        lists=_lists(default.model, train, holdout, data.catalog),
        user=taste["user_id"],
        taste=taste,
    )


def told(name: str, model: FactorModel, holdout: Ratings) -> Told:
    """Return a model with its figures, its errors on the ratings that were held out."""
    top = top_items(model)
    return Told(
        name, model, errors(model, holdout), obscurity_of(top), outside_share(model), top["n_ratings"]
    )


def _lists(stars: FactorModel, train: Ratings, holdout: Ratings, catalog: Catalog | None) -> Lists:
    """Return the model that `palate train` fits by default, its lists judged beside those of `stars`."""
    # However busy the machine is, every candidate is tried, so that the demo prints the same each time.
    model = Recommender(seconds=3600.0).fit(train, catalog=catalog, callback=silent)
    return Lists(model, evaluate([model, stars], holdout, train=train, k=10, resamples=500))


def clear_taste(tastes: pl.DataFrame) -> dict[str, Any]:
    """Return the row of the user and the genre with the highest liking.

    Users with very few or very many ratings are left out.
    """
    fitting = tastes.filter(
        pl.col("n_ratings").is_between(*USER_RATINGS), pl.col("n_in_genre") >= GENRE_RATINGS
    )
    return fitting.row(0, named=True)


def lesson(n_ratings: int) -> LeastSquares:
    """Return the lesson's model with the lesson's strengths, which are per rating."""
    return LeastSquares.from_keras_strengths(
        n_ratings=n_ratings,
        l2_user=LESSON_USER,
        l2_item=LESSON_ITEM,
        n_factors=N_FACTORS,
        biases=False,
        max_sweeps=SWEEPS,
        patience=SWEEPS,
    )
