"""`palate experiment`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import options
from palate.cli.errors import INTERRUPTED, say, usage_error
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.writing import files_in, instead_of

if TYPE_CHECKING:
    from palate.data.dataset import Dataset
    from palate.experiments.grid import Experiment
    from palate.experiments.plan import Cell


@reads_ratings()
def experiment(
    ratings: Annotated[
        Path | None,
        typer.Argument(
            metavar="RATINGS", help="Rating file, or a folder or .zip with one. Default: the bundled ratings."
        ),
    ] = None,
    plan: Annotated[
        str,
        typer.Option(metavar="FILE|lesson", help="TOML file of grids, or lesson for those of the lesson."),
    ] = "lesson",
    reading: Reading = AS_GIVEN,
    validation: Annotated[float, typer.Option(metavar="SHARE", help="Share of the ratings held out.")] = 0.05,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the random split and of the initial factors.")
    ] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Number of threads; by default one for each processor.")
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File for the results of finished settings. If it exists, the experiment continues from it.",
        ),
    ] = None,
    plots: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for the plots as PNG files.")
    ] = None,
    output: options.Output = None,
    as_json: options.Json = False,
) -> None:
    """Train a grid of settings on one split, and show errors and lists as a table and plots.

    The grid of the lesson (factors, penalty, biases, dropout, threshold, unobserved pairs):

        palate experiment --plots pictures

    A grid of your own, which continues after an interruption:

        palate experiment ratings.csv --plan grid.toml --results done.jsonl
    """
    from palate.cli.output import check_output, deliver, print_text
    from palate.evaluation.plotting import new_figure
    from palate.experiments.grid import describe
    from palate.experiments.grid import experiment as run
    from palate.experiments.plan import PlanError, read_plan

    check_output(output)
    if plots is not None:
        new_figure((1, 1))  # before the fits, not after
    try:
        cells = read_plan(plan)
    except PlanError as error:
        raise usage_error(str(error).rstrip(".?")) from None
    data = _data(ratings, reading)
    with _Bar(len(cells), describe) as bar:
        try:
            found = run(
                data.ratings,
                plan,
                validation=validation,
                catalog=data.catalog,
                results=results,
                progress=bar.show,
                threads=threads,
                seed=seed,
            )
        except KeyboardInterrupt:
            raise _interrupted(bar.done, len(cells), results) from None
    before = files_in(plots)
    written = found.plots(plots) if plots is not None else []
    if output is not None or as_json:
        deliver(_table(found), as_json=as_json, output=output)
    else:
        _print(found)
    if written and not as_json:
        print_text(
            "", f"Wrote {len(written)} pictures to {plots}{instead_of(len(before.intersection(written)))}."
        )


def _interrupted(done: int, of: int, results: Path | None) -> typer.Exit:
    """Say what is kept of a run that was interrupted; return its end."""
    kept = " and are lost; use --results FILE to keep them"
    if results is not None:
        kept = f"; they are stored in {results}"
    say(f"interrupted: {done} of {of} settings were finished{kept}.")
    return typer.Exit(INTERRUPTED)


def _data(path: Path | None, reading: Reading) -> "Dataset":
    from palate.cli.input import read
    from palate.datasets import load

    return load() if path is None else read(path, reading)


def _table(found: "Experiment") -> Any:
    from dataclasses import replace

    return replace(found, frame_kind="polars").table


def _print(found: "Experiment") -> None:
    """Print one row a cell, its settings in words."""
    import polars as pl

    from palate.cli.output import Column, print_table, print_text
    from palate.experiments.grid import describe

    columns = (
        Column("grid", "grid"),
        Column("setting", "setting"),
        Column("train_rmse", "training", "error"),
        Column("validation_rmse", "validation", "error"),
        Column("sweeps", "sweeps", "count"),
        Column("seconds", "seconds", "stars"),
        Column("list_median_ratings", "ratings of a listed item", "count"),
        Column("list_coverage", "coverage", "stars"),
        Column("list_same_for_all", "same for all", "stars"),
    )
    rows = [
        {"grid": row["grid"], "setting": describe(row["settings"]), **row["figures"]} for row in found.rows
    ]
    print_table(pl.DataFrame(rows, infer_schema_length=None), columns)
    print_text(
        "",
        "training, validation: RMSE of the best sweep. The other columns describe the ten best of "
        "all users: the median number of ratings of the items, the share of all items that are in "
        "at least one list, and the share of list places taken by the 50 items with the highest "
        "damped means.",
    )


class _Bar:
    """A progress bar over settings, in a terminal."""

    def __init__(self, total: int, describe: Callable[[dict[str, Any]], str]) -> None:
        self.total, self.describe, self.done = total, describe, 0
        self.bar: Any = None

    def __enter__(self) -> "_Bar":
        import sys

        if sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("{task.completed}/{task.total}"),
                BarColumn(),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
            )
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("", total=self.total)
            self.bar.start()
        return self

    def show(self, done: int, total: int, cell: "Cell") -> None:
        """Show which setting begins."""
        self.done = done
        if self.bar is not None:
            self.bar.update(
                self.task, completed=done, description=f"{cell.grid}: {self.describe(cell.settings)}"
            )

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()
