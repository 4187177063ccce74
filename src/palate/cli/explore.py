"""`palate explore`."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import arguments
from palate.cli.errors import say, usage_error
from palate.cli.reading_options import AS_GIVEN, ITEM_SIDE, Reading, reads_ratings

if TYPE_CHECKING:
    from palate.explorer.bundled import BundledTraining
    from palate.explorer.workspace import Workspace

Models = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="MODEL", help="Model files. Without any, models are trained on the bundled ratings first."
    ),
]
STORE, CASES = Path("palate-ratings.db"), Path("looks-wrong.jsonl")


@reads_ratings(without=ITEM_SIDE)
def explore(
    models: Models = None,
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="RATINGS",
            help="Ratings the models have not seen, for the figures. Default: what the model held out.",
        ),
    ] = None,
    reading: Reading = AS_GIVEN,
    store: Annotated[Path, typer.Option(metavar="FILE", help="Where your own ratings are kept.")] = STORE,
    cases: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Where recommendations that look wrong are kept; see palate evaluate --cases.",
        ),
    ] = CASES,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Port on this machine; 0 for any. Default: the first free one from 8850 on.",
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no page; print its address alone.")
    ] = False,
) -> None:
    """Show in the browser what models recommend, why, and how sure they are; rate some items
    yourself and see the list follow.

    Only this machine can reach the page, and the page loads nothing from anywhere else. It ends with Ctrl-C.
    Without a model the page answers at once and shows how far the training is.

    Examples:

        palate explore

        palate explore old.palate new.palate --test later.csv
    """
    import tempfile

    from palate.explorer.server import check_installed, free_port, serve

    if test is not None and not models:
        raise usage_error(
            "--test needs MODEL: without one, palate puts aside ratings of its own. Name a model file"
        )
    check_installed()
    chosen = free_port(port)
    loaded = [
        arguments.load(path) for path in models or ()
    ]  # before anything is opened: a broken file is told at once
    with tempfile.TemporaryDirectory(prefix="palate-") as folder:
        if models:
            source: Any = _workspace(models, loaded, test, reading, store, cases)
        else:
            source = _bundled(store, cases, Path(folder))
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
    from palate.cli.input import read_part
    from palate.explorer.workspace import Workspace

    part = None
    if test is not None:
        counts = any(map(arguments.holds_counts, loaded))
        part = read_part(test, loaded[0], {**reading, "counts": counts})
    core = Core.open(models, store=_store(store))
    return Workspace(core, part, "" if test is None else test.name, cases)


def _bundled(store: Path, cases: Path, folder: Path) -> "BundledTraining":
    from palate.explorer.bundled import BundledTraining

    return BundledTraining(folder, _store(store), cases, say)


def _store(path: Path) -> Any:
    from palate.store.opening import open_store

    return open_store(path)
