"""Parquet and Arrow files, whole or column by column."""

import io
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.data.arguments import warn_caller
from palate.data.checks import rating_values
from palate.data.frames import missing_column
from palate.data.ids import row_label
from palate.io.cells import datetimes
from palate.io.foreign import is_arrow
from palate.io.layout import ReadingWarning
from palate.io.roles import KINDS, REQUIRED, choose_columns
from palate.io.sources import Source
from palate.io.text import Columns

_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def read_parquet(
    source: Source,
    named: dict[str, str | None],
    counts: bool = False,
    missing: tuple[str, ...] = (),
    skip_empty: bool = False,
    timestamp_format: str | None = None,
) -> Columns:
    """Return the rating columns of a Parquet or Arrow file; the other parameters as in `read_table`."""
    called = source.parts[0].name if source.parts else source.name
    columns = choose_columns(named, list(_schema(source)), called, counts)
    _check_parts(source, columns)
    labels = {role: f"column {column!r}" for role, column in columns.items()}

    out = _left_out(source, columns, missing, skip_empty)
    place = None if out is None else np.flatnonzero(~out)

    def where(row: int) -> str:
        return f"{row_label(row if place is None else int(place[row]))} of {source.name}"

    column: dict[str, Any] = {}
    for role, name in columns.items():  # one after the other: only one column is held as wide as in the file
        series = _ids(source, str(name)) if KINDS[role] == "id" else columnar(source, [str(name)])[str(name)]
        if out is not None:
            series = series.filter(~out)
        if KINDS[role] == "time" and series.dtype == pl.String:
            series = datetimes(series, labels[role], where, timestamp_format)
        if KINDS[role] == "number":
            column[role] = rating_values(series, labels[role], where)
        else:
            column[role] = series
    return Columns(column, labels, where)


def _left_out(
    source: Source, columns: dict[str, str | int], missing: tuple[str, ...], skip_empty: bool
) -> np.ndarray | None:
    """Return which rows are left out because they hold no rating, and say how many they are.

    Return None for none.
    """
    masks = {}
    if missing and "rating" in columns:
        ratings = columnar(source, [str(columns["rating"])]).to_series()
        masks[f"hold {', '.join(map(repr, missing))} for a rating and are left out"] = marked(
            ratings, missing
        ).to_numpy()
    if skip_empty:
        wanted = [str(columns[role]) for role in REQUIRED if role in columns]
        nulls = [columnar(source, [name]).to_series() for name in wanted]
        empty = [one.is_null() | (one.is_nan() if one.dtype.is_float() else False) for one in nulls]
        masks["have no user, item or rating and are left out"] = np.logical_or.reduce(
            [one.to_numpy() for one in empty]
        )
    for said, mask in masks.items():
        warn_caller(f"{int(mask.sum()):,} of {len(mask):,} rows of {source.name} {said}.", ReadingWarning)
    return np.logical_or.reduce(list(masks.values())) if masks else None


def marked(ratings: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Return which cells hold one of the marks for "not rated", as text or as a number."""
    numbers = [number for mark in missing if (number := _number(mark)) is not None]
    found = ratings.cast(pl.String).is_in(list(missing)) | ratings.cast(pl.Float64, strict=False).is_in(
        numbers
    )
    return found.fill_null(False)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _ids(source: Source, name: str) -> pl.Series:
    """Return a column of ids; integers that fit take 32 bits, which spares memory where files are many."""
    if not source.parts:
        return _narrow(columnar(source, [name])[name])
    parts = [_narrow(columnar(part, [name])[name]) for part in source.parts]
    return pl.concat([part.to_frame() for part in parts], how="vertical_relaxed")[name]


def _narrow(ids: pl.Series) -> pl.Series:
    """Return integers in 32 bits if they fit."""
    fits = ids.dtype == pl.Int64 and len(ids) > 0 and ids.null_count() == 0
    if fits and int(ids.min()) >= -(2**31) and int(ids.max()) < 2**31:  # type: ignore[arg-type]
        return ids.cast(pl.Int32)
    return ids


def _schema(source: Source) -> dict[str, pl.DataType]:
    """Return the columns of a file, or of the first part, with their types."""
    if source.parts:
        return _schema(source.parts[0])
    read = pl.read_ipc_schema if is_arrow(source) else pl.read_parquet_schema
    try:
        return dict(read(source.plain or io.BytesIO(source.read())))
    except _UNREADABLE as error:
        raise ValueError(_not_parquet(source, error)) from None


def _check_parts(source: Source, columns: dict[str, str | int]) -> None:
    """Raise ValueError that names the file unless all parts hold the columns, in types of one kind."""
    if not source.parts:
        return
    first, *rest = source.parts
    wanted = _schema(first)
    for part in rest:
        found = _schema(part)
        for role, name in columns.items():
            if name not in found:
                raise ValueError(missing_column(str(name), role, list(found), part.name))
            types = wanted[str(name)], found[str(name)]
            if _kind(types[0]) != _kind(types[1]):
                raise ArgumentError(
                    f"column {name!r} of {part.name}",
                    f"be of the type that it has in {first.name}, {types[0]}",
                    f"{types[1]}",
                    "All files of a folder are one table; name the file itself, or convert the column.",
                )


def _kind(dtype: pl.DataType) -> object:
    """Return what makes the columns of two files one: all integers are alike, and all floats."""
    return "integer" if dtype.is_integer() else "float" if dtype.is_float() else dtype


def columnar(source: Source, columns: list[str] | None = None) -> pl.DataFrame:
    """Return a whole Parquet or Arrow file, or some columns of it."""
    if source.parts:
        return pl.concat([columnar(part, columns) for part in source.parts], how="vertical_relaxed")
    place = source.plain or io.BytesIO(source.read())
    try:
        if is_arrow(source):
            return pl.read_ipc(place, columns=columns)
        return pl.read_parquet(place, columns=columns)
    except _UNREADABLE as error:
        raise ValueError(_not_parquet(source, error)) from None


def _not_parquet(source: Source, error: BaseException) -> str:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return (
        f"{source.name} must be a sound {'Arrow' if is_arrow(source) else 'Parquet'} file; reading it "
        f"failed: {reason}."
    )
