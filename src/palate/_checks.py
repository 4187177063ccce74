"""Checks of arguments, and the errors that say what was wrong: "n must be at least 1; got 0."

The errors carry their parts in fields, and the words of a message remember which of them stand for
arguments. So the command line can name its options without reading English.
"""

import ast
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Self, TypeGuard

from palate._nearest import did_you_mean


class _Absent:
    """The value of a setting that only names its argument."""


@dataclass(frozen=True)
class Setting:
    """An argument of the library inside a message.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : value, optional
        What to set it to.
    python : str, optional
        How the message writes it in Python, where that is not `name=value`.

    Examples
    --------
    >>> str(Setting("duplicates", "last")), str(Setting("train")), str(Setting("k", python="k"))
    ("duplicates='last'", 'train=', 'k')
    """

    name: str
    value: Any = _Absent
    python: str | None = None

    @property
    def has_value(self) -> bool:
        """Return whether a value is set, rather than an argument named."""
        return self.value is not _Absent

    def __str__(self) -> str:
        if self.python is not None:
            return self.python
        if not self.has_value:
            return f"{self.name}="
        return (
            f"{self.name}={self.value:g}" if isinstance(self.value, float) else f"{self.name}={self.value!r}"
        )


@dataclass(frozen=True)
class InPython:
    """What a message says to those who write Python alone, such as " or None"."""

    python: str

    def __str__(self) -> str:
        return self.python


class Call(InPython):
    """A function or a class of the library inside a message, such as `palate.Gibbs`."""


Part = str | Setting | InPython


class Words(str):
    """A message in parts: plain text, and the arguments and functions of the library that it names.

    It is a text like any other, so every error and every warning can hold it.

    Examples
    --------
    >>> words = Words("Pass ", Setting("duplicates", "last"), ".")
    >>> words, words.parts[1].name
    ("Pass duplicates='last'.", 'duplicates')
    >>> Words.of("Pass `duplicates='last'`.").parts == words.parts
    True
    """

    parts: tuple[Part, ...]

    def __new__(cls, *parts: Part) -> Self:
        """Join parts; those of `Words` among them stay parts."""
        flat: list[Part] = []
        for part in parts:
            flat.extend(part.parts if isinstance(part, Words) else (part,))
        made = super().__new__(cls, "".join(map(str, flat)))
        made.parts = tuple(flat)
        return made

    @classmethod
    def of(cls, text: str) -> Self:
        """Return a message of text with what it names of the library in backticks, as Python writes it.

        That is an argument with a value (`scale=(1, 5)`), without (`scale=`), or its name alone
        (`scale`), a function or a class (`palate.read`). The text must hold nothing that users wrote.
        """
        return cls(*(_named(part) if at % 2 else part for at, part in enumerate(text.split("`"))))


def _named(code: str) -> Setting | Call:
    """Return the argument, function or class that a piece of Python names."""
    name, equals, value = code.partition("=")
    if not name.isidentifier():
        return Call(code)
    if value:
        return Setting(name, ast.literal_eval(value))
    return Setting(name) if equals else Setting(name, python=name)


class _Wrong(Exception):
    """What the two errors have in common: their fields, and the sentence made of them."""

    def __init__(self, argument: str, must: str, got: str | None = None, advice: str = "") -> None:
        """Keep the fields and write the sentence."""
        self.argument, self.must, self.got, self.advice = argument, must, got, advice
        what: list[Part] = [argument, " must ", must, *([] if got is None else ["; got ", got]), "."]
        hint: list[Part] = [] if not advice else ["" if advice.startswith(" ") else " ", advice]
        super().__init__(Words(*what, *hint))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.argument, self.must, self.got, self.advice)


class ArgumentError(_Wrong, ValueError):
    """An argument has a wrong value.

    Its message is "`argument` must `must`; got `got`." and what to do next.

    Parameters
    ----------
    argument : str
        Name of the argument, or a description of the part that is wrong.
    must : str
        The requirement, such as "be at least 1".
    got : str, optional
        The value, as the message shows it.
    advice : str, optional
        What to do next, in sentences.

    Examples
    --------
    >>> import palate
    >>> try:
    ...     palate.LeastSquares(n_factors=0).fit(palate.datasets.load().ratings)
    ... except palate.ArgumentError as error:
    ...     print(error.argument, "|", error.must, "|", error.got)
    n_factors | be from 1 to 1,024 | 0
    """


class ArgumentTypeError(_Wrong, TypeError):
    """An argument has a wrong type; see `ArgumentError` for the fields.

    Parameters
    ----------
    argument, must, got, advice : str
        As in `ArgumentError`.

    Examples
    --------
    >>> import palate
    >>> try:
    ...     palate.splits.random(palate.datasets.load().ratings, "0.2", seed=0)
    ... except palate.ArgumentTypeError as error:
    ...     print(error)
    share must be a number; got '0.2'.
    """


class MissingValueError(ArgumentError):
    """A column lacks a value in a row; see `ArgumentError` for the fields."""


def is_integer(value: object) -> TypeGuard[int]:
    """Return whether a value is a whole number of Python or NumPy; True and False are none.

    >>> import numpy as np
    >>> is_integer(3), is_integer(np.int8(3)), is_integer(3.0), is_integer(True)
    (True, True, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a number of Python or NumPy, NaN and the infinite ones included.

    >>> import numpy as np
    >>> is_number(3), is_number(np.float32(0.5)), is_number("3"), is_number(False)
    (True, True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def check_count(name: str, value: object, low: int, high: int | None = None) -> int:
    """Return an argument that is a whole number from `low` to `high`.

    Parameters
    ----------
    name : str
        What the argument is called.
    value : int
        What was given.
    low : int
        The lowest number allowed.
    high : int, optional
        The highest.

    Raises
    ------
    ArgumentTypeError
        If it is no whole number.
    ArgumentError
        If it is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> check_count("n", np.int64(3), 1)
    3
    """
    if not is_integer(value):
        raise ArgumentTypeError(name, "be an integer", f"{value!r}")
    if value < low or (high is not None and value > high):
        limits = f"be at least {low}" if high is None else f"be from {low} to {high:,}"
        raise ArgumentError(name, limits, f"{value}")
    return int(value)


def check_seed(value: object) -> int:
    """Return a seed: a whole number from 0 to 2^63 - 1.

    >>> check_seed(7)
    7
    """
    return check_count("seed", value, 0, 2**63 - 1)


def check_number(name: str, value: object) -> float:
    """Return an argument that is a number, perhaps NaN or infinite.

    >>> check_number("shrink", 1)
    1.0
    """
    if not is_number(value):
        raise ArgumentTypeError(name, "be a number", f"{value!r}")
    return float(value)


def check_finite(name: str, value: object) -> float:
    """Return an argument that is a finite number.

    >>> check_finite("mean", 3.5)
    3.5
    """
    number = check_number(name, value)
    if not math.isfinite(number):
        raise ArgumentError(name, "be a finite number", f"{value}")
    return number


def check_share(name: str, value: object) -> float:
    """Return an argument that is a share of a whole: between 0 and 1, neither included.

    >>> check_share("confidence", 0.95)
    0.95
    """
    number = check_number(name, value)
    if not 0 < number < 1:
        raise ArgumentError(name, "be between 0 and 1, neither included", f"{number:g}")
    return number


def check_choice(name: str, value: object, choices: Iterable[Any]) -> Any:
    """Return an argument that is one of some words; the nearest is suggested for another.

    >>> check_choice("gain", "binary", ("binary", "rating"))
    'binary'
    """
    known = list(choices)
    if value not in known:
        listed = ", ".join(map(repr, known))
        raise ArgumentError(name, f"be one of {listed}", f"{value!r}", did_you_mean(value, known))
    return value


def check_switch(name: str, value: object) -> bool:
    """Return an argument that is True or False.

    >>> import numpy as np
    >>> check_switch("refit", np.bool_(True))
    True
    """
    if not (
        isinstance(value, bool) or (type(value).__module__, type(value).__name__[:4]) == ("numpy", "bool")
    ):
        raise ArgumentTypeError(name, "be True or False", f"{value!r}")
    return bool(value)


# What Pydantic says of a value, for Typer's options and for requests, and what palate says.
_DEMANDS = (
    (r"Input should be greater than or equal to (\S+)", r"be at least \1"),
    (r"Input should be less than or equal to (\S+)", r"be at most \1"),
    (r"Input should be greater than (\S+)", r"be above \1"),
    (r"Input should be less than (\S+)", r"be below \1"),
    (r"Input should be a valid integer.*", "be a whole number"),
    (r"Input should be a valid number.*", "be a number"),
    (r"Input should be a valid boolean.*", "be true or false"),
    (r"Input should be a valid string.*", "be a text"),
    (r"Input should be a valid list.*", "be a list"),
    (r"String should have (at most|at least) (\S+ characters?)", r"have \1 \2"),
    (r"List should have (at most|at least) (\S+ items?) after validation.*", r"have \1 \2"),
    (r"Input should be ('.*')", r"be \1"),
)


def demand(message: str) -> str | None:
    """Return what Pydantic demands of a value, as it follows "must"; None for what it says of other things.

    >>> demand("Input should be greater than or equal to 1"), demand("Field required")
    ('be at least 1', None)
    """
    for pattern, words in _DEMANDS:
        if re.fullmatch(pattern, message.rstrip(".")):
            return re.sub(pattern, words, message.rstrip("."), count=1)
    return None
