"""Alternating least squares: a run of sweeps, from where it starts to its best sweep."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from palate.factors.likelihood.normal import NormalNoise
from palate.model.history import SweepReport
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, Solved, Solver, row_strength, unobserved_loss
from palate.training.als.bins import Shifts, TimeBins
from palate.training.als.features import RidgeLink
from palate.training.als.halves import NO_STATS, HalfSweeps, Run, Standing
from palate.training.reports import Errors, sweep_report
from palate.training.trainer import Callback
from palate.training.training_data import Problem

_GROWTH = 1.1
_LAST_STEPS, _LAST_TOLERANCE = 300, 1e-6

Links = tuple[RidgeLink | None, RidgeLink | None]  # of users and items


@dataclass(frozen=True)
class Stopping:
    """When to stop: after `max_sweeps`, or after `patience` sweeps in a row without progress.

    A sweep makes no progress if it lowers the validation error by a share of less than `tolerance`,
    or if further sweeps are expected to do so (`still_to_gain`). Without validation ratings the
    objective takes the place of the error. A sweep counts as two if both the error and the
    objective are not expected to fall further.
    """

    max_sweeps: int
    tolerance: float
    patience: int
    on_objective: bool = False  # even when ratings are held out
    steps: int = 0  # of conjugate gradients in each half of a sweep; 0 solves exactly


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweeps:
    """Sweeps that solve items and users in turn until training stops: the parts that do not change.

    Each sweep solves the items first and the users last, so that the vector of a user equals what
    fold-in computes from the user's ratings. `solver` solves the rows of each half, with the
    arguments and the result of `solve_rows`. With `kept`, which cannot be combined with bins, a run
    continues after the last half sweep that is stored.
    """

    problem: Problem
    priors: tuple[RowPrior, RowPrior]  # of users and items, as all pairs below
    links: Links
    likelihood: NormalNoise
    bins: TimeBins | None
    stopping: Stopping
    threads: int
    solver: Solver
    kept: HalfSweeps | None = None

    @cached_property
    def rows(self) -> tuple[Rows, Rows]:
        """Ratings by user and by item; with bins their columns are the other side's rows in a time bin."""
        by_user, by_item = self.problem.by_user, self.problem.by_item
        if self.bins is None:
            return by_user, by_item
        return self.bins.time_bins.columns_of(by_user, 0), self.bins.time_bins.columns_of(by_item, 1)

    def run(
        self,
        start: tuple[Side, Side],
        *,
        callback: Callback | None = None,
        after_sweep: Callable[[Run], None] | None = None,
    ) -> Run:
        """Sweep and return the run with its best sweep.

        An interrupt (Ctrl-C) ends the run with the last whole sweep; before the first whole sweep it
        is raised.
        """
        at = (None if self.kept is None else self.kept.load()) or self.beginning(start)
        run = at.run
        try:
            run.stopped = self.until_stopped(at, after_sweep, callback)
        except KeyboardInterrupt:
            if not run.reports:
                raise
            run.interrupted, run.stopped = True, f"Interrupted after {len(run.reports)} complete sweeps."
        # A stored user has to equal a folded-in one, so the last users are solved exactly.
        if self.stopping.steps:
            run.users = self.to_the_end(run)
        return run

    def until_stopped(
        self, at: Standing, after_sweep: Callable[[Run], None] | None, callback: Callback | None
    ) -> str:
        """Sweep from the given state on, and return why training stopped."""
        run, stopping = at.run, self.stopping
        if run.idle >= stopping.patience:  # the run had ended when it was left
            return _no_gain(self.problem, stopping, run.reports)
        for sweep in range(at.sweep if at.halfway else at.sweep + 1, stopping.max_sweeps + 1):
            began = time.perf_counter()
            if not at.halfway:
                at.sweep = sweep
                self.solve_items(at)
            solved = self.solve_users(at)
            report = self.report(at, solved, began)
            _add(run, report, at, solved.n_double, stopping)
            self.keep(at)
            if after_sweep is not None:
                after_sweep(run)
            if callback is not None and callback(report) is False:
                return f"The callback ended training after sweep {sweep}."
            if run.idle >= stopping.patience:
                return _no_gain(self.problem, stopping, run.reports)
        return f"The limit of {stopping.max_sweeps} sweeps was reached."

    def to_the_end(self, run: Run) -> Side:
        """Return the users of the best sweep, solved by conjugate gradients until they converge."""
        link, weights, others = self.links[0], run.weights[0], self.shifted(1, run.items, run.shifts)
        own = None if link is None or weights is None else link.prior_mean(weights, self.threads)
        return self.solver(
            self.rows[0],
            others,
            self.problem.mean,
            self.priors[0],
            steps=_LAST_STEPS,
            tolerance=_LAST_TOLERANCE,
            present=run.users,
            prior_mean=own,
            threads=self.threads,
        ).side

    def beginning(self, start: tuple[Side, Side]) -> Standing:
        """Return the state at the beginning of a new run."""
        users, items = start
        weights = [None if link is None else link.start() for link in self.links]
        shifts = None if self.bins is None else self.bins.start(users.factors.shape[1])
        run = Run(users, items, shifts=shifts)
        return Standing(run, users, Solved(items, NO_STATS, 0), weights, shifts=shifts)

    def solve_items(self, at: Standing) -> None:
        """Make the first half of a sweep: the shifts of the time bins, then the items."""
        if self.bins is not None and at.shifts is not None and at.sweep > 1:
            at.shifts = self.bins.solve(self.problem.by_user, (at.users, at.items.side), at.shifts)
        others = self.shifted(0, at.users, at.shifts)
        at.items, at.weights[1] = self.solve(1, at.items.side, others, at.weights[1])
        at.halfway = True
        self.keep(at)

    def solve_users(self, at: Standing) -> Solved:
        """Make the second half of a sweep, and return the users with the sums of their errors."""
        others = self.shifted(1, at.items.side, at.shifts)
        solved, at.weights[0] = self.solve(0, at.users, others, at.weights[0], stats=True)
        at.users, at.halfway = solved.side, False
        return solved

    def solve(
        self, number: int, own: Side, other: Side, weights: np.ndarray | None, stats: bool = False
    ) -> tuple[Solved, np.ndarray | None]:
        """Return side `number` solved given the other, and its features' weights; `own` is how it stands."""
        link, likelihood, mean, prior_mean = self.links[number], self.likelihood, self.problem.mean, None
        prior = self.priors[number]
        if link is not None and weights is not None:
            weights = link.fit(own, weights, self.threads)
            prior_mean = link.prior_mean(weights, self.threads)
        solved = self.solver(
            likelihood.working(self.rows[number], own, other, mean, self.threads),
            other,
            mean,
            prior,
            double=prior.lacks_penalty,
            stats=stats and likelihood.linear,
            steps=self.stopping.steps,
            present=own,
            prior_mean=prior_mean,
            threads=self.threads,
        )
        if stats and not likelihood.linear:
            sums = likelihood.errors(self.rows[number], solved.side, other, mean, self.threads)
            solved = replace(solved, stats=np.array([[*sums, 0.0, 0.0]]))
        return solved, weights

    def keep(self, at: Standing) -> None:
        """Store the present state, if `kept` is given."""
        if self.kept is not None:
            self.kept.save(at)

    def shifted(self, number: int, side: Side, shifts: Shifts | None) -> Side:
        """Return the vectors of side `number` in every time bin, which are the other side's columns."""
        if self.bins is None or shifts is None:
            return side
        return self.bins.time_bins.columns(number, side, shifts, self.threads)

    def report(self, at: Standing, users: Solved, began: float) -> SweepReport:
        """Return the errors of a sweep that began at this time, by `time.perf_counter()`."""
        squared, absolute = users.stats[:, :2].sum(axis=0) / self.problem.total_weight
        objective, validation = self._objective(at, users), self._validation_errors(at)
        seconds = time.perf_counter() - began
        return sweep_report(at.sweep, seconds, objective, (squared, absolute), validation)

    def _objective(self, at: Standing, users: Solved) -> float:
        squared, _, dropout, imputed = users.stats.sum(axis=0)
        objective = squared + dropout
        prior, sides = self.priors[0], (at.users, at.items.side)
        if prior.unobserved_weight:
            of_all = unobserved_loss(*sides, self.problem.mean, prior.imputed, self.threads)
            objective += prior.unobserved_weight * (of_all - imputed)
        for link, prior, rows, side, own in zip(
            self.links, self.priors, self.rows, sides, at.weights, strict=True
        ):
            if link is None or own is None:
                objective += penalty(side, prior, rows.counts, rows.n_columns)
            else:
                of_bias = prior.l1_bias * float(np.abs(side.bias).sum())
                objective += link.penalty(side, own, self.threads) + of_bias
        if self.bins is not None and at.shifts is not None:
            objective += self.bins.penalty(at.shifts)
        return float(objective)

    def _validation_errors(self, at: Standing) -> Errors | None:
        """Return the errors on the held-out ratings, if there are any."""
        if not self.problem.held_out.any():
            return None
        user_index, item_index, values = self.problem.validation
        sides = (at.users, at.items.side)
        if self.bins is not None and at.shifts is not None:
            found = self.bins.predict(self.problem, sides, at.shifts)
        else:
            found = self.problem.predict(user_index, item_index, *sides, self.threads)
        errors = values - self.likelihood.rating(found)
        # without a copy in float64, which would be new memory after each sweep
        mse = float(np.einsum("i,i->", errors, errors, dtype=np.float64)) / len(errors)
        return mse, float(np.mean(np.abs(errors, out=errors), dtype=np.float64))


def _add(run: Run, report: SweepReport, at: Standing, n_double: int, stopping: Stopping) -> None:
    """Add a sweep to the run; its sides replace the best ones if its error is lower."""
    error = _error(report, stopping)
    run.reports.append(report)
    run.n_double = max(run.n_double, n_double + at.items.n_double)
    if error < run.best or not run.best_sweep:
        run.best, run.best_sweep, run.users, run.items = error, report.sweep, at.users, at.items.side
        run.weights, run.shifts = list(at.weights), at.shifts
    size = float(np.einsum("uf,uf->", at.users.factors, at.users.factors, dtype=np.float64))
    growing, run.size = size > _GROWTH * run.size, size
    gained = error < run.reference * (1 - stopping.tolerance)
    if gained:
        run.reference = error
    if _converged(run.reports, stopping):
        run.idle += 2
    elif gained and not _settled([_error(one, stopping) for one in run.reports], stopping):
        run.idle = 0
    elif not growing:  # small initial factors have to grow before they lower the error
        run.idle += 1


def _error(report: SweepReport, stopping: Stopping) -> float:
    """Return the error of a sweep that decides when to stop."""
    if report.validation_mse is not None and not stopping.on_objective:
        return math.sqrt(report.validation_mse)
    return _objective(report)


def _objective(report: SweepReport) -> float:
    return math.inf if report.objective is None else report.objective


def _converged(reports: list[SweepReport], stopping: Stopping) -> bool:
    """Return whether neither the validation error nor the objective is expected to fall further."""
    if reports[-1].validation_mse is None or stopping.on_objective:
        return False
    errors = [_error(one, stopping) for one in reports]
    return _settled(errors, stopping) and _settled([_objective(one) for one in reports], stopping)


def _settled(errors: list[float], stopping: Stopping) -> bool:
    """Return whether further sweeps are expected to lower an error by a share of less than the tolerance."""
    return still_to_gain(errors[-3:]) < stopping.tolerance * abs(errors[-1])


def still_to_gain(errors: list[float]) -> float:
    """Return by how much further sweeps are expected to lower the error, from its last two gains.

    The ratio of each gain to the one before it is assumed to stay the same, so that all further
    gains add up to a geometric series. The result is infinite if the second gain is not smaller
    than the first.

    Examples
    --------
    >>> still_to_gain([1.0, 0.875, 0.8125])
    0.0625
    >>> still_to_gain([1.0, 0.875])
    inf
    """
    if len(errors) < 3:
        return math.inf
    before, last = errors[-3] - errors[-2], errors[-2] - errors[-1]
    return last * last / (before - last) if before > last > 0 else math.inf


def _no_gain(problem: Problem, stopping: Stopping, reports: list[SweepReport]) -> str:
    if _converged(reports, stopping):
        share = f"{stopping.tolerance:.2%}"
        return f"Less than {share} of the validation error, and of the objective, was left to gain."
    what = "the validation error" if problem.held_out.any() and not stopping.on_objective else "the objective"
    sweeps = "one sweep" if stopping.patience == 1 else f"{stopping.patience} sweeps"
    return f"Less than {stopping.tolerance:.2%} of {what} was gained, or left to gain, in {sweeps}."


def penalty(side: Side, prior: RowPrior, counts: np.ndarray, n_columns: int) -> float:
    """Return what one side adds to the objective, for a diagonal precision and mean 0."""
    diagonal = np.diagonal(prior.precision[0]).astype(np.float64)
    k = prior.n_factors
    strength = row_strength(counts, n_columns, prior).astype(np.float64)
    squares = np.einsum("nf,nf->n", side.factors, side.factors, dtype=np.float64)
    squares *= diagonal[0] if k else 0.0
    bias = side.bias.astype(np.float64)
    return float(strength @ squares + diagonal[-1] * (bias @ bias) + prior.l1_bias * np.abs(bias).sum())
