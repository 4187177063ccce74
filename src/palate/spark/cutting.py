"""What the workers do to cut a table of ratings into blocks of rows; the driver sees counts and sums."""

import pickle  # nosec B403 - what the driver and the workers of one session send to each other
from typing import TYPE_CHECKING, Any

import numpy as np

from palate.solve.confidence import Confidence
from palate.solve.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

MARKED = ("user_block", "item_block", "user", "item", "rating", "held_out")
TWICE = "palate: a pair is rated twice"


def mark(block: "pa.Table", now: "pa.Table") -> "pa.Table":
    """Return the ratings of a block of users in order, with which of them are held out.

    Parameters
    ----------
    block : pyarrow.Table
        Columns `user` and `item`, numbers, and `rating`, in any order.
    now : pyarrow.Table
        One cell: the places of the held-out ratings among those of the block by user and item, and
        the first item of each block of items but the first.
    """
    import pyarrow as pa

    user, item, rating = (block.column(name).to_numpy() for name in ("user", "item", "rating"))
    order = np.lexsort((item, user))
    user, item, rating = user[order], item[order], rating[order]
    if ((np.diff(user) == 0) & (np.diff(item) == 0)).any():
        raise ValueError(TWICE)
    held_out = np.zeros(len(user), bool)
    places, bounds = pickle.loads(now.column("part")[0].as_py())  # nosec B301 - sent by the driver
    held_out[places] = True
    number = now.column("block")[0].as_py()
    blocks = np.full(len(user), number, np.int32), np.searchsorted(bounds, item, "right").astype(np.int32)
    return pa.table([*blocks, user, item, rating, held_out], names=MARKED)


def compress(block: "pa.Table", now: "pa.Table") -> "pa.Table":
    """Return the ratings of a block of rows as compressed rows, and beside them what the driver needs.

    Parameters
    ----------
    block : pyarrow.Table
        Columns `row` and `column`, numbers, and `rating`, in any order; perhaps empty.
    now : pyarrow.Table
        One cell: first and last row, number of columns, and what counts mean.
    """
    import pyarrow as pa

    first, last, n_columns, confidence = pickle.loads(now.column("part")[0].as_py())  # nosec B301 - as above
    row, column, values = (block.column(name).to_numpy() for name in ("row", "column", "rating"))
    order = np.lexsort((column, row))
    row, column, values = row[order].astype(np.int64) - first, column[order], values[order].astype(np.float32)
    counts = np.bincount(row, minlength=last - first)
    needed, local = np.unique(column, return_inverse=True)
    values, weights = _targets(values, confidence)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rows = Rows(indptr, local.astype(np.int32), values, weights, n_columns)
    sums = np.bincount(row, weights=values, minlength=last - first)
    total = np.bincount(row, weights=weights, minlength=last - first) if weights.size else counts
    about = (needed.astype(np.int32), counts, sums, total)
    cells = {"block": now.column("block"), "part": _cell(rows), "about": _cell(about)}
    return pa.table(cells)


def _targets(values: np.ndarray, confidence: Confidence | None) -> tuple[np.ndarray, np.ndarray]:
    none = np.empty(0, np.float32)
    return (values, none) if confidence is None else confidence.apply(values, none)


def _cell(what: object) -> Any:
    import pyarrow as pa

    return pa.array([pickle.dumps(what, protocol=5)], pa.binary())
