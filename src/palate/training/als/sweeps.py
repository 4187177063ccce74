"""Alternating least squares: the run itself, apart from its input (`problem`) and its result
(`FactorModel`).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from palate.factors.likelihood.normal import Gaussian, NormalNoise
from palate.model.history import SweepReport
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, Solved, Solver, row_strength, solve_rows, unobserved_loss
from palate.training.als.bins import Shifts, TimeBins
from palate.training.als.features import RidgeLink
from palate.training.trainer import Callback
from palate.training.training_data import Problem

_GROWTH = 1.1
_LAST_STEPS, _LAST_TOLERANCE = 300, 1e-6

Links = tuple[RidgeLink | None, RidgeLink | None]  # of users and items


@dataclass(frozen=True)
class Stopping:
    """When to stop: after `max_sweeps`, or after `patience` sweeps in a row without a relative gain
    of `tolerance`.

    The gain is that of the validation error, or without validation ratings that of the objective.
    """

    max_sweeps: int
    tolerance: float
    patience: int
    on_objective: bool = False  # even when ratings are held out
    steps: int = 0  # of conjugate gradients in each half of a sweep; 0 solves exactly


@dataclass
class Run:
    """The state of a run: the best sweep so far and what led there."""

    users: Side
    items: Side
    reports: list[SweepReport] = field(default_factory=list)
    best: float = math.inf
    best_sweep: int = 0
    idle: int = 0  # sweeps since the last gain of more than the tolerance
    reference: float = math.inf  # the error that a gain is measured against
    size: float = 0.0  # sum of squares of the users' factors of the last sweep
    n_double: int = 0
    stopped: str = ""
    interrupted: bool = False
    user_weights: np.ndarray | None = None  # of the users' features, at the best sweep
    item_weights: np.ndarray | None = None
    shifts: Shifts | None = None  # of the time bins, at the best sweep


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a run stands after a half sweep: enough to go on from."""

    run: Run
    users: Side
    items: Solved
    weights: list[np.ndarray | None]  # of the features of users and items
    sweep: int  # the last one that was begun
    halfway: bool  # whether its users are still to be solved


class Kept(Protocol):
    """What holds where a run stands, such as a file."""

    def load(self) -> Standing | None:
        """Return where the run stood, if it was begun before."""

    def save(self, standing: Standing) -> None:
        """Hold where the run stands now."""


@dataclass(frozen=True, eq=False)
class _Half:
    """One half of a sweep: the side it solves, with all that does not change."""

    rows: Rows
    prior: RowPrior
    link: RidgeLink | None
    likelihood: NormalNoise
    mean: float
    steps: int
    threads: int
    solver: Solver

    def solve(
        self, own: Side, other: Side, weights: np.ndarray | None, stats: bool = False
    ) -> tuple[Solved, np.ndarray | None]:
        """Return the side solved given the other, and the weights of its features; `own` is how it stands."""
        prior_mean = None
        if self.link is not None and weights is not None:
            weights = self.link.fit(own, weights, self.threads)
            prior_mean = self.link.prior_mean(weights, self.threads)
        rows = self.likelihood.working(self.rows, own, other, self.mean, self.threads)
        solved = self.solver(
            rows,
            other,
            self.mean,
            self.prior,
            stats=stats and self.likelihood.linear,
            double=_needs_double(self.prior),
            steps=self.steps,
            present=own,
            prior_mean=prior_mean,
            threads=self.threads,
        )
        if stats and not self.likelihood.linear:
            sums = self.likelihood.errors(self.rows, solved.side, other, self.mean, self.threads)
            solved = replace(solved, stats=np.array([[*sums, 0.0, 0.0]]))
        return solved, weights


def run_sweeps(
    problem: Problem,
    user_prior: RowPrior,
    item_prior: RowPrior,
    start: tuple[Side, Side],
    stopping: Stopping,
    *,
    callback: Callback | None = None,
    after_sweep: Callable[[Run], None] | None = None,
    links: Links = (None, None),
    likelihood: NormalNoise | None = None,
    bins: TimeBins | None = None,
    threads: int = 1,
    solver: Solver = solve_rows,
    kept: Kept | None = None,
) -> Run:
    """Solve items and users in turn until nothing is gained, and return the run with the sides of
    its best sweep.

    Each sweep solves the items first and the users last, so that a user's vector is what fold-in
    finds from the user's ratings. The `likelihood` is Gaussian unless another is given. An interrupt (Ctrl-C)
    ends the run with the last whole sweep; before the first whole sweep it is raised. `solver`
    solves the rows of each half, with the arguments and the result of `solve_rows`. With `kept`,
    which takes no bins, a run goes on from the last half sweep that it holds.
    """
    run = Run(*start)
    rest = (Gaussian() if likelihood is None else likelihood, problem.mean, stopping.steps, threads, solver)
    by_user, by_item = (
        _Half(problem.by_user, user_prior, links[0], *rest),
        _Half(problem.by_item, item_prior, links[1], *rest),
    )
    if bins is not None:
        by_user = replace(by_user, rows=bins.time_bins.columns_of(problem.by_user, 0))
        by_item = replace(by_item, rows=bins.time_bins.columns_of(problem.by_item, 1))
        run.shifts = bins.start(start[0].factors.shape[1])
    shifts = run.shifts
    items = Solved(start[1], np.empty((0, 4)), 0)
    at = Standing(run, start[0], items, [None if link is None else link.start() for link in links], 0, False)
    at = (None if kept is None else kept.load()) or at
    run, users, items, weights = at.run, at.users, at.items, at.weights
    try:
        for sweep in range(at.sweep + (not at.halfway), stopping.max_sweeps + 1):
            if run.idle >= stopping.patience:  # the run had ended when it was left
                run.stopped = _no_gain(problem, stopping)
                break
            began = time.perf_counter()
            if bins is not None and shifts is not None and sweep > 1:
                shifts = bins.solve(problem.by_user, (users, items.side), shifts)
            if not (at.halfway and sweep == at.sweep):
                items, weights[1] = by_item.solve(items.side, _met(bins, 0, users, shifts), weights[1])
                if kept is not None:
                    kept.save(Standing(run, users, items, weights, sweep, True))
            met = _met(bins, 1, items.side, shifts)
            solved, weights[0] = by_user.solve(users, met, weights[0], stats=True)
            users = solved.side
            report = _report(by_user, by_item, problem, solved, items, sweep, weights, bins, shifts)
            report = replace(report, seconds=time.perf_counter() - began)
            _keep(run, report, solved, items, weights, stopping, shifts)
            if kept is not None:
                kept.save(Standing(run, users, items, weights, sweep, False))
            if after_sweep is not None:
                after_sweep(run)
            if callback is not None and callback(report) is False:
                run.stopped = f"The callback ended training after sweep {sweep}."
                break
            if run.idle >= stopping.patience:
                run.stopped = _no_gain(problem, stopping)
                break
        else:
            run.stopped = f"The limit of {stopping.max_sweeps} sweeps was reached."
    except KeyboardInterrupt:
        if not run.reports:
            raise
        run.interrupted, run.stopped = True, f"Interrupted after {len(run.reports)} complete sweeps."
    if stopping.steps:  # a stored user is what fold-in finds, so the users' last solve is to the end
        run.users = _to_the_end(by_user, run, _met(bins, 1, run.items, run.shifts))
    return run


def _met(bins: TimeBins | None, number: int, side: Side, shifts: Shifts | None) -> Side:
    """Return the vectors of side `number` as the other side's rows meet them."""
    return (
        side if bins is None or shifts is None else bins.time_bins.columns(number, side, shifts, bins.threads)
    )


def _to_the_end(by_user: _Half, run: Run, items: Side) -> Side:
    """Return the users of the best sweep, solved by conjugate gradients until nothing is left to gain."""
    link, weights = by_user.link, run.user_weights
    means = None if link is None or weights is None else link.prior_mean(weights, by_user.threads)
    return by_user.solver(
        by_user.rows,
        items,
        by_user.mean,
        by_user.prior,
        steps=_LAST_STEPS,
        tolerance=_LAST_TOLERANCE,
        present=run.users,
        prior_mean=means,
        threads=by_user.threads,
    ).side


def _needs_double(prior: RowPrior) -> bool:
    """Return whether a penalty is zero, so that float32 would break down on rows with few ratings."""
    diagonal = np.diagonal(prior.precision[0])
    return bool(prior.n_factors and (diagonal[:-1] <= 0).any())


def _keep(
    run: Run,
    report: SweepReport,
    solved: Solved,
    items: Solved,
    weights: list[np.ndarray | None],
    stopping: Stopping,
    shifts: Shifts | None,
) -> None:
    """Add a sweep to the run; its sides replace the best ones if its error is lower."""
    error = math.inf if report.objective is None else report.objective
    if report.validation_mse is not None and not stopping.on_objective:
        error = math.sqrt(report.validation_mse)
    run.reports.append(report)
    run.n_double = max(run.n_double, solved.n_double + items.n_double)
    if error < run.best or not run.best_sweep:
        run.best, run.best_sweep, run.users, run.items = error, report.sweep, solved.side, items.side
        run.user_weights, run.item_weights = weights
        run.shifts = shifts
    size = float(np.square(solved.side.factors, dtype=np.float64).sum())
    growing, run.size = size > _GROWTH * run.size, size
    if error < run.reference * (1 - stopping.tolerance):
        run.reference, run.idle = error, 0
    elif not growing:  # small starting factors have to grow before they can lower the error
        run.idle += 1


def _no_gain(problem: Problem, stopping: Stopping) -> str:
    what = "The validation error" if problem.held_out.any() and not stopping.on_objective else "The objective"
    sweeps = "one sweep" if stopping.patience == 1 else f"{stopping.patience} sweeps"
    return f"{what} fell by less than {stopping.tolerance:.2%} in {sweeps}."


def _report(
    by_user: _Half,
    by_item: _Half,
    problem: Problem,
    users: Solved,
    items: Solved,
    sweep: int,
    weights: list[np.ndarray | None],
    bins: TimeBins | None,
    shifts: Shifts | None,
) -> SweepReport:
    squared, absolute, dropout, imputed = users.stats.sum(axis=0)
    train_mse, train_mae = squared / problem.total_weight, absolute / problem.total_weight
    objective = squared + dropout
    w0, r0 = by_user.prior.unobserved_weight, by_user.prior.imputed
    if w0:
        objective += w0 * (
            unobserved_loss(users.side, items.side, problem.mean, r0, by_user.threads) - imputed
        )
    for half, side, own in zip((by_user, by_item), (users.side, items.side), weights, strict=True):
        if half.link is None or own is None:
            objective += penalty(side, half.prior, half.rows.counts, half.rows.n_columns)
        else:
            objective += half.link.penalty(side, own, half.threads) + half.prior.l1_bias * float(
                np.abs(side.bias).sum()
            )
    if bins is not None and shifts is not None:
        objective += bins.penalty(shifts)
    figures: dict[str, float | None] = {}
    if problem.held_out.any():
        user_index, item_index, values = problem.validation
        if bins is not None and shifts is not None:
            found = bins.predict(problem, (users.side, items.side), shifts)
        else:
            found = problem.predict(user_index, item_index, users.side, items.side, by_user.threads)
        errors = values - by_user.likelihood.rating(found)
        mse = float(np.mean(errors.astype(np.float64) ** 2))
        figures = {
            "validation_mse": mse,
            "validation_rmse": math.sqrt(mse),
            "validation_mae": float(np.mean(np.abs(errors), dtype=np.float64)),
        }
    return SweepReport(
        sweep=sweep,
        seconds=0.0,
        objective=float(objective),
        train_mse=float(train_mse),
        train_rmse=math.sqrt(train_mse),
        train_mae=float(train_mae),
        **figures,
    )


def penalty(side: Side, prior: RowPrior, counts: np.ndarray, n_columns: int) -> float:
    """Return what one side's factors and biases cost in the objective, for a diagonal precision and
    mean 0.
    """
    diagonal = np.diagonal(prior.precision[0]).astype(np.float64)
    k = prior.n_factors
    strength = row_strength(counts, n_columns, prior).astype(np.float64)
    squares = np.einsum("nf,nf->n", side.factors, side.factors, dtype=np.float64) * (
        diagonal[0] if k else 0.0
    )
    bias = side.bias.astype(np.float64)
    return float(strength @ squares + diagonal[-1] * (bias @ bias) + prior.l1_bias * np.abs(bias).sum())
