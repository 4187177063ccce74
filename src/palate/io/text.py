"""Columns of text files, read by Polars block by block, with errors that name the line."""

import csv
import io
import re
import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Setting, Words
from palate.data.checks import rating_values
from palate.data.ids import WhereRow, id_column
from palate.data.times import DATETIMES, dates_of_texts, raw_times
from palate.io.blocks import Block
from palate.io.layout import ReadingWarning, TextFile, encoding_of, misplaced_quote, places_of, text_file
from palate.io.parts import Ids, Keys, NotWhole, Numbers, Texts, is_plain
from palate.io.sources import Source

_WHOLE = re.compile(r"\s*[+-]?\d+")
_NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE
)
_NEEDS = {"seconds": "times as whole seconds", "number": "numbers", "fraction": "times as seconds"}
_DTYPES = {"seconds": pl.Int64, "number": pl.Float32, "fraction": pl.Float64}


@dataclass(frozen=True)
class Columns:
    """Columns of a file by role ("user", "item", "rating", ...), with what messages need.

    Parameters
    ----------
    column : dict
        Role to array, series or coded ids; the way in to `palate.data.ratings.build`, which empties it.
    labels : dict of str to str
        What to call each column.
    where : callable
        Turns a row number into words like "line 7 of ratings.csv".
    """

    column: dict[str, Any]
    labels: dict[str, str]
    where: WhereRow


def read_columns(file: TextFile, columns: dict[str, str | int], kinds: dict[str, str]) -> Columns:
    """Return the wanted columns of a text file.

    Parameters
    ----------
    file : TextFile
    columns : dict
        Role to column name, or to the number of the field in a file without header.
    kinds : dict
        Role to "int" (ids that are whole numbers, written plainly), "id" (such numbers if all cells
        are, else text), "key" (ids that stay text), "text", "number" or "time".

    Raises
    ------
    ValueError
        If the file is empty, a column is missing, a line has too many fields, an id, a number or a
        time is missing, or a cell is not of its kind; the message names the line.
    """
    places = places_of(file, columns)
    labels = {
        role: f"column {name!r}" if isinstance(name, str) else f"field {name + 1}"
        for role, name in columns.items()
    }
    kinds = {role: _time_kind(file, places[role]) if kind == "time" else kind for role, kind in kinds.items()}
    while True:
        try:
            return _Reading(file, places, labels, kinds).columns()
        except NotWhole as found:  # ids that were whole numbers so far are text: begin again
            kinds = {**kinds, found.role: "key"}


def text_table(source: Source, wanted: list[str], every: bool = False, separator: str = ",") -> pl.DataFrame:
    """Return columns of a CSV file of items with a header, all as text (an empty cell is null); in
    UTF-8, else Latin-1.

    Parameters
    ----------
    source : Source
    wanted : list of str
        Columns that must be there.
    every : bool, default False
        Whether to return all columns that have a name.
    separator : str
    """
    table = text_columns(source, wanted, every, separator)
    return pl.DataFrame([series.alias(name) for name, series in table.column.items()])


def text_columns(source: Source, wanted: list[str], every: bool = False, separator: str = ",") -> Columns:
    """Return the same as `text_table` with what says in which line a row is."""
    file = text_file(source, separator, encoding_of(source))
    columns: dict[str, str | int] = {name: name for name in wanted}
    places_of(file, columns)
    if every:
        columns = {name: name for name in file.names if name}
    return read_columns(file, columns, dict.fromkeys(columns, "text"))


def read_text(file: TextFile) -> Columns:
    """Return all columns of a file as text, by the number of the column."""
    places = {str(place): place for place in range(len(file.names))}
    labels = {role: f"column {file.names[place]!r}" for role, place in places.items()}
    return _Reading(file, places, labels, dict.fromkeys(places, "text")).columns()


class _Reading:
    """One pass over a file."""

    def __init__(
        self, file: TextFile, places: dict[str, int], labels: dict[str, str], kinds: dict[str, str]
    ) -> None:
        self.file, self.places, self.labels, self.kinds = file, places, labels, kinds
        self.width = len(file.names)
        makers: dict[str, Any] = {"id": Ids, "int": Ids, "key": Keys, "text": Texts}
        self.parts = {role: makers.get(kind, Numbers)(role) for role, kind in kinds.items()}
        self.rows: list[int] = [0]  # where each block's rows begin, and the end
        self.left_out = {"missing": 0, "empty": 0}

    def columns(self) -> Columns:
        for number, block in enumerate(self.file.blocks()):
            if number == 0 and self.file.has_header_line:
                block = self._without_header(block)
            table, place = self._rows(block)
            where = partial(self._where, block, place)
            for role in self.parts:
                try:
                    self._add(role, table[role], where, block)
                except ValueError as error:
                    if role in ("user", "item", "rating") and "got null at" in str(error):
                        raise ValueError(
                            Words(f"{error} Pass ", Setting("skip_empty", True), " to leave such rows out.")
                        ) from None
                    raise
            self.rows.append(self.rows[-1] + table.height)
        if not self.rows[-1]:
            found = "only a header" if self.file.header else "blank lines"
            found = "none but those left out" if any(self.left_out.values()) else found
            raise ArgumentError(self.file.name, "hold at least one row", f"{found}")
        self._tell()
        return Columns(
            {role: self.parts.pop(role).finish() for role in list(self.parts)}, self.labels, self.where
        )

    def where(self, row: int) -> str:
        """Say where a row is, by reading the file again up to it."""
        for number, block in enumerate(self.file.blocks()):
            if number == 0 and self.file.has_header_line:
                block = self._without_header(block)
            if row < self.rows[number + 1]:
                return self._where(block, self._rows(block)[1], row - self.rows[number])
        return f"row {row} of {self.file.name}"

    def _rows(self, block: Block) -> tuple[pl.DataFrame, np.ndarray | None]:
        """Return the rows of a block that count, and their places in it; None when all do."""
        table = self._parse(block)
        out = np.zeros(table.height, dtype=bool)
        for what, mask in (("missing", self._missing(table)), ("empty", self._empty(table))):
            if mask is not None:
                self.left_out[what] += int((mask & ~out).sum())
                out |= mask
        return (table.filter(~out), np.flatnonzero(~out)) if out.any() else (table, None)

    def _missing(self, table: pl.DataFrame) -> np.ndarray | None:
        """Return which rows hold a mark for "not rated"."""
        if not self.file.missing or "rating" not in table.columns:
            return None
        texts = table["rating"].str.strip_chars()
        numbers = [float(mark) for mark in self.file.missing if _NUMBER.fullmatch(mark)]
        marked = texts.is_in(list(self.file.missing)) | texts.cast(pl.Float64, strict=False).is_in(numbers)
        return marked.fill_null("" in self.file.missing).to_numpy()

    def _empty(self, table: pl.DataFrame) -> np.ndarray | None:
        """Return which rows lack a user, an item or a rating."""
        if not self.file.skip_empty:
            return None
        roles = [role for role in ("user", "item", "rating") if role in table.columns]
        return (
            table.select(pl.any_horizontal(pl.col(role).is_null() for role in roles)).to_series().to_numpy()
        )

    def _where(self, block: Block, place: np.ndarray | None, row: int) -> str:
        return self.file.where(block, row if place is None else int(place[row]))

    def _tell(self) -> None:
        """Say how many rows were left out."""
        total = self.rows[-1] + sum(self.left_out.values())
        marks = ", ".join(map(repr, self.file.missing))
        if self.file.missing:
            said = (
                f"{self.left_out['missing']:,} of {total:,} rows of {self.file.name} hold {marks} for a "
                f"rating"
            )
            warnings.warn(
                f"{said} and are left out." if self.left_out["missing"] else f"{said}.",
                ReadingWarning,
                stacklevel=6,
            )
        if self.left_out["empty"]:
            said = f"{self.left_out['empty']:,} of {total:,} rows of {self.file.name}"
            warnings.warn(
                f"{said} have no user, item or rating and are left out.", ReadingWarning, stacklevel=6
            )

    def _without_header(self, block: Block) -> Block:
        """Return the block without its first record and the blank lines before it."""
        lines = [
            line for line, _ in zip((line for line, _ in self.file.records(block)), range(2), strict=False)
        ]
        if len(lines) < 2:
            return Block(b"", block.line)
        start = 0
        for _ in range(lines[1] - block.line):
            start = block.data.index(b"\n", start) + 1
        return Block(block.data[start:], lines[1])

    def _parse(self, block: Block) -> pl.DataFrame:
        """Return the columns of a block by role; ids as text still."""
        data = block.data
        if b"\n\n" in data or data.startswith(b"\n"):
            data = self._without_blank_lines(block)
        schema: dict[str, Any] = {f"c{number}": pl.String for number in range(self.width)}
        header = (
            self.file.delimiter.join(schema) + "\n"
        )  # else the number of fields in a block's first line would count
        schema |= {f"c{self.places[role]}": self._dtype(role, kind) for role, kind in self.kinds.items()}
        try:
            lines = pl.scan_csv(
                header.encode() + data,
                separator=self.file.delimiter,
                quote_char='"' if self.file.quote and b'"' in data else None,
                schema=schema,
            )
            return lines.select(
                pl.col(f"c{place}").alias(role) for role, place in self.places.items()
            ).collect()
        except pl.exceptions.PolarsError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                self._diagnosis(block) or f"{self.file.name} could not be read: {reason}."
            ) from None

    def _dtype(self, role: str, kind: str) -> Any:
        """Return how Polars is to read a column; numbers that need care are read as text first."""
        if kind == "number" and (self.file.decimal != "." or (role == "rating" and self.file.missing)):
            return pl.String
        return _DTYPES.get(kind, pl.String)

    def _numbers(self, column: pl.Series, label: str, where: WhereRow) -> pl.Series:
        if column.dtype != pl.String:
            return column
        texts = column
        if self.file.decimal == ",":
            texts = column.str.replace_all(".", "?", literal=True).str.replace(",", ".", literal=True)
        numbers = texts.str.strip_chars().cast(pl.Float32, strict=False)
        wrong = numbers.is_null() & column.is_not_null()
        if wrong.any():
            row = int(wrong.arg_max() or 0)
            raise ArgumentError(label, "hold numbers", f"{column[row]!r} at {where(row)}")
        return numbers

    def _without_blank_lines(self, block: Block) -> bytes:
        if not (self.file.quote and b'"' in block.data):
            return re.sub(rb"\n{2,}", b"\n", block.data).lstrip(b"\n")
        out = io.StringIO()
        csv.writer(out, delimiter=self.file.delimiter, lineterminator="\n").writerows(
            record for _, record in self.file.records(block)
        )
        return out.getvalue().encode()

    def _add(self, role: str, column: pl.Series, where: WhereRow, block: Block) -> None:
        kind, label = self.kinds[role], self.labels[role]
        if kind == "number":
            self.parts[role].add(rating_values(self._numbers(column, label, where), label, where))
        elif kind in ("id", "int", "key"):
            if self.file.quote and b'"' in block.data:
                _refuse(column, label, where, "[\n\r]", self.file.delimiter, _ROWS)
            elif (
                self.file.delimiter not in "\t,;|" and b"\t" in block.data
            ):  # of JSON, where a tab stands for a line end
                _refuse(column, label, where, "\t", "", _LINES)
            self._add_ids(role, id_column(column, label, where)[0], where)
        elif kind == "text":
            self.parts[role].add(column)
        else:
            times = (
                datetimes(column, label, where, self.file.timestamp_format) if kind == "datetime" else column
            )
            numbers, unit = raw_times(times, label, where)  # the unit of numbers is that of the whole column
            self.parts[role].add(
                numbers if unit is None else numbers.astype(f"datetime64[{DATETIMES[unit]}]")
            )

    def _add_ids(self, role: str, column: pl.Series, where: WhereRow) -> None:
        try:
            self.parts[role].add(column)
        except NotWhole:
            if self.kinds[role] == "id":
                raise
            row = next(row for row, text in enumerate(column) if not is_plain(text))
            advice = " Pass format='table' if ids may be text." if self.file.header else ""
            raise ArgumentError(
                self.labels[role], "hold whole numbers", f"{column[row]!r} at {where(row)}", advice
            ) from None

    def _diagnosis(self, block: Block) -> str | None:
        """Return what is wrong with the first line that cannot be read; walks the lines, which only
        a failure justifies.
        """
        for line, record in self.file.records(block, strict=True):
            where = f"line {line} of {self.file.name}"
            if len(record) > self.width:
                text = self.file.separator.join(record)[:80]
                return (
                    f"each line must have {self.width} fields like the first one; got {len(record)} at "
                    f"{where}: {text!r}."
                )
            if any("\ufffd" in cell for cell in record):
                return (
                    f"{self.file.name} must be text in UTF-8; got other bytes at line {line}. Pass "
                    f"encoding='latin-1' if that is what they are, or convert the file."
                )
            for role, place in self.places.items():
                kind = self.kinds[role]
                if len(record) > place and not _fits(record[place], kind):
                    advice = _advice(record[place], kind, self.file)
                    return (
                        f"{self.labels[role]} must hold {_NEEDS[kind]}; got {record[place][:80]!r} at "
                        f"{where}.{advice}"
                    )
        return self._quotes(block)

    def _quotes(self, block: Block) -> str | None:
        """Return what is wrong when a quote stands inside a field that does not begin with one."""
        if not self.file.quote:
            return None
        delimiter = re.escape(self.file.delimiter.encode())
        found = re.search(
            rb"(?:^|" + delimiter + rb')(?!")[^\n"' + delimiter + rb']+"', block.data, re.MULTILINE
        )
        return (
            None
            if found is None
            else misplaced_quote(self.file.name, block.line + block.data.count(b"\n", 0, found.end()))
        )


def _time_kind(file: TextFile, place: int) -> str:
    """Tell from the first lines how times are written: whole seconds, fractions of seconds, or dates."""
    if file.timestamp_format is not None:
        return "datetime"
    cells = file.sample(place)
    if all(_NUMBER.fullmatch(cell) for cell in cells):
        return "seconds" if all(_WHOLE.fullmatch(cell) for cell in cells) else "fraction"
    return "seconds" if _WHOLE.fullmatch(cells[0]) else "datetime"


def _fits(cell: str, kind: str) -> bool:
    """Return whether a cell is of its kind; an empty one is a missing value, which is judged later."""
    if not cell or kind not in _NEEDS:
        return True
    if kind == "seconds":
        return len(cell) < 100 and bool(_WHOLE.fullmatch(cell)) and -(2**63) <= int(cell) < 2**63
    return _NUMBER.fullmatch(cell) is not None


_ROWS, _LINES = "ids, not rows with separators and line ends", "ids without tabs and line ends"


def _refuse(
    ids: pl.Series, label: str, where: WhereRow, line_end: str, separator: str, constraint: str
) -> None:
    """Refuse ids that hold a line end and a separator: a quote that is a plain character has
    swallowed whole rows.
    """
    wrong = (ids.str.contains(line_end) & ids.str.contains(separator, literal=True)).fill_null(False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise ArgumentError(
            label,
            f"hold {constraint}",
            f"{ids[row][:80]!r} at {where(row)}",
            Words("If quotes are plain characters there, pass ", Setting("quote", False), "."),
        )


def _advice(cell: str, kind: str, file: TextFile) -> str:
    """Return what to do about a cell that is no number."""
    if kind == "number" and re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell):
        return " Pass decimal=',' if the comma begins the fraction."
    if kind == "number" and '"' in cell and file.quote:
        return " If quotes are plain characters there, pass quote=False."
    if kind == "number" and not any(character.isdigit() for character in cell):
        return f" Pass missing={cell[:20]!r} if that stands for 'not rated'."
    return ""


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
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise ArgumentError(label, f"hold times written as {pattern!r}", f"{texts[row]!r} at {where(row)}")
    return times
