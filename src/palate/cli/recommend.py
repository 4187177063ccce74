"""`palate recommend`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import arguments, options, shaping
from palate.cli.errors import INTERRUPTED, say, usage_error
from palate.cli.id_lists import listed_ids
from palate.cli.input import progress
from palate.cli.newcomer import newcomer
from palate.cli.output import check_output, deliver, say_written
from palate.cli.writing import instead
from palate.model.nouns import noun_of

if TYPE_CHECKING:
    from palate.model.model import Model

_USUAL: dict[str, Any] = {
    "ascending": False,
    "explore": None,
    "seed": 0,
    "timestamp": None,
    "unknown": "raise",
    "caution": 0.0,
    "words": False,
}


def recommend(
    model: Path,
    users: Annotated[list[str] | None, typer.Argument()] = None,
    n: options.Length = 5,
    min_ratings: options.NotNegative = 0,
    genres: list[str] | None = None,
    year: str | None = None,
    where: str | None = None,
    candidates: str | None = None,
    exclude_items: str | None = None,
    include_seen: bool = False,
    ascending: bool = False,
    caution: float = 0.0,
    explore: str | None = None,
    seed: options.NotNegative = 0,
    by: str | None = None,
    words: bool = False,
    diversity: Annotated[float, typer.Option(min=0, max=1)] = 0.0,
    at_most: list[str] | None = None,
    boost: list[str] | None = None,
    approximate: Path | None = None,
    all_users: bool = False,
    everyone: Annotated[bool, typer.Option("--all")] = False,
    rate: list[str] | None = None,
    fold_in: Path | None = None,
    unknown: str = "raise",
    at: str | None = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """List what a model recommends: by default what users are likely to choose and to rate highly.

    Example:

        palate recommend model.palate 15 --n 10 --min-ratings 20 --genres Comedy --year 1980-1989

    For a new user:

        palate recommend model.palate --rate 'Airplane!=5' --rate 'The Matrix=2'

    For every user of a large table:

        palate recommend model.palate --all --n 20 -o lists.parquet

    By the lower confidence bound, with a model of Gibbs:

        palate recommend model.palate 15 --caution 0.8 --words

    With more variety:

        palate recommend model.palate 15 --n 10 --diversity 0.3 --at-most genres=4 --boost genres:Comedy=1.5

    Parameters
    ----------
    users : [USER]...
        User ids.
    include_seen
        Also list items that the user has rated.
    ascending
        List the lowest predictions first.
    caution : SHARE
        Rank by the lower confidence bound of the rating: 0.8 is the lower end of the 80 % interval.
        Negative values rank by the upper end.
    explore : HOW
        thompson: rank the items of each user by one draw of the posterior.
    seed
        Seed of --explore.
    by : HEAD
        For a model of two heads: rank by both (the default), by what the user is likely to choose
        (chosen), or by the predicted rating (stars).
    words
        Describe each prediction and its uncertainty in words.
    diversity : SHARE
        From 0 to 1: how much an item loses if it is similar to items above it in the list.
    at_most : COLUMN=N
        Largest number of items of a list with the same value of a column, such as genres=3, or with
        one value, such as genres:Comedy=1. May be repeated.
    boost : COLUMN:VALUE=FACTOR
        Factor on the chance of some items, such as genres:Comedy=1.5, or item:TITLE=2 for one item.
        May be repeated.
    approximate : FILE
        Find items by an approximate index, for catalogs of a million items and more. The index is
        read from FILE, or built and written there. A column says whether a list is approximate or
        exact.
    all_users
        List for all users of the model.
    everyone
        Write the lists of all users to the .parquet file --output, in blocks, so that they need not
        fit into memory. After an interruption, the same command continues.
    rate : TITLE=RATING
        Rating of a new user, by title or id. May be repeated.
    fold_in : FILE
        CSV file with the ratings of a new user: columns item_id or title, rating, and optionally
        timestamp.
    unknown : CHOICE
        What to do for unknown users: raise an error, skip them, or list popular items.
    """
    is_new = bool(rate) or fold_in is not None
    _check_one_of(bool(users), all_users, everyone, is_new)
    if everyone:
        output = _check_everyone(output)
    check_output(output)
    how = {"ascending": ascending, "explore": explore, "seed": seed, "timestamp": options.parse_time(at)}
    how |= {"unknown": unknown, "caution": caution}
    condition = options.condition(genres, year, where)
    loaded: Any = arguments.load(model, users or [])
    arguments.has_filters(loaded, model, genres, year)
    who: Any = None
    if is_new:
        who = newcomer(loaded, rate or [], fold_in)
    elif users:
        who = arguments.user_ids(loaded, users, unknown)
    arguments.has_heads(loaded, model, by)  # an error for --by with a model of one
    words = words or (_by_both(loaded, by) and not as_json and output is None)
    asked = _asked(loaded, by, {**how, "words": words})
    asked |= shaping.shape(loaded, diversity, at_most, boost)
    if approximate is not None:
        asked["approximate"] = approximate
    _note_on_caution(loaded, caution, by)
    asked |= {"min_ratings": min_ratings, "exclude_seen": not include_seen, "where": condition}
    asked |= {
        "candidates": listed_ids(loaded, candidates),
        "exclude_items": listed_ids(loaded, exclude_items),
    }
    if everyone and output is not None:
        _write_everyone(loaded, output, n, as_json=as_json, asked=asked)
        return
    frame = loaded.recommend(who, n, **asked)
    whom = "you" if is_new else f"user {users[0]}" if users and len(users) == 1 else ""
    drop = (*(("user_id",) if whom else ()), *(_said_in_words(loaded) if words else ()))
    what = "The lowest predictions" if ascending else "Recommendations"
    title = f"{what} for {whom}" if whom else ""  # lists of several users have none
    deliver(frame, as_json=as_json, output=output, title=title, drop=drop, noun=noun_of(loaded))


def _check_one_of(*ways: bool) -> None:
    """Refuse users who are named in no way or in several."""
    if sum(ways) != 1:
        raise usage_error(
            "name the users, or give --all-users, or --rate or --fold-in for a new user; one of the three"
        )


def _by_both(model: "Model", by: str | None) -> bool:
    """Return whether a list is ranked by two heads."""
    return hasattr(model, "heads") and by in (None, "both")


def _asked(model: "Model", by: str | None, how: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `recommend` that are not at their defaults: no model takes all of them."""
    from palate.factors.temporal_scores import WITHOUT_TIME

    if how["timestamp"] is not None and hasattr(model, "heads"):
        raise ValueError(WITHOUT_TIME)
    how = {name: value for name, value in how.items() if value != _USUAL[name]}
    return how if by is None else {**how, "by": by}


def _note_on_caution(model: "Model", caution: float, by: str | None) -> None:
    from palate.factors.draws import has_spread

    if not caution or not _by_both(model, by) or model.scale is None:
        return
    if not has_spread(getattr(model, "choice", model)):
        say(
            "note: --caution applies to the predicted ratings only, because the model of choices has "
            "no standard errors."
        )


def _said_in_words(model: "Model") -> tuple[str, ...]:
    """Return the columns that the words repeat."""
    both = ("chance", "predicted_rating") if hasattr(model, "heads") else ()
    return "std", "low", "high", "genres", "mean_rating", *both


def _check_everyone(output: Path | None) -> Path:
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


def _write_everyone(model: "Model", output: Path, n: int, *, as_json: bool, asked: dict[str, Any]) -> None:
    """Write the lists of every user, and say how many.

    An interrupt leaves what the same command goes on with.
    """
    import polars as pl

    replaced = instead(output)
    with progress("{task.completed:,} of {task.total:,}") as bar:
        task = bar.add_task("users", total=len(model.users))
        try:
            model.recommend_all(
                output, n, progress=lambda users, of: bar.update(task, completed=users), **asked
            )
        except KeyboardInterrupt:
            say(
                f"interrupted after the lists of {bar.tasks[0].completed:,} of {len(model.users):,} users; "
                "the same command continues from there."
            )
            raise typer.Exit(INTERRUPTED) from None
    rows = pl.scan_parquet(output).select(pl.len()).collect().item()
    say_written(output, rows, replaced, as_json=as_json)
