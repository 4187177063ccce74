"""What runs on Spark's workers: a model is read once in each process, then batches of ids become answers."""

import pickle  # nosec B403 - what the driver of one session sends to its own workers, as Spark does itself
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import compress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl

import palate
from palate._recent import Recent
from palate.data.frames import to_polars
from palate.data.vocabulary import Vocabulary
from palate.solve.rows import solve_rows

if TYPE_CHECKING:
    import pyarrow as pa


_KEPT = 2  # models that stay in a worker's memory: the one in use and the one it replaces
_models: Recent[str, Any] = Recent(_KEPT)


@dataclass(frozen=True)
class Shipped:
    """Where a worker finds a model's file: among Spark's files by name, or at a path that all workers see."""

    name: str
    shared: bool  # whether `name` is a path
    digest: str
    version: str  # of the palate that wrote it

    def path(self) -> str:
        """Return the path of the file on this worker."""
        if self.shared:
            return self.name
        from pyspark import SparkFiles

        return SparkFiles.get(self.name)


def carry_out(order: bytes, *given: object) -> Any:
    """Carry out a pickled order on what Spark gives: an iterator of batches, or two groups.

    An order is a function of palate and its first arguments, as `functools.partial` holds them.
    """
    return pickle.loads(order)(*given)  # nosec B301 - sent by the driver of this session


def model_of(shipped: Shipped) -> Any:
    """Return the model, read from its file the first time that this process is asked for it.

    Raises
    ------
    ModelFileError
        If the file cannot be read here; the message names both versions of palate.
    """
    return _models.get(shipped.digest, lambda: _loaded(shipped))


def _loaded(shipped: Shipped) -> Any:
    try:
        return palate.load(shipped.path())
    except (palate.ModelFileError, FileNotFoundError) as error:
        here = version_here()
        advice = f" Install palate {shipped.version} on the workers." if here != shipped.version else ""
        raise palate.ModelFileError(
            f"a Spark worker with palate {here} cannot read the model that palate {shipped.version} sent: "
            f"{error}{advice}"
        ) from None


def version_here() -> str:
    """Return the version of palate in this process."""
    try:
        return metadata.version("palate")
    except metadata.PackageNotFoundError:
        return "unknown"


def ids_of(vocabulary: Vocabulary, column: "pa.Array") -> Any:
    """Return a column of Arrow as ids of the vocabulary's kind.

    Spark has no UUIDs; texts stand for them.
    """
    series = pl.Series(column)
    if vocabulary.kind == "uuid" and series.dtype == pl.String:
        return [_uuid(value) for value in series.to_list()]
    return series


def _uuid(value: str) -> Any:
    try:
        return UUID(value)
    except (TypeError, ValueError):
        return value


def recommended(
    shipped: Shipped, unknown: str, schema: "pa.Schema", options: dict[str, Any], batches: Iterator[Any]
) -> Iterator[Any]:
    """Yield the lists of users as record batches of a schema."""
    model = model_of(shipped)
    for batch in batches:
        users = ids_of(model.users, batch.column(0))
        if unknown == "skip":
            known = pl.Series(model.users.indices(users) >= 0)
            users = list(compress(users, known)) if isinstance(users, list) else users.filter(known)
        if len(users):
            frame = model.recommend(users if isinstance(users, list) else users.alias("users"), **options)
            yield from as_batches(frame, schema)


def predicted(
    shipped: Shipped,
    roles: dict[str, str],
    names: list[str],
    options: dict[str, Any],
    batches: Iterator[Any],
) -> Iterator[Any]:
    """Yield pairs with columns of predictions; `roles` says which columns hold users, items and times."""
    import pyarrow as pa

    model = model_of(shipped)
    for batch in batches:
        columns = {role: batch.column(name) for role, name in roles.items()}
        timed = {"timestamps": pl.Series(columns["timestamp"])} if "timestamp" in roles else {}
        users, items = ids_of(model.users, columns["user"]), ids_of(model.items, columns["item"])
        found = model.predict(users, items, **timed, **options)
        added = found if isinstance(found, tuple) else (found,)
        arrays = [*batch.columns, *(pa.array(column, pa.float32()) for column in added)]
        yield pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, *names])


def solved(version: str, how: dict[str, Any], batches: Iterator[Any]) -> Iterator[Any]:
    """Yield solved blocks of rows, given what changes from half sweep to half sweep; cells are pickled."""
    import pyarrow as pa

    if version_here() != version:
        raise RuntimeError(
            f"the workers must have the palate of the driver, {version}, to train the same model; a worker "
            f"has {version_here()}. Install that one there."
        )
    for batch in batches:
        for number, part, now in zip(*(batch.column(name) for name in ("block", "part", "now")), strict=True):
            rows, given = (pickle.loads(cell.as_buffer()) for cell in (part, now))  # nosec B301 - as above
            found = solve_rows(rows, threads=1, **given, **how)
            answer = (found.side.factors, found.side.bias, found.stats, found.n_double)
            cells = pa.array([pickle.dumps(answer, protocol=5)], pa.binary())
            numbers = pa.array([number.as_py()], pa.int32())
            yield pa.RecordBatch.from_arrays([numbers, cells], names=["block", "part"])


def as_batches(frame: pl.DataFrame, schema: "pa.Schema") -> list[Any]:
    """Return a frame of any library as record batches of exactly this schema."""
    import pyarrow as pa

    polars = to_polars(frame)
    table = pa.table([polars[name].to_arrow() for name in schema.names], names=schema.names)
    return list(table.cast(schema).combine_chunks().to_batches())
