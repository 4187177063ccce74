"""`palate similar`."""

from typing import Annotated

import typer

from palate.cli import options
from palate.cli.errors import usage_error


def similar(
    model: options.Model,
    item: Annotated[str | None, typer.Argument(metavar="[ITEM]", help="Id of the item.")] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the item, or a part that fits no other.")] = None,
    n: options.Number = 10,
    min_ratings: options.MinRatings = 0,
    genres: options.Genres = None,
    year: options.Year = None,
    where: options.Where = None,
    candidates: options.Candidates = None,
    deny: options.Deny = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """List the items that people rate most like an item: those whose factors point the same way.

    Example:

        palate similar model.palate --title 'Toy Story' --min-ratings 20
    """
    from palate.cli import arguments
    from palate.cli.output import check_output, deliver

    if (item is None) == (title is None):
        raise usage_error("name the item by id or by --title, one of the two")
    check_output(output)
    condition = options.condition(genres, year, where)
    loaded = arguments.load(model, [item])
    one = arguments.item_with_title(loaded, title) if item is None else arguments.item_ids(loaded, [item])[0]  # type: ignore[arg-type]
    frame = loaded.similar_items(
        one, n, min_ratings=min_ratings, where=condition,
        candidates=arguments.listed_ids(loaded, candidates), deny=arguments.listed_ids(loaded, deny),
    )  # fmt: skip
    deliver(frame, as_json=as_json, output=output, title=f"Most like {arguments.label(loaded, one)}", drop=("similar_to",))
