"""Updates of a model of choices: vectors of items are sums over users, and those of users over items.

With `R = D_u^-b X D_i^-c ~ U S V'`, the row of a user in `U S` is `R_u V`, and the vector of an
item is `v_i = S^-2 (U S)' R_i`. The second formula gives the vector of an item with new choices.
For the choices of training, it gives the decomposition itself.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import rows_at
from palate.factors.sums import SumFold
from palate.factors.taking import changed
from palate.model.joined import Change, check_timed, held_by
from palate.solve.grades import activity, normalised, supported
from palate.solve.rows import Rows
from palate.solve.spectral import sparse_times

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel


def update_sums(model: "FactorModel", fold: SumFold, change: Change) -> tuple["FactorModel", tuple[str, ...]]:
    """Return a model of choices with a change.

    Items with new choices are sums over their users, and all users sums over their items.
    """
    joined, threads = change.joined, change.threads
    check_timed(model, change, fold.grades.half_life is not None)
    exponents = float(model.trainer["user_exponent"]), float(model.trainer["item_exponent"])
    popularity = float(model.trainer["popularity"])
    least = int(model.trainer.get("min_ratings", 1))  # models written before have none
    held = held_by(model).trained()
    vectors = fold.inputs(model.item_factors[0], np.arange(len(model.items)))
    vectors *= activity(held.item_counts(), popularity)[:, None]
    squares = _squares(held, fold, vectors, exponents, threads)
    vectors = rows_at(vectors, joined.old_items)
    rows = joined.by_user
    times = None if fold.grades.half_life is None else joined.kept.timestamp
    counts = joined.by_item.counts
    table = normalised(fold.grades.of_rows(rows, times), rows.counts, counts, *exponents)
    found = sparse_times(table, np.ascontiguousarray(vectors, np.float32), threads)
    items = joined.touched("item")
    sums = sparse_times(table.transposed().take(items), found, threads)
    vectors[items] = np.divide(sums, squares, out=np.zeros_like(sums), where=squares > 0)
    weight = np.divide(1.0, fold.factor_scale, out=np.zeros(model.n_factors), where=fold.factor_scale > 0)
    scale = supported(counts, least)
    item_factors = ((activity(counts, popularity) * scale)[:, None] * weight * vectors).astype(np.float32)
    fold = replace(fold, item_scale=(activity(counts, -2 * popularity) / scale).astype(np.float32))
    user_factors = fold.users(rows, item_factors, threads, times)
    return changed(
        model,
        **change.model_fields(),
        user_factors=user_factors[None],
        item_factors=item_factors[None],
        fold=fold,
        user_bias=np.zeros((1, len(user_factors)), np.float32),
        item_bias=np.zeros((1, len(item_factors)), np.float32),
    ), ()


def _squares(
    held: RatingMatrix, fold: SumFold, vectors: np.ndarray, exponents: tuple[float, float], threads: int
) -> np.ndarray:
    """Return the squares of the singular values, from the ratings `held` that a model was trained on."""
    times = None if fold.grades.half_life is None else held.timestamp
    rows = Rows.of_matrix(held)
    table = normalised(fold.grades.of_rows(rows, times), rows.counts, held.item_counts(), *exponents)
    products = sparse_times(table, np.ascontiguousarray(vectors, np.float32), threads)
    squares: np.ndarray = np.square(products, dtype=np.float64).sum(axis=0)
    return squares.astype(np.float32)
