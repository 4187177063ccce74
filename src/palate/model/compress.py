"""One point model instead of many draws: the best product with a given number of factors, for serving."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, is_integer
from palate._random import Stream, key_of
from palate.data.matrix import RatingMatrix
from palate.factors.pairs import Pairs
from palate.factors.taking import changed
from palate.solve.prior import RowPrior

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel

_MORE = 8  # further directions, with which the wanted ones converge sooner
_STEPS, _TOLERANCE = 12, 1e-6
_PAIRS = 1 << 20  # training pairs on which the loss is measured


def compress(model: "FactorModel", k: int) -> "FactorModel":
    """Return a point model of k factors that predicts nearly as the mean over draws does.

    See `FactorModel.compress`.
    """
    user_index, item_index, values = _trained_pairs(_checked(model, k))
    before = model.score_pairs(user_index, item_index).astype(np.float64)
    noise = values - before if model.noise_sd is None else Pairs.of(model, user_index, item_index).noise()
    error = float(np.mean(noise**2))
    users, items = _factors(model, k)
    biases = model.user_bias, model.item_bias
    user_bias, item_bias = (bias.mean(axis=0, dtype=np.float64) for bias in biases)
    point = changed(
        model,
        user_factors=users[None].astype(np.float32),
        item_factors=items[None].astype(np.float32),
        user_bias=user_bias[None].astype(np.float32),
        item_bias=item_bias[None].astype(np.float32),
        global_mean=np.array([model.global_mean.mean()]),
        user_prior=_prior(model.user_prior, users, user_bias, error),
        item_prior=_prior(model.item_prior, items, item_bias, error),
        noise_sd=None,
        user_noise=None,
        item_noise=None,
        context=None,
        spread=None,
        user_link=None,
        item_link=None,
        fold=None,
        trainer={**model.trainer, "compressed_to": k},
    )
    loss = np.sqrt(np.mean((before - point.score_pairs(user_index, item_index)) ** 2))
    what = f"Compressed from {model.n_draws} draws of {model.n_factors} factors to one of {k}"
    note = f"{what}: predictions of training pairs differ by {loss:.4f} (RMSE)."
    return changed(point, history=replace(model.history, notes=(*model.history.notes, note)))


def _checked(model: "FactorModel", k: int) -> RatingMatrix:
    """Return the ratings of a model that can be compressed to k factors."""
    if not is_integer(k):
        raise ArgumentTypeError("k", "be an integer", f"{k!r}")
    most = model.n_draws * model.n_factors
    if not 1 <= k <= most:
        raise ArgumentError("k", f"be between 1 and {most}, the factors of all draws together", f"{k}")
    if not model.likelihood.linear:
        got = f"{model.link!r}, whose mean over draws is not a product of factors"
        raise ArgumentError("compress", "be used with a model with the link 'identity'", got)
    if model.ratings is None:
        needs = "compress needs the ratings of the model to measure its loss"
        raise ValueError(f"{needs}; this model was saved without them.")
    return model.ratings


def _factors(model: "FactorModel", k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return user and item factors whose product is the truncated SVD of the mean product.

    Subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4), until what the subspace holds
    no longer grows.
    """
    from palate.kernels.random import fill_normal

    width = min(k + _MORE, model.n_users, model.n_items)
    start = np.empty((model.n_items, width), np.float32)
    fill_normal(key_of(0, 0, Stream.COMPRESS), 0, start)
    image, before = _times(model.user_factors, model.item_factors, start), 0.0
    for _ in range(_STEPS):
        across = _times(model.item_factors, model.user_factors, np.linalg.qr(image).Q)
        basis = np.linalg.qr(across).Q
        image = _times(model.user_factors, model.item_factors, basis)
        size = float(np.square(image).sum())
        if size - before <= _TOLERANCE * size:
            break
        before = size
    left, values, right = np.linalg.svd(image, full_matrices=False)
    kept = min(k, width)
    users, items = np.zeros((model.n_users, k)), np.zeros((model.n_items, k))
    root = np.sqrt(values[:kept])
    users[:, :kept] = left[:, :kept] * root
    items[:, :kept] = (basis @ right[:kept].T) * root
    return users, items


def _times(rows: np.ndarray, columns: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return the mean over draws of `P_d (Q_d' table)`, float64."""
    total = np.zeros((rows.shape[1], table.shape[1]))
    single = table.astype(np.float32)
    for one, other in zip(rows, columns, strict=True):
        total += one @ (other.T @ single)
    return total / len(rows)


def _prior(prior: RowPrior, factors: np.ndarray, bias: np.ndarray, error: float) -> RowPrior:
    """Return the normal distribution of the rows themselves, in units in which a rating has precision 1."""
    rows = np.column_stack([factors, bias])
    covariance = np.atleast_2d(np.cov(rows.T, bias=True))
    covariance[np.diag_indices(len(covariance))] += 1e-6 * max(np.trace(covariance) / len(covariance), 1e-6)
    precision = max(error, 1e-6) * np.linalg.inv(covariance)
    mean = rows.mean(axis=0)[None].astype(np.float32)
    return RowPrior(precision=precision[None].astype(np.float32), mean=mean, bias=prior.bias)


def _trained_pairs(ratings: RatingMatrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return indexes and values of training pairs, evenly spaced ones if they are very many."""
    places = np.arange(len(ratings)) if ratings.held_out is None else np.flatnonzero(~ratings.held_out)
    places = places[:: max(1, len(places) // _PAIRS)]
    users = np.searchsorted(ratings.indptr, places, side="right") - 1
    return users, ratings.items[places].astype(np.int64), ratings.values(places).astype(np.float64)
