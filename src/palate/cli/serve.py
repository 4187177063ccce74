"""`palate serve`."""

import contextlib
import os
from pathlib import Path
from typing import Annotated

import typer

from palate.cli.errors import say, usage_error

Models = Annotated[
    list[Path], typer.Argument(metavar="MODEL...", help="Model files; the first answers when none is named.")
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Where live ratings are kept: a file for SQLite, or postgresql://... for several processes. "
        "Default: the first model's "
        "file name with the ending .live.db.",
    ),
]
KeyFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File of one key a line; besides PALATE_READ_KEY.")
]
WriteKeyFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File of one key a line; besides PALATE_WRITE_KEY.")
]


def serve(
    models: Models,
    store: Store = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; other than loopback needs keys.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")
    ] = 8000,
    read_key_file: KeyFile = None,
    write_key_file: WriteKeyFile = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN", help="Web pages that may ask, such as https://example.org; repeat it."
        ),
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="Path under which a proxy serves this.")
    ] = "",
    rate_limit: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER", help="Requests a second that each key may send; more are answered 429."
        ),
    ] = None,
    models_folder: Annotated[
        Path | None,
        typer.Option(
            "--models", metavar="FOLDER", help="Folder whose model files POST /v1/models may take in."
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Take model files into use when they are saved anew.")
    ] = False,
) -> None:
    """Answer over HTTP: lists, search, explanations, and ratings that are kept; see docs/service.md.

    Example:

        palate serve model.palate
    """
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # threads of BLAS beside those of the service only wait for each other
    from palate.app.core import Core
    from palate.service.serving import serve as run
    from palate.service.settings import Settings, SettingsError
    from palate.store.opening import open_store

    try:
        settings = Settings(
            host=host,
            read_keys=_keys("PALATE_READ_KEY", read_key_file),
            write_keys=_keys("PALATE_WRITE_KEY", write_key_file),
            origins=tuple(origin or ()),
            root_path=root_path.rstrip("/"),
            rate_limit=rate_limit,
            models=models_folder,
            **({"secret": os.environ["PALATE_SECRET"].encode()} if os.environ.get("PALATE_SECRET") else {}),
        )
    except SettingsError as error:
        raise usage_error(
            str(error).replace("rate_limit must", "--rate-limit must").replace("models must", "--models must")
        ) from None
    for path in models:
        if not path.is_file():
            raise usage_error(f"there is no model file {path}")
    kept = open_store(store if store is not None else models[0].with_suffix(".live.db"))
    try:
        core = Core.open(models, store=kept)
    except BaseException:
        kept.close()
        raise
    with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
        run(
            core,
            settings,
            port,
            watch=watch,
            started=lambda address: say(f"serving {', '.join(m.id for m in core.models)} at {address}"),
        )


def _keys(variable: str, file: Path | None) -> tuple[str, ...]:
    own = os.environ.get(variable, "").split()
    return (*own, *(file.read_text("utf-8").split() if file is not None else ()))
