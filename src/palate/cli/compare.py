"""`palate compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import options
from palate.cli.arguments import models_in, user_ids
from palate.cli.errors import usage_error
from palate.cli.input import busy, read_part
from palate.cli.output import Column, print_json, print_rows, print_table, print_text
from palate.cli.reading_options import AS_GIVEN, ITEM_SIDE, Reading, reads_ratings

if TYPE_CHECKING:
    import polars as pl

    from palate.evaluation.comparison import Comparison

_SHOWN = 10  # picks in a table


@reads_ratings(without=ITEM_SIDE, user="user_column")
def compare(
    models: list[Path],
    users: Annotated[list[str] | None, typer.Option("--user")] = None,
    n: options.Length = 5,
    test: Path | None = None,
    few: Annotated[int | None, typer.Option(min=1)] = None,
    reading: Reading = AS_GIVEN,
    resamples: options.NotNegative = 1000,
    seed: options.NotNegative = 0,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Compare models: lists, changes of rank, obscure items, errors with paired intervals, training
    time and size.

    Examples:

        palate compare plain.palate penalised.palate

        palate compare plain.palate penalised.palate --user 63 --n 10

    Parameters
    ----------
    models : MODEL MODEL...
        Two or more model files.
    users : USER
        User whose lists are compared. May be repeated. Default: a sample of users.
    test : RATINGS
        Test ratings. Default: the ratings that all models held out.
    few
        Items with fewer ratings count as obscure. Default: 10, or the number of factors of the
        first model plus 2.
    seed
        Seed of the sample of users and of the bootstrap.
    """
    from palate.evaluation.comparison import compare as run

    if len(models) < 2:
        raise usage_error("compare needs two or more models")
    named = models_in(models)
    first = next(iter(named.values()))
    chosen = None if not users else user_ids(first, users)
    holdout = read_part(test, list(named.values()), reading)
    with busy("comparing"):
        found = run(
            named, chosen, n=n, few=few, test=holdout, resamples=resamples, seed=seed, threads=threads
        )
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found, [path.stat().st_size for path in models], bool(users))


def _print(found: "Comparison", sizes: list[int], whole: bool) -> None:
    import polars as pl

    summary = pl.DataFrame(found.summary).select(
        "model",
        pl.col("rmse").alias("RMSE"),
        pl.col("mae").alias("MAE"),
        pl.col("median_n_ratings").alias("ratings of a listed item"),
        (100 * pl.col("obscure_share")).alias(f"% with under {found.few}"),
        pl.col("n_items_listed").alias("different items"),
        "seconds",
        pl.Series("MB", [size / 2**20 for size in sizes]),
    )
    print_rows(summary, "text", "error", "error", "count", "stars", "count", "stars", "stars")
    first = found.models[0]
    print_text("", *_differences(found))
    rescored = pl.DataFrame(found.rescored)
    if rescored.height:
        print_text(
            "",
            f"{_picks(rescored.height)} of {first} with under {found.few} ratings, with the "
            "predictions of each model:",
            "",
        )
        print_table(rescored.head(_SHOWN), _columns(rescored))
    elif "n_ratings" in rescored.columns:
        print_text("", f"No pick of {first} has under {found.few} ratings; --few changes this number.")
    if whole:
        lists, moved = pl.DataFrame(found.lists), pl.DataFrame(found.moved)
        print_text("", "Side by side:", "")
        print_table(_short(lists, found.models), _columns(_short(lists, found.models)))
        print_text("", f"Changes of rank relative to {first}:", "")
        print_table(moved.drop("model") if len(found.models) == 2 else moved, _columns(moved))


def _differences(found: "Comparison") -> list[str]:
    """Return how much the lists share and how the errors differ, as sentences."""
    import polars as pl

    first = found.models[0]
    lines = [f"Lists of {found.n_users:,} users. {found.note}"]
    lines += [
        f"{row['overlap']:.0%} of the listed items are the same for {row['model']} and {row['against']}."
        for row in pl.DataFrame(found.overlap).iter_rows(named=True)
    ]
    if found.differences is not None:
        errors = pl.DataFrame(found.differences).filter(pl.col("metric").is_in(["rmse", "mae"]))
        for row in errors.iter_rows(named=True):
            better = (
                "no clear difference" if not row["clear"] else "lower" if row["difference"] < 0 else "higher"
            )
            lines.append(
                f"{row['metric'].upper()} of {row['model']} against {first}: {row['difference']:+.4f} "
                f"({row['low']:+.4f} to {row['high']:+.4f}), {better}."
            )
    return lines


def _picks(n: int) -> str:
    return "Picks" if n <= _SHOWN else f"The {_SHOWN} least-rated of {n:,} picks"


def _short(lists: "pl.DataFrame", models: tuple[str, ...]) -> Any:
    """Return each model's item in one cell: title or id, number of ratings, prediction."""
    import polars as pl

    cells = []
    for name in models:
        prefix = f"{name}: "
        own = {one.removeprefix(prefix): one for one in lists.columns if one.startswith(prefix)}
        what = pl.col(own.get("title", own["item_id"])).cast(pl.String).fill_null("-")
        rest = []
        if "n_ratings" in own:
            rest = [pl.lit(" ("), pl.col(own["n_ratings"]).cast(pl.String), pl.lit(" ratings)")]
        cells.append(pl.concat_str([what, *rest], ignore_nulls=True).alias(name))
    return lists.select("user_id", "rank", *cells)


def _kind(name: str, dtype: "pl.DataType") -> str:
    if dtype.is_float():
        return "stars"
    if "id" in name.split("_"):
        return "id"
    return "count" if dtype.is_numeric() else "text"


def _columns(frame: "pl.DataFrame") -> Any:
    return tuple(
        Column(name, name.replace("_", " "), _kind(name, frame[name].dtype)) for name in frame.columns
    )
