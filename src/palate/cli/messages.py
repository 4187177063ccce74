"""The library's messages as someone at a terminal should read them, in the words of options."""

import ast
import re
import shlex
from collections.abc import Mapping
from functools import cache
from inspect import signature
from typing import Any

from palate._checks import ArgumentError, ArgumentTypeError, Call, InPython, Part, Setting, Words

# How a value of an argument is typed, where that is not "--argument value".
_TYPED: dict[tuple[str, Any], str] = {
    ("header", False): "--no-header",
    ("header", True): "--header",
    ("quote", False): "--no-quotes",
    ("quote", True): "--quotes",
    ("no_rating", True): "--no-rating",
    ("skip_empty", True): "--skip-empty",
    ("overwrite", True): "--overwrite",
    ("counts", True): "--counts one-plus",
    ("exclude_seen", False): "--include-seen",
    ("exclude_seen", True): "leaving out what was seen",
    ("ratings", False): "--no-ratings",
}
_NAMED = {"scale": "--scale LOWEST HIGHEST"}  # what is typed for an argument that takes more than one word
# What is typed for a function or a class of the library.
CALLS = {
    "palate.read": "palate train",
    "palate.Gibbs": "--trainer gibbs",
    "palate.LeastSquares": "palate train --trainer least-squares",
    "palate.Spectral": "--trainer spectral",
    'palate.LeastSquares.for_counts("everywhere")': "--counts everywhere",
    "LeastSquares.for_counts()": "--counts everywhere",
    "model.update(ratings)": "palate update MODEL RATINGS",
    "palate.union(model, ratings)": "--union",
    "pass deltalake.DeltaTable(FOLDER) to palate.Ratings.from_frame": (
        "pass --sql \"SELECT * FROM delta_scan('FOLDER')\" in its place"
    ),
}
# Arguments that messages set by name in Python's syntax, beside those of `palate.read`; each is an
# option of a command. Those of other messages are `Setting`s and need no list.
_OTHERS = ("exclude_seen", "overwrite", "relevant_from", "time", "title", "unknown")
_ENTRY = re.compile(r"(boost|at_most)\['([^']+)'\](?:\[(.+)\])?")  # of what shapes lists
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def for_command_line(message: str, flags: Mapping[str, str] | None = None) -> str:
    """Return a message of the library with its arguments as options.

    Parameters
    ----------
    message : str
        Best one in parts, which say what is an argument.
    flags : mapping of str to str, optional
        Argument to option where a command calls it something else.

    >>> for_command_line(Words("Pass ", Setting("duplicates", "last"), " or ", Call("palate.Gibbs"), "."))
    'Pass --duplicates last or --trainer gibbs.'
    >>> for_command_line("Did you mean user='userId'?")
    'Did you mean --user userId?'
    """
    parts = message.parts if isinstance(message, Words) else (message,)
    return "".join(_typed(part, flags or {}) for part in parts)


def about_option(
    error: ArgumentError | ArgumentTypeError, option: str, flags: Mapping[str, str] | None = None
) -> str:
    """Return what an error says, about an option instead of an argument.

    >>> about_option(ArgumentError("n_factors", "be at least 1", "0"), "--n-factors")
    '--n-factors must be at least 1; got 0.'
    """
    same = type(error)(option, error.must, error.got, error.advice)
    return for_command_line(same.args[0], flags)


def option_of(argument: str, options: Mapping[str, str]) -> str | None:
    """Return the option that sets an argument of the library, None if the command has none.

    >>> option_of("boost['genres']['Comedy']", {"boost": "--boost"}), option_of("n", {"boost": "--boost"})
    ('--boost genres:Comedy', None)
    """
    entry = _ENTRY.fullmatch(argument)
    if entry is None or entry[1] not in options:
        return options.get(argument)
    value = "" if entry[3] is None else f":{ast.literal_eval(entry[3])}"
    return f"{options[entry[1]]} {entry[2]}{value}"


def _typed(part: Part, flags: Mapping[str, str]) -> str:
    """Return a part of a message as it is typed at a terminal."""
    if isinstance(part, Call):
        return CALLS.get(part.python, part.python)
    if isinstance(part, InPython):
        return ""
    if isinstance(part, Setting):
        return _option(part, flags)
    if "=" not in part:
        return part
    return _arguments().sub(
        lambda found: _option(
            Setting(found[1]) if found[2] is None else Setting(found[1], ast.literal_eval(found[2])), flags
        ),
        part,
    )


@cache
def _arguments() -> re.Pattern[str]:
    """Return what finds arguments in Python's syntax, with their values if they have one."""
    from palate.io import read

    names = "|".join([*signature(read).parameters, *_OTHERS])
    return re.compile(rf"\b({names})=(?:('(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?\b|True\b|False\b)|(?=[\s.,;)]|$))")


def _option(setting: Setting, flags: Mapping[str, str]) -> str:
    """Return the option that sets an argument, with its value."""
    name, value = setting.name, setting.value
    option = flags.get(name) or f"--{name.replace('_', '-')}"
    if not setting.has_value:
        return option if name in flags else _NAMED.get(name, option)
    if isinstance(value, bool):
        return _TYPED.get((name, value), option if value else f"no {option}")
    if name == "where":
        return filters(value)
    return f"{option} {shlex.quote(f'{value:g}' if isinstance(value, float) else str(value))}"


def filters(condition: object) -> str:
    """Return a condition on items as the options that set it.

    >>> filters({"genres": ["Drama", "War"], "year": (1980, None)}), filters("year > 1980")
    ("--genres 'Drama|War' --year 1980-", "--where 'year > 1980'")
    """
    if isinstance(condition, str):
        return f"--where {shlex.quote(condition)}"
    if not isinstance(condition, Mapping) or not all(
        isinstance(value, str | int | float | tuple | list) for value in condition.values()
    ):  # a text of SQL is among them
        return "--where and the other filters together"
    written = []
    for name, value in condition.items():
        if isinstance(value, tuple):
            low, high = ("" if end is None else str(end) for end in value)
            written.append(f"--{name} {low}" if low == high else f"--{name} {low}-{high}")
        else:
            written.append(f"--{name} '{'|'.join(map(str, value)) if isinstance(value, list) else value}'")
    return " ".join(written)


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, which could write over the terminal.

    >>> one_line("unknown id 'A  B '.\\n  See --help.")
    "unknown id 'A  B '. See --help."
    """
    return printable(re.sub(r"[^\S\n]*\n\s*", " ", text.strip()))


def to_paste(command: str, *words: object) -> str:
    """Return a command of palate that works as it is in a shell.

    >>> to_paste("recommend", "my model.palate", -5), to_paste("rated", "m.palate", "it's")
    ("palate recommend 'my model.palate' -- -5", 'palate rated m.palate \\'it\\'"\\'"\\'s\\'')
    """
    texts = [str(word) for word in words]
    dash = next((place for place, text in enumerate(texts) if text.startswith("-")), len(texts))
    typed = [*texts[:dash], *(["--"] if dash < len(texts) else []), *texts[dash:]]
    return " ".join(["palate", command, *map(shlex.quote, typed)])


def printable(text: str) -> str:
    """Return a text with control characters made visible.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\n", " ").replace("\t", " "))
