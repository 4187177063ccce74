"""`palate recommend --all`: the lists of every user, block by block into one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from palate.cli.errors import INTERRUPTED, say, usage_error
from palate.cli.input import progress
from palate.cli.output import say_written
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
    with progress("{task.completed:,} of {task.total:,}") as bar:
        task = bar.add_task("users", total=len(model.users))
        try:
            model.recommend_all(
                output, n, progress=lambda users, of: bar.update(task, completed=users), **options
            )
        except KeyboardInterrupt:
            say(
                f"interrupted after the lists of {bar.tasks[0].completed:,} of {len(model.users):,} users; "
                "the same command continues from there."
            )
            raise typer.Exit(INTERRUPTED) from None
    rows = pl.scan_parquet(output).select(pl.len()).collect().item()
    say_written(output, rows, replaced, as_json=as_json)
