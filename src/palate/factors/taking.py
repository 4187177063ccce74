"""Models made from models: some users, items or draws of one, or the draws of several.

The caller names what is different; all other fields stay. `Factors.take`, the sides, the likelihood
and the time know the axes of their arrays.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np

from palate.data.catalog import Catalog
from palate.data.vocabulary import Vocabulary
from palate.factors.factors import Factors, FactorScorer
from palate.factors.parts import PARTS, by_holder

F = TypeVar("F", bound=FactorScorer)
IDENTITY = "identity"  # the link of a model that scores by latent value
_LIKELIHOOD = "likelihood"  # whose parts are changed after those of the draws are taken


def changed(model: F, **fields: Any) -> F:
    """Return a model with some of its fields, or parts of its factors, changed; all others stay."""
    return cast(F, replace(cast(Any, model), **fields))


def take(
    model: F,
    *,
    user_rows: np.ndarray | None = None,
    item_rows: np.ndarray | None = None,
    draws: slice | None = None,
    **fields: Any,
) -> F:
    """Return the model of some users, some items and some draws.

    Parameters
    ----------
    model : FactorScorer
    user_rows, item_rows : ndarray of int, optional
        Positions of the rows in the model, in the order wanted; -1 is a new row, at its prior mean.
        Users and items are then numbered from 0, and ratings are left out, unless `fields` has them.
    draws : slice, optional
    **fields
        Fields and parts of the result that are other than those of the model.
    """
    taken = [name for name in PARTS if name in fields and PARTS[name].holder != _LIKELIHOOD]
    given = {name: fields.pop(name) for name in taken}
    fields["factors"] = model.factors.take(user_rows, item_rows, draws, by_holder(given))
    if user_rows is not None:
        fields.setdefault("users", Vocabulary.numbered(len(user_rows)))
    if item_rows is not None:
        fields.setdefault("items", Vocabulary.numbered(len(item_rows)))
        fields.setdefault("catalog", Catalog.from_items(fields["items"]))
    if user_rows is not None or item_rows is not None:
        fields.setdefault("ratings", None)
    return changed(model, **fields)


def stack(models: Sequence[F], **fields: Any) -> F:
    """Return the model that has the draws of all models, which are of the same users and items.

    What is not known of every draw is left out: a noise of ratings that one of the models lacks. All
    that has no draws is that of the first. `fields` as in `take`.
    """
    return changed(models[0], factors=Factors.stacked([model.factors for model in models]), **fields)


def one_draw(model: F, draw: int) -> F:
    """Return the model of one draw, without features.

    It scores by latent value, whose order every link keeps and which rank faster; where the items
    differ in their noise, by rating.
    """
    at, plain = slice(draw, draw + 1), dict.fromkeys(("user_link", "item_link", "spread", "context"))
    if latent_order_differs(model.factors):
        return take(model, draws=at, **plain)
    latent = dict.fromkeys(("user_noise", "item_noise", "noise_sd", "cutpoints"))
    return take(model, draws=at, link=IDENTITY, **plain, **latent)


def latent_order_differs(factors: Factors) -> bool:
    """Return whether items may have another order by expected rating than by latent value.

    This is about the order within one draw.
    """
    return factors.likelihood.noise_moves_mean and factors.item.noise is not None
