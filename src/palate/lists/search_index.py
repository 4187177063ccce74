"""An approximate index of a model's items: a graph of near vectors (HNSW), by usearch.

Malkov, Yashunin (2018), "Efficient and robust approximate nearest neighbor search using
Hierarchical Navigable Small World graphs".
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from palate._checks import ArgumentError, Words
from palate._files import replace_file
from palate._parallel import check_threads
from palate._requiring import require
from palate.factors.factors import FactorScorer
from palate.factors.inner_products import check_order, item_rows

CONNECTIVITY, BUILD_WIDTH = 16, 128  # neighbours of an item, and items that are searched to find them
ITEMS_FOR_THREADS = 20_000
QUERIES_PER_THREAD = 32  # starting a thread takes as long as a few searches
_HEAD = b"palate index 1 "
_HEAD_BYTES = 4096  # at most, of the line before the graph


@dataclass(frozen=True, eq=False)
class SearchIndex:
    """The graph of a model's items.

    Parameters
    ----------
    graph : usearch.index.Index
        Keys are row numbers of items; items whose vectors are not finite are left out.
    digest : str
        Of the vectors that it was built from.
    """

    graph: Any
    digest: str

    @classmethod
    def build(cls, model: FactorScorer, threads: int | None = None) -> "SearchIndex":
        """Return the index of a model's items."""
        rows = _rows(model)
        finite = np.flatnonzero(np.isfinite(rows).all(axis=1))
        graph = _library().Index(
            ndim=rows.shape[1], metric="ip", dtype="f32", connectivity=CONNECTIVITY, expansion_add=BUILD_WIDTH
        )
        if len(finite):
            # Threads that insert at once can miss the links to each other's items, so that an item is not
            # found. One in a few thousand does not matter; a small graph is built by one thread.
            used = check_threads(threads) if len(finite) >= ITEMS_FOR_THREADS else 1
            graph.add(finite.astype(np.uint64), rows[finite], threads=used)
        return cls(graph, _digest(rows))

    @classmethod
    def read(cls, path: str | os.PathLike[str], model: FactorScorer) -> "SearchIndex":
        """Return the index in a file, which must be that of the model's items."""
        with open(path, "rb") as stream:
            line = stream.readline(_HEAD_BYTES)
            if not line.startswith(_HEAD):
                raise _wrong(path, "be an index that palate wrote", "another file")
            packed = stream.read()
        about = _about(line)
        if hashlib.sha256(packed).hexdigest() != about.get("sha256"):
            raise _wrong(path, "be whole", "a damaged or shortened file")
        if about.get("items") != _digest(_rows(model)):
            raise _wrong(path, "be the index of this model", "that of other item vectors")
        return cls(_library().Index.restore(packed), str(about["items"]))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file."""
        packed = memoryview(self.graph.save())
        about = {"items": self.digest, "sha256": hashlib.sha256(packed).hexdigest()}
        replace_file(path, [_HEAD + json.dumps(about).encode() + b"\n", packed])

    def nearest(self, queries: np.ndarray, width: int, threads: int | None) -> np.ndarray:
        """Return about the `width` items with the highest inner products with each query, int64.

        -1 stands where fewer are found.
        """
        rows = np.ascontiguousarray(queries, np.float32)
        used = min(check_threads(threads), -(-len(rows) // QUERIES_PER_THREAD))
        found = self.graph.search(rows, width, threads=used)
        keys = found.keys.reshape(len(queries), -1).astype(np.int64)
        counts = np.reshape(getattr(found, "counts", keys.shape[1]), (-1, 1))
        return np.where(np.arange(keys.shape[1]) < counts, keys, -1)


def index_at(path: str | os.PathLike[str], model: FactorScorer, threads: int | None) -> SearchIndex:
    """Return the index in a file; where there is none, it is built and written."""
    if Path(path).exists():
        return SearchIndex.read(path, model)
    built = SearchIndex.build(model, threads)
    built.save(path)
    return built


def check_searchable(model: FactorScorer) -> None:
    """Raise an error if usearch is missing or no inner product has the order of a model's scores."""
    check_order(model, Words.of("Leave out `approximate=`."))
    _library()


def _rows(model: FactorScorer) -> np.ndarray:
    return item_rows(model).astype(np.float32)


def _digest(rows: np.ndarray) -> str:
    return hashlib.sha256(rows.tobytes()).hexdigest()


def _about(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line[len(_HEAD) :])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _wrong(path: str | os.PathLike[str], must: str, got: str) -> ArgumentError:
    advice = "Remove it, and it is built again."
    return ArgumentError(f"the index '{os.fsdecode(path)}'", must, got, advice)


def _library() -> Any:
    return require("usearch.index", "usearch", "ann", "an approximate list")
