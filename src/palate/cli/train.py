"""`palate train`."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import options, train_input, train_report
from palate.cli.arguments import load
from palate.cli.errors import INTERRUPTED, say, usage_error
from palate.cli.hyperparameters import chosen, default_trainer, given, takes_counts, trainer_of
from palate.cli.input import like_users, plain_table
from palate.cli.output import print_text
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.train_fit import How, Outcome, fit, judge
from palate.cli.writing import check_default, check_model_file, instead

if TYPE_CHECKING:
    from palate.data.dataset import Dataset
    from palate.training.trainer import Trainer


@reads_ratings()
def train(
    ctx: typer.Context,
    ratings: options.OptionalFile = None,
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("model.palate"),
    sql: str | None = None,
    db: Path | None = None,
    reading: Reading = AS_GIVEN,
    trainer: str | None = None,
    user_table: Path | None = None,
    validation: float = 0.05,
    seed: options.NotNegative = 0,
    threads: options.Threads = None,
    start: Path | None = None,
    union: bool = False,
    refit: bool = False,
    checkpoint: Path | None = None,
    no_ratings: bool = False,
    overwrite: bool = False,
    store: str | None = None,
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

    Parameters
    ----------
    ratings : RATINGS
        Rating file, or a folder or .zip with one. Use --sql to read from a database.
    output : FILE
        Where to save the model.
    sql : QUERY
        DuckDB query for the ratings, on the database --db or on files that it names.
    db : FILE
        DuckDB database for --sql, opened read-only.
    trainer : NAME
        recommender (the default) predicts choices and ratings; least-squares predicts ratings;
        gibbs also predicts their uncertainty; spectral, linear-items, neighbours and popular
        predict choices; baseline uses the mean and biases alone; keras trains the lesson's model
        (docs/keras.md). With --help, show the options of this trainer.
    user_table : FILE
        CSV or Parquet file with a column user_id and the columns of --user-features.
    validation : SHARE
        Share of ratings held out to decide when to stop.
    seed
        Seed of the split and of the initial factors. The same seed gives the same model.
    start : MODEL
        Model to continue from; its held-out ratings stay held out.
    union
        Train on the ratings of the --start model and these. If both have a rating for a pair, the
        later one counts.
    refit
        Train once more on all ratings in the end, including held-out ones.
    checkpoint : FILE
        File in which to save the model after every sweep.
    no_ratings
        Save the model without ratings. It can then not leave out rated items.
    overwrite
        Replace an existing model.palate if --output is not given.
    store : URL
        Store of `palate serve` whose ratings are added. Users that it has deleted are left out.
    """
    train_input.check_source(ratings, sql, db, reading)
    chosen = _chosen(ctx, trainer, of_factors=bool(start or refit or user_table is not None))
    for path in filter(None, (output, checkpoint)):
        check_model_file(path)
    check_default(output, named=given(ctx, "output"), overwrite=overwrite)
    extra = _extra(chosen.name, user_table)
    if union and start is None:
        raise usage_error("--union must be given with --start, the model whose ratings are added")
    how = How(
        validation=validation,
        share=validation if given(ctx, "validation") else None,
        seed=seed,
        threads=threads,
        start=None if start is None else load(start),
        refit=refit,
        checkpoint=checkpoint,
        instead="" if checkpoint is None else instead(checkpoint),
        output=output,
        keep_ratings=not no_ratings,
        extra=extra,
    )
    began = time.perf_counter()
    read_in = train_input.taken_in(ratings, sql, db, reading, takes_counts(chosen.trainer), how.start)
    read_seconds = time.perf_counter() - began
    chosen, how = _prepared(ctx, chosen, how, read_in)
    data, of_store = read_in, None
    if how.start is not None:
        data = train_input.joined(data, how.start, union, reading.get("items"))
    if store is not None:
        data, of_store = train_input.with_store(data, store)
    if "user_table" in how.extra:
        how.extra["user_table"] = like_users(how.extra["user_table"], data.ratings.users)
    if not as_json:
        source = "the query" if sql is not None else str(ratings)
        train_input.show_data(source, read_in, data, read_seconds, chosen.trainer, of_store)
        _show_choice(chosen, how)
    _finish(fit(chosen.trainer, data, how, read_seconds), how, as_json)


def _finish(outcome: Outcome, how: How, as_json: bool) -> None:
    """Save the model, judge it, and print what became of it."""
    replaced = instead(how.output)
    outcome.model.save(how.output, ratings=how.keep_ratings)
    judge(outcome, how)
    train_report.report(outcome, how, as_json, replaced)
    if outcome.model.history.interrupted:
        say(f"interrupted; what was trained until then is saved as {how.output}.")
        raise typer.Exit(INTERRUPTED)


@dataclass(frozen=True)
class _Chosen:
    """The trainer, by its name and with the hyper-parameters that were given."""

    name: str
    trainer: "Trainer"
    values: dict[str, Any]
    told: bool  # whether a hyper-parameter alone said which trainer is meant


def _chosen(ctx: typer.Context, name: str | None, of_factors: bool) -> _Chosen:
    """Return the trainer that was named, or is meant by the options."""
    values, told = chosen(ctx), False
    if name is None:
        name = "least-squares" if of_factors else default_trainer(values)
        told = bool(values) and name != "recommender"
    return _Chosen(name, trainer_of(name, values), values, told)


def _prepared(ctx: typer.Context, chosen: _Chosen, how: How, data: "Dataset") -> tuple[_Chosen, How]:
    """Return trainer and options for ratings of which `palate prepare` has put some aside."""
    put_aside = data.held_out is not None and data.held_out.any()
    if not put_aside or how.start is not None or given(ctx, "validation"):
        return chosen, how
    if chosen.name == "recommender" and not chosen.values and not given(ctx, "trainer"):
        # what is prepared for the lesson is trained as the lesson does
        chosen = replace(chosen, trainer=trainer_of("least-squares", {}))
    return chosen, replace(how, prepared=data.held_out)


def _show_choice(chosen: _Chosen, how: How) -> None:
    """Say which trainer is used where nobody named it, and which ratings are held out."""
    if chosen.told:
        option = "--" + next(iter(chosen.values)).replace("_", "-")
        print_text(f"{option} is an option of --trainer {chosen.name}, which is therefore used.")
    if how.prepared is not None:
        say(
            f"note: the {int(how.prepared.sum()):,} validation rows at the end of the files of "
            "palate prepare are held out."
        )


def _extra(trainer: str, user_table: Path | None) -> dict[str, Any]:
    if user_table is None:
        return {}
    if trainer in ("baseline", "keras"):
        raise usage_error(f"--user-table is not for --trainer {trainer}, which has no features")
    return {"user_table": plain_table(user_table)}
