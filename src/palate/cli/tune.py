"""`palate tune`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import options
from palate.cli.input import busy, read_or_bundled
from palate.cli.output import check_output, deliver, print_json, print_rows, print_text, print_verbatim
from palate.cli.reading_options import AS_GIVEN, Reading, as_words, reads_ratings
from palate.datasets import _bundled_files

if TYPE_CHECKING:
    import polars as pl

    from palate.experiments.tuning import Tuned


@reads_ratings()
def tune(
    ratings: options.OptionalFile = None,
    seconds: Annotated[float, typer.Option(min=1)] = 60.0,
    trials: Annotated[int, typer.Option(min=1)] = 1000,
    user_features: str = "",
    item_features: str = "",
    unobserved: bool = False,
    reading: Reading = AS_GIVEN,
    seed: options.NotNegative = 0,
    threads: options.Threads = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Search for the best settings of least squares in a given time.

    Four fifths of the ratings are used for training, a tenth to choose, and a tenth to test the
    result. Ctrl-C ends the search with the best settings so far.

    Example:

        palate tune ratings.csv --seconds 120

    Parameters
    ----------
    seconds
        Time for the search in seconds.
    trials
        Largest number of settings to try.
    user_features : NAMES
        Features of users in all trials, as in train.
    item_features : NAMES
        Features of items in all trials, as in train.
    unobserved
        Also search the weight of unobserved pairs.
    seed
        Seed of the splits and the search.
    """
    import polars as pl

    from palate.experiments.tuning import tune as run
    from palate.training.als.least_squares import LeastSquares

    check_output(output)
    data = read_or_bundled(ratings, reading)
    base = LeastSquares(user_features=user_features, item_features=item_features)
    with busy("trying settings") as show:
        found = run(
            data.ratings,
            seconds=seconds,
            trials=trials,
            unobserved=unobserved,
            trainer=base,
            catalog=data.catalog,
            callback=lambda n, _, best: show(
                f"{n} settings tried" + ("" if best is None else f", best validation RMSE {best:.4f}")
            ),
            threads=threads,
            seed=seed,
        )
    path, words = str(ratings), as_words(reading)
    if ratings is None:
        table, films = _bundled_files()
        path, words = str(table), ["--items", str(films), "--scale", "0.5", "5"]
    tried, command = pl.DataFrame(found.trials), found.command(path, words)
    if output is not None:
        deliver(tried, as_json=as_json, output=output)
    elif as_json:
        print_json(_document(found, tried, command))
    else:
        _print(found, tried, command)


def _document(found: "Tuned", trials: "pl.DataFrame", command: str) -> dict[str, Any]:
    figures = ("validation_rmse", "default_rmse", "holdout_rmse", "default_holdout_rmse", "stopped")
    return {
        **{name: getattr(found, name) for name in figures},
        "command": command,
        "python": found.python(),
        "trials": trials,
    }


def _print(found: "Tuned", trials: "pl.DataFrame", command: str) -> None:
    early = int(trials["ended_early"].sum())
    print_text(
        f"{trials.height} settings were tried, and {early} of them were ended early. {found.stopped}", ""
    )
    chosen_by, unseen = "RMSE on the ratings used to choose", "RMSE on the test ratings"
    rows = [
        {"settings": "best found", chosen_by: found.validation_rmse, unseen: found.holdout_rmse},
        {"settings": "defaults", chosen_by: found.default_rmse, unseen: found.default_holdout_rmse},
    ]
    print_rows(rows, "text", "error", "error")
    print_text("")
    print_verbatim(command, found.python())
    if found.holdout_rmse >= found.default_holdout_rmse:
        print_text(
            "",
            "On the test ratings, the search is no better than the defaults. Use the defaults, or "
            "a longer search.",
        )
