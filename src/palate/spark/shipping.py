"""From the driver to the workers: the model's file, once a session, and functions to pickle."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import palate
from palate._checks import ArgumentTypeError
from palate.model.model import Model
from palate.spark import errand
from palate.spark.worker import Shipped, version_here

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


# of the files that Spark fetches; removed when the driver ends
_folder: list[tempfile.TemporaryDirectory[str]] = []
_shipped: WeakKeyDictionary[Any, dict[int, Shipped]] = WeakKeyDictionary()  # by model, then by session


def ship(spark: "SparkSession", model: Model | str | os.PathLike[str]) -> tuple[Any, Shipped]:
    """Return the model and where the workers find its file.

    Parameters
    ----------
    spark : SparkSession
    model : Model, or path of a model file that the driver and all workers see
        A Model is saved once and added to the files of the session; Spark brings it to each worker
        at most once.
    """
    if isinstance(model, str | os.PathLike):
        path = os.path.abspath(os.fsdecode(model))
        return palate.load(path), Shipped(path, True, _digest(path), version_here())
    if not hasattr(model, "save") or not hasattr(model, "recommend"):
        must = "be a palate model or the path of a model file"
        raise ArgumentTypeError("model", must, type(model).__name__)
    sessions = _shipped.setdefault(model, {})
    if id(spark) not in sessions:
        sessions[id(spark)] = _add_file(spark, model)
    return model, sessions[id(spark)]


def _add_file(spark: "SparkSession", model: Model) -> Shipped:
    if not _folder:
        _folder.append(tempfile.TemporaryDirectory(prefix="palate-spark-"))
    draft = Path(_folder[0].name) / f"{id(model)}.palate"
    model.save(draft)
    digest = _digest(draft)
    path = draft.rename(draft.with_name(f"palate-{digest[:32]}.palate"))
    spark.addArtifact(str(path), file=True)
    return Shipped(path.name, False, digest, version_here())


def _digest(path: str | Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def mapped(order: Callable[..., Any]) -> Any:
    """Return the function for `mapInArrow` that carries out an order; see `worker.carry_out`."""
    return _by_value(errand.mapped)(_order(order))


def grouped(order: Callable[..., Any]) -> Any:
    """Return the function for `applyInArrow` of two grouped tables that carries out an order."""
    return _by_value(errand.grouped)(_order(order))


def _order(order: Callable[..., Any]) -> bytes:
    """Return an order as bytes, which only a worker with palate reads."""
    from pyspark import cloudpickle

    packed: bytes = cloudpickle.dumps(order)  # type: ignore[no-untyped-call]
    return packed


def _by_value(function: object) -> Any:
    """Return the function, whose module is pickled by value from now on."""
    from pyspark.cloudpickle import register_pickle_by_value

    register_pickle_by_value(errand)  # type: ignore[no-untyped-call]
    return function


def parts_of(table: "DataFrame") -> Iterator[Any]:
    """Yield a Spark DataFrame as Arrow tables, partition by partition; workers need no palate for it.

    What stands on the driver at a time is a partition, and no limit on collected results applies.
    """
    import pyarrow as pa

    parts = table.mapInArrow(_by_value(errand.packed), "part binary")
    for row in parts.toLocalIterator(prefetchPartitions=True):
        yield pa.ipc.open_stream(pa.py_buffer(bytes(row[0]))).read_all()
