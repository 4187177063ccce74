"""The options of `train` derive from the trainers' fields and docstrings."""

import inspect
from dataclasses import fields

import pytest
import typer

from palate import Baseline, LeastSquares
from palate.cli.commands import app
from palate.cli.errors import UsageError
from palate.cli.hyperparameters import descriptions, hyperparameters, trainer_of


@pytest.fixture(scope="module")
def parameters():
    return {one.name: one for one in typer.main.get_command(app).commands["train"].params}


def test_every_field_is_an_option_with_its_default_and_its_help(parameters):
    for trainer in (Baseline, LeastSquares):
        texts = descriptions(inspect.getdoc(trainer))
        for field in fields(trainer):
            option = parameters[field.name]
            assert option.default == hyperparameters()[field.name].default
            assert option.opts[0] == f"--{field.name.replace('_', '-')}"
            assert option.help
            assert trainer is Baseline or option.help == texts[field.name]


def test_a_docstring_tells_its_parameters_once_each():
    docstring = (
        "X.\n\nParameters\n----------\na, b : float\n    One\n    text.\nc : int, default 3\n    "
        "Two.\n\nReturns\n-------\nd : e\n    f"
    )
    assert descriptions(docstring) == {"a": "One text.", "b": "One text.", "c": "Two."}
    assert descriptions("Nothing.") == {}


def test_a_trainer_takes_its_own_hyper_parameters_only():
    assert trainer_of("least-squares", {"n_factors": 3}) == LeastSquares(n_factors=3)
    assert trainer_of("least-squares", {"counts": "linear", "alpha": 2.0}) == LeastSquares.for_counts(
        "linear", alpha=2.0
    )
    with pytest.raises(
        UsageError, match="--damping-user is not a hyper-parameter of --trainer least-squares"
    ):
        trainer_of("least-squares", {"damping_user": 1.0})
