"""The search: its budget, its own holdout, its early ends, and what it says."""

import sys

import numpy as np
import pytest

import palate
from palate.experiments.tuning import tune

pytest.importorskip("optuna")
BASE = palate.LeastSquares(max_sweeps=5)


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((60, 40)) < 0.5)
    p, q = rng.normal(size=(60, 2)), rng.normal(size=(40, 2))
    values = np.clip(
        np.round(2 * (3 + (p[users] * q[items]).sum(axis=1) + 0.3 * rng.normal(size=len(users)))) / 2, 0.5, 5
    )
    return palate.Ratings.from_arrays(users, items, values, scale=(0.5, 5))


def test_the_same_seed_finds_the_same(ratings):
    one, other = (tune(ratings, trials=4, seconds=60, trainer=BASE, seed=3) for _ in range(2))
    assert one.trainer == other.trainer
    assert one.holdout_rmse == other.holdout_rmse
    assert one.trials.height == 4
    assert one.stopped == "All 4 trials were made."


def test_the_best_trial_is_what_is_returned(ratings):
    found = tune(ratings, trials=6, seconds=60, trainer=BASE)
    whole = found.trials.filter(~found.trials["ended_early"])
    best = whole.row(int(whole["validation_rmse"].arg_min()), named=True)
    assert found.validation_rmse == pytest.approx(best["validation_rmse"], abs=1e-6)
    assert found.trainer.n_factors == best["n_factors"]
    assert found.trainer.max_sweeps == 5
    assert eval(found.python(), {"palate": palate}) == found.trainer
    assert found.command("x.csv").startswith("palate train x.csv --")


def test_the_budget_ends_the_search(ratings):
    assert tune(ratings, seconds=0.2, trainer=BASE).stopped == "The budget of 0.2 s was used."


def test_an_interrupt_keeps_the_best_so_far(ratings):
    def stop(n, value, best):
        if n == 2:
            raise KeyboardInterrupt

    found = tune(ratings, trials=9, seconds=60, trainer=BASE, callback=stop)
    assert found.stopped == "Interrupted after 2 trials."
    assert np.isfinite(found.holdout_rmse)


def test_ctrl_c_within_a_fit_ends_the_search(ratings, monkeypatch):
    fit, calls = palate.LeastSquares.fit, []

    def interrupted(self, *arguments, **options):
        calls.append(self)

        def stop(report):
            options["callback"](report)
            if len(calls) == 2 and report.sweep == 2:
                raise KeyboardInterrupt

        return fit(self, *arguments, **{**options, "callback": stop})

    monkeypatch.setattr(palate.LeastSquares, "fit", interrupted)
    found = tune(ratings, trials=9, seconds=60, trainer=BASE)
    assert found.stopped == "Interrupted after 2 trials."
    assert found.trainer == calls[0]  # the trial that was cut is no answer


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"trials": 0}, "trials must be at least 1"),
        ({"holdout": 0}, "holdout must be above 0"),
        ({"validation": 1.0}, "validation must be in"),
    ],
)
def test_what_is_out_of_range(ratings, change, text):
    with pytest.raises(ValueError, match=text):
        tune(ratings, **change)


def test_too_few_ratings_to_hold_some_out(ratings):
    few = ratings.select(np.arange(len(ratings)) < 4)
    with pytest.raises(
        ValueError, match=r"ratings must be enough to hold some of them out twice.*; got 4 for"
    ):
        tune(few, seconds=1)


def test_without_optuna_it_says_what_to_install(ratings, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r'pip install "palate\[tune\]"'):
        tune(ratings)


def test_the_command(ratings, tmp_path, capsys):
    from palate.cli import main

    path = tmp_path / "ratings.csv"
    rows = zip(ratings.user_index, ratings.item_index, ratings.value, strict=True)
    path.write_text("user_id,item_id,rating\n" + "".join(f"{u},{i},{v}\n" for u, i, v in rows))
    assert main(["tune", str(path), "--trials", "2", "--seconds", "30"]) == 0
    assert "2 settings were tried" in capsys.readouterr().out
