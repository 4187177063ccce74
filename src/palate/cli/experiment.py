"""`palate experiment`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from palate.cli import options
from palate.cli.errors import INTERRUPTED, say, usage_error
from palate.cli.input import progress, read_or_bundled
from palate.cli.output import check_output, deliver, print_rows, print_text
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.writing import files_in, instead_of
from palate.evaluation.plotting import new_figure

if TYPE_CHECKING:
    from palate.experiments.grid import Experiment


@reads_ratings()
def experiment(
    ratings: options.OptionalFile = None,
    plan: str = "lesson",
    reading: Reading = AS_GIVEN,
    validation: float = 0.05,
    seed: options.NotNegative = 0,
    threads: options.Threads = None,
    results: Path | None = None,
    plots: Path | None = None,
    output: options.Output = None,
    as_json: options.Json = False,
) -> None:
    """Train a grid of settings on one split, and show errors and lists as a table and plots.

    The grid of the lesson (factors, penalty, biases, dropout, threshold, unobserved pairs):

        palate experiment --plots pictures

    A grid of your own, which continues after an interruption:

        palate experiment ratings.csv --plan grid.toml --results done.jsonl

    Parameters
    ----------
    plan : FILE|lesson
        TOML file of grids, or lesson for those of the lesson.
    validation : SHARE
        Share of the ratings held out.
    seed
        Seed of the random split and of the initial factors.
    results : FILE
        File for the results of finished settings. If it exists, the experiment continues from it.
    """
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
    data = read_or_bundled(ratings, reading)
    with progress("{task.completed} of {task.total}") as bar:
        task = bar.add_task("", total=len(cells))
        try:
            found = run(
                data.ratings,
                plan,
                validation=validation,
                catalog=data.catalog,
                results=results,
                progress=lambda n, of, cell: bar.update(
                    task, completed=n, description=f"{cell.grid}: {describe(cell.settings)}"
                ),
                threads=threads,
                seed=seed,
            )
        except KeyboardInterrupt:
            raise _interrupted(int(bar.tasks[0].completed), len(cells), results) from None
    before = files_in(plots)
    written = found.plots(plots) if plots is not None else []
    if output is not None or as_json:
        deliver(replace(found, frame_kind="polars").table, as_json=as_json, output=output)
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


def _print(found: "Experiment") -> None:
    """Print one row a cell, its settings in words."""
    from palate.experiments.grid import describe

    rows = [
        {
            "grid": row["grid"],
            "setting": describe(row["settings"]),
            "training": row["figures"]["train_rmse"],
            "validation": row["figures"]["validation_rmse"],
            "sweeps": row["figures"]["sweeps"],
            "seconds": row["figures"]["seconds"],
            "ratings of a listed item": row["figures"]["list_median_ratings"],
            "coverage": row["figures"]["list_coverage"],
            "same for all": row["figures"]["list_same_for_all"],
        }
        for row in found.rows
    ]
    print_rows(rows, "text", "text", "error", "error", "count", "stars", "count", "stars", "stars")
    print_text(
        "",
        "training, validation: RMSE of the best sweep. The other columns describe the ten best of all "
        "users: the median number of ratings of the items, the share of all items that are in at least one "
        "list, and the share of list places taken by the 50 items with the highest damped means.",
    )
