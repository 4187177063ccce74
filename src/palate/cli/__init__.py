"""The command line: a thin skin over the library. `main` is the program `palate`."""

from collections.abc import Sequence
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    It is 0, or 1 when the command failed, 2 when it was called wrongly, and 130 when it was interrupted.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows `palate`; default the arguments of the process.
    """
    try:
        from palate.cli.errors import run

        return run(arguments)
    except KeyboardInterrupt:  # before a command runs there is nobody else to say so
        import sys

        sys.stderr.write("palate: interrupted.\n")
        return 130


def __getattr__(name: str) -> Any:
    if name == "app":  # built on demand: importing this package must not import Typer
        from palate.cli.commands import app

        return app
    raise AttributeError(f"module 'palate.cli' has no attribute {name!r}")
