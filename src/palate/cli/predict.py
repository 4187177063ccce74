"""`palate predict`."""

from typing import Annotated

import typer

from palate.cli import options
from palate.cli.errors import usage_error

Items = Annotated[list[str] | None, typer.Argument(metavar="[ITEM]...", help="Item ids.")]
Unknown = Annotated[
    str,
    typer.Option(
        metavar="CHOICE",
        help="What to do for unknown ids: raise an error, predict nan, or predict the baseline (mean "
        "plus known bias).",
    ),
]


def predict(
    model: options.Model,
    user: options.User,
    items: Items = None,
    title: options.Titles = None,
    genres: options.Genres = None,
    year: options.Year = None,
    where: options.Where = None,
    clip: Annotated[bool, typer.Option("--clip", help="Clip predictions to the rating scale.")] = False,
    unknown: Unknown = "raise",
    std: Annotated[
        bool, typer.Option("--std", help="Add the standard error of each expected rating.")
    ] = False,
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Add both ends of the interval with this probability, such as 0.8."
        ),
    ] = None,
    interval_of: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="Interval of the expected rating (mean) or of one rating (rating).",
        ),
    ] = "mean",
    at: options.At = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Predict ratings of items, which are given by id, title or filter.

    Example:

        palate predict model.palate 15 --title 'Naked Gun' --title 'Lilo & Stitch'

        palate predict model.palate 15 --title 'Naked Gun' --interval 0.8 --interval-of rating
    """
    from palate.cli import arguments
    from palate.cli.output import check_output, deliver

    condition = options.condition(genres, year, where)
    if bool(items) == bool(title or condition):
        raise usage_error(
            "choose the items by id, or by --title, --genres, --year and --where; not both, not neither"
        )
    check_output(output)
    time = options.parse_time(at)
    loaded = arguments.load(model, [user, *(items or [])])
    arguments.has_filters(loaded, model, genres, year)
    frame = loaded.predict_frame(
        arguments.user_ids(loaded, [user], unknown)[0],
        arguments.item_ids(loaded, items, unknown) if items else None,
        title=title,
        where=condition,
        clip=clip,
        unknown=unknown,
        return_std=std,
        interval=interval,
        interval_of=interval_of,
        timestamp=time,
    )
    deliver(frame, as_json=as_json, output=output, title=f"Predictions for user {user}", drop=("user_id",))
