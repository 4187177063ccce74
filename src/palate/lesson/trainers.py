"""The trainers of the lesson's models, which are factors alone, without biases."""

from dataclasses import replace

from palate.data.ratings import Ratings
from palate.model.factor_model import FactorModel
from palate.training.als.least_squares import LeastSquares
from palate.training.progress import silent

N_FACTORS = 8
SWEEPS = 20  # of the models that are not stopped by validation


def without_biases(strength: float, *, to_the_end: bool) -> LeastSquares:
    """Return a trainer with one constant penalty on both sides, which may go on to the last sweep."""
    sweeps = {"max_sweeps": SWEEPS, "patience": SWEEPS} if to_the_end else {}
    return LeastSquares(
        n_factors=N_FACTORS,
        biases=False,
        l2_user=strength,
        l2_item=strength,
        l2_scaling=0.0,
        **sweeps,  # type: ignore[arg-type]
    )


def fit_to_the_end(trainer: LeastSquares, train: Ratings, whole: FactorModel) -> FactorModel:
    """Return the model after the last sweep, with the ratings and the catalog of `whole`.

    `fit` would return the sweep with the best validation error; the lesson did not stop there. The
    validation ratings are put back afterwards: they count as seen, and as ratings of their films, under
    every model alike.
    """
    model = trainer.fit(train, validation=0, callback=silent)
    return replace(model, ratings=whole.ratings, catalog=whole.catalog)
