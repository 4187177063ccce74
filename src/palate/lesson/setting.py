"""What the lesson starts from: tables as the exercise names them, and two models of them."""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import polars as pl

from palate.data import columns as names
from palate.data.dataset import Dataset
from palate.data.frames import from_polars
from palate.data.libraries import check_frame_kind
from palate.data.ratings import Ratings
from palate.lesson.keras_view import KerasView
from palate.lesson.texts import say
from palate.lesson.trainers import fit_to_the_end, without_biases
from palate.model.factor_model import FactorModel
from palate.training.baseline import Baseline
from palate.training.progress import Steps, silent

UID = 63  # the user whom the lesson follows: the one whom `palate demo` finds to have the clearest taste
STRENGTH = 10.0  # of the penalty, the best on validation ratings of 0.3, 1, 3, 10, 30 and 100
_EXTRA = '"palate[tutorial]"'


@dataclass(frozen=True, eq=False, repr=False)
class Lesson:
    """The tables and models of the lesson, under the exercise's names.

    Parameters
    ----------
    df : frame
        One row per rating: userId, movieId, rating, and y, the rating minus the mean of all.
    movies : frame
        One row per rated film: movieId, title, genres, key, year, n_ratings, mean_rating. In pandas
        the index is the id, too.
    model, l2_model : KerasView
        Factors alone, 8 for each user and film: without a penalty, and with one that was chosen on
        validation ratings.
    uid : user id
        The user whom the lesson follows.
    offset : float
        The mean that was subtracted: `rating - y`.
    train, holdout : Ratings
        What the models were trained on, and the 5 % that they were not.
    data : Dataset
    """

    df: Any
    movies: Any
    model: KerasView
    l2_model: KerasView
    uid: Any
    offset: float
    train: Ratings
    holdout: Ratings
    data: Dataset

    def __repr__(self) -> str:
        return (
            f"Lesson({len(self.df):,} ratings, {len(self.movies):,} films, models without and with a "
            f"penalty, user {self.uid})"
        )


def setup(data: Dataset | None = None, *, kind: str | None = None) -> Lesson:
    """Return the lesson's tables and models, trained in seconds.

    A line on standard error says so meanwhile, in a terminal and in a notebook.

    Parameters
    ----------
    data : Dataset, optional
        Ratings and their catalog, from `palate.read` or `palate.datasets.load`; default the films
        that come with palate.
    kind : {"pandas", "polars", "pyarrow"}, optional
        Library of the tables; default pandas, as in the exercise, where it is installed, else Polars.

    Returns
    -------
    Lesson

    Examples
    --------
    >>> s = setup(kind="polars")
    >>> s
    Lesson(100,004 ratings, 9,066 films, models without and with a penalty, user 63)
    >>> s.df.columns
    ['userId', 'movieId', 'rating', 'y']
    >>> s.movies.columns
    ['movieId', 'title', 'genres', 'key', 'year', 'n_ratings', 'mean_rating']
    >>> s.l2_model.predict([[63, 63], [1, 2]]).shape
    (2, 1)
    """
    kind = check_frame_kind(default_kind() if kind is None else kind)
    with Steps(step="training the models of the lesson"):
        whole, train, holdout, plain, penalised = _trained() if data is None else _train(data)
    offset = float(whole.ratings.mean())
    return Lesson(
        df=from_polars(rating_table(whole.ratings, offset), kind),
        movies=movie_frame(movie_table(plain), kind),
        model=KerasView(dataclasses.replace(plain, frame_kind=kind), offset),
        l2_model=KerasView(dataclasses.replace(penalised, frame_kind=kind), offset),
        uid=UID if data is None else whole.ratings.users.ids()[0],
        offset=offset,
        train=train,
        holdout=holdout,
        data=whole,
    )


def default_kind() -> str:
    """Return "pandas", the exercise's library, if it is installed, else "polars"."""
    return "pandas" if find_spec("pandas") else "polars"


def require(*modules: str) -> None:
    """Check that these `modules`, which the tutorial uses, are installed.

    It is the first line of each notebook.

    Raises
    ------
    ImportError
        If one is not; the message says which `pip install` brings it.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise ImportError(
            f"this notebook needs {' and '.join(missing)}. Install with pip install {_EXTRA}, then "
            "restart it."
        )


def needs(*modules: str) -> bool:
    """Return whether these `modules`, which part of a notebook uses, are installed.

    If not, say how to install what is missing.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        say(f"This part needs {' and '.join(missing)}: pip install {_EXTRA}, then run the notebook again.")
    return not missing


def rating_table(ratings: Ratings, mean: float) -> pl.DataFrame:
    """Return the ratings as the exercise's `df`."""
    table = ratings.to_frame().select(names.USER_ID, names.ITEM_ID, names.RATING)
    table = pl.DataFrame(table).rename({names.USER_ID: "userId", names.ITEM_ID: "movieId"})
    return table.with_columns(pl.col("rating").cast(pl.Float64)).with_columns(y=pl.col("rating") - mean)


def movie_table(model: FactorModel) -> pl.DataFrame:
    """Return the catalog of a model as the exercise's `movies`; columns that it does not have stay away."""
    frame = model.catalog.frame  # type: ignore[union-attr]
    frame = frame.filter(pl.col("n_ratings") > 0).rename({names.ITEM_ID: "movieId"})
    first = [
        name
        for name in ("movieId", "title", "genres", "key", "year", "n_ratings", "mean_rating")
        if name in frame.columns
    ]
    return frame.select(*first, pl.exclude(first))


def movie_frame(table: pl.DataFrame, kind: str) -> Any:
    """Return `movies` in another library; in pandas its index is the id, as in the exercise."""
    frame = from_polars(table, kind)
    if kind == "pandas":
        frame.index = frame["movieId"].to_numpy()
    return frame


@lru_cache(maxsize=1)
def _trained() -> tuple[Dataset, Ratings, Ratings, FactorModel, FactorModel]:
    """The models of the bundled ratings; immutable, so that one training serves every setup."""
    from palate import datasets

    return _train(datasets.load("movielens-small"))


def _train(data: Dataset) -> tuple[Dataset, Ratings, Ratings, FactorModel, FactorModel]:
    whole = Baseline().fit(data.ratings, catalog=data.catalog, callback=silent)
    held_out = whole.ratings.held_out.astype(bool)  # type: ignore[union-attr]
    train, holdout = data.ratings.select(~held_out), data.ratings.select(held_out)

    plain, penalised = (
        fit_to_the_end(without_biases(strength, to_the_end=True), train, whole)
        for strength in (0.0, STRENGTH)
    )
    return data, train, holdout, plain, penalised
