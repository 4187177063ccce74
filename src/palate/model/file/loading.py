"""The model file: a FactorModel to one file and back, whole or not at all."""

import importlib
import io
import os
import platform
import stat
from collections.abc import Mapping
from importlib import metadata as installed
from typing import Any, BinaryIO

import numpy as np

from palate._files import replace_file
from palate.data.frames import FRAME_KINDS
from palate.factors.likelihood.links import LINKS, likelihood_class
from palate.factors.temporal import TimeContext
from palate.model.factor_model import FactorModel
from palate.model.file import container
from palate.model.file.catalog import put_catalog, take_catalog
from palate.model.file.choices import put_fold, take_fold
from palate.model.file.context import put_context, take_context
from palate.model.file.errors import Damage, ModelFileError
from palate.model.file.fields import Fields, check_plain, to_json
from palate.model.file.likelihood import put_distribution, put_features, take_distribution, take_features
from palate.model.file.linear import LINEAR, pack_linear, unpack_linear
from palate.model.file.parts import (
    put_history,
    put_prior,
    put_ratings,
    put_vocabulary,
    take_history,
    take_prior,
    take_ratings,
    take_scale,
    take_vocabulary,
)
from palate.model.file.tensors import TensorReader, TensorWriter, check_finite
from palate.model.linear_model import LinearModel

__all__ = ["ModelFileError", "dumps", "load_model", "loads", "read_metadata", "save_model"]

# Kinds of models made of other models, which are read where they are made.
_ELSEWHERE = {"recommender": "palate.model.file.recommender"}

_FACTORS = {
    "user_factors": ("float32", "draw user factor"),
    "item_factors": ("float32", "draw item factor"),
    "user_bias": ("float32", "draw user"),
    "item_bias": ("float32", "draw item"),
    "global_mean": ("float64", "draw"),
}


def save_model(
    model: FactorModel | LinearModel, path: str | os.PathLike[str], *, ratings: bool = True
) -> None:
    """Write a model to one file, atomically: a crash leaves the old file or the new one.

    The same model gives the same bytes. Memory stays at the model's own size plus its text columns.

    Parameters
    ----------
    model : FactorModel
    path : str or path
        Any name; palate's own examples end in `.palate`. Permissions of an existing file are kept.
    ratings : bool, default True
        Whether to include the ratings. Without them the file is smaller and names nobody's ratings,
        and the loaded model cannot exclude seen items, explain or update, and knows of no sittings.

    Raises
    ------
    ModelFileError
        If the model cannot be written, such as one with factors that are not finite.
    OSError
        If the file cannot be written; an older file of this name is then untouched.
    """
    pieces = _encoded(model, ratings, f"the model cannot be saved as {os.fsdecode(path)}")
    replace_file(path, pieces)


def load_model(path: str | os.PathLike[str]) -> Any:
    """Return the model in the file `path`, after checking every byte of it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is damaged, cut off, of another program or of a newer palate. Nothing in a file
        can run code.

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


def dumps(model: FactorModel | LinearModel) -> bytes:
    """Return the bytes of a model's file, ratings included."""
    return b"".join(_encoded(model, True, "the model cannot be turned into bytes"))


def loads(data: bytes) -> Any:
    """Return the model in the bytes of a file; raises ModelFileError as `load_model` does."""
    return _decoded(io.BytesIO(data), len(data), "the model in memory")


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the metadata of a model file without reading its arrays: what `docs/model-file.md`
    lists, unchecked.

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


def pack(model: FactorModel, ratings: bool = True) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the metadata that stand for a model."""
    writer = TensorWriter()
    users = put_vocabulary(writer, "users", "user", model.users)
    items = put_vocabulary(writer, "items", "item", model.items)
    for name, (dtype, axes) in _FACTORS.items():
        writer.put(name, getattr(model, name), dtype, axes)
    metadata = {
        "versions": versions(),
        "users": users,
        "items": items,
        "link": model.link,
        **put_distribution(writer, model),
        **put_features(writer, "user_link", model.user_link, "item"),
        **put_features(writer, "item_link", model.item_link, "user"),
        "context": put_context(writer, _context(model, ratings)),
        **put_fold(writer, model.fold),
        "scale": None if model.scale is None else [float(bound) for bound in model.scale],
        "frame_kind": model.frame_kind,
        "user_prior": put_prior(writer, "user_prior", model.user_prior),
        "item_prior": put_prior(writer, "item_prior", model.item_prior),
        "catalog": None if model.catalog is None else put_catalog(writer, model.catalog),
        "ratings": put_ratings(writer, model.ratings) if ratings and model.ratings is not None else None,
        "trainer": to_json(model.trainer, "the trainer's parameters", finite=True),
        "history": put_history(model.history),
    }
    return writer.tensors, {**metadata, "tensors": dict(sorted(writer.axes.items()))}


def unpack(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the model that arrays and metadata stand for, or raise Damage naming
    what is wrong.
    """
    fields = Fields(metadata, "its metadata")
    reader = TensorReader(tensors, fields.take("tensors", dict))
    check_plain(fields.take("versions", dict), "'versions' in its metadata")
    result: dict[str, Any] = {
        "users": take_vocabulary(reader, fields.take("users", dict), "users", "user"),
        "items": take_vocabulary(reader, fields.take("items", dict), "items", "item"),
        **_take_factors(reader),
        "link": fields.take_choice("link", LINKS),
        "scale": take_scale(fields.take("scale", list | None)),
        "frame_kind": fields.take_choice("frame_kind", FRAME_KINDS),
    }
    result["context"] = take_context(reader, fields)
    result["fold"] = take_fold(reader, fields)
    result |= take_distribution(reader, fields, result["link"])
    result["user_link"] = take_features(reader, fields, "user_link", "item")
    result["item_link"] = take_features(reader, fields, "item_link", "user")
    if "scale" in likelihood_class(result["link"]).needs and result["scale"] is None:
        raise Damage(f"'scale' in its metadata must be two numbers for the link {result['link']!r}; got null")
    for name in ("user_prior", "item_prior"):
        result[name] = take_prior(reader, fields.take(name, dict), name)
    catalog, ratings = fields.take("catalog", dict | None), fields.take("ratings", dict | None)
    result["catalog"] = None if catalog is None else take_catalog(reader, catalog, result["items"])
    result["ratings"] = None if ratings is None else take_ratings(reader, ratings)
    result["trainer"] = fields.take("trainer", dict)
    check_plain(result["trainer"], "'trainer' in its metadata")
    result["history"] = take_history(fields.take("history", dict))
    fields.finish()
    reader.finish()
    return result


def _context(model: FactorModel, ratings: bool) -> TimeContext | None:
    """Return what is saved of time: without ratings no sittings, which tell when somebody rated."""
    if model.context is None or ratings:
        return model.context
    return model.context.of_users(model.context.home)


def _take_factors(reader: TensorReader) -> dict[str, np.ndarray]:
    arrays = {}
    for name, (dtype, axes) in _FACTORS.items():
        arrays[name] = reader.take(name, dtype, axes)
        check_finite(name, arrays[name])
    if not reader.size("draw"):
        raise Damage("tensor 'global_mean' must have at least one draw")
    return arrays


def _encoded(model: FactorModel | LinearModel, ratings: bool, what: str) -> list[bytes | memoryview]:
    try:
        if isinstance(model, LinearModel):
            tensors, metadata = pack_linear(model, ratings, versions())
            unpack_linear(tensors, metadata)
            return container.encode(tensors, metadata)
        tensors, metadata = pack(model, ratings)
        unpack(
            tensors, metadata
        )  # what is saved must load: the same checks now, while the model is still there
        return container.encode(tensors, metadata)
    except Damage as damage:
        raise ModelFileError(f"{what}: {damage}.") from None


def _decoded(stream: BinaryIO, size: int, name: str) -> Any:
    try:
        tensors, metadata = container.decode(stream, size)
        if metadata.get("kind") == LINEAR:
            return unpack_linear(tensors, metadata)
        if metadata.get("kind") in _ELSEWHERE:
            return importlib.import_module(_ELSEWHERE[metadata["kind"]]).unpack(tensors, metadata)
        return FactorModel(**unpack(tensors, metadata))
    except Damage as damage:
        raise _error(name, damage) from None


def _opened(name: str) -> BinaryIO:
    """Open a regular file; anything else (a folder, a pipe that would block) is refused before it
    is opened.
    """
    mode = os.stat(name).st_mode
    if not stat.S_ISREG(mode):
        kind = (
            "a folder"
            if stat.S_ISDIR(mode)
            else "no regular file (a pipe or a device): write the model into a file first"
        )
        raise ModelFileError(f"{name} is not a usable model file: it is {kind}.")
    return open(name, "rb", buffering=0)


def _error(name: str, damage: Damage) -> ModelFileError:
    return ModelFileError(f"{name} is not a usable model file: {damage}.")


def versions() -> dict[str, str]:
    """Return the versions that a file tells."""
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    try:
        versions["palate"] = installed.version("palate")
    except installed.PackageNotFoundError:  # run from a source tree
        versions["palate"] = "unknown"
    return versions
