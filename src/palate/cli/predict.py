"""`palate predict`."""

from pathlib import Path
from typing import Annotated

import typer

from palate.cli import arguments, options
from palate.cli.errors import usage_error
from palate.cli.output import check_output, deliver


def predict(
    model: Path,
    user: str,
    items: Annotated[list[str] | None, typer.Argument()] = None,
    title: list[str] | None = None,
    genres: list[str] | None = None,
    year: str | None = None,
    where: str | None = None,
    clip: bool = False,
    unknown: str = "raise",
    std: bool = False,
    interval: float | None = None,
    interval_of: str = "mean",
    at: str | None = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Predict ratings of items, which are given by id, title or filter.

    Example:

        palate predict model.palate 15 --title 'Naked Gun' --title 'Lilo & Stitch'

        palate predict model.palate 15 --title 'Naked Gun' --interval 0.8 --interval-of rating

    Parameters
    ----------
    items : [ITEM]...
        Item ids.
    title : TEXT
        Items whose title contains this text. May be repeated.
    clip
        Clip predictions to the rating scale.
    unknown : CHOICE
        What to do for unknown ids: raise an error, predict nan, or predict the baseline (mean plus
        known bias).
    std
        Add the standard error of each expected rating.
    interval : SHARE
        Add both ends of the interval with this probability, such as 0.8.
    interval_of : CHOICE
        Interval of the expected rating (mean) or of one rating (rating).
    """
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
