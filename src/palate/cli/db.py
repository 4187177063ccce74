"""`palate db check | backup | export | forget`.

Parameters
----------
store : STORE
    File of an SQLite store, or postgresql://...
file : FILE
    File to write.
"""

from contextlib import closing
from pathlib import Path

import typer

from palate._words import counted
from palate.cli.errors import say
from palate.cli.output import check_output, deliver, print_text


def check_(store: str) -> None:
    """Check a store for damage. A service may use it meanwhile.

    Example:

        palate db check model.live.db
    """
    from palate.store.upkeep import check, held

    problems = check(store)
    for problem in problems:
        say(f"error: {problem}")
    if problems:
        raise typer.Exit(1)
    mirror = held(store)
    print_text(
        f"The store is sound: {counted(mirror.n_ratings, 'live rating')} of "
        f"{counted(len(mirror.users()), 'user')}, revision {mirror.revision:,}."
    )


def backup_(store: str, file: Path) -> None:
    """Copy an SQLite store to a new file. A service may use it meanwhile.

    Example:

        palate db backup model.live.db monday.db
    """
    from palate.store.upkeep import backup

    backup(store, file)
    print_text(f"Wrote {file}.")


def export_(store: str, file: Path) -> None:
    """Write all stored ratings to a .csv, .parquet or .json file.

    Example:

        palate db export model.live.db live.csv
    """
    from palate.store.upkeep import exported

    check_output(file)
    deliver(exported(store), as_json=False, output=file)


def forget_(store: str, user: str) -> None:
    """Delete a user's stored ratings, and leave the user out from now on. While a service runs,
    send it DELETE /v1/users/USER instead.

    Example:

        palate db forget model.live.db 42
    """
    from palate.store.opening import open_store

    with closing(open_store(store, existing=True)) as opened:
        found = opened.forget(user)
    print_text(
        f"Deleted {counted(found.n_deleted, 'live rating')} of user {user!r}. These data remain:",
        "- in the store: a salted hash of the id, by which the user is left out of responses and "
        "of the next training;",
        "- in older model files: the user's training ratings and vector, until the models are "
        "trained again with --store;",
        "- in rating files and backups: the user's ratings, which you have to delete there.",
    )
