"""Standard errors of a least-squares model, from the curvature of its objective at the optimum.

What is computed of a model's items is kept beside the model, and shared with the small models that
stand for folded users.
"""

from dataclasses import replace

import numpy as np

from palate._parallel import check_threads
from palate.factors.draws import ADVICE
from palate.factors.factors import FactorScorer
from palate.factors.item_index import of_items, of_rows
from palate.factors.sides import SideName, other_side
from palate.solve.laplace import Half, Kept, pair_variances, standard_errors
from palate.solve.rows import Rows


def laplace_sd(
    model: FactorScorer, users: np.ndarray, items: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the standard error of what is expected of each pair, float64; -1 is an unknown row.

    Parameters
    ----------
    model : FactorModel
        A point estimate with its ratings, noise and spread.
    users, items : ndarray of shape (n,), int
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.
    """
    theirs, floor = item_curvature(model)
    own = of_rows(model, "curvature", lambda model: Kept(replace(_half(model, "user"), floor=floor)))
    parts = pair_variances(own, theirs, users, items, check_threads(threads))
    return standard_errors(*parts, *_noise_and_scale(model))


def item_curvature(model: FactorScorer) -> tuple[Kept, float]:
    """Return what is kept of a model's items, and the least precision of a user's factor.

    A small model of folded users has neither the raters of its items nor other users: it shares
    what was made for the whole one.
    """

    def build(source: FactorScorer) -> tuple[Kept, float]:
        variance = _noise_and_scale(source)[0] ** 2
        return Kept(_half(source, "item").floored(variance)), _half(source, "user").floored(variance).floor

    return of_items(model, "item curvature", build)


def _noise_and_scale(model: FactorScorer) -> tuple[float, float]:
    """Return the sd of a rating about its expectation, and the factor on standard errors."""
    noise_sd, scale = model.likelihood.noise_sd, model.factors.se_scale
    if noise_sd is None or scale is None:
        raise ValueError(f"the model must have standard errors; this one has none. {ADVICE}")
    return float(noise_sd[0]), float(scale)


def _half(model: FactorScorer, side: SideName) -> Half:
    if model.ratings is None:
        raise ValueError("the model must have its ratings to compute standard errors; it has none.")
    own, other = model.factors.side(side), model.factors.side(other_side(side))
    trained = Rows.of_matrix(model.ratings.trained())
    rows = trained if side == "user" else trained.transposed()
    return Half(rows, own.padded[0], other.padded[0], own.prior, float(model.factors.mean[0]))
