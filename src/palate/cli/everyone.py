"""`palate recommend --all`: the lists of every user, block by block into one file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from palate.cli.errors import INTERRUPTED, say, usage_error
from palate.cli.output import counted, print_json, print_text
from palate.cli.writing import instead

if TYPE_CHECKING:
    from palate.model.model import Model


def check_everyone(output: Path | None) -> Path:
    """Return the file that lists of everyone go to.

    Raises
    ------
    typer.BadParameter
        If none is named, or it is no `.parquet` file.
    """
    if output is None or output.suffix.lower() != ".parquet":
        got = "none" if output is None else f"'{output}'"
        raise usage_error(f"--all must be given with --output and a .parquet file; got {got}")
    return output


def write_everyone(model: "Model", output: Path, n: int, *, as_json: bool, options: dict[str, Any]) -> None:
    """Write the lists of every user, and say how many.

    An interrupt leaves what the same command goes on with.
    """
    import polars as pl

    replaced = instead(output)
    done = [0, len(model.users)]
    try:
        with _bar(done) as progress:
            model.recommend_all(output, n, progress=progress, **options)
    except KeyboardInterrupt:
        say(
            f"interrupted after the lists of {done[0]:,} of {done[1]:,} users; the same command "
            "continues from there."
        )
        raise typer.Exit(INTERRUPTED) from None
    rows = pl.scan_parquet(output).select(pl.len()).collect().item()
    if as_json:
        print_json({"output": str(output), "rows": rows, "replaced": bool(replaced)})
    else:
        print_text(f"Wrote {counted(rows, 'row')} to {output}{replaced}.")


@contextmanager
def _bar(done: list[int]) -> Iterator[Any]:
    """Yield what notes the users done, and shows them in a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda users, of: done.__setitem__(0, users)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("users"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("users", total=done[1])

        def show(users: int, of: int) -> None:
            done[0] = users
            bar.update(task, completed=users)

        yield show
