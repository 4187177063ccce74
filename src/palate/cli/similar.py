"""`palate similar`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from palate.cli import arguments, options
from palate.cli.errors import usage_error
from palate.cli.id_lists import listed_ids
from palate.cli.output import check_output, deliver
from palate.model.nouns import noun_of


def similar(
    model: Path,
    item: Annotated[str | None, typer.Argument()] = None,
    title: str | None = None,
    between: list[str] | None = None,
    n: options.Length = 10,
    min_ratings: options.NotNegative = 0,
    genres: list[str] | None = None,
    year: str | None = None,
    where: str | None = None,
    candidates: str | None = None,
    exclude_items: str | None = None,
    shrink: Annotated[float | None, typer.Option(min=0)] = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """List the items that are most similar to an item, by their factors.

    Example:

        palate similar model.palate --title 'Toy Story'

    Items between two items:

        palate similar model.palate --between 'Toy Story' --between 'The Matrix'

    Parameters
    ----------
    item : [ITEM]
        Item id.
    between : ITEM
        List items between two items. Give this option twice, with ids or titles.
    shrink : N
        Shrink the similarity of items with few ratings: this number of ratings halves it. 0 does
        not shrink. Default 5.
    """
    if (item is not None) + (title is not None) + bool(between) != 1:
        raise usage_error("name the item by id or by --title, or two items by --between; one of the three")
    if between and len(between) != 2:
        raise usage_error(f"--between must be given twice, once for each item; got {len(between)}")
    check_output(output)
    condition = options.condition(genres, year, where)
    loaded = arguments.load(model, between or [item])
    how: dict[str, Any] = {"min_ratings": min_ratings, "where": condition}
    how |= {"candidates": listed_ids(loaded, candidates), "exclude_items": listed_ids(loaded, exclude_items)}
    if shrink is not None:
        how["shrink"] = shrink
    if between:
        first, second = (arguments.item_named(loaded, text) for text in between)
        frame = loaded.between(first, second, n, **how)
        named = f"Between {arguments.label(loaded, first)} and {arguments.label(loaded, second)}"
    else:
        one = arguments.item_asked(loaded, item, title)
        frame = loaded.similar_items(one, n, **how)
        named = f"Most like {arguments.label(loaded, one)}"
    deliver(frame, as_json=as_json, output=output, title=named, drop=("similar_to",), noun=noun_of(loaded))
