"""Reading ratings with a sign of life."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeGuard

from palate import datasets
from palate.cli.errors import usage_error
from palate.cli.reading_options import as_words
from palate.datasets import load

if TYPE_CHECKING:
    import polars as pl
    from rich.progress import Progress, ProgressColumn

    from palate.data.dataset import Dataset
    from palate.data.ratings import Ratings
    from palate.data.vocabulary import Vocabulary
    from palate.model.model import Model

_PATIENCE = 2.0  # seconds without a word


def read(path: Path, options: Mapping[str, Any]) -> "Dataset":
    """Return the data set of a file, see `palate.read`."""
    from palate.io import read as read_file

    if not path.exists() and (bundled := _by_name(str(path), options)) is not None:
        return bundled
    with busy(f"reading {path}"), without_panics():
        return read_file(path, **options)


def read_or_bundled(path: Path | None, options: Mapping[str, Any]) -> "Dataset":
    """Return the data set of a file, or the one that comes with palate where none is named."""
    return load() if path is None else read(path, options)


def _by_name(name: str, options: Mapping[str, Any]) -> "Dataset | None":
    """Return the data set that comes with palate under this name; None if the name is of no data set.

    Others that palate knows by name are not downloaded unasked: the error says how.
    """
    if name in datasets.BUNDLED:
        words = as_words(options, without=("items",))
        if words:
            raise usage_error(
                f"{words[0]} is for files and must be left out with {name}, which palate brings"
            )
        return datasets.load(name)
    if name in datasets.available()["name"].to_list():
        raise usage_error(
            f"there is no file {name}, but a data set of this name. Download it with palate datasets fetch "
            f'{name}, and pass "$(palate datasets path {name})"'
        )
    return None


def read_part(path: Path | None, models: "Sequence[Model]", options: Mapping[str, Any]) -> "Ratings | None":
    """Return ratings that are to meet models, with ids of their kinds and without catalogs; None for None."""
    if path is None:
        return None
    from palate.model.updating import of_counts

    counts = any(map(of_counts, models))  # values of a pair add up
    return read(path, {**options, "items": "none", "like": models[0], "counts": counts}).ratings


def plain_table(path: Path) -> Any:
    """Return a table of features as a Polars frame.

    The user ids of a text file are text, see `like_users`.
    """
    from palate.io.tables import whole_table

    try:
        return whole_table(path, text=("user_id",))
    except FileNotFoundError:
        raise usage_error(f"no file {path}") from None
    except ValueError as error:
        raise usage_error(str(error).rstrip(".")) from None


def like_users(table: "pl.DataFrame", users: "Vocabulary") -> Any:
    """Return a table of users with ids as whole numbers, if the ratings' are and all can be."""
    import polars as pl

    if "user_id" not in table.columns or table["user_id"].dtype != pl.String or users.type_name != "integer":
        return table
    numbers = table["user_id"].cast(users.values.dtype, strict=False)
    return table if numbers.null_count() else table.with_columns(numbers)


@contextlib.contextmanager
def busy(what: str) -> Iterator[Callable[[str], None]]:
    """Show in a terminal what is being done, once it has taken two seconds; yield what shows another text."""
    if not _in_terminal():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.text import Text

    status = Console(stderr=True).status(Text(what))
    timer = threading.Timer(_PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda text: status.update(Text(text))
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def progress(*columns: "str | ProgressColumn") -> "Progress":
    """Return a progress bar with further columns, which is shown in a terminal alone."""
    from rich.console import Console
    from rich.progress import Progress

    every, hidden = (*Progress.get_default_columns(), *columns), not _in_terminal()
    # older versions of Rich end a bar that is disabled with an empty line, unless the console is quiet
    console = Console(stderr=True, quiet=hidden)
    return Progress(*every, console=console, transient=True, disable=hidden)


def _in_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextlib.contextmanager
def without_panics() -> Iterator[None]:
    """Keep from the terminal what threads of Polars write where a damaged file surprises them.

    What else libraries write to the standard error of the process is passed on at the end. The
    error itself says what is wrong with the file.
    """
    try:
        terminal = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    stream = sys.stderr
    with tempfile.TemporaryFile() as held, contextlib.ExitStack() as ours:
        ours.callback(os.close, terminal)
        if _is_process_error(stream):  # what palate itself says is shown at once
            stream.flush()
            sys.stderr = ours.enter_context(
                open(
                    terminal, "w", buffering=1, encoding=stream.encoding, errors=stream.errors, closefd=False
                )
            )
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr = stream
            os.dup2(terminal, 2)
            held.seek(0)
            written = held.read()
            if b"panicked at" not in written:
                os.write(2, written)


def _is_process_error(stream: TextIO | None) -> TypeGuard[TextIO]:
    try:
        return stream is not None and stream.fileno() == 2
    except (OSError, ValueError):  # a stream in memory
        return False
