"""`palate.optuna`: sweeps are reported, and a trial that falls behind ends."""

import optuna
import pytest

import palate
from palate.optuna import PruningCallback

optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(scope="module")
def ratings():
    return palate.datasets.load("movielens-small").ratings


def fit(trial, ratings, **options):
    how = {"validation": 0.1, "callback": PruningCallback(trial), **options}
    model = palate.LeastSquares(n_factors=2, max_sweeps=4, tolerance=0).fit(ratings, **how)
    return model.history.sweeps[-1].validation_rmse


def test_every_sweep_is_reported(ratings):
    study = optuna.create_study()
    study.optimize(lambda trial: fit(trial, ratings), n_trials=1)
    model = palate.LeastSquares(n_factors=2, max_sweeps=4, tolerance=0).fit(ratings, validation=0.1)
    assert study.trials[0].intermediate_values == {
        report.sweep: report.validation_rmse for report in model.history.sweeps
    }


def test_a_trial_that_falls_behind_is_pruned(ratings):
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=0.01))
    study.optimize(lambda trial: fit(trial, ratings), n_trials=1)
    assert study.trials[0].state == optuna.trial.TrialState.PRUNED
    assert list(study.trials[0].intermediate_values) == [1]


def test_a_second_fit_is_not_reported(ratings):
    study = optuna.create_study()
    study.optimize(lambda trial: fit(trial, ratings, refit=True) and 0.0, n_trials=1)
    assert list(study.trials[0].intermediate_values) == [1, 2, 3, 4]


def test_gibbs_is_reported_too(ratings):
    trial = optuna.create_study().ask()
    part = ratings.select(range(5000))
    palate.Gibbs(n_factors=2, sweeps=4, burn_in=1).fit(
        part, validation=0.1, callback=PruningCallback(trial, "validation_mae")
    )
    assert len(trial.study.trials[0].intermediate_values) >= 3


def test_mistakes(ratings):
    with pytest.raises(ValueError, match=r"metric must be one of 'validation_rmse', .*; got 'rmse'"):
        PruningCallback(optuna.create_study().ask(), "rmse")
    with pytest.raises(ValueError, match="study that minimizes"):
        PruningCallback(optuna.create_study(direction="maximize").ask())
    with pytest.raises(ValueError, match="one objective to be pruned; got 2"):
        PruningCallback(optuna.create_study(directions=["minimize", "minimize"]).ask())
    with pytest.raises(ValueError, match="must be held out to report validation_rmse"):
        fit(optuna.create_study().ask(), ratings, validation=0)
    with pytest.raises(TypeError, match="trial must be a trial of Optuna; got NoneType"):
        PruningCallback(None)
