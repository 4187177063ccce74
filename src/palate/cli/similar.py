"""`palate similar`."""

from typing import Annotated, Any

import typer

from palate.cli import options
from palate.cli.errors import usage_error


def similar(
    model: options.Model,
    item: Annotated[str | None, typer.Argument(metavar="[ITEM]", help="Item id.")] = None,
    title: options.Title = None,
    between: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM", help="List items between two items. Give this option twice, with ids or titles."
        ),
    ] = None,
    n: options.Number = 10,
    min_ratings: options.MinRatings = 0,
    genres: options.Genres = None,
    year: options.Year = None,
    where: options.Where = None,
    candidates: options.Candidates = None,
    exclude_items: options.ExcludeItems = None,
    shrink: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Shrink the similarity of items with few ratings: this number of ratings halves it. 0 "
            "does not shrink. Default 5.",
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """List the items that are most similar to an item, by their factors.

    Example:

        palate similar model.palate --title 'Toy Story'

    Items between two items:

        palate similar model.palate --between 'Toy Story' --between 'The Matrix'
    """
    from palate.cli import arguments
    from palate.cli.id_lists import listed_ids
    from palate.cli.output import check_output, deliver

    if (item is not None) + (title is not None) + bool(between) != 1:
        raise usage_error("name the item by id or by --title, or two items by --between; one of the three")
    if between and len(between) != 2:
        raise usage_error(f"--between must be given twice, once for each item; got {len(between)}")
    check_output(output)
    condition = options.condition(genres, year, where)
    loaded = arguments.load(model, between or [item])
    how: dict[str, Any] = {
        "min_ratings": min_ratings,
        "where": condition,
        "candidates": listed_ids(loaded, candidates),
        "exclude_items": listed_ids(loaded, exclude_items),
    }
    if shrink is not None:
        how["shrink"] = shrink
    if between:
        both = [arguments.item_named(loaded, text) for text in between]
        frame = loaded.between(both[0], both[1], n, **how)
        named = " and ".join(arguments.label(loaded, one) for one in both)
        deliver(frame, as_json=as_json, output=output, title=f"Between {named}")
        return
    one = arguments.item_asked(loaded, item, title)
    named = arguments.label(loaded, one)
    frame = loaded.similar_items(one, n, **how)
    deliver(frame, as_json=as_json, output=output, title=f"Most like {named}", drop=("similar_to",))
