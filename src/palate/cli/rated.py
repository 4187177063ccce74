"""`palate rated`."""

from pathlib import Path
from typing import Annotated

import typer

from palate._words import counted
from palate.cli import arguments, options
from palate.cli.output import check_output, deliver
from palate.model.nouns import noun_of


def rated(
    model: Path,
    user: str,
    n: Annotated[int | None, typer.Option("--n", "-n", min=1)] = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """List what a user rated, highest first.

    Example:

        palate rated model.palate 15 --n 10

    Parameters
    ----------
    n
        Number of ratings to list; all by default.
    """
    check_output(output)
    loaded = arguments.load(model, [user])
    frame = loaded.rated(arguments.user_ids(loaded, [user])[0])
    total = frame.height
    frame = frame if n is None else frame.head(n)
    noun = noun_of(loaded)
    title = f"{counted(total, noun)} by user {user}"
    if frame.height < total:
        title = f"The {n:,} highest of {total:,} {noun}s by user {user}"
    hidden = ("user_id",) if frame["held_out"].any() else ("user_id", "held_out")
    deliver(frame, as_json=as_json, output=output, title=title, drop=hidden, noun=noun)
