"""`palate train`."""

import time
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from palate.cli import options
from palate.cli.errors import INTERRUPTED, say, usage_error
from palate.cli.messages import to_paste
from palate.cli.reading_options import AS_GIVEN, Reading, as_words, reads_ratings
from palate.cli.writing import check_default, instead

if TYPE_CHECKING:
    import numpy as np

    from palate.data.dataset import Dataset
    from palate.data.ratings import Ratings
    from palate.model.factor_model import FactorModel
    from palate.model.history import SweepReport
    from palate.model.model import Model
    from palate.recommender.recommender import Recommender
    from palate.training.trainer import Trainer

Ratings_ = Annotated[
    Path | None,
    typer.Argument(
        metavar="RATINGS",
        help="Rating file, or a folder or .zip with one. Use --sql to read from a database.",
    ),
]
_OF_QUERIES = (
    "user",
    "item",
    "rating",
    "no_rating",
    "timestamp",
    "weight",
    "scale",
    "duplicates",
)  # reading options that --sql takes


@dataclass(frozen=True)
class How:
    """What `fit` is told beside the ratings, and where its result goes."""

    validation: float
    share: float | None  # of the ratings held out, where it was given
    seed: int
    threads: int | None
    start: "FactorModel | None"
    refit: bool
    checkpoint: Path | None
    output: Path
    keep_ratings: bool
    prepared: "np.ndarray | None" = None  # the ratings that `palate prepare` put aside
    extra: dict[str, Any] = field(default_factory=dict)  # what only one trainer's fit takes


@dataclass
class Outcome:
    """What came out: the model, the errors beside those of the baseline, and how long each part took."""

    data: "Dataset"
    model: "Model"
    reports: list["SweepReport"]
    read_seconds: float
    train_seconds: float = 0.0
    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    clipped: bool = True
    lists: dict[str, Any] | None = None  # beside those of the most popular items


@reads_ratings()
def train(
    ctx: typer.Context,
    ratings: Ratings_ = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to save the model.")
    ] = Path("model.palate"),
    sql: Annotated[
        str | None,
        typer.Option(
            metavar="QUERY",
            help="DuckDB query for the ratings, on the database --db or on files that it names.",
        ),
    ] = None,
    db: Annotated[
        Path | None, typer.Option(metavar="FILE", help="DuckDB database for --sql, opened read-only.")
    ] = None,
    reading: Reading = AS_GIVEN,
    trainer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="recommender (the default) predicts choices and ratings; least-squares predicts "
            "ratings; gibbs also predicts their uncertainty; spectral, linear-items, neighbours "
            "and popular predict choices; baseline uses the mean and biases alone; keras trains "
            "the lesson's model (docs/keras.md). With --help, show the options of this trainer.",
        ),
    ] = None,
    user_table: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV or Parquet file with a column user_id and the columns of --user-features.",
        ),
    ] = None,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of ratings held out to decide when to stop.")
    ] = 0.05,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            help="Seed of the split and of the initial factors. The same seed gives the same model.",
        ),
    ] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Number of threads; by default one for each processor.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="MODEL", help="Model to continue from; its held-out ratings stay held out."),
    ] = None,
    union: Annotated[
        bool,
        typer.Option(
            "--union",
            help="Train on the ratings of the --start model and these. If both have a rating for a "
            "pair, the later one counts.",
        ),
    ] = False,
    refit: Annotated[
        bool,
        typer.Option("--refit", help="Train once more on all ratings in the end, including held-out ones."),
    ] = False,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File in which to save the model after every sweep.")
    ] = None,
    no_ratings: Annotated[
        bool,
        typer.Option(
            "--no-ratings", help="Save the model without ratings. It can then not leave out rated items."
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace an existing model.palate if --output is not given.",
        ),
    ] = False,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Store of `palate serve` whose ratings are added. Users that it has deleted are left out.",
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Train a model on a table of ratings and save it.

    Without options, the model recommends what users are likely to choose and to like. `palate train
    --trainer NAME --help` lists the options of a trainer.

    Example:

        palate train ratings.csv -o model.palate

    Factors and biases by least squares:

        palate train ratings.csv --n-factors 16

    Bayesian, with side information and the lowest error:

        palate train ratings.csv --trainer gibbs --user-features rated --item-features raters,genres

    The lesson's own model, trained by Keras:

        palate train ratings.csv --trainer keras --n-factors 16 --epochs 15

    From a database:

        palate train --sql 'SELECT user_id, item_id, stars AS rating FROM reviews' --db shop.duckdb

    Name the columns:

        palate train visits.parquet --user who --item what --rating stars --scale 1 10
    """
    from palate.cli.hyperparameters import chosen, default_trainer, given, takes_counts, trainer_of
    from palate.cli.input import like_users, read
    from palate.cli.output import check_writable, print_text

    _check_source(ratings, sql, db, reading)
    values, told = chosen(ctx), False
    if trainer is None:
        trainer = "least-squares" if start or refit or user_table is not None else default_trainer(values)
        told = bool(values) and trainer != "recommender"
    chosen_trainer = trainer_of(trainer, values)
    for path in (output, checkpoint):
        if path is not None:
            check_writable(path)
    check_default(output, named=given(ctx, "output"), overwrite=overwrite)
    extra = _extra(trainer, user_table)
    if union and start is None:
        raise usage_error("--union must be given with --start, the model whose ratings are added")
    how = How(
        validation,
        validation if given(ctx, "validation") else None,
        seed,
        threads,
        _start(start),
        refit,
        checkpoint,
        output,
        not no_ratings,
        extra=extra,
    )
    began = time.perf_counter()
    if sql is not None:
        data = _queried(sql, db, reading, takes_counts(chosen_trainer))
    else:
        data = read(
            cast(Path, ratings), {**reading, "counts": takes_counts(chosen_trainer), "like": how.start}
        )
    read_seconds = time.perf_counter() - began
    read_in = data
    if (
        data.held_out is not None
        and data.held_out.any()
        and how.start is None
        and not given(ctx, "validation")
    ):
        how = replace(how, prepared=data.held_out)
        if trainer == "recommender" and not values and not given(ctx, "trainer"):
            chosen_trainer = trainer_of(
                "least-squares", values
            )  # what is prepared for the lesson is trained as the lesson does
    if how.start is not None:
        data = _joined(data, how.start, union, reading.get("items"))
    if store is not None:
        data, said = _with_store(data, store)
        if not as_json:
            print_text(said)
    if user_table is not None:
        how.extra["user_table"] = like_users(how.extra["user_table"], data.ratings.users)
    if not as_json:
        _show_data("the query" if sql is not None else str(ratings), read_in, data, read_seconds)
        if told:
            option = "--" + next(iter(values)).replace("_", "-")
            print_text(f"{option} is an option of --trainer {trainer}, which is therefore used.")
        if how.prepared is not None:
            say(
                f"note: the {int(how.prepared.sum()):,} validation rows at the end of the files of "
                "palate prepare are held out."
            )
    checkpoints = instead(checkpoint) if checkpoint is not None else ""
    outcome = _train(chosen_trainer, data, how, read_seconds)
    replaced = instead(output)
    outcome.model.save(output, ratings=how.keep_ratings)
    interrupted = outcome.model.history.interrupted
    if not interrupted:
        _compare(outcome, how)
        outcome.lists = _lists(outcome.model, how)
    _report(outcome, how, as_json, replaced, checkpoints)
    if interrupted:
        say(f"interrupted; the model of the last complete sweep is saved as {output}.")
        raise typer.Exit(INTERRUPTED)


def _check_source(ratings: Path | None, sql: str | None, db: Path | None, reading: Reading) -> None:
    """Check that the ratings come from one place, and from a query without options that speak of files."""
    if (ratings is None) == (sql is None):
        raise usage_error(
            "the ratings must be RATINGS, a file or folder, or come from --sql; give one of the two"
        )
    if sql is None:
        if db is not None:
            raise usage_error("--db must be given with --sql, the query on this database")
        return
    words = as_words({name: value for name, value in reading.items() if name not in _OF_QUERIES})
    if words:
        raise usage_error(f"{words[0]} must be left out with --sql, because it is about files")


def _queried(sql: str, db: Path | None, reading: Reading, counts: bool) -> "Dataset":
    """Return what a query yields."""
    from palate.cli.input import busy
    from palate.io.sql import read_sql

    options: dict[str, Any] = {name: reading[name] for name in _OF_QUERIES}
    with busy("running the query"):
        return read_sql(sql, db, counts=counts, **options)


def _extra(trainer: str, user_table: Path | None) -> dict[str, Any]:
    from palate.cli.input import plain_table

    if user_table is None:
        return {}
    if trainer in ("baseline", "keras"):
        raise usage_error(f"--user-table is not for --trainer {trainer}, which has no features")
    return {"user_table": plain_table(user_table)}


def _start(path: Path | None) -> "FactorModel | None":
    from palate.cli.arguments import load

    return None if path is None else load(path)


def _train(trainer: "Trainer", data: "Dataset", how: How, read_seconds: float) -> Outcome:
    """Fit the trainer, with a progress bar."""
    from palate.recommender.recommender import Recommender
    from palate.training.progress import TrainingBar

    began = time.perf_counter()
    reports: list[SweepReport] = []
    if isinstance(trainer, Recommender):
        model = _fit_recommender(trainer, data, how)
        return Outcome(data, model, reports, read_seconds, time.perf_counter() - began)
    with TrainingBar(getattr(trainer, "max_sweeps", 1)) as bar:

        def after_sweep(report: "SweepReport") -> None:
            reports.append(report)
            bar(report)

        ratings, validation = _parts(data.ratings, how)
        options: dict[str, Any] = {"start": how.start, "refit": how.refit, "checkpoint": how.checkpoint}
        options |= {"callback": after_sweep, **how.extra}
        model = trainer.fit(
            ratings,
            validation=validation,
            catalog=data.catalog,
            threads=how.threads,
            seed=how.seed,
            **options,
        )
    return Outcome(data, model, reports, read_seconds, time.perf_counter() - began)


def _fit_recommender(trainer: "Recommender", data: "Dataset", how: How) -> Any:
    """Fit both heads, and say what is being done."""
    from palate.training.progress import Steps

    if how.start is not None or how.refit or how.extra:
        raise usage_error(
            "--start, --refit and --user-table are for a trainer of factors, such as --trainer least-squares"
        )
    options: dict[str, Any] = {} if how.share is None else {"validation": how.share}
    ratings = data.ratings
    if how.prepared is not None:
        ratings, options["validation"] = _parts(data.ratings, how)
    with Steps() as steps:
        return trainer.fit(
            ratings,
            catalog=data.catalog,
            checkpoint=how.checkpoint,
            callback=steps,
            threads=how.threads,
            seed=how.seed,
            **options,
        )


def _parts(ratings: "Ratings", how: How) -> tuple["Ratings", "float | Ratings"]:
    """Return what is trained on and what is held out: a share, or the rows that were prepared for it."""
    if how.prepared is None:
        return ratings, how.validation
    return ratings.select(~how.prepared), ratings.select(how.prepared)


def _compare(outcome: Outcome, how: How) -> None:
    """Add the errors of the model and of the baseline on the same held-out ratings."""
    from palate.inspect.errors import errors
    from palate.training.training_data import split

    if outcome.model.scale is None or outcome.model.trainer["name"] == "Recommender":
        # what it was chosen by is told; scores of counts are no ratings; `palate evaluate` judges
        # their lists
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fit has said it
        everything, held_out = split(*_parts(outcome.data.ratings, how), how.start, how.seed)
    if not held_out.any():
        return
    holdout = everything.select(held_out)
    models = {outcome.model.trainer["name"]: outcome.model}
    if outcome.model.trainer["name"] != "Baseline":
        models["Baseline"] = _baseline(everything, held_out, how)
    outcome.clipped = (
        not how.refit
    )  # the model before the refit is gone; what its sweeps reported is not clipped
    for name, model in models.items():
        if how.refit and model is outcome.model:
            judged = [
                report for report in outcome.reports if report.validation_mse is not None
            ]  # not those of a second run
            best = min(judged, key=lambda report: report.validation_mse or 0.0)
            outcome.errors[name] = {"rmse": best.validation_rmse or 0.0, "mae": best.validation_mae or 0.0}
        else:
            found = errors(model, holdout, clip=outcome.clipped)
            outcome.errors[name] = {"rmse": found.rmse, "mae": found.mae}


def _lists(model: "Model", how: How) -> dict[str, Any] | None:
    """Return how good the lists for the ratings held out are beside those of the most popular items.

    A recommender has chosen among candidates with the most popular items among them, and tells of them.
    """
    from palate.evaluation.evaluating import beside_popular

    if model.trainer["name"] in ("Recommender", "Popular"):
        return None
    found = beside_popular(model, threads=how.threads)
    if found is None:
        return None
    evaluation, beside = found
    _, low, high = beside.interval
    return {
        "n_users": evaluation.about["n_users"] - evaluation.about["n_users_without_relevant"],
        "ndcg@10": evaluation.value("ndcg", 10),
        "most_popular": evaluation.value("ndcg", 10, beside.reference),
        "difference_low": low,
        "difference_high": high,
        "lost": beside.lost,
    }


def _baseline(everything: "Ratings", held_out: "np.ndarray", how: How) -> "FactorModel":
    """Return the baseline fitted with the model's own split.

    The same share and seed make the same split, without copies of the ratings; a starting model's
    split has to be cut out.
    """
    from palate.training.baseline import Baseline

    quiet: dict[str, Any] = {"threads": how.threads, "callback": lambda report: None}
    if how.start is None and how.prepared is None:
        return Baseline().fit(everything, validation=how.validation, seed=how.seed, **quiet)
    return Baseline().fit(everything.select(~held_out), validation=everything.select(held_out), **quiet)


def _joined(data: "Dataset", start: "FactorModel", union: bool, items: object) -> "Dataset":
    """Return what is trained on: with `union` the ratings of the model too; with the model's
    catalog where no other is.
    """
    from palate.model.joined import catalog_of_both
    from palate.training.union import union as both

    ratings = both(start, data.ratings) if union else data.ratings
    keep = str(items) != "none" and (union or data.catalog is None)
    return replace(
        data, ratings=ratings, catalog=catalog_of_both(start, data.catalog) if keep else data.catalog
    )


def _with_store(data: "Dataset", address: str) -> tuple["Dataset", str]:
    """Return data with the live ratings of a store, and what became of them as a sentence."""
    from palate.store.upkeep import held, joined

    if data.held_out is not None and data.held_out.any():
        raise usage_error(
            "--store must be left out with files of palate prepare, whose rows for validation are fixed"
        )
    found = joined(data.ratings, held(address))
    return replace(
        data, ratings=found.ratings, held_out=None
    ), f"With the store {address.rsplit('@')[-1]}: {found}."


def _show_data(path: str, read: "Dataset", data: "Dataset", seconds: float) -> None:
    from palate.cli.output import counted, print_text

    print_text(f"Read {path} in {seconds:.1f} s: {_described(read.ratings)}.")
    if data.ratings is not read.ratings:
        print_text(f"With the ratings of the model to start from: {_described(data.ratings)}.")
    if data.catalog is None:
        print_text("No catalog was found, so items will be shown by id. Name one with --items.")
    else:
        columns = ", ".join(data.catalog.frame.columns[1:]) or "ids only"
        print_text(
            f"Catalog of {counted(len(data.catalog), 'item')} {data.catalog.origin}".rstrip()
            + f": {columns}."
        )


def _described(ratings: "Ratings") -> str:
    from palate.cli.output import counted

    low, high = ratings.scale
    return (
        f"{counted(len(ratings), 'rating')} of {counted(ratings.n_items, 'item')} by "
        f"{counted(ratings.n_users, 'user')}, "
        f"scale {low:g} to {high:g}{'' if ratings.declared else ' (observed)'}"
    )


def _report(outcome: Outcome, how: How, as_json: bool, replaced: str, checkpoints: str) -> None:
    from palate.cli.candidates import show_candidates
    from palate.cli.output import counted, print_json, print_text, print_verbatim

    history = outcome.model.history
    if as_json:
        print_json({**_document(outcome, how), "replaced": bool(replaced)})
        return
    name, sweeps = outcome.model.trainer["name"], len(history.sweeps)
    draws = getattr(outcome.model, "n_draws", 1)
    kept = f"of which sweep {history.best_sweep} is kept" if draws == 1 else f"{draws} draws kept"
    ran = f": {counted(sweeps, 'sweep')}, {kept}" if sweeps else ""
    print_text(
        f"Trained {name} on {counted(history.n_train, 'rating')} in {outcome.train_seconds:.1f} s{ran}. "
        f"{history.stopped}"
    )
    show_candidates(outcome.model)
    for note in history.notes:
        print_text(note)
    if outcome.errors:
        _show_errors(outcome)
    if outcome.lists is not None and outcome.lists["lost"]:
        print_text("", _lost(outcome.lists))
    size = how.output.stat().st_size
    users = outcome.model.users
    first = next(
        (users.id(row) for row in range(min(len(users), 100)) if str(users.id(row)).isprintable()),
        users.id(0),
    )
    print_text("", f"Saved {how.output} ({size:,} bytes){replaced}.")
    if how.checkpoint is not None:
        print_text(f"The checkpoint of the last sweep is {how.checkpoint}{checkpoints}.")
    print_verbatim(f"Next: {to_paste('recommend', how.output, first)}")


def _lost(lists: dict[str, Any]) -> str:
    return (
        "The lists for held-out ratings are worse than those of the most popular items: nDCG@10 "
        f"{lists['ndcg@10']:.3f} against {lists['most_popular']:.3f} ({lists['n_users']:,} users; "
        f"95 % interval of the difference: {lists['difference_low']:+.3f} to "
        f"{lists['difference_high']:+.3f}). Without options of a trainer, palate train chooses a "
        "model for lists."
    )


def _show_errors(outcome: Outcome) -> None:
    import polars as pl

    from palate.cli.output import Column, print_table, print_text

    n = int(len(outcome.data.ratings) - outcome.model.history.n_train) or outcome.model.history.n_validation
    about = (
        "predictions clipped to the scale" if outcome.clipped else "before the refit, predictions not clipped"
    )
    print_text(
        "",
        "Errors on held-out ratings" + (f" ({n:,}" if n else " (") + f"{', ' if n else ''}{about}):",
        "",
    )
    rows = [
        {"model": name, **{key: f"{value:.4f}" for key, value in found.items()}}
        for name, found in outcome.errors.items()
    ]
    print_table(
        pl.DataFrame(rows),
        (Column("model", "", "id"), Column("rmse", "RMSE", "id"), Column("mae", "MAE", "id")),
    )
    rmse = [found["rmse"] for found in outcome.errors.values()]
    low, high = outcome.data.ratings.value.min(), outcome.data.ratings.value.max()
    if len(rmse) > 1 and rmse[0] >= rmse[1] and low < high:  # of equal ratings the fit has said so
        print_text(
            "",
            "The baseline is as good. There may be too few ratings for factors, or the penalty "
            "may be too small (--l2-user, --l2-item).",
        )


def _document(outcome: Outcome, how: How) -> dict[str, Any]:
    ratings: Ratings = outcome.data.ratings
    history = outcome.model.history
    return {
        "output": str(how.output),
        "output_bytes": how.output.stat().st_size,
        "n_ratings": len(ratings),
        "n_users": ratings.n_users,
        "n_items": ratings.n_items,
        "n_duplicates": ratings.n_duplicates,
        "scale": list(ratings.scale),
        "scale_declared": ratings.declared,
        "n_train": history.n_train,
        "n_validation": history.n_validation,
        "read_seconds": round(outcome.read_seconds, 3),
        "train_seconds": round(outcome.train_seconds, 3),
        "sweeps": len(history.sweeps),
        "best_sweep": history.best_sweep,
        "stopped": history.stopped,
        "notes": list(history.notes),
        "trainer": dict(outcome.model.trainer),
        "errors": outcome.errors,
        "errors_clipped": outcome.clipped,
        "lists": outcome.lists,
    }
