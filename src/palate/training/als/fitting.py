"""Fits by least squares: from ratings and a trainer to a FactorModel."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from palate._checks import ArgumentError, Words, check_choice, check_seed
from palate.data.catalog import Catalog
from palate.data.ratings import Ratings
from palate.factors.likelihood.links import fitted_class
from palate.factors.likelihood.normal import NormalNoise
from palate.factors.parts import parts_of_fit
from palate.model.average import average
from palate.model.factor_model import FactorModel
from palate.model.history import History
from palate.solve.confidence import Confidence
from palate.solve.prior import RowPrior
from palate.solve.rows import Side, Solver, solve_rows
from palate.solve.strengths import AUTO
from palate.training.als.bins import TimeBins
from palate.training.als.features import RidgeLink
from palate.training.als.halves import HalfSweeps, Run
from palate.training.als.standard_errors import noise_and_spread
from palate.training.als.sweeps import Links, Stopping, Sweeps
from palate.training.checks import check_fitted
from palate.training.features import SideFeatures, all_features
from palate.training.initialization import (
    SPECTRAL,
    bias_start,
    can_grow,
    factor_start,
    grown_start,
    model_start,
    spectral_start,
)
from palate.training.progress import TrainingBar
from palate.training.trainer import Callback, described
from palate.training.training_data import Problem, split_with_train

if TYPE_CHECKING:
    from palate.training.als.least_squares import LeastSquares
    from palate.training.baseline import Baseline

FactorTrainer: TypeAlias = "LeastSquares | Baseline"


@dataclass(frozen=True, kw_only=True)
class FitArguments:
    """What a fit is given beside ratings and validation, as the arguments of `LeastSquares.fit`.

    start_number : int, default 0
        Tells the random starts of one seed apart.
    solver : callable
        Solves the rows of each half sweep, with the arguments and the result of `solve_rows`.
    half_sweeps : path, optional
        File that says where the run stands after each half sweep. A run goes on from it.
    """

    catalog: Catalog | None = None
    user_table: object = None
    start: FactorModel | str | None = None
    refit: bool = False
    checkpoint: str | os.PathLike[str] | None = None
    half_sweeps: str | os.PathLike[str] | None = None
    callback: Callback | None = None
    threads: int = 1
    seed: int = 0
    start_number: int = 0
    solver: Solver = solve_rows

    @property
    def start_model(self) -> FactorModel | None:
        """The model to start from, if it is not a named start."""
        return None if isinstance(self.start, str) else self.start


def fit_factors(
    trainer: FactorTrainer, ratings: Ratings, validation: float | Ratings, arguments: FitArguments
) -> FactorModel:
    """Fit a trainer with `n_factors`, `mean`, `biases`, features, stopping rules and `priors`."""
    check_seed(arguments.seed)
    if isinstance(arguments.start, str):
        _check_named_start(arguments.start, trainer)
    start, seed, threads = arguments.start_model, arguments.seed, arguments.threads
    everything, held_out, train = split_with_train(ratings, validation, start, seed, threads)
    problem = _problem(everything, held_out, trainer, train, threads)
    return fit_problem(trainer, problem, arguments)


def fit_problem(trainer: FactorTrainer, problem: Problem, arguments: FitArguments) -> FactorModel:
    """Fit a trainer to ratings that are split and compressed already, perhaps by Spark."""
    with TrainingBar(trainer.max_sweeps, show=False if arguments.callback else None) as bar:
        task, sides = _prepared(trainer, problem, arguments)
        run = task.first_run(sides, arguments.callback or bar)
        uncertainty = task.noise_and_spread(run)
        if arguments.refit and problem.held_out.any() and not run.interrupted:
            task = task.with_held_out()
            run = task.second_run(sides, run)
    return check_fitted(task.model(run, uncertainty), trainer)


def _prepared(
    trainer: FactorTrainer, problem: Problem, arguments: FitArguments
) -> tuple["_Task", tuple[Side, Side]]:
    """Return what is to be fitted, with its priors and features, and what the sweeps begin with."""
    biases, residual_sd = bias_start(
        problem,
        l2_bias=trainer.l2_bias,
        l1_bias=trainer.l1_bias,
        biases=trainer.biases,
        threads=arguments.threads,
        solver=solve_rows if problem.holds_ratings else arguments.solver,
    )
    likelihood = fitted_class(trainer.link).fitted(problem.ratings.scale)
    if not likelihood.linear:
        problem, biases, residual_sd = _in_scores(likelihood, problem, biases, residual_sd, trainer.mean)
    priors = trainer.priors(residual_sd, problem.mean)
    features = all_features(problem, trainer, arguments.catalog, arguments.user_table)
    task = _Task(trainer, problem, likelihood, residual_sd, priors, arguments, features)
    return task, task.first_sides(biases)


def _problem(
    everything: Ratings, held_out: np.ndarray, trainer: FactorTrainer, train: Ratings | None, threads: int
) -> Problem:
    """Return the ratings that are not held out as a trainer sees them."""
    return Problem.build(
        everything,
        held_out,
        mean=trainer.mean,
        confidence=trainer.confidence,
        user_weighting=trainer.user_weighting,
        train=train,
        threads=threads,
    )


def _scaled(users: Side, scale: np.ndarray | None) -> Side:
    """Return the vectors of users, each multiplied by its scale."""
    return users if scale is None else replace(users, factors=users.factors * scale[:, None])


def _check_named_start(start: str, trainer: FactorTrainer) -> None:
    """Raise ArgumentError unless `start` is a name that the trainer can start from."""
    check_choice("start", start, (SPECTRAL,))
    if not fitted_class(trainer.link).linear:
        must = Words.of(f"be a model or left out with `link='{trainer.link}'`")
        raise ArgumentError("start", must, f"{start!r}")


def _in_scores(
    likelihood: NormalNoise, problem: Problem, biases: tuple[Side, Side], residual_sd: float, mean: bool
) -> tuple[Problem, tuple[Side, Side], float]:
    """Return mean, starting biases and the deviation that strengths are made of as scores, not ratings."""
    score = likelihood.score(problem.mean) if mean else 0.0
    slope = likelihood.slope(score)
    users, items = (Side(side.factors, (side.bias / slope).astype(np.float32)) for side in biases)
    # A rating unit is 1 / slope units of score, so the squares of factors are 1 / slope as large as
    # those for ratings. Errors stay in rating units. Penalties are therefore multiplied by the slope.
    return replace(problem, mean=score), (users, items), residual_sd * slope


@dataclass(frozen=True, eq=False)
class _Task:
    """A trainer and the ratings that it is fitted to, with the priors and features made of them."""

    trainer: FactorTrainer
    problem: Problem
    likelihood: NormalNoise
    residual_sd: float  # of the training ratings about their biases
    priors: tuple[RowPrior, RowPrior]
    arguments: FitArguments
    features: dict[str, SideFeatures]  # of "user" and "item"

    @cached_property
    def links(self) -> Links:
        """The ridge regressions of both sides on their features."""
        l2_features = self.trainer.strengths(self.residual_sd).l2_features
        both = self.problem.by_user, self.problem.by_item
        user, item = (
            RidgeLink.build(own.blocks, rows, prior, l2_features) if own.blocks else None
            for own, rows, prior in zip(self.features.values(), both, self.priors, strict=True)
        )
        return user, item

    @cached_property
    def bins(self) -> TimeBins | None:
        """The time bins, for a trainer with time."""
        trainer = self.trainer
        if not trainer.time:
            return None
        return TimeBins.of(self.problem, trainer.n_factors, trainer.l2_time, self.arguments.threads)

    def first_sides(self, biases: tuple[Side, Side]) -> tuple[Side, Side]:
        """Return what sweeps begin with: a spectral solution, grown random vectors, or those of a model."""
        trainer, problem, arguments = self.trainer, self.problem, self.arguments
        start, seed, threads = arguments.start, arguments.seed, arguments.threads
        if isinstance(start, str):
            return spectral_start(problem, biases, trainer.n_factors, seed, threads)
        k, number = trainer.n_factors, arguments.start_number
        sides = factor_start(biases, k, self.residual_sd, seed, number, threads)
        if start is None:
            if not (self.likelihood.linear and trainer.biases and can_grow(problem, self.priors)):
                return sides
            solver = solve_rows if problem.holds_ratings else arguments.solver
            return grown_start(problem, sides, self.priors, threads=threads, solver=solver)
        users, items = model_start(start, problem.ratings, sides, trainer)
        return _scaled(users, problem.user_scale), items

    def with_held_out(self) -> "_Task":
        """Return the task with the held-out ratings among those that are trained on."""
        everything, given = self.problem.ratings, self.arguments
        whole = _problem(everything, np.zeros(len(everything), bool), self.trainer, None, given.threads)
        if not self.likelihood.linear:
            whole = replace(whole, mean=self.problem.mean)
        features = all_features(whole, self.trainer, given.catalog, given.user_table)
        return replace(self, problem=whole, features=features)

    def first_run(self, start: tuple[Side, Side], callback: Callback) -> Run:
        """Sweep until the held-out ratings say to stop, and save each sweep as a checkpoint."""
        checkpoint = self.arguments.checkpoint

        def save(run: Run) -> None:
            if checkpoint is not None:
                self.model(run).save(checkpoint)

        return self._sweeps(self._half_sweeps(start)).run(start, callback=callback, after_sweep=save)

    def second_run(self, start: tuple[Side, Side], first: Run) -> Run:
        """Sweep as often as the first run did until its best sweep."""
        n, sweeps = first.best_sweep, self._sweeps()
        stopping = replace(sweeps.stopping, max_sweeps=n, tolerance=0.0, patience=n + 1)
        run = replace(sweeps, stopping=stopping).run(start)
        run.stopped = f"{first.stopped} Then trained on all ratings for {n} sweeps."
        return run

    def _sweeps(self, kept: HalfSweeps | None = None) -> Sweeps:
        trainer = self.trainer
        on_objective = trainer.unobserved_weight > 0
        return Sweeps(
            problem=self.problem,
            priors=self.priors,
            links=self.links,
            likelihood=self.likelihood,
            bins=self.bins,
            stopping=Stopping(
                trainer.max_sweeps, trainer.tolerance, trainer.patience, on_objective, trainer.steps
            ),
            threads=self.arguments.threads,
            solver=self.arguments.solver,
            kept=kept,
        )

    def _half_sweeps(self, start: tuple[Side, Side]) -> HalfSweeps | None:
        """Return the file of half sweeps; it is that of these ratings, this trainer and start alone."""
        path, problem = self.arguments.half_sweeps, self.problem
        if path is None:
            return None
        if self.trainer.time:
            raise ArgumentError("half_sweeps", Words.of(f"be left out with `time='{self.trainer.time}'`"))
        about = (problem.by_user.indptr, problem.by_item.indptr, *problem.validation, problem.mean)
        return HalfSweeps.of(path, self.trainer, start, *about, self.arguments.seed)

    def noise_and_spread(self, run: Run) -> tuple[float, float] | None:
        """Return the noise of a rating and the scale of standard errors, where they can be estimated."""
        if not self.likelihood.linear or self.bins is not None or not self.problem.holds_ratings:
            return None
        threads, seed = self.arguments.threads, self.arguments.seed
        return noise_and_spread(self.problem, run.users, run.items, self.priors, threads, seed)

    def model(self, run: Run, uncertainty: tuple[float, float] | None = None) -> FactorModel:
        """Return the FactorModel of a run's best sweep; `uncertainty` is what `noise_and_spread` found."""
        trainer, problem = self.trainer, self.problem
        weights = zip(self.features.values(), self.links, run.weights, strict=True)
        user_link, item_link = (
            features.link(link.own(own)) if link is not None and own is not None else None
            for features, link, own in weights
        )
        users, items, priors, context = run.users, run.items, self.priors, None
        if self.bins is not None and run.shifts is not None:
            (users, items), priors, context = self.bins.fitted((users, items), priors, run.shifts)
        if problem.user_scale is not None:
            users = _scaled(users, 1 / problem.user_scale)
        about = problem.model_fields(self.arguments.catalog)
        if trainer.confidence is not None:
            about["scale"] = None  # scores of counts are no ratings
        noise_sd, spread = (None, None) if uncertainty is None else uncertainty
        return FactorModel(
            **about,
            link=trainer.link,
            **parts_of_fit((users, items), trainer.n_factors, problem.mean, priors),
            trainer=_described(trainer, self.residual_sd, problem.confidence),
            history=_history(problem, self.features.values(), run),
            user_link=user_link,
            item_link=item_link,
            noise_sd=None if noise_sd is None else np.array([noise_sd]),
            context=context,
            spread=spread,
        )


def averaged(models: list[FactorModel]) -> FactorModel:
    """Return the average of fits to one split; a note of its history says how much averaging gains."""
    whole = average(models)
    note = f"The model is the average of {len(models)} fits. Sweeps and errors above are those of the first."
    if whole.ratings is not None and whole.ratings.held_out is not None and whole.scale is not None:
        rows = np.flatnonzero(whole.ratings.held_out)
        users = np.searchsorted(whole.ratings.indptr, rows, side="right") - 1
        errors = whole.score_pairs(users, whole.ratings.items[rows]) - whole.ratings.values(rows)
        note += f" Validation RMSE of the average: {np.sqrt(np.mean(errors.astype(np.float64) ** 2)):.4f}."
    return replace(whole, history=replace(whole.history, notes=(*whole.history.notes, note)))


def _described(trainer: FactorTrainer, residual_sd: float, confidence: Confidence | None) -> dict[str, Any]:
    """Return the trainer's name, hyper-parameters and the values of "auto", as `<name>_resolved`."""
    strengths = trainer.strengths(residual_sd)._asdict().items()
    auto = {name: round(value, 6) for name, value in strengths if getattr(trainer, name, None) == AUTO}
    return described(trainer, **auto) | ({} if confidence is None else confidence.described())


def _history(problem: Problem, features: Iterable[SideFeatures], run: Run) -> History:
    notes = [note for side in features for note in side.notes]
    if run.n_double:
        notes.append(
            f"{run.n_double:,} rows of a sweep were solved in float64 with a millionth of their mean "
            "diagonal added, because the penalty is zero or too small for float32."
        )
    said = "predictions come from the mean and the other side's bias"
    notes += problem.notes_on_untrained(said, said)
    return problem.history(
        sweeps=tuple(run.reports),
        best_sweep=run.best_sweep,
        stopped=run.stopped,
        interrupted=run.interrupted,
        notes=tuple(notes),
    )
