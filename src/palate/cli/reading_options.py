"""The options of every command that reads ratings, as the arguments of `palate.read`."""

import copy
import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, cast, get_args

from palate.cli import options

Reading = Mapping[str, Any]  # a command's parameter `reading` stands for the options below
AS_GIVEN: Reading = MappingProxyType({})  # its default

PANEL = "Reading the ratings"
ITEM_SIDE = (
    "weight",
    "items",
    "items_id",
    "items_title",
    "items_year",
    "items_genres",
)  # what ratings to test on do not need

_DECLARED: dict[str, tuple[Any, Any]] = {
    "format": (options.Format, "auto"),
    "user": (options.UserColumn, None),
    "item": (options.ItemColumn, None),
    "rating": (options.RatingColumn, None),
    "no_rating": (options.NoRating, False),
    "timestamp": (options.TimestampColumn, None),
    "weight": (options.WeightColumn, None),
    "scale": (options.Scale, None),
    "duplicates": (options.Duplicates, None),
    "separator": (options.Separator, None),
    "encoding": (options.Encoding, "utf-8"),
    "header": (options.Header, None),
    "quote": (options.Quotes, None),
    "missing": (options.Missing, None),
    "skip_empty": (options.SkipEmpty, False),
    "timestamp_format": (options.TimestampFormat, None),
    "decimal": (options.Decimal, "."),
    "items": (options.Items, None),
    "items_id": (options.ItemsId, None),
    "items_title": (options.ItemsTitle, None),
    "items_year": (options.ItemsYear, None),
    "items_genres": (options.ItemsGenres, None),
}


def all_but(*names: str) -> tuple[str, ...]:
    """Return the names of all reading options but these."""
    return tuple(name for name in _DECLARED if name not in names)


def reads_ratings(
    *, without: tuple[str, ...] = (), **flags: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command the reading options in place of its parameter `reading`.

    Parameters
    ----------
    without : tuple of str
        Names of options that make no sense for the command.
    **flags : str
        Name of an option to what it is called where its usual name means something else.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(command)
        reading = {name: declared for name, declared in _DECLARED.items() if name not in without}

        @functools.wraps(command)
        def run(**values: object) -> Any:
            given = {name: values.pop(_parameter(name, flags)) for name in reading}
            if "missing" in given:
                given["missing"] = given["missing"] or ()
            given["separator"] = _unescaped(cast("str | None", given["separator"]))
            return command(**values, reading=given)

        made = [_declared(name, *declared, flags) for name, declared in reading.items()]
        parameters = []
        for parameter in own.parameters.values():
            parameters += made if parameter.name == "reading" else [parameter]
        run.flags = flags  # type: ignore[attr-defined]
        run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def as_words(reading: Reading, without: tuple[str, ...] = (), **flags: str) -> list[str]:
    """Return the words of a command line that stand for reading options, those at their defaults left out.

    Parameters
    ----------
    reading : mapping of str to value
        As a command gets it.
    without : tuple of str
        Names of options to leave out.
    **flags : str
        As of `reads_ratings`.
    """
    words: list[str] = []
    for name, (annotation, default) in _DECLARED.items():
        value = reading.get(name, default)
        if name in without or value in (default, ()):
            continue
        names = getattr(get_args(annotation)[1], "param_decls", None) or ()
        typed = [get_args(annotation)[1].default, *names]
        option = flags.get(name) or next(
            (str(one) for one in typed if str(one).startswith("--")), f"--{name.replace('_', '-')}"
        )
        if name == "separator":
            value = {"\t": "tab", "\x1f": "\\x1f"}.get(value, value)  # as few terminals take them pasted
        if isinstance(value, bool):
            words.append(option.split("/")[0 if value else -1])
        elif name == "missing":
            words += [word for one in value for word in (option, str(one))]
        else:
            words += (
                [option, *(f"{end:g}" for end in value)] if isinstance(value, tuple) else [option, str(value)]
            )
    return words


def _unescaped(separator: str | None) -> str | None:
    """Return a separator as it was meant: few shells turn the two characters `\\t` into a tab."""
    return (
        None if separator is None else {"\\t": "\t", "tab": "\t", "\\x1f": "\x1f"}.get(separator, separator)
    )


def _parameter(name: str, flags: dict[str, str]) -> str:
    """Return the name of the command's parameter for a reading option."""
    return flags[name].removeprefix("--").replace("-", "_") if name in flags else name


def _declared(name: str, annotation: object, default: object, flags: dict[str, str]) -> inspect.Parameter:
    kind, option, *_ = get_args(annotation)
    made = copy.copy(option)
    made.rich_help_panel = PANEL
    if name in flags:
        made.default, made.param_decls = (
            flags[name],
            (),
        )  # where Typer looks for the option's name in an annotation
    return inspect.Parameter(
        _parameter(name, flags),
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=Annotated[kind, made],
    )
