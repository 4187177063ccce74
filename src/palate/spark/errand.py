"""What is sent to Spark's workers by value: the few lines that find palate there, or say that it is missing.

Everything else is sent by name and runs the worker's own copy of palate. These functions must not
refer to anything of palate at module level, or a worker without palate would fail while it reads
them, before they could say why.
"""

from collections.abc import Callable, Iterator
from typing import Any

Batches = Iterator[Any]


def mapped(order: bytes) -> Callable[[Batches], Batches]:
    """Return a function for `mapInArrow` that carries out a pickled order of `palate.spark.worker`."""

    def run(batches: Batches) -> Batches:
        yield from _worker().carry_out(order, batches)

    return run


def grouped(order: bytes) -> Callable[[Any, Any], Any]:
    """Return a function for `applyInArrow` of two grouped tables that carries out a pickled order."""

    def run(left: object, right: object) -> Any:
        return _worker().carry_out(order, left, right)

    return run


def _worker() -> Any:
    try:
        from palate.spark import worker
    except ImportError as missing:
        import sys

        raise RuntimeError(
            "palate must be installed on every Spark worker; it cannot be imported there "
            f"({missing}; Python {sys.version.split()[0]}, {sys.executable}). Install it on the "
            "workers with pip install 'palate[spark]', or ship an environment that contains it."
        ) from None
    return worker


def packed(batches: Batches) -> Batches:
    """Turn batches of rows into cells of bytes, an Arrow stream each.

    A table then reaches the driver part by part.
    """
    import pyarrow as pa

    def cell(gathered: list[Any]) -> Any:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, gathered[0].schema) as writer:
            for batch in gathered:
                writer.write_batch(batch)
        part = pa.array([sink.getvalue().to_pybytes()], pa.binary())
        return pa.RecordBatch.from_arrays([part], names=["part"])

    gathered, n_rows = [], 0
    for batch in batches:
        gathered.append(batch)
        n_rows += batch.num_rows
        if n_rows >= 1 << 17:
            yield cell(gathered)
            gathered, n_rows = [], 0
    if gathered:
        yield cell(gathered)
