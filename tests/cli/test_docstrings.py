"""Options get their help from docstrings."""

import inspect
from pathlib import Path
from typing import Annotated

import typer

from palate.cli.commands import app
from palate.cli.docstrings import described, entries


def list_things(
    model: Path,
    names: Annotated[list[str] | None, typer.Argument()] = None,
    n: Annotated[int, typer.Option("--n", "-n", min=1)] = 3,
    with_id: bool = False,
    share: float = 0.5,
    kept: Annotated[str, typer.Option(help="Own help.")] = "",
) -> None:
    """List things.

    Parameters
    ----------
    names : NAME
        Names of
        things.
    with_id
        Show ids.
    share : SHARE
        Share of the things.
    """


def test_a_docstring_describes_options():
    one = typer.Typer(add_completion=False)
    one.command()(described(list_things))
    command = typer.main.get_command(one)
    found = {
        each.name: (each.param_type_name, each.opts, each.secondary_opts, each.metavar, each.help)
        for each in command.params
    }
    assert found == {
        "model": ("argument", ["model"], [], "MODEL", "Model file."),  # as in palate.cli.options
        "names": ("argument", ["names"], [], "NAME", "Names of things."),
        "n": ("option", ["--n", "-n"], [], None, "Length of the list."),
        "with_id": ("option", ["--with-id"], [], None, "Show ids."),
        "share": ("option", ["--share"], [], "SHARE", "Share of the things."),
        "kept": ("option", ["--kept"], [], None, "Own help."),
    }
    assert command.help == "List things."
    assert "Parameters" in list_things.__doc__  # which Python's own help shows


def test_docstrings_of_commands_describe_their_own_parameters_only():
    groups = [app, *(group.typer_instance for group in app.registered_groups)]
    callbacks = [command.callback for group in groups for command in group.registered_commands]
    assert len(callbacks) > 20
    for callback in callbacks:
        described_names = {name for name, _, _ in entries(inspect.getdoc(inspect.unwrap(callback)))}
        assert described_names <= set(inspect.signature(callback).parameters), callback.__name__
