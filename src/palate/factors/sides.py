"""The two sides of a factorization. Users and items are the same thing on a transposed matrix, so what
is done to one side is written once, for a `ModelSide`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from palate.data.vocabulary import Vocabulary
from palate.factors.factors import Factors
from palate.factors.row_precision import RowNoise
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior

SideName = Literal["user", "item"]
SIDES: tuple[SideName, SideName] = ("user", "item")


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelSide:
    """What a model learned of its users, or of its items.

    Parameters
    ----------
    name : {"user", "item"}
    ids : Vocabulary
    factors : ndarray of shape (n_draws, n, n_factors), float32
    bias : ndarray of shape (n_draws, n), float32
    prior : RowPrior
        What a row is before its ratings are seen.
    noise : RowNoise, optional
        How far each row's ratings fall from their expectation, beside others'.
    features : FeatureLink, optional
        What features say of a row before the ratings do.
    """

    name: SideName
    ids: Vocabulary
    factors: np.ndarray
    bias: np.ndarray
    prior: RowPrior
    noise: RowNoise | None
    features: FeatureLink | None


def side_of(model: Factors, name: SideName) -> ModelSide:
    """Return one side of a model."""
    if name == "user":
        return ModelSide(
            name=name,
            ids=model.users,
            factors=model.user_factors,
            bias=model.user_bias,
            prior=model.user_prior,
            noise=model.user_noise,
            features=model.user_link,
        )
    return ModelSide(
        name=name,
        ids=model.items,
        factors=model.item_factors,
        bias=model.item_bias,
        prior=model.item_prior,
        noise=model.item_noise,
        features=model.item_link,
    )
