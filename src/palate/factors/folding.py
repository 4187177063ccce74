"""Fold-in: rows that were not in training are solved for, or drawn, with the other side's vectors fixed.

A point estimate has the row solver's answer. With draws of a posterior a row is drawn once for each
(`palate.factors.fold_sampler`), so that it carries what is not known of it. Users of a model of
choices are sums over their items.
"""

import numpy as np

from palate._checks import ArgumentError
from palate.factors.factors import Factors
from palate.factors.fold_sampler import draw_rows
from palate.factors.folded_rows import FoldedRows, TimedRows, ToFold
from palate.factors.sides import SideName, other_side
from palate.factors.sums import SumFold
from palate.solve.features import BAG, FeatureBlock, FeatureLink
from palate.solve.prior import RowPrior
from palate.solve.rows import LANES, Side, solve_rows


def fold_rows(factors: Factors, side: SideName, asked: ToFold) -> FoldedRows:
    """Return rows of one side for each draw, given their ratings as the trainer saw them."""
    if factors.sums is not None:
        return _summed(factors, factors.sums, asked)
    own, others = factors.side(side), factors.side(other_side(side)).padded
    timed = None
    if side == "user" and factors.time is not None:
        timed = TimedRows(factors, factors.time, asked.rows, asked.times)
    drawn = factors.has_posterior or factors.user.noise is not None or factors.likelihood.discrete
    if drawn:  # a single draw, too
        return draw_rows(factors, side, asked, others, prior_means(own.features, own.prior, asked), timed)
    given = None
    if own.features is not None or asked.features:
        given = prior_means(own.features, own.prior, asked)
    return _solved(factors, own.prior, asked, others, given, timed)


def _solved(
    factors: Factors,
    prior: RowPrior,
    asked: ToFold,
    others: list[Side],
    means: list[np.ndarray] | None,
    timed: TimedRows | None,
) -> FoldedRows:
    """Return rows by least squares, with the other side's vectors fixed."""
    # the columns of timed rows are items as they are in a time bin
    rows, threads = asked.rows if timed is None else timed.rows, asked.threads

    def solve(other: Side, mean: float, draw: int) -> Side:
        nothing = np.zeros((rows.n_rows, prior.n_factors + 1), np.float32)
        side = Side.padded(nothing[:, :-1], nothing[:, -1])
        own, double = None if means is None else means[draw], prior.lacks_penalty
        for _ in range(factors.likelihood.fold_steps):
            working = factors.likelihood.working(rows, side, other, mean, threads)
            side = solve_rows(
                working, other, mean, prior, draw=draw, double=double, threads=threads, prior_mean=own
            ).side
        return side

    columns = others if timed is None else [timed.columns(others, draw) for draw in range(len(others))]
    sides = [solve(other, float(factors.mean[draw]), draw) for draw, other in enumerate(columns)]
    found = FoldedRows.of(sides, prior.n_factors)
    return found if timed is None else timed.in_last_time_bins(found, [])


def _summed(factors: Factors, sums: SumFold, asked: ToFold) -> FoldedRows:
    """Return users of a model of choices: the sum over their items, as the stored users are."""
    if isinstance(asked.features, dict) and asked.features:
        given = next(iter(asked.features))
        raise ArgumentError("features", "be features of the model, which has none of users", f"{given!r}")
    vectors = sums.users(asked.rows, factors.item.factors[0], asked.threads, asked.times)
    return FoldedRows(vectors[None], np.zeros((1, asked.rows.n_rows), np.float32))


def prior_means(link: FeatureLink | None, prior: RowPrior, asked: ToFold) -> list[np.ndarray]:
    """Return the prior mean of each row for each draw, float32 (n_rows, n_factors + 1).

    Raises
    ------
    ValueError
        If there are values of features, but the model has no features of this side.
    """
    (n_draws, width), rows, features = prior.mean.shape, asked.rows, asked.features
    if link is None:
        if features:
            must = "be left out for a model trained without features of this side"
            raise ArgumentError("features", must, f"{features!r}")
        return [np.repeat(mean[None], rows.n_rows, axis=0) for mean in np.asarray(prior.mean, np.float32)]
    each = features if isinstance(features, list) else [features or {}]
    if rows.n_rows == 1:
        return list(link.prior_mean(prior.mean, rows.columns, each[0])[:, None, :])
    block = FeatureBlock.of_rows(rows)
    rest = np.stack([link.prior_mean(prior.mean, np.empty(0, np.int64), own) for own in each], axis=1)
    means = []
    for draw in range(n_draws):
        total = np.zeros((rows.n_rows, -(-width // LANES) * LANES), np.float32)
        for group in link.groups:
            if group.kind == BAG:
                table = np.zeros((block.n_columns, total.shape[1]), np.float32)
                table[:, :width] = group.weights[draw]
                block.times(table, total, asked.threads)
        means.append(total[:, :width] + rest[draw])
    return means
