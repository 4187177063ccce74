"""A run of half sweeps that was killed anywhere goes on to the same bits."""

import numpy as np
import pytest

import palate
from palate.solve.rows import solve_rows
from palate.training.als.fitting import FitArguments
from palate.training.als.least_squares import LeastSquares
from palate.training.gibbs.chain_file import ChainFileError
from palate.training.run_file import RunFileError


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(3)
    users, items = rng.integers(0, 30, 300), rng.integers(0, 20, 300)
    return palate.Ratings.from_arrays(users, items, rng.integers(1, 11, 300) / 2, duplicates="mean")


def fit(trainer, ratings, path, calls=10**9):
    left = [calls]

    def solver(*args, **options):
        if not left[0]:
            raise Killed
        left[0] -= 1
        return solve_rows(*args, **options)

    arguments = FitArguments(solver=solver, half_sweeps=path, callback=lambda report: None, seed=1)
    return trainer._fit_by(ratings, 0.1, arguments)


@pytest.mark.parametrize(
    "trainer",
    [
        LeastSquares(n_factors=3, max_sweeps=3),
        LeastSquares(n_factors=3, max_sweeps=3, user_features="rated"),
        LeastSquares(n_factors=2, max_sweeps=30, solver="conjugate"),
    ],
    ids=["plain", "features", "until nothing is gained"],
)
def test_a_run_killed_after_any_half_sweep_gives_the_same_bits(ratings, tmp_path, trainer):
    expected = fit(trainer, ratings, tmp_path / "whole.run")
    for calls in (1, 2, 5):
        path = tmp_path / f"{calls}.run"
        with pytest.raises(Killed):
            fit(trainer, ratings, path, calls)
        for _ in range(2):  # the second time from the file of a whole run
            found = fit(trainer, ratings, path)
            for name in ("user_factors", "item_factors", "user_bias", "item_bias", "noise_sd"):
                assert (getattr(found, name) == getattr(expected, name)).all(), (calls, name)
            assert [step.objective for step in found.history.sweeps] == [
                step.objective for step in expected.history.sweeps
            ]
            assert found.history.stopped == expected.history.stopped


def test_a_file_of_another_run_or_of_no_run_is_refused(ratings, tmp_path):
    trainer, path = LeastSquares(n_factors=2, max_sweeps=1), tmp_path / "halves.run"
    fit(trainer, ratings, path)
    with pytest.raises(RunFileError, match="made with another trainer, seed, table, features or start"):
        fit(LeastSquares(n_factors=2, max_sweeps=2), ratings, path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(RunFileError, match="must be a complete checkpoint; it is damaged or another file"):
        fit(trainer, ratings, path)
    path.write_bytes(b"hello")
    with pytest.raises(RunFileError, match="must be a complete checkpoint; it is damaged or another file"):
        fit(trainer, ratings, path)
    with pytest.raises(RunFileError, match="must be a complete checkpoint; it is a folder"):
        fit(trainer, ratings, tmp_path)
    with pytest.raises(palate.ArgumentError, match="n_starts must be 1 with"):
        fit(LeastSquares(n_starts=2), ratings, path)


def test_the_error_of_unfinished_chains_keeps_its_old_name():
    assert ChainFileError is RunFileError
