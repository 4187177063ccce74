"""The commands by name.

Importing this imports Typer and no more: each command imports what it needs when it runs.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from palate.cli import datasets, db, export
from palate.cli.docstrings import described
from palate.cli.errors import Command
from palate.cli.hyperparameters import TrainerCommand

# The commands outside of groups, in the order of the help; each is a function of the module of its name.
_NAMES = (
    *("demo", "prepare", "train", "update", "plan", "recommend", "predict", "rated", "similar", "explain"),
    *("explore", "info", "inspect", "evaluate", "calibrate", "crossval", "compare", "experiment", "tune"),
    *("convert", "serve"),
)
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


def _add(to: typer.Typer, *functions: Callable[..., object]) -> None:
    for function in functions:
        name = function.__name__.rstrip("_")
        cls = TrainerCommand if name in ("train", "crossval") else Command
        to.command(name, cls=cls)(described(function))


def _add_group(name: str, about: str, *functions: Callable[..., object]) -> None:
    names = ", ".join(function.__name__.rstrip("_") for function in functions)
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help=f"{about}: {names}.")
    _add(group, *functions)
    app.add_typer(group, name=name)


_add(app, *(getattr(import_module(f"palate.cli.{name}"), name) for name in _NAMES))
_add_group("datasets", "Data sets on their owners' servers", datasets.list_, datasets.fetch, datasets.path)
_add_group("db", "The store of live ratings", db.check_, db.backup_, db.export_, db.forget_)
_add_group("export", "What a model learned, for other tools", export.vectors)
