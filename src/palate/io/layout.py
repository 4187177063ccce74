"""How a text file is laid out, and its records one by one: for headers, samples and messages."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from palate._checks import ArgumentError, Words
from palate.data.arguments import warn_caller
from palate.data.frames import check_once, missing_column
from palate.io.blocks import BLOCK, Block, blocks
from palate.io.sources import Source

SEPARATORS = {
    ",": "a comma",
    ";": "a semicolon",
    "\t": "a tab",
    "|": "a bar",
    "::": "two colons",
    " ": "a blank",
}
_SNIFFED = ("\t", ";", "|", ",")  # in order of preference: a comma may also be a decimal comma
_UNIT = "\x1f"  # stands for a separator of several characters, so that a field may hold one of them
_MAX_FIELDS = 10_000
_HEAD = 1 << 16


_REMARK = re.compile(r"#|%|//|sep=.$")
_VALUE = re.compile(
    r"\s*(?:[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?|\d{1,4}[-/.]\d\d?[-/.]\d{1,4}(?:[ T].*)?)\s*"
)


class ReadingWarning(UserWarning):
    """Something of a file was left out or had to be interpreted.

    The message says what, and how to say otherwise.
    """


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """How a table of ratings is written, as far as that is given, and which of its rows count.

    Parameters
    ----------
    separator : str, optional
        One character or more, such as `::`; by default the one that splits the first line.
    encoding : str
        Of a file without byte order mark.
    header : bool, optional
        Whether the first line holds column names; by default it must, and a line that looks like a
        row is refused.
    quote : bool, optional
        Whether fields may be enclosed in double quotes; by default unless they are separated by tabs.
    missing : tuple of str
        What stands in the rating column where there is no rating; these rows are left out.
    skip_empty : bool
        Whether rows without a user, an item or a rating are left out.
    timestamp_format : str, optional
        How times are written, in the signs of `strftime`.
    decimal : {".", ","}
        What divides a number from its fraction.
    """

    separator: str | None = None
    encoding: str = "utf-8"
    header: bool | None = None
    quote: bool | None = None
    missing: tuple[str, ...] = ()
    skip_empty: bool = False
    timestamp_format: str | None = None
    decimal: str = "."


PLAIN = TableOptions()


@dataclass(frozen=True)
class TextFile:
    """How a text file is laid out.

    Parameters
    ----------
    source : Source
    separator : str
        One character or more, such as `::`.
    header : bool
        Whether the first line holds column names; else columns are numbered from 0.
    quote : bool
        Whether a field may be put in double quotes.
    options : TableOptions
        What else is known of it.
    """

    source: Source
    separator: str = ","
    header: bool = True
    quote: bool = True
    options: TableOptions = PLAIN

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.source.name

    @property
    def has_header_line(self) -> bool:
        """Whether the first line holds column names."""
        return self.header

    @property
    def delimiter(self) -> str:
        """The one character that separates the fields of a block."""
        return self.separator if len(self.separator) == 1 else _UNIT

    def blocks(self, size: int | None = None) -> Iterator[Block]:
        """Yield the file in blocks of whole records, separated by `delimiter`."""
        for block in blocks(self.source, self.quote, self.options.encoding, size):
            if len(self.separator) == 1:
                yield block
            elif _UNIT.encode() in block.data:
                must = "not hold the control character U+001F"
                raise ArgumentError(self.name, must, f"one after line {block.line}")
            else:
                yield Block(block.data.replace(self.separator.encode(), _UNIT.encode()), block.line)

    def records(self, block: Block, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, fields) of every record of a block that is not blank.

        This is slow: it is for samples and for messages.

        Bytes that are no UTF-8 become U+FFFD. With `strict`, text behind a closing quote is an error.
        """
        lines = io.TextIOWrapper(io.BytesIO(block.data), encoding="utf-8", errors="replace", newline="\n")
        quoting: Any = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        reader = csv.reader(lines, delimiter=self.delimiter, quoting=quoting, strict=strict)
        while True:
            line = block.line + reader.line_num
            try:
                record = next(reader, None)
            except csv.Error as error:
                if "expected after" in str(error):
                    raise ValueError(misplaced_quote(self.name, line)) from None
                must = "be a table in text"
                raise ArgumentError(self.name, must, f"{_reason(error)} at line {line}") from None
            if record is None:
                return
            if record:
                yield line, record

    @cached_property
    def head(self) -> list[list[str]]:
        """The first records, up to 1,000 of them, the header included.

        Raises
        ------
        ValueError
            If the file is empty or has absurdly many fields.
        """
        first = next(self.blocks(_HEAD), None)
        found = [] if first is None else [record for _, record in islice(self.records(first), 1001)]
        if not found:
            raise ArgumentError(self.name, "hold ratings", "an empty file")
        if len(found[0]) > _MAX_FIELDS:
            must = f"have at most {_MAX_FIELDS:,} columns"
            raise ArgumentError(self.name, must, f"{len(found[0]):,} in its first line")
        return found

    @cached_property
    def names(self) -> list[str]:
        """The column names of the first line, or the numbers of its fields when there is no header."""
        return self.head[0] if self.header else [str(number) for number in range(len(self.head[0]))]

    def sample(self, place: int) -> list[str]:
        """Return the cells of one column in the first records, missing ones left out."""
        return [
            record[place]
            for record in self.head[int(self.has_header_line) :]
            if len(record) > place and record[place]
        ]

    def where(self, block: Block, row: int) -> str:
        """Say in which line of the file a row of a block is."""
        line = next(islice((line for line, _ in self.records(block)), row, None), block.line)
        return f"line {line} of {self.name}"


def misplaced_quote(name: str, line: int) -> str:
    """Return the message for a quote that neither begins nor ends a field."""
    return (
        f"quotes of {name} must enclose whole fields, and be doubled inside them; got another at line "
        f"{line}. If quotes are plain characters there, pass quote=False."
    )


def text_file(source: Source, options: TableOptions = PLAIN) -> TextFile:
    """Return how a text file is laid out, where that is not given found from its beginning.

    Between tabs quotes are plain characters unless those of the first line enclose a field.
    """
    encoding = options.encoding
    _check_preamble(source, encoding)
    separator = options.separator or sniff_separator(source, encoding)
    plain = (
        options.quote is None
        and separator == "\t"
        and not any(map(_enclosed, first_lines(source, 1, encoding)[0].split("\t")))
    )
    quote = not plain if options.quote is None else options.quote
    file = TextFile(source, separator, options.header is not False, quote, options)
    if plain:
        found = next((cell for record in file.head for cell in record if _enclosed(cell)), None)
        if found is not None:
            said = (
                f"quotes in {file.name} are read as plain characters, as is usual between tabs: {found} keeps"
            )
            advice = Words.of("its quotes. Pass `quote=True` if they enclose fields.")
            warn_caller(Words(f"{said} ", advice), ReadingWarning)
    return file


def _check_preamble(source: Source, encoding: str) -> None:
    """Check that no remarks stand above the table, such as "# exported in May" or "sep=;".

    Raises
    ------
    ValueError
        If there are some; the message says how many, and how to read the file without them.
    """
    lines = first_lines(source, 100, encoding)
    n = next((place for place, line in enumerate(lines) if not _REMARK.match(line)), 0)
    if not n or (
        not lines[0].startswith("sep=") and all(_n_fields(line) == _n_fields(lines[n]) for line in lines[:n])
    ):
        return  # a header or ids may begin so
    what = "a line that is" if n == 1 else f"{n} lines that are"
    raise ValueError(
        f"{source.name} begins with {what} not part of the table, {lines[0][:80]!r}. Leave "
        f"{'it' if n == 1 else 'them'} out: tail -n +{n + 1} {source.name} > ratings.csv."
    )


def _n_fields(line: str) -> int:
    return 1 + max(line.count(separator) for separator in _SNIFFED)


def _enclosed(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == '"'


def first_lines(source: Source, n: int, encoding: str = "utf-8") -> list[str]:
    """Return up to n lines of a text file from its beginning, blank ones left out.

    Raises
    ------
    ValueError
        If the file is empty.
    """
    first = next(blocks(source, False, encoding, _HEAD), None)
    if first is None:
        raise ArgumentError(source.name, "hold ratings", "an empty file")
    return [line for line in first.data.decode("utf-8", errors="replace").split("\n") if line][:n]


def encoding_of(source: Source) -> str:
    """Return "utf-8" if a text file is UTF-8, or says by a byte order mark what it is; else "latin-1"."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as stream:
        data = stream.read(BLOCK)
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-8"
        try:
            while data:
                decoder.decode(data)
                data = stream.read(BLOCK)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def sniff_separator(source: Source, encoding: str = "utf-8") -> str:
    """Return the separator that splits the first line of a file into the most fields; a comma when none does.

    Raises
    ------
    ValueError
        If the file is empty.
    """
    first = first_lines(source, 1, encoding)[0]
    if "::" in first:
        return "::"
    counts = {separator: first.count(separator) for separator in _SNIFFED}
    best = max(counts, key=lambda separator: counts[separator])
    return best if counts[best] else ","


def places_of(file: TextFile, columns: dict[str, str | int]) -> dict[str, int]:
    """Return the field number of each column by role.

    Raises
    ------
    ValueError
        If a column is missing; a wrong separator is the usual reason when all are.
    """
    if file.header:
        missing = {role: str(column) for role, column in columns.items() if column not in file.names}
        if missing and len(file.names) == 1:
            raise ValueError(_wrong_separator(file))
        for role, name in missing.items():
            raise ValueError(missing_column(name, role, file.names, file.name))
        for column in columns.values():
            check_once(column, file.names, file.name)
        return {role: file.names.index(str(column)) for role, column in columns.items()}
    places = {role: int(column) for role, column in columns.items()}
    wanted = max(places.values()) + 1
    if wanted > len(file.names):
        line = file.separator.join(file.head[0])[:80]
        must = f"have {wanted} fields separated by {_called(file.separator)}"
        raise ArgumentError(file.name, must, f"{len(file.names)} in its first line, {line!r}")
    return places


def _reason(error: csv.Error) -> str:
    """Say what the splitter of lines stumbled over."""
    if "field limit" in str(error):
        return f"a field of more than {csv.field_size_limit():,} characters"
    if "new-line" in str(error):
        return "a line end inside a field without quotes"
    return f"an unreadable line ({error})"


def _wrong_separator(file: TextFile) -> str:
    only = file.names[0]
    guess = sniff_separator(file.source, file.options.encoding)
    if guess == file.separator and " " in only.strip():
        guess = " "
    if guess != file.separator:
        advice = f"It seems to be {SEPARATORS[guess]}: pass separator={guess!r}."
    else:
        advice = "Pass the right one with separator=."
    return (
        f"{file.name} must have its fields separated by {_called(file.separator)}; got one column, "
        f"{only[:80]!r}. {advice}"
    )


def is_value(cell: str) -> bool:
    """Return whether a cell is a number or a date, which is hardly the name of a column.

    >>> is_value("5.0"), is_value("2015-03-31"), is_value("rating")
    (True, True, False)
    """
    return _VALUE.fullmatch(cell) is not None


def no_header(file: TextFile) -> str:
    """Return the message for a first line that looks like a row."""
    line = file.separator.join(file.names)[:60]
    return (
        f"{file.name} seems to have no line of column names (its first line is {line!r}): pass header=False, "
        "and the columns are called 1, 2, 3 ... If these are names, pass header=True."
    )


def _called(separator: str) -> str:
    return SEPARATORS.get(separator, repr(separator))
