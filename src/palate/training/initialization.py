"""Initial values of a run: biases from the data, small random factors, or another model."""

import math
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from palate._aligned import aligned_empty
from palate._checks import ArgumentError, Words
from palate._parallel import even_bounds, run_chunks
from palate._random import Stream, key_of
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.model.factor_model import FactorModel
from palate.solve.grades import NONE, activity, normalised
from palate.solve.prior import RowPrior
from palate.solve.rows import Side, Solver, row_strength, solve_rows
from palate.solve.spectral import sparse_times, truncated_svd
from palate.solve.strengths import ridge_prior
from palate.training.training_data import Problem

_BIAS_SWEEPS = 2
# Standard deviation of the initial factors, in the unit of the residuals. With such small values the
# first sweeps are power iterations: strong directions grow fast, and directions of noise do not. This
# lowers the error of the fit (docs/model.md, "Initial values and stopping").
_START_SCALE = 0.003
_GROWING_SWEEPS = 4
_GROWN = 0.1  # the users' products after these sweeps, as a share of the penalties on items
SPECTRAL = "spectral"  # initial values by a singular value decomposition
_POWER = 0.35  # exponent of the numbers of ratings by which it divides
_ROWS_PER_CHUNK = 1 << 13
_NO_WEIGHTS = np.empty(0, np.float32)


def bias_start(
    problem: Problem,
    *,
    l2_bias: float,
    l1_bias: float = 0.0,
    biases: bool = True,
    threads: int = 1,
    solver: Solver = solve_rows,
) -> tuple[tuple[Side, Side], float]:
    """Return the biases fitted without factors, and the sd of the training ratings around them.

    A model without biases gets biases of zero. The deviation is still that around fitted biases,
    because it is a unit for noise and factors that should not depend on the form of the model.
    """
    prior = ridge_prior(0, l2=0.0, l2_bias=max(l2_bias, 1.0), l1_bias=l1_bias)
    mean = problem.mean
    users = no_bias(problem.by_user.n_rows)
    for _ in range(_BIAS_SWEEPS):
        items = solver(problem.by_item, users, mean, prior, threads=threads).side
        solved = solver(problem.by_user, items, mean, prior, stats=True, threads=threads)
        users = solved.side
    residual_sd = math.sqrt(solved.stats[:, 0].sum() / problem.total_weight)
    if not biases:
        users, items = no_bias(problem.by_user.n_rows), no_bias(problem.by_item.n_rows)
    return (users, items), residual_sd


def no_bias(n: int) -> Side:
    return Side(np.zeros((n, 0), np.float32), np.zeros(n, np.float32))


def factor_start(
    biases: tuple[Side, Side],
    n_factors: int,
    residual_sd: float,
    seed: int,
    number: int = 0,
    threads: int = 1,
) -> tuple[Side, Side]:
    """Return both sides with the given biases, small random factors for the users and zeros for the items.

    `number` distinguishes several starts with the same seed. Factors have the square root of the
    unit of the ratings, and so do their initial values.
    """
    from palate.kernels.random import fill_normal

    users, items = biases
    factors = np.empty((len(users.bias), n_factors), np.float32)
    key = key_of(seed, number, Stream.START)
    bounds = even_bounds(len(factors), _ROWS_PER_CHUNK)
    run_chunks(lambda first, last: fill_normal(key, first, factors[first:last]), bounds, threads)
    factors *= np.float32(_START_SCALE * math.sqrt(residual_sd))
    nothing = np.zeros((len(items.bias), n_factors), np.float32)
    return Side.padded(factors, users.bias), Side.padded(nothing, items.bias)


def can_grow(problem: Problem, priors: tuple[RowPrior, RowPrior]) -> bool:
    """Return whether `grown_start` can be used for these ratings and penalties."""
    return problem.confidence is None and all(
        prior.n_factors and prior.precision[0, 0, 0] > 0 and not prior.unobserved_weight for prior in priors
    )


def grown_start(
    problem: Problem,
    start: tuple[Side, Side],
    priors: tuple[RowPrior, RowPrior],
    *,
    threads: int,
    solver: Solver = solve_rows,
) -> tuple[Side, Side]:
    """Return both sides after four sweeps that leave out products of factors.

    The sweeps begin at the biases and factors of `start`. While factors are small, a sweep is a
    power iteration, in which the scale of the factors does not matter. Afterwards the users'
    factors are scaled so that their products are a tenth of the penalties on the items, and the
    items are those of `start` again.
    """
    (users, items), mean = start, problem.mean
    grown = partial(solver, first_order=True, threads=threads)
    for _ in range(_GROWING_SWEEPS):
        items = grown(problem.by_item, users, mean, priors[1], present=items).side
        users = grown(problem.by_user, items, mean, priors[0], present=users).side
        _bring_near_one(users.factors)
    squares = np.einsum("uf,uf->u", users.factors, users.factors, dtype=np.float64)
    penalties = row_strength(problem.by_item.counts, problem.by_item.n_columns, priors[1])
    penalties = penalties * float(priors[1].precision[0, 0, 0])
    products = float(squares @ problem.by_user.counts)
    scale = math.sqrt(_GROWN * float(penalties.sum(dtype=np.float64)) / products) if products > 0 else 1.0
    scaled = np.multiply(users.factors, np.float32(scale), out=aligned_empty(*users.factors.shape))
    return replace(users, factors=scaled), start[1]


def _bring_near_one(factors: np.ndarray) -> None:
    """Scale factors by a power of two, which is exact, so that the largest is about 1.

    Each sweep divides factors by a penalty. Without this, four sweeps with a very weak or a very
    strong penalty leave the range of float32.
    """
    largest = float(max(factors.max(initial=0), -factors.min(initial=0)))
    if largest:
        np.ldexp(factors, -math.frexp(largest)[1], out=factors)


def spectral_start(
    problem: Problem, biases: tuple[Side, Side], n_factors: int, seed: int, threads: int
) -> tuple[Side, Side]:
    """Return both sides with given biases, and the leading factors of the residuals by an SVD.

    Each residual is divided by powers of the numbers of ratings of its user and its item, as in
    `Spectral`, and pairs without a rating count as 0. For choices, the choices themselves are
    decomposed.

    Raises
    ------
    ValueError
        If there are more factors than users or items.
    """
    rows, users, items = problem.by_user, *biases
    most = min(rows.n_rows, rows.n_columns)
    if n_factors > most:
        must = f"be at most {most:,} to start from a spectral model of these ratings"
        raise ArgumentError("n_factors", must, f"{n_factors:,}")
    left = rows.values - np.float32(problem.mean) - np.repeat(users.bias, rows.counts)
    left = left - items.bias[rows.columns]
    counts = problem.by_item.counts
    residuals = replace(rows, values=left.astype(np.float32), weights=_NO_WEIGHTS)
    table = normalised(residuals, rows.counts, counts, _POWER, _POWER)
    values, right = truncated_svd(table, table.transposed(), n_factors, passes=4, seed=seed, threads=threads)
    root = np.sqrt(values)
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    factors = sparse_times(table, np.ascontiguousarray(right, np.float32), threads) * inverse
    factors *= activity(rows.counts, _POWER)[:, None]
    others = right * root * activity(counts, _POWER)[:, None]
    vectors = factors.astype(np.float32), others.astype(np.float32)
    return Side.padded(vectors[0], users.bias), Side.padded(vectors[1], items.bias)


class HasSize(Protocol):
    """A trainer of models with a number of factors."""

    @property
    def n_factors(self) -> int: ...


def model_start(
    model: FactorModel, ratings: Ratings, fresh: tuple[Side, Side], trainer: HasSize
) -> tuple[Side, Side]:
    """Return the sides of a model to continue from, with initial values for further users and items.

    Raises
    ------
    ValueError
        If the model has another number of factors.
    """
    if model.n_draws != 1:
        raise ArgumentError("start", "be a model of one fit", f"one of {model.n_draws} draws")
    return last_draw(model, ratings, fresh, trainer)


def last_draw(
    model: FactorModel, ratings: Ratings, fresh: tuple[Side, Side], trainer: HasSize
) -> tuple[Side, Side]:
    """Return the sides of a model's last draw, which is the only one of a point estimate.

    Users and items that the model does not know start fresh.

    Raises
    ------
    ValueError
        If the model has another number of factors.
    """
    of_counts = model.trainer.get("counts", NONE) != NONE
    if of_counts != (getattr(trainer, "counts", NONE) != NONE):
        what, other = ("counts", "ratings") if of_counts else ("ratings", "counts")
        raise ArgumentError("start", f"be a model of {other} as the trainer", f"one of {what}")
    n_factors = model.user_factors.shape[2]
    if n_factors != trainer.n_factors:
        must = Words.of(f"have `n_factors={trainer.n_factors}` as the trainer")
        raise ArgumentError("start", must, f"a model with {n_factors}")
    users = _known(model.users, ratings.users, model.user_factors[-1], model.user_bias[-1], fresh[0])
    items = _known(model.items, ratings.items, model.item_factors[-1], model.item_bias[-1], fresh[1])
    return users, items


def _known(old: Vocabulary, new: Vocabulary, factors: np.ndarray, bias: np.ndarray, fresh: Side) -> Side:
    index = old.indices(new.values)
    known = index >= 0
    side = Side(fresh.factors.copy(), fresh.bias.copy())
    side.factors[known, : factors.shape[1]] = factors[index[known]]
    side.bias[known] = bias[index[known]]
    return side
