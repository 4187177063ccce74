"""A callback for Optuna: every sweep is reported to the trial, and one that falls behind ends."""

from typing import TYPE_CHECKING

from palate._checks import ArgumentError, ArgumentTypeError, check_choice
from palate._requiring import require
from palate.model.history import SweepReport

if TYPE_CHECKING:
    from optuna.trial import Trial


METRICS = ("validation_rmse", "validation_mae", "validation_mse")


class PruningCallback:
    """A callback for `fit` that reports each sweep to a trial of Optuna.

    It ends a trial that Optuna prunes.

    Parameters
    ----------
    trial : optuna.Trial
    metric : {"validation_rmse", "validation_mae", "validation_mse"}, default "validation_rmse"
        What is reported; the study must minimize.

    Raises
    ------
    ValueError
        If `metric` has another value, the study maximizes or has several objectives, or no ratings
        are held out.
    optuna.TrialPruned
        From within `fit`, if the trial should be pruned.

    Notes
    -----
    For several fits with one callback (`n_starts`, `refit=True`), only the first is reported.

    Examples
    --------
    >>> import optuna, palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> def objective(trial):
    ...     trainer = palate.LeastSquares(n_factors=trial.suggest_int("n_factors", 2, 4), max_sweeps=3)
    ...     model = trainer.fit(ratings, validation=0.1, callback=PruningCallback(trial))
    ...     return min(report.validation_rmse for report in model.history.sweeps)
    >>> optuna.logging.set_verbosity(optuna.logging.ERROR)
    >>> study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    >>> study.optimize(objective, n_trials=2)
    >>> sorted(study.best_trial.intermediate_values)
    [1, 2, 3]
    """

    def __init__(self, trial: "Trial", metric: str = "validation_rmse") -> None:
        self.optuna = require("optuna", "Optuna", "tune", "palate.optuna")
        check_choice("metric", metric, METRICS)
        if not hasattr(trial, "report"):
            raise ArgumentTypeError("trial", "be a trial of Optuna", type(trial).__name__)
        directions = [one.name for one in trial.study.directions] if _has_study(trial) else []
        if len(directions) > 1:
            must = "be of a study with one objective to be pruned"
            raise ArgumentError("trial", must, f"{len(directions)}")
        if directions == ["MAXIMIZE"]:
            raise ArgumentError("trial", f"be of a study that minimizes {metric}", "one that maximizes")
        self.trial = trial
        self.metric = metric
        self.last = 0

    def __call__(self, report: SweepReport) -> None:
        """Report a sweep to the trial; raise `optuna.TrialPruned` if Optuna prunes the trial."""
        if report.sweep <= self.last:
            self.last = 1 << 62  # another fit began: its sweeps are no later ones of the first
            return
        value = getattr(report, self.metric)
        if value is None:
            raise ValueError(
                f"ratings must be held out to report {self.metric}; pass validation= a share above 0 to fit."
            )
        self.last = report.sweep
        self.trial.report(value, report.sweep)
        if self.trial.should_prune():
            raise self.optuna.TrialPruned(f"{self.metric} {value:.4f} after sweep {report.sweep}")


def _has_study(trial: object) -> bool:
    return hasattr(getattr(trial, "study", None), "directions")
