"""The commands by name.

Importing this imports Typer and no more: each command imports what it needs when it runs.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from palate.cli.calibrate import calibrate
from palate.cli.compare import compare
from palate.cli.convert import convert
from palate.cli.crossval import crossval
from palate.cli.datasets import app as datasets
from palate.cli.db import app as db
from palate.cli.demo import demo
from palate.cli.docstrings import described
from palate.cli.errors import Command
from palate.cli.evaluate import evaluate
from palate.cli.experiment import experiment
from palate.cli.explain import explain
from palate.cli.explore import explore
from palate.cli.export import app as export
from palate.cli.hyperparameters import TrainerCommand
from palate.cli.info import info
from palate.cli.inspect import inspect
from palate.cli.plan import plan
from palate.cli.predict import predict
from palate.cli.prepare import prepare
from palate.cli.rated import rated
from palate.cli.recommend import recommend
from palate.cli.serve import serve
from palate.cli.similar import similar
from palate.cli.train import train
from palate.cli.tune import tune
from palate.cli.update import update

app = typer.Typer(
    name="palate",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        print(f"palate {version('palate')}")  # noqa: T201 - the answer
        raise typer.Exit


@app.callback()
def palate(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Matrix-factorization recommendations: from a table of ratings to lists worth taking.

    Start with: palate demo
    """


def _add(function: Callable[..., object], cls: type[Command] = Command) -> None:
    app.command(function.__name__, cls=cls)(described(function))


_add(demo)
_add(prepare)
_add(train, TrainerCommand)
_add(update)
_add(plan)
_add(recommend)
_add(predict)
_add(rated)
_add(similar)
_add(explain)
_add(explore)
_add(info)
_add(inspect)
_add(evaluate)
_add(calibrate)
_add(crossval, TrainerCommand)
_add(compare)
_add(experiment)
_add(tune)
_add(convert)
_add(serve)
app.add_typer(datasets, name="datasets")
app.add_typer(db, name="db")
app.add_typer(export, name="export")
