"""Where answers go: tables for people, one JSON document for machines, or a file."""

import io
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TextIO

from palate._files import replace_file
from palate._plain import plain, shortened
from palate._words import counted
from palate.cli.errors import usage_error
from palate.cli.messages import printable
from palate.cli.writing import check_writable, instead
from palate.data.columns import SHOWN
from palate.model.nouns import RATING

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console, RenderableType

FILE_TYPES = (".csv", ".parquet", ".json")
PICTURES = (".png", ".svg", ".pdf")
# Kinds of numbers, which are flush right, and how they are written.
_NUMBERS = {"count": ",", "stars": ".2f", "error": ".4f", "number": ".4g"}
_BETWEEN = 2  # blanks between columns
_WORD = 16  # longer words of texts are broken
_KEYS = ("user_id", "item_id", "rank", "fold")  # tell rows apart though they are numbers
_LOOKED_AT = 50  # rows whose height decides how titles and other texts share the room
_WIDE = 1000  # columns where nobody's terminal sets a limit: no cell is wrapped


@dataclass(frozen=True)
class Column:
    """A column of a table for people.

    Parameters
    ----------
    name : str
        Of the frame's column.
    heading : str
    kind : {"id", "text", "count", "stars", "error", "number"}
    """

    name: str
    heading: str
    kind: str = "text"


COLUMNS = tuple(Column(name, *shown) for name, shown in SHOWN.items())
_OF_INTERACTIONS = {"n_ratings": "interactions", "mean_rating": "mean count", "rating": "count"}


def columns_of(noun: str) -> tuple[Column, ...]:
    """Return the usual columns, called as befits values that are a "rating" or an "interaction"."""
    if noun == RATING:
        return COLUMNS
    return tuple(
        replace(column, heading=_OF_INTERACTIONS.get(column.name, column.heading)) for column in COLUMNS
    )


def console() -> Any:
    """Return a Rich console: plain and as wide as needed where no terminal is."""
    from rich.console import Console

    stream = _answers_go_to()
    given = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(given) if given.isdigit() and int(given) > 0 else _WIDE
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def _answers_go_to() -> TextIO:
    if sys.stdout is None:
        raise OSError("standard output is closed; there is nowhere to write the result.")
    return sys.stdout


def print_text(*lines: str) -> None:
    """Print sentences, wrapped at the width of the terminal."""
    from rich.text import Text

    out = console()
    for line in lines:
        _print(out, Text(printable(line)))


def print_verbatim(*lines: str) -> None:
    """Print lines that are to be copied, such as commands: never broken."""
    out = console()
    for line in lines:
        out.print(printable(line), soft_wrap=True)


def print_wrapped(*lines: str) -> None:
    """Print lines whose blanks at the beginning matter: wrapped with the same blanks and two more."""
    width = console().width
    for line in lines:
        text = printable(line)
        start = " " * (len(text) - len(text.lstrip()))
        wrapped = wrap(
            text,
            width,
            subsequent_indent=f"{start}  " if start else "",
            replace_whitespace=False,
            break_on_hyphens=False,
            break_long_words=False,
        )
        print_verbatim(*(wrapped or [""]))


def _print(out: "Console", content: "RenderableType") -> None:
    """Print to a terminal as Rich does; elsewhere without the blanks that it puts at the ends of lines."""
    if out.is_terminal:
        out.print(content)
        return
    with out.capture() as text:
        out.print(content)
    for line in text.get().splitlines():
        out.print(line.rstrip(), soft_wrap=True)


def print_heading(text: str) -> None:
    """Print a heading with an empty line above and below."""
    from rich.text import Text

    out = console()
    out.print()
    out.print(Text(printable(text), style="bold"))
    if not out.is_terminal:
        out.print("=" * len(text))
    out.print()


def print_table(
    frame: "pl.DataFrame", columns: tuple[Column, ...] = COLUMNS, drop: tuple[str, ...] = ()
) -> None:
    """Print a frame as a table; of `columns` those that the frame has, but not those in `drop`.

    Where numbers and ids need more room than there is, the columns come in several tables, one
    below the other.
    """
    shown = [column for column in columns if column.name in frame.columns and column.name not in drop]
    cells = {
        column.name: [_cell(value, column.kind) for value in frame[column.name].to_list()] for column in shown
    }
    for number, part in enumerate(_fitting(shown, frame, cells, console().width)):
        if number:
            console().print()
        _print_part(frame, part, cells)


def print_rows(rows: "Sequence[Mapping[str, object]] | pl.DataFrame", *kinds: str) -> None:
    """Print rows as a table, each column under its own name and of the kind at its place."""
    import polars as pl

    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
    pairs = zip(frame.columns, kinds, strict=True)
    print_table(frame, tuple(Column(name, name, kind) for name, kind in pairs))


def print_cells(heading: list[str], *rows: list[str]) -> None:
    """Print a table of texts below a heading."""
    print_rows([dict(zip(heading, row, strict=True)) for row in rows], *["id"] * len(heading))


def _fitting(
    columns: list[Column], frame: "pl.DataFrame", cells: dict[str, list[str]], room: int
) -> list[list[Column]]:
    """Return the columns in parts that fit, each with those that tell the rows apart."""

    def needed(part: list[Column]) -> int:
        return sum(_widths(part, cells, 0)) + _BETWEEN * (len(part) - 1)

    if not columns or needed(columns) <= room:
        return [columns]
    plain = [not frame[column.name].dtype.is_numeric() or column.name in _KEYS for column in columns]
    n_keys = max(plain.index(False) if False in plain else 1, 1)
    while n_keys > 1 and needed(columns[:n_keys]) > room // 2:
        n_keys -= 1
    keys, parts = columns[:n_keys], [columns[: n_keys + 1]]
    for column in columns[n_keys + 1 :]:
        if needed([*parts[-1], column]) <= room:
            parts[-1].append(column)
        else:
            parts.append([*keys, column])
    return parts


def _print_part(frame: "pl.DataFrame", shown: list[Column], cells: dict[str, list[str]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold"
    )
    out = console()
    widths = _widths(shown, cells, out.width - _BETWEEN * (len(shown) - 1))
    for column, width in zip(shown, widths, strict=True):
        numeric = column.kind in _NUMBERS or (column.kind == "id" and frame[column.name].dtype.is_numeric())
        table.add_column(column.heading, justify="right" if numeric else "left", width=width, overflow="fold")
    for row in zip(*(cells[column.name] for column in shown), strict=True):
        table.add_row(*row)
    # never narrower than the ids and numbers need: a terminal may break a line, a cut id is lost
    out.width = max(out.width, sum(widths) + _BETWEEN * (len(widths) - 1))
    _print(out, table)


def _widths(columns: list[Column], cells: dict[str, list[str]], room: int) -> list[int]:
    """Return how wide columns are.

    Numbers and ids are whole. Where there is no room, headings and texts wrap at words. Titles are as
    wide as they can be without making the table more than a quarter longer.
    """
    least, wanted = _bounds(columns, cells)
    titles = [place for place, column in enumerate(columns) if column.name == "title"]
    worded = [place for place, column in enumerate(columns) if column.kind == "text" and place not in titles]

    def shared(most: int) -> list[int]:
        """Return the widths when titles first get `most` at most."""
        capped = [min(most, want) if place in titles else want for place, want in enumerate(wanted)]
        widths, left = list(least), room - sum(least)
        for group, limits in ((titles, capped), (worded, wanted), (range(len(columns)), wanted)):
            while left > 0 and (narrow := [place for place in group if widths[place] < limits[place]]):
                place = min(narrow, key=lambda place: widths[place])
                widths[place], left = widths[place] + 1, left - 1
        return widths

    widest = max((wanted[place] for place in titles), default=0)
    if not (titles and worded) or not sum(least) < room < sum(wanted):
        return shared(widest)
    looked_at = {place: cells[columns[place].name][:_LOOKED_AT] for place in [*titles, *worded]}
    options = [shared(most) for most in range(widest, min(least[place] for place in titles) - 1, -1)]
    lines = [_height(looked_at, widths) for widths in options]
    return next(widths for widths, n in zip(options, lines, strict=True) if n <= 1.25 * min(lines))


def _bounds(columns: list[Column], cells: dict[str, list[str]]) -> tuple[list[int], list[int]]:
    """Return the least widths of columns, and those at which nothing wraps."""
    from rich.cells import cell_len

    least: list[int] = []
    wanted: list[int] = []
    for column in columns:
        texts = [column.heading, *cells[column.name]] if column.kind == "text" else [column.heading]
        whole = max(map(cell_len, cells[column.name]), default=0)
        words = max(cell_len(word) for text in texts for word in [*text.split(), ""])
        least.append(min(words, _WORD) if column.kind == "text" else max(words, whole))
        wanted.append(max(cell_len(column.heading), whole))
    return least, wanted


def _height(texts: dict[int, list[str]], widths: list[int]) -> int:
    """Return how many lines rows take, given the texts of some of their columns."""
    lines = [[len(wrap(text, max(widths[place], 1))) for text in rows] for place, rows in texts.items()]
    return sum(max(1, *row) for row in zip(*lines, strict=True))


def _cell(value: object, kind: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if kind in _NUMBERS:
        return format(value, ",g" if kind == "count" and isinstance(value, float) else _NUMBERS[kind])
    if isinstance(value, bool):
        return "yes" if value else ""
    text = printable(str(value))
    return text.replace("|", ", ") if kind == "text" else text


def print_json(document: object) -> None:
    """Print one JSON document and nothing else."""
    stream = _answers_go_to()
    narrow = (getattr(stream, "encoding", None) or "ascii").lower() not in ("utf-8", "utf8")
    stream.write(json.dumps(plain(document), ensure_ascii=narrow, allow_nan=False) + "\n")


def check_output(path: Path | None, option: str = "--output", types: Sequence[str] = FILE_TYPES) -> None:
    """Check, before any work, that an answer can be written to a file of this name."""
    if path is None:
        return
    if path.suffix.lower() not in types:
        raise usage_error(f"{option} must end in {', '.join(types[:-1])} or {types[-1]}; got '{path}'")
    check_writable(path)


def write_frame(frame: "pl.DataFrame", path: Path) -> None:
    """Write a frame as CSV, Parquet or JSON, by the ending of the path.

    An older file is replaced whole or not at all.
    """
    kind = path.suffix.lower()
    if kind == ".parquet":
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        data = buffer.getvalue()
    elif kind == ".csv":
        data = shortened(frame).write_csv().encode()
    else:
        data = (json.dumps(plain(frame), ensure_ascii=False, allow_nan=False) + "\n").encode()
    replace_file(path, [data])


def say_written(path: Path, n_rows: int, replaced: str, *, as_json: bool) -> None:
    """Say that rows were written to a file, and what became of the file that was there."""
    if as_json:
        print_json({"output": path, "rows": n_rows, "replaced": bool(replaced)})
    else:
        print_text(f"Wrote {counted(n_rows, 'row')} to {path}{replaced}.")


def deliver(
    frame: "pl.DataFrame",
    *,
    as_json: bool,
    output: Path | None,
    title: str = "",
    drop: tuple[str, ...] = (),
    noun: str = RATING,
) -> None:
    """Write a frame to the file asked for, or print it as JSON or as a table below a title.

    `noun` is what values are called in headings; columns of a file and of JSON keep their names.
    """
    if output is not None:
        replaced = instead(output)
        write_frame(frame, output)
        say_written(output, frame.height, replaced, as_json=as_json)
    elif as_json:
        print_json(frame)
    elif frame.height:
        if title:
            print_text(title, "")
        print_table(frame, columns_of(noun), drop=drop)
    else:
        print_text("Nothing found.")
