"""Parquet and Arrow files, whole or block by block."""

import glob
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.data.checks import rating_values
from palate.data.frames import missing_column
from palate.data.ids import SIGNED, WhereRow, id_column, row_label
from palate.io.cells import times_of
from palate.io.foreign import is_arrow
from palate.io.layout import TableOptions
from palate.io.left_out import LeftOut
from palate.io.parts import Integers, Keys, Numbers
from palate.io.roles import KINDS, choose_columns
from palate.io.sources import Source
from palate.io.text import Columns

BLOCK = 1 << 20  # rows
UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def read_parquet(
    source: Source, named: dict[str, str | None], options: TableOptions, counts: bool = False
) -> Columns:
    """Return the rating columns of a Parquet or Arrow file; the other parameters as in `read_table`."""
    schemas = [_schema(part) for part in source.parts or (source,)]
    called = source.parts[0].name if source.parts else source.name
    found = choose_columns(named, list(schemas[0]), called, counts)
    columns = {role: str(name) for role, name in found.items()}
    _check_parts(source, schemas, columns)
    types = {role: [schema[name] for schema in schemas] for role, name in columns.items()}
    return _Reading(source, columns, types, options).columns()


class _Reading:
    """One pass over a file, or over the parts of a table, some rows at a time."""

    def __init__(
        self,
        source: Source,
        columns: dict[str, str],
        types: dict[str, list[pl.DataType]],
        options: TableOptions,
    ) -> None:
        self.source, self.names, self.options = source, columns, options
        self.labels = {role: f"column {name!r}" for role, name in columns.items()}
        self.parts = {role: _part(role, types[role]) for role in columns}
        self.left_out = LeftOut(options, columns)
        self.kept: list[np.ndarray] = []  # which rows are not left out, if any may be

    def columns(self) -> Columns:
        n_kept = 0
        for rows in _blocks(self.source, list(dict.fromkeys(self.names.values()))):
            if self.left_out.missing or self.left_out.needed:
                by_role = pl.DataFrame([rows[name].alias(role) for role, name in self.names.items()])
                self.kept.append(~self.left_out.rows(by_role))
                rows = rows.filter(self.kept[-1])
            where = partial(self._where, n_kept)
            for role, name in self.names.items():
                self._add(role, rows[name], where)
            n_kept += rows.height
        self.left_out.tell(self.source.name, n_kept)
        found = {role: self.parts.pop(role).finish() for role in self.names}
        return Columns(found, self.labels, partial(self._where, 0))

    def _add(self, role: str, column: pl.Series, where: WhereRow) -> None:
        kind, label = KINDS[role], self.labels[role]
        if kind == "number":
            self.parts[role].add(rating_values(column, label, where))
        elif kind == "time":
            self.parts[role].add(times_of(column, label, where, self.options.timestamp_format))
        else:
            self.parts[role].add(id_column(column, label, where)[0])

    def _where(self, before: int, row: int) -> str:
        """Say where a row is, counted among those that are not left out, from one of them on."""
        row += before
        if self.kept:
            row = int(np.flatnonzero(np.concatenate(self.kept))[row])
        return f"{row_label(row)} of {self.source.name}"


def _part(role: str, types: list[pl.DataType]) -> Any:
    """Return what a column of these types, one for each part of the table, is gathered in."""
    if KINDS[role] != "id":
        return Numbers()
    if not all(dtype.is_integer() or dtype.is_decimal() for dtype in types):
        return Keys()
    if all(dtype == pl.UInt64 for dtype in types):
        return Integers(pl.UInt64())
    # Integers of any width meet as text: Polars 1.20 joins those of 128 bits wrongly.
    return Integers(pl.Int64() if all(dtype in SIGNED for dtype in types) else pl.String())


def _blocks(source: Source, columns: list[str]) -> Iterator[pl.DataFrame]:
    """Yield the rows of columns of a file or of the parts of a table in blocks, of an empty file one block.

    A block is a million rows or a 32nd of a file: of a single row group, each block decodes what comes
    before it in part.
    """
    for part in source.parts or (source,):
        with _sound(part):
            lazy = _scan(part).select(columns)
            n_rows = int(lazy.select(pl.len()).collect().item())
            size = max(BLOCK, -(-n_rows // 32))
            for start in range(0, max(n_rows, 1), size):
                yield lazy.slice(start, size).collect()


def _scan(source: Source) -> pl.LazyFrame:
    """Return one file as a lazy frame; a compressed one is unpacked in memory."""
    scan = pl.scan_ipc if is_arrow(source) else pl.scan_parquet
    return scan(io.BytesIO(source.read()) if source.plain is None else glob.escape(str(source.plain)))


def _schema(source: Source) -> dict[str, pl.DataType]:
    """Return the columns of a file with their types."""
    with _sound(source):
        return dict(_scan(source).collect_schema())


def _check_parts(source: Source, schemas: list[dict[str, pl.DataType]], columns: dict[str, str]) -> None:
    """Raise ValueError that names the file unless all parts hold the columns, in types of one kind."""
    for part, found in zip(source.parts[1:], schemas[1:], strict=True):
        for role, name in columns.items():
            if name not in found:
                raise ValueError(missing_column(name, role, list(found), part.name))
            types = schemas[0][name], found[name]
            if _kind(types[0]) != _kind(types[1]):
                must = f"be of the type that it has in {source.parts[0].name}, {types[0]}"
                advice = "All files of a folder are one table; name the file itself, or convert the column."
                raise ArgumentError(f"column {name!r} of {part.name}", must, f"{types[1]}", advice)


def _kind(dtype: pl.DataType) -> object:
    """Return what makes the columns of two files one: all integers are alike, and all floats."""
    return "integer" if dtype.is_integer() else "float" if dtype.is_float() else dtype


def columnar(source: Source, columns: list[str] | None = None) -> pl.DataFrame:
    """Return a whole Parquet or Arrow file, or some columns of it."""
    if source.parts:
        return pl.concat([columnar(part, columns) for part in source.parts], how="vertical_relaxed")
    with _sound(source):
        return _scan(source).select(columns or pl.all()).collect()


@contextmanager
def _sound(source: Source) -> Iterator[None]:
    """Turn what Polars says of a file that it cannot read into an error that names the file."""
    try:
        yield
    except UNREADABLE as error:
        kind = "Arrow" if is_arrow(source) else "Parquet"
        said = f"{source.name} must be a sound {kind} file; reading it failed: {reason_of(error)}."
        raise ValueError(said) from None


def reason_of(error: BaseException) -> str:
    """Return why Polars could not read a file, in its own words where they are about the file.

    >>> reason_of(pl.exceptions.PanicException("index out of bounds"))
    'its data are damaged'
    """
    if isinstance(error, pl.exceptions.PanicException):  # its text is about the code of Polars
        return "its data are damaged"
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
