"""`palate serve`."""

import contextlib
import os
from pathlib import Path
from typing import Annotated

import typer

from palate.cli.errors import say, usage_error


def serve(
    models: list[Path],
    store: str | None = None,
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    read_key_file: Path | None = None,
    write_key_file: Path | None = None,
    origin: list[str] | None = None,
    root_path: str = "",
    rate_limit: float | None = None,
    models_folder: Annotated[Path | None, typer.Option("--models")] = None,
    watch: bool = False,
) -> None:
    """Serve lists, search, explanations and stored ratings over HTTP (docs/service.md).

    Example:

        palate serve model.palate

    Parameters
    ----------
    models : MODEL...
        Model files. The first is the default model of the service.
    store : URL
        Store for ratings: an SQLite file, or postgresql://... for several processes. Default: the
        file name of the first model with the ending .live.db.
    host : ADDRESS
        Address to listen on. Addresses other than loopback need keys.
    port
        Port to listen on; 0 for any free one.
    read_key_file : FILE
        File with one key per line, in addition to PALATE_READ_KEY.
    write_key_file : FILE
        File with one key per line, in addition to PALATE_WRITE_KEY.
    origin : ORIGIN
        Origin of web pages that may send requests, such as https://example.org. May be repeated.
    root_path : PATH
        Path under which a proxy serves the API.
    rate_limit : NUMBER
        Largest number of requests per second for each key; others are answered with 429.
    models_folder : FOLDER
        Folder with model files that POST /v1/models may serve.
    watch
        Use changed model files without a restart.
    """
    # threads of BLAS beside those of the service only wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from palate.app.core import Core
    from palate.service.application import check_installed
    from palate.service.logs import write_events
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
            **_secret(),
        )
    except SettingsError as error:
        said = str(error).replace("rate_limit must", "--rate-limit must")
        raise usage_error(said.replace("models must", "--models must")) from None
    _check_files(models)
    check_installed()
    write_events()
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


def _check_files(models: list[Path]) -> None:
    for path in models:
        if not path.is_file():
            raise usage_error(
                f"there is no model file {path}; palate train RATINGS -o {path} makes one from ratings"
            )


def _secret() -> dict[str, bytes]:
    """Return the secret of the environment, if it has one."""
    given = os.environ.get("PALATE_SECRET")
    return {"secret": given.encode()} if given else {}


def _keys(variable: str, file: Path | None) -> tuple[str, ...]:
    own = os.environ.get(variable, "").split()
    return (*own, *(file.read_text("utf-8").split() if file is not None else ()))
