"""Columns of text files, read by Polars block by block, with errors that name the line."""

import re
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, MissingValueError, Setting, Words
from palate.data.checks import rating_values
from palate.data.ids import WhereRow, id_column
from palate.io.blocks import Block
from palate.io.cells import Fields, diagnosis, dtype_of, numbers_of, refuse_swallowed, time_kind, times_of
from palate.io.layout import TableOptions, TextFile, encoding_of, places_of, text_file
from palate.io.left_out import LeftOut
from palate.io.parts import Ids, Keys, NotWhole, Numbers, Texts, is_plain
from palate.io.sources import Source


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

    def frame(self) -> pl.DataFrame:
        """Return columns of texts as a frame; they are called by their roles."""
        return pl.DataFrame([series.alias(role) for role, series in self.column.items()])


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
    kinds = {role: time_kind(file, places[role]) if kind == "time" else kind for role, kind in kinds.items()}
    while True:
        try:
            return _Reading(file, Fields(places, labels, kinds)).columns()
        except NotWhole as found:  # ids that were whole numbers so far are text: begin again
            kinds = {**kinds, found.role: "key"}


def text_columns(source: Source, separator: str = ",") -> Columns:
    """Return all columns of a CSV file with a header that have a name, as text in UTF-8, else Latin-1.

    An empty cell is null.
    """
    file = text_file(source, TableOptions(separator=separator, encoding=encoding_of(source)))
    columns: dict[str, str | int] = {name: name for name in file.names if name}
    return read_columns(file, columns, dict.fromkeys(columns, "text"))


def read_text(file: TextFile) -> Columns:
    """Return all columns of a file as text, by the number of the column."""
    places = {str(place): place for place in range(len(file.names))}
    labels = {role: f"column {file.names[place]!r}" for role, place in places.items()}
    return _Reading(file, Fields(places, labels, dict.fromkeys(places, "text"))).columns()


class _Reading:
    """One pass over a file."""

    def __init__(self, file: TextFile, fields: Fields) -> None:
        self.file, self.fields = file, fields
        makers: dict[str, Any] = {"id": Ids, "int": Ids, "key": Keys, "text": Texts}
        self.parts = {role: makers.get(kind, Numbers)() for role, kind in fields.kinds.items()}
        self.rows: list[int] = [0]  # where each block's rows begin, and the end
        self.left_out = LeftOut(file.options, fields.kinds)

    def columns(self) -> Columns:
        for number, block in enumerate(self.file.blocks()):
            if number == 0 and self.file.has_header_line:
                block = self._without_header(block)
            table, place = self._rows(block)
            where = partial(self._where, block, place)
            for role in self.parts:
                try:
                    self._add(role, table[role], where, block)
                except MissingValueError as error:
                    raise self._with_advice(error, role) from None
            self.rows.append(self.rows[-1] + table.height)
        if not self.rows[-1]:
            got = "only a header" if self.file.header else "blank lines"
            got = "none but those left out" if self.left_out.n_missing or self.left_out.n_empty else got
            raise ArgumentError(self.file.name, "hold at least one row", got)
        self.left_out.tell(self.file.name, self.rows[-1])
        found = {role: self.parts.pop(role).finish() for role in list(self.parts)}
        return Columns(found, self.fields.labels, self.where)

    def _with_advice(self, error: MissingValueError, role: str) -> MissingValueError:
        """Return the error with the advice to leave such rows out, where that can be done."""
        if role not in ("user", "item", "rating"):
            return error
        advice = f"{error.advice} Pass " if error.advice else "Pass "
        words = Words(advice, Setting("skip_empty", True), " to leave such rows out.")
        return MissingValueError(error.argument, error.must, error.got, words)

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
        out = self.left_out.rows(table)
        return (table.filter(~out), np.flatnonzero(~out)) if out.any() else (table, None)

    def _where(self, block: Block, place: np.ndarray | None, row: int) -> str:
        return self.file.where(block, row if place is None else int(place[row]))

    def _without_header(self, block: Block) -> Block:
        """Return the block without its first record and the blank lines before it."""
        lines = [line for line, _ in islice(self.file.records(block), 2)]
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
        names = [f"c{number}" for number in range(len(self.file.names))]
        # With a header of its own the number of fields in a block's first line does not count.
        header = self.file.delimiter.join(names) + "\n"
        schema: dict[str, type[pl.DataType]] = dict.fromkeys(names, pl.String)
        for role, kind in self.fields.kinds.items():
            schema[names[self.fields.places[role]]] = dtype_of(self.file, role, kind)
        try:
            lines = pl.scan_csv(
                header.encode() + data,
                separator=self.file.delimiter,
                quote_char='"' if self.file.quote and b'"' in data else None,
                schema=schema,
            )
            return lines.select(
                pl.col(f"c{place}").alias(role) for role, place in self.fields.places.items()
            ).collect()
        except pl.exceptions.PolarsError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                diagnosis(self.file, self.fields, block) or f"{self.file.name} could not be read: {reason}."
            ) from None

    def _without_blank_lines(self, block: Block) -> bytes:
        parts = block.data.split(b'"') if self.file.quote else [block.data]
        # Every other part stands between quotes and stays as it is.
        parts[::2] = [re.sub(rb"\n{2,}", b"\n", part) for part in parts[::2]]
        return b'"'.join(parts).lstrip(b"\n")

    def _add(self, role: str, column: pl.Series, where: WhereRow, block: Block) -> None:
        kind, label = self.fields.kinds[role], self.fields.labels[role]
        if kind == "number":
            ratings = numbers_of(column, self.file.options.decimal, label, where)
            self.parts[role].add(rating_values(ratings, label, where))
        elif kind in ("id", "int", "key"):
            if self.file.quote and b'"' in block.data:
                refuse_swallowed(column, label, where, "[\n\r]", self.file.delimiter)
            elif self.file.delimiter not in "\t,;|" and b"\t" in block.data:
                # of JSON, where a tab stands for a line end
                refuse_swallowed(column, label, where, "\t", "")
            self._add_ids(role, id_column(column, label, where)[0], where)
        elif kind == "text":
            self.parts[role].add(column)
        else:
            self.parts[role].add(times_of(column, label, where, self.file.options.timestamp_format))

    def _add_ids(self, role: str, column: pl.Series, where: WhereRow) -> None:
        try:
            self.parts[role].add(column)
        except NotWhole as found:
            if self.fields.kinds[role] == "id":
                found.role = role
                raise
            row = next(row for row, text in enumerate(column) if not is_plain(text))
            advice = " Pass format='table' if ids may be text." if self.file.header else ""
            got = f"{column[row]!r} at {where(row)}"
            raise ArgumentError(self.fields.labels[role], "hold whole numbers", got, advice) from None
