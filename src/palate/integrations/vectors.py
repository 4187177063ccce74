"""Vectors for a nearest-neighbour search elsewhere.

Their inner products, and cosines, order items as the model does; see
`palate.factors.inner_products`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, Words, check_choice
from palate.data import columns as names
from palate.data.frames import from_polars
from palate.factors.inner_products import check_order, item_rows, longest, of_one_length, user_rows
from palate.model.model import Model

if TYPE_CHECKING:
    from palate import FactorModel

SIDES = ("items", "users")
HEADS = ("choice", "stars")
VECTOR, OFFSET = "vector", "offset"
_WAY_OUT = Words.of(
    "Export a model of factors: `palate.LeastSquares`, or `palate.Spectral` for what people choose."
)


def export_vectors(
    model: Model, side: str = "items", *, head: str | None = None, kind: str | None = None
) -> Any:
    """Return ids with vectors whose inner products order items as the model's scores do.

    The cosines of the vectors give the same order of items for every user.

    Parameters
    ----------
    model : FactorModel, or RecommenderModel with `head`
    side : {"items", "users"}, default "items"
    head : {"choice", "stars"}, optional
        Head of a model of two heads. Lists by both heads cannot be ordered by an inner product.
    kind : {"polars", "pandas", "pyarrow"}, optional
        Library of the frame; by default that of the model.

    Returns
    -------
    frame
        Columns `item_id` and `vector` (float32, of length 1), or `user_id`, `vector` and `offset`:
        a user's inner product with an item plus the offset is the predicted rating, or under
        another link than the identity the latent value.

    Raises
    ------
    TypeError
        If the model has no factors.
    ValueError
        If an argument has another value, a model of two heads is given without `head`, or no inner
        product orders items by their scores. This is so for models with several draws and another
        link, and for ordinal models with noise of each item.

    References
    ----------
    Bachrach et al. (2014), "Speeding Up the Xbox Recommender System Using a Euclidean
    Transformation for Inner-Product Spaces".

    Examples
    --------
    >>> import palate
    >>> model = palate.LeastSquares(n_factors=2, max_sweeps=3).fit(palate.datasets.load("movielens-small"))
    >>> items, users = export_vectors(model), export_vectors(model, "users")
    >>> scores = items["vector"].to_numpy() @ users["vector"][0].to_numpy() + users["offset"][0]
    >>> float(abs(scores - model.score_items([0])[0]).max()) < 1e-5
    True
    """
    check_choice("side", side, SIDES)
    factors = _of_factors(model, head)
    check_order(factors, _WAY_OUT)
    items = item_rows(factors)
    length = longest(items)
    if side == "items":
        known = factors.items.take(np.arange(len(items))).alias(names.ITEM_ID)
        columns = [known, _series(of_one_length(items, length))]
    else:
        users = user_rows(factors, np.arange(len(factors.users))) * length
        users = np.column_stack([users, np.zeros(len(users))])  # items have one component more
        offset = (factors.global_mean[:, None] + factors.user_bias).mean(axis=0)
        known = factors.users.take(np.arange(len(users))).alias(names.USER_ID)
        columns = [known, _series(users), pl.Series(OFFSET, offset, dtype=pl.Float64)]
    return from_polars(pl.DataFrame(columns), kind or factors.frame_kind)


def _of_factors(model: Model, head: str | None) -> "FactorModel":
    """Return the model of factors whose vectors are wanted."""
    import palate

    if isinstance(model, palate.RecommenderModel):
        if head not in HEADS:
            must = (
                "be 'choice' (what people choose) or 'stars' (predicted ratings) for a model of "
                "two heads, because no inner product orders items by both"
            )
            raise ArgumentError("head", must, f"{head!r}")
        model = getattr(model, head)
        if model is None:
            raise ArgumentError("head", "be 'choice' for a model without a star head", "'stars'")
    elif head is not None:
        raise ArgumentError("head", "be left out for a model that has one", f"{head!r}")
    if not isinstance(model, palate.FactorModel):
        name = getattr(model, "trainer", {}).get("name") or type(model).__name__
        of = f" as its {head} head" if head else ""
        got = f"{name}{of}, whose scores are not products of short vectors"
        raise ArgumentTypeError("model", "have factors", got, _WAY_OUT)
    return model


def _series(rows: np.ndarray) -> pl.Series:
    return pl.Series(VECTOR, rows.astype(np.float32), dtype=pl.Array(pl.Float32, rows.shape[1]))
