"""Factor vectors of users or items, with their ids: as arrays, or as a frame."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from palate._checks import check_choice
from palate.data import columns as names
from palate.data.frames import from_polars
from palate.data.libraries import FRAME_KINDS
from palate.lists.lookup import column_of, known_indices
from palate.scorer import Factored

KINDS = (*FRAME_KINDS, "numpy")


@dataclass(frozen=True, eq=False)
class Vectors:
    """Ids with their factors and biases, in the same order."""

    ids: Any  # (n,) int64 or uint64 array, or a list of str or UUID
    factors: np.ndarray  # (n_draws, n, n_factors) float32; (n, n_factors) of a point estimate
    bias: np.ndarray  # (n_draws, n) float32; (n,) of a point estimate


def vectors(model: Factored, side: str, ids: object = None, kind: str | None = None) -> Any:
    """Return the factors and biases of users or items.

    Parameters
    ----------
    model : Factored
    side : {"user", "item"}
    ids : id or collection of ids, optional
        All, in the order of the ids, when None.
    kind : {"polars", "pandas", "pyarrow", "numpy"}, optional
        What to return: a frame of that library (default the model's), or `Vectors`.

    Returns
    -------
    frame or Vectors
        The frame has the columns `user_id` or `item_id`, `draw` (from 0, only if the model has
        several), `bias`, and `factor_0`, `factor_1`, ...

    Raises
    ------
    KeyError
        If an id is unknown.
    ValueError
        If `kind` is none of these.
    """
    kind = model.frame_kind if kind is None else kind
    check_choice("kind", kind, KINDS)
    vocabulary, factors, bias, column = (
        (model.users, model.user_factors, model.user_bias, names.USER_ID)
        if side == "user"
        else (model.items, model.item_factors, model.item_bias, names.ITEM_ID)
    )
    if ids is None:
        index = np.arange(len(vocabulary))
    else:
        index = known_indices(vocabulary, column_of(ids, column), column.replace("_", " "), "ids")
        factors, bias = factors[:, index], bias[:, index]
    if kind == "numpy":
        known = vocabulary.ids()
        own = known[index] if isinstance(known, np.ndarray) else [known[position] for position in index]
        point = len(factors) == 1
        return Vectors(own, factors[0] if point else factors, bias[0] if point else bias)
    return from_polars(_frame(vocabulary.take(index).alias(column), factors, bias), kind)


def _frame(labels: pl.Series, factors: np.ndarray, bias: np.ndarray) -> pl.DataFrame:
    n_draws, n, n_factors = factors.shape
    flat = factors.reshape(n_draws * n, n_factors)
    columns = [labels.gather(np.tile(np.arange(n), n_draws))]
    if n_draws > 1:
        columns.append(pl.Series("draw", np.repeat(np.arange(n_draws), n)))
    columns.append(pl.Series("bias", bias.reshape(-1)))
    return pl.DataFrame(
        columns + [pl.Series(f"factor_{f}", np.ascontiguousarray(flat[:, f])) for f in range(n_factors)]
    )
