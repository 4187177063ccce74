"""What runs on Spark's workers: a model is read once in each process, then batches of ids become answers."""

import pickle  # nosec B403 - what the driver of one session sends to its own workers, as Spark does itself
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any
from uuid import UUID

import polars as pl

import palate
from palate._checks import ArgumentError
from palate._recent import Recent
from palate.data.frames import to_polars
from palate.data.vocabulary import Vocabulary
from palate.solve.rows import solve_rows
from palate.spark import cutting

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


@dataclass(frozen=True)
class Order:
    """What to do with batches: the verb's name, the model, its options, and the schema of the answer."""

    verb: str
    model: Shipped | None
    options: dict[str, Any] = field(default_factory=dict)
    schema: Any = None  # pyarrow.Schema

    def shipped(self) -> Shipped:
        """Return where the model is, which the orders of lists and predictions have."""
        if self.model is None:
            raise ArgumentError(f"an order to {self.verb}", "name a model", "none")
        return self.model

    def packed(self) -> bytes:
        """Return the order as bytes, which only a worker with palate reads."""
        from pyspark import cloudpickle

        packed: bytes = cloudpickle.dumps(self)  # type: ignore[no-untyped-call]
        return packed


def carry_out(packed: bytes, *given: object) -> Any:
    """Carry out a pickled order on what Spark gives: an iterator of batches, or two groups."""
    order = pickle.loads(packed)  # nosec B301 - sent by the driver of this session
    return VERBS[order.verb](order, *given)


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


def _recommend(order: Order, batches: Iterator[Any]) -> Iterator[Any]:
    model, options = model_of(order.shipped()), dict(order.options)
    skip = options.pop("unknown") == "skip"
    for batch in batches:
        users = ids_of(model.users, batch.column(0))
        if skip:
            known = model.users.indices(users) >= 0
            users = (
                [user for user, there in zip(users, known, strict=True) if there]
                if isinstance(users, list)
                else users.filter(pl.Series(known))
            )
        if len(users):
            frame = model.recommend(users if isinstance(users, list) else users.alias("users"), **options)
            yield from as_batches(frame, order.schema)


def _predict(order: Order, batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as pa

    model, options = model_of(order.shipped()), dict(order.options)
    user, item, names = options.pop("user"), options.pop("item"), options.pop("names")
    timestamp = options.pop("timestamp")
    for batch in batches:
        if timestamp is not None:
            options["timestamps"] = pl.Series(batch.column(timestamp))
        found = model.predict(
            ids_of(model.users, batch.column(user)), ids_of(model.items, batch.column(item)), **options
        )
        columns = found if isinstance(found, tuple) else (found,)
        yield pa.RecordBatch.from_arrays(
            [*batch.columns, *(pa.array(column, pa.float32()) for column in columns)],
            names=[*batch.schema.names, *names],
        )


def _solve(order: Order, batches: Iterator[Any]) -> Iterator[Any]:
    """Solve blocks of rows given what changes from half sweep to half sweep; both are pickled in cells."""
    import pyarrow as pa

    if version_here() != order.options["version"]:
        raise RuntimeError(
            f"the workers must have the palate of the driver, {order.options['version']}, to train the same "
            f"model; a worker has {version_here()}. Install that one there."
        )
    for batch in batches:
        for number, part, now in zip(*(batch.column(name) for name in ("block", "part", "now")), strict=True):
            rows, given = (pickle.loads(cell.as_buffer()) for cell in (part, now))  # nosec B301 - as above
            solved = solve_rows(rows, threads=1, **given, **order.options["how"])
            answer = (solved.side.factors, solved.side.bias, solved.stats, solved.n_double)
            cells = pa.array([pickle.dumps(answer, protocol=5)], pa.binary())
            numbers = pa.array([number.as_py()], pa.int32())
            yield pa.RecordBatch.from_arrays([numbers, cells], names=["block", "part"])


def as_batches(frame: pl.DataFrame, schema: "pa.Schema") -> list[Any]:
    """Return a frame of any library as record batches of exactly this schema."""
    import pyarrow as pa

    polars = to_polars(frame)
    table = pa.table([polars[name].to_arrow() for name in schema.names], names=schema.names)
    return list(table.cast(schema).combine_chunks().to_batches())


VERBS: dict[str, Callable[..., Any]] = {
    "recommend": _recommend,
    "predict": _predict,
    "solve": _solve,
    "mark": lambda _, block, now: cutting.mark(block, now),
    "compress": lambda _, block, now: cutting.compress(block, now),
}
