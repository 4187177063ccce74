"""Columns of tags, such as genres, however they are written: between bars, between commas, or as lists."""

import ast
import json
import re
from collections.abc import Iterable, Mapping

import polars as pl

from palate._checks import ArgumentError
from palate.data.arguments import warn_caller
from palate.data.forks import needs_threads

BAR = "|"
_WHAT = "genres of the catalog"  # in messages
_LIST = re.compile(r"\s*(\[.*\]|\{.*\})\s*", re.DOTALL)
# "['a' 'b']", as NumPy prints an array: Python would join the two
_NUMPY = re.compile(r"""(['"])\s+(['"])""")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_NAMES = ("name", "genre", "tag", "title", "label")  # where an object of JSON holds what the tag is called
_SEPARATORS = {  # what else divides tags, the first that occurs at all: how to find it in a cell
    "semicolons": re.compile(r"\s*;\s*"),
    "commas": re.compile(r"\s*,\s*"),
    "slashes": re.compile(r"\s+/\s+"),
}


class TagsWarning(UserWarning):
    """Tags are written in a way that had to be interpreted, such as with commas between them."""


@needs_threads("reading a column of tags")
def tag_column(column: pl.Series) -> pl.Series:
    """Return a column of tags as texts with bars between the tags of a cell; a cell without any is null.

    Lists, and texts that are lists of JSON, Python or NumPy, are taken apart. Where no cell holds a
    bar, semicolons, commas or slashes between blanks divide the tags, and a warning says so.

    Raises
    ------
    ValueError
        If a tag of a list holds a bar.

    Examples
    --------
    >>> tag_column(
    ...     pl.Series("genres", ["['Crime', 'Drama']", "[]", '[{"id": 1, "name": "Drama"}]'])
    ... ).to_list()
    ['Crime|Drama', None, 'Drama']
    """
    if column.dtype == pl.Object or column.dtype.is_nested():
        return _joined(column.name, [None if cell is None else _tags(cell) for cell in column.to_list()])
    texts = column.cast(pl.String)
    distinct = texts.drop_nulls().unique(maintain_order=True)
    known = dict(zip(distinct.to_list(), _read_apart(distinct.to_list()), strict=True))
    if all(" ".join(tags) and BAR.join(tags) == text for text, tags in known.items()):
        return texts  # nothing to change, which is the rule
    joined = _joined("tags", list(known.values())).to_list()
    return texts.replace_strict(list(known), joined, return_dtype=pl.String) if known else texts


def parts_of_list(text: str) -> list[str] | None:
    """Return the tags in a text that is a list of JSON, Python or NumPy; None for any other text.

    Examples
    --------
    >>> parts_of_list("['Crime' 'Drama']"), parts_of_list("[REC]"), parts_of_list("[]")
    (['Crime', 'Drama'], None, [])
    """
    if _LIST.fullmatch(text) is None:
        return None
    inner = text.strip()[1:-1].strip()
    if not inner:
        return []
    if _NUMPY.search(inner):
        return [first or second for first, second in _QUOTED.findall(inner)]
    for parse in (json.loads, ast.literal_eval):
        try:
            return _tags(parse(text.strip()))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None


def divided_by(texts: Iterable[str]) -> str | None:
    """Return "commas", say, if most of the texts look like several tags with commas between them; else None.

    Examples
    --------
    >>> divided_by(["jazz, live", "live, rock", "jazz, rock"]), divided_by(["Austen, Jane", "Lem, Stanislaw"])
    ('commas', None)
    """
    distinct = set(texts)
    for called, separator in _SEPARATORS.items():
        pieces = {piece for text in distinct for piece in separator.split(text)}
        n_divided = sum(separator.search(text) is not None for text in distinct)
        if len(pieces) <= len(distinct) < 2 * n_divided:
            return called
    return None


def _read_apart(texts: list[str]) -> list[list[str]]:
    """Return the tags of each of the distinct texts of a column."""
    pairs = [(text, parts_of_list(text)) for text in texts]
    if texts and all(_LIST.fullmatch(text) for text in texts):  # with or without quotes inside the brackets
        return [_cut(text.strip()[1:-1], ",") if tags is None else tags for text, tags in pairs]
    if not any(tags is not None or BAR in text for text, tags in pairs):
        for called, separator in _SEPARATORS.items():
            if any(separator.search(text.strip()) for text in texts):
                found = [[tag for tag in separator.split(text.strip()) if tag] for text in texts]
                _say(called, found)
                return found
    return [_cut(text, BAR) if tags is None else tags for text, tags in pairs]


def _say(called: str, found: list[list[str]]) -> None:
    tags = sorted({tag for tags in found for tag in tags})
    said = f"{_WHAT} were split at {called} and read as {len(tags):,} different ones, such as {tags[0]!r}"
    advice = f"Write bars (|) between them if {called} belong to their names."
    warn_caller(f"{said}. {advice}", TagsWarning)


def _cut(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _tags(value: object) -> list[str]:
    """Return the tags of a list, of an object with a name, or of one value."""
    if isinstance(value, Mapping):
        name = next((value[key] for key in _NAMES if value.get(key) is not None), None)
        if name is None and value and all(isinstance(count, int | float) for count in value.values()):
            return [str(key).strip() for key in value]  # tags with how often each was given
        if name is None:
            raise ArgumentError("a tag", "be a text or an object with a name", f"{value!r}")
        return [str(name).strip()]
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [str(value).strip()]
    values = sorted(value, key=str) if isinstance(value, set | frozenset) else value
    return [tag for part in values if part is not None for tag in _tags(part) if tag]


def _joined(name: str, cells: list[list[str] | None]) -> pl.Series:
    for tags in cells:
        for tag in tags or ():
            if BAR in tag:
                raise ArgumentError(_WHAT, "not hold a bar (|), which divides them", f"{tag!r}")
    return pl.Series(name, [BAR.join(tags) or None if tags else None for tags in cells], dtype=pl.String)
