"""`palate datasets list | fetch | path`.

Parameters
----------
name : NAME
    Name of the data set (`palate datasets list`).
"""

from pathlib import Path

from palate import datasets
from palate.cli import options
from palate.cli.errors import usage_error
from palate.cli.input import progress
from palate.cli.output import print_json, print_rows, print_text, print_verbatim


def _check_remote(name: str) -> None:
    if name in datasets.BUNDLED:
        raise usage_error(f"{name} comes with palate and needs no download: palate train {name}")


def list_(as_json: options.Json = False) -> None:
    """List the data sets that can be downloaded, with size, format, terms of use and the source of
    the checksum.

    Example:

        palate datasets list
    """
    frame = datasets.available()
    if as_json:
        print_json(frame)
        return
    headings = {"about": "what", "megabytes": "MB", "licence": "terms", "checksum": ".md5", "fetched": "here"}
    shown = frame.rename(headings).drop("urls")
    print_rows(shown, "id", "text", "count", "id", "text", "text", "text")
    names = " and ".join(datasets.BUNDLED)
    print_text("", f"{names} comes with palate and needs no download: palate train {datasets.BUNDLED[0]}.")


def fetch(name: str, as_json: options.Json = False) -> None:
    """Download a data set and print its path. A data set that is already there is not downloaded
    again.

    Files are stored in PALATE_DATA, or in the cache folder of the platform. The terms of the owner
    apply.

    Example:

        palate datasets fetch ml-1m
    """
    from rich.progress import DownloadColumn, TaskID

    _check_remote(name)
    with progress(DownloadColumn()) as bar:
        tasks: dict[str, TaskID] = {}

        def show(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=total)
            bar.update(tasks[file], completed=done, total=total)

        found = datasets.fetch(name, progress=show)
    _tell(name, found, as_json)


def path(name: str, as_json: options.Json = False) -> None:
    """Print the path of a downloaded data set, for commands that read ratings.

    Example:

        palate train "$(palate datasets path ml-1m)"
    """
    _check_remote(name)
    _tell(name, datasets.path(name), as_json)


def _tell(name: str, found: Path, as_json: bool) -> None:
    """Print where a data set is."""
    if as_json:
        print_json({"name": name, "path": found})
    else:
        print_verbatim(str(found))
