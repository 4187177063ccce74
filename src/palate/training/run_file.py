"""The file of an unfinished run: arrays, numbers and what tells the run from all others."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from palate._files import replace_file


class RunFileError(ValueError):
    """The file of an unfinished run is damaged, or of another run."""


def save_run(
    path: str | os.PathLike[str], kind: str, key: str, arrays: dict[str, np.ndarray], numbers: dict[str, Any]
) -> None:
    """Replace the file by the state of a run, atomically; `kind` names the form of what it holds."""
    from safetensors.numpy import save

    about = {"format": kind, "digest": key, "state": json.dumps(numbers)}
    body = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, about)
    replace_file(path, [hashlib.sha256(body).hexdigest().encode(), body])


def load_run(
    path: str | os.PathLike[str], kind: str, key: str
) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Return the arrays and numbers of the run with this key; None if there is no such file.

    Raises
    ------
    RunFileError
        If the file is damaged, or of another run.
    """
    from safetensors.numpy import load

    file = Path(path)
    if not file.exists():
        return None
    raw = b"" if file.is_dir() else file.read_bytes()
    signature, body = raw[:64], raw[64:]
    if hashlib.sha256(body).hexdigest().encode() != signature:
        what = "a folder" if file.is_dir() else "damaged or another file"
        raise RunFileError(
            f"{file} must be a complete checkpoint; it is {what}. Delete it to start again, or name another "
            "file."
        )
    about = json.loads(body[8 : 8 + int.from_bytes(body[:8], "little")])["__metadata__"]
    if about.get("format") != kind or about["digest"] != key:
        raise RunFileError(
            f"{file} must be a checkpoint of this run; it was made with another trainer, seed, table, "
            "features or start. Delete it to start again, or name another file."
        )
    return load(body), json.loads(about["state"])
