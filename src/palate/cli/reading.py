"""Reading ratings with a sign of life."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from palate.data.dataset import Dataset

_PATIENCE = 2.0  # seconds without a word


def read(path: Path, **options: Any) -> "Dataset":
    """Return the data set of a file, see `palate.read`."""
    from palate.data.readers import read as read_file

    with busy(f"reading {path}"):
        return read_file(path, **options)


def plain_table(path: Path) -> Any:
    """Return a CSV or Parquet file of features as a Polars frame."""
    import polars as pl

    from palate.cli.running import usage_error

    if not path.is_file():
        raise usage_error(f"no file {path}")
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise usage_error(f"{path} must be a CSV or Parquet table: {str(error).splitlines()[0]}") from None


@contextlib.contextmanager
def busy(what: str) -> Iterator[None]:
    """Show in a terminal what is being done, once it has taken two seconds."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    status = Console(stderr=True).status(Text(what))
    timer = threading.Timer(_PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
