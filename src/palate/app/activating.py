"""How a model is taken into use: it is read, must fit into memory, and is tried first."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from palate.app.errors import CannotAnswer
from palate.app.listing import best
from palate.app.people import People
from palate.app.served import ServedModel
from palate.model.model import Model
from palate.recommender.planning import available_gigabytes

TRIED = 20  # users whose lists are made before a model is taken into use
Stamp = tuple[int, int, int]
_COPIES = 2.0  # memory that a model takes, in sizes of its file, with what is derived from it


def load_file(path: Path, model_id: str) -> ServedModel:
    """Return the model of a file; its version is made of the file's content.

    Raises
    ------
    ModelFileError, OSError
        If it cannot be read, or was replaced while it was read.
    """
    from palate.model.file.loading import load_model

    before = stamp(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    model = load_model(path)
    if stamp(path) != before:
        raise OSError(f"{path} was replaced while it was read. Try again.")
    return ServedModel(model, model_id, digest[:16], path)


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """Return what changes when a file is replaced."""
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def version_of_object(model: Model) -> str:
    """Return a version for a model that has no file: one for each object."""
    return f"memory-{id(model):x}"


def memory_allows(path: Path) -> None:
    """Refuse a file whose model does not fit into memory beside the one that answers.

    Where the system does not tell how much memory there is, nothing is refused.

    Raises
    ------
    MemoryError
        With both sizes.
    """
    free, wanted = available_gigabytes(), path.stat().st_size * _COPIES / 1e9
    if free is not None and wanted > free:
        needs = f"{path} needs about {wanted * 1e3:,.0f} MB beside the model in use"
        advice = "Free memory, or restart the service with this file."
        raise MemoryError(f"{needs}, and {free * 1e3:,.0f} MB are free. {advice}")


def warmed_up(people: People, share: float = 1.0) -> People:
    """Return a model that has folded in the users with live ratings and made lists.

    Kernels are then compiled and items packed. Folding takes a `share` of the time, and leaves the rest
    to those who are answered meanwhile.

    Raises
    ------
    Exception
        Whatever one of its answers raises, and ValueError for a list whose scores are not finite.
    """
    served, n_users = people.served, len(people.served.model.users)
    people.fold_all(share)
    rows = np.linspace(0, max(0, n_users - 1), min(TRIED, n_users)).astype(int)
    users = [str(served.model.users.id(int(row))) for row in np.unique(rows)]
    exclude = served.model.ratings is not None
    took = []
    for user in [*users, *people.store.users()[:TRIED]]:
        asked = people.known(user)
        began = time.perf_counter()
        _check(served, best(served, asked, 10, 0.0, 0, None, exclude, 0))
        took.append(time.perf_counter() - began)
    served.list_seconds = sorted(took)[len(took) // 2] if took else 0.0
    if len(served.model.items) and served.can_fold:
        _try_stranger(people)
    served.titles.search("a", 1)
    return people


def _try_stranger(people: People) -> None:
    served = people.served
    highest = (served.model.scale or (1.0, 1.0))[1] if served.levels is None else served.levels[-1]
    asked = people.stranger({served.item_id(0): float(highest)})
    if asked.row >= 0:
        _check(served, best(served, asked, 10, 0.0, 0, None, True, 0))


def _check(served: ServedModel, rows: list[Any]) -> None:
    wrong = [row for row in rows if not np.isfinite(row.score)]
    if wrong:
        got = f"{wrong[0].score} for item {wrong[0].item.id!r} of {served.id!r}"
        raise CannotAnswer(f"scores must be finite; got {got}.")
