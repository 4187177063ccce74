"""Where `palate train` takes its ratings from: files, a query, a model to continue from, a store."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from palate._words import counted
from palate.cli.errors import usage_error
from palate.cli.hyperparameters import takes_counts
from palate.cli.input import busy, read
from palate.cli.output import print_text
from palate.cli.reading_options import Reading, as_words
from palate.model.nouns import INTERACTION, RATING

if TYPE_CHECKING:
    from palate.data.dataset import Dataset
    from palate.data.ratings import Ratings
    from palate.model.factor_model import FactorModel
    from palate.training.trainer import Trainer

# reading options that --sql takes
_OF_QUERIES = "user", "item", "rating", "no_rating", "timestamp", "weight", "scale", "duplicates"


def check_source(ratings: Path | None, sql: str | None, db: Path | None, reading: Reading) -> None:
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


def taken_in(
    ratings: Path | None,
    sql: str | None,
    db: Path | None,
    reading: Reading,
    counts: bool,
    like: "FactorModel | None",
) -> "Dataset":
    """Return the ratings of a file or of a query."""
    from palate.io.sql import read_sql

    if sql is None:
        return read(cast(Path, ratings), {**reading, "counts": counts, "like": like})
    options: dict[str, Any] = {name: reading[name] for name in _OF_QUERIES}
    with busy("running the query"):
        return read_sql(sql, db, counts=counts, **options)


def joined(data: "Dataset", start: "FactorModel", union: bool, items: object) -> "Dataset":
    """Return what is trained on: with `union` the ratings of the model too.

    The catalog is the model's where there is no other.
    """
    from palate.model.joined import catalog_of_both
    from palate.training.union import union as both

    ratings = both(start, data.ratings) if union else data.ratings
    keep = str(items) != "none" and (union or data.catalog is None)
    return replace(
        data, ratings=ratings, catalog=catalog_of_both(start, data.catalog) if keep else data.catalog
    )


def with_store(data: "Dataset", address: str) -> tuple["Dataset", str]:
    """Return data with the live ratings of a store, and a sentence on what became of them."""
    from palate.store import upkeep

    if data.held_out is not None and data.held_out.any():
        raise usage_error(
            "--store must be left out with files of palate prepare, whose rows for validation are fixed"
        )
    found = upkeep.joined(data.ratings, upkeep.held(address))
    said = f"With the store {address.rsplit('@')[-1]}: {found}."
    return replace(data, ratings=found.ratings, held_out=None), said


def show_data(
    path: str, read: "Dataset", data: "Dataset", seconds: float, trainer: "Trainer", of_store: str | None
) -> None:
    """Print what was read, and what it became with the ratings of a model and `of_store`."""
    noun = _noun(data.ratings, trainer)
    print_text(f"Read {path} in {seconds:.1f} s: {_described(read.ratings, noun)}.")
    if of_store is not None:
        print_text(of_store, f"Together: {_described(data.ratings, noun)}.")
    elif data.ratings is not read.ratings:
        print_text(f"With the {noun}s of the model to start from: {_described(data.ratings, noun)}.")
    if data.catalog is None:
        print_text("No catalog was found, so items will be shown by id. Name one with --items.")
    else:
        columns = ", ".join(data.catalog.frame.columns[1:]) or "ids only"
        print_text(
            f"Catalog of {counted(len(data.catalog), 'item')} {data.catalog.origin}".rstrip()
            + f": {columns}."
        )


def _noun(ratings: "Ratings", trainer: "Trainer") -> str:
    """Return what values are called that are read for a trainer."""
    from palate.recommender.recommender import Recommender, meaning_of
    from palate.solve.grades import RATINGS

    if isinstance(trainer, Recommender):
        return RATING if meaning_of(ratings, trainer) == RATINGS else INTERACTION
    return INTERACTION if ratings.events or takes_counts(trainer) else RATING


def _described(ratings: "Ratings", noun: str) -> str:
    low, high = ratings.scale
    if noun == INTERACTION:
        values = "" if low == high else f", counts from {low:g} to {high:g}"
    else:
        values = f", scale {low:g} to {high:g}{'' if ratings.declared else ' (observed)'}"
    return (
        f"{counted(len(ratings), noun)} of {counted(ratings.n_items, 'item')} by "
        f"{counted(ratings.n_users, 'user')}{values}"
    )
