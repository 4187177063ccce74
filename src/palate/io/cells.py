"""Cells of text files: how each kind is known and read, and what is wrong with a cell that is none."""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Words
from palate.data.ids import WhereRow, refuse_first
from palate.data.time_units import DATETIMES
from palate.data.times import dates_of_texts, raw_times
from palate.io.blocks import Block
from palate.io.layout import TextFile, misplaced_quote

_WHOLE = re.compile(r"\s*[+-]?\d+")
_NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE
)
_NEEDS = {"seconds": "times as whole seconds", "number": "numbers", "fraction": "times as seconds"}
_DTYPES: dict[str, type[pl.DataType]] = {"seconds": pl.Int64, "number": pl.Float32, "fraction": pl.Float64}


@dataclass(frozen=True)
class Fields:
    """The wanted columns of a text file.

    Parameters
    ----------
    places : dict of str to int
        Role to the number of the field, from 0.
    labels : dict of str to str
        What messages call each column.
    kinds : dict of str to str
        What each cell holds, see `palate.io.text.read_columns`.
    """

    places: dict[str, int]
    labels: dict[str, str]
    kinds: dict[str, str]


def time_kind(file: TextFile, place: int) -> str:
    """Tell from the first lines how times are written: whole seconds, fractions of seconds, or dates."""
    if file.options.timestamp_format is not None:
        return "datetime"
    cells = file.sample(place)
    if all(_NUMBER.fullmatch(cell) for cell in cells):
        return "seconds" if all(_WHOLE.fullmatch(cell) for cell in cells) else "fraction"
    return "seconds" if _WHOLE.fullmatch(cells[0]) else "datetime"


def dtype_of(file: TextFile, role: str, kind: str) -> type[pl.DataType]:
    """Return how Polars is to read a column; numbers that need care are read as text first."""
    if kind == "number" and (file.options.decimal != "." or (role == "rating" and file.options.missing)):
        return pl.String
    return _DTYPES.get(kind, pl.String)


def numbers_of(column: pl.Series, decimal: str, label: str, where: WhereRow) -> pl.Series:
    """Return a column of numbers that may have been read as text, because its decimals need care."""
    if column.dtype != pl.String:
        return column
    texts = column
    if decimal == ",":
        texts = column.str.replace_all(".", "?", literal=True).str.replace(",", ".", literal=True)
    numbers = texts.str.strip_chars().cast(pl.Float32, strict=False)
    refuse_first(numbers.is_null() & column.is_not_null(), column, label, "hold numbers", where)
    return numbers


def datetimes(texts: pl.Series, label: str, where: WhereRow, pattern: str | None = None) -> pl.Series:
    """Return times that are written as dates, with the year first or as `pattern` says."""
    if pattern is None:
        return dates_of_texts(texts, label, where)
    try:
        if not re.search("%[HIklTRcrsX+]", pattern):  # a date without a time of day
            times = texts.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))
        else:
            times = texts.str.to_datetime(pattern, strict=False, time_unit="us")
    except pl.exceptions.PolarsError:
        times = pl.Series([None] * len(texts), dtype=pl.Datetime)
    wrong = times.is_null() & texts.is_not_null()
    refuse_first(wrong, texts, label, f"hold times written as {pattern!r}", where)
    return times


def times_of(column: pl.Series, label: str, where: WhereRow, pattern: str | None = None) -> np.ndarray:
    """Return a block of times: `datetime64` where the unit is certain, else plain numbers.

    The unit of numbers is that of the whole column.
    """
    if column.dtype == pl.String:
        column = datetimes(column, label, where, pattern)
    numbers, unit = raw_times(column, label, where)
    return numbers if unit is None else numbers.astype(f"datetime64[{DATETIMES[unit]}]")


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


def refuse_swallowed(ids: pl.Series, label: str, where: WhereRow, line_end: str, separator: str) -> None:
    """Raise if an id holds a line end and a separator: a quote that is a plain character swallowed rows."""
    wrong = (ids.str.contains(line_end) & ids.str.contains(separator, literal=True)).fill_null(False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        must = f"hold ids{', not rows with separators and' if separator else ' without tabs and'} line ends"
        advice = Words.of("If quotes are plain characters there, pass `quote=False`.")
        raise ArgumentError(label, must, f"{ids[row][:80]!r} at {where(row)}", advice)


def diagnosis(file: TextFile, fields: Fields, block: Block) -> str | None:
    """Return what is wrong with the first line that cannot be read; slow, for a failure alone."""
    width = len(file.names)
    for line, record in file.records(block, strict=True):
        where = f"line {line} of {file.name}"
        if len(record) > width:
            text = file.separator.join(record)[:80]
            return (
                f"each line must have {width} fields like the first one; got {len(record)} at "
                f"{where}: {text!r}."
            )
        if any("\ufffd" in cell for cell in record):
            return (
                f"{file.name} must be text in UTF-8; got other bytes at line {line}. Pass "
                f"encoding='latin-1' if that is what they are, or convert the file."
            )
        for role, place in fields.places.items():
            kind = fields.kinds[role]
            if len(record) > place and not _fits(record[place], kind):
                advice = _advice(record[place], kind, file)
                return (
                    f"{fields.labels[role]} must hold {_NEEDS[kind]}; got {record[place][:80]!r} at "
                    f"{where}.{advice}"
                )
    return _quotes(file, block)


def _fits(cell: str, kind: str) -> bool:
    """Return whether a cell is of its kind; an empty one is a missing value, which is judged later."""
    if not cell or kind not in _NEEDS:
        return True
    if kind == "seconds":
        return len(cell) < 100 and bool(_WHOLE.fullmatch(cell)) and -(2**63) <= int(cell) < 2**63
    return _NUMBER.fullmatch(cell) is not None


def _advice(cell: str, kind: str, file: TextFile) -> str:
    """Return what to do about a cell that is no number."""
    if kind != "number":
        return ""
    if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell):
        thousands = re.fullmatch(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*", cell)
        other = "; take it out of the numbers if it separates thousands" if thousands else ""
        return f" Pass decimal=',' if the comma begins the fraction{other}."
    if '"' in cell and file.quote:
        return " If quotes are plain characters there, pass quote=False."
    if not any(character.isdigit() for character in cell):
        return f" Pass missing={cell[:20]!r} if that stands for 'not rated'."
    if len(found := re.findall(r"\d+(?:[.,]\d+)?", cell)) == 1:
        return f" Leave the number alone in each row of the column, here {found[0]}."
    return " Write one number in each row of the column."


def _quotes(file: TextFile, block: Block) -> str | None:
    """Return what is wrong when a quote stands inside a field that does not begin with one."""
    if not file.quote:
        return None
    delimiter = re.escape(file.delimiter.encode())
    found = re.search(rb"(?:^|" + delimiter + rb')(?!")[^\n"' + delimiter + rb']+"', block.data, re.MULTILINE)
    if found is None:
        return None
    return misplaced_quote(file.name, block.line + block.data.count(b"\n", 0, found.end()))
