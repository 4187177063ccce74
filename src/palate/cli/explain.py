"""`palate explain`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from palate.cli import arguments, options
from palate.cli.errors import usage_error
from palate.cli.newcomer import newcomer
from palate.cli.output import check_output, deliver, print_heading, print_wrapped


def explain(
    model: Path,
    user: Annotated[str | None, typer.Argument()] = None,
    item: Annotated[str | None, typer.Argument()] = None,
    title: str | None = None,
    rate: list[str] | None = None,
    fold_in: Path | None = None,
    by: str | None = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Explain a prediction by the averages and by the contribution of each of the user's ratings.

    Example:

        palate explain model.palate 15 --title 'Naked Gun'

    For a new user:

        palate explain model.palate --title 'Naked Gun' --rate 'Airplane!=5' --rate 'The Matrix=2'

    Parameters
    ----------
    user : [USER]
        User id.
    item : [ITEM]
        Item id.
    rate : TITLE=RATING
        Rating of a new user, by title or id. May be repeated.
    fold_in : FILE
        CSV file with the ratings of a new user.
    by : HEAD
        For a model of two heads: explain the predicted rating (stars, the default), or why the user
        is likely to choose the item (chosen).
    """
    is_new = bool(rate) or fold_in is not None
    if is_new and user is not None:  # with --rate the first argument names the item
        if item is not None:
            raise usage_error("name a user, or give --rate or --fold-in for a new user; not both")
        user, item = None, user
    if not is_new and user is None:
        raise usage_error("name the user, or give --rate or --fold-in for a new user")
    if (item is None) == (title is None):
        raise usage_error("name the item by id or by --title, one of the two")
    check_output(output)
    loaded = arguments.load(model)
    if is_new:
        who: Any = replace(newcomer(loaded, rate or [], fold_in), id=None)
    else:
        (who,) = arguments.user_ids(loaded, [str(user)])
    one = arguments.item_asked(loaded, item, title)
    head = {"by": by} if arguments.has_heads(loaded, model, by) else {}
    found = loaded.explain(who, one, **head)
    if as_json or output is not None:
        deliver(found.frame, as_json=as_json, output=output)
        return
    print_heading(f"Why {found.prediction:.2f}?")
    print_wrapped(*found.lines())
