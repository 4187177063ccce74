"""The size of a table of ratings, counted without holding it in memory."""

import glob
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from palate._checks import ArgumentError
from palate.io.blocks import check_encoding
from palate.io.columnar import UNREADABLE, reason_of
from palate.io.foreign import is_arrow, is_parquet, refuse_foreign
from palate.io.formats import rating_file
from palate.io.layout import TableOptions, text_file
from palate.io.records import is_json_lines
from palate.io.roles import choose_columns
from palate.io.sources import Files, Source

_ADVICE = "Give the sizes as numbers instead."


@dataclass(frozen=True)
class TableSize:
    """How many rows, users and items a table has."""

    n_ratings: int
    n_users: int
    n_items: int


def count(
    path: str | Path,
    *,
    user: str | None = None,
    item: str | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
) -> TableSize:
    """Count a Parquet file, or a text file with named columns, in one pass that holds only a part of it.

    Parameters
    ----------
    path : str or Path
        A file as `palate.read` takes it, uncompressed.
    user, item, separator, encoding
        As of `palate.read`.

    Returns
    -------
    TableSize
        The numbers of rows, distinct users and distinct items.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing, or the file has to be read whole to be counted.
    """
    check_encoding(encoding)
    source = rating_file(Files(Path(path)))
    refuse_foreign(source)
    return _counted(source, {"user": user, "item": item}, separator, encoding)


def _counted(source: Source, roles: dict[str, str | None], separator: str | None, encoding: str) -> TableSize:
    try:
        lazy, names = _scan(source, separator, encoding)
        columns = choose_columns({**roles, "rating": None}, names, source.name, counts=True)
        asked = [pl.col(str(columns[role])).n_unique().alias(role) for role in roles]
        found = lazy.select(pl.len().alias("rows"), *asked).collect(engine="streaming")
    except UNREADABLE as error:
        for part in source.parts or ():  # raises for the one that is damaged
            _counted(part, roles, separator, encoding)
        got = f"one that cannot be read: {reason_of(error)}"
        raise ArgumentError(source.name, "be a sound table", got) from None
    return TableSize(*(int(value) for value in found.row(0)))


def _scan(source: Source, separator: str | None, encoding: str) -> tuple[pl.LazyFrame, list[str]]:
    """Return a lazy frame of a file and the names of its columns."""
    paths = [one.plain for one in source.parts] if source.parts else [source.plain]
    if None in paths or is_arrow(source) or is_json_lines(source):
        must = "be Parquet or uncompressed text to be counted"
        raise ArgumentError(source.name, must, "another file", _ADVICE)
    files = [glob.escape(str(path)) for path in paths]  # for Polars a name may be a pattern
    if is_parquet(source):
        lazy = pl.scan_parquet(files)
        return lazy, lazy.collect_schema().names()
    file = text_file(source, TableOptions(separator=separator, encoding=encoding))
    if len(file.separator) != 1:
        must = "have a separator of one character to be counted"
        raise ArgumentError(source.name, must, repr(file.separator), _ADVICE)
    lazy = pl.scan_csv(
        files,
        separator=file.separator,
        quote_char='"' if file.quote else None,
        infer_schema=False,
        encoding="utf8-lossy",
    )
    return lazy, file.names
