"""Options that are described in docstrings: what is said there of a parameter is the help of its option."""

import copy
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin

import typer

from palate.cli import options
from palate.cli.compact_help import paragraphs

_Command = TypeVar("_Command", bound=Callable[..., Any])


def entries(docstring: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the type and the text of each parameter that a numpydoc docstring describes.

    >>> text = "X.\\n\\nParameters\\n----------\\na, b : float\\n    Text\\n    on.\\n"
    >>> list(entries(text + "\\nNotes\\n-----\\nc : not this"))
    [('a', 'float', 'Text on.'), ('b', 'float', 'Text on.')]
    """
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}$|\Z)", docstring, re.M | re.S)
    for entry in re.finditer(
        r"^(\w+(?:, \w+)*)(?: : (.*))?\n((?:[ \t]+.*\n?|\n)*)", section[1] if section else "", re.M
    ):
        for name in entry[1].split(", "):
            yield name, entry[2] or "", " ".join(entry[3].split())


def described(command: _Command) -> _Command:
    """Return a command whose options have the help that its docstring gives them.

    The docstring says of each parameter what is typed for it, in the place of its type, and what it does.
    What several commands have is described in the docstring of their module or of `palate.cli.options`.
    Parameters with a default are options, as Typer has it, and those that are False by default are
    switches without an opposite.
    """
    docstring = inspect.getdoc(command) or ""
    texts: dict[str, list[str]] = {}
    for text in (options.__doc__, sys.modules[command.__module__].__doc__, docstring):
        texts |= {name: rest for name, *rest in entries(text or "")}
    own = inspect.signature(command)

    @functools.wraps(command)
    def run(**values: object) -> Any:
        return command(**values)

    parameters = [_declared(one, *texts.get(one.name, ("", ""))) for one in own.parameters.values()]
    # each paragraph in one piece: Typer keeps line breaks
    run.__doc__ = "\n\n".join(paragraphs(docstring.partition("\nParameters\n---")[0]))
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return cast("_Command", run)


def _declared(parameter: inspect.Parameter, typed: str, text: str) -> inspect.Parameter:
    """Return a parameter as Typer needs it declared."""
    annotation, default = parameter.annotation, parameter.default
    kind, *own = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if kind is typer.Context:
        return parameter
    if own:
        made = copy.copy(own[0])
    elif default is parameter.empty:
        made = typer.Argument()
    else:
        made = typer.Option(*([f"--{parameter.name.replace('_', '-')}"] if default is False else []))
    made.help, made.metavar = made.help or text, made.metavar or typed or None
    return parameter.replace(annotation=Annotated[kind, made])
