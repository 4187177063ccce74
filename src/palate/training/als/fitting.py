"""The one path of all least squares: from ratings and a trainer to a FactorModel."""

import os
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

import numpy as np

from palate._checks import ArgumentError, Setting, Words, check_choice, check_seed
from palate.data.catalog import Catalog
from palate.data.ratings import Ratings
from palate.factors.likelihood.links import fitted_class
from palate.factors.likelihood.normal import NormalNoise
from palate.model.average import average
from palate.model.factor_model import FactorModel
from palate.model.history import History
from palate.solve.confidence import Confidence
from palate.solve.prior import RowPrior
from palate.solve.rows import Side, Solver, solve_rows
from palate.solve.strengths import AUTO, resolve_strength
from palate.training.als.bins import TimeBins
from palate.training.als.features import RidgeLink
from palate.training.als.halves import HalfSweeps
from palate.training.als.standard_errors import noise_and_spread
from palate.training.als.sweeps import Links, Run, Stopping, run_sweeps
from palate.training.checks import check_fitted
from palate.training.features import SideFeatures, all_features
from palate.training.initialization import SPECTRAL, bias_start, factor_start, model_start, spectral_start
from palate.training.progress import TrainingBar
from palate.training.trainer import Callback
from palate.training.training_data import Problem, split

if TYPE_CHECKING:
    from palate.training.als.least_squares import LeastSquares
    from palate.training.baseline import Baseline

FactorTrainer: TypeAlias = "LeastSquares | Baseline"
Priors = tuple[RowPrior, RowPrior]


class OneFit(TypedDict):
    """What is the same for each of several starts."""

    validation: float | Ratings
    refit: bool
    callback: Callback | None
    threads: int
    seed: int
    user_table: object


def fit_factors(
    trainer: FactorTrainer,
    ratings: Ratings,
    *,
    validation: float | Ratings,
    catalog: Catalog | None,
    start: FactorModel | str | None,
    refit: bool,
    checkpoint: str | os.PathLike[str] | None,
    callback: Callback | None,
    threads: int,
    seed: int,
    start_number: int = 0,
    user_table: object = None,
    solver: Solver = solve_rows,
    half_sweeps: str | os.PathLike[str] | None = None,
) -> FactorModel:
    """Fit a trainer with `n_factors`, `mean`, `biases`, features, stopping rules and `priors`."""
    check_seed(seed)
    if isinstance(start, str):
        _check_named_start(start, trainer)
    before = None if isinstance(start, str) else start
    everything, held_out = split(ratings, validation, before, seed, threads)
    problem = _problem(everything, held_out, trainer, threads)
    return fit_problem(
        trainer,
        problem,
        catalog=catalog,
        start=start,
        refit=refit,
        checkpoint=checkpoint,
        callback=callback,
        threads=threads,
        seed=seed,
        start_number=start_number,
        user_table=user_table,
        solver=solver,
        half_sweeps=half_sweeps,
    )


def fit_problem(
    trainer: FactorTrainer,
    problem: Problem,
    *,
    catalog: Catalog | None,
    start: FactorModel | str | None,
    refit: bool,
    checkpoint: str | os.PathLike[str] | None,
    callback: Callback | None,
    threads: int,
    seed: int,
    start_number: int,
    user_table: object,
    solver: Solver,
    half_sweeps: str | os.PathLike[str] | None,
) -> FactorModel:
    """Fit a trainer to ratings that are split and compressed already, perhaps somewhere else."""
    stopping = Stopping(
        trainer.max_sweeps,
        trainer.tolerance,
        trainer.patience,
        on_objective=trainer.unobserved_weight > 0,
        steps=trainer.steps,
    )
    biases, residual_sd = bias_start(
        problem,
        l2_bias=trainer.l2_bias,
        l1_bias=trainer.l1_bias,
        biases=trainer.biases,
        threads=threads,
        solver=solve_rows if problem.here else solver,
    )
    likelihood = fitted_class(trainer.link).fitted(problem.ratings.scale)
    if not likelihood.linear:
        problem, biases, residual_sd = _bent(likelihood, problem, biases, residual_sd, trainer.mean)
    priors: Priors = trainer.priors(residual_sd, problem.mean)
    sides = _first_sides(trainer, problem, biases, residual_sd, start, (seed, start_number), threads)
    how: dict[str, Any] = {"likelihood": likelihood, "threads": threads, "solver": solver}
    task = _Task.of(trainer, problem, priors, catalog, user_table, threads)
    kept = None if half_sweeps is None else _kept(half_sweeps, trainer, sides, problem, seed)

    def save(run: Run) -> None:
        if checkpoint is not None:
            _model(trainer, task, run, catalog, residual_sd).save(checkpoint)

    with TrainingBar(stopping.max_sweeps) as bar:
        run = run_sweeps(
            problem,
            *priors,
            sides,
            stopping,
            callback=callback or bar,
            after_sweep=save,
            links=task.links,
            bins=task.bins,
            kept=kept,
            **how,
        )
        sure = (
            noise_and_spread(problem, run.users, run.items, priors, threads, seed)
            if likelihood.linear and task.bins is None and problem.here
            else None
        )
        if refit and problem.held_out.any() and not run.interrupted:
            whole = _with_held_out(problem, trainer, likelihood)
            task = _Task.of(trainer, whole, priors, catalog, user_table, threads)  # bags hold them, too
            run = _refitted(run, whole, priors, sides, stopping, task, how)
    return check_fitted(_model(trainer, task, run, catalog, residual_sd, sure), trainer)


def _first_sides(
    trainer: FactorTrainer,
    problem: Problem,
    biases: tuple[Side, Side],
    residual_sd: float,
    start: FactorModel | str | None,
    seeds: tuple[int, int],
    threads: int,
) -> tuple[Side, Side]:
    """Return what the sweeps begin with: a spectral solution, random vectors, or those of a model."""
    if isinstance(start, str):
        return spectral_start(problem, biases, trainer.n_factors, seeds[0], threads)
    sides = factor_start(biases, trainer.n_factors, residual_sd, *seeds, threads)
    if start is None:
        return sides
    users, items = model_start(start, problem.ratings, sides, trainer)
    return _scaled(users, problem.user_scale), items


def _problem(everything: Ratings, held_out: np.ndarray, trainer: FactorTrainer, threads: int = 1) -> Problem:
    """Return the ratings that are not held out as a trainer sees them."""
    return Problem.build(
        everything,
        held_out,
        mean=trainer.mean,
        confidence=trainer.confidence,
        user_weighting=trainer.user_weighting,
        threads=threads,
    )


def _scaled(users: Side, scale: np.ndarray | None) -> Side:
    """Return the vectors of users multiplied by a scale each."""
    return users if scale is None else replace(users, factors=users.factors * scale[:, None])


def _check_named_start(start: str, trainer: FactorTrainer) -> None:
    """Raise ArgumentError unless `start` is a name that the trainer can start from."""
    check_choice("start", start, (SPECTRAL,))
    if not fitted_class(trainer.link).linear:
        raise ArgumentError(
            "start", Words("be a model or left out with ", Setting("link", trainer.link)), f"{start!r}"
        )


def _kept(
    path: str | os.PathLike[str],
    trainer: FactorTrainer,
    sides: tuple[Side, Side],
    problem: Problem,
    seed: int,
) -> HalfSweeps:
    """Return the file of half sweeps of a run; it is that of these ratings, this trainer and start alone."""
    if trainer.time:
        raise ArgumentError("half_sweeps", Words("be left out with ", Setting("time", trainer.time)))
    about = (problem.by_user.indptr, problem.by_item.indptr, *problem.validation, problem.mean, seed)
    return HalfSweeps.of(path, trainer, sides, *about)


def _with_held_out(problem: Problem, trainer: FactorTrainer, likelihood: NormalNoise) -> Problem:
    """Return the problem with the held-out ratings among those that are trained on."""
    everything = problem.ratings
    none = np.zeros(len(everything), bool)
    whole = _problem(everything, none, trainer)
    return whole if likelihood.linear else replace(whole, mean=problem.mean)


def _refitted(
    first: Run,
    whole: Problem,
    priors: Priors,
    sides: tuple[Side, Side],
    stopping: Stopping,
    task: "_Task",
    how: dict[str, Any],
) -> Run:
    """Return a second run on all ratings, with as many sweeps as the first run kept."""
    again = replace(stopping, max_sweeps=first.best_sweep, tolerance=0.0, patience=first.best_sweep + 1)
    run = run_sweeps(whole, *priors, sides, again, links=task.links, bins=task.bins, **how)
    run.stopped = f"{first.stopped} Then trained on all ratings for {first.best_sweep} sweeps."
    return run


def _bent(
    likelihood: NormalNoise, problem: Problem, biases: tuple[Side, Side], residual_sd: float, mean: bool
) -> tuple[Problem, tuple[Side, Side], float]:
    """Return the mean, the starting biases and the deviation that strengths are made of, in scores
    instead of rating units.
    """
    score = likelihood.score(problem.mean) if mean else 0.0
    slope = likelihood.slope(score)
    users, items = (Side(side.factors, (side.bias / slope).astype(np.float32)) for side in biases)
    # A product of factors is worth 1 / slope as much in scores, and errors stay in rating units: so
    # is the strength that suits it.
    return replace(problem, mean=score), (users, items), residual_sd * slope


@dataclass(frozen=True, eq=False)
class _Task:
    """What a run of sweeps is given: the ratings it trains on, and priors and features made of them."""

    problem: Problem
    priors: Priors
    features: dict[str, SideFeatures]  # of "user" and "item"
    links: Links
    bins: TimeBins | None = None

    @classmethod
    def of(
        cls,
        trainer: FactorTrainer,
        problem: Problem,
        priors: Priors,
        catalog: Catalog | None,
        user_table: object,
        threads: int,
    ) -> "_Task":
        features = all_features(problem, trainer, catalog, user_table)
        sides = zip(features.values(), (problem.by_user, problem.by_item), priors, strict=True)
        user, item = (
            RidgeLink.build(own.blocks, rows, prior, trainer.l2_features) if own.blocks else None
            for own, rows, prior in sides
        )
        bins = TimeBins.of(problem, trainer.n_factors, trainer.l2_time, threads) if trainer.time else None
        return cls(problem, priors, features, (user, item), bins)


def averaged(models: list[FactorModel]) -> FactorModel:
    """Return the average of fits to one split, with what it gains among the notes of its history."""
    whole = average(models)
    note = f"The model is the average of {len(models)} fits. Sweeps and errors above are those of the first."
    if whole.ratings is not None and whole.ratings.held_out is not None and whole.scale is not None:
        rows = np.flatnonzero(whole.ratings.held_out)
        users = np.searchsorted(whole.ratings.indptr, rows, side="right") - 1
        errors = whole.score_pairs(users, whole.ratings.items[rows]) - whole.ratings.values(rows)
        note += f" Validation RMSE of the average: {np.sqrt(np.mean(errors.astype(np.float64) ** 2)):.4f}."
    return replace(whole, history=replace(whole.history, notes=(*whole.history.notes, note)))


def _model(
    trainer: FactorTrainer,
    task: _Task,
    run: Run,
    catalog: Catalog | None,
    residual_sd: float,
    sure: tuple[float, float] | None = None,
) -> FactorModel:
    """Return the FactorModel of a run's best sweep; `sure` is what `noise_and_spread` found."""
    k = trainer.n_factors
    weights = zip(task.features.values(), task.links, (run.user_weights, run.item_weights), strict=True)
    user_link, item_link = (
        features.link(link.own(own)) if link is not None and own is not None else None
        for features, link, own in weights
    )
    sides, priors, context = (run.users, run.items), task.priors, None
    if task.bins is not None and run.shifts is not None:
        sides, priors, context = task.bins.fitted(sides, priors, run.shifts)
    if task.problem.user_scale is not None:
        sides = _scaled(sides[0], 1 / task.problem.user_scale), sides[1]
    about = task.problem.known(catalog)
    if trainer.confidence is not None:
        about["scale"] = None  # scores of counts are no ratings
    return FactorModel(
        **about,
        link=trainer.link,
        user_factors=sides[0].unpadded(k)[None],
        item_factors=sides[1].unpadded(k)[None],
        user_bias=sides[0].bias[None],
        item_bias=sides[1].bias[None],
        global_mean=np.array([task.problem.mean]),
        user_prior=priors[0],
        item_prior=priors[1],
        trainer=_described(trainer, residual_sd, task.problem.confidence),
        history=_history(task, run),
        user_link=user_link,
        item_link=item_link,
        noise_sd=None if sure is None else np.array([sure[0]]),
        context=context,
        spread=None if sure is None else sure[1],
    )


def _described(trainer: FactorTrainer, residual_sd: float, confidence: Confidence | None) -> dict[str, Any]:
    """Return the trainer's name and hyper-parameters; what "auto" came to stands beside it."""
    described = {"name": type(trainer).__name__, **asdict(trainer)}
    described |= {} if confidence is None else confidence.described()
    for field in fields(trainer):
        if field.name.startswith("l2") and getattr(trainer, field.name) == AUTO:
            described[f"{field.name}_resolved"] = round(resolve_strength(AUTO, residual_sd), 6)
    return described


def _history(task: _Task, run: Run) -> History:
    problem = task.problem
    notes = [note for features in task.features.values() for note in features.notes]
    if run.n_double:
        notes.append(
            f"{run.n_double:,} rows of a sweep were solved in float64 with a millionth of their mean "
            f"diagonal added, because "
            "the penalty is zero or too small for float32."
        )
    for rows, side in ((problem.by_user, "users"), (problem.by_item, "items")):
        empty = int((rows.counts == 0).sum())
        if empty:
            notes.append(
                f"{empty:,} {side} have no training rating (all of theirs are held out); their predictions "
                f"come from the mean "
                "and the other side's bias."
            )
    return History(
        sweeps=tuple(run.reports),
        best_sweep=run.best_sweep,
        stopped=run.stopped,
        interrupted=run.interrupted,
        notes=tuple(notes),
        n_train=problem.n_train,
        n_validation=int(problem.held_out.sum()),
    )
