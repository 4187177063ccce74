"""A run of Gibbs chains: sweeps, reports, checkpoints, and the check whether it was long enough."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from palate.model.history import SweepReport
from palate.training.gibbs.chain import ChainModel, ChainState, sweep
from palate.training.gibbs.chain_file import load_chain, save_chain
from palate.training.gibbs.clock import Clock
from palate.training.gibbs.convergence import effective_size, split_rhat
from palate.training.gibbs.draws import Kept, Monitor, Plan, count, predictions
from palate.training.reports import sweep_report
from palate.training.training_data import Problem

_SAVE_SHARE = 0.05  # of the time that checkpoints may take
_HIGH_RHAT = 1.1
_FALLING = 3e-4  # relative fall of the error over the last quarter that says a chain was too short


@dataclass(frozen=True, eq=False)
class Judge:
    """The chain and its plan, and the data and monitored predictions by which its draws are judged."""

    model: ChainModel
    plan: Plan
    problem: Problem
    monitor: Monitor


@dataclass
class Run:
    """The result of a run."""

    kept: Kept = field(default_factory=Kept)
    reports: list[SweepReport] = field(default_factory=list)
    stopped: str = ""
    interrupted: bool = False
    complete: bool = False  # every sweep was made
    notes: list[str] = field(default_factory=list)


def run_chains(
    judge: Judge,
    begin: Callable[[int], ChainState],
    saver: "Saver",
    *,
    callback: Callable[[SweepReport], object],
    threads: int,
    seed: int,
) -> Run:
    """Make all sweeps of all chains and return what was kept.

    An interrupt (Ctrl-C) ends the run with the draws so far; before the first kept draw it is raised.
    """
    run, plan, first, made = Run(), judge.plan, 0, 0
    state: ChainState | None = None
    if (found := saver.load()) is not None:
        first, made, state, run.kept, run.reports = found
        run.notes.append(f"The run continued from {saver.path} after sweep {made} of chain {first + 1}.")
    try:
        for chain in range(first, plan.n_chains):
            state = begin(chain) if state is None else state
            for number in range(made + 1, plan.sweeps + 1):
                state, report = _one(judge, state, run, Clock(seed, chain, number, threads))
                last = chain + 1 == plan.n_chains and number == plan.sweeps
                saver.save(chain, number, state, run, whatever_the_cost=last)
                if callback(report) is False:
                    ended = f"The callback ended the run after sweep {number} of chain {chain + 1}."
                    return _ended(judge, run, ended)
            state, made = None, 0
    except KeyboardInterrupt:
        if not run.kept.draws:
            raise
        run.interrupted = True
        return _ended(judge, run, f"Interrupted after {len(run.reports)} complete sweeps.")
    run.complete = True
    chains = "" if plan.n_chains == 1 else f" in each of {plan.n_chains} chains"
    ended = f"All {plan.sweeps} sweeps{chains} were made, of which {plan.burn_in} were burn-in."
    return _ended(judge, run, ended)


def _one(judge: Judge, state: ChainState, run: Run, clock: Clock) -> tuple[ChainState, SweepReport]:
    """Make one sweep, count it, and report it."""
    began, model, plan = time.perf_counter(), judge.model, judge.plan
    state = sweep(model, state, clock)
    found = predictions(model, state, judge.monitor)
    kept = run.kept
    if clock.sweep > plan.burn_in:
        count(kept, model, state, found, plan.keeps(clock.chain, clock.sweep))
        found = kept.total / kept.n_counted
        kept.means.append(_rmse(found, judge.monitor))
    train = validation = None
    if state.errors is not None:
        squared, absolute = (total / judge.problem.total_weight for total in state.errors)
        train = squared * model.unit**2, absolute * model.unit
    if judge.monitor.held_out:
        errors = found - judge.monitor.values
        validation = float(np.mean(errors**2)), float(np.mean(np.abs(errors)))
    number = clock.chain * plan.sweeps + clock.sweep
    report = sweep_report(number, time.perf_counter() - began, None, train, validation)
    run.reports.append(report)
    return state, report


def _rmse(found: np.ndarray, monitor: Monitor) -> float:
    return float(np.sqrt(np.mean((found - monitor.values) ** 2)))


def _ended(judge: Judge, run: Run, stopped: str) -> Run:
    """Return how the run ended, how well the kept draws represent it, and whether it was too short."""
    run.stopped = stopped
    kept, plan, monitor = run.kept, judge.plan, judge.monitor
    if not kept.draws:
        raise ValueError(
            f"the run must keep at least one draw; it ended during the burn-in of {plan.burn_in} sweeps."
        )
    whole, part = kept.total / kept.n_counted, kept.kept_total / len(kept.draws)
    what = "held-out" if monitor.held_out else "training"
    gap = float(np.sqrt(np.mean((whole - part) ** 2)))
    run.notes.append(
        f"{len(kept.draws)} of {kept.n_counted} draws are kept; on {what} ratings their mean has RMSE "
        f"{_rmse(part, monitor):.4f}, that of all draws {_rmse(whole, monitor):.4f} (they differ by "
        f"{gap:.4f})."
    )
    run.notes.extend(_length_notes(kept, plan))
    return run


def _length_notes(kept: Kept, plan: Plan) -> list[str]:
    """Return notes on R-hat and effective size, and on chains that were too short."""
    traces = np.stack(kept.traces)
    n_chains = max(1, len(traces) // max(1, plan.sweeps - plan.burn_in))
    traces = traces[: len(traces) // n_chains * n_chains].reshape(n_chains, -1, traces.shape[1])
    if traces.shape[1] < 8:
        return [
            f"Only {traces.shape[1]} sweeps were made after burn-in, which is too few to judge convergence."
        ]
    rhat, size = split_rhat(traces), effective_size(traces)
    high, median = float(np.quantile(rhat, 0.9)), float(np.median(size))
    notes = [
        f"R-hat of predictions: {np.median(rhat):.3f} in the median, {high:.3f} at the 90th "
        f"percentile; each has the information of {median:.0f} independent draws."
    ]
    quarter = len(kept.means) // 4
    falling = quarter > 2 and kept.means[-1] < kept.means[-quarter] * (1 - _FALLING)
    if high > _HIGH_RHAT or falling:
        why = "their error still falls" if falling else "its parts disagree"
        notes.append(
            f"The chain was too short ({why}): predictions will be better with more sweeps, such "
            f"as {2 * plan.sweeps}."
        )
    return notes


class Saver:
    """Writes checkpoints, as often as their cost allows; without a path it does nothing."""

    def __init__(self, path: str | os.PathLike[str] | None, digest: str) -> None:
        self.path, self.digest = path, digest
        self.cost, self.last = 0.0, time.perf_counter()

    def load(self) -> tuple[int, int, ChainState, Kept, list[SweepReport]] | None:
        """Return what the file holds, if there is one."""
        return None if self.path is None else load_chain(self.path, self.digest)

    def save(
        self, chain: int, number: int, state: ChainState, run: Run, whatever_the_cost: bool = False
    ) -> None:
        """Save, unless the last save is too recent compared with the time that it took."""
        now = time.perf_counter()
        if self.path is None or (now - self.last < self.cost / _SAVE_SHARE and not whatever_the_cost):
            return
        save_chain(self.path, self.digest, chain, number, state, run.kept, run.reports)
        self.last = time.perf_counter()
        self.cost = self.last - now
