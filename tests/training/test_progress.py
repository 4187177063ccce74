"""What people who wait are told."""

import pytest
from numba.core import event

from palate.model.history import SweepReport
from palate.training.progress import COMPILING, PREPARING, Steps, TrainingBar, compilations


def compile_something():
    with event.trigger_event("numba:compile", data={}):  # as Numba does
        pass


def test_compilations_are_told_until_it_is_closed():
    told = []
    with compilations(lambda: told.append("compiling")):
        compile_something()
    compile_something()
    assert told == ["compiling"]


def test_steps_say_that_kernels_are_compiled_and_during_which_step():
    with Steps(show=True) as steps:
        assert steps.status.status == "training"
        steps("popular")
        compile_something()
        assert steps.status.status == f"trying popular ({COMPILING})"
        steps("spectral")
        assert steps.status.status == "trying spectral"
        steps("spectral, on all ratings")
        assert steps.status.status == "training spectral, on all ratings"


def test_a_bar_is_preceded_by_the_line_about_kernels_and_takes_its_place(monkeypatch):
    with TrainingBar(3, show=True) as bar:
        assert bar.before is None
        monkeypatch.setattr("palate.training.progress._QUIET_SECONDS", 0.0)
        compile_something()
        assert bar.before.status == COMPILING
        bar(SweepReport(sweep=1, seconds=0.1, objective=None, train_mse=1.0, train_rmse=1.0, train_mae=1.0))
        assert bar.bar is not None
        line = bar.before
        compile_something()
        assert bar.before is line  # nothing new beside the bar


def test_the_preparation_of_the_first_sweep_is_told_once_it_takes_long(monkeypatch):
    monkeypatch.setattr("palate.training.progress._QUIET_SECONDS", 0.0)
    with TrainingBar(3, show=True) as bar:
        bar.timer.join()
        assert bar.before.status == PREPARING
        compile_something()
        assert bar.before.status == COMPILING
    with TrainingBar(3, show=True) as bar:
        compile_something()
        bar.timer.function()
        assert bar.before.status == COMPILING  # which takes longer
    with TrainingBar(3, show=True) as bar:
        bar(SweepReport(sweep=1, seconds=0.1, objective=None, train_mse=1.0, train_rmse=1.0, train_mae=1.0))
        bar.timer.join()
        line = bar.before
        compile_something()
        assert bar.before is line


@pytest.mark.parametrize(
    ("shown", "line"), [(Steps(show=False), "status"), (TrainingBar(3, show=False), "before")]
)
def test_nobody_is_told_where_nobody_watches(shown, line):
    with shown:
        compile_something()
        assert getattr(shown, line) is None
