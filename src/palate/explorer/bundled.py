"""The models that the explorer shows when none is named: trained on the ratings that come with palate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from palate import datasets
from palate.data.ratings import Ratings
from palate.splits import random
from palate.training.als.least_squares import LeastSquares

BEFORE, AFTER, DEFAULT = "before", "after", "recommender"
SHARE = 0.1  # of the ratings, put aside for the figures
SECONDS = 15.0  # in which the default model chooses how to rank
_FACTORS, _SWEEPS = 8, 20  # of the lesson's model, which nothing keeps from fitting noise


def train_bundled(folder: Path, step: Callable[[str], Any]) -> tuple[list[Path], Ratings]:
    """Train the default model and the lesson's before and after; return their files and the ratings
    that none of them saw.

    Parameters
    ----------
    folder : Path
        Where the files go.
    step : callable
        Is called with what is done next, in words.
    """
    from palate.recommender.recommender import Recommender

    data = datasets.load("movielens-small")
    split = random(data.ratings, SHARE, seed=0)
    step("training before: the lesson's model, which nothing holds back (1 of 3)")
    loose = LeastSquares(
        n_factors=_FACTORS,
        biases=False,
        l2_user=0.0,
        l2_item=0.0,
        l2_scaling=0.0,
        max_sweeps=_SWEEPS,
        patience=_SWEEPS,
    )
    models: dict[str, Any] = {
        BEFORE: loose.fit(split.train, validation=0, catalog=data.catalog, callback=_quiet)
    }
    step("training after: palate's least squares (2 of 3)")
    models[AFTER] = LeastSquares().fit(split.train, catalog=data.catalog, callback=_quiet)
    step("training recommender: the default, which chooses how to rank (3 of 3)")
    models[DEFAULT] = Recommender(seconds=SECONDS).fit(split.train, catalog=data.catalog)
    paths = []
    for name in (DEFAULT, AFTER, BEFORE):
        paths.append(folder / f"{name}.palate")
        models[name].save(paths[-1])
    return paths, split.test


def _quiet(report: Any) -> None:
    """Stands in for the progress bar."""
