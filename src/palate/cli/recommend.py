"""`palate recommend`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from palate.cli import options, shaping
from palate.cli.errors import say, usage_error

Users = Annotated[list[str] | None, typer.Argument(metavar="[USER]...", help="Ids of the users.")]


def recommend(
    model: options.Model,
    users: Users = None,
    n: options.Number = 5,
    min_ratings: options.MinRatings = 0,
    genres: options.Genres = None,
    year: options.Year = None,
    where: options.Where = None,
    candidates: options.Candidates = None,
    exclude_items: options.ExcludeItems = None,
    include_seen: Annotated[
        bool, typer.Option("--include-seen", help="List what the user has rated, too.")
    ] = False,
    ascending: Annotated[
        bool, typer.Option("--ascending", help="List the lowest predictions, the lowest first.")
    ] = False,
    caution: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Rank by how good an item is at least: 0.8 by the lower end of its 80 % interval; below "
            "0, by how good it may be.",
        ),
    ] = 0.0,
    explore: Annotated[
        str | None,
        typer.Option(
            metavar="HOW", help="thompson: rank by one draw of the posterior, another for each user."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the draws of --explore.")] = 0,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="HEAD",
            help="For a model of two heads: both (the default), chosen (what the user is likely to choose) "
            "or stars (what the user would "
            "rate highest).",
        ),
    ] = None,
    words: Annotated[
        bool, typer.Option("--words", help="Say in words what is expected and how sure that is.")
    ] = False,
    diversity: shaping.Diversity = 0.0,
    at_most: shaping.AtMost = None,
    boost: shaping.Boost = None,
    all_users: Annotated[bool, typer.Option("--all-users", help="For every user of the model.")] = False,
    everyone: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Write the lists of every user to --output, a .parquet file, block by block: memory does "
            "not grow with the users, and "
            "after an interrupt the same command goes on.",
        ),
    ] = False,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TITLE=RATING",
            help="For someone new who rated this; may be repeated. An id will do as well.",
        ),
    ] = None,
    fold_in: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For someone new with the ratings of this CSV: columns item_id or title, rating, and "
            "perhaps timestamp.",
        ),
    ] = None,
    unknown: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="What a user gets whom the model does not know: raise (an error), skip (no list) or "
            "popular (the most-rated items).",
        ),
    ] = "raise",
    at: options.At = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """List the items that users would rate highest.

    Example:

        palate recommend model.palate 15 --n 10 --min-ratings 20 --genres Comedy --year 1980-1989

    For someone new:

        palate recommend model.palate --rate 'Airplane!=5' --rate 'The Matrix=2'

    For every user of a large table:

        palate recommend model.palate --all --n 20 -o lists.parquet

    Sure ones only, from a model trained by Gibbs:

        palate recommend model.palate 15 --caution 0.8 --words

    Not too much of one kind:

        palate recommend model.palate 15 --n 10 --diversity 0.3 --at-most genres=4 --boost genres:Comedy=1.5
    """
    from palate.cli import arguments
    from palate.cli.everyone import check_everyone, write_everyone
    from palate.cli.output import check_output, deliver

    is_new = bool(rate) or fold_in is not None
    if bool(users) + all_users + everyone + is_new != 1:
        raise usage_error(
            "name the users, or give --all-users, or --rate or --fold-in for someone new; one of the three"
        )
    if everyone:
        output = check_everyone(output)
    check_output(output)
    time = options.parse_time(at)
    condition = options.condition(genres, year, where)
    loaded: Any = arguments.load(model, users or [])
    who: Any = (
        None
        if all_users or everyone
        else arguments.newcomer(loaded, rate or [], fold_in)
        if is_new
        else arguments.user_ids(loaded, users or [], unknown)
    )
    two_heads = hasattr(loaded, "heads")
    if by is not None and not two_heads:
        raise usage_error(
            f"--by is for a model of two heads, as `palate train` makes without options; {model} has one"
        )
    words = words or (two_heads and by in (None, "both") and not as_json and output is None)
    asked: dict[str, Any] = {
        "ascending": ascending,
        "explore": explore,
        "seed": seed,
        "timestamp": time,
        "unknown": unknown,
        "caution": caution,
        "words": words,
    }
    usual: dict[str, Any] = {
        "ascending": False,
        "explore": None,
        "seed": 0,
        "timestamp": None,
        "unknown": "raise",
        "caution": 0.0,
        "words": False,
    }
    if type(loaded).__name__ != "FactorModel":
        asked = {name: value for name, value in asked.items() if value != usual[name]}
    if by is not None:
        asked["by"] = by
    asked |= shaping.shape(loaded, diversity, at_most, boost)
    if two_heads and caution and by in (None, "both") and not _knows(loaded.choice):
        say("note: --caution acts on the predicted ratings; the choice head does not know how sure it is.")
    asked |= {"min_ratings": min_ratings, "exclude_seen": not include_seen, "where": condition}
    asked |= {
        "candidates": arguments.listed_ids(loaded, candidates),
        "exclude_items": arguments.listed_ids(loaded, exclude_items),
    }
    if everyone and output is not None:
        write_everyone(loaded, output, n, as_json=as_json, **asked)
        return
    frame = loaded.recommend(who, n, **asked)
    one = is_new or (users is not None and len(users) == 1)
    whom = "you" if is_new else f"user {users[0]}" if users else ""
    title = f"{'The lowest predictions' if ascending else 'Recommendations'} for {whom}" if one else ""
    hidden = (
        (
            "std",
            "low",
            "high",
            "genres",
            "mean_rating",
            *(("chance", "predicted_rating") if two_heads else ()),
        )
        if words
        else ()
    )  # the words say it
    deliver(
        frame, as_json=as_json, output=output, title=title, drop=(*(("user_id",) if one else ()), *hidden)
    )


def _knows(head: Any) -> bool:
    from palate.factors.draws import has_spread

    return has_spread(head)
