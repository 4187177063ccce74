"""`palate explore`."""

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import arguments
from palate.cli.errors import say, usage_error
from palate.cli.input import read_part
from palate.cli.reading_options import AS_GIVEN, ITEM_SIDE, Reading, reads_ratings

if TYPE_CHECKING:
    from palate.explorer.workspace import Workspace

STORE, CASES = Path("palate-ratings.db"), Path("looks-wrong.jsonl")


@reads_ratings(without=ITEM_SIDE)
def explore(
    models: Annotated[list[Path] | None, typer.Argument()] = None,
    test: Path | None = None,
    reading: Reading = AS_GIVEN,
    store: Path = STORE,
    cases: Path = CASES,
    port: Annotated[int | None, typer.Option(min=0, max=65535)] = None,
    no_browser: bool = False,
) -> None:
    """Show in the browser what models recommend and why, and how lists change as you rate items.

    Only this machine can reach the pages, and they load nothing from other sites. Ctrl-C ends the
    explorer. Without a model, the page shows the progress of training.

    Examples:

        palate explore

        palate explore old.palate new.palate --test later.csv

    Parameters
    ----------
    models : MODEL
        Model files. Without them, models are trained on the bundled ratings.
    test : RATINGS
        Test ratings. Default: the ratings that the model held out.
    store : FILE
        File in which your ratings are stored.
    cases : FILE
        File for recommendations that look wrong; see palate evaluate --cases.
    port : PORT
        Port on this machine; 0 for any free one. Default: the first free one from 8850.
    no_browser
        Only print the address; open no page.
    """
    from palate.explorer.bundled import BundledTraining
    from palate.explorer.server import check_installed, free_port, serve
    from palate.store.opening import open_store

    if test is not None and not models:
        raise usage_error(
            "--test needs MODEL: without a model, the explorer holds out ratings itself. Name a model file"
        )
    check_installed()
    chosen = free_port(port)
    # before anything is opened: a broken file is told at once
    loaded = [arguments.load(path) for path in models or ()]
    with tempfile.TemporaryDirectory(prefix="palate-") as folder:
        if models:
            source: Any = _workspace(models, loaded, test, reading, store, cases)
        else:
            source = BundledTraining(Path(folder), open_store(store), cases, say)
        with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
            serve(
                source,
                chosen,
                browser=not no_browser,
                started=lambda address: say(f"the explorer is at {address} (Ctrl-C ends it)."),
            )


def _workspace(
    models: list[Path], loaded: list[Any], test: Path | None, reading: Reading, store: Path, cases: Path
) -> "Workspace":
    from palate.app.core import Core
    from palate.explorer.workspace import Workspace
    from palate.store.opening import open_store

    part = read_part(test, loaded, reading)
    core = Core.open(models, store=open_store(store))
    return Workspace(core, part, "" if test is None else test.name, cases)
