"""`palate explore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import arguments
from palate.cli.errors import say
from palate.cli.reading_options import AS_GIVEN, ITEM_SIDE, Reading, reads_ratings

if TYPE_CHECKING:
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

    Examples:

        palate explore

        palate explore old.palate new.palate --test later.csv
    """
    import tempfile

    from palate.explorer.server import check_installed, free_port, serve

    check_installed()
    chosen = free_port(port)
    loaded = [
        arguments.load(path) for path in models or ()
    ]  # before anything is opened: a broken file is told at once
    with tempfile.TemporaryDirectory(prefix="palate-") as folder:
        space = _workspace(models, loaded, test, reading, store, cases, Path(folder))
        serve(
            space,
            chosen,
            browser=not no_browser,
            started=lambda address: say(f"the explorer is at {address} (Ctrl-C ends it)."),
        )


def _workspace(
    models: list[Path] | None,
    loaded: list[Any],
    test: Path | None,
    reading: Reading,
    store: Path,
    cases: Path,
    folder: Path,
) -> "Workspace":
    from palate.app.core import Core
    from palate.cli.input import read_part
    from palate.explorer.bundled import AFTER, BEFORE, train_bundled
    from palate.explorer.workspace import Workspace

    lesson = None
    if models:
        paths, name = models, "" if test is None else test.name
        part = (
            None
            if test is None
            else read_part(test, loaded[0], {**reading, "counts": any(map(arguments.holds_counts, loaded))})
        )
    else:
        paths, part = train_bundled(folder, lambda step: say(f"{step} ..."))
        name, lesson = "the bundled set, a tenth of it, which no model has seen", (BEFORE, AFTER)
    core = Core.open(paths, store=_store(store))
    return Workspace(core, part, name, cases, lesson)


def _store(path: Path) -> Any:
    from palate.store.opening import open_store

    return open_store(path)
