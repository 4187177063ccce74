"""The options of every command that reads ratings, as the arguments of `palate.read`."""

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args

import typer

from palate.cli.docstrings import described

Reading = Mapping[str, Any]  # a command's parameter `reading` stands for the options below
AS_GIVEN: Reading = MappingProxyType({})  # its default

PANEL = "Reading the ratings"
_SWITCHES = {"header": "--header/--no-header", "quote": "--quotes/--no-quotes"}
# As they are typed: few shells turn the two characters `\t` into a tab.
_SEPARATORS = {"\\t": "\t", "tab": "\t", "\\x1f": "\x1f"}
# what ratings to test on do not need
ITEM_SIDE = "weight", "items", "items_id", "items_title", "items_year", "items_genres"


@described
def _reading(
    format: str = "auto",  # noqa: A002 - the word of the command line
    user: str | None = None,
    item: str | None = None,
    rating: str | None = None,
    no_rating: bool = False,
    timestamp: str | None = None,
    weight: str | None = None,
    scale: tuple[float, float] | None = None,
    duplicates: str | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    header: Annotated[bool | None, typer.Option(_SWITCHES["header"])] = None,
    quote: Annotated[bool | None, typer.Option(_SWITCHES["quote"])] = None,
    missing: list[str] | None = None,
    skip_empty: bool = False,
    timestamp_format: str | None = None,
    decimal: str = ".",
    items: Path | None = None,
    items_id: str | None = None,
    items_title: str | None = None,
    items_year: str | None = None,
    items_genres: str | None = None,
) -> None:
    """Declare the options; only the signature and this text are used.

    Parameters
    ----------
    format : FORMAT
        Format of the file: auto, movielens, movielens-dat, movielens-100k, goodbooks,
        movietweetings, triplets, netflix, lesson, wide or table.
    user : COLUMN
        Column of user ids.
    item : COLUMN
        Column of item ids.
    rating : COLUMN
        Column of ratings.
    no_rating
        The table says only who chose what: no column holds ratings, and each row counts 1.
    timestamp : COLUMN
        Column of times.
    weight : COLUMN
        Column of weights: how much each rating counts.
    scale : LOWEST HIGHEST
        Lowest and highest possible rating. Ratings outside are an error.
    duplicates : POLICY
        What to keep if a user rated an item several times: last, mean or sum; or error. The default
        is last, and sum for counts.
    separator : TEXT
        Separator of the columns; by default it is detected.
    encoding : NAME
        Encoding of the file.
    header
        Whether the first line contains column names. Without names, columns are called 1, 2, 3 ...
    quote
        Whether double quotes enclose fields. By default they do, except between tabs.
    missing : VALUE
        Mark for 'not rated', such as -1 or NA. Rows with it are left out. May be repeated.
    skip_empty
        Leave out rows without a user, an item or a rating.
    timestamp_format : FORMAT
        Format of times, such as '%d/%m/%Y %H:%M'.
    decimal : CHARACTER
        Decimal separator: '.' or ','.
    items : FILE
        Catalog of the items. By default it is looked for beside the ratings; none uses no catalog.
    items_id : COLUMN
        Column of item ids in the catalog.
    items_title : COLUMN
        Column of titles in the catalog.
    items_year : COLUMN
        Column of years in the catalog.
    items_genres : COLUMN
        Column of genres in the catalog.
    """


_DECLARED = inspect.signature(_reading).parameters
for _one in _DECLARED.values():
    get_args(_one.annotation)[1].rich_help_panel = PANEL


def all_but(*names: str) -> tuple[str, ...]:
    """Return the names of all reading options but these."""
    return tuple(name for name in _DECLARED if name not in names)


def reads_ratings(
    *, without: tuple[str, ...] = (), **renamed: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command the reading options in place of its parameter `reading`.

    Parameters
    ----------
    without : tuple of str
        Names of options that make no sense for the command.
    **renamed : str
        Name of an option to what it is called where its usual name means something else.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(command)
        reading = {name: renamed.get(name, name) for name in _DECLARED if name not in without}

        @functools.wraps(command)
        def run(**values: object) -> Any:
            given: dict[str, Any] = {name: values.pop(called) for name, called in reading.items()}
            if "missing" in given:
                given["missing"] = given["missing"] or ()
            given["separator"] = _SEPARATORS.get(given["separator"], given["separator"])
            return command(**values, reading=given)

        made = [_DECLARED[name].replace(name=called) for name, called in reading.items()]
        parameters = []
        for parameter in own.parameters.values():
            parameters += made if parameter.name == "reading" else [parameter]
        run.flags = {name: _flag(called) for name, called in renamed.items()}  # type: ignore[attr-defined]
        run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def as_words(reading: Reading, without: tuple[str, ...] = ()) -> list[str]:
    """Return the words of a command line that stand for reading options, those at their defaults left out.

    Parameters
    ----------
    reading : mapping of str to value
        As a command gets it.
    without : tuple of str
        Names of options to leave out.
    """
    words: list[str] = []
    for name, declared in _DECLARED.items():
        value = reading.get(name, declared.default)
        if name in without or value in (declared.default, ()):
            continue
        option = _SWITCHES.get(name, _flag(name))
        if name == "separator":
            value = {"\t": "tab", "\x1f": "\\x1f"}.get(value, value)  # as few terminals take them pasted
        if isinstance(value, bool):
            words.append(option.split("/")[0 if value else -1])
        elif name == "missing":
            words += [word for one in value for word in (option, str(one))]
        elif isinstance(value, tuple):
            words += [option, *(f"{end:g}" for end in value)]
        else:
            words += [option, str(value)]
    return words
