"""Tuning: a search for good hyper-parameters within a budget of seconds, with a holdout of its own."""

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, check_count
from palate._requiring import require
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.forks import needs_threads
from palate.data.frames import from_polars
from palate.data.ratings import Ratings
from palate.evaluation.evaluating import evaluate
from palate.model.history import SweepReport
from palate.model.model import Model
from palate.splits.holdout import holdout_mask
from palate.training.als.least_squares import LeastSquares
from palate.training.checks import check_rate, check_strength

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial


Progress = Callable[[int, float | None, float | None], object]  # a trial's number, its RMSE, the best so far
_SIZES = (8, 16, 32, 64)


@dataclass(frozen=True, eq=False)
class Tuned:
    """What a search found.

    Parameters
    ----------
    trainer : LeastSquares
        The best settings.
    validation_rmse, default_rmse : float
        Of the best settings and of the defaults, on the validation ratings that chose them: both
        slightly too good.
    holdout_rmse, default_holdout_rmse : float
        Of both on ratings that the search never saw.
    trials : frame
        One row a trial: its settings, validation_rmse, seconds, and whether it was ended early.
    stopped : str
    """

    trainer: LeastSquares
    validation_rmse: float
    default_rmse: float
    holdout_rmse: float
    default_holdout_rmse: float
    trials: Any
    stopped: str

    def command(self, path: str = "ratings.csv", reading: Sequence[str] = ()) -> str:
        """Return the best settings as a command.

        `reading` are the options that the ratings were read with.
        """
        words = list(reading)
        for name, value in _changed(self.trainer).items():
            option = name.replace("_", "-")
            if isinstance(value, bool):
                words.append(f"--{'' if value else 'no-'}{option}")
            else:
                words += [f"--{option}", str(value)]
        if path.startswith("-"):
            return shlex.join(["palate", "train", *words, "--", path])
        return shlex.join(["palate", "train", path, *words])

    def python(self) -> str:
        """Return the best settings as Python."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in _changed(self.trainer).items())
        return f"palate.LeastSquares({arguments})"


@needs_threads("tune")
def tune(
    ratings: Ratings | Dataset,
    *,
    seconds: float = 60.0,
    trials: int = 1000,
    validation: float = 0.1,
    holdout: float = 0.1,
    unobserved: bool = False,
    trainer: LeastSquares | None = None,
    catalog: Catalog | None = None,
    callback: Progress | None = None,
    threads: int | None = None,
    seed: int = 0,
) -> Tuned:
    """Return the best hyper-parameters of least squares that were found within a budget.

    They are evaluated on ratings that the search did not use.

    Optuna (extra `tune`) searches 8 to 64 factors, the penalties of both sides, their scaling, the
    penalty on biases, and dropout. A trial that is worse than most others at the same sweep is
    ended.

    Parameters
    ----------
    ratings : Ratings
    seconds : float, default 60
        Time limit. The last trial is finished.
    trials : int, default 1000
        Largest number of trials. A search that is limited by trials instead of seconds is
        reproducible.
    validation, holdout : float, default 0.1
        Shares of ratings used to choose, and to test the result.
    unobserved : bool, default False
        Whether the weight of unobserved pairs is searched as well. It seldom lowers the RMSE.
    trainer : LeastSquares, optional
        Settings that are not searched (features, number of sweeps).
    catalog : Catalog, optional
    callback : callable, optional
        Called after each trial with its number, its RMSE and the best RMSE so far.
    threads, seed
        As in `fit`.

    Raises
    ------
    ImportError
        If Optuna is not installed.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> found = palate.tune(ratings, trials=2, seconds=30, trainer=palate.LeastSquares(max_sweeps=3))
    >>> found.trials.height
    2
    """
    optuna: ModuleType = require("optuna", "Optuna", "tune", "tuning")
    _check(seconds, trials, validation, holdout, seed)
    base = trainer if trainer is not None else LeastSquares()
    ratings, catalog = with_catalog(ratings, catalog)
    rest, unseen = _parts(ratings, holdout, seed)
    train, chosen_by = _parts(rest, validation, seed + 1)
    how: dict[str, Any] = {"validation": chosen_by, "catalog": catalog, "threads": threads, "seed": seed}
    rows: list[dict[str, Any]] = []
    objective = partial(_trial, optuna, base, train, how, unobserved, rows)
    study, stopped = _search(optuna, objective, seconds, trials, seed, callback)
    best = replace(base, **study.best_trial.user_attrs["settings"]) if _completed(optuna, study) else base
    default, tuned = (_whole(one.fit(train, callback=lambda report: None, **how)) for one in (base, best))
    return Tuned(
        trainer=best,
        validation_rmse=_best(tuned),
        default_rmse=_best(default),
        holdout_rmse=_judged(tuned, unseen),
        default_holdout_rmse=_judged(default, unseen),
        trials=from_polars(pl.DataFrame(rows, infer_schema_length=None), ratings.frame_kind),
        stopped=stopped,
    )


def _check(seconds: object, trials: object, validation: object, holdout: object, seed: object) -> None:
    check_strength("seconds", seconds)
    check_count("trials", trials, 1)
    check_count("seed", seed, 0, 2**63 - 2)
    for name, share in (("validation", validation), ("holdout", holdout)):
        check_rate(name, share)
        if share == 0:
            raise ArgumentError(name, "be above 0: these ratings are needed to compare settings", "0")


def _parts(ratings: Ratings, share: float, seed: int) -> tuple[Ratings, Ratings]:
    """Return the ratings without a random share of them, and that share."""
    held = holdout_mask(len(ratings), share, seed)
    if not held.any() or held.all():
        must = "be enough to hold some of them out twice, for validation and for the final figure"
        got = f"{len(ratings)} for a part of {share:g}"
        raise ArgumentError("ratings", must, got, "Train without tuning.")
    return ratings.select(~held), ratings.select(held)


def _trial(
    optuna: ModuleType,
    base: LeastSquares,
    train: Ratings,
    how: dict[str, Any],
    unobserved: bool,
    rows: list[dict[str, Any]],
    trial: "Trial",
) -> float:
    """Fit the settings of a trial, add its row, and return its validation RMSE.

    A trial that is clearly worse than the others is pruned.
    """
    began = time.perf_counter()
    settings = _suggest(trial, float(np.std(train.value, dtype=np.float64)) or 1.0, unobserved)
    row = {**settings, "validation_rmse": None, "seconds": None, "ended_early": False}
    rows.append(row)

    def watch(report: SweepReport) -> bool:
        trial.report(_rmse(report), report.sweep)
        row["ended_early"] = bool(trial.should_prune())
        return not row["ended_early"]

    found = _best(_whole(replace(base, **settings).fit(train, callback=watch, **how)))
    row |= {"validation_rmse": found, "seconds": time.perf_counter() - began}
    if row["ended_early"]:
        raise optuna.TrialPruned
    return found


def _search(
    optuna: ModuleType,
    objective: "Callable[[Trial], float]",
    seconds: float,
    trials: int,
    seed: int,
    callback: Progress | None,
) -> tuple[Any, str]:
    """Run trials until time or number is up, or Ctrl-C, and say which it was."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=4),
        )

        def after(study: "Study", trial: "FrozenTrial") -> None:
            if callback is not None:
                best = study.best_value if _completed(optuna, study) else None
                callback(trial.number + 1, trial.value, best)

        try:
            study.optimize(objective, n_trials=trials, timeout=seconds, callbacks=[after])
        except KeyboardInterrupt:
            return study, f"Interrupted after {len(study.trials)} trials."
        if len(study.trials) >= trials:
            return study, f"All {trials} trials were made."
        return study, f"The budget of {seconds:g} s was used."
    finally:
        optuna.logging.set_verbosity(verbosity)


def _suggest(trial: "Trial", unit: float, unobserved: bool) -> dict[str, Any]:
    """Return the settings of a trial; strengths are in the unit of the ratings' deviation."""
    settings = {
        "n_factors": trial.suggest_categorical("n_factors", _SIZES),
        "l2_user": unit * trial.suggest_float("l2_user", 1.0, 20.0, log=True),
        "l2_item": unit * trial.suggest_float("l2_item", 1.0, 20.0, log=True),
        "l2_scaling": trial.suggest_categorical("l2_scaling", [0.0, 0.125, 0.25, 0.5]),
        "l2_per_rating": unit * trial.suggest_float("l2_per_rating", 0.001, 0.1, log=True),
        "l2_bias": trial.suggest_float("l2_bias", 0.5, 20.0, log=True),
        "dropout": trial.suggest_categorical("dropout", [0.0, 0.1, 0.2, 0.4]),
    }
    if unobserved:
        settings["unobserved_weight"] = trial.suggest_float("unobserved_weight", 1e-5, 1e-1, log=True)
    settings = {
        name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in settings.items()
    }
    trial.set_user_attr("settings", settings)
    return settings


def _completed(optuna: ModuleType, study: "Study") -> bool:
    return any(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.trials)


def _best(model: Model) -> float:
    return min(map(_rmse, model.history.sweeps))


def _rmse(report: SweepReport) -> float:
    """Return the validation RMSE of a sweep, which every fit of a search has."""
    return float("nan") if report.validation_rmse is None else report.validation_rmse


def _whole(model: Model) -> Any:
    """Return a model, or raise the interrupt that `fit` handled: a half-fitted model is no answer here."""
    if model.history.interrupted:
        raise KeyboardInterrupt
    return model


def _judged(model: Model, unseen: Ratings) -> float:
    return evaluate(model, unseen, k=(), baselines=False, resamples=0).value("rmse")


def _changed(trainer: LeastSquares) -> dict[str, Any]:
    default = LeastSquares()
    return {name: value for name, value in vars(trainer).items() if value != getattr(default, name)}
