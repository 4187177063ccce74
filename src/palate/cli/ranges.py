"""What Typer says of a value that an option does not take, in the words of palate's errors."""

from collections.abc import Sequence
from typing import Any

from palate._checks import demand


def in_words(message: str, option: Any, args: Sequence[str]) -> str:
    """Return a message with what the value must be and what it is; others as they are.

    Parameters
    ----------
    message : str
        As Typer has it.
    option : parameter of Typer or None
        Whose value was refused.
    args : sequence of str
        The command line, in which the value stands.
    """
    must = demand(message)
    if must is None:
        return message
    value = value_of(getattr(option, "opts", ()), args)
    return f"must {must}" if value is None else f"must {must}; got {value}"


def value_of(names: Sequence[str], args: Sequence[str]) -> str | None:
    """Return what stands behind an option, the last time that it is given.

    >>> value_of(["--n", "-n"], ["1", "--n", "0"]), value_of(["--n"], ["--n=x"]), value_of(["--n"], ["1"])
    ('0', 'x', None)
    """
    found = None
    for place, text in enumerate(args):
        name, equals, value = text.partition("=")
        if name in names and (equals or place + 1 < len(args)):
            found = value if equals else args[place + 1]
    return found
