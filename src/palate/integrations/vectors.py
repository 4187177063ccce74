"""Vectors for a search of nearest neighbours elsewhere: their inner products, and cosines, order
items as the model does.

A score is `mean + b_u + b_i + p_u . q_i`. With the item `(q_i, b_i)` and the user `(p_u, 1)` the
inner product is the score less `mean + b_u`, which is the same for all items of a user. One more
component makes all items equally long, after which cosine and Euclidean distance order them as the
inner product does (Bachrach et al. 2014, "Speeding Up the Xbox Recommender System Using a Euclidean
Transformation for Inner-Product Spaces"). Items are divided by that length, and users multiplied by
it.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, Call, Setting, Words, check_choice
from palate.data import columns as names
from palate.data.frames import from_polars
from palate.model.model import Model

if TYPE_CHECKING:
    from palate import FactorModel

SIDES = ("items", "users")
HEADS = ("choice", "stars")
VECTOR, OFFSET = "vector", "offset"
_WAY_OUT = Words(
    "Export a model of factors: ",
    Call("palate.LeastSquares"),
    ", or ",
    Call("palate.Spectral"),
    " for what people choose.",
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
    _check_order(factors)
    items = _item_rows(factors)
    length = float(np.sqrt(np.square(items).sum(axis=1).max(initial=0.0))) or 1.0
    if side == "items":
        columns = [
            factors.items.take(np.arange(len(items))).alias(names.ITEM_ID),
            _series(_of_one_length(items, length)),
        ]
    else:
        users = _user_rows(factors, length)
        offset = (factors.global_mean[:, None] + factors.user_bias).mean(axis=0)
        known = factors.users.take(np.arange(len(users))).alias(names.USER_ID)
        columns = [known, _series(users), pl.Series(OFFSET, offset, dtype=pl.Float64)]
    return from_polars(pl.DataFrame(columns), kind or factors.frame_kind)


def _of_factors(model: Model, head: str | None) -> "FactorModel":
    """Return the model of factors whose vectors are wanted."""
    import palate

    if isinstance(model, palate.RecommenderModel):
        if head not in HEADS:
            raise ArgumentError(
                "head",
                "be 'choice' (what people choose) or 'stars' (predicted ratings) for a model of "
                "two heads, because no inner product orders items by both",
                f"{head!r}",
            )
        model = getattr(model, head)
        if model is None:
            raise ArgumentError("head", "be 'choice' for a model without a star head", "'stars'")
    elif head is not None:
        raise ArgumentError("head", "be left out for a model that has one", f"{head!r}")
    if not isinstance(model, palate.FactorModel):
        name = getattr(model, "trainer", {}).get("name") or type(model).__name__
        of = f" as its {head} head" if head else ""
        raise ArgumentTypeError(
            "model", "have factors", f"{name}{of}, whose scores are not products of short vectors", _WAY_OUT
        )
    return model


def _check_order(model: "FactorModel") -> None:
    """Check that the scores of a user are in the order of the latent values."""
    if model.likelihood.linear:
        return
    if model.n_draws > 1:
        raise ArgumentError(
            "model",
            f"be a point estimate under the {model.link} link, because no inner product orders "
            "items like the mean over draws",
            f"{model.n_draws} draws",
            _WAY_OUT,
        )
    if model.item_noise is not None:
        raise ArgumentError(
            "model",
            f"have one noise for all items under the {model.link} link, because no inner product "
            "orders items with different noise",
            "a model with it",
            Words("Train with ", Setting("noise", "shared"), ". ", _WAY_OUT),
        )


def _item_rows(model: "FactorModel") -> np.ndarray:
    """Return `(q_i, b_i)` in float64, the factors of all draws side by side, shape (n_items,
    n_draws * n_factors + 1).
    """
    side = np.moveaxis(model.item_factors, 0, 1).reshape(len(model.items), -1).astype(np.float64)
    return np.column_stack([side, model.item_bias.mean(axis=0, dtype=np.float64)])


def _of_one_length(items: np.ndarray, length: float) -> np.ndarray:
    """Return the rows divided by the longest one's length, with what they lack of it as a last component."""
    items = items / length
    missing = np.sqrt(np.maximum(0.0, 1.0 - np.square(items).sum(axis=1)))
    return np.column_stack([items, missing])


def _user_rows(model: "FactorModel", length: float) -> np.ndarray:
    """Return `(p_u, 1, 0)` times the length by which the items were divided; the mean over draws is in it."""
    n_users = len(model.users)
    side = np.moveaxis(model.user_factors, 0, 1).reshape(n_users, -1).astype(np.float64) / model.n_draws
    return np.column_stack([side, np.ones(n_users), np.zeros(n_users)]) * length


def _series(rows: np.ndarray) -> pl.Series:
    return pl.Series(VECTOR, rows.astype(np.float32), dtype=pl.Array(pl.Float32, rows.shape[1]))
