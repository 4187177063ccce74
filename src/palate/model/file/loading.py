"""The model file: a model is saved to one file and loaded from it, completely or not at all."""

import io
import os
import stat
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from palate._files import replace_file
from palate.model.file import container
from palate.model.file.errors import Damage, ModelFileError
from palate.model.file.fields import Fields
from palate.model.file.heads import HEADS
from palate.model.file.packing import FACTORS, WEIGHTS, Form
from palate.model.with_file import WithFile

__all__ = ["ModelFileError", "dumps", "load_model", "loads", "read_metadata", "save_model"]

_FORMS = (FACTORS, WEIGHTS, HEADS)


def save_model(model: WithFile, path: str | os.PathLike[str], *, ratings: bool = True) -> None:
    """Write a model to one file, as its `save` says.

    Memory stays at the model's own size plus its text columns.
    """
    pieces = _encoded(model, ratings, f"the model cannot be saved as {os.fsdecode(path)}")
    replace_file(path, pieces)


def load_model(path: str | os.PathLike[str]) -> Any:
    """Return the model in the file `path`, after checking the whole file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is damaged, of another program or of a newer version. A file cannot run code.

    Examples
    --------
    >>> import tempfile
    >>> from palate import Baseline, Ratings
    >>> model = Baseline().fit(Ratings.from_arrays(["al", "bo"], [1, 2], [3, 5]), validation=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/small.palate")
    ...     same = load_model(f"{folder}/small.palate")
    >>> bool((same.item_bias == model.item_bias).all()), same.users.ids()
    (True, ['al', 'bo'])
    """
    name = os.fsdecode(path)
    with _opened(name) as stream:
        return _decoded(stream, os.fstat(stream.fileno()).st_size, name)


def dumps(model: WithFile) -> bytes:
    """Return the bytes of a model's file, ratings included."""
    return b"".join(_encoded(model, True, "the model cannot be turned into bytes"))


def loads(data: bytes) -> Any:
    """Return the model in the bytes of a file; raises ModelFileError as `load_model` does."""
    return _decoded(io.BytesIO(data), len(data), "the model in memory")


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the metadata of a model file unchecked, without reading its arrays; see docs/model-file.md.

    Raises
    ------
    FileNotFoundError, ModelFileError
        As `load_model`, as far as the header shows it.
    """
    name = os.fsdecode(path)
    with _opened(name) as stream:
        try:
            return container.read_header(stream, os.fstat(stream.fileno()).st_size).metadata
        except Damage as damage:
            raise _error(name, damage) from None


def pack(model: WithFile, ratings: bool = True) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the metadata that stand for a model."""
    return next(form for form in _FORMS if isinstance(model, form.cls)).pack(model, ratings)


def unpack(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that arrays and metadata stand for, or raise Damage naming what is wrong."""
    return _form_of(metadata).unpack(tensors, metadata)


def _form_of(metadata: Mapping[str, Any]) -> Form:
    """Return how the kind of model stands in a file that the metadata name."""
    if "kind" not in metadata:
        return FACTORS
    forms = {form.kind: form for form in _FORMS if form.kind}
    return forms[Fields(metadata, "its metadata").take_choice("kind", tuple(forms))]


def _encoded(model: WithFile, ratings: bool, what: str) -> list[bytes | memoryview]:
    try:
        tensors, metadata = pack(model, ratings)
        # the checks of loading, so that no file is written that cannot be loaded
        unpack(tensors, metadata)
        return container.encode(tensors, metadata)
    except Damage as damage:
        raise ModelFileError(f"{what}: {damage}.") from None


def _decoded(stream: BinaryIO, size: int, name: str) -> Any:
    try:
        tensors, metadata = container.decode(stream, size)
        return _form_of(metadata).model_of(tensors, metadata)
    except Damage as damage:
        raise _error(name, damage) from None


def _opened(name: str) -> BinaryIO:
    """Open a regular file; anything else, such as a folder or a pipe, is refused unopened."""
    mode = os.stat(name).st_mode
    if not stat.S_ISREG(mode):
        other = "no regular file (a pipe or a device): write the model into a file first"
        kind = "a folder" if stat.S_ISDIR(mode) else other
        raise ModelFileError(f"{name} is not a usable model file: it is {kind}.")
    return open(name, "rb", buffering=0)


def _error(name: str, damage: Damage) -> ModelFileError:
    return ModelFileError(f"{name} is not a usable model file: {damage}.")
